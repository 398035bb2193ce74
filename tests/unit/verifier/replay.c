/* SPDX-License-Identifier: Apache-2.0 */
#include "replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct pawl_refusal replay_says_no(struct world *w, struct soft_evidence *ev,
                                   enum pawl_refusal_code code)
{
    soft_evidence_sign(ev, NULL);
    return world_says_no(w, soft_evidence_bytes(ev), code);
}

struct pawl_refusal replay_refused(struct world *w, struct soft_device *d, enum pawl_label label,
                                   enum pawl_refusal_code code)
{
    struct soft_evidence ev;

    world_begin(w, d, label, &ev);
    struct pawl_refusal r = replay_says_no(w, &ev, code);
    if (d->known_epoch < r.known_epoch)
        d->known_epoch = r.known_epoch;
    if (d->attempt < r.last_attempt)
        d->attempt = r.last_attempt;
    return r;
}

void replay_answer_lost(struct world *w, struct soft_device *d, enum pawl_label label)
{
    struct soft_evidence ev;

    world_begin(w, d, label, &ev);
    world_sends(w, &ev);
}

/* ---- the verifier's process ------------------------------------------------------------------ */

static void shut(struct world *w)
{
    step_done(&w->step);
    w->store.store.close(w->store.store.self);
    w->store.open = false;
}

/* Starts; what it kept in memory is gone. */
static void start(struct world *w)
{
    store_fixture_reopen(&w->store);
    flow_memory_free(&w->flow.memory);
    T_OK(flow_memory_make(&w->flow.memory, &w->err), &w->err);
}

void replay_restart(struct world *w)
{
    shut(w);
    start(w);
}

static void copy(const struct world *w, const char *from, const char *to)
{
    char command[200];

    snprintf(command, sizeof(command), "cp %s/%s %s/%s", w->store.dir, from, w->store.dir, to);
    assert_int_equal(system(command), 0);
}

void replay_keep_store(struct world *w)
{
    shut(w);
    copy(w, "pawl.db", "copy.db");
    start(w);
}

/* The store takes the wall's time for the moment; the world has a clock of its own. */
void replay_put_back(struct world *w)
{
    char sql[80];

    shut(w);
    copy(w, "copy.db", "pawl.db");
    start(w);
    assert_true(w->store.store.restored_ms(w->store.store.self) > 0);
    w->now_ms += 1000;
    snprintf(sql, sizeof(sql), "UPDATE history SET restored_ms = %" PRId64, w->now_ms);
    store_exec(&w->store, sql);
    replay_restart(w);
    w->now_ms += 1000;
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static bool is_root(const struct epoch_root *root, const struct soft_device *d)
{
    return root->present && memcmp(root->kid, d->root.kid, PAWL_KID) == 0;
}

void replay_in_step(struct world *w, struct soft_device *d)
{
    struct ratchet r = world_ratchet(w, d);

    assert_true(is_root(&r.current, d) || is_root(&r.pending, d));
    world_attest(w, d);
    r = world_ratchet(w, d);
    assert_true(is_root(&r.current, d));
    assert_int_equal(world_all_incidents(w), 0);
}
