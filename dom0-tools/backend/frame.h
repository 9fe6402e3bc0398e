/*
 * What a reflector does with a frame (include/xenometer/frame.h): pure C, for
 * frames of anybody.
 */
#ifndef BACKEND_FRAME_H
#define BACKEND_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xenometer/frame.h>

#define FRAME_MAX 1514u   /* bytes of the longest of the net rows, without FCS */

/* Is it one of the net rows', by length and EtherType? */
bool frame_is_ours(const uint8_t *frame, size_t length);

/*
 * Turn the frame round: destination and source exchanged.  One to everybody gets
 * `own` as its source, if it is of the net rows: ARP and its like, sent back, would be
 * somebody else with the asker's address.  False: it is not to be sent back, and was not
 * touched: too short, to somebody else, from us or from a group address.
 */
bool frame_reflect(uint8_t *frame, size_t length, const uint8_t own[6]);

#endif
