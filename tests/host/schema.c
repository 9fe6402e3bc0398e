/*
 * The part of JSON Schema (draft 2020-12) that ours use.
 */
#include "schema.h"

#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    const json_t *schema, *value;
    const char *where;
};

__attribute__((format(printf, 2, 3)))
static bool wrong(const struct check *c, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s: ", *c->where ? c->where : "the document");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return false;
}

static bool is_type(const json_t *value, const char *type)
{
    return (!strcmp(type, "null") && json_is_null(value)) ||
           (!strcmp(type, "boolean") && json_is_boolean(value)) ||
           (!strcmp(type, "integer") && json_is_integer(value)) ||
           (!strcmp(type, "number") && json_is_number(value)) ||
           (!strcmp(type, "string") && json_is_string(value)) ||
           (!strcmp(type, "array") && json_is_array(value)) ||
           (!strcmp(type, "object") && json_is_object(value));
}

static bool check_type(const struct check *c, const json_t *types)
{
    const json_t *type;
    size_t i;

    if ( json_is_string(types) )
        return is_type(c->value, json_string_value(types)) ||
               wrong(c, "is no %s", json_string_value(types));
    json_array_foreach(types, i, type)
        if ( is_type(c->value, json_string_value(type)) )
            return true;
    return wrong(c, "is of none of its types");
}

static bool check_enum(const struct check *c, const json_t *allowed)
{
    const json_t *one;
    size_t i;

    json_array_foreach(allowed, i, one)
        if ( json_equal(c->value, one) )
            return true;
    return wrong(c, "is none of its values");
}

static bool check_pattern(const struct check *c, const json_t *pattern)
{
    regex_t regex;
    bool fits;

    if ( !json_is_string(c->value) )
        return true;
    if ( regcomp(&regex, json_string_value(pattern), REG_EXTENDED | REG_NOSUB) )
        return wrong(c, "has a pattern that is none");
    fits = !regexec(&regex, json_string_value(c->value), 0, NULL, 0);
    regfree(&regex);
    return fits || wrong(c, "'%s' does not fit %s", json_string_value(c->value),
                         json_string_value(pattern));
}

static bool check(const struct check *c);

static bool check_required(const struct check *c, const json_t *names)
{
    const json_t *name;
    size_t i;

    if ( json_is_object(c->value) )
        json_array_foreach(names, i, name)
            if ( !json_object_get(c->value, json_string_value(name)) )
                return wrong(c, "has no %s", json_string_value(name));
    return true;
}

static bool check_properties(const struct check *c, const json_t *properties)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)c->value, name, value)
    {
        char where[256];
        struct check inner = { json_object_get(properties, name), value, where };

        snprintf(where, sizeof(where), "%s.%s", c->where, name);
        if ( !inner.schema )
            return wrong(&inner, "is not in the schema");
        if ( !check(&inner) )
            return false;
    }
    return true;
}

static bool check_items(const struct check *c, const json_t *schema)
{
    const json_t *value;
    size_t i;

    json_array_foreach(c->value, i, value)
    {
        char where[256];
        struct check inner = { schema, value, where };

        snprintf(where, sizeof(where), "%s[%zu]", c->where, i);
        if ( !check(&inner) )
            return false;
    }
    return true;
}

static bool check_keyword(const struct check *c, const char *keyword, const json_t *argument)
{
    size_t size = json_array_size(c->value);
    json_int_t number = json_integer_value(argument);

    if ( !strcmp(keyword, "type") )
        return check_type(c, argument);
    if ( !strcmp(keyword, "enum") )
        return check_enum(c, argument);
    if ( !strcmp(keyword, "const") )
        return json_equal(c->value, argument) || wrong(c, "is not what it must be");
    if ( !strcmp(keyword, "pattern") )
        return check_pattern(c, argument);
    if ( !strcmp(keyword, "required") )
        return check_required(c, argument);
    if ( !strcmp(keyword, "properties") )
        return check_properties(c, argument);
    if ( !strcmp(keyword, "items") )
        return check_items(c, argument);
    if ( !strcmp(keyword, "minimum") )
        return !json_is_number(c->value) || json_number_value(c->value) >= (double)number ||
               wrong(c, "is below %lld", (long long)number);
    if ( !strcmp(keyword, "minItems") )
        return !json_is_array(c->value) || size >= (size_t)number || wrong(c, "is too short");
    if ( !strcmp(keyword, "maxItems") )
        return !json_is_array(c->value) || size <= (size_t)number || wrong(c, "is too long");
    return !strcmp(keyword, "description") || !strcmp(keyword, "title") ||
           !strcmp(keyword, "$schema") || wrong(c, "the schema's %s is not known here", keyword);
}

static bool check(const struct check *c)
{
    const char *keyword;
    json_t *argument;

    json_object_foreach((json_t *)c->schema, keyword, argument)
        if ( !check_keyword(c, keyword, argument) )
            return false;
    return true;
}

static bool fits(json_t *schema, const char *document)
{
    json_error_t error;
    json_t *value = json_loads(document, JSON_DECODE_ANY, &error);
    struct check c = { schema, value, "" };
    bool good;

    if ( !value )
        fprintf(stderr, "no JSON: line %d: %s\n", error.line, error.text);
    good = schema && value && check(&c);
    json_decref(value);
    json_decref(schema);
    return good;
}

bool schema_fits(const char *file, const char *document)
{
    char path[128];

    snprintf(path, sizeof(path), "dom0-tools/report/schema/%s", file);
    return fits(json_load_file(path, 0, NULL), document);
}

bool schema_fits_text(const char *schema, const char *document)
{
    return fits(json_loads(schema, 0, NULL), document);
}
