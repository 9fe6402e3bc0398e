/*
 * What process 1 of a test's Linux domU does in each: say how it ended on the console, and power
 * the domain off.
 */
#ifndef LAB_LINUX_PROCESS1_H
#define LAB_LINUX_PROCESS1_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

static void end(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    sleep(1);   /* for the console's ring */
    reboot(RB_POWER_OFF);
    for ( ;; )
        pause();
}

#define must(what) \
    do { if ( !(what) ) end("FAIL: line %d, %s: %s", __LINE__, #what, strerror(errno)); } while ( 0 )

static void nap(unsigned ms)
{
    nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

#endif
