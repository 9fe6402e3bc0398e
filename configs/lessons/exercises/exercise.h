/*
 * What a student's file may use: the unikernel's own headers, and a few tools.  (dom0-tools/lessons/exercise.h
 * tells how such a file is built, run and judged.)
 */
#ifndef EXERCISE_H
#define EXERCISE_H

#include <drivers/clock.h>
#include <drivers/data.h>
#include <harness/row.h>
#include <lib/string.h>
#include <ring.h>
#include <xen/events.h>
#include <xen/hypercall.h>

#include <xen/version.h>

/*
 * Let everybody else run for so many ns, whoever has something to do: as if, at this very place, Xen took our
 * CPU away.  Returns earlier when an event comes.
 */
static inline void others_run(u64 ns)
{
    evtchn_port_t none = 0;
    struct sched_poll op = { .nr_ports = 0, .timeout = clock_now() + ns };

    set_xen_guest_handle(op.ports, &none);
    hypercall_sched_op(SCHEDOP_poll, &op);
}

/* Our stores before it are seen by others before they see what we load after it. */
static inline void full_barrier(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* A word that somebody else may write meanwhile: read, or written, exactly once. */
#define READ_ONCE(word)         __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define WRITE_ONCE(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)

#endif
