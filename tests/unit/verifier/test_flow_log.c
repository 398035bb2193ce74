/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the firmware's log of a boot is judged once, with the quote or behind it, and never by
 * other bytes than the signed ones; what is known of a boot ends with it; and what happens to
 * ordinary machines - reboots, suspends, power cuts, updates - is no failure. */
#include <stdio.h>
#include <string.h>

#include "soft_machine.h"

static int64_t facts_kept(struct machine *m)
{
    return store_number(&m->w.store, "SELECT count(*) FROM facts");
}

static bool told(struct machine *m, const char *text)
{
    return strstr(m->w.step.event, text) != NULL;
}

/* ---- the log -------------------------------------------------------------------------------- */

static void the_log_comes_once_for_each_boot(void **state) /* P-LOG-2 */
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    for (unsigned boot = 0; boot < 2; boot++) {
        machine_boots(&m, &log);
        machine_attests(&m, LOG);
        machine_is(&m, "affirming", NULL);
        machine_covers(&m, "identity,boot-log,runtime=no-ima-list");
        machine_wanted(&m, false, -1, false);
        assert_true(m.w.step.has_boot);
        assert_int_equal(m.w.step.boot.facts.n, 0); /* the same ones as at the enrolment */
        for (unsigned i = 0; i < 2; i++) {
            machine_attests(&m, NOTHING);
            machine_is(&m, "affirming", NULL);
            machine_covers(&m, "identity,boot-log,runtime=no-ima-list");
            machine_wanted(&m, false, -1, false);
            assert_false(m.w.step.has_boot);
        }
    }
    assert_int_equal(facts_kept(&m), 1);
}

static void what_lacks_for_several_rules_is_told_once(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    const struct device d = world_record(&m.w, &m.d);
    const char         *line = strstr(d.why, "no log explains PCR 7");
    assert_non_null(line); /* of its state and of its level */
    assert_null(strstr(line + 1, "no log explains PCR 7"));
}

static void an_answer_is_as_late_as_its_quote(void **state) /* T9 */
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;

    machine_make(&m);
    machine_policy(&m, RULES_LOG ",\"answer_within_ms\":1000");
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    m.w.now_ms += 3000; /* what is supplied later belongs to a quote that was in time */
    machine_supplies(&m, LOG);
    machine_is(&m, "affirming", NULL);
    machine_begin(&m, &ev);
    m.w.now_ms += 1001;
    world_sends(&m.w, &ev);
    machine_is(&m, "warning", "slow-answer");
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", NULL);
}

static void a_log_that_is_missing_is_wanted_and_supplied(void **state) /* P-LOG-2 */
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    machine_is(&m, "warning", "no-event-log");
    machine_covers(&m, "identity,boot-log=no-event-log,runtime=no-ima-list");
    machine_wanted(&m, true, -1, true);
    assert_true(told(&m, "covers identity,boot-log=no-event-log"));
    EAR *before = world_ear(&m.w);
    m.w.now_ms += 3000;
    machine_supplies(&m, LOG);
    machine_is(&m, "affirming", NULL);
    machine_covers(&m, "identity,boot-log,runtime=no-ima-list");
    machine_wanted(&m, false, -1, false);
    assert_true(told(&m, ": affirming; covers identity,boot-log,"));
    EAR *after = world_ear(&m.w);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(after, "eat_nonce")),
                        cJSON_GetStringValue(cJSON_GetObjectItem(before, "eat_nonce")));
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", NULL);
    assert_string_equal(m.w.step.event, "");
}

static void l19_other_bytes_than_those_in_a1_are_not_looked_at(void **state) /* P-LOG-1 */
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_begin(&m, &ev);
    struct pawl_view good = m.d.eventlog;
    soft_eventlog_insert(&log, log.n, soft_event_text(8, EV_IPL, "more"));
    m.d.eventlog = soft_eventlog_bytes(&log);
    machine_bring(&m, &ev, LOG);
    world_sends(&m.w, &ev);
    machine_is(&m, "warning", "event-log-differs");
    machine_wanted(&m, true, -1, false); /* with the next request */

    machine_attests(&m, NOTHING);
    m.d.eventlog = good;
    machine_attests(&m, NOTHING);
    machine_wanted(&m, true, -1, true);
    m.d.eventlog = soft_eventlog_bytes(&log);
    machine_supplies(&m, LOG);
    machine_is(&m, "warning", "event-log-differs");
    m.d.eventlog = good;
    machine_attests(&m, LOG);
    machine_is(&m, "affirming", NULL);
}

