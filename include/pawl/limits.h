/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every maximum of Pawl, in one place. Units: bytes, unless the name says otherwise.
 *
 * A reader of network bytes names one of these at each variable length; nothing is allocated and
 * no loop runs on a number that was not held against its limit first. Spec: docs/protocol.md,
 * section "Limits".
 */
#ifndef PAWL_LIMITS_H
#define PAWL_LIMITS_H

/* Cryptographic sizes. */
#define PAWL_HASH_MAX        64
#define PAWL_SECRET_MAX      64
#define PAWL_POINT_P256      65 /* 0x04 || x || y */
#define PAWL_POINT_MAX       97 /* P-384 */
#define PAWL_RSA_MODULUS_MAX 512
#define PAWL_SIGNATURE_MAX   512
#define PAWL_SPKI_PIN        32 /* SHA-256 of a SubjectPublicKeyInfo */

/* TPM structures. */
#define PAWL_NAME_MAX       66  /* algorithm identifier and SHA-512 */
#define PAWL_PUBLIC_MAX     768 /* TPMT_PUBLIC of the largest key taken, RSA-4096 */
#define PAWL_ATTEST_MAX     512 /* TPMS_ATTEST */
#define PAWL_TPM_SIG_MAX    520 /* TPMT_SIGNATURE, RSA-4096 */
#define PAWL_EXTRA_DATA_MAX 66  /* TPM2B_DATA */
#define PAWL_POLICY_MAX     64
#define PAWL_ID_OBJECT_MAX  132 /* TPM2B_ID_OBJECT without its size */
#define PAWL_ENC_SECRET_MAX 512 /* TPM2B_ENCRYPTED_SECRET without its size */
#define PAWL_DUPLICATE_MAX  140 /* TPM2B_PRIVATE of an imported key, without its size */
#define PAWL_PCR_BANKS_MAX  4
#define PAWL_PCRS           24
#define PAWL_PCR_VALUES_MAX (PAWL_PCR_BANKS_MAX * PAWL_PCRS)
#define PAWL_PCR_SELECT_MAX (4 + PAWL_PCR_BANKS_MAX * 6) /* TPML_PCR_SELECTION as marshalled */

/* Protocol fields. */
#define PAWL_TENANT_MAX        32
#define PAWL_DEVICE_ID         32
#define PAWL_VERIFIER_ID       32
#define PAWL_NONCE             32
#define PAWL_KID               8
#define PAWL_BOOT_ID           8
#define PAWL_OS_BOOT           8
#define PAWL_LABEL_MAX         16
#define PAWL_TOKEN_ID          8
#define PAWL_TOKEN_SECRET      32
#define PAWL_TOKEN_MAC         32
#define PAWL_FACTS_MAX         32  /* entries */
#define PAWL_FACT_MAX          256 /* of a key and of a value */
#define PAWL_CERT_MAX          4096
#define PAWL_CERT_KEY_ID_MAX   64          /* subjectKeyIdentifier: 20 as a rule */
#define PAWL_CERTS_MAX         4           /* certificates in a chain */
#define PAWL_CERT_LIST_MAX     1024        /* certificates in a directory or file of roots */
#define PAWL_SUITES_MAX        16          /* entries */
#define PAWL_COOKIE_MAX        (20 * 1024) /* holds the facts of the request */
#define PAWL_TICKET_MAX        4096
#define PAWL_EAR_MAX           4096
#define PAWL_REFUSAL_MAX       512
#define PAWL_SIGNED_MAX        (128 * 1024) /* payload of a COSE_Sign1 */
#define PAWL_LOGS_MAX          4            /* log types in one evidence */
#define PAWL_SND_GENS_MAX      320
#define PAWL_SND_UNKNOWN_MAX   16
#define PAWL_RCV_GENS_MAX      64
#define PAWL_RECEIPT_MAX       320 /* generations in a receipt */
#define PAWL_VERDICT_PAIRS_MAX 32
#define PAWL_GEN_MESSAGES      64 /* messages in a generation, so bits in a bitmap */
#define PAWL_LEAF              16
#define PAWL_GEN_SKIP_MAX      320   /* generations that a receiver advances at once */
#define PAWL_SLOT_CEILING      32768 /* slots above the attested seq_hi that may be used */
#define PAWL_SLOT_WINDOW       4096  /* slots that a late message may be behind */
#define PAWL_EPOCH_SKIP_MAX    65536 /* epochs that a resync may be ahead */
#define PAWL_ACK_BITMAP_MAX    128   /* bytes: 1,024 slots */
#define PAWL_TOMBSTONES_MAX    8
#define PAWL_BOOT_IDS_MAX      5 /* the present one and the last four */

/* Bodies and requests. */
#define PAWL_ENROL_MAX      (24 * 1024)
#define PAWL_A1_MAX         (24 * 1024)
#define PAWL_EVIDENCE_MAX   (256 * 1024)
#define PAWL_MESSAGES_MAX   (256 * 1024)
#define PAWL_MESSAGES_N_MAX 256
#define PAWL_RESULT_MAX     (64 * 1024)
#define PAWL_PLAINTEXT_MAX  (32 * 1024)                /* of one message: CBOR[type, id, body] */
#define PAWL_BODY_MAX       (PAWL_PLAINTEXT_MAX - 64)  /* of an application's message */
#define PAWL_MESSAGE_MAX    (PAWL_PLAINTEXT_MAX + 512) /* one message as COSE */
#define PAWL_CHALLENGE_MAX  512
#define PAWL_HEADERS_MAX    (8 * 1024)
#define PAWL_CBOR_DEPTH     8
#define PAWL_CBOR_MAP_MAX   64 /* pairs in a map */

/* How far an attempt may lie above the last accepted one: a loss of state skips 2^32. */
#define PAWL_ATTEMPT_SKIP_MAX  (UINT64_C(1) << 33)
#define PAWL_ATTEMPT_FIRST_MAX (UINT64_C(1) << 63)

/* Times. */
#define PAWL_NONCE_TTL_MS   60000
#define PAWL_NONCE_AHEAD_MS 2000
#define PAWL_COOKIE_TTL_MS  120000
#define PAWL_GEN_MS         (15 * 60 * 1000) /* of the sender */
#define PAWL_REKEY_MIN_MS   60000            /* between two rekeys, unless demanded */
#define PAWL_LATE_MS        3600000          /* a message of an older epoch may be late */
#define PAWL_TICKET_TTL_MS  600000
#define PAWL_RESYNC_AUTO_MS 86400000
#define PAWL_NEXT_S_MAX     (31 * 86400) /* the next attest that a device may promise */
/* An epoch ends here: soft, the device rekeys; hard, no application data goes on. */
#define PAWL_EPOCH_SOFT_MS    (6 * 3600 * 1000)
#define PAWL_EPOCH_SOFT_SLOTS 4096
#define PAWL_EPOCH_HARD_MS    (48 * 3600 * 1000)
#define PAWL_EPOCH_HARD_SLOTS 16384

#endif
