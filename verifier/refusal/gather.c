/* SPDX-License-Identifier: Apache-2.0 */
#include "refusal/gather.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 2 * GATHER_ROWS }; /* of the index: at most half full, so that a search ends */

struct gather {
    pthread_mutex_t    lock;
    size_t             row_n;
    struct refusal_row row[GATHER_ROWS];
    uint16_t           slot[SLOTS]; /* number of a row, from 1; 0: free */
    size_t             last_n;      /* ever put into last */
    struct refusal_row last[GATHER_LAST];
    uint64_t           dropped;
};

pawl_status gather_make(struct gather **ret, struct pawl_err *err)
{
    struct gather *g = calloc(1, sizeof(*g));

    if (!g)
        return pawl_fail(err, PAWL_E_MEMORY, "refusals", "out of memory");
    pthread_mutex_init(&g->lock, NULL);
    *ret = g;
    return pawl_ok();
}

void gather_free(struct gather **g)
{
    if (*g)
        pthread_mutex_destroy(&(*g)->lock);
    free(*g);
    *g = NULL;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static bool is_same(const struct refusal_row *a, const struct refusal_row *b)
{
    return strcmp(a->subject, b->subject) == 0 && strcmp(a->code, b->code) == 0 &&
           strcmp(a->tenant, b->tenant) == 0;
}

void refusal_join(struct refusal_row *r, const struct refusal_row *later)
{
    char requests[2 * REFUSAL_REQUESTS_MAX] = "";

    snprintf(requests, sizeof(requests), "%s%s%s", later->requests,
             *later->requests && *r->requests ? " " : "", r->requests);
    memcpy(r->requests, requests, sizeof(r->requests) - 1); /* a whole number of ids */
    r->last_s = later->last_s;
    r->count += later->count;
    r->status = later->status;
    memcpy(r->detail, later->detail, sizeof(r->detail));
    if (*later->address)
        memcpy(r->address, later->address, sizeof(r->address));
    if (*later->serial)
        memcpy(r->serial, later->serial, sizeof(r->serial));
}

static bool has_request(const struct refusal_row *r, const char *request)
{
    return strlen(request) == REFUSAL_REQUEST && strstr(r->requests, request);
}

bool refusal_fits(const struct refusal_row *r, const struct refusal_query *q)
{
    return (!q->subject || strcmp(r->subject, q->subject) == 0) &&
           (!q->serial || strcmp(r->serial, q->serial) == 0) &&
           (!q->request || has_request(r, q->request));
}

/* FNV-1a. Somebody who makes them collide makes refusals a little slower, and nothing else. */
static size_t slot_of(const struct refusal_row *r)
{
    uint32_t    h = 2166136261u;
    const char *part[] = { r->subject, r->code, r->tenant };

    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
        for (const char *s = part[i]; *s; s++)
            h = (h ^ (unsigned char)*s) * 16777619u;
    return h % SLOTS;
}

/* The slot of its row, or the free one where it would go. */
static uint16_t *find_slot(struct gather *g, const struct refusal_row *one)
{
    size_t i = slot_of(one);

    while (g->slot[i] && !is_same(&g->row[g->slot[i] - 1], one))
        i = (i + 1) % SLOTS;
    return &g->slot[i];
}

/* Looked at only for a row that is new. */
static bool has_share(const struct gather *g, uint64_t net)
{
    size_t n = 0;

    for (size_t i = 0; i < g->row_n; i++)
        n += g->row[i].net == net;
    return net == 0 || n < GATHER_SHARE;
}

static void put_row(struct gather *g, const struct refusal_row *one)
{
    uint16_t *slot = find_slot(g, one);

    if (*slot) {
        refusal_join(&g->row[*slot - 1], one);
    } else if (g->row_n < GATHER_ROWS && has_share(g, one->net)) {
        g->row[g->row_n++] = *one;
        *slot = (uint16_t)g->row_n;
    } else {
        g->dropped++;
    }
}

void gather_add(struct gather *g, const struct refusal_row *one)
{
    pthread_mutex_lock(&g->lock);
    put_row(g, one);
    g->last[g->last_n++ % GATHER_LAST] = *one;
    pthread_mutex_unlock(&g->lock);
}

/* ---- asking --------------------------------------------------------------------------------- */

pawl_status gather_find(struct gather *g, const char *tenant, const struct refusal_query *q,
                        gather_fn *each, void *arg, struct pawl_err *err)
{
    pawl_status s = pawl_ok();

    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->row_n && pawl_is_ok(s); i++)
        if (strcmp(g->row[i].tenant, tenant) == 0 && refusal_fits(&g->row[i], q))
            s = each(&g->row[i], arg, err);
    pthread_mutex_unlock(&g->lock);
    return s;
}

bool gather_request(struct gather *g, const char *tenant, const char *request,
                    struct refusal_row *ret)
{
    bool found = false;

    pthread_mutex_lock(&g->lock);
    size_t n = g->last_n < GATHER_LAST ? g->last_n : GATHER_LAST;
    for (size_t i = 0; i < n && !found; i++) {
        found = strcmp(g->last[i].tenant, tenant) == 0 && has_request(&g->last[i], request);
        if (found)
            *ret = g->last[i];
    }
    pthread_mutex_unlock(&g->lock);
    return found;
}

uint64_t gather_dropped(struct gather *g)
{
    pthread_mutex_lock(&g->lock);
    uint64_t n = g->dropped;
    pthread_mutex_unlock(&g->lock);
    return n;
}

/* ---- to the store --------------------------------------------------------------------------- */

static int in_order(const void *a, const void *b)
{
    const struct refusal_row *x = a, *y = b;
    int                       subjects = strcmp(x->subject, y->subject);

    return subjects ? subjects : strcmp(x->code, y->code);
}

size_t gather_take(struct gather *g, const char *tenant, struct refusal_row *ret, size_t cap)
{
    size_t taken = 0, left = 0;

    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->row_n; i++)
        if (taken < cap && strcmp(g->row[i].tenant, tenant) == 0)
            ret[taken++] = g->row[i];
        else
            g->row[left++] = g->row[i];
    g->row_n = left;
    memset(g->slot, 0, sizeof(g->slot));
    for (size_t i = 0; i < left; i++)
        *find_slot(g, &g->row[i]) = (uint16_t)(i + 1);
    pthread_mutex_unlock(&g->lock);
    qsort(ret, taken, sizeof(*ret), in_order);
    return taken;
}
