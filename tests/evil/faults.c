/*
 * Calls that fail, in the place of what the linker wraps (--wrap, Makefile).  $XENOMETER_FAULT says
 * which: NAME or NAME:N, the first or Nth call of that function; or N alone, the Nth of all those
 * that a domain has a part in.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <xendevicemodel.h>
#include <xenevtchn.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xenstore.h>

static bool fails(const char *name, unsigned *calls, bool of_all, int error)
{
    static unsigned all;
    const char *which = getenv("XENOMETER_FAULT");
    size_t length = strlen(name);
    unsigned long wanted;

    if ( !which )
        return false;
    if ( !strncmp(which, name, length) && (!which[length] || which[length] == ':') )
        wanted = which[length] ? strtoul(which + length + 1, NULL, 10) : 1;
    else if ( of_all )
        wanted = strtoul(which, NULL, 10), calls = &all;
    else
        return false;
    if ( ++*calls != wanted )
        return false;
    errno = error;
    return true;
}

#define REAL(name) __real_##name
#define WRAP(type, name, parameters, arguments, of_all, error, failure)           \
    type REAL(name) parameters;                                                        \
    type __wrap_##name parameters;                                                     \
    type __wrap_##name parameters                                                      \
    {                                                                                  \
        static unsigned calls;                                                         \
                                                                                       \
        return fails(#name, &calls, of_all, error) ? failure : REAL(name) arguments;   \
    }

/* ---- what a domain has a part in ---- */

WRAP(void *, xengnttab_map_domain_grant_refs,
     (xengnttab_handle *h, uint32_t count, uint32_t domid, uint32_t *refs, int protection),
     (h, count, domid, refs, protection), true, ENOMEM, NULL)
WRAP(int, xengnttab_grant_copy,
     (xengnttab_handle *h, uint32_t count, xengnttab_grant_copy_segment_t *segments),
     (h, count, segments), true, EFAULT, -1)
WRAP(xengnttab_handle *, xengnttab_open, (struct xentoollog_logger *logger, unsigned flags),
     (logger, flags), true, EMFILE, NULL)
WRAP(xenevtchn_port_or_error_t, xenevtchn_bind_interdomain,
     (xenevtchn_handle *h, uint32_t domid, evtchn_port_t port), (h, domid, port), true, ENOSPC, -1)

/* ---- Linux ---- */

WRAP(int, epoll_create1, (int flags), (flags), false, EMFILE, -1)
WRAP(int, epoll_ctl, (int fd, int op, int of, struct epoll_event *e), (fd, op, of, e), false, ENOSPC, -1)
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags), false, EMFILE, -1)
WRAP(int, timerfd_create, (int clock, int flags), (clock, flags), false, EMFILE, -1)
WRAP(int, pthread_create,
     (pthread_t *t, const pthread_attr_t *a, void *(*start)(void *), void *context),
     (t, a, start, context), false, EAGAIN, EAGAIN)
WRAP(int, bind, (int fd, const struct sockaddr *a, socklen_t size), (fd, a, size), false, EACCES, -1)
WRAP(int, flock, (int fd, int op), (fd, op), false, ENOLCK, -1)
WRAP(int, fdatasync, (int fd), (fd), false, EIO, -1)

/* ---- XenStore ---- */

WRAP(struct xs_handle *, xs_open, (unsigned long flags), (flags), false, EMFILE, NULL)
WRAP(bool, xs_watch, (struct xs_handle *h, const char *path, const char *token), (h, path, token),
     false, E2BIG, false)
WRAP(bool, xs_mkdir, (struct xs_handle *h, xs_transaction_t t, const char *path), (h, t, path),
     false, ENOSPC, false)
WRAP(bool, xs_set_permissions,
     (struct xs_handle *h, xs_transaction_t t, const char *path, struct xs_permissions *p, unsigned n),
     (h, t, path, p, n), false, ENOSPC, false)
WRAP(bool, xs_write,
     (struct xs_handle *h, xs_transaction_t t, const char *path, const void *data, unsigned size),
     (h, t, path, data, size), false, ENOSPC, false)
WRAP(xs_transaction_t, xs_transaction_start, (struct xs_handle *h), (h), false, ENOSPC, XBT_NULL)
/* Somebody else wrote meanwhile: once more. */
WRAP(bool, xs_transaction_end, (struct xs_handle *h, xs_transaction_t t, bool abort), (h, t, abort),
     false, EAGAIN, (REAL(xs_transaction_end)(h, t, true), errno = EAGAIN, false))

/* ---- Xen ---- */

WRAP(xenevtchn_handle *, xenevtchn_open, (struct xentoollog_logger *logger, unsigned flags),
     (logger, flags), false, EMFILE, NULL)
WRAP(xenevtchn_port_or_error_t, xenevtchn_bind_unbound_port, (xenevtchn_handle *h, uint32_t domid),
     (h, domid), false, ENOSPC, -1)
WRAP(xenevtchn_port_or_error_t, xenevtchn_pending, (xenevtchn_handle *h), (h), false, EIO, -1)
WRAP(xengntshr_handle *, xengntshr_open, (struct xentoollog_logger *logger, unsigned flags),
     (logger, flags), false, EMFILE, NULL)
WRAP(xenforeignmemory_handle *, xenforeignmemory_open, (struct xentoollog_logger *logger, unsigned flags),
     (logger, flags), false, EMFILE, NULL)
WRAP(int, xendevicemodel_create_ioreq_server,
     (xendevicemodel_handle *h, domid_t domid, int buffered, ioservid_t *id), (h, domid, buffered, id),
     false, ENOSPC, -1)
WRAP(int, xendevicemodel_map_io_range_to_ioreq_server,
     (xendevicemodel_handle *h, domid_t domid, ioservid_t id, int mmio, uint64_t from, uint64_t to),
     (h, domid, id, mmio, from, to), false, EEXIST, -1)
WRAP(int, xendevicemodel_set_ioreq_server_state,
     (xendevicemodel_handle *h, domid_t domid, ioservid_t id, int enabled), (h, domid, id, enabled),
     false, EBUSY, -1)
