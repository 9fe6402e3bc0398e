/*
 * Lessons' files, and what stands in them.  (lesson.h)
 */
#include "lessons/lesson.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/column.h"
#include "catalogue/glossary.h"
#include "lessons/exercise.h"
#include "lib/files.h"
#include "report/text.h"
#include "xenometer.h"

#define DIRECTORY "configs/lessons"
#define SUFFIX ".lesson"

/* ----------------------------------------------------------------- parse -- */

struct reader {
    const char *name;
    unsigned line;
    struct lesson *lesson;
    struct lesson_step *paragraphs;   /* @exercise or @solution: where the next paragraphs belong; NULL: alone */
    bool failed;
};

static void complain(struct reader *r, const char *what)
{
    if ( !r->failed )
        message("%s:%u: %s; the form of lessons stands in dom0-tools/lessons/lesson.h", r->name, r->line, what);
    r->failed = true;
}

static struct lesson_step *add_step(struct lesson *l, enum step_kind kind, const char *text)
{
    struct lesson_step *s;

    l->steps = xrealloc(l->steps, (l->step_count + 1) * sizeof(*l->steps));
    s = &l->steps[l->step_count++];
    *s = (struct lesson_step){ .kind = kind, .text = xstrdup(text) };
    return s;
}

/* The word at *at, which moves behind it and its blanks; the caller's. */
static char *take_word(const char **at)
{
    size_t length = strcspn(*at, " ");
    char *word = xasprintf("%.*s", (int)length, *at);

    *at += length;
    *at += strspn(*at, " ");
    return word;
}

static void add_figure(struct reader *r, const char *rest)
{
    struct lesson *l = r->lesson;
    struct lesson_figure *f;

    l->figures = xrealloc(l->figures, (l->figure_count + 1) * sizeof(*l->figures));
    f = &l->figures[l->figure_count++];
    *f = (struct lesson_figure){ .name = take_word(&rest), .row = take_word(&rest), .column = take_word(&rest) };
    if ( !*f->name || !*f->row || !column_find(f->column) || *rest )
        complain(r, "@figure has a name, a row and a column");
}

static void add_choice(struct reader *r, const char *line)
{
    struct lesson_step *s = r->lesson->step_count ? &r->lesson->steps[r->lesson->step_count - 1] : NULL;

    if ( !s || s->kind != STEP_CHOOSE || s->choice_count == CHOICES_MAX )
    {
        complain(r, "a line of a choice, \"- \" or \"* \", stands below @choose, six at most");
        return;
    }
    if ( *line == '*' )
        s->right = s->choice_count;
    s->choices[s->choice_count++] = xstrdup(line + 2);
}

static void directive(struct reader *r, const char *line)
{
    struct lesson *l = r->lesson;
    char *word = take_word(&line);

    r->paragraphs = NULL;
    if ( !strcmp(word, "minutes") )
        l->minutes = (unsigned)atoi(line);
    else if ( !strcmp(word, "question") && !l->question )
        l->question = xstrdup(line);
    else if ( !strcmp(word, "figure") )
        add_figure(r, line);
    else if ( !strcmp(word, "predict") )
    {
        char *expression = take_word(&line);

        add_step(l, STEP_PREDICT, line)->expression = expression;
    }
    else if ( !strcmp(word, "choose") )
        add_step(l, STEP_CHOOSE, line)->right = CHOICES_MAX;
    else if ( !strcmp(word, "run") )
        add_step(l, STEP_RUN, line);
    else if ( !strcmp(word, "script") )
        add_step(l, STEP_SCRIPT, line);
    else if ( !strcmp(word, "demo") )
        add_step(l, STEP_DEMO, line);
    else if ( !strcmp(word, "code") )
    {
        if ( l->code || strchr(line, '/') || !exercise_exists(line) )
            complain(r, "@code names one folder of configs/lessons/exercises");
        free(l->code);
        l->code = xstrdup(line);
    }
    else if ( !strcmp(word, "picture") )
    {
        if ( !term_find(line) || !term_find(line)->picture )
            complain(r, "@picture names a term of the glossary that has one");
        add_step(l, STEP_PICTURE, line);
    }
    else if ( !strcmp(word, "exercise") || !strcmp(word, "solution") )
        r->paragraphs = add_step(l, *word == 'e' ? STEP_EXERCISE : STEP_SOLUTION, "");
    else
        complain(r, "a directive that there is not");
    free(word);
}