static void l1_a_log_that_does_not_lead_to_the_quote(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    log.event[soft_eventlog_find(&log, 4, EV_EFI_BOOT_SERVICES_APPLICATION, 1)]
        .measured = pawl_view_str("another loader");
    m.d.eventlog = soft_eventlog_bytes(&log);
    machine_attests(&m, LOG);
    machine_is(&m, "contraindicated", "event-log-differs");
}

static void a_refused_request_keeps_nothing_of_its_log(void **state) /* P-LOG-1 */
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_begin(&m, &ev);
    ev.a1.attempt = 1;
    machine_bring(&m, &ev, LOG);
    soft_evidence_sign(&ev, NULL);
    world_says_no(&m.w, soft_evidence_bytes(&ev), PAWL_REFUSAL_ATTEMPT);
}

/* P-ATT-5: without values nothing is judged, and nothing is known of the boot. */
static void values_that_were_left_out_tell_of_no_boot(void **state)
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    soft_eventlog_insert(&log, log.n, soft_event_text(8, EV_IPL, "more"));
    machine_boots(&m, &log);
    machine_begin(&m, &ev);
    machine_bring(&m, &ev, LOG);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    ev.m.pcr_n = 0;
    world_takes(&m.w, flow_evidence, soft_evidence_bytes(&ev), 200);
    machine_is(&m, "none", "pcr-missing");
    assert_true(world_wants_values(&m.w));
    assert_false(m.w.step.has_boot);
    machine_attests(&m, LOG);
    machine_is(&m, "affirming", NULL);
    assert_true(m.w.step.has_boot);
}

/* Nothing else changed: the policy demands no log. */
static void what_is_not_looked_at_any_more_is_told(void **state)
{
    (void)state;
    MACHINE m;
    char    rules[128], hex[65];

    machine_make(&m);
    T_OK(pawl_hex_write(pawl_digest_view(&m.d.sha256[0]), hex, sizeof(hex), &m.w.err), &m.w.err);
    snprintf(rules, sizeof(rules), "\"pcrs\":{\"sha256\":{\"0\":[\"%s\"]}}", hex);
    machine_policy(&m, rules);
    machine_attests(&m, NOTHING);
    machine_covers(&m, "identity,boot-log,runtime=no-ima-list");
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", NULL);
    assert_true(told(&m, ": affirming; covers identity,boot-log=no-event-log"));
}

/* ---- ordinary life -------------------------------------------------------------------------- */

static void a_suspend_changes_nothing(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    machine_attests(&m, NOTHING);
    m.d.clock.restarts++;
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", NULL);
    machine_wanted(&m, false, -1, false);
}

/* The request that was on its way is lost, and its log with it. */
static void a_power_cut_costs_a_boot(void **state)
{
    (void)state;
    MACHINE              m;
    struct soft_evidence lost;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    machine_boots(&m, &log);
    machine_begin(&m, &lost);
    machine_boots(&m, &log);
    machine_attests(&m, LOG);
    machine_is(&m, "affirming", NULL);
}

#define LINE(version) "/vmlinuz-" version " root=/dev/sda1"
#define RELEASE(version, until)                                                                    \
    "{\"name\":\"" version "\"," until "\"boot\":{\"command_lines\":[\"" LINE(version) "\"]}}"

static struct soft_eventlog with_line(const struct soft_eventlog *log, const char *line)
{
    struct soft_eventlog r = *log;
    size_t               n = soft_eventlog_find(&r, 8, EV_IPL, 1);

    r.event[n] = soft_event_line(8, "kernel_cmdline: ", line);
    return r;
}

