/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an EK is genuine: certificate chain, template, and the keys that hang below it. Rows K1..
 * K15 and C of docs/appraisal.md. Pure: bytes in, facts out.
 */
#ifndef VERIFIER_ENROLL_EK_H
#define VERIFIER_ENROLL_EK_H

#include <pawl/crypto.h>
#include <pawl/tpm.h>
#include <pawl/wire.h>

/* Where a chain of trust ended. */
enum roots {
    ROOTS_NONE = 0,
    ROOTS_VENDOR,
    ROOTS_LAB, /* test TPMs: never mixed with vendors, named in every result */
    ROOTS_COUNT
};

const char *roots_name(enum roots r); /* "vendor", "lab" */

/* A tenant's trust for EK certificates; any member may be NULL (no such store). revoked: nobody
 * trusts these keys any more; the other stores hold none of them (C13). */
struct ek_trust {
    struct pawl_certs *vendor, *lab, *intermediates, *revoked;
};

/* Adds the certificates of a file, or of a directory's files *.pem, *.crt, *.cer and *.der, to
 * *into, which is made when NULL and stays NULL when there are none. Fails with ABSENT, IO or FORM,
 * naming the file. */
PAWL_MUST_USE pawl_status ek_certs_load(const char *path, struct pawl_certs **into,
                                        struct pawl_err *err);

/* Loads each path; an empty one is no store. */
PAWL_MUST_USE pawl_status ek_trust_load(const char *roots_dir, const char *lab_dir,
                                        const char *intermediates_dir, const char *revoked_dir,
                                        struct ek_trust *ret, struct pawl_err *err);
void                      ek_trust_done(struct ek_trust *t);

/* True for the certificate of a software TPM, by the manufacturer and the names it gives itself. */
bool ek_cert_is_swtpm(const struct pawl_ek_cert *cert);

/* Judges a certificate and what came with it by the trust (K13, K14, rows C): none that came may be
 * over a revoked key; the vendors' roots first, then the lab's; a software TPM's by the lab's
 * alone. *ret_root gets SHA-256 of the root. err->where begins with "ek_cert". */
PAWL_MUST_USE pawl_status ek_chain_judge(const struct ek_trust *trust, const struct pawl_ek *leaf,
                                         const struct pawl_view *extra, size_t extra_n,
                                         int64_t now_s, enum roots *ret, uint8_t ret_root[32],
                                         struct pawl_err *err);

/* What enrolment established. */
struct identity {
    enum pawl_template  ek_template;
    struct pawl_name    ek_name, ak_name, td_name;
    uint8_t             device_id[PAWL_DEVICE_ID]; /* SHA-256 of the EK's Name */
    struct pawl_public  td;
    enum roots          roots;
    struct pawl_ek_cert cert;
    struct pawl_name    qualified_signer; /* of the AK under the EK */
};

/* Judges an enrolment request, cheap checks first: EK template (K10), certificate key == EK (K9),
 * chain (K13, K14: a certificate of swtpm under vendor roots is refused), AK template (K1, K2, K5,
 * K16), weak RSA keys (K17), t_D template, and the certification of t_D by the AK (K7). now_s as in
 * pawl_ek_chain_check. err->where: "ek_cert.chain", "ak_public.objectAttributes", ...
 * *ret_cert is set in any case, as identity_says does. To be believed is *ret alone. */
PAWL_MUST_USE pawl_status identity_check(const struct ek_trust       *trust,
                                         const struct pawl_enrol_req *req, int64_t now_s,
                                         struct pawl_ek_cert *ret_cert, struct identity *ret,
                                         struct pawl_err *err);

/* What its EK's certificate says of itself, judged by nobody: for the log. All zero if it cannot be
 * read. */
void identity_says(const struct pawl_enrol_req *req, struct pawl_ek_cert *ret);

#endif
