#include "guests/oci.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "guests/app.h"
#include "xenometer.h"

#define SECCOMP "configs/lab-linux/seccomp.json"

/* The host's number of the container's first user and group, where it has a user namespace. */
#define FIRST_ID  100000
#define IDS       65536

static json_t *words(const char *text)
{
    json_t *list = json_array();

    for ( text += strspn(text, " "); *text; text += strspn(text, " ") )
    {
        size_t length = strcspn(text, " ");

        json_array_append_new(list, json_stringn(text, length));
        text += length;
    }
    return list;
}

static json_t *capabilities(void)
{
    /* podman's and, but for two, Docker's. */
    json_t *list = words("CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL "
                         "CAP_NET_BIND_SERVICE CAP_SETFCAP CAP_SETGID CAP_SETPCAP CAP_SETUID "
                         "CAP_SYS_CHROOT");

    return json_pack("{s:O, s:O, s:o}", "bounding", list, "effective", list, "permitted", list);
}

static json_t *mounts(void)
{
    return json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s, s:[s, s, s]}]",
                     "destination", "/proc", "type", "proc", "source", "proc",
                     "destination", "/dev", "type", "tmpfs", "source", "tmpfs",
                     "options", "nosuid", "strictatime", "mode=755");
}

static json_t *namespaces(const char *text)
{
    json_t *names = words(text), *list = json_array(), *name;
    size_t i;

    json_array_foreach(names, i, name)
        json_array_append_new(list, json_pack("{s:O}", "type", name));
    json_decref(names);
    return list;
}

static json_t *limits(void)
{
    return json_pack("{s:{s:I}, s:{s:I, s:I, s:I}, s:{s:I}}",
                     "memory", "limit", (json_int_t)256 << 20,
                     "cpu", "shares", (json_int_t)1024, "quota", (json_int_t)200000,
                     "period", (json_int_t)100000,
                     "pids", "limit", (json_int_t)2048);   /* podman's default; gVisor uses hundreds */
}

/* The filter's rules; NULL after a message. */
static json_t *seccomp(void)
{
    char *path = data_file(SECCOMP);
    json_error_t error;
    json_t *rules = path ? json_load_file(path, 0, &error) : NULL;

    if ( !path )
        message(SECCOMP " not found beside the program: run `make`");
    else if ( !rules )
        message("%s, line %d: %s", path, error.line, error.text);
    free(path);
    return rules;
}

static json_t *map_ids(void)
{
    return json_pack("[{s:i, s:i, s:i}]", "containerID", 0, "hostID", FIRST_ID, "size", IDS);
}

int oci_root(const struct app_cell *cell)
{
    return strstr(cell->namespaces, "user") ? FIRST_ID : 0;
}

char *oci_config(const struct app_cell *cell)
{
    json_t *part = json_object(), *rules = cell->seccomp ? seccomp() : NULL, *config;
    char *text;

    if ( cell->seccomp && !rules )
    {
        json_decref(part);
        return NULL;
    }
    json_object_set_new(part, "namespaces", namespaces(cell->namespaces));
    if ( oci_root(cell) )
    {
        json_object_set_new(part, "uidMappings", map_ids());
        json_object_set_new(part, "gidMappings", map_ids());
    }
    if ( cell->cgroup )
    {
        json_object_set_new(part, "cgroupsPath", json_string("/xenometer"));
        json_object_set_new(part, "resources", limits());
    }
    if ( rules )
        json_object_set_new(part, "seccomp", rules);
    config = json_pack("{s:s, s:{s:b, s:{s:i, s:i}, s:[s], s:[s], s:s, s:o}, s:{s:s}, s:o, s:o}",
                       "ociVersion", "1.0.2",
                       "process", "terminal", 0, "user", "uid", 0, "gid", 0,
                       "args", "/" APP_PROGRAM, "env", "PATH=/", "cwd", "/",
                       "capabilities", capabilities(),
                       "root", "path", "rootfs",
                       "mounts", mounts(), "linux", part);
    text = json_dumps(config, JSON_INDENT(1));
    json_decref(config);
    return text;
}
