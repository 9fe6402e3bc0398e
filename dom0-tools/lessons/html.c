/*
 * All lessons as a course of HTML pages, to be read without a lab: each figure and each output in it was measured
 * when it was written, or is out of a results file.  (lesson.h)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalogue/glossary.h"
#include "catalogue/image.h"
#include "lessons/exercise.h"
#include "lessons/lesson.h"
#include "lib/cancel.h"
#include "lib/files.h"
#include "report/json.h"
#include "report/output.h"
#include "report/text.h"
#include "report/trace_files.h"
#include "report/trace_table.h"
#include "xenometer.h"

/* Beyond that a sequence is no picture any more: PIO reads a sector by some thousand stages. */
#define DRAWING_MAX 200000u   /* bytes */

/* Files are written when all of them are there. */
struct course {
    const struct course_options *o;
    struct results results;        /* of a file */
    struct trace *traces;          /* of files */
    size_t trace_count;
    struct { char *name, *text; } *files;
    size_t file_count;
    unsigned lessons;
};

struct page {
    struct course *course;
    struct lesson *lesson;
    FILE *out;
    unsigned drawings;
};

static const char style[] =
    ":root{color-scheme:light dark;--ground:light-dark(#fbfaf8,#14171b);--card:light-dark(#fff,#1c2026);"
    "--text:light-dark(#1d2126,#e8e6e1);--quiet:light-dark(#565d66,#a4abb5);--line:light-dark(#dcdad5,#353b44);"
    "--accent:light-dark(#1f5fa8,#7db4ee)}"
    "*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--text);font:17px/1.6 system-ui,"
    "\"Segoe UI\",Roboto,\"Noto Sans\",\"Liberation Sans\",sans-serif}"
    "main,nav,footer{max-width:50rem;margin:0 auto;padding:0 1.25rem}nav{display:flex;justify-content:space-between;"
    "gap:1rem;padding-top:1rem;padding-bottom:1rem;font-size:.92rem}a{color:var(--accent)}"
    "h1{font-size:1.8rem;line-height:1.25;margin:1rem 0 .4rem}h2{font-size:1.2rem;margin:2.2rem 0 .4rem}"
    ".question{color:var(--quiet);font-size:1.1rem;margin:0 0 1.6rem}p{margin:0 0 1rem}"
    "pre{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.7rem .9rem;overflow-x:auto;"
    "font:13px/1.45 ui-monospace,\"SF Mono\",Menlo,Consolas,\"DejaVu Sans Mono\",monospace;margin:0 0 1rem}"
    "code{font:.9em ui-monospace,\"DejaVu Sans Mono\",monospace}"
    ".ask{border-left:4px solid var(--accent);background:var(--card);padding:.8rem 1rem;margin:0 0 1.2rem;"
    "border-radius:0 .4rem .4rem 0}.ask p,.ask ol{margin:0 0 .5rem}summary{cursor:pointer;color:var(--accent)}"
    "details p{margin:.5rem 0}figure{margin:0 0 1.2rem}figcaption,footer{color:var(--quiet);font-size:.88rem}"
    "img{max-width:100%;height:auto;border:1px solid var(--line);border-radius:.4rem;background:#fff}"
    "footer{border-top:1px solid var(--line);padding-top:1rem;padding-bottom:2rem;margin-top:3rem}"
    "table{border-collapse:collapse;margin:0 0 1rem}td,th{padding:.15rem .8rem .15rem 0;text-align:right}"
    "td:first-child,th:first-child{text-align:left}.list li{margin:0 0 .8rem}.big{font-size:1.25rem;font-weight:650}";

static void add_file(struct course *c, char *name, char *text)
{
    c->files = xrealloc(c->files, (c->file_count + 1) * sizeof(*c->files));
    c->files[c->file_count].name = name;
    c->files[c->file_count++].text = text;
}

static void head(FILE *out, const char *title)
{
    fprintf(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                 "content=\"width=device-width,initial-scale=1\">\n<title>");
    xml_text(out, title);
    fprintf(out, "</title>\n<style>%s</style>\n", style);
}

/* What stands between backquotes is code. */
static void inline_text(FILE *out, const char *text)
{
    char *copy = xstrdup(text), *rest = copy;

    for ( bool code = false; rest; code = !code )
    {
        fputs(code ? "<code>" : "", out);
        xml_text(out, strsep(&rest, "`"));
        fputs(code ? "</code>" : "", out);
    }
    free(copy);
}

/* A text with its figures filled in, a paragraph an element. */
static void paragraphs(const struct page *p, const char *text)
{
    char *filled = lesson_text(p->lesson, text), *rest = filled;

    while ( rest )
    {
        char *end = strstr(rest, "\n\n");

        if ( end )
            *end = '\0';
        fputs("<p>", p->out);
        inline_text(p->out, rest);
        fputs("</p>\n", p->out);
        rest = end ? end + 2 : NULL;
    }
    free(filled);
}

