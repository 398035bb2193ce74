/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot in its form for the store: one CBOR array, without a choice, so that devices that booted
 * alike have the same bytes and share them.
 *
 * Invariant: boot_parse takes what boot_write writes, and nothing else.
 */
#include <string.h>

#include <pawl/cbor.h>

#include "appraise/boot.h"
#include "appraise/failure_row.h"

enum { ROW_FORM = 1, ROW_N = 19 };

/* ---- writing -------------------------------------------------------------------------------- */

static void put_digest(struct pawl_wr *w, const struct pawl_digest *d)
{
    pawl_cbor_wr_bytes(w, pawl_digest_view(d));
}

static void put_digests(struct pawl_wr *w, const struct pawl_digest *d, size_t n)
{
    pawl_cbor_wr_array(w, n);
    for (size_t i = 0; i < n; i++)
        put_digest(w, &d[i]);
}

static void put_values(struct pawl_wr *w, const struct boot *b)
{
    pawl_cbor_wr_array(w, 2 * b->select.n);
    for (size_t i = 0; i < b->select.n; i++) {
        pawl_cbor_wr_uint(w, b->select.bank[i].hash);
        pawl_cbor_wr_uint(w, b->select.bank[i].bits);
    }
    put_digests(w, b->values.value, b->values.n);
}

static void put_lists(struct pawl_wr *w, const struct boot *b)
{
    pawl_cbor_wr_array(w, KEY_LIST_COUNT);
    for (int l = 0; l < KEY_LIST_COUNT; l++) {
        if (!b->list[l].present) {
            pawl_cbor_wr_null(w);
            continue;
        }
        pawl_cbor_wr_array(w, 2);
        pawl_cbor_wr_uint(w, b->list[l].n);
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(b->list[l].sha256));
    }
}

static void put_authorities(struct pawl_wr *w, const struct boot *b)
{
    pawl_cbor_wr_array(w, 2 * b->authority_n);
    for (size_t i = 0; i < b->authority_n; i++) {
        pawl_cbor_wr_bool(w, b->authority[i].by_shim);
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(b->authority[i].sha256));
    }
}

static void put_lines(struct pawl_wr *w, const struct boot *b)
{
    pawl_cbor_wr_uint(w, b->lines_left_out);
    pawl_cbor_wr_array(w, 3 * b->line_n);
    for (size_t i = 0; i < b->line_n; i++) {
        pawl_cbor_wr_uint(w, b->line[i].pcr);
        pawl_cbor_wr_text(w, b->line[i].text);
        put_digest(w, &b->line[i].digest);
    }
}

pawl_status boot_write(const struct boot *b, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_view ignored;

    pawl_cbor_wr_array(w, ROW_N);
    pawl_cbor_wr_uint(w, ROW_FORM);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(b->log_sha256));
    pawl_cbor_wr_bool(w, b->legacy);
    pawl_cbor_wr_uint(w, b->agree);
    pawl_cbor_wr_uint(w, b->compared);
    put_values(w, b);
    failures_write(&b->failures, w);
    pawl_cbor_wr_uint(w, b->bank);
    pawl_cbor_wr_uint(w, b->secure_boot);
    put_lists(w, b);
    pawl_cbor_wr_text(w, b->sbat);
    put_authorities(w, b);
    put_digests(w, b->image, b->image_n);
    put_digests(w, b->mok, b->mok_n);
    put_lines(w, b);
    put_digests(w, &b->phases[PAWL_SHA1], PAWL_HASH_COUNT - 1);
    return pawl_wr_end(w, "boot", &ignored, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* Of this hash's length. */
static void get_digest(struct pawl_cbor_rd *r, const char *field, enum pawl_hash hash,
                       struct pawl_digest *ret)
{
    ret->n = pawl_hash_n(hash);
    pawl_cbor_rd_bytes_to(r, field, ret->b, ret->n);
}

static void get_digests(struct pawl_cbor_rd *r, const char *field, enum pawl_hash hash,
                        struct pawl_digest *ret, size_t max, size_t *ret_n)
{
    *ret_n = pawl_cbor_rd_array(r, field, max);
    for (size_t i = 0; i < *ret_n; i++)
        get_digest(r, field, hash, &ret[i]);
    pawl_cbor_rd_leave(r, field);
}

static enum pawl_hash get_hash(struct pawl_cbor_rd *r, const char *field)
{
    enum pawl_hash h = (enum pawl_hash)pawl_cbor_rd_uint(r, field, PAWL_HASH_COUNT - 1);

    if (h == PAWL_HASH_NONE)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    return h;
}

/* Each bank once, with no other PCRs than those that agree. */
static void get_select(struct pawl_cbor_rd *r, struct boot *b)
{
    size_t   n = pawl_cbor_rd_array(r, "select", 2 * (size_t)PAWL_PCR_BANKS_MAX);
    unsigned seen = 0;

    if (n % 2)
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "select");
    b->select.n = n / 2;
    for (size_t i = 0; i < b->select.n; i++) {
        struct pawl_pcr_bank *bank = &b->select.bank[i];
        bank->hash = get_hash(r, "select");
        bank->bits = (uint32_t)pawl_cbor_rd_uint(r, "select", (1u << PAWL_PCRS) - 1);
        if (seen & 1u << bank->hash || bank->bits == 0 || bank->bits & ~b->agree)
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, "select");
        seen |= 1u << bank->hash;
    }
    pawl_cbor_rd_leave(r, "select");
}

