/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what a thief does with a stolen key becomes one incident that is written down, told and
 * proved in the step that finds it; the keys' light turns red and the software's does not; the
 * rekey turns it back, or a person; and what comes late joins the incident that it belongs to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/held.h"
#include "flow/incident.h"
#include "flow/operator.h"
#include "proof/proof.h"
#include "ratchet/plan.h"
#include "soft_log.h"

/* ---- the thief ------------------------------------------------------------------------------ */

/* A message of the thief: the same keys, another text. */
static struct pawl_view forge(const struct soft_log *log, uint64_t seq)
{
    struct soft_epoch thief = log->e;

    thief.seq = seq;
    return soft_app(&thief, UINT64_C(9) << 32 | seq, "forged");
}

static void send(struct world *w, const struct soft_device *d, const struct soft_log *log,
                 struct pawl_view cose)
{
    static struct soft_answer a;

    world_says(w, d, &log->e, &cose, 1, &a);
}

/* Three messages, then one of the thief's in the slot that is next, and the device's own there. */
static void two_in_one_slot(struct world *w, struct soft_device *d, struct soft_log *log)
{
    world_log_says(w, d, log, 3);
    send(w, d, log, forge(log, log->e.seq));
    struct pawl_view own = soft_log_say(log, "own");
    send(w, d, log, own);
}

static void attests(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_ATTEST, &ev);
}

/* Rekeys, and its messages are under the new epoch from here on; nothing of it was seen yet. */
static void rekeys(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_REKEY, &ev);
    world_adopt(w, d, &ev, NULL);
    soft_log_turn(d, log);
}

static struct pawl_view supply(struct world *w, const struct soft_log *log, size_t i)
{
    static uint8_t     b[64 * 1024];
    struct pawl_wr     out = pawl_wr_to(b, sizeof(b));
    struct pawl_supply m = { .ticket = t_copy(world_result(w).ticket), .leaves_n = 1 };

    m.leaves[0].epoch = log->gen[i].epoch;
    m.leaves[0].gen = log->gen[i].gen;
    m.leaves[0].leaves = soft_log_leaves(log, i);
    T_OK(pawl_supply_write(&m, &out, &w->err), &w->err);
    return t_copy(pawl_view(b, out.n));
}

/* ---- what became of it ---------------------------------------------------------------------- */

static void lights(struct world *w, const char *software, const char *keys)
{
    EAR *ear = world_ear(w);
    bool red = strcmp(keys, "contraindicated") == 0;

    assert_string_equal(ear_private(ear, "sw"), software);
    assert_string_equal(ear_private(ear, "keys"), keys);
    assert_string_equal(ear_status(ear), red ? "contraindicated" : software);
    assert_int_equal(ear_claim(ear, "instance-identity"), red ? 96 : 2);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "inc")->valueint, red);
}

static void incident_is(struct world *w, const struct soft_device *d, uint64_t epoch,
                        enum incident_kind kind, enum severity severity, enum incident_state state)
{
    PAWL_CLEANUP(incident_row_done) struct incident_row row = { 0 };
    struct incident                                     i = world_ratchet(w, d).incident;

    T_OK(w->store.store.incident(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                 epoch, &row, &w->err),
         &w->err);
    assert_string_equal(incident_kind_name((enum incident_kind)row.kind), incident_kind_name(kind));
    assert_string_equal(severity_name((enum severity)row.severity), severity_name(severity));
    assert_string_equal(incident_state_name((enum incident_state)row.state),
                        incident_state_name(state));
    if (i.epoch != epoch)
        return;
    assert_int_equal(i.kind, kind); /* the row says what the ratchet says */
    assert_int_equal(i.severity, severity);
    assert_int_equal(i.state, state);
    assert_int_equal(i.rules, row.rules);
}

/* The slots that the row of this epoch names, as "E3 1/0/4 ". */
static const char *names(struct world *w, const struct soft_device *d, uint64_t epoch)
{
    static char                                         text[4096];
    static struct incident_slot                         slot[INCIDENT_SLOTS_MAX];
    PAWL_CLEANUP(incident_row_done) struct incident_row row = { 0 };
    size_t                                              n, at = 0;

    T_OK(w->store.store.incident(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                 epoch, &row, &w->err),
         &w->err);
    T_OK(incident_slots_read(pawl_view(row.slots.p, row.slots.n), slot, &n, &w->err), &w->err);
    text[0] = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               "%s %" PRIu64 "/%" PRIu32 "/%" PRIu64 " ", rule_name(slot[i].rule),
                               slot[i].epoch, slot[i].gen, slot[i].seq);
    return text;
}