/* A line of a paragraph; `begins` one. */
static void paragraph(struct reader *r, const char *line, bool begins)
{
    struct lesson_step *last = r->lesson->step_count ? &r->lesson->steps[r->lesson->step_count - 1] : NULL;
    struct lesson_step *to = r->paragraphs ? last : begins || !last || last->kind != STEP_TEXT ? NULL : last;
    char *longer;

    if ( !to )
    {
        add_step(r->lesson, STEP_TEXT, line);
        return;
    }
    longer = xasprintf("%s%s%s", to->text, !*to->text ? "" : begins ? "\n\n" : " ", line);
    free(to->text);
    to->text = longer;
}

/* Names of figures that texts and predictions use, and choices that are answered. */
static void check(struct reader *r)
{
    const struct lesson *l = r->lesson;

    if ( !l->title || !l->question || !l->minutes || !l->step_count )
        complain(r, "a lesson has a title, @question, @minutes and steps");
    for ( size_t i = 0; i < l->step_count && !r->failed; i++ )
    {
        const struct lesson_step *s = &l->steps[i];
        double value;

        if ( s->kind == STEP_CHOOSE && (s->choice_count < 2 || s->right == CHOICES_MAX) )
            complain(r, "@choose has two choices or more, one of them right (\"* \")");
        if ( s->kind == STEP_DEMO && (!isalpha((unsigned char)*s->text) || !strchr(s->text, '/')) )
            complain(r, "@demo is of a folder's file, NAME/FILE");
        if ( s->kind == STEP_PREDICT && !lesson_value(l, s->expression, &value) )
            complain(r, "@predict is of an expression of figures");
        for ( const char *at = strchr(s->text, '{'); at && !r->failed; at = strchr(at + 1, '{') )
        {
            char *expression = xasprintf("%.*s", (int)strcspn(at + 1, "}"), at + 1);

            if ( !lesson_value(l, expression, &value) )
                complain(r, "a text has {something} that is no expression of figures");
            free(expression);
        }
    }
}

int lesson_parse(const char *text, const char *name, struct lesson *l)
{
    struct reader r = { .name = name, .lesson = l };
    bool begins = true;

    *l = (struct lesson){ .number = 0 };
    while ( *text && !r.failed )
    {
        size_t length = strcspn(text, "\n");
        char *line = xasprintf("%.*s", (int)length, text);

        r.line++;
        if ( !l->title )
            l->title = xstrdup(line);
        else if ( *line == '@' )
            directive(&r, line + 1);
        else if ( !strncmp(line, "- ", 2) || !strncmp(line, "* ", 2) )
            add_choice(&r, line);
        else if ( *line )
            paragraph(&r, line, begins);
        begins = !*line || *line == '@';
        free(line);
        text += length + (text[length] == '\n');
    }
    check(&r);
    if ( !r.failed )
        return STATUS_OK;
    lesson_free(l);
    return STATUS_USAGE;
}

void lesson_free(struct lesson *l)
{
    for ( size_t i = 0; i < l->step_count; i++ )
    {
        for ( size_t k = 0; k < l->steps[i].choice_count; k++ )
            free(l->steps[i].choices[k]);
        free(l->steps[i].text);
        free(l->steps[i].expression);
    }
    for ( size_t i = 0; i < l->figure_count; i++ )
    {
        free(l->figures[i].name);
        free(l->figures[i].row);
        free(l->figures[i].column);
    }
    free(l->measured_on);
    free(l->steps);
    free(l->figures);
    free(l->title);
    free(l->code);
    free(l->question);
    *l = (struct lesson){ .number = 0 };
}

