/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of protocol version 1: parse (bytes -> struct, strict) and write (struct -> bytes)
 * side by side, deterministic CBOR. docs/protocol.md, section "Exchanges", gives each map.
 *
 * Views of a parsed struct point into the input, which must outlive it. A parse checks form and
 * limits only; what the fields mean is decided by the flows. Writers fail with FULL, or with RANGE
 * for a field that the parser would refuse.
 */
#ifndef PAWL_WIRE_H
#define PAWL_WIRE_H

#include <pawl/cbor.h>
#include <pawl/tpm.h>

#define PAWL_MEDIA_TYPE      "application/vnd.pawl+cbor"
#define PAWL_ROUTE_ENROL     "/pawl/1/enrol"
#define PAWL_ROUTE_CHALLENGE "/pawl/1/challenge"
#define PAWL_ROUTE_EVIDENCE  "/pawl/1/evidence"
#define PAWL_ROUTE_SUPPLY    "/pawl/1/supply"
#define PAWL_ROUTE_MESSAGES  "/pawl/1/messages"
#define PAWL_REQUEST_HEADER  "Pawl-Request"

enum pawl_label {
    PAWL_LABEL_NONE = 0,
    PAWL_LABEL_ENROL,
    PAWL_LABEL_ATTEST,
    PAWL_LABEL_REKEY,
    PAWL_LABEL_RESYNC,
    PAWL_LABEL_COUNT
};

/* "pawl/1 enrol"; never NULL. */
const char     *pawl_label_text(enum pawl_label l);
enum pawl_label pawl_label_from(struct pawl_view text);

/* Suites: low byte 1..4 the content algorithm, bit 8 the imported HMAC key. */
#define PAWL_SUITE_CCM      0x0001
#define PAWL_SUITE_CHACHA   0x0002
#define PAWL_SUITE_GCM      0x0003
#define PAWL_SUITE_SIV      0x0004
#define PAWL_SUITE_HMAC_KEY 0x0100

bool pawl_suite_known(uint64_t suite);

struct pawl_suites {
    size_t   n;
    uint16_t suite[PAWL_SUITES_MAX]; /* best first, each once */
};

/* The first of theirs that ours allows; 0 if none. */
uint16_t pawl_suite_choose(const struct pawl_suites *theirs, const struct pawl_suites *ours);

/* ---- enrol ---------------------------------------------------------------------------------- */

struct pawl_fact {
    struct pawl_view key, value; /* UTF-8 text */
};

struct pawl_enrol_req {
    struct pawl_view   tenant;
    struct pawl_suites suites;
    struct pawl_view   ek_public;
    size_t             cert_n; /* 0: none sent */
    struct pawl_view   cert[PAWL_CERTS_MAX];
    struct pawl_view   ak_public;
    struct pawl_view   td_public;
    struct pawl_view   certify_attest;
    struct pawl_view   certify_sig;
    struct pawl_view   verifier_id;
    struct pawl_view   token_id; /* empty: no token */
    struct pawl_view   token_mac;
    size_t             fact_n;
    struct pawl_fact   fact[PAWL_FACTS_MAX];
};

