/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one scheme by which a TPM takes secrets from outside, for credentials and for duplicated
 * objects alike (Part 1, 23.3 and 24):
 *
 *   seed  random, or agreed with the key; as long as the key's nameAlg
 *   enc   how the TPM finds the seed: RSA-OAEP of it, or our ephemeral point
 *   blob  TPM2B(HMAC over ciphertext || Name) || ciphertext, under keys from the seed
 *
 * All text labels carry their final NUL (K12).
 */

#include <string.h>

#include "tpm/protect.h"

struct seed {
    struct pawl_secret value;
    size_t             enc_n;
    uint8_t            enc[PAWL_ENC_SECRET_MAX];
};

static void seed_wipe(struct seed *s)
{
    pawl_secret_wipe(&s->value);
}

/* ---- seed ----------------------------------------------------------------------------------- */

/* Part 1, B.10.3. */
static pawl_status seed_for_rsa(const struct pawl_tpm_public *to, const char *label,
                                struct seed *ret, struct pawl_err *err)
{
    PAWL_TRY(pawl_secret_random(pawl_hash_n(to->name_alg), &ret->value, err));
    return pawl_rsa_oaep(&to->key, to->name_alg, pawl_view(label, strlen(label) + 1), &ret->value,
                         ret->enc, sizeof(ret->enc), &ret->enc_n, err);
}

/* Part 1, C.6.1. */
static pawl_status seed_for_ecc(const struct pawl_tpm_public *to, const char *label,
                                struct seed *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *ours = NULL;
    PAWL_SECRET                                          z = { 0 };
    struct pawl_wr                                       w = pawl_wr_to(ret->enc, sizeof(ret->enc));
    struct pawl_view                                     written;

    PAWL_TRY(pawl_private_make(to->key.kind, &ours, err));
    PAWL_TRY(pawl_ecdh(ours, &to->key, &z, err));

    const struct pawl_public *point = pawl_private_public(ours);
    size_t                    field_n = (point->n - 1) / 2;
    struct pawl_view          our_x = pawl_view(point->b + 1, field_n);
    struct pawl_view          our_y = pawl_view(point->b + 1 + field_n, field_n);
    struct pawl_view          to_x = pawl_view(to->key.b + 1, field_n);
    PAWL_TRY(pawl_kdfe(to->name_alg, &z, label, our_x, to_x, 8 * pawl_hash_n(to->name_alg),
                       &ret->value, err));
    pawl_wr_tpm2b(&w, our_x);
    pawl_wr_tpm2b(&w, our_y);
    PAWL_TRY(pawl_wr_end(&w, "secret", &written, err));
    ret->enc_n = written.n;
    return pawl_ok();
}

static pawl_status seed_for(const struct pawl_tpm_public *to, const char *label, struct seed *ret,
                            struct pawl_err *err)
{
    return to->key.kind == PAWL_KEY_RSA ? seed_for_rsa(to, label, ret, err)
                                        : seed_for_ecc(to, label, ret, err);
}

/* ---- under the seed ------------------------------------------------------------------------- */

struct plain {
    uint8_t b[2 + PROTECT_PLAIN_MAX];
};

static void plain_wipe(struct plain *p)
{
    pawl_wipe(p->b, sizeof(p->b));
}

/* TPM2B(plain) under a key as long as the symmetric key of `to`. *ret_n is the length of the
 * plaintext. */
static pawl_status encrypt(const struct pawl_tpm_public *to, const struct pawl_name *name,
                           const struct pawl_secret *seed, struct pawl_view plain, uint8_t *ret,
                           size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_SECRET                           key = { 0 };
    PAWL_CLEANUP(plain_wipe) struct plain sized = { 0 };
    struct pawl_wr                        w = pawl_wr_to(sized.b, sizeof(sized.b));
    struct pawl_view                      written;

    PAWL_TRY(pawl_kdfa(to->name_alg, seed, "STORAGE", pawl_name_view(name), pawl_view(NULL, 0),
                       to->sym_bits, &key, err));
    pawl_wr_tpm2b(&w, plain);
    PAWL_TRY(pawl_wr_end(&w, "protected", &written, err));
    PAWL_TRY(pawl_aes_cfb(&key, written, ret, cap, err));
    *ret_n = written.n;
    return pawl_ok();
}

/* The HMAC that the TPM checks before it decrypts: over ciphertext and Name. */
static pawl_status authenticate(const struct pawl_tpm_public *to, const struct pawl_name *name,
                                const struct pawl_secret *seed, struct pawl_view ciphertext,
                                struct pawl_digest *ret, struct pawl_err *err)
{
    PAWL_SECRET            key = { 0 };
    const struct pawl_view parts[] = { ciphertext, pawl_name_view(name) };

    PAWL_TRY(pawl_kdfa(to->name_alg, seed, "INTEGRITY", pawl_view(NULL, 0), pawl_view(NULL, 0),
                       8 * pawl_hash_n(to->name_alg), &key, err));
    return pawl_hmac(to->name_alg, &key, parts, 2, ret, err);
}

pawl_status protect(const struct pawl_tpm_public *to, const char *label,
                    const struct pawl_name *name, struct pawl_view plain, struct protected *ret,
                    struct pawl_err *err)
{
    PAWL_CLEANUP(seed_wipe) struct seed seed = { 0 };
    uint8_t                             ciphertext[2 + PROTECT_PLAIN_MAX];
    size_t                              n = 0;
    struct pawl_digest                  mac;
    struct protected made = { 0 };
    struct pawl_wr   w = pawl_wr_to(made.blob, sizeof(made.blob));
    struct pawl_view written;

    PAWL_TRY(seed_for(to, label, &seed, err));
    PAWL_TRY(encrypt(to, name, &seed.value, plain, ciphertext, sizeof(ciphertext), &n, err));
    PAWL_TRY(authenticate(to, name, &seed.value, pawl_view(ciphertext, n), &mac, err));

    pawl_wr_tpm2b(&w, pawl_digest_view(&mac));
    pawl_wr_bytes(&w, pawl_view(ciphertext, n));
    PAWL_TRY(pawl_wr_end(&w, "protected", &written, err));
    made.blob_n = written.n;
    made.enc_n = seed.enc_n;
    memcpy(made.enc, seed.enc, seed.enc_n);
    *ret = made;
    return pawl_ok();
}
