/* SPDX-License-Identifier: Apache-2.0 */
/* The boot that a device is in. */

#include "flow/booted.h"

#include <stdlib.h>
#include <string.h>

/* With it what a row that broke off left behind. */
static void know_nothing(struct known_boot *k)
{
    k->present = k->has_boot = k->has_ima = false;
    k->restarts = 0;
    memset(k->os_boot, 0, sizeof(k->os_boot));
}

void booted_begin(struct booted *b)
{
    b->has_row = false;
    b->row = (struct boot_row){ 0 };
    know_nothing(&b->known);
}

void booted_done(struct booted *b)
{
    boot_row_done(&b->row);
}

/* ---- reading -------------------------------------------------------------------------------- */

static pawl_status parse(const struct boot_row *row, struct known_boot *ret, struct pawl_err *err)
{
    memcpy(ret->os_boot, row->os_boot, sizeof(ret->os_boot));
    ret->has_boot = row->has_facts;
    if (ret->has_boot)
        PAWL_TRY(boot_parse(pawl_view(row->facts.p, row->facts.n), &ret->boot, err));
    ret->has_ima = row->ima.n > 0;
    if (ret->has_ima)
        PAWL_TRY(ima_state_parse(pawl_view(row->ima.p, row->ima.n), &ret->ima, err));
    ret->present = true;
    return pawl_ok();
}

/* Of the row that was found. */
static void know(const struct device *d, uint32_t resets, struct booted *ret)
{
    struct pawl_err ignored;

    ret->has_row = true;
    if (ret->row.resets == resets && !pawl_is_ok(parse(&ret->row, &ret->known, &ignored)))
        know_nothing(&ret->known);
    ret->known.restarts = d->clock.restarts;
}

pawl_status booted_read(const struct store *s, const struct device *d, uint32_t resets,
                        struct booted *ret, struct pawl_err *err)
{
    pawl_status found = s->boot(s->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), &ret->row,
                                err);
    if (found.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(found);
    know(d, resets, ret);
    return pawl_ok();
}

void booted_take(struct device_past *past, const struct device *d, uint32_t resets,
                 struct booted *ret)
{
    if (!past->has_boot)
        return;
    ret->row = past->boot;
    past->boot = (struct boot_row){ 0 };
    know(d, resets, ret);
}

/* ---- planning ------------------------------------------------------------------------------- */

static pawl_status plan_facts(const struct booted *was, const struct known_boot *now,
                              struct boot_row *ret, struct pawl_err *err)
{
    ret->has_facts = now->has_boot;
    if (!now->has_boot)
        return pawl_ok();
    uint8_t        b[BOOT_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));
    PAWL_TRY(boot_write(&now->boot, &w, err));
    PAWL_TRY(pawl_sha256(pawl_view(b, w.n), ret->facts_sha256, err));
    if (was->has_row && was->row.has_facts &&
        memcmp(was->row.facts_sha256, ret->facts_sha256, sizeof(ret->facts_sha256)) == 0)
        return pawl_ok(); /* they are in the store */
    return blob_from(pawl_view(b, w.n), &ret->facts, err);
}

/* A ticket goes on from where the store was when it was made: what came meanwhile is not taken back
 * by a supply that comes again. */
static bool is_ahead(const struct booted *was, const struct known_boot *now)
{
    const struct ima_state *n = &now->ima;
    struct ima_state        s;
    struct pawl_err         ignored;

    return was->known.present &&
           memcmp(was->row.os_boot, now->os_boot, sizeof(now->os_boot)) == 0 &&
           pawl_is_ok(ima_state_parse(pawl_view(was->row.ima.p, was->row.ima.n), &s, &ignored)) &&
           s.at.resets == n->at.resets && s.at.bank == n->at.bank &&
           memcmp(s.rules, n->rules, sizeof(s.rules)) == 0 && s.at.entries > n->at.entries;
}

/* While a list is on its way, what was attested before stays. */
static pawl_status plan_ima(const struct booted *was, const struct known_boot *now,
                            struct boot_row *ret, struct pawl_err *err)
{
    uint8_t        b[IMA_STATE_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    if (!now->has_ima)
        return pawl_ok();
    if (!now->ima.attested || is_ahead(was, now))
        return was->known.present && was->row.ima.n
                   ? blob_from(pawl_view(was->row.ima.p, was->row.ima.n), &ret->ima, err)
                   : pawl_ok();
    PAWL_TRY(ima_state_write(&now->ima, &w, err));
    return blob_from(pawl_view(b, w.n), &ret->ima, err);
}

static bool is_same(const struct boot_row *a, const struct boot_row *b)
{
    return a->resets == b->resets && memcmp(a->os_boot, b->os_boot, sizeof(a->os_boot)) == 0 &&
           a->has_facts == b->has_facts &&
           memcmp(a->facts_sha256, b->facts_sha256, sizeof(a->facts_sha256)) == 0 &&
           pawl_view_equal(pawl_view(a->ima.p, a->ima.n), pawl_view(b->ima.p, b->ima.n));
}

pawl_status booted_plan(const struct booted *was, uint32_t resets, const struct known_boot *now,
                        struct step *step, struct pawl_err *err)
{
    PAWL_CLEANUP(boot_row_done) struct boot_row row = { .resets = resets };

    if (!now->present)
        return pawl_ok();
    memcpy(row.os_boot, now->os_boot, sizeof(row.os_boot));
    PAWL_TRY(plan_facts(was, now, &row, err));
    PAWL_TRY(plan_ima(was, now, &row, err));
    if (was->has_row && is_same(&was->row, &row))
        return pawl_ok();
    step->has_boot = true;
    step->boot = row;
    row = (struct boot_row){ 0 };
    return pawl_ok();
}
