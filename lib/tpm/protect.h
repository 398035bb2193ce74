/* SPDX-License-Identifier: Apache-2.0 */
/* Inside lib/tpm: protecting what only the TPM with a certain decryption key is to open. */
#ifndef LIB_TPM_PROTECT_H
#define LIB_TPM_PROTECT_H

#include <pawl/tpm.h>

#define PROTECT_PLAIN_MAX 96 /* bytes to protect, without their size */
#define PROTECT_BLOB_MAX  (2 + PAWL_HASH_MAX + 2 + PROTECT_PLAIN_MAX)

struct protected
{
    size_t  blob_n; /* TPM2B(HMAC) || ciphertext */
    uint8_t blob[PROTECT_BLOB_MAX];
    size_t  enc_n; /* how the TPM finds the seed */
    uint8_t enc[PAWL_ENC_SECRET_MAX];
};

/* Protects plain for the key `to`, bound to name. label: "IDENTITY" or "DUPLICATE". to must be a
 * restricted decryption key: that is the caller's to check. Draws random bytes. */
PAWL_MUST_USE pawl_status protect(const struct pawl_tpm_public *to, const char *label,
                                  const struct pawl_name *name, struct pawl_view plain,
                                  struct protected *ret, struct pawl_err *err);

#endif
