/*
 * xenometer: what it costs a Xen guest to reach the hypervisor, another vCPU
 * or a process in dom0.  Here: the table of commands, nothing else.
 */
#include <argp.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machines/lab.h"
#include "xenometer.h"

const char *argp_program_version = "xenometer " XENOMETER_VERSION;

static const struct command {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *help;
} commands[] = {
    { "run",     command_run,     "measure rows on a real Xen: here, or in the lab" },
    { "list",    command_list,    "show the rows that can be measured" },
    { "explain", command_explain, "tell what a row does and what its figure isolates" },
    { "trace",   command_trace,   "show where every instruction of one crossing goes" },
    { "report",  command_report,  "print the table of a results file again" },
    { "compare", command_compare, "set two results files side by side" },
    { "lesson",  command_lesson,  "learn paravirtualization by measuring it" },
    { "claims",  command_claims,  "judge what is said about the cost of virtualization" },
    { "model",   command_model,   "what a workload would spend on crossings, by mode and paradigm" },
    { "gate",    command_gate,    "does another Xen change what the paths take, and where?" },
    { "merge",   command_merge,   "put the results of a plan's cells together" },
    { "history", command_history, "what each path takes, by release of Xen" },
    { "factors", command_factors, "list options of Xen and dom0 that change what paths take" },
    { "verify",  command_verify,  "do two emulators, QEMU and Bochs, count the same?" },
    { "backend", command_backend, "serve domains started by hand with xl create" },
    { "disk",    command_disk,    "serve an image as a disk to a domain" },
    { "net",     command_net,     "reflect the frames of a domain's network interface" },
    { "attack",  command_attack,  "show how hostile domains and backends are stopped" },
    { "doctor",  command_doctor,  "tell what this machine can run, and how well" },
    { "stick",   command_stick,   "write an image that boots any PC into Xen and measures there" },
    { "lab",     lab_command,     "build, start and look into the Xen lab in QEMU" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
    printf("Usage: xenometer COMMAND [OPTION...]\n"
           "Measure what it costs a Xen guest to reach the hypervisor, another"
           " vCPU or dom0.\n\n");
    for ( size_t i = 0; i < COMMANDS; i++ )
        printf("  %-9s %s\n", commands[i].name, commands[i].help);
    printf("\n"
           "  xenometer list                     what there is to measure\n"
           "  xenometer run 'exit/*' --modes=hvm measure some of it\n"
           "  xenometer explain ring/echo-64b    what a row means\n"
           "\n"
           "  xenometer COMMAND --help           options of a command\n"
           "  xenometer --version                version\n"
           "\n"
           "Exit status: 0 fine, 1 a row failed or figures changed, 2 usage,\n"
           "3 something is missing on this machine, 4 deadline passed.\n");
}

static const struct command *find_command(const char *name)
{
    for ( size_t i = 0; i < COMMANDS; i++ )
        if ( strcmp(commands[i].name, name) == 0 )
            return &commands[i];
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *command;
    const char *name = argc > 1 ? argv[1] : NULL;
    char *full_name;
    int status;

    setlocale(LC_CTYPE, "");
    argp_err_exit_status = STATUS_USAGE;

    if ( name == NULL )
    {
        message("no command given; `xenometer --help` shows them");
        return STATUS_USAGE;
    }
    if ( strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
         (strcmp(name, "help") == 0 && argc == 2) )
    {
        print_help();
        return STATUS_OK;
    }
    if ( strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 )
    {
        printf("%s\n", argp_program_version);
        return STATUS_OK;
    }
    if ( strcmp(name, "help") == 0 )
        name = argv[2];

    command = find_command(name);
    if ( command == NULL )
    {
        message("unknown command '%s'; `xenometer --help` shows them", name);
        return STATUS_USAGE;
    }
    if ( strcmp(argv[1], "help") == 0 )
        argv[2] = "--help";
    /* argp takes the name for its usage lines from argv[0]. */
    argv[1] = full_name = xasprintf("xenometer %s", command->name);
    status = command->function(argc - 1, argv + 1);
    free(full_name);

    /* A full disk shows itself only here when stdout is a file. */
    if ( fflush(stdout) != 0 || ferror(stdout) )
    {
        message("cannot write the output: %s", strerror(errno));
        return STATUS_ENVIRONMENT;
    }
    return status;
}
