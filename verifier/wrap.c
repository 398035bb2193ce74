/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that wrap what is at rest, each derived once. */

#include "wrap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "keys.h"

enum { WRAPS = CONFIG_TENANTS_MAX * (1 + KEYS_OTHERS) }; /* inv. 2 */

struct wrap {
    char               tenant[PAWL_TENANT_MAX + 1];
    struct pawl_secret master;
    struct pawl_secret key;
};

struct wraps {
    pthread_mutex_t lock;
    size_t          n; /* what is there does not move and does not change */
    struct wrap     wrap[WRAPS];
};

pawl_status wraps_make(struct wraps **ret, struct pawl_err *err)
{
    struct wraps *w = calloc(1, sizeof(*w));

    if (!w || pthread_mutex_init(&w->lock, NULL) != 0) {
        free(w);
        return pawl_fail(err, PAWL_E_MEMORY, "keys", "out of memory");
    }
    *ret = w;
    return pawl_ok();
}

void wraps_free(struct wraps **w)
{
    if (!*w)
        return;
    pthread_mutex_destroy(&(*w)->lock);
    pawl_wipe(*w, sizeof(**w));
    free(*w);
    *w = NULL;
}

/* inv. 1. With the lock held. */
static struct wrap *find(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant)
{
    for (size_t i = 0; i < w->n; i++)
        if (pawl_view_equal(pawl_view_str(w->wrap[i].tenant), tenant) &&
            pawl_secret_equal(&w->wrap[i].master, master))
            return &w->wrap[i];
    return NULL;
}

static void keep(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant,
                 const struct pawl_secret *key)
{
    struct wrap *one = &w->wrap[w->n];

    if (w->n == WRAPS || tenant.n > PAWL_TENANT_MAX || find(w, master, tenant))
        return;
    memcpy(one->tenant, tenant.p, tenant.n);
    one->master = *master;
    one->key = *key;
    w->n++;
}

static bool is_kept(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant,
                    struct pawl_secret *ret)
{
    pthread_mutex_lock(&w->lock);
    const struct wrap *one = find(w, master, tenant);
    if (one)
        *ret = one->key;
    pthread_mutex_unlock(&w->lock);
    return one != NULL;
}

pawl_status wraps_key(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant,
                      struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET key = { 0 };

    if (w && is_kept(w, master, tenant, ret))
        return pawl_ok();
    PAWL_TRY(pawl_expand_label(master, "wrap", tenant, 64, &key, err));
    if (w) {
        pthread_mutex_lock(&w->lock);
        keep(w, master, tenant, &key);
        pthread_mutex_unlock(&w->lock);
    }
    *ret = key;
    return pawl_ok();
}
