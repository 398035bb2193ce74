/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: file signatures that evmctl made verify by the key that it names, and nothing else does:
 * no other key of that name, no changed bit, no other digest, hash, type or version.
 */
#include <stdio.h>
#include <string.h>

#include "appraise/ima_signature.h"
#include "t.h"

static const char *const names[] = { "rsa2048", "p256", "p384" };
enum { KEYS = sizeof(names) / sizeof(names[0]) };

static struct pawl_view file(const char *name, const char *suffix)
{
    char path[64];

    snprintf(path, sizeof(path), "ima/%s.%s", name, suffix);
    return t_vector(path);
}

static struct ima_key key(size_t i)
{
    struct pawl_public k;
    struct ima_key     made;
    struct pawl_err    err;

    T_OK(pawl_public_from_pem(file(names[i], "pub"), &k, &err), &err);
    T_OK(ima_key_make(&k, &made, &err), &err);
    return made;
}

/* Of the file that was signed. */
static struct ima_digest digest(enum pawl_hash alg)
{
    struct pawl_view   content = t_vector("ima/signed");
    struct pawl_digest d;
    struct pawl_err    err;

    T_OK(pawl_hash(alg, &content, 1, &d, &err), &err);
    return (struct ima_digest){ .alg = alg, .bytes = t_copy(pawl_digest_view(&d)) };
}

static void signatures_of_evmctl_verify(void **state)
{
    (void)state;
    struct ima_key    keys[KEYS] = { key(0), key(1), key(2) };
    struct ima_digest sha256 = digest(PAWL_SHA256), sha384 = digest(PAWL_SHA384);
    struct pawl_err   err;

    for (size_t i = 0; i < KEYS; i++) {
        T_OK(ima_signature_check(file(names[i], "sha256.sig"), &sha256, keys, KEYS, &err), &err);
        T_OK(ima_signature_check(file(names[i], "sha384.sig"), &sha384, keys, KEYS, &err), &err);
    }
}

