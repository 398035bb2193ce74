/* SPDX-License-Identifier: Apache-2.0 */
#include "own.h"

#include <time.h>

bool own_has_queued(const struct rounds *r)
{
    struct spool *queue = r->flow.live.queue;

    return queue && spool_facts(queue).n;
}

static void sleep_ms(int64_t ms)
{
    const struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

pawl_status own_exchange(struct rounds *r, bool wait, struct pawl_err *err)
{
    pawl_status last = pawl_ok();

    for (;;) {
        struct schedule_next next = rounds_next(r);
        int64_t              left_ms = next.at_ms - rounds_now_ms(r);
        if (left_ms > 0 && !(wait && own_has_queued(r)))
            return last;
        if (left_ms > 0) /* another look each second: time changes more than is planned */
            sleep_ms(left_ms < 1000 ? left_ms : 1000);
        else
            last = rounds_do(r, &next, err);
    }
}

pawl_status own_check(const struct rounds *r, struct pawl_err *err)
{
    const struct live *l = &r->flow.live;

    if (!l->open)
        return pawl_fail(err, PAWL_E_STATE, "state", "there is no epoch: enrol or resync first");
    if (!l->queue)
        return pawl_fail(err, PAWL_E_STATE, "messages", "are off");
    return pawl_ok();
}

/* Whatever is wrong with configuration or state: nobody else was asked yet. */
static pawl_status open_flow(const struct config *c, struct flow *ret, struct pawl_err *err)
{
    pawl_status s = flow_open(c, ret, err);

    if (pawl_is_ok(s) || s.code == PAWL_E_CONFLICT)
        return s;
    err->code = PAWL_E_STATE;
    return (pawl_status){ PAWL_E_STATE };
}

pawl_status own_open(const struct config *c, struct rounds *r, struct pawl_err *err)
{
    PAWL_TRY(open_flow(c, &r->flow, err));
    PAWL_TRY(flow_live(&r->flow, err));
    r->quiet = true;
    rounds_begin(r, true);
    if (r->flow.live.lost) /* a resync brings the next epoch */
        PAWL_TRY(own_exchange(r, false, err));
    return own_check(r, err);
}
