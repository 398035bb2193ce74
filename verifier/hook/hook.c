/* SPDX-License-Identifier: Apache-2.0 */
#include "hook/hook.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "flow/material.h"
#include "flow/operator.h"
#include "hook/post.h"
#include "hook/signature.h"
#include "log.h"
#include "metrics.h"

enum { LOOK_MS = 500, RETRY_MIN_MS = 1000, RETRY_MAX_MS = 5 * 60 * 1000, PAGE_MAX = 100 };

static const char consumer[] = "webhook";

struct hook {
    struct flow                *flow;
    const struct tenant_config *tenant;
    struct post                *post;
    struct pawl_secret          key;
    char                        cursor[48]; /* behind what it took, and what is not listed */
    unsigned                    failures;   /* since it last took something */
    uint64_t                    limit;      /* entries of the next page */
    bool                        runs;
    pthread_t                   thread;
};

static void free_text(char **s)
{
    free(*s);
}

/* ---- one page ------------------------------------------------------------------------------- */

/* What is in a page: where to go on, and whether there is anything to tell. */
static pawl_status look_into(const char *page, char ret_next[48], bool *ret_empty,
                             struct pawl_err *err)
{
    cJSON      *j = cJSON_Parse(page);
    const char *next = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "next"));
    bool        fits = next && strlen(next) < 48;

    if (fits) {
        snprintf(ret_next, 48, "%s", next);
        *ret_empty = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(j, "messages")) == 0;
    }
    cJSON_Delete(j);
    return fits ? pawl_ok() : pawl_fail(err, PAWL_E_BUG, "messages.next", "is no cursor");
}

static pawl_status deliver(struct hook *h, const char *page, uint64_t *ret_wait_s,
                           struct pawl_err *err)
{
    char             signature[HOOK_SIGNATURE_MAX];
    struct pawl_view body = pawl_view_str(page);
    int64_t          now_s = h->flow->now_ms(h->flow->now_arg) / 1000;

    PAWL_TRY(hook_signature(&h->key, now_s, body, signature, err));
    const struct post_header header[] = {
        { "Content-Type", "application/json" },
        { "Pawl-Tenant", h->tenant->name },
        { "Pawl-Signature", signature },
    };
    return post_send(h->post, header, sizeof(header) / sizeof(header[0]), body, ret_wait_s, err);
}

static pawl_status keep_cursor(struct hook *h, const char *next, struct pawl_err *err)
{
    PAWL_CLEANUP(step_done) struct step step = { .has_cursor = true };

    memcpy(step.tenant, h->tenant->name, sizeof(step.tenant));
    memcpy(step.consumer, consumer, sizeof(consumer));
    snprintf(step.cursor, sizeof(step.cursor), "%s", next);
    return store_commit_wait(h->flow->store, &step, err);
}

/* *ret_more: something came, and there may be more at once. Where a page is empty, its cursor is
 * behind what is not listed: that is worth no write. */
static pawl_status turn(struct hook *h, bool *ret_more, uint64_t *ret_wait_s, struct pawl_err *err)
{
    PAWL_CLEANUP(free_text) char *page = NULL;
    struct message_query          q = { .limit = h->limit };
    char                          next[48];
    bool                          empty = true;

    memcpy(q.after, h->cursor, sizeof(q.after));
    PAWL_TRY(operator_messages(h->flow, h->tenant, &q, &page, ret_more, err));
    PAWL_TRY(look_into(page, next, &empty, err));
    if (!empty) {
        PAWL_TRY(deliver(h, page, ret_wait_s, err));
        PAWL_TRY(keep_cursor(h, next, err));
    }
    memcpy(h->cursor, next, sizeof(h->cursor));
    return pawl_ok();
}

/* ---- the thread ----------------------------------------------------------------------------- */

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

static void log_failed(const struct hook *h, uint64_t ms, const struct pawl_err *err)
{
    char outcome[128];

    snprintf(outcome, sizeof(outcome), "webhook of tenant %s: again in %llu ms", h->tenant->name,
             (unsigned long long)ms);
    log_line(&(struct log_line){
        .level = LOG_WARN, .outcome = outcome, .where = err->where, .why = err->why });
}

/* How long to wait before the next turn. What was too long for the receiver or its line comes in
 * shorter pages. */
static uint64_t after_turn(struct hook *h, pawl_status s, bool more, uint64_t wait_s,
                           const struct pawl_err *err)
{
    if (!pawl_is_ok(s)) {
        uint64_t ms = retry_ms(++h->failures, wait_s);
        metric_add(METRIC_WEBHOOK_FAILED, 0, 1);
        h->limit = h->limit > 4 ? h->limit / 4 : 1;
        log_failed(h, ms, err);
        return ms;
    }
    if (h->failures)
        log_info("webhook of tenant %s: taken, after %u failures", h->tenant->name, h->failures);
    h->failures = 0;
    h->limit = 2 * h->limit < PAGE_MAX ? 2 * h->limit : PAGE_MAX;
    return more ? 0 : LOOK_MS;
}

static void *run(void *arg)
{
    struct hook *h = arg;
    uint64_t     ms = 0;

    while (post_wait(h->post, ms)) {
        struct pawl_err err;
        bool            more = false;
        uint64_t        wait_s = 0;
        material_follow(h->flow);
        pawl_status s = turn(h, &more, &wait_s, &err);

        if (post_wait(h->post, 0)) /* else it was given up, and did not fail */
            ms = after_turn(h, s, more, wait_s, &err);
    }
    return NULL;
}

/* ---- start and end -------------------------------------------------------------------------- */

static pawl_status open_hook(struct hook *h, struct pawl_err *err)
{
    const struct store *store = h->flow->store;

    PAWL_TRY(hook_key_read(h->tenant->webhook_key, &h->key, err));
    PAWL_TRY(post_open(h->tenant->webhook, &h->post, err));
    pawl_status s = store->cursor(store->self, pawl_view_str(h->tenant->name), consumer, h->cursor,
                                  err);
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s;
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
    pawl_secret_wipe(&(*h)->key);
    free(*h);
    *h = NULL;
}