/* ----------------------------------------------------------------- files -- */

/* "configs/lessons/03-….lesson" of lesson 3, NULL: there is none; the caller's. */
static char *find_file(unsigned number)
{
    char *directory = data_file(DIRECTORY), *found = NULL;
    DIR *d = directory ? opendir(directory) : NULL;
    struct dirent *entry;

    while ( d && !found && (entry = readdir(d)) != NULL )
    {
        size_t length = strlen(entry->d_name);

        if ( length > strlen(SUFFIX) && !strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) &&
             isdigit((unsigned char)*entry->d_name) && (unsigned)atoi(entry->d_name) == number )
            found = path_in(directory, entry->d_name);
    }
    if ( d )
        closedir(d);
    free(directory);
    return found;
}

unsigned lesson_count(void)
{
    unsigned count = 0;
    char *file;

    while ( (file = find_file(count + 1)) != NULL )
    {
        count++;
        free(file);
    }
    return count;
}

int lesson_read(unsigned number, struct lesson *l)
{
    char *file = find_file(number), *text;
    size_t size;
    int status;

    if ( !file )
    {
        message("there is no lesson %u; `xenometer lesson` lists them", number);
        return STATUS_USAGE;
    }
    text = read_whole_file(file, &size);
    if ( text )
        status = lesson_parse(text, file, l);
    else
    {
        message("%s: %s", file, strerror(errno));
        status = STATUS_ENVIRONMENT;
    }
    if ( status == STATUS_OK )
        l->number = number;
    free(text);
    free(file);
    return status;
}

/* --------------------------------------------------------------- figures -- */

static bool named(const struct lesson *l, const char *name, size_t length, double *value)
{
    for ( size_t i = 0; i < l->figure_count; i++ )
        if ( strlen(l->figures[i].name) == length && !strncmp(l->figures[i].name, name, length) )
        {
            *value = l->figures[i].missing ? NAN : (double)l->figures[i].median;
            return true;
        }
    return false;
}

bool lesson_value(const struct lesson *l, const char *expression, double *value)
{
    size_t first = strcspn(expression, "/-");
    double a, b;

    if ( !named(l, expression, first, &a) )
        return false;
    *value = a;
    if ( !expression[first] )
        return true;
    if ( !named(l, expression + first + 1, strlen(expression + first + 1), &b) )
        return false;
    *value = expression[first] == '-' ? a - b : b == 0 ? 0 : a / b;
    return true;
}

/* A ratio with a decimal, else a whole number. */
static char *value_text(const char *expression, double value)
{
    char *whole, *text;

    if ( isnan(value) )
        return xstrdup("?");
    if ( strchr(expression, '/') )
        return xasprintf("%.1f", value);
    whole = text_number((uint64_t)((value < 0 ? -value : value) + 0.5));
    text = xasprintf("%s%s", value < 0 ? "-" : "", whole);
    free(whole);
    return text;
}

char *lesson_text(const struct lesson *l, const char *text)
{
    char *filled = xstrdup("");
    double value;

    while ( *text )
    {
        size_t before = strcspn(text, "{"), length = text[before] ? strcspn(text + before + 1, "}") : 0;
        char *expression = xasprintf("%.*s", (int)length, text[before] ? text + before + 1 : "");
        char *figure = text[before] && lesson_value(l, expression, &value) ? value_text(expression, value)
                                                                          : xstrdup("");
        char *longer = xasprintf("%s%.*s%s", filled, (int)before, text, figure);

        free(filled);
        filled = longer;
        free(figure);
        free(expression);
        text += before;
        if ( *text )
            text += 1 + length + (text[1 + length] == '}');
    }
    return filled;
}
