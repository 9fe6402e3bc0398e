/*
 * The floor: the module as C that wabt's wasm2c has made of it, compiled like any program.  WASI is as
 * thin as can be: each function checks where it is to read and write, and is a system call.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "app/row.h"
#include "app/wasm/engine.h"
#include "module.h"

/* wasm2c calls things otherwise from 1.0.33 on. */
#ifdef WASM2C_OLD_NAMES
#define MODULE       Z_module_instance_t
#define HOST(f)      Z_hostZ_##f
#define WASI(f)      Z_wasi_snapshot_preview1Z_##f
#define OF_HOST      struct Z_host_instance_t
#define OF_WASI      struct Z_wasi_snapshot_preview1_instance_t
#define EXPORTED(f)  Z_moduleZ_##f
#define INSTANTIATE  Z_module_init_module(); Z_module_instantiate
#else
#define MODULE       w2c_module
#define HOST(f)      w2c_host_##f
#define WASI(f)      w2c_wasi__snapshot__preview1_##f
#define OF_HOST      struct w2c_host
#define OF_WASI      struct w2c_wasi__snapshot__preview1
#define EXPORTED(f)  w2c_module_##f
#define INSTANTIATE  wasm2c_module_instantiate
#endif

static MODULE module;

/* WASI's errno: those that can come here (wasi_snapshot_preview1.witx). */
enum { WASI_SUCCESS = 0, WASI_FAULT = 21, WASI_IO = 29 };

static void *at(uint32_t address, uint32_t size)
{
    return (uint64_t)address + size <= module.w2c_memory.size ? module.w2c_memory.data + address : NULL;
}

static uint32_t put32(uint32_t address, uint32_t value)
{
    uint32_t *to = at(address, 4);

    if ( !to )
        return WASI_FAULT;
    *to = value;
    return WASI_SUCCESS;
}

void HOST(begin)(OF_HOST *unused)
{
    (void)unused;
    host_begin();
}

void HOST(end)(OF_HOST *unused)
{
    (void)unused;
    host_end();
}

void HOST(nothing)(OF_HOST *unused)
{
    (void)unused;
    __asm__ volatile ("");   /* that somebody is called */
}

u32 WASI(args_sizes_get)(OF_WASI *unused, u32 count, u32 bytes)
{
    (void)unused;
    return put32(count, 0) | put32(bytes, 0);
}

u32 WASI(clock_time_get)(OF_WASI *unused, u32 clock, u64 precision, u32 to)
{
    struct timespec t;
    uint64_t *time = at(to, 8);

    (void)unused;
    (void)precision;
    if ( !time )
        return WASI_FAULT;
    if ( system_call3(SYS_clock_gettime, clock, (long)&t, 0) )
        return WASI_IO;
    *time = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
    return WASI_SUCCESS;
}

static uint32_t transfer(long number, u32 fd, u32 vectors, u32 count, long offset, u32 done)
{
    const uint32_t *vector = at(vectors, 8);
    void *to = count == 1 && vector ? at(vector[0], vector[1]) : NULL;
    long n;

    if ( !to )
        return WASI_FAULT;
    n = system_call(number, fd, (long)to, vector[1], offset, 0, 0);
    return n < 0 ? WASI_IO : put32(done, (uint32_t)n);
}

u32 WASI(fd_pread)(OF_WASI *unused, u32 fd, u32 vectors, u32 count, u64 offset, u32 done)
{
    (void)unused;
    return transfer(SYS_pread64, fd, vectors, count, (long)offset, done);
}

u32 WASI(fd_read)(OF_WASI *unused, u32 fd, u32 vectors, u32 count, u32 done)
{
    (void)unused;
    return transfer(SYS_read, fd, vectors, count, 0, done);
}

u32 WASI(fd_seek)(OF_WASI *unused, u32 fd, u64 offset, u32 whence, u32 to)
{
    uint64_t *position = at(to, 8);
    long n = system_call3(SYS_lseek, fd, (long)offset, whence);

    (void)unused;
    if ( !position || n < 0 )
        return position ? WASI_IO : WASI_FAULT;
    *position = (uint64_t)n;
    return WASI_SUCCESS;
}

u32 WASI(fd_close)(OF_WASI *unused, u32 fd)
{
    (void)unused;
    return system_call3(SYS_close, fd, 0, 0) ? WASI_IO : WASI_SUCCESS;
}

/* Below the directory that is its only one; a real WASI looks for ".." and links as well. */
u32 WASI(path_open)(OF_WASI *unused, u32 directory, u32 look, u32 path, u32 length, u32 how, u64 rights,
                    u64 inherited, u32 flags, u32 to)
{
    const char *name = at(path, length);
    char text[64];
    long fd;

    (void)unused, (void)directory, (void)look, (void)how, (void)rights, (void)inherited, (void)flags;
    if ( !name || length >= sizeof(text) )
        return WASI_FAULT;
    for ( u32 i = 0; i < length; i++ )
        text[i] = name[i];
    text[length] = '\0';
    fd = system_call(SYS_openat, AT_FDCWD, (long)text, O_RDONLY | O_CLOEXEC, 0, 0, 0);
    return fd < 0 ? WASI_IO : put32(to, (uint32_t)fd);
}

/* ---------------------------------------------------------------- engine -- */

static u32 (*const functions[EXPORTS])(MODULE *, u32) = {
    EXPORTED(nothing), EXPORTED(empty), EXPORTED(callout), EXPORTED(wasi), EXPORTED(clock), EXPORTED(open),
    EXPORTED(close), EXPORTED(openclose), EXPORTED(pread), EXPORTED(read), EXPORTED(touch), EXPORTED(loads),
};

static const char *open_module(const char *file)
{
    (void)file;   /* it is in this program */
    wasm_rt_init();
    INSTANTIATE(&module, NULL, NULL);
    engine_wasm2c.memory = module.w2c_memory.data;
    return NULL;
}

static uint32_t call(enum export function, uint32_t argument)
{
    return functions[function](&module, argument);
}

struct engine engine_wasm2c = { .name = "wasm2c", .open = open_module, .call = call };
