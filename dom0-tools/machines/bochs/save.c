/*
 * A snapshot of the lab's machine in Bochs: its own, a directory of text and raw files (sparse:
 * some 400 MB), written when save_plugin.c asks for it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/bochs/bochs.h"
#include "xenometer.h"

#define SAVE_SECONDS 300u   /* it takes a few */

bool bochs_saves(const struct lab_options *options)
{
    char *plugin = data_file("bochs-save.so");

    (void)options;
    free(plugin);
    return plugin != NULL;
}

/*
 * It puts a copy of the disk into the directory, and would write that over the next job: said in
 * `hard_drive`, the parameters of the disk controllers, and not wanted.
 */
static int forget_disk(const char *directory)
{
    static const char yes[] = "image = true", no[] = "image = false";
    char *path = path_in(directory, "hard_drive"), *text = read_whole_file(path, NULL);
    char *image = path_in(directory, "hard_drive.0.drive0.image");
    char *found = text ? strstr(text, yes) : NULL, *changed;
    int status = STATUS_OK, error;

    if ( found == NULL || unlink(image) )
    {
        message("the lab's snapshot was not saved: this Bochs saves its disks otherwise than 2.7, "
                "in %s", path);
        status = STATUS_ENVIRONMENT;
    }
    else
    {
        changed = xasprintf("%.*s%s%s", (int)(found - text), text, no, found + strlen(yes));
        error = write_whole_file(path, changed, strlen(changed), 0666);
        if ( error )
            status = cache_error(path, error);
        free(changed);
    }
    free(image);
    free(text);
    free(path);
    return status;
}

int bochs_save(struct instance *instance, const char *directory)
{
    struct bochs_own *own = instance->own;
    uint64_t until = now_ms() + SAVE_SECONDS * 1000ull;
    char *how;

    kill(own->child.pid, SIGUSR1);
    while ( !instance_wait(instance, 20) && !cancelled() && now_ms() < until )
        stage_tick();
    if ( cancelled() )
        return cancelled();
    if ( own->child.ended && own->child.status == 0 )
        return forget_disk(directory);
    how = own->child.ended ? instance_ending(instance) : xstrdup("Bochs did not end");
    message("the lab's snapshot was not saved: %s", how);
    free(how);
    return STATUS_ENVIRONMENT;
}
