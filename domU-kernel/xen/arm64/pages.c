#include "../pages.h"

struct xen_pages xen_pages_find(void)
{
    return xen_pages_by_params();
}
