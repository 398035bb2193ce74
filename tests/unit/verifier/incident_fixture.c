/* SPDX-License-Identifier: Apache-2.0 */
#include "incident_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/incident.h"
#include "proof/proof.h"
#include "ratchet/plan.h"
#include "soft_log.h"

struct pawl_view thief_forges(const struct soft_log *log, uint64_t seq)
{
    struct soft_epoch thief = log->e;

    thief.seq = seq;
    return soft_app(&thief, UINT64_C(9) << 32 | seq, "forged");
}

void log_sends(struct world *w, const struct soft_device *d, const struct soft_log *log,
               struct pawl_view cose)
{
    static struct soft_answer a;

    world_says(w, d, &log->e, &cose, 1, &a);
}

void two_in_one_slot(struct world *w, struct soft_device *d, struct soft_log *log)
{
    world_log_says(w, d, log, 3);
    log_sends(w, d, log, thief_forges(log, log->e.seq));
    struct pawl_view own = soft_log_say(log, "own");
    log_sends(w, d, log, own);
}

void log_attests(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_ATTEST, &ev);
}

void log_rekeys(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct soft_evidence ev;

    world_log_attests(w, d, log, PAWL_LABEL_REKEY, &ev);
    world_adopt(w, d, &ev, NULL);
    soft_log_turn(d, log);
}

struct pawl_view log_supply(struct world *w, const struct soft_log *log, size_t i)
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

void lights_are(struct world *w, const char *software, const char *keys)
{
    EAR *ear = world_ear(w);
    bool red = strcmp(keys, "contraindicated") == 0;

    assert_string_equal(ear_private(ear, "sw"), software);
    assert_string_equal(ear_private(ear, "keys"), keys);
    assert_string_equal(ear_status(ear), red ? "contraindicated" : software);
    assert_int_equal(ear_claim(ear, "instance-identity"), red ? 96 : 2);
    assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(ear, "pawl"), "inc")->valueint, red);
}

void incident_is(struct world *w, const struct soft_device *d, uint64_t epoch,
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

const char *incident_names(struct world *w, const struct soft_device *d, uint64_t epoch)
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

const char *chain_says(struct world *w)
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

const char *feed_told(struct world *w, const struct soft_device *d)
{
    static struct lines l;

    l = (struct lines){ 0 };
    T_OK(w->store.store.segments(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                 0, 1000, add_state, &l, &w->err),
         &w->err);
    return l.text;
}

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

struct checking incident_proofs(struct world *w, const struct soft_device *d, uint64_t epoch)
{
    struct checking c = { .w = w };

    T_OK(w->store.store.proofs(w->store.store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                               epoch, check_one, &c, &w->err),
         &w->err);
    return c;
}
