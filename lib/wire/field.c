/* SPDX-License-Identifier: Apache-2.0 */
/* What more than one message carries: see field.h. */

#include "wire/field.h"

/* ---- a whole message ------------------------------------------------------------------------ */

pawl_status wire_written(const struct pawl_wr *w, const struct pawl_wr *out, const char *message,
                         struct pawl_view *ret, struct pawl_err *err)
{
    struct pawl_view all;

    PAWL_TRY(pawl_wr_end(out, message, &all, err));
    *ret = pawl_view(out->p + w->n, out->n - w->n);
    return pawl_ok();
}

pawl_status wire_commit(pawl_status parsed, const struct pawl_wr *out, struct pawl_wr *w,
                        struct pawl_err *err)
{
    if (!pawl_is_ok(parsed)) {
        err->code = PAWL_E_RANGE;
        return (pawl_status){ PAWL_E_RANGE };
    }
    *w = *out;
    return pawl_ok();
}

/* ---- fields --------------------------------------------------------------------------------- */

struct pawl_view wire_rd_tenant(struct pawl_cbor_rd *r, const char *field)
{
    struct pawl_view v = pawl_cbor_rd_text(r, field, PAWL_TENANT_MAX);

    if (!pawl_is_name(v))
        pawl_cbor_rd_fail(r, PAWL_E_FORM, field);
    return v;
}

enum pawl_label wire_rd_label(struct pawl_cbor_rd *r, const char *field)
{
    enum pawl_label l = pawl_label_from(pawl_cbor_rd_text(r, field, PAWL_LABEL_MAX));

    if (l == PAWL_LABEL_NONE)
        pawl_cbor_rd_fail(r, PAWL_E_FORM, field);
    return l;
}

struct pawl_view wire_rd_name(struct pawl_cbor_rd *r, const char *field)
{
    enum { NAME_SHA256 = 2 + 32, NAME_SHA384 = 2 + 48 };
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, NAME_SHA256, NAME_SHA384);

    if (v.n != NAME_SHA256 && v.n != NAME_SHA384)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    return v;
}

/* ---- suites --------------------------------------------------------------------------------- */

static bool has_suite(const struct pawl_suites *s, uint64_t suite)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->suite[i] == suite)
            return true;
    return false;
}

struct pawl_suites wire_rd_suites(struct pawl_cbor_rd *r, const char *field)
{
    struct pawl_suites s = { 0 };
    size_t             n = pawl_cbor_rd_array(r, field, PAWL_SUITES_MAX);

    if (n == 0)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    for (size_t i = 0; i < n; i++) {
        uint64_t suite = pawl_cbor_rd_uint(r, field, UINT16_MAX);
        /* 0 is no suite: pawl_suite_choose says "none" by it. */
        if (suite == 0 || has_suite(&s, suite))
            pawl_cbor_rd_fail(r, PAWL_E_FORM, field);
        s.suite[s.n++] = (uint16_t)suite;
    }
    pawl_cbor_rd_leave(r, field);
    return s;
}

void wire_wr_suites(struct pawl_wr *w, const struct pawl_suites *s)
{
    pawl_cbor_wr_array(w, s->n);
    for (size_t i = 0; i < wire_at_most(s->n, PAWL_SUITES_MAX); i++)
        pawl_cbor_wr_uint(w, s->suite[i]);
}

/* ---- PCR selections ------------------------------------------------------------------------- */

struct pawl_view wire_rd_pcrs(struct pawl_cbor_rd *r, const char *field)
{
    return pawl_cbor_rd_bytes(r, field, 4, PAWL_PCR_SELECT_MAX);
}

void wire_wr_pcrs(struct pawl_wr *w, const struct pawl_pcr_selection *s)
{
    uint8_t        b[PAWL_PCR_SELECT_MAX];
    struct pawl_wr inner = pawl_wr_to(b, sizeof(b));

    if (s->n <= PAWL_PCR_BANKS_MAX) /* else an empty string, which no parser takes */
        pawl_pcr_selection_write(s, &inner);
    pawl_cbor_wr_bytes(w, pawl_view(b, inner.n));
}