static void i10_a_key_is_found_by_its_id_and_no_other(void **state)
{
    (void)state;
    struct ima_key    keys[KEYS] = { key(0), key(1), key(2) };
    struct ima_digest d = digest(PAWL_SHA256);
    struct pawl_view  sig = t_vector("ima/p256.sha256.sig");
    struct pawl_err   err;

    T_FAILS(ima_signature_check(sig, &d, keys, 0, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "sig.keyid");
    T_FAILS(ima_signature_check(sig, &d, keys, 1, &err), &err, PAWL_E_ABSENT);
    T_FAILS(ima_signature_check(sig, &d, keys + 2, 1, &err), &err, PAWL_E_ABSENT);
    keys[0].id = keys[1].id; /* somebody else's key of the same name, before the right one */
    T_OK(ima_signature_check(sig, &d, keys, KEYS, &err), &err);
    T_FAILS(ima_signature_check(sig, &d, keys, 1, &err), &err, PAWL_E_FORGED);
    keys[2].id = keys[1].id;
    T_FAILS(ima_signature_check(sig, &d, keys + 2, 1, &err), &err, PAWL_E_FORGED);
}

struct of {
    struct ima_key    key;
    struct ima_digest digest;
};

static void must_not_verify(struct pawl_view sig, void *arg)
{
    const struct of *o = arg;
    struct pawl_err  err;

    assert_false(pawl_is_ok(ima_signature_check(sig, &o->digest, &o->key, 1, &err)));
}

static void i10_no_changed_signature_verifies(void **state)
{
    (void)state;

    for (size_t i = 0; i < KEYS; i++) {
        struct of        o = { key(i), digest(PAWL_SHA256) };
        struct pawl_view sig = file(names[i], "sha256.sig");
        t_each_truncation(sig, must_not_verify, &o);
        t_each_flip(sig, must_not_verify, &o);
    }
}

static void must_not_be_signed(struct pawl_view bytes, void *arg)
{
    const struct of  *o = arg;
    struct ima_digest d = { .alg = PAWL_SHA256, .bytes = bytes };
    struct pawl_err   err;

    T_FAILS(ima_signature_check(t_vector("ima/p256.sha256.sig"), &d, &o->key, 1, &err), &err,
            PAWL_E_FORGED);
}

static void i10_a_signature_is_of_one_digest(void **state)
{
    (void)state;
    struct of o = { key(1), digest(PAWL_SHA256) };

    t_each_flip(o.digest.bytes, must_not_be_signed, &o);
}

static void fails(struct pawl_view sig, const struct of *o, enum pawl_code code, const char *where)
{
    struct pawl_err err;

    T_FAILS(ima_signature_check(sig, &o->digest, &o->key, 1, &err), &err, code);
    T_WHERE(&err, where);
}

/* The signature with byte `at` changed to v. */
static struct pawl_view with(const char *name, size_t at, uint8_t v)
{
    struct pawl_view sig = t_copy(t_vector(name));

    ((uint8_t *)sig.p)[at] = v;
    return sig;
}

/* With a byte behind it. */
static struct pawl_view longer(struct pawl_view sig)
{
    uint8_t b[PAWL_SIGNATURE_MAX] = { 0 };

    assert_true(sig.n < sizeof(b));
    memcpy(b, sig.p, sig.n);
    return t_copy(pawl_view(b, sig.n + 1));
}

static void i10_other_kinds_of_signature_are_none(void **state)
{
    (void)state;
    enum { TYPE, VERSION, HASH };
    static const char name[] = "ima/rsa2048.sha256.sig";
    struct of         o = { key(0), digest(PAWL_SHA256) };
    struct pawl_view  sig = t_vector(name);

    fails(with(name, TYPE, 5), &o, PAWL_E_UNSUPPORTED, "sig.type"); /* EVM's */
    fails(with(name, TYPE, 1), &o, PAWL_E_UNSUPPORTED, "sig.type"); /* a digest only */
    fails(with(name, VERSION, 1), &o, PAWL_E_UNSUPPORTED, "sig.version");
    fails(with(name, VERSION, 3), &o, PAWL_E_UNSUPPORTED, "sig.version");
    fails(with(name, HASH, 5), &o, PAWL_E_UNSUPPORTED, "sig.hash_algo");
    fails(with(name, HASH, 200), &o, PAWL_E_UNSUPPORTED, "sig.hash_algo");
    o.digest.alg = PAWL_HASH_NONE; /* an unknown hash is none, whoever else names one */
    fails(with(name, HASH, 200), &o, PAWL_E_UNSUPPORTED, "sig.hash_algo");
    o.digest.alg = PAWL_SHA256;
    fails(longer(sig), &o, PAWL_E_TRAILING, "end");
    fails(pawl_view(sig.p, sig.n - 1), &o, PAWL_E_SHORT, "sig.sig");
    fails(pawl_view(sig.p, 0), &o, PAWL_E_SHORT, "sig.type");
    o.digest.verity = true;
    fails(sig, &o, PAWL_E_FORGED, "sig.type");
}

static void i10_sha1_is_not_taken(void **state)
{
    (void)state;
    struct of o = { key(0), digest(PAWL_SHA1) };

    fails(t_vector("ima/rsa2048.sha1.sig"), &o, PAWL_E_UNSUPPORTED, "sig.hash_algo");
}

/* Version 3 signs a hash over type, hash and digest. */
static void a_signature_of_verity_is_over_more_than_the_digest(void **state)
{
    (void)state;
    struct of        o = { key(1), digest(PAWL_SHA256) };
    struct pawl_view v2 = t_vector("ima/p256.sha256.sig");
    struct pawl_view head = t_hex("0603");
    struct pawl_err  err;
    uint8_t          b[128];

    assert_true(v2.n <= sizeof(b));
    memcpy(b, v2.p, v2.n);
    memcpy(b, head.p, head.n);
    o.digest.verity = true;
    fails(pawl_view(b, v2.n), &o, PAWL_E_FORGED, "sig.sig");
    o.digest.bytes = t_vector("ima/verity.digest");
    T_OK(ima_signature_check(t_vector("ima/p256.verity.sig"), &o.digest, &o.key, 1, &err), &err);
    o.digest.verity = false;
    fails(t_vector("ima/p256.verity.sig"), &o, PAWL_E_FORGED, "sig.type");
}

static void only_a_good_key_gets_an_id(void **state)
{
    (void)state;
    struct ima_key     k;
    struct pawl_public bad = key(1).key;
    struct pawl_err    err;

    bad.b[PAWL_POINT_P256 - 1] ^= 1;
    t_poison(&k, sizeof(k));
    T_FAILS(ima_key_make(&bad, &k, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(&k, sizeof(k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("signatures of evmctl verify", signatures_of_evmctl_verify),
        T_CASE("a signature of verity is over more than the digest",
               a_signature_of_verity_is_over_more_than_the_digest),
        T_CASE("I10: a key is found by its id and no other",
               i10_a_key_is_found_by_its_id_and_no_other),
        T_CASE("I10: no changed signature verifies", i10_no_changed_signature_verifies),
        T_CASE("I10: a signature is of one digest", i10_a_signature_is_of_one_digest),
        T_CASE("I10: other kinds of signature are none", i10_other_kinds_of_signature_are_none),
        T_CASE("I10: SHA-1 is not taken", i10_sha1_is_not_taken),
        T_CASE("only a good key gets an id", only_a_good_key_gets_an_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
