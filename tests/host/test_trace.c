/*
 * trace/: the plugin on an image whose instructions are counted by hand, and
 * what is made of a record.
 */
#include <CUnit/CUnit.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "lib/child.h"
#include "lib/files.h"
#include "machines/lab.h"
#include "report/trace_files.h"
#include "report/trace_table.h"
#include "fixture.h"
#include "schema.h"
#include "suites.h"
#include "trace/symbols.h"
#include "trace/trace.h"
#include "xenometer.h"

/* ---------------------------------------------------------------- plugin -- */

#define COUNT_REGIONS 6u

/* tests/plugin/count.S tells where they come from. */
static const uint32_t known[COUNT_REGIONS] = { 2, 12, 203, 7, 6, 68 };

/* Its markers: linked at 1 MiB, the text first in the file's one LOAD segment. */
static uint32_t find_markers(const char *file, size_t size, struct record_marker *markers)
{
    static const char begin[] = "\x0f\xae\xe8\x0f\x31", end[] = "\x0f\x01\xf9\x0f\xae\xe8";
    uint32_t count = 0;
    Elf64_Phdr text;

    memcpy(&text, file + sizeof(Elf64_Ehdr), sizeof(text));
    for ( size_t i = 0; i + 6 < size && count < 2 * COUNT_REGIONS; i++ )
    {
        bool begins = !memcmp(file + i, begin, 5);

        if ( begins || !memcmp(file + i, end, 6) )
            markers[count++] = (struct record_marker){
                .address = text.p_vaddr + i - text.p_offset + (begins ? 3 : 0),
                .is_end = !begins };
    }
    return count;
}

static uint64_t executed(const struct record_event *event)
{
    uint64_t all = 0;

    for ( int i = 0; i < LAYERS; i++ )
        all += event->count[i];
    return all;
}

