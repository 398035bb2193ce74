/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof as bytes: written, signed, parsed. What it proves is said in check.c and judge.c.
 *
 * A writer has the parser read back what it wrote, so the limits of a field stand once, and nobody
 * signs what a third party's checker refuses.
 */
#include "proof/proof.h"

#include <stdlib.h>

#include <pawl/cbor.h>
#include <pawl/cose.h>

#define TITLE        "pawl/1 proof"
#define EXTERNAL_AAD "pawl/1 proof"

/* ---- quotes --------------------------------------------------------------------------------- */

static void write_quote(struct pawl_wr *w, const struct proof_quote *q)
{
    pawl_cbor_wr_bytes(w, q->a1);
    pawl_cbor_wr_bytes(w, q->attest);
    pawl_cbor_wr_bytes(w, q->signature);
}

static struct proof_quote read_quote(struct pawl_cbor_rd *r)
{
    struct proof_quote q;

    q.a1 = pawl_cbor_rd_bytes(r, "A1", 1, PAWL_A1_MAX);
    q.attest = pawl_cbor_rd_bytes(r, "attest", 1, PAWL_ATTEST_MAX);
    q.signature = pawl_cbor_rd_bytes(r, "signature", 1, PAWL_TPM_SIG_MAX);
    return q;
}

/* ---- the lists of a proof -------------------------------------------------------------------- */

static void write_leaf(struct pawl_wr *w, bool has, const uint8_t leaf[PAWL_LEAF])
{
    pawl_cbor_wr_bytes(w, pawl_view(leaf, has ? PAWL_LEAF : 0));
}

static void write_findings(struct pawl_wr *w, const struct findings *f)
{
    pawl_cbor_wr_array(w, f->n);
    for (size_t i = 0; i < f->n && i < FINDINGS_MAX; i++) {
        const struct finding_slot *s = &f->at[i];
        pawl_cbor_wr_array(w, 6);
        pawl_cbor_wr_uint(w, s->rule);
        pawl_cbor_wr_uint(w, s->epoch);
        pawl_cbor_wr_uint(w, s->gen);
        pawl_cbor_wr_uint(w, s->seq);
        write_leaf(w, s->has_received, s->received);
        write_leaf(w, s->has_attested, s->attested);
    }
}

/* A leaf, or none. */
static bool read_leaf(struct pawl_cbor_rd *r, const char *field, uint8_t ret[PAWL_LEAF])
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, 0, PAWL_LEAF);

    if (v.n == 0)
        return false;
    if (v.n != PAWL_LEAF)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    else
        memcpy(ret, v.p, PAWL_LEAF);
    return v.n == PAWL_LEAF;
}

static enum rule read_rule(struct pawl_cbor_rd *r, const char *field)
{
    enum rule rule = (enum rule)pawl_cbor_rd_uint(r, field, RULE_COUNT - 1);

    if (rule == RULE_NONE)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    return rule;
}

static void read_findings(struct pawl_cbor_rd *r, struct findings *ret)
{
    ret->n = pawl_cbor_rd_array(r, "findings", FINDINGS_MAX);
    for (size_t i = 0; i < ret->n; i++) {
        struct finding_slot *s = &ret->at[i];
        pawl_cbor_rd_array_of(r, "finding", 6);
        s->rule = read_rule(r, "finding.rule");
        s->epoch = pawl_cbor_rd_uint(r, "finding.epoch", UINT64_MAX);
        s->gen = (uint32_t)pawl_cbor_rd_uint(r, "finding.gen", UINT32_MAX);
        s->seq = pawl_cbor_rd_uint(r, "finding.seq", UINT64_MAX);
        s->has_received = read_leaf(r, "finding.received", s->received);
        s->has_attested = read_leaf(r, "finding.attested", s->attested);
        pawl_cbor_rd_leave(r, "finding");
    }
    pawl_cbor_rd_leave(r, "findings");
}

static void read_quotes(struct pawl_cbor_rd *r, struct proof *p)
{
    p->quote_n = pawl_cbor_rd_array(r, "quotes", PROOF_QUOTES_MAX);
    for (size_t i = 0; i < p->quote_n; i++) {
        pawl_cbor_rd_array_of(r, "quote", 3);
        p->quote[i] = read_quote(r);
        pawl_cbor_rd_leave(r, "quote");
    }
    pawl_cbor_rd_leave(r, "quotes");
}

