/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/shared.h"

#include <pthread.h>
#include <stdlib.h>

#include "flow/live.h"

struct shared {
    pthread_mutex_t      lock;
    bool                 lent;
    struct shared_things things;
    struct pawl_secret   exporter; /* a copy: the slot changes under the flows' hands */
};

pawl_status shared_make(struct shared **ret, struct pawl_err *err)
{
    struct shared *s = calloc(1, sizeof(*s));

    if (!s || pthread_mutex_init(&s->lock, NULL)) {
        free(s);
        return pawl_fail(err, PAWL_E_MEMORY, "state", "out of memory");
    }
    s->things.exporter = &s->exporter;
    *ret = s;
    return pawl_ok();
}

void shared_free(struct shared **s)
{
    if (!*s)
        return;
    pthread_mutex_destroy(&(*s)->lock);
    pawl_secret_wipe(&(*s)->exporter);
    free(*s);
    *s = NULL;
}

void shared_lend(struct shared *s, const struct live *l)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    if (!s->lent)
        s->things.opened++;
    s->lent = true;
    s->things.queue = l->queue;
    s->things.inbox = l->inbox;
    s->things.epoch = l->slot.epoch;
    s->exporter = l->slot.exporter;
    pthread_mutex_unlock(&s->lock);
}

void shared_take_back(struct shared *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->lent = false;
    s->things.queue = s->things.inbox = NULL;
    pawl_secret_wipe(&s->exporter);
    pthread_mutex_unlock(&s->lock);
}

pawl_status shared_use(struct shared *s, struct shared_things *ret, struct pawl_err *err)
{
    pthread_mutex_lock(&s->lock);
    if (s->lent) {
        *ret = s->things;
        return pawl_ok();
    }
    bool before = s->things.opened > 0;
    pthread_mutex_unlock(&s->lock);
    return pawl_fail(err, PAWL_E_STATE, "state", "%s",
                     before ? "lost or closed; a new epoch comes first" : "not enrolled yet");
}

void shared_done(struct shared *s)
{
    pthread_mutex_unlock(&s->lock);
}
