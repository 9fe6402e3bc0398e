/* Why event rows do not run. */
#ifndef ROWS_EVENT_H
#define ROWS_EVENT_H

#define NO_EVENTS "bare mode has no event channels"
#define NO_FIFO   "two levels here: FIFO event channels were not asked for, or refused"

#endif
