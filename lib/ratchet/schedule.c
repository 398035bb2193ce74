/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key schedule, line by line as docs/protocol.md, section "Key schedule", writes it: each
 * comment of a body is the page's own token over the line that does it.
 *
 * Invariants
 *  1. S1, S2, S3, K_conf and root live in secrets of one call and are wiped when it returns
 *     (P-KS-4); who asks for the root gets it and answers for it.
 *  2. Outputs are set together and on success alone: there is never half a root.
 *
 * Not here: generations (generation.c); where Z comes from (a TPM or lib/crypto); comparing conf_V.
 */

#include <string.h>

#include <pawl/ratchet.h>

enum { KEY = 32 };

static const struct pawl_view NO_CONTEXT = { NULL, 0 };

/* X(sec, label, ctx, 32) */
static pawl_status x(const struct pawl_secret *sec, const char *label, struct pawl_view ctx,
                     struct pawl_secret *ret, struct pawl_err *err)
{
    return pawl_expand_label(sec, label, ctx, KEY, ret, err);
}

/* Extract(salt, ikm) */
static pawl_status extract(const struct pawl_secret *salt, const struct pawl_secret *ikm,
                           struct pawl_secret *ret, struct pawl_err *err)
{
    return pawl_hkdf_extract(pawl_secret_view(salt), ikm, ret, err);
}

static pawl_status check_key(const struct pawl_secret *s, const char *name, struct pawl_err *err)
{
    if (s->n != KEY)
        return pawl_fail(err, PAWL_E_RANGE, name, "has %zu bytes, not %d", s->n, KEY);
    return pawl_ok();
}

/* ---- what an epoch begins with -------------------------------------------------------------- */

/* P-KS-5 */
pawl_status pawl_rk_enrol(struct pawl_secret *ret, struct pawl_err *err)
{
    static const char  text[] = "pawl/1 enrol";
    struct pawl_secret zeros = { .n = KEY };
    struct pawl_secret ikm = { .n = sizeof(text) - 1 };

    memcpy(ikm.b, text, ikm.n);
    /* RK = Extract(0^32, "pawl/1 enrol") */
    return extract(&zeros, &ikm, ret, err);
}

/* P-KS-6 */
pawl_status pawl_rk_resync(const uint8_t th1[32], struct pawl_secret *ret, struct pawl_err *err)
{
    struct pawl_secret zeros = { .n = KEY };

    /* RK = X(0^32, "resync", TH1, 32) */
    return x(&zeros, "resync", pawl_view(th1, 32), ret, err);
}

pawl_status pawl_enrol_auth(const struct pawl_secret *secret, struct pawl_secret *ret,
                            struct pawl_err *err)
{
    PAWL_TRY(check_key(secret, "enrol.secret", err));
    /* K_auth = X(secret, "enrol auth", "", 32) */
    return x(secret, "enrol auth", NO_CONTEXT, ret, err);
}

pawl_status pawl_enrol_term(const struct pawl_secret *secret, struct pawl_secret *ret,
                            struct pawl_err *err)
{
    PAWL_TRY(check_key(secret, "enrol.secret", err));
    /* H = X(secret, "enrol term", "", 32) */
    return x(secret, "enrol term", NO_CONTEXT, ret, err);
}

/* ---- the root ------------------------------------------------------------------------------- */

/* P-KS-1 */
static pawl_status check_epoch(uint64_t epoch, struct pawl_err *err)
{
    if (epoch == 0)
        return pawl_fail(err, PAWL_E_RANGE, "rekey.epoch", "0 is no epoch");
    return pawl_ok();
}

static pawl_status check_terms(const struct pawl_rekey_terms *t, struct pawl_err *err)
{
    PAWL_TRY(check_key(t->rk, "rekey.RK", err));
    PAWL_TRY(check_key(t->z_ee, "rekey.Z_ee", err));
    PAWL_TRY(check_key(t->z_se, "rekey.Z_se", err));
    if (t->h)
        PAWL_TRY(check_key(t->h, "rekey.H", err));
    return check_epoch(t->epoch, err);
}

/* P-KS-2 */
static pawl_status mix(const struct pawl_rekey_terms *t, struct pawl_secret *ret_s3,
                       struct pawl_err *err)
{
    static const struct pawl_secret zeros = { .n = KEY };
    PAWL_SECRET                     s1 = { 0 }, s2 = { 0 };

    /* S1 = Extract(RK_e, Z_ee) */
    PAWL_TRY(extract(t->rk, t->z_ee, &s1, err));
    /* S2 = Extract(X(S1, "derived", "", 32), Z_se) */
    PAWL_TRY(x(&s1, "derived", NO_CONTEXT, &s1, err));
    PAWL_TRY(extract(&s1, t->z_se, &s2, err));
    /* S3 = Extract(X(S2, "derived", "", 32), H) */
    PAWL_TRY(x(&s2, "derived", NO_CONTEXT, &s2, err));
    return extract(&s2, t->h ? t->h : &zeros, ret_s3, err);
}

/* P-KS-3 */
static pawl_status confirm(const struct pawl_secret *s3, struct pawl_view th2,
                           struct pawl_digest *ret, struct pawl_err *err)
{
    const struct pawl_view parts[] = { pawl_view_str("V"), th2 };
    PAWL_SECRET            k_conf = { 0 };

    /* K_conf = X(S3, "confirm", TH2, 32) */
    PAWL_TRY(x(s3, "confirm", th2, &k_conf, err));
    /* conf_V = HMAC(K_conf, "V" || TH2) */
    return pawl_hmac(PAWL_SHA256, &k_conf, parts, 2, ret, err);
}

