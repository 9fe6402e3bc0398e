/*
 * The thinnest monitor that KVM can have: starts the unikernel, or a Linux, at its PVH entry, as
 * QEMU does in bare mode, with a vCPU or two, the interrupt controllers and the PIT that KVM has in the kernel, and
 * no device of its own but the ports by which the image speaks to us (xenometer/protocol.h, "Bare
 * mode"), one that keeps what is written to it (VMM_PORT) and one in memory (VMM_MEMORY).  What an
 * exit to it costs is the floor of what a microVM pays.
 *
 * xenometer-vmm [--cpus=2] IMAGE MODULE [COMMAND-LINE] >results, on a Linux with KVM.  Static, a program of its own: it
 * runs in the lab without Xen.
 *
 * Documentation/virt/kvm/api.rst of Linux describes each ioctl.
 */
#include "guests/kvm/monitor.h"
#include "guests/kvm/others.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <x86intrin.h>

#include <xen/arch-x86/hvm/start_info.h>
#include <xen/elfnote.h>

#include <xenometer/protocol.h>

#define MEMORY      (288ul << 20)   /* as in bare mode; touched pages only are there */
#define START_INFO  0x1000ul        /* below the image, which is linked at 1 MiB */
#define LOW_END     0x9f000ul
#define HIGH        0x100000ul
#define LOG_PORT    0xe9u
#define SERIAL_PORT 0x3f8u          /* a 16550 that is always ready: a kernel's last words */
#define SERIAL_LSR  0x3fdu
#define CPUID_LEAVES 128u
#define OTHERS_LINE 24u             /* behind the I/O APIC's: a message */
#define MESSAGE_TO_0 0xfee00000u    /* SDM vol. 3, 10.11.1 */
#define CPUID_1_C_TSC_DEADLINE (1u << 24)   /* SDM vol. 2, CPUID */
#define CPUID_1_B_APIC_ID      (0xffu << 24)

static uint8_t *memory;
static int vm;
static unsigned vcpu_count;
static struct vcpu { int fd; struct kvm_run *run; } vcpus[VCPUS_MOST];
static struct bell { uint64_t at; uint32_t flags, value, rings; int fd; bool hung; } bells[] = {
    { .at = VMM_EVENT_PORT, .flags = KVM_IOEVENTFD_FLAG_PIO },
    { .at = VMM_MATCH_PORT, .flags = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DATAMATCH,
      .value = VMM_MATCH },
    { .at = VMM_MEMORY + VMM_EVENT_OFFSET },
    { .at = VMM_MEMORY + VMM_MATCH_OFFSET, .flags = KVM_IOEVENTFD_FLAG_DATAMATCH, .value = VMM_MATCH },
};
static uint8_t kept[4];       /* VMM_PORT and VMM_MEMORY: what was written last */

/* ----------------------------------------------------------------- image -- */

/* The entry that the note of that type names; notes are padded to 4 bytes (ELF gABI). */
static uint32_t find_entry(const uint8_t *notes, size_t size)
{
    size_t at = 0;

    while ( at + sizeof(Elf64_Nhdr) <= size )
    {
        Elf64_Nhdr n;
        size_t name, data;

        memcpy(&n, notes + at, sizeof(n));
        name = at + sizeof(n);
        data = name + ((n.n_namesz + 3) & ~3u);
        if ( data + n.n_descsz > size )
            break;
        if ( n.n_type == XEN_ELFNOTE_PHYS32_ENTRY && n.n_namesz == 4 &&
             !memcmp(notes + name, "Xen", 4) && n.n_descsz >= 4 )
        {
            uint32_t entry;

            memcpy(&entry, notes + data, sizeof(entry));
            return entry;
        }
        at = data + ((n.n_descsz + 3) & ~3u);
    }
    return 0;
}

/* Its segments at their physical addresses; the PVH entry. */
static uint32_t load_image(const char *path)
{
    const struct ram ram = { .at = memory, .address = 0, .first = HIGH, .end = MEMORY / 2 };
    uint32_t entry = 0;
    Elf64_Phdr p;
    size_t size;
    uint8_t *image = read_path(path, &size);

    load_elf(path, image, size, &ram);
    for ( unsigned i = 0; !entry && elf_segment(image, i, &p); i++ )
        if ( p.p_type == PT_NOTE )
            entry = find_entry(image + p.p_offset, p.p_filesz);
    free(image);
    if ( !entry )
        fail("%s has no PVH entry", path);
    return entry;
}

