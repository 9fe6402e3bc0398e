/*
 * The application as process 1, and the only one, of a Linux domain: what an init has to do, and a
 * way out for results where there are no files.
 */
#ifndef APP_DOMAIN_H
#define APP_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

/* argv[1] of such a process: what the domain's command line has behind "--". */
#define DOMAIN_BY_CONSOLE "--domain-console"   /* results through Xen's console, behind a line */
#define DOMAIN_BY_PORT    "--domain-port"      /* by BARE_RESULT_PORT (xenometer/protocol.h), through /dev/port */

/* The line that ends what is no result on the console. */
#define DOMAIN_RESULTS "xenometer: results follow"

/* Where its root, an initramfs, has the commands. */
#define DOMAIN_COMMANDS "/commands"

/* Mount what programs expect, bring the loopback up, open the commands as standard input.  False:
 * `option` is none of these. */
bool domain_begin(const char *option);

/* What write() to standard output is elsewhere; returns when it has left. */
void domain_give(const void *data, size_t size);

/* Powers off. */
void domain_end(void) __attribute__((noreturn));

#endif
