/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at SubjectPublicKeyInfo, in DER and in PEM: a second encoding of one key (its hash is an
 * identity), a point that is on no curve of ours.
 */

#include <pawl/crypto.h>

#include "fuzz.h"

/* Returns whether der is a key; if so, it is what we write for that key. */
static bool one_encoding(struct pawl_view der)
{
    uint8_t            again[PAWL_RSA_MODULUS_MAX + 64];
    size_t             again_n;
    struct pawl_public k;
    struct pawl_err    err = { 0 };

    FUZZ_POISON(&k);
    pawl_status s = pawl_public_from_spki(der, &k, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &k);
        return false;
    }
    FUZZ_HOLDS(pawl_is_ok(pawl_public_check(&k, &err)));
    FUZZ_HOLDS(pawl_is_ok(pawl_public_to_spki(&k, again, sizeof(again), &again_n, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(again, again_n), der));
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static uint8_t     der[64 * 1024];
    size_t             der_n = 0;
    struct pawl_public k, of_block;
    struct pawl_err    err = { 0 };

    one_encoding(pawl_view(p, n));
    FUZZ_POISON(&k);
    pawl_status s = pawl_public_from_pem(pawl_view(p, n), &k, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &k);
        return 0;
    }
    /* Both readers of PEM find the same block. */
    FUZZ_HOLDS(
        pawl_is_ok(pawl_pem_to_der(pawl_view(p, n), "PUBLIC KEY", der, sizeof(der), &der_n, &err)));
    FUZZ_HOLDS(one_encoding(pawl_view(der, der_n)));
    FUZZ_HOLDS(pawl_is_ok(pawl_public_from_spki(pawl_view(der, der_n), &of_block, &err)));
    FUZZ_HOLDS(pawl_public_equal(&of_block, &k));
    return 0;
}