struct lines {
    char   text[4096];
    size_t n;
};

static pawl_status add_line(const struct audit_row *a, void *arg, struct pawl_err *err)
{
    struct lines *l = arg;
    cJSON        *o = cJSON_Parse(a->line);

    (void)err;
    assert_non_null(o);
    l->n += (size_t)snprintf(l->text + l->n, sizeof(l->text) - l->n, "%s ",
                             cJSON_GetStringValue(cJSON_GetObjectItem(o, "what")));
    cJSON_Delete(o);
    return pawl_ok();
}

/* What the chain says happened, in order. */
static const char *chain(struct world *w)
{
    static struct lines l;

    l = (struct lines){ 0 };
    T_OK(w->store.store.audit(w->store.store.self, pawl_view_str("acme"), 0, 1000, add_line, &l,
                              &w->err),
         &w->err);
    return l.text;
}

static pawl_status add_state(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    struct lines *l = arg;

    (void)err;
    if (s->kind != SEGMENT_NOTICE)
        return pawl_ok();
    cJSON *o = cJSON_ParseWithLength((const char *)s->heads.p, s->heads.n);
    assert_non_null(o);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "type")), "incident");
    l->n += (size_t)snprintf(l->text + l->n, sizeof(l->text) - l->n, "%s/%s ",
                             cJSON_GetStringValue(cJSON_GetObjectItem(o, "severity")),
                             cJSON_GetStringValue(cJSON_GetObjectItem(o, "state")));
    cJSON_Delete(o);
    return pawl_ok();
}

/* What the feed told. */
static const char *told(struct world *w, const struct soft_device *d)
{
    static struct lines l;

    l = (struct lines){ 0 };
    T_OK(w->store.store.segments(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                 0, 1000, add_state, &l, &w->err),
         &w->err);
    return l.text;
}

struct checking {
    struct world       *w;
    size_t              n;
    enum rule           rule[INCIDENT_PROOFS_MAX];
    enum proof_strength strength[INCIDENT_PROOFS_MAX];
};

static pawl_status check_one(const struct proof_row *row, void *arg, struct pawl_err *err)
{
    static struct proof      p;
    static struct proof_said said;
    struct checking         *c = arg;

    T_OK(proof_open(pawl_view(row->bytes.p, row->bytes.n), pawl_private_public(c->w->keys.signing),
                    &p, err),
         err);
    T_OK(proof_check(&p, &said, err), err);
    c->rule[c->n] = p.rule;
    c->strength[c->n++] = said.strength;
    return pawl_ok();
}

/* Every proof of it checks, offline. */
static struct checking proofs(struct world *w, const struct soft_device *d, uint64_t epoch)
{
    struct checking c = { .w = w };

    T_OK(w->store.store.proofs(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                               epoch, check_one, &c, &w->err),
         &w->err);
    return c;
}

/* ---- c: the man in the middle with the chain key -------------------------------------------- */

static void a_forged_message_is_an_incident_until_the_rekey(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    assert_string_equal(names(&w, &d, 1), "E1 1/0/4 ");
    assert_string_equal(chain(&w), "opened ");
    assert_string_equal(told(&w, &d), "high/open ");
    assert_int_equal(proofs(&w, &d, 1).n, 1);
    assert_true(store_number(&w.store, "SELECT count(*) FROM segment WHERE kind = 1") > 0);
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM event WHERE line LIKE"
                                            " 'incident message-forged opened in epoch 1 (E1): %'"),
                     1);
    attests(&w, &d, &log);
    lights(&w, "affirming", "contraindicated");
    assert_true(world_result(&w).want.rekey_now);
    struct device r = world_record(&w, &d);
    assert_string_equal(r.status, "contraindicated");
    assert_string_equal(r.software_status, "affirming");
    assert_string_equal(r.keys_status, "contraindicated");
    assert_non_null(strstr(r.why, "message-forged: "));
    rekeys(&w, &d, &log);
    lights(&w, "affirming", "contraindicated"); /* the new root is not in use yet */
    attests(&w, &d, &log);
    lights(&w, "affirming", "affirming");
    assert_string_equal(world_record(&w, &d).keys_status, "affirming");
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(told(&w, &d), "high/open high/closed ");
    assert_int_equal(world_all_incidents(&w), 1);
}

