/*
 * Can the lab, Xen and dom0 in QEMU, run here, and on what? (checks.h)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/checks.h"
#include "machines/lab.h"
#include "xenometer.h"

#define GROUP  "lab"
#define MEMORY (1024ul * 1024)   /* KiB the lab's machine and cache want */

static void check_memory(struct checks *checks)
{
    FILE *in = fopen("/proc/meminfo", "re");
    unsigned long available = 0;
    char line[128];

    while ( in != NULL && fgets(line, sizeof(line), in) != NULL )
        if ( sscanf(line, "MemAvailable: %lu kB", &available) == 1 )
            break;
    if ( in != NULL )
        fclose(in);
    if ( available >= MEMORY )
        checks_add(checks, GROUP, "memory", CHECK_OK, NULL,
                   "%lu MiB are free", available / 1024);
    else if ( available > 0 )
        checks_add(checks, GROUP, "memory", CHECK_NOTE,
                   "end something that uses much of it",
                   "only %lu MiB are free", available / 1024);
}

static void check_qemu(struct checks *checks)
{
    struct lab_options options = { .clock = LAB_EXACT, .quiet = true };
    struct lab_facts facts;

    if ( lab_facts(&options, &facts) != STATUS_OK )
    {
        checks_add(checks, GROUP, "QEMU", CHECK_MISSING,
                   "apt-get install qemu-system-x86 qemu-utils",
                   "is not installed, or does not start");
        return;
    }
    checks_add(checks, GROUP, "QEMU", CHECK_OK, NULL, "%s", facts.version);
    if ( facts.xen[0] != '\0' )
        checks_add(checks, GROUP, "packages", CHECK_OK, NULL,
                   "Xen %s, dom0 Linux %s", facts.xen, facts.dom0_kernel);
    else if ( program_exists("apt-get") && program_exists("dpkg-deb") )
        checks_add(checks, GROUP, "packages", CHECK_OK, NULL,
                   "none yet; the first run downloads them with apt-get, "
                   "without root");
    else
        checks_add(checks, GROUP, "packages", CHECK_MISSING,
                   "use a Debian machine, or copy the cache from one",
                   "none yet, and no apt-get to download them with");
    checks_add(checks, GROUP, "KVM", facts.kvm_usable ? CHECK_OK : CHECK_NOTE,
               NULL, "%s", facts.kvm_reason);
}

/* CPU flags of virtualization: what KVM would need. */
static void check_cpu(struct checks *checks)
{
    FILE *in = fopen("/proc/cpuinfo", "re");
    const char *found = NULL;
    char *line = NULL;
    size_t room = 0;

    while ( in != NULL && found == NULL && getline(&line, &room, in) > 0 )
    {
        if ( strncmp(line, "flags", 5) != 0 )
            continue;
        if ( strstr(line, " svm") != NULL )
            found = "svm (AMD)";
        else if ( strstr(line, " vmx") != NULL )
            found = "vmx (Intel)";
        else
            break;
    }
    free(line);
    if ( in != NULL )
        fclose(in);
    if ( found != NULL )
        checks_add(checks, GROUP, "CPU", CHECK_OK, NULL, "has %s", found);
    else
        checks_add(checks, GROUP, "CPU", CHECK_NOTE, NULL,
                   "no virtualization flags: QEMU emulates them, the lab needs "
                   "none");
}

/* The other emulator: only for those who want its CPUs. */
static void check_bochs(struct checks *checks)
{
    char *missing = checks_missing_packages("configs/packages-bochs");
    char *hint = missing && *missing ? xasprintf("apt-get install %s", missing) : NULL;

    if ( program_exists("bochs") && program_exists("grub-mkrescue") )
        checks_add(checks, GROUP, "Bochs", CHECK_OK, NULL, "for --cpu=intel");
    else
        checks_add(checks, GROUP, "Bochs", CHECK_NOTE, hint,
                   "is not installed; only --cpu=intel and the like need it");
    free(hint);
    free(missing);
}

void checks_lab(struct checks *checks)
{
    check_qemu(checks);
    check_bochs(checks);
    check_cpu(checks);
    check_memory(checks);
}
