/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_proof.h"

#include <stdlib.h>

#include "t.h"

enum { TENANT_N = 4, FIRST_ATTEMPT = 7, BASE = 3 };

static struct pawl_view bytes_of(uint8_t value, size_t n)
{
    uint8_t b[64];

    assert_true(n <= sizeof(b));
    memset(b, value, n);
    return t_copy(pawl_view(b, n));
}

/* ---- leaves --------------------------------------------------------------------------------- */

struct pawl_view soft_leaf(uint64_t seq, bool other)
{
    uint8_t leaf[PAWL_LEAF] = { other ? 0xff : 0x1e };

    for (size_t i = 0; i < 8; i++)
        leaf[8 + i] = (uint8_t)(seq >> (56 - 8 * i));
    return t_copy(PAWL_VIEW_OF(leaf));
}

struct pawl_view soft_leaves(uint64_t first, size_t n)
{
    uint8_t b[PAWL_GEN_MESSAGES * PAWL_LEAF];

    assert_true(n <= PAWL_GEN_MESSAGES);
    for (size_t i = 0; i < n; i++)
        memcpy(b + i * PAWL_LEAF, soft_leaf(first + i, false).p, PAWL_LEAF);
    return t_copy(pawl_view(b, n * PAWL_LEAF));
}

static struct pawl_view digest_of(struct pawl_view leaves)
{
    uint8_t         digest[32];
    struct pawl_err err;

    T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])leaves.p, leaves.n / PAWL_LEAF, digest,
                            &err),
         &err);
    return t_copy(PAWL_VIEW_OF(digest));
}

/* ---- what the device says -------------------------------------------------------------------- */

static struct pawl_a1 settled(const struct soft_proof *s, const struct pawl_name *ak, size_t i)
{
    return (struct pawl_a1){ .label = PAWL_LABEL_ATTEST,
                             .suite = PAWL_SUITE_CCM,
                             .tenant = s->p.tenant,
                             .verifier_id = t_copy(PAWL_VIEW_OF(s->verifier_id)),
                             .device_id = s->p.device_id,
                             .ak_name = t_copy(pawl_name_view(ak)),
                             .td_name = t_copy(pawl_name_view(ak)),
                             .nonce = bytes_of((uint8_t)i, PAWL_NONCE),
                             .attempt = FIRST_ATTEMPT + i,
                             .base_epoch = BASE,
                             .base_kid = bytes_of(0xb5, PAWL_KID),
                             .new_epoch = BASE,
                             .boot_id = bytes_of(0x0b, PAWL_BOOT_ID),
                             .os_boot = bytes_of(0x05, PAWL_OS_BOOT),
                             .reason = PAWL_REASON_SCHEDULE };
}

void soft_proof_make(struct soft_proof *s, enum rule rule)
{
    struct pawl_err err;

    *s = (struct soft_proof){ .ak = soft_key(PAWL_KEY_P256, 0) };
    T_OK(pawl_private_make(PAWL_KEY_P256, &s->verifier, &err), &err);
    T_OK(pawl_spki_pin(pawl_private_public(s->verifier), s->verifier_id, &err), &err);
    s->p = (struct proof){ .tenant = pawl_view("acme", TENANT_N),
                           .device_id = bytes_of(0xd1, PAWL_DEVICE_ID),
                           .ak_public = soft_template(PAWL_AK_P256, s->ak),
                           .rule = rule,
                           .kind = incident_kind_of(rule),
                           .epoch = BASE,
                           .time_ms = 1795326164123,
                           .detail = pawl_view_str("what was found") };
    struct pawl_name ak = soft_name(s->p.ak_public);
    for (size_t i = 0; i < PROOF_QUOTES_MAX; i++) {
        s->a1[i] = settled(s, &ak, i);
        s->clock[i] = (struct pawl_clock){
            .clock_ms = 5000 + 10 * i, .resets = 7, .restarts = 1, .safe = true
        };
    }
}

void soft_proof_done(struct soft_proof *s)
{
    pawl_private_free(&s->verifier);
}

void soft_lists(struct soft_proof *s, size_t i, uint64_t epoch, uint32_t gen, uint64_t first,
                uint64_t last)
{
    struct pawl_snd *snd = &s->a1[i].snd;
    size_t           n = (size_t)(last - first + 1);

    snd->gens[snd->gen_n++] = (struct pawl_snd_gen){ .epoch = epoch,
                                                     .gen = gen,
                                                     .first_seq = first,
                                                     .last_seq = last,
                                                     .count = (uint32_t)n,
                                                     .digest = digest_of(soft_leaves(first, n)) };
    snd->epoch = epoch;
    snd->gen = gen;
    snd->gen_start_seq = snd->epoch_start_seq = first;
    snd->seq_hi = last > snd->seq_hi ? last : snd->seq_hi;
    snd->reserved_hi = snd->seq_hi + 256;
}

