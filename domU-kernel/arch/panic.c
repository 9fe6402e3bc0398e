#include "traps.h"
#include "mode.h"
#include "smp.h"
#include "../harness/harness.h"
#include "../lib/format.h"
#include "../xen/console.h"
#include "../xen/shutdown.h"
#include "../xen/xenstore.h"

#include <xenometer/protocol.h>

void last_words(const char *format, ...)
{
    va_list arguments;
    char text[224] = "panic: ";
    static bool said;

    va_start(arguments, format);
    format_arguments(text + 7, sizeof(text) - 7, format, arguments);
    va_end(arguments);
    print("%s\n", text);
    if ( said )
        return;   /* one trouble more on the way out */
    said = true;
    xenstore_say(KEY_LAST_WORDS, text);
}

void panic(const char *format, ...)
{
    va_list arguments;
    char text[160];

    va_start(arguments, format);
    format_arguments(text, sizeof(text), format, arguments);
    va_end(arguments);
    last_words("%s (in %s, vCPU %u, row %s)", text, mode_name(), smp_vcpu(text),
               harness_current_row());
    print("called from %p, stack at %p\n", __builtin_return_address(0), (void *)text);
    shutdown_crash();
}
