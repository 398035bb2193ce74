/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at signatures of files as a device sends them: a header that reads beyond its bytes, a
 * signature that verifies without its key's owner, and a failure that blames no field.
 *
 * The input is the signature. The key is tests/vectors/ima/p256.pub, whatever id the input names,
 * and the digest is one that it never signed.
 */
#include "appraise/ima_signature.h"
#include "fuzz.h"

/* The point in tests/vectors/ima/p256.pub. */
static const char point[] = "0443e7be1eaf797145fb64545a9804e4afd8a9bc09198e5da465048d76a529d9e5"
                            "13625553b386d9d374eda675c74ebb319a1668d4e1a91b0af8c8cfb6a22e60e7";

static void make_key(struct ima_key *ret)
{
    struct pawl_public k = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };
    struct pawl_err    err;

    FUZZ_HOLDS(pawl_is_ok(pawl_hex_parse_exact(point, "point", k.b, k.n, &err)));
    FUZZ_HOLDS(pawl_is_ok(ima_key_make(&k, ret, &err)));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static struct ima_key key;
    static const uint8_t  digest[48] = { 1 };
    struct ima_digest     d = { .alg = PAWL_SHA256, .bytes = pawl_view(digest, 32) };
    struct pawl_err       err;

    if (key.key.kind == PAWL_KEY_NONE)
        make_key(&key);
    struct ima_key named = key;
    for (size_t i = 3; i < 7 && n >= 7; i++)
        named.id = named.id << 8 | p[i];
    for (int verity = 0; verity <= 1; verity++) {
        d.verity = verity;
        pawl_status s = ima_signature_check(pawl_view(p, n), &d, &named, 1, &err);
        FUZZ_HOLDS(!pawl_is_ok(s) && err.code == s.code && err.where[0] && err.why[0]);
        FUZZ_HOLDS(n < 7 || s.code != PAWL_E_ABSENT);
    }
    return 0;
}
