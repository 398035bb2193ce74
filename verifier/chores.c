/* SPDX-License-Identifier: Apache-2.0 */
#include "chores.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/material.h"
#include "flow/overdue.h"
#include "log.h"
#include "metrics.h"

#define FORGET_EVERY_S 3600
#define DAY_MS         INT64_C(86400000)

/* Of one sweep: devices that are told, and that are looked at. A fleet whose network failed is gone
 * through in several, and the store stays free. */
enum { TELL_MAX = 256, LOOK_MAX = 8192 };

/* Wrapped anew in one call, so that devices do not notice: pieces, bytes of their rows. After a
 * failure it rests. */
enum { REWRAP_PIECES = 64, REWRAP_BYTES = 1 << 22, REWRAP_EVERY_MS = 100, REWRAP_REST_S = 60 };

/* Between two calls: who was not there that long slept, or its clock leapt. */
enum { BREAK_S = 120 };

static int64_t now_ms(const struct chores *c)
{
    return c->flow->now_ms(c->flow->now_arg);
}

/* ---- messages that are forgotten ------------------------------------------------------------ */

/* On the store's thread. */
static void forgotten(pawl_status status, const struct pawl_err *err, void *arg)
{
    (void)arg;
    if (!pawl_is_ok(status))
        log_failure("messages past message_keep_days were not deleted", err);
}

static void forget_messages(struct chores *c)
{
    const struct store *store = c->flow->store;

    for (size_t i = 0; i < c->flow->config->tenant_n; i++) {
        const struct tenant_config *t = &c->flow->config->tenant[i];
        store->forget_segments(store->self, pawl_view_str(t->name),
                               now_ms(c) - (int64_t)t->message_keep_days * DAY_MS, forgotten, NULL);
    }
}

/* ---- devices that are overdue --------------------------------------------------------------- */

/* A step on its way through the store. */
struct telling {
    struct chores *chores;
    struct step    step;
};

static void log_told(const struct step *step)
{
    char            device[2 * PAWL_DEVICE_ID + 1];
    struct pawl_err ignored;

    if (pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(step->device.id), device, sizeof(device), &ignored)))
        log_line(&(struct log_line){ .level = LOG_WARN, .device = device, .outcome = step->event });
}

/* On the store's thread. CONFLICT: the device came, or is another's matter now; the next sweep sees
 * it as it is. */
static void told(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct telling *t = arg;
    struct chores  *c = t->chores;

    if (pawl_is_ok(status)) {
        metric_add(METRIC_OVERDUE, 0, 1);
        log_told(&t->step);
    } else if (status.code != PAWL_E_CONFLICT)
        log_failure("an overdue device was not told", err);
    step_done(&t->step);
    free(t);
    c->untold--;
}

struct sweep {
    struct chores       *chores;
    struct overdue_walk *walk;
    int64_t              now_ms;
    size_t               n;    /* looked at */
    size_t              *told; /* of all tenants */
};

static pawl_status tell(const struct device *d, const struct sweep *s, struct pawl_err *err)
{
    struct chores      *c = s->chores;
    const struct store *store = c->flow->store;
    struct telling     *t = calloc(1, sizeof(*t));

    if (!t)
        return pawl_fail(err, PAWL_E_MEMORY, "overdue", "out of memory");
    t->chores = c;
    pawl_status planned = overdue_tell(d, s->now_ms, &t->step, err);
    if (!pawl_is_ok(planned)) {
        step_done(&t->step);
        free(t);
        return planned;
    }
    c->untold++;
    store->commit(store->self, &t->step, told, t);
    return pawl_ok();
}

/* Once for each, up to so many: it is met again in every walk, until it is restored. */
static void log_damaged(struct chores *c, const struct device *d)
{
    char            device[2 * PAWL_DEVICE_ID + 1];
    struct pawl_err err;

    for (size_t i = 0; i < c->damaged_n; i++)
        if (memcmp(c->damaged[i], d->id, sizeof(d->id)) == 0)
            return;
    if (c->damaged_n == CHORES_DAMAGED_MAX ||
        !pawl_is_ok(pawl_hex_write(PAWL_VIEW_OF(d->id), device, sizeof(device), &err)))
        return;
    memcpy(c->damaged[c->damaged_n++], d->id, sizeof(d->id));
    log_line(&(struct log_line){ .level = LOG_ERROR,
                                 .device = device,
                                 .outcome = "its row is damaged: whether it is overdue is not told",
                                 .where = d->damaged });
}

