/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as tpm2-tools write them, and as they come out of other programs: turned into the TPM's own
 * structures, which the verifier's appraisal judges. Nothing is believed here.
 */
#ifndef VERIFIER_CTL_TPM2_TOOLS_H
#define VERIFIER_CTL_TPM2_TOOLS_H

#include <pawl/tpm.h>

/* A structure that was built, with the room for it. */
struct tpm_bytes {
    size_t  n;
    uint8_t b[PAWL_PUBLIC_MAX];
};

struct pawl_view tpm_bytes_view(const struct tpm_bytes *t);

/* TPMT_PUBLIC of a file that holds TPM2B_PUBLIC, TPMT_PUBLIC, or a PEM public key. A PEM says
 * nothing but the key: the AK's template stands in for the rest, and *ret_is_pem is set. */
PAWL_MUST_USE pawl_status tpm2_public_read(struct pawl_view file, struct tpm_bytes *ret,
                                           bool *ret_is_pem, struct pawl_err *err);

/* TPMS_ATTEST of a file that holds it, or TPM2B_ATTEST; a view into file. */
struct pawl_view tpm2_attest_read(struct pawl_view file);

/* TPMT_SIGNATURE of a file that holds it, or a plain signature (DER for ECDSA, the number for RSA),
 * which then has the scheme and hash of the AK. */
PAWL_MUST_USE pawl_status tpm2_signature_read(struct pawl_view file, struct pawl_view ak_public,
                                              struct tpm_bytes *ret, struct pawl_err *err);

/* The values in a PCR file: `serialized` (tpm2_quote -o), whose selection must be the quoted one,
 * or `values`, one after the other. */
PAWL_MUST_USE pawl_status tpm2_pcrs_read(struct pawl_view                 file,
                                         const struct pawl_pcr_selection *quoted,
                                         struct pawl_pcr_values *ret, struct pawl_err *err);

/* The text that tpm2_pcrread prints: a line for each bank, "  sha256:", and below it one for each
 * of its PCRs, "    0 : 0x3FBF..". Banks that we do not know are passed over. FORM or RANGE, naming
 * the line. */
PAWL_MUST_USE pawl_status tpm2_pcrs_text_read(struct pawl_view           file,
                                              struct pawl_pcr_selection *ret_select,
                                              struct pawl_pcr_values    *ret_values,
                                              struct pawl_err           *err);

#endif