/* The module at the end of memory, and what the PVH entry is told. */
static void write_start_info(const void *commands, size_t size, const char *line)
{
    uint64_t module = (MEMORY - size) & ~0xffful;
    struct {
        struct hvm_start_info info;
        struct hvm_modlist_entry module;
        struct hvm_memmap_table_entry map[2];
        char line[2048];
    } *to = (void *)(memory + START_INFO);

    if ( size > MEMORY / 4 )
        fail("the module is too large");
    if ( strlen(line) >= sizeof(to->line) )
        fail("the command line is too long");
    strcpy(to->line, line);
    memcpy(memory + module, commands, size);
    to->module = (struct hvm_modlist_entry){ .paddr = module, .size = size };
    to->map[0] = (struct hvm_memmap_table_entry){ .addr = 0, .size = LOW_END,
                                                  .type = XEN_HVM_MEMMAP_TYPE_RAM };
    to->map[1] = (struct hvm_memmap_table_entry){ .addr = HIGH, .size = MEMORY - HIGH,
                                                  .type = XEN_HVM_MEMMAP_TYPE_RAM };
    to->info = (struct hvm_start_info){
        .magic = XEN_HVM_START_MAGIC_VALUE, .version = 1, .nr_modules = 1,
        .modlist_paddr = START_INFO + (uint64_t)((uint8_t *)&to->module - (uint8_t *)to),
        .memmap_paddr = START_INFO + (uint64_t)((uint8_t *)to->map - (uint8_t *)to),
        .memmap_entries = 2,
        .cmdline_paddr = START_INFO + (uint64_t)((uint8_t *)to->line - (uint8_t *)to),
    };
}

/* --------------------------------------------------------------- machine -- */

/* As PCs are wired: line 0, the PIT's, is pin 2 of the I/O APIC; both chips have all others.  Who else signals the guest
 * sends a message, as virtio's devices do. */
static void wire(void)
{
    struct kvm_irq_routing *table = calloc(1, sizeof(*table) + 40 * sizeof(table->entries[0]));

    if ( !table )
        fail("out of memory");
    for ( uint32_t line = 0; line < 24; line++ )
    {
        if ( line < 16 )
            table->entries[table->nr++] = (struct kvm_irq_routing_entry){
                .gsi = line, .type = KVM_IRQ_ROUTING_IRQCHIP,
                .u.irqchip = { line < 8 ? KVM_IRQCHIP_PIC_MASTER : KVM_IRQCHIP_PIC_SLAVE, line % 8 },
            };
        if ( line != 2 )
            table->entries[table->nr++] = (struct kvm_irq_routing_entry){
                .gsi = line, .type = KVM_IRQ_ROUTING_IRQCHIP,
                .u.irqchip = { KVM_IRQCHIP_IOAPIC, line ? line : 2 },
            };
    }
    table->entries[table->nr++] = (struct kvm_irq_routing_entry){
        .gsi = OTHERS_LINE, .type = KVM_IRQ_ROUTING_MSI,
        .u.msi = { .address_lo = MESSAGE_TO_0, .data = VMM_VECTOR },
    };
    must(vm, KVM_SET_GSI_ROUTING, table, "KVM_SET_GSI_ROUTING");
    free(table);
}

/*
 * What KVM can show, and behind its own signature leaf that of the machine below it: so the image
 * learns that its CPU is QEMU's TCG in the end, which cannot run all of its rows.
 */
static void set_cpuid(int kvm, int vcpu, uint32_t number)
{
    struct kvm_cpuid2 *table = calloc(1, sizeof(*table) + CPUID_LEAVES * sizeof(table->entries[0]));
    struct kvm_cpuid_entry2 below = { .function = 0x40000100 };

    if ( !table )
        fail("out of memory");
    table->nent = CPUID_LEAVES - 1;
    must(kvm, KVM_GET_SUPPORTED_CPUID, table, "KVM_GET_SUPPORTED_CPUID");
    /* The table never has it, because not KVM alone decides (api.rst, KVM_GET_SUPPORTED_CPUID). */
    for ( uint32_t i = 0; i < table->nent; i++ )
    {
        struct kvm_cpuid_entry2 *e = &table->entries[i];

        if ( e->function == 1 && ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0 )
            e->ecx |= CPUID_1_C_TSC_DEADLINE;
        if ( e->function == 1 )   /* and this CPU's own */
            e->ebx = (e->ebx & ~CPUID_1_B_APIC_ID) | number << 24;
    }
    __cpuid(0x40000000, below.eax, below.ebx, below.ecx, below.edx);
    below.eax = below.function;
    table->entries[table->nent++] = below;
    must(vcpu, KVM_SET_CPUID2, table, "KVM_SET_CPUID2");
    free(table);
}

