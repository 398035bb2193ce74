/* SPDX-License-Identifier: Apache-2.0 */
/* The judgement of a measurement list in its form for store and ticket: one CBOR array. */
#include <string.h>

#include "appraise/failure_row.h"
#include "appraise/ima_state.h"

enum { ROW_FORM = 1, ROW_N = 8, PLACE_N = 8, JUDGED_N = 8 };

/* ---- writing -------------------------------------------------------------------------------- */

static void put_place(struct pawl_wr *w, const struct ima_place *p)
{
    pawl_cbor_wr_array(w, PLACE_N);
    pawl_cbor_wr_uint(w, p->resets);
    pawl_cbor_wr_uint(w, p->pcr);
    pawl_cbor_wr_uint(w, p->bank);
    pawl_cbor_wr_uint(w, p->extends);
    pawl_cbor_wr_uint(w, p->entries);
    pawl_cbor_wr_uint(w, p->others);
    pawl_cbor_wr_uint(w, p->violations);
    pawl_cbor_wr_bytes(w, pawl_digest_view(&p->value));
}

static size_t paths_n(const struct ima_judged *j)
{
    return j->excluded < IMA_EXCLUDED_SHOWN ? (size_t)j->excluded : IMA_EXCLUDED_SHOWN;
}

static void put_judged(struct pawl_wr *w, const struct ima_judged *j)
{
    pawl_cbor_wr_array(w, JUDGED_N);
    pawl_cbor_wr_uint(w, j->known);
    pawl_cbor_wr_uint(w, j->signed_n);
    pawl_cbor_wr_uint(w, j->buffers);
    pawl_cbor_wr_uint(w, j->excluded);
    pawl_cbor_wr_uint(w, j->bad);
    pawl_cbor_wr_uint(w, j->boots);
    pawl_cbor_wr_bool(w, j->policy);
    pawl_cbor_wr_array(w, paths_n(j));
    for (size_t i = 0; i < paths_n(j); i++)
        pawl_cbor_wr_text(w, j->excluded_path[i]);
}

pawl_status ima_state_write(const struct ima_state *s, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_view ignored;

    pawl_cbor_wr_array(w, ROW_N);
    pawl_cbor_wr_uint(w, ROW_FORM);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(s->rules));
    put_place(w, &s->at);
    pawl_cbor_wr_bytes(w, pawl_digest_view(&s->padded));
    put_judged(w, &s->judged);
    failures_write(&s->failures, w);
    pawl_cbor_wr_bool(w, s->attested);
    return pawl_wr_end(w, "ima", &ignored, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

static uint64_t get_number(struct pawl_cbor_rd *r, const char *field)
{
    return pawl_cbor_rd_uint(r, field, UINT64_MAX);
}

/* Of the bank's length; or of none, where min is 0. */
static void get_digest(struct pawl_cbor_rd *r, const char *field, enum pawl_hash bank, size_t min,
                       struct pawl_digest *ret)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, min, pawl_hash_n(bank));

    if (v.n && v.n != pawl_hash_n(bank))
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    ret->n = v.n;
    if (v.n)
        memcpy(ret->b, v.p, v.n);
}

static void get_place(struct pawl_cbor_rd *r, struct ima_place *p)
{
    pawl_cbor_rd_array_of(r, "at", PLACE_N);
    p->resets = (uint32_t)pawl_cbor_rd_uint(r, "resets", UINT32_MAX);
    p->pcr = (uint32_t)pawl_cbor_rd_uint(r, "pcr", PAWL_PCRS - 1);
    p->bank = (enum pawl_hash)pawl_cbor_rd_uint(r, "bank", PAWL_HASH_COUNT - 1);
    if (p->bank == PAWL_HASH_NONE)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "bank");
    p->extends = (enum ima_extends)pawl_cbor_rd_uint(r, "extends", IMA_EXTENDS_COUNT - 1);
    p->entries = pawl_cbor_rd_uint(r, "entries", IMA_ENTRIES_MAX);
    p->others = pawl_cbor_rd_uint(r, "others", p->entries);
    p->violations = pawl_cbor_rd_uint(r, "violations", p->entries);
    get_digest(r, "value", p->bank, pawl_hash_n(p->bank), &p->value);
    pawl_cbor_rd_leave(r, "at");
}

static void get_judged(struct pawl_cbor_rd *r, struct ima_judged *j)
{
    pawl_cbor_rd_array_of(r, "judged", JUDGED_N);
    j->known = get_number(r, "known");
    j->signed_n = get_number(r, "signed");
    j->buffers = get_number(r, "buffers");
    j->excluded = get_number(r, "excluded");
    j->bad = get_number(r, "bad");
    j->boots = get_number(r, "boots");
    j->policy = pawl_cbor_rd_bool(r, "policy");
    pawl_cbor_rd_array_of(r, "excluded_path", paths_n(j));
    for (size_t i = 0; i < paths_n(j) && !r->bad; i++)
        failure_text_read(r, "excluded_path", j->excluded_path[i], IMA_PATH_SHOWN);
    pawl_cbor_rd_leave(r, "excluded_path");
    pawl_cbor_rd_leave(r, "judged");
}

pawl_status ima_state_parse(struct pawl_view in, struct ima_state *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    struct ima_state    s = { 0 };

    pawl_cbor_rd_array_of(&r, "ima", ROW_N);
    if (pawl_cbor_rd_uint(&r, "form", UINT8_MAX) != ROW_FORM)
        pawl_cbor_rd_fail(&r, PAWL_E_UNSUPPORTED, "form");
    pawl_cbor_rd_bytes_to(&r, "rules", s.rules, sizeof(s.rules));
    get_place(&r, &s.at);
    get_digest(&r, "padded", s.at.bank, 0, &s.padded);
    get_judged(&r, &s.judged);
    failures_read(&r, IMA_STATE_FAILURES, &s.failures);
    s.attested = pawl_cbor_rd_bool(&r, "attested");
    pawl_cbor_rd_leave(&r, "ima");
    PAWL_TRY(pawl_under(err, "ima", pawl_cbor_rd_end(&r, err)));
    *ret = s;
    return pawl_ok();
}