static void test_plugin(void)
{
    struct record_marker markers[2 * COUNT_REGIONS];
    struct record_request request = {
        .magic = RECORD_MAGIC, .version = RECORD_VERSION, .image_start = 0x100000,
        .image_end = 0x200000, .first_event = 4, .last_event = 5,   /* the loop */
    };
    /* Static: what a fatal assertion leaves behind is then no leak to be reported. */
    static char *image, *path, *console, *file;
    static struct record record;
    static void *out;
    struct lab_plugin plugin = { .record = memory_file("record", 0) };
    struct lab_options lab = { .clock = LAB_EXACT, .quiet = true, .plugin = &plugin };
    uint64_t recorded = 0;
    size_t size;

    image = data_file("test-count.elf");
    path = data_file("trace-plugin.so");
    CU_ASSERT_PTR_NOT_NULL_FATAL(image);
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    plugin.library = open(path, O_RDONLY | O_CLOEXEC);
    file = read_whole_file(image, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    request.marker_count = find_markers(file, size, markers);
    CU_ASSERT_EQUAL_FATAL(request.marker_count, 2 * COUNT_REGIONS);
    CU_ASSERT_TRUE_FATAL(record_ask(plugin.record, &request, markers));

    CU_ASSERT_EQUAL(lab_bare(&lab, image, NULL, 0, &out, &size, &console, 30), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(size, sizeof(known));
    CU_ASSERT_EQUAL(memcmp(out, known, sizeof(known)), 0);   /* what the guest's TSC says */
    CU_ASSERT_PTR_NULL_FATAL(record_read(plugin.record, &record));
    CU_ASSERT_EQUAL_FATAL(record.event_count, 2 * COUNT_REGIONS);
    for ( size_t i = 0; i < COUNT_REGIONS; i++ )
    {
        CU_ASSERT_EQUAL(executed(&record.events[2 * i + 1]) - executed(&record.events[2 * i]),
                        known[i]);
        CU_ASSERT_EQUAL(record.events[2 * i + 1].count[LAYER_GUEST] -
                        record.events[2 * i].count[LAYER_GUEST], known[i]);
    }
    for ( size_t i = 0; i < record.segment_count; i++ )
        recorded += (uint64_t)record.segments[i].count * record.segments[i].repeat;
    CU_ASSERT_EQUAL(recorded, known[2]);
    /* The loop is one block, run over and over: it takes one record. */
    CU_ASSERT(record.segment_count < 6);

    record_free(&record);
    close(plugin.library);
    close(plugin.record);
    free(console);
    free(out);
    free(file);
    free(image);
    free(path);
}

/* ------------------------------------------------------------ attribution -- */

static const char xen_map[] =
    "0xffff82d040200000 T _stext\n"
    "0xffff82d040201000 t entry.S#lstar_enter\n"
    "0xffff82d040202000 T do_event_channel_op\n"
    "0xffff82d040203000 T evtchn_send\n"
    "0xffff82d040204000 T vcpu_wake\n"
    "0xffff82d040205000 T context_switch\n"
    "0xffff82d040300000 B hvm_funcs\n";
static const char kernel_table[] =
    "0000000000001000 A cpu_debug_store\n"
    "ffffffff81000100 T do_syscall_64\n"
    "ffffffff81000200 t evtchn_ioctl.isra.0\n"
    "ffffffffc0200000 t notify\t[xen_evtchn]\n"
    "ffffffffc0300000 t svm_vcpu_run\t[kvm_amd]\n";

/* A record as the plugin writes one, by hand. */
struct made {
    struct record_context contexts[4];
    struct { struct record_block block; uint8_t lengths[8]; } blocks[16];
    struct record_segment segments[32];
    const struct record_block *index[16];
    size_t block_count, segment_count;
    struct capture capture;
};

enum { IN_GUEST, IN_XEN, IN_KERNEL, IN_USER };

/* `count` instructions of 4 bytes at an address. */
static void execute(struct made *m, uint32_t context, uint64_t address, uint16_t count,
                    enum block_end end, uint64_t stack)
{
    uint32_t block = (uint32_t)m->block_count++;

    m->blocks[block].block = (struct record_block){ .address = address, .count = count,
                                                    .end = end };
    memset(m->blocks[block].lengths, 4, sizeof(m->blocks[block].lengths));
    m->index[block] = &m->blocks[block].block;
    m->segments[m->segment_count++] = (struct record_segment){
        .block = block, .count = count, .repeat = 1, .context = context, .stack = stack };
    m->capture.count[m->contexts[context].layer] += count;
    m->capture.ticks += count;
}

static void idle(struct made *m, uint64_t ticks)
{
    m->segments[m->segment_count++] = (struct record_segment){
        .block = RECORD_IDLE, .repeat = 1, .context = IN_XEN, .stack = ticks };
    m->capture.count[LAYER_IDLE] += ticks;
    m->capture.ticks += ticks;
}

/*
 * The guest calls Xen, which goes to dom0; dom0 sends an event that wakes the
 * guest, goes on for a while, and Xen switches back.
 */
static void make_round_trip(struct made *m)
{
    const uint64_t xen_stack = 0xffff830000007f00, kernel_stack = 0xffffc90000003f00;

    *m = (struct made){ .contexts = {
        { .layer = LAYER_GUEST }, { .layer = LAYER_XEN }, { .layer = LAYER_KERNEL },
        { .layer = LAYER_USER, .cr3 = 0x1000 } } };
    execute(m, IN_GUEST, 0x100000, 5, BLOCK_OTHER, 0x110000);
    execute(m, IN_XEN, 0xffff82d040205000, 7, BLOCK_OTHER, xen_stack);
    idle(m, 1000);
    execute(m, IN_XEN, 0xffff82d040205010, 1, BLOCK_OTHER, xen_stack);
    execute(m, IN_KERNEL, 0xffffffff81000100, 3, BLOCK_CALL, kernel_stack);
    execute(m, IN_KERNEL, 0xffffffff81000200, 4, BLOCK_CALL, kernel_stack - 8);
    execute(m, IN_KERNEL, 0xffffffffc0200000, 2, BLOCK_OTHER, kernel_stack - 16);
    execute(m, IN_XEN, 0xffff82d040201000, 2, BLOCK_CALL, xen_stack);
    execute(m, IN_XEN, 0xffff82d040203000, 6, BLOCK_CALL, xen_stack - 8);
    execute(m, IN_XEN, 0xffff82d040204000, 8, BLOCK_RETURN, xen_stack - 16);
    execute(m, IN_XEN, 0xffff82d040203020, 1, BLOCK_RETURN, xen_stack - 8);
    execute(m, IN_KERNEL, 0xffffffffc0200010, 1, BLOCK_RETURN, kernel_stack - 16);
    execute(m, IN_KERNEL, 0xffffffff81000220, 1, BLOCK_OTHER, kernel_stack - 8);
    execute(m, IN_XEN, 0xffff82d040205020, 8, BLOCK_OTHER, xen_stack);
    execute(m, IN_GUEST, 0x100020, 2, BLOCK_OTHER, 0x110000);
    m->capture.record = (struct record){
        .contexts = m->contexts, .segments = m->segments, .blocks = m->index,
        .context_count = 4, .segment_count = m->segment_count, .block_count = m->block_count };
    m->capture.samples = 1;
}

static struct names *make_names(const struct made *m, const struct column *column)
{
    struct lab_symbols symbols = { .xen = (char *)xen_map, .kernel = (char *)kernel_table };
    struct names *names;

    capture_begin();
    names = names_new(&symbols, "/no/image", column, &m->capture.record);
    CU_ASSERT(says(capture_end(), "/no/image.debug"));
    return names;
}

static const struct function *function(const struct trace *t, const char *name)
{
    for ( size_t i = 0; i < t->function_count; i++ )
        if ( !strcmp(t->functions[i].name, name) )
            return &t->functions[i];
    CU_FAIL_FATAL("a function is missing");
    return NULL;
}

static void test_attribution(void)
{
    struct made m;
    struct names *names;
    struct trace t;
    const struct step *deepest = NULL;

    make_round_trip(&m);
    names = make_names(&m, &column_pv);
    CU_ASSERT_TRUE_FATAL(trace_make(&m.capture, names, &t));
    CU_ASSERT_EQUAL(t.total, 1051);
    CU_ASSERT_EQUAL(t.layers[LAYER_GUEST], 7);
    CU_ASSERT_EQUAL(t.layers[LAYER_XEN], 33);
    CU_ASSERT_EQUAL(t.layers[LAYER_KERNEL], 11);
    CU_ASSERT_EQUAL(t.layers[LAYER_IDLE], 1000);

    /* guest, Xen, idle, Xen, kernel, Xen, kernel (tail), Xen, guest */
    CU_ASSERT_EQUAL_FATAL(t.stage_count, 9);
    CU_ASSERT_EQUAL(t.stages[4].count, 9);
    CU_ASSERT_EQUAL(t.stages[4].at, 5 + 7 + 1000 + 1);
    for ( size_t i = 0; i < 9; i++ )
        CU_ASSERT_EQUAL(t.stages[i].tail, i == 6);
    CU_ASSERT_EQUAL(t.tail, 2);

    /* Suffixes and file names are gone; callees are in. */
    CU_ASSERT_EQUAL(function(&t, "evtchn_send")->own, 7);
    CU_ASSERT_EQUAL(function(&t, "evtchn_send")->with_callees, 15);
    CU_ASSERT_EQUAL(function(&t, "evtchn_send")->calls, 1);
    CU_ASSERT_EQUAL(function(&t, "lstar_enter")->with_callees, 17);
    CU_ASSERT_EQUAL(function(&t, "evtchn_ioctl")->own, 5);
    CU_ASSERT_EQUAL(function(&t, "do_syscall_64")->with_callees, 11);
    CU_ASSERT_EQUAL(function(&t, "context_switch")->own, 16);
    for ( size_t i = 0; i < t.step_count; i++ )
        if ( !deepest || t.steps[i].depth > deepest->depth )
            deepest = &t.steps[i];
    CU_ASSERT_EQUAL_FATAL(deepest->depth, 3);
    CU_ASSERT_STRING_EQUAL(deepest->frames[0], "do_syscall_64");
    CU_ASSERT_STRING_EQUAL(deepest->frames[2], "notify");
    trace_free(&t);

    /* One instruction lost is one too many. */
    m.capture.count[LAYER_XEN]++;
    capture_begin();
    CU_ASSERT_FALSE(trace_make(&m.capture, names, &t));
    CU_ASSERT(says(capture_end(), "33 instructions of layer xen, the clock 34"));
    trace_free(&t);
    names_free(names);
}

/*
 * KVM takes an exit, a kernel helper that it calls is its own work, as is what it jumps to, and returns to the
 * kernel; the monitor answers.
 */
static void test_kvm(void)
{
    const uint64_t stack = 0xffffc90000003f00;
    static const uint64_t kvm = 0xffffffffc0300000, kernel = 0xffffffff81000000;
    struct made m = { .contexts = {
        { .layer = LAYER_GUEST }, { .layer = LAYER_XEN }, { .layer = LAYER_KERNEL },
        { .layer = LAYER_USER, .cr3 = 0x1000 } } };
    struct names *names;
    struct trace t;

    execute(&m, IN_GUEST, 0x100000, 3, BLOCK_OTHER, 0x110000);
    execute(&m, IN_KERNEL, kvm, 5, BLOCK_CALL, stack - 32);
    execute(&m, IN_KERNEL, kernel + 0x200, 7, BLOCK_RETURN, stack - 40);
    execute(&m, IN_KERNEL, kvm + 20, 2, BLOCK_OTHER, stack - 32);
    /* It has taken its registers off the stack, and leaves by a thunk. */
    execute(&m, IN_KERNEL, kernel + 0x100, 1, BLOCK_RETURN, stack - 8);
    execute(&m, IN_KERNEL, kernel + 0x220, 4, BLOCK_OTHER, stack);
    execute(&m, IN_USER, 0x401000, 9, BLOCK_OTHER, 0x7fff0000);
    m.capture.record = (struct record){
        .contexts = m.contexts, .segments = m.segments, .blocks = m.index,
        .context_count = 4, .segment_count = m.segment_count, .block_count = m.block_count };
    names = make_names(&m, column_find("kvm"));
    CU_ASSERT_TRUE_FATAL(trace_make(&m.capture, names, &t));
    CU_ASSERT_EQUAL_FATAL(t.stage_count, 4);
    CU_ASSERT_STRING_EQUAL(t.places[t.stages[1].place].name, "KVM");
    CU_ASSERT_EQUAL(t.stages[1].count, 5 + 7 + 2 + 1);
    CU_ASSERT_STRING_EQUAL(t.places[t.stages[2].place].name, "host kernel");
    CU_ASSERT_EQUAL(t.layers[LAYER_KVM], 15);
    CU_ASSERT_EQUAL(t.layers[LAYER_KERNEL], 4);
    trace_free(&t);
    names_free(names);
}

/* What a writer prints; the caller's. */
static char *written(void (*writer)(FILE *, const struct trace *), const struct trace *t)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    writer(out, t);
    fclose(out);
    return text;
}

/* speedscope.app/file-format-schema.json, of it what a sampled profile needs. */
static const char speedscope[] = "{\"required\": [\"$schema\", \"shared\", \"profiles\"], "
    "\"properties\": {\"$schema\": {\"const\": \"https://www.speedscope.app/file-format-schema.json\"}, "
    "\"exporter\": {\"type\": \"string\"}, \"name\": {\"type\": \"string\"}, "
    "\"shared\": {\"required\": [\"frames\"], \"properties\": {\"frames\": {\"items\": {"
    "\"required\": [\"name\"], \"properties\": {\"name\": {\"type\": \"string\"}, "
    "\"file\": {\"type\": \"string\"}}}}}}, "
    "\"profiles\": {\"minItems\": 1, \"items\": {\"required\": [\"type\", \"name\", \"unit\", "
    "\"startValue\", \"endValue\", \"samples\", \"weights\"], \"properties\": {"
    "\"type\": {\"const\": \"sampled\"}, \"name\": {\"type\": \"string\"}, \"unit\": {\"enum\": "
    "[\"none\", \"nanoseconds\", \"microseconds\", \"milliseconds\", \"seconds\", \"bytes\"]}, "
    "\"startValue\": {\"type\": \"number\"}, \"endValue\": {\"type\": \"number\"}, "
    "\"samples\": {\"items\": {\"items\": {\"type\": \"integer\"}}}, "
    "\"weights\": {\"items\": {\"type\": \"number\"}}}}}}}";

/* "Trace Event Format": complete events and metadata. */
static const char events[] = "{\"required\": [\"traceEvents\"], \"properties\": {"
    "\"displayTimeUnit\": {\"enum\": [\"ms\", \"ns\"]}, \"otherData\": {\"type\": \"object\"}, "
    "\"traceEvents\": {\"items\": {\"required\": [\"name\", \"ph\", \"pid\", \"tid\"], \"properties\": {"
    "\"name\": {\"type\": \"string\"}, \"cat\": {\"type\": \"string\"}, \"ph\": {\"enum\": [\"X\", \"M\"]}, "
    "\"ts\": {\"type\": \"number\", \"minimum\": 0}, \"dur\": {\"type\": \"number\", \"minimum\": 0}, "
    "\"pid\": {\"type\": \"integer\"}, \"tid\": {\"type\": \"integer\"}, \"args\": {\"type\": \"object\"}}}}}}";

/* What other programs read adds up to what was counted. */
static void check_exports(const struct trace *t)
{
    char *text = written(trace_speedscope, t);
    json_t *document, *profile, *item;
    json_int_t sum = 0;
    double own = 0;
    size_t i;

    CU_ASSERT_TRUE(schema_fits_text(speedscope, text));
    document = json_loads(text, 0, NULL);
    profile = json_array_get(json_object_get(document, "profiles"), 0);
    json_array_foreach(json_object_get(profile, "weights"), i, item)
        sum += json_integer_value(item);
    CU_ASSERT_EQUAL((uint64_t)sum, t->total);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(profile, "samples")), t->step_count);
    json_decref(document);
    free(text);

    text = written(trace_perfetto, t);
    CU_ASSERT_TRUE(schema_fits_text(events, text));
    document = json_loads(text, 0, NULL);
    /* A thread for each who executes: the boxes at its top cover the whole crossing. */
    json_array_foreach(json_object_get(document, "traceEvents"), i, item)
    {
        const char *name = json_string_value(json_object_get(item, "name"));
        json_int_t thread = json_integer_value(json_object_get(item, "tid"));

        if ( !strcmp(json_string_value(json_object_get(item, "ph")), "X") &&
             !strcmp(name, t->places[thread - 1].name) )
            own += json_number_value(json_object_get(item, "dur"));
    }
    CU_ASSERT_EQUAL((uint64_t)(own * 1000 + 0.5), t->total);
    json_decref(document);
    free(text);
}

