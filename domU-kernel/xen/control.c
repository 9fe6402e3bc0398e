#include "control.h"
#include "balloon.h"
#include "console.h"
#include "xenstore.h"
#include "../arch/power.h"
#include "../arch/smp.h"
#include "../arch/traps.h"
#include "../harness/harness.h"
#include "../lib/string.h"

#define SHUTDOWN "control/shutdown"
#define SYSRQ    "control/sysrq"

/* Each watch's events come with a path that begins with its first letter, by which
 * xenstore.c knows them. */
static const char *const watched[] = { "control", "cpu", "memory/target" };

static bool listens;
static bool resize;   /* there may be another target for our memory, or fewer vCPUs */
static enum control_wish wish;

static const struct { const char *value; enum control_wish wish; } wishes[] = {
    { "poweroff", WISH_POWEROFF }, { "halt", WISH_POWEROFF }, { "reboot", WISH_REBOOT },
    { "suspend", WISH_SUSPEND },
};

const char *control_reason(enum control_wish w)
{
    switch ( w )
    {
    case WISH_POWEROFF: return "asked to shut down (xl shutdown)";
    case WISH_REBOOT:   return "asked to reboot (xl reboot)";
    case WISH_SUSPEND:  return "asked to suspend (xl save or migrate)";
    case WISH_NONE:     break;
    }
    return "not asked for anything";
}

static void look_at_shutdown(void)
{
    char value[16];

    if ( xenstore_read(SHUTDOWN, value, sizeof(value)) || !value[0] )
        return;
    for ( u32 i = 0; i < ARRAY_SIZE(wishes); i++ )
        if ( !strcmp(value, wishes[i].value) )
            wish = wishes[i].wish;
    if ( wish == WISH_NONE )
        print("the toolstack asks for \"%s\", which this image does not know\n", value);
    /* The empty value tells the toolstack that we heard. */
    xenstore_write(SHUTDOWN, "");
}

/* The keys of Linux, as far as they mean anything here. */
static void look_at_sysrq(void)
{
    char key[4];

    if ( xenstore_read(SYSRQ, key, sizeof(key)) || !key[0] )
        return;
    xenstore_write(SYSRQ, "");
    print("sysrq: %c\n", key[0]);
    switch ( key[0] )
    {
    case 'b': wish = WISH_REBOOT; break;
    case 'o': wish = WISH_POWEROFF; break;
    case 'c': panic("asked to crash (xl sysrq c)");
    default:
        print("at row %s; keys: b reboot, o power off, c crash\n", harness_current_row());
    }
}

void control_listen(void)
{
    if ( listens )
        return;
    listens = true;
    /* Who asks first whether we can finds it here. */
    xenstore_write("control/feature-poweroff", "1");
    xenstore_write("control/feature-reboot", "1");
    xenstore_write("control/feature-suspend", "1");
    for ( u32 i = 0; i < ARRAY_SIZE(watched); i++ )
        if ( xenstore_watch(watched[i], watched[i]) )
            print("cannot watch %s: xl's requests go unheard\n", watched[i]);
    /* Each fires once when it is set, and control_look() sees what is there. */
}

bool control_listens(void)
{
    return listens;
}

void control_done(bool same)
{
    listens &= same;
    if ( !same )
        balloon_forget();
    wish = WISH_NONE;
}

/* xl trigger.  Sleep would end in our own waking up, at a reset vector that no firmware has. */
static void look_at_buttons(void)
{
    switch ( button_pressed() )
    {
    case BUTTON_POWER:
        wish = WISH_POWEROFF;
        break;
    case BUTTON_SLEEP:
        print("the sleep button (xl trigger sleep): this image does not sleep, xl pause does\n");
        break;
    case BUTTON_NONE:
        break;
    }
}

void control_idle(void)
{
    if ( wish == WISH_NONE )
        look_at_buttons();
    if ( control_look() == WISH_NONE && resize )
    {
        resize = false;
        balloon_follow();
        smp_follow();
    }
}

enum control_wish control_look(void)
{
    if ( wish == WISH_NONE && xenstore_control_fired() )
    {
        resize = true;
        look_at_shutdown();
        if ( wish == WISH_NONE )
            look_at_sysrq();
    }
    return wish;
}

enum control_wish control_await(void)
{
    control_listen();
    while ( control_look() == WISH_NONE )
        xenstore_sleep(0);
    return wish;
}
