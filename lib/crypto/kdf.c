/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key derivation: HKDF (RFC 5869), written out over HMAC as its standard says (OpenSSL's EVP_KDF
 * takes four times as long, and each message needs one Expand), and our labelled form of it; KDFa
 * and KDFe of the TPM, which are OpenSSL's KBKDF (SP 800-108) and SSKDF (SP 800-56C) with
 * particular inputs.
 *
 * Results are made in a local secret and copied last, so ret may be the very secret that is derived
 * from: X(S, "derived", "", 32) into S.
 */

#include <string.h>

#include <openssl/core_names.h>

#include "crypto/ossl.h"

enum {
    LABEL_MAX = 64,
    CTX_MAX = 255,
    PARTY_MAX = PAWL_NAME_MAX, /* a Name, a nonce or a coordinate */
};

static pawl_status check_len(size_t n, const char *where, struct pawl_err *err)
{
    if (n == 0 || n > PAWL_SECRET_MAX)
        return pawl_fail(err, PAWL_E_RANGE, where, "%zu bytes asked, 1 to %d are possible", n,
                         PAWL_SECRET_MAX);
    return pawl_ok();
}

static pawl_status derive(const char *kdf_name, const OSSL_PARAM *params, size_t n,
                          struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET out = { .n = n };

    PAWL_CLEANUP(release_kdf) EVP_KDF         *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    PAWL_CLEANUP(release_kdf_ctx) EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    if (!ctx)
        return crypto_fail(err, kdf_name, "cannot start");
    if (EVP_KDF_derive(ctx, out.b, n, params) != 1)
        return crypto_fail(err, kdf_name, "derived nothing");
    *ret = out;
    return pawl_ok();
}

static OSSL_PARAM text(const char *key, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(key, (char *)value, 0);
}

/* OpenSSL wants an address even for no bytes. */
static OSSL_PARAM bytes(const char *key, struct pawl_view v)
{
    return OSSL_PARAM_construct_octet_string(key, v.n ? (void *)v.p : "", v.n);
}

/* ---- HKDF ------------------------------------------------------------------------------------ */

static void digest_wipe(struct pawl_digest *d)
{
    pawl_wipe(d, sizeof(*d));
}

/* PRK = HMAC(salt, IKM) */
pawl_status pawl_hkdf_extract(struct pawl_view salt, const struct pawl_secret *ikm,
                              struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(digest_wipe) struct pawl_digest prk = { 0 };
    const struct pawl_view                       in = pawl_secret_view(ikm);

    if (ikm->n == 0)
        return pawl_fail(err, PAWL_E_RANGE, "hkdf.ikm", "no bytes to extract from");
    PAWL_TRY(crypto_hmac(PAWL_SHA256, salt, &in, 1, &prk, err));
    return pawl_secret_from(pawl_digest_view(&prk), "hkdf.prk", ret, err);
}

/* T(i) = HMAC(PRK, T(i-1) || info || i); as many of them as it takes, one after the other. */
pawl_status pawl_hkdf_expand(const struct pawl_secret *prk, struct pawl_view info, size_t len,
                             struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET                                  out = { .n = len };
    PAWL_CLEANUP(digest_wipe) struct pawl_digest t = { 0 };
    uint8_t                                     *p = out.b;

    PAWL_TRY(check_len(len, "hkdf.length", err));
    if (prk->n == 0)
        return pawl_fail(err, PAWL_E_RANGE, "hkdf.prk", "no bytes to expand from");
    for (uint8_t i = 1; len; i++) {
        const struct pawl_view parts[] = { pawl_digest_view(&t), info, pawl_view(&i, 1) };
        PAWL_TRY(crypto_hmac(PAWL_SHA256, pawl_secret_view(prk), parts, 3, &t, err));
        size_t n = len < t.n ? len : t.n;
        memcpy(p, t.b, n);
        p += n;
        len -= n;
    }
    *ret = out;
    return pawl_ok();
}

pawl_status pawl_expand_label(const struct pawl_secret *sec, const char *label,
                              struct pawl_view ctx, size_t len, struct pawl_secret *ret,
                              struct pawl_err *err)
{
    static const char prefix[] = "pawl1 ";
    uint8_t           buf[2 + 1 + sizeof(prefix) - 1 + LABEL_MAX + 1 + CTX_MAX];
    struct pawl_wr    w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view  name = pawl_view_str(label);
    struct pawl_view  info;

