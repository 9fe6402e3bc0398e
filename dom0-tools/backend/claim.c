#include "backend/claim.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* An abstract socket (unix(7)): its name has one owner, and no file remains of it. */
int claim_take(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if ( fd >= 0 && bind(fd, (struct sockaddr *)&address,
                         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) )
    {
        int error = errno;

        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

int claim_wait(const char *name, unsigned tries)
{
    const struct timespec tick = { .tv_nsec = CLAIM_TICK };
    int fd = claim_take(name);

    for ( unsigned i = 1; fd < 0 && errno == EADDRINUSE && i < tries; i++ )
    {
        nanosleep(&tick, NULL);
        fd = claim_take(name);
    }
    return fd;
}
