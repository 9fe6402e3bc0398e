/*
 * What Xen and dom0's kernel are told in every emulator of the lab: the same, so that figures
 * differ by the machine only.
 */
#ifndef MACHINES_BOOT_H
#define MACHINES_BOOT_H

#include <stdbool.h>

#include "lib/lab_clock.h"
#include "systems/cache.h"

/*
 * Xen: smap=hvm, because with SMAP for PV dom0 dies at its first IRETQ to ring
 * 3 (TCG checks IRET's pops as supervisor accesses); max_cstate=0, because TCG
 * raises #GP on the MWAIT Xen idles with; spec-ctrl=eager-fpu, because TCG's XSAVE and
 * XRSTOR (7.2) do not fault while CR0.TS is set: where Xen leaves a vCPU's registers to its
 * first #NM, its default on AMD, Linux saves another vCPU's for the process it switches from.
 * No noreboot: a panic must end QEMU, not hang it.
 */
#define XEN_EAGER_FPU "spec-ctrl=eager-fpu "
#define XEN_OPTIONS \
    "console=com1 com1=115200,8n1 smap=hvm max_cstate=0 bootscrub=0 " \
    XEN_EAGER_FPU "dom0_mem=400M,max:400M loglvl=all guest_loglvl=all"
/*
 * Before what the user gives.  global-pages is Xen's default on hardware: it leaves them off where
 * CPUID says that an AMD CPU is virtualized, as QEMU's does, and then a PV guest's load of CR3
 * takes 17 instructions less than it does there.
 */
#define XEN_DEFAULTS "global-pages=1 "
/*
 * For a domain with two vCPUs: dom0 and the first on CPU 0, as in the machine with
 * one CPU, the second on CPU 1.  As nothing moves, a run repeats to the
 * instruction.
 *
 * Not three CPUs: QEMU 7.2 counting instructions gives one CPU after the other
 * what is left until the next timer.  One that neither halts nor executes PAUSE,
 * such as Xen's idle loop scrubbing the memory of a gone domain, then takes all of
 * it each time, and those behind it never run; the first always does.
 */
#define XEN_SMP_OPTIONS XEN_OPTIONS " dom0_max_vcpus=1 dom0_vcpus_pin"
/*
 * A third of dom0's boot is work that nothing in the lab uses: tests of ciphers, the
 * signatures of certificates and modules, the noise of a jittering CPU (272 million
 * instructions), names for events of ftrace, places to inject errors, and the search through
 * all page tables for what is writable and executable, which comes with protecting read-only
 * data.  No comma in it: QEMU's -initrd would take it for its own.
 */
#define DOM0_BOOTS_FAST \
    "cryptomgr.notests rodata=off initcall_blacklist=jent_mod_init " \
    "initcall_blacklist=load_system_certificate_list initcall_blacklist=trace_eval_init " \
    "initcall_blacklist=init_error_injection"
/*
 * What the kernel does not know it hands to init as environment: so every
 * command in dom0 learns which clock its figures are in.
 *
 * overcommit_memory: QEMU 10 allocates 384 MiB, nearly all untouched, for the table of
 * its map cache: more than a Linux with 400 MiB grants by its rule of thumb, so that no
 * HVM domain would get a device model.
 */
#define DOM0_OPTIONS \
    "console=hvc0 panic=1 loglevel=4 sysctl.vm.overcommit_memory=1 " DOM0_BOOTS_FAST \
    " " LAB_VARIABLE "=%s"

/*
 * A Linux without Xen: the same, with its console on the serial line.  It would not trust a TSC
 * that is not said to be invariant; QEMU's is, and does not say so, because it could not be
 * saved then.  Without that clock_gettime would be a system call, which it is on no hardware of today.
 */
#define LINUX_OPTIONS \
    "console=ttyS0 panic=1 loglevel=4 rootfstype=ramfs tsc=reliable clocksource=tsc " DOM0_BOOTS_FAST \
    " " LAB_VARIABLE "=%s"

/*
 * Both for the lab in cache->lab: what it has of the user's own in front, so that what the lab
 * needs comes last and holds, and without what its Xen does not know.  The caller's.
 */
char *boot_xen_options(const struct cache *cache, bool smp);
char *boot_linux_options(const struct cache *cache, const char *clock);

#endif
