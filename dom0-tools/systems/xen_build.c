#include "systems/xen_build.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cancel.h"
#include "lib/child.h"
#include "lib/files.h"
#include "lib/stage.h"
#include "systems/cache.h"
#include "xenometer.h"

/* What the sources are: names, sizes and times of all that is compiled, and the configuration. */
static const char fingerprint[] =
    "cd \"$1\" && find Config.mk config xen -type f '(' -name '*.[chS]' -o -name '*.lds*' -o -name "
    "'Kconfig*' -o -name 'Makefile*' -o -name '*.mk' -o -name '*.py' -o -name '*.sh' ')' -printf "
    "'%p %s %T@\\n' 2>/dev/null | sort; cat xen/.config 2>/dev/null; true";

/*
 * $1 the source, $2 the work, $3 where it goes, further ones OPTION=VALUE.  What is not needed for the
 * hypervisor is not copied.  Each option must stand in the configuration as it was asked for.  Of a
 * build that fails the first error is told: the last lines are make's.
 */
static const char script[] =
    "set -e; source=$1; work=$2; to=$3; shift 3; mkdir -p \"$work\" \"$to\"; cd \"$source\"; "
    "for f in * .config; do case $f in tools|docs|stubdom|dist|automation|extras) ;; "
    "*) [ ! -e \"$f\" ] || cp -a \"$f\" \"$work\";; esac; done; "
    "cd \"$work/xen\"; "
    "for o; do grep -rqE \"^[[:space:]]*(menu)?config ${o%%=*}\\$\" --include='Kconfig*' . || "
    "{ echo \"its Kconfig has no option ${o%%=*}\" >&2; exit 9; }; done; "
    "[ -f .config ] || make defconfig >&2; "
    "for o; do sed -i -e \"/^CONFIG_${o%%=*}=/d\" -e \"/^# CONFIG_${o%%=*} is not set/d\" .config; "
    "case $o in *=n) echo \"# CONFIG_${o%%=*} is not set\";; *) echo \"CONFIG_$o\";; esac >>.config; done; "
    "make olddefconfig >&2; "
    "for o; do case $o in *=n) ! grep -q \"^CONFIG_${o%%=*}=\" .config;; *) grep -q \"^CONFIG_$o\\$\" .config;; "
    "esac || { echo \"Kconfig does not take $o: another option needs it otherwise\" >&2; "
    "exit 9; }; done; "
    "make -j\"$(nproc)\" >log 2>&1 || "
    "{ grep -m1 -e 'error:' -e 'No space left' log >&2 || tail -n1 log >&2; exit 1; }; "
    "cp xen.gz xen-syms.map \"$to\"; cp .config \"$to/xen.config\"; "
    "printf '%s with %s' \"$source\" \"$*\" >\"$to/about\"; : >\"$to/lock\"";

static char *output_of(const char *const *argv)
{
    int out = memory_file("output", 0);
    char *text = NULL;

    if ( out >= 0 && child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1,
                                                      .stdout_fd = out }, NULL) == STATUS_OK )
        text = memory_file_text(out, NULL);
    if ( out >= 0 )
        close(out);
    return text;
}

static int build(struct cache *cache, const char *source, const char *options, const char *to)
{
    char *work = path_in(cache->root, "new-xen-build"), *done = path_in(cache->root, "new-xen-built");
    char *words = xstrdup(options), *rest = words, *word, *complaint = NULL;
    const char **argv = xcalloc(strlen(options) + 9, sizeof(*argv));
    size_t count = 0;
    int status;

    argv[count++] = "sh";
    argv[count++] = "-c";
    argv[count++] = script;
    argv[count++] = "sh";
    argv[count++] = source;
    argv[count++] = work;
    argv[count++] = done;
    while ( (word = strsep(&rest, " ")) != NULL )
        argv[count++] = word;
    stage_begin("building Xen with %s", options);
    status = child_run(&(struct child_start){ .argv = argv, .stdin_fd = -1, .stdout_fd = -1 }, &complaint);
    stage_end();
    if ( status == STATUS_ENVIRONMENT )
        message("cannot build %s with %s: %s", source, options, complaint);
    if ( status == STATUS_OK && rename(done, to) )
        status = cache_error(to, errno);
    remove_tree(work);
    remove_tree(done);
    free(complaint);
    free(argv);
    free(words);
    free(done);
    free(work);
    return status;
}

int xen_build(const char *given, const char *options, char **xen)
{
    char *source = realpath(given, NULL), *config = source ? path_in(source, "xen/Kconfig") : NULL;
    const char *argv[] = { "sh", "-c", fingerprint, "sh", source, NULL };
    struct cache cache;
    char *text, *directory;
    uint64_t key;
    int status;

    *xen = NULL;
    if ( !config || access(config, R_OK) )
    {
        message("--xen-source=%s: no source tree of Xen's: there is no xen/Kconfig in it", given);
        free(config);
        free(source);
        return STATUS_USAGE;
    }
    cancel_begin();
    text = output_of(argv);
    key = hash_string(hash_string(hash_string(HASH_START, source), text ? text : ""), options);
    status = cache_open(&cache, &architecture_x86, NULL, NULL);
    directory = xasprintf("%s/%s%016" PRIx64, cache.root, cache_built.prefix, key);
    *xen = path_in(directory, "xen.gz");
    /* Held to the process's end: it makes labs of it, and traces in them look for its symbols. */
    if ( status == STATUS_OK && cache_hold(directory) < 0 &&
         (status = cache_lock_build(&cache)) == STATUS_OK && cache_hold(directory) < 0 )
    {
        remove_tree(directory);   /* one without its lock is half a one */
        status = build(&cache, source, options, directory);
        if ( status == STATUS_OK && cache_hold(directory) < 0 )
            status = STATUS_ENVIRONMENT;
        if ( status == STATUS_OK )
            cache_trim(&cache, &cache_built);
    }
    cache_close(&cache);
    cancel_end();
    free(directory);
    free(text);
    free(config);
    free(source);
    return status;
}
