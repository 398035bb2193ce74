/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saved evidence as bytes. What is taken is written back byte for byte; each array has exactly the
 * members that are named here, in this order:
 *
 *   [ "pawl/1 bundle", head, log, list ]
 *   head      = [ tenant, device_id, known, first_os_boot, ak_public, qualified_signer, a1, attest,
 *                 signature, [* PCR value] | null, judged ]
 *   known     = [ approved, state, lab, has_certificate, clock | null, os_boot, firmware_cert,
 *                 manufacturer, banks, [selection, [* PCR value]] | null ]
 *   clock     = [ clock_ms, resets, restarts, safe, firmware ]
 *   judged    = [ time_ms, watch, policy, status, [* exception] ]
 *   exception = [ reason, what, author, note, until_s ]
 *
 * Selections (banks too) are TPML_PCR_SELECTION as a TPM writes them. Not here: what it all means
 * (bundle_appraise.c).
 */
#include "appraise/bundle.h"

#include <stdio.h>

#include <pawl/cbor.h>

#include "appraise/eventlog.h"
#include "appraise/ima.h"

static const char LABEL[] = "pawl/1 bundle";

/* ---- both: texts, selections, values -------------------------------------------------------- */

static void wr_selection(struct pawl_wr *w, const struct pawl_pcr_selection *s)
{
    uint8_t        bytes[PAWL_PCR_SELECT_MAX];
    struct pawl_wr inner = pawl_wr_to(bytes, sizeof(bytes));

    pawl_pcr_selection_write(s, &inner);
    w->full = w->full || inner.full;
    pawl_cbor_wr_bytes(w, pawl_view(bytes, inner.n));
}

static void rd_selection(struct pawl_cbor_rd *r, const char *field, struct pawl_pcr_selection *ret)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, 0, PAWL_PCR_SELECT_MAX);
    struct pawl_err  why;

    if (r->bad)
        return;
    pawl_status s = pawl_pcr_selection_parse(v, ret, &why);
    if (!pawl_is_ok(s))
        pawl_cbor_rd_fail(r, s.code, field);
}

static void wr_values(struct pawl_wr *w, const struct pawl_pcr_values *v)
{
    pawl_cbor_wr_array(w, v->n);
    for (size_t i = 0; i < v->n && i < PAWL_PCR_VALUES_MAX; i++)
        pawl_cbor_wr_bytes(w, pawl_digest_view(&v->value[i]));
}

static void rd_values(struct pawl_cbor_rd *r, const char *field, struct pawl_pcr_values *ret)
{
    size_t n = pawl_cbor_rd_array(r, field, PAWL_PCR_VALUES_MAX);

    for (ret->n = 0; ret->n < n; ret->n++) {
        struct pawl_view    v = pawl_cbor_rd_bytes(r, field, 1, PAWL_HASH_MAX);
        struct pawl_digest *d = &ret->value[ret->n];
        if (v.n)
            memcpy(d->b, v.p, v.n);
        d->n = v.n;
    }
    pawl_cbor_rd_leave(r, field);
}

/* ---- what was known of the device ----------------------------------------------------------- */

static void wr_clock(struct pawl_wr *w, const struct pawl_clock *c)
{
    pawl_cbor_wr_array(w, 5);
    pawl_cbor_wr_uint(w, c->clock_ms);
    pawl_cbor_wr_uint(w, c->resets);
    pawl_cbor_wr_uint(w, c->restarts);
    pawl_cbor_wr_bool(w, c->safe);
    pawl_cbor_wr_uint(w, c->firmware);
}

static void rd_clock(struct pawl_cbor_rd *r, struct pawl_clock *c)
{
    pawl_cbor_rd_array_of(r, "known.clock", 5);
    c->clock_ms = pawl_cbor_rd_uint(r, "known.clock.clock_ms", UINT64_MAX);
    c->resets = (uint32_t)pawl_cbor_rd_uint(r, "known.clock.resets", UINT32_MAX);
    c->restarts = (uint32_t)pawl_cbor_rd_uint(r, "known.clock.restarts", UINT32_MAX);
    c->safe = pawl_cbor_rd_bool(r, "known.clock.safe");
    c->firmware = pawl_cbor_rd_uint(r, "known.clock.firmware", UINT64_MAX);
    pawl_cbor_rd_leave(r, "known.clock");
}

static void wr_known(struct pawl_wr *w, const struct known_device *k)
{
    pawl_cbor_wr_array(w, 10);
    pawl_cbor_wr_bool(w, k->approved);
    pawl_cbor_wr_text(w, k->state);
    pawl_cbor_wr_bool(w, k->lab);
    pawl_cbor_wr_bool(w, k->has_certificate);
    if (k->has_clock)
        wr_clock(w, &k->clock);
    else
        pawl_cbor_wr_null(w);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(k->os_boot));
    pawl_cbor_wr_text(w, k->firmware_cert);
    pawl_cbor_wr_text(w, k->manufacturer);
    wr_selection(w, &k->banks);
    if (!k->select || !k->values) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, 2);
    wr_selection(w, k->select);
    wr_values(w, k->values);
}

