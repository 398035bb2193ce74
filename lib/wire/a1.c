/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A1, the transcript: what the device says about itself and its messages. SHA-256(A1) is TH1, the
 * extraData of its quote, so the TPM's signature covers every field (P-TR-1).
 *
 *     A1  = [ label, suite, tenant, verifier_id, device_id, ak_name, td_name, nonce_V, attempt,
 *             base_epoch, base_kid, new_epoch, E_D, boot_id, os_boot, nv_counter, reason, LOG, SND,
 *             RCV, receipt_verdict, next_s ]
 *     LOG = [* [type, length, SHA-256] ]
 *     SND = [ seq_hi, epoch, gen, gen_start_seq, epoch_start_seq, reserved_hi,
 *             [* [epoch, gen, first_seq, last_seq, count, digest]], [* [unknown_lo, unknown_hi]] ]
 *     RCV = [ seq_hi_down, [* [epoch, gen, first_seq, bitmap, digest]] ]
 *     receipt_verdict = [ receipt_hash, 0..3, [* [epoch, gen]], ahead_seq ]
 *
 * Spec: docs/protocol.md, section "Transcript". Not here: what follows from the fields, and which
 * of them go together; the flows judge that after the quote verified.
 */

#include <string.h>

#include "wire/field.h"

enum { SHA256 = 32, VERDICT_NONE = 0, VERDICT_LAST = 3 };

/* ---- LOG ------------------------------------------------------------------------------------ */

static void rd_log(struct pawl_cbor_rd *r, struct pawl_a1 *m)
{
    m->log_n = pawl_cbor_rd_array(r, "LOG", PAWL_LOGS_MAX);
    for (size_t i = 0; i < m->log_n; i++) {
        struct pawl_log_ref *log = &m->log[i];
        pawl_cbor_rd_array_of(r, "LOG", 3);
        log->type = pawl_cbor_rd_uint(r, "LOG.type", UINT64_MAX);
        if (i > 0 && log->type <= m->log[i - 1].type) /* each once, as in the evidence */
            pawl_cbor_rd_fail(r, PAWL_E_FORM, "LOG.type");
        log->length = pawl_cbor_rd_uint(r, "LOG.length", UINT64_MAX);
        log->sha256 = pawl_cbor_rd_bytes(r, "LOG.sha256", SHA256, SHA256);
        pawl_cbor_rd_leave(r, "LOG");
    }
    pawl_cbor_rd_leave(r, "LOG");
}

static void wr_log(struct pawl_wr *w, const struct pawl_a1 *m)
{
    pawl_cbor_wr_array(w, m->log_n);
    for (size_t i = 0; i < wire_at_most(m->log_n, PAWL_LOGS_MAX); i++) {
        pawl_cbor_wr_array(w, 3);
        pawl_cbor_wr_uint(w, m->log[i].type);
        pawl_cbor_wr_uint(w, m->log[i].length);
        pawl_cbor_wr_bytes(w, m->log[i].sha256);
    }
}

/* ---- SND (P-TR-4) --------------------------------------------------------------------------- */

static void rd_snd_gen(struct pawl_cbor_rd *r, struct pawl_snd_gen *g)
{
    pawl_cbor_rd_array_of(r, "SND.generation", 6);
    g->epoch = pawl_cbor_rd_uint(r, "SND.generation.epoch", UINT64_MAX);
    g->gen = (uint32_t)pawl_cbor_rd_uint(r, "SND.generation.gen", UINT32_MAX);
    g->first_seq = pawl_cbor_rd_uint(r, "SND.generation.first_seq", UINT64_MAX);
    g->last_seq = pawl_cbor_rd_uint(r, "SND.generation.last_seq", UINT64_MAX);
    g->count = (uint32_t)pawl_cbor_rd_uint(r, "SND.generation.count", PAWL_GEN_MESSAGES);
    g->digest = pawl_cbor_rd_bytes(r, "SND.generation.digest", SHA256, SHA256);
    pawl_cbor_rd_leave(r, "SND.generation");
}

static void rd_unknown(struct pawl_cbor_rd *r, struct pawl_range *range)
{
    pawl_cbor_rd_array_of(r, "SND.unknown", 2);
    range->lo = pawl_cbor_rd_uint(r, "SND.unknown.lo", UINT64_MAX);
    range->hi = pawl_cbor_rd_uint(r, "SND.unknown.hi", UINT64_MAX);
    if (range->lo > range->hi)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "SND.unknown.hi");
    pawl_cbor_rd_leave(r, "SND.unknown");
}

