/* Where Xen keeps what a vCPU has of its own (xen/xen.h, struct vcpu_info). */
#ifndef MACHINE_VCPU_INFO_H
#define MACHINE_VCPU_INFO_H

/* ARM64's shared info has room for one (XEN_LEGACY_MAX_VCPUS); the second vCPU's is registered
 * with Xen by arch/arm64/smp.c. */
extern struct vcpu_info secondary_info;

static inline struct vcpu_info *vcpu_info_of(u32 vcpu)
{
    return vcpu ? &secondary_info : &shared_info->vcpu_info[0];
}

/* PV has a flag of its own for this; here the CPU's, PSTATE.I, is the only one. */
static inline void vcpu_mask_events(struct vcpu_info *v, bool masked)
{
    (void)v;
    (void)masked;
}

#endif
