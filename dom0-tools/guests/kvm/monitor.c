#include "guests/kvm/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void fail(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

int must(int fd, unsigned long request, void *argument, const char *what)
{
    int result = ioctl(fd, request, argument);

    if ( result < 0 )
        fail("%s: %s", what, strerror(errno));
    return result;
}

static void *read_file(int fd, size_t *size)
{
    size_t room = 1 << 16;
    char *data = malloc(room);
    ssize_t n = 1;

    for ( *size = 0; data && n > 0; *size += (size_t)n )
    {
        if ( *size == room )
            data = realloc(data, room *= 2);
        n = data ? read(fd, data + *size, room - *size) : 0;
        if ( n < 0 )
            fail("cannot read: %s", strerror(errno));
    }
    if ( !data )
        fail("out of memory");
    return data;
}

void *read_path(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *data;

    if ( fd < 0 )
        fail("cannot read %s: %s", path, strerror(errno));
    data = read_file(fd, size);
    close(fd);
    return data;
}

bool elf_segment(const uint8_t *image, unsigned i, Elf64_Phdr *p)
{
    Elf64_Ehdr header;

    memcpy(&header, image, sizeof(header));
    if ( i >= header.e_phnum )
        return false;
    memcpy(p, image + header.e_phoff + i * sizeof(*p), sizeof(*p));
    return true;
}

uint64_t load_elf(const char *path, const uint8_t *image, size_t size, const struct ram *ram)
{
    Elf64_Ehdr header;
    Elf64_Phdr p;

    if ( size < sizeof(header) || memcmp(image, ELFMAG, SELFMAG) )
        fail("%s is no ELF file", path);
    memcpy(&header, image, sizeof(header));
    if ( header.e_phoff > size || header.e_phnum > (size - header.e_phoff) / sizeof(p) )
        fail("%s is cut off", path);
    for ( unsigned i = 0; elf_segment(image, i, &p); i++ )
    {
        if ( p.p_offset > size || p.p_filesz > size - p.p_offset )
            fail("%s is cut off", path);
        if ( p.p_type != PT_LOAD )
            continue;
        if ( p.p_paddr < ram->first || p.p_memsz < p.p_filesz || p.p_paddr + p.p_memsz > ram->end )
            fail("%s does not fit", path);
        memcpy(ram->at + (p.p_paddr - ram->address), image + p.p_offset, p.p_filesz);
    }
    return header.e_entry;
}

unsigned take_cpus(int *argc, char ***argv)
{
    if ( *argc < 2 || strcmp((*argv)[1], "--cpus=2") )
        return 1;
    (*argv)[1] = (*argv)[0];
    --*argc;
    ++*argv;
    return 2;
}

/* Nothing moves them then, and a run repeats: by order of their numbers, as the lab pins Xen's (machines/boot.h). */
void take_own_cpu(unsigned vcpu, unsigned count)
{
    static cpu_set_t allowed;   /* before any thread was given one of them */
    cpu_set_t own;
    unsigned seen = 0;

    if ( !CPU_COUNT(&allowed) && sched_getaffinity(0, sizeof(allowed), &allowed) )
        fail("which CPUs this process may use is not to be had: %s", strerror(errno));
    if ( (unsigned)CPU_COUNT(&allowed) < count )
        fail("%u vCPUs take as many CPUs, and this process may use %d", count, CPU_COUNT(&allowed));
    CPU_ZERO(&own);
    for ( unsigned cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&own); cpu++ )
        if ( CPU_ISSET(cpu, &allowed) && seen++ == vcpu )
            CPU_SET(cpu, &own);
    if ( sched_setaffinity(0, sizeof(own), &own) )
        fail("no CPU of its own for vCPU %u: %s", vcpu, strerror(errno));
}

void give(const void *data, size_t size)
{
    if ( fwrite(data, 1, size, stdout) != size )
        exit(1);   /* nobody reads them */
}
