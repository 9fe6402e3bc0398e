/*
 * An engine that runs the module (module.wat), and what the module asks of its host.
 */
#ifndef APP_WASM_ENGINE_H
#define APP_WASM_ENGINE_H

#include <stdint.h>

/* The module's functions, each of i32 to i32; 0: as it should be. */
enum export {
    EXPORT_NOTHING, EXPORT_EMPTY, EXPORT_CALLOUT, EXPORT_WASI, EXPORT_CLOCK, EXPORT_OPEN, EXPORT_CLOSE,
    EXPORT_OPENCLOSE, EXPORT_PREAD, EXPORT_READ, EXPORT_TOUCH, EXPORT_LOADS, EXPORTS,
};
extern const char *const export_names[EXPORTS];

struct engine {
    const char *name;
    /* Load the module, compiled or not; its descriptor 3 is the working directory.  NULL, or why not. */
    const char *(*open)(const char *file);
    uint32_t (*call)(enum export, uint32_t argument);
    uint8_t *memory;             /* the module's, from 0 on; set by open() */
};

extern struct engine engine_wasm2c, engine_wasmedge;

/* Functions "begin" and "end" of the host: the region between them, which the next ticks() returns. */
void host_begin(void);
void host_end(void);

#endif
