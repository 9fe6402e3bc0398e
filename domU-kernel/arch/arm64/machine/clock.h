/* ARM64: the generic timer's virtual counter (drivers/arm64/timer.c). */
#ifndef MACHINE_CLOCK_H
#define MACHINE_CLOCK_H

#include "../../types.h"

u64 clock_now(void);

#endif
