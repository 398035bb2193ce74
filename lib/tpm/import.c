/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key for TPM2_Import: made here, readable by the TPM with this storage key alone, and, once
 * imported, by nobody (Part 1, 23.3).
 *
 * The wrap keeps the key secret on its way; it does not say who made it. An object that came from
 * outside cannot be fixedTPM or fixedParent, and is not.
 */

#include <string.h>

#include "tpm/protect.h"

enum {
    KEY_N = 32,
    SEED_N = 32, /* as long as nameAlg's digest */
    SENSITIVE_N = 2 + 2 + (2 + SEED_N) + (2 + KEY_N),
};

_Static_assert(PAWL_DUPLICATE_MAX <= PROTECT_BLOB_MAX, "both hold a wrapped key");
_Static_assert(2 + PAWL_HASH_MAX + 2 + SENSITIVE_N <= PAWL_DUPLICATE_MAX, "the longest fits");

/* TPMT_SENSITIVE of the key. seedValue hides the key behind unique. */
struct sensitive {
    struct pawl_secret seed;
    uint8_t            b[SENSITIVE_N];
};

static void sensitive_wipe(struct sensitive *s)
{
    pawl_wipe(s, sizeof(*s));
}

static pawl_status write_sensitive(const struct pawl_secret *key, struct sensitive *ret,
                                   struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(ret->b, sizeof(ret->b));
    struct pawl_view written;

    PAWL_TRY(pawl_secret_random(SEED_N, &ret->seed, err));
    pawl_wr_u16(&w, PAWL_TPM_ALG_KEYEDHASH);
    pawl_wr_tpm2b(&w, pawl_view(NULL, 0)); /* authValue */
    pawl_wr_tpm2b(&w, pawl_secret_view(&ret->seed));
    pawl_wr_tpm2b(&w, pawl_secret_view(key));
    return pawl_wr_end(&w, "sensitiveArea", &written, err);
}

/* unique = H(seedValue || key) (Part 2, TPMT_SENSITIVE). */
static pawl_status write_public(const struct pawl_secret *key, const struct pawl_secret *seed,
                                struct pawl_import *ret, struct pawl_err *err)
{
    const struct pawl_view parts[] = { pawl_secret_view(seed), pawl_secret_view(key) };
    struct pawl_wr         w = pawl_wr_to(ret->public, sizeof(ret->public));
    struct pawl_digest     unique;
    struct pawl_view       area;

    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, 2, &unique, err));
    const struct pawl_keyedhash k = {
        .attributes = PAWL_TPMA_USER_AUTH | PAWL_TPMA_NO_DA | PAWL_TPMA_SIGN,
        .hmac = true,
        .unique = pawl_digest_view(&unique),
    };
    PAWL_TRY(pawl_keyedhash_write(&k, &w, err));
    PAWL_TRY(pawl_wr_end(&w, "publicArea", &area, err));
    ret->public_n = area.n;
    return pawl_name_of(PAWL_SHA256, area, &ret->name, err);
}

static pawl_status check_inputs(const struct pawl_tpm_public *parent, const struct pawl_secret *key,
                                struct pawl_err *err)
{
    const uint32_t storage = PAWL_TPMA_RESTRICTED | PAWL_TPMA_DECRYPT;

    if ((parent->attributes & storage) != storage || parent->attributes & PAWL_TPMA_SIGN ||
        parent->sym != PAWL_TPM_ALG_AES)
        return pawl_fail(err, PAWL_E_DENIED, "parent", "is no storage key");
    if (key->n != KEY_N)
        return pawl_fail(err, PAWL_E_RANGE, "key", "%zu bytes, and not %d", key->n, KEY_N);
    return pawl_ok();
}

pawl_status pawl_make_import(const struct pawl_tpm_public *parent, const struct pawl_secret *key,
                             struct pawl_import *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(sensitive_wipe) struct sensitive sensitive = { 0 };
    struct pawl_import                            made = { 0 };
    struct protected wrapped;

    PAWL_TRY(check_inputs(parent, key, err));
    PAWL_TRY(write_sensitive(key, &sensitive, err));
    PAWL_TRY(write_public(key, &sensitive.seed, &made, err));
    PAWL_TRY(protect(parent, "DUPLICATE", &made.name, PAWL_VIEW_OF(sensitive.b), &wrapped, err));
    if (wrapped.blob_n > sizeof(made.duplicate))
        return pawl_fail(err, PAWL_E_BUG, "duplicate", "%zu bytes", wrapped.blob_n);
    made.duplicate_n = wrapped.blob_n;
    memcpy(made.duplicate, wrapped.blob, wrapped.blob_n);
    made.enc_seed_n = wrapped.enc_n;
    memcpy(made.enc_seed, wrapped.enc, wrapped.enc_n);
    *ret = made;
    return pawl_ok();
}