static void test_files(void)
{
    struct made m;
    struct names *names;
    struct trace t, read;
    char *text, *again;

    make_round_trip(&m);
    names = make_names(&m, &column_pv);
    CU_ASSERT_TRUE_FATAL(trace_make(&m.capture, names, &t));
    t.row = xstrdup("a/row<&>");
    t.column = &column_pv;
    t.xen_symbols = true;
    text = written(trace_folded, &t);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Xen;lstar_enter;evtchn_send;vcpu_wake 8\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "Xen;context_switch 16\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "idle 1000\n"));
    free(text);
    text = written(trace_flame, &t);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "a/row&lt;&amp;&gt; in pv: 1,051 instructions"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "evtchn_send (Xen): 15 instructions at"));
    free(text);
    text = written(trace_sequence, &t);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ", 2 of them after the answer was ready"));
    free(text);

    text = trace_to_json(&t);
    CU_ASSERT_TRUE(schema_fits("trace-1.json", text));
    CU_ASSERT_EQUAL_FATAL(trace_from_json(text, strlen(text), "it", &read), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(read.row, t.row);
    CU_ASSERT_EQUAL(read.total, t.total);
    CU_ASSERT_EQUAL(read.tail, 2);
    CU_ASSERT_EQUAL(memcmp(read.layers, t.layers, sizeof(t.layers)), 0);
    CU_ASSERT_EQUAL(read.stage_count, t.stage_count);
    CU_ASSERT_EQUAL(read.function_count, t.function_count);
    CU_ASSERT_EQUAL(function(&read, "evtchn_send")->with_callees, 15);
    free(text);
    /* Pictures of what was read are those of what was written. */
    text = written(trace_folded, &t);
    again = written(trace_folded, &read);
    CU_ASSERT_STRING_EQUAL(text, again);
    free(again);
    free(text);
    text = written(trace_flame, &t);
    again = written(trace_flame, &read);
    CU_ASSERT_STRING_EQUAL(text, again);
    free(again);
    free(text);
    check_exports(&read);
    trace_free(&read);
    trace_free(&t);
    names_free(names);
}

