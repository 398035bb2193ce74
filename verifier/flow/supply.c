/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /pawl/1/supply: the leaves that a result asked for. ticket -> device -> its last accepted
 * request -> each generation by its attested digest -> what they prove -> the same verdict again.
 *
 * It may be repeated: what is known already is only compared once more.
 */

#include <stdlib.h>
#include <string.h>

#include "flow/answer.h"
#include "flow/held.h"
#include "flow/incident.h"
#include "flow/judge.h"
#include "flow/marks.h"
#include "flow/request.h"
#include "flow/ticket.h"
#include "ratchet/plan.h"

/* P-SUPPLY-2: leaves are held against the digests of the newest snapshot, so a ticket ends when
 * another request was accepted. */
static pawl_status find_device(struct flow *f, struct pawl_view tenant, const struct ticket *t,
                               struct device *ret, struct held *ret_h, struct pawl_err *err)
{
    struct device d;

    PAWL_TRY(f->store->device(f->store->self, tenant, PAWL_VIEW_OF(t->device_id), &d, err));
    if (d.state == DEVICE_REVOKED)
        return pawl_fail(err, PAWL_E_DENIED, "supply.ticket", "the device is revoked");
    PAWL_TRY(held_open(f, &d, ret_h, err));
    if (memcmp(ret_h->r.last_th1, t->th1, sizeof(t->th1)) != 0)
        return pawl_fail(err, PAWL_E_EXPIRED, "supply.ticket", "another request came after it");
    *ret = d;
    return pawl_ok();
}

_Static_assert(FINDINGS_MAX >= PAWL_GEN_MESSAGES, "each slot of a generation is named");

/* Of each generation its own, or what a thief did to many would not all be named. */
struct supplied {
    size_t          n;
    struct findings of[PAWL_SND_GENS_MAX];
};

static void supplied_free(struct supplied **s)
{
    free(*s);
    *s = NULL;
}

static pawl_status take_leaves(struct held *h, const struct pawl_supply *m, int64_t now_ms,
                               struct supplied *found, struct pawl_err *err)
{
    struct held_generation *one;

    for (size_t i = 0; i < m->leaves_n; i++) {
        if (m->leaves[i].dir != PAWL_UP)
            return pawl_fail(err, PAWL_E_DENIED, "supply.leaves.dir", "was not asked for");
        PAWL_TRY(
            held_generation(h, PAWL_UP, m->leaves[i].epoch, m->leaves[i].gen, false, &one, err));
        PAWL_TRY(detect_leaves(&h->r, m->leaves[i].leaves, &one->g, &found->of[found->n++], err));
        one->g.seen_ms = now_ms;
        one->changed = true;
    }
    return pawl_ok();
}

/* Nothing was found, and nothing is missing any more: what the snapshot is about is clean. */
struct leftover {
    bool any;
};

static pawl_status look_for_missing(struct held *h, struct held_generation *one, void *arg,
                                    struct pawl_err *err)
{
    struct leftover *l = arg;

    (void)h;
    (void)err;
    l->any |= one->g.attested && !one->g.clean;
    return pawl_ok();
}

static pawl_status judge_cleanness(struct held *h, bool found, int64_t now_ms, struct pawl_err *err)
{
    struct leftover l = { .any = found };

    PAWL_TRY(held_each(h, PAWL_UP, look_for_missing, &l, err));
    if (!l.any)
        ratchet_clean(&h->r, held_highest(h), now_ms);
    return pawl_ok();
}

/* What the leaves say: incident, marks, the lights of the record. */
static pawl_status reckon(struct held *h, const struct tenant_config *tenant,
                          const struct supplied *found, int64_t now_ms, struct verdict *v,
                          struct step *step, struct pawl_err *err)
{
    const struct incident_case c = { 0 }; /* its digests are in the last accepted evidence */
    struct device             *d = &step->device;
    bool                       any = false;

    for (size_t i = 0; i < found->n; i++) {
        PAWL_TRY(incident_of(h, d, step, now_ms, &found->of[i], &c, NULL, err));
        any |= found->of[i].n > 0;
    }
    PAWL_TRY(judge_cleanness(h, any, now_ms, err));
    PAWL_TRY(marks_resolve(h, step, now_ms, err));
    PAWL_TRY(incident_healed(h, tenant, step, now_ms, err));
    incident_judge(&h->r, v);
    step->has_device = true;
    judge_record_keys(v, d);
    return pawl_ok();
}

/* The EAR of the request that the ticket goes with, dated now. */
static pawl_status say_again(struct flow *f, const struct ticket *t,
                             const struct tenant_config *tenant, const struct device *d,
                             bool incident, struct answer *ret, struct pawl_err *err)
{
    struct result   r = { 0 };
    struct evidence ev = { .a1 = { .label = t->label,
                                   .attempt = t->attempt,
                                   .base_epoch = t->base_epoch,
                                   .new_epoch = t->new_epoch,
                                   .reason = t->reason },
                           .tenant = tenant,
                           .now_ms = f->now_ms(f->now_arg) };

    memcpy(ev.th1, t->th1, sizeof(ev.th1));
    PAWL_TRY(answer_ear(f, &ev, d, &t->v, incident, &r, err));
    return answer_result(d, &t->v, &r, ret, err);
}

pawl_status flow_supply(struct flow *f, struct pawl_view body, struct answer *ret,
                        struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held          h = { 0 };
    uint8_t                                      room[PAWL_TICKET_MAX];
    struct pawl_supply                           m;
    struct pawl_view                             tenant_name;
    const struct tenant_config                  *tenant;
    struct ticket                                t;
    struct device                                d;
    PAWL_CLEANUP(supplied_free) struct supplied *found = calloc(1, sizeof(*found));
    int64_t                                      now_ms = f->now_ms(f->now_arg);

    answer_begin(ret);
    if (!found)
        return pawl_fail(err, PAWL_E_MEMORY, "supply", "out of memory");
    PAWL_TRY(pawl_supply_parse(body, &m, err));
    answer_parsed(ret);
    PAWL_TRY(ticket_open(f->keys, now_ms, m.ticket, room, &tenant_name, &t, err));
    answer_names_device(ret, PAWL_VIEW_OF(t.device_id));
    PAWL_TRY(request_tenant(f, tenant_name, "supply.ticket", &tenant, err));
    PAWL_TRY(find_device(f, tenant_name, &t, &d, &h, err));
    PAWL_TRY(take_leaves(&h, &m, now_ms, found, err));
    d.seen_s = now_ms / 1000;
    memcpy(step->tenant, d.tenant, sizeof(step->tenant));
    step->device = d;
    PAWL_TRY(reckon(&h, tenant, found, now_ms, &t.v, step, err));
    PAWL_TRY(held_plan(&h, step, err));
    return say_again(f, &t, tenant, &d, incident_is_red(&h.r.incident), ret, err);
}