    PAWL_TRY(check_len(len, "expand_label.length", err));
    if (name.n > LABEL_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "expand_label.label", "%zu characters, at most %d",
                         name.n, LABEL_MAX);
    if (ctx.n > CTX_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "expand_label.ctx", "%zu bytes, at most %d", ctx.n,
                         CTX_MAX);
    pawl_wr_u16(&w, (uint16_t)len);
    pawl_wr_u8(&w, (uint8_t)(sizeof(prefix) - 1 + name.n));
    pawl_wr_bytes(&w, pawl_view_str(prefix));
    pawl_wr_bytes(&w, name);
    pawl_wr_u8(&w, (uint8_t)ctx.n);
    pawl_wr_bytes(&w, ctx);
    PAWL_TRY(pawl_wr_end(&w, "expand_label", &info, err));
    return pawl_hkdf_expand(sec, info, len, ret, err);
}

/* ---- KDFa and KDFe of the TPM ---------------------------------------------------------------- */

/* What both ask of their inputs. */
static pawl_status check_tpm_inputs(const char *kdf, enum pawl_hash alg,
                                    const struct pawl_secret *key, struct pawl_view u,
                                    struct pawl_view v, size_t bits, struct pawl_err *err)
{
    if (pawl_hash_n(alg) == 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, kdf, "hash %d is not known", (int)alg);
    if (key->n == 0)
        return pawl_fail(err, PAWL_E_RANGE, kdf, "the key has no bytes");
    if (u.n > PARTY_MAX || v.n > PARTY_MAX)
        return pawl_fail(err, PAWL_E_RANGE, kdf, "contexts of %zu and %zu bytes, at most %d", u.n,
                         v.n, PARTY_MAX);
    if (bits % 8)
        return pawl_fail(err, PAWL_E_RANGE, kdf, "%zu bits are no whole bytes", bits);
    return check_len(bits / 8, kdf, err);
}

pawl_status pawl_kdfa(enum pawl_hash alg, const struct pawl_secret *key, const char *label,
                      struct pawl_view context_u, struct pawl_view context_v, size_t bits,
                      struct pawl_secret *ret, struct pawl_err *err)
{
    uint8_t          buf[2 * PARTY_MAX];
    struct pawl_wr   w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view context;

    PAWL_TRY(check_tpm_inputs("kdfa", alg, key, context_u, context_v, bits, err));
    pawl_wr_bytes(&w, context_u);
    pawl_wr_bytes(&w, context_v);
    PAWL_TRY(pawl_wr_end(&w, "kdfa", &context, err));
    /* The label's final NUL is the separator that KBKDF puts behind it by itself. */
    const OSSL_PARAM params[] = {
        text(OSSL_KDF_PARAM_MAC, "HMAC"),
        text(OSSL_KDF_PARAM_MODE, "counter"),
        text(OSSL_KDF_PARAM_DIGEST, pawl_hash_name(alg)),
        bytes(OSSL_KDF_PARAM_KEY, pawl_secret_view(key)),
        bytes(OSSL_KDF_PARAM_SALT, pawl_view_str(label)),
        bytes(OSSL_KDF_PARAM_INFO, context),
        OSSL_PARAM_construct_end(),
    };
    return derive("KBKDF", params, bits / 8, ret, err);
}

pawl_status pawl_kdfe(enum pawl_hash alg, const struct pawl_secret *z, const char *label,
                      struct pawl_view party_u, struct pawl_view party_v, size_t bits,
                      struct pawl_secret *ret, struct pawl_err *err)
{
    uint8_t          buf[LABEL_MAX + 1 + 2 * PARTY_MAX];
    struct pawl_wr   w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view info;

    PAWL_TRY(check_tpm_inputs("kdfe", alg, z, party_u, party_v, bits, err));
    pawl_wr_bytes(&w, pawl_view_str(label));
    pawl_wr_u8(&w, 0);
    pawl_wr_bytes(&w, party_u);
    pawl_wr_bytes(&w, party_v);
    PAWL_TRY(pawl_wr_end(&w, "kdfe", &info, err));
    const OSSL_PARAM params[] = {
        text(OSSL_KDF_PARAM_DIGEST, pawl_hash_name(alg)),
        bytes(OSSL_KDF_PARAM_KEY, pawl_secret_view(z)),
        bytes(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    return derive("SSKDF", params, bits / 8, ret, err);
}
