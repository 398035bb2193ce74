/* SPDX-License-Identifier: Apache-2.0 */
#include "hook/hook.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/material.h"
#include "flow/operator.h"
#include "hook/page.h"
#include "hook/parking.h"
#include "hook/post.h"
#include "hook/signature.h"
#include "log.h"
#include "metrics.h"

enum { LOOK_MS = 500, RETRY_MIN_MS = 1000, RETRY_MAX_MS = 5 * 60 * 1000, PAGE_MAX = 100 };

/* Of the right to post. A post takes 30 s at most, and begins with more than that left; another
 * takes over when it is over by its own clock, and then some. */
enum { LEASE_S = 60, LEASE_LEFT_S = 35, LEASE_MARGIN_S = 5 };

static const char consumer[] = "webhook";

struct hook {
    struct flow                *flow;
    const struct tenant_config *tenant;
    struct post                *post;
    struct hook_keys            keys;
    const struct material      *material; /* that the flow had when the keys were read */
    bool                        knows;    /* what follows is as the store has it: */
    struct consumer_row         at;
    struct parking              parking;
    char      cursor[FEED_CURSOR_MAX]; /* at.cursor, or behind what is not for now */
    bool      was_parked;              /* the last turn was of a device that waits */
    unsigned  failures;                /* since it last took something */
    uint64_t  limit;                   /* entries of the next page */
    int64_t   told_lag_s, told_parked; /* our part of these gauges */
    bool      runs;
    pthread_t thread;
};

#define PAGE PAWL_CLEANUP(page_done) struct page

static int64_t now_s(const struct hook *h)
{
    return h->flow->now_ms(h->flow->now_arg) / 1000;
}

/* Gauges are sums over tenants. */
static void tell(enum metric m, int64_t *told, int64_t now)
{
    metric_move(m, now - *told);
    *told = now;
}

/* ---- whose turn it is ----------------------------------------------------------------------- */

/* Every write of ours moves the version on: as long as it is the one that we know, nobody else was
 * here. */
static pawl_status look(struct hook *h, struct pawl_err *err)
{
    const struct store *store = h->flow->store;
    struct pawl_view    tenant = pawl_view_str(h->tenant->name);
    struct consumer_row row = { 0 };

    pawl_status s = store->consumer(store->self, tenant, consumer, &row, err);
    if (s.code != PAWL_E_ABSENT)
        PAWL_TRY(s);
    if (h->knows && row.version == h->at.version)
        return pawl_ok();
    h->knows = false;
    PAWL_TRY(parking_read(store, tenant, consumer, &h->parking, err));
    memcpy(row.name, consumer, sizeof(consumer));
    h->at = row;
    memcpy(h->cursor, row.cursor, sizeof(h->cursor));
    h->knows = true;
    return pawl_ok();
}

static const char *self(const struct hook *h)
{
    return h->flow->store->instance(h->flow->store->self);
}

static bool is_ours(const struct hook *h)
{
    return strcmp(h->at.holder, self(h)) == 0;
}

static bool is_anothers(const struct hook *h)
{
    return h->at.holder[0] && !is_ours(h) && now_s(h) <= h->at.until_s + LEASE_MARGIN_S;
}

/* CONFLICT: another was here. */
static pawl_status commit(struct hook *h, struct step *step, struct pawl_err *err)
{
    memcpy(step->tenant, h->tenant->name, sizeof(step->tenant));
    memcpy(step->consumer.cursor, h->cursor, sizeof(step->consumer.cursor));
    step->has_consumer = true;
    pawl_status s = store_commit_wait(h->flow->store, step, err);
    h->knows = pawl_is_ok(s);
    if (!h->knows)
        return s;
    h->at = step->consumer;
    h->at.version++;
    if (step->has_parked)
        parking_follow(&h->parking, &step->parked);
    return s;
}

