#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench/run_parts.h"
#include "guests/domain.h"
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

/* What the run inside finds beside itself. */
struct luggage {
    struct lab_file file[5 + COLUMNS_MAX];
    struct { char *path, *name; } owned[5 + COLUMNS_MAX];   /* theirs, here and there */
    size_t count;
};

/* The path is taken; NULL: there is no such file. */
static void pack(struct luggage *l, char *path, const char *name)
{
    if ( !path )
        return;
    l->owned[l->count].path = path;
    l->owned[l->count].name = xstrdup(name);
    l->file[l->count] = (struct lab_file){ .host_path = path, .name = l->owned[l->count].name };
    l->count++;
}

static void unpack(struct luggage *l)
{
    for ( size_t i = 0; i < l->count; i++ )
    {
        free(l->owned[i].path);
        free(l->owned[i].name);
    }
}

/* This program, the image, the domains' settings, a Linux domain's kernel and its process 1; where
 * that is missing, the row says so. */
static int pack_all(const struct lab_options *lab, const struct session_options *session, bool linux_too,
                    struct luggage *l)
{
    char *program, *kernel, *image = domain_image(session->elf);
    bool flat = access(image, R_OK) == 0;
    int status = lab_program(lab, &program);

    if ( status == STATUS_OK && !flat && !strcmp(session->image->architecture, "arm64") )
    {
        message("%s not found beside it, the form in which libxl takes an ARM64 image: `make arm64` makes both, "
                "`objcopy -O binary` the one of the other's .debug file", image);
        free(program);
        status = STATUS_ENVIRONMENT;
    }
    else if ( status == STATUS_OK )
    {
        pack(l, program, "xenometer");
        pack(l, xstrdup(session->elf), "xenometer.elf");
        pack(l, flat ? xstrdup(image) : NULL, "xenometer.image");
    }
    free(image);
    if ( status != STATUS_OK )
        return status;
    FOR_EACH_COLUMN(c)
        if ( c->home == HOME_XEN )
        {
            char *name = xasprintf("%s.cfg", c->name);

            pack(l, xasprintf("%s/%s", session->config_dir, name), name);
            free(name);
        }
    if ( !linux_too )
        return STATUS_OK;
    status = lab_guest_kernel(lab, false, &kernel);
    if ( status == STATUS_OK )
        pack(l, kernel, "vmlinux.gz");
    pack(l, data_file("linux-init"), "linux-init");
    return status;
}

/* The same run inside: its arguments, NULL behind them; the list is the caller's to free, the
 * numbers in it (NULL: as it is without) are borrowed. */
static const char **make_arguments(const struct run_options *o, const struct selection *selection,
                                   bool linux_too, char *const numbers[5])
{
    const char **argv = xcalloc(selection->count + 16, sizeof(*argv));
    static const char *const always[] = { "./xenometer", "run", "--host=xen", "--image=xenometer.elf",
                                          "--configs=.", "--json" };
    size_t n = sizeof(always) / sizeof(*always);

    memcpy(argv, always, sizeof(always));
    for ( size_t i = 0; i < 5; i++ )
        if ( numbers[i] )
            argv[n++] = numbers[i];
    if ( linux_too )
        argv[n++] = "--kernel=vmlinux.gz";
    if ( o->raw || o->layers )
        argv[n++] = "--raw";
    if ( verbose )
        argv[n++] = "--verbose";
    for ( size_t i = 0; i < selection->count; i++ )
        argv[n++] = selection->rows[i]->name;
    return argv;
}

int run_in_dom0(const struct run_options *o, const struct lab_options *lab,
                const struct session_options *session, const struct selection *selection,
                struct results *results)
{
    bool linux_too = wants_linux(selection);
    struct luggage luggage = { .count = 0 };
    char *columns = columns_text(&selection->columns, ",");
    char *numbers[] = {
        xasprintf("--modes=%s", columns),
        o->samples ? xasprintf("--samples=%u", o->samples) : NULL,
        xasprintf("--row-deadline=%u", o->row_deadline), xasprintf("--boots=%u", o->boots),
        xasprintf("--seed=%u", o->seed),
    };
    const char **argv = make_arguments(o, selection, linux_too, numbers);
    /* In memory: a run that is killed leaves no file behind. */
    int status = STATUS_ENVIRONMENT, inner = 0, out = memfd_create("results", MFD_CLOEXEC);

    if ( out < 0 )
        message("no memory for the results: %s", strerror(errno));
    else
        status = pack_all(lab, session, linux_too, &luggage);
    if ( status == STATUS_OK )
        status = lab_run(lab, &(struct lab_job){
            .argv = argv, .push = luggage.file, .push_count = luggage.count,
            .stdout_fd = out, .stderr_fd = STDERR_FILENO,
            .deadline_seconds = o->deadline,
        }, &inner);
    if ( status == STATUS_OK && inner > STATUS_FAILED )
        status = inner;   /* it has said why on stderr */
    if ( status == STATUS_OK )
        status = read_results(out, results);
    if ( out >= 0 )
        close(out);
    unpack(&luggage);
    for ( size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++ )
        free(numbers[i]);
    free(argv);
    free(columns);
    return status;
}
