/* SPDX-License-Identifier: Apache-2.0 */
/* Random bytes for keys: OpenSSL's private generator, whose output goes nowhere in the clear. */

#include <openssl/rand.h>

#include "crypto/ossl.h"

pawl_status pawl_random(uint8_t *ret, size_t n, struct pawl_err *err)
{
    if (RAND_priv_bytes_ex(NULL, ret, n, 256) != 1) {
        pawl_wipe(ret, n);
        return crypto_fail(err, "random", "the generator gave nothing");
    }
    return pawl_ok();
}

pawl_status pawl_secret_random(size_t n, struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET s = { .n = n };

    if (n == 0 || n > PAWL_SECRET_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "random", "%zu bytes asked, 1 to %d are possible", n,
                         PAWL_SECRET_MAX);
    PAWL_TRY(pawl_random(s.b, n, err));
    *ret = s;
    return pawl_ok();
}
