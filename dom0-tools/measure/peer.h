/*
 * Rows of the image that two domains run together (DOMAIN_PEER): both get the
 * same row, each its half of it (protocol.h, enum peer_half).
 */
#ifndef MEASURE_PEER_H
#define MEASURE_PEER_H

struct row_run;

/* Two domains of the column on one physical CPU; the first one's samples count. */
void peer_run(struct row_run *);

#endif
