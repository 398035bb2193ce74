/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: an answer waits for its commit; a lost compare-and-set is planned again, four times in
 * all, and never for a client that is gone; a plan that has nothing to say yet is made again, until
 * it has, the client is gone or the server stops; the store hears of each step whether another is
 * next; every step is released (AddressSanitizer watches).
 */
#include <stdlib.h>
#include <string.h>

#include "t.h"

#include "api/exchange.h"
#include "flow/material.h"

/* ---- what stands around an exchange: a store and a request, made up -------------------------- */

static enum pawl_code commits[8]; /* what each commit will come to */
static unsigned       commit_n, plan_n, finish_n;
static bool           client_gone, has_step;
static enum pawl_code plan_code, finished_with;
static unsigned       waits;    /* plans that say "later" before one has an answer */
static unsigned       waited_n; /* times that it was waited */
static bool           stops;    /* the server: it waits for nothing any more */
static bool           reads_ahead, reads_nothing;
static bool           turn_goes_on;

static void fake_commit(void *self, const struct step *s, store_done_fn *done, void *arg)
{
    struct pawl_err err = { .code = commits[commit_n], .where = "fake", .why = "told so" };

    (void)self;
    assert_true(s->papers || reads_ahead);
    assert_int_equal(finish_n, 0);
    assert_true(s->goes_on == turn_goes_on);
    done((pawl_status){ commits[commit_n++] }, &err, arg);
}

static struct store fake_store = { .commit = fake_commit };
static struct api   fake_api = { .flow = { .store = &fake_store } };

void *http_context(const struct http_request *r)
{
    (void)r;
    return &fake_api;
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
    return turn_goes_on;
}

bool http_after(struct http_request *r, unsigned ms, void (*fn)(struct http_request *r, void *arg),
                void *arg)
{
    if (stops)
        return false;
    assert_int_equal(ms, 200);
    waited_n++;
    fn(r, arg);
    return true;
}

bool http_is_gone(const struct http_request *r)
{
    (void)r;
    return client_gone;
}

const char *http_id(const struct http_request *r)
{
    (void)r;
    return "0123456789abcdef";
}

void material_follow(struct flow *f)
{
    (void)f;
}

const char *http_peer(const struct http_request *r)
{
    (void)r;
    return "192.0.2.1";
}

const char *http_route(const struct http_request *r)
{
    (void)r;
    return "/x";
}

static pawl_status plan(struct exchange *x, struct pawl_err *err)
{
    plan_n++;
    x->again_ms = plan_n <= waits ? 200 : 0;
    x->reads_nothing = reads_nothing;
    if (has_step)
        x->step.papers = strdup("{}");
    if (plan_code != PAWL_OK)
        return pawl_fail(err, plan_code, "plan", "told so");
    return pawl_ok();
}

static void finish(struct exchange *x)
{
    finish_n++;
    finished_with = x->status.code;
    if (x->status.code != PAWL_OK)
        assert_true(x->err.where[0] != 0);
    free(x);
}

static void run(void)
{
    struct exchange *x = calloc(1, sizeof(*x));

    assert_non_null(x);
    x->plan = plan;
    x->finish = finish;
    fake_store.reads_ahead = reads_ahead;
    exchange_run(x);
    assert_int_equal(finish_n, 1);
}

static int fresh(void **state)
{
    (void)state;
    commit_n = plan_n = finish_n = 0;
    client_gone = stops = reads_ahead = reads_nothing = turn_goes_on = false;
    waits = waited_n = 0;
    has_step = true;
    plan_code = PAWL_OK;
    memset(commits, 0, sizeof(commits));
    return 0;
}

/* ---- cases ----------------------------------------------------------------------------------- */

static void nothing_to_commit_is_answered_at_once(void **state)
{
    (void)state;
    has_step = false;
    run();
    assert_int_equal(finished_with, PAWL_OK);
    assert_int_equal(commit_n, 0);
}

static void what_was_read_waits_where_it_may_be_ahead(void **state)
{
    (void)state;
    has_step = false;
    reads_ahead = true;
    commits[0] = PAWL_E_IO;
    run();
    assert_int_equal(finished_with, PAWL_E_IO);
    assert_int_equal(commit_n, 1);
}

static void an_answer_without_the_store_waits_for_none(void **state)
{
    (void)state;
    has_step = false;
    reads_ahead = reads_nothing = true;
    run();
    assert_int_equal(finished_with, PAWL_OK);
    assert_int_equal(commit_n, 0);
}

static void a_step_is_answered_after_its_commit(void **state)
{
    (void)state;
    commits[0] = PAWL_OK;
    run();
    assert_int_equal(finished_with, PAWL_OK);
    assert_int_equal(commit_n, 1);
    assert_int_equal(plan_n, 1);
}

static void the_store_hears_whether_another_step_is_next(void **state)
{
    (void)state;
    turn_goes_on = true;
    run();
    assert_int_equal(commit_n, 1); /* which fake_commit looked at */
}

