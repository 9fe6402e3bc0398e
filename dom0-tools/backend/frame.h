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

#define FRAME_MAX 1514u   /* bytes, without FCS: longer ones are not of ours */

/*
 * Turn the frame round: destination and source exchanged.  One to everybody gets
 * `own` as its source.  False: it is not to be sent back, and was not
 * touched: too short or too long, of another EtherType, to somebody else,
 * or from a group address.
 */
bool frame_reflect(uint8_t *frame, size_t length, const uint8_t own[6]);

#endif