static void the_first_message_under_the_new_root_heals_it_too(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    rekeys(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    world_log_says(&w, &d, &log, 1);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
}

static void the_same_finding_again_is_no_news(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    send(&w, &d, &log, forge(&log, 9)); /* ahead of the device */
    for (unsigned i = 0; i < 7; i++)
        soft_log_say(&log, "lost");
    soft_log_open(&log);
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    world_takes(&w, flow_supply, supply(&w, &log, 0), 200); /* the slot is the device's own */
    assert_string_equal(names(&w, &d, 1), "E3 1/0/9 ");
    assert_string_equal(chain(&w), "opened marked ");
    assert_int_equal(store_number(&w.store, "SELECT forged FROM incident"), 1);
    for (unsigned i = 0; i < 3; i++)
        attests(&w, &d, &log);
    assert_string_equal(names(&w, &d, 1), "E3 1/0/9 ");
    assert_string_equal(chain(&w), "opened marked ");
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 11); /* and what follows is clean */
}

/* Whoever holds both messages repeats them without a key. */
static void a_slot_that_was_named_is_no_news(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    struct soft_epoch      thief = log.e;
    const struct pawl_view other[] = { (thief.seq = 4, soft_app(&thief, 77, "another")) };
    world_refuses(&w, flow_messages, soft_request(&d, other, 1, false), PAWL_E_DENIED,
                  "messages.COSE");
    assert_string_equal(names(&w, &d, 1), "E1 1/0/4 ");
    assert_string_equal(chain(&w), "opened ");
    two_in_one_slot(&w, &d, &log); /* another one is */
    assert_string_equal(names(&w, &d, 1), "E1 1/0/4 E1 1/0/8 ");
    assert_string_equal(chain(&w), "opened named ");
    assert_string_equal(told(&w, &d), "high/open ");
}

static void a_graver_finding_is_told_again(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    d.boot_id[0] ^= 1;
    attests(&w, &d, &log);
    d.boot_id[0] ^= 1;
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    assert_string_equal(told(&w, &d), "high/open critical/open ");
}

/* One snapshot may speak of two thefts. */
static void findings_of_two_epochs_are_two_incidents(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    thief = log;
    soft_log_open(&thief);
    send(&w, &d, &thief, forge(&thief, 40));
    rekeys(&w, &d, &log);
    world_log_says(&w, &d, &log, 1);
    thief = log;
    soft_log_open(&thief);
    send(&w, &d, &thief, forge(&thief, 5));
    log.e.seq = 6;
    soft_log_open(&log);
    log.e.seq = 6;
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    assert_string_equal(names(&w, &d, 1), "E3 1/1/40 ");
    assert_string_equal(names(&w, &d, 2), "E3 2/1/5 ");
    assert_int_equal(proofs(&w, &d, 1).n, 1);
    assert_int_equal(proofs(&w, &d, 2).n, 1);
}

static void a_replaced_message_is_named_and_proved_by_its_leaves(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    soft_log_say(&log, "genuine"); /* it never comes */
    send(&w, &d, &log, forge(&log, 4));
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    assert_string_equal(names(&w, &d, 1), ""); /* one of five: which, the leaves say */
    world_takes(&w, flow_supply, supply(&w, &log, 0), 200);
    assert_string_equal(names(&w, &d, 1), "E3 1/0/4 ");
    lights(&w, "affirming", "contraindicated");
    struct checking c = proofs(&w, &d, 1);
    assert_int_equal(c.n, 2);
    for (size_t i = 0; i < c.n; i++) { /* nobody has to believe the verifier */
        assert_int_equal(c.rule[i], RULE_E3);
        assert_int_equal(c.strength[i], PROOF_AK);
    }
}

static void a_generation_that_the_device_never_opened(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    thief = log;
    soft_log_open(&thief);
    send(&w, &d, &thief, forge(&thief, 40)); /* far above every snapshot of the epoch */
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    rekeys(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    attests(&w, &d, &log); /* a device that holds the new root sends nothing more under the old */
    assert_string_equal(names(&w, &d, 1), "E3 1/1/40 ");
    /* Its keys were dead when it was found. */
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(told(&w, &d), "high/open high/closed ");
    lights(&w, "affirming", "affirming");
    assert_false(world_result(&w).want.rekey_now);
}

static void what_is_found_late_waits_for_a_person_where_a_tenant_wants_one(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    w.config.tenant[ACME].heal_by_operator = true;
    thief = log;
    soft_log_open(&thief);
    send(&w, &d, &thief, forge(&thief, 40));
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_HEALED);
    lights(&w, "affirming", "contraindicated");
}

