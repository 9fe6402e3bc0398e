#include "lib/stage.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "xenometer.h"

#define FIRST_LINE 2000u    /* ms */
#define NEXT_LINE  10000u

static struct {
    char text[160];
    uint64_t begun, next;   /* ms; next 0: no stage */
    bool quiet;
} stage;

uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void stage_quiet(bool quiet)
{
    stage.quiet = quiet;
}

void stage_begin(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(stage.text, sizeof(stage.text), format, arguments);
    va_end(arguments);
    stage.begun = now_ms();
    stage.next = stage.begun + FIRST_LINE;
}

void stage_tick(void)
{
    uint64_t now = now_ms();

    if ( stage.next == 0 || now < stage.next )
        return;
    if ( !stage.quiet )
        message("%s (%u s)", stage.text, (unsigned)((now - stage.begun) / 1000));
    stage.next = now + NEXT_LINE;
}

void stage_end(void)
{
    stage.next = 0;
}
