/*
 * Whether nested KVM can run Xen here.  A /dev/kvm that opens proves nothing:
 * there are KVMs without VMX or SVM for the guest, which stop at Xen's first
 * unusual instruction.
 */
#ifndef MACHINES_QEMU_KVM_H
#define MACHINES_QEMU_KVM_H

#include <stdbool.h>
#include <stddef.h>

#include "systems/cache.h"

/*
 * What can be said without starting anything, the result of an earlier probe
 * included (kept with the assembled lab; cache->lab may be NULL).  Fills
 * `reason` with one line in any case.
 */
bool kvm_known(const struct cache *cache, char *reason, size_t size);

/* Probe if that has not been done; STATUS_ENVIRONMENT with the reason as message. */
int kvm_require(const struct cache *cache);

#endif