static void a_lost_commit_is_planned_again(void **state)
{
    (void)state;
    commits[0] = commits[1] = PAWL_E_CONFLICT;
    commits[2] = PAWL_OK;
    run();
    assert_int_equal(finished_with, PAWL_OK);
    assert_int_equal(plan_n, 3);
}

static void four_lost_commits_are_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++)
        commits[i] = PAWL_E_CONFLICT;
    run();
    assert_int_equal(finished_with, PAWL_E_CONFLICT);
    assert_int_equal(plan_n, 4);
}

static void nothing_is_planned_again_for_a_client_that_is_gone(void **state)
{
    (void)state;
    client_gone = true;
    commits[0] = PAWL_E_CONFLICT;
    run();
    assert_int_equal(plan_n, 1);
    assert_int_equal(finished_with, PAWL_E_CONFLICT);
}

static void another_failure_of_the_store_is_final(void **state)
{
    (void)state;
    commits[0] = PAWL_E_IO;
    run();
    assert_int_equal(finished_with, PAWL_E_IO);
    assert_int_equal(plan_n, 1);
}

static void a_plan_that_fails_commits_nothing(void **state)
{
    (void)state;
    plan_code = PAWL_E_FORGED;
    run();
    assert_int_equal(finished_with, PAWL_E_FORGED);
    assert_int_equal(commit_n, 0);
}

static void a_refusal_by_the_plan_itself_is_final(void **state)
{
    (void)state;
    plan_code = PAWL_E_CONFLICT; /* a taken name */
    run();
    assert_int_equal(finished_with, PAWL_E_CONFLICT);
    assert_int_equal(plan_n, 1);
}

static void a_plan_with_nothing_to_say_yet_is_made_again(void **state)
{
    (void)state;
    has_step = false;
    waits = 7; /* more often than a lost commit is */
    run();
    assert_int_equal(finished_with, PAWL_OK);
    assert_int_equal(plan_n, 8);
    assert_int_equal(waited_n, 7);
}

static void nothing_is_waited_for_at_the_end_or_by_nobody(void **state)
{
    (void)state;
    has_step = false;
    waits = 7;
    stops = true;
    run();
    assert_int_equal(finished_with, PAWL_OK);
    assert_int_equal(plan_n, 1);
    fresh(NULL);
    has_step = false;
    waits = 7;
    client_gone = true;
    run();
    assert_int_equal(plan_n, 1);
    assert_int_equal(waited_n, 0);
}

static void who_fails_or_commits_does_not_wait(void **state)
{
    (void)state;
    waits = 7;
    commits[0] = PAWL_OK;
    run();
    assert_int_equal(plan_n, 1);
    fresh(NULL);
    waits = 7;
    plan_code = PAWL_E_RANGE;
    run();
    assert_int_equal(finished_with, PAWL_E_RANGE);
    assert_int_equal(waited_n, 0);
}

static void only_our_own_failures_are_called_so(void **state)
{
    (void)state;
    struct exchange x = { 0 };

    assert_true(exchange_failed(&x)); /* nobody answered */
    for (int c = PAWL_OK; c < PAWL_CODE_COUNT; c++) {
        x.status.code = (enum pawl_code)c;
        assert_int_equal(exchange_failed(&x), c == PAWL_E_IO || c == PAWL_E_MEMORY ||
                                                  c == PAWL_E_CRYPTO || c == PAWL_E_BUG);
    }
}

#define CASE(sentence, function)                                                                   \
    {                                                                                              \
        (sentence), (function), fresh, NULL, NULL                                                  \
    }

int main(void)
{
    const struct CMUnitTest cases[] = {
        CASE("nothing to commit is answered at once", nothing_to_commit_is_answered_at_once),
        CASE("what was read waits where it may be ahead",
             what_was_read_waits_where_it_may_be_ahead),
        CASE("an answer without the store waits for none",
             an_answer_without_the_store_waits_for_none),
        CASE("a step is answered after its commit", a_step_is_answered_after_its_commit),
        CASE("the store hears whether another step is next",
             the_store_hears_whether_another_step_is_next),
        CASE("a lost commit is planned again", a_lost_commit_is_planned_again),
        CASE("four lost commits are enough", four_lost_commits_are_enough),
        CASE("nothing is planned again for a client that is gone",
             nothing_is_planned_again_for_a_client_that_is_gone),
        CASE("another failure of the store is final", another_failure_of_the_store_is_final),
        CASE("a plan that fails commits nothing", a_plan_that_fails_commits_nothing),
        CASE("a refusal by the plan itself is final", a_refusal_by_the_plan_itself_is_final),
        CASE("a plan with nothing to say yet is made again",
             a_plan_with_nothing_to_say_yet_is_made_again),
        CASE("nothing is waited for at the end or by nobody",
             nothing_is_waited_for_at_the_end_or_by_nobody),
        CASE("who fails or commits does not wait", who_fails_or_commits_does_not_wait),
        CASE("only our own failures are called so", only_our_own_failures_are_called_so),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
