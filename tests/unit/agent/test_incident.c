/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the keys' light on the device: it goes on by a finding of the device's own and by the
 * verifier's word, and out by the verifier's word on a request that said all; a finding reaches the
 * verifier at once and is said once; and log, command and application hear of each begin and each
 * end once, across crashes too.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_world.h"
#include "scratch.h"
#include "t.h"
#include "tell.h"

enum { HOUR_MS = 3600 * 1000 };

static struct config      config;
static struct rounds      rounds;
static struct flow       *flow = &rounds.flow;
static struct tell        tell;
static struct flow_answer answer;
static struct pawl_err    err;
static int64_t            now_ms, wall;

static int64_t clock_ms(void)
{
    return now_ms;
}

static int64_t clock_s(void)
{
    return wall;
}

static void open_flow(void)
{
    rounds = (struct rounds){ .quiet = true };
    T_OK(flow_open(&config, flow, &err), &err);
    flow->live.boot_ms = clock_ms;
    flow->live.wall_s = clock_s;
}

static void attest(void)
{
    pawl_status s = flow_attest(flow, PAWL_REASON_SCHEDULE, &answer, &err);

    flow_note(flow, s, &answer, wall, &err);
}

static void rekey(void)
{
    T_OK(flow_rekey(flow, PAWL_REASON_SCHEDULE, &answer, &err), &err);
    flow_note(flow, pawl_ok(), &answer, wall, &err);
}

static void restart(void)
{
    flow_close(flow);
    tell_stop(&tell);
    tell = (struct tell){ 0 };
    open_flow();
}

static const struct pawl_a1 *said(void)
{
    return &world.evidence[world.evidence_n - 1]->a1;
}

static int new_world(void **state)
{
    scratch_empty(state);
    fake_world_new();
    world.sw = world.keys = "affirming";
    config_default(&config);
    snprintf(config.net.server, sizeof(config.net.server), "gw:8443");
    snprintf(config.tenant, sizeof(config.tenant), "demo");
    snprintf(config.state, sizeof(config.state), "%s", scratch_path("state"));
    memcpy(config.verifier[0], world.signer[0].id, PAWL_SPKI_PIN);
    config.verifier_n = 1;
    now_ms = 5 * HOUR_MS;
    wall = 1000000;
    tell = (struct tell){ 0 };
    open_flow();
    T_OK(flow_enroll(flow, PAWL_REASON_START, &answer, &err), &err);
    flow_note(flow, pawl_ok(), &answer, wall, &err);
    attest();
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    tell_stop(&tell);
    flow_close(flow);
    config_done(&config);
    fake_world_end();
    world = (struct fake_world){ 0 };
    return 0;
}

static const struct incident *open_one(void)
{
    return &flow->record.incident;
}

/* ---- the light, alone ----------------------------------------------------------------------- */

static void kinds_have_names(void **state)
{
    (void)state;
    for (unsigned k = INCIDENT_NONE + 1; k < INCIDENT_KIND_COUNT; k++)
        assert_int_equal(incident_from(incident_name((enum incident_kind)k)), k);
    assert_int_equal(incident_from("none"), INCIDENT_NONE);
    assert_int_equal(incident_from("pcr-differs"), INCIDENT_NONE);
    assert_string_equal(incident_name(INCIDENT_KIND_COUNT), "other");
}

static void the_verifiers_word_wins_and_the_time_stays(void **state)
{
    struct incident i = { 0 };
    char            line[160];

    (void)state;
    incident_find(&i, 4, 100);
    incident_find(&i, 4, 200);
    assert_true(i.kind == INCIDENT_KEY_USED_ELSEWHERE && !i.by_verifier && i.since_s == 100);
    incident_hear(&i, INCIDENT_KEYS_RED, INCIDENT_DEVICE_CLONED, 4, false, 300);
    assert_true(i.kind == INCIDENT_DEVICE_CLONED && i.by_verifier && i.since_s == 100);
    incident_find(&i, 5, 400); /* it knows already */
    assert_true(i.kind == INCIDENT_DEVICE_CLONED && i.by_verifier);
    incident_line(&i, line, sizeof(line));
    assert_string_equal(
        line, "INCIDENT since 1970-01-01 00:01:40 UTC: device-cloned (told by the verifier)");
    incident_hear(&i, INCIDENT_NO_WORD, INCIDENT_NONE, 9, true, 500);
    assert_int_equal(i.kind, INCIDENT_DEVICE_CLONED);
    incident_hear(&i, INCIDENT_KEYS_GOOD, INCIDENT_NONE, 4, false, 500);
    assert_int_equal(i.kind, INCIDENT_NONE);
}

