/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the public areas of keyed-hash objects are read to the values that a TPM gave them, have
 * one encoding each and a TPM's Name, and nothing else is taken. */
#include "tpm_vector.h"

static const char *const names[] = { "sealed_policy", "sealed_password", "hmac_key" };
enum { NAMES_N = sizeof(names) / sizeof(names[0]) };

static struct pawl_keyedhash parsed(struct pawl_view in)
{
    struct pawl_err       err;
    struct pawl_keyedhash k = { 0 };

    T_OK(pawl_keyedhash_parse(in, &k, &err), &err);
    return k;
}

static void reads_what_a_tpm_made(void **state)
{
    (void)state;
    static const struct {
        uint32_t attributes;
        size_t   policy_n;
        bool     hmac;
    } rows[NAMES_N] = { { 0x492, 32, false }, { 0x452, 0, false }, { 0x40460, 0, true } };

    for (size_t i = 0; i < NAMES_N; i++) {
        struct pawl_view      in = tpm_vector(names[i], "pub");
        struct pawl_keyedhash k = parsed(in);
        assert_int_equal(k.attributes, rows[i].attributes);
        assert_int_equal(k.policy.n, rows[i].policy_n);
        assert_int_equal(k.hmac, rows[i].hmac);
        assert_int_equal(k.unique.n, 32);
        assert_ptr_equal(k.unique.p, in.p + in.n - 32);
    }
}

static void names_are_the_tpms_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES_N; i++) {
        struct pawl_err  err;
        struct pawl_name name;
        T_OK(pawl_name_of(PAWL_SHA256, tpm_vector(names[i], "pub"), &name, &err), &err);
        assert_true(pawl_view_equal(pawl_name_view(&name), tpm_vector(names[i], "name")));
    }
}

static void writes_what_it_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES_N; i++) {
        struct pawl_view      in = tpm_vector(names[i], "pub");
        struct pawl_keyedhash k = parsed(in);
        uint8_t               b[PAWL_PUBLIC_MAX];
        struct pawl_wr        w = pawl_wr_to(b, in.n);
        struct pawl_err       err;
        T_OK(pawl_keyedhash_write(&k, &w, &err), &err);
        assert_true(pawl_view_equal(pawl_view(b, w.n), in));
        w = pawl_wr_to(b, in.n - 1);
        T_FAILS(pawl_keyedhash_write(&k, &w, &err), &err, PAWL_E_FULL);
    }
}

static void writes_no_policy_or_unique_of_another_length(void **state)
{
    (void)state;
    struct pawl_keyedhash k = parsed(tpm_vector("sealed_policy", "pub"));
    uint8_t               b[PAWL_PUBLIC_MAX];
    struct pawl_wr        w = pawl_wr_to(b, sizeof(b));
    struct pawl_err       err;

    k.policy.n = 31;
    T_FAILS(pawl_keyedhash_write(&k, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "authPolicy");
    k.policy.n = 32;
    k.unique.n = 31;
    T_FAILS(pawl_keyedhash_write(&k, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "unique.keyedHash");
    assert_int_equal(w.n, 0);
}

static void refuse(struct pawl_view in, enum pawl_code code, const char *field)
{
    struct pawl_err       err;
    struct pawl_keyedhash k;

    t_poison(&k, sizeof(k));
    T_FAILS(pawl_keyedhash_parse(in, &k, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&k, sizeof(k));
}

static void names_the_field_that_is_not_taken(void **state)
{
    (void)state;
    struct pawl_view data = tpm_vector("sealed_password", "pub");
    struct pawl_view key = tpm_vector("hmac_key", "pub");

    refuse(tpm_vector("srk", "pub"), PAWL_E_UNSUPPORTED, "type");
    refuse(tpm_put_u16(data, 2, PAWL_TPM_ALG_SHA384), PAWL_E_UNSUPPORTED, "nameAlg");
    refuse(tpm_splice(data, 8, 2, pawl_view("\0\1x", 3)), PAWL_E_RANGE, "authPolicy");
    refuse(tpm_put_u16(data, 10, 0x000a), PAWL_E_UNSUPPORTED,
           "parameters.keyedHashDetail.scheme"); /* XOR */
    refuse(tpm_put_u16(key, 12, PAWL_TPM_ALG_SHA1), PAWL_E_UNSUPPORTED,
           "parameters.keyedHashDetail.hashAlg");
    refuse(tpm_put_u16(pawl_view(data.p, data.n - 1), 12, 31), PAWL_E_RANGE, "unique.keyedHash");
    refuse(tpm_put_u16(data, 12, 33), PAWL_E_RANGE, "unique.keyedHash");
    refuse(tpm_splice(data, data.n, 0, pawl_view("", 1)), PAWL_E_TRAILING, "end");
}

static void must_fail(struct pawl_view in, void *arg)
{
    struct pawl_err       err;
    struct pawl_keyedhash k;

    (void)arg;
    T_FAILS(pawl_keyedhash_parse(in, &k, &err), &err, PAWL_E_SHORT);
}

static void names_the_field_where_input_ends(void **state)
{
    (void)state;
    struct pawl_view in = tpm_vector("hmac_key", "pub");

    t_each_truncation(in, must_fail, NULL);
    refuse(t_copy(pawl_view(in.p, 5)), PAWL_E_SHORT, "objectAttributes");
}

/* A flip is refused, or it is another object with another Name. */
static void must_differ(struct pawl_view in, void *arg)
{
    const struct pawl_view *original = arg;
    struct pawl_err         err;
    struct pawl_keyedhash   k;
    uint8_t                 b[PAWL_PUBLIC_MAX];
    struct pawl_wr          w = pawl_wr_to(b, sizeof(b));

    if (!pawl_is_ok(pawl_keyedhash_parse(in, &k, &err)))
        return;
    T_OK(pawl_keyedhash_write(&k, &w, &err), &err);
    assert_true(pawl_view_equal(pawl_view(b, w.n), in));
    assert_false(pawl_view_equal(pawl_view(b, w.n), *original));
}

static void no_flipped_bit_is_lost(void **state)
{
    (void)state;
    for (size_t i = 0; i < NAMES_N; i++) {
        struct pawl_view in = tpm_vector(names[i], "pub");
        t_each_flip(in, must_differ, &in);
    }
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads what a TPM made", reads_what_a_tpm_made),
        T_CASE("Names are the TPM's own", names_are_the_tpms_own),
        T_CASE("writes what it read", writes_what_it_read),
        T_CASE("writes no policy or unique of another length",
               writes_no_policy_or_unique_of_another_length),
        T_CASE("names the field that is not taken", names_the_field_that_is_not_taken),
        T_CASE("names the field where input ends", names_the_field_where_input_ends),
        T_CASE("no flipped bit is lost", no_flipped_bit_is_lost),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