static void rd_snd(struct pawl_cbor_rd *r, struct pawl_snd *s)
{
    pawl_cbor_rd_array_of(r, "SND", 8);
    s->seq_hi = pawl_cbor_rd_uint(r, "SND.seq_hi", UINT64_MAX);
    s->epoch = pawl_cbor_rd_uint(r, "SND.epoch", UINT64_MAX);
    s->gen = (uint32_t)pawl_cbor_rd_uint(r, "SND.gen", UINT32_MAX);
    s->gen_start_seq = pawl_cbor_rd_uint(r, "SND.gen_start_seq", UINT64_MAX);
    s->epoch_start_seq = pawl_cbor_rd_uint(r, "SND.epoch_start_seq", UINT64_MAX);
    s->reserved_hi = pawl_cbor_rd_uint(r, "SND.reserved_hi", UINT64_MAX);
    s->gen_n = pawl_cbor_rd_array(r, "SND.generations", PAWL_SND_GENS_MAX);
    for (size_t i = 0; i < s->gen_n; i++)
        rd_snd_gen(r, &s->gens[i]);
    pawl_cbor_rd_leave(r, "SND.generations");
    s->unknown_n = pawl_cbor_rd_array(r, "SND.unknown", PAWL_SND_UNKNOWN_MAX);
    for (size_t i = 0; i < s->unknown_n; i++)
        rd_unknown(r, &s->unknown[i]);
    pawl_cbor_rd_leave(r, "SND.unknown");
    pawl_cbor_rd_leave(r, "SND");
}

static void wr_snd(struct pawl_wr *w, const struct pawl_snd *s)
{
    pawl_cbor_wr_array(w, 8);
    pawl_cbor_wr_uint(w, s->seq_hi);
    pawl_cbor_wr_uint(w, s->epoch);
    pawl_cbor_wr_uint(w, s->gen);
    pawl_cbor_wr_uint(w, s->gen_start_seq);
    pawl_cbor_wr_uint(w, s->epoch_start_seq);
    pawl_cbor_wr_uint(w, s->reserved_hi);
    pawl_cbor_wr_array(w, s->gen_n);
    for (size_t i = 0; i < wire_at_most(s->gen_n, PAWL_SND_GENS_MAX); i++) {
        pawl_cbor_wr_array(w, 6);
        pawl_cbor_wr_uint(w, s->gens[i].epoch);
        pawl_cbor_wr_uint(w, s->gens[i].gen);
        pawl_cbor_wr_uint(w, s->gens[i].first_seq);
        pawl_cbor_wr_uint(w, s->gens[i].last_seq);
        pawl_cbor_wr_uint(w, s->gens[i].count);
        pawl_cbor_wr_bytes(w, s->gens[i].digest);
    }
    pawl_cbor_wr_array(w, s->unknown_n);
    for (size_t i = 0; i < wire_at_most(s->unknown_n, PAWL_SND_UNKNOWN_MAX); i++) {
        pawl_cbor_wr_array(w, 2);
        pawl_cbor_wr_uint(w, s->unknown[i].lo);
        pawl_cbor_wr_uint(w, s->unknown[i].hi);
    }
}

/* ---- RCV (P-TR-5) --------------------------------------------------------------------------- */

static const struct wire_rcv_fields RCV_FIELDS = {
    "RCV.generations",       "RCV.generation",           "RCV.generation.epoch",
    "RCV.generation.gen",    "RCV.generation.first_seq", "RCV.generation.bitmap",
    "RCV.generation.digest",
};

static void rd_rcv(struct pawl_cbor_rd *r, struct pawl_rcv *v)
{
    pawl_cbor_rd_array_of(r, "RCV", 2);
    v->seq_hi = pawl_cbor_rd_uint(r, "RCV.seq_hi_down", UINT64_MAX);
    v->gen_n = wire_rd_rcv_gens(r, &RCV_FIELDS, v->gens, PAWL_RCV_GENS_MAX);
    pawl_cbor_rd_leave(r, "RCV");
}

