/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: nobody is accused who did nothing: what the network or a queue held back, what our own
 * store lost, an epoch that never was, slots that are attested clean; and every token names the
 * head of the audit chain.
 */
#include <string.h>

#include "incident_fixture.h"
#include "proof/proof.h"
#include "ratchet/plan.h"
#include "soft_log.h"

/* ---- what is clean -------------------------------------------------------------------------- */

static void a_window_begins_behind_the_last_clean_snapshot(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    log_attests(&w, &d, &log);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 3);
    int64_t clean_ms = w.now_ms;
    assert_int_equal(world_ratchet(&w, &d).clean_ms, clean_ms);
    w.now_ms += 1000;
    soft_log_say(&log, "lost");
    world_log_says(&w, &d, &log, 1);
    log_attests(&w, &d, &log);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 3); /* a leaf is missing */
    assert_int_equal(world_ratchet(&w, &d).clean_ms, clean_ms);
    world_takes(&w, flow_supply, log_supply(&w, &log, 0), 200);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 5);
    assert_int_equal(world_ratchet(&w, &d).clean_ms, w.now_ms);
    two_in_one_slot(&w, &d, &log);
    assert_int_equal(store_number(&w.store, "SELECT slot_lo FROM incident"), 6);
    assert_int_equal(world_all_incidents(&w), 1);
}

static void what_a_thief_left_of_an_old_epoch_is_not_kept(void **state) /* P-REC-5 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    thief = log;
    thief.e.seq = 30000;
    soft_generation(&thief.e, 100);
    log_sends(&w, &d, &thief, thief_forges(&thief, 30000)); /* no seq_hi will ever reach it */
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log);
    soft_log_prune(&log, 1);
    world_log_says(&w, &d, &log, 1);
    w.now_ms += PAWL_LATE_MS + 1;
    log_attests(&w, &d, &log);
    assert_string_equal(incident_names(&w, &d, 1), "E3 1/100/30000 ");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM generation WHERE epoch = 1"), 0);
}

/* ---- d: malware that had the TPM ------------------------------------------------------------- */

/* A resync that is never used names an epoch far away, and a finding in the next quote that epoch:
 * an incident of it would wait for ever, and swallow all that is found until then. */
static void no_finding_is_about_an_epoch_that_never_was(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    const uint8_t          receipt[32] = { 0x77 };

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 1);
    log_attests(&w, &d, &log);
    struct soft_device malware = d;
    soft_device_forget(&malware);
    for (unsigned i = 0; i < 2; i++) {
        world_begin(&w, &malware, PAWL_LABEL_RESYNC, &ev);
        ev.a1.new_epoch = 50000 + i;
        if (i) {
            ev.a1.receipt.verdict = 2;
            ev.a1.receipt.receipt = PAWL_VIEW_OF(receipt);
            ev.a1.receipt.pair_n = 1;
            ev.a1.receipt.pair[0].epoch = 50000;
        }
        world_sends(&w, &ev);
    }
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_OPEN);
    d.attempt = malware.attempt; /* it is gone, and the device heals */
    d.clock = malware.clock;
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_CLOSED);
    lights_are(&w, "affirming", "affirming");
}

/* ---- what must accuse nobody ---------------------------------------------------------------- */

/* Says one thing that the network holds back, and has its leaves attested and settled all the same:
 * the device drops them from its log, and lists the generation no more. */
static struct pawl_view held_back(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct pawl_view cose = soft_log_say(log, "late");

    soft_log_open(log);
    soft_log_say(log, "lost");
    log_attests(w, d, log);
    world_takes(w, flow_supply, log_supply(w, log, 0), 200);
    log_attests(w, d, log); /* its receipt covers the first generation */
    soft_log_prune(log, 1);
    log_attests(w, d, log);
    w->now_ms += PAWL_LATE_MS + 1;
    log_attests(w, d, log);
    return cose;
}

static int64_t restored_at;

static int64_t restored_ms(void *self)
{
    (void)self;
    return restored_at;
}

