/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: COSE_Sign1 with ES256 goes both ways with an independent implementation; only the one
 * form is taken; whatever changes payload, header, aad or key does not verify. */
#include <string.h>

#include <pawl/cose.h>
#include <pawl/wire.h>

#include "t.h"

static const struct pawl_public *vector_key(void)
{
    static struct pawl_public key;
    struct pawl_err           err;

    if (key.kind == PAWL_KEY_NONE)
        T_OK(pawl_public_from_pem(t_vector("cose/public.pem"), &key, &err), &err);
    return &key;
}

static struct pawl_private *vector_private(void)
{
    struct pawl_private *key = NULL;
    struct pawl_err      err;

    T_OK(pawl_private_from_pem(t_vector("cose/private.pem"), &key, &err), &err);
    return key;
}

static struct pawl_view refusal_aad(void)
{
    return pawl_view_str(PAWL_COSE_REFUSAL);
}

static void opens_what_another_implementation_signed(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_view in = t_vector("cose/sign1.cbor"), payload;

    T_OK(pawl_cose_sign1_open(vector_key(), refusal_aad(), in, &payload, &err), &err);
    assert_true(pawl_view_equal(payload, t_vector("wire/refusal_full.cbor")));
    assert_true(payload.p > in.p && payload.p + payload.n < in.p + in.n);
    T_OK(pawl_cose_sign1_open(vector_key(), refusal_aad(), t_vector("cose/sign1_empty.cbor"),
                              &payload, &err),
         &err);
    assert_int_equal(payload.n, 0);
}

/* tests/vectors/cose/made_by_pawl.cbor was written by this call and verified by make_cose.py. */
static void writes_the_form_that_another_implementation_verified(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *key = vector_private();
    struct pawl_view     kid = t_vector("wire/certify_nonce.bin"), payload;
    struct pawl_view     theirs = t_vector("cose/made_by_pawl.cbor");
    uint8_t              b[PAWL_REFUSAL_MAX];
    struct pawl_wr       w = pawl_wr_to(b, sizeof(b));

    T_OK(pawl_cose_sign1_write(key, kid, refusal_aad(), t_vector("wire/refusal_full.cbor"), &w,
                               &err),
         &err);
    /* All but the signature, which is another each time. */
    assert_int_equal(w.n, theirs.n);
    assert_memory_equal(b, theirs.p, w.n - 64);
    assert_memory_not_equal(b + w.n - 64, theirs.p + w.n - 64, 64);
    T_OK(pawl_cose_sign1_open(vector_key(), refusal_aad(), theirs, &payload, &err), &err);
    T_OK(pawl_cose_sign1_open(vector_key(), refusal_aad(), pawl_view(b, w.n), &payload, &err),
         &err);
    assert_true(pawl_is_refusal(pawl_view(b, w.n)));
    pawl_private_free(&key);
}

static void refuses_every_other_form(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_view payload;
    static const struct {
        const char    *file, *where;
        enum pawl_code code;
    } bad[] = {
        { "cose/sign1_long_header.cbor", "COSE_Sign1.protected", PAWL_E_FORM },
        { "cose/sign1_es384.cbor", "COSE_Sign1.protected", PAWL_E_FORM },
        { "cose/sign1_no_kid.cbor", "COSE_Sign1.kid", PAWL_E_FORM },
        { "cose/sign1_other_header.cbor", "COSE_Sign1.unprotected", PAWL_E_RANGE },
        { "wire/refusal_full.cbor", "COSE_Sign1.tag", PAWL_E_FORM },
    };
    t_poison(&payload, sizeof(payload));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(pawl_cose_sign1_open(vector_key(), refusal_aad(), t_vector(bad[i].file), &payload,
                                     &err),
                &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
    }
    static const struct {
        const char    *hex, *where;
        enum pawl_code code;
    } forms[] = {
        { "8443a10126a10441004100", "COSE_Sign1.tag", PAWL_E_FORM },
        { "d28343a10126a104410040", "COSE_Sign1.array", PAWL_E_RANGE },
        { "d28443a10126a1044100f640", "COSE_Sign1.payload", PAWL_E_FORM }, /* detached */
        { "d28443a10126a104410041004100", "COSE_Sign1.signature", PAWL_E_RANGE },
        { "d28440a104410041004100", "COSE_Sign1.protected", PAWL_E_FORM },
        { "d284a10126a104410041004100", "COSE_Sign1.protected", PAWL_E_FORM },
        { "d28443a10126a1044041004100", "COSE_Sign1.kid", PAWL_E_RANGE },
        { "d28443a10126a10126", "COSE_Sign1.kid", PAWL_E_FORM },
        { "d8128443a10126", "COSE_Sign1.tag", PAWL_E_FORM },
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        T_FAILS(
            pawl_cose_sign1_open(vector_key(), refusal_aad(), t_hex(forms[i].hex), &payload, &err),
            &err, forms[i].code);
        T_WHERE(&err, forms[i].where);
    }
    t_still_poisoned(&payload, sizeof(payload));
}

