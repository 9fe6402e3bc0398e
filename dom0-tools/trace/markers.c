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

/*
 * The image's readings of the TSC, by their code: those of arch/x86/machine/cpu.h in domU-kernel/,
 * and that of the handlers which note when they were entered (arch/x86/traps_entry.S).
 */
static void find_markers(const struct elf_part *text, struct marker_list *markers)
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
        {
            if ( text->size - i < readings[k].length ||
                 memcmp(text->data + i, readings[k].code, readings[k].length) )
                continue;
            markers->list = xrealloc(markers->list, (markers->count + 1) * sizeof(*markers->list));
            markers->list[markers->count++] = (struct record_marker){
                .address = text->address + i + readings[k].offset, .is_end = readings[k].is_end, .is_entry = readings[k].is_entry };
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
        find_markers(&part, &markers);
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
