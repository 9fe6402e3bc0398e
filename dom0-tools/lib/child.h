/*
 * Child processes that cannot outlive us: in a process group of their own (a
 * terminal's Ctrl-C reaches only us, and we end them in order), killed by the
 * kernel when we die.
 */
#ifndef LIB_CHILD_H
#define LIB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct child {
    pid_t pid;                /* 0: none */
    int pidfd;                /* readable once it has ended */
    int status;               /* wait status; valid once ended */
    bool ended;
};

struct child_start {
    const char *const *argv;  /* looked up in PATH, NULL-terminated */
    const char *directory;    /* working directory; NULL: ours */
    int stdin_fd, stdout_fd, stderr_fd;   /* -1: /dev/null */
    const int *keep;          /* further descriptors it gets … */
    const int *numbers;       /* … with these numbers, all above ours; NULL: the same */
    size_t keep_count;
};

/* 0, or the errno of fork, chdir or exec; no message. */
int child_start(struct child *child, const struct child_start *how);

/*
 * The same program, from here on: 0 in the child, which has our descriptors and ends by
 * _exit(); 1 in ours; or -1 with errno set.
 */
int child_fork(struct child *child);

/* Wait up to `milliseconds`; true when it has ended.  A signal ends the wait. */
bool child_wait(struct child *child, int milliseconds);

/* Milliseconds of CPU that it has had; 0 once it has ended. */
uint64_t child_cpu_ms(const struct child *child);

/* SIGKILL to its whole group, and reap.  Harmless when it has ended. */
void child_kill(struct child *child);

/* "exited with status 1", "was killed by signal 9 (Killed)"; the caller's. */
char *child_ending(const struct child *child);

/* As a shell has it: its exit status, or 128 + the signal that killed it. */
int child_exit_status(const struct child *child);

/*
 * Run to the end, with ticks of the progress stage.  stdout goes to stdout_fd.
 * STATUS_OK when it exited with 0, 128 + signal when cancelled; else
 * STATUS_ENVIRONMENT.  With `complaint`, that gets one line saying what went
 * wrong (the caller's; the program's own last message if it had one) and
 * nothing is printed; without, the line is printed.
 */
int child_run(const struct child_start *how, char **complaint);

/* A close-on-exec anonymous file in memory, or -1 with a message printed. */
int memory_file(const char *name, size_t size);

/* All of a memory file from `offset`, NUL-terminated; the caller's. */
char *memory_file_text(int fd, size_t *length);

#endif
