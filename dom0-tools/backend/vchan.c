#include "backend/vchan.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <libxenvchan.h>
#include <xenometer/protocol.h>

#include "backend/xenctrl.h"
#include "xenometer.h"

#define LEAST 1024u   /* bytes of each ring: both fit into one page then */

struct vchan {
    struct libxenvchan *server;
    pthread_t thread;
};

/* Until the client goes. */
static void *serve(void *context)
{
    struct libxenvchan *server = context;
    uint8_t message[DATA_PAYLOAD];

    while ( libxenvchan_recv(server, message, sizeof(message)) == sizeof(message) &&
            libxenvchan_send(server, message, sizeof(message)) == sizeof(message) )
        ;
    return NULL;
}

struct vchan *vchan_open(uint32_t domid, const char *path)
{
    struct vchan *v = xcalloc(1, sizeof(*v));
    sigset_t all, before;
    int error = -1;

    v->server = libxenvchan_server_init(xenctrl_logger(), (int)domid, path, LEAST, LEAST);
    if ( v->server )
    {
        v->server->blocking = 1;
        /* Signals are the loop's: they end its read. */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&v->thread, NULL, serve, v->server);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if ( !error )
        return v;
    libxenvchan_close(v->server);
    free(v);
    return NULL;
}

void vchan_close(struct vchan *v)
{
    if ( !v )
        return;
    pthread_cancel(v->thread);
    pthread_join(v->thread, NULL);
    libxenvchan_close(v->server);
    free(v);
}
