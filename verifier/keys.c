/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's own keys: files of the state directory, and what is derived from them. */

#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include <pawl/cbor.h>

#include "keyfile.h"
#include "wrap.h"

#define MASTER_N 32

/* ---- making --------------------------------------------------------------------------------- */

pawl_status keys_new_signing(struct key_text *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *signing = NULL;

    PAWL_TRY(pawl_private_make(PAWL_KEY_P256, &signing, err));
    return pawl_private_to_pem(signing, (uint8_t *)ret->s, KEY_FILE_MAX, &ret->n, err);
}

pawl_status keys_new_master(struct key_text *ret, struct pawl_err *err)
{
    PAWL_SECRET master = { 0 };

    PAWL_TRY(pawl_secret_random(MASTER_N, &master, err));
    PAWL_TRY(pawl_hex_write(pawl_secret_view(&master), ret->s, sizeof(ret->s), err));
    ret->n = strlen(ret->s);
    ret->s[ret->n++] = '\n';
    return pawl_ok();
}

pawl_status keys_make(const char *state, struct pawl_err *err)
{
    KEY_TEXT pem = { 0 };
    KEY_TEXT hex = { 0 };

    PAWL_TRY(key_file_absent(state, SIGNING_FILE, err));
    PAWL_TRY(key_file_absent(state, MASTER_FILE, err));
    PAWL_TRY(keys_new_signing(&pem, err));
    PAWL_TRY(keys_new_master(&hex, err));
    PAWL_TRY(key_file_make(state, SIGNING_FILE, &pem, err));
    return key_file_make(state, MASTER_FILE, &hex, err);
}

/* ---- loading -------------------------------------------------------------------------------- */

static pawl_status master_load(const char *state, const char *name, struct master_key *m,
                               struct pawl_err *err)
{
    KEY_TEXT t = { 0 };

    PAWL_TRY(key_file_load(state, name, &t, err));
    if (t.n && t.s[t.n - 1] == '\n')
        t.s[t.n - 1] = 0;
    PAWL_TRY(pawl_hex_parse_exact(t.s, name, m->master.b, MASTER_N, err));
    m->master.n = MASTER_N;
    PAWL_TRY(pawl_expand_label(&m->master, "nonce", pawl_view(NULL, 0), 32, &m->nonce, err));
    return pawl_expand_label(&m->master, "cookie", pawl_view(NULL, 0), 64, &m->cookie, err);
}

static pawl_status signing_load(const char *state, const char *name, struct signing_key *s,
                                struct pawl_err *err)
{
    KEY_TEXT t = { 0 };

    PAWL_TRY(key_file_load(state, name, &t, err));
    PAWL_TRY(pawl_under(err, name, pawl_private_from_pem(pawl_view(t.s, t.n), &s->key, err)));
    const struct pawl_public *pub = pawl_private_public(s->key);
    if (pub->kind != PAWL_KEY_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, name, "%s, P-256 is due", pawl_public_name(pub));
    return pawl_spki_pin(pub, s->id, err);
}

/* A file that need not be there. */
static pawl_status optional(pawl_status s)
{
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s;
}

static pawl_status others_load(const char *state, struct keys *k, struct pawl_err *err)
{
    static const char *const signing[KEYS_OTHERS] = {
        [KEYS_NEXT] = SIGNING_NEXT_FILE, [KEYS_OLD] = SIGNING_OLD_FILE
    };
    static const char *const master[KEYS_OTHERS] = {
        [KEYS_NEXT] = MASTER_NEXT_FILE, [KEYS_OLD] = MASTER_OLD_FILE
    };

    for (size_t i = 0; i < KEYS_OTHERS; i++) {
        PAWL_TRY(optional(signing_load(state, signing[i], &k->other_signing[i], err)));
        PAWL_TRY(optional(master_load(state, master[i], &k->other_master[i], err)));
    }
    return pawl_ok();
}

static void signing_done(struct signing_key *s)
{
    pawl_private_free(&s->key);
}

static void master_done(struct master_key *m)
{
    pawl_wipe(m, sizeof(*m));
}

