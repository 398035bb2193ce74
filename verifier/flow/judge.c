/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict on a device: what is gathered for it, and what of it goes into the record. */

#include "flow/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/event.h"
#include "flow/why.h"

/* ---- judging -------------------------------------------------------------------------------- */

static struct known_device known_device(const struct judge_case *c, const struct snapshot *before)
{
    const struct device *d = c->d;
    struct known_device  k = { .approved = d->state == DEVICE_ACTIVE,
                               .lab = d->roots != ROOTS_VENDOR,
                               .has_certificate = true,
                               .has_clock = true,
                               .clock = d->clock,
                               .banks = d->banks,
                               .select = before ? &before->select : NULL,
                               .values = before ? &before->values : NULL };

    snprintf(k.state, sizeof(k.state), "%s", device_state_name(d->state));
    snprintf(k.manufacturer, sizeof(k.manufacturer), "%s", c->manufacturer);
    memcpy(k.os_boot, d->os_boot, sizeof(k.os_boot));
    memcpy(k.firmware_cert, d->firmware_cert, sizeof(k.firmware_cert));
    return k;
}

/* P-LOG-5: a list that did not help is not asked for again before the next request. */
static bool asks_at_once(const struct judge_case *c, const struct judgement *j)
{
    const struct appraise_want *w = &j->want;
    bool                        in_vain = c->list.came && c->list.first == w->first;

    return (w->log && !c->log.came) || (w->ima && !j->v.cover[COVER_RUNTIME].is && !in_vain);
}

static struct judging judging_of(const struct judge_case *c, struct judgement *j)
{
    return (struct judging){ .v = &j->v,
                             .now_s = c->now_ms / 1000,
                             .exception_n = j->rules.exception_n,
                             .exception = j->rules.exception };
}

static pawl_status second_half(const struct judge_case *c, struct judgement *j,
                               struct pawl_err *err)
{
    struct judging        judging = judging_of(c, j);
    const struct software s = { .q = c->q,
                                .known = c->boot,
                                .log = c->log,
                                .list = c->list,
                                .manufacturer = c->manufacturer,
                                .attested = c->attested,
                                .policy = j->rules.policy,
                                .why = j->rules.why,
                                .watch = j->rules.watch };

    verdict_copy(&j->device, &j->v);
    PAWL_TRY(appraise_software(&s, &judging, &j->boot, &j->want, err));
    j->asks = asks_at_once(c, j);
    return pawl_ok();
}

pawl_status judge(const struct judge_case *c, const struct snapshot *before, struct judgement *ret,
                  struct pawl_err *err)
{
    /* Not the whole of it at once: it is large, and what follows fills the rest. */
    verdict_begin(&ret->v);
    ret->found = (struct device_findings){ 0 };
    ret->known = known_device(c, before);
    PAWL_TRY(rules_of(c->f, c->d, c->now_ms / 1000, &ret->rules, err));
    struct judging judging = judging_of(c, ret);
    appraise_device(&ret->known, c->q, &judging, &ret->found);
    return second_half(c, ret, err);
}

pawl_status judge_software(const struct judge_case *c, const struct verdict *device,
                           struct judgement *ret, struct pawl_err *err)
{
    *ret = (struct judgement){ .v = *device };
    PAWL_TRY(rules_of(c->f, c->d, c->now_ms / 1000, &ret->rules, err));
    return second_half(c, ret, err);
}

/* ---- the record ----------------------------------------------------------------------------- */

static void put_tier(char ret[20], enum trust_tier t)
{
    snprintf(ret, 20, "%s", tier_name(t));
}

void judge_record(const struct verdict *v, bool left_out, struct device *d)
{
    bool stays = left_out && strcmp(d->software_status, tier_name(TIER_CONTRAINDICATED)) == 0;

    put_tier(d->keys_status, verdict_keys(v));
    put_tier(d->status, stays ? TIER_CONTRAINDICATED : verdict_tier(v));
    if (stays)
        return;
    put_tier(d->software_status, verdict_software(v));
    d->claims = (struct device_claims){ .identity = v->identity,
                                        .configuration = v->configuration,
                                        .executables = v->executables,
                                        .hardware = v->hardware,
                                        .watched = v->watched };
    memcpy(d->claims.policy, v->policy, sizeof(d->claims.policy));
    why_write(v, d->why);
    why_coverage(v, d->coverage);
    memcpy(d->release, v->release, sizeof(d->release));
}

void judge_record_keys(const struct verdict *v, struct device *d)
{
    bool red = verdict_keys(v) == TIER_CONTRAINDICATED;

    put_tier(d->keys_status, verdict_keys(v));
    memcpy(d->status, d->software_status, sizeof(d->status));
    if (!red)
        return;
    put_tier(d->status, TIER_CONTRAINDICATED);
    if (v->finding_n)
        why_add(&v->finding[v->finding_n - 1], d->why);
}

/* Not every heartbeat: behind what an incident said already. */
void judge_event(const struct device *was, struct step *step)
{
    const struct device *d = &step->device;
    bool                 released = strcmp(was->release, d->release) != 0;
    bool                 covered = strcmp(was->coverage, d->coverage) != 0;

    if (!released && !covered && strcmp(was->status, d->status) == 0 &&
        why_is_same(was->why, d->why))
        return;
    event_note(step, "attempt %" PRIu64 ": %s", d->attempt, d->status);
    if (released)
        event_note(step, "release %s", d->release[0] ? d->release : "unknown");
    if (covered)
        event_note(step, "covers %s", d->coverage);
    why_append(d->why, step->event, sizeof(step->event));
}