/* The old release and the new one side by side, and then the old one is over. */
static void a_staged_update_and_its_deadline(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    struct soft_eventlog good = m.b.log;
    struct soft_eventlog old = with_line(&good, LINE("1")), new = with_line(&good, LINE("2"));
    machine_policy(&m, RULES_LOG ",\"releases\":[" RELEASE(
                           "1", "\"until\":\"2026-12-31\",") "," RELEASE("2", "") "]");
    machine_boots(&m, &old);
    machine_attests(&m, LOG);
    machine_is(&m, "affirming", NULL);
    assert_string_equal(world_record(&m.w, &m.d).release, "1");
    assert_true(told(&m, "release 1"));
    machine_boots(&m, &new);
    machine_attests(&m, LOG);
    machine_is(&m, "affirming", NULL);
    assert_string_equal(world_record(&m.w, &m.d).release, "2");
    assert_true(told(&m, ": affirming; release 2"));
    machine_attests(&m, NOTHING);
    assert_string_equal(m.w.step.event, "");
    machine_boots(&m, &old);
    m.w.now_ms = 1798761600000; /* 2027-01-01 */
    machine_attests(&m, LOG);
    machine_is(&m, "contraindicated", "release-over");
}

static void a_boot_that_did_not_reset_the_tpm(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog log = m.b.log;
    m.d.os_boot[0] ^= 0x40; /* the TPM stays as it was */
    for (unsigned i = 0; i < 2; i++) {
        machine_attests(&m, LOG);
        machine_is(&m, "warning", "tpm-not-reset");
        machine_covers(&m, "identity,boot-log=tpm-not-reset,runtime=no-ima-list");
    }
    machine_boots(&m, &log);
    machine_attests(&m, LOG);
    machine_is(&m, "affirming", NULL);
}

/* TPM Restart: resetCount stays, and the PCRs begin anew. Only the log tells it from a boot that
 * did not reset the TPM, and that may come behind the quote. */
static void a_restart_of_the_tpm_is_told_by_its_log(void **state)
{
    (void)state;
    MACHINE m;

    for (unsigned supplied = 0; supplied < 2; supplied++) {
        machine_make(&m);
        machine_policy(&m, RULES_LOG);
        struct soft_eventlog log = m.b.log;
        machine_boots(&m, &log);
        m.d.clock.resets--;
        m.d.clock.restarts++;
        machine_attests(&m, supplied ? NOTHING : LOG);
        if (supplied) {
            machine_is(&m, "warning", "tpm-not-reset");
            machine_wanted(&m, true, -1, true);
            machine_supplies(&m, LOG);
        }
        machine_is(&m, "affirming", NULL);
        machine_attests(&m, NOTHING);
        machine_is(&m, "affirming", NULL);
        if (!supplied)
            machine_done(&m);
    }
}

static void a_tpm_that_went_back_takes_no_boot_with_it(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    machine_attests(&m, NOTHING);
    struct soft_device now = m.d;
    m.d.clock.resets--;
    m.d.os_boot[0] ^= 0x40;
    m.all = true;
    machine_attests(&m, LOG);
    machine_is(&m, "contraindicated", "tpm-went-back");
    assert_false(m.w.step.has_boot);
    now.attempt = m.d.attempt;
    m.d = now;
    m.all = true;
    machine_attests(&m, NOTHING);
    assert_string_equal(world_record(&m.w, &m.d).software_status, "affirming");
    machine_covers(&m, "identity,boot-log,runtime=no-ima-list");
}

/* TPM2_Clear: the resets are counted anew, and a number comes back. */
static void a_tpm_that_was_cleared_has_no_boot_of_before(void **state)
{
    (void)state;
    MACHINE              m;
    struct soft_evidence ev;
    struct enrolling     e;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    m.w.config.tenant[ACME].reenrol_auto = true;
    uint32_t resets = m.d.clock.resets;
    soft_device_clear(&m.d);
    m.d.clock.resets = resets;
    m.d.os_boot[0] ^= 0x40;
    struct pawl_enrol_req req = soft_enrol(&m.d);
    world_enrol_request(&m.w, &m.d, &req, &e);
    world_enrol_evidence(&m.d, &e, &ev);
    soft_evidence_sign(&ev, &e.secret);
    world_takes(&m.w, flow_evidence, soft_evidence_bytes(&ev), 200);
    machine_is(&m, "warning", "no-event-log");
    machine_wanted(&m, true, -1, true);
    machine_supplies(&m, LOG);
    machine_is(&m, "affirming", NULL);
}

