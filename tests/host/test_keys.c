/*
 * backend/keys.c: what a frontend may write into its XenStore directory, and
 * what it may not (F32 to F34 of the catalogue of hostile peers).
 */
#include <CUnit/CUnit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/keys.h"
#include "capture.h"
#include "suites.h"
#include "xenometer.h"

#define IMAGE "0123456789abcdef0123456789abcdef01234567"

/* A directory in memory. */
struct entry {
    const char *key;
    const char *value;
    size_t length;   /* 0: that of the string */
};

static struct entry directory[16];
static unsigned reads;

static void fill(void)
{
    static const struct entry good[] = {
        { KEY_PROTOCOL, PROTOCOL_VERSION, 0 }, { KEY_MODE, "pvh", 0 },
        { KEY_IMAGE, IMAGE, 0 }, { KEY_RING_ORDER, "1", 0 },
        { KEY_RING_REF "0", "8", 0 }, { KEY_RING_REF "1", "9", 0 },
        { KEY_EVENT_CHANNEL, "5", 0 }, { KEY_CONTROL_REF, "10", 0 },
        { KEY_CONTROL_CHANNEL, "6", 0 }, { KEY_ECHO_CHANNEL, "7", 0 },
        { KEY_SAMPLES_REF, "4294967295", 0 }, { KEY_SAMPLES_PAGES, "16", 0 },
    };

    memset(directory, 0, sizeof(directory));
    memcpy(directory, good, sizeof(good));
    reads = 0;
}

static void set(const char *key, const char *value, size_t length)
{
    for ( size_t i = 0; i < sizeof(directory) / sizeof(directory[0]); i++ )
        if ( directory[i].key == NULL || strcmp(directory[i].key, key) == 0 )
        {
            directory[i] = (struct entry){ key, value, length };
            return;
        }
    CU_FAIL_FATAL("the directory is full");
}

static char *read_key(void *context, const char *key, size_t *length)
{
    (void)context;
    reads++;
    for ( size_t i = 0; i < sizeof(directory) / sizeof(directory[0]); i++ )
    {
        const struct entry *e = &directory[i];
        char *copy;

        if ( e->key == NULL || e->value == NULL || strcmp(e->key, key) != 0 )
            continue;
        *length = e->length ? e->length : strlen(e->value);
        copy = xmalloc(*length + 1);
        memcpy(copy, e->value, *length);
        copy[*length] = '\0';
        return copy;
    }
    return NULL;
}

static void test_good(void)
{
    struct frontend_keys keys;
    char *wrong;

    fill();
    wrong = keys_parse(&keys, read_key, NULL);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    CU_ASSERT_EQUAL(keys.mode, MODE_PVH);
    CU_ASSERT_STRING_EQUAL(keys.image, IMAGE);
    CU_ASSERT_EQUAL(keys.ring_order, 1);
    CU_ASSERT_EQUAL(keys.ring_ref[0], 8);
    CU_ASSERT_EQUAL(keys.ring_ref[1], 9);
    CU_ASSERT_EQUAL(keys.ring_port, 5);
    CU_ASSERT_EQUAL(keys.control_ref, 10);
    CU_ASSERT_EQUAL(keys.control_port, 6);
    CU_ASSERT_EQUAL(keys.echo_port, 7);
    CU_ASSERT_EQUAL(keys.samples_ref, UINT32_MAX);
    CU_ASSERT_EQUAL(keys.samples_pages, 16);
    /* Each key once: what is checked is what is used. */
    CU_ASSERT_EQUAL(reads, 12);
}

/* With `key` like that (NULL: missing), parsing must fail and say so. */
static bool refused(const char *key, const char *value, size_t length,
                    const char *said)
{
    struct frontend_keys keys;
    char *wrong;
    bool good;

    fill();
    set(key, value, length);
    wrong = keys_parse(&keys, read_key, NULL);
    if ( wrong == NULL )
    {
        fprintf(stderr, "\n  %s=\"%s\" was taken\n", key, value ? value : "");
        return false;
    }
    good = says(wrong, key) && says(wrong, said);
    for ( const char *c = wrong; *c; c++ )
        good = good && *c >= ' ' && *c <= '~';
    free(wrong);
    return good;
}

