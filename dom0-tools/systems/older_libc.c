/*
 * What a program compiled with a newer libc's headers asks an older one for.
 *
 * Since glibc 2.38 <stdlib.h> and <stdio.h> give strtol() and its like other names under
 * _GNU_SOURCE, because C23's accept "0b1" too.  In a dom0 whose libc is older they are the
 * functions it has.  Compiled with that libc's headers when the program is linked for it
 * (suite.c), and for nothing else.
 */
#include <features.h>

/*
 * Threads are a library of their own there, which the program is not linked with: it has
 * none, and does what it does where none can be made (events.c).  Hidden, since libxenstore
 * is linked with that library.
 */
#if !__GLIBC_PREREQ(2, 34)

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#define NOWHERE __attribute__((visibility("hidden")))

NOWHERE int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                           void *(*start)(void *), void *argument)
{
    (void)thread;
    (void)attributes;
    (void)start;
    (void)argument;
    return ENOSYS;
}

NOWHERE int pthread_sigmask(int how, const sigset_t *set, sigset_t *before)
{
    return sigprocmask(how, set, before) ? errno : 0;
}

/* What a thread would be told by; no call of these is reached but of the first. */
NOWHERE int sem_init(sem_t *semaphore, int shared, unsigned value)
{
    (void)semaphore;
    (void)shared;
    (void)value;
    return 0;
}

#define NEVER(name, type) \
    NOWHERE int name(type thing) \
    { \
        (void)thing; \
        return ENOSYS; \
    }

NEVER(sem_wait, sem_t *)
NEVER(sem_post, sem_t *)
NEVER(sem_destroy, sem_t *)
NEVER(pthread_cancel, pthread_t)

NOWHERE int pthread_join(pthread_t thread, void **result)
{
    (void)thread;
    (void)result;
    return ENOSYS;
}

#endif

#if !__GLIBC_PREREQ(2, 38)

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMBER(type, name) \
    type __isoc23_##name(const char *text, char **end, int base); \
    type __isoc23_##name(const char *text, char **end, int base) \
    { \
        return name(text, end, base); \
    }

NUMBER(long, strtol)
NUMBER(unsigned long, strtoul)
NUMBER(long long, strtoll)
NUMBER(unsigned long long, strtoull)
NUMBER(intmax_t, strtoimax)
NUMBER(uintmax_t, strtoumax)

int __isoc23_sscanf(const char *text, const char *format, ...);
int __isoc23_sscanf(const char *text, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vsscanf(text, format, arguments);
    va_end(arguments);
    return count;
}

int __isoc23_fscanf(FILE *file, const char *format, ...);
int __isoc23_fscanf(FILE *file, const char *format, ...)
{
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vfscanf(file, format, arguments);
    va_end(arguments);
    return count;
}

#endif