pawl_status keys_load(const char *state, struct keys *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(keys_done) struct keys           k = { 0 };
    PAWL_CLEANUP(signing_done) struct signing_key s = { 0 };
    PAWL_CLEANUP(master_done) struct master_key   m = { 0 };

    PAWL_TRY(signing_load(state, SIGNING_FILE, &s, err));
    PAWL_TRY(master_load(state, MASTER_FILE, &m, err));
    PAWL_TRY(others_load(state, &k, err));
    PAWL_TRY(wraps_make(&k.wraps, err));
    k.signing = s.key;
    s.key = NULL;
    memcpy(k.verifier_id, s.id, sizeof(k.verifier_id));
    k.master = m.master;
    k.nonce = m.nonce;
    k.cookie = m.cookie;
    *ret = k;
    k.signing = NULL;
    k.wraps = NULL;
    for (size_t i = 0; i < KEYS_OTHERS; i++)
        k.other_signing[i].key = NULL;
    return pawl_ok();
}

void keys_done(struct keys *k)
{
    pawl_private_free(&k->signing);
    for (size_t i = 0; i < KEYS_OTHERS; i++)
        pawl_private_free(&k->other_signing[i].key);
    wraps_free(&k->wraps);
    pawl_wipe(k, sizeof(*k));
}

/* ---- which one ------------------------------------------------------------------------------ */

void keys_present(const struct keys *k, struct signer *ret)
{
    *ret = (struct signer){ k->signing, k->verifier_id };
}

size_t keys_signers(const struct keys *k, struct signer ret[1 + KEYS_OTHERS])
{
    size_t n = 1;

    keys_present(k, &ret[0]);
    for (size_t i = 0; i < KEYS_OTHERS; i++)
        if (k->other_signing[i].key)
            ret[n++] = (struct signer){ k->other_signing[i].key, k->other_signing[i].id };
    return n;
}

pawl_status keys_signer(const struct keys *k, struct pawl_view id, struct signer *ret,
                        struct pawl_err *err)
{
    struct signer all[1 + KEYS_OTHERS];
    size_t        n = keys_signers(k, all);

    for (size_t i = 0; i < n; i++)
        if (pawl_view_equal(id, pawl_view(all[i].id, PAWL_VERIFIER_ID))) {
            *ret = all[i];
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_DENIED, "verifier_id", "is another verifier's");
}

const struct pawl_secret *keys_nonce(const struct keys *k, size_t which)
{
    if (which == 0)
        return &k->nonce;
    for (size_t i = 0; i < KEYS_OTHERS; i++)
        if (k->other_master[i].master.n && --which == 0)
            return &k->other_master[i].nonce;
    return NULL;
}

pawl_status keys_open_cookie(const struct keys *k, struct pawl_view in, uint8_t *ret, size_t cap,
                             size_t *ret_n, struct pawl_err *err)
{
    const struct pawl_view none = pawl_view(NULL, 0);
    pawl_status s = pawl_aead_open(PAWL_AES_256_SIV, &k->cookie, none, none, in, ret, cap, ret_n,
                                   err);

    for (size_t i = 0; i < KEYS_OTHERS && s.code == PAWL_E_FORGED; i++)
        if (k->other_master[i].master.n)
            s = pawl_aead_open(PAWL_AES_256_SIV, &k->other_master[i].cookie, none, none, in, ret,
                               cap, ret_n, err);
    return s;
}

/* ---- secrets at rest ------------------------------------------------------------------------ */

#define ROW_AAD_MAX 256

static pawl_status row_aad(struct pawl_view owner, const char *field, uint64_t epoch,
                           uint8_t b[ROW_AAD_MAX], struct pawl_view *ret, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(b, ROW_AAD_MAX);

    pawl_cbor_wr_array(&w, 4);
    pawl_cbor_wr_text(&w, "pawl/1 row");
    pawl_cbor_wr_bytes(&w, owner);
    pawl_cbor_wr_text(&w, field);
    pawl_cbor_wr_uint(&w, epoch);
    return pawl_wr_end(&w, "row", ret, err);
}

pawl_status keys_seal(const struct keys *k, struct pawl_view tenant, struct pawl_view owner,
                      const char *field, uint64_t epoch, struct pawl_view in, uint8_t *ret,
                      size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(wrap_key_done) struct wrap_key key = { 0 };
    uint8_t                                     b[ROW_AAD_MAX];
    struct pawl_view                            aad;

    PAWL_TRY(row_aad(owner, field, epoch, b, &aad, err));
    PAWL_TRY(wraps_key(k->wraps, &k->master, tenant, &key, err));
    return pawl_under(err, field, pawl_siv_seal(key.key, aad, in, ret, cap, ret_n, err));
}

