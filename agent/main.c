/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawl-agent: command line -> sandbox -> configuration -> one command -> exit code.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "config.h"
#include "flow/flow.h"
#include "identity.h"
#include "join.h"
#include "loop.h"
#include "message.h"
#include "report.h"
#include "sandbox.h"
#include "status.h"

/* A rekey that meets an incident heals it, but its own result knows of the new keys only that they
 * were granted: the verdict that counts is the next one. */
static pawl_status rekey(struct flow *f, struct flow_answer *ret, struct pawl_err *err)
{
    PAWL_TRY(flow_rekey(f, PAWL_REASON_OPERATOR, ret, err));
    if (!ret->rekeyed || ret->ear.keys != EAR_CONTRAINDICATED)
        return pawl_ok();
    PAWL_TRY(flow_attest(f, PAWL_REASON_OPERATOR, ret, err));
    ret->rekeyed = true;
    return pawl_ok();
}

static pawl_status ask(enum cli_command c, struct flow *f, struct flow_answer *ret,
                       struct pawl_err *err)
{
    switch (c) {
    case CLI_ENROLL:
        return flow_enroll(f, PAWL_REASON_OPERATOR, ret, err);
    case CLI_REKEY:
        return rekey(f, ret, err);
    default:
        return flow_attest(f, PAWL_REASON_OPERATOR, ret, err);
    }
}

/* enroll, attest and rekey: one exchange, noted for `status`. */
static enum cli_exit one_exchange(const struct cli *cli, const struct config *c)
{
    PAWL_CLEANUP(flow_close) struct flow f = { .dir = { -1, -1 } };
    struct flow_answer                   a = { 0 };
    struct pawl_err                      err = { 0 };

    if (!pawl_is_ok(flow_open(c, &f, &err))) {
        report_failure(&err);
        return CLI_USAGE;
    }
    const struct incident before = f.record.incident;
    pawl_status           s = ask(cli->command, &f, &a, &err);
    report_lost(&f);
    report_incident(&before, &f.record.incident);
    flow_note(&f, s, &a, time(NULL), &err);
    if (!pawl_is_ok(s)) {
        report_failure(&err);
        return report_failure_exit(s.code);
    }
    report_answer(&a, &f.record, cli->json);
    if (cli->token && !pawl_is_ok(report_token(&a, cli->token, &err))) {
        report_failure(&err);
        return CLI_USAGE;
    }
    /* Enrolled is enrolled: the verdict may still wait for approval or a policy. */
    return cli->command == CLI_ENROLL && a.kind == FLOW_RESULT ? CLI_GOOD : report_answer_exit(&a);
}

/* The key: 32 bytes in hex, one line. */
static pawl_status read_hedge(struct pawl_secret *ret, struct pawl_err *err)
{
    char    line[JOIN_STRING_MAX] = "";
    uint8_t key[32];

    pawl_status s = join_read(stdin, line, err);
    if (pawl_is_ok(s))
        s = pawl_hex_parse_exact(line, "hedge", key, sizeof(key), err);
    if (pawl_is_ok(s))
        s = pawl_secret_from(PAWL_VIEW_OF(key), "hedge", ret, err);
    else
        s = pawl_fail(err, PAWL_E_FORM, "hedge", "64 hex digits are wanted on standard input");
    pawl_wipe(line, sizeof(line));
    pawl_wipe(key, sizeof(key));
    return s;
}

static enum cli_exit hedge(const struct config *c)
{
    PAWL_CLEANUP(flow_close) struct flow f = { .dir = { -1, -1 } };
    PAWL_SECRET                          key = { 0 };
    struct pawl_err                      err = { 0 };

    if (!pawl_is_ok(read_hedge(&key, &err)) || !pawl_is_ok(flow_open(c, &f, &err))) {
        report_failure(&err);
        return CLI_USAGE;
    }
    pawl_status s = flow_hedge(&f, &key, &err);
    if (!pawl_is_ok(s)) {
        report_failure(&err);
        return report_failure_exit(s.code);
    }
    puts("hedge: in use from the next rekey on");
    return CLI_GOOD;
}

static enum cli_exit run(const struct cli *cli)
{
    struct pawl_err err;

