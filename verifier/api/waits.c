/* SPDX-License-Identifier: Apache-2.0 */
#include "api/waits.h"

#include <pthread.h>
#include <string.h>

#define SHARE "share"

static LIST_HEAD(waits, wait) all = LIST_HEAD_INITIALIZER(all);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void count(const struct credential *who, unsigned *ret_all, unsigned *ret_his)
{
    const struct wait *w;

    *ret_all = *ret_his = 0;
    for (w = LIST_FIRST(&all); w; w = LIST_NEXT(w, link)) {
        ++*ret_all;
        *ret_his += who->name[0] && memcmp(w->who, who->sha256, sizeof(w->who)) == 0;
    }
}

static pawl_status hold(struct wait *w, const struct credential *who, struct pawl_err *err)
{
    unsigned n, his;

    count(who, &n, &his);
    if (his >= WAITS_SHARE)
        return pawl_fail(err, PAWL_E_FULL, SHARE,
                         "%.32s has %u streams and waiting lists open, as many as one may",
                         who->name, his);
    if (n >= WAITS_MAX)
        return pawl_fail(err, PAWL_E_MEMORY, "stream",
                         "%u streams and waiting lists are open, as many as may be", n);
    memcpy(w->who, who->sha256, sizeof(w->who));
    w->held = true;
    LIST_INSERT_HEAD(&all, w, link);
    return pawl_ok();
}

pawl_status wait_hold(struct wait *w, const struct credential *who, struct pawl_err *err)
{
    pthread_mutex_lock(&lock);
    pawl_status s = w->held ? pawl_ok() : hold(w, who, err);
    pthread_mutex_unlock(&lock);
    return s;
}

void wait_leave(struct wait *w)
{
    pthread_mutex_lock(&lock);
    if (w->held)
        LIST_REMOVE(w, link);
    w->held = false;
    pthread_mutex_unlock(&lock);
}

bool wait_is_over_share(pawl_status s, const struct pawl_err *err)
{
    return s.code == PAWL_E_FULL && strcmp(err->where, SHARE) == 0;
}
