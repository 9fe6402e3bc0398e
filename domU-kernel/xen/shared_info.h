/*
 * The page Xen shares with each domain (xen/xen.h, struct shared_info):
 * pending and masked event channels, wall clock, per-vCPU areas.
 */
#ifndef XEN_SHARED_INFO_H
#define XEN_SHARED_INFO_H

#include "../arch/types.h"

#include <xen/xen.h>

extern u8 shared_info_page[];
extern struct shared_info *const shared_info;

#include <machine/vcpu_info.h>   /* vcpu_info_of(): the area of vCPU 0 or 1 */

/* That of vCPU 0, which runs all but arch/smp.c's part. */
static inline struct vcpu_info *this_vcpu_info(void)
{
    return vcpu_info_of(0);
}

/* Map it; `machine_address` only in PV (start_info.shared_info). */
void shared_info_init(u64 machine_address);

/* PV: take it out of our page tables before a suspend. */
void shared_info_suspend(void);

#endif