static void a_finding_is_over_when_the_verifier_knew_of_it(void **state) /* P-DEV-17 */
{
    struct incident i = { 0 };

    (void)state;
    incident_find(&i, 4, 100);
    incident_hear(&i, INCIDENT_KEYS_GOOD, INCIDENT_NONE, 4, false, 200);
    assert_int_equal(i.kind, INCIDENT_KEY_USED_ELSEWHERE);
    incident_hear(&i, INCIDENT_KEYS_GOOD, INCIDENT_NONE, 4, true, 200);
    assert_int_equal(i.kind, INCIDENT_NONE);
    incident_find(&i, 4, 100); /* a crash took the finding: the next epoch's word counts */
    incident_hear(&i, INCIDENT_KEYS_GOOD, INCIDENT_NONE, 5, false, 200);
    assert_int_equal(i.kind, INCIDENT_NONE);
}

/* ---- the flows ------------------------------------------------------------------------------ */

static void a_finding_is_said_until_it_is_answered(void **state) /* P-DEV-16, P-DUR-10 */
{
    (void)state;
    world.claims_hi = 700;
    attest(); /* the receipt beside its answer is ahead of us */
    assert_true(live_has_finding(&flow->live));
    assert_true(open_one()->kind == INCIDENT_KEY_USED_ELSEWHERE && !open_one()->by_verifier);
    assert_int_equal(said()->receipt.verdict, 0);
    world.claims_hi = 0;
    world.step[world.evidence_n].answer = FAKE_LOSES;
    attest();
    assert_true(said()->receipt.verdict == 3 && said()->receipt.ahead_seq == 700);
    assert_true(open_one()->kind);
    attest();
    assert_int_equal(said()->receipt.verdict, 3);
    assert_false(live_has_finding(&flow->live));
    assert_false(open_one()->kind); /* and the verifier found nothing in it */
    attest();
    assert_int_equal(said()->receipt.verdict, 0);
}

/* Otherwise it would be a finding about the new epoch, and a second incident. */
static void no_finding_goes_into_the_next_epoch(void **state) /* P-DEV-16 */
{
    (void)state;
    world.claims_hi = 700;
    attest();
    world.claims_hi = 0;
    world.keys = "contraindicated";
    world.why = "\"key-used-elsewhere\"";
    rekey();
    assert_int_equal(said()->receipt.verdict, 3);
    world.keys = "affirming";
    attest();
    assert_int_equal(said()->base_epoch, 2);
    assert_int_equal(said()->receipt.verdict, 0);
    assert_false(open_one()->kind);
}

static void the_verifiers_word_turns_it_on_and_off(void **state) /* P-DEV-17 */
{
    (void)state;
    world.keys = "contraindicated";
    world.why = "\"pcr-differs\",\"message-forged\"";
    attest();
    assert_true(open_one()->kind == INCIDENT_MESSAGE_FORGED && open_one()->by_verifier);
    assert_int_equal(open_one()->since_s, wall);
    assert_string_equal(flow->record.software, "affirming");
    assert_string_equal(flow->record.keys, "contraindicated");
    wall += 60;
    restart(); /* it is on the disk */
    attest();
    assert_int_equal(open_one()->since_s, wall - 60);
    world.keys = NULL;
    attest(); /* says nothing about keys */
    assert_string_equal(flow->record.keys, "none");
    assert_int_equal(open_one()->kind, INCIDENT_MESSAGE_FORGED);
    world.keys = "contraindicated";
    world.why = "\"a-new-reason\"";
    attest();
    assert_int_equal(open_one()->kind, INCIDENT_OTHER);
    world.keys = "affirming";
    attest();
    assert_false(open_one()->kind);
}

/* The leaves named what was forged. */
static void what_a_supply_says_counts(void **state)
{
    static uint8_t      sealed[PAWL_MESSAGE_MAX];
    struct pawl_wr      w = pawl_wr_to(sealed, sizeof(sealed));
    struct pawl_content c = { .type = PAWL_CONTENT_APP, .id = 7, .body = pawl_view("x", 1) };
    uint64_t            seq;

    (void)state;
    T_OK(live_seal(flow, &c, &w, &seq, &err), &err);
    world.step[world.evidence_n].answer = FAKE_WANTS_LEAVES;
    world.supply_keys = "contraindicated";
    world.why = "\"message-forged\"";
    attest();
    assert_int_equal(world.supplies, 1);
    assert_true(open_one()->kind == INCIDENT_MESSAGE_FORGED && open_one()->by_verifier);
}

