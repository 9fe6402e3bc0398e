/*
 * QEMU as KVM's monitor: what its guests are started with, the unikernel as a Linux.
 */
#ifndef GUESTS_KVM_QEMU_H
#define GUESTS_KVM_QEMU_H

#define KVM_QEMU_PROGRAM "qemu-system-x86_64"

/*
 * Of a shell: a format that takes the ports of the end and of the results, which go to standard output,
 * behind what is there (protocol.h, "Bare mode").
 */
#define KVM_QEMU \
    KVM_QEMU_PROGRAM " -accel kvm -cpu host -no-user-config -nodefaults -no-reboot -display none " \
    "-device isa-debug-exit,iobase=%#x,iosize=4 " \
    "-chardev file,id=log,path=/dev/stderr,append=on -device isa-debugcon,iobase=0xe9,chardev=log " \
    "-chardev file,id=results,path=/dev/stdout,append=on -device isa-debugcon,iobase=%#x,chardev=results "

/* Behind all of it.  isa-debug-exit: QEMU ends with twice what the guest writes, and 1; that is 0 where all
 * is well. */
#define KVM_QEMU_ENDED_WELL "; test $? -eq 1"

/* Its machines. */
#define KVM_MICROVM "-M microvm"
#define KVM_PC      "-M pc"

#endif
