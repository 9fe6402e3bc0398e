/*
 * WasmEdge by its C library, which is opened by name: this program is built where there is none.  The
 * declarations are those of wasmedge.h, version 0.14, which has no promise beyond its minor version.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "app/wasm/engine.h"

#define LIBRARY "libwasmedge.so.0"
#define VERSION "0.14."

struct value_type { uint8_t data[8]; };
struct value { unsigned __int128 value; struct value_type type; };
struct string { uint32_t length; const char *text; };
struct result { uint32_t code; };
typedef struct result host_function(void *data, const void *frame, const struct value *, struct value *);

enum { REGISTRATION_WASI = 0 };   /* enum WasmEdge_HostRegistration */

/* Of the library, as they are called there. */
static struct {
    const char *(*VersionGet)(void);
    void *(*ConfigureCreate)(void);
    void (*ConfigureAddHostRegistration)(void *, int);
    void *(*VMCreate)(void *, void *);
    void *(*VMGetImportModuleContext)(void *, int);
    void (*ModuleInstanceInitWASI)(void *, const char *const *, uint32_t, const char *const *, uint32_t,
                                   const char *const *, uint32_t);
    void *(*ModuleInstanceCreate)(struct string);
    struct string (*StringCreateByCString)(const char *);
    void *(*FunctionTypeCreate)(const struct value_type *, uint32_t, const struct value_type *, uint32_t);
    void *(*FunctionInstanceCreate)(const void *, host_function *, void *, uint64_t);
    void (*ModuleInstanceAddFunction)(void *, struct string, void *);
    struct result (*VMRegisterModuleFromImport)(void *, const void *);
    struct result (*VMLoadWasmFromFile)(void *, const char *);
    struct result (*VMValidate)(void *);
    struct result (*VMInstantiate)(void *);
    const void *(*VMGetActiveModule)(const void *);
    void *(*VMGetExecutorContext)(void *);
    void *(*ModuleInstanceFindFunction)(const void *, struct string);
    void *(*ModuleInstanceFindMemory)(const void *, struct string);
    uint8_t *(*MemoryInstanceGetPointer)(void *, uint32_t, uint32_t);
    struct result (*ExecutorInvoke)(void *, const void *, const struct value *, uint32_t, struct value *,
                                    uint32_t);
    struct value (*ValueGenI32)(int32_t);
    int32_t (*ValueGetI32)(struct value);
    bool (*ResultOK)(struct result);
    const char *(*ResultGetMessage)(struct result);
} edge;

#define NAME(function) { offsetof(__typeof__(edge), function), "WasmEdge_" #function }
static const struct { size_t at; const char *name; } functions[] = {
    NAME(VersionGet), NAME(ConfigureCreate), NAME(ConfigureAddHostRegistration), NAME(VMCreate),
    NAME(VMGetImportModuleContext), NAME(ModuleInstanceInitWASI), NAME(ModuleInstanceCreate),
    NAME(StringCreateByCString), NAME(FunctionTypeCreate), NAME(FunctionInstanceCreate),
    NAME(ModuleInstanceAddFunction), NAME(VMRegisterModuleFromImport), NAME(VMLoadWasmFromFile),
    NAME(VMValidate), NAME(VMInstantiate), NAME(VMGetActiveModule), NAME(VMGetExecutorContext),
    NAME(ModuleInstanceFindFunction), NAME(ModuleInstanceFindMemory), NAME(MemoryInstanceGetPointer),
    NAME(ExecutorInvoke), NAME(ValueGenI32), NAME(ValueGetI32), NAME(ResultOK), NAME(ResultGetMessage),
};

static void *executor;
static void *exported[EXPORTS];

static const char *open_library(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW);

    if ( !library )
        return LIBRARY " is not there: install wasmedge";
    for ( size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++ )
    {
        void *f = dlsym(library, functions[i].name);

        if ( !f )
            return functions[i].name;
        memcpy((char *)&edge + functions[i].at, &f, sizeof(f));
    }
    return strncmp(edge.VersionGet(), VERSION, strlen(VERSION)) ? "WasmEdge is not of version " VERSION "x"
                                                                 : NULL;
}

static struct result begin(void *data, const void *frame, const struct value *in, struct value *out)
{
    (void)data, (void)frame, (void)in, (void)out;
    host_begin();
    return (struct result){ 0 };
}

static struct result end(void *data, const void *frame, const struct value *in, struct value *out)
{
    host_end();
    (void)data, (void)frame, (void)in, (void)out;
    return (struct result){ 0 };
}

static struct result nothing(void *data, const void *frame, const struct value *in, struct value *out)
{
    (void)data, (void)frame, (void)in, (void)out;
    return (struct result){ 0 };
}

static void add(void *host, const char *name, host_function *function)
{
    void *type = edge.FunctionTypeCreate(NULL, 0, NULL, 0);

    edge.ModuleInstanceAddFunction(host, edge.StringCreateByCString(name),
                                   edge.FunctionInstanceCreate(type, function, NULL, 0));
}

static const char *open_module(const char *file)
{
    static const char *const directory[] = { ".:." };
    const char *why = open_library();
    void *configuration, *vm, *host;
    const void *active;
    struct result r;

    if ( why )
        return why;
    configuration = edge.ConfigureCreate();
    edge.ConfigureAddHostRegistration(configuration, REGISTRATION_WASI);
    vm = edge.VMCreate(configuration, NULL);
    edge.ModuleInstanceInitWASI(edge.VMGetImportModuleContext(vm, REGISTRATION_WASI), NULL, 0, NULL, 0,
                                directory, 1);
    host = edge.ModuleInstanceCreate(edge.StringCreateByCString("host"));
    add(host, "begin", begin);
    add(host, "end", end);
    add(host, "nothing", nothing);
    r = edge.VMRegisterModuleFromImport(vm, host);
    if ( edge.ResultOK(r) )
        r = edge.VMLoadWasmFromFile(vm, file);
    if ( edge.ResultOK(r) )
        r = edge.VMValidate(vm);
    if ( edge.ResultOK(r) )
        r = edge.VMInstantiate(vm);
    if ( !edge.ResultOK(r) )
        return edge.ResultGetMessage(r);
    active = edge.VMGetActiveModule(vm);
    executor = edge.VMGetExecutorContext(vm);
    for ( int i = 0; i < EXPORTS; i++ )
        if ( !(exported[i] = edge.ModuleInstanceFindFunction(
                   active, edge.StringCreateByCString(export_names[i]))) )
            return export_names[i];
    engine_wasmedge.memory = edge.MemoryInstanceGetPointer(
        edge.ModuleInstanceFindMemory(active, edge.StringCreateByCString("memory")), 0, 1);
    return NULL;
}

static uint32_t call(enum export function, uint32_t argument)
{
    struct value in = edge.ValueGenI32((int32_t)argument), out = in;
    struct result r = edge.ExecutorInvoke(executor, exported[function], &in, 1, &out, 1);

    return edge.ResultOK(r) ? (uint32_t)edge.ValueGetI32(out) : UINT32_MAX;
}

struct engine engine_wasmedge = { .name = "wasmedge", .open = open_module, .call = call };