static void another_key_or_aad_does_not_verify(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *other = NULL;
    struct pawl_view     payload;

    t_poison(&payload, sizeof(payload));
    T_OK(pawl_private_make(PAWL_KEY_P256, &other, &err), &err);
    T_FAILS(pawl_cose_sign1_open(pawl_private_public(other), refusal_aad(),
                                 t_vector("cose/sign1.cbor"), &payload, &err),
            &err, PAWL_E_FORGED);
    T_FAILS(pawl_cose_sign1_open(vector_key(), pawl_view_str("pawl/1 receipt"),
                                 t_vector("cose/sign1.cbor"), &payload, &err),
            &err, PAWL_E_FORGED);
    T_FAILS(pawl_cose_sign1_open(vector_key(), pawl_view(NULL, 0), t_vector("cose/sign1.cbor"),
                                 &payload, &err),
            &err, PAWL_E_FORGED);
    t_still_poisoned(&payload, sizeof(payload));
    pawl_private_free(&other);
}

static void writes_nothing_that_is_too_long(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct pawl_private *key = vector_private();
    struct pawl_view     kid = pawl_view_str("kid"), payload;
    static uint8_t       big[PAWL_SIGNED_MAX + 1], b[PAWL_SIGNED_MAX + 256];
    struct pawl_wr       w = pawl_wr_to(b, sizeof(b));

    T_FAILS(pawl_cose_sign1_write(key, kid, refusal_aad(), PAWL_VIEW_OF(big), &w, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "COSE_Sign1.payload");
    T_FAILS(pawl_cose_sign1_write(key, kid, PAWL_VIEW_OF(big), kid, &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "COSE_Sign1.external_aad");
    T_FAILS(pawl_cose_sign1_write(key, PAWL_VIEW_OF(big), refusal_aad(), kid, &w, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "COSE_Sign1.kid");
    T_FAILS(pawl_cose_sign1_write(key, pawl_view(NULL, 0), refusal_aad(), kid, &w, &err), &err,
            PAWL_E_RANGE);
    assert_int_equal(w.n, 0);

    T_OK(pawl_cose_sign1_write(key, kid, refusal_aad(), pawl_view(big, PAWL_SIGNED_MAX), &w, &err),
         &err);
    T_OK(pawl_cose_sign1_open(vector_key(), refusal_aad(), pawl_view(b, w.n), &payload, &err),
         &err);
    assert_int_equal(payload.n, PAWL_SIGNED_MAX);

    w = pawl_wr_to(b, w.n - 1);
    T_FAILS(
        pawl_cose_sign1_write(key, kid, refusal_aad(), pawl_view(big, PAWL_SIGNED_MAX), &w, &err),
        &err, PAWL_E_FULL);
    assert_int_equal(w.n, 0);
    pawl_private_free(&key);
}

static void must_not_open(struct pawl_view in, void *arg)
{
    (void)arg;
    struct pawl_err  err;
    struct pawl_view payload;

    assert_false(pawl_is_ok(pawl_cose_sign1_open(vector_key(), refusal_aad(), in, &payload, &err)));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    t_each_truncation(t_vector("cose/sign1.cbor"), must_not_open, NULL);
}

static void opens_only_by_its_kid(struct pawl_view in, void *arg)
{
    size_t          *opened = arg;
    struct pawl_err  err;
    struct pawl_view payload;

    if (pawl_is_ok(pawl_cose_sign1_open(vector_key(), refusal_aad(), in, &payload, &err))) {
        assert_true(pawl_view_equal(payload, t_vector("wire/refusal_full.cbor")));
        ++*opened;
    }
}

static void every_flip_is_refused_but_for_the_kid(void **state)
{
    (void)state;
    size_t opened = 0;

    /* kid is a hint outside the signature: its 32 bytes may differ, and nothing else. */
    t_each_flip(t_vector("cose/sign1.cbor"), opens_only_by_its_kid, &opened);
    assert_int_equal(opened, 8 * 32);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("opens what another implementation signed",
               opens_what_another_implementation_signed),
        T_CASE("writes the form that another implementation verified",
               writes_the_form_that_another_implementation_verified),
        T_CASE("refuses every other form", refuses_every_other_form),
        T_CASE("another key or aad does not verify", another_key_or_aad_does_not_verify),
        T_CASE("writes nothing that is too long", writes_nothing_that_is_too_long),
        T_CASE("every truncation is refused", every_truncation_is_refused),
        T_CASE("every flip is refused but for the kid", every_flip_is_refused_but_for_the_kid),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
