/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA signatures in the form of TPMs and JOSE (r || s) as the DER that OpenSSL takes. By hand,
 * because this runs once per quote: an ECDSA_SIG costs four allocations, this none.
 */

#include <string.h>

#include "crypto/ossl.h"

enum {
    DER_INTEGER = 0x02,
    DER_SEQUENCE = 0x30,
};

static bool in_range(const struct crypto_curve *c, const uint8_t *v)
{
    static const uint8_t zero[sizeof(c->order)];

    return memcmp(v, zero, c->n) != 0 && memcmp(v, c->order, c->n) < 0;
}

/* Writes a positive INTEGER of n big-endian bytes, the shortest way; returns what was written. */
static size_t put_integer(uint8_t *out, const uint8_t *v, size_t n)
{
    while (n > 1 && v[0] == 0) {
        v++;
        n--;
    }
    size_t pad = v[0] & 0x80 ? 1 : 0; /* otherwise it would be negative */
    out[0] = DER_INTEGER;
    out[1] = (uint8_t)(n + pad);
    out[2] = 0;
    memcpy(out + 2 + pad, v, n);
    return 2 + pad + n;
}

pawl_status crypto_ecdsa_to_der(const struct crypto_curve *c, const uint8_t *rs,
                                uint8_t ret[CRYPTO_ECDSA_DER_MAX], size_t *ret_n,
                                struct pawl_err *err)
{
    if (!in_range(c, rs))
        return pawl_fail(err, PAWL_E_RANGE, "signature.r", "0 or not below the order");
    if (!in_range(c, rs + c->n))
        return pawl_fail(err, PAWL_E_RANGE, "signature.s", "0 or not below the order");
    size_t n = put_integer(ret + 2, rs, c->n);
    n += put_integer(ret + 2 + n, rs + c->n, c->n);
    ret[0] = DER_SEQUENCE;
    ret[1] = (uint8_t)n; /* at most 102: one length byte does */
    *ret_n = 2 + n;
    return pawl_ok();
}
