/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's TPM, as the flows see it: identity, the four keys of Pawl, quotes, certification
 * and credential activation. Everything of ESAPI stays behind this header.
 *
 * Order of use: tpm_open, tpm_choose_ek, tpm_keys_open, then the rest; tpm_identity and tpm_facts
 * need tpm_open alone. Blocking; one thread. All memory is the caller's, except struct tpm.
 *
 * Invariants
 *  1. No password session is ever used on the EK, not even as a try: it would arm dictionary-attack
 *     accounting, and a few power cuts then lock the TPM. The EK is used by policy only.
 *  2. All that Pawl makes has noDA; the TPM's lockout counter stays where it was.
 *  3. Between calls no transient object and no session of ours is loaded, except e_D between make
 *     and zgen. No call needs more than three transient slots and three sessions, also beside e_D,
 *     so no resource manager is needed.
 *  4. Sessions are salted to the EK, whose Name was computed here from certificate and template;
 *     a chip between us and the TPM cannot stand in for it.
 *  5. What the TPM answers is parsed by libpawl's strict parsers before it is used.
 *  6. A secret that the TPM gives is wiped from tpm2-tss's memory before the call ends.
 *
 * Failures common to all calls: TPM when the TPM refuses (err->where is the command, "TPM2_Quote"),
 * IO when there is no TPM to talk to or it does not work at the moment, MEMORY, FORM or FORGED when
 * it answers what it should not.
 *
 * After an answer that did not come, or was not the TPM's (a session's HMAC does not hold), every
 * later call fails with IO: close and open again.
 *
 * Not here: what a verifier makes of it (verifier/appraise), when to call (flow/).
 * Spec: docs/protocol.md, section "Roles, keys, trusts".
 */
#ifndef AGENT_TPM_H
#define AGENT_TPM_H

#include <pawl/tpm.h>

/* ---- the TPM -------------------------------------------------------------------------------- */

struct tpm;

/* Opens the TPM behind a TCTI string: "device:/dev/tpmrm0", "swtpm:path=/run/x/sock",
 * "swtpm:host=127.0.0.1,port=2321"; NULL or "" lets tpm2-tss look for one. A software TPM serves
 * one connection at a time, so close it between rounds. Fails with IO and a hint for the engineer.
 */
PAWL_MUST_USE pawl_status tpm_open(const char *tcti, struct tpm **ret, struct pawl_err *err);
void                      tpm_close(struct tpm **t);

struct tpm_facts {
    char     manufacturer[8];   /* "STM", printable ASCII */
    char     vendor[20];        /* the four vendor strings, printable ASCII */
    char     family[8];         /* "2.0" */
    uint32_t revision;          /* of the specification times 100: 138 */
    uint64_t firmware;          /* as in a quote */
    char     firmware_text[24]; /* its four 16-bit parts: "73.8.17568.6" */
    uint32_t lockout_counter;   /* failed authorisations that the TPM counts; ours stays 0 */
    uint32_t transients;        /* objects and .. */
    uint32_t sessions;          /* .. sessions loaded at the moment, by anybody we can see */
    uint32_t persistent_free;   /* room for persistent objects, at least */
};

PAWL_MUST_USE pawl_status tpm_facts(struct tpm *t, struct tpm_facts *ret, struct pawl_err *err);

/* ---- Endorsement Keys ----------------------------------------------------------------------- */

#define TPM_EKS_MAX 9 /* the TCG's NV indices 02, 0A, 12, 14, 16, 18, 1A, 1C, 1E */

enum tpm_ek_state {
    TPM_EK_NONE = 0,
    TPM_EK_MATCHES,     /* the TPM makes the key of the certificate from the index's template */
    TPM_EK_DIFFERS,     /* it makes another key: foreign certificate, or a template of its own */
    TPM_EK_NO_CERT,     /* a key, but no certificate at its index */
    TPM_EK_BAD,         /* certificate not readable, not parsable, or the key cannot be made */
    TPM_EK_UNSUPPORTED, /* a certificate of a key type that Pawl does not use */
    TPM_EK_STATE_COUNT
};