/* As the PVH entry wants it: protected mode, flat segments, no paging (start_info.h). */
static void set_registers(int vcpu, uint32_t entry)
{
    struct kvm_segment code = { .limit = ~0u, .selector = 8, .type = 11, .present = 1, .db = 1,
                                .s = 1, .g = 1 };
    struct kvm_segment data = { .limit = ~0u, .selector = 16, .type = 3, .present = 1, .db = 1,
                                .s = 1, .g = 1 };
    struct kvm_regs registers = { .rip = entry, .rbx = START_INFO, .rflags = 2 };
    struct kvm_sregs special;

    must(vcpu, KVM_GET_SREGS, &special, "KVM_GET_SREGS");
    special.cs = code;
    special.ds = special.es = special.fs = special.gs = special.ss = data;
    special.cr0 = 0x11;   /* PE, ET */
    must(vcpu, KVM_SET_SREGS, &special, "KVM_SET_SREGS");
    must(vcpu, KVM_SET_REGS, &registers, "KVM_SET_REGS");
}

/* The guest's TSC is the host's, so that points of time in both can be compared; an older Linux than
 * 5.16 begins at 0, and loses only that. */
static void share_tsc(int vcpu)
{
    uint64_t offset = 0;
    struct kvm_device_attr attr = { .group = KVM_VCPU_TSC_CTRL, .attr = KVM_VCPU_TSC_OFFSET,
                                    .addr = (uint64_t)&offset };

    ioctl(vcpu, KVM_SET_DEVICE_ATTR, &attr);
}

/*
 * An eventfd is put at its place when the guest first reads there, and taken away when it reads again:
 * others would find a longer bus.  How often it has rung; false: no bell is at that place.
 */
