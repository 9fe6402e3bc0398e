/*
 * The document around the data: page/page.html with its style and script, which are part of this
 * program.
 */
#include "catalogue/glossary.h"
#include "report/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/files.h"
#include "report/answer.h"
#include "report/notes.h"
#include "report/trace_files.h"
#include "xenometer.h"

/* A file of report/page/ as a string; make runs at the top of the tree. */
#define PART(name, file)                                           \
    extern const char name[];                                      \
    __asm__(".section .rodata\n" #name ":\n"                       \
            ".incbin \"dom0-tools/report/page/" file "\"\n"        \
            ".byte 0\n.previous\n")

PART(page_html, "page.html");
PART(page_style, "style.css");
PART(script_basics, "basics.js");
PART(script_charts, "charts.js");
PART(script_catalogue, "catalogue.js");
PART(script_traces, "traces.js");
PART(script_compare, "compare.js");
PART(script_claims, "claims.js");
PART(script_main, "main.js");

/* JSON within a script element: no "<" can end it. */
static void put_data(FILE *out, const char *json)
{
    for ( ; *json; json++ )
        if ( *json == '<' )
            fputs("\\u003c", out);
        else
            fputc(*json, out);
}

/* The words that a report has in it. */
static void put_glossary(FILE *out)
{
    for ( size_t i = 0; term_at(i); i++ )
        if ( term_at(i)->report )
        {
            fputs("<div><dt>", out);
            xml_text(out, term_at(i)->name);
            fputs("</dt><dd>", out);
            xml_text(out, term_at(i)->text);
            fputs("</dd></div>\n", out);
        }
}

/* What an @NAME@ of page.html stands for. */
static void put_part(FILE *out, const char *name, size_t length, const char *title,
                     const char *sentence, const char *json, const char *nonce)
{
    if ( !strncmp(name, "TITLE", length) )
        xml_text(out, title);
    else if ( !strncmp(name, "ANSWER", length) )
        xml_text(out, sentence);
    else if ( !strncmp(name, "NONCE", length) )
        fputs(nonce, out);
    else if ( !strncmp(name, "STYLE", length) )
        fputs(page_style, out);
    else if ( !strncmp(name, "SCRIPT", length) )
    {
        fputs(script_basics, out);
        fputs(script_charts, out);
        fputs(script_catalogue, out);
        fputs(script_traces, out);
        fputs(script_compare, out);
        fputs(script_claims, out);
        fputs(script_main, out);
    }
    else if ( !strncmp(name, "DATA", length) )
        put_data(out, json);
    else if ( !strncmp(name, "GLOSSARY", length) )
        put_glossary(out);
}

char *page_make(const char *title, const char *sentence, json_t *data)
{
    char *json = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(5)), *nonce, *text = NULL;
    const char *at = page_html, *mark;
    size_t size;
    FILE *out = notes_begin(&text, &size);

    json_decref(data);
    /* Only what carries it is executed, should markup ever get in. */
    nonce = xasprintf("%016llx", (unsigned long long)hash_string(HASH_START, json ? json : ""));
    while ( (mark = strchr(at, '@')) != NULL )
    {
        size_t length = strcspn(mark + 1, "@");

        fwrite(at, 1, (size_t)(mark - at), out);
        put_part(out, mark + 1, length, title, sentence, json ? json : "null", nonce);
        at = mark + 1 + length + 1;
    }
    fputs(at, out);
    fclose(out);
    free(nonce);
    free(json);
    return text;
}

char *page_report(const struct page_input *in)
{
    const struct environment *e = &in->results->environment;
    char *sentence = answer_sentence(in->results);
    char *title = xasprintf("xenometer: Xen %s%s%s", e->xen ? e->xen : "",
                            e->started ? ", " : "", e->started ? e->started : "");
    char *text = page_make(title, sentence, page_data(in));

    free(title);
    free(sentence);
    return text;
}
