/* Where Xen keeps what a vCPU has of its own (xen/xen.h, struct vcpu_info). */
#ifndef MACHINE_VCPU_INFO_H
#define MACHINE_VCPU_INFO_H

/* x86's shared info has room for 32 (XEN_LEGACY_MAX_VCPUS). */
static inline struct vcpu_info *vcpu_info_of(u32 vcpu)
{
    return &shared_info->vcpu_info[vcpu];
}

/* PV: the virtual interrupt flag (xen/xen.h, evtchn_upcall_mask). */
static inline void vcpu_mask_events(struct vcpu_info *v, bool masked)
{
    v->evtchn_upcall_mask = masked;
    barrier();
}

#endif
