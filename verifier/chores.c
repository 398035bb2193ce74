/* SPDX-License-Identifier: Apache-2.0 */
#include "chores.h"

#include <stdio.h>
#include <stdlib.h>

#include "flow/overdue.h"
#include "log.h"
#include "metrics.h"

#define FORGET_EVERY_S 3600
#define DAY_MS         INT64_C(86400000)

/* Of one sweep: a fleet whose network failed is told in several, and the store stays free. */
enum { TELL_MAX = 256 };

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
    struct chores *chores;
    int64_t        now_ms;
};

static pawl_status tell(const struct device *d, void *arg, struct pawl_err *err)
{
    const struct sweep *s = arg;
    struct chores      *c = s->chores;
    const struct store *store = c->flow->store;

    if (!overdue_is_due(d, c->up_s, s->now_ms / 1000))
        return pawl_ok();
    if (c->untold == TELL_MAX)
        return pawl_fail(err, PAWL_E_FULL, "overdue", "the rest comes with the next sweep");
    struct telling *t = calloc(1, sizeof(*t));
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

static void tell_overdue(struct chores *c)
{
    const struct store *store = c->flow->store;
    struct sweep        s = { .chores = c, .now_ms = now_ms(c) };

    for (size_t i = 0; i < c->flow->config->tenant_n; i++) {
        struct pawl_err err;
        pawl_status     found = store->overdue(store->self,
                                               pawl_view_str(c->flow->config->tenant[i].name),
                                               s.now_ms / 1000, INT32_MAX, tell, &s, &err);
        if (!pawl_is_ok(found) && found.code != PAWL_E_FULL)
            log_failure("overdue devices were not looked for", &err);
    }
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

/* ---- all of it
 * ----------------------------------------------------------------------------------- */

void chores_begin(struct chores *c, const struct flow *flow)
{
    *c = (struct chores){ .flow = flow };
    c->up_s = c->last_s = now_ms(c) / 1000;
}

void chores_do(struct chores *c)
{
    int64_t now_s = now_ms(c) / 1000;

    if (now_s - c->last_s > BREAK_S)
        c->up_s = now_s - CHORES_EVERY_S; /* it ended no longer ago */
    c->last_s = now_s;
    /* A step that is not answered yet would be planned once more. */
    if (c->untold == 0)
        tell_overdue(c);
    chores_write_refusals(c);
    if (c->forgot_s && now_s - c->forgot_s < FORGET_EVERY_S)
        return;
    c->forgot_s = now_s;
    forget_messages(c);
}