static void test_missing(void)
{
    static const char *const keys[] = {
        KEY_PROTOCOL, KEY_MODE, KEY_IMAGE, KEY_RING_ORDER, KEY_RING_REF "0",
        KEY_RING_REF "1", KEY_EVENT_CHANNEL, KEY_CONTROL_REF,
        KEY_CONTROL_CHANNEL, KEY_ECHO_CHANNEL, KEY_SAMPLES_REF,
        KEY_SAMPLES_PAGES,
    };

    for ( size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++ )
        CU_ASSERT_TRUE(refused(keys[i], NULL, 0, "is missing"));
}

static void test_numbers(void)
{
    static const char *const numbers[] = {
        KEY_RING_ORDER, KEY_RING_REF "0", KEY_EVENT_CHANNEL, KEY_CONTROL_REF,
        KEY_CONTROL_CHANNEL, KEY_ECHO_CHANNEL, KEY_SAMPLES_REF,
        KEY_SAMPLES_PAGES,
    };
    static const char *const bad[] = {
        "-1", "+1", " 1", "1 ", "1\n", "0x1", "01", "1.0", "1e1", "one",
        "4294967296", "18446744073709551617", "99999999999999999999999", "\xff",
    };

    for ( size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++ )
    {
        for ( size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++ )
            CU_ASSERT_TRUE(refused(numbers[n], bad[i], 0, "must be a number"));
        /* A NUL does not hide what follows. */
        CU_ASSERT_TRUE(refused(numbers[n], "1\0002", 3, "must be a number"));
        CU_ASSERT_TRUE(refused(numbers[n], "1\0", 2, "must be a number"));
    }
}

