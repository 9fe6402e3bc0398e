#include "linux_domain.h"

#include <CUnit/CUnit.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* dom0's kernel, compressed, out of the package the lab was made from. */
#define KERNEL "build/vmlinuz"
static bool unpack_kernel(void)
{
    return system("cache=${XENOMETER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xenometer}; "
                  "deb=$(ls $cache/debs-${XENOMETER_LAB_SUITE:-trixie}/linux-image-[0-9]*.deb | head -1); "
                  "dpkg-deb --fsys-tarfile \"$deb\" | "
                  "tar -xO --wildcards './boot/vmlinuz-*' >" KERNEL " && [ -s " KERNEL " ]") == 0;
}

#define DEADLINE "--deadline=3600"

struct outcome_of linux_domain(const char *script, const char *guest, const char *tool,
                               const char *job)
{
    char push_script[64], push_guest[64], push_tool[64] = DEADLINE;
    struct outcome_of r;

    CU_ASSERT_TRUE_FATAL(unpack_kernel());
    snprintf(push_script, sizeof(push_script), "--push=tests/lab/linux/%s", script);
    snprintf(push_guest, sizeof(push_guest), "--push=%s", guest);
    if ( tool )
        snprintf(push_tool, sizeof(push_tool), "--push=%s", tool);
    r = program_patiently(7200, "lab", "run", DEADLINE, "--push=build/xenometer", push_script, push_guest,
                push_tool, "--push=" KERNEL, "--", "bash", script, job, NULL);
    unlink(KERNEL);
    CU_ASSERT_EQUAL(r.status, 0);
    return r;
}

void says(const char *text, const char *what)
{
    if ( !strstr(text, what) )
        fprintf(stderr, "\"%s\" is missing in:\n%s\n", what, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, what));
}
