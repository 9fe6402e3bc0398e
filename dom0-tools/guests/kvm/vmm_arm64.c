/*
 * The thinnest monitor that KVM can have, on ARM64: as vmm.c is on x86.  Starts the unikernel as Linux is
 * started (Linux, Documentation/arch/arm64/booting.rst), with a vCPU or two, the GICv3 and the timers that KVM has in
 * the kernel, and no device of its own but a page by which the image speaks to us (xenometer/protocol.h, "Bare
 * mode") and one that keeps what is written to it (VMM_MEMORY).
 *
 * xenometer-vmm [--cpus=2] IMAGE MODULE >results, on a Linux with KVM.  Static, a program of its own.
 *
 * Documentation/virt/kvm/api.rst of Linux describes each ioctl, devices/arm-vgic-v3.rst beside it the GIC's.
 */
#include "guests/kvm/monitor.h"
#include "guests/kvm/others.h"

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

#include <xenometer/protocol.h>

#define RAM         0x40000000ul    /* where Xen has it, too: the image is linked there */
#define MEMORY      (288ul << 20)   /* touched pages only are there */
#define TREE        0x48000000ul    /* the device tree; behind it the commands */
#define COMMANDS    0x48010000ul
#define DISTRIBUTOR 0x08000000ul
#define REDISTRIBUTOR 0x080a0000ul
#define REDISTRIBUTOR_SIZE 0x20000ul   /* of a vCPU's */
#define INTERRUPTS  64u             /* shared and private: the fewest that KVM takes */

static uint8_t *memory;
static int vm;
static unsigned vcpu_count;
static struct vcpu { int fd; struct kvm_run *run; } vcpus[VCPUS_MOST];
static const char *image_path;
static int kvm;
static uint64_t sent_from;          /* BARE_FROM */
static uint8_t kept[8];             /* VMM_MEMORY: what was written last */
static struct { int fd; uint32_t rings; bool hung; } bell;   /* at VMM_MEMORY + VMM_EVENT_OFFSET */

/* ----------------------------------------------------------- device tree -- */

/*
 * Devicetree Specification 0.4, chapter 5.  By hand: what is told is a dozen properties that never change, and no
 * library for it is at hand for another architecture.
 */
static uint32_t structure[512], cells, strings_size;
static char strings[256];

static void put(uint32_t value)
{
    if ( cells == sizeof(structure) / sizeof(structure[0]) )
        fail("the device tree is too large");
    structure[cells++] = __builtin_bswap32(value);
}

/* With zeroes up to the next cell. */
static void put_bytes(const void *data, size_t size)
{
    for ( size_t i = 0; i < size; i += 4 )
    {
        uint32_t cell = 0;

        memcpy(&cell, (const char *)data + i, size - i < 4 ? size - i : 4);
        put(__builtin_bswap32(cell));
    }
}

static void begin_node(const char *name)
{
    put(1);
    put_bytes(name, strlen(name) + 1);
}

static void end_node(void)
{
    put(2);
}

static void property(const char *name, const void *data, size_t size)
{
    size_t length = strlen(name) + 1;

    if ( strings_size + length > sizeof(strings) )
        fail("the device tree is too large");
    put(3);
    put((uint32_t)size);
    put(strings_size);
    put_bytes(data, size);
    memcpy(strings + strings_size, name, length);
    strings_size += (uint32_t)length;
}

static void text(const char *name, const char *value)
{
    property(name, value, strlen(value) + 1);
}

static void number(const char *name, uint32_t value)
{
    value = __builtin_bswap32(value);
    property(name, &value, sizeof(value));
}

