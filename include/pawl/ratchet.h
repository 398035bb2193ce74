/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ratchet: key schedule, generations, messages, leaves. Both roles call the same functions;
 * docs/protocol.md, sections "Key schedule" and "Messages", reads line by line like lib/ratchet.
 *
 * Views of a parsed struct point into the input, which must outlive it. Whatever holds a secret
 * has a wipe function, good for PAWL_CLEANUP.
 *
 * Not here: what is durable before what (the programs), which message is believed (verifier).
 */
#ifndef PAWL_RATCHET_H
#define PAWL_RATCHET_H

#include <pawl/cose.h>
#include <pawl/wire.h>

/* ---- transcript ----------------------------------------------------------------------------- */

/* TH2 = SHA-256(CBOR["pawl/1 th2", TH1, SHA-256(TPMS_ATTEST), E_V, SHA-256(JWS signing input)]).
 * signing_input: the EAR up to its second dot, without it. */
PAWL_MUST_USE pawl_status pawl_th2(const uint8_t th1[32], struct pawl_view attest,
                                   const uint8_t    e_v[PAWL_POINT_P256],
                                   struct pawl_view signing_input, uint8_t ret[32],
                                   struct pawl_err *err);

/* The signing input of a compact JWS (RFC 7515): all before its second dot; empty if there are not
 * two of them. A view into jws. */
struct pawl_view pawl_jws_signing_input(struct pawl_view jws);

/* ---- key schedule --------------------------------------------------------------------------- */

