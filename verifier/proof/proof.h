/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of an incident: one file that a third party checks offline, without keys of the
 * ratchet.
 *
 *   COSE_Sign1 (ES256 of the verifier, external_aad "pawl/1 proof") over CBOR[
 *     "pawl/1 proof", verifier_key, tenant, device_id, ak_public, rule, kind, epoch, time_ms,
 *     detail, findings, quotes, leaves, receipt | h'' ]
 *
 *   verifier_key   the point of who signed, for those who know its pin alone; by itself no proof
 *   findings   [* [rule, epoch, gen, seq, received leaf | h'', attested leaf | h'']]
 *   quotes     [* [A1, TPMS_ATTEST, TPMT_SIGNATURE]], at most 2, the older one first
 *   leaves     [* [dir, epoch, gen, first_seq, leaves]]: of the slots that A1 lists of this
 *              generation, from the first listed one. They have the attested digest; or, beside a
 *              finding of this generation with seq 0, they are what came (dir 0), what the verifier
 *              sent of what RCV names (dir 1), and the digest is another.
 *   receipt    the one that A1 denies (E4)
 *
 * Who vouches for what: the AK for A1, and with the leaves for what the device sent and received;
 * the verifier for what came to it, for the receipt, and for the AK being the device's. What each
 * rule proves with that is said by proof_check, sentence by sentence.
 */
#ifndef VERIFIER_PROOF_H
#define VERIFIER_PROOF_H

#include <pawl/crypto.h>
#include <pawl/wire.h>

#include "ratchet/detect.h"

#define PROOF_MAX        (PAWL_SIGNED_MAX + 256)
#define PROOF_DETAIL_MAX 1024
#define PROOF_GENS_MAX   32
#define PROOF_QUOTES_MAX 2

struct proof_quote {
    struct pawl_view a1, attest, signature;
};

struct proof_leaves {
    enum pawl_dir    dir;
    uint64_t         epoch;
    uint32_t         gen;
    uint64_t         first_seq;
    struct pawl_view leaves;
};

struct proof {
    struct pawl_view    verifier_key; /* who signed it, by itself; not read by proof_write .. */
    struct pawl_view    verifier_id;  /* .. and its pin, by the header; nor is this */
    struct pawl_view    tenant, device_id, ak_public;
    enum rule           rule;
    enum incident_kind  kind;
    uint64_t            epoch;
    int64_t             time_ms;
    struct pawl_view    detail;
    struct findings     found;
    size_t              quote_n;
    struct proof_quote  quote[PROOF_QUOTES_MAX];
    size_t              leaves_n;
    struct proof_leaves leaves[PROOF_GENS_MAX];
    struct pawl_view    receipt;
};

/* Signed with the verifier's key. FULL; RANGE for what proof_parse would refuse; CRYPTO, MEMORY. */
PAWL_MUST_USE pawl_status proof_write(const struct proof *p, const struct pawl_private *key,
                                      const uint8_t verifier_id[32], struct pawl_wr *w,
                                      struct pawl_err *err);

/* Form alone: nobody's word yet. Views point into in. */
PAWL_MUST_USE pawl_status proof_parse(struct pawl_view in, struct proof *ret, struct pawl_err *err);

/* The same, and FORGED if the verifier's key did not sign it. */
PAWL_MUST_USE pawl_status proof_open(struct pawl_view in, const struct pawl_public *key,
                                     struct proof *ret, struct pawl_err *err);

enum proof_strength {
    PROOF_NOTHING = 0, /* what it holds does not bear out its rule */
    PROOF_VERIFIER,    /* the verifier says so, and nobody else can tell */
    PROOF_AK           /* the device's AK contradicts what was received, or itself */
};

const char *proof_strength_name(enum proof_strength s); /* "device-tpm"; never NULL */

#define PROOF_SAY_MAX 24

struct proof_said {
    enum proof_strength strength;
    size_t              n;
    char                line[PROOF_SAY_MAX][200]; /* for people, in order */
};

/* Everything that it claims: each quote's signature by the AK, magic, type, extraData == TH1;
 * device, tenant and verifier of each A1; leaves against digests; then the rule. A failure names
 * what is wrong with it; otherwise strength says what it proves, to who knows the verifier's
 * signature to be good: that is proof_open's part. */
PAWL_MUST_USE pawl_status proof_check(const struct proof *p, struct proof_said *ret,
                                      struct pawl_err *err);

/* ---- the last accepted evidence, as the store keeps it --------------------------------------- */

#define PROOF_EVIDENCE_MAX (64 * 1024)

/* CBOR[A1, TPMS_ATTEST, TPMT_SIGNATURE, receipt]; receipt: what answered it, may be empty. */
PAWL_MUST_USE pawl_status proof_evidence_write(const struct proof_quote *q,
                                               struct pawl_view receipt, struct pawl_wr *w,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status proof_evidence_parse(struct pawl_view in, struct proof_quote *ret,
                                               struct pawl_view *ret_receipt, struct pawl_err *err);

#endif
