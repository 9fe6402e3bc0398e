#include "machines/qemu/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "machines/instance.h"
#include "xenometer.h"

#define PROBE_TIME 10000u   /* ms to Xen's first line; a second on real hardware */
#define BANNER     "Xen version"

/* Whether /proc/cpuinfo's flags have the word. */
static bool cpu_has(const char *info, const char *flag)
{
    const char *flags = strstr(info, "\nflags"), *end = flags ? strchrnul(flags + 1, '\n') : NULL;
    size_t length = strlen(flag);

    for ( const char *p = flags; p && (p = strstr(p, flag)) != NULL && p < end; p += length )
        if ( p[-1] == ' ' && (p[length] == ' ' || p[length] == '\n') )
            return true;
    return false;
}

/* What the host itself says against it; false when nothing does. */
static bool host_refuses(char *reason, size_t size)
{
    char *info = read_whole_file("/proc/cpuinfo", NULL), *nested;
    bool vmx = info && cpu_has(info, "vmx"), svm = info && cpu_has(info, "svm");
    const char *parameter = vmx ? "/sys/module/kvm_intel/parameters/nested"
                                : "/sys/module/kvm_amd/parameters/nested";
    bool refuses = true;
    int fd;

    free(info);
    nested = read_whole_file(parameter, NULL);
    fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if ( fd < 0 )
        snprintf(reason, size, "not usable: /dev/kvm: %s", strerror(errno));
    else if ( !vmx && !svm )
        snprintf(reason, size, "not usable: /dev/kvm opens, but the CPU shows neither vmx nor svm");
    else if ( nested == NULL || (nested[0] != 'Y' && nested[0] != '1') )
        snprintf(reason, size, "not usable: %s is %s", parameter, nested ? "off" : "missing");
    else
        refuses = false;
    if ( fd >= 0 )
        close(fd);
    free(nested);
    return refuses;
}

bool kvm_known(const struct cache *cache, char *reason, size_t size)
{
    char *path, *result;
    bool usable = false;

    if ( host_refuses(reason, size) )
        return false;
    path = cache->lab ? path_in(cache->lab, "kvm-probe") : NULL;
    result = path ? read_whole_file(path, NULL) : NULL;
    if ( result == NULL )
        snprintf(reason, size, "not probed yet: `xenometer lab build --clock=kvm` does");
    else
    {
        usable = strncmp(result, "usable", 6) == 0;
        snprintf(reason, size, "%.*s", (int)strcspn(result, "\n"), result);
    }
    free(result);
    free(path);
    return usable;
}

/* Boot Xen under KVM until its banner.  One line of result; the caller's. */
static char *probe(const struct cache *cache)
{
    struct instance instance;
    uint64_t until = now_ms() + PROBE_TIME;
    char *result = NULL, *log;
    int status;

    stage_begin("probing whether KVM can run Xen here");
    status = instance_prepare(&instance, &(struct lab_options){ .clock = LAB_KVM });
    if ( status == STATUS_OK )
        status = instance_boot(&instance, cache, NULL);
    if ( status != STATUS_OK )
        result = xstrdup("not usable: QEMU does not start with KVM\n");
    while ( result == NULL && !cancelled() )
    {
        bool ended = instance_wait(&instance, 50);

        log = memory_file_text(instance.serial, NULL);
        if ( strstr(log, BANNER) )
            result = xstrdup("usable: Xen reached its banner in a probe boot\n");
        else if ( ended )
        {
            char *ending = instance_ending(&instance);

            result = xasprintf("not usable: no word from Xen, %s\n", ending);
            free(ending);
        }
        else if ( now_ms() > until )
            result = xasprintf("not usable: no word from Xen in %u s\n", PROBE_TIME / 1000);
        free(log);
        stage_tick();
    }
    instance_end(&instance);
    stage_end();
    return result;
}

int kvm_require(const struct cache *cache)
{
    char reason[160], *path, *result;
    bool usable;

    usable = kvm_known(cache, reason, sizeof(reason));
    if ( !usable && strncmp(reason, "not probed", 10) == 0 )
    {
        result = probe(cache);
        if ( cancelled() )
        {
            free(result);
            return cancelled();
        }
        /* Kept with the lab: another QEMU or Xen is another answer.  If it
         * cannot be written, the next run probes again. */
        path = path_in(cache->lab, "kvm-probe");
        write_whole_file(path, result, strlen(result), 0666);
        free(path);
        free(result);
        usable = kvm_known(cache, reason, sizeof(reason));
    }
    if ( usable )
        return STATUS_OK;
    message("KVM is %s; use --clock=exact or --clock=fast", reason);
    return STATUS_ENVIRONMENT;
}
