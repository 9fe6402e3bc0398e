/*
 * Loaded into Bochs (LD_PRELOAD) while it boots for a snapshot: on SIGUSR1 Bochs saves its
 * machine into the directory $XENOMETER_SAVE and ends, with status 0 when that succeeded.
 *
 * Bochs can save itself, but asks for it with a button of its window, and its text display has
 * none.  That button calls this function of its (gui/gui.cc, save_restore_handler), while the
 * display looks for keys, which is between two instructions; so do we, in place of curses'
 * wgetch().  Nobody types at that display.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define NO_KEY (-1)   /* ERR of curses.h */

/* gui/siminterface.h: bx_simulator_interface_c *SIM, and what it points to. */
extern void *SIM __attribute__((weak));
extern char save_state(void *self, const char *directory)
    __asm__("_ZN13bx_real_sim_c10save_stateEPKc") __attribute__((weak));

static volatile sig_atomic_t asked;

static void on_signal(int number)
{
    (void)number;
    asked = 1;
}

static void __attribute__((constructor)) listen_for_signal(void)
{
    signal(SIGUSR1, on_signal);
}

int wgetch(void *window);
int wgetch(void *window)
{
    const char *directory = getenv("XENOMETER_SAVE");

    (void)window;
    if ( !asked )
        return NO_KEY;
    /* Bochs 2.7 and 3.0 have both; one that hasn't cannot be saved. */
    if ( directory && &SIM && SIM && save_state && save_state(SIM, directory) )
        _exit(0);
    _exit(1);
}