/* RK of an epoch that has no base: enrolment, and resync bound to the TH1 that was accepted. */
PAWL_MUST_USE pawl_status pawl_rk_enrol(struct pawl_secret *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_rk_resync(const uint8_t th1[32], struct pawl_secret *ret,
                                         struct pawl_err *err);

/* K_auth and H of an enrolment, out of the activated secret. */
PAWL_MUST_USE pawl_status pawl_enrol_auth(const struct pawl_secret *secret, struct pawl_secret *ret,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_enrol_term(const struct pawl_secret *secret, struct pawl_secret *ret,
                                          struct pawl_err *err);

/* What a rekey mixes. h NULL: 32 zero bytes. */
struct pawl_rekey_terms {
    const struct pawl_secret *rk;   /* of the base, or by pawl_rk_enrol, pawl_rk_resync */
    const struct pawl_secret *z_ee; /* 32 bytes each */
    const struct pawl_secret *z_se;
    const struct pawl_secret *h;
    uint8_t                   th2[32];
    uint64_t                  epoch; /* of the root that comes out */
};

enum pawl_dir { PAWL_UP = 0, PAWL_DOWN = 1 };

/* A chain of generations, one direction of one epoch. gk is GK_gen: generation gen is the next to
 * open, and nothing here leads back to an earlier one. */
struct pawl_chain {
    enum pawl_dir      dir;
    uint64_t           epoch;
    uint32_t           gen;
    struct pawl_secret gk;
};

/* What an epoch is made of. S* and Z* are gone when it exists, and so is the root itself, but for
 * the verifier: while nobody has used one of these keys, that keeps it in their place. */
struct pawl_root {
    uint64_t           epoch;
    uint8_t            kid[PAWL_KID];
    struct pawl_secret root; /* n == 0: it is gone; only pawl_root_spread leaves it */
    struct pawl_secret rk, k_auth, exporter;
    struct pawl_chain  up, down; /* at generation 0 */
};

void pawl_chain_wipe(struct pawl_chain *c);
void pawl_root_wipe(struct pawl_root *r);

/* The whole section "Key schedule": S1, S2, S3, root and what hangs on it; *ret_conf_v gets conf_V,
 * which the verifier sends and the device compares (pawl_mac_equal) before it uses anything. RANGE
 * if a secret is not 32 bytes or epoch is 0. */
PAWL_MUST_USE pawl_status pawl_root_make(const struct pawl_rekey_terms *t, struct pawl_root *ret,
                                         uint8_t ret_conf_v[32], struct pawl_err *err);

/* The same in two halves: the root, and what hangs on it. spread: RANGE if that is not 32 bytes or
 * epoch is 0. */
PAWL_MUST_USE pawl_status pawl_root_secret(const struct pawl_rekey_terms *t,
                                           struct pawl_secret *ret, uint8_t ret_conf_v[32],
                                           struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_root_spread(const struct pawl_secret *root, uint64_t epoch,
                                           struct pawl_root *ret, struct pawl_err *err);

/* app_key = X(exporter, "app", SHA-256(CBOR[label, context, len]), len); label 1 to 64 bytes
 * of UTF-8, context at most 255 bytes, len 16 to 64. */
PAWL_MUST_USE pawl_status pawl_app_key(const struct pawl_secret *exporter, struct pawl_view label,
                                       struct pawl_view context, size_t len,
                                       struct pawl_secret *ret, struct pawl_err *err);

/* ---- generations ---------------------------------------------------------------------------- */

/* The key of one generation, ready to make and open messages. */
struct pawl_use {
    enum pawl_dir      dir;
    uint64_t           epoch;
    uint32_t           gen;
    uint16_t           suite;
    uint8_t            kid[PAWL_KID];
    struct pawl_secret uk;  /* UK_gen: what is kept at rest */
    struct pawl_secret prk; /* HKDF-Extract(empty, uk): one Expand per message is left */
};

void pawl_use_wipe(struct pawl_use *u);

/* Opens generation c->gen and moves the chain past it: *ret gets UK_gen, *c gets GK_{gen+1}, GK_gen
 * is gone. RANGE after the last generation. On failure both stay as they were. */
PAWL_MUST_USE pawl_status pawl_chain_open(struct pawl_chain *c, uint16_t suite,
                                          const uint8_t kid[PAWL_KID], struct pawl_use *ret,
                                          struct pawl_err *err);

/* Moves the chain so that gen is the next to open. RANGE if it is already past it, or if more than
 * PAWL_GEN_SKIP_MAX steps were needed. */
PAWL_MUST_USE pawl_status pawl_chain_skip(struct pawl_chain *c, uint32_t gen, struct pawl_err *err);

/* A use key from rest: everything but prk is set. */
PAWL_MUST_USE pawl_status pawl_use_ready(struct pawl_use *u, struct pawl_err *err);

/* ---- messages ------------------------------------------------------------------------------- */

/* Between whom: part of every message's keys and authenticated data. */
struct pawl_msg_scope {
    struct pawl_view tenant;
    struct pawl_view device_id;   /* 32 */
    struct pawl_view verifier_id; /* 32: of the A1 that made the epoch */
};

/* Where: (epoch, gen) come from the use key. */
struct pawl_msg_place {
    uint64_t seq;
    uint64_t gen_start_seq, epoch_start_seq; /* at most seq */
    uint8_t  boot_id[PAWL_BOOT_ID];          /* of the sender's start; downlink: of the answer */
};

enum pawl_msg_form {
    PAWL_MSG_NONE = 0,
    PAWL_MSG_FULL,   /* COSE_Encrypt, tag 96, one recipient direct+HKDF-SHA-256 */
    PAWL_MSG_COMPACT /* COSE_Encrypt0, tag 16, under the same content key */
};

/* Writes one message and its leaf. A (use, seq, boot_id) must never come again with another
 * plaintext: that is the caller's duty. plain: 1 to PAWL_PLAINTEXT_MAX bytes. */
PAWL_MUST_USE pawl_status pawl_msg_seal(const struct pawl_use *use, const struct pawl_msg_scope *s,
                                        const struct pawl_msg_place *at, enum pawl_msg_form form,
                                        struct pawl_view plain, struct pawl_wr *w,
                                        uint8_t ret_leaf[PAWL_LEAF], struct pawl_err *err);

/* A message as it came: parsed and not believed. */
struct pawl_msg {
    enum pawl_msg_form    form;
    enum pawl_aead        alg;
    uint8_t               kid[PAWL_KID];
    uint32_t              gen;
    struct pawl_msg_place at;
    struct pawl_view      protected_; /* the header's bytes .. */
    struct pawl_view      recipient;  /* .. and the recipient's, empty in the compact form */
    struct pawl_view      ciphertext;
};

/* Strict: exactly the form that pawl_msg_seal writes. */
PAWL_MUST_USE pawl_status pawl_msg_parse(struct pawl_view in, struct pawl_msg *ret,
                                         struct pawl_err *err);

/* FORGED if it does not open under this key; DENIED if kid, gen or algorithm are not those of the
 * key (nothing is derived then). Only what opened has a leaf: *ret_leaf is set on success alone. */
PAWL_MUST_USE pawl_status pawl_msg_open(const struct pawl_use *use, const struct pawl_msg_scope *s,
                                        const struct pawl_msg *m, uint8_t *ret, size_t cap,
                                        size_t *ret_n, uint8_t ret_leaf[PAWL_LEAF],
                                        struct pawl_err *err);

/* ---- what a message says -------------------------------------------------------------------- */

enum pawl_content_type {
    PAWL_CONTENT_APP = 0, /* body: bytes of the application */
    PAWL_CONTENT_CONFIRM, /* body: empty bytes; the sender holds the epoch durably */
    PAWL_CONTENT_ACK,
    PAWL_CONTENT_DEMAND,
    PAWL_CONTENT_FACTS,
    PAWL_CONTENT_COUNT
};

#define PAWL_DEMAND_ATTEST 1u
#define PAWL_DEMAND_REKEY  2u
#define PAWL_DEMAND_LEAVES 4u

/* CBOR[type, id, body]. id counts for PAWL_CONTENT_APP, 0 for the others. */
struct pawl_content {
    enum pawl_content_type type;
    uint64_t               id;
    struct pawl_view       body; /* APP */
    struct {
        uint64_t         seq_hi, first_seq; /* highest slot received; where the bitmap begins */
        struct pawl_view bitmap; /* at most PAWL_ACK_BITMAP_MAX bytes, bit i of byte i/8 */
    } ack;
    uint64_t         demand; /* bits */
    struct pawl_view facts;  /* the map {* tstr => tstr}, as it is encoded */
};

PAWL_MUST_USE pawl_status pawl_content_parse(struct pawl_view in, struct pawl_content *ret,
                                             struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_content_write(const struct pawl_content *c, struct pawl_wr *w,
                                             struct pawl_err *err);

/* ---- leaves --------------------------------------------------------------------------------- */

/* leaf = SHA-256(0x00 || u64 seq || SHA-256(protected) || SHA-256(ciphertext))[0..16) */
PAWL_MUST_USE pawl_status pawl_leaf(uint64_t seq, struct pawl_view protected_,
                                    struct pawl_view ciphertext, uint8_t ret[PAWL_LEAF],
                                    struct pawl_err *err);

/* digest = SHA-256(0x01 || leaf || leaf ..), leaves in order of seq; n may be 0. */
PAWL_MUST_USE pawl_status pawl_leaves_digest(const uint8_t (*leaf)[PAWL_LEAF], size_t n,
                                             uint8_t ret[32], struct pawl_err *err);

/* The same over those of 64 consecutive slots whose bit is set: bit i is leaf[i]. */
PAWL_MUST_USE pawl_status pawl_leaves_digest_of(const uint8_t (*leaf)[PAWL_LEAF], uint64_t bits,
                                                uint8_t ret[32], struct pawl_err *err);

/* A bitmap of 64 bits as it travels (bit i of byte i/8; no zero byte at the end) and back. */
size_t   pawl_bits_write(uint64_t bits, uint8_t ret[8]); /* bytes used */
uint64_t pawl_bits_read(struct pawl_view bitmap);        /* at most 8 bytes */

#endif
