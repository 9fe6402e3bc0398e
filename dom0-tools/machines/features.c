/*
 * The CPU features that the lab adds to QEMU's CPU, by name (lab.h).
 */
#include <stdlib.h>
#include <string.h>

#include "machines/lab.h"
#include "xenometer.h"

/* By QEMU's names. */
static const struct {
    const char *name;
    enum lab_feature bit;
} features[] = {
    { "nrip-save", LAB_NRIP_SAVE },
    { "decodeassists", LAB_DECODE_ASSISTS },
};
#define FEATURES (sizeof(features) / sizeof(features[0]))

static bool parse_one(const char *name, uint32_t *without)
{
    for ( size_t i = 0; i < FEATURES; i++ )
        if ( !strcmp(name, features[i].name) )
        {
            *without |= features[i].bit;
            return true;
        }
    return false;
}

int lab_features_parse(const char *option, const char *text, uint32_t *without)
{
    char *copy = xstrdup(text), *rest = copy, *name;
    int status = STATUS_OK;

    while ( status == STATUS_OK && (name = strsep(&rest, ",")) )
        if ( !parse_one(name, without) )
        {
            message("%s=%s: the lab adds no feature '%s' to QEMU's CPU that could be left out; it "
                    "adds nrip-save and decodeassists", option, text, name);
            status = STATUS_USAGE;
        }
    free(copy);
    return status;
}

const char *lab_feature_name(size_t i)
{
    return i < FEATURES ? features[i].name : NULL;
}

char *lab_features(const struct lab_options *options)
{
    char *text = options->clock == LAB_KVM || options->cpu ? NULL : xstrdup("svm,npt");

    for ( size_t i = 0; text && i < FEATURES; i++ )
        if ( !(options->without & features[i].bit) )
        {
            char *longer = xasprintf("%s,%s", text, features[i].name);

            free(text);
            text = longer;
        }
    return text;
}
