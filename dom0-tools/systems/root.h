/*
 * dom0's root file system as a cpio: what the manifest names out of the
 * unpacked packages, the libraries that needs, init and the agent.  No device
 * nodes (devtmpfs makes them), so no root is needed; the same input gives the
 * same bytes.
 */
#ifndef SYSTEMS_ROOT_H
#define SYSTEMS_ROOT_H

#include "systems/unpack.h"

/* Write `cpio` (mode, owner and times fixed).  All arguments are paths. */
int root_write(const char *stage, struct manifest *manifest, const char *init,
               const char *agent, const char *cpio);

#endif
