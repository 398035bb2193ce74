/* SPDX-License-Identifier: Apache-2.0 */
/* The cookie of an enrolment: write and read side by side. */

#include "flow/cookie.h"

#include <inttypes.h>
#include <string.h>

#include <pawl/cbor.h>

#define COOKIE_LABEL "pawl/1 cookie"
enum { FIELDS = 14, CERT_FIELDS = 8 };

void cookie_wipe(struct cookie *c)
{
    pawl_wipe(c, sizeof(*c));
}

void cookie_room_wipe(struct cookie_room *r)
{
    pawl_wipe(r, sizeof(*r));
}

/* ---- sealing -------------------------------------------------------------------------------- */

static void write_cert(struct pawl_wr *w, const struct pawl_ek_cert *c)
{
    pawl_cbor_wr_array(w, CERT_FIELDS);
    pawl_cbor_wr_text(w, c->manufacturer);
    pawl_cbor_wr_text(w, c->model);
    pawl_cbor_wr_text(w, c->version);
    pawl_cbor_wr_text(w, c->subject);
    pawl_cbor_wr_text(w, c->issuer);
    pawl_cbor_wr_text(w, c->serial);
    pawl_cbor_wr_int(w, c->not_before_s);
    pawl_cbor_wr_int(w, c->not_after_s);
}

static void write_facts(struct pawl_wr *w, const struct cookie *c)
{
    pawl_cbor_wr_array(w, 2 * c->fact_n);
    for (size_t i = 0; i < c->fact_n; i++) {
        pawl_cbor_wr_text_n(w, c->fact[i].key);
        pawl_cbor_wr_text_n(w, c->fact[i].value);
    }
}

static void write_cookie(struct pawl_wr *w, const struct cookie *c, uint64_t expires_ms)
{
    pawl_cbor_wr_array(w, FIELDS);
    pawl_cbor_wr_text(w, COOKIE_LABEL);
    pawl_cbor_wr_uint(w, expires_ms);
    pawl_cbor_wr_text_n(w, c->tenant);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(c->request));
    pawl_cbor_wr_bytes(w, pawl_secret_view(&c->secret));
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(c->nonce));
    pawl_cbor_wr_bytes(w, pawl_name_view(&c->id.ek_name));
    write_cert(w, &c->id.cert);
    pawl_cbor_wr_bytes(w, c->ak_public);
    pawl_cbor_wr_bytes(w, pawl_view(c->id.td.b, c->id.td.n));
    pawl_cbor_wr_bytes(w, c->token_id);
    pawl_cbor_wr_uint(w, (uint64_t)c->id.roots);
    pawl_cbor_wr_uint(w, c->suite);
    write_facts(w, c);
}

pawl_status cookie_seal(const struct keys *keys, const struct cookie *c, int64_t now_ms,
                        uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(cookie_room_wipe) struct cookie_room room;
    struct pawl_wr   w = pawl_wr_to(room.bytes, sizeof(room.bytes) - PAWL_AEAD_TAG);
    struct pawl_view plain;

    write_cookie(&w, c, (uint64_t)now_ms + PAWL_COOKIE_TTL_MS);
    PAWL_TRY(pawl_wr_end(&w, "cookie", &plain, err));
    return pawl_aead_seal(PAWL_AES_256_SIV, &keys->cookie, pawl_view(NULL, 0), pawl_view(NULL, 0),
                          plain, ret, cap, ret_n, err);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void read_cert(struct pawl_cbor_rd *r, struct pawl_ek_cert *ret)
{
    pawl_cbor_rd_array_of(r, "cert", CERT_FIELDS);
    pawl_cbor_rd_text_to(r, "manufacturer", ret->manufacturer, sizeof(ret->manufacturer));
    pawl_cbor_rd_text_to(r, "model", ret->model, sizeof(ret->model));
    pawl_cbor_rd_text_to(r, "version", ret->version, sizeof(ret->version));
    pawl_cbor_rd_text_to(r, "subject", ret->subject, sizeof(ret->subject));
    pawl_cbor_rd_text_to(r, "issuer", ret->issuer, sizeof(ret->issuer));
    pawl_cbor_rd_text_to(r, "serial", ret->serial, sizeof(ret->serial));
    ret->not_before_s = pawl_cbor_rd_int(r, "not_before");
    ret->not_after_s = pawl_cbor_rd_int(r, "not_after");
    pawl_cbor_rd_leave(r, "cert");
}

static void read_facts(struct pawl_cbor_rd *r, struct cookie *c)
{
    c->fact_n = pawl_cbor_rd_array(r, "facts", 2 * PAWL_FACTS_MAX) / 2;
    for (size_t i = 0; i < c->fact_n; i++) {
        c->fact[i].key = pawl_cbor_rd_text(r, "facts", PAWL_FACT_MAX);
        c->fact[i].value = pawl_cbor_rd_text(r, "facts", PAWL_FACT_MAX);
    }
    pawl_cbor_rd_leave(r, "facts");
}

static void read_secret(struct pawl_cbor_rd *r, struct pawl_secret *ret)
{
    pawl_cbor_rd_bytes_to(r, "secret", ret->b, 32);
    ret->n = 32;
}

static void read_ek_name(struct pawl_cbor_rd *r, struct pawl_name *ret)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, "ek_name", 1, sizeof(ret->b));

    ret->n = v.n;
    if (v.n)
        memcpy(ret->b, v.p, v.n);
}

