/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cryptography over OpenSSL 3's EVP. OpenSSL's own types stay inside lib/crypto (and the TLS glue
 * of the programs).
 *
 * Failures common to all: CRYPTO when OpenSSL fails on input that was good, MEMORY.
 */
#ifndef PAWL_CRYPTO_H
#define PAWL_CRYPTO_H

#include <pawl/base.h>

/* ---- hash, MAC, key derivation -------------------------------------------------------------- */

enum pawl_hash {
    PAWL_HASH_NONE = 0,
    PAWL_SHA1, /* PCR banks only: never accepted in a signature */
    PAWL_SHA256,
    PAWL_SHA384,
    PAWL_SHA512,
    PAWL_HASH_COUNT
};

struct pawl_digest {
    size_t  n;
    uint8_t b[PAWL_HASH_MAX];
};

/* Bytes of a digest; 0 for an unknown hash. */
size_t pawl_hash_n(enum pawl_hash alg);

/* "sha256"; "none" for an unknown hash. */
const char *pawl_hash_name(enum pawl_hash alg);

/* The inverse of pawl_hash_name; PAWL_HASH_NONE if there is none. */
enum pawl_hash pawl_hash_by_name(const char *name);

struct pawl_view pawl_digest_view(const struct pawl_digest *d);

/* The hash of the parts, one after the other. */
PAWL_MUST_USE pawl_status pawl_hash(enum pawl_hash alg, const struct pawl_view *parts,
                                    size_t parts_n, struct pawl_digest *ret, struct pawl_err *err);

/* The next block of what is hashed, good until the next call; an empty one is the end. */
typedef pawl_status pawl_block_fn(void *arg, struct pawl_view *ret, struct pawl_err *err);

/* The hash of all blocks, for what is too long to be had at once. */
PAWL_MUST_USE pawl_status pawl_hash_blocks(enum pawl_hash alg, pawl_block_fn *next, void *arg,
                                           struct pawl_digest *ret, struct pawl_err *err);

/* SHA-256 of one view. */
PAWL_MUST_USE pawl_status pawl_sha256(struct pawl_view in, uint8_t ret[32], struct pawl_err *err);

/* SHA-256(prefix || SHA-256(a) || SHA-256(b)). */
PAWL_MUST_USE pawl_status pawl_sha256_of_hashes(struct pawl_view prefix, struct pawl_view a,
                                                struct pawl_view b, uint8_t ret[32],
                                                struct pawl_err *err);

/* HMAC (FIPS 198-1) over the parts, one after the other. A key of no bytes is a BUG. */
PAWL_MUST_USE pawl_status pawl_hmac(enum pawl_hash alg, const struct pawl_secret *key,
                                    const struct pawl_view *parts, size_t parts_n,
                                    struct pawl_digest *ret, struct pawl_err *err);