static void wr_rcv(struct pawl_wr *w, const struct pawl_rcv *v)
{
    pawl_cbor_wr_array(w, 2);
    pawl_cbor_wr_uint(w, v->seq_hi);
    wire_wr_rcv_gens(w, v->gens, v->gen_n, PAWL_RCV_GENS_MAX);
}

/* ---- receipt_verdict (P-TR-6) --------------------------------------------------------------- */

static void rd_verdict(struct pawl_cbor_rd *r, struct pawl_receipt_verdict *v)
{
    pawl_cbor_rd_array_of(r, "receipt_verdict", 4);
    v->receipt = pawl_cbor_rd_bytes(r, "receipt_verdict.receipt_hash", 0, SHA256);
    if (v->receipt.n != 0 && v->receipt.n != SHA256)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "receipt_verdict.receipt_hash");
    v->verdict = pawl_cbor_rd_uint(r, "receipt_verdict.verdict", VERDICT_LAST);
    if (v->receipt.n == 0 && v->verdict != VERDICT_NONE) /* a verdict on no receipt */
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "receipt_verdict.verdict");
    v->pair_n = pawl_cbor_rd_array(r, "receipt_verdict.pairs", PAWL_VERDICT_PAIRS_MAX);
    for (size_t i = 0; i < v->pair_n; i++) {
        pawl_cbor_rd_array_of(r, "receipt_verdict.pair", 2);
        v->pair[i].epoch = pawl_cbor_rd_uint(r, "receipt_verdict.pair.epoch", UINT64_MAX);
        v->pair[i].gen = (uint32_t)pawl_cbor_rd_uint(r, "receipt_verdict.pair.gen", UINT32_MAX);
        pawl_cbor_rd_leave(r, "receipt_verdict.pair");
    }
    pawl_cbor_rd_leave(r, "receipt_verdict.pairs");
    v->ahead_seq = pawl_cbor_rd_uint(r, "receipt_verdict.ahead_seq", UINT64_MAX);
    pawl_cbor_rd_leave(r, "receipt_verdict");
}

static void wr_verdict(struct pawl_wr *w, const struct pawl_receipt_verdict *v)
{
    pawl_cbor_wr_array(w, 4);
    pawl_cbor_wr_bytes(w, v->receipt);
    pawl_cbor_wr_uint(w, v->verdict);
    pawl_cbor_wr_array(w, v->pair_n);
    for (size_t i = 0; i < wire_at_most(v->pair_n, PAWL_VERDICT_PAIRS_MAX); i++) {
        pawl_cbor_wr_array(w, 2);
        pawl_cbor_wr_uint(w, v->pair[i].epoch);
        pawl_cbor_wr_uint(w, v->pair[i].gen);
    }
    pawl_cbor_wr_uint(w, v->ahead_seq);
}

/* ---- A1 ------------------------------------------------------------------------------------- */

/* Empty, or an uncompressed point; whether it is on the curve is found at its import. */
static struct pawl_view rd_point(struct pawl_cbor_rd *r, const char *field)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, 0, PAWL_POINT_P256);

    if (v.n != 0 && v.n != PAWL_POINT_P256)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, field);
    else if (v.n && v.p[0] != 0x04)
        pawl_cbor_rd_fail(r, PAWL_E_FORM, field);
    return v;
}

/* Nearly all of it is room for generations. */
static void a1_copy(struct pawl_a1 *to, const struct pawl_a1 *from)
{
    memcpy(to, from, offsetof(struct pawl_a1, snd.gens));
    memcpy(to->snd.gens, from->snd.gens, from->snd.gen_n * sizeof(from->snd.gens[0]));
}