static void read_td(struct pawl_cbor_rd *r, struct pawl_public *ret)
{
    *ret = (struct pawl_public){ .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    pawl_cbor_rd_bytes_to(r, "td", ret->b, PAWL_POINT_P256);
}

static pawl_status read_cookie(struct pawl_view in, struct cookie *c, uint64_t *expires_ms,
                               struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_array_of(&r, "cookie", FIELDS);
    if (!pawl_view_equal(pawl_cbor_rd_text(&r, "label", PAWL_TENANT_MAX),
                         pawl_view_str(COOKIE_LABEL)))
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "label");
    *expires_ms = pawl_cbor_rd_uint(&r, "expiry", INT64_MAX);
    c->tenant = pawl_cbor_rd_text(&r, "tenant", PAWL_TENANT_MAX);
    pawl_cbor_rd_bytes_to(&r, "request", c->request, sizeof(c->request));
    read_secret(&r, &c->secret);
    pawl_cbor_rd_bytes_to(&r, "nonce", c->nonce, sizeof(c->nonce));
    read_ek_name(&r, &c->id.ek_name);
    read_cert(&r, &c->id.cert);
    c->ak_public = pawl_cbor_rd_bytes(&r, "ak_public", 1, PAWL_PUBLIC_MAX);
    read_td(&r, &c->id.td);
    c->token_id = pawl_cbor_rd_bytes(&r, "token_id", 0, PAWL_TOKEN_ID);
    c->id.roots = (enum roots)pawl_cbor_rd_uint(&r, "roots", ROOTS_COUNT - 1);
    c->suite = (uint16_t)pawl_cbor_rd_uint(&r, "suite", UINT16_MAX);
    read_facts(&r, c);
    pawl_cbor_rd_leave(&r, "cookie");
    return pawl_cbor_rd_end(&r, err);
}

/* What follows from the keys is computed anew and does not travel. */
static pawl_status derive(struct cookie *c, struct pawl_err *err)
{
    uint8_t                b[PAWL_PUBLIC_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_tpm_public ak, td;

    PAWL_TRY(pawl_tpm_public_parse(c->ak_public, &ak, err));
    PAWL_TRY(pawl_tpm_name(&ak, &c->id.ak_name, err));
    PAWL_TRY(pawl_template_write(PAWL_TD_P256, &c->id.td, &w, err));
    PAWL_TRY(pawl_tpm_public_parse(pawl_view(b, w.n), &td, err));
    PAWL_TRY(pawl_tpm_name(&td, &c->id.td_name, err));
    PAWL_TRY(pawl_sha256(pawl_name_view(&c->id.ek_name), c->id.device_id, err));
    const struct pawl_name chain[] = { c->id.ek_name, c->id.ak_name };
    return pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &c->id.qualified_signer, err);
}

static pawl_status open_bytes(const struct keys *keys, struct pawl_view in,
                              struct cookie_room *room, struct cookie *c, uint64_t *expires_ms,
                              struct pawl_err *err)
{
    size_t n;

    PAWL_TRY(keys_open_cookie(keys, in, room->bytes, sizeof(room->bytes), &n, err));
    PAWL_TRY(read_cookie(pawl_view(room->bytes, n), c, expires_ms, err));
    return derive(c, err);
}

pawl_status cookie_open(const struct keys *keys, struct pawl_view tenant, int64_t now_ms,
                        struct pawl_view in, struct cookie_room *room, struct cookie *ret,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(cookie_wipe) struct cookie c = { 0 };
    uint64_t                                expires_ms;
    struct pawl_err                         inner;

    if (in.n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, "evidence.cookie", "enrolment needs it");
    if (!pawl_is_ok(open_bytes(keys, in, room, &c, &expires_ms, &inner)))
        return pawl_fail(err, PAWL_E_FORGED, "evidence.cookie", "is none of ours");
    if (!pawl_view_equal(c.tenant, tenant))
        return pawl_fail(err, PAWL_E_FORGED, "evidence.cookie", "is another tenant's");
    if (now_ms > (int64_t)expires_ms)
        return pawl_fail(err, PAWL_E_EXPIRED, "evidence.cookie", "expired %" PRId64 " ms ago",
                         now_ms - (int64_t)expires_ms);
    *ret = c;
    return pawl_ok();
}
