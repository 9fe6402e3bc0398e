#include "systems/kconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "xenometer.h"

/* xen/Kconfig.debug, common/Kconfig, arch/x86/Kconfig: what adds instructions to paths. */
static const char *const told[] = {
    "DEBUG", "DEBUG_LOCKS", "DEBUG_LOCK_PROFILE", "PERF_COUNTERS", "COVERAGE", "UBSAN", "LTO",
    "SPECULATIVE_HARDEN_ARRAY", "SPECULATIVE_HARDEN_BRANCH", "SPECULATIVE_HARDEN_GUEST_ACCESS",
    "SPECULATIVE_HARDEN_LOCK", "INDIRECT_THUNK", "RETURN_THUNK", "XEN_SHSTK", "XEN_IBT", "XSM",
    "TRACEBUFFER", "PV32", "SHADOW_PAGING", "ALTP2M", "MEM_PAGING", "MEM_SHARING", "VM_EVENT",
};

char *kconfig_read(const char *xen)
{
    char *real = realpath(xen, NULL), *slash = real ? strrchr(real, '/') : NULL, *text = NULL;
    size_t stem = real ? strlen(real) : 0;

    if ( slash && stem > 3 && !strcmp(real + stem - 3, ".gz") )
        stem -= 3;
    if ( slash )
    {
        char *beside = xasprintf("%.*s.config", (int)stem, real);
        char *source = xasprintf("%.*s/.config", (int)(slash - real), real);

        text = read_whole_file(beside, NULL);
        if ( !text )
            text = read_whole_file(source, NULL);
        free(source);
        free(beside);
    }
    free(real);
    return text;
}

/* Where the option stands in it, behind its name; NULL: nowhere. */
static const char *find(const char *text, const char *option, const char *before, char behind)
{
    char *line = xasprintf("%sCONFIG_%s%c", before, option, behind);
    const char *found = text;

    while ( (found = strstr(found, line)) != NULL && found != text && found[-1] != '\n' )
        found++;
    if ( found )
        found += strlen(line);
    free(line);
    return found;
}

char *kconfig_summary(const char *text)
{
    char *summary = NULL;

    for ( size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++ )
    {
        const char *value = find(text, told[i], "", '=');
        bool off = !value && find(text, told[i], "# ", ' ');
        char *longer;

        if ( !value && !off )
            continue;
        longer = xasprintf("%s%s%s=%.*s", summary ? summary : "", summary ? " " : "", told[i],
                           off ? 1 : (int)strcspn(value, "\n"), off ? "n" : value);
        free(summary);
        summary = longer;
    }
    return summary;
}
