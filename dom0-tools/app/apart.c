#include "app/apart.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <xenometer/protocol.h>

/* ---------------------------------------------------------------- thread -- */

struct in_thread {
    struct row_run *r;
    apart_function *function;
};

static void *call(void *argument)
{
    const struct in_thread *t = argument;

    t->function(t->r);
    return NULL;
}

void by_thread(struct row_run *r, apart_function *function)
{
    struct in_thread t = { r, function };
    pthread_t thread;
    int error = pthread_create(&thread, NULL, call, &t);

    if ( error )
        r->failure = refused("pthread_create", error);
    else
        pthread_join(thread, NULL);
}

/* ----------------------------------------------------------------- child -- */

/* Where a child leaves its samples, and what it says where it has none. */
struct kept {
    struct row_run run;
    char failure[REASON_SIZE];
    uint64_t ticks[];
};

static void __attribute__((noreturn)) be_child(struct kept *k, apart_function *function)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);   /* who kills us leaves nobody */
    function(&k->run);
    if ( k->run.failure )
        snprintf(k->failure, sizeof(k->failure), "%s", k->run.failure);
    _exit(0);
}

void by_traced_child(struct row_run *r, apart_function *function,
                     void (*at_stop)(int child, int status))
{
    static char failure[REASON_SIZE];
    size_t size = sizeof(struct kept) + r->count * sizeof(uint64_t);
    struct kept *k = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status = -1;
    pid_t child;

    if ( k == MAP_FAILED )
    {
        r->failure = refused("mmap", errno);
        return;
    }
    k->run = *r;
    k->run.ticks = k->ticks;
    child = fork();
    if ( child == 0 )
        be_child(k, function);
    if ( child < 0 )
        r->failure = refused("fork", errno);
    while ( child > 0 && waitpid(child, &status, 0) == child && WIFSTOPPED(status) && at_stop )
        at_stop(child, status);
    if ( child > 0 && (!WIFEXITED(status) || WEXITSTATUS(status)) )
        r->failure = "the child that measures did not come to its end";
    else if ( child > 0 && *k->failure )
    {
        memcpy(failure, k->failure, sizeof(failure));
        r->failure = failure;
    }
    else if ( child > 0 )
    {
        memcpy(r->ticks, k->ticks, k->run.taken * sizeof(uint64_t));
        r->taken = k->run.taken;
        r->first = k->run.first;
        r->batch = k->run.batch;
    }
    munmap(k, size);
}

void by_child(struct row_run *r, apart_function *function)
{
    by_traced_child(r, function, NULL);
}

void each_by_child(struct row_run *r, apart_function *function)
{
    FOR_EACH_SAMPLE(r, i)
    {
        uint64_t ticks = 0;
        struct row_run one = { .ticks = &ticks, .count = 1 };

        by_child(&one, function);
        r->failure = one.failure;
        if ( !r->failure )
            sample_keep(r, i, ticks);
    }
}

const char *apart_possible(apart_function *function)
{
    struct row_run none = { .ticks = NULL };

    by_child(&none, function);
    return none.failure;
}

void run_again(struct row_run *r, const struct row_code *code)
{
    r->failure = code->setup ? code->setup(r) : NULL;
    if ( r->failure )
        return;
    code->run(r);
    if ( code->teardown )
        code->teardown(r);
}
