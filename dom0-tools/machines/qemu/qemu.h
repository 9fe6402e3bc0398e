/*
 * A QEMU process: start, control (QMP), end.  It lives no longer than we do.
 */
#ifndef MACHINES_QEMU_QEMU_H
#define MACHINES_QEMU_QEMU_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/child.h"
#include "machines/qemu/machine.h"

struct qemu {
    struct child child;
    int qmp;              /* our end of the control socket */
    int messages;         /* memory file: QEMU's stdout and stderr */
    char *input;          /* received from QMP, not yet used */
    size_t used;
    bool negotiated;
    int64_t major;        /* of its version, from its greeting */
};

/* From this version on "fd:" names no files in migrations: "file:" does, since 8.2. */
#define QEMU_MIGRATES_FILES 9

/* Both ends of the control socket; *theirs goes into the machine's files. */
int qemu_prepare(struct qemu *qemu, int *theirs);

/* Start the machine; `keep` are the descriptors it opens. */
int qemu_start(struct qemu *qemu, const struct machine *machine,
               const char *directory, const int *keep, size_t keep_count);

/*
 * One QMP command.  `arguments` may be NULL and is taken over.  With `answer`,
 * that gets its return value (the caller's).  STATUS_ENVIRONMENT, with a
 * message, when QEMU refuses, has ended, or does not answer in 60 s.
 */
int qemu_command(struct qemu *qemu, const char *name, json_t *arguments, json_t **answer);

/* Give QEMU a duplicate of `fd`, to be named fd:NAME in commands. */
int qemu_pass_fd(struct qemu *qemu, const char *name, int fd);

/* Wait; true when QEMU has ended. */
static inline bool qemu_wait(struct qemu *qemu, int milliseconds)
{
    return child_wait(&qemu->child, milliseconds);
}

/* End it: QMP quit, then SIGKILL; free everything.  For any state. */
void qemu_end(struct qemu *qemu);

/* QEMU's own messages without the warnings every start gives; the caller's. */
char *qemu_messages(struct qemu *qemu);

/* "QEMU was killed by signal 9 (Killed)", after it has ended, with its last message. */
char *qemu_ending(struct qemu *qemu);

/* Full path and version ("7.2.22") of the installed QEMU of that name, the caller's; or
 * NULL.  Without `version`, nothing is started. */
char *qemu_find(const char *program, char **version);

#endif