static void the_early_ratchet_is_denied_by_the_device(void **state) /* E4 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;
    uint8_t                hash[32];

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    send(&w, &d, &log, forge(&log, 9));
    rekeys(&w, &d, &log); /* and its receipt claims slot 9 */
    T_OK(pawl_sha256(world_result(&w).receipt, hash, &w.err), &w.err);
    world_begin(&w, &d, PAWL_LABEL_ATTEST, &ev);
    soft_log_snd(&log, &ev.a1);
    ev.a1.receipt = (struct pawl_receipt_verdict){ .receipt = PAWL_VIEW_OF(hash),
                                                   .verdict = 3,
                                                   .ahead_seq = 9 };
    world_sends(&w, &ev);
    /* Both findings are about the epoch in which somebody used the slot: one theft, one incident.
     */
    assert_int_equal(world_all_incidents(&w), 1);
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_int_equal(world_incidents(&w, RULE_E3), 1);
    assert_int_equal(world_incidents(&w, RULE_E4), 1);
    struct checking c = proofs(&w, &d, 1);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.strength[0], PROOF_AK);
}

static void a_key_of_an_epoch_that_is_over_opens_nothing_twice(void **state) /* E2 */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log, thief;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    thief = log;
    rekeys(&w, &d, &log);
    attests(&w, &d, &log); /* closed; the snapshot tells where the new epoch begins */
    const char *before = strdup(chain(&w));
    soft_log_open(&thief);
    const struct pawl_view late[] = { forge(&thief, 20) };
    /* Whatever he is answered: it is written down. */
    step_done(&w.step);
    T_OK(flow_messages(&w.flow, soft_request(&d, late, 1, false), &w.answer, &w.step, &w.err),
         &w.err);
    T_OK(store_commit_wait(&w.store.store, &w.step, &w.err), &w.err);
    assert_int_equal(world_all_incidents(&w), 1);
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(chain(&w) + strlen(before), "joined ");
    assert_false(world_ratchet(&w, &d).rekey_demanded);
    /* Told once, however long he goes on. */
    const struct pawl_view again[] = { forge(&thief, 21) };
    world_refuses(&w, flow_messages, soft_request(&d, again, 1, false), PAWL_E_DENIED,
                  "messages.COSE");
    attests(&w, &d, &log);
    lights(&w, "affirming", "affirming");
    free((char *)before);
}

static void a_second_one_in_the_next_epoch_is_critical(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    rekeys(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    assert_string_equal(told(&w, &d), "high/open high/closed critical/open ");
}

/* ---- the record's lights -------------------------------------------------------------------- */

/* Nothing was wrong by the quote; its leaves tell of a slot in which something else had come. */
static void leaves_may_turn_the_light_red(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 3);
    soft_log_say(&log, "genuine");
    send(&w, &d, &log, forge(&log, 4));
    soft_log_say(&log, "lost"); /* not all came: the digest says nothing yet */
    attests(&w, &d, &log);
    lights(&w, "affirming", "affirming");
    assert_int_equal(world_all_incidents(&w), 0);
    world_takes(&w, flow_supply, supply(&w, &log, 0), 200);
    lights(&w, "affirming", "contraindicated");
    assert_string_equal(names(&w, &d, 1), "E3 1/0/4 ");
    struct device r = world_record(&w, &d);
    assert_string_equal(r.status, "contraindicated");
    assert_string_equal(r.software_status, "affirming");
    assert_string_equal(r.keys_status, "contraindicated");
    assert_non_null(strstr(r.why, "message-forged: "));
    assert_true(world_ratchet(&w, &d).rekey_demanded);
    struct checking c = proofs(&w, &d, 1);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.strength[0], PROOF_AK);
}

/* A device that leaves out the values that spoke against it is not cleared of them, whatever its
 * keys are. */