static pawl_status begin_chain(const struct pawl_secret *root, enum pawl_dir dir, uint64_t epoch,
                               struct pawl_chain *ret, struct pawl_err *err)
{
    ret->dir = dir;
    ret->epoch = epoch;
    ret->gen = 0;
    /* GK_up_0 = X(root, "up", "", 32)    GK_dn_0 = X(root, "down", "", 32) */
    return x(root, dir == PAWL_UP ? "up" : "down", NO_CONTEXT, &ret->gk, err);
}

/* What hangs on the root. */
static pawl_status spread(const struct pawl_secret *root, struct pawl_root *r, struct pawl_err *err)
{
    PAWL_SECRET kid = { 0 };

    /* RK = X(root, "rk", "", 32) */
    PAWL_TRY(x(root, "rk", NO_CONTEXT, &r->rk, err));
    /* K_auth = X(root, "auth", "", 32) */
    PAWL_TRY(x(root, "auth", NO_CONTEXT, &r->k_auth, err));
    /* kid = X(root, "kid", "", 8) */
    PAWL_TRY(pawl_expand_label(root, "kid", NO_CONTEXT, PAWL_KID, &kid, err));
    memcpy(r->kid, kid.b, PAWL_KID);
    /* exporter = X(root, "exporter", "", 32) */
    PAWL_TRY(x(root, "exporter", NO_CONTEXT, &r->exporter, err));
    PAWL_TRY(begin_chain(root, PAWL_UP, r->epoch, &r->up, err));
    return begin_chain(root, PAWL_DOWN, r->epoch, &r->down, err);
}

pawl_status pawl_root_secret(const struct pawl_rekey_terms *t, struct pawl_secret *ret,
                             uint8_t ret_conf_v[32], struct pawl_err *err)
{
    PAWL_SECRET        s3 = { 0 }, root = { 0 };
    struct pawl_view   th2 = PAWL_VIEW_OF(t->th2);
    struct pawl_digest conf_v;

    PAWL_TRY(check_terms(t, err));
    PAWL_TRY(mix(t, &s3, err));
    PAWL_TRY(confirm(&s3, th2, &conf_v, err));
    /* root = X(S3, "root", TH2, 32) */
    PAWL_TRY(x(&s3, "root", th2, &root, err));
    *ret = root;
    memcpy(ret_conf_v, conf_v.b, 32);
    return pawl_ok();
}

pawl_status pawl_root_spread(const struct pawl_secret *root, uint64_t epoch, struct pawl_root *ret,
                             struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root r = { .epoch = epoch, .root = *root };

    PAWL_TRY(check_key(root, "root", err));
    PAWL_TRY(check_epoch(epoch, err));
    PAWL_TRY(spread(root, &r, err));
    *ret = r;
    return pawl_ok();
}

pawl_status pawl_root_make(const struct pawl_rekey_terms *t, struct pawl_root *ret,
                           uint8_t ret_conf_v[32], struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root r = { .epoch = t->epoch };
    PAWL_SECRET                                   root = { 0 };
    uint8_t                                       conf_v[32];

    PAWL_TRY(pawl_root_secret(t, &root, conf_v, err));
    PAWL_TRY(spread(&root, &r, err));
    *ret = r;
    memcpy(ret_conf_v, conf_v, 32);
    return pawl_ok();
}

void pawl_root_wipe(struct pawl_root *r)
{
    pawl_wipe(r, sizeof(*r));
}

/* ---- keys of applications ------------------------------------------------------------------- */

enum { APP_LABEL_MAX = 64, APP_CONTEXT_MAX = 255, APP_KEY_MIN = 16, APP_KEY_MAX = 64 };

static pawl_status check_app(struct pawl_view label, struct pawl_view context, size_t len,
                             struct pawl_err *err)
{
    if (label.n == 0 || label.n > APP_LABEL_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "app_key.label", "%zu characters, 1 to %d are allowed",
                         label.n, APP_LABEL_MAX);
    if (!pawl_is_utf8(label))
        return pawl_fail(err, PAWL_E_FORM, "app_key.label", "not UTF-8");
    if (context.n > APP_CONTEXT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "app_key.context", "%zu bytes, at most %d", context.n,
                         APP_CONTEXT_MAX);
    if (len < APP_KEY_MIN || len > APP_KEY_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "app_key.len", "%zu bytes, %d to %d are possible", len,
                         APP_KEY_MIN, APP_KEY_MAX);
    return pawl_ok();
}

/* P-KS-9 */
pawl_status pawl_app_key(const struct pawl_secret *exporter, struct pawl_view label,
                         struct pawl_view context, size_t len, struct pawl_secret *ret,
                         struct pawl_err *err)
{
    uint8_t          buf[APP_LABEL_MAX + APP_CONTEXT_MAX + 16];
    struct pawl_wr   w = pawl_wr_to(buf, sizeof(buf));
    struct pawl_view asked;
    uint8_t          ctx[32];

    PAWL_TRY(check_key(exporter, "app_key.exporter", err));
    PAWL_TRY(check_app(label, context, len, err));
    /* CBOR[label, context, len] */
    pawl_cbor_wr_array(&w, 3);
    pawl_cbor_wr_text_n(&w, label);
    pawl_cbor_wr_bytes(&w, context);
    pawl_cbor_wr_uint(&w, len);
    PAWL_TRY(pawl_wr_end(&w, "app_key", &asked, err));
    /* app_key = X(exporter, "app", SHA-256(..), len) */
    PAWL_TRY(pawl_sha256(asked, ctx, err));
    return pawl_expand_label(exporter, "app", PAWL_VIEW_OF(ctx), len, ret, err);
}
