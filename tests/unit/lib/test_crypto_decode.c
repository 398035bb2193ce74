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

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads r and s, padded", reads_r_and_s_padded),
        T_CASE("refuses what is no signature", refuses_what_is_no_signature),
        T_CASE("finds the block of a label", finds_the_block_of_a_label),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
