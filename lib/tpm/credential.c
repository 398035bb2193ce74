/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_MakeCredential in software: a secret that only the TPM with this EK gives back, and only
 * while a key of this Name is loaded in it (Part 1, 24).
 *
 *   seed        random, or agreed with the EK; as long as the EK's nameAlg
 *   enc_secret  how the TPM finds the seed: RSA-OAEP of it, or our ephemeral point
 *   id_object   TPM2B(HMAC over encIdentity || Name) || encIdentity, under keys from the seed
 *
 * All text labels carry their final NUL (K12).
 */

#include <string.h>

#include <pawl/tpm.h>

static const char identity[] = "IDENTITY";

struct seed {
    struct pawl_secret value;
    size_t             enc_n;
    uint8_t            enc[PAWL_ENC_SECRET_MAX];
};

static void seed_wipe(struct seed *s)
{
    pawl_secret_wipe(&s->value);
}

/* Part 1, B.10.3. */
static pawl_status seed_for_rsa(const struct pawl_tpm_public *ek, struct seed *ret,
                                struct pawl_err *err)
{
    PAWL_TRY(pawl_secret_random(pawl_hash_n(ek->name_alg), &ret->value, err));
    return pawl_rsa_oaep(&ek->key, ek->name_alg, PAWL_VIEW_OF(identity), &ret->value, ret->enc,
                         sizeof(ret->enc), &ret->enc_n, err);
}

/* Part 1, C.6.1. */
static pawl_status seed_for_ecc(const struct pawl_tpm_public *ek, struct seed *ret,
                                struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *ours = NULL;
    PAWL_SECRET                                          z = { 0 };
    struct pawl_wr                                       w = pawl_wr_to(ret->enc, sizeof(ret->enc));
    struct pawl_view                                     written;

    PAWL_TRY(pawl_private_make(ek->key.kind, &ours, err));
    PAWL_TRY(pawl_ecdh(ours, &ek->key, &z, err));

    const struct pawl_public *point = pawl_private_public(ours);
    size_t                    field_n = (point->n - 1) / 2;
    struct pawl_view          our_x = pawl_view(point->b + 1, field_n);
    struct pawl_view          our_y = pawl_view(point->b + 1 + field_n, field_n);
    struct pawl_view          ek_x = pawl_view(ek->key.b + 1, field_n);
    PAWL_TRY(pawl_kdfe(ek->name_alg, &z, identity, our_x, ek_x, 8 * pawl_hash_n(ek->name_alg),
                       &ret->value, err));
    pawl_wr_tpm2b(&w, our_x);
    pawl_wr_tpm2b(&w, our_y);
    PAWL_TRY(pawl_wr_end(&w, "secret", &written, err));
    ret->enc_n = written.n;
    return pawl_ok();
}

static pawl_status seed_for(const struct pawl_tpm_public *ek, struct seed *ret,
                            struct pawl_err *err)
{
    return ek->key.kind == PAWL_KEY_RSA ? seed_for_rsa(ek, ret, err) : seed_for_ecc(ek, ret, err);
}

/* encIdentity: TPM2B(secret) under a key as long as the template's symmetric key. *ret is as long
 * as the plaintext. */
static pawl_status encrypt_identity(const struct pawl_tpm_public *ek, const struct pawl_name *name,
                                    const struct pawl_secret *seed,
                                    const struct pawl_secret *secret, struct pawl_digest *ret,
                                    struct pawl_err *err)
{
    PAWL_SECRET    key = { 0 }, plain = { 0 };
    struct pawl_wr w = pawl_wr_to(plain.b, sizeof(plain.b));

    PAWL_TRY(pawl_kdfa(ek->name_alg, seed, "STORAGE", pawl_name_view(name), pawl_view(NULL, 0),
                       ek->sym_bits, &key, err));
    pawl_wr_tpm2b(&w, pawl_secret_view(secret));
    plain.n = w.n;
    ret->n = plain.n;
    return pawl_aes_cfb(&key, pawl_secret_view(&plain), ret->b, sizeof(ret->b), err);
}

/* The HMAC that the TPM checks before it decrypts: over encIdentity and the Name. */
static pawl_status seal_identity(const struct pawl_tpm_public *ek, const struct pawl_name *name,
                                 const struct pawl_secret *seed, struct pawl_view enc_identity,
                                 struct pawl_digest *ret, struct pawl_err *err)
{
    PAWL_SECRET            key = { 0 };
    const struct pawl_view parts[] = { enc_identity, pawl_name_view(name) };

    PAWL_TRY(pawl_kdfa(ek->name_alg, seed, "INTEGRITY", pawl_view(NULL, 0), pawl_view(NULL, 0),
                       8 * pawl_hash_n(ek->name_alg), &key, err));
    return pawl_hmac(ek->name_alg, &key, parts, 2, ret, err);
}

static pawl_status check_inputs(const struct pawl_tpm_public *ek, const struct pawl_name *name,
                                const struct pawl_secret *secret, struct pawl_err *err)
{
    struct pawl_name checked;

    if (pawl_template_of_ek(ek) == PAWL_TEMPLATE_NONE)
        return pawl_fail(err, PAWL_E_DENIED, "ek", "of none of the EK templates");
    PAWL_TRY(pawl_under(err, "objectName", pawl_name_parse(pawl_name_view(name), &checked, err)));
    if (secret->n == 0 || secret->n > pawl_hash_n(ek->name_alg))
        return pawl_fail(err, PAWL_E_RANGE, "credential", "%zu bytes; this EK takes 1 to %zu",
                         secret->n, pawl_hash_n(ek->name_alg));
    return pawl_ok();
}

pawl_status pawl_make_credential(const struct pawl_tpm_public *ek, const struct pawl_name *name,
                                 const struct pawl_secret *secret, struct pawl_credential *ret,
                                 struct pawl_err *err)
{
    PAWL_CLEANUP(seed_wipe) struct seed seed = { 0 };
    struct pawl_digest                  enc_identity = { 0 }, mac;
    struct pawl_credential              made = { 0 };
    struct pawl_wr                      w = pawl_wr_to(made.id_object, sizeof(made.id_object));
    struct pawl_view                    written;

    PAWL_TRY(check_inputs(ek, name, secret, err));
    PAWL_TRY(seed_for(ek, &seed, err));
    PAWL_TRY(encrypt_identity(ek, name, &seed.value, secret, &enc_identity, err));
    PAWL_TRY(seal_identity(ek, name, &seed.value, pawl_digest_view(&enc_identity), &mac, err));

    pawl_wr_tpm2b(&w, pawl_digest_view(&mac));
    pawl_wr_bytes(&w, pawl_digest_view(&enc_identity));
    PAWL_TRY(pawl_wr_end(&w, "id_object", &written, err));
    made.id_object_n = written.n;
    made.enc_secret_n = seed.enc_n;
    memcpy(made.enc_secret, seed.enc, seed.enc_n);
    *ret = made;
    return pawl_ok();
}
