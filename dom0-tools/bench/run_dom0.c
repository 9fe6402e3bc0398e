#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/run_parts.h"
#include "report/json.h"
#include "xenometer.h"

/* Read what the run inside printed: one JSON document. */
static int read_results(int fd, struct results *results)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = xmalloc((size_t)size + 1);
    int status = STATUS_ENVIRONMENT;

    if ( pread(fd, text, (size_t)size, 0) == size )
        status = results_from_json(text, (size_t)size, "the lab's answer", results)
            ? STATUS_ENVIRONMENT : STATUS_OK;
    free(text);
    return status;
}

/* Does a row start a Linux domain? */
static bool wants_linux(const struct selection *selection)
{
    for ( size_t i = 0; i < selection->count; i++ )
        if ( (selection->rows[i]->needs & DOMAIN_LINUX) &&
             run_is_in(selection->rows[i], &selection->columns) )
            return true;
    return false;
}

/* The job: this program, the image, the configs; the same run inside. */
int run_in_dom0(const struct run_options *o, const struct lab_options *lab,
                const struct session_options *session, const struct selection *selection,
                struct results *results)
{
    static const char *const configs[] = { "pv.cfg", "pvh.cfg", "hvm.cfg" };
    struct lab_file push[8];
    size_t pushed = 0, n = 0;
    const char **argv = xcalloc(selection->count + 16, sizeof(*argv));
    char *paths[3], *modes = columns_text(&selection->columns, ",");
    char *mode_argument, *samples, *deadline, *boots, *seed, *program = NULL;
    char *kernel = NULL, *init = NULL;
    /* In memory: a run that is killed leaves no file behind. */
    int status = STATUS_ENVIRONMENT, inner = 0, out = memfd_create("results", MFD_CLOEXEC);

    if ( out < 0 )
    {
        message("no memory for the results: %s", strerror(errno));
        goto out_early;
    }
    status = lab_program(lab, &program);
    if ( status == STATUS_OK && wants_linux(selection) )
    {
        status = lab_guest_kernel(lab, &kernel);
        init = data_file("linux-init");
    }
    if ( status != STATUS_OK )
        goto out_early;
    mode_argument = xasprintf("--modes=%s", modes);
    samples = xasprintf("--samples=%u", o->samples);
    deadline = xasprintf("--row-deadline=%u", o->row_deadline);
    boots = xasprintf("--boots=%u", o->boots);
    seed = xasprintf("--seed=%u", o->seed);

    push[pushed++] = (struct lab_file){ .host_path = program, .name = "xenometer" };
    push[pushed++] = (struct lab_file){ .host_path = session->elf, .name = "xenometer.elf" };
    for ( size_t i = 0; i < 3; i++ )
    {
        paths[i] = xasprintf("%s/%s", session->config_dir, configs[i]);
        push[pushed++] = (struct lab_file){ .host_path = paths[i], .name = configs[i] };
    }

    if ( kernel )
        push[pushed++] = (struct lab_file){ .host_path = kernel, .name = "vmlinux.gz" };
    if ( init )   /* where it is missing, the row says so */
        push[pushed++] = (struct lab_file){ .host_path = init, .name = "linux-init" };

    argv[n++] = "./xenometer";
    argv[n++] = "run";
    argv[n++] = "--host=xen";
    argv[n++] = "--image=xenometer.elf";
    argv[n++] = "--configs=.";
    argv[n++] = "--json";
    argv[n++] = mode_argument;
    argv[n++] = deadline;
    argv[n++] = boots;
    argv[n++] = seed;
    if ( kernel )
        argv[n++] = "--kernel=vmlinux.gz";
    if ( o->samples )
        argv[n++] = samples;
    if ( o->raw || o->layers )
        argv[n++] = "--raw";
    if ( verbose )
        argv[n++] = "--verbose";
    for ( size_t i = 0; i < selection->count; i++ )
        argv[n++] = selection->rows[i]->name;

    status = lab_run(lab, &(struct lab_job){
        .argv = argv, .push = push, .push_count = pushed,
        .stdout_fd = out, .stderr_fd = STDERR_FILENO,
        .deadline_seconds = o->deadline,
    }, &inner);
    if ( status == STATUS_OK && inner > STATUS_FAILED )
        status = inner;   /* it has said why on stderr */
    if ( status == STATUS_OK )
        status = read_results(out, results);

    for ( size_t i = 0; i < 3; i++ )
        free(paths[i]);
    free(mode_argument);
    free(samples);
    free(deadline);
    free(boots);
    free(seed);
out_early:
    if ( out >= 0 )
        close(out);
    free(kernel);
    free(init);
    free(program);
    free(modes);
    free(argv);
    return status;
}