static bool count_rings(uint64_t at, bool port, uint32_t *rings)
{
    for ( size_t i = 0; i < sizeof(bells) / sizeof(bells[0]); i++ )
    {
        struct bell *b = &bells[i];
        struct kvm_ioeventfd e = { .addr = b->at, .len = 4, .flags = b->flags, .datamatch = b->value };
        uint64_t since;

        if ( b->at != at || !(b->flags & KVM_IOEVENTFD_FLAG_PIO) == port )
            continue;
        if ( b->hung )
            e.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
        else if ( (b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 )
            fail("eventfd: %s", strerror(errno));
        e.fd = b->fd;
        must(vm, KVM_IOEVENTFD, &e, "KVM_IOEVENTFD");
        if ( b->hung && read(b->fd, &since, sizeof(since)) == (ssize_t)sizeof(since) )
            b->rings += (uint32_t)since;
        if ( b->hung )
            close(b->fd);
        b->hung = !b->hung;
        *rings = b->rings;
        return true;
    }
    return false;
}

static uint32_t ended_with;   /* the image's word; 0: all is well */

/* False: the image has ended. */
static bool serve_port(struct kvm_run *run)
{
    uint8_t *data = (uint8_t *)run + run->io.data_offset;
    size_t size = (size_t)run->io.size * run->io.count;
    uint32_t rings;

    if ( run->io.direction == KVM_EXIT_IO_IN )
    {
        /* One request for all of a string instruction. */
        if ( run->io.port == VMM_PORT )
            for ( size_t i = 0; i < size; i += run->io.size )
                memcpy(data + i, kept, run->io.size);
        else if ( size == sizeof(rings) && count_rings(run->io.port, true, &rings) )
            memcpy(data, &rings, sizeof(rings));
        else
            memset(data, run->io.port == SERIAL_LSR ? 0x60 : 0xff, size);
        return true;
    }
    switch ( run->io.port )
    {
    case BARE_RESULT_PORT: give(data, size); break;
    case SERIAL_PORT:
    case LOG_PORT:         fwrite(data, 1, size, stderr); break;
    case VMM_PORT:         memcpy(kept, data, run->io.size); break;
    case BARE_EXIT_PORT:
        memcpy(&ended_with, data, size < sizeof(ended_with) ? size : sizeof(ended_with));
        return false;
    }
    return true;
}

static void serve_memory(struct kvm_run *run)
{
    bool ours = run->mmio.phys_addr == VMM_MEMORY && run->mmio.len <= sizeof(kept);
    uint32_t value = 0;

    if ( !ours && run->mmio.is_write && run->mmio.len == sizeof(value) )
    {
        memcpy(&value, run->mmio.data, sizeof(value));
        others_write(run->mmio.phys_addr, value);
    }
    else if ( !ours && !run->mmio.is_write && run->mmio.len == sizeof(value) &&
              (count_rings(run->mmio.phys_addr, false, &value) || others_read(run->mmio.phys_addr, &value)) )
        memcpy(run->mmio.data, &value, sizeof(value));
    else if ( run->mmio.is_write && ours )
        memcpy(kept, run->mmio.data, run->mmio.len);
    else if ( !run->mmio.is_write && ours )
        memcpy(run->mmio.data, kept, run->mmio.len);
    else if ( !run->mmio.is_write )
        memset(run->mmio.data, 0xff, sizeof(run->mmio.data));
}

static void run_vcpu(const struct vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    const int fd = vcpu->fd;
    struct kvm_regs registers;
    bool going = true;

    while ( going )
    {
        /* EAGAIN: one that waited for its INIT has it. */
        if ( ioctl(fd, KVM_RUN, 0) && errno != EINTR )
        {
            if ( errno != EAGAIN )
                fail("KVM_RUN: %s", strerror(errno));
            continue;
        }
        switch ( run->exit_reason )
        {
        case KVM_EXIT_IO:   going = serve_port(run); break;
        case KVM_EXIT_MMIO: serve_memory(run); break;
        case KVM_EXIT_INTR: others_look(); break;
        default:
            fflush(stdout);
            must(fd, KVM_GET_REGS, &registers, "KVM_GET_REGS");
            if ( run->exit_reason == KVM_EXIT_INTERNAL_ERROR )
                fail("this machine's KVM cannot run it (internal error %u at rip %#llx), as that of a machine which is "
                     "itself a guest may not", run->internal.suberror, (unsigned long long)registers.rip);
            fail("KVM gave up with exit %u at rip %#llx", run->exit_reason,
                 (unsigned long long)registers.rip);
        }
    }
}

static const char *image_path, *command_line = "";
static int kvm;

/* It waits in KVM for what the guest's first vCPU sends it. */
static void *run_second_vcpu(void *unused)
{
    (void)unused;
    take_own_cpu(1, vcpu_count);
    run_vcpu(&vcpus[1]);
    exit(fflush(stdout) ? 1 : 0);   /* it has ended the guest */
}

static void make_vcpu(uint32_t number)
{
    size_t size = (size_t)must(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
    int fd = must(vm, KVM_CREATE_VCPU, (void *)(uintptr_t)number, "KVM_CREATE_VCPU");

    set_cpuid(kvm, fd, number);
    vcpus[number] = (struct vcpu){ fd, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) };
    if ( vcpus[number].run == MAP_FAILED )
        fail("no kvm_run: %s", strerror(errno));
    share_tsc(fd);
}

static uint64_t host_clock(void)
{
    return __rdtsc();
}

/* A guest with those commands, to its end; what it ended with. */
static uint32_t run_guest(const void *commands, size_t size)
{
    static const struct others_cpu others = { .line = OTHERS_LINE, .clock = host_clock, .run = run_guest };
    struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
    /* Port 0x61 is the PIT's, too. */
    struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };
    pthread_t second;

    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                  -1, 0);
    /* A second guest's process has its own: what is written here is not copied for it. */
    if ( memory == MAP_FAILED || madvise(memory, MEMORY, MADV_DONTFORK) )
        fail("no memory for the guest: %s", strerror(errno));
    vm = must(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
    must(vm, KVM_CREATE_IRQCHIP, NULL, "KVM_CREATE_IRQCHIP");
    must(vm, KVM_CREATE_PIT2, &pit, "KVM_CREATE_PIT2");
    wire();
    region.userspace_addr = (uint64_t)memory;
    must(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
    for ( uint32_t i = 0; i < vcpu_count; i++ )
        make_vcpu(i);
    set_registers(vcpus[0].fd, load_image(image_path));
    write_start_info(commands, size, command_line);
    others_begin(vm, &others, commands, size);
    if ( vcpu_count > 1 )
    {
        take_own_cpu(0, vcpu_count);
        if ( pthread_create(&second, NULL, run_second_vcpu, NULL) )
            fail("no thread for the second vCPU");
    }
    run_vcpu(&vcpus[0]);
    return ended_with;
}

int main(int argc, char **argv)
{
    void *module;
    size_t size;

    /* The log: not one system call a character. */
    setvbuf(stderr, NULL, _IOFBF, 1 << 16);
    vcpu_count = take_cpus(&argc, &argv);
    if ( argc != 3 && argc != 4 )
        fail("usage: xenometer-vmm [--cpus=2] IMAGE MODULE [COMMAND-LINE] >results");
    kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if ( kvm < 0 )
        fail("/dev/kvm: %s", strerror(errno));
    image_path = argv[1];
    if ( argc == 4 )
        command_line = argv[3];
    module = read_path(argv[2], &size);
    run_guest(module, size);
    free(module);
    return fflush(stdout) ? 1 : 0;
}
