/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: DER signatures and PEM blocks come out as their bytes, or are refused. */
#include <string.h>

#include <pawl/crypto.h>

#include "t.h"

static void reads_r_and_s_padded(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         rs[96];
    size_t          n = 0;

    T_OK(
        pawl_ecdsa_from_der(PAWL_KEY_P256, t_hex("3007 020100 02020080"), rs, sizeof(rs), &n, &err),
        &err);
    assert_int_equal(n, 64);
    for (size_t i = 0; i < 63; i++)
        assert_int_equal(rs[i], 0);
    assert_int_equal(rs[63], 0x80);
    T_OK(pawl_ecdsa_from_der(PAWL_KEY_P384, t_hex("3006 020101 020102"), rs, sizeof(rs), &n, &err),
         &err);
    assert_int_equal(n, 96);
    assert_int_equal(rs[47], 1);
    assert_int_equal(rs[95], 2);
}

static void der_refused(const char *hex, enum pawl_code code)
{
    struct pawl_err err;
    uint8_t         rs[96];
    size_t          n;

    t_poison(rs, sizeof(rs));
    T_FAILS(pawl_ecdsa_from_der(PAWL_KEY_P256, t_hex(hex), rs, sizeof(rs), &n, &err), &err, code);
    t_still_poisoned(rs, sizeof(rs));
}

static void refuses_what_is_no_signature(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         rs[96];
    size_t          n;

    der_refused("", PAWL_E_RANGE);
    der_refused("3006 020101 0201", PAWL_E_FORM);
    der_refused("3006 020101 020102 00", PAWL_E_FORM);
    der_refused("3006 020181 020102", PAWL_E_FORM); /* negative */
    der_refused(
        "3026 0221 01 00000000000000000000000000000000 00000000000000000000000000000000 020101",
        PAWL_E_RANGE); /* 33 bytes */
    T_FAILS(pawl_ecdsa_from_der(PAWL_KEY_RSA, t_hex("3006 020101 020102"), rs, 96, &n, &err), &err,
            PAWL_E_UNSUPPORTED);
    T_FAILS(pawl_ecdsa_from_der(PAWL_KEY_P256, t_hex("3006 020101 020102"), rs, 63, &n, &err), &err,
            PAWL_E_FULL);
}

/* r has 32 bytes and a leading zero, s one byte. */
static const char signature[] = "3026 0221 00ff000000000000 0000000000000000 0000000000000000"
                                "0000000000000000 01 02017f";

static void der_must_fail(struct pawl_view der, void *arg)
{
    struct pawl_err err = { 0 };
    uint8_t         rs[96];
    size_t          n;

    (void)arg;
    t_poison(rs, sizeof(rs));
    assert_false(pawl_is_ok(pawl_ecdsa_from_der(PAWL_KEY_P256, der, rs, sizeof(rs), &n, &err)));
    T_WHERE(&err, "signature");
    t_still_poisoned(rs, sizeof(rs));
}

/* A flip gives other numbers or none. */
static void der_is_other_numbers(struct pawl_view der, void *arg)
{
    const uint8_t  *good = arg;
    struct pawl_err err;
    uint8_t         rs[64];
    size_t          n = 0;

    if (!pawl_is_ok(pawl_ecdsa_from_der(PAWL_KEY_P256, der, rs, sizeof(rs), &n, &err)))
        return;
    assert_int_equal(n, 64);
    assert_memory_not_equal(rs, good, 64);
}

static void no_mutated_signature_is_the_same(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         rs[64];
    size_t          n = 0;

    T_OK(pawl_ecdsa_from_der(PAWL_KEY_P256, t_hex(signature), rs, sizeof(rs), &n, &err), &err);
    t_each_truncation(t_hex(signature), der_must_fail, NULL);
    t_each_flip(t_hex(signature), der_is_other_numbers, rs);
}

static const char blocks[] = "text around\n-----BEGIN FIRST-----\nAAEC\n-----END FIRST-----\n"
                             "-----BEGIN SECOND-----\nAwQ=\n-----END SECOND-----\n";

static void finds_the_block_of_a_label(void **state)
{
    (void)state;
    struct pawl_err err;
    uint8_t         der[4];
    size_t          n = 0;

    T_OK(pawl_pem_to_der(t_copy(pawl_view_str(blocks)), "SECOND", der, sizeof(der), &n, &err),
         &err);
    assert_int_equal(n, 2);
    assert_int_equal(der[0], 3);
    T_FAILS(pawl_pem_to_der(t_copy(pawl_view_str(blocks)), "THIRD", der, sizeof(der), &n, &err),
            &err, PAWL_E_FORM);
    T_FAILS(pawl_pem_to_der(t_copy(pawl_view_str(blocks)), "FIRST", der, 2, &n, &err), &err,
            PAWL_E_FULL);
    T_FAILS(pawl_pem_to_der(pawl_view_str(""), "FIRST", der, sizeof(der), &n, &err), &err,
            PAWL_E_FORM);
}

static void pem_must_fail(struct pawl_view pem, void *arg)
{
    struct pawl_err err = { 0 };
    uint8_t         der[4];
    size_t          n;

    (void)arg;
    t_poison(der, sizeof(der));
    T_FAILS(pawl_pem_to_der(pem, "SECOND", der, sizeof(der), &n, &err), &err, PAWL_E_FORM);
    t_still_poisoned(der, sizeof(der));
}

static void pem_stays_in_its_room(struct pawl_view pem, void *arg)
{
    struct pawl_err err;
    uint8_t         der[4];
    size_t          n = 0;

    (void)arg;
    if (pawl_is_ok(pawl_pem_to_der(pem, "SECOND", der, sizeof(der), &n, &err)))
        assert_true(n <= sizeof(der));
}

static void no_mutated_block_does_harm(void **state)
{
    (void)state;
    /* The last line's end is no part of the block. */
    t_each_truncation(pawl_view(blocks, sizeof(blocks) - 2), pem_must_fail, NULL);
    t_each_flip(pawl_view_str(blocks), pem_stays_in_its_room, NULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads r and s, padded", reads_r_and_s_padded),
        T_CASE("refuses what is no signature", refuses_what_is_no_signature),
        T_CASE("no mutated signature is the same", no_mutated_signature_is_the_same),
        T_CASE("finds the block of a label", finds_the_block_of_a_label),
        T_CASE("no mutated block does harm", no_mutated_block_does_harm),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