/* Where we stand, and that we go on; p, event: what comes with it, or NULL. */
static pawl_status keep(struct hook *h, const struct parked_row *p, const char *event,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(step_done) struct step step = { .consumer = h->at, .has_parked = p != NULL };

    snprintf(step.consumer.holder, sizeof(step.consumer.holder), "%s", self(h));
    step.consumer.until_s = now_s(h) + LEASE_S;
    if (p)
        step.parked = *p;
    if (event)
        snprintf(step.event, sizeof(step.event), "%s", event);
    return commit(h, &step, err);
}

/* Others need not wait until our time is over. */
static void give_up(struct hook *h)
{
    PAWL_CLEANUP(step_done) struct step step = { .consumer = h->at };
    struct pawl_err                     err;

    if (!h->knows || !is_ours(h))
        return;
    step.consumer.holder[0] = 0;
    step.consumer.until_s = 0;
    pawl_status s = commit(h, &step, &err);
    if (!pawl_is_ok(s) && s.code != PAWL_E_CONFLICT)
        log_failure("the webhook was not given up", &err);
}

/* ---- one post ------------------------------------------------------------------------------- */

static pawl_status post_page(struct hook *h, const struct page *p, uint64_t *ret_wait_s,
                             struct pawl_err *err)
{
    struct hook_headers signs;
    struct pawl_view    body = pawl_view_str(p->text);

    PAWL_TRY(hook_sign(&h->keys, now_s(h), body, &signs, err));
    const struct post_header header[] = {
        { "Content-Type", "application/json" },
        { "Pawl-Tenant", h->tenant->name },
        { "Webhook-Id", signs.id },
        { "Webhook-Timestamp", signs.timestamp },
        { "Webhook-Signature", signs.signature },
    };
    return post_send(h->post, header, sizeof(header) / sizeof(header[0]), body, ret_wait_s, err);
}

/* Only who may post, and for as long as a post takes, does. */
static pawl_status deliver(struct hook *h, const struct page *p, uint64_t *ret_wait_s,
                           struct pawl_err *err)
{
    if (!is_ours(h) || h->at.until_s - now_s(h) < LEASE_LEFT_S)
        PAWL_TRY(keep(h, NULL, NULL, err));
    return post_page(h, p, ret_wait_s, err);
}

static pawl_status read_page(struct hook *h, const struct message_query *q,
                             const struct page_filter *filter, struct page *ret, bool *ret_any,
                             struct pawl_err *err)
{
    char *text = NULL;

    PAWL_TRY(operator_messages(h->flow, h->tenant, q, &text, ret_any, err));
    return page_open(text, filter, ret, err);
}

static void taken(struct hook *h, uint64_t *limit)
{
    if (h->failures)
        log_info("webhook of tenant %s: taken, after %u failures", h->tenant->name, h->failures);
    h->failures = 0;
    *limit = 2 * *limit < PAGE_MAX ? 2 * *limit : PAGE_MAX;
}

static uint64_t fewer(size_t n)
{
    return n > 4 ? n / 4 : 1;
}

/* What happened to entries of a device, or (NULL) of several. */
static void log_about(const struct hook *h, const uint8_t *device, const char *what,
                      const struct pawl_err *err)
{
    char            outcome[192], hex[2 * PAWL_DEVICE_ID + 1] = "";
    struct pawl_err ignored;

    if (device &&
        !pawl_is_ok(pawl_hex_write(pawl_view(device, PAWL_DEVICE_ID), hex, sizeof(hex), &ignored)))
        hex[0] = 0;
    snprintf(outcome, sizeof(outcome), "webhook of tenant %s: %s", h->tenant->name, what);
    log_line(&(struct log_line){ .level = LOG_WARN,
                                 .device = hex,
                                 .outcome = outcome,
                                 .where = err ? err->where : NULL,
                                 .why = err ? err->why : NULL });
}