/* HKDF-Extract and -Expand with SHA-256 (RFC 5869). len: 1..PAWL_SECRET_MAX bytes. */
PAWL_MUST_USE pawl_status pawl_hkdf_extract(struct pawl_view salt, const struct pawl_secret *ikm,
                                            struct pawl_secret *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_hkdf_expand(const struct pawl_secret *prk, struct pawl_view info,
                                           size_t len, struct pawl_secret *ret,
                                           struct pawl_err *err);

/* X(sec, label, ctx, len) of docs/protocol.md, section "Key schedule": HKDF-Expand with the info
 * u16(len) || u8(6 + |label|) || "pawl1 " || label || u8(|ctx|) || ctx. label at most 64
 * characters, ctx at most 255 bytes. */
PAWL_MUST_USE pawl_status pawl_expand_label(const struct pawl_secret *sec, const char *label,
                                            struct pawl_view ctx, size_t len,
                                            struct pawl_secret *ret, struct pawl_err *err);

/* KDFa of TPM 2.0 Library Part 1, 11.4.10.2 (SP 800-108 counter mode with HMAC). label is written
 * with its final NUL. bits: a multiple of 8, at most 512. */
PAWL_MUST_USE pawl_status pawl_kdfa(enum pawl_hash alg, const struct pawl_secret *key,
                                    const char *label, struct pawl_view context_u,
                                    struct pawl_view context_v, size_t bits,
                                    struct pawl_secret *ret, struct pawl_err *err);

/* KDFe of TPM 2.0 Library Part 1, 11.4.10.3 (SP 800-56A concatenation). As above. */
PAWL_MUST_USE pawl_status pawl_kdfe(enum pawl_hash alg, const struct pawl_secret *z,
                                    const char *label, struct pawl_view party_u,
                                    struct pawl_view party_v, size_t bits, struct pawl_secret *ret,
                                    struct pawl_err *err);

/* Random bytes for keys. Fails with CRYPTO when the generator is not seeded. */
PAWL_MUST_USE pawl_status pawl_random(uint8_t *ret, size_t n, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_secret_random(size_t n, struct pawl_secret *ret,
                                             struct pawl_err *err);

/* ---- authenticated encryption --------------------------------------------------------------- */

enum pawl_aead {
    PAWL_AEAD_NONE = 0,
    PAWL_AES_CCM_16_128_128, /* key 16, nonce 13, tag 16; plaintext under 2^16 bytes */
    PAWL_CHACHA20_POLY1305,  /* key 32, nonce 12, tag 16 */
    PAWL_A128GCM,            /* key 16, nonce 12, tag 16 */
    PAWL_AES_256_SIV,        /* key 64, no nonce or any as last associated data, tag 16 in front */
    /* For the COSE of others. No suite of ours has them. */
    PAWL_AES_CCM_16_64_128, /* nonce 13, tag 8, key 16: as each name says, in bits; "16" is the */
    PAWL_AES_CCM_16_64_256, /* length field, which leaves a nonce of 13, "64" one of 7 */
    PAWL_AES_CCM_64_64_128,
    PAWL_AES_CCM_64_64_256,
    PAWL_AES_CCM_16_128_256,
    PAWL_AES_CCM_64_128_128,
    PAWL_AES_CCM_64_128_256,
    PAWL_A192GCM,
    PAWL_A256GCM,
    PAWL_AEAD_COUNT
};

size_t pawl_aead_key_n(enum pawl_aead alg);
size_t pawl_aead_nonce_n(enum pawl_aead alg); /* 0 for AES-SIV */
size_t pawl_aead_tag_n(enum pawl_aead alg);
#define PAWL_AEAD_TAG 16 /* of each suite, and the longest */

/* Encrypts. ret gets in.n bytes and the tag (CCM, GCM, ChaCha: ciphertext || tag; SIV: tag ||
 * ciphertext, RFC 5297); cap is the room there. RANGE if key or nonce have another length than the
 * algorithm's; for SIV the nonce may be empty, otherwise it is the last associated-data component
 * behind aad, and in must hold a byte. ret must not overlap in. */
PAWL_MUST_USE pawl_status pawl_aead_seal(enum pawl_aead alg, const struct pawl_secret *key,
                                         struct pawl_view nonce, struct pawl_view aad,
                                         struct pawl_view in, uint8_t *ret, size_t cap,
                                         size_t *ret_n, struct pawl_err *err);

/* Decrypts what seal made. FORGED if it does not open; then ret holds nothing of the plaintext. */
PAWL_MUST_USE pawl_status pawl_aead_open(enum pawl_aead alg, const struct pawl_secret *key,
                                         struct pawl_view nonce, struct pawl_view aad,
                                         struct pawl_view in, uint8_t *ret, size_t cap,
                                         size_t *ret_n, struct pawl_err *err);

/* A key of AES-256-SIV with which much is sealed and opened, without a nonce: OpenSSL looks its
 * parts up once for it, and not for each message, which for a short one is most of the work.
 * Several threads may use one at a time. RANGE if key has not 64 bytes. free wipes it. */
struct pawl_siv_key;

PAWL_MUST_USE pawl_status pawl_siv_key_make(const struct pawl_secret *key,
                                            struct pawl_siv_key **ret, struct pawl_err *err);
void                      pawl_siv_key_free(struct pawl_siv_key **k);

/* As pawl_aead_seal and pawl_aead_open. */
PAWL_MUST_USE pawl_status pawl_siv_seal(const struct pawl_siv_key *key, struct pawl_view aad,
                                        struct pawl_view in, uint8_t *ret, size_t cap,
                                        size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_siv_open(const struct pawl_siv_key *key, struct pawl_view aad,
                                        struct pawl_view in, uint8_t *ret, size_t cap,
                                        size_t *ret_n, struct pawl_err *err);

/* AES-CFB128 encryption with a zero IV, as TPM 2.0 credential protection uses it (Part 1, 24.4).
 * key 16 or 32 bytes. Carries no authentication: MakeCredential adds its HMAC. */
PAWL_MUST_USE pawl_status pawl_aes_cfb(const struct pawl_secret *key, struct pawl_view in,
                                       uint8_t *ret, size_t cap, struct pawl_err *err);

/* ---- public keys ---------------------------------------------------------------------------- */

enum pawl_key_kind {
    PAWL_KEY_NONE = 0,
    PAWL_KEY_P256,
    PAWL_KEY_P384,
    PAWL_KEY_RSA, /* 2048 to 4096 bits, exponent 65537 */
    PAWL_KEY_COUNT
};

/* A public key by value: nothing to free, nothing of OpenSSL's in it. */
struct pawl_public {
    enum pawl_key_kind kind;
    size_t             n;                       /* bytes used in b */
    uint8_t            b[PAWL_RSA_MODULUS_MAX]; /* EC: 0x04 || x || y; RSA: modulus, big-endian,
                                                   no leading zero */
};

bool pawl_public_equal(const struct pawl_public *a, const struct pawl_public *b);

/* "P-256", "P-384", "RSA-2048". The text lives as long as the program. */
const char *pawl_public_name(const struct pawl_public *k);

/* Checks that an EC point is on its curve with coordinates in range (P-256 and P-384 have cofactor
 * 1: that is full validation), an RSA modulus odd and of 2048, 3072 or 4096 bits. Fails with RANGE
 * or FORM. */
PAWL_MUST_USE pawl_status pawl_public_check(const struct pawl_public *k, struct pawl_err *err);

/* DER SubjectPublicKeyInfo (RFC 5280 4.1.2.7), both ways; PEM as `PUBLIC KEY`. Only the encoding
 * that pawl_public_to_spki writes is taken: FORM for any other, UNSUPPORTED for other keys. */
PAWL_MUST_USE pawl_status pawl_public_from_spki(struct pawl_view der, struct pawl_public *ret,
                                                struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_public_to_spki(const struct pawl_public *k, uint8_t *ret, size_t cap,
                                              size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_public_from_pem(struct pawl_view pem, struct pawl_public *ret,
                                               struct pawl_err *err);

enum pawl_sig_alg {
    PAWL_SIG_NONE = 0,
    PAWL_SIG_ECDSA,  /* r || s, each as long as the curve's field */
    PAWL_SIG_RSASSA, /* PKCS #1 v1.5 */
    PAWL_SIG_RSAPSS, /* salt as long as the digest, or the longest (TPM); both are taken */
    PAWL_SIG_COUNT
};

/* Verifies a signature over a digest. FORGED if it does not verify; UNSUPPORTED if key, algorithm
 * and hash do not go together or the hash is SHA-1; RANGE if r or s is 0 or not below the order, or
 * the RSA signature is not as long as the modulus. sig for ECDSA: r || s, left-padded. */
PAWL_MUST_USE pawl_status pawl_verify(const struct pawl_public *key, enum pawl_sig_alg alg,
                                      enum pawl_hash hash, struct pawl_view digest,
                                      struct pawl_view sig, struct pawl_err *err);

/* r || s of a DER ECDSA-Sig-Value (RFC 3279 2.2.3), padded to the curve's field. FORM, RANGE. */
PAWL_MUST_USE pawl_status pawl_ecdsa_from_der(enum pawl_key_kind kind, struct pawl_view der,
                                              uint8_t *ret, size_t cap, size_t *ret_n,
                                              struct pawl_err *err);

/* The bytes of the first PEM block of this label ("CERTIFICATE"). FORM if there is none. */
PAWL_MUST_USE pawl_status pawl_pem_to_der(struct pawl_view pem, const char *label, uint8_t *ret,
                                          size_t cap, size_t *ret_n, struct pawl_err *err);

/* pawl_verify for ECDSA-P256-SHA256, and ECDH, at full speed: holds what OpenSSL would build anew
 * for each key. One per thread. */
struct pawl_p256_verifier;
PAWL_MUST_USE pawl_status pawl_p256_verifier_make(struct pawl_p256_verifier **ret,
                                                  struct pawl_err            *err);
void                      pawl_p256_verifier_free(struct pawl_p256_verifier **v);
PAWL_MUST_USE pawl_status pawl_p256_verify(struct pawl_p256_verifier *v,
                                           const uint8_t              point[PAWL_POINT_P256],
                                           const uint8_t digest[32], const uint8_t rs[64],
                                           struct pawl_err *err);

/* RSA-OAEP encryption (RFC 8017 7.1) with hash as hash and MGF1 hash; label with its final NUL is
 * the caller's business: pass it inside the view. UNSUPPORTED for SHA-1 and for EC keys. */
PAWL_MUST_USE pawl_status pawl_rsa_oaep(const struct pawl_public *key, enum pawl_hash hash,
                                        struct pawl_view label, const struct pawl_secret *in,
                                        uint8_t *ret, size_t cap, size_t *ret_n,
                                        struct pawl_err *err);

/* True for an RSA key of the form that anybody can factor (CVE-2017-15361, "ROCA"). */
bool pawl_rsa_is_roca(const struct pawl_public *k);

/* ---- private keys of the verifier ----------------------------------------------------------- */

/* A P-256 or P-384 private key: signs (P-256 only) or agrees. Free with pawl_private_free. */
struct pawl_private;

PAWL_MUST_USE pawl_status pawl_private_make(enum pawl_key_kind kind, struct pawl_private **ret,
                                            struct pawl_err *err);
/* PEM, PKCS #8 (the older EC PRIVATE KEY is read too), not encrypted. FORM if there is none, or its
 * two halves do not fit; UNSUPPORTED for other keys. */
PAWL_MUST_USE pawl_status pawl_private_from_pem(struct pawl_view pem, struct pawl_private **ret,
                                                struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_private_to_pem(const struct pawl_private *k, uint8_t *ret,
                                              size_t cap, size_t *ret_n, struct pawl_err *err);
void                      pawl_private_free(struct pawl_private **k);
const struct pawl_public *pawl_private_public(const struct pawl_private *k);

/* ES256 (RFC 7518 3.4, RFC 9053 2.1): ret gets r || s over SHA-256(in). Safe from several threads
 * at once with one key. */
PAWL_MUST_USE pawl_status pawl_es256_sign(const struct pawl_private *k, struct pawl_view in,
                                          uint8_t ret[64], struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_es256_verify(const struct pawl_public *k, struct pawl_view in,
                                            const uint8_t sig[64], struct pawl_err *err);
/* The same over the parts, one after the other. */
PAWL_MUST_USE pawl_status pawl_es256_sign_parts(const struct pawl_private *k,
                                                const struct pawl_view *parts, size_t parts_n,
                                                uint8_t ret[64], struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_es256_verify_parts(const struct pawl_public *k,
                                                  const struct pawl_view *parts, size_t parts_n,
                                                  const uint8_t sig[64], struct pawl_err *err);

/* ECDH: the x coordinate, left-padded to the field's length (SP 800-56A 5.7.1.2). peer must be of
 * the same curve; it is validated on import. */
PAWL_MUST_USE pawl_status pawl_ecdh(const struct pawl_private *k, const struct pawl_public *peer,
                                    struct pawl_secret *ret, struct pawl_err *err);

/* A point to agree with, what it is called where it is refused, and where z goes. */
struct pawl_agreement {
    const char         *field;
    const uint8_t      *point; /* PAWL_POINT_P256 bytes */
    struct pawl_secret *z;
};

/* Makes a key of P-256, agrees with each of the points as pawl_ecdh does, and forgets it: *ret gets
 * its point, and nothing on failure. FORM or RANGE, and the field's name, for the first that is no
 * point of the curve. */
PAWL_MUST_USE pawl_status pawl_p256_agree(struct pawl_p256_verifier  *v,
                                          const struct pawl_agreement with[], size_t n,
                                          uint8_t ret[PAWL_POINT_P256], struct pawl_err *err);

/* SHA-256 of the DER SubjectPublicKeyInfo: verifier_id, and the pins of the join string. */
PAWL_MUST_USE pawl_status pawl_spki_pin(const struct pawl_public *k, uint8_t ret[PAWL_SPKI_PIN],
                                        struct pawl_err *err);

/* ---- X.509 ---------------------------------------------------------------------------------- */

/* A store of trusted roots, or a bag of untrusted intermediates. Thread-safe to read. */
struct pawl_certs;

/* From PEM (any number of CERTIFICATE blocks, other text around them is skipped) or one DER
 * certificate. Adds to *into, which is made when NULL. *ret_n gets how many were added. FORM if
 * there is none, or one that OpenSSL cannot read: then the ones before it stay added. FULL above
 * PAWL_CERT_LIST_MAX. */
PAWL_MUST_USE pawl_status pawl_certs_add(struct pawl_certs **into, struct pawl_view pem_or_der,
                                         size_t *ret_n, struct pawl_err *err);
size_t                    pawl_certs_count(const struct pawl_certs *c);
void                      pawl_certs_free(struct pawl_certs **c);

/* What a certificate is over, and its subjectKeyIdentifier (RFC 5280 4.2.1.2; none: id_n 0). */
struct pawl_cert_key {
    struct pawl_public key;
    size_t             id_n;
    uint8_t            id[PAWL_CERT_KEY_ID_MAX];
};

/* Of one DER certificate and nothing behind it. Verifies nothing of it. FORM; UNSUPPORTED for the
 * key; RANGE for an identifier that is longer than there is room. */
PAWL_MUST_USE pawl_status pawl_cert_key(struct pawl_view der, struct pawl_cert_key *ret,
                                        struct pawl_err *err);

/* Whether a certificate of c is over the key of this one (DER), whoever signed either. False if der
 * is no certificate. */
bool pawl_certs_hold_key(const struct pawl_certs *c, struct pawl_view der);
/* Takes out of from what is over a key of other. */
void pawl_certs_take_out(struct pawl_certs *from, const struct pawl_certs *other);

/* What an EK certificate says (TCG EK Credential Profile 2.6). Texts are UTF-8, escaped to
 * printable ASCII, cut to fit. */
struct pawl_ek_cert {
    struct pawl_public key;
    char               manufacturer[16]; /* "id:53544D20" */
    char               model[64];
    char               version[16]; /* "id:00490008" */
    char               subject[128];
    char               issuer[128];
    char               serial[48];   /* hex */
    int64_t            not_before_s; /* Unix time */
    int64_t            not_after_s;
    bool               is_ca;
    bool               has_ek_usage; /* EKU 2.23.133.8.1 present */
    bool               has_usage;    /* keyUsage present .. */
    bool               may_encipher; /* .. and keyEncipherment or keyAgreement set */
    size_t             der_n;        /* bytes of the certificate itself; what follows is padding */
};

/* Parses one DER EK certificate as read from NV: a TCG prefix (10 01 .. 10 02) and padding after
 * the DER are cut off. Does not verify anything. Fails as pawl_ek_cert_der does, with FORM, or with
 * UNSUPPORTED for the key. One marked rsaesOaep is an RSA key like any other. */
PAWL_MUST_USE pawl_status pawl_ek_cert_parse(struct pawl_view nv, struct pawl_ek_cert *ret,
                                             struct pawl_err *err);

/* The same certificate with all that OpenSSL decoded, for who verifies it, too: that is a tenth of
 * an enrolment. Free with pawl_ek_free. */
struct pawl_ek;
PAWL_MUST_USE pawl_status  pawl_ek_read(struct pawl_view nv, struct pawl_ek **ret,
                                        struct pawl_err *err);
void                       pawl_ek_free(struct pawl_ek **ek);
const struct pawl_ek_cert *pawl_ek_says(const struct pawl_ek *ek);
/* As pawl_certs_hold_key. */
bool pawl_certs_hold_ek(const struct pawl_certs *c, const struct pawl_ek *ek);

/* The DER inside nv, without prefix and padding; a view into nv. SHORT if nv ends inside it, FORM
 * if there is none, RANGE above PAWL_CERT_MAX, UNSUPPORTED for a partial certificate. */
PAWL_MUST_USE pawl_status pawl_ek_cert_der(struct pawl_view nv, struct pawl_view *ret,
                                           struct pawl_err *err);

/* Verifies leaf up to a self-signed root of roots; extra holds more untrusted intermediates
 * (DER views), intermediates may be NULL. Checks signatures, CA flags and path lengths, the leaf
 * not being a CA, and that its usages, where present, let it encipher or agree (keyUsage) and be an
 * EK (extKeyUsage 2.23.133.8.1). Times are judged at now_s, unless now_s is 0: EK certificates
 * outlive their issuers' dates, and policy decides. *ret_root gets SHA-256 of the root's DER. Fails
 * with DENIED when no chain to a root is found or a certificate in it may not be there, FORGED for
 * a bad signature, EXPIRED, UNSUPPORTED below SHA-256 or RSA-2048 and for unknown critical
 * extensions, FORM for one of extra, RANGE for more than PAWL_CERTS_MAX extra. */
PAWL_MUST_USE pawl_status pawl_ek_chain_check(const struct pawl_certs *roots,
                                              const struct pawl_certs *intermediates,
                                              const struct pawl_view *extra, size_t extra_n,
                                              const struct pawl_ek *leaf, int64_t now_s,
                                              uint8_t ret_root[32], struct pawl_err *err);

/* A self-signed TLS server certificate for the key (P-256): PEM into ret. names: DNS names or IP
 * addresses for the SAN, at least one; valid from now_s - 1 day for days, at most 36500. FORM for
 * a name that is neither. */
PAWL_MUST_USE pawl_status pawl_tls_cert_make(const struct pawl_private *k, const char *const *names,
                                             size_t names_n, int64_t now_s, unsigned days,
                                             uint8_t *ret, size_t cap, size_t *ret_n,
                                             struct pawl_err *err);

#endif