/* The output of trace_print_two without bullets and blanks that depend on widths. */
static char *side_by_side(const struct trace *left, const struct trace *right, uint32_t limit)
{
    const struct trace_view view = { .limit = limit };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    trace_print_two(out, left, right, &view);
    fclose(out);
    return text;
}

/* The most first; what only has an address is one in another build, and only there. */
static void test_two_builds(void)
{
    struct place places[] = { { "Xen", LAYER_XEN, 130 }, { "qemu", LAYER_USER, 70 } };
    struct function old_ones[] = {
        { 0, "map_page", 100, 100, 5 }, { 0, "decode", 30, 30, 1 },
        { 1, "+0x1000", 20, 20, 1 }, { 1, "libc.so.6+0x20", 50, 50, 2 },
    };
    struct function new_ones[] = {
        { 0, "map_page.constprop.0", 60, 60, 5 }, { 0, "decode", 35, 35, 2 },
        { 1, "+0x2000", 21, 21, 1 }, { 1, "libc.so.7+0x30", 50, 50, 2 },
        { 0, "fresh", 7, 7, 1 },
    };
    struct trace left = { .row = (char *)"a/row", .column = &column_pvh, .total = 200,
        .layers = { [LAYER_XEN] = 130, [LAYER_USER] = 70 }, .places = places,
        .place_count = 2, .functions = old_ones, .function_count = 4, .xen = "4.17.7",
        .dom0_kernel = "6.1" };
    struct trace right = left;
    char *text, *map, *fresh, *decode;

    right.functions = new_ones;
    right.function_count = 5;
    right.total = 173;
    right.xen = "4.20.4";
    text = side_by_side(&left, &right, 0);
    CU_ASSERT(says(text, "a/row in pvh (Xen 4.17.7, dom0 Linux 6.1) against a/row in pvh (Xen 4.20.4"));
    CU_ASSERT(says(text, "4.17.7  4.20.4  change  calls  where  function\n"));
    map = strstr(text, "   100      60     -40      5  Xen    map_page\n");
    fresh = strstr(text, "     0       7      +7   0, 1  Xen    fresh\n");
    decode = strstr(text, "    30      35      +5   1, 2  Xen    decode\n");
    CU_ASSERT(map && fresh && decode && map < fresh && fresh < decode);
    CU_ASSERT(says(text, "    20      21      +1      1  qemu   by address\n"));
    CU_ASSERT(says(text, "    50      50       0                the other functions\n"));
    free(text);

    /* No more than asked for; the others together. */
    text = side_by_side(&left, &right, 1);
    CU_ASSERT(says(text, "map_page\n   100     113     +13                the other functions\n"));
    free(text);

    /* The same build: an address is a name, and modes are heads. */
    right.xen = left.xen;
    right.column = &column_hvm;
    text = side_by_side(&left, &right, 0);
    CU_ASSERT(says(text, "pvh  hvm  change"));
    CU_ASSERT(says(text, "qemu   +0x1000\n"));
    CU_ASSERT(says(text, "qemu   +0x2000\n"));
    free(text);
}