/* ---- logs ----------------------------------------------------------------------------------- */

size_t wire_rd_logs(struct pawl_cbor_rd *r, const char *field, struct pawl_log log[PAWL_LOGS_MAX])
{
    size_t n = pawl_cbor_rd_map(r, field, PAWL_LOGS_MAX);

    if (n == 0) /* no log is no field */
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    for (size_t i = 0; i < n; i++) {
        log[i].type = pawl_cbor_rd_uint(r, field, UINT64_MAX);
        log[i].bytes = pawl_cbor_rd_bytes(r, field, 0, PAWL_EVIDENCE_MAX);
    }
    pawl_cbor_rd_leave(r, field);
    return n;
}

void wire_wr_logs(struct pawl_wr *w, const struct pawl_log log[PAWL_LOGS_MAX], size_t n)
{
    pawl_cbor_wr_map(w, n);
    for (size_t i = 0; i < wire_at_most(n, PAWL_LOGS_MAX); i++) {
        pawl_cbor_wr_uint(w, log[i].type);
        pawl_cbor_wr_bytes(w, log[i].bytes);
    }
}

struct pawl_view wire_rd_ima(struct pawl_cbor_rd *r, const char *field, uint64_t *ret_first)
{
    pawl_cbor_rd_array_of(r, field, 2);
    *ret_first = pawl_cbor_rd_uint(r, field, UINT64_MAX);
    struct pawl_view ima = pawl_cbor_rd_bytes(r, field, 1, PAWL_EVIDENCE_MAX);
    pawl_cbor_rd_leave(r, field);
    return ima;
}

void wire_wr_ima(struct pawl_wr *w, uint64_t first, struct pawl_view ima)
{
    pawl_cbor_wr_array(w, 2);
    pawl_cbor_wr_uint(w, first);
    pawl_cbor_wr_bytes(w, ima);
}

/* ---- received generations ------------------------------------------------------------------- */

size_t wire_rd_rcv_gens(struct pawl_cbor_rd *r, const struct wire_rcv_fields *f,
                        struct pawl_rcv_gen *gens, size_t max)
{
    size_t n = pawl_cbor_rd_array(r, f->all, max);

    for (size_t i = 0; i < n; i++) {
        struct pawl_rcv_gen *g = &gens[i];
        pawl_cbor_rd_array_of(r, f->one, 5);
        g->epoch = pawl_cbor_rd_uint(r, f->epoch, UINT64_MAX);
        g->gen = (uint32_t)pawl_cbor_rd_uint(r, f->gen, UINT32_MAX);
        g->first_seq = pawl_cbor_rd_uint(r, f->first_seq, UINT64_MAX);
        g->bitmap = pawl_cbor_rd_bytes(r, f->bitmap, 0, PAWL_GEN_MESSAGES / 8);
        g->digest = pawl_cbor_rd_bytes(r, f->digest, 32, 32);
        pawl_cbor_rd_leave(r, f->one);
    }
    pawl_cbor_rd_leave(r, f->all);
    return n;
}

void wire_wr_rcv_gens(struct pawl_wr *w, const struct pawl_rcv_gen *gens, size_t n, size_t max)
{
    pawl_cbor_wr_array(w, n);
    for (size_t i = 0; i < wire_at_most(n, max); i++) {
        pawl_cbor_wr_array(w, 5);
        pawl_cbor_wr_uint(w, gens[i].epoch);
        pawl_cbor_wr_uint(w, gens[i].gen);
        pawl_cbor_wr_uint(w, gens[i].first_seq);
        pawl_cbor_wr_bytes(w, gens[i].bitmap);
        pawl_cbor_wr_bytes(w, gens[i].digest);
    }
}