static void preformatted(const struct page *p, const char *text)
{
    fputs("<pre>", p->out);
    xml_text(p->out, text);
    fputs("</pre>\n", p->out);
}

/* ------------------------------------------------------------- what is run -- */

static void drawing(struct page *p, char *svg, const char *what)
{
    char *name;

    if ( strlen(svg) > DRAWING_MAX )
    {
        free(svg);
        return;
    }
    name = xasprintf("%02u-%u.svg", p->lesson->number, ++p->drawings);
    fprintf(p->out, "<figure><a href=\"%s\"><img src=\"%s\" alt=\"Sequence diagram of ", name, name);
    xml_text(p->out, what);
    fputs("\"></a><figcaption>Who runs after whom, and how many instructions: ", p->out);
    xml_text(p->out, what);
    fputs("</figcaption></figure>\n", p->out);
    add_file(p->course, name, svg);
}

/* The word of a command's that begins so, without that; NULL: none.  The caller's. */
static char *word_behind(const char *line, const char *begin)
{
    const char *at = strstr(line, begin);

    return at ? xasprintf("%.*s", (int)strcspn(at + strlen(begin), " "), at + strlen(begin)) : NULL;
}

/* A trace is drawn, too: the same run does both. */
static int run_live(struct page *p, const struct lesson_step *s)
{
    bool traced = (s->kind == STEP_RUN && !strncmp(s->text, "trace ", 6)) ||
                  (s->kind == STEP_DEMO && strstr(s->text, " trace "));
    char path[] = "/tmp/xenometer-lesson-XXXXXX", *text = NULL, *svg = NULL;
    struct lesson_step drawn = *s;
    int fd = traced ? mkstemp(path) : -1, status;

    if ( fd >= 0 )
        drawn.text = xasprintf("%s --sequence=%s", s->text, path);
    status = lesson_output(&drawn, &text);
    if ( status == STATUS_OK )
        preformatted(p, text);
    if ( fd >= 0 )
    {
        svg = status == STATUS_OK ? read_whole_file(path, NULL) : NULL;
        if ( svg )
        {
            char *what = lesson_command(s);

            drawing(p, svg, what);
            free(what);
        }
        unlink(path);
        close(fd);
        free(drawn.text);
    }
    free(text);
    return status;
}

static bool trace_of_file(struct page *p, const struct lesson_step *s)
{
    char *row = word_behind(s->text, "trace "), *mode = word_behind(s->text, "--mode=");
    bool found = false;

    for ( size_t i = 0; i < p->course->trace_count && row && mode && !found; i++ )
    {
        const struct trace *t = &p->course->traces[i];
        char *text, *svg;
        size_t size;
        FILE *out;

        if ( strcmp(t->row, row) || strcmp(t->column->name, mode) )
            continue;
        out = open_memstream(&text, &size);
        trace_print(out, t, &(struct trace_view){ .functions = true, .limit = 10 });
        fclose(out);
        preformatted(p, text);
        free(text);
        out = open_memstream(&svg, &size);
        trace_sequence(out, t);
        fclose(out);
        drawing(p, svg, s->text);
        found = true;
    }
    free(row);
    free(mode);
    return found;
}

static void rows_of_file(struct page *p, const struct lesson_step *s)
{
    const struct results *all = &p->course->results;
    char *copy = xstrdup(s->text), *rest = copy, *word;

    fputs("<table><tr><th>row</th><th>mode</th><th>", p->out);
    xml_text(p->out, all->environment.clock);
    fputs("</th></tr>\n", p->out);
    while ( (word = strsep(&rest, " ")) != NULL )
        for ( size_t i = 0; i < all->count && strchr(word, '/'); i++ )
        {
            const struct result *r = &all->rows[i];
            char *number;

            if ( r->outcome != OUTCOME_SUCCESS || !row_matches(word, r->row) )
                continue;
            number = text_number(r->median);
            fputs("<tr><td><code>", p->out);
            xml_text(p->out, r->row);
            fprintf(p->out, "</code></td><td>%s</td><td>%s</td></tr>\n", r->column->title, number);
            free(number);
        }
    fputs("</table>\n", p->out);
    free(copy);
}