/* Many entries that are refused say nothing of each: fewer come at once, until it is one. */
static void refused(struct hook *h, const struct page *p, uint64_t *limit,
                    const struct pawl_err *err)
{
    metric_add(METRIC_WEBHOOK_FAILED, 0, 1);
    if (p->n > 1)
        log_about(h, NULL, "refused; fewer entries come", err);
    else
        log_about(h, p->device, "refused; the device's entries wait, others go on", err);
    *limit = fewer(p->n);
}

/* ---- a retry's time ------------------------------------------------------------------------- */

/* Doubles, and differs: a receiver that comes back is not overrun. told_s: what it asked for. */
static uint64_t retry_ms(unsigned failures, uint64_t told_s)
{
    struct pawl_err ignored;
    uint32_t        random = 0;
    uint64_t        ms = RETRY_MIN_MS;

    for (unsigned n = 1; n < failures && ms < RETRY_MAX_MS; n++)
        ms *= 2;
    if (ms > RETRY_MAX_MS)
        ms = RETRY_MAX_MS;
    if (pawl_is_ok(pawl_random((uint8_t *)&random, sizeof(random), &ignored)))
        ms = ms / 2 + random % (ms / 2 + 1);
    if (told_s > RETRY_MAX_MS / 1000)
        told_s = RETRY_MAX_MS / 1000;
    return ms < 1000 * told_s ? 1000 * told_s : ms;
}

/* ---- a device that waits -------------------------------------------------------------------- */

static int64_t try_again_s(const struct hook *h, uint64_t tries)
{
    return now_s(h) + 1 + (int64_t)(retry_ms((unsigned)tries, 0) / 1000);
}

/* The one entry in the page was refused: its device waits from here on, and the feed goes on. */
static pawl_status park(struct hook *h, const struct page *p, struct pawl_err *err)
{
    struct parked_row row = { .tries = 1, .next_s = try_again_s(h, 1) };

    memcpy(row.device, p->device, sizeof(row.device));
    memcpy(row.cursor, h->cursor, sizeof(row.cursor));
    memcpy(row.first, p->first, sizeof(row.first));
    memcpy(h->cursor, p->next, sizeof(h->cursor));
    return keep(h, &row, NULL, err);
}

/* message_keep_days took what was refused, and perhaps more. */
static pawl_status tell_lost(struct hook *h, const struct parked_row *was, struct pawl_err *err)
{
    struct parked_row row = *was;
    char              device[2 * PAWL_DEVICE_ID + 1], event[EVENT_LINE_MAX];

    PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(row.device), device, sizeof(device), err));
    snprintf(event, sizeof(event), "webhook: entry %s of device %s was deleted before it was taken",
             row.first, device);
    row.first[0] = 0;
    PAWL_TRY(keep(h, &row, event, err));
    metric_add(METRIC_WEBHOOK_LOST, 0, 1);
    log_about(h, row.device, "entries were deleted before they were taken", NULL);
    return pawl_ok();
}

/* The receiver answered to the first entries that wait of this device. */
static pawl_status after_parked(struct hook *h, struct parked *one, const struct page *p,
                                pawl_status answer, struct pawl_err *err)
{
    struct parked_row row = one->row;

    if (answer.code == PAWL_E_FORM) {
        refused(h, p, &one->limit, err);
        if (p->n > 1)
            return pawl_ok();
        row.tries++;
        row.next_s = try_again_s(h, row.tries);
        memcpy(row.first, p->first, sizeof(row.first));
        return keep(h, &row, NULL, err);
    }
    PAWL_TRY(answer);
    taken(h, &one->limit);
    memcpy(row.cursor, p->next, sizeof(row.cursor));
    row.first[0] = 0;
    row.tries = 0;
    return keep(h, &row, NULL, err);
}

