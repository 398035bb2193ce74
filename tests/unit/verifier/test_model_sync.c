/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the counterexamples of tests/model/sync.pml against the verifier's flows, the device in
 * software: each case is the shortest story of what goes wrong without the rule that it names. With
 * the rule device and verifier are in step at its end, and nobody is called a fork.
 *
 * The device's own rules of that model are in tests/unit/agent/test_model_device.c.
 */
#include <string.h>

#include "api/exchange.h"
#include "ratchet/plan.h"
#include "replay.h"

static void begin(struct world *w, struct soft_device *d)
{
    world_make(w);
    w->config.tenant[ACME].resync_auto = true;
    world_settled(w, d);
}

/* ---- the order ------------------------------------------------------------------------------- */

/* The first of two rekeys is overtaken. The device holds the root of the second when it comes. */
static void an_overtaken_request_takes_no_root_away(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence late, ev;

    begin(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &late);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    world_sends(&w, &ev);
    world_adopt(&w, &d, &ev, NULL);
    replay_says_no(&w, &late, PAWL_REFUSAL_ATTEMPT);
    world_says_no(&w, soft_evidence_bytes(&ev),
                  PAWL_REFUSAL_ATTEMPT); /* nor one that is repeated */
    replay_in_step(&w, &d);
}

/* The device rekeys on a root that the verifier has never seen in use; the answer is lost. */
static void a_lost_answer_does_not_bury_the_base(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    world_rekey(&w, &d);
    w.now_ms += PAWL_REKEY_MIN_MS;
    replay_answer_lost(&w, &d, PAWL_LABEL_REKEY);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2); /* promoted, not discarded */
    replay_in_step(&w, &d);
    replay_answer_lost(&w, &d, PAWL_LABEL_REKEY);
    world_rekey(&w, &d);
    replay_in_step(&w, &d);
}

/* ---- durable before the answer --------------------------------------------------------------- */

/* A process of the verifier that dies between plan and commit. */
struct mortal {
    struct exchange x;
    struct world   *w;
    struct api      api;
    bool            dies, answered;
};

static struct mortal *the_exchange;

static void commit_or_die(void *self, const struct step *s, store_done_fn *done, void *arg)
{
    struct mortal *m = the_exchange;

    (void)self;
    if (m->dies)
        return; /* nobody is there to hear of it */
    pawl_status status = store_commit_wait(&m->w->store.store, s, &m->w->err);
    done(status, &m->w->err, arg);
}

static struct store mortal_store;

void *http_context(const struct http_request *r)
{
    (void)r;
    return &the_exchange->api;
}

void http_later(struct http_request *r, void (*fn)(struct http_request *r, void *arg), void *arg)
{
    fn(r, arg);
}

void http_after_turn(struct http_request *r, void (*fn)(struct http_request *r, void *arg),
                     void                *arg)
{
    fn(r, arg);
}

bool http_turn_goes_on(const struct http_request *r)
{
    (void)r;
    return false;
}

bool http_after(struct http_request *r, unsigned ms, void (*fn)(struct http_request *r, void *arg),
                void *arg)
{
    (void)r, (void)ms, (void)fn, (void)arg;
    return false;
}

bool http_is_gone(const struct http_request *r)
{
    (void)r;
    return false;
}

const char *http_id(const struct http_request *r)
{
    (void)r;
    return "0123456789abcdef";
}

const char *http_peer(const struct http_request *r)
{
    (void)r;
    return "local";
}

const char *http_route(const struct http_request *r)
{
    (void)r;
    return PAWL_ROUTE_EVIDENCE;
}

static struct soft_evidence *asked;

static pawl_status plan_evidence(struct exchange *x, struct pawl_err *err)
{
    struct world *w = the_exchange->w;

    return flow_evidence(&w->flow, soft_evidence_bytes(asked), &w->answer, &x->step, err);
}

static void answer_leaves(struct exchange *x)
{
    assert_true(pawl_is_ok(x->status));
    the_exchange->answered = true;
}

/* Whether an answer left. */
static bool exchanges(struct world *w, struct soft_evidence *ev, bool dies)
{
    struct mortal m = { .w = w, .dies = dies };

    m.x.plan = plan_evidence;
    m.x.finish = answer_leaves;
    mortal_store = w->store.store;
    mortal_store.commit = commit_or_die;
    m.api.flow.store = &mortal_store;
    the_exchange = &m;
    asked = ev;
    soft_evidence_sign(ev, NULL);
    exchange_run(&m.x);
    step_done(&m.x.step);
    return m.answered;
}

/* A rekey is planned, and the verifier dies. Had the answer left, the device would hold a root that
 * nobody else knows. */
static void no_answer_leaves_a_verifier_that_dies(void **state)
{
    (void)state;
    WORLD                w;
    DEVICE               d;
    struct soft_evidence ev;

    begin(&w, &d);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    assert_false(exchanges(&w, &ev, true));
    replay_restart(&w);
    assert_false(world_ratchet(&w, &d).pending.present);
    world_begin(&w, &d, PAWL_LABEL_REKEY, &ev);
    assert_true(exchanges(&w, &ev, false));
    world_adopt(&w, &d, &ev, NULL);
    replay_restart(&w);
    replay_in_step(&w, &d);
}

