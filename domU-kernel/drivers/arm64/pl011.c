#include "pl011.h"
#include "../../arch/arm64/device_tree.h"

u64 pl011;

void pl011_find(const void *tree)
{
    const void *node = device_tree_find(tree, "compatible", "arm,sbsa-uart", 0);

    pl011 = node ? device_tree_number(tree, node, "reg", 0, 2) : 0;
}
