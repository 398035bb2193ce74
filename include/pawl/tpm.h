/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM 2.0 structures as they travel: public areas and Names, attestations, signatures, PCR
 * selections and digests, and what travels to a TPM: credentials, keys to import. On the strict
 * cursor; nothing here talks to a TPM.
 *
 * Field names in errors are the TCG's. Spec: TPM 2.0 Library, revision 1.59, Parts 1 and 2; TCG EK
 * Credential Profile 2.6.
 */
#ifndef PAWL_TPM_H
#define PAWL_TPM_H

#include <pawl/crypto.h>

/* Part 2, 6.3 and others: only what is used. */
#define PAWL_TPM_GENERATED      0xff544347u
#define PAWL_TPM_RH_OWNER       0x40000001u
#define PAWL_TPM_RH_ENDORSEMENT 0x4000000bu
#define PAWL_TPM_ST_QUOTE       0x8018
#define PAWL_TPM_ST_CERTIFY     0x8017
#define PAWL_TPM_ALG_RSA        0x0001
#define PAWL_TPM_ALG_SHA1       0x0004
#define PAWL_TPM_ALG_HMAC       0x0005
#define PAWL_TPM_ALG_AES        0x0006
#define PAWL_TPM_ALG_KEYEDHASH  0x0008
#define PAWL_TPM_ALG_SHA256     0x000b
#define PAWL_TPM_ALG_SHA384     0x000c
#define PAWL_TPM_ALG_SHA512     0x000d
#define PAWL_TPM_ALG_NULL       0x0010
#define PAWL_TPM_ALG_RSASSA     0x0014
#define PAWL_TPM_ALG_RSAPSS     0x0016
#define PAWL_TPM_ALG_ECDSA      0x0018
#define PAWL_TPM_ALG_ECC        0x0023
#define PAWL_TPM_ALG_CFB        0x0043
#define PAWL_TPM_ECC_P256       0x0003
#define PAWL_TPM_ECC_P384       0x0004

/* TPMA_OBJECT (Part 2, 8.3). */
#define PAWL_TPMA_FIXED_TPM    0x00000002u
#define PAWL_TPMA_ST_CLEAR     0x00000004u
#define PAWL_TPMA_FIXED_PARENT 0x00000010u
#define PAWL_TPMA_ORIGIN       0x00000020u
#define PAWL_TPMA_USER_AUTH    0x00000040u
#define PAWL_TPMA_ADMIN_POLICY 0x00000080u
#define PAWL_TPMA_NO_DA        0x00000400u
#define PAWL_TPMA_RESTRICTED   0x00010000u
#define PAWL_TPMA_DECRYPT      0x00020000u
#define PAWL_TPMA_SIGN         0x00040000u

/* TPMI_ALG_HASH <-> enum pawl_hash; NONE and TPM_ALG_NULL for what is not taken. */
enum pawl_hash pawl_tpm_hash(uint16_t alg);
uint16_t       pawl_tpm_hash_id(enum pawl_hash hash);

/* ---- Names ---------------------------------------------------------------------------------- */

/* nameAlg || digest: 34 bytes for SHA-256, 50 for SHA-384 (Part 1, 16). */
struct pawl_name {
    size_t  n;
    uint8_t b[PAWL_NAME_MAX];
};

struct pawl_view pawl_name_view(const struct pawl_name *n);
bool             pawl_name_equal(const struct pawl_name *a, const struct pawl_name *b);

/* alg || H(public area): of an object or an NV index. */
PAWL_MUST_USE pawl_status pawl_name_of(enum pawl_hash alg, struct pawl_view area,
                                       struct pawl_name *ret, struct pawl_err *err);

/* A Name as it travels: one of SHA-256, SHA-384 or SHA-512 and a digest of that length. */
PAWL_MUST_USE pawl_status pawl_name_parse(struct pawl_view in, struct pawl_name *ret,
                                          struct pawl_err *err);

/* ---- public areas --------------------------------------------------------------------------- */

