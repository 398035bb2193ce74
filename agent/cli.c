/* SPDX-License-Identifier: Apache-2.0 */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

enum {
    OPT_CONFIG = 256,
    OPT_JSON,
    OPT_CSV,
    OPT_FORCE,
    OPT_TOKEN,
    OPT_LINES,
    OPT_WAIT,
    OPT_FOLLOW,
    OPT_COUNT
};

static const struct option options[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "json", no_argument, NULL, OPT_JSON },
    { "csv", no_argument, NULL, OPT_CSV },
    { "force", no_argument, NULL, OPT_FORCE },
    { "token", required_argument, NULL, OPT_TOKEN },
    { "lines", no_argument, NULL, OPT_LINES },
    { "wait", no_argument, NULL, OPT_WAIT },
    { "follow", no_argument, NULL, OPT_FOLLOW },
    { "count", required_argument, NULL, OPT_COUNT },
    { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },
    { 0 },
};

#define O(option) (1u << (OPT_##option - OPT_CONFIG))

static const struct {
    const char      *name;
    enum cli_command command;
    unsigned         options;  /* that it takes beside --config */
    const char      *argument; /* what it takes behind them; NULL: nothing */
    bool             optional; /* .. or may take */
} commands[] = {
    { "enroll", CLI_ENROLL, O(JSON) | O(TOKEN) },
    { "attest", CLI_ATTEST, O(JSON) | O(TOKEN) },
    { "rekey", CLI_REKEY, O(JSON) | O(TOKEN) },
    { "run", CLI_RUN },
    { "send", CLI_SEND, O(LINES) | O(WAIT), "send takes one file, or - for standard input", true },
    { "recv", CLI_RECV, O(LINES) | O(FOLLOW) | O(COUNT) },
    { "status", CLI_STATUS, O(JSON) },
    { "join", CLI_JOIN, O(FORCE), "join takes one string, pawl://.., or - for standard input" },
    { "hedge", CLI_HEDGE, .argument = "hedge takes -: the key comes on standard input" },
    { "identity", CLI_IDENTITY, O(JSON) | O(CSV) },
};

enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static enum cli_exit usage(const char *what, const char *which)
{
    fprintf(stderr, "pawl-agent: %s%s%s; see pawl-agent --help\n", what, *which ? ": " : "", which);
    return CLI_USAGE;
}

/* False for an option that getopt has complained about, or a value that is none. */
static bool take_option(int opt, struct cli *c, unsigned *given)
{
    struct pawl_err ignored;

    if (opt > OPT_CONFIG)
        *given |= 1u << (opt - OPT_CONFIG);
    switch (opt) {
    case OPT_CONFIG:
        c->config = optarg;
        return c->config_given = true;
    case OPT_JSON:
        return c->json = true;
    case OPT_CSV:
        return c->csv = true;
    case OPT_FORCE:
        return c->force = true;
    case OPT_LINES:
        return c->lines = true;
    case OPT_WAIT:
        return c->wait = true;
    case OPT_FOLLOW:
        return c->follow = true;
    case OPT_COUNT:
        if (pawl_is_ok(pawl_u64_parse(optarg, "count", UINT64_MAX, &c->count, &ignored)) &&
            c->count)
            return true;
        return usage("a number from 1 is wanted", "--count") == CLI_GOOD;
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

static enum cli_exit take_argument(int argc, char **argv, size_t i, struct cli *c)
{
    const char *wanted = commands[i].argument;
    int         n = argc - optind - 1;

    if (n > (wanted ? 1 : 0) || (!n && wanted && !commands[i].optional))
        return usage(wanted ? wanted : "no arguments are taken by", wanted ? "" : commands[i].name);
    c->argument = n ? argv[optind + 1] : NULL;
    /* An argument would show the key to whoever lists processes. */
    if (c->command == CLI_HEDGE && strcmp(c->argument, "-"))
        return usage(wanted, "");
    return CLI_GOOD;
}

static enum cli_exit take_command(int argc, char **argv, unsigned given, struct cli *c)
{
    size_t i = 0;

    if (optind == argc)
        return usage("a command is missing", "");
    while (i < COMMANDS && strcmp(argv[optind], commands[i].name))
        i++;
    if (i == COMMANDS)
        return usage("no such command", argv[optind]);
    if (given & ~commands[i].options || (c->json && c->csv))
        return usage("these options do not go with the command", commands[i].name);
    c->command = commands[i].command;
    return take_argument(argc, argv, i, c);
}

enum cli_exit cli_parse(int argc, char **argv, struct cli *ret)
{
    struct cli c = { .config = CONFIG_PATH };
    unsigned   given = 0;
    int        opt;

    optind = 0; /* tests parse more than once */
    while ((opt = getopt_long(argc, argv, "hV", options, NULL)) != -1)
        if (!take_option(opt, &c, &given))
            return CLI_USAGE;
    if (c.command == CLI_NONE) {
        enum cli_exit e = take_command(argc, argv, given, &c);
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
        "  run                       wait to be joined, enroll if need be, then attest every\n"
        "                            interval_s, rekey every rekey_s and exchange messages, until\n"
        "                            stopped\n"
        "  send [--lines] [--wait] [FILE | -]\n"
        "                            queue what is in FILE or on standard input as one message,\n"
        "                            or each line of it (empty ones left out); --wait: until the\n"
        "                            verifier has them. Where no agent runs, send them itself\n"
        "  recv [--lines] [--follow] [--count N]\n"
        "                            print the messages that came, each with a line's end behind\n"
        "                            it or as it is, and take them; --follow: those that come,\n"
        "                            too. Where no agent runs, ask the verifier once\n"
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
        "  3  the verifier, the TPM or the agent cannot be reached\n"
        "  4  send: all is safe in the queue, and not acknowledged by the verifier yet; without\n"
        "     --wait a running agent's queue is enough, and the code is 0\n"
        "  5  send: the queue is full: not all is in it, try the rest again later\n",
        stdout);
}