static void a_rekey_clears_no_software(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    d.pcr[7] ^= 1;
    attests(&w, &d, &log);
    lights(&w, "contraindicated", "affirming");
    two_in_one_slot(&w, &d, &log);
    d.pcr[7] ^= 2;
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    soft_log_snd(&log, &ev.a1);
    soft_evidence_sign(&ev, NULL);
    ev.m.has_pcrs = false;
    world_takes(&w, flow_evidence, soft_evidence_bytes(&ev), 200);
    world_adopt(&w, &d, &ev, NULL);
    struct device r = world_record(&w, &d);
    assert_string_equal(r.software_status, "contraindicated");
    assert_string_equal(r.keys_status, "contraindicated");
    soft_log_turn(&d, &log);
    attests(&w, &d, &log);
    lights(&w, "contraindicated", "affirming");
}

/* What an operator sees of a device. */
static void an_operator_sees_both_lights_and_the_incident(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    char                  *text, id[80];

    world_make(&w);
    world_speaks(&w, &d, &log);
    for (unsigned red = 0; red < 2; red++) {
        if (red)
            two_in_one_slot(&w, &d, &log);
        attests(&w, &d, &log);
        T_OK(operator_device(&w.flow, &w.config.tenant[ACME], world_id(&d), &text, &w.err), &w.err);
        cJSON *o = cJSON_Parse(text);
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "software_status")),
                            "affirming");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "keys_status")),
                            red ? "contraindicated" : "affirming");
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "status")),
                            red ? "contraindicated" : "affirming");
        assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "due")));
        assert_true(cJSON_IsFalse(cJSON_GetObjectItem(o, "overdue")));
        snprintf(id, sizeof(id), "%s.1", world_id(&d));
        if (red)
            assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(o, "incident")), id);
        else
            assert_true(cJSON_IsNull(cJSON_GetObjectItem(o, "incident")));
        cJSON_Delete(o);
        free(text);
    }
}

/* ---- a person ------------------------------------------------------------------------------- */

static void a_person_closes(struct world *w, const struct soft_device *d)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    PAWL_CLEANUP(step_done) struct step step = { .touches_device = true };

    step.device = world_record(w, d);
    memcpy(step.tenant, step.device.tenant, sizeof(step.tenant));
    T_OK(held_open(&w->flow, &step.device, &h, &w->err), &w->err);
    T_OK(incident_close_by(&h, &step, w->now_ms, "the board was replaced", &w->err), &w->err);
    T_OK(held_plan(&h, &step, &w->err), &w->err);
    T_OK(store_commit_wait(&w->store.store, &step, &w->err), &w->err);
    T_FAILS(incident_close_by(&h, &step, w->now_ms, "", &w->err), &w->err, PAWL_E_STATE);
}

static void a_tenant_may_want_a_person_s_word(void **state) /* heal = operator */
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    w.config.tenant[ACME].heal_by_operator = true;
    two_in_one_slot(&w, &d, &log);
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_HEALED);
    lights(&w, "affirming", "contraindicated");
    assert_false(world_result(&w).want.rekey_now); /* nothing is left to do for the device */
    a_person_closes(&w, &d);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    assert_string_equal(told(&w, &d), "high/open high/healed high/closed ");
    attests(&w, &d, &log);
    lights(&w, "affirming", "affirming");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM incident WHERE note ="
                                            " 'the board was replaced'"),
                     1);
}

static void a_new_finding_opens_again_what_a_person_closed(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    attests(&w, &d, &log);
    world_takes(&w, flow_supply, supply(&w, &log, 0), 200);
    a_person_closes(&w, &d);
    attests(&w, &d, &log);
    lights(&w, "affirming", "affirming");
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    assert_string_equal(names(&w, &d, 1), "E1 1/0/4 E3 1/0/4 E1 1/0/8 ");
    assert_int_equal(store_number(&w.store, "SELECT count(*) FROM incident WHERE note != ''"), 0);
    attests(&w, &d, &log);
    lights(&w, "affirming", "contraindicated");
}

static void a_person_s_leave_that_is_used_closes_it(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    two_in_one_slot(&w, &d, &log);
    soft_device_forget(&d);
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_resync(&w, &d);
    lights(&w, "affirming", "contraindicated");
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    world_attest(&w, &d);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_CLOSED);
    lights(&w, "affirming", "affirming");
    assert_true(world_ratchet(&w, &d).incident.by_person);
    /* And none that comes under that root. */
    log.e.seq = PAWL_SLOT_CEILING + 10;
    d.boot_id[0] ^= 1;
    world_attest(&w, &d);
    d.boot_id[0] ^= 1;
    world_attest(&w, &d);
    world_attest(&w, &d);
    incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
}

