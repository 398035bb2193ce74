/* SPDX-License-Identifier: Apache-2.0 */
#include "reload.h"

#include <string.h>

#include "log.h"

#define SHORT_ID 16 /* characters of a key's id that a line of the log needs */

/* ---- what changed --------------------------------------------------------------------------- */

static void log_key(const char *what, const uint8_t id[PAWL_VERIFIER_ID])
{
    char            text[2 * PAWL_VERIFIER_ID + 1];
    struct pawl_err ignored;

    if (pawl_is_ok(pawl_hex_write(pawl_view(id, PAWL_VERIFIER_ID), text, sizeof(text), &ignored)))
        log_info("reload: %s is %.*s..", what, SHORT_ID, text);
}

/* As "key new tls" prints it and a join string has it. */
static void log_pin(const uint8_t pin[PAWL_SPKI_PIN])
{
    char            text[44];
    struct pawl_err ignored;

    if (pawl_is_ok(pawl_b64url_write(pawl_view(pin, PAWL_SPKI_PIN), text, sizeof(text), &ignored)))
        log_info("reload: the pin of the TLS key is %s", text);
}

static void log_signing(const struct keys *was, const struct keys *is)
{
    static const char *const name[KEYS_OTHERS] = {
        [KEYS_NEXT] = "the next signing key", [KEYS_OLD] = "the old signing key"
    };

    if (memcmp(was->verifier_id, is->verifier_id, sizeof(is->verifier_id)) != 0)
        log_key("the signing key", is->verifier_id);
    for (size_t i = 0; i < KEYS_OTHERS; i++) {
        const struct signing_key *old = &was->other_signing[i], *new = &is->other_signing[i];
        if (new->key && (!old->key || memcmp(old->id, new->id, sizeof(new->id)) != 0))
            log_key(name[i], new->id);
        else if (old->key && !new->key)
            log_info("reload: %s is gone", name[i]);
    }
}

static void log_master(const struct keys *was, const struct keys *is)
{
    static const char *const name[KEYS_OTHERS] = { [KEYS_NEXT] = "next", [KEYS_OLD] = "old" };

    if (!pawl_secret_equal(&was->master, &is->master))
        log_info("reload: there is another master key");
    for (size_t i = 0; i < KEYS_OTHERS; i++) {
        const struct pawl_secret *old = &was->other_master[i].master,
                                 *new = &is->other_master[i].master;
        if (old->n != new->n || (new->n && !pawl_secret_equal(old, new)))
            log_info("reload: the %s master key is %s", name[i], new->n ? "another one" : "gone");
    }
}

static size_t count(const struct pawl_certs *c)
{
    return c ? pawl_certs_count(c) : 0;
}

static void log_trust(const struct verifier_config *c, const struct material *is)
{
    for (size_t i = 0; i < c->tenant_n; i++) {
        const struct ek_trust *t = &is->trust[i];
        log_info("reload: tenant %s trusts %zu roots, %zu lab roots and %zu intermediates; %zu are "
                 "revoked",
                 c->tenant[i].name, count(t->vendor), count(t->lab), count(t->intermediates),
                 count(t->revoked));
    }
}

/* ---- both ----------------------------------------------------------------------------------- */

/* False: the old one stays. */
static bool reload_tls(const struct served_tls *t)
{
    struct pawl_err err;

    if (!t->tls || pawl_is_ok(http_tls_renew(t->tls, &t->files, &err)))
        return true;
    log_failure("reload: the TLS certificate stays as it was", &err);
    return false;
}

void reload(struct state *s, const struct served_tls *tls, size_t tls_n)
{
    const struct material *was = atomic_load(&s->material.now);
    struct material       *is = NULL;
    struct pawl_err        err;

    if (!pawl_is_ok(state_material(&s->config, &is, &err))) {
        log_failure("reload: keys, roots and certificate stay as they were", &err);
        return;
    }
    for (size_t i = 0; i < tls_n; i++)
        if (!reload_tls(&tls[i]) && i == 0)
            memcpy(is->tls_pin, was->tls_pin, sizeof(is->tls_pin));
    if (memcmp(was->tls_pin, is->tls_pin, sizeof(is->tls_pin)) != 0)
        log_pin(is->tls_pin);
    log_signing(&was->keys, &is->keys);
    log_master(&was->keys, &is->keys);
    log_trust(&s->config, is);
    material_put(&s->material, is);
}
