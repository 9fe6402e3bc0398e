/*
 * trace/: names of functions in files that have none, by their instructions, and in modules that
 * lie elsewhere than the table says.
 */
#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "suites.h"
#include "trace/instruction.h"
#include "trace/likeness.h"
#include "trace/symbols.h"
#include "xenometer.h"

static void test_instructions(void)
{
    static const struct {
        const char *code;
        uint8_t length, displacement_size, immediate_size;
        bool rip_relative, relative, call;
    } known[] = {
        { "\x90", 1, 0, 0, 0, 0, 0 },                                   /* nop */
        { "\xe8\x10\x20\x30\x40", 5, 0, 4, 0, 1, 1 },                   /* call */
        { "\x0f\x84\x10\x20\x30\x40", 6, 0, 4, 0, 1, 0 },               /* je */
        { "\x48\x8b\x05\x10\x20\x30\x40", 7, 4, 0, 1, 0, 0 },           /* mov rip, rax */
        { "\x48\xb8" "12345678", 10, 0, 8, 0, 0, 0 },                   /* movabs */
        { "\x66\xc7\x44\x24\x08\x34\x12", 7, 1, 2, 0, 0, 0 },           /* movw, 8(rsp) */
        { "\xf6\x05\x10\x20\x30\x40\x01", 7, 4, 1, 1, 0, 0 },           /* testb, rip */
        { "\xf7\xd8", 2, 0, 0, 0, 0, 0 },                               /* neg */
        { "\xc5\xf8\x10\x04\x25\x10\x20\x30\x40", 9, 4, 0, 0, 0, 0 },   /* vmovups */
        { "\x66\x0f\x3a\x0f\xc1\x08", 6, 0, 1, 0, 0, 0 },               /* palignr */
        { "\xc5\xf9\xf6\xc1", 4, 0, 0, 0, 0, 0 },                       /* vpsadbw */
    };
    struct instruction in;

    for ( size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++ )
    {
        CU_ASSERT_TRUE(instruction_decode((const uint8_t *)known[i].code, known[i].length, &in));
        CU_ASSERT_EQUAL(in.length, known[i].length);
        CU_ASSERT_EQUAL(in.displacement_size, known[i].displacement_size);
        CU_ASSERT_EQUAL(in.immediate_size, known[i].immediate_size);
        CU_ASSERT_EQUAL(in.rip_relative, known[i].rip_relative);
        CU_ASSERT_EQUAL(in.relative, known[i].relative);
        CU_ASSERT_EQUAL(in.call, known[i].call);
        for ( size_t part = 0; part < known[i].length; part++ )
        {
            /* Nothing behind the end is read. */
            uint8_t *cut = xmalloc(part + 1);

            memcpy(cut, known[i].code, part);
            cut = xrealloc(cut, part ? part : 1);
            CU_ASSERT_FALSE(instruction_decode(cut, part, &in));
            free(cut);
        }
    }
}

/* This program without its names gets them back from itself. */
static void test_likeness(void)
{
    char *data;
    struct symbols with = { 0 }, without = { 0 };
    size_t size, named, wrong = 0;

    data = read_whole_file("/proc/self/exe", &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(data);
    symbols_add_elf(&with, data, size);
    symbols_sort(&with);
    without.list = xcalloc(with.count, sizeof(*without.list));
    for ( ; without.count < with.count; without.count++ )
        without.list[without.count] = (struct symbol){
            .start = with.list[without.count].start, .size = with.list[without.count].size };
    named = likeness_name(&without, data, size, data, size);
    CU_ASSERT(named * 2 > with.count);
    for ( size_t i = 0; i < with.count; i++ )
        wrong += without.list[i].name && strcmp(without.list[i].name, with.list[i].name);
    CU_ASSERT_EQUAL(wrong, 0);
    symbols_free(&with);
    symbols_free(&without);
    free(data);
}

/* A table's modules are moved to where they were, each function by as much as its own. */
static void test_modules(void)
{
    char table[] = "# tun 0xffffffffc0300000\n# brd 0xffffffffc0200000\n# ext4 0xffffffffc0100000\n"
                   "ffffffff81000000 T do_idle\n"
                   "ffffffffc0200010 t brd_do_bvec\t[brd]\n"
                   "ffffffffc0100020 t ext4_read\t[ext4]\n"
                   "ffffffffc0200040 t brd_init\t[brd]\n";

    for ( int twice = 0; twice < 2; twice++ )
    {
        symbols_place_modules(table, "brd ffffffffc0205000\ntun ffffffffc0300000\n");
        CU_ASSERT_EQUAL(symbols_address(table, "do_idle"), 0xffffffff81000000);
        CU_ASSERT_PTR_NOT_NULL(strstr(table, "\nffffffffc0205010 t brd_do_bvec\t[brd]\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(table, "\nffffffffc0100020 t ext4_read\t[ext4]\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(table, "\nffffffffc0205040 t brd_init\t[brd]\n"));
        CU_ASSERT_PTR_NOT_NULL(strstr(table, "# brd 0xffffffffc0205000\n"));
    }
    symbols_place_modules(table, "brd ffffffffc0200000\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(table, "\nffffffffc0200010 t brd_do_bvec\t[brd]\n"));
}

void suite_names(void)
{
    CU_pSuite s = CU_add_suite("names", NULL, NULL);

    CU_add_test(s, "instructions", test_instructions);
    CU_add_test(s, "names by likeness", test_likeness);
    CU_add_test(s, "modules that lie elsewhere", test_modules);
}