PAWL_MUST_USE pawl_status pawl_enrol_req_parse(struct pawl_view in, struct pawl_enrol_req *ret,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_enrol_req_write(const struct pawl_enrol_req *m, struct pawl_wr *w,
                                               struct pawl_err *err);

/* token_mac = HMAC-SHA-256(secret, "pawl/1 token" || SHA-256(request without field 10)). The fields
 * token_id and token_mac of m are not read. */
PAWL_MUST_USE pawl_status pawl_enrol_token_mac(const struct pawl_enrol_req *m,
                                               const struct pawl_secret    *secret,
                                               uint8_t ret[PAWL_TOKEN_MAC], struct pawl_err *err);

/* extraData of the certification of t_D:
 * SHA-256(CBOR["pawl/1 certify", tenant, verifier_id, ek_name, ak_name]). */
PAWL_MUST_USE pawl_status pawl_certify_nonce(struct pawl_view tenant, struct pawl_view verifier_id,
                                             const struct pawl_name *ek, const struct pawl_name *ak,
                                             uint8_t ret[32], struct pawl_err *err);

struct pawl_enrol_ans {
    struct pawl_view          nonce;
    struct pawl_pcr_selection pcrs;
    struct pawl_suites        suites;
    struct pawl_view          cookie;
    struct pawl_view          id_object;
    struct pawl_view          enc_secret;
};

PAWL_MUST_USE pawl_status pawl_enrol_ans_parse(struct pawl_view in, struct pawl_enrol_ans *ret,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_enrol_ans_write(const struct pawl_enrol_ans *m, struct pawl_wr *w,
                                               struct pawl_err *err);

/* ---- challenge ------------------------------------------------------------------------------ */

struct pawl_challenge_req {
    struct pawl_view tenant;
    struct pawl_view device_id;
    enum pawl_label  label; /* any but enrol */
};

struct pawl_challenge_ans {
    struct pawl_view          nonce;
    struct pawl_pcr_selection pcrs;
    struct pawl_suites        suites;
};

PAWL_MUST_USE pawl_status pawl_challenge_req_parse(struct pawl_view           in,
                                                   struct pawl_challenge_req *ret,
                                                   struct pawl_err           *err);
PAWL_MUST_USE pawl_status pawl_challenge_req_write(const struct pawl_challenge_req *m,
                                                   struct pawl_wr *w, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_challenge_ans_parse(struct pawl_view           in,
                                                   struct pawl_challenge_ans *ret,
                                                   struct pawl_err           *err);
PAWL_MUST_USE pawl_status pawl_challenge_ans_write(const struct pawl_challenge_ans *m,
                                                   struct pawl_wr *w, struct pawl_err *err);

/* ---- the transcript A1 ---------------------------------------------------------------------- */

enum pawl_reason {
    PAWL_REASON_SCHEDULE = 0,
    PAWL_REASON_START,
    PAWL_REASON_DEMAND,
    PAWL_REASON_INCIDENT,
    PAWL_REASON_VERIFIER_BEHIND,
    PAWL_REASON_STATE_LOST,
    PAWL_REASON_OPERATOR,
    PAWL_REASON_COUNT
};

struct pawl_log_ref {
    uint64_t         type; /* 1 firmware event log, 2 systemd's own measurement log */
    uint64_t         length;
    struct pawl_view sha256;
};

struct pawl_snd_gen {
    uint64_t         epoch;
    uint32_t         gen;
    uint64_t         first_seq, last_seq;
    uint32_t         count;
    struct pawl_view digest; /* 32 */
};

struct pawl_range {
    uint64_t lo, hi;
};

struct pawl_snd {
    uint64_t            seq_hi, epoch;
    uint32_t            gen;
    uint64_t            gen_start_seq, epoch_start_seq, reserved_hi;
    size_t              unknown_n;
    struct pawl_range   unknown[PAWL_SND_UNKNOWN_MAX];
    size_t              gen_n;
    struct pawl_snd_gen gens[PAWL_SND_GENS_MAX];
};

struct pawl_rcv_gen {
    uint64_t         epoch;
    uint32_t         gen;
    uint64_t         first_seq;
    struct pawl_view bitmap; /* at most 8: bit i of byte i / 8 is slot first_seq + i */
    struct pawl_view digest; /* 32 */
};

struct pawl_rcv {
    uint64_t            seq_hi;
    size_t              gen_n;
    struct pawl_rcv_gen gens[PAWL_RCV_GENS_MAX];
};

struct pawl_receipt_verdict {
    struct pawl_view receipt; /* SHA-256 of the receipt, or empty with verdict 0 */
    uint64_t         verdict; /* 0 none, 1 ok, 2 mismatch, 3 ahead */
    size_t           pair_n;
    struct {
        uint64_t epoch;
        uint32_t gen;
    } pair[PAWL_VERDICT_PAIRS_MAX];
    uint64_t ahead_seq;
};

struct pawl_a1 {
    enum pawl_label             label;
    uint16_t                    suite;
    struct pawl_view            tenant;
    struct pawl_view            verifier_id; /* 32 */
    struct pawl_view            device_id;   /* 32 */
    struct pawl_view            ak_name;     /* 34 or 50 */
    struct pawl_view            td_name;     /* 34 or 50 */
    struct pawl_view            nonce;       /* 32 */
    uint64_t                    attempt;
    uint64_t                    base_epoch;
    struct pawl_view            base_kid; /* 8 */
    uint64_t                    new_epoch;
    struct pawl_view            e_d;     /* empty, or 65 beginning with 0x04 */
    struct pawl_view            boot_id; /* 8 */
    struct pawl_view            os_boot; /* 8 */
    uint64_t                    nv_counter;
    enum pawl_reason            reason;
    size_t                      log_n;
    struct pawl_log_ref         log[PAWL_LOGS_MAX];
    struct pawl_rcv             rcv;
    struct pawl_receipt_verdict receipt;
    uint64_t next_s;     /* the device attests again within that many seconds; 0: it does not say */
    struct pawl_snd snd; /* last, and its generations: most are not there, and are not copied */
};

PAWL_MUST_USE pawl_status pawl_a1_parse(struct pawl_view in, struct pawl_a1 *ret,
                                        struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_a1_write(const struct pawl_a1 *m, struct pawl_wr *w,
                                        struct pawl_err *err);

/* os_boot = SHA-256("pawl/1 os boot" || kernel boot_id)[0..8): boot_id as the 36 characters that
 * the kernel prints. */
PAWL_MUST_USE pawl_status pawl_os_boot(struct pawl_view boot_id, uint8_t ret[PAWL_OS_BOOT],
                                       struct pawl_err *err);

/* mac_base = HMAC-SHA-256(k_auth, TH1 || SHA-256(ima field as sent, or empty)). */
PAWL_MUST_USE pawl_status pawl_mac_base(const struct pawl_secret *k_auth, const uint8_t th1[32],
                                        struct pawl_view ima_field, uint8_t ret[32],
                                        struct pawl_err *err);

/* ---- evidence, supply, result, refusal ------------------------------------------------------ */

struct pawl_log {
    uint64_t         type;
    struct pawl_view bytes;
};

struct pawl_evidence {
    struct pawl_view a1; /* CBOR, for pawl_a1_parse and SHA-256 */
    struct pawl_view attest;
    struct pawl_view signature;
    struct pawl_view mac_base; /* 32, or empty without a base */
    bool             has_pcrs;
    size_t           pcr_n; /* values as sent: 20 to 64 bytes each */
    struct pawl_view pcr[PAWL_PCR_VALUES_MAX];
    size_t           log_n;
    struct pawl_log  log[PAWL_LOGS_MAX];
    struct pawl_view ima_field; /* the encoding of field 7, empty if absent */
    uint64_t         ima_first;
    struct pawl_view ima;
    struct pawl_view cookie; /* empty unless enrolling */
    /* A key of the device's applications, certified by the AK: all three, or all empty. */
    struct pawl_view app_public, app_attest, app_signature;
};

/* extraData of that certification:
 * SHA-256(CBOR["pawl/1 application key", tenant, verifier_id, device_id]). */
PAWL_MUST_USE pawl_status pawl_app_key_nonce(struct pawl_view tenant, struct pawl_view verifier_id,
                                             struct pawl_view device_id, uint8_t ret[32],
                                             struct pawl_err *err);

PAWL_MUST_USE pawl_status pawl_evidence_parse(struct pawl_view in, struct pawl_evidence *ret,
                                              struct pawl_err *err);
/* Writes field 7 from ima_first and ima when ima is not empty; ima_field is not read. */
PAWL_MUST_USE pawl_status pawl_evidence_write(const struct pawl_evidence *m, struct pawl_wr *w,
                                              struct pawl_err *err);

struct pawl_supply {
    struct pawl_view ticket;
    size_t           log_n;
    struct pawl_log  log[PAWL_LOGS_MAX];
    uint64_t         ima_first;
    struct pawl_view ima;
    size_t           leaves_n;
    struct {
        uint8_t          dir; /* 0 up, 1 down */
        uint64_t         epoch;
        uint32_t         gen;
        struct pawl_view leaves; /* a multiple of 16 */
    } leaves[PAWL_SND_GENS_MAX];
};

PAWL_MUST_USE pawl_status pawl_supply_parse(struct pawl_view in, struct pawl_supply *ret,
                                            struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_supply_write(const struct pawl_supply *m, struct pawl_wr *w,
                                            struct pawl_err *err);

struct pawl_want {
    bool     present;
    size_t   log_n;
    uint64_t log[PAWL_LOGS_MAX];
    bool     has_ima;
    uint64_t first_ima_entry;
    size_t   gen_n;
    struct {
        uint8_t  dir;
        uint64_t epoch;
        uint32_t gen;
    } gen[PAWL_VERDICT_PAIRS_MAX];
    bool rekey_now;
    bool pcr_values;
};

struct pawl_result {
    struct pawl_view ear;     /* JWS compact, text */
    struct pawl_view conf_v;  /* 32, or empty */
    struct pawl_view receipt; /* CBOR, or empty */
    struct pawl_want want;
    struct pawl_view ticket; /* or empty */
};

PAWL_MUST_USE pawl_status pawl_result_parse(struct pawl_view in, struct pawl_result *ret,
                                            struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_result_write(const struct pawl_result *m, struct pawl_wr *w,
                                            struct pawl_err *err);

enum pawl_refusal_code {
    PAWL_REFUSAL_NONE = 0,
    PAWL_REFUSAL_ATTEMPT,
    PAWL_REFUSAL_UNKNOWN_BASE,
    PAWL_REFUSAL_FORKED,
    PAWL_REFUSAL_WAIT_FOR_APPROVAL,
    PAWL_REFUSAL_REVOKED,
    PAWL_REFUSAL_SUITE,
    PAWL_REFUSAL_REKEY_TOO_SOON,
    PAWL_REFUSAL_FULL_EVIDENCE_WANTED,
    PAWL_REFUSAL_COUNT
};

/* "wait for approval"; never NULL. */
const char *pawl_refusal_text(enum pawl_refusal_code c);

/* The payload of the COSE_Sign1. */
struct pawl_refusal {
    uint8_t                th1[32];
    enum pawl_refusal_code code;
    uint64_t               last_attempt;
    uint64_t               known_epoch;
    uint64_t               seq_floor_up;
    uint64_t               seq_floor_down;
    bool                   has_retry;
    uint64_t               retry_after_s;
};

PAWL_MUST_USE pawl_status pawl_refusal_parse(struct pawl_view in, struct pawl_refusal *ret,
                                             struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_refusal_write(const struct pawl_refusal *m, struct pawl_wr *w,
                                             struct pawl_err *err);

/* An answer to evidence is a result (a map) or a refusal (tag 18): true for the latter. */
bool pawl_is_refusal(struct pawl_view answer);

/* ---- messages ------------------------------------------------------------------------------- */

struct pawl_messages_req {
    struct pawl_view tenant;
    struct pawl_view device_id;
    size_t           n;
    struct pawl_view cose[PAWL_MESSAGES_N_MAX]; /* the encoding of each, tag and all */
    bool             want_nonce;
};

PAWL_MUST_USE pawl_status pawl_messages_req_parse(struct pawl_view          in,
                                                  struct pawl_messages_req *ret,
                                                  struct pawl_err          *err);
PAWL_MUST_USE pawl_status pawl_messages_req_write(const struct pawl_messages_req *m,
                                                  struct pawl_wr *w, struct pawl_err *err);

struct pawl_messages_ans {
    size_t           n;
    struct pawl_view cose[PAWL_MESSAGES_N_MAX];
    struct pawl_view nonce; /* for an attest that follows at once; empty unless asked for */
};

PAWL_MUST_USE pawl_status pawl_messages_ans_parse(struct pawl_view          in,
                                                  struct pawl_messages_ans *ret,
                                                  struct pawl_err          *err);
PAWL_MUST_USE pawl_status pawl_messages_ans_write(const struct pawl_messages_ans *m,
                                                  struct pawl_wr *w, struct pawl_err *err);

/* ---- the receipt ---------------------------------------------------------------------------- */

/* What the verifier received, beside the EAR whose `pawl.rcpt` is its SHA-256:
 * ["pawl/1 receipt", device_id, TH1, seq_hi, [* [epoch, gen, first_seq, bitmap, digest]]]. A
 * generation stands in it only when the verifier received every slot of it or durably holds the
 * attested leaf of each missing one; digest is over the slots that bitmap names. */
struct pawl_receipt {
    struct pawl_view    device_id; /* 32 */
    struct pawl_view    th1;       /* 32 */
    uint64_t            seq_hi;    /* the highest slot received */
    size_t              gen_n;
    struct pawl_rcv_gen gens[PAWL_RECEIPT_MAX];
};

PAWL_MUST_USE pawl_status pawl_receipt_parse(struct pawl_view in, struct pawl_receipt *ret,
                                             struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_receipt_write(const struct pawl_receipt *m, struct pawl_wr *w,
                                             struct pawl_err *err);

/* ---- the join string ------------------------------------------------------------------------ */

/* What `pawl-verifier init` prints and `pawl-agent join` takes:
 * pawl://HOST:PORT/TENANT?key=PIN&tls=PIN[&token=ID.SECRET], pins, id and secret in base64url. */
struct pawl_join {
    char               address[300]; /* host:port, IPv6 in brackets */
    char               tenant[PAWL_TENANT_MAX + 1];
    uint8_t            verifier_key[PAWL_SPKI_PIN];
    uint8_t            tls_pin[PAWL_SPKI_PIN];
    bool               has_token;
    uint8_t            token_id[PAWL_TOKEN_ID];
    struct pawl_secret token;
};

/* Error texts never repeat the string: it may hold a token's secret. */
PAWL_MUST_USE pawl_status pawl_join_parse(const char *s, struct pawl_join *ret,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_join_write(const struct pawl_join *j, char *ret, size_t cap,
                                          struct pawl_err *err);

#endif