static pawl_status look(const struct device *d, void *arg, struct pawl_err *err)
{
    struct sweep *s = arg;

    if (d->damaged) {
        log_damaged(s->chores, d);
    } else if (overdue_is_due(d, s->chores->up_s, s->now_ms / 1000)) {
        if (*s->told == TELL_MAX)
            return pawl_fail(err, PAWL_E_FULL, "overdue", "the rest comes with the next sweep");
        PAWL_TRY(tell(d, s, err));
        ++*s->told;
    }
    s->n++;
    s->walk->due_s = d->due_s;
    memcpy(s->walk->id, d->id, sizeof(s->walk->id));
    return pawl_ok();
}

/* On from where the last sweep stopped, but not among those that have their time of grace: after a
 * break that is the whole fleet. */
static struct overdue_walk begin_of(const struct chores *c, const struct overdue_walk *walk)
{
    int64_t from_s = overdue_from_s(c->up_s, now_ms(c) / 1000);

    return walk->due_s < from_s ? (struct overdue_walk){ .due_s = from_s } : *walk;
}

/* From the beginning again once nothing is left. */
static void tell_overdue_of(struct chores *c, const char *tenant, struct overdue_walk *walk,
                            size_t *told)
{
    const struct store       *store = c->flow->store;
    const struct overdue_walk from = begin_of(c, walk);
    struct sweep              s = { .chores = c, .walk = walk, .now_ms = now_ms(c), .told = told };
    struct pawl_err           err;

    pawl_status found = store->overdue(store->self, pawl_view_str(tenant), s.now_ms / 1000,
                                       from.due_s, PAWL_VIEW_OF(from.id), LOOK_MAX, look, &s, &err);
    if (pawl_is_ok(found) && s.n < LOOK_MAX)
        *walk = (struct overdue_walk){ 0 };
    if (!pawl_is_ok(found) && found.code != PAWL_E_FULL)
        log_failure("overdue devices were not looked for", &err);
}

/* Another tenant is the first each time: none waits for long behind another one's fleet. */
static void tell_overdue(struct chores *c)
{
    const struct verifier_config *config = c->flow->config;
    size_t                        told = 0;

    for (size_t i = 0; i < config->tenant_n; i++) {
        size_t at = (c->first + i) % config->tenant_n;
        tell_overdue_of(c, config->tenant[at].name, &c->overdue[at], &told);
    }
    c->first++;
}

/* ---- what was refused ----------------------------------------------------------------------- */

/* On the store's thread. */
static void written(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct step *step = arg;

    if (!pawl_is_ok(status))
        log_failure("refusals were not written", err);
    step_done(step);
    free(step);
}

/* Those of one tenant in one step, however many there were. Without memory they wait. */
static void write_refusals_of(const struct flow *f, const char *tenant)
{
    struct step *step = calloc(1, sizeof(*step));

    if (!step)
        return;
    step->refusal = calloc(GATHER_ROWS, sizeof(step->refusal[0]));
    if (step->refusal)
        step->refusal_n = gather_take(f->refusals, tenant, step->refusal, GATHER_ROWS);
    if (step->refusal_n == 0) {
        step_done(step);
        free(step);
        return;
    }
    snprintf(step->tenant, sizeof(step->tenant), "%s", tenant);
    f->store->commit(f->store->self, step, written, step);
}

void chores_write_refusals(struct chores *c)
{
    const struct flow *f = c->flow;

    for (size_t i = 0; f->refusals && i < f->config->tenant_n; i++)
        write_refusals_of(f, f->config->tenant[i].name);
}

/* ---- what the old master key wrapped -------------------------------------------------------- */

struct rewrapping {
    struct chores *chores;
    struct step    step;
};