static void the_rule_s_leave_closes_nothing(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    soft_device_forget(&d);
    world_resync(&w, &d); /* by the rule: nothing speaks against it yet */
    two_in_one_slot(&w, &d, &log);
    world_attest(&w, &d);
    assert_true(world_ratchet(&w, &d).current.by_auto);
    incident_is(&w, &d, 1, INCIDENT_MESSAGE_FORGED, SEVERITY_HIGH, INCIDENT_OPEN);
    lights(&w, "affirming", "contraindicated");
}

/* ---- e: two of one device ------------------------------------------------------------------- */

/* A copy of its state, before the device's next rekey or behind it. */
static void a_copy_is_proved_by_two_quotes(void **state) /* E5 */
{
    (void)state;
    for (unsigned original_first = 0; original_first < 2; original_first++) {
        WORLD                w;
        DEVICE               d;
        struct soft_evidence ev;

        world_make(&w);
        world_settled(&w, &d);
        struct soft_device copy = d, *first = original_first ? &d : &copy,
                           *second = original_first ? &copy : &d;
        world_rekey(&w, first);
        world_attest(&w, first);
        second->attempt = first->attempt;
        second->clock.clock_ms = first->clock.clock_ms + 1000; /* one TPM each, and time goes on */
        world_begin(&w, second, PAWL_LABEL_REKEY, &ev);
        soft_evidence_sign(&ev, NULL);
        world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
        incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
        struct checking c = proofs(&w, &d, 2);
        assert_int_equal(c.n, 1);
        assert_int_equal(c.strength[0], PROOF_AK);
        world_begin(&w, second, PAWL_LABEL_REKEY, &ev); /* the same proof again adds nothing */
        soft_evidence_sign(&ev, NULL);
        world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
        assert_true(step_is_empty(&w.step));
        world_attest(&w, first);
        lights(&w, "affirming", "contraindicated");
        world_rekey(&w, first); /* a copy can do that too: a person must look */
        world_attest(&w, first);
        incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_HEALED);
        lights(&w, "affirming", "contraindicated");
    }
}

/* A leave that nobody used would let the copy close what it is accused of. */
static void a_leave_from_before_an_incident_is_none(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    world_make(&w);
    world_settled(&w, &d);
    struct soft_device copy = d;
    world_move(&w, &d, DEVICE_EVENT_APPROVE);
    world_rekey(&w, &d);
    world_attest(&w, &d);
    copy.attempt = d.attempt;
    copy.clock.clock_ms = d.clock.clock_ms + 1000;
    world_begin(&w, &copy, PAWL_LABEL_REKEY, &ev);
    soft_evidence_sign(&ev, NULL);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
    world_begin(&w, &copy, PAWL_LABEL_RESYNC, &ev);
    ev.a1.new_epoch = 3;
    soft_evidence_sign(&ev, NULL);
    world_says_no(&w, soft_evidence_bytes(&ev), PAWL_REFUSAL_FORKED);
    incident_is(&w, &d, 2, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
}

static void a_newer_incident_closes_the_row_of_the_older(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    struct soft_evidence   ev;

    world_make(&w);
    world_speaks(&w, &d, &log);
    d.boot_id[0] ^= 1;
    attests(&w, &d, &log);
    d.boot_id[0] ^= 1; /* a start that another one had replaced */
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_HEALED);
    two_in_one_slot(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_DEVICE_CLONED, SEVERITY_CRITICAL, INCIDENT_CLOSED);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_OPEN);
    world_log_attests(&w, &d, &log, PAWL_LABEL_REKEY, &ev);
    world_adopt(&w, &d, &ev, NULL);
    world_attest(&w, &d);
    incident_is(&w, &d, 2, INCIDENT_MESSAGE_FORGED, SEVERITY_CRITICAL, INCIDENT_HEALED);
}

/* ---- E6 ------------------------------------------------------------------------------------- */

