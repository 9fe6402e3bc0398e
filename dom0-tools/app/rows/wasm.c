/*
 * What WebAssembly's isolation is made of; run by xenometer-wasm (wasm/main.c), which does in its
 * place what is asked here.  A process without it has the last one, to compare.
 */
#include "app/row.h"

#define LOADS 1024u
#define ONLY  "it is of WebAssembly modules: columns wasm2c, wasmedge, wasmedgeint"

#define CALL_ROW .elsewhere = ONLY, .columns = "wasm", .operations = 1, .samples = 500, .warmup = 64

static void run_nothing(struct row_run *r)
{
    r->failure = "no engine runs it here";
}

EXPLANATION(wasm_call_in) =
    "The host calls a function of the module that returns its argument: as an embedder calls a plug-in.  In "
    "wasm2c it is a call of a C function; WasmEdge is asked by its library (ExecutorInvoke), which sets up a stack "
    "and, compiled, a handler of traps.";
ROW(wasm_call_in, .run = run_nothing) = {
    .name = "mechanism/wasm-call-in", .work = "call into a sandbox and return",
    .path = "host, module", .help = "a WebAssembly function called by its host",
    .explanation = explanation_wasm_call_in, CALL_ROW,
};

EXPLANATION(wasm_call_out) =
    "The module calls a function of its host that does nothing.  No kernel, no other stack: a call by a "
    "table, and what the engine does for a host's function.";
ROW(wasm_call_out, .run = run_nothing) = {
    .name = "mechanism/wasm-call-out", .work = "call out of a sandbox and return",
    .path = "module, host", .help = "a host's function called by WebAssembly",
    .explanation = explanation_wasm_call_out, CALL_ROW,
};

EXPLANATION(wasi_call) =
    "The module asks WASI for the size of its arguments (args_sizes_get), which needs no kernel: what WASI itself "
    "costs, its checks of where the answers are to go among it.";
ROW(wasi_call, .run = run_nothing) = {
    .name = "mechanism/wasi-call", .work = "call out of a sandbox and return",
    .path = "module, WASI", .help = "a call of WASI that needs no kernel",
    .against = "mechanism/wasm-call-out", .explanation = explanation_wasi_call, CALL_ROW,
};

static uint32_t words[LOADS];

static void run_loads(struct row_run *r)
{
    uint32_t sum;

    for ( uint32_t i = 0; i < LOADS; i++ )
        words[i] = i;
    FOR_EACH_SAMPLE(r, k)
    {
        const volatile uint32_t *from = words;

        sample_keep(r, k, TIMED(
            sum = 0;
            for ( uint32_t i = 0; i < LOADS; i++ )
                sum += from[i & (LOADS - 1)]));
        if ( sum != LOADS * (LOADS - 1) / 2 )
            r->failure = "the words have another sum";
    }
}

EXPLANATION(wasm_load) =
    "1,024 words added up, one at a time, in a loop: what one turn costs.  A module's addresses are 32 bits wide, "
    "and 8 GiB behind its memory's beginning are reserved: compiled, a load has no check of its bounds, but a fault "
    "that the engine catches; an interpreter looks each time.  Beside it the same loop in C.";
ROW(wasm_load, .run = run_loads) = {
    .name = "mechanism/wasm-load", .work = "read a word of memory, in a loop",
    .path = "load, bounds check", .help = "a turn of a loop that loads a word, in and out of WebAssembly",
    .explanation = explanation_wasm_load,
    .elsewhere = "measured of a process, and of WebAssembly modules",
    .columns = "native wasm", .operations = LOADS, .samples = 100, .warmup = 8,
};
