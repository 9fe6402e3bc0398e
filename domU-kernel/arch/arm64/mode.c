#include "../mode.h"

enum mode boot_mode = MODE_ARM64;
bool cpu_is_tcg;

const char *mode_name(void)
{
    return "arm64";
}