    if (pawl_is_ok(loop_run(cli->config, &err)))
        return CLI_GOOD;
    report_failure(&err);
    return CLI_USAGE;
}

static enum cli_exit show_status(const struct cli *cli, const struct config *c)
{
    struct pawl_err err;
    struct status   s;

    if (!pawl_is_ok(status_look(c, &s, &err))) {
        report_failure(&err);
        return CLI_USAGE;
    }
    status_print(&s, cli->json);
    return status_judge(&s);
}

static enum cli_exit show_identity(const struct cli *cli, const struct config *c)
{
    struct pawl_err err;
    pawl_status     s = identity_print(c, cli->csv, &err);

    if (pawl_is_ok(s))
        return CLI_GOOD;
    report_failure(&err);
    return s.code == PAWL_E_ABSENT ? CLI_ATTENTION : report_failure_exit(s.code);
}

static enum cli_exit join(const struct cli *cli)
{
    char            line[JOIN_STRING_MAX];
    bool            piped = !strcmp(cli->argument, "-");
    struct pawl_err err;

    pawl_status s = piped ? join_read(stdin, line, &err) : pawl_ok();
    if (pawl_is_ok(s))
        s = join_file(cli->config, piped ? line : cli->argument, cli->force, &err);
    pawl_wipe(line, sizeof(line));
    if (!pawl_is_ok(s)) {
        report_failure(&err);
        return CLI_USAGE;
    }
    printf("joined: %s\n", cli->config);
    return CLI_GOOD;
}

/* Who may use an agent's socket need not read its configuration: that is root's alone, for it may
 * hold a token. */
static bool is_closed_to_user(const struct cli *cli)
{
    bool messages = cli->command == CLI_SEND || cli->command == CLI_RECV;

    return messages && !cli->config_given && access(cli->config, R_OK) && errno == EACCES;
}

/* identity and status say something without a configuration, unless one was asked for. */
static pawl_status load(const struct cli *cli, struct config *ret, struct pawl_err *err)
{
    bool        optional = cli->command == CLI_IDENTITY || cli->command == CLI_STATUS;
    pawl_status s = config_load(cli->config, ret, err);

    if (s.code == PAWL_E_ABSENT && !optional)
        return pawl_fail(err, PAWL_E_ABSENT, "config",
                         "%.60s is not there: run `pawl-agent join STRING`", cli->config);
    bool closed = s.code == PAWL_E_IO && is_closed_to_user(cli);
    if ((s.code != PAWL_E_ABSENT || cli->config_given) && !closed)
        return s;
    config_default(ret);
    ret->closed = closed;
    return pawl_ok();
}

static enum cli_exit dispatch(const struct cli *cli)
{
    PAWL_CLEANUP(config_done) struct config c = { 0 };
    struct pawl_err                         err;

    if (cli->command == CLI_JOIN)
        return join(cli);
    if (cli->command == CLI_RUN)
        return run(cli);
    if (!pawl_is_ok(load(cli, &c, &err))) {
        report_failure(&err);
        return CLI_USAGE;
    }
    switch (cli->command) {
    case CLI_STATUS:
        return show_status(cli, &c);
    case CLI_IDENTITY:
        return show_identity(cli, &c);
    case CLI_SEND:
        return message_send(cli, &c);
    case CLI_RECV:
        return message_recv(cli, &c);
    case CLI_HEDGE:
        return hedge(&c);
    default:
        return one_exchange(cli, &c);
    }
}

int main(int argc, char **argv)
{
    struct cli      cli;
    struct pawl_err err;
    enum cli_exit   e = cli_parse(argc, argv, &cli);

    if (e != CLI_GOOD)
        return e;
    if (cli.command == CLI_HELP) {
        cli_help();
        return CLI_GOOD;
    }
    if (cli.command == CLI_VERSION) {
        puts("pawl-agent " PAWL_VERSION);
        return CLI_GOOD;
    }
    /* A TPM or verifier that goes away in the middle is an error with a name, not our death; and
     * attesting goes on when nobody reads our log. */
    signal(SIGPIPE, SIG_IGN);
    if (!pawl_is_ok(sandbox_enter(&err))) {
        report_failure(&err);
        return CLI_USAGE;
    }
    return dispatch(&cli);
}