static void a_refusal_forked_turns_it_on(void **state)
{
    (void)state;
    world.step[world.evidence_n] = (struct fake_step){ FAKE_REFUSES, PAWL_REFUSAL_FORKED, 1 };
    world.step[world.evidence_n + 1] = (struct fake_step){ FAKE_REFUSES,
                                                           PAWL_REFUSAL_WAIT_FOR_APPROVAL, 1 };
    attest();
    assert_int_equal(answer.refusal.code, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    assert_true(open_one()->kind == INCIDENT_DEVICE_CLONED && open_one()->by_verifier);
}

static void what_nobody_signed_turns_nothing(void **state)
{
    (void)state;
    world.keys = "contraindicated";
    world.step[world.evidence_n].answer = FAKE_FOREIGN;
    attest();
    world.step[world.evidence_n].answer = FAKE_OLD_TH1;
    attest();
    assert_false(open_one()->kind);
}

/* ---- the rounds ----------------------------------------------------------------------------- */

/* The next round, messages left aside. */
static void next_is(enum schedule_what what, enum pawl_reason reason)
{
    struct schedule_next n = rounds_next(&rounds);

    while (n.what == SCHEDULE_MESSAGES && n.at_ms <= now_ms) {
        T_OK(rounds_do(&rounds, &n, &err), &err);
        n = rounds_next(&rounds);
    }
    assert_int_equal(n.what, what);
    assert_int_equal(n.reason, reason);
    assert_true(n.at_ms <= now_ms);
    T_OK(rounds_do(&rounds, &n, &err), &err);
}

/* All that is due now. */
static void settle(void)
{
    struct schedule_next n = rounds_next(&rounds);

    for (int i = 0; i < 4 && n.at_ms <= now_ms; i++, n = rounds_next(&rounds))
        (void)pawl_is_ok(rounds_do(&rounds, &n, &err));
    assert_true(n.at_ms > now_ms);
}

static void a_running_agent_promises_the_next_attest(void **state) /* P-TR-9 */
{
    (void)state;
    assert_int_equal(said()->next_s, 0); /* a single command */
    rounds_begin(&rounds, false);
    next_is(SCHEDULE_ATTEST, PAWL_REASON_START);
    assert_int_equal(said()->next_s, config.interval_s + config.jitter_s);
    rounds_begin(&rounds, true);
    attest();
    assert_int_equal(said()->next_s, 0);
}

static void a_finding_goes_at_once_and_is_healed_at_once(void **state) /* P-DEV-16, P-DEV-18 */
{
    (void)state;
    rounds_begin(&rounds, false);
    settle();
    now_ms += (int64_t)(1000 * (config.interval_s + config.jitter_s));
    world.claims_hi = 700;
    next_is(SCHEDULE_ATTEST, PAWL_REASON_SCHEDULE);
    world.claims_hi = 0;
    world.keys = "contraindicated";
    world.why = "\"key-used-elsewhere\"";
    world.step[world.evidence_n].answer = FAKE_WANTS_REKEY;
    next_is(SCHEDULE_ATTEST, PAWL_REASON_INCIDENT);
    assert_int_equal(said()->reason, PAWL_REASON_INCIDENT);
    assert_true(open_one()->by_verifier);
    next_is(SCHEDULE_REKEY, PAWL_REASON_DEMAND); /* whose own result is red still */
    world.keys = "affirming";
    next_is(SCHEDULE_ATTEST, PAWL_REASON_DEMAND);
    assert_true(said()->base_epoch == 2 && !open_one()->kind);
    settle(); /* and that was all */
}

/* As the answer to a supply says it. A person may have to say more: that is not awaited by turning
 * the keys again and again. */
static void red_keys_are_turned_once_without_a_demand(void **state) /* P-DEV-18 */
{
    (void)state;
    rounds_begin(&rounds, false);
    world.keys = "contraindicated";
    world.why = "\"message-forged\"";
    next_is(SCHEDULE_ATTEST, PAWL_REASON_START);
    next_is(SCHEDULE_REKEY, PAWL_REASON_DEMAND);
    next_is(SCHEDULE_ATTEST, PAWL_REASON_DEMAND);
    settle();
    now_ms += (int64_t)(1000 * (config.interval_s + config.jitter_s));
    next_is(SCHEDULE_ATTEST, PAWL_REASON_SCHEDULE);
    settle();
    assert_true(open_one()->kind && said()->base_epoch == 2);
}

/* ---- who is told ---------------------------------------------------------------------------- */

static void write_script(const char *body)
{
    FILE *f = fopen(scratch_path("hook"), "w");

    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", body);
    fclose(f);
    assert_int_equal(chmod(scratch_path("hook"), 0755), 0);
    snprintf(config.on_incident, sizeof(config.on_incident), "%s \t 1 two  3",
             scratch_path("hook"));
}

static void look_until_quiet(void)
{
    const struct timespec t = { .tv_nsec = 5000000 };

    tell_look(&tell, &rounds);
    for (int i = 0; i < 12000 && tell.command.pid; i++) {
        nanosleep(&t, NULL);
        tell_look(&tell, &rounds);
    }
    assert_int_equal(tell.command.pid, 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombie */
}

static void file_is(const char *name, const char *want)
{
    char   text[2000];
    FILE  *f = fopen(scratch_path(name), "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

    text[n] = 0;
    if (f)
        fclose(f);
    assert_string_equal(text, want);
}

static void red(const char *why)
{
    world.keys = "contraindicated";
    world.why = why;
    attest();
}

static void green(void)
{
    world.keys = "affirming";
    world.why = NULL;
    attest();
}

static void the_command_runs_at_begin_and_end(void **state)
{
    char script[600], want[600];

    (void)state;
    snprintf(script, sizeof(script),
             "echo \"$# $1 $2 $3 $PAWL_INCIDENT $PAWL_INCIDENT_KIND $PAWL_INCIDENT_BY"
             " $PAWL_DEVICE\" >> %s",
             scratch_path("log"));
    write_script(script);
    look_until_quiet();
    file_is("log", "");
    world.claims_hi = 700;
    attest();
    world.claims_hi = 0;
    look_until_quiet();
    look_until_quiet();
    red("\"message-forged\"");
    look_until_quiet(); /* the same one */
    green();
    look_until_quiet();
    look_until_quiet();
    char            id[65];
    struct pawl_err e;
    T_OK(pawl_hex_write(PAWL_VIEW_OF(flow->record.device_id), id, sizeof(id), &e), &e);
    snprintf(want, sizeof(want),
             "3 1 two 3 begin key-used-elsewhere device %s\n"
             "3 1 two 3 end key-used-elsewhere verifier %s\n",
             id, id);
    file_is("log", want);
}

static void a_crash_repeats_it_and_a_start_does_not(void **state)
{
    char script[300];

    (void)state;
    snprintf(script, sizeof(script), "echo $PAWL_INCIDENT >> %s\nexec sleep 60",
             scratch_path("log"));
    write_script(script);
    red("\"message-forged\"");
    tell_look(&tell, &rounds);
    assert_true(tell.command.pid > 0);
    restart(); /* before it ended */
    snprintf(script, sizeof(script), "echo again-$PAWL_INCIDENT >> %s", scratch_path("log2"));
    write_script(script);
    look_until_quiet();
    file_is("log2", "again-begin\n");
    restart(); /* after it ended */
    look_until_quiet();
    file_is("log2", "again-begin\n");
    green();
    restart(); /* nobody was told of the end yet */
    look_until_quiet();
    file_is("log2", "again-begin\nagain-end\n");
}

static void one_after_the_other_is_told_of_both(void **state)
{
    char script[300];

    (void)state;
    snprintf(script, sizeof(script), "echo $PAWL_INCIDENT $PAWL_INCIDENT_KIND >> %s",
             scratch_path("log"));
    write_script(script);
    red("\"message-forged\"");
    look_until_quiet();
    green();
    wall += 5;
    red("\"device-cloned\"");
    look_until_quiet();
    look_until_quiet();
    file_is("log", "begin message-forged\nend message-forged\nbegin device-cloned\n");
}

static void a_command_that_hangs_is_ended(void **state)
{
    char script[300];

    (void)state;
    snprintf(script, sizeof(script), "sleep 1000 & echo $! > %s; trap '' TERM; wait; wait",
             scratch_path("pid"));
    write_script(script);
    red("\"message-forged\"");
    tell_look(&tell, &rounds);
    struct stat           st;
    const struct timespec t = { .tv_nsec = 5000000 };
    for (int i = 0; i < 12000 && (stat(scratch_path("pid"), &st) || !st.st_size); i++)
        nanosleep(&t, NULL);
    now_ms += COMMAND_MAX_MS - 1;
    tell_look(&tell, &rounds);
    assert_true(tell.command.pid > 0);
    assert_int_equal(tell_wait_ms(&tell, 60000), TELL_LOOK_MS);
    now_ms++;
    look_until_quiet();
    FILE *f = fopen(scratch_path("pid"), "r");
    int   pid = 0;
    assert_int_equal(fscanf(f, "%d", &pid), 1);
    fclose(f);
    for (int i = 0; i < 12000 && !kill(pid, 0); i++) /* what it started is gone too */
        nanosleep(&t, NULL);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(tell_wait_ms(&tell, 60000), 60000);
}

/* All that a program could find of ours. */
static void the_command_inherits_nothing(void **state)
{
    char     script[800], text[1000];
    sigset_t term;

    (void)state;
    int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */
    int in = dup(0), terminal = open("/dev/zero", O_RDONLY);
    assert_true(stray > 2 && in > 2);
    dup2(terminal, 0);
    setenv("PAWL_TEST_SECRET", "sesame", 1);
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, NULL);
    signal(SIGPIPE, SIG_IGN);
    snprintf(script, sizeof(script),
             "{ ls /proc/self/fd | wc -l; env | sort | cut -d= -f1; pwd; readlink /proc/self/fd/0;"
             " grep -E '^Sig(Blk|Ign)' /proc/self/status; } > %s",
             scratch_path("log"));
    write_script(script);
    red("\"message-forged\"");
    look_until_quiet();
    sigprocmask(SIG_UNBLOCK, &term, NULL);
    signal(SIGPIPE, SIG_DFL);
    unsetenv("PAWL_TEST_SECRET");
    dup2(in, 0);
    close(in);
    close(terminal);
    close(stray);
    FILE  *f = fopen(scratch_path("log"), "r");
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    fclose(f);
    text[n] = 0;
    assert_string_equal(text, "4\n" /* 0, 1, 2, and ls reading the directory */
                              "PATH\nPAWL_DEVICE\nPAWL_INCIDENT\nPAWL_INCIDENT_BY\n"
                              "PAWL_INCIDENT_KIND\nPWD\n/\n/dev/null\n"
                              "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

static void a_command_that_cannot_run_is_tried_once(void **state)
{
    int keep = dup(2), null = open("/dev/null", O_WRONLY);

    (void)state;
    snprintf(config.on_incident, sizeof(config.on_incident), "/nonexistent/command");
    dup2(null, 2);
    red("\"message-forged\"");
    look_until_quiet();
    assert_int_equal(flow->record.told, INCIDENT_MESSAGE_FORGED);
    dup2(keep, 2);
    close(keep);
    close(null);
    tell_look(&tell, &rounds);
    assert_int_equal(tell.command.pid, 0);
}

static void a_command_that_cannot_run_is_seen_before_it_has_to(void **state)
{
    char  line[400];
    FILE *f = fopen(scratch_path("plain"), "w");

    (void)state;
    fclose(f);
    T_OK(command_check("/bin/sh -c true", &err), &err);
    T_FAILS(command_check("/nonexistent/command begin", &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "on_incident");
    assert_string_equal(err.why, "cannot run /nonexistent/command: No such file or directory");
    snprintf(line, sizeof(line), "%s", scratch_path("plain"));
    T_FAILS(command_check(line, &err), &err, PAWL_E_DENIED);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), new_world, end_world, NULL                                                \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("kinds have names", kinds_have_names),
        T_CASE("the verifier's word wins, and the time stays",
               the_verifiers_word_wins_and_the_time_stays),
        T_CASE("a finding is over when the verifier knew of it",
               a_finding_is_over_when_the_verifier_knew_of_it),
        CASE("a finding is said until it is answered", a_finding_is_said_until_it_is_answered),
        CASE("no finding goes into the next epoch", no_finding_goes_into_the_next_epoch),
        CASE("the verifier's word turns it on and off", the_verifiers_word_turns_it_on_and_off),
        CASE("what a supply says counts", what_a_supply_says_counts),
        CASE("a refusal forked turns it on", a_refusal_forked_turns_it_on),
        CASE("what nobody signed turns nothing", what_nobody_signed_turns_nothing),
        CASE("a running agent promises the next attest", a_running_agent_promises_the_next_attest),
        CASE("a finding goes at once and is healed at once",
             a_finding_goes_at_once_and_is_healed_at_once),
        CASE("red keys are turned once without a demand",
             red_keys_are_turned_once_without_a_demand),
        CASE("the command runs at begin and end", the_command_runs_at_begin_and_end),
        CASE("a crash repeats it and a start does not", a_crash_repeats_it_and_a_start_does_not),
        CASE("one after the other is told of both", one_after_the_other_is_told_of_both),
        CASE("a command that hangs is ended", a_command_that_hangs_is_ended),
        CASE("the command inherits nothing", the_command_inherits_nothing),
        CASE("a command that cannot run is tried once", a_command_that_cannot_run_is_tried_once),
        CASE("a command that cannot run is seen before it has to",
             a_command_that_cannot_run_is_seen_before_it_has_to),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
