/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

enum { OPT_CONFIG = 256, OPT_JSON, OPT_CSV, OPT_FORCE, OPT_TOKEN };

static const struct option options[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "json", no_argument, NULL, OPT_JSON },
    { "csv", no_argument, NULL, OPT_CSV },
    { "force", no_argument, NULL, OPT_FORCE },
    { "token", required_argument, NULL, OPT_TOKEN },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { 0 },
};

static const struct {
    const char      *name;
    enum cli_command command;
    bool             json, csv, force, token; /* options that it takes */
    const char      *argument;                /* what it takes behind them; NULL: nothing */
} commands[] = {
    { "enroll", CLI_ENROLL, .json = true, .token = true },
    { "attest", CLI_ATTEST, .json = true, .token = true },
    { "rekey", CLI_REKEY, .json = true, .token = true },
    { "run", CLI_RUN },
    { "status", CLI_STATUS, .json = true },
    { "join", CLI_JOIN, .force = true,
      .argument = "join takes one string, pawl://.., or - for standard input" },
    { "hedge", CLI_HEDGE, .argument = "hedge takes -: the key comes on standard input" },
    { "identity", CLI_IDENTITY, .json = true, .csv = true },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static enum cli_exit usage(const char *what, const char *which)
{
    fprintf(stderr, "pawl-agent: %s%s%s; see pawl-agent --help\n", what, *which ? ": " : "", which);
    return CLI_USAGE;
}

/* False for an option that getopt has complained about. */
static bool take_option(int opt, struct cli *c)
{
    switch (opt) {
    case OPT_CONFIG:
        c->config = optarg;
        c->config_given = true;
        return true;
    case OPT_JSON:
        return c->json = true;
    case OPT_CSV:
        return c->csv = true;
    case OPT_FORCE:
        return c->force = true;
    case OPT_TOKEN:
        c->token = optarg;
        return true;
    case 'h':
        c->command = CLI_HELP;
        return true;
    case 'V':
        if (c->command != CLI_HELP)
            c->command = CLI_VERSION;
        return true;
    default:
        return false;
    }
}

static enum cli_exit take_command(int argc, char **argv, struct cli *c)
{
    size_t i = 0;

    if (optind == argc)
        return usage("a command is missing", "");
    while (i < COMMANDS && strcmp(argv[optind], commands[i].name))
        i++;
    if (i == COMMANDS)
        return usage("no such command", argv[optind]);
    if ((c->json && !commands[i].json) || (c->csv && !commands[i].csv) ||
        (c->force && !commands[i].force) || (c->token && !commands[i].token) || (c->json && c->csv))
        return usage("these options do not go with the command", commands[i].name);
    c->command = commands[i].command;
    const char *wanted = commands[i].argument;
    if (argc - optind - 1 != (wanted ? 1 : 0))
        return usage(wanted ? wanted : "no arguments are taken by", wanted ? "" : commands[i].name);
    c->argument = wanted ? argv[optind + 1] : NULL;
    /* An argument would show the key to whoever lists processes. */
    if (c->command == CLI_HEDGE && strcmp(c->argument, "-"))
        return usage(wanted, "");
    return CLI_GOOD;
}

enum cli_exit cli_parse(int argc, char **argv, struct cli *ret)
{
    struct cli c = { .config = CONFIG_PATH };
    int        opt;

    optind = 0; /* tests parse more than once */
    while ((opt = getopt_long(argc, argv, "hV", options, NULL)) != -1)
        if (!take_option(opt, &c))
            return CLI_USAGE;
    if (c.command == CLI_NONE) {
        enum cli_exit e = take_command(argc, argv, &c);
        if (e != CLI_GOOD)
            return e;
    }
    *ret = c;
    return CLI_GOOD;
}

void cli_help(void)
{
    fputs(
        "pawl-agent " PAWL_VERSION ": proves to a verifier, by the TPM, what this device booted\n"
        "\n"
        "usage: pawl-agent [--config FILE] COMMAND [OPTION..]\n"
        "\n"
        "  join [--force] STRING | - write the configuration from the string that\n"
        "                            `pawl-verifier init` prints; - reads it from standard input,\n"
        "                            where nobody sees a token in the list of processes;\n"
        "                            --force: replace another verifier\n"
        "  enroll [--json]           introduce this TPM to the verifier\n"
        "  attest [--json]           send one quote and print the verdict\n"
        "  rekey [--json]            the same, and turn the keys of messages over\n"
        "  run                       enroll if need be, then attest every interval_s and rekey\n"
        "                            every rekey_s, until stopped\n"
        "  status [--json]           how it stands, without TPM and network\n"
        "  identity [--json | --csv] all Endorsement Keys of the TPM, offline\n"
        "  hedge -                   take a second secret from standard input, as `pawlctl device\n"
        "                            hedge` prints it, into the TPM and into every new key\n"
        "\n"
        "  --config FILE             default " CONFIG_PATH "\n"
        "  --help, --version\n"
        "\n"
        "exit codes\n"
        "  0  good: enrolled; verdict affirming or warning; status: all is well\n"
        "  1  refused, verdict none or contraindicated, or an answer or a TLS key that is not the\n"
        "     verifier's; status: somebody should look\n"
        "  2  command line, configuration or state directory cannot be used\n"
        "  3  the verifier or the TPM cannot be reached\n",
        stdout);
}
