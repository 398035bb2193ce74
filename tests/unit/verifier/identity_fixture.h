/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorities of vendors and of a lab, and an enrolment in the making below them, whose parts a
 * test may spoil.
 */
#ifndef VERIFIER_IDENTITY_FIXTURE_H
#define VERIFIER_IDENTITY_FIXTURE_H

#include "enroll/ek.h"
#include "soft_pki.h"
#include "soft_tpm.h"
#include "t.h"

enum { NOW = 1790000000, YEAR = 31536000 };

extern struct pawl_view vendor_root, vendor_sub, lab_root;

EVP_PKEY          *sub_key(void);
EVP_PKEY          *lab_key(void);
struct pawl_view   make_ca(const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *by);
struct soft_cert   ek_spec(EVP_PKEY *ek);
int                make_authorities(void **state);
struct pawl_certs *certs_of(struct pawl_view der);
struct ek_trust    production(void);

struct enrolment {
    EVP_PKEY             *ek, *ak, *td, *signer; /* signer: of the certification */
    struct pawl_enrol_req req;
    struct soft_attest    certify;
    struct pawl_view      certified, qualified; /* its body */
    struct ek_trust       trust;
    int64_t               now_s;
};

struct pawl_view name_bytes(struct pawl_name n);
struct pawl_name qualified(uint32_t hierarchy, const struct pawl_enrol_req *req);
struct pawl_view certify_nonce(const struct pawl_enrol_req *req);

/* Fills in the certification that the keys of e deserve. */
void             enrolment_certify(struct enrolment *e);
struct enrolment enrolment_of(enum pawl_template ek_template, EVP_PKEY *ek, EVP_PKEY *ak);
struct enrolment enrolment_good(void);
void             enrolment_certificate(struct enrolment *e, const struct soft_cert *c);

/* Signs what was put together, and asks. */
pawl_status enrolment_ask(struct enrolment *e, struct identity *ret, struct pawl_err *err);
void        enrolment_taken_as(struct enrolment *e, enum roots roots, struct identity *ret);
void        enrolment_refused(struct enrolment *e, enum pawl_code code, const char *where);

#endif
