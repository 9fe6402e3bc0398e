#include "trace/markers.h"

#include <stdlib.h>
#include <string.h>

#include "lib/elf.h"
#include "trace/record_file.h"
#include "xenometer.h"

struct marker_list {
    struct record_marker *list;
    uint32_t count;
};

static void add_marker(struct marker_list *markers, uint64_t address, bool is_end, bool is_entry)
{
    markers->list = xrealloc(markers->list, (markers->count + 1) * sizeof(*markers->list));
    markers->list[markers->count++] = (struct record_marker){
        .address = address, .is_end = is_end, .is_entry = is_entry };
}

/*
 * The image's readings of the clock, by their code: those of arch/x86/machine/cpu.h in domU-kernel/,
 * and that of the handlers which note when they were entered (arch/x86/traps_entry.S).
 */
static void find_x86(const struct elf_part *text, struct marker_list *markers)
{
    static const struct {
        uint8_t code[6];
        uint8_t length, offset;   /* bytes; of the reading itself */
        bool is_end, is_entry;
    } readings[] = {
        { { 0x0f, 0xae, 0xe8, 0x0f, 0x31 }, 5, 3, false, false },   /* lfence; rdtsc */
        { { 0x0f, 0x01, 0xf9, 0x0f, 0xae, 0xe8 }, 6, 0, true, false },   /* rdtscp; lfence */
        { { 0x50, 0x52, 0x0f, 0x31 }, 4, 2, true, true },          /* push rax, rdx; rdtsc */
    };

    for ( size_t i = 0; i < text->size; i++ )
        for ( size_t k = 0; k < sizeof(readings) / sizeof(readings[0]); k++ )
            if ( text->size - i >= readings[k].length &&
                 !memcmp(text->data + i, readings[k].code, readings[k].length) )
                add_marker(markers, text->address + i + readings[k].offset, readings[k].is_end,
                           readings[k].is_entry);
}

/*
 * Likewise of arch/arm64/: MRS of PMCCNTR_EL0, with ISB in front of it where a region begins, on both
 * sides where one ends, and with the registers' saving in front in a handler.
 */
#define ARM64_ISB   0xd5033fdfu
#define ARM64_CLOCK 0xd53b9d00u    /* into X0 */
#define ARM64_PUSH  0xa9bf07e0u    /* STP X0, X1, [SP, #-16]! */

static void find_arm64(const struct elf_part *text, struct marker_list *markers)
{
    uint32_t before = 0, word = 0, after;

    for ( size_t i = 0; i + sizeof(after) <= text->size; i += sizeof(after) )
    {
        memcpy(&after, text->data + i, sizeof(after));
        if ( (word & ~31u) == ARM64_CLOCK && (before == ARM64_ISB || before == ARM64_PUSH) )
            add_marker(markers, text->address + i - sizeof(word), before == ARM64_PUSH || after == ARM64_ISB,
                       before == ARM64_PUSH);
        before = word;
        word = after;
    }
}

int markers_ask(const char *path, uint64_t first, uint64_t last, int fd)
{
    struct record_request request = {
        .magic = RECORD_MAGIC, .version = RECORD_VERSION,
        .first_event = first, .last_event = last,
    };
    struct marker_list markers = { 0 };
    struct elf_part part;
    char *error = NULL;
    struct elf *elf = elf_open(path, &error);
    int status = STATUS_OK;

    if ( !elf )
    {
        message("%s", error);
        free(error);
        return STATUS_USAGE;
    }
    for ( unsigned i = 0; elf_load_segment(elf, i, &part); i++ )
    {
        if ( i == 0 )
            request.image_start = part.address;
        (elf_is_arm64(elf) ? find_arm64 : find_x86)(&part, &markers);
        request.image_end = part.address + part.memory;
    }
    elf_close(elf);
    request.marker_count = markers.count;
    if ( !record_ask(fd, &request, markers.list) )
    {
        message("no memory for the plugin's record");
        status = STATUS_ENVIRONMENT;
    }
    free(markers.list);
    return status;
}
