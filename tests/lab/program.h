/*
 * Lab tests drive the program as a user does: build/xenometer with arguments;
 * they look at its exit status, its output and what it leaves behind.
 */
#ifndef LAB_PROGRAM_H
#define LAB_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include <CUnit/CUnit.h>
#include <CUnit/TestDB.h>
#include <jansson.h>

struct outcome_of {
    int status;        /* exit status; 128 + signal; -1: killed at our deadline */
    char *out, *err;   /* owned; program_free() */
};

/* Run build/xenometer with a NULL-terminated list of arguments. */
struct outcome_of program(const char *first, ...) __attribute__((sentinel));
/* The same by an array. */
struct outcome_of program_list(const char *const *arguments);
/* The same with another deadline than the usual half an hour. */
struct outcome_of program_patiently(unsigned seconds, const char *first, ...)
    __attribute__((sentinel));
/* Another program than build/xenometer, which takes its commands. */
struct outcome_of program_named(const char *path, const char *first, ...)
    __attribute__((sentinel));
/* Run a shell script in dom0, beside the program, both images and the configs of all modes. */
struct outcome_of program_in_dom0(const char *script);
void program_free(struct outcome_of *);

/* If an assertion failed since the last of them ended: show what it was, its status and the
 * end of its output, on stderr.  The next one does so by itself. */
void program_explain(void);

/* Start it without waiting; output goes to the files named. */
pid_t program_start(const char *out, const char *err, const char *first, ...)
    __attribute__((sentinel));
/* Wait at most `seconds`; the status as above. */
int program_wait(pid_t pid, unsigned seconds);

/* Send a signal (0: none) to every QEMU or Bochs that our runs started; how many. */
unsigned qemu_signal(int number);
#define qemu_count() qemu_signal(0)

/* stderr is one line that starts with "xenometer: " and contains `text`. */
bool is_one_line_error(const struct outcome_of *, const char *text);

/* A row's result in one mode out of a results document; NULL: none. */
json_t *result_of(json_t *results, const char *row, const char *mode);
/* An integer field of it; -1 when there is none. */
long long figure(json_t *results, const char *row, const char *mode, const char *field);
/* A string field; "" when there is none. */
const char *text_of(json_t *results, const char *row, const char *mode, const char *field);
/* Assert on a row's status, and what its reason contains, in both modes. */
void expect_row(json_t *results, const char *const modes[2], const char *row,
                const char *status, const char *reason);

/*
 * Commands in dom0, behind `first` and one after another in one lab, beside what
 * program_in_dom0() has there: each ends with its status and one line on stderr that begins
 * with "xenometer: " and contains the words.
 */
struct refusal {
    const char *command, *says;
    int status;
};
void expect_refusals(const char *first, const struct refusal *, size_t count);

/* `attack --json` tried all its cases but `others` ("F3 F10 "), and each held. */
void expect_attacks(const struct outcome_of *, const char *others);

/*
 * Add a test that takes long: `make test-long` runs it, `make test` does not.  For what repeats
 * at length what another test proves once, or downloads more than the lab.
 */
void add_long(CU_pSuite, const char *name, CU_TestFunc);
/*
 * Add a test that `make test` runs in short and `make test-long` at length: it looks at
 * tests_take_long.  Every test that reads the catalogue is one (catalogue.h).
 */
void add_both(CU_pSuite, const char *name, CU_TestFunc);
/* These are the tests that take long, or one by its name. */
extern bool tests_take_long;

void suite_rows(void);
void suite_errors(void);
void suite_hostile(void);
void suite_linux(void);
void suite_evil(void);
void suite_own_xen(void);
void suite_cells(void);   /* minutes */
void suite_paradigms(void);   /* minutes */
void suite_paradigms_kvm(void);   /* minutes */
void suite_paradigms_trace(void);   /* minutes */
void suite_paradigms_trouble(void);   /* minutes */
void suite_catalogue(void);
void suite_grants(void);
void suite_backend(void);
void suite_citizen(void);
void suite_block(void);
void suite_net(void);
void suite_wire(void);
void suite_console(void);
void suite_timers(void);
void suite_smp(void);
void suite_dom0rows(void);
void suite_events(void);
void suite_memory(void);
void suite_method(void);
void suite_trace(void);
void suite_trace_long(void);   /* minutes */
void suite_long(void);   /* minutes; make test-long */
void suite_netfront(void);   /* minutes */
void suite_promises(void);   /* minutes */
void suite_lessons(void);   /* minutes */
void suite_exercises(void);   /* minutes */
void suite_bochs(void);  /* minutes, and two snapshots */
void suite_bookworm(void);  /* minutes, and a download */
void suite_arm64(void);  /* likewise */

#endif
