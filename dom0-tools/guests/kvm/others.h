/*
 * Who else signals a guest of ours: a thread that answers its doorbell, and a second guest, in a process of its own.
 * Each does it by an irqfd (Documentation/virt/kvm/api.rst of Linux, KVM_IRQFD), and is told by ioeventfd.
 */
#ifndef GUESTS_KVM_OTHERS_H
#define GUESTS_KVM_OTHERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is the CPU's: the irqfd's line, the clock that guests read, and a guest of this monitor's from its making to its
 * end, with those commands: what it ended with, 0 is well. */
struct others_cpu {
    uint32_t line;
    uint64_t (*clock)(void);
    uint32_t (*run)(const void *commands, size_t size);
};

/* Of the guest `vm`; the commands are the caller's.  Again in the second guest's process. */
void others_begin(int vm, const struct others_cpu *, const void *commands, size_t size);

/* The registers of VMM_MEMORY's page (xenometer/protocol.h).  False: it is none of these. */
bool others_write(uint64_t at, uint32_t value);
bool others_read(uint64_t at, uint32_t *value);

/* After KVM_RUN was interrupted: ends the program if the second guest has ended as it should not. */
void others_look(void);

#endif
