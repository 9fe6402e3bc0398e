#include "systems/architecture.h"

#include <stdlib.h>

#include "xenometer.h"

#ifdef __aarch64__
#define X86_NATIVE   false
#define X86_FOLDER   "x86/"
#define X86_GCC      "x86_64-linux-gnu-gcc"
#define X86_PACKAGE  "gcc-x86-64-linux-gnu"
#define ARM64_FOLDER ""
#define ARM64_GCC    "gcc"
#define ARM64_PACKAGE "gcc"
#else
#define X86_NATIVE   true
#define X86_FOLDER   ""
#define X86_GCC      "gcc"
#define X86_PACKAGE  "gcc"
#define ARM64_FOLDER "arm64/"
#define ARM64_GCC    "aarch64-linux-gnu-gcc"
#define ARM64_PACKAGE "gcc-aarch64-linux-gnu"
#endif

const struct architecture architecture_x86 = {
    .name = "x86", .debian = "amd64", .triplet = "x86_64-linux-gnu", .uapi = "x86",
    .loader = "ld-linux-x86-64.so.2", .compiler = X86_GCC, .compiler_package = X86_PACKAGE,
    .folder = X86_FOLDER, .lists = "", .native = X86_NATIVE,
};

const struct architecture architecture_arm64 = {
    .name = "arm64", .debian = "arm64", .triplet = "aarch64-linux-gnu", .uapi = "arm64",
    .loader = "ld-linux-aarch64.so.1", .compiler = ARM64_GCC, .compiler_package = ARM64_PACKAGE,
    .folder = ARM64_FOLDER, .lists = "-arm64", .native = !X86_NATIVE,
};

char *architecture_library(const struct architecture *a, const char *name)
{
    return xasprintf("usr/lib/%s/%s", a->triplet, name);
}

char *architecture_file(const struct architecture *a, const char *name)
{
    char *path = xasprintf("%s%s", a->folder, name), *found = data_file(path);

    free(path);
    return found;
}