/* "matches", "differs", "no-certificate", "bad", "unsupported". */
const char *tpm_ek_state_name(enum tpm_ek_state s);

struct tpm_ek {
    enum tpm_ek_state state;
    uint32_t          index;     /* NV index of the certificate, 0x01C000xx */
    enum pawl_template template; /* PAWL_TEMPLATE_NONE if unsupported */
    struct pawl_err     problem; /* code is NONE unless state is DIFFERS, BAD or UNSUPPORTED */
    size_t              cert_n;  /* DER without NV prefix and padding; 0: none */
    uint8_t             cert[PAWL_CERT_MAX];
    struct pawl_ek_cert facts;    /* of the certificate, where it parses */
    size_t              public_n; /* TPMT_PUBLIC of the TPM's key; 0 if not made */
    uint8_t public[PAWL_PUBLIC_MAX];
    struct pawl_name name;          /* of that key */
    uint8_t          device_id[32]; /* SHA-256 of the Name: the id if this EK is chosen */
};

struct tpm_identity {
    size_t        n;
    struct tpm_ek ek[TPM_EKS_MAX]; /* in the order of choice; some 50 KiB together */
};

/* All EKs of the TPM, for a factory line: reads each certificate and has the TPM make each key
 * (seconds per RSA key on a hardware TPM). A bad certificate is an entry of the list and not a
 * failure. keys_too: lists RSA-2048, P-256 and P-384 keys without certificate as well. Fails with
 * ABSENT if the list is empty. */
PAWL_MUST_USE pawl_status tpm_identity(struct tpm *t, bool keys_too, struct tpm_identity *ret,
                                       struct pawl_err *err);

/* The EK that identifies this device: in the order P-256, P-384, RSA-2048 the first whose
 * certificate's key is the one that the TPM makes. keep: the Name of the EK that the device
 * enrolled with, so that a certificate which appears later does not change its identity; NULL
 * before. Fails with ABSENT when there is no certificate at all, or none of keep; with FORGED when
 * there are some and no key matches (err->why names the first). */
PAWL_MUST_USE pawl_status tpm_choose_ek(struct tpm *t, const struct pawl_name *keep,
                                        struct tpm_ek *ret, struct pawl_err *err);

/* ---- keys ----------------------------------------------------------------------------------- */

#define TPM_HANDLE_AK      0x81015057u
#define TPM_HANDLE_TD      0x81005057u
#define TPM_HANDLE_SRK     0x81000001u /* the TCG's; used if it fits, never written */
#define TPM_HANDLE_OUR_SRK 0x81005056u
#define TPM_HANDLE_APP     0x81005058u

/* Where the keys live and what they must be. Fill by tpm_keys_config_default, then change. */
struct tpm_keys_config {
    enum pawl_template ak;        /* PAWL_AK_P256 or PAWL_AK_RSA2048 */
    uint32_t           ek_handle; /* 0: the TCG's handle of the EK's type */
    uint32_t           ak_handle;
    uint32_t           td_handle;
    uint32_t           srk_handle; /* 0: none, make our own */
    uint32_t           our_srk_handle;
    uint32_t           app_handle; /* of a signing key for applications; 0: none is wanted */
    bool               make;      /* false: all keys must be there already (ABSENT), but that one */
    struct pawl_name   expect_ak; /* as enrolled; n == 0: any that fits */
    struct pawl_name   expect_td;
};

struct tpm_keys_config tpm_keys_config_default(void);

struct tpm_key {
    uint32_t         handle;
    bool             made; /* by this call */
    size_t           n;    /* TPMT_PUBLIC without a size prefix */
    uint8_t          bytes[PAWL_PUBLIC_MAX];
    struct pawl_name name;
    struct pawl_name qualified;
};

struct tpm_keys {
    struct tpm_key  ek, ak, srk, td;
    struct tpm_key  app;         /* n == 0: none is wanted, or .. */
    struct pawl_err app_problem; /* .. why there is none; code NONE otherwise */
};