void soft_received(struct soft_proof *s, size_t i, uint64_t epoch, uint32_t gen, uint64_t first,
                   uint64_t last)
{
    struct pawl_rcv *rcv = &s->a1[i].rcv;
    size_t           n = (size_t)(last - first + 1);
    uint8_t          bits[8];
    size_t           bits_n = pawl_bits_write(UINT64_MAX >> (64 - n), bits);

    rcv->gens[rcv->gen_n++] = (struct pawl_rcv_gen){ .epoch = epoch,
                                                     .gen = gen,
                                                     .first_seq = first,
                                                     .bitmap = t_copy(pawl_view(bits, bits_n)),
                                                     .digest = digest_of(soft_leaves(first, n)) };
    rcv->seq_hi = last;
}

void soft_denies(struct soft_proof *s, size_t i, uint64_t verdict, uint64_t epoch, uint32_t gen,
                 uint64_t seq_hi)
{
    static struct pawl_receipt   r;
    struct pawl_receipt_verdict *v = &s->a1[i].receipt;
    uint8_t                      b[512], hash[32], bits[1] = { 0x07 };
    struct pawl_wr               w = pawl_wr_to(b, sizeof(b));
    struct pawl_err              err;

    r = (struct pawl_receipt){
        .device_id = s->p.device_id, .th1 = bytes_of(0x77, 32), .seq_hi = seq_hi, .gen_n = 1
    };
    r.gens[0] = (struct pawl_rcv_gen){ .epoch = epoch,
                                       .gen = gen,
                                       .first_seq = 1,
                                       .bitmap = t_copy(PAWL_VIEW_OF(bits)),
                                       .digest = digest_of(soft_leaves(1, 3)) };
    T_OK(pawl_receipt_write(&r, &w, &err), &err);
    s->p.receipt = t_copy(pawl_view(b, w.n));
    T_OK(pawl_sha256(s->p.receipt, hash, &err), &err);
    *v = (struct pawl_receipt_verdict){ .receipt = t_copy(PAWL_VIEW_OF(hash)), .verdict = verdict };
    if (verdict == 3)
        v->ahead_seq = seq_hi;
    else
        v->pair_n = 1;
    v->pair[0].epoch = epoch;
    v->pair[0].gen = gen;
}

/* ---- the proof ------------------------------------------------------------------------------ */

void soft_quote(struct soft_proof *s, size_t i)
{
    struct proof_quote       *q = &s->p.quote[s->p.quote_n++];
    struct pawl_pcr_selection all = pawl_pcr_selection_all(0);
    uint8_t                  *b = malloc(PAWL_A1_MAX), th1[32];
    struct pawl_wr            w = pawl_wr_to(b, PAWL_A1_MAX);
    struct pawl_err           err;

    assert_non_null(b);
    T_OK(pawl_a1_write(&s->a1[i], &w, &err), &err);
    q->a1 = t_copy(pawl_view(b, w.n));
    free(b);
    T_OK(pawl_sha256(q->a1, th1, &err), &err);
    const struct soft_attest a = {
        .magic = PAWL_TPM_GENERATED,
        .type = PAWL_TPM_ST_QUOTE,
        .signer = bytes_of(0x0b, 34),
        .nonce = t_copy(PAWL_VIEW_OF(th1)),
        .clock = s->clock[i],
        .body = soft_quote_body(soft_selection(&all), bytes_of(0xdd, 32)),
    };
    q->attest = soft_attest(&a);
    q->signature = soft_sign(s->ak, PAWL_TPM_ALG_ECDSA, PAWL_SHA256, q->attest);
}

void soft_finds(struct soft_proof *s, enum rule rule, uint64_t epoch, uint32_t gen, uint64_t seq,
                struct pawl_view received, struct pawl_view attested)
{
    struct finding_slot *f = &s->p.found.at[s->p.found.n++];

    *f = (struct finding_slot){ .rule = rule, .epoch = epoch, .gen = gen, .seq = seq };
    f->has_received = received.n == PAWL_LEAF;
    f->has_attested = attested.n == PAWL_LEAF;
    if (f->has_received)
        memcpy(f->received, received.p, PAWL_LEAF);
    if (f->has_attested)
        memcpy(f->attested, attested.p, PAWL_LEAF);
}

void soft_shows(struct soft_proof *s, enum pawl_dir dir, uint64_t epoch, uint32_t gen,
                uint64_t first, struct pawl_view leaves)
{
    s->p.leaves[s->p.leaves_n++] = (struct proof_leaves){
        .dir = dir, .epoch = epoch, .gen = gen, .first_seq = first, .leaves = leaves
    };
}

struct pawl_view soft_proof_bytes(const struct soft_proof *s)
{
    uint8_t        *b = malloc(PROOF_MAX);
    struct pawl_wr  w = pawl_wr_to(b, PROOF_MAX);
    struct pawl_err err;

    assert_non_null(b);
    T_OK(proof_write(&s->p, s->verifier, s->verifier_id, &w, &err), &err);
    struct pawl_view copy = t_copy(pawl_view(b, w.n));
    free(b);
    return copy;
}
