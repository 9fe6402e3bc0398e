/* No buttons: `xl trigger` is x86's. */
#include "../../arch/power.h"

enum button button_pressed(void)
{
    return BUTTON_NONE;
}

u64 button_period(void)
{
    return 0;
}
