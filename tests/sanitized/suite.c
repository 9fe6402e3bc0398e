/*
 * What the program under AddressSanitizer and UBSan, or under ThreadSanitizer (make
 * test-sanitized), has more than the usual one, to run in a lab's dom0, too: it is linked there without gcc's start files.
 */

/* Of what it is linked for a lab's dom0 (systems/suite.c). */
extern const char suite_parts[];
#ifdef __SANITIZE_THREAD__
const char suite_parts[] = "xenometer-threads-parts.o";
#else
const char suite_parts[] = "xenometer-sanitized-parts.o";
#endif

/* crtbegin.o's, and an old variable of libm's that the runtime knows. */
extern void *const __dso_handle __attribute__((visibility("hidden"), weak));
void *const __dso_handle __attribute__((weak)) = 0;
extern int signgam;
int signgam __attribute__((weak));

/* A status that no row's outcome gives.  What is left at exit the host tests find.  A thread that was
 * cancelled leaves its frames marked, which the runtime's own end of a signal stack then meets. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "exitcode=99:detect_leaks=0:use_sigaltstack=0";
}

const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "exitcode=99";
}
