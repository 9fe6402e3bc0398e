/*
 * The application in WebAssembly: the same commands, rows and results as the application itself, each
 * row that WASI has a call for run by a module (module.wat) in an engine.
 *
 * xenometer-wasm wasm2c|wasmedge MODULE <commands >results
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xenometer/protocol.h>

#include "app/serve.h"
#include "app/wasm/engine.h"

#define BLOCK 4096u
#define AT    4096u    /* where the module reads to */
#define NAME  "xenometer-data"

const char *const export_names[EXPORTS] = {
    "nothing", "empty", "callout", "wasi", "clock", "open", "close", "openclose", "pread", "read",
    "touch", "loads",
};

static struct engine *engine;
static const char *closed;    /* why it could not be opened; NULL: it is */
static uint64_t began, ticks;

void host_begin(void)
{
    began = tsc_begin();
}

void host_end(void)
{
    ticks = tsc_end() - began;
}

/* ------------------------------------------------------------------ rows -- */

static void ask(struct row_run *r, enum export function, uint32_t argument)
{
    if ( engine->call(function, argument) )
        r->failure = "the module did not get what it asked for";
}

static void run_function(struct row_run *r, enum export function)
{
    FOR_EACH_SAMPLE(r, i)
    {
        ask(r, function, i);
        sample_keep(r, i, ticks);
    }
}

static void run_start(struct row_run *r)
{
    sample_keep(r, 0, program_entry);
}

static void run_empty(struct row_run *r)
{
    run_function(r, EXPORT_EMPTY);
}

/* Of the host, not of the module: what a region costs there will be subtracted, and is not in it. */
static void run_call_in(struct row_run *r)
{
    uint64_t region = UINT64_MAX;

    for ( int i = 0; i < 64; i++ )
    {
        ask(r, EXPORT_EMPTY, 0);
        region = ticks < region ? ticks : region;
    }
    FOR_EACH_SAMPLE(r, i)
    {
        uint32_t back;

        sample_keep(r, i, TIMED(back = engine->call(EXPORT_NOTHING, i)) + region);
        if ( back != i )
            r->failure = "the module gave another number back";
    }
}

static void run_call_out(struct row_run *r)
{
    run_function(r, EXPORT_CALLOUT);
}

static void run_wasi(struct row_run *r)
{
    run_function(r, EXPORT_WASI);
}

static uint64_t word(uint32_t address)
{
    uint64_t value;

    memcpy(&value, engine->memory + address, sizeof(value));
    return value;
}

static void run_clock(struct row_run *r)
{
    uint64_t before = 0;

    FOR_EACH_SAMPLE(r, i)
    {
        ask(r, EXPORT_CLOCK, 0);
        sample_keep(r, i, ticks);
        if ( word(0) <= before )
            r->failure = "the clock did not go on";
        before = word(0);
    }
}

static void run_touch(struct row_run *r)
{
    run_function(r, EXPORT_TOUCH);
}

static void run_loads(struct row_run *r)
{
    uint32_t *words = (void *)(engine->memory + AT), sum = 0;

    for ( uint32_t i = 0; i < BLOCK / 4; i++ )
        sum += words[i] = i;
    FOR_EACH_SAMPLE(r, i)
    {
        ask(r, EXPORT_LOADS, BLOCK / 4);
        sample_keep(r, i, ticks);
        if ( (uint32_t)word(0) != sum )
            r->failure = "the words have another sum";
    }
}

/* ---- files ---- */

static const char *setup_file(struct row_run *r)
{
    int file = data_file_make(NAME, BLOCK);

    (void)r;
    if ( file < 0 )
        return "there can be no file in the working directory";
    close(file);
    return NULL;
}

static void teardown_file(struct row_run *r)
{
    (void)r;
    unlink(NAME);
}

static void run_open_close(struct row_run *r)
{
    run_function(r, EXPORT_OPENCLOSE);
}

static void run_reads(struct row_run *r, enum export function)
{
    uint8_t *block = engine->memory + AT;

    ask(r, EXPORT_OPEN, 0);
    FOR_EACH_SAMPLE(r, i)
    {
        block[0] = block[BLOCK - 1] = 0xaa;
        ask(r, function, 0);
        sample_keep(r, i, ticks);
        if ( (uint32_t)word(16) != BLOCK )
            r->failure = "the module got less than it asked for";
        for ( uint32_t k = 0; k < BLOCK; k++ )
            if ( block[k] != data_byte(k) )
                r->failure = "the module got other bytes than were written";
    }
    if ( !r->failure )
        ask(r, EXPORT_CLOSE, 0);
}

static void run_pread(struct row_run *r)
{
    run_reads(r, EXPORT_PREAD);
}

static void run_read(struct row_run *r)
{
    run_reads(r, EXPORT_READ);
}

/* ----------------------------------------------------------------- table -- */

static const struct {
    const char *row;
    struct row_code code;
} rows[] = {
    { "app/empty", { .run = run_empty } },
    { "app/start", { .run = run_start } },
    { "app/clock-syscall", { .run = run_clock } },
    { "app/pread-4k", { setup_file, run_pread, teardown_file } },
    { "app/read-4k", { setup_file, run_read, teardown_file } },
    { "app/open-close", { setup_file, run_open_close, teardown_file } },
    { "app/page-fault", { .run = run_touch } },
    { "mechanism/wasm-call-in", { .run = run_call_in } },
    { "mechanism/wasm-call-out", { .run = run_call_out } },
    { "mechanism/wasi-call", { .run = run_wasi } },
    { "mechanism/wasm-load", { .run = run_loads } },
};

/* What WASI (preview 1) has not, by row. */
static const struct { const char *row, *reason; } lacks[] = {
    { "app/getppid", "WASI has no numbers of processes" },
    { "app/clock-vdso", "WASI has one call for clocks: app/clock-syscall" },
    { "app/mmap-touch-munmap", "WebAssembly's memory grows, and is never given back" },
    { "app/udp-64b", "WASI preview 1 opens no sockets" },
    { "app/tcp-connect", "WASI preview 1 opens no sockets" },
    { "app/signal", "WASI has no signals" },
    { "app/fork-exec-wait", "WASI starts no processes" },
    { "app/pipe-process", "WASI starts no processes" },
    { "app/eventfd-process", "WASI starts no processes" },
    { "app/futex-process", "WASI starts no processes" },
    { "app/uring-nop", "WASI has no io_uring" },
    { "app/uring-read-4k", "WASI has no io_uring" },
};

static const struct row_code *choose(const struct row *row, const char **reason)
{
    if ( closed )
    {
        *reason = closed;
        return NULL;
    }
    for ( size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++ )
        if ( !strcmp(row->name, rows[i].row) )
            return &rows[i].code;
    *reason = "WASI preview 1 has no threads, and so nobody to wake";
    for ( size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++ )
        if ( !strcmp(row->name, lacks[i].row) )
            *reason = lacks[i].reason;
    return NULL;
}

/* wasm2c's descriptor 3, too, is the working directory. */
static void open_directory(void)
{
    int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if ( fd >= 0 && fd != 3 )
        dup2(fd, 3);
}

int main(int argc, char **argv)
{
    if ( argc != 3 )
    {
        fputs("usage: xenometer-wasm wasm2c|wasmedge MODULE <commands >results\n", stderr);
        return 2;
    }
    engine = strcmp(argv[1], "wasm2c") ? &engine_wasmedge : &engine_wasm2c;
    if ( engine == &engine_wasm2c )
        open_directory();
    closed = engine->open(argv[2]);
    return serve(NULL, tsc_begin(), choose);   /* from here on the module could run */
}
