/* SPDX-License-Identifier: Apache-2.0 */
#include "local/answer.h"

#include "flow/inbox.h"

static pawl_status messages_off(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_STATE, "messages", "are off");
}

static pawl_status acknowledged(const struct shared_things *t, struct pawl_local_ans *ret,
                                struct pawl_err *err)
{
    if (!t->queue)
        return messages_off(err);
    *ret = (struct pawl_local_ans){ .say = PAWL_LOCAL_ACKNOWLEDGED,
                                    .id = spool_facts(t->queue).done_id };
    return pawl_ok();
}

static pawl_status next(const struct shared_things *t, uint64_t after, uint8_t *body,
                        struct pawl_local_ans *ret, struct pawl_err *err)
{
    struct pawl_local_ans a = { .say = PAWL_LOCAL_MESSAGE };
    size_t                n = 0;

    if (!t->inbox)
        return messages_off(err);
    PAWL_TRY(inbox_next(t->inbox, after, &a.id, body, PAWL_BODY_MAX, &n, err));
    a.body = pawl_view(body, n);
    *ret = a;
    return pawl_ok();
}

static pawl_status taken(const struct shared_things *t, uint64_t id, struct pawl_local_ans *ret,
                         struct pawl_err *err)
{
    if (!t->inbox)
        return messages_off(err);
    PAWL_TRY(spool_take(t->inbox, id, err));
    PAWL_TRY(spool_sync(t->inbox, err));
    *ret = (struct pawl_local_ans){ .say = PAWL_LOCAL_DONE };
    return pawl_ok();
}

/* Older epochs' keys are gone; of younger ones nobody has any. */
static pawl_status key(const struct shared_things *t, const struct pawl_local_req *m, uint8_t *body,
                       struct pawl_local_ans *ret, struct pawl_err *err)
{
    PAWL_SECRET k = { 0 };

    if (m->epoch && m->epoch != t->epoch)
        return pawl_fail(err, PAWL_E_ABSENT, "epoch", "is not ours now");
    PAWL_TRY(pawl_app_key(t->exporter, m->label, m->context, (size_t)m->n, &k, err));
    struct pawl_wr w = pawl_wr_to(body, PAWL_BODY_MAX);
    pawl_wr_bytes(&w, pawl_secret_view(&k));
    *ret = (struct pawl_local_ans){ .say = PAWL_LOCAL_A_KEY, .epoch = t->epoch };
    return pawl_wr_end(&w, "key", &ret->body, err);
}

static struct pawl_local_facts facts(const struct shared_things *t)
{
    struct pawl_local_facts f = { .epoch = t->epoch };

    if (!t->queue)
        return f;
    struct spool_facts queue = spool_facts(t->queue), inbox = spool_facts(t->inbox);
    f.queue = queue.n;
    f.queue_bytes = queue.body_n;
    f.queue_max = queue.cap_n;
    f.inbox = inbox.n;
    f.inbox_bytes = inbox.body_n;
    f.inbox_max = inbox.cap_n;
    return f;
}

static pawl_status answer(const struct shared_things *t, const struct pawl_local_req *m,
                          uint8_t *body, struct pawl_local_ans *ret, struct pawl_err *err)
{
    switch (m->ask) {
    case PAWL_LOCAL_SENT:
        return acknowledged(t, ret, err);
    case PAWL_LOCAL_RECEIVE:
        return next(t, m->id, body, ret, err);
    case PAWL_LOCAL_TAKEN:
        return taken(t, m->id, ret, err);
    case PAWL_LOCAL_FOLLOW:
        *ret = (struct pawl_local_ans){ .say = PAWL_LOCAL_DONE };
        return t->inbox ? pawl_ok() : messages_off(err);
    case PAWL_LOCAL_KEY:
        return key(t, m, body, ret, err);
    case PAWL_LOCAL_STATUS:
        *ret = (struct pawl_local_ans){ .say = PAWL_LOCAL_FACTS, .facts = facts(t) };
        return pawl_ok();
    default:
        return pawl_fail(err, PAWL_E_BUG, "request", "%d", (int)m->ask);
    }
}

pawl_status answer_request(struct shared *s, const struct pawl_local_req *m,
                           uint8_t body[PAWL_BODY_MAX], struct pawl_local_ans *ret,
                           struct pawl_err *err)
{
    struct shared_things t;

    pawl_status done = shared_use(s, &t, err);
    if (!pawl_is_ok(done)) {
        if (m->ask != PAWL_LOCAL_STATUS)
            return done;
        *ret = (struct pawl_local_ans){ .say = PAWL_LOCAL_FACTS }; /* there is nothing yet */
        return pawl_ok();
    }
    done = answer(&t, m, body, ret, err);
    shared_done(s);
    return done;
}

pawl_status answer_message(struct shared *s, uint64_t after, uint8_t body[PAWL_BODY_MAX],
                           struct pawl_local_ans *ret, struct pawl_err *err)
{
    const struct pawl_local_req m = { .ask = PAWL_LOCAL_RECEIVE, .id = after };

    return answer_request(s, &m, body, ret, err);
}
