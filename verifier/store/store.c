/* SPDX-License-Identifier: Apache-2.0 */
/* What every store shares: names, the release of steps, and a commit that waits. */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

const char *device_state_name(enum device_state s)
{
    static const char *const name[DEVICE_COUNT] = {
        [DEVICE_NONE] = "none",
        [DEVICE_PENDING] = "pending",
        [DEVICE_ACTIVE] = "active",
        [DEVICE_REVOKED] = "revoked",
    };

    return (unsigned)s < DEVICE_COUNT ? name[s] : "unknown";
}

void blob_done(struct blob *b)
{
    free(b->p);
    *b = (struct blob){ 0 };
}

pawl_status blob_from(struct pawl_view v, struct blob *ret, struct pawl_err *err)
{
    uint8_t *p = v.n ? malloc(v.n) : NULL;

    if (v.n && !p)
        return pawl_fail(err, PAWL_E_MEMORY, "blob", "out of memory");
    if (v.n)
        memcpy(p, v.p, v.n);
    *ret = (struct blob){ .n = v.n, .p = p };
    return pawl_ok();
}

void device_copy(struct device *to, const struct device *from)
{
    memcpy(to, from, offsetof(struct device, why));
    memcpy(to->why, from->why, strlen(from->why) + 1);
}

void policy_row_done(struct policy_row *p)
{
    free(p->json);
    p->json = NULL;
}

void segment_row_done(struct segment_row *s)
{
    blob_done(&s->heads);
    blob_done(&s->bytes);
}

void incident_row_done(struct incident_row *i)
{
    blob_done(&i->slots);
}

void boot_row_done(struct boot_row *b)
{
    blob_done(&b->facts);
    blob_done(&b->ima);
}

static void rewrapped_row_done(struct rewrapped_row *r)
{
    blob_done(&r->was);
    blob_done(&r->is);
}

void step_begin(struct step *s)
{
    memset(s, 0, offsetof(struct step, device));
}

void step_done(struct step *s)
{
    free(s->papers);
    policy_row_done(&s->policy);
    blob_done(&s->ratchet);
    for (size_t i = 0; i < s->generation_n; i++)
        blob_done(&s->generation[i].bytes);
    free(s->generation);
    for (size_t i = 0; i < s->segment_n; i++)
        segment_row_done(&s->segment[i]);
    free(s->segment);
    for (size_t i = 0; i < s->downlink_n; i++)
        blob_done(&s->downlink[i].body);
    free(s->downlink);
    free(s->delivered);
    for (size_t i = 0; i < s->incident_n; i++)
        incident_row_done(&s->incident[i]);
    free(s->incident);
    for (size_t i = 0; i < s->proof_n; i++)
        blob_done(&s->proof[i].bytes);
    free(s->proof);
    free(s->audit);
    blob_done(&s->evidence);
    boot_row_done(&s->boot);
    for (size_t i = 0; i < s->kept_n; i++)
        blob_done(&s->kept[i].bytes);
    free(s->kept);
    free(s->refusal);
    for (size_t i = 0; i < s->rewrapped_n; i++)
        rewrapped_row_done(&s->rewrapped[i]);
    free(s->rewrapped);
    step_begin(s);
}

bool step_is_empty(const struct step *s)
{
    return !s->has_device && !s->papers && !s->has_snapshot && !s->takes_token && !s->has_token &&
           !s->ends_token && !s->has_policy && !s->has_default_policy && !s->touches_device &&
           !s->revokes_device && !s->ratchet.n && !s->generation_n && !s->segment_n &&
           !s->downlink_n && !s->delivered_n && !s->incident_n && !s->proof_n && !s->audit_n &&
           !s->evidence.n && !s->has_boot && !s->forgets_kept && !s->kept_n && !s->has_group &&
           !s->drops_group && !s->has_labels && !s->has_exception && !s->ends_exception &&
           !s->has_credential && !s->drops_credential && !s->has_consumer && !s->has_parked &&
           !s->refusal_n && !s->rewrapped_n && !s->event[0];
}

bool step_names_device(const struct step *s)
{
    return s->has_device || s->touches_device;
}

struct waiter {
    pthread_mutex_t  lock;
    pthread_cond_t   wake;
    bool             over;
    pawl_status      status;
    struct pawl_err *err;
};

static void wake_up(pawl_status status, const struct pawl_err *err, void *arg)
{
    struct waiter *w = arg;

    pthread_mutex_lock(&w->lock);
    w->status = status;
    if (!pawl_is_ok(status))
        *w->err = *err;
    w->over = true;
    /* Inside of the lock: as soon as it is free the waiter and its condition may be gone. */
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

pawl_status store_commit_wait(const struct store *store, const struct step *s, struct pawl_err *err)
{
    struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER,
                        .wake = PTHREAD_COND_INITIALIZER,
                        .err = err };

    store->commit(store->self, s, wake_up, &w);
    pthread_mutex_lock(&w.lock);
    while (!w.over)
        pthread_cond_wait(&w.wake, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.wake);
    return w.status;
}
