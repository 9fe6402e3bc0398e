/*
 * Columns of the application as a WebAssembly module (app/wasm): as C, which is the floor; in WasmEdge,
 * compiled ahead, and interpreted.
 */
#include <stdlib.h>

#include "guests/app.h"
#include "machines/lab.h"
#include "xenometer.h"

#define HOST   "xenometer-wasm"
#define MODULE "xenometer.wasm"

static int run(struct batch *b, const char *script)
{
    char *host = data_file(HOST), *module = data_file(MODULE);
    int status = STATUS_OK;

    if ( host && module )
        status = lab_batch(b, SYSTEM_LINUX, script, (const struct lab_file[]){
            { .host_path = host, .name = HOST }, { .host_path = module, .name = MODULE },
            { .host_path = b->elf, .name = APP_PROGRAM } }, 3,
            "its engine");
    else
        b->skip = "xenometer is built without it: install wabt, and run `make`";
    free(host);
    free(module);
    return status;
}

static int run_wasm2c(struct batch *b)
{
    return run(b, "exec " APP_START "./" HOST " wasm2c " MODULE);
}

COLUMN(wasm2c) = {
    APP_COLUMN_ALONE, .name = "wasm2c", .title = "wasm2c", .order = 191, .classes = "app wasm",
    .here = "", .what = "an application in WebAssembly, as C by wabt's wasm2c, the floor", .runs = HOST,
    .note = "wasm2c: the module as C, and WASI as thin as can be; a real one has more to check.",
    .batch = run_wasm2c,
};

static int run_wasmedge(struct batch *b)
{
    return run(b, "wasmedge compile " MODULE " module.so >&2 && exec " APP_START "./" HOST " wasmedge module.so");
}

COLUMN(wasmedge) = {
    APP_COLUMN_ALONE, .name = "wasmedge", .title = "WasmEdge", .order = 192, .classes = "app wasm",
    .what = "an application in WebAssembly, in WasmEdge, compiled ahead", .runs = HOST,
    .batch = run_wasmedge,
};

static int run_interpreter(struct batch *b)
{
    return run(b, "exec " APP_START "./" HOST " wasmedge " MODULE);
}

COLUMN(wasmedgeint) = {
    APP_COLUMN_ALONE, .name = "wasmedgeint", .title = "interpreter", .order = 193, .classes = "app wasm",
    .what = "an application in WebAssembly, in WasmEdge's interpreter", .runs = HOST,
    .note = "interpreter: WasmEdge without its compiler.",
    .batch = run_interpreter,
};