static void get_values(struct pawl_cbor_rd *r, struct boot *b)
{
    get_select(r, b);
    size_t n = pawl_cbor_rd_array(r, "values", PAWL_PCR_VALUES_MAX);
    for (size_t i = 0; i < b->select.n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS && !r->bad; pcr++)
            if (b->select.bank[i].bits >> pcr & 1)
                get_digest(r, "values", b->select.bank[i].hash, &b->values.value[b->values.n++]);
    if (b->values.n != n)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "values");
    pawl_cbor_rd_leave(r, "values");
}

static void get_lists(struct pawl_cbor_rd *r, struct boot *b)
{
    pawl_cbor_rd_array_of(r, "lists", KEY_LIST_COUNT);
    for (int l = 0; l < KEY_LIST_COUNT; l++) {
        if (pawl_cbor_rd_peek(r) == PAWL_CBOR_NULL) {
            pawl_cbor_rd_null(r, "lists");
            continue;
        }
        b->list[l].present = true;
        pawl_cbor_rd_array_of(r, "lists", 2);
        b->list[l].n = (uint32_t)pawl_cbor_rd_uint(r, "lists", UINT32_MAX);
        pawl_cbor_rd_bytes_to(r, "lists", b->list[l].sha256, sizeof(b->list[l].sha256));
        pawl_cbor_rd_leave(r, "lists");
    }
    pawl_cbor_rd_leave(r, "lists");
}

static void get_authorities(struct pawl_cbor_rd *r, struct boot *b)
{
    size_t n = pawl_cbor_rd_array(r, "authorities", 2 * (size_t)FACTS_AUTHORITIES_MAX);

    b->authority_n = n / 2;
    for (size_t i = 0; i < b->authority_n; i++) {
        b->authority[i].by_shim = pawl_cbor_rd_bool(r, "authorities");
        pawl_cbor_rd_bytes_to(r, "authorities", b->authority[i].sha256,
                              sizeof(b->authority[i].sha256));
    }
    pawl_cbor_rd_leave(r, "authorities"); /* an odd one is left over */
}

static void get_lines(struct pawl_cbor_rd *r, struct boot *b)
{
    b->lines_left_out = (size_t)pawl_cbor_rd_uint(r, "lines_left_out", UINT32_MAX);
    size_t n = pawl_cbor_rd_array(r, "lines", 3 * (size_t)BOOT_LINES_MAX);
    b->line_n = n / 3;
    for (size_t i = 0; i < b->line_n; i++) {
        struct boot_line *l = &b->line[i];
        l->pcr = (unsigned)pawl_cbor_rd_uint(r, "lines", PAWL_PCRS - 1);
        failure_text_read(r, "lines", l->text, sizeof(l->text));
        get_digest(r, "lines", b->bank, &l->digest);
    }
    pawl_cbor_rd_leave(r, "lines");
}

/* By bank; empty where there is none. */
static void get_phases(struct pawl_cbor_rd *r, struct boot *b)
{
    pawl_cbor_rd_array_of(r, "phases", PAWL_HASH_COUNT - 1);
    for (int h = PAWL_SHA1; h < PAWL_HASH_COUNT; h++) {
        struct pawl_digest *d = &b->phases[h];
        struct pawl_view    v = pawl_cbor_rd_bytes(r, "phases", 0, pawl_hash_n((enum pawl_hash)h));
        if (v.n && v.n != pawl_hash_n((enum pawl_hash)h))
            pawl_cbor_rd_fail(r, PAWL_E_RANGE, "phases");
        d->n = v.n;
        if (v.n)
            memcpy(d->b, v.p, v.n);
    }
    pawl_cbor_rd_leave(r, "phases");
}

pawl_status boot_parse(struct pawl_view in, struct boot *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    struct boot         b = { 0 };

    pawl_cbor_rd_array_of(&r, "boot", ROW_N);
    if (pawl_cbor_rd_uint(&r, "form", UINT8_MAX) != ROW_FORM)
        pawl_cbor_rd_fail(&r, PAWL_E_UNSUPPORTED, "form");
    pawl_cbor_rd_bytes_to(&r, "log_sha256", b.log_sha256, sizeof(b.log_sha256));
    b.legacy = pawl_cbor_rd_bool(&r, "legacy");
    b.agree = (uint32_t)pawl_cbor_rd_uint(&r, "agree", (1u << PAWL_PCRS) - 1);
    b.compared = (uint32_t)pawl_cbor_rd_uint(&r, "compared", (1u << PAWL_PCRS) - 1);
    if (b.agree & ~b.compared)
        pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "agree");
    get_values(&r, &b);
    failures_read(&r, BOOT_FAILURES_MAX, &b.failures);
    b.bank = get_hash(&r, "bank");
    b.secure_boot = (enum fact)pawl_cbor_rd_uint(&r, "secure_boot", FACT_YES);
    get_lists(&r, &b);
    failure_text_read(&r, "sbat", b.sbat, sizeof(b.sbat));
    get_authorities(&r, &b);
    get_digests(&r, "images", b.bank, b.image, FACTS_IMAGES_MAX, &b.image_n);
    get_digests(&r, "mok", b.bank, b.mok, FACTS_MOK_MAX, &b.mok_n);
    get_lines(&r, &b);
    get_phases(&r, &b);
    pawl_cbor_rd_leave(&r, "boot");
    PAWL_TRY(pawl_under(err, "boot", pawl_cbor_rd_end(&r, err)));
    *ret = b;
    return pawl_ok();
}