/* The values before are read by their selection: so there is one for each of its PCRs. */
static void rd_known_values(struct pawl_cbor_rd *r, struct bundle_head *h)
{
    struct pawl_digest unused;
    struct pawl_err    why;

    pawl_cbor_rd_array_of(r, "known.values", 2);
    rd_selection(r, "known.select", &h->select_room);
    rd_values(r, "known.values", &h->values_room);
    pawl_cbor_rd_leave(r, "known.values");
    if (!r->bad &&
        !pawl_is_ok(pawl_pcr_digest(PAWL_SHA256, &h->select_room, &h->values_room, &unused, &why)))
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "known.values");
}

/* *ret_values: whether there are any before this quote. */
static void rd_known(struct pawl_cbor_rd *r, struct bundle_head *h, bool *ret_values)
{
    struct known_device *k = &h->known;

    pawl_cbor_rd_array_of(r, "known", 10);
    k->approved = pawl_cbor_rd_bool(r, "known.approved");
    pawl_cbor_rd_text_to(r, "known.state", k->state, sizeof(k->state));
    k->lab = pawl_cbor_rd_bool(r, "known.lab");
    k->has_certificate = pawl_cbor_rd_bool(r, "known.has_certificate");
    k->has_clock = pawl_cbor_rd_peek(r) != PAWL_CBOR_NULL;
    if (k->has_clock)
        rd_clock(r, &k->clock);
    else
        pawl_cbor_rd_null(r, "known.clock");
    pawl_cbor_rd_bytes_to(r, "known.os_boot", k->os_boot, sizeof(k->os_boot));
    pawl_cbor_rd_text_to(r, "known.firmware_cert", k->firmware_cert, sizeof(k->firmware_cert));
    pawl_cbor_rd_text_to(r, "known.manufacturer", k->manufacturer, sizeof(k->manufacturer));
    rd_selection(r, "known.banks", &k->banks);
    *ret_values = pawl_cbor_rd_peek(r) != PAWL_CBOR_NULL;
    if (*ret_values)
        rd_known_values(r, h);
    else
        pawl_cbor_rd_null(r, "known.values");
    pawl_cbor_rd_leave(r, "known");
}

/* ---- how it was judged ---------------------------------------------------------------------- */

static void wr_exception(struct pawl_wr *w, const struct exception *e)
{
    pawl_cbor_wr_array(w, 5);
    pawl_cbor_wr_text(w, reason_code(e->reason));
    pawl_cbor_wr_text(w, e->what);
    pawl_cbor_wr_text(w, e->author);
    pawl_cbor_wr_text(w, e->note);
    pawl_cbor_wr_int(w, e->until_s);
}

static void rd_exception(struct pawl_cbor_rd *r, struct exception *e)
{
    pawl_cbor_rd_array_of(r, "exception", 5);
    e->reason = reason_of_code(pawl_cbor_rd_text(r, "exception.reason", VERDICT_WHAT_MAX));
    if (!r->bad && e->reason == REASON_NONE)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "exception.reason");
    pawl_cbor_rd_text_to(r, "exception.what", e->what, sizeof(e->what));
    pawl_cbor_rd_text_to(r, "exception.author", e->author, sizeof(e->author));
    pawl_cbor_rd_text_to(r, "exception.note", e->note, sizeof(e->note));
    e->until_s = pawl_cbor_rd_int(r, "exception.until_s");
    pawl_cbor_rd_leave(r, "exception");
}

static void wr_judged(struct pawl_wr *w, const struct bundle_head *h)
{
    pawl_cbor_wr_array(w, 5);
    pawl_cbor_wr_uint(w, (uint64_t)h->time_ms);
    pawl_cbor_wr_bool(w, h->watch);
    pawl_cbor_wr_text(w, h->policy);
    pawl_cbor_wr_text(w, h->status);
    pawl_cbor_wr_array(w, h->exception_n);
    for (size_t i = 0; i < h->exception_n && i < BUNDLE_EXCEPTIONS_MAX; i++)
        wr_exception(w, &h->exception[i]);
}

static void rd_judged(struct pawl_cbor_rd *r, struct bundle_head *h)
{
    pawl_cbor_rd_array_of(r, "judged", 5);
    h->time_ms = (int64_t)pawl_cbor_rd_uint(r, "judged.time_ms", INT64_MAX);
    h->watch = pawl_cbor_rd_bool(r, "judged.watch");
    pawl_cbor_rd_text_to(r, "judged.policy", h->policy, sizeof(h->policy));
    pawl_cbor_rd_text_to(r, "judged.status", h->status, sizeof(h->status));
    h->exception_n = pawl_cbor_rd_array(r, "judged.exceptions", BUNDLE_EXCEPTIONS_MAX);
    for (size_t i = 0; i < h->exception_n; i++)
        rd_exception(r, &h->exception[i]);
    pawl_cbor_rd_leave(r, "judged.exceptions");
    pawl_cbor_rd_leave(r, "judged");
}

/* ---- the head ------------------------------------------------------------------------------- */

