/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE (RFC 9052, RFC 9053): COSE_Sign1 with ES256, the form of signed refusals and proofs;
 * COSE_Encrypt0 and COSE_Encrypt for one recipient by direct+HKDF-SHA-256, the forms of a message.
 *
 * All of it in deterministic CBOR. Views of what was parsed point into the input.
 */
#ifndef PAWL_COSE_H
#define PAWL_COSE_H

#include <pawl/crypto.h>

/* external_aad of a refusal, as text. */
#define PAWL_COSE_REFUSAL "pawl/1 refusal"

/* Writes COSE_Sign1 (tag 18): protected {1: -7}, unprotected {4: kid}, payload, signature. */
PAWL_MUST_USE pawl_status pawl_cose_sign1_write(const struct pawl_private *key,
                                                struct pawl_view kid, struct pawl_view external_aad,
                                                struct pawl_view payload, struct pawl_wr *w,
                                                struct pawl_err *err);

/* As it came: parsed and not believed. */
struct pawl_cose_sign1 {
    struct pawl_view kid;
    struct pawl_view payload;
    struct pawl_view signature; /* 64 */
};

/* Exactly that form; nothing is verified. FORM for any other header or algorithm. */
PAWL_MUST_USE pawl_status pawl_cose_sign1_parse(struct pawl_view in, struct pawl_cose_sign1 *ret,
                                                struct pawl_err *err);

/* Verifies exactly that form. *ret_payload points into in. FORGED if the signature does not verify,
 * FORM for any other header or algorithm. kid is a hint and is not judged. */
PAWL_MUST_USE pawl_status pawl_cose_sign1_open(const struct pawl_public *key,
                                               struct pawl_view external_aad, struct pawl_view in,
                                               struct pawl_view *ret_payload, struct pawl_err *err);

/* ---- header parameters ---------------------------------------------------------------------- */

/* Which of them a header has. */
#define PAWL_COSE_ALG        0x0001u /* 1 */
#define PAWL_COSE_KID        0x0002u /* 4 */
#define PAWL_COSE_IV         0x0004u /* 5 */
#define PAWL_COSE_PARTIAL_IV 0x0008u /* 6 */
#define PAWL_COSE_SALT       0x0010u /* -20 */
#define PAWL_COSE_U_ID       0x0020u /* -21 */
#define PAWL_COSE_U_NONCE    0x0040u /* -22 */
#define PAWL_COSE_U_OTHER    0x0080u /* -23 */
#define PAWL_COSE_V_ID       0x0100u /* -24 */
#define PAWL_COSE_V_NONCE    0x0200u /* -25 */
#define PAWL_COSE_V_OTHER    0x0400u /* -26 */
#define PAWL_COSE_STARTS     0x0800u /* -70001, ours */
#define PAWL_COSE_SEQ        0x1000u /* -70003, ours */
#define PAWL_COSE_UNKNOWN    0x2000u /* some that we do not know: read over, never written */

#define PAWL_COSE_DIRECT_HKDF_SHA_256 (-10) /* an alg */

/* One side in the context of a key (RFC 9053 5.2). Without bytes (p == NULL): nil. */
struct pawl_cose_party {
    struct pawl_view identity;
    struct pawl_view nonce; /* one whole CBOR item: a byte string or an integer */
    struct pawl_view other;
};

/* The parameters of both headers of a layer: none may stand in both. */
struct pawl_cose_params {
    int64_t                alg;
    struct pawl_view       kid, iv, partial_iv, salt;
    struct pawl_cose_party u, v;
    uint64_t               gen_start_seq, epoch_start_seq; /* STARTS: an array of both */
    uint64_t               seq;
};

/* The content algorithm of a COSE number, and back. PAWL_AEAD_NONE, 0: there is none. -70002 is our
 * number for AES-256-SIV. */
enum pawl_aead pawl_cose_aead(int64_t alg);
int64_t        pawl_cose_alg(enum pawl_aead aead);

/* ---- encrypted messages --------------------------------------------------------------------- */

enum pawl_cose_form {
    PAWL_COSE_NONE = 0,
    PAWL_COSE_ENCRYPT0, /* tag 16 */
    PAWL_COSE_ENCRYPT,  /* tag 96, one recipient */
};

struct pawl_cose_layer {
    struct pawl_view        bytes;            /* the protected header as it is authenticated */
    unsigned                protected_, open; /* bits: which parameters each header has */
    struct pawl_cose_params param;
    struct pawl_view        ciphertext; /* of a recipient: none */
};

struct pawl_cose_encrypt {
    enum pawl_cose_form    form;
    struct pawl_cose_layer body;
    struct pawl_cose_layer recipient; /* COSE_ENCRYPT only */
};

/* Form alone; which parameters have to be there is the caller's rule. FORM for a parameter in both
 * headers of a layer, and for labels and algorithms that are text; UNSUPPORTED for critical
 * parameters. */
PAWL_MUST_USE pawl_status pawl_cose_encrypt_parse(struct pawl_view          in,
                                                  struct pawl_cose_encrypt *ret,
                                                  struct pawl_err          *err);

/* Where a content key comes from, beside the secret (RFC 9053 5.2, 6.1.2). Views without bytes
 * (p == NULL) are absent. */
struct pawl_cose_context {
    struct pawl_cose_party u, v;
    struct pawl_view       recipient; /* its protected header */
    struct pawl_view       pub_other; /* SuppPubInfo.other */
    struct pawl_view       priv_info; /* SuppPrivInfo */
};

/* The content key of direct+HKDF-SHA-256 for this algorithm: HKDF-Expand over COSE_KDF_Context.
 * prk = pawl_hkdf_extract(salt, secret): who opens many messages under a secret keeps it. */
PAWL_MUST_USE pawl_status pawl_cose_content_key(const struct pawl_secret *prk, enum pawl_aead aead,
                                                const struct pawl_cose_context *ctx,
                                                struct pawl_secret *ret, struct pawl_err *err);

/* Opens the body under its content key, with the algorithm and the IV of its headers (who completes
 * a partial IV puts it there). FORGED if it does not open, UNSUPPORTED for other algorithms. */
PAWL_MUST_USE pawl_status pawl_cose_encrypt_open(const struct pawl_cose_encrypt *m,
                                                 const struct pawl_secret       *key,
                                                 struct pawl_view external_aad, uint8_t *ret,
                                                 size_t cap, size_t *ret_n, struct pawl_err *err);

/* Seals plain under the headers of m and writes the message. Views of bytes and ciphertext are not
 * read; those of the body are set, into what was written. */
PAWL_MUST_USE pawl_status pawl_cose_encrypt_seal(struct pawl_cose_encrypt *m,
                                                 const struct pawl_secret *key,
                                                 struct pawl_view          external_aad,
                                                 struct pawl_view plain, struct pawl_wr *w,
                                                 struct pawl_err *err);

#endif
