/*
 * What all parts of the dom0 program share: exit statuses, messages, the
 * command table.
 */
#ifndef XENOMETER_H
#define XENOMETER_H

#include <stdarg.h>
#include <stdbool.h>

#define XENOMETER_VERSION "0.1.0"

/* A macro's number as a string literal, for help texts and arguments. */
#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)

/* Exit statuses; functions that can fail for the user's reasons return them. */
enum status {
    STATUS_OK          = 0,
    STATUS_FAILED      = 1,   /* a row or test failed */
    STATUS_USAGE       = 2,
    STATUS_ENVIRONMENT = 3,   /* something is missing on this machine */
    STATUS_DEADLINE    = 4,
};

/* "xenometer: …\n" on stderr, in one write.  Messages say what to do. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, only where a person watches (stderr is a terminal) or -v was given. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern bool verbose;

/* malloc and friends that end the program with a message when out of memory. */
void *xmalloc(unsigned long bytes);
void *xcalloc(unsigned long count, unsigned long bytes);
void *xrealloc(void *p, unsigned long bytes);
char *xstrdup(const char *s);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *xvasprintf(const char *format, va_list) __attribute__((format(printf, 1, 0)));

/* Where build/xenometer.elf, configs/ and the agent stand: next to the program
 * in a checkout, else under the installed data directory.  The string is the
 * caller's; NULL when the file exists in neither place. */
char *data_file(const char *relative);

/* Subcommands: argv[0] is the command's name; return an exit status. */
int command_run(int argc, char **argv);
int command_list(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_trace(int argc, char **argv);
int command_backend(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_factors(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_history(int argc, char **argv);
int command_gate(int argc, char **argv);
int command_verify(int argc, char **argv);
int command_report(int argc, char **argv);
int command_claims(int argc, char **argv);
int command_lesson(int argc, char **argv);
int command_model(int argc, char **argv);
int command_disk(int argc, char **argv);
int command_net(int argc, char **argv);
int command_attack(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_stick(int argc, char **argv);

#endif