static void wr_head(struct pawl_wr *w, const struct bundle_head *h)
{
    pawl_cbor_wr_array(w, 11);
    pawl_cbor_wr_text_n(w, h->tenant);
    pawl_cbor_wr_bytes(w, h->device_id);
    wr_known(w, &h->known);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(h->first_os_boot));
    pawl_cbor_wr_bytes(w, h->ak_public);
    pawl_cbor_wr_bytes(w, h->qualified_signer);
    pawl_cbor_wr_bytes(w, h->a1);
    pawl_cbor_wr_bytes(w, h->attest);
    pawl_cbor_wr_bytes(w, h->signature);
    if (h->has_values)
        wr_values(w, &h->values);
    else
        pawl_cbor_wr_null(w);
    wr_judged(w, h);
}

static void rd_head(struct pawl_cbor_rd *r, struct bundle_head *h, bool *ret_known_values)
{
    pawl_cbor_rd_array_of(r, "head", 11);
    h->tenant = pawl_cbor_rd_text(r, "tenant", PAWL_TENANT_MAX);
    if (!r->bad && !pawl_is_name(h->tenant))
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "tenant");
    h->device_id = pawl_cbor_rd_bytes(r, "device_id", PAWL_DEVICE_ID, PAWL_DEVICE_ID);
    rd_known(r, h, ret_known_values);
    pawl_cbor_rd_bytes_to(r, "first_os_boot", h->first_os_boot, sizeof(h->first_os_boot));
    h->ak_public = pawl_cbor_rd_bytes(r, "ak_public", 1, PAWL_PUBLIC_MAX);
    h->qualified_signer = pawl_cbor_rd_bytes(r, "qualified_signer", 0, PAWL_NAME_MAX);
    h->a1 = pawl_cbor_rd_bytes(r, "a1", 1, PAWL_A1_MAX);
    h->attest = pawl_cbor_rd_bytes(r, "attest", 1, PAWL_ATTEST_MAX);
    h->signature = pawl_cbor_rd_bytes(r, "signature", 1, PAWL_TPM_SIG_MAX);
    h->has_values = pawl_cbor_rd_peek(r) != PAWL_CBOR_NULL;
    if (h->has_values)
        rd_values(r, "values", &h->values);
    else
        pawl_cbor_rd_null(r, "values");
    rd_judged(r, h);
    pawl_cbor_rd_leave(r, "head");
}

pawl_status bundle_head_parse(struct pawl_view in, struct bundle_head *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    struct bundle_head  h = { 0 };
    bool                known_values = false;

    if (in.n > BUNDLE_HEAD_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "head", "has %zu bytes, at most %d are taken", in.n,
                         BUNDLE_HEAD_MAX);
    rd_head(&r, &h, &known_values);
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    *ret = h;
    if (known_values) {
        ret->known.select = &ret->select_room;
        ret->known.values = &ret->values_room;
    }
    return pawl_ok();
}

/* What was written reads back, or is refused here, where somebody can do something about it. */
pawl_status bundle_head_write(const struct bundle_head *h, struct pawl_wr *w, struct pawl_err *err)
{
    struct bundle_head read;
    struct pawl_view   written;
    size_t             from = w->n;

    wr_head(w, h);
    PAWL_TRY(pawl_wr_end(w, "head", &written, err));
    return bundle_head_parse(pawl_view(w->p + from, w->n - from), &read, err);
}

/* ---- the whole ------------------------------------------------------------------------------ */

pawl_status bundle_write(struct pawl_view head, struct pawl_view log, struct pawl_view list,
                         struct pawl_wr *w, struct pawl_err *err)
{
    struct bundle_head unused;
    struct pawl_view   written;

    PAWL_TRY(bundle_head_parse(head, &unused, err));
    if (log.n > EVENTLOG_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "log", "has %zu bytes", log.n);
    if (list.n > IMA_LIST_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "list", "has %zu bytes", list.n);
    pawl_cbor_wr_array(w, 4);
    pawl_cbor_wr_text(w, LABEL);
    pawl_wr_bytes(w, head);
    pawl_cbor_wr_bytes(w, log);
    pawl_cbor_wr_bytes(w, list);
    return pawl_wr_end(w, "bundle", &written, err);
}

pawl_status bundle_parse(struct pawl_view in, struct bundle *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);
    struct pawl_view    head, log, list;

    pawl_cbor_rd_array_of(&r, "bundle", 4);
    struct pawl_view label = pawl_cbor_rd_text(&r, "label", sizeof(LABEL) - 1);
    if (!r.bad && !pawl_view_equal(label, pawl_view_str(LABEL)))
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "label");
    head = pawl_cbor_rd_raw(&r, "head");
    log = pawl_cbor_rd_bytes(&r, "log", 0, EVENTLOG_MAX);
    list = pawl_cbor_rd_bytes(&r, "list", 0, IMA_LIST_MAX);
    pawl_cbor_rd_leave(&r, "bundle");
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    PAWL_TRY(bundle_head_parse(head, &ret->head, err));
    ret->head_bytes = head;
    ret->log = log;
    ret->list = list;
    return pawl_ok();
}
