/*
 * How many interrupts came for one that was sent: one; now and then two under QEMU's TCG,
 * which is not what a row is about.
 */
#ifndef HARNESS_DOUBLED_H
#define HARNESS_DOUBLED_H

#include "row.h"

/*
 * `came` interrupts of an injected event are counted for a sample: fails the row where that is not
 * one.  Two are forgiven under TCG, in one of 64 samples: *doubled counts them, from 0.
 * Such a sample is an outlier, which the report names.
 *
 * The cause, by QEMU's source (7.2): helper_vmrun() leaves the vector of an event it has
 * injected in exception_index.  Where the CPU's loop is left before the guest's next exit, since the
 * next CPU's turn has come or a timer is due, cpu_handle_exception() takes that for an
 * exception that is still to be delivered.
 */
void doubled_check(struct row_run *, u64 came, u32 *doubled);

#endif
