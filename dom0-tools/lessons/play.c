/*
 * A lesson on the terminal.  (lesson.h)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/self.h"
#include "catalogue/glossary.h"
#include "lessons/exercise.h"
#include "lessons/lesson.h"
#include "lib/cancel.h"
#include "lib/words.h"
#include "report/json.h"
#include "report/text.h"
#include "xenometer.h"

struct player {
    struct lesson *lesson;
    struct style style;
    bool asks;       /* stdin is a terminal */
    bool answers;
    bool left;       /* the reader has gone */
};

/* --------------------------------------------------------------- figures -- */

static bool takes(const struct words *w, const char *word)
{
    for ( size_t i = 0; i < w->count; i++ )
        if ( !strcmp(w->list[i], word) )
            return true;
    return false;
}

unsigned lesson_take(struct lesson *l, const struct results *results)
{
    const struct environment *e = &results->environment;
    unsigned missing = 0;

    for ( size_t i = 0; i < l->figure_count; i++ )
    {
        struct lesson_figure *f = &l->figures[i];

        f->missing = true;
        for ( size_t k = 0; k < results->count; k++ )
            if ( !strcmp(results->rows[k].row, f->row) && results->rows[k].outcome == OUTCOME_SUCCESS &&
                 !strcmp(results->rows[k].column->name, f->column) )
            {
                f->median = results->rows[k].median;
                f->missing = false;
            }
        missing += f->missing;
    }
    l->measured = true;
    free(l->measured_on);
    l->measured_on = xasprintf("%s, %s%s, %s, %.10s", e->clock, e->xen ? "Xen " : "no Xen", e->xen ? e->xen : "", e->host,
                               e->started ? e->started : "");
    return missing;
}

/* What was measured just now must be there. */
static int take_all(struct lesson *l, const struct results *results)
{
    if ( lesson_take(l, results) == 0 )
        return STATUS_OK;
    for ( size_t i = 0; i < l->figure_count; i++ )
        if ( l->figures[i].missing )
        {
            message("%s in %s has no figure here: `xenometer run %s` says why", l->figures[i].row,
                    l->figures[i].column, l->figures[i].row);
            break;
        }
    return STATUS_FAILED;
}

int lesson_measure(struct lesson *l)
{
    struct words w = { .count = 0 }, columns = { .count = 0 };
    struct results results = { .count = 0 };
    char *text = NULL, *modes = xstrdup("");
    size_t size;
    int status;

    if ( l->measured || l->figure_count == 0 )
    {
        free(modes);
        return STATUS_OK;
    }
    for ( size_t i = 0; i < l->figure_count; i++ )
        if ( !takes(&columns, l->figures[i].column) )
        {
            char *longer = xasprintf("%s%s%s", modes, *modes ? "," : "", l->figures[i].column);

            words_add(&columns, l->figures[i].column);
            free(modes);
            modes = longer;
        }
    words_add(&w, "run");
    words_add(&w, "--json");
    words_add(&w, "--boots=1");
    words_format(&w, "--modes=%s", modes);
    for ( size_t i = 0; i < l->figure_count; i++ )
        if ( !takes(&w, l->figures[i].row) )
            words_add(&w, l->figures[i].row);
    status = self_run(words_argv(&w), &text, &size);
    if ( status == STATUS_OK )
        status = results_from_json(text, size, "the run's answer", &results);
    if ( status == STATUS_OK )
        status = take_all(l, &results);
    results_free(&results);
    free(text);
    free(modes);
    words_free(&columns);
    words_free(&w);
    return status;
}

/* Those that a text stands on. */
static int measure_for(struct player *p, const char *text)
{
    if ( p->lesson->measured || !strchr(text, '{') )
        return STATUS_OK;
    text_wrap(stdout, "", "(Measuring: a real Xen is started for it.)", p->style.width);
    putchar('\n');
    fflush(stdout);
    return lesson_measure(p->lesson);
}

/* --------------------------------------------------------------- the reader -- */

