/*
 * Calls that fail: the one numbered $XENOMETER_FAULT, counted from 1 over all of these, in the
 * place of what the linker wraps (--wrap, Makefile).
 */
#include <errno.h>
#include <stdlib.h>

#include <xenevtchn.h>
#include <xengnttab.h>

static int fails(int error)
{
    static unsigned calls;
    const char *which = getenv("XENOMETER_FAULT");

    if ( !which || ++calls != strtoul(which, NULL, 10) )
        return 0;
    errno = error;
    return 1;
}

#define REAL(name) __real_##name
#define WRAP(type, name, parameters, arguments, error, failure) \
    type REAL(name) parameters;                                \
    type __wrap_##name parameters;                             \
    type __wrap_##name parameters                              \
    {                                                          \
        return fails(error) ? failure : REAL(name) arguments;  \
    }

WRAP(void *, xengnttab_map_domain_grant_refs,
     (xengnttab_handle *h, uint32_t count, uint32_t domid, uint32_t *refs, int protection),
     (h, count, domid, refs, protection), ENOMEM, NULL)
WRAP(int, xengnttab_grant_copy,
     (xengnttab_handle *h, uint32_t count, xengnttab_grant_copy_segment_t *segments),
     (h, count, segments), EFAULT, -1)
WRAP(xengnttab_handle *, xengnttab_open, (struct xentoollog_logger *logger, unsigned flags),
     (logger, flags), EMFILE, NULL)
WRAP(xenevtchn_port_or_error_t, xenevtchn_bind_interdomain,
     (xenevtchn_handle *h, uint32_t domid, evtchn_port_t port), (h, domid, port), ENOSPC, -1)