/* A TPMT_PUBLIC of type RSA or ECC. Views point into the input. */
struct pawl_tpm_public {
    struct pawl_view   bytes; /* the whole structure */
    uint16_t           type;
    enum pawl_hash     name_alg;
    uint32_t           attributes;
    struct pawl_view   policy;
    uint16_t           sym;         /* TPM_ALG_NULL or TPM_ALG_AES .. */
    uint16_t           sym_bits;    /* .. with CFB */
    uint16_t           scheme;      /* TPM_ALG_NULL, RSASSA, RSAPSS, ECDSA .. */
    enum pawl_hash     scheme_hash; /* .. and its hash */
    struct pawl_public key;         /* checked by pawl_public_check */
};

/* Parses exactly one TPMT_PUBLIC (no size prefix). Exponent 0 and 65537 are taken, both as 65537.
 * An ECC coordinate shorter than the field is padded, a longer one refused (RANGE). */
PAWL_MUST_USE pawl_status pawl_tpm_public_parse(struct pawl_view in, struct pawl_tpm_public *ret,
                                                struct pawl_err *err);

/* Name = nameAlg || H(TPMT_PUBLIC). */
PAWL_MUST_USE pawl_status pawl_tpm_name(const struct pawl_tpm_public *pub, struct pawl_name *ret,
                                        struct pawl_err *err);

/* Qualified Name of a key whose ancestors' Names are chain[0..n-1], the outermost first, itself
 * last: H(..H(H(hierarchy handle) || chain[0])..) with each key's nameAlg (Part 1, 16.3). */
PAWL_MUST_USE pawl_status pawl_tpm_qualified_name(uint32_t hierarchy, const struct pawl_name *chain,
                                                  size_t n, struct pawl_name *ret,
                                                  struct pawl_err *err);

/* The templates that Pawl knows. */
enum pawl_template {
    PAWL_TEMPLATE_NONE = 0,
    PAWL_EK_RSA2048,   /* L-1 */
    PAWL_EK_P256,      /* L-2 */
    PAWL_EK_P384,      /* H-3 */
    PAWL_EK_RSA2048_H, /* H-1 */
    PAWL_EK_P256_H,    /* H-2 */
    PAWL_AK_P256,      /* restricted signing key, 0x00050472, ECDSA-SHA-256 */
    PAWL_AK_RSA2048,   /* the same, RSASSA-SHA-256 */
    PAWL_TD_P256,      /* static ECDH key, 0x00020472 */
    PAWL_APP_P256,     /* signing key of applications, 0x00040472, no scheme */
    PAWL_SRK_P256,     /* restricted decrypt key with noDA */
    PAWL_TEMPLATE_COUNT
};

/* "EK P-256 (L-2)", for messages. */
const char *pawl_template_name(enum pawl_template t);

/* Writes the one TPMT_PUBLIC of this template that holds the key. With key NULL: the input of
 * TPM2_Create or TPM2_CreatePrimary, unique as the EK profile or SRK guidance wants it (zeros of
 * full length for L templates, empty otherwise). */
PAWL_MUST_USE pawl_status pawl_template_write(enum pawl_template t, const struct pawl_public *key,
                                              struct pawl_wr *w, struct pawl_err *err);

/* Builds the one acceptable structure for pub's key and compares the whole bytes. DENIED with the
 * first field that differs in err->where. */
PAWL_MUST_USE pawl_status pawl_template_check(enum pawl_template            t,
                                              const struct pawl_tpm_public *pub,
                                              struct pawl_err              *err);

/* Which EK template this public area is exactly; PAWL_TEMPLATE_NONE if none. */
enum pawl_template pawl_template_of_ek(const struct pawl_tpm_public *pub);

/* Z, the shared secret of a Diffie-Hellman that a TPM did: x of a TPM2B_ECC_POINT that is a point
 * of P-256, 32 bytes. A coordinate shorter than the field is padded on the left. */
PAWL_MUST_USE pawl_status pawl_tpm_z_parse(struct pawl_view in, struct pawl_secret *ret,
                                           struct pawl_err *err);

/* ---- keyed-hash objects --------------------------------------------------------------------- */

