#include "machines/bochs/models.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/child.h"
#include "machines/bochs/bochs.h"
#include "xenometer.h"

/* Models that lack something Xen wants (Bochs, cpu/cpudb): all others have it. */
enum lack { NO_64_BIT, NO_VIRTUALIZATION, NO_NESTED_PAGING };

static const struct {
    const char *name;
    enum lack lack;
} models[] = {
    { "pentium",                 NO_64_BIT },
    { "pentium_mmx",             NO_64_BIT },
    { "amd_k6_2_chomper",        NO_64_BIT },
    { "p2_klamath",              NO_64_BIT },
    { "p3_katmai",               NO_64_BIT },
    { "p4_willamette",           NO_64_BIT },
    { "core_duo_t2400_yonah",    NO_64_BIT },
    { "atom_n270",               NO_64_BIT },
    { "p4_prescott_celeron_336", NO_VIRTUALIZATION },
    { "athlon64_clawhammer",     NO_VIRTUALIZATION },
    { "athlon64_venice",         NO_VIRTUALIZATION },
    { "turion64_tyler",          NO_NESTED_PAGING },
    { "core2_penryn_t9600",      NO_NESTED_PAGING },
};
#define MODELS (sizeof(models) / sizeof(models[0]))

static bool lacks(const char *model, enum lack lack)
{
    for ( size_t i = 0; i < MODELS; i++ )
        if ( !strcmp(model, models[i].name) )
            return models[i].lack == lack;
    return false;
}

const char *bochs_no_xen(const char *model)
{
    return lacks(model, NO_64_BIT) ? "is a 32-bit CPU, and Xen needs a 64-bit one" : NULL;
}

const char *bochs_no_hvm(const char *model)
{
    if ( lacks(model, NO_VIRTUALIZATION) )
        return "has neither VMX nor SVM";
    return lacks(model, NO_NESTED_PAGING)
               ? "has no nested paging, and this Xen is built without shadow paging" : NULL;
}

/* After this line, one a line, until an empty one. */
#define HEADING "Supported CPU models:"

char *bochs_models(void)
{
    char *program = bochs_file(BOCHS_PROGRAM);
    const char *argv[] = { program, "--help", "cpu", NULL };
    int fd = memory_file("models", 0);
    char *text, *rest, *line, *list = NULL;
    struct child child;

    if ( fd < 0 )
    {
        free(program);
        return NULL;
    }
    if ( child_start(&child, &(struct child_start){ .argv = argv, .stdin_fd = -1,
                                                    .stdout_fd = fd, .stderr_fd = fd }) == 0 )
        child_wait(&child, 10000);
    child_kill(&child);
    text = memory_file_text(fd, NULL);
    close(fd);
    rest = strstr(text, HEADING);
    while ( rest && (line = strsep(&rest, "\n")) != NULL )
    {
        char *longer;

        if ( !strcmp(line, HEADING) || (*line == '\0' && list == NULL) )
            continue;
        if ( *line == '\0' )
            break;
        longer = xasprintf("%s %s", list ? list : "", line);
        free(list);
        list = longer;
    }
    free(text);
    if ( list == NULL )
        message("%s does not say which CPU models it has (%s --help cpu)", program, program);
    free(program);
    return list;
}
