#include "catalogue.h"

#include <unistd.h>

#include "program.h"

static const char path[] = "build/test-all.json";

void catalogue_forget(void)
{
    unlink(path);
}

json_t *catalogue(void)
{
    static json_t *all;

    if ( !all )
        all = json_load_file(path, 0, NULL);
    if ( !all )
    {
        /* One boot: how boots compare is the method's suite. */
        struct outcome_of r = program("run", "--host=lab", "--boots=1", "--output", path, "*", NULL);

        CU_ASSERT_EQUAL(r.status, 0);
        program_free(&r);
        all = json_load_file(path, 0, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    }
    return all;
}

long long catalogue_figure(const char *row, const char *mode, const char *field)
{
    return figure(catalogue(), row, mode, field);
}
