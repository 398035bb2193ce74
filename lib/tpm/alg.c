/* SPDX-License-Identifier: Apache-2.0 */
/* TPM_ALG_ID of the hashes that Pawl takes (Part 2, 6.3). Everything else is no hash. */

#include <pawl/tpm.h>

static const uint16_t ids[PAWL_HASH_COUNT] = {
    [PAWL_HASH_NONE] = PAWL_TPM_ALG_NULL, [PAWL_SHA1] = PAWL_TPM_ALG_SHA1,
    [PAWL_SHA256] = PAWL_TPM_ALG_SHA256,  [PAWL_SHA384] = PAWL_TPM_ALG_SHA384,
    [PAWL_SHA512] = PAWL_TPM_ALG_SHA512,
};

enum pawl_hash pawl_tpm_hash(uint16_t alg)
{
    for (int h = PAWL_HASH_NONE + 1; h < PAWL_HASH_COUNT; h++)
        if (ids[h] == alg)
            return (enum pawl_hash)h;
    return PAWL_HASH_NONE;
}

uint16_t pawl_tpm_hash_id(enum pawl_hash hash)
{
    if ((unsigned)hash >= PAWL_HASH_COUNT)
        return PAWL_TPM_ALG_NULL;
    return ids[hash];
}
