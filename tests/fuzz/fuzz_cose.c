/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at COSE_Sign1: a payload handed out that is not inside the input or that the key of
 * tests/vectors/cose did not sign. One seed is such a message; nobody else has the key.
 */

#include <string.h>

#include <pawl/cose.h>

#include "fuzz.h"

/* The key of tests/vectors/cose/public.pem. */
static const struct pawl_public signer = {
    .kind = PAWL_KEY_P256,
    .n = PAWL_POINT_P256,
    .b = { 0x04, 0xe4, 0x26, 0xd9, 0xda, 0xfb, 0xdd, 0x1b, 0xcf, 0x62, 0x84, 0x87, 0x14,
           0x48, 0xd9, 0x72, 0xfd, 0x66, 0xc7, 0x0f, 0x41, 0xf1, 0x47, 0x96, 0x67, 0xf3,
           0xa4, 0x35, 0xc6, 0x4f, 0xca, 0x98, 0x61, 0xd0, 0x38, 0xe0, 0x2c, 0x37, 0x3b,
           0x9b, 0xb8, 0x4a, 0xde, 0x0a, 0x3b, 0x56, 0xe8, 0xd6, 0xa3, 0x8b, 0x6a, 0x1c,
           0x7a, 0xf7, 0xb9, 0xb4, 0xe3, 0xfb, 0x2a, 0x3d, 0x41, 0x1f, 0x9e, 0x00, 0x7d },
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_err  err;
    struct pawl_view payload;
    struct pawl_view aad = pawl_view_str(PAWL_COSE_REFUSAL);

    if (!pawl_is_ok(pawl_cose_sign1_open(&signer, aad, pawl_view(p, n), &payload, &err)))
        return 0;
    FUZZ_HOLDS(payload.p > p && payload.p + payload.n < p + n);
    FUZZ_HOLDS(payload.n == 0 || (payload.n == 54 && payload.p[0] == 0xa7));
    return 0;
}
