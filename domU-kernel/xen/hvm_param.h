/* HVM parameters (xen/hvm/params.h): where the special pages are. */
#ifndef XEN_HVM_PARAM_H
#define XEN_HVM_PARAM_H

#include "hypercall.h"

#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>

/* 0 when Xen refuses or has none. */
static inline u64 hvm_param_get(u32 index)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index };

    return hypercall_hvm_op(HVMOP_get_param, &p) ? 0 : p.value;
}

/* Xen's error, 0 when fine. */
static inline long hvm_param_set(u32 index, u64 value)
{
    struct xen_hvm_param p = { .domid = DOMID_SELF, .index = index, .value = value };

    return hypercall_hvm_op(HVMOP_set_param, &p);
}

#endif
