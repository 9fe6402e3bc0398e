/*
 * What our monitors of KVM have in common, whatever CPU they are for: files, ELF, calls that must not fail.
 * Each ends the program with a line that says what was wrong.
 */
#ifndef GUESTS_KVM_MONITOR_H
#define GUESTS_KVM_MONITOR_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* ioctl() that must not fail. */
int must(int fd, unsigned long request, void *argument, const char *what);

/* A whole file, the caller's. */
void *read_path(const char *path, size_t *size);

/* The guest's memory: where it is here, its physical address there, and what of it an image may take. */
struct ram {
    uint8_t *at;
    uint64_t address, first, end;
};

/* The segments of an ELF file, of that name and in our memory, at their physical addresses.  Its entry. */
uint64_t load_elf(const char *path, const uint8_t *image, size_t size, const struct ram *);

/* One that load_elf() took: its segment number `i`; false: it has no more. */
bool elf_segment(const uint8_t *image, unsigned i, Elf64_Phdr *);

/* The vCPUs of a guest: one, or two where "--cpus=2" is the first argument, which is taken off then. */
#define VCPUS_MOST 2u
unsigned take_cpus(int *argc, char ***argv);

/* This thread runs vCPU number `vcpu` of `count`: from now on on a CPU of its own.  Vcpu 0's first. */
void take_own_cpu(unsigned vcpu, unsigned count);

/* To our standard output, which takes the image's results. */
void give(const void *data, size_t size);

#endif