/* A TPMT_PUBLIC of type KEYEDHASH and nameAlg SHA-256: sealed data, or an HMAC-SHA-256 key. Views
 * point into the input. */
struct pawl_keyedhash {
    uint32_t         attributes;
    struct pawl_view policy; /* 32 bytes, or none */
    bool             hmac;   /* the scheme HMAC-SHA-256; otherwise none: data */
    struct pawl_view unique; /* 32 bytes */
};

/* Exactly one such structure: what parse takes, write gives back byte for byte. write fails with
 * RANGE for a policy or unique of another length, FULL. */
PAWL_MUST_USE pawl_status pawl_keyedhash_parse(struct pawl_view in, struct pawl_keyedhash *ret,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_keyedhash_write(const struct pawl_keyedhash *k, struct pawl_wr *w,
                                               struct pawl_err *err);

/* ---- PCR ------------------------------------------------------------------------------------ */

struct pawl_pcr_bank {
    enum pawl_hash hash;
    uint32_t       bits; /* bit i: PCR i; below 2^24 */
};

/* In the order of the quote. */
struct pawl_pcr_selection {
    size_t               n;
    struct pawl_pcr_bank bank[PAWL_PCR_BANKS_MAX];
};

/* TPML_PCR_SELECTION as marshalled, strict: each hash once, sizeofSelect 3. An empty list is taken;
 * a bank without bits too (a TPM clears the bits of unallocated banks). */
PAWL_MUST_USE pawl_status pawl_pcr_selection_parse(struct pawl_view           in,
                                                   struct pawl_pcr_selection *ret,
                                                   struct pawl_err           *err);
void   pawl_pcr_selection_write(const struct pawl_pcr_selection *s, struct pawl_wr *w);
bool   pawl_pcr_selection_equal(const struct pawl_pcr_selection *a,
                                const struct pawl_pcr_selection *b);
size_t pawl_pcr_selection_count(const struct pawl_pcr_selection *s); /* of selected PCRs */

/* "sha256:0,1,7+sha1:0", as tpm2-tools write it, PCRs ascending; a bank without bits is
 * "sha1:none", and an empty list has no text. Each is the inverse of the other. FORM, RANGE; FULL.
 */
PAWL_MUST_USE pawl_status pawl_pcr_selection_from_text(const char                *s,
                                                       struct pawl_pcr_selection *ret,
                                                       struct pawl_err           *err);
PAWL_MUST_USE pawl_status pawl_pcr_selection_to_text(const struct pawl_pcr_selection *s, char *ret,
                                                     size_t cap, struct pawl_err *err);

/* PCRs 0-23 of sha1, sha256, sha384, sha512: what is asked at enrolment and after a reset. dropped
 * 0..3: the first `dropped` of sha512, sha384, sha1 left out. */
struct pawl_pcr_selection pawl_pcr_selection_all(unsigned dropped);

/* Values of the selected PCRs, bank by bank in selection order, ascending inside a bank. */
struct pawl_pcr_values {
    size_t             n;
    struct pawl_digest value[PAWL_PCR_VALUES_MAX];
};

/* The value of one PCR, or NULL if it is not selected. */
const struct pawl_digest *pawl_pcr_value(const struct pawl_pcr_selection *s,
                                         const struct pawl_pcr_values *v, enum pawl_hash hash,
                                         unsigned pcr);

/* pcrDigest of TPM2_Quote (Part 3, 18.4): alg over the values. RANGE unless there is exactly one
 * value of its bank's length for each selected PCR. */
PAWL_MUST_USE pawl_status pawl_pcr_digest(enum pawl_hash alg, const struct pawl_pcr_selection *s,
                                          const struct pawl_pcr_values *v, struct pawl_digest *ret,
                                          struct pawl_err *err);

/* ---- attestations and signatures ------------------------------------------------------------ */

/* TPMS_CLOCK_INFO and firmwareVersion. */
struct pawl_clock {
    uint64_t clock_ms;
    uint32_t resets;
    uint32_t restarts;
    bool     safe;
    uint64_t firmware;
};

struct pawl_quote {
    struct pawl_view          signer; /* qualifiedSigner */
    struct pawl_view          nonce;  /* extraData */
    struct pawl_clock         clock;
    struct pawl_pcr_selection pcrs;
    struct pawl_view          digest; /* pcrDigest */
};

struct pawl_certify {
    struct pawl_view  signer;
    struct pawl_view  nonce;
    struct pawl_clock clock;
    struct pawl_view  name; /* of the certified object */
    struct pawl_view  qualified_name;
};

/* Parse a TPMS_ATTEST of type QUOTE, or CERTIFY, and nothing else. Views point into in. Check no
 * signature, nonce or value. FORGED for another magic or type. Part 2, 10.12. */
PAWL_MUST_USE pawl_status pawl_quote_parse(struct pawl_view in, struct pawl_quote *ret,
                                           struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_certify_parse(struct pawl_view in, struct pawl_certify *ret,
                                             struct pawl_err *err);

/* A TPMT_SIGNATURE: RSASSA, RSAPSS or ECDSA. */
struct pawl_tpm_signature {
    enum pawl_sig_alg alg;
    enum pawl_hash    hash;
    size_t            n;
    uint8_t           b[PAWL_SIGNATURE_MAX]; /* ECDSA: r || s, each left-padded to half of n */
};

/* ECDSA halves are padded to 32 bytes, or to 48 when one is longer than 32. */
PAWL_MUST_USE pawl_status pawl_tpm_signature_parse(struct pawl_view           in,
                                                   struct pawl_tpm_signature *ret,
                                                   struct pawl_err           *err);

/* Verifies an attestation by the key of pub: the signature's algorithm and hash must be those of
 * pub's scheme (a key without scheme is refused), hash SHA-256 or longer. v may be NULL; with it a
 * P-256 key takes the fast path. FORGED, UNSUPPORTED. */
PAWL_MUST_USE pawl_status pawl_tpm_verify(struct pawl_p256_verifier       *v,
                                          const struct pawl_tpm_public    *pub,
                                          struct pawl_view                 attest,
                                          const struct pawl_tpm_signature *sig,
                                          struct pawl_err                 *err);

/* ---- MakeCredential ------------------------------------------------------------------------- */

/* TPM2_MakeCredential in software (Part 1, 24; B.10.3 for RSA, C.6.1 for ECC). ek: an EK of one of
 * the known templates. name: of the AK. secret: at most the EK's nameAlg digest length.
 * id_object and enc_secret get the buffers without their TPM2B size, as they travel. Draws random
 * bytes. */
struct pawl_credential {
    size_t  id_object_n;
    uint8_t id_object[PAWL_ID_OBJECT_MAX];
    size_t  enc_secret_n;
    uint8_t enc_secret[PAWL_ENC_SECRET_MAX];
};

PAWL_MUST_USE pawl_status pawl_make_credential(const struct pawl_tpm_public *ek,
                                               const struct pawl_name       *name,
                                               const struct pawl_secret     *secret,
                                               struct pawl_credential *ret, struct pawl_err *err);

/* ---- TPM2_Import ---------------------------------------------------------------------------- */

/* An HMAC-SHA-256 key as TPM2_Import takes it below a storage key: its public area (noDA, empty
 * authorisation value), and its sensitive area with an outer wrap for that key and no inner one
 * (Part 1, 23.3). All buffers without their TPM2B size. */
struct pawl_import {
    size_t public_n;
    uint8_t public[PAWL_PUBLIC_MAX];
    struct pawl_name name;
    size_t           duplicate_n;
    uint8_t          duplicate[PAWL_DUPLICATE_MAX];
    size_t           enc_seed_n;
    uint8_t          enc_seed[PAWL_ENC_SECRET_MAX];
};

/* key: 32 bytes, otherwise RANGE. DENIED unless parent is a restricted decryption key with AES-CFB.
 * Draws random bytes. */
PAWL_MUST_USE pawl_status pawl_make_import(const struct pawl_tpm_public *parent,
                                           const struct pawl_secret *key, struct pawl_import *ret,
                                           struct pawl_err *err);

#endif
