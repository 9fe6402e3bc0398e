/* The ways an image for ARM64 can be started (arch/mode.h): there is one kind of domain; or without Xen, as a guest
 * of KVM. */
#ifndef MACHINE_MODES_H
#define MACHINE_MODES_H

#define MODES_HERE (MODE_ARM64 | MODE_BARE)

#endif