static void a_tpm_that_went_back_is_told_once(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    world_make(&w);
    world_settled(&w, &d);
    d.clock.clock_ms -= 100;
    world_attest(&w, &d);
    incident_is(&w, &d, 1, INCIDENT_TPM_WENT_BACK, SEVERITY_HIGH, INCIDENT_OPEN);
    lights(&w, "contraindicated", "contraindicated"); /* the one light that it takes with it */
    struct checking c = proofs(&w, &d, 1);
    assert_int_equal(c.n, 1);
    assert_int_equal(c.strength[0], PROOF_AK);
    world_attest(&w, &d);
    world_rekey(&w, &d);
    world_attest(&w, &d);
    world_attest(&w, &d);
    assert_int_equal(world_all_incidents(&w), 1);
    incident_is(&w, &d, 1, INCIDENT_TPM_WENT_BACK, SEVERITY_HIGH, INCIDENT_HEALED);
    assert_string_equal(chain(&w), "opened healed ");
}

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
    attests(&w, &d, &log);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 3);
    int64_t clean_ms = w.now_ms;
    assert_int_equal(world_ratchet(&w, &d).clean_ms, clean_ms);
    w.now_ms += 1000;
    soft_log_say(&log, "lost");
    world_log_says(&w, &d, &log, 1);
    attests(&w, &d, &log);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 3); /* a leaf is missing */
    assert_int_equal(world_ratchet(&w, &d).clean_ms, clean_ms);
    world_takes(&w, flow_supply, supply(&w, &log, 0), 200);
    assert_int_equal(world_ratchet(&w, &d).clean_hi, 5);
    assert_int_equal(world_ratchet(&w, &d).clean_ms, w.now_ms);
    two_in_one_slot(&w, &d, &log);
    assert_int_equal(store_number(&w.store, "SELECT slot_lo FROM incident"), 6);
    assert_int_equal(world_all_incidents(&w), 1);
}

/* Twenty replays of his are told; what the device attests is proved all the same. */
static void a_thief_does_not_use_the_proofs_up(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_log_says(&w, &d, &log, 20);
    for (uint64_t seq = 1; seq <= 20; seq++)
        send(&w, &d, &log, forge(&log, seq));
    soft_log_say(&log, "genuine"); /* it never comes */
    send(&w, &d, &log, forge(&log, 21));
    attests(&w, &d, &log);
    world_takes(&w, flow_supply, supply(&w, &log, 0), 200);
    struct checking c = proofs(&w, &d, 1);
    assert_true(c.n > 0 && c.n <= INCIDENT_PROOFS_MAX);
    assert_int_equal(c.rule[c.n - 1], RULE_E3);
    assert_int_equal(c.strength[c.n - 1], PROOF_AK);
}

/* A hundred in two generations: one supply names them all. */
static void every_replaced_slot_is_named(void **state)
{
    (void)state;
    WORLD                  w;
    DEVICE                 d;
    static struct soft_log log;
    static uint8_t         b[64 * 1024];
    struct pawl_wr         out = pawl_wr_to(b, sizeof(b));
    struct pawl_supply     m = { .leaves_n = 2 };
    unsigned               n = 0;

    world_make(&w);
    world_speaks(&w, &d, &log);
    for (unsigned i = 0; i < 100; i++) {
        if (i == 50)
            soft_log_open(&log);
        soft_log_say(&log, "genuine"); /* it never comes */
        send(&w, &d, &log, forge(&log, log.e.seq - 1));
    }
    attests(&w, &d, &log);
    m.ticket = t_copy(world_result(&w).ticket);
    for (size_t i = 0; i < m.leaves_n; i++) {
        m.leaves[i].epoch = log.gen[i].epoch;
        m.leaves[i].gen = log.gen[i].gen;
        m.leaves[i].leaves = soft_log_leaves(&log, i);
    }
    T_OK(pawl_supply_write(&m, &out, &w.err), &w.err);
    world_takes(&w, flow_supply, t_copy(pawl_view(b, out.n)), 200);
    for (const char *at = names(&w, &d, 1); (at = strstr(at, "E3 ")); at++)
        n++;
    assert_int_equal(n, 100);
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
    send(&w, &d, &thief, forge(&thief, 30000)); /* no seq_hi will ever reach it */
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    soft_log_prune(&log, 1);
    world_log_says(&w, &d, &log, 1);
    w.now_ms += PAWL_LATE_MS + 1;
    attests(&w, &d, &log);
    assert_string_equal(names(&w, &d, 1), "E3 1/100/30000 ");
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
    attests(&w, &d, &log);
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
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    incident_is(&w, &d, 1, INCIDENT_KEY_USED_ELSEWHERE, SEVERITY_HIGH, INCIDENT_CLOSED);
    lights(&w, "affirming", "affirming");
}

/* ---- what must accuse nobody ---------------------------------------------------------------- */

/* Says one thing that the network holds back, and has its leaves attested and settled all the same:
 * the device drops them from its log, and lists the generation no more. */
