/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: of steps that are handed over in a row only the last wakes a thread, which finds them
 * all, in order; what goes on behind them, or fails, keeps nobody waiting. */
#include <pthread.h>

#include "store/queue.h"
#include "t.h"

static unsigned wakes;

/* The queue's: nobody waits here. */
int pthread_cond_signal(pthread_cond_t *c)
{
    (void)c;
    wakes++;
    return 0;
}

static void count(pawl_status status, const struct pawl_err *err, void *arg)
{
    unsigned *done = arg;

    (void)err;
    assert_true(pawl_is_ok(status));
    ++*done;
}

static void a_row_of_steps_wakes_once_and_is_taken_whole(void **state)
{
    (void)state;
    struct queue q;
    struct step  s[3] = { { .goes_on = true }, { .goes_on = true }, { 0 } };
    unsigned     done = 0;

    queue_make(&q);
    wakes = 0;
    queue_commit(&q, &s[0], count, &done);
    queue_commit(&q, &s[1], count, &done);
    assert_int_equal(wakes, 0);
    queue_commit(&q, &s[2], count, &done);
    assert_int_equal(wakes, 1);
    struct job *group = queue_take(&q, SIZE_MAX);
    assert_int_equal(group_length(group), 3);
    assert_ptr_equal(group->step, &s[0]);
    assert_ptr_equal(group->next->next->step, &s[2]);
    assert_null(queue_take(&q, SIZE_MAX));
    queue_finish(&q, group, NULL);
    assert_int_equal(done, 3);
    queue_done(&q);
}

static void a_job_that_goes_on_wakes_by_itself(void **state)
{
    (void)state;
    struct queue q;
    unsigned     done = 0;

    queue_make(&q);
    wakes = 0;
    queue_forget(&q, pawl_view_str("acme"), 1, count, &done);
    assert_int_equal(wakes, 1);
    struct job *group = queue_take(&q, SIZE_MAX);
    group->again = true;
    queue_finish(&q, group, NULL);
    assert_int_equal(wakes, 2);
    assert_int_equal(done, 0);
    group = queue_take(&q, SIZE_MAX);
    group->again = false;
    queue_finish(&q, group, NULL);
    assert_int_equal(done, 1);
    queue_done(&q);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a row of steps wakes once and is taken whole",
               a_row_of_steps_wakes_once_and_is_taken_whole),
        T_CASE("a job that goes on wakes by itself", a_job_that_goes_on_wakes_by_itself),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
