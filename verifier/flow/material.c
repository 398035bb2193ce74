/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/material.h"

#include <stdlib.h>
#include <string.h>

#include "appraise/ear.h"

/* ---- reading -------------------------------------------------------------------------------- */

static pawl_status write_jwks(struct material *m, struct pawl_err *err)
{
    struct signer   signer[1 + KEYS_OTHERS];
    struct jwks_key key[1 + KEYS_OTHERS];
    size_t          n = keys_signers(&m->keys, signer);

    for (size_t i = 0; i < n; i++)
        key[i] = (struct jwks_key){ pawl_private_public(signer[i].key), signer[i].id };
    return jwks_write(key, n, m->jwks, sizeof(m->jwks), err);
}

pawl_status material_load(const struct verifier_config *c, struct material **ret,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(material_free) struct material *m = calloc(1, sizeof(*m));

    if (!m)
        return pawl_fail(err, PAWL_E_MEMORY, "keys", "out of memory");
    PAWL_TRY(keys_load(c->state, &m->keys, err));
    PAWL_TRY(write_jwks(m, err));
    for (size_t i = 0; i < c->tenant_n; i++) {
        const struct tenant_config *t = &c->tenant[i];
        PAWL_TRY(pawl_under(err, t->name,
                            ek_trust_load(t->roots, t->lab_roots, t->intermediates, t->revoked,
                                          &m->trust[i], err)));
    }
    *ret = m;
    m = NULL;
    return pawl_ok();
}

void material_free(struct material **m)
{
    struct material *old = *m;

    if (!old)
        return;
    for (size_t i = 0; i < CONFIG_TENANTS_MAX; i++)
        ek_trust_done(&old->trust[i]);
    keys_done(&old->keys);
    free(old);
    *m = NULL;
}

/* ---- users ---------------------------------------------------------------------------------- */

/* With the lock held. Returns what nobody uses any more. */
static struct material *drop(struct material *m)
{
    return m && --m->users == 0 ? m : NULL;
}

void material_put(struct material_place *p, struct material *m)
{
    pthread_mutex_lock(&p->lock);
    if (m)
        m->users = 1;
    struct material *unused = drop(atomic_exchange(&p->now, m));
    pthread_mutex_unlock(&p->lock);
    material_free(&unused);
}

static void use(struct flow *f, const struct material *m)
{
    f->keys = &m->keys;
    f->trust = m->trust;
    memcpy(f->tls_pin, m->tls_pin, sizeof(f->tls_pin));
}

/* inv. 2 */
void material_follow(struct flow *f)
{
    struct material_place *p = f->place;
    struct material       *unused = NULL;

    if (!p || atomic_load(&p->now) == f->material)
        return;
    pthread_mutex_lock(&p->lock);
    struct material *now = atomic_load(&p->now);
    if (now && now != f->material) {
        now->users++;
        unused = drop(f->material);
        f->material = now;
        use(f, now);
    }
    pthread_mutex_unlock(&p->lock);
    material_free(&unused);
}

void material_leave(struct flow *f)
{
    if (!f->place)
        return;
    pthread_mutex_lock(&f->place->lock);
    struct material *unused = drop(f->material);
    pthread_mutex_unlock(&f->place->lock);
    f->material = NULL;
    material_free(&unused);
}