/* The first message under the pending root was taken, and what it changed is lost: the root is
 * pending again, which keeps the device in step all the same. */
static void a_promotion_that_is_lost_does_no_harm(void **state)
{
    (void)state;
    WORLD                     w;
    DEVICE                    d;
    static struct soft_log    log;
    static struct soft_answer a;

    world_make(&w);
    world_speaks(&w, &d, &log);
    world_rekey(&w, &d);
    soft_log_turn(&d, &log);
    struct ratchet   before = world_ratchet(&w, &d);
    struct pawl_view one = soft_log_say(&log, "one");
    world_says(&w, &d, &log.e, &one, 1, &a);
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    replay_restart(&w); /* durable before the acknowledgement */
    assert_int_equal(world_ratchet(&w, &d).current.epoch, 2);
    store_exec(&w.store, "DELETE FROM generation WHERE epoch = 2");
    world_puts(&w, &d, &before);
    replay_in_step(&w, &d);
}

/* ---- a loss of state ------------------------------------------------------------------------- */

static void who_lost_its_state_is_no_fork(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    soft_device_forget(&d);
    replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    replay_refused(&w, &d, PAWL_LABEL_ATTEST, PAWL_REFUSAL_UNKNOWN_BASE);
    world_resync(&w, &d);
    replay_in_step(&w, &d);
}

static void a_lost_answer_to_the_resync_of_a_lost_state_needs_nobody(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    soft_device_forget(&d);
    replay_answer_lost(&w, &d, PAWL_LABEL_RESYNC);
    w.now_ms += 10000;
    replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    world_resync(&w, &d);
    replay_in_step(&w, &d);
    soft_device_forget(&d); /* now it is spent */
    replay_refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
}

/* ---- the store went back --------------------------------------------------------------------- */

/* The copy was made while a rekey was pending whose answer got lost; the device holds the root of
 * the next one, which has the same epoch as the pending one of the copy. */
static void a_base_of_the_epoch_that_is_pending_in_the_copy_comes_back(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    replay_answer_lost(&w, &d, PAWL_LABEL_REKEY);
    replay_keep_store(&w);
    world_rekey(&w, &d);
    replay_put_back(&w);
    assert_true(world_ratchet(&w, &d).pending.epoch == d.root.epoch);
    replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    world_resync(&w, &d); /* and nobody is asked */
    replay_in_step(&w, &d);
}

static void a_lost_answer_to_the_resync_with_an_older_store_needs_nobody(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    replay_keep_store(&w);
    world_rekey(&w, &d);
    replay_in_step(&w, &d);
    replay_put_back(&w);
    replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    replay_answer_lost(&w, &d, PAWL_LABEL_RESYNC);
    w.now_ms += 10000;
    replay_refused(&w, &d, PAWL_LABEL_REKEY, PAWL_REFUSAL_UNKNOWN_BASE);
    world_resync(&w, &d);
    replay_in_step(&w, &d);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* The state directory was put back before any slot was written, so its slot still opens: to the
 * verifier that is a copy of the device, and it says so. A person's leave brings it back. */
static void a_directory_put_back_within_an_epoch_is_called_a_fork(void **state)
{
    (void)state;
    WORLD  w;
    DEVICE d;

    begin(&w, &d);
    struct soft_device old = d;
    d.boot_id[0]++;
    world_attest(&w, &d);
    d.attempt = old.attempt;
    d.boot_id[0]++;
    replay_refused(&w, &d, PAWL_LABEL_ATTEST, PAWL_REFUSAL_FORKED);
    assert_int_equal(world_incidents(&w, RULE_E5), 1);
    replay_refused(&w, &d, PAWL_LABEL_RESYNC, PAWL_REFUSAL_WAIT_FOR_APPROVAL);
    world_attest(&w, &d); /* its base is still ours */
    assert_int_equal(world_all_incidents(&w), 1);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("R_ATT: an overtaken request takes no root away",
               an_overtaken_request_takes_no_root_away),
        T_CASE("R_PROM: a lost answer does not bury the base",
               a_lost_answer_does_not_bury_the_base),
        T_CASE("R_V1: no answer leaves a verifier that dies",
               no_answer_leaves_a_verifier_that_dies),
        T_CASE("R_V3: a promotion that is lost does no harm",
               a_promotion_that_is_lost_does_no_harm),
        T_CASE("R_NOBASE: who lost its state is no fork", who_lost_its_state_is_no_fork),
        T_CASE("R_SPENT: a lost answer to the resync of a lost state needs nobody",
               a_lost_answer_to_the_resync_of_a_lost_state_needs_nobody),
        T_CASE("R_AUTO: a base of the epoch that is pending in the copy comes back",
               a_base_of_the_epoch_that_is_pending_in_the_copy_comes_back),
        T_CASE("R_SPENT: a lost answer to the resync with an older store needs nobody",
               a_lost_answer_to_the_resync_with_an_older_store_needs_nobody),
        T_CASE("DIR: a directory put back within an epoch is called a fork",
               a_directory_put_back_within_an_epoch_is_called_a_fork),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