/* Up to where the feed stands: what is behind that comes with it. */
static pawl_status parked_turn(struct hook *h, struct parked *one, uint64_t *ret_wait_s,
                               struct pawl_err *err)
{
    PAGE                     p = { 0 };
    struct message_query     q = { .limit = one->limit };
    const struct page_filter filter = { .until = h->cursor };
    struct parked_row        row = one->row;
    bool                     any = false;

    memcpy(q.after, row.cursor, sizeof(q.after));
    PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(row.device), q.device, sizeof(q.device), err));
    PAWL_TRY(read_page(h, &q, &filter, &p, &any, err));
    if (!p.n && any && cursor_compare(p.next, h->cursor) < 0) { /* it looked at very many rows */
        memcpy(one->row.cursor, p.next, sizeof(one->row.cursor));
        return pawl_ok();
    }
    if (row.first[0] && strcmp(row.first, p.first) != 0)
        return tell_lost(h, &row, err);
    if (p.n)
        return after_parked(h, one, &p, deliver(h, &p, ret_wait_s, err), err);
    row.gone = true;
    return keep(h, &row, NULL, err);
}

/* ---- the feed ------------------------------------------------------------------------------- */

static pawl_status after_post(struct hook *h, const struct page *p, pawl_status answer,
                              struct pawl_err *err)
{
    if (answer.code == PAWL_E_FORM &&
        (p->n > 1 || (p->has_device && !parking_is_full(&h->parking)))) {
        refused(h, p, &h->limit, err);
        return p->n > 1 ? pawl_ok() : park(h, p, err);
    }
    if (!pawl_is_ok(answer)) {
        /* The same page once more, and then shorter ones: the line may be what fails. */
        h->limit = h->failures ? fewer(p->n) : p->listed;
        return answer;
    }
    taken(h, &h->limit);
    memcpy(h->cursor, p->next, sizeof(h->cursor));
    return keep(h, NULL, NULL, err);
}

/* *ret_more: something came, and there may be more at once. Where nothing in a page is for now, its
 * cursor is behind that: that is worth no write. */
static pawl_status feed_turn(struct hook *h, bool *ret_more, uint64_t *ret_wait_s,
                             struct pawl_err *err)
{
    PAGE                     p = { 0 };
    struct message_query     q = { .limit = h->limit };
    const struct page_filter filter = { .waits = parking_has, .arg = &h->parking };

    memcpy(q.after, h->cursor, sizeof(q.after));
    PAWL_TRY(read_page(h, &q, &filter, &p, ret_more, err));
    tell(METRIC_WEBHOOK_LAG, &h->told_lag_s, p.n ? now_s(h) - p.first_s : 0);
    if (p.n)
        return after_post(h, &p, deliver(h, &p, ret_wait_s, err), err);
    memcpy(h->cursor, p.next, sizeof(h->cursor));
    return pawl_ok();
}