/* Finds the persistent keys, or makes and persists them: EK, AK (child of the EK), SRK, t_D and the
 * key of applications (children of the SRK). Template, parent (by qualified Name) and, where given,
 * the expected Name of each are compared. What was made before a failure or power cut is found by
 * the next call. Fails with CONFLICT when another object holds one of our handles, FULL when no
 * persistent slot is free, ABSENT (make is false), DENIED when the TPM's owner or endorsement
 * password is set. */
PAWL_MUST_USE pawl_status tpm_keys_open(struct tpm *t, const struct tpm_ek *ek,
                                        const struct tpm_keys_config *cfg, struct tpm_keys *ret,
                                        struct pawl_err *err);

/* ---- what the keys do; all fail with STATE before tpm_keys_open ------------------------------ */

/* An attestation and its signature, as they travel: TPMS_ATTEST and TPMT_SIGNATURE. */
struct tpm_signed {
    size_t  attest_n;
    uint8_t attest[PAWL_ATTEST_MAX];
    size_t  sig_n;
    uint8_t sig[PAWL_TPM_SIG_MAX];
};

/* TPM2_Certify of t_D by the AK over this qualifying data. */
PAWL_MUST_USE pawl_status tpm_certify_td(struct tpm *t, struct pawl_view nonce,
                                         struct tpm_signed *ret, struct pawl_err *err);
/* The same of the key of applications; STATE if there is none. */
PAWL_MUST_USE pawl_status tpm_certify_app(struct tpm *t, struct pawl_view nonce,
                                          struct tpm_signed *ret, struct pawl_err *err);

/* TPM2_ActivateCredential: the secret, if the credential was made for our EK and AK; else FORGED.
 * Both inputs are buffers without their TPM2B size. */
PAWL_MUST_USE pawl_status tpm_activate(struct tpm *t, struct pawl_view id_object,
                                       struct pawl_view enc_secret, struct pawl_secret *ret,
                                       struct pawl_err *err);

struct tpm_quote {
    struct tpm_signed         sign;
    struct pawl_pcr_selection pcrs; /* as signed: the bits of unallocated banks are cleared */
    struct pawl_pcr_values    values;
    unsigned                  dropped; /* tpm_quote_all: banks left out, see below */
};

/* TPM2_Quote by the AK, and the PCR values that belong to it: both are taken again, a few times,
 * when a PCR changed in between (then STATE). nonce: 32 bytes, a hash that the caller made of a
 * labelled transcript, never raw bytes from the network. Fails with UNSUPPORTED, where
 * "TPM2_Quote.PCRselect", when the TPM lacks one of the hashes. */
PAWL_MUST_USE pawl_status tpm_quote(struct tpm *t, const struct pawl_pcr_selection *pcrs,
                                    const uint8_t nonce[32], struct tpm_quote *ret,
                                    struct pawl_err *err);

/* The same over PCRs 0-23 of sha1, sha256, sha384, sha512; for a hash that the TPM lacks sha512,
 * then sha384, then sha1 is left out (pawl_pcr_selection_all(ret->dropped)), never sha256. */
PAWL_MUST_USE pawl_status tpm_quote_all(struct tpm *t, const uint8_t nonce[32],
                                        struct tpm_quote *ret, struct pawl_err *err);

/* ---- the ratchet's part; all fail with STATE before tpm_keys_open ---------------------------- */

/* e_D: a P-256 decrypt primary of the NULL hierarchy with t_D's template, made from 64 random bytes
 * in `unique` which are wiped at once: no reset and no command makes this key again. Until the
 * exchange is over it occupies one transient slot (the exception to invariant 3); a process that is
 * killed leaves it there, where no resource manager flushes it. */
struct tpm_ephemeral {
    uint32_t handle; /* tpm2-tss's; 0: none loaded */
    uint8_t  point[PAWL_POINT_P256];
};

/* DENIED if the NULL hierarchy refuses. */
PAWL_MUST_USE pawl_status tpm_ephemeral_make(struct tpm *t, struct tpm_ephemeral *ret,
                                             struct pawl_err *err);
/* Flushes it, if it is loaded and still e_D. A TPM that is gone, or was reset, has lost it too:
 * nothing to report. */
void tpm_ephemeral_drop(struct tpm *t, struct tpm_ephemeral *e);

