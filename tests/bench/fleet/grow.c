/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment in the verifier's own process: its flows, its store, its keys, no network. Each thread
 * has some devices under way at once, so that the store's thread finds much to commit together.
 *
 * Invariant: what a device remembers and what the store holds are the same, whenever this ends.
 */
#include "fleet.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "flow/operator.h"
#include "state.h"

enum { BATCH = 64, REQUEST = 64 * 1024, TURNS_SHOWN = 10000 };

/* One device under way. */
struct seat {
    struct fleet_talk talk;
    struct answer     answer;
    uint8_t           room[PAWL_RESULT_MAX]; /* for its body */
    struct step       step;
    pawl_status       status;
    struct pawl_err   err;
    struct batch     *batch;
};

struct batch {
    pthread_mutex_t lock;
    pthread_cond_t  all;
    size_t          open; /* commits under way */
    struct seat     seat[BATCH];
};

struct grow {
    struct fleet            *fleet;
    const struct fleet_grow *options;
    struct state             state;
    atomic_size_t            next, done;
    atomic_bool              failed;
    uint64_t                 begin_us;
    pthread_mutex_t          lock;
    struct pawl_err          err; /* the first one */
};

static void on_committed(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct seat *s = arg;

    pthread_mutex_lock(&s->batch->lock);
    s->status = status;
    if (!pawl_is_ok(status))
        s->err = *err;
    if (--s->batch->open == 0)
        pthread_cond_signal(&s->batch->all);
    pthread_mutex_unlock(&s->batch->lock);
}

/* Both requests; the second one's step is on its way to the disk when this returns. */
static pawl_status enrol(struct fleet *fleet, struct flow *flow, struct seat *s,
                         struct pawl_err *err)
{
    static _Thread_local uint8_t request[REQUEST];
    const char                  *path;
    struct pawl_wr               w = pawl_wr_to(request, sizeof(request));

    PAWL_TRY(fleet_talk_turn(fleet, &s->talk, 0, pawl_view(NULL, 0), &w, &path, err));
    PAWL_TRY(flow_enrol(flow, pawl_view(request, w.n), &s->answer, &s->step, err));
    w = pawl_wr_to(request, sizeof(request));
    PAWL_TRY(fleet_talk_turn(fleet, &s->talk, s->answer.http,
                             pawl_view(s->answer.body, s->answer.n), &w, &path, err));
    PAWL_TRY(flow_evidence(flow, pawl_view(request, w.n), &s->answer, &s->step, err));
    if (s->answer.http != 200)
        return pawl_fail(err, PAWL_E_DENIED, "enrol", "%d: %s", s->answer.http, s->answer.outcome);
    pthread_mutex_lock(&s->batch->lock);
    s->batch->open++;
    pthread_mutex_unlock(&s->batch->lock);
    flow->store->commit(flow->store->self, &s->step, on_committed, s);
    return pawl_ok();
}

static pawl_status finish(struct fleet *fleet, struct seat *s, struct pawl_err *err)
{
    struct pawl_wr nothing = pawl_wr_to(NULL, 0);
    const char    *path;

    step_done(&s->step);
    if (!pawl_is_ok(s->status)) {
        *err = s->err;
        return s->status;
    }
    return fleet_talk_turn(fleet, &s->talk, s->answer.http, pawl_view(s->answer.body, s->answer.n),
                           &nothing, &path, err);
}

static pawl_status run_batch(struct grow *g, struct flow *flow, struct batch *b, size_t first,
                             size_t n, struct pawl_err *err)
{
    pawl_status good = pawl_ok();
    size_t      begun = 0;

    for (; begun < n && pawl_is_ok(good); begun++) {
        struct seat *s = &b->seat[begun];
        s->answer.body = s->room;
        fleet_talk_begin(&s->talk, FLEET_ENROL, first + begun);
        s->batch = b;
        s->status = pawl_ok();
        memset(&s->step, 0, sizeof(s->step));
        good = enrol(g->fleet, flow, s, err);
        if (!pawl_is_ok(good)) {
            step_done(&s->step);
            break;
        }
    }
    pthread_mutex_lock(&b->lock);
    while (b->open)
        pthread_cond_wait(&b->all, &b->lock);
    pthread_mutex_unlock(&b->lock);
    for (size_t i = 0; i < begun; i++) {
        pawl_status s = finish(g->fleet, &b->seat[i], err);
        if (!pawl_is_ok(s))
            good = s;
    }
    return good;
}

static void show(struct grow *g, size_t n)
{
    size_t before = atomic_fetch_add(&g->done, n), now = before + n;

    if (now / TURNS_SHOWN == before / TURNS_SHOWN)
        return;
    uint64_t us = fleet_now_us() - g->begin_us;
    fprintf(stderr, "fleet: %zu of %zu enrolled, %" PRIu64 " a second\n", now, g->options->n,
            us ? (uint64_t)now * 1000000 / us : 0);
}