static struct pawl_view held_back(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct pawl_view cose = soft_log_say(log, "late");

    soft_log_open(log);
    soft_log_say(log, "lost");
    attests(w, d, log);
    world_takes(w, flow_supply, supply(w, log, 0), 200);
    attests(w, d, log); /* its receipt covers the first generation */
    soft_log_prune(log, 1);
    attests(w, d, log);
    w->now_ms += PAWL_LATE_MS + 1;
    attests(w, d, log);
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
    attests(&w, &d, &log);
    assert_int_equal(world_all_incidents(&w), 0);
    send(&w, &d, &log, forge(&log, 5)); /* two in one slot are two all the same */
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
    send(&w, &d, &log, cose);
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
    rekeys(&w, &d, &log);
    attests(&w, &d, &log);
    w.now_ms += PAWL_LATE_MS + 1;
    attests(&w, &d, &log);
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
    attests(&w, &d, &log);
    audit_is(&w, 0);
    two_in_one_slot(&w, &d, &log);
    w.now_ms += 999;
    attests(&w, &d, &log);
    audit_is(&w, 0); /* at most 1 s old */
    w.now_ms += 1;
    attests(&w, &d, &log);
    struct audit_head head;
    T_OK(w.store.store.audit_head(w.store.store.self, pawl_view_str("acme"), &head, &w.err),
         &w.err);
    assert_true(head.number >= 1);
    audit_is(&w, head.number);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a forged message is an incident until the rekey",
               a_forged_message_is_an_incident_until_the_rekey),
        T_CASE("the first message under the new root heals it too",
               the_first_message_under_the_new_root_heals_it_too),
        T_CASE("the same finding again is no news", the_same_finding_again_is_no_news),
        T_CASE("a slot that was named is no news", a_slot_that_was_named_is_no_news),
        T_CASE("a graver finding is told again", a_graver_finding_is_told_again),
        T_CASE("findings of two epochs are two incidents",
               findings_of_two_epochs_are_two_incidents),
        T_CASE("what is found late waits for a person where a tenant wants one",
               what_is_found_late_waits_for_a_person_where_a_tenant_wants_one),
        T_CASE("the rule's leave closes nothing", the_rule_s_leave_closes_nothing),
        T_CASE("E3 a replaced message is named and proved by its leaves",
               a_replaced_message_is_named_and_proved_by_its_leaves),
        T_CASE("E3 a generation that the device never opened",
               a_generation_that_the_device_never_opened),
        T_CASE("E4 the early ratchet is denied by the device",
               the_early_ratchet_is_denied_by_the_device),
        T_CASE("E2 a key of an epoch that is over opens nothing twice",
               a_key_of_an_epoch_that_is_over_opens_nothing_twice),
        T_CASE("a second one in the next epoch is critical",
               a_second_one_in_the_next_epoch_is_critical),
        T_CASE("leaves may turn the light red", leaves_may_turn_the_light_red),
        T_CASE("a rekey clears no software", a_rekey_clears_no_software),
        T_CASE("an operator sees both lights and the incident",
               an_operator_sees_both_lights_and_the_incident),
        T_CASE("a tenant may want a person's word", a_tenant_may_want_a_person_s_word),
        T_CASE("a new finding opens again what a person closed",
               a_new_finding_opens_again_what_a_person_closed),
        T_CASE("a person's leave that is used closes it", a_person_s_leave_that_is_used_closes_it),
        T_CASE("E5 a copy is proved by two quotes", a_copy_is_proved_by_two_quotes),
        T_CASE("a leave from before an incident is none", a_leave_from_before_an_incident_is_none),
        T_CASE("a newer incident closes the row of the older",
               a_newer_incident_closes_the_row_of_the_older),
        T_CASE("E6 a TPM that went back is told once", a_tpm_that_went_back_is_told_once),
        T_CASE("a window begins behind the last clean snapshot",
               a_window_begins_behind_the_last_clean_snapshot),
        T_CASE("P-REC-5 what a thief left of an old epoch is not kept",
               what_a_thief_left_of_an_old_epoch_is_not_kept),
        T_CASE("d) no finding is about an epoch that never was",
               no_finding_is_about_an_epoch_that_never_was),
        T_CASE("c) every replaced slot is named", every_replaced_slot_is_named),
        T_CASE("c) a thief does not use the proofs up", a_thief_does_not_use_the_proofs_up),
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
