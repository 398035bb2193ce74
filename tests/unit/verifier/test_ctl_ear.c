/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: pawlctl takes the token that the verifier writes, under the key set that it writes, and
 * no other: not one bit changed, not cut anywhere, and no key set that is cut. What it says of
 * whole tokens that are bad is proven end to end. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "appraise/ear.h"
#include "ctl/ctl.h"
#include "t.h"

static struct pawl_private *key;
static char                 token[PAWL_EAR_MAX], jwks[1024], jwks_path[32];
static int                  jwks_file;

static void write_jwks(struct pawl_view v)
{
    assert_int_equal(ftruncate(jwks_file, 0), 0);
    assert_int_equal(pwrite(jwks_file, v.p, v.n, 0), v.n);
}

static int make_token(void **state)
{
    (void)state;
    struct verdict    v = { .identity = AR4SI_RECOGNISED, .approved = true };
    struct ear_claims c = { .label = PAWL_LABEL_ATTEST,
                            .tenant = pawl_view_str("default"),
                            .iat_s = (int64_t)time(NULL),
                            .ttl_s = 3600 };
    uint8_t           id[32];
    struct pawl_err   err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &key, &err), &err);
    T_OK(pawl_spki_pin(pawl_private_public(key), id, &err), &err);
    T_OK(ear_write(key, id, &c, &v, token, sizeof(token), &err), &err);
    const struct jwks_key one = { pawl_private_public(key), id };
    T_OK(jwks_write(&one, 1, jwks, sizeof(jwks), &err), &err);
    jwks_file = memfd_create("jwks", MFD_CLOEXEC);
    assert_true(jwks_file >= 0);
    snprintf(jwks_path, sizeof(jwks_path), "/proc/self/fd/%d", jwks_file);
    return 0;
}

static int free_token(void **state)
{
    (void)state;
    pawl_private_free(&key);
    close(jwks_file);
    return 0;
}

static pawl_status verify(const char *text, cJSON **ret, struct pawl_err *err)
{
    const struct args a = { .operand = text, .option[OPT_JWKS] = jwks_path };

    return ear_verify(&a, ret, err);
}

static void must_refuse(const char *text)
{
    cJSON          *claims;
    struct pawl_err err = { 0 };

    t_poison(&claims, sizeof(claims));
    assert_false(pawl_is_ok(verify(text, &claims, &err)));
    assert_true(err.where[0] && err.why[0]);
    t_still_poisoned(&claims, sizeof(claims));
}

static void takes_what_the_verifier_wrote(void **state)
{
    (void)state;
    cJSON          *claims = NULL;
    struct pawl_err err;

    write_jwks(pawl_view_str(jwks));
    T_OK(verify(token, &claims, &err), &err);
    assert_string_equal(json_text(claims, "aud"), "default");
    cJSON_Delete(claims);
}

static void token_must_fail(struct pawl_view v, void *arg)
{
    (void)arg;
    char text[PAWL_EAR_MAX + 1];

    /* On a command line a NUL ends a text; "@" and "-" would name files. */
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    if (strlen(text) == v.n && text[0] != '@' && text[0] != '-')
        must_refuse(text);
}

static void no_truncation_and_no_flip_passes(void **state)
{
    (void)state;
    write_jwks(pawl_view_str(jwks));
    t_each_truncation(pawl_view_str(token), token_must_fail, NULL);
    t_each_flip(pawl_view_str(token), token_must_fail, NULL);
}

static void jwks_must_fail(struct pawl_view v, void *arg)
{
    (void)arg;
    write_jwks(v);
    must_refuse(token);
}

static void no_part_of_a_key_set_is_one(void **state)
{
    (void)state;
    t_each_truncation(pawl_view_str(jwks), jwks_must_fail, NULL);
}

/* A flip in a name that nobody reads, "use" or "alg", changes nothing; one in the key does. */
static void jwks_flip(struct pawl_view v, void *arg)
{
    (void)arg;
    cJSON          *claims = NULL;
    struct pawl_err err = { 0 };
    const char     *good_x = strstr(jwks, "\"x\""), *good_use = strstr(jwks, "\"use\"");
    size_t          x = (size_t)(good_x - jwks), n = (size_t)(good_use - good_x);

    write_jwks(v);
    pawl_status s = verify(token, &claims, &err);
    cJSON_Delete(claims);
    if (memcmp(v.p + x, jwks + x, n) != 0)
        assert_false(pawl_is_ok(s));
    assert_true(pawl_is_ok(s) || (err.where[0] && err.why[0]));
}

static void no_flip_in_the_key_passes(void **state)
{
    (void)state;
    t_each_flip(pawl_view_str(jwks), jwks_flip, NULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("takes what the verifier wrote", takes_what_the_verifier_wrote),
        T_CASE("S4 no truncation and no flip passes", no_truncation_and_no_flip_passes),
        T_CASE("no part of a key set is one", no_part_of_a_key_set_is_one),
        T_CASE("no flip in the key passes", no_flip_in_the_key_passes),
    };
    return cmocka_run_group_tests(cases, make_token, free_token);
}