/* The feed and what waits by turns. */
static pawl_status turn(struct hook *h, bool *ret_more, uint64_t *ret_wait_s, struct pawl_err *err)
{
    PAWL_TRY(look(h, err));
    if (is_anothers(h)) {
        tell(METRIC_WEBHOOK_LAG, &h->told_lag_s, 0);
        tell(METRIC_WEBHOOK_PARKED, &h->told_parked, 0);
        return pawl_ok();
    }
    struct parked *due = h->was_parked ? NULL : parking_due(&h->parking, now_s(h));
    h->was_parked = due != NULL;
    *ret_more = due != NULL;
    pawl_status s = due ? parked_turn(h, due, ret_wait_s, err)
                        : feed_turn(h, ret_more, ret_wait_s, err);
    *ret_more |= parking_due(&h->parking, now_s(h)) != NULL;
    tell(METRIC_WEBHOOK_PARKED, &h->told_parked, (int64_t)h->parking.n);
    return s;
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void log_failed(const struct hook *h, uint64_t ms, const struct pawl_err *err)
{
    char outcome[128];

    snprintf(outcome, sizeof(outcome), "webhook of tenant %s: again in %" PRIu64 " ms",
             h->tenant->name, ms);
    log_line(&(struct log_line){
        .level = LOG_WARN, .outcome = outcome, .where = err->where, .why = err->why });
}

/* How long to wait before the next turn. */
static uint64_t after_turn(struct hook *h, pawl_status s, bool more, uint64_t wait_s,
                           const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return more ? 0 : LOOK_MS;
    if (s.code == PAWL_E_CONFLICT) /* another posts */
        return LOOK_MS;
    uint64_t ms = retry_ms(++h->failures, wait_s);
    metric_add(METRIC_WEBHOOK_FAILED, 0, 1);
    log_failed(h, ms, err);
    return ms;
}

static bool is_other(const struct pawl_secret *a, const struct pawl_secret *b)
{
    return a->n != b->n || (a->n && !pawl_secret_equal(a, b));
}

/* Keys are read again with all others; what cannot be read changes nothing. */
static void follow_keys(struct hook *h)
{
    HOOK_KEYS       keys = { 0 };
    struct pawl_err err;

    material_follow(h->flow);
    if (h->flow->material == h->material)
        return;
    h->material = h->flow->material;
    if (!pawl_is_ok(hook_keys_read(h->tenant->webhook_key, &keys, &err))) {
        log_about(h, NULL, "its key stays as it was", &err);
        return;
    }
    if (is_other(&h->keys.key, &keys.key))
        log_info("webhook of tenant %s: signed by another key", h->tenant->name);
    if (is_other(&h->keys.old, &keys.old))
        log_info("webhook of tenant %s: %s", h->tenant->name,
                 keys.old.n ? "signed by an old key too" : "no old key signs any more");
    hook_keys_done(&h->keys);
    h->keys = keys;
}

static void *run(void *arg)
{
    struct hook *h = arg;
    uint64_t     ms = 0;

    while (post_wait(h->post, ms)) {
        struct pawl_err err;
        bool            more = false;
        uint64_t        wait_s = 0;
        follow_keys(h);
        pawl_status s = turn(h, &more, &wait_s, &err);

        if (post_wait(h->post, 0)) /* else it was given up, and did not fail */
            ms = after_turn(h, s, more, wait_s, &err);
    }
    give_up(h);
    return NULL;
}

/* ---- start and end -------------------------------------------------------------------------- */

static pawl_status open_hook(struct hook *h, struct pawl_err *err)
{
    PAWL_TRY(hook_keys_read(h->tenant->webhook_key, &h->keys, err));
    h->material = h->flow->material;
    PAWL_TRY(post_open(h->tenant->webhook, &h->post, err));
    return look(h, err);
}

pawl_status hook_start(struct flow *flow, const struct tenant_config *tenant, struct hook **ret,
                       struct pawl_err *err)
{
    PAWL_CLEANUP(hook_stop) struct hook *h = calloc(1, sizeof(*h));

    if (!h)
        return pawl_fail(err, PAWL_E_MEMORY, "webhook", "out of memory");
    h->flow = flow;
    h->tenant = tenant;
    h->limit = PAGE_MAX;
    PAWL_TRY(pawl_under(err, tenant->name, open_hook(h, err)));
    if (pthread_create(&h->thread, NULL, run, h))
        return pawl_fail(err, PAWL_E_MEMORY, "webhook", "no thread");
    h->runs = true;
    *ret = h;
    h = NULL;
    return pawl_ok();
}

void hook_stop(struct hook **h)
{
    if (!*h)
        return;
    if ((*h)->runs) {
        post_stop((*h)->post);
        pthread_join((*h)->thread, NULL);
    }
    post_close(&(*h)->post);
    hook_keys_done(&(*h)->keys);
    tell(METRIC_WEBHOOK_LAG, &(*h)->told_lag_s, 0);
    tell(METRIC_WEBHOOK_PARKED, &(*h)->told_parked, 0);
    free(*h);
    *h = NULL;
}