static void write_leaves(struct pawl_wr *w, const struct proof *p)
{
    pawl_cbor_wr_array(w, p->leaves_n);
    for (size_t i = 0; i < p->leaves_n && i < PROOF_GENS_MAX; i++) {
        pawl_cbor_wr_array(w, 5);
        pawl_cbor_wr_uint(w, p->leaves[i].dir);
        pawl_cbor_wr_uint(w, p->leaves[i].epoch);
        pawl_cbor_wr_uint(w, p->leaves[i].gen);
        pawl_cbor_wr_uint(w, p->leaves[i].first_seq);
        pawl_cbor_wr_bytes(w, p->leaves[i].leaves);
    }
}

static void read_leaves(struct pawl_cbor_rd *r, struct proof *p)
{
    p->leaves_n = pawl_cbor_rd_array(r, "leaves", PROOF_GENS_MAX);
    for (size_t i = 0; i < p->leaves_n; i++) {
        struct proof_leaves *l = &p->leaves[i];
        pawl_cbor_rd_array_of(r, "leaves", 5);
        l->dir = (enum pawl_dir)pawl_cbor_rd_uint(r, "leaves.dir", PAWL_DOWN);
        l->epoch = pawl_cbor_rd_uint(r, "leaves.epoch", UINT64_MAX);
        l->gen = (uint32_t)pawl_cbor_rd_uint(r, "leaves.gen", UINT32_MAX);
        l->first_seq = pawl_cbor_rd_uint(r, "leaves.first_seq", UINT64_MAX);
        l->leaves = pawl_cbor_rd_bytes(r, "leaves.leaves", PAWL_LEAF,
                                       PAWL_GEN_MESSAGES * PAWL_LEAF);
        if (l->leaves.n % PAWL_LEAF)
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, "leaves.leaves");
        pawl_cbor_rd_leave(r, "leaves");
    }
    pawl_cbor_rd_leave(r, "leaves");
}

/* ---- the payload ---------------------------------------------------------------------------- */

static void write_payload(struct pawl_wr *w, const struct proof *p, const struct pawl_public *key)
{
    pawl_cbor_wr_array(w, 14);
    pawl_cbor_wr_text(w, TITLE);
    pawl_cbor_wr_bytes(w, pawl_view(key->b, key->n));
    pawl_cbor_wr_text_n(w, p->tenant);
    pawl_cbor_wr_bytes(w, p->device_id);
    pawl_cbor_wr_bytes(w, p->ak_public);
    pawl_cbor_wr_uint(w, p->rule);
    pawl_cbor_wr_uint(w, p->kind);
    pawl_cbor_wr_uint(w, p->epoch);
    pawl_cbor_wr_uint(w, (uint64_t)p->time_ms);
    pawl_cbor_wr_text_n(w, p->detail);
    write_findings(w, &p->found);
    pawl_cbor_wr_array(w, p->quote_n);
    for (size_t i = 0; i < p->quote_n && i < PROOF_QUOTES_MAX; i++) {
        pawl_cbor_wr_array(w, 3);
        write_quote(w, &p->quote[i]);
    }
    write_leaves(w, p);
    pawl_cbor_wr_bytes(w, p->receipt);
}

static void read_payload(struct pawl_cbor_rd *r, struct proof *p)
{
    pawl_cbor_rd_array_of(r, "array", 14);
    if (!pawl_view_equal(pawl_cbor_rd_text(r, "title", sizeof(TITLE) - 1), pawl_view_str(TITLE)))
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "title");
    p->verifier_key = pawl_cbor_rd_bytes(r, "verifier_key", PAWL_POINT_P256, PAWL_POINT_P256);
    p->tenant = pawl_cbor_rd_text(r, "tenant", PAWL_TENANT_MAX);
    if (!pawl_is_name(p->tenant))
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "tenant");
    p->device_id = pawl_cbor_rd_bytes(r, "device_id", PAWL_DEVICE_ID, PAWL_DEVICE_ID);
    p->ak_public = pawl_cbor_rd_bytes(r, "ak_public", 1, PAWL_PUBLIC_MAX);
    p->rule = read_rule(r, "rule");
    p->kind = (enum incident_kind)pawl_cbor_rd_uint(r, "kind", INCIDENT_KIND_COUNT - 1);
    if (p->kind == INCIDENT_NONE)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "kind");
    p->epoch = pawl_cbor_rd_uint(r, "epoch", UINT64_MAX);
    p->time_ms = (int64_t)pawl_cbor_rd_uint(r, "time_ms", INT64_MAX);
    p->detail = pawl_cbor_rd_text(r, "detail", PROOF_DETAIL_MAX);
    read_findings(r, &p->found);
    read_quotes(r, p);
    read_leaves(r, p);
    p->receipt = pawl_cbor_rd_bytes(r, "receipt", 0, PAWL_RESULT_MAX);
    pawl_cbor_rd_leave(r, "array");
}