/* The machine's shim is older. */
#define RULES_BAD "\"secure_boot\":{\"sbat\":\"2024010100\"}"

/* ---- groups and exceptions ------------------------------------------------------------------ */

static void commit(struct machine *m, struct step *s)
{
    memcpy(s->tenant, "acme", 5);
    T_OK(store_commit_wait(&m->w.store.store, s, &m->w.err), &m->w.err);
}

static void a_group_that_watches_warns_and_one_that_enforces_does_not(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_BAD);
    machine_attests(&m, NOTHING);
    machine_is(&m, "contraindicated", "sbat-too-old");
    for (unsigned enforce = 0; enforce < 2; enforce++) {
        struct step s = { .has_group = true, .group = { .name = "lab", .enforce = enforce } };
        commit(&m, &s);
        store_exec(&m.w.store, "UPDATE device SET grp = 'lab'");
        machine_attests(&m, NOTHING);
        machine_is(&m, enforce ? "contraindicated" : "warning", "sbat-too-old");
        EAR *ear = world_ear(&m.w);
        assert_int_equal(ear_says(ear, "watched"), !enforce);
    }
}

static void a_policy_is_the_device_s_the_group_s_or_the_tenant_s(void **state)
{
    (void)state;
    MACHINE     m;
    struct step s = { .has_group = true,
                      .group = { .name = "lab", .policy = "strict", .enforce = true } };

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    store_exec(&m.w.store,
               "INSERT INTO policy SELECT tenant, 'strict', version, created_s,"
               " '{\"name\":\"strict\",\"version\":1,\"secure_boot\":{\"sbat\":\"2024010100\"}}'"
               " FROM policy");
    commit(&m, &s);
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", NULL);
    store_exec(&m.w.store, "UPDATE device SET grp = 'lab'");
    machine_attests(&m, NOTHING);
    machine_is(&m, "contraindicated", NULL);
    assert_true(told(&m, "strict:1"));
    store_exec(&m.w.store, "UPDATE device SET policy = 'machine'");
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", NULL);
}

static void an_exception_holds_until_its_end(void **state)
{
    (void)state;
    MACHINE     m;
    struct step s = { .has_exception = true };

    machine_make(&m);
    machine_policy(&m, RULES_BAD);
    s.exception.created_s = m.w.now_ms / 1000;
    s.exception.x = (struct exception){ .reason = REASON_SBAT_TOO_OLD,
                                        .author = "ann",
                                        .note = "until the new firmware",
                                        .until_s = m.w.now_ms / 1000 + 60 };
    commit(&m, &s);
    machine_attests(&m, NOTHING);
    machine_is(&m, "affirming", "excepted");
    m.w.now_ms += 60000;
    machine_attests(&m, NOTHING);
    machine_is(&m, "contraindicated", "sbat-too-old");
}

/* ---- what a policy costs -------------------------------------------------------------------- */

static unsigned policies_read;
static pawl_status (*read_policy)(void *self, struct pawl_view tenant, const char *name,
                                  uint64_t version, struct policy_row *ret, struct pawl_err *err);

static pawl_status count_policy(void *self, struct pawl_view tenant, const char *name,
                                uint64_t version, struct policy_row *ret, struct pawl_err *err)
{
    policies_read++;
    return read_policy(self, tenant, name, version, ret, err);
}