/* A line that the reader typed, without its newline; false: there is none any more. */
static bool ask(struct player *p, const char *prompt, char *line, size_t size)
{
    size_t length;

    printf("%s%s%s ", p->style.colour ? COLOUR_BOLD : "", prompt, p->style.colour ? COLOUR_NONE : "");
    fflush(stdout);
    if ( cancelled() || !fgets(line, (int)size, stdin) || cancelled() )
    {
        putchar('\n');
        p->left = true;
        return false;
    }
    length = strcspn(line, "\n");
    if ( !line[length] )
        for ( int c = getchar(); c != EOF && c != '\n'; c = getchar() )
            ;   /* a longer line than anybody needs */
    line[length] = '\0';
    if ( !strcmp(line, "q") || !strcmp(line, "quit") )
        p->left = true;
    return !p->left;
}

static void wait_for_enter(struct player *p, const char *prompt)
{
    char line[64];

    if ( p->asks && !p->left )
        ask(p, prompt, line, sizeof(line));
}

static void print_text(const struct player *p, const char *text, const char *first)
{
    char *filled = lesson_text(p->lesson, text), *rest = filled;

    while ( rest )
    {
        char *end = strstr(rest, "\n\n");

        if ( end )
            *end = '\0';
        text_wrap(stdout, first, rest, p->style.width);
        putchar('\n');
        rest = end ? end + 2 : NULL;
    }
    free(filled);
}

/* ------------------------------------------------------------------ steps -- */

static void say_how_far(const struct player *p, double guess, double value)
{
    double ratio = guess > 0 && value > 0 ? (guess > value ? guess / value : value / guess) : 0;
    char *said = ratio == 0 ? xstrdup("")
                 : ratio < 1.1 ? xstrdup("You were within a tenth of it.")
                 : xasprintf("You said %.1f times too %s.", ratio, guess > value ? "much" : "little");

    if ( *said )
        text_wrap(stdout, "", said, p->style.width);
    free(said);
}

static int step_predict(struct player *p, const struct lesson_step *s)
{
    char line[64], *end, *shown;
    double guess = 0, value = 0;
    int status = measure_for(p, s->text);

    if ( status != STATUS_OK )
        return status;
    print_text(p, s->text, "? ");
    while ( p->asks && !p->answers && ask(p, "Your guess, a number (Enter: show it):", line, sizeof(line)) )
    {
        guess = strtod(line, &end);
        if ( !*line || (end != line && !*end && guess >= 0) )
            break;
        text_wrap(stdout, "", "A number, such as 500 or 2.5; Enter shows what is measured; q leaves.",
                  p->style.width);
    }
    if ( p->left )
        return STATUS_OK;
    status = measure_for(p, "{}");
    if ( status != STATUS_OK )
        return status;
    lesson_value(p->lesson, s->expression, &value);
    shown = xasprintf("Measured: {%s}.", s->expression);
    print_text(p, shown, "= ");
    free(shown);
    say_how_far(p, guess, value);
    return STATUS_OK;
}

static void step_choose(struct player *p, const struct lesson_step *s)
{
    char line[64];
    int chosen;

    print_text(p, s->text, "? ");
    for ( size_t i = 0; i < s->choice_count; i++ )
    {
        char *first = xasprintf("  %c) ", 'a' + (int)i);

        text_wrap(stdout, first, s->choices[i], p->style.width);
        free(first);
    }
    putchar('\n');
    while ( p->asks && !p->answers && ask(p, "Your answer, a letter:", line, sizeof(line)) )
    {
        chosen = line[0] && !line[1] ? (line[0] | 0x20) - 'a' : -1;
        if ( chosen == (int)s->right )
        {
            puts("Yes.\n");
            return;
        }
        if ( chosen >= 0 && chosen < (int)s->choice_count )
        {
            puts("No.\n");
            break;
        }
        printf("One letter, a to %c; q leaves.\n", 'a' + (int)s->choice_count - 1);
    }
    if ( !p->left )
    {
        char first[] = { '=', ' ', (char)('a' + s->right), ')', ' ', '\0' };

        print_text(p, s->choices[s->right], first);
    }
}

static int step_run(struct player *p, const struct lesson_step *s)
{
    char *shown = lesson_command(s), *text = NULL;
    int status = STATUS_OK;

    printf("  $ %s\n", shown);
    free(shown);
    wait_for_enter(p, "Enter runs it:");
    if ( !p->left )
    {
        status = lesson_output(s, &text);
        if ( status == STATUS_OK )
            printf("%s\n", text);
    }
    free(text);
    return status;
}