static pawl_status parse_payload(struct pawl_view in, struct pawl_view kid, struct proof *ret,
                                 struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    struct proof        p = { .verifier_id = kid };

    if (kid.n != PAWL_VERIFIER_ID)
        return pawl_fail(err, PAWL_E_RANGE, "proof.kid", "has %zu bytes, not %d", kid.n,
                         PAWL_VERIFIER_ID);
    read_payload(&r, &p);
    PAWL_TRY(pawl_under(err, "proof", pawl_cbor_rd_end(&r, err)));
    *ret = p;
    return pawl_ok();
}

/* ---- the file ------------------------------------------------------------------------------- */

struct room {
    uint8_t *p;
};

static void room_done(struct room *r)
{
    free(r->p);
}

pawl_status proof_write(const struct proof *p, const struct pawl_private *key,
                        const uint8_t verifier_id[32], struct pawl_wr *w, struct pawl_err *err)
{
    PAWL_CLEANUP(room_done) struct room room = { malloc(PAWL_SIGNED_MAX) };
    struct pawl_view                    payload, kid = pawl_view(verifier_id, PAWL_VERIFIER_ID);
    struct proof                        back;

    if (!room.p)
        return pawl_fail(err, PAWL_E_MEMORY, "proof", "no memory");
    struct pawl_wr out = pawl_wr_to(room.p, PAWL_SIGNED_MAX);
    write_payload(&out, p, pawl_private_public(key));
    PAWL_TRY(pawl_wr_end(&out, "proof", &payload, err));
    if (!pawl_is_ok(parse_payload(payload, kid, &back, err))) {
        err->code = PAWL_E_RANGE;
        return (pawl_status){ PAWL_E_RANGE };
    }
    return pawl_cose_sign1_write(key, kid, pawl_view_str(EXTERNAL_AAD), payload, w, err);
}

pawl_status proof_parse(struct pawl_view in, struct proof *ret, struct pawl_err *err)
{
    struct pawl_cose_sign1 m;

    PAWL_TRY(pawl_cose_sign1_parse(in, &m, err));
    return parse_payload(m.payload, m.kid, ret, err);
}

pawl_status proof_open(struct pawl_view in, const struct pawl_public *key, struct proof *ret,
                       struct pawl_err *err)
{
    struct pawl_view payload;
    struct proof     p;
    uint8_t          id[PAWL_SPKI_PIN];

    PAWL_TRY(pawl_cose_sign1_open(key, pawl_view_str(EXTERNAL_AAD), in, &payload, err));
    PAWL_TRY(proof_parse(in, &p, err));
    /* kid is outside of the signature; the one that signed is what A1 has to name. */
    PAWL_TRY(pawl_spki_pin(key, id, err));
    if (!pawl_view_equal(p.verifier_id, PAWL_VIEW_OF(id)))
        return pawl_fail(err, PAWL_E_FORGED, "proof.kid", "is not the key that signed");
    if (!pawl_view_equal(p.verifier_key, pawl_view(key->b, key->n)))
        return pawl_fail(err, PAWL_E_FORGED, "proof.verifier_key", "is not the key that signed");
    *ret = p;
    return pawl_ok();
}

/* ---- the last accepted evidence -------------------------------------------------------------- */

pawl_status proof_evidence_write(const struct proof_quote *q, struct pawl_view receipt,
                                 struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_wr     out = *w;
    struct pawl_view   all, ignored;
    struct proof_quote back;

    pawl_cbor_wr_array(&out, 4);
    write_quote(&out, q);
    pawl_cbor_wr_bytes(&out, receipt);
    PAWL_TRY(pawl_wr_end(&out, "evidence", &all, err));
    if (!pawl_is_ok(
            proof_evidence_parse(pawl_view(out.p + w->n, out.n - w->n), &back, &ignored, err))) {
        err->code = PAWL_E_RANGE;
        return (pawl_status){ PAWL_E_RANGE };
    }
    *w = out;
    return pawl_ok();
}

pawl_status proof_evidence_parse(struct pawl_view in, struct proof_quote *ret,
                                 struct pawl_view *ret_receipt, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_array_of(&r, "array", 4);
    struct proof_quote q = read_quote(&r);
    struct pawl_view   receipt = pawl_cbor_rd_bytes(&r, "receipt", 0, PAWL_RESULT_MAX);
    pawl_cbor_rd_leave(&r, "array");
    PAWL_TRY(pawl_under(err, "evidence", pawl_cbor_rd_end(&r, err)));
    *ret = q;
    *ret_receipt = receipt;
    return pawl_ok();
}
