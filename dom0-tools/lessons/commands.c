/*
 * What a lesson runs before the reader's eyes.  (lesson.h)
 */
#include <stdlib.h>
#include <string.h>

#include "bench/self.h"
#include "lessons/exercise.h"
#include "lessons/lesson.h"
#include "lib/words.h"
#include "xenometer.h"

/* Words are separated by single blanks; none has one within it. */
static void add_words(struct words *w, const char *line)
{
    char *copy = xstrdup(line), *rest = copy;

    while ( rest )
    {
        char *word = strsep(&rest, " ");

        if ( *word )
            words_add(w, word);
    }
    free(copy);
}

char *lesson_command(const struct lesson_step *s)
{
    size_t file = strcspn(s->text, " ");

    switch ( s->kind )
    {
    case STEP_SCRIPT:
        return xstrdup(s->text);
    case STEP_DEMO:
        return xasprintf("xenometer%s   # on an image with %.*s", s->text + file, (int)file, s->text);
    default:
        return xasprintf("xenometer %s", s->text);
    }
}

/* A checkout has it, and a program that it needs may be missing: then it says so itself, with 77. */
static int script_output(const char *line, char **text)
{
    struct words w = { .count = 0 };
    char *copy = xstrdup(line), *rest = copy, *path = data_file(strsep(&rest, " "));
    size_t size;
    int status = STATUS_OK;

    if ( path )
    {
        words_add(&w, path);
        if ( rest )
            add_words(&w, rest);
        status = program_answer(words_argv(&w), text, &size);
    }
    if ( !path || status == 77 )
    {
        *text = xstrdup(path ? "(It needs a program that is not installed here: see above.)\n"
                             : "(It is in the source tree, which is not here.)\n");
        status = STATUS_OK;
    }
    words_free(&w);
    free(path);
    free(copy);
    return status;
}

int lesson_output(const struct lesson_step *s, char **text)
{
    struct words w = { .count = 0 };
    size_t size;
    int status;

    *text = NULL;
    if ( s->kind == STEP_SCRIPT )
        return script_output(s->text, text);
    if ( s->kind == STEP_DEMO )
        return exercise_demo(s->text, text);
    add_words(&w, s->text);
    status = self_run(words_argv(&w), text, &size);
    words_free(&w);
    return status;
}
