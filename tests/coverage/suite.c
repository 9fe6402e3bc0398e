/*
 * What the program that counts its lines (make coverage) has more than the usual one, to run in a
 * lab's dom0, too.  A process that serves gives up the right to write files before it ends, and the
 * counters are written when it ends: here it goes all the way, but the filter and the ruleset are
 * made and not set.  That they hold is for "less privilege" (tests/lab/test_citizen.c).
 */
#include <linux/landlock.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <seccomp.h>

/* Of what it is linked for a lab's dom0, and that the file which is compiled there counts as well. */
extern const char suite_parts[];
extern const char *const suite_compiler_options[];
const char suite_parts[] = "xenometer-counted-parts.o";
const char *const suite_compiler_options[] = { "--coverage", "-dumpdir", COUNTED_DIRECTORY, NULL };

int __wrap_seccomp_load(scmp_filter_ctx filter);
long __wrap_syscall(long number, ...);
long __real_syscall(long number, ...);

int __wrap_seccomp_load(scmp_filter_ctx filter)
{
    (void)filter;
    return 0;
}

long __wrap_syscall(long number, ...)
{
    va_list list;
    long a[6];

    va_start(list, number);
    for ( int i = 0; i < 6; i++ )
        a[i] = va_arg(list, long);
    va_end(list);
    return number == SYS_landlock_restrict_self ? 0
        : __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Whoever is no longer root adds to the files that root's processes made. */
__attribute__((constructor)) static void share_counters(void)
{
    umask(0);
}
