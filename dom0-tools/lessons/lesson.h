/*
 * A lesson: text, questions with predictions, figures measured live, commands run before the reader's eyes,
 * pictures, an exercise.
 *
 * One is a file configs/lessons/NN-NAME.lesson.  Its first line is its title; then come directives, lines that
 * begin with @, and between them paragraphs, which blank lines part:
 *
 *     @minutes 10
 *     @question What the lesson is about, one line.
 *     @figure NAME ROW COLUMN     a median, which the lesson's first use of any figure measures, all in one run
 *     @predict EXPRESSION TEXT    asks for a number, then shows what was measured
 *     @choose TEXT                asks for one of the lines below it: "- wrong", "* right"
 *     @run WORD…                  a command of this program's: shown, and run at the reader's wish
 *     @script FILE WORD…          a script of the checkout's: run where it and what it needs are there
 *     @demo NAME/FILE WORD…       a command of this program's on an image with that file of an exercise's folder
 *     @picture TERM               of the glossary (catalogue/glossary.h)
 *     @code NAME                  the exercise is code: configs/lessons/exercises/NAME (exercise.h)
 *     @exercise, @solution        the paragraphs behind it; a solution is shown when asked for
 *
 * In texts {EXPRESSION} stands for a figure, "a", or "a/b", "a-b", of names of figures: no figure is written
 * into a lesson.
 */
#ifndef LESSONS_LESSON_H
#define LESSONS_LESSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum step_kind {
    STEP_TEXT, STEP_PREDICT, STEP_CHOOSE, STEP_RUN, STEP_SCRIPT, STEP_DEMO, STEP_PICTURE, STEP_EXERCISE, STEP_SOLUTION
};

#define CHOICES_MAX 6u

struct lesson_step {
    enum step_kind kind;
    char *text;                    /* owned: the paragraph, the question, the command, the term */
    char *expression;              /* owned: of a prediction */
    char *choices[CHOICES_MAX];    /* owned */
    size_t choice_count, right;
};

struct lesson_figure {
    char *name, *row, *column;     /* owned */
    uint64_t median;               /* once measured */
    bool missing;                  /* taken from results that have none */
};

struct lesson {
    unsigned number, minutes;
    char *title, *question;        /* owned */
    char *code;                    /* owned; of its exercise; NULL: that is none of code */
    struct lesson_step *steps;
    size_t step_count;
    struct lesson_figure *figures;
    size_t figure_count;
    bool measured;
    char *measured_on;             /* owned; in words, once that is so */
};

/* How many there are: their numbers are 1 to that. */
unsigned lesson_count(void);

/* Print them, what each is about.  An enum status; said why. */
int lesson_list(void);

/* STATUS_OK, or a status after a message (then nothing is to be freed). */
int lesson_read(unsigned number, struct lesson *);
/* The same from a text; `name` stands for it in messages. */
int lesson_parse(const char *text, const char *name, struct lesson *);
void lesson_free(struct lesson *);

/* What an expression is worth, once the figures are measured.  False: it is none. */
bool lesson_value(const struct lesson *, const char *expression, double *value);
/* A text with its {expressions} filled in; the caller's. */
char *lesson_text(const struct lesson *, const char *text);

/* Measure its figures, all in one run of this program.  An enum status; said why. */
int lesson_measure(struct lesson *);

struct results;
/* Take them out of results instead; how many are missing there, which texts then show as "?". */
unsigned lesson_take(struct lesson *, const struct results *);

/* A step that runs something, as one types it; the caller's. */
char *lesson_command(const struct lesson_step *);
/* Run it: its text, the caller's, for STATUS_OK.  Between cancel_begin() and cancel_end(). */
int lesson_output(const struct lesson_step *, char **text);

/*
 * Play it on the terminal; where stdin is none, print it without asking.  `answers`: print it with
 * right answers and solutions, as for a teacher.  STATUS_OK also when the reader leaves.
 */
int lesson_play(struct lesson *, bool answers);

struct course_options {
    const char *directory;         /* made if it is not there */
    unsigned number;               /* of the one lesson; 0: all, and an index of them */
    const char *results;           /* a results file in the place of measuring; NULL: none */
    const char **traces;           /* with that: crossings taken apart (`trace --json`) */
    size_t trace_count;
    bool answers;                  /* solutions of exercises, too */
};

/* Lessons as HTML with pictures: all files, or none.  An enum status; said why. */
int course_write(const struct course_options *);

#endif
