/* SPDX-License-Identifier: Apache-2.0 */
#include "local/events.h"

#include <stdio.h>

void events_put(struct events *e, const char *kind, bool begin, const char *text)
{
    struct pawl_local_event next = { .begin = begin };

    snprintf(next.kind, sizeof(next.kind), "%s", kind);
    snprintf(next.text, sizeof(next.text), "%s", text);
    pthread_mutex_lock(&e->lock);
    e->at[e->n++ % EVENTS_MAX] = next;
    pthread_mutex_unlock(&e->lock);
}

uint64_t events_first(struct events *e)
{
    pthread_mutex_lock(&e->lock);
    uint64_t n = e->n;
    if (n && e->at[(n - 1) % EVENTS_MAX].begin)
        n--;
    pthread_mutex_unlock(&e->lock);
    return n;
}

bool events_next(struct events *e, uint64_t *next, struct pawl_local_event *ret)
{
    pthread_mutex_lock(&e->lock);
    bool is = *next < e->n;
    if (is && e->n - *next > EVENTS_MAX)
        *next = e->n - EVENTS_MAX;
    if (is)
        *ret = e->at[(*next)++ % EVENTS_MAX];
    pthread_mutex_unlock(&e->lock);
    return is;
}