static void refused(const char *text, const char *why)
{
    struct trace t;

    capture_begin();
    CU_ASSERT_EQUAL(trace_from_json(text, strlen(text), "it", &t), STATUS_USAGE);
    CU_ASSERT(says(capture_end(), why));
}

#define STEPS(stacks, steps) \
    "{\"schema\": \"xenometer-trace/1\", \"row\": \"a\", \"mode\": \"pv\", \"total\": 5, " \
    "\"stages\": [{\"layer\": \"xen\"}], \"functions\": [{\"layer\": \"xen\", \"function\": \"f\"}], " \
    "\"places\": [{\"layer\": \"xen\"}], \"frames\": [\"f\"], \"stacks\": [" stacks "], " \
    "\"steps\": [" steps "]}"

static void test_refused(void)
{
    refused("{", "is no JSON");
    refused("{\"schema\": \"xenometer/1\"}", "is no trace");
    refused("{\"schema\": \"xenometer-trace/2\"}", "xenometer-trace/2");
    refused("{\"schema\": \"xenometer-trace/1\"}", "damaged");
    refused("{\"schema\": \"xenometer-trace/1\", \"row\": \"a\", \"mode\": \"pv\", \"total\": 1, "
            "\"stages\": [{\"layer\": \"nobody\"}]}", "damaged");
    /* Stacks that are none: of no place, called by themselves, of no function; steps too few. */
    refused(STEPS("[-1, 7, -1]", "[0, 5]"), "damaged");
    refused(STEPS("[0, 0, 0]", "[0, 5]"), "damaged");
    refused(STEPS("[-1, 0, -1], [0, 0, 9]", "[1, 5]"), "damaged");
    refused(STEPS("[-1, 0, -1]", "[3, 5]"), "damaged");
    refused(STEPS("[-1, 0, -1]", "[0, 4]"), "damaged");
}