/* On the store's thread. CONFLICT: the device came; the next walk sees what is left to do. */
static void rewrapped(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct rewrapping *w = arg;
    struct chores     *c = w->chores;

    if (!pawl_is_ok(status) && status.code != PAWL_E_CONFLICT &&
        !atomic_exchange(&c->rewrap_failed, true))
        log_failure("rows were not wrapped anew", err);
    step_done(&w->step);
    free(w);
    c->rewrapping--;
}

static size_t rewrapped_bytes(const struct step *s)
{
    size_t n = 0;

    for (size_t i = 0; i < s->rewrapped_n; i++)
        n += s->rewrapped[i].was.n + s->rewrapped[i].is.n;
    return n;
}

static pawl_status rewrap_piece(struct chores *c, size_t *bytes, struct pawl_err *err)
{
    const struct store *store = c->flow->store;
    struct rewrapping  *w = calloc(1, sizeof(*w));

    if (!w)
        return pawl_fail(err, PAWL_E_MEMORY, "rewrap", "out of memory");
    w->chores = c;
    pawl_status s = rewrap_next(&c->rewrap, c->flow, &w->step, err);
    if (!pawl_is_ok(s) || step_is_empty(&w->step)) {
        step_done(&w->step);
        free(w);
        return s;
    }
    *bytes += rewrapped_bytes(&w->step);
    c->rewrapping++;
    store->commit(store->self, &w->step, rewrapped, w);
    return s;
}

/* A walk that found nothing is the last one: what was written since it began is under the present
 * key. */
static void end_walk(struct chores *c)
{
    const struct rewrap *r = &c->rewrap;

    if (r->found) {
        log_info("%llu rows were under the old master key: looking for more",
                 (unsigned long long)r->found);
    } else {
        c->rewrapped = true;
        if (r->unreadable)
            log_info("%llu rows open under no master key", (unsigned long long)r->unreadable);
        log_info("nothing needs the old master key: it can be retired");
    }
    c->rewrap = (struct rewrap){ 0 };
}

/* Whoever reads keys again begins anew. */
static bool is_to_rewrap(struct chores *c)
{
    material_follow(c->flow);
    if (c->rewrap_of != c->flow->material) {
        c->rewrap_of = c->flow->material;
        c->rewrap = (struct rewrap){ 0 };
        c->rewrapped = false;
        c->rewrap_after_s = 0;
    }
    if (atomic_exchange(&c->rewrap_failed, false))
        c->rewrap_after_s = now_ms(c) / 1000 + REWRAP_REST_S;
    return c->flow->keys->other_master[KEYS_OLD].master.n && !c->rewrapped &&
           now_ms(c) / 1000 >= c->rewrap_after_s;
}

static bool rewrap_some(struct chores *c)
{
    struct pawl_err err;
    pawl_status     s = pawl_ok();
    size_t          bytes = 0;

    if (!is_to_rewrap(c))
        return false;
    if (c->rewrapping)
        return true;
    for (unsigned i = 0;
         i < REWRAP_PIECES && bytes < REWRAP_BYTES && pawl_is_ok(s) && !c->rewrap.over; i++)
        s = rewrap_piece(c, &bytes, &err);
    if (!pawl_is_ok(s)) {
        log_failure("rows were not wrapped anew", &err);
        atomic_store(&c->rewrap_failed, true);
    } else if (c->rewrap.over) {
        end_walk(c);
    }
    return true;
}

/* ---- all of it
 * ----------------------------------------------------------------------------------- */

void chores_begin(struct chores *c, struct flow *flow)
{
    *c = (struct chores){ .flow = flow };
    c->up_s = c->last_s = now_ms(c) / 1000;
}

unsigned chores_do(struct chores *c)
{
    int64_t now_s = now_ms(c) / 1000;

    if (now_s - c->last_s > BREAK_S)
        c->up_s = now_s - CHORES_EVERY_S; /* it ended no longer ago */
    c->last_s = now_s;
    /* A step that is not answered yet would be planned once more. */
    if (c->untold == 0)
        tell_overdue(c);
    chores_write_refusals(c);
    if (!c->forgot_s || now_s - c->forgot_s >= FORGET_EVERY_S) {
        c->forgot_s = now_s;
        forget_messages(c);
    }
    return rewrap_some(c) ? REWRAP_EVERY_MS : CHORES_EVERY_S * 1000;
}