/* A receipt of the store that is gone let the device drop what stands between two that it lists. */
static void a_store_that_was_put_back_holds_no_gap_of_the_log_against_it(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    const uint8_t          receipt[32] = { 0x77 };

    world_make(&w);
    world_speaks(&w, &d, &log);
    soft_log_say(&log, "lost"); /* its generation stays in the log */
    world_log_says(&w, &d, &log, 1);
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 2);
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    memmove(&log.gen[1], &log.gen[2], sizeof(log.gen[0]));
    log.gen_n--;
    w.now_ms += 1000;
    w.store.store.restored_ms = restored_ms;
    restored_at = w.now_ms;
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt.verdict = 1;
    ev.a1.receipt.receipt = PAWL_VIEW_OF(receipt);
    world_sends(&w, &ev);
    assert_int_equal(world_all_incidents(&w), 0);
    w.now_ms += 1000;
    log_attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    log_sends(&w, &d, &log, thief_forges(&log, 5)); /* two in one slot are two all the same */
    assert_int_equal(world_all_incidents(&w), 1);
    restored_at = 0;
}

static void what_was_held_back_for_hours_accuses_nobody(void **state) /* f) */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    struct pawl_view cose = held_back(&w, &d, &log);
    log_sends(&w, &d, &log, cose);
    assert_int_equal(world_all_incidents(&w), 0);
    assert_string_equal(world_inbox(&w, &d), "1/0/1/4294967297:late ");
}

static void what_was_held_back_over_a_rekey_accuses_nobody(void **state) /* f) */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    struct pawl_view cose = held_back(&w, &d, &log);
    log_rekeys(&w, &d, &log);
    log_attests(&w, &d, &log);
    w.now_ms += PAWL_LATE_MS + 1;
    log_attests(&w, &d, &log);
    const struct pawl_view    both[] = { cose, soft_log_say(&log, "after it") };
    static struct soft_answer a;
    world_says(&w, &d, &log.e, both, 2, &a);
    assert_int_equal(world_all_incidents(&w), 0);
}

/* ---- the chain's head ----------------------------------------------------------------------- */

static void audit_is(struct world *w, uint64_t number)
{
    struct audit_head head;
    char              hash[64];
    EAR              *ear = world_ear(w);
    const cJSON      *audit = cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "audit");

    assert_int_equal(cJSON_GetArraySize(audit), 2);
    assert_int_equal(cJSON_GetArrayItem(audit, 0)->valueint, number);
    T_OK(w->store.store.audit_head(w->store.store.self, pawl_view_str("acme"), &head, &w->err),
         &w->err);
    T_OK(pawl_b64url_write(PAWL_VIEW_OF(head.hash), hash, sizeof(hash), &w->err), &w->err);
    if (head.number == number)
        assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(audit, 1)), hash);
}

static void every_token_names_the_head_of_the_chain(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    log_attests(&w, &d, &log);
    audit_is(&w, 0);
    two_in_one_slot(&w, &d, &log);
    w.now_ms += 999;
    log_attests(&w, &d, &log);
    audit_is(&w, 0); /* at most 1 s old */
    w.now_ms += 1;
    log_attests(&w, &d, &log);
    struct audit_head head;
    T_OK(w.store.store.audit_head(w.store.store.self, pawl_view_str("acme"), &head, &w.err),
         &w.err);
    assert_true(head.number >= 1);
    audit_is(&w, head.number);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a window begins behind the last clean snapshot",
               a_window_begins_behind_the_last_clean_snapshot),
        T_CASE("P-REC-5 what a thief left of an old epoch is not kept",
               what_a_thief_left_of_an_old_epoch_is_not_kept),
        T_CASE("d) no finding is about an epoch that never was",
               no_finding_is_about_an_epoch_that_never_was),
        T_CASE("P-REC-3 a store that was put back holds no gap of the log against it",
               a_store_that_was_put_back_holds_no_gap_of_the_log_against_it),
        T_CASE("f) what was held back for hours accuses nobody",
               what_was_held_back_for_hours_accuses_nobody),
        T_CASE("f) what was held back over a rekey accuses nobody",
               what_was_held_back_over_a_rekey_accuses_nobody),
        T_CASE("every token names the head of the chain", every_token_names_the_head_of_the_chain),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
