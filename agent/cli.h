/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what was asked for, and what the exit code says. */
#ifndef AGENT_CLI_H
#define AGENT_CLI_H

#include <stdbool.h>
#include <stdint.h>

enum cli_command {
    CLI_NONE = 0,
    CLI_ENROLL,
    CLI_ATTEST,
    CLI_REKEY,
    CLI_RUN,
    CLI_STATUS,
    CLI_JOIN,
    CLI_IDENTITY,
    CLI_HEDGE,
    CLI_SEND,
    CLI_RECV,
    CLI_HELP,
    CLI_VERSION
};

/* Documented in --help; scripts rely on them. */
enum cli_exit {
    CLI_GOOD = 0,
    CLI_ATTENTION = 1,  /* refused, not trusted, or somebody should look */
    CLI_USAGE = 2,      /* command line, configuration or state cannot be used */
    CLI_NO_CONTACT = 3, /* the verifier or the TPM cannot be reached */
    CLI_QUEUED = 4,     /* send: safe in the queue, and not acknowledged yet */
    CLI_FULL = 5        /* send: the queue is full */
};

struct cli {
    enum cli_command command;
    const char      *config;       /* path */
    bool             config_given; /* by --config */
    bool             json, csv, force, lines, wait, follow;
    uint64_t         count;    /* of recv: at most so many; 0: all */
    const char      *argument; /* of join: the string, or -; of send: a file, - or NULL */
    const char      *token;    /* file for the verifier's token, or NULL */
};

/* Prints to stderr what is wrong and returns CLI_USAGE, or fills *ret and returns CLI_GOOD. */
enum cli_exit cli_parse(int argc, char **argv, struct cli *ret);

void cli_help(void);

#endif
