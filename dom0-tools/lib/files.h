/*
 * Whole files and directories: reads and writes that are complete or absent, trees, and the
 * hash that tells contents apart.
 */
#ifndef LIB_FILES_H
#define LIB_FILES_H

#include <stddef.h>
#include <stdint.h>

/* A path below a directory; the caller's. */
char *path_in(const char *directory, const char *name);
/* Whole file, NUL-terminated; NULL with errno set.  The caller's. */
char *read_whole_file(const char *path, size_t *size);
/* 0 or errno; the file is complete or absent. */
int write_whole_file(const char *path, const void *data, size_t size, unsigned mode);
/* The same for what is the user's: on the disk when this returns; through a symbolic link, the file
 * behind it is replaced. */
int write_document(const char *path, const void *data, size_t size);
int write_all(int fd, const void *data, size_t size);   /* 0 or errno */
/* Into a pipe, a device or over stdout, to the end; closes fd.  0 or errno. */
int write_into(int fd, const void *data, size_t size);
int make_directories(const char *path);   /* mkdir -p; 0 or errno */
int remove_tree(const char *path);        /* 0 or errno; missing is fine */
uint64_t disk_usage(const char *path);    /* bytes allocated below; of a file with more names, its share */

/* FNV-1a, 64 bits: tells contents apart, protects from nobody. */
#define HASH_START 0xcbf29ce484222325ull
uint64_t hash_bytes(uint64_t hash, const void *data, size_t size);
uint64_t hash_string(uint64_t hash, const char *text);   /* with its NUL */

#endif