static pawl_status open_under(const struct keys *k, const struct pawl_secret *master,
                              struct pawl_view tenant, struct pawl_view aad, struct pawl_view in,
                              uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(wrap_key_done) struct wrap_key key = { 0 };

    PAWL_TRY(wraps_key(k->wraps, master, tenant, &key, err));
    return pawl_siv_open(key.key, aad, in, ret, cap, ret_n, err);
}

/* inv. 2. A row does not say under which key it is: SIV does, and while there is one key only,
 * nothing is tried twice. */
pawl_status keys_open(const struct keys *k, struct pawl_view tenant, struct pawl_view owner,
                      const char *field, uint64_t epoch, struct pawl_view in, uint8_t *ret,
                      size_t cap, size_t *ret_n, struct pawl_err *err)
{
    uint8_t          b[ROW_AAD_MAX];
    struct pawl_view aad;

    PAWL_TRY(row_aad(owner, field, epoch, b, &aad, err));
    pawl_status s = open_under(k, &k->master, tenant, aad, in, ret, cap, ret_n, err);
    for (size_t i = 0; i < KEYS_OTHERS && s.code == PAWL_E_FORGED; i++)
        if (k->other_master[i].master.n)
            s = open_under(k, &k->other_master[i].master, tenant, aad, in, ret, cap, ret_n, err);
    return pawl_under(err, field, s);
}

pawl_status keys_wrap(const struct keys *k, struct pawl_view tenant, struct pawl_view owner,
                      const char *field, uint64_t epoch, const struct pawl_secret *in, uint8_t *ret,
                      size_t cap, size_t *ret_n, struct pawl_err *err)
{
    return keys_seal(k, tenant, owner, field, epoch, pawl_secret_view(in), ret, cap, ret_n, err);
}

pawl_status keys_unwrap(const struct keys *k, struct pawl_view tenant, struct pawl_view owner,
                        const char *field, uint64_t epoch, struct pawl_view in,
                        struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET plain = { 0 };

    PAWL_TRY(
        keys_open(k, tenant, owner, field, epoch, in, plain.b, sizeof(plain.b), &plain.n, err));
    *ret = plain;
    return pawl_ok();
}

/* ---- wrapped anew --------------------------------------------------------------------------- */

struct plain {
    size_t   n;
    uint8_t *p;
};

static void plain_done(struct plain *p)
{
    if (p->p)
        pawl_wipe(p->p, p->n);
    free(p->p);
}

/* The others, in this order: what opens under the old one is not looked for further. */
static pawl_status opens_under(const struct keys *k, struct pawl_view tenant, struct pawl_view aad,
                               struct pawl_view in, struct plain *room, size_t *ret_n,
                               bool *ret_old, struct pawl_err *err)
{
    const struct pawl_secret *old = &k->other_master[KEYS_OLD].master,
                             *next = &k->other_master[KEYS_NEXT].master;
    pawl_status s = open_under(k, &k->master, tenant, aad, in, room->p, room->n, ret_n, err);

    *ret_old = false;
    if (s.code == PAWL_E_FORGED && old->n) {
        s = open_under(k, old, tenant, aad, in, room->p, room->n, ret_n, err);
        *ret_old = pawl_is_ok(s);
    }
    if (s.code == PAWL_E_FORGED && next->n)
        s = open_under(k, next, tenant, aad, in, room->p, room->n, ret_n, err);
    return s;
}

pawl_status keys_rewrap(const struct keys *k, struct pawl_view tenant, struct pawl_view owner,
                        const char *field, uint64_t epoch, struct pawl_view in, uint8_t *ret,
                        size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(plain_done) struct plain plain = { .n = in.n ? in.n : 1 };
    uint8_t                               b[ROW_AAD_MAX];
    struct pawl_view                      aad;
    size_t                                n;
    bool                                  is_old;

    PAWL_TRY(row_aad(owner, field, epoch, b, &aad, err));
    plain.p = malloc(plain.n);
    if (!plain.p)
        return pawl_fail(err, PAWL_E_MEMORY, field, "out of memory");
    PAWL_TRY(pawl_under(err, field, opens_under(k, tenant, aad, in, &plain, &n, &is_old, err)));
    *ret_n = 0;
    if (!is_old)
        return pawl_ok();
    return keys_seal(k, tenant, owner, field, epoch, pawl_view(plain.p, n), ret, cap, ret_n, err);
}