/* `reg`: pairs of address and size, as #address-cells and #size-cells of 2 say. */
static void reg(const uint64_t *values, size_t count)
{
    uint64_t swapped[4];

    for ( size_t i = 0; i < count; i++ )
        swapped[i] = __builtin_bswap64(values[i]);
    property("reg", swapped, count * sizeof(*values));
}
#define REG(...) \
    reg((const uint64_t[]){ __VA_ARGS__ }, sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* Private interrupts of a timer: secure, physical, virtual, EL2's (bindings/timer/arm,arch_timer.yaml). */
static void timer_interrupts(void)
{
    static const uint32_t numbers[] = { 13, 14, 11, 10 };
    uint32_t triples[12];

    for ( size_t i = 0; i < 4; i++ )
    {
        triples[3 * i] = __builtin_bswap32(1);
        triples[3 * i + 1] = __builtin_bswap32(numbers[i]);
        triples[3 * i + 2] = __builtin_bswap32(4);   /* level */
    }
    property("interrupts", triples, sizeof(triples));
}

static void write_tree(size_t commands)
{
    struct { uint32_t magic, size, structure, strings, reserved, version, compatible, cpu, strings_size,
             structure_size; uint64_t reservations[2]; } header = { 0 };
    size_t at = sizeof(header);

    cells = strings_size = 0;
    begin_node("");
    number("#address-cells", 2);
    number("#size-cells", 2);
    begin_node("memory@40000000");
    text("device_type", "memory");
    REG(RAM, MEMORY);
    end_node();
    begin_node("cpus");
    number("#address-cells", 1);
    number("#size-cells", 0);
    for ( uint32_t i = 0; i < vcpu_count; i++ )
    {
        begin_node(i ? "cpu@1" : "cpu@0");
        text("device_type", "cpu");
        text("enable-method", "psci");
        number("reg", i);   /* as KVM numbers them in MPIDR_EL1 */
        end_node();
    }
    end_node();
    begin_node("interrupt-controller@8000000");
    text("compatible", "arm,gic-v3");
    REG(DISTRIBUTOR, 0x10000, REDISTRIBUTOR, vcpu_count * REDISTRIBUTOR_SIZE);
    end_node();
    begin_node("timer");
    text("compatible", "arm,armv8-timer");
    timer_interrupts();
    end_node();
    begin_node("commands");
    text("compatible", BARE_COMMANDS);
    REG(COMMANDS, commands);
    end_node();
    end_node();
    put(9);

    header.magic = __builtin_bswap32(0xd00dfeed);
    header.version = __builtin_bswap32(17);
    header.compatible = __builtin_bswap32(16);
    header.reserved = __builtin_bswap32(offsetof(__typeof__(header), reservations));
    header.structure = __builtin_bswap32((uint32_t)at);
    header.structure_size = __builtin_bswap32(4 * cells);
    header.strings = __builtin_bswap32((uint32_t)at + 4 * cells);
    header.strings_size = __builtin_bswap32(strings_size);
    header.size = __builtin_bswap32((uint32_t)at + 4 * cells + strings_size);
    memcpy(memory + (TREE - RAM), &header, sizeof(header));
    memcpy(memory + (TREE - RAM) + at, structure, 4 * cells);
    memcpy(memory + (TREE - RAM) + at + 4 * cells, strings, strings_size);
}

/* --------------------------------------------------------------- machine -- */

static void set_device(int device, uint32_t group, uint64_t attribute, void *value, const char *what)
{
    struct kvm_device_attr attr = { .group = group, .attr = attribute, .addr = (uint64_t)value };

    must(device, KVM_SET_DEVICE_ATTR, &attr, what);
}

/* After the vCPUs: KVM gives each its redistributor, one behind the other. */
static void make_gic(void)
{
    struct kvm_create_device create = { .type = KVM_DEV_TYPE_ARM_VGIC_V3 };
    uint64_t distributor = DISTRIBUTOR, redistributor = REDISTRIBUTOR;
    uint32_t interrupts = INTERRUPTS;

    must(vm, KVM_CREATE_DEVICE, &create, "this CPU has no GICv3: KVM_CREATE_DEVICE");
    set_device((int)create.fd, KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0, &interrupts, "the GIC's interrupts");
    set_device((int)create.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_DIST, &distributor,
               "the GIC's distributor");
    set_device((int)create.fd, KVM_DEV_ARM_VGIC_GRP_ADDR, KVM_VGIC_V3_ADDR_TYPE_REDIST, &redistributor,
               "the GIC's redistributor");
    set_device((int)create.fd, KVM_DEV_ARM_VGIC_GRP_CTRL, KVM_DEV_ARM_VGIC_CTRL_INIT, NULL, "the GIC");
}

static void set_register(int vcpu, uint64_t id, uint64_t value)
{
    struct kvm_one_reg r = { .id = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | id,
                             .addr = (uint64_t)&value };

    must(vcpu, KVM_SET_ONE_REG, &r, "KVM_SET_ONE_REG");
}

/* At EL1, with MMU and caches off and interrupts masked, as KVM resets a vCPU; the second one is off, and begins where
 * the first has PSCI turn it on. */
static void make_vcpu(uint32_t number, uint64_t entry)
{
    struct kvm_vcpu_init init;
    size_t size = (size_t)must(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
    int fd = must(vm, KVM_CREATE_VCPU, (void *)(uintptr_t)number, "KVM_CREATE_VCPU");

    must(vm, KVM_ARM_PREFERRED_TARGET, &init, "KVM_ARM_PREFERRED_TARGET");
    init.features[0] |= 1u << KVM_ARM_VCPU_PSCI_0_2 | (number ? 1u << KVM_ARM_VCPU_POWER_OFF : 0);
    must(fd, KVM_ARM_VCPU_INIT, &init, "KVM_ARM_VCPU_INIT");
    set_register(fd, KVM_REG_ARM_CORE_REG(regs.pc), entry);
    set_register(fd, KVM_REG_ARM_CORE_REG(regs.regs[0]), TREE);
    vcpus[number] = (struct vcpu){ fd, mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) };
    if ( vcpus[number].run == MAP_FAILED )
        fail("no kvm_run: %s", strerror(errno));
}

/* As vmm.c has them: the eventfd comes with one reading, and goes with the next, which says how often it has rung. */
static uint32_t count_rings(void)
{
    struct kvm_ioeventfd e = { .addr = VMM_MEMORY + VMM_EVENT_OFFSET, .len = 4 };
    uint64_t since;

    if ( bell.hung )
        e.flags |= KVM_IOEVENTFD_FLAG_DEASSIGN;
    else if ( (bell.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0 )
        fail("eventfd: %s", strerror(errno));
    e.fd = bell.fd;
    must(vm, KVM_IOEVENTFD, &e, "KVM_IOEVENTFD");
    if ( bell.hung && read(bell.fd, &since, sizeof(since)) == (ssize_t)sizeof(since) )
        bell.rings += (uint32_t)since;
    if ( bell.hung )
        close(bell.fd);
    bell.hung = !bell.hung;
    return bell.rings;
}

static void give_guest(uint64_t from, uint64_t size)
{
    if ( from < RAM || from > RAM + MEMORY || size > RAM + MEMORY - from )
        fail("the image wants to send what is no memory of it: %#llx, %#llx bytes", (unsigned long long)from,
             (unsigned long long)size);
    give(memory + (from - RAM), size);
}

static uint32_t ended_with;   /* the image's word; 0: all is well */

/* False: the image has ended. */
static bool serve_write(uint64_t at, const uint8_t *data, uint32_t length)
{
    uint64_t value = 0;

    memcpy(&value, data, length);
    switch ( at )
    {
    case BARE_MEMORY + BARE_LOG:  fputc((int)value, stderr); break;
    case BARE_MEMORY + BARE_FROM: sent_from = value; break;
    case BARE_MEMORY + BARE_SEND: give_guest(sent_from, value); break;
    case VMM_MEMORY:              memcpy(kept, data, length); break;
    case BARE_MEMORY + BARE_EXIT: ended_with = (uint32_t)value; return false;
    default:                      others_write(at, (uint32_t)value); break;
    }
    return true;
}

static void serve_read(uint64_t at, uint8_t *data, uint32_t length)
{
    uint32_t rings;

    if ( at == VMM_MEMORY )
        memcpy(data, kept, length);
    else if ( length == sizeof(rings) && others_read(at, &rings) )
        memcpy(data, &rings, sizeof(rings));
    else if ( at == VMM_MEMORY + VMM_EVENT_OFFSET && length == sizeof(rings) )
    {
        rings = count_rings();
        memcpy(data, &rings, sizeof(rings));
    }
    else
        memset(data, 0xff, length);
}

static void run_vcpu(const struct vcpu *vcpu)
{
    struct kvm_run *run = vcpu->run;
    const int fd = vcpu->fd;
    bool going = true;

    while ( going )
    {
        if ( ioctl(fd, KVM_RUN, 0) && errno != EINTR )
            fail("KVM_RUN: %s", strerror(errno));
        switch ( run->exit_reason )
        {
        case KVM_EXIT_MMIO:
            if ( run->mmio.is_write )
                going = serve_write(run->mmio.phys_addr, run->mmio.data, run->mmio.len);
            else
                serve_read(run->mmio.phys_addr, run->mmio.data, run->mmio.len);
            break;
        case KVM_EXIT_INTR: others_look(); break;
        default:
            fflush(stdout);
            fail("KVM gave up with exit %u", run->exit_reason);
        }
    }
}

static uint64_t host_clock(void)
{
    uint64_t now;

    __asm__ volatile ("isb\n\tmrs %0, cntvct_el0" : "=r"(now) :: "memory");
    return now;
}

#ifndef KVM_ARM_SET_COUNTER_OFFSET   /* headers before Linux 6.4 */
struct kvm_arm_counter_offset { __u64 counter_offset, reserved; };
#define KVM_ARM_SET_COUNTER_OFFSET _IOW(KVMIO, 0xb5, struct kvm_arm_counter_offset)
#endif

/* As vmm.c's share_tsc(): an older Linux than 6.4 has none, and loses only that. */
static void share_counter(void)
{
    struct kvm_arm_counter_offset none = { .counter_offset = 0 };

    ioctl(vm, KVM_ARM_SET_COUNTER_OFFSET, &none);
}

/* It waits in KVM until the guest's first vCPU turns it on. */
static void *run_second_vcpu(void *unused)
{
    (void)unused;
    take_own_cpu(1, vcpu_count);
    run_vcpu(&vcpus[1]);
    exit(fflush(stdout) ? 1 : 0);   /* it has ended the guest */
}

/* A guest with those commands, to its end; what it ended with. */
static uint32_t run_guest(const void *commands, size_t size)
{
    static const struct others_cpu others = { .line = VMM_INTERRUPT - 32, .clock = host_clock, .run = run_guest };
    struct kvm_userspace_memory_region region = { .guest_phys_addr = RAM, .memory_size = MEMORY };
    struct ram ram = { .address = RAM, .first = RAM, .end = TREE };
    pthread_t second;
    size_t image_size;
    uint8_t *image;
    uint64_t entry;

    memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    /* A second guest's process has its own: what is written here is not copied for it. */
    if ( memory == MAP_FAILED || madvise(memory, MEMORY, MADV_DONTFORK) )
        fail("no memory for the guest: %s", strerror(errno));
    ram.at = memory;
    image = read_path(image_path, &image_size);
    entry = load_elf(image_path, image, image_size, &ram);
    if ( size > MEMORY / 4 )
        fail("the module is too large");
    memcpy(memory + (COMMANDS - RAM), commands, size);
    write_tree(size);
    free(image);

    vm = must(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
    share_counter();
    region.userspace_addr = (uint64_t)memory;
    must(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
    for ( uint32_t i = 0; i < vcpu_count; i++ )
        make_vcpu(i, entry);
    make_gic();
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

    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    setvbuf(stderr, NULL, _IOFBF, 1 << 16);
    vcpu_count = take_cpus(&argc, &argv);
    if ( argc != 3 )
        fail("usage: xenometer-vmm [--cpus=2] IMAGE MODULE >results");
    kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if ( kvm < 0 )
        fail("/dev/kvm: %s", strerror(errno));
    image_path = argv[1];
    module = read_path(argv[2], &size);
    run_guest(module, size);
    free(module);
    return fflush(stdout) ? 1 : 0;
}
