/* What the wire (wire.c) gives the program that it starts: taps, as these descriptors. */
#ifndef GUESTS_KVM_WIRE_H
#define GUESTS_KVM_WIRE_H

/* A file beside the program. */
#define WIRE_PROGRAM "xenometer-wire"

#define WIRE_TAP      20   /* the first one; the others follow */
#define WIRE_TAPS_MAX 8

#endif
