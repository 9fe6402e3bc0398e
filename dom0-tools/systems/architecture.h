/*
 * The architecture of a lab's machine: what its packages, its files and its programs are called,
 * and what compiles for it here.
 */
#ifndef SYSTEMS_ARCHITECTURE_H
#define SYSTEMS_ARCHITECTURE_H

#include <stdbool.h>

struct architecture {
    const char *name;        /* "x86": as the folders of this source are called */
    const char *debian;      /* "amd64" */
    const char *triplet;     /* "x86_64-linux-gnu": of libraries' directories */
    const char *uapi;        /* of the kernel's headers */
    const char *loader;      /* of programs, a file among the libraries */
    const char *compiler, *compiler_package;
    /*
     * Of what this program brings along (data_file()): the folder, and what the names of lists
     * in configs/lab/ end with.
     */
    const char *folder, *lists;
    bool native;             /* its programs run here */
};

extern const struct architecture architecture_x86, architecture_arm64;

/* "usr/lib/TRIPLET/" and `name`; the caller's. */
char *architecture_library(const struct architecture *, const char *name);

/* data_file() of that architecture's folder; the caller's. */
char *architecture_file(const struct architecture *, const char *name);

#endif
