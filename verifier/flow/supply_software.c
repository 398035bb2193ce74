/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's event log and IMA's list, sent behind the quote that they belong to: software is
 * judged again by what was quoted then.
 *
 * The quote and A1 are those of the last accepted evidence, and are verified once more; the PCR
 * values those of the snapshot that it left. Where a list goes on stands in the ticket, so that a
 * supply can be repeated.
 */

#include <string.h>

#include "flow/kept.h"
#include "flow/supply_parts.h"

/* P-SUPPLY-4 */
static bool is_log_asked(const struct supplying *s, uint64_t type)
{
    const struct pawl_a1 *a1 = &s->ev.a1;
    bool                  asked = s->t.wants_log && type == EVIDENCE_FIRMWARE_LOG;

    for (size_t i = 0; i < a1->log_n; i++)
        asked |= a1->log[i].type == type;
    return asked;
}

static pawl_status check_asked(const struct supplying *s, struct pawl_err *err)
{
    for (size_t i = 0; i < s->m->log_n; i++)
        if (!is_log_asked(s, s->m->log[i].type))
            return pawl_fail(err, PAWL_E_DENIED, "supply.logs", "was not asked for");
    if (s->m->ima.n && !s->t.wants_ima)
        return pawl_fail(err, PAWL_E_DENIED, "supply.ima", "was not asked for");
    return pawl_ok();
}

/* ---- recalling ------------------------------------------------------------------------------ */

static pawl_status recall_quote(struct supplying *s, struct pawl_err *err)
{
    const struct store    *store = s->f->store;
    const struct device   *d = &s->d;
    struct snapshot        room;
    const struct snapshot *known = NULL;

    PAWL_TRY(evidence_recall(s->f, d, s->tenant, &s->room, &s->ev, err));
    pawl_status found = store->snapshot(store->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id),
                                        &room, err);
    if (found.code != PAWL_E_ABSENT)
        PAWL_TRY(found);
    if (pawl_is_ok(found))
        known = &room;
    PAWL_TRY(evidence_quote(s->f, &s->ev, pawl_view(d->ak_public, d->ak_public_n),
                            &d->qualified_signer, true, known, &s->q, err));
    s->q.took_ms = appraise_took_ms(s->ev.a1.nonce, s->h.r.accepted_ms);
    return pawl_ok();
}

static pawl_status recall_boot(struct supplying *s, struct pawl_err *err)
{
    struct known_boot *known = &s->boot.known;

    PAWL_TRY(booted_read(s->f->store, &s->d, s->q.b.clock.resets, &s->boot, err));
    known->restarts = s->t.restarts;
    s->has_attested = known->has_ima;
    s->attested = known->ima;
    if (!s->t.wants_ima)
        return pawl_ok();
    known->has_ima = s->t.has_ima;
    known->ima = s->t.ima;
    return pawl_ok();
}

/* ---- judging -------------------------------------------------------------------------------- */

pawl_status supply_judge(struct supplying *s, struct pawl_err *err)
{
    struct judge_case c = { .f = s->f,
                            .d = &s->d,
                            .manufacturer = s->d.manufacturer,
                            .q = &s->q,
                            .boot = &s->boot.known,
                            .now_ms = s->now_ms };

    PAWL_TRY(recall_quote(s, err));
    PAWL_TRY(check_asked(s, err));
    PAWL_TRY(recall_boot(s, err));
    if (s->has_attested)
        c.attested = &s->attested;
    c.log = evidence_log(&s->ev.a1, s->m->log, s->m->log_n);
    c.list = evidence_list(s->m->ima_first, s->m->ima);
    return judge_software(&c, &s->t.v, &s->j, err);
}

pawl_status supply_plan_logs(struct supplying *s, struct step *step, struct pawl_err *err)
{
    const struct kept_more m = { .tenant = s->tenant,
                                 .j = &s->j,
                                 .log = evidence_log(&s->ev.a1, s->m->log, s->m->log_n),
                                 .list = evidence_list(s->m->ima_first, s->m->ima),
                                 .now_ms = s->h.r.accepted_ms };

    if (clock_went_back(&s->d.clock, &s->q.b.clock)) /* it speaks of a boot that is over */
        return pawl_ok();
    PAWL_TRY(booted_plan(&s->boot, s->q.b.clock.resets, &s->j.boot, step, err));
    return kept_plan_more(s->f->store, &m, step, err);
}
