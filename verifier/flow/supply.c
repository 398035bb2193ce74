/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/supply: what a result asked for. ticket -> device -> its last accepted request ->
 * leaves (supply_leaves.c) -> software (supply_software.c) -> the record -> the verdict again.
 *
 * It may be repeated: what is known already is only compared once more.
 */

#include <string.h>

#include "flow/event.h"
#include "flow/incident.h"
#include "flow/request.h"
#include "flow/supply_parts.h"
#include "flow/why.h"

static void supplying_done(struct supplying *s)
{
    held_done(&s->h);
    supplied_free(&s->found);
    booted_done(&s->boot);
    blob_done(&s->room);
}

/* P-SUPPLY-2: what comes is held against the newest quote and its digests, so a ticket ends when
 * another request was accepted. */
static pawl_status find_device(struct supplying *s, struct pawl_view tenant, struct pawl_err *err)
{
    const struct store *store = s->f->store;

    PAWL_TRY(store->device(store->self, tenant, PAWL_VIEW_OF(s->t.device_id), &s->d, err));
    if (s->d.state == DEVICE_REVOKED)
        return pawl_fail(err, PAWL_E_DENIED, "supply.ticket", "the device is revoked");
    PAWL_TRY(held_open(s->f, &s->d, &s->h, err));
    if (memcmp(s->h.r.last_th1, s->t.th1, sizeof(s->t.th1)) != 0)
        return pawl_fail(err, PAWL_E_EXPIRED, "supply.ticket", "another request came after it");
    return pawl_ok();
}

/* The ticket goes on with what is wanted next. */
static pawl_status say_again(struct supplying *s, const struct device *d, struct answer *ret,
                             struct pawl_err *err)
{
    struct result       r = { 0 };
    const struct ticket t = ticket_of(&s->ev, &s->boot.known, &s->j);

    answer_wants(&s->j.want, &r);
    if (s->j.asks)
        PAWL_TRY(
            ticket_seal(s->f->keys, &t, s->ev.a1.tenant, s->now_ms, r.ticket, &r.ticket_n, err));
    PAWL_TRY(answer_ear(s->f, &s->ev, d, &s->j.v, incident_is_red(&s->h.r.incident), &r, err));
    return answer_result(d, &s->j.v, &r, ret, err);
}

static pawl_status plan(struct supplying *s, struct step *step, struct pawl_err *err)
{
    memcpy(step->tenant, s->d.tenant, sizeof(step->tenant));
    step->has_device = true;
    step->device = s->d;
    step->device.seen_s = s->now_ms / 1000;
    PAWL_TRY(supply_reckon_leaves(s, step, err));
    incident_judge(&s->h.r, &s->j.v);
    judge_record(&s->j.v, !s->q.has_values, &step->device);
    judge_event(&s->d, step);
    PAWL_TRY(supply_plan_logs(s, step, err));
    return held_plan(&s->h, step, err);
}

pawl_status flow_supply(struct flow *f, struct pawl_view body, struct answer *ret,
                        struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(supplying_done) struct supplying s = { .f = f };
    uint8_t                                       room[PAWL_TICKET_MAX];
    struct pawl_supply                            m;
    struct pawl_view                              tenant;

    answer_begin(ret);
    s.m = &m;
    s.now_ms = f->now_ms(f->now_arg);
    PAWL_TRY(pawl_supply_parse(body, &m, err));
    answer_parsed(ret);
    PAWL_TRY(ticket_open(f->keys, s.now_ms, m.ticket, room, &tenant, &s.t, err));
    answer_names_device(ret, PAWL_VIEW_OF(s.t.device_id));
    PAWL_TRY(request_tenant(f, tenant, "supply.ticket", &s.tenant, err));
    answer_names_tenant(ret, s.tenant);
    PAWL_TRY(find_device(&s, tenant, err));
    PAWL_TRY(supply_take_leaves(&s, err));
    PAWL_TRY(supply_judge(&s, err));
    PAWL_TRY(plan(&s, step, err));
    return say_again(&s, &step->device, ret, err);
}
