/*
 * A snapshot of the lab's machine in Bochs: its own, a directory of text and raw files (sparse:
 * some 400 MB), written when plugin.c asks for it.
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

/* In a file of the saved machine, one text for another. */
static int edit(const char *directory, const char *name, const char *from, const char *to)
{
    char *path = path_in(directory, name), *text = read_whole_file(path, NULL), *changed;
    char *found = text ? strstr(text, from) : NULL;
    int status = STATUS_OK, error;

    if ( found == NULL )
    {
        message("the lab's snapshot was not saved: this Bochs saves otherwise than 2.7, there is "
                "no '%s' in %s", from, path);
        status = STATUS_ENVIRONMENT;
    }
    else
    {
        changed = xasprintf("%.*s%s%s", (int)(found - text), text, to, found + strlen(from));
        error = write_whole_file(path, changed, strlen(changed), 0666);
        if ( error )
            status = cache_error(path, error);
        free(changed);
    }
    free(text);
    free(path);
    return status;
}

/*
 * `hard_drive`, the parameters of the disk controllers, says that there is a copy of the disk,
 * which would be written over the next job.
 *
 * `config` loads usb_uhci before the serial line, while at power-on it came after it.  Timers are
 * known by their numbers alone: the serial line would get the other's, and with it a NUL each
 * millisecond.
 */
static int correct(const char *directory)
{
    char *image = path_in(directory, "hard_drive.0.drive0.image");
    int status = edit(directory, "hard_drive", "image = true", "image = false");

    if ( status == STATUS_OK )
        status = edit(directory, "config", "usb_uhci=true, ", "");
    unlink(image);
    free(image);
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
        return correct(directory);
    /* All it says is that it could not write, if that. */
    if ( own->child.ended && bochs_require_space(directory) != STATUS_OK )
        return STATUS_ENVIRONMENT;
    how = own->child.ended ? instance_ending(instance) : xstrdup("Bochs did not end");
    message("the lab's snapshot was not saved: %s", how);
    free(how);
    return STATUS_ENVIRONMENT;
}