/* A record cut off anywhere is refused, never read beyond its end. */
static void test_damaged_record(void)
{
    struct record_request request = { .magic = RECORD_MAGIC, .version = RECORD_VERSION };
    struct {
        struct record_answer answer;
        struct record_event event;
        struct record_context context;
        struct record_segment segment;
        struct record_block block;
        uint8_t lengths[8];
    } file = {
        .answer = { .magic = RECORD_MAGIC, .contexts = 1, .segments = 1, .blocks = 1,
                    .block_bytes = sizeof(struct record_block) + 8 },
        .segment = { .count = 1, .repeat = 1 }, .block = { .count = 1 },
    };
    struct record_marker none;
    struct record record;
    char *error;

    /* No events: the context follows the answer. */
    memmove(&file.event, &file.context, sizeof(file) - offsetof(__typeof__(file), context));
    for ( size_t size = 0; size <= sizeof(file) - sizeof(file.event); size++ )
    {
        int fd = memory_file("record", 0);

        CU_ASSERT_TRUE(record_ask(fd, &request, &none));
        CU_ASSERT_EQUAL(write_all(fd, &file, size), 0);
        error = record_read(fd, &record);
        CU_ASSERT_EQUAL(error == NULL, size == sizeof(file) - sizeof(file.event));
        if ( !error )
            record_free(&record);
        free(error);
        close(fd);
    }
}