static int ran(struct page *p, const struct lesson_step *s)
{
    char *command = lesson_command(s);
    bool explain = s->kind == STEP_RUN && !strncmp(s->text, "explain ", 8);
    int status = STATUS_OK;

    fputs("<pre>$ ", p->out);
    xml_text(p->out, command);
    fputs("</pre>\n", p->out);
    if ( !p->course->o->results || explain || s->kind == STEP_SCRIPT )
        status = run_live(p, s);
    else if ( s->kind == STEP_RUN && !strncmp(s->text, "run ", 4) )
        rows_of_file(p, s);
    else if ( s->kind != STEP_RUN || strncmp(s->text, "trace ", 6) || !trace_of_file(p, s) )
        fputs("<p><em>Run it yourself: this page was made of a results file, without a lab.</em></p>\n", p->out);
    free(command);
    return status;
}

/* ------------------------------------------------------------------ steps -- */

static void predict(struct page *p, const struct lesson_step *s)
{
    char *shown = xasprintf("{%s}", s->expression), *value = lesson_text(p->lesson, shown);

    fputs("<div class=\"ask\">", p->out);
    paragraphs(p, s->text);
    fputs("<details><summary>Guess first, then look</summary><p>Measured: <span class=\"big\">", p->out);
    xml_text(p->out, value);
    fputs("</span></p></details></div>\n", p->out);
    free(value);
    free(shown);
}

static void choose(struct page *p, const struct lesson_step *s)
{
    char *answer;

    fputs("<div class=\"ask\">", p->out);
    paragraphs(p, s->text);
    fputs("<ol type=\"a\">", p->out);
    for ( size_t i = 0; i < s->choice_count; i++ )
    {
        char *filled = lesson_text(p->lesson, s->choices[i]);

        fputs("<li>", p->out);
        inline_text(p->out, filled);
        fputs("</li>", p->out);
        free(filled);
    }
    fprintf(p->out, "</ol><details><summary>Choose first, then look</summary><p>%c) ", 'a' + (int)s->right);
    answer = lesson_text(p->lesson, s->choices[s->right]);
    inline_text(p->out, answer);
    free(answer);
    fputs("</p></details></div>\n", p->out);
}

static void code(struct page *p, const char *title, char *text)
{
    if ( !text )
        return;
    fprintf(p->out, "<details><summary>%s</summary>", title);
    preformatted(p, text);
    fputs("</details>\n", p->out);
    free(text);
}

static int step(struct page *p, const struct lesson_step *s)
{
    switch ( s->kind )
    {
    case STEP_TEXT:
        paragraphs(p, s->text);
        break;
    case STEP_PREDICT:
        predict(p, s);
        break;
    case STEP_CHOOSE:
        choose(p, s);
        break;
    case STEP_RUN:
    case STEP_SCRIPT:
    case STEP_DEMO:
        return ran(p, s);
    case STEP_PICTURE:
        fputs("<figure>", p->out);
        preformatted(p, term_find(s->text)->picture);
        fputs("<figcaption>", p->out);
        xml_text(p->out, s->text);
        fputs("</figcaption></figure>\n", p->out);
        break;
    case STEP_EXERCISE:
        fputs("<h2>Exercise</h2>\n", p->out);
        paragraphs(p, s->text);
        if ( p->lesson->code )
        {
            fprintf(p->out, "<pre>$ xenometer lesson %u --start DIR &amp;&amp; make -C DIR</pre>\n", p->lesson->number);
            code(p, "The file to complete", exercise_text(p->lesson, "start.c"));
        }
        break;
    case STEP_SOLUTION:
        if ( !p->course->o->answers )
            break;
        fputs("<details><summary>A solution</summary>", p->out);
        paragraphs(p, s->text);
        fputs("</details>\n", p->out);
        if ( p->lesson->code )
            code(p, "The solution's file", exercise_text(p->lesson, "solution.c"));
        break;
    }
    return STATUS_OK;
}

/* ------------------------------------------------------------------ pages -- */

static char *page_name(unsigned number)
{
    return xasprintf("%02u.html", number);
}

static void neighbours(const struct page *p)
{
    unsigned n = p->lesson->number;

    if ( p->course->o->number )
        return;   /* it stands alone */
    fputs("<nav>", p->out);
    if ( n > 1 )
        fprintf(p->out, "<a href=\"%02u.html\">Lesson %u</a>", n - 1, n - 1);
    fputs("<a href=\"index.html\">All lessons</a>", p->out);
    if ( n < p->course->lessons )
        fprintf(p->out, "<a href=\"%02u.html\">Lesson %u</a>", n + 1, n + 1);
    fputs("</nav>\n", p->out);
}

static void foot(FILE *out, const struct lesson *l)
{
    fputs("<footer><p>Each figure was measured when this page was made", out);
    if ( l && l->measured_on )
    {
        fputs(": ", out);
        xml_text(out, l->measured_on);
    }
    fputs(". Executed instructions are not times: VM entries and exits, TLB and cache misses cost nothing in the "
          "lab's clock.</p></footer>\n", out);
}

