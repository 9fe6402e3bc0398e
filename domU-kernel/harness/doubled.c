#include "doubled.h"

#include "../arch/mode.h"

void doubled_check(struct row_run *r, u64 came, u32 *doubled)
{
    if ( came == 2 && cpu_is_tcg && ++*doubled <= 1 + r->count / 64 )
        return;
    if ( came != 1 )
        r->failure = "one interrupt was sent, another number arrived";
}
