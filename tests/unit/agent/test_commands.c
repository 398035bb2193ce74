/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves what people and scripts see: the command line and its exit codes, `join` and what it keeps
 * of a configuration, what `run` waits for and how signals end it, and what `status` says is to be
 * done.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "join.h"
#include "loop.h"
#include "message.h"
#include "report.h"
#include "scratch.h"
#include "signals.h"
#include "state/dir.h"
#include "state/file.h"
#include "status.h"
#include "t.h"

static struct pawl_err err;

static void file_has(const char *name, const char *want, mode_t mode)
{
    uint8_t     text[4096];
    size_t      n = 0;
    struct stat st;

    T_OK(file_read(AT_FDCWD, scratch_path(name), text, sizeof(text) - 1, &n, &err), &err);
    text[n] = 0;
    assert_string_equal((const char *)text, want);
    assert_int_equal(stat(scratch_path(name), &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void file_is(const char *name, const char *want)
{
    file_has(name, want, 0600);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(scratch_path(name), "w");

    assert_non_null(f);
    fputs(text, f);
    fchmod(fileno(f), 0600);
    fclose(f);
}

/* ---- the command line ----------------------------------------------------------------------- */

static enum cli_exit parse(struct cli *c, const char *a, const char *b, const char *d)
{
    char  words[4][64] = { "pawl-agent" };
    char *argv[5] = { words[0] };
    int   argc = 1;

    for (const char *const *w = (const char *const[]){ a, b, d, NULL }; *w; w++) {
        snprintf(words[argc], sizeof(words[argc]), "%s", *w);
        argv[argc] = words[argc];
        argc++;
    }
    /* The complaints are for people. */
    int keep = dup(2), null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    enum cli_exit e = cli_parse(argc, argv, c);
    dup2(keep, 2);
    close(keep);
    close(null);
    c->argument = c->argument ? "a string" : NULL;
    return e;
}

static void commands_and_options_are_taken(void **state)
{
    struct cli c;

    (void)state;
    assert_int_equal(parse(&c, "status", "--json", NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_STATUS);
    assert_true(c.json && !c.config_given);
    assert_string_equal(c.config, "/etc/pawl/agent.ini");
    assert_int_equal(parse(&c, "--config=/x", "run", NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_RUN);
    assert_true(c.config_given);
    assert_int_equal(parse(&c, "join", "--force", "pawl://x"), CLI_GOOD);
    assert_true(c.force && c.argument);
    assert_int_equal(parse(&c, "rekey", "--json", NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_REKEY);
    assert_int_equal(parse(&c, "hedge", "-", NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_HEDGE);
    assert_int_equal(parse(&c, "send", NULL, NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_SEND);
    assert_true(!c.argument && !c.lines && !c.wait);
    assert_int_equal(parse(&c, "send", "--lines", "-"), CLI_GOOD);
    assert_true(c.argument && c.lines);
    assert_int_equal(parse(&c, "send", "--wait", "file"), CLI_GOOD);
    assert_true(c.argument && c.wait);
    assert_int_equal(parse(&c, "recv", "--follow", "--count=3"), CLI_GOOD);
    assert_int_equal(c.command, CLI_RECV);
    assert_true(c.follow && c.count == 3);
    assert_int_equal(parse(&c, "--help", NULL, NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_HELP);
    assert_int_equal(parse(&c, "attest", "--help", NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_HELP);
}

static void a_wrong_command_line_is_a_usage_error(void **state)
{
    static const char *const bad[][3] = {
        { NULL },
        { "dance" },
        { "join" },
        { "join", "a", "b" },
        { "status", "now" },
        { "run", "--json" },
        { "attest", "--csv" },
        { "identity", "--json", "--csv" },
        { "attest", "--force" },
        { "rekey", "now" },
        { "hedge" },
        { "hedge", "00112233445566778899aabbccddeeff" }, /* everybody would see it */
        { "run", "--token=x" },
        { "send", "a", "b" },
        { "send", "--follow" },
        { "recv", "a" },
        { "recv", "--wait" },
        { "recv", "--count=0" },
        { "recv", "--count=many" },
        { "--config" },
        { "--colour", "status" },
    };
    struct cli c;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        c = (struct cli){ 0 };
        assert_int_equal(parse(&c, bad[i][0], bad[i][1], bad[i][2]), CLI_USAGE);
        assert_int_equal(c.command, CLI_NONE);
    }
}

static void exit_codes_say_who_is_at_fault(void **state)
{
    struct flow_answer a = { .kind = FLOW_RESULT };
    char               line[300];

    (void)state;
    for (unsigned s = EAR_NONE; s < EAR_STATUS_COUNT; s++) {
        a.ear.status = (enum ear_status)s;
        assert_int_equal(report_answer_exit(&a),
                         s == EAR_AFFIRMING || s == EAR_WARNING ? CLI_GOOD : CLI_ATTENTION);
    }
    a = (struct flow_answer){ .kind = FLOW_REFUSED,
                              .ear.status = EAR_AFFIRMING,
                              .refusal = { .code = PAWL_REFUSAL_REVOKED } };
    assert_int_equal(report_answer_exit(&a), CLI_ATTENTION);
    report_answer_line(&a, line, sizeof(line));
    assert_string_equal(line, "refused: revoked");
    a = (struct flow_answer){ .kind = FLOW_RESULT,
                              .ear = { .status = EAR_AFFIRMING, .new_epoch = 3 },
                              .rekeyed = true };
    report_answer_line(&a, line, sizeof(line));
    assert_string_equal(line, "affirming (epoch 3)");
    a = (struct flow_answer){ 0 };
    assert_int_equal(report_answer_exit(&a), CLI_ATTENTION);
    assert_int_equal(report_failure_exit(PAWL_E_IO), CLI_NO_CONTACT);
    assert_int_equal(report_failure_exit(PAWL_E_TPM), CLI_NO_CONTACT);
    assert_int_equal(report_failure_exit(PAWL_E_DENIED), CLI_ATTENTION);
    assert_int_equal(report_failure_exit(PAWL_E_FORGED), CLI_ATTENTION);
    assert_int_equal(report_failure_exit(PAWL_E_ABSENT), CLI_ATTENTION);
    assert_int_equal(report_failure_exit(PAWL_E_NONE), CLI_ATTENTION);
    assert_int_equal(report_failure_exit(PAWL_E_STATE), CLI_USAGE);
}

static void a_result_is_kept_as_a_file(void **state)
{
    struct flow_answer a = { .kind = FLOW_REFUSED, .token = "old" };
    char               path[300];

    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_path("token"));
    T_OK(report_token(&a, path, &err), &err);
    assert_int_equal(access(path, F_OK), -1);
    a = (struct flow_answer){ .kind = FLOW_RESULT, .token = "a.b.c" };
    T_OK(report_token(&a, path, &err), &err);
    file_is("token", "a.b.c");
    T_FAILS(report_token(&a, scratch_path("none/token"), &err), &err, PAWL_E_ABSENT);
}

/* ---- join ----------------------------------------------------------------------------------- */

#define PIN   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define OTHER "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA"
#define TOKEN "AAECAwQFBgc.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define JOIN  "pawl://gw.example:8443/demo?key=" PIN "&tls=" OTHER
#define KEYS                                                                                       \
    "server = gw.example:8443\ntenant = demo\nverifier_key = " PIN "\ntls = pin:" OTHER "\n"

static void joins_without_a_configuration(void **state)
{
    PAWL_CLEANUP(config_done) struct config c = { 0 };
    char                                    path[300], want[4096];

    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_path("pawl/agent.ini"));
    T_OK(join_file(path, JOIN "&token=" TOKEN, false, &err), &err);
    snprintf(want, sizeof(want), KEYS "token = " TOKEN "\n%s", join_template);
    file_is("pawl/agent.ini", want);
    T_OK(config_load(path, &c, &err), &err);
    T_OK(config_has_server(&c, &err), &err);
    assert_true(c.has_token);
    assert_int_equal(c.net.tls, NET_TLS_PIN);
}

/* Taken out of their comments, the lines are those very defaults. */
static void a_new_configuration_shows_the_defaults(void **state)
{
    PAWL_CLEANUP(config_done) struct config shown = { 0 }, defaults = { 0 };
    char                                    text[4096];
    size_t                                  n = 0;

    (void)state;
    for (const char *c = join_template; *c && strncmp(c, "[facts]", 7); c++)
        if (*c != '#' || c[1] == ' ')
            text[n++] = *c;
    T_OK(config_parse("shown", pawl_view(text, n), &shown, &err), &err);
    config_default(&defaults);
    assert_memory_equal(&shown, &defaults, sizeof(shown));
    assert_non_null(memmem(text, n, "\nsuites", 7));
}

static void join_keeps_what_it_does_not_set(void **state)
{
    char path[300];

    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_path("a.ini"));
    write_file("a.ini", "# ours\ninterval_s = 60\n  tls = system\ntoken=" TOKEN
                        "\ntcti = swtpm:path=/x\n[facts]\nservers = two\n");
    T_OK(join_file(path, JOIN, false, &err), &err);
    file_is("a.ini", KEYS "# ours\ninterval_s = 60\ntcti = swtpm:path=/x\n"
                          "[facts]\nservers = two\n");
    T_OK(join_file(path, JOIN, false, &err), &err); /* again: the same */
    file_is("a.ini", KEYS "# ours\ninterval_s = 60\ntcti = swtpm:path=/x\n"
                          "[facts]\nservers = two\n");
    write_file("a.ini", "[facts]\nserver = in the cellar\n");
    T_FAILS(join_file(path, JOIN, false, &err), &err, PAWL_E_FORM);
    file_is("a.ini", "[facts]\nserver = in the cellar\n");
    T_OK(join_file(path, JOIN, true, &err), &err); /* whoever wants that: below is below */
    file_is("a.ini", KEYS "[facts]\nserver = in the cellar\n");
}

static void another_verifier_needs_force(void **state)
{
    static const char other[] = "verifier_key = " OTHER "\n";
    char              path[300];

    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_path("a.ini"));
    write_file("a.ini", other);
    chmod(path, 0600);
    T_FAILS(join_file(path, JOIN, false, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "verifier_key");
    file_is("a.ini", other);
    T_OK(join_file(path, JOIN, true, &err), &err);
    file_is("a.ini", KEYS);
    write_file("a.ini", "what = ever\n");
    T_FAILS(join_file(path, JOIN, false, &err), &err, PAWL_E_UNSUPPORTED);
}

/* An agent that is not root reads it by its group; root runs join. */
static void join_keeps_owner_and_mode(void **state)
{
    char        path[300];
    struct stat st;

    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_path("a.ini"));
    write_file("a.ini", "interval_s = 60\n");
    assert_int_equal(chmod(path, 0640), 0);
    bool root = !chown(path, 12, 34);
    T_OK(join_file(path, JOIN, false, &err), &err);
    file_has("a.ini", KEYS "interval_s = 60\n", 0640);
    assert_int_equal(stat(path, &st), 0);
    assert_true(!root || (st.st_uid == 12 && st.st_gid == 34));
    assert_int_equal(chmod(path, 0644), 0); /* nothing secret: the administrator's business */
    T_OK(join_file(path, JOIN, false, &err), &err);
    file_has("a.ini", KEYS "interval_s = 60\n", 0644);
}

static void a_token_that_others_can_read_is_refused(void **state)
{
    PAWL_CLEANUP(config_done) struct config c = { 0 };
    char                                    path[300];

    (void)state;
    snprintf(path, sizeof(path), "%s", scratch_path("a.ini"));
    write_file("a.ini", "interval_s = 60\n");
    assert_int_equal(chmod(path, 0644), 0);
    T_FAILS(join_file(path, JOIN "&token=" TOKEN, false, &err), &err, PAWL_E_DENIED);
    assert_non_null(strstr(err.why, path));
    file_has("a.ini", "interval_s = 60\n", 0644);
    T_OK(config_load(path, &c, &err), &err);

    write_file("a.ini", "token = " TOKEN "\n");
    T_OK(config_load(path, &c, &err), &err);
    for (mode_t open = 01; open <= 04; open <<= 1) {
        assert_int_equal(chmod(path, 0640 | open), 0);
        T_FAILS(config_load(path, &c, &err), &err, PAWL_E_DENIED);
        T_WHERE(&err, "token");
        assert_non_null(strstr(err.why, path));
    }
    assert_int_equal(chmod(path, 0640), 0);
    T_OK(config_load(path, &c, &err), &err);

    write_file("token", TOKEN "\n");
    c.has_token = false;
    snprintf(c.token_file, sizeof(c.token_file), "%s", scratch_path("token"));
    assert_int_equal(chmod(c.token_file, 0644), 0);
    T_FAILS(config_read_token(&c, &err), &err, PAWL_E_DENIED);
    assert_int_equal(chmod(c.token_file, 0600), 0);
    T_OK(config_read_token(&c, &err), &err);
}

/* What standard input says. */
static pawl_status read_line(const char *text, size_t n, char ret[JOIN_STRING_MAX])
{
    FILE *in = fmemopen((void *)(uintptr_t)text, n, "r");

    assert_non_null(in);
    pawl_status s = join_read(in, ret, &err);
    fclose(in);
    return s;
}

static void a_string_is_read_from_standard_input(void **state)
{
    char       line[JOIN_STRING_MAX], same[JOIN_STRING_MAX], longest[JOIN_STRING_MAX + 1];
    struct cli c;

    (void)state;
    assert_int_equal(parse(&c, "join", "-", NULL), CLI_GOOD);
    assert_int_equal(c.command, CLI_JOIN);
    T_OK(read_line(JOIN, strlen(JOIN), line), &err);
    assert_string_equal(line, JOIN);
    T_OK(read_line(" \t" JOIN " \r\nmore", strlen(JOIN) + 10, line), &err);
    assert_string_equal(line, JOIN);
    memset(longest, 'x', sizeof(longest));
    T_OK(read_line(longest, sizeof(longest) - 2, line), &err);
    assert_int_equal(strlen(line), JOIN_STRING_MAX - 1);

    t_poison(line, sizeof(line));
    memcpy(same, line, sizeof(same));
    T_FAILS(read_line(longest, sizeof(longest) - 1, line), &err, PAWL_E_RANGE);
    T_FAILS(read_line(longest, sizeof(longest), line), &err, PAWL_E_RANGE);
    T_FAILS(read_line("\n", 1, line), &err, PAWL_E_FORM);
    T_FAILS(read_line("a\0b", 3, line), &err, PAWL_E_FORM);
    assert_memory_equal(line, same, sizeof(same));
}

static void a_bad_string_changes_nothing_and_is_not_repeated(void **state)
{
    static const char *const bad[] = { "", "pawl://sesame", "https://gw:1/demo",
                                       JOIN "&token=AAECAwQFBgc.sesame" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(pawl_is_ok(join_file(scratch_path("a.ini"), bad[i], true, &err)));
        assert_null(strstr(err.why, "sesame"));
        assert_null(strstr(err.where, "sesame"));
        assert_ptr_equal(strstr(err.where, "join."), err.where); /* its part, once */
        assert_null(strstr(err.where, "join.join"));
        assert_int_equal(access(scratch_path("a.ini"), F_OK), -1);
    }
}

/* ---- run ------------------------------------------------------------------------------------ */

static void words_of(const char *name, char text[1000])
{
    FILE *f = fopen(scratch_path(name), "r");

    assert_non_null(f);
    text[fread(text, 1, 999, f)] = 0;
    fclose(f);
}

/* What is said from now on goes into a file. Returns what says_again takes. */
static int log_into_file(void)
{
    int keep = dup(2), log = open(scratch_path("log"), O_WRONLY | O_CREAT | O_TRUNC, 0600);

    dup2(log, 2);
    close(log);
    return keep;
}

static void says_again(int keep)
{
    dup2(keep, 2);
    close(keep);
}

static pawl_status logged_run(void)
{
    char path[300];
    int  keep = log_into_file();

    snprintf(path, sizeof(path), "%s", scratch_path("agent.ini"));
    pawl_status s = loop_run(path, &err);
    says_again(keep);
    return s;
}

/* A signal that is there already ends the waiting, and shows that it was waited. */
static void logs_while_it_waits(const char *words)
{
    char     text[1000];
    sigset_t term;

    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &term, NULL), 0);
    kill(getpid(), SIGTERM);
    T_OK(logged_run(), &err);
    words_of("log", text);
    assert_non_null(strstr(text, words));
}

static void join_with(const char *state)
{
    char text[400], path[300];

    snprintf(text, sizeof(text), "state = %s\n", scratch_path(state));
    write_file("agent.ini", text);
    snprintf(path, sizeof(path), "%s", scratch_path("agent.ini"));
    T_OK(join_file(path, JOIN, false, &err), &err);
}

static void run_waits_for_what_passes(void **state)
{
    PAWL_CLEANUP(state_dir_close) struct state_dir other = { -1, -1 };

    (void)state;
    join_with("state");
    T_OK(state_dir_open(scratch_path("state"), &other, &err), &err); /* an operator's attest */
    logs_while_it_waits("waiting for it");
    state_dir_close(&other);
    assert_int_equal(unlink(scratch_path("state/lock")), 0);
    assert_int_equal(symlink("nowhere", scratch_path("state/lock")), 0); /* a disk with a fault */
    logs_while_it_waits("waiting for it");
    join_with("no/state"); /* a typing error */
    T_FAILS(logged_run(), &err, PAWL_E_ABSENT);
}

static void run_waits_until_somebody_joins(void **state)
{
    (void)state;
    logs_while_it_waits("run `pawl-agent join STRING`");
    write_file("agent.ini", "interval_s = 60\n"); /* of an image, say */
    logs_while_it_waits("run `pawl-agent join STRING`");
    write_file("agent.ini", "interval_s = often\n");
    T_FAILS(logged_run(), &err, PAWL_E_FORM);
}

/* ---- messages where no agent runs ----------------------------------------------------------- */

static void messages_end_with(const struct config *c, enum cli_exit e, const char *words)
{
    char       file[300], text[1000];
    struct cli send = { .command = CLI_SEND, .argument = file }, recv = { .command = CLI_RECV };

    write_file("message", "x");
    snprintf(file, sizeof(file), "%s", scratch_path("message"));
    for (int i = 0; i < 2; i++) {
        int           keep = log_into_file();
        enum cli_exit got = i ? message_recv(&recv, c) : message_send(&send, c);
        says_again(keep);
        assert_int_equal(got, e);
        words_of("log", text);
        assert_non_null(strstr(text, words));
    }
}

static void messages_need_an_agent_or_a_configuration(void **state)
{
    struct config c;

    (void)state;
    config_default(&c);
    snprintf(c.socket, sizeof(c.socket), "%s", scratch_path("none"));
    snprintf(c.state, sizeof(c.state), "%s", scratch_path("no/state"));
    messages_end_with(&c, CLI_USAGE, "server: not configured");
    c.closed = true;
    messages_end_with(&c, CLI_NO_CONTACT, "no agent is there");
    c.closed = false;
    c.verifier_n = 1;
    snprintf(c.net.server, sizeof(c.net.server), "127.0.0.1:1");
    snprintf(c.tenant, sizeof(c.tenant), "demo");
    messages_end_with(&c, CLI_USAGE, "no/state");
}

/* ---- signals -------------------------------------------------------------------------------- */

static void sleep_ms(unsigned ms)
{
    const struct timespec t = { .tv_nsec = ms * 1000000L };

    nanosleep(&t, NULL);
}

static int exit_of(pid_t child)
{
    int status = 0;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* As `timeout` does, to a process and to its group. */
static void two_signals_at_once_are_one(void **state)
{
    pid_t     child = fork();
    pthread_t thread;
    sigset_t  left;

    (void)state;
    if (child)
        assert_int_equal(exit_of(child), CLI_GOOD);
    else {
        if (!pawl_is_ok(signals_open(SIGNALS_GRACE_MS, &thread, &err)))
            _exit(CLI_USAGE);
        for (int i = 0; i < 2; i++) {
            kill(getpid(), SIGTERM);
            (void)signals_wait(60000, -1);
            while (!sigpending(&left) && sigismember(&left, SIGTERM))
                sleep_ms(1);
        }
        sleep_ms(50); /* in which it would be ended by force */
        signals_close(thread);
        _exit(CLI_GOOD);
    }
}

static void stopping_and_going_on_ends_no_grace(void **state)
{
    pid_t     child = fork();
    pthread_t thread;
    siginfo_t seen = { 0 };

    (void)state;
    if (!child) {
        kill(getpid(), SIGTERM);
        if (!pawl_is_ok(signals_open(300, &thread, &err)))
            _exit(CLI_USAGE);
        for (;;)
            sleep_ms(999); /* a TPM that hangs */
    }
    for (int i = 0; i < 600 && seen.si_code != CLD_EXITED; i++) {
        sleep_ms(50);
        kill(child, SIGSTOP);
        assert_int_equal(waitid(P_PID, (id_t)child, &seen, WEXITED | WSTOPPED | WNOWAIT), 0);
        kill(child, SIGCONT);
    }
    if (seen.si_code != CLD_EXITED)
        kill(child, SIGKILL);
    assert_int_equal(exit_of(child), CLI_NO_CONTACT);
}

/* ---- status --------------------------------------------------------------------------------- */

static struct config joined;

static struct status a_status(void)
{
    struct status s = { .config = &joined,
                        .has_state = true,
                        .record = { .enrolled = true, .has_device = true, .result = "affirming" },
                        .contact_s = 10000,
                        .now_s = 10120 };

    joined = (struct config){
        .net.server = "gw:1", .tenant = "demo", .verifier_n = 1, .interval_s = 300
    };
    return s;
}

static void says(const struct status *s, enum cli_exit e, const char *word)
{
    char next[300];

    status_next(s, next, sizeof(next));
    if (!strstr(next, word))
        print_error("next step: %s\n", next);
    assert_non_null(strstr(next, word));
    assert_int_equal(status_judge(s), e);
}

static void printed(const struct status *s, bool json, char *ret, size_t cap)
{
    int   keep = dup(1);
    FILE *f = tmpfile();

    fflush(stdout);
    dup2(fileno(f), 1);
    status_print(s, json);
    fflush(stdout);
    dup2(keep, 1);
    close(keep);
    rewind(f);
    ret[fread(ret, 1, cap - 1, f)] = 0;
    fclose(f);
}

static void status_says_what_to_do_next(void **state)
{
    struct status s = a_status();

    (void)state;
    says(&s, CLI_GOOD, "none");
    s.now_s += 3600;
    says(&s, CLI_ATTENTION, "start the service");
    s.pid = 12;
    says(&s, CLI_ATTENTION, "log");

    s = a_status();
    snprintf(s.record.result, sizeof(s.record.result), "contraindicated");
    snprintf(s.record.why, sizeof(s.record.why), "pcr-differs");
    says(&s, CLI_ATTENTION, "pcr-differs");
    snprintf(s.record.why, sizeof(s.record.why), "no-policy");
    says(&s, CLI_ATTENTION, "policy");
    snprintf(s.record.result, sizeof(s.record.result), "refused: revoked");
    s.record.why[0] = 0;
    says(&s, CLI_ATTENTION, "operator");

    s = a_status();
    s.record.waits = true;
    says(&s, CLI_ATTENTION, "approves");
    snprintf(s.record.failure, sizeof(s.record.failure), "server: away");
    says(&s, CLI_ATTENTION, "server: away");

    s = a_status();
    snprintf(s.record.failure, sizeof(s.record.failure), "verifier: " FLOW_REFUSED_US);
    says(&s, CLI_ATTENTION, FLOW_REFUSED_US);
    s.now_s += 3600; /* again and again */
    says(&s, CLI_ATTENTION, "pawl-agent enroll");

    s = a_status();
    s.record.enrolled = false;
    s.record.result[0] = 0;
    says(&s, CLI_ATTENTION, "pawl-agent enroll");
    joined.tenant[0] = 0;
    says(&s, CLI_ATTENTION, "pawl-agent join");
}

static void status_says_what_the_verdict_is_about(void **state)
{
    struct status s = a_status();
    char          text[2000];

    (void)state;
    printed(&s, false, text, sizeof(text));
    assert_non_null(strstr(text, "\ncoverage:     not told\n"));
    printed(&s, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"release\":\t\"\",\n\t\"watched\":\tfalse"));
    snprintf(s.record.coverage, sizeof(s.record.coverage), "identity,boot-log=no-event-log");
    snprintf(s.record.release, sizeof(s.record.release), "6.1.0-55");
    s.record.watched = true;
    printed(&s, false, text, sizeof(text));
    assert_non_null(strstr(text, "\ncoverage:     identity,boot-log=no-event-log; release 6.1.0-55;"
                                 " the policy only watches\n"));
    printed(&s, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"identity\":\t\"covered\""));
    assert_non_null(strstr(text, "\"boot-log\":\t\"no-event-log\""));
    assert_non_null(strstr(text, "\"release\":\t\"6.1.0-55\",\n\t\"watched\":\ttrue"));
}

static void status_has_a_light_each_for_software_and_keys(void **state)
{
    struct status s = a_status();
    char          text[1500];

    (void)state;
    s.record.epoch = 7;
    s.record.rekeyed_s = s.now_s - 60;
    snprintf(s.record.software, sizeof(s.record.software), "affirming");
    snprintf(s.record.keys, sizeof(s.record.keys), "affirming");
    printed(&s, false, text, sizeof(text));
    assert_non_null(strstr(text, "\nsoftware:     affirming; pawl-agent "));
    assert_non_null(strstr(text, ", epoch 7 begun 1 minute ago, affirming\n"));
    printed(&s, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"software_status\":\t\"affirming\""));
    assert_non_null(strstr(text, "\"keys_status\":\t\"affirming\""));
    assert_non_null(strstr(text, "\"incident\":\tnull"));

    s.record.incident = (struct incident){ INCIDENT_KEY_USED_ELSEWHERE, false, 0, 7 };
    snprintf(s.record.software, sizeof(s.record.software), "contraindicated");
    snprintf(s.record.why, sizeof(s.record.why), "pcr-differs");
    printed(&s, false, text, sizeof(text));
    assert_non_null(strstr(text, "\nsoftware:     contraindicated: pcr-differs; pawl-agent "));
    assert_non_null(strstr(text,
                           "epoch 7 begun 1 minute ago, INCIDENT since 1970-01-01 00:00:00 UTC:"
                           " key-used-elsewhere (found by this device)\n"));
    s.record.incident.by_verifier = true;
    printed(&s, false, text, sizeof(text));
    assert_non_null(strstr(text, ": key-used-elsewhere (told by the verifier)\n"));
    printed(&s, true, text, sizeof(text));
    assert_non_null(strstr(text, "\"keys_status\":\t\"contraindicated\""));
    assert_non_null(strstr(text, "\"kind\":\t\"key-used-elsewhere\""));
    assert_non_null(strstr(text, "\"by\":\t\"verifier\""));
    assert_non_null(strstr(text, "\"since\":\t0"));
}

static void an_open_incident_asks_for_attention(void **state)
{
    struct status s = a_status(); /* the last verdict was good */

    (void)state;
    s.pid = 12;
    s.record.epoch = 7;
    s.record.incident = (struct incident){ INCIDENT_KEY_USED_ELSEWHERE, false, 0, 7 };
    says(&s, CLI_ATTENTION, "nothing: the verifier learns of it");
    s.record.incident.by_verifier = true;
    says(&s, CLI_ATTENTION, "nothing: a rekey is under way");
    s.pid = 0;
    says(&s, CLI_ATTENTION, "pawl-agent rekey");
    s.record.epoch = 8;
    says(&s, CLI_ATTENTION, "pawlctl incident show");
    s.now_s += 3600;
    says(&s, CLI_ATTENTION, "start the service");
}

static void status_needs_neither_tpm_nor_state(void **state)
{
    struct status s;
    struct config c = { 0 };

    (void)state;
    config_default(&c);
    snprintf(c.state, sizeof(c.state), "%s", scratch_path("none"));
    T_OK(status_look(&c, &s, &err), &err);
    assert_false(s.has_state);
    assert_int_equal(status_judge(&s), CLI_ATTENTION);
    assert_int_equal(access(c.state, F_OK), -1);

    assert_int_equal(mkdir(c.state, 0700), 0);
    write_file("none/agent.json", "{\"version\": 1,");
    T_FAILS(status_look(&c, &s, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "state.agent.json");
}

/* join --force to a verifier with another key; the service was not started since. */
static void status_forgets_another_verifier(void **state)
{
    struct state_dir d = { -1, -1 };
    struct status    s;
    struct config    c = { .tenant = "demo", .verifier_n = 1, .interval_s = 300 };
    struct record    r = { .enrolled = true,
                           .tenant = "demo",
                           .server = "gw:1",
                           .has_verifier = true,
                           .has_device = true,
                           .ek_name = { .n = 34 },
                           .ak_name = { .n = 34 },
                           .td_name = { .n = 34 } };

    (void)state;
    snprintf(c.net.server, sizeof(c.net.server), "gw:1");
    snprintf(c.state, sizeof(c.state), "%s", scratch_path("state"));
    T_OK(state_dir_open(c.state, &d, &err), &err);
    T_OK(record_save(d.fd, &r, &err), &err);
    state_dir_close(&d);
    T_OK(status_look(&c, &s, &err), &err);
    assert_true(s.record.enrolled);
    c.verifier[0][0] = 1;
    T_OK(status_look(&c, &s, &err), &err);
    says(&s, CLI_ATTENTION, "pawl-agent enroll");
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("commands and options are taken", commands_and_options_are_taken),
        CASE("a wrong command line is a usage error", a_wrong_command_line_is_a_usage_error),
        CASE("exit codes say who is at fault", exit_codes_say_who_is_at_fault),
        CASE("a result is kept as a file", a_result_is_kept_as_a_file),
        CASE("joins without a configuration", joins_without_a_configuration),
        CASE("a new configuration shows the defaults", a_new_configuration_shows_the_defaults),
        CASE("join keeps what it does not set", join_keeps_what_it_does_not_set),
        CASE("another verifier needs force", another_verifier_needs_force),
        CASE("a string is read from standard input", a_string_is_read_from_standard_input),
        CASE("join keeps owner and mode", join_keeps_owner_and_mode),
        CASE("a token that others can read is refused", a_token_that_others_can_read_is_refused),
        CASE("a bad string changes nothing and is not repeated",
             a_bad_string_changes_nothing_and_is_not_repeated),
        CASE("run waits for what passes", run_waits_for_what_passes),
        CASE("run waits until somebody joins", run_waits_until_somebody_joins),
        CASE("messages need an agent or a configuration",
             messages_need_an_agent_or_a_configuration),
        CASE("two signals at once are one", two_signals_at_once_are_one),
        CASE("stopping and going on ends no grace", stopping_and_going_on_ends_no_grace),
        CASE("status says what to do next", status_says_what_to_do_next),
        CASE("status says what the verdict is about", status_says_what_the_verdict_is_about),
        CASE("status has a light each for software and keys",
             status_has_a_light_each_for_software_and_keys),
        CASE("an open incident asks for attention", an_open_incident_asks_for_attention),
        CASE("status forgets another verifier", status_forgets_another_verifier),
        CASE("status needs neither TPM nor state", status_needs_neither_tpm_nor_state),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