pawl_status pawl_a1_parse(struct pawl_view in, struct pawl_a1 *ret, struct pawl_err *err)
{
    struct pawl_cbor_rd r = wire_rd_from(in, PAWL_A1_MAX);
    struct pawl_a1      m = { 0 };

    pawl_cbor_rd_array_of(&r, "array", 22);
    m.label = wire_rd_label(&r, "label");
    m.suite = (uint16_t)pawl_cbor_rd_uint(&r, "suite", UINT16_MAX);
    m.tenant = wire_rd_tenant(&r, "tenant");
    m.verifier_id = pawl_cbor_rd_bytes(&r, "verifier_id", PAWL_VERIFIER_ID, PAWL_VERIFIER_ID);
    m.device_id = pawl_cbor_rd_bytes(&r, "device_id", PAWL_DEVICE_ID, PAWL_DEVICE_ID);
    m.ak_name = wire_rd_name(&r, "ak_name");
    m.td_name = wire_rd_name(&r, "td_name");
    m.nonce = pawl_cbor_rd_bytes(&r, "nonce_V", PAWL_NONCE, PAWL_NONCE);
    m.attempt = pawl_cbor_rd_uint(&r, "attempt", UINT64_MAX);
    m.base_epoch = pawl_cbor_rd_uint(&r, "base_epoch", UINT64_MAX);
    m.base_kid = pawl_cbor_rd_bytes(&r, "base_kid", PAWL_KID, PAWL_KID);
    m.new_epoch = pawl_cbor_rd_uint(&r, "new_epoch", UINT64_MAX);
    m.e_d = rd_point(&r, "E_D");
    m.boot_id = pawl_cbor_rd_bytes(&r, "boot_id", PAWL_BOOT_ID, PAWL_BOOT_ID);
    m.os_boot = pawl_cbor_rd_bytes(&r, "os_boot", PAWL_OS_BOOT, PAWL_OS_BOOT);
    m.nv_counter = pawl_cbor_rd_uint(&r, "nv_counter", UINT64_MAX);
    m.reason = (enum pawl_reason)pawl_cbor_rd_uint(&r, "reason", PAWL_REASON_COUNT - 1);
    rd_log(&r, &m);
    rd_snd(&r, &m.snd);
    rd_rcv(&r, &m.rcv);
    rd_verdict(&r, &m.receipt);
    m.next_s = pawl_cbor_rd_uint(&r, "next_s", PAWL_NEXT_S_MAX);
    pawl_cbor_rd_leave(&r, "array");
    PAWL_TRY(pawl_under(err, "a1", pawl_cbor_rd_end(&r, err)));
    a1_copy(ret, &m);
    return pawl_ok();
}

pawl_status pawl_a1_write(const struct pawl_a1 *m, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_wr   out = *w;
    struct pawl_a1   back;
    struct pawl_view written;

    pawl_cbor_wr_array(&out, 22);
    pawl_cbor_wr_text(&out, pawl_label_text(m->label));
    pawl_cbor_wr_uint(&out, m->suite);
    pawl_cbor_wr_text_n(&out, m->tenant);
    pawl_cbor_wr_bytes(&out, m->verifier_id);
    pawl_cbor_wr_bytes(&out, m->device_id);
    pawl_cbor_wr_bytes(&out, m->ak_name);
    pawl_cbor_wr_bytes(&out, m->td_name);
    pawl_cbor_wr_bytes(&out, m->nonce);
    pawl_cbor_wr_uint(&out, m->attempt);
    pawl_cbor_wr_uint(&out, m->base_epoch);
    pawl_cbor_wr_bytes(&out, m->base_kid);
    pawl_cbor_wr_uint(&out, m->new_epoch);
    pawl_cbor_wr_bytes(&out, m->e_d);
    pawl_cbor_wr_bytes(&out, m->boot_id);
    pawl_cbor_wr_bytes(&out, m->os_boot);
    pawl_cbor_wr_uint(&out, m->nv_counter);
    pawl_cbor_wr_uint(&out, (uint64_t)m->reason);
    wr_log(&out, m);
    wr_snd(&out, &m->snd);
    wr_rcv(&out, &m->rcv);
    wr_verdict(&out, &m->receipt);
    pawl_cbor_wr_uint(&out, m->next_s);
    PAWL_TRY(wire_written(w, &out, "a1", &written, err));
    return wire_commit(pawl_a1_parse(written, &back, err), &out, w, err);
}

pawl_status pawl_os_boot(struct pawl_view boot_id, uint8_t ret[PAWL_OS_BOOT], struct pawl_err *err)
{
    enum { KERNEL_BOOT_ID = 36 };
    const struct pawl_view parts[] = { pawl_view_str("pawl/1 os boot"), boot_id };
    struct pawl_digest     d;

    if (boot_id.n != KERNEL_BOOT_ID)
        return pawl_fail(err, PAWL_E_RANGE, "os_boot",
                         "a kernel's boot_id has %d characters, not %zu", KERNEL_BOOT_ID,
                         boot_id.n);
    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, 2, &d, err));
    memcpy(ret, d.b, PAWL_OS_BOOT);
    return pawl_ok();
}
