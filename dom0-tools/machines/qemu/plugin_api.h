/*
 * QEMU's plugin interface, as far as our plugins use it, and what else of QEMU's program
 * they call.  QEMU's own functions are found when it loads the plugin.
 *
 * A plugin is built once and loads into a QEMU of any kind of interface: version 1 (QEMU from
 * 7.2), 2 to 5 (from 9.0), 6 (11.0) and 7 (11.1).  It asks when it is loaded which one it is in.
 *
 * Prototypes: QEMU 7.2, 10.0 and 11.1, include/qemu/qemu-plugin.h.
 */
#ifndef MACHINES_QEMU_PLUGIN_API_H
#define MACHINES_QEMU_PLUGIN_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))
#define WEAK   __attribute__((weak))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { CALLBACK_NO_REGISTERS, CALLBACK_READS_REGISTERS };

/*
 * To version 6 a callback gets the plugin's id and then what it is about; from 7 on what it is
 * about and then the pointer given last, which earlier versions do not look at.  Callbacks take
 * either; block_of() tells.
 */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(uintptr_t, uintptr_t), void *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *,
    void (*)(unsigned, void *), int flags, void *);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
    void (*)(unsigned, void *), int flags, void *);
void qemu_plugin_register_flush_cb(qemu_plugin_id_t, void (*)(void), void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(void), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);

/* To version 2 a pointer to the instruction is returned.  From 3 on it is copied
 * to the buffer, and its length returned; earlier ones ignore the buffer. */
uintptr_t qemu_plugin_insn_data(const struct qemu_plugin_insn *, void *buffer, size_t size);
struct qemu_info {           /* the beginning of QEMU's qemu_info_t */
    const char *target_name;
    struct { int min, cur; } version;
    bool system_emulation;
    struct { int smp_vcpus, max_vcpus; } system;
};

EXPORT extern int qemu_plugin_version;

/* The block of a translation's callback. */
static inline struct qemu_plugin_tb *block_of(uintptr_t first, uintptr_t second)
{
    return (struct qemu_plugin_tb *)(qemu_plugin_version >= 7 ? first : second);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
                               int argc, char **argv);

/* ---- what else QEMU's program exports ---- */

struct bytes { uint8_t *data; unsigned length; };   /* GLib's GByteArray */
extern WEAK __thread void *current_cpu;
WEAK int x86_cpu_gdb_read_register(void *cpu, struct bytes *, int number);
WEAK int aarch64_cpu_gdb_read_register(void *cpu, struct bytes *, int number);
/* The machine's memory.  MemTxAttrs, passed as a word: bit 0 is "unspecified". */
extern WEAK char address_space_memory[];
WEAK uint32_t address_space_rw(void *space, uint64_t address, uint64_t attributes, void *,
                               uint64_t length, bool write);
/* qapi's VersionInfo. */
struct qemu_version { struct { int64_t major, minor, micro; } *qemu; };
WEAK struct qemu_version *qmp_query_version(void *error);
WEAK struct bytes *g_byte_array_new(void);
WEAK uint8_t *g_byte_array_free(struct bytes *, int free_data);

#define MAX_INSTRUCTION 15   /* bytes: AMD64 APM vol. 3, 1.1 */

/* Numbers of gdb's register descriptions (gdb-xml/i386-64bit.xml, aarch64-core.xml: X0 to X30, SP, PC,
 * CPSR). */
enum { GDB_RAX = 0, GDB_CS = 18, GDB_CR0 = 27, GDB_CPSR = 33 };

/* A register of `cpu`, by gdb's number; up to 64 bits. */
static inline uint64_t gdb_register(void *cpu, int number)
{
    struct bytes *bytes = g_byte_array_new();
    uint64_t value = 0;
    int length = x86_cpu_gdb_read_register ? x86_cpu_gdb_read_register(cpu, bytes, number)
                                           : aarch64_cpu_gdb_read_register(cpu, bytes, number);

    __builtin_memcpy(&value, bytes->data, length > 8 ? 8 : length > 0 ? (size_t)length : 0);
    g_byte_array_free(bytes, 1);
    return value;
}

/* Guest-physical. */
static inline void physical_memory(uint64_t address, void *data, uint64_t length, bool write)
{
    address_space_rw(address_space_memory, address, 1, data, length, write);
}

/* An instruction's bytes: QEMU's own, or a copy in `buffer`.  `copies`: interface version 3
 * or later. */
static inline const uint8_t *code_of(const struct qemu_plugin_insn *instruction, bool copies,
                                     uint8_t buffer[MAX_INSTRUCTION])
{
    uintptr_t data = qemu_plugin_insn_data(instruction, buffer, MAX_INSTRUCTION);

    return copies ? buffer : (const uint8_t *)data;
}

/* The version of the interface that a QEMU takes, by its own: what is newer than we know is
 * taken for the newest we do.  Without that function, 7.2's. */
static inline int interface_version(void)
{
    const struct qemu_version *v = qmp_query_version ? qmp_query_version(NULL) : NULL;
    int64_t version = v ? v->qemu->major * 100 + v->qemu->minor : 702;

    return version >= 1101 ? 7 : version >= 1100 ? 6 : version >= 900 ? 2 : 1;
}

/* Once in each plugin.  QEMU reads the version when the plugin is loaded, and refuses others. */
#define PLUGIN_VERSION \
    int qemu_plugin_version = 1; \
    __attribute__((constructor)) static void choose_version(void) \
    { \
        qemu_plugin_version = interface_version(); \
    }

#endif
