/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proof in the making: a device's AK in software, two quotes, a verifier that signs. Good by
 * default; a test bends what it is about, then quotes, then writes.
 */
#ifndef VERIFIER_SOFT_PROOF_H
#define VERIFIER_SOFT_PROOF_H

#include "proof/proof.h"
#include "soft_tpm.h"

struct soft_proof {
    EVP_PKEY            *ak;
    struct pawl_private *verifier;
    uint8_t              verifier_id[PAWL_VERIFIER_ID];
    struct pawl_a1       a1[PROOF_QUOTES_MAX];
    struct pawl_clock    clock[PROOF_QUOTES_MAX];
    struct proof         p;
};

/* Two attests of a settled device, attempts 7 and 8 on one base; nothing is quoted yet. */
void soft_proof_make(struct soft_proof *s, enum rule rule);
void soft_proof_done(struct soft_proof *s);

/* The leaf of a slot as the device made it; other: as somebody else did. */
struct pawl_view soft_leaf(uint64_t seq, bool other);
/* n of them from first on, one behind the other. */
struct pawl_view soft_leaves(uint64_t first, size_t n);

/* a1[i] lists the slots first to last of this generation, up or down. */
void soft_lists(struct soft_proof *s, size_t i, uint64_t epoch, uint32_t gen, uint64_t first,
                uint64_t last);
void soft_received(struct soft_proof *s, size_t i, uint64_t epoch, uint32_t gen, uint64_t first,
                   uint64_t last);
/* What the device denies in a1[i]: a receipt that lists this generation. It goes into the proof. */
void soft_denies(struct soft_proof *s, size_t i, uint64_t verdict, uint64_t epoch, uint32_t gen,
                 uint64_t seq_hi);

/* The next quote of the proof, from a1[i] and clock[i] as they are. */
void soft_quote(struct soft_proof *s, size_t i);
/* A finding, with leaves where they are given. */
void soft_finds(struct soft_proof *s, enum rule rule, uint64_t epoch, uint32_t gen, uint64_t seq,
                struct pawl_view received, struct pawl_view attested);
/* What a generation's digest is over. */
void soft_shows(struct soft_proof *s, enum pawl_dir dir, uint64_t epoch, uint32_t gen,
                uint64_t first, struct pawl_view leaves);

/* The file, signed. */
struct pawl_view soft_proof_bytes(const struct soft_proof *s);

#endif
