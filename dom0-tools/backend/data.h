/*
 * The data ring of a device, and what its services (services.h) use of the machine: the
 * frontend's pages, its events, an awake process, libxenvchan.  The rest of the device is in
 * device.c, which calls this.
 *
 * Faces domU-kernel/drivers/data.c.
 */
#ifndef BACKEND_DATA_H
#define BACKEND_DATA_H

#include "backend/device.h"

/* Once, when the device is made. */
void data_init(struct device *);

/* With the keys read and .grants open.  NULL, or what could not be done, with errno. */
const char *data_connect(struct device *);

/* Safe at any point of data_connect(), and twice; before .grants is closed. */
void data_disconnect(struct device *);

#endif
