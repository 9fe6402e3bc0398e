/* The ways an image for x86 can be started (arch/mode.h). */
#ifndef MACHINE_MODES_H
#define MACHINE_MODES_H

#define MODES_HERE (MODE_PV | MODE_PVH | MODE_HVM | MODE_BARE)

#endif
