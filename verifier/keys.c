/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's own keys: files of the state directory, and what is derived from them. */

#include "keys.h"

#include <string.h>

#include <pawl/cbor.h>

#include "keyfile.h"

#define SIGNING_FILE "signing.key"
#define MASTER_FILE  "master.key"
#define MASTER_N     32

/* ---- making --------------------------------------------------------------------------------- */

pawl_status keys_make(const char *state, struct pawl_err *err)
{
    PAWL_SECRET                                          master = { 0 };
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *signing = NULL;
    KEY_TEXT                                             pem = { 0 };
    KEY_TEXT                                             hex = { 0 };

    PAWL_TRY(key_file_absent(state, SIGNING_FILE, err));
    PAWL_TRY(key_file_absent(state, MASTER_FILE, err));
    PAWL_TRY(pawl_private_make(PAWL_KEY_P256, &signing, err));
    PAWL_TRY(pawl_private_to_pem(signing, (uint8_t *)pem.s, KEY_FILE_MAX, &pem.n, err));
    PAWL_TRY(pawl_secret_random(MASTER_N, &master, err));
    PAWL_TRY(pawl_hex_write(pawl_secret_view(&master), hex.s, sizeof(hex.s), err));
    hex.n = strlen(hex.s);
    hex.s[hex.n++] = '\n';
    PAWL_TRY(key_file_make(state, SIGNING_FILE, &pem, err));
    return key_file_make(state, MASTER_FILE, &hex, err);
}

/* ---- loading -------------------------------------------------------------------------------- */

static pawl_status master_load(const char *state, struct keys *k, struct pawl_err *err)
{
    KEY_TEXT t = { 0 };

    PAWL_TRY(key_file_load(state, MASTER_FILE, &t, err));
    if (t.n && t.s[t.n - 1] == '\n')
        t.s[t.n - 1] = 0;
    PAWL_TRY(pawl_hex_parse_exact(t.s, MASTER_FILE, k->master.b, MASTER_N, err));
    k->master.n = MASTER_N;
    PAWL_TRY(pawl_expand_label(&k->master, "nonce", pawl_view(NULL, 0), 32, &k->nonce, err));
    return pawl_expand_label(&k->master, "cookie", pawl_view(NULL, 0), 64, &k->cookie, err);
}

static pawl_status signing_load(const char *state, struct keys *k, struct pawl_err *err)
{
    KEY_TEXT t = { 0 };

    PAWL_TRY(key_file_load(state, SIGNING_FILE, &t, err));
    PAWL_TRY(pawl_under(err, SIGNING_FILE,
                        pawl_private_from_pem(pawl_view(t.s, t.n), &k->signing, err)));
    const struct pawl_public *pub = pawl_private_public(k->signing);
    if (pub->kind != PAWL_KEY_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, SIGNING_FILE, "%s, P-256 is due",
                         pawl_public_name(pub));
    return pawl_spki_pin(pub, k->verifier_id, err);
}

pawl_status keys_load(const char *state, struct keys *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(keys_done) struct keys k = { 0 };

    PAWL_TRY(signing_load(state, &k, err));
    PAWL_TRY(master_load(state, &k, err));
    *ret = k;
    k.signing = NULL;
    return pawl_ok();
}

void keys_done(struct keys *k)
{
    pawl_private_free(&k->signing);
    pawl_wipe(k, sizeof(*k));
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
    PAWL_SECRET      key = { 0 };
    uint8_t          b[ROW_AAD_MAX];
    struct pawl_view aad;

    PAWL_TRY(row_aad(owner, field, epoch, b, &aad, err));
    PAWL_TRY(pawl_expand_label(&k->master, "wrap", tenant, 64, &key, err));
    return pawl_under(
        err, field,
        pawl_aead_seal(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), aad, in, ret, cap, ret_n, err));
}

pawl_status keys_open(const struct keys *k, struct pawl_view tenant, struct pawl_view owner,
                      const char *field, uint64_t epoch, struct pawl_view in, uint8_t *ret,
                      size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_SECRET      key = { 0 };
    uint8_t          b[ROW_AAD_MAX];
    struct pawl_view aad;

    PAWL_TRY(row_aad(owner, field, epoch, b, &aad, err));
    PAWL_TRY(pawl_expand_label(&k->master, "wrap", tenant, 64, &key, err));
    return pawl_under(
        err, field,
        pawl_aead_open(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), aad, in, ret, cap, ret_n, err));
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
