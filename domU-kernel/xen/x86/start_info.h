/*
 * PV: the page Xen's builder, or a restore, has filled in; NULL elsewhere.
 */
#ifndef XEN_START_INFO_H
#define XEN_START_INFO_H

#include <xen/xen.h>

extern struct start_info *start_info;

#endif
