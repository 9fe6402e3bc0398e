/*
 * Where what is written goes: a file that is whole or not there, a device, a pipe, stdout.
 */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

/*
 * Write a document.  A regular file is replaced in one step, once the new one is safely on
 * disk: a reader, or a full disk, never leaves half of one.  "-" is stdout.  STATUS_OK; after
 * a message STATUS_USAGE for a path that cannot be written, STATUS_ENVIRONMENT for a disk that
 * is full or broken.
 */
int output_write(const char *path, const char *text);

/* Can `path` be written?  Asked before a long run.  As output_write(). */
int output_writable(const char *path);

#endif
