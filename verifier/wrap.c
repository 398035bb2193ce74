/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that wrap what is at rest, each derived and made ready once. */

#include "wrap.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "keys.h"

enum { WRAPS = CONFIG_TENANTS_MAX * (1 + KEYS_OTHERS) }; /* inv. 2 */

struct wrap {
    char                 tenant[PAWL_TENANT_MAX + 1];
    struct pawl_secret   master;
    struct pawl_siv_key *key;
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
    for (size_t i = 0; i < (*w)->n; i++)
        pawl_siv_key_free(&(*w)->wrap[i].key);
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

/* Takes the key over if there is room, and none like it. With the lock held. */
static void keep(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant,
                 struct wrap_key *key)
{
    struct wrap *one = &w->wrap[w->n];

    if (w->n == WRAPS || tenant.n > PAWL_TENANT_MAX || find(w, master, tenant))
        return;
    memcpy(one->tenant, tenant.p, tenant.n);
    one->master = *master;
    one->key = key->own;
    key->own = NULL;
    w->n++;
}

static bool is_kept(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant,
                    struct wrap_key *ret)
{
    pthread_mutex_lock(&w->lock);
    const struct wrap *one = find(w, master, tenant);
    if (one)
        *ret = (struct wrap_key){ .key = one->key };
    pthread_mutex_unlock(&w->lock);
    return one != NULL;
}

void wrap_key_done(struct wrap_key *k)
{
    pawl_siv_key_free(&k->own);
    k->key = NULL;
}

pawl_status wraps_key(struct wraps *w, const struct pawl_secret *master, struct pawl_view tenant,
                      struct wrap_key *ret, struct pawl_err *err)
{
    PAWL_SECRET     derived = { 0 };
    struct wrap_key key = { 0 };

    if (w && is_kept(w, master, tenant, ret))
        return pawl_ok();
    PAWL_TRY(pawl_expand_label(master, "wrap", tenant, 64, &derived, err));
    PAWL_TRY(pawl_siv_key_make(&derived, &key.own, err));
    key.key = key.own;
    if (w) {
        pthread_mutex_lock(&w->lock);
        keep(w, master, tenant, &key);
        pthread_mutex_unlock(&w->lock);
    }
    *ret = key;
    return pawl_ok();
}
