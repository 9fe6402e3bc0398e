/*
 * backend/xenctrl.c, as far as no Xen is needed: what its boot log tells.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>

#include "backend/xenctrl.h"
#include "suites.h"

static void check(const char *log, const char *expected)
{
    char *text = xenctrl_mitigations_in(log);

    if ( expected == NULL )
        CU_ASSERT_PTR_NULL(text);
    if ( expected != NULL && text != NULL )
        CU_ASSERT_STRING_EQUAL(text, expected);
    CU_ASSERT_EQUAL(text == NULL, expected == NULL);
    free(text);
}

static void test_mitigations(void)
{
    check("(XEN) Speculative mitigation facilities:\n"
          "(XEN)   Xen settings: BTI-Thunk: RETPOLINE, SPEC_CTRL: No\n"
          "(XEN)   Support for PV VMs: None\n"
          "(XEN)   XPTI (64-bit PV only): Dom0 enabled, DomU enabled (with PCID)\r\n",
          "BTI-Thunk: RETPOLINE, SPEC_CTRL: No; for PV: None; XPTI: Dom0 enabled, DomU enabled "
          "(with PCID)");
    check("(XEN)   Xen settings: BTI-Thunk: RETPOLINE\n"
          "(XEN)   Support for HVM VMs: RSB EAGER_FPU\n"
          "(XEN)   Support for PV VMs: EAGER_FPU\n",
          "BTI-Thunk: RETPOLINE; for HVM: RSB EAGER_FPU; for PV: EAGER_FPU");
    check("(XEN)   Xen settings: BTI-Thunk: JMP", "BTI-Thunk: JMP");
    /* The ring wraps: half of it says less than nothing. */
    check("(XEN)   XPTI (64-bit PV only): Dom0 enabled\n", NULL);
    check("", NULL);
}

static void check_features(const char *log, const char *expected)
{
    char *text = xenctrl_features_in(log);

    CU_ASSERT_EQUAL(text == NULL, expected == NULL);
    if ( text && expected )
        CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

static void test_features(void)
{
    check_features("(XEN) VMX: Supported advanced features:\r\n"
                   "(XEN)  - APIC TPR shadow\r\n"
                   "(XEN)  - Extended Page Tables (EPT)\r\n"
                   "(XEN)  - Virtual-Processor Identifiers (VPID)\r\n"
                   "(XEN) HVM: ASIDs enabled.\r\n"
                   "(XEN)  - not one of them\n", "vmx,apic-tpr-shadow,ept,vpid");
    check_features("(XEN) SVM: Supported advanced features:\n"
                   "(XEN)  - Nested Page Tables (NPT)\n"
                   "(XEN)  - Last Branch Record (LBR) Virtualisation\n"
                   "(XEN)  - Next-RIP Saved on #VMEXIT\n",
                   "svm,npt,last-branch-record-(lbr)-virtualisation,nrip-save");
    check_features("(XEN) SVM: Supported advanced features:", "svm");
    check_features("(XEN) HVM: VMX enabled\n", NULL);
}

void suite_xenctrl(void)
{
    CU_pSuite suite = CU_add_suite("xenctrl", NULL, NULL);

    CU_add_test(suite, "mitigations", test_mitigations);
    CU_add_test(suite, "features", test_features);
}