/* A text of code as it is, under what it is. */
static void print_solution(const struct player *p)
{
    char *code = p->lesson->code ? exercise_text(p->lesson, "solution.c") : NULL;

    if ( code )
        printf("%s.c:\n\n%s\n", p->lesson->code, code);
    free(code);
}

static int step(struct player *p, const struct lesson_step *s)
{
    const char *picture;
    int status = s->kind == STEP_PREDICT ? STATUS_OK : measure_for(p, s->text);

    if ( status != STATUS_OK )
        return status;
    switch ( s->kind )
    {
    case STEP_TEXT:
        print_text(p, s->text, "");
        return STATUS_OK;
    case STEP_PREDICT:
        return step_predict(p, s);
    case STEP_CHOOSE:
        step_choose(p, s);
        return STATUS_OK;
    case STEP_RUN:
    case STEP_SCRIPT:
    case STEP_DEMO:
        return step_run(p, s);
    case STEP_PICTURE:
        picture = term_find(s->text)->picture;
        for ( const char *line = picture; *line; line += strcspn(line, "\n") + 1 )
            printf("%s%.*s\n", *line == '\n' ? "" : "  ", (int)strcspn(line, "\n"), line);
        putchar('\n');
        return STATUS_OK;
    case STEP_EXERCISE:
        print_text(p, s->text, "Exercise: ");
        if ( p->lesson->code )
            printf("  $ xenometer lesson %u --start DIR\n\n", p->lesson->number);
        return STATUS_OK;
    case STEP_SOLUTION:
        if ( !p->answers && !p->asks )
        {
            text_wrap(stdout, "", "(--answers prints its solution.)", p->style.width);
            return STATUS_OK;
        }
        if ( !p->answers )
            wait_for_enter(p, "Enter shows a solution:");
        if ( !p->left )
            print_text(p, s->text, "Solution: ");
        if ( p->answers )
            print_solution(p);
        return STATUS_OK;
    }
    return STATUS_OK;
}

static void head(const struct player *p)
{
    const struct lesson *l = p->lesson;

    printf("%sLesson %u: %s%s\n", p->style.colour ? COLOUR_BOLD : "", l->number, l->title,
           p->style.colour ? COLOUR_NONE : "");
    text_wrap(stdout, "", l->question, p->style.width);
    putchar('\n');
}

int lesson_play(struct lesson *l, bool answers)
{
    struct player p = { .lesson = l, .style = text_style(stdout), .asks = isatty(STDIN_FILENO) == 1,
                        .answers = answers };
    int status = STATUS_OK;

    if ( p.style.width > 80 )
        p.style.width = 80;
    cancel_begin();
    head(&p);
    for ( size_t i = 0; i < l->step_count && status == STATUS_OK && !p.left; i++ )
    {
        status = step(&p, &l->steps[i]);
        /* A screen at a time: after each paragraph that another follows. */
        if ( status == STATUS_OK && l->steps[i].kind == STEP_TEXT && i + 1 < l->step_count &&
             l->steps[i + 1].kind == STEP_TEXT && !answers )
            wait_for_enter(&p, "Enter goes on, q leaves:");
    }
    if ( p.left )
        printf("Until later: xenometer lesson %u\n", l->number);
    cancel_end();
    return p.left ? STATUS_OK : status;
}

int lesson_list(void)
{
    struct style style = text_style(stdout);
    unsigned count = lesson_count();

    if ( count == 0 )
    {
        message("configs/lessons not found beside the program: run `make`");
        return STATUS_ENVIRONMENT;
    }
    if ( style.width > 80 )
        style.width = 80;
    for ( unsigned i = 1; i <= count; i++ )
    {
        struct lesson l;
        char *first;
        int status = lesson_read(i, &l);

        if ( status != STATUS_OK )
            return status;
        first = xasprintf("%2u  ", i);
        text_wrap(stdout, first, l.title, style.width);
        text_wrap(stdout, "    ", l.question, style.width);
        printf("    %u minutes\n", l.minutes);
        free(first);
        lesson_free(&l);
    }
    printf("\nxenometer lesson 1 begins; each figure in it is measured while you read.\n");
    return STATUS_OK;
}