static void test_ranges(void)
{
    struct frontend_keys keys;
    char key[16], *wrong;

    CU_ASSERT_TRUE(refused(KEY_RING_ORDER, "5", 0, "from 0 to 4"));
    CU_ASSERT_TRUE(refused(KEY_RING_ORDER, "31", 0, "from 0 to 4"));
    CU_ASSERT_TRUE(refused(KEY_SAMPLES_PAGES, "0", 0, "from 1 to 1024"));
    CU_ASSERT_TRUE(refused(KEY_SAMPLES_PAGES, "1025", 0, "from 1 to 1024"));
    CU_ASSERT_TRUE(refused(KEY_EVENT_CHANNEL, "0", 0, "must be a number"));
    CU_ASSERT_TRUE(refused(KEY_ECHO_CHANNEL, "131072", 0, "must be a number"));

    /* The largest ring: all of its references are read. */
    fill();
    set(KEY_RING_ORDER, "4", 0);
    memset(&directory[12], 0, 4 * sizeof(directory[0]));
    wrong = keys_parse(&keys, read_key, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
    snprintf(key, sizeof(key), KEY_RING_REF "2");
    CU_ASSERT_TRUE(says(wrong, key));
    free(wrong);
}

static void test_words(void)
{
    CU_ASSERT_TRUE(refused(KEY_PROTOCOL, "xenometer-2", 0,
                           "is \"xenometer-2\", must be \"xenometer-1\""));
    CU_ASSERT_TRUE(refused(KEY_PROTOCOL, "xenometer-1\0x", 13, "must be"));
    CU_ASSERT_TRUE(refused(KEY_MODE, "bare", 0, "must be pv, pvh or hvm"));
    CU_ASSERT_TRUE(refused(KEY_MODE, "PV", 0, "must be pv, pvh or hvm"));
    CU_ASSERT_TRUE(refused(KEY_MODE, "pv\0h", 4, "must be pv, pvh or hvm"));
    CU_ASSERT_TRUE(refused(KEY_IMAGE, "", 0, "hexadecimal"));
    CU_ASSERT_TRUE(refused(KEY_IMAGE, IMAGE "0", 0, "hexadecimal"));
    CU_ASSERT_TRUE(refused(KEY_IMAGE, "0123456789ABCDEF0123456789abcdef01234567",
                           0, "hexadecimal"));
    /* Nothing a guest writes reaches a terminal as it is. */
    CU_ASSERT_TRUE(refused(KEY_MODE, "\033[2J\r\n\x80", 0, "\"?[2J???\""));
    CU_ASSERT_TRUE(refused(KEY_IMAGE,
        "a very long value, far longer than any message about it ought to be, "
        "and then some more of it, and more, and more, and more", 0,
        "hexadecimal"));
}

/* One event channel named for two uses; the message names the numbers. */
static void test_ports(void)
{
    static const char *const channels[] = { KEY_EVENT_CHANNEL,
        KEY_CONTROL_CHANNEL, KEY_ECHO_CHANNEL };

    for ( size_t i = 0; i < 3; i++ )
    {
        struct frontend_keys keys;
        char *wrong;

        fill();
        set(channels[i], "77", 0);
        set(channels[(i + 1) % 3], "77", 0);
        wrong = keys_parse(&keys, read_key, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(wrong);
        CU_ASSERT_TRUE(says(wrong, "77"));
        free(wrong);
    }
}

static void test_decimal(void)
{
    uint32_t value = 1;

    CU_ASSERT_TRUE(keys_decimal("0", 1, 0, 9, &value));
    CU_ASSERT_EQUAL(value, 0);
    CU_ASSERT_TRUE(keys_decimal("4294967295", 10, 0, UINT32_MAX, &value));
    CU_ASSERT_EQUAL(value, UINT32_MAX);
    value = 77;
    CU_ASSERT_FALSE(keys_decimal("", 0, 0, 9, &value));
    CU_ASSERT_FALSE(keys_decimal("00", 2, 0, 9, &value));
    CU_ASSERT_FALSE(keys_decimal("10", 2, 0, 9, &value));
    CU_ASSERT_FALSE(keys_decimal("1", 1, 2, 9, &value));
    CU_ASSERT_EQUAL(value, 77);
}

static void test_printable(void)
{
    char to[8];

    keys_printable(to, sizeof(to), "abc", 3);
    CU_ASSERT_STRING_EQUAL(to, "abc");
    keys_printable(to, sizeof(to), "abcdefghij", 10);
    CU_ASSERT_STRING_EQUAL(to, "abcdefg");
    keys_printable(to, sizeof(to), "a\nb\x7f\xff", 5);
    CU_ASSERT_STRING_EQUAL(to, "a?b??");
    keys_printable(to, sizeof(to), "ab\0cd", 5);
    CU_ASSERT_STRING_EQUAL(to, "ab");
    keys_printable(to, 1, "abc", 3);
    CU_ASSERT_STRING_EQUAL(to, "");
}

static void test_names(void)
{
    static const char *const names[][2] = {
        { "my guest", "my guest" }, { "\303\274n\303\257", "\303\274n\303\257" },
        { "a\nb\033[2J\177", "a?b?[2J?" },
        { "c\302\233d\302\240", "c??d\302\240" },   /* U+009B, CSI; U+00A0, a space */
        { "\302", "\302" },   /* cut off: no more is read than there is */
    };

    for ( size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++ )
    {
        char *name = strdup(names[i][0]);

        keys_show_name(name);
        CU_ASSERT_STRING_EQUAL(name, names[i][1]);
        free(name);
    }
}

void suite_keys(void)
{
    CU_pSuite suite = CU_add_suite("keys", NULL, NULL);

    CU_add_test(suite, "a good directory", test_good);
    CU_add_test(suite, "F32 missing keys", test_missing);
    CU_add_test(suite, "F32 numbers that are none", test_numbers);
    CU_add_test(suite, "F34 numbers out of range", test_ranges);
    CU_add_test(suite, "F33 words", test_words);
    CU_add_test(suite, "F35 one port used twice", test_ports);
    CU_add_test(suite, "decimal numbers", test_decimal);
    CU_add_test(suite, "printable text", test_printable);
    CU_add_test(suite, "names of domains", test_names);
}