static void test_symbols(void)
{
    struct symbols s = { 0 };
    char *data;
    size_t size;

    symbols_add_text(&s, xen_map, 0xffff82d040200000);
    symbols_sort(&s);
    CU_ASSERT_EQUAL(s.count, 5);
    CU_ASSERT_STRING_EQUAL(symbols_find(&s, 0xffff82d040201fff)->name, "lstar_enter");
    CU_ASSERT_PTR_NULL(symbols_find(&s, 0xffff82d040200fff));
    CU_ASSERT_EQUAL(symbols_address(xen_map, "hvm_funcs"), 0xffff82d040300000);
    CU_ASSERT_EQUAL(symbols_address(xen_map, "feature_flags"), 0);
    symbols_free(&s);

    /* This very program; then any part of it. */
    data = read_whole_file("/proc/self/exe", &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    symbols_add_elf(&s, data, size);
    symbols_sort(&s);
    CU_ASSERT(s.count > 100);
    symbols_free(&s);
    for ( size_t part = 0; part < size; part += part < 4096 ? 61 : 1048573 )
    {
        char *copy = xmalloc(part + 1);

        memcpy(copy, data, part);
        symbols_add_elf(&s, copy, part);
        symbols_sort(&s);
        symbols_free(&s);
        free(copy);
    }
    free(data);
}

void suite_trace(void)
{
    CU_pSuite s = CU_add_suite("trace", NULL, NULL);

    CU_add_test(s, "the plugin counts what is known", test_plugin);
    CU_add_test(s, "layers, stages, stacks, tail", test_attribution);
    CU_add_test(s, "KVM is a part of its kernel", test_kvm);
    CU_add_test(s, "folded stacks, pictures, JSON", test_files);
    CU_add_test(s, "two builds side by side", test_two_builds);
    CU_add_test(s, "traces that are none", test_refused);
    CU_add_test(s, "damaged records", test_damaged_record);
    CU_add_test(s, "symbols", test_symbols);
}
