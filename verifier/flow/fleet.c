/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECES = 256, PIECE_MS = 30, YOUNG_MS = 5000, YOUNG_TIMES = 20 };

struct row {
    char     name[PAWL_TENANT_MAX + 1];
    uint64_t n;
};

struct table {
    size_t      n, cap;
    struct row *row;
};

struct count {
    struct table by[FLEET_BY_COUNT];
    int64_t      began_ms, ended_ms; /* ended_ms 0: there is none */
    unsigned     pieces;             /* that are counted */
};

struct fleet {
    struct count last, next;
};

/* ---- tables --------------------------------------------------------------------------------- */

static void count_done(struct count *c)
{
    for (unsigned i = 0; i < FLEET_BY_COUNT; i++)
        free(c->by[i].row);
    *c = (struct count){ 0 };
}

void fleet_free(struct fleet **fleet)
{
    if (!*fleet)
        return;
    count_done(&(*fleet)->last);
    count_done(&(*fleet)->next);
    free(*fleet);
    *fleet = NULL;
}

static pawl_status add(struct table *t, const char *name, uint64_t n, struct pawl_err *err)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->row[i].name, name) == 0) {
            t->row[i].n += n;
            return pawl_ok();
        }
    if (t->n == t->cap) {
        size_t      cap = t->cap ? 2 * t->cap : 8;
        struct row *row = realloc(t->row, cap * sizeof(*row));
        if (!row)
            return pawl_fail(err, PAWL_E_MEMORY, "fleet", "out of memory");
        t->row = row;
        t->cap = cap;
    }
    struct row *fresh = &t->row[t->n++];
    snprintf(fresh->name, sizeof(fresh->name), "%s", name);
    fresh->n = n;
    return pawl_ok();
}

static pawl_status add_count(const struct device_count *c, void *arg, struct pawl_err *err)
{
    struct count *to = arg;

    PAWL_TRY(add(&to->by[FLEET_STATE], device_state_name(c->state), c->n, err));
    PAWL_TRY(add(&to->by[FLEET_STATUS], c->status, c->n, err));
    return add(&to->by[FLEET_GROUP], c->group, c->n, err);
}

/* ---- counting ------------------------------------------------------------------------------- */

static bool is_young(const struct count *c, int64_t now_ms)
{
    int64_t age = now_ms - c->ended_ms;

    return c->ended_ms && age >= 0 &&
           (age < YOUNG_MS || age / YOUNG_TIMES < c->ended_ms - c->began_ms);
}

static int64_t now_ms(const struct flow *f)
{
    return f->now_ms(f->now_arg);
}

/* A failure leaves a piece counted in part: the count begins anew. */
static pawl_status count_on(struct count *c, struct flow *f, const char *tenant,
                            struct pawl_err *err)
{
    int64_t until_ms = now_ms(f) + PIECE_MS;

    if (c->pieces == 0)
        c->began_ms = now_ms(f);
    do {
        pawl_status s = f->store->device_counts(f->store->self, pawl_view_str(tenant),
                                                (uint8_t)c->pieces, add_count, c, err);
        if (!pawl_is_ok(s)) {
            count_done(c);
            return s;
        }
    } while (++c->pieces < PIECES && now_ms(f) < until_ms);
    return pawl_ok();
}

pawl_status fleet_count(struct fleet **fleet, struct flow *f, const char *tenant, bool *ret_ready,
                        struct pawl_err *err)
{
    if (!*fleet)
        *fleet = calloc(1, sizeof(**fleet));
    if (!*fleet)
        return pawl_fail(err, PAWL_E_MEMORY, "fleet", "out of memory");
    struct fleet *l = *fleet;
    *ret_ready = is_young(&l->last, now_ms(f));
    if (*ret_ready)
        return pawl_ok();
    PAWL_TRY(count_on(&l->next, f, tenant, err));
    if (l->next.pieces < PIECES)
        return pawl_ok();
    count_done(&l->last);
    l->last = l->next;
    l->next = (struct count){ 0 };
    l->last.ended_ms = now_ms(f);
    *ret_ready = true;
    return pawl_ok();
}

/* ---- telling -------------------------------------------------------------------------------- */

int64_t fleet_as_of_s(const struct fleet *fleet)
{
    return fleet->last.ended_ms / 1000;
}

uint64_t fleet_devices(const struct fleet *fleet)
{
    const struct table *t = &fleet->last.by[FLEET_STATE];
    uint64_t            n = 0;

    for (size_t i = 0; i < t->n; i++)
        n += t->row[i].n;
    return n;
}

bool fleet_row(const struct fleet *fleet, enum fleet_by by, size_t i, const char **ret_name,
               uint64_t *ret_n)
{
    const struct table *t = &fleet->last.by[by];

    if (i >= t->n)
        return false;
    *ret_name = t->row[i].name;
    *ret_n = t->row[i].n;
    return true;
}