/* Z_ee: TPM2_ECDH_ZGen with e_D, in a session that encrypts the answer; 32 bytes, left-padded. e_D
 * is flushed, whatever happens. RANGE or FORM if peer is no uncompressed point of the curve (the
 * TPM does not see it then); STATE if e_D is gone: used, or lost to a reset. */
PAWL_MUST_USE pawl_status tpm_ephemeral_zgen(struct tpm *t, struct tpm_ephemeral *e,
                                             const uint8_t       peer[PAWL_POINT_P256],
                                             struct pawl_secret *ret, struct pawl_err *err);

/* Z_se: the same with t_D. */
PAWL_MUST_USE pawl_status tpm_td_zgen(struct tpm *t, const uint8_t peer[PAWL_POINT_P256],
                                      struct pawl_secret *ret, struct pawl_err *err);

#define TPM_NV_COUNTER 0x01805057u

/* The NV counter of the sealed state: AUTHREAD AUTHWRITE NO_DA NT_COUNTER, not ORDERLY. make: it is
 * defined and incremented once if it is not there, or never counted. ABSENT without make, CONFLICT
 * if something else has that index (it is left alone), FULL if the TPM has no room, DENIED if the
 * owner has a password, RANGE if index is no NV index. *ret_value gets its value. A counter that
 * was removed and made again begins above its old value. */
PAWL_MUST_USE pawl_status tpm_counter_open(struct tpm *t, uint32_t index, bool make,
                                           uint64_t *ret_value, struct pawl_err *err);
/* TPM2_NV_Increment; *ret_value gets the value after it. ABSENT, CONFLICT as above. After IO or TPM
 * it may have counted or not: ask by tpm_counter_open. */
PAWL_MUST_USE pawl_status tpm_counter_increment(struct tpm *t, uint32_t index, uint64_t *ret_value,
                                                struct pawl_err *err);

/* A secret sealed under the SRK with PolicyNV(counter == value) and nothing else. Bytes for a file:
 * TPM2B_PRIVATE and TPM2B_PUBLIC, one after the other. */
struct tpm_sealed {
    size_t  n;
    uint8_t b[1024];
};

/* 1 to 64 bytes (RANGE), in a session that encrypts them. Does not look at the counter. */
PAWL_MUST_USE pawl_status tpm_seal(struct tpm *t, uint32_t index, uint64_t value,
                                   const struct pawl_secret *in, struct tpm_sealed *ret,
                                   struct pawl_err *err);
/* DENIED if the counter has another value now, or the bytes were sealed for another one; FORGED or
 * FORM if these are not bytes that this TPM sealed; ABSENT, CONFLICT as tpm_counter_open. */
PAWL_MUST_USE pawl_status tpm_unseal(struct tpm *t, uint32_t index, uint64_t value,
                                     const struct tpm_sealed *in, struct pawl_secret *ret,
                                     struct pawl_err *err);

/* The hedge (suite bit 8): an HMAC-SHA-256 key that came by another way than the network, put under
 * the SRK by TPM2_Import with an outer wrap for it. The bytes are what a file keeps. key: 32 bytes,
 * otherwise RANGE. UNSUPPORTED if the TPM has no TPM2_HMAC, so that it keeps no key for nothing. */
PAWL_MUST_USE pawl_status tpm_hmac_import(struct tpm *t, const struct pawl_secret *key,
                                          struct tpm_sealed *ret, struct pawl_err *err);
/* H = TPM2_HMAC(key, in), 32 bytes. FORGED or FORM if these are not bytes that tpm_hmac_import made
 * with this TPM; UNSUPPORTED if it has no TPM2_HMAC. */
PAWL_MUST_USE pawl_status tpm_hmac(struct tpm *t, const struct tpm_sealed *key,
                                   const uint8_t in[32], struct pawl_secret *ret,
                                   struct pawl_err *err);

/* The values of these PCRs now, unsigned. A bank that is not allocated is RANGE. */
PAWL_MUST_USE pawl_status tpm_pcr_read(struct tpm *t, const struct pawl_pcr_selection *pcrs,
                                       struct pawl_pcr_values *ret, struct pawl_err *err);

#endif