static void the_text_of_a_policy_is_read_once(void **state)
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    read_policy = m.w.store.store.policy;
    m.w.store.store.policy = count_policy;
    policies_read = 0;
    for (unsigned i = 0; i < 3; i++)
        machine_attests(&m, NOTHING);
    assert_int_equal(policies_read, 1);
    m.w.store.store.policy = read_policy;
    machine_policy(&m, RULES_LOG);
    m.w.store.store.policy = count_policy;
    machine_attests(&m, NOTHING);
    assert_int_equal(policies_read, 2);
}

/* ---- supplies ------------------------------------------------------------------------------- */

static void a_log_that_nobody_asked_for_is_refused(void **state) /* P-SUPPLY-4 */
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, rules_ima());
    struct pawl_view log = m.d.eventlog;
    m.d.eventlog = pawl_view(NULL, 0);
    machine_attests(&m, NOTHING); /* A1 names none, and none is wanted: it is known */
    machine_wanted(&m, false, 0, true);
    m.d.eventlog = log;
    world_refuses(&m.w, flow_supply, machine_supply(&m, LOG), PAWL_E_DENIED, "supply.logs");
}

static void a_supply_may_be_repeated_until_another_request_came(void **state) /* P-SUPPLY-2 */
{
    (void)state;
    MACHINE m;

    machine_make(&m);
    machine_policy(&m, RULES_LOG);
    struct soft_eventlog good = m.b.log;
    machine_boots(&m, &good);
    machine_attests(&m, NOTHING);
    struct pawl_view body = machine_supply(&m, LOG);
    for (unsigned i = 0; i < 2; i++) {
        world_takes(&m.w, flow_supply, body, 200);
        machine_is(&m, "affirming", NULL);
    }
    assert_false(m.w.step.has_boot);
    machine_attests(&m, NOTHING);
    world_refuses(&m.w, flow_supply, body, PAWL_E_EXPIRED, "supply.ticket");
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("the log comes once for each boot", the_log_comes_once_for_each_boot),
        T_CASE("what lacks for several rules is told once",
               what_lacks_for_several_rules_is_told_once),
        T_CASE("T9: an answer is as late as its quote", an_answer_is_as_late_as_its_quote),
        T_CASE("a log that is missing is wanted and supplied",
               a_log_that_is_missing_is_wanted_and_supplied),
        T_CASE("L19 other bytes than those in A1 are not looked at",
               l19_other_bytes_than_those_in_a1_are_not_looked_at),
        T_CASE("L1 a log that does not lead to the quote",
               l1_a_log_that_does_not_lead_to_the_quote),
        T_CASE("a refused request keeps nothing of its log",
               a_refused_request_keeps_nothing_of_its_log),
        T_CASE("values that were left out tell of no boot",
               values_that_were_left_out_tell_of_no_boot),
        T_CASE("what is not looked at any more is told", what_is_not_looked_at_any_more_is_told),
        T_CASE("a suspend changes nothing", a_suspend_changes_nothing),
        T_CASE("a power cut costs a boot", a_power_cut_costs_a_boot),
        T_CASE("a staged update and its deadline", a_staged_update_and_its_deadline),
        T_CASE("a boot that did not reset the TPM", a_boot_that_did_not_reset_the_tpm),
        T_CASE("a restart of the TPM is told by its log", a_restart_of_the_tpm_is_told_by_its_log),
        T_CASE("a TPM that went back takes no boot with it",
               a_tpm_that_went_back_takes_no_boot_with_it),
        T_CASE("a TPM that was cleared has no boot of before",
               a_tpm_that_was_cleared_has_no_boot_of_before),
        T_CASE("a group that watches warns and one that enforces does not",
               a_group_that_watches_warns_and_one_that_enforces_does_not),
        T_CASE("a policy is the device's, the group's or the tenant's",
               a_policy_is_the_device_s_the_group_s_or_the_tenant_s),
        T_CASE("an exception holds until its end", an_exception_holds_until_its_end),
        T_CASE("the text of a policy is read once", the_text_of_a_policy_is_read_once),
        T_CASE("a log that nobody asked for is refused", a_log_that_nobody_asked_for_is_refused),
        T_CASE("a supply may be repeated until another request came",
               a_supply_may_be_repeated_until_another_request_came),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
