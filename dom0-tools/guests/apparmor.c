/*
 * Column of the application under an AppArmor profile that allows what it does
 * (configs/lab-linux/apparmor): beside native, where AppArmor is in the kernel, too, and has nothing to say.
 */
#include <stdlib.h>

#include "guests/app.h"
#include "machines/lab.h"
#include "xenometer.h"

#define PROFILE "configs/lab-linux/apparmor"

/* What is executed next is under it. */
#define SCRIPT \
    "mount -t securityfs securityfs /sys/kernel/security && " \
    "apparmor_parser --replace --skip-cache profile && " \
    "echo exec " APP_PROGRAM " >/proc/self/attr/apparmor/exec && exec " APP_START "./" APP_PROGRAM

static int run(struct batch *b)
{
    char *profile = data_file(PROFILE);
    int status = STATUS_ENVIRONMENT;

    if ( profile )
        status = lab_batch(b, SYSTEM_LINUX, SCRIPT, (const struct lab_file[]){
            { .host_path = b->elf, .name = APP_PROGRAM }, { .host_path = profile, .name = "profile" } }, 2,
            "it");
    else
        message(PROFILE " not found beside the program: run `make`");
    free(profile);
    return status;
}

COLUMN(apparmor) = {
    APP_COLUMN_ALONE, .name = "apparmor", .title = "AppArmor", .order = 135, .classes = "app",
    .what = "an application under an AppArmor profile that allows what it does",
    .batch = run,
};
