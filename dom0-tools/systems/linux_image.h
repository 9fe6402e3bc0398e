/*
 * What is inside a Linux kernel's file: a bzImage, as it is booted, or the vmlinux in it.
 */
#ifndef SYSTEMS_LINUX_IMAGE_H
#define SYSTEMS_LINUX_IMAGE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The ELF inside a bzImage: Xen would unpack it too, but one emulated instruction at a time.
 * False: this is none.  Bytes from the beginning; the payload ends with its unpacked size in 4
 * bytes.
 */
bool linux_payload(const char *image, size_t size, size_t *offset, size_t *length);

/* What unpacks it, by its first bytes, below /: "usr/bin/xz"; NULL: nothing that is known. */
const char *linux_payload_tool(const char *payload);

/* Whether the ELF's notes say that Xen may start it as dom0 (CONFIG_XEN_DOM0). */
bool linux_is_dom0(const char *vmlinux, size_t size);

/* "6.12.0-1-amd64", as `uname -r` has it, out of a vmlinux; the caller's.  NULL: it does not say. */
char *linux_release(const char *vmlinux, size_t size);

#endif
