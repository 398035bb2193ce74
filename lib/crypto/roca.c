/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys whose primes Infineon's library made wrongly (CVE-2017-15361, "ROCA"): anybody factors
 * them, so an Endorsement Key of that kind proves no TPM.
 *
 * Such a prime is k * M + (65537^a mod M), where M is the product of the first primes, 167 the last
 * of them for the shortest keys. So the modulus too is a power of 65537 modulo every one of these
 * primes. A good modulus is that with a chance of about 2^-28.
 */

#include <pawl/crypto.h>

enum { GENERATOR = 65537 };

static uint32_t remainder_of(const struct pawl_public *k, uint32_t prime)
{
    uint32_t r = 0;

    for (size_t i = 0; i < k->n; i++)
        r = (r << 8 | k->b[i]) % prime;
    return r;
}

/* Whether v is among the powers of 65537 modulo prime: they come back to 1. */
static bool is_power(uint32_t v, uint32_t prime)
{
    uint32_t power = 1;

    do {
        if (power == v)
            return true;
        power = power * (GENERATOR % prime) % prime;
    } while (power != 1);
    return false;
}

bool pawl_rsa_is_roca(const struct pawl_public *k)
{
    static const uint8_t primes[] = { 3,   5,   7,   11,  13,  17,  19,  23,  29,  31,
                                      37,  41,  43,  47,  53,  59,  61,  67,  71,  73,
                                      79,  83,  89,  97,  101, 103, 107, 109, 113, 127,
                                      131, 137, 139, 149, 151, 157, 163, 167 };

    if (k->kind != PAWL_KEY_RSA)
        return false;
    for (size_t i = 0; i < sizeof(primes); i++)
        if (!is_power(remainder_of(k, primes[i]), primes[i]))
            return false;
    return true;
}