static int make_page(struct course *c, struct lesson *l)
{
    struct page p = { .course = c, .lesson = l };
    char *text, *title;
    size_t size;
    unsigned missing = c->o->results ? lesson_take(l, &c->results) : 0;
    int status = c->o->results ? STATUS_OK : lesson_measure(l);

    if ( status != STATUS_OK )
        return status;
    p.out = open_memstream(&text, &size);
    title = xasprintf("Lesson %u: %s", l->number, l->title);
    head(p.out, title);
    neighbours(&p);
    fputs("<main>\n<h1>", p.out);
    xml_text(p.out, title);
    fputs("</h1>\n<p class=\"question\">", p.out);
    xml_text(p.out, l->question);
    fputs("</p>\n", p.out);
    if ( missing )
        fputs("<p><em>A question mark stands for a figure that the results have not.</em></p>\n", p.out);
    for ( size_t i = 0; i < l->step_count && status == STATUS_OK; i++ )
        status = step(&p, &l->steps[i]);
    fputs("</main>\n", p.out);
    neighbours(&p);
    foot(p.out, l);
    fputs("</html>\n", p.out);
    fclose(p.out);
    free(title);
    add_file(c, page_name(l->number), text);
    return status;
}

static int make_pages(struct course *c)
{
    char *text;
    size_t size;
    FILE *index = open_memstream(&text, &size);
    int status = STATUS_OK;

    head(index, "Paravirtualization, measured");
    fputs("<main>\n<h1>Paravirtualization, measured</h1>\n<p class=\"question\">A course in short lessons: a question, "
          "a guess, the figure, what it means, an exercise.  In a terminal, <code>xenometer lesson 1</code> measures "
          "it while you read.</p>\n<ol class=\"list\">\n", index);
    for ( unsigned n = 1; n <= c->lessons && status == STATUS_OK; n++ )
    {
        struct lesson l;

        status = lesson_read(n, &l);
        if ( status != STATUS_OK )
            break;
        if ( c->o->number == 0 || c->o->number == n )
        {
            progress("lesson %u of %u: %s", n, c->lessons, l.title);
            status = make_page(c, &l);
        }
        fprintf(index, "<li><a href=\"%02u.html\">", n);
        xml_text(index, l.title);
        fputs("</a><br>", index);
        xml_text(index, l.question);
        fprintf(index, " <small>%u minutes%s</small></li>\n", l.minutes, l.code ? "; its exercise is code" : "");
        lesson_free(&l);
    }
    fputs("</ol>\n</main>\n", index);
    foot(index, NULL);
    fputs("</html>\n", index);
    fclose(index);
    if ( c->o->number )
        free(text);
    else
        add_file(c, xstrdup("index.html"), text);
    return status;
}

static int take_files(struct course *c)
{
    const struct course_options *o = c->o;
    int status = o->results ? results_read(o->results, &c->results) : STATUS_OK;

    c->traces = xcalloc(o->trace_count + 1, sizeof(*c->traces));
    while ( status == STATUS_OK && c->trace_count < o->trace_count )
    {
        status = trace_read(o->traces[c->trace_count], &c->traces[c->trace_count]);
        c->trace_count += status == STATUS_OK;
    }
    return status;
}

/* Asked before minutes are spent. */
static int make_directory(const char *directory, bool *made)
{
    struct stat s;

    *made = mkdir(directory, 0755) == 0;
    if ( *made || (!stat(directory, &s) && S_ISDIR(s.st_mode) && !access(directory, W_OK)) )
        return STATUS_OK;
    message("%s: %s", directory, errno == EEXIST ? "there is something that is no directory" : strerror(errno));
    return STATUS_USAGE;
}

int course_write(const struct course_options *o)
{
    struct course c = { .o = o, .lessons = lesson_count() };
    bool made = false;
    int status = take_files(&c);

    if ( status == STATUS_OK )
        status = make_directory(o->directory, &made);
    cancel_begin();
    if ( status == STATUS_OK )
        status = make_pages(&c);
    cancel_end();
    for ( size_t i = 0; i < c.file_count; i++ )
    {
        char *path = path_in(o->directory, c.files[i].name);

        if ( status == STATUS_OK )
            status = output_write(path, c.files[i].text);
        free(path);
        free(c.files[i].name);
        free(c.files[i].text);
    }
    if ( status == STATUS_OK )
    {
        if ( o->number )
            printf("%s/%02u.html\n", o->directory, o->number);
        else
            printf("%s/index.html: %u lessons\n", o->directory, c.lessons);
    }
    else if ( made )
        rmdir(o->directory);   /* empty, unless the disk became full */
    while ( c.trace_count )
        trace_free(&c.traces[--c.trace_count]);
    free(c.traces);
    free(c.files);
    results_free(&c.results);
    return status;
}