static void *run(void *arg)
{
    struct grow    *g = arg;
    size_t          end = g->options->first + g->options->n, first;
    struct flow     flow;
    struct pawl_err err;
    struct batch   *b = calloc(1, sizeof(*b));

    if (!b)
        abort();
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->all, NULL);
    pawl_status s = state_flow(&g->state, &flow, &err);
    while (pawl_is_ok(s) && !atomic_load(&g->failed) &&
           (first = atomic_fetch_add(&g->next, BATCH)) < end) {
        size_t n = end - first < BATCH ? end - first : BATCH;
        s = run_batch(g, &flow, b, first, n, &err);
        show(g, n);
    }
    if (!pawl_is_ok(s) && !atomic_exchange(&g->failed, true))
        g->err = err;
    state_flow_done(&flow);
    pthread_cond_destroy(&b->all);
    pthread_mutex_destroy(&b->lock);
    free(b);
    return NULL;
}

/* ---- the policy ----------------------------------------------------------------------------- */

typedef pawl_status change_fn(struct flow *f, const struct tenant_config *tenant,
                              struct pawl_view body, char **ret, struct step *step,
                              struct pawl_err *err);

static pawl_status change(struct flow *flow, const struct tenant_config *tenant, change_fn *fn,
                          const char *body, struct pawl_err *err)
{
    PAWL_CLEANUP(step_done) struct step step = { 0 };
    char                               *json = NULL;

    PAWL_TRY(fn(flow, tenant, pawl_view_str(body), &json, &step, err));
    free(json);
    return store_commit_wait(flow->store, &step, err);
}

/* What the first device looks like is good from now on. */
static pawl_status learn(struct grow *g, struct pawl_err *err)
{
    const struct tenant_config *tenant = config_tenant(&g->state.config,
                                                       pawl_view_str(g->fleet->tenant));
    char                        id[2 * PAWL_DEVICE_ID + 1], body[160];
    struct flow                 flow;

    PAWL_TRY(
        pawl_hex_write(PAWL_VIEW_OF(g->fleet->device[g->options->first].id), id, sizeof(id), err));
    snprintf(body, sizeof(body), "{\"name\":\"fleet\",\"device\":\"%s\"}", id);
    PAWL_TRY(state_flow(&g->state, &flow, err));
    pawl_status s = change(&flow, tenant, operator_policy_learn, body, err);
    if (pawl_is_ok(s))
        s = change(&flow, tenant, operator_default_policy, "{\"policy\":\"fleet\"}", err);
    state_flow_done(&flow);
    return s;
}

/* ---- all of it ------------------------------------------------------------------------------ */

static uint64_t bytes_of(const char *dir, const char *name)
{
    char        path[4096];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static pawl_status grow_all(struct grow *g, struct pawl_err *err)
{
    enum { THREADS_MAX = 64 };
    const struct fleet_grow *o = g->options;
    pthread_t                thread[THREADS_MAX];
    unsigned                 n = o->threads < THREADS_MAX ? o->threads : THREADS_MAX, begun = 0;

    g->begin_us = fleet_now_us();
    atomic_init(&g->next, o->first);
    while (begun < n && pthread_create(&thread[begun], NULL, run, g) == 0)
        begun++;
    for (unsigned i = 0; i < begun; i++)
        pthread_join(thread[i], NULL);
    if (atomic_load(&g->failed) || !begun) {
        *err = g->err;
        return (pawl_status){ PAWL_E_IO };
    }
    uint64_t us = fleet_now_us() - g->begin_us;
    if (o->learn)
        PAWL_TRY(learn(g, err));
    printf("{\"job\": \"grow\", \"devices\": %zu, \"us\": %" PRIu64 ", \"per_second\": %" PRIu64,
           o->n, us, (uint64_t)o->n * 1000000 / (us ? us : 1));
    return pawl_ok();
}

/* Whose verifier it is, as a device would be told. */
static pawl_status learn_verifier(struct grow *g, struct pawl_err *err)
{
    char             text[STATE_JOIN_MAX];
    struct pawl_join join;

    PAWL_TRY(state_join(&g->state, &g->state.config.tenant[0], false, text, err));
    PAWL_TRY(pawl_join_parse(text, &join, err));
    memcpy(g->fleet->tenant, join.tenant, sizeof(g->fleet->tenant));
    memcpy(g->fleet->verifier_id, join.verifier_key, sizeof(g->fleet->verifier_id));
    return pawl_ok();
}

pawl_status fleet_grow(struct fleet *f, const struct fleet_grow *o, struct pawl_err *err)
{
    static struct grow g;

    g.fleet = f;
    g.options = o;
    pawl_status s = state_open(o->state, &g.state, err);
    if (pawl_is_ok(s))
        s = learn_verifier(&g, err);
    if (pawl_is_ok(s))
        s = grow_all(&g, err);
    state_close(&g.state); /* the log goes into the file */
    if (pawl_is_ok(s))
        printf(", \"database_bytes\": %" PRIu64 "}\n", bytes_of(o->state, "pawl.db"));
    return s;
}
