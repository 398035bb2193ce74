/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole device in software: TPM, agent and its messages, each piece open to be bent before it is
 * sent. Good by default; a test changes what it is about.
 */
#ifndef VERIFIER_SOFT_DEVICE_H
#define VERIFIER_SOFT_DEVICE_H

#include <pawl/ratchet.h>
#include <pawl/wire.h>

#include "soft_tpm.h"

/* Who vouches for its EK. */
struct soft_ca {
    EVP_PKEY        *key;
    struct pawl_view cert; /* DER */
    bool             lab;
};

void soft_ca_make(struct soft_ca *ca, bool lab, int64_t now_s);
void soft_ca_done(struct soft_ca *ca);

struct soft_device {
    EVP_PKEY          *ek, *ak, *td, *e_d;
    struct pawl_view   cert, ek_public, ak_public, td_public;
    struct pawl_name   ek_name, ak_name, td_name;
    uint8_t            id[PAWL_DEVICE_ID];
    struct pawl_clock  clock;
    uint32_t           banks;             /* bit h: bank of hash h is allocated */
    uint8_t            pcr[PAWL_PCRS];    /* each byte of the PCR's value in every bank .. */
    struct pawl_digest sha256[PAWL_PCRS]; /* .. but for these, where n is not 0 (soft_boot.h) */
    struct pawl_view   eventlog;          /* of its firmware, for A1; empty: none */
    uint64_t           attempt;           /* the last one used */
    uint8_t            boot_id[PAWL_BOOT_ID], os_boot[PAWL_OS_BOOT];
    bool               has_root;
    struct pawl_root   root;        /* the newest one that it holds: the base of what it asks */
    uint64_t           known_epoch; /* the newest one that it ever held or was told of */
    struct pawl_secret hedge;       /* imported key; n == 0: none */
    const char        *tenant;
    uint8_t            verifier_id[PAWL_VERIFIER_ID];
};

void soft_device_make(struct soft_device *d, const struct soft_ca *ca, int64_t now_s);
void soft_device_done(struct soft_device *d);
/* After a key or public area was changed: Names and id as they follow. */
void soft_device_rename(struct soft_device *d);
/* TPM2_Clear: the same EK, and everything else anew. It was told how far its epochs had come. */
void soft_device_clear(struct soft_device *d);
/* State lost, keys kept. */
void             soft_device_forget(struct soft_device *d);
struct pawl_name soft_device_qualified(const struct soft_device *d);

/* ---- enrolment ------------------------------------------------------------------------------ */

/* The request, certified for d's tenant and verifier; change it, then write it. */
struct pawl_enrol_req soft_enrol(const struct soft_device *d);
void                  soft_enrol_token(struct pawl_enrol_req *req, struct pawl_view id,
                                       const struct pawl_secret *secret);
struct pawl_view      soft_enrol_bytes(const struct pawl_enrol_req *req);

/* ActivateCredential: the secret that only this TPM reads. */
struct pawl_secret soft_activate(const struct soft_device *d, struct pawl_view id_object,
                                 struct pawl_view enc_secret);

/* ---- evidence ------------------------------------------------------------------------------- */

/* Evidence in the making: change a1, logs and list in m, then sign; change the rest of m, then
 * write. */
struct soft_evidence {
    struct pawl_a1            a1;
    struct pawl_pcr_selection select;       /* as it will be signed */
    struct pawl_view          select_bytes; /* the same, marshalled; a test may put others there */
    struct pawl_pcr_values    values;
    struct soft_attest        attest;
    EVP_PKEY                 *signer;
    struct pawl_secret        k_auth; /* of the base; n == 0: there is none to prove */
    struct pawl_evidence      m;
};

/* asked: what the verifier asked; banks that the device lacks come back without bits. Base, epochs
 * and E_D as the label has them. */
void soft_evidence_begin(struct soft_device *d, enum pawl_label label, struct pawl_view nonce,
                         const struct pawl_pcr_selection *asked, struct soft_evidence *ret);
/* A1, quote and signature from what stands there now. secret: of the enrolment, or NULL. */
void             soft_evidence_sign(struct soft_evidence *e, const struct pawl_secret *secret);
struct pawl_view soft_evidence_bytes(const struct soft_evidence *e);

/* The root that an accepted request made, by ECDH of OpenSSL's: conf_V is what it must be. secret:
 * of the enrolment, or NULL. base: of a rekey; NULL: enrolment or resync. */
void soft_adopt(struct soft_device *d, const struct soft_evidence *e, const struct pawl_root *base,
                const struct pawl_secret *secret, const uint8_t e_v[PAWL_POINT_P256],
                struct pawl_view ear, struct pawl_view conf_v);

struct pawl_view soft_challenge(const struct soft_device *d, enum pawl_label label);

#endif
