/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a join string has one spelling; each part is refused by name; an error never shows the
 * string; nothing of a token stays behind a failure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/wire.h>

#include "t.h"

#define PINS                                                                                       \
    "?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8&tls="                                        \
    "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9"                                                     \
    "Pj8"
#define TOKEN "&token=QEFCQ0RFRkc.gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8"

static const char *const good[] = {
    "pawl://verifier.example.org:8443/default" PINS TOKEN,
    "pawl://verifier.example.org:8443/default" PINS,
    "pawl://localhost:1/t" PINS,
    "pawl://127.0.0.1:65535/a.b-c_d" PINS TOKEN,
    "pawl://[::1]:8443/default" PINS,
    "pawl://[2001:db8::7:1]:443/default" PINS TOKEN,
    "pawl://V-1.Example:8443/default" PINS,
    "pawl://3com:8443/default" PINS,
};

static void a_join_string_comes_back(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;
    char             text[512];

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        T_OK(pawl_join_parse(good[i], &j, &err), &err);
        T_OK(pawl_join_write(&j, text, sizeof(text), &err), &err);
        assert_string_equal(text, good[i]);
    }
}

static void is_read_part_by_part(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;

    T_OK(pawl_join_parse(good[5], &j, &err), &err);
    assert_string_equal(j.address, "[2001:db8::7:1]:443");
    assert_string_equal(j.tenant, "default");
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(j.verifier_key[i], i);
        assert_int_equal(j.tls_pin[i], 0x20 + i);
        assert_int_equal(j.token.b[i], 0x80 + i);
    }
    assert_true(j.has_token);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(j.token_id), t_hex("4041424344454647")));
    assert_int_equal(j.token.n, PAWL_TOKEN_SECRET);
    T_OK(pawl_join_parse(good[1], &j, &err), &err);
    assert_false(j.has_token);
    assert_int_equal(j.token.n, 0);
}

static const struct {
    const char *s, *where;
} bad[] = {
    { "", "join.scheme" },
    { "https://a:1/t" PINS, "join.scheme" },
    { "PAWL://a:1/t" PINS, "join.scheme" },
    { " pawl://a:1/t" PINS, "join.scheme" },
    { "pawl://", "join.address" },
    { "pawl:///t" PINS, "join.address" },
    { "pawl://a/t" PINS, "join.address" },
    { "pawl://:1/t" PINS, "join.address" },
    { "pawl://a b:1/t" PINS, "join.address" },
    { "pawl://user@a:1/t" PINS, "join.address" },
    { "pawl://-a:1/t" PINS, "join.address" },
    { "pawl://a-:1/t" PINS, "join.address" },
    { "pawl://a..b:1/t" PINS, "join.address" },
    { "pawl://a.:1/t" PINS, "join.address" },
    { "pawl://a_b:1/t" PINS, "join.address" },
    { "pawl://ver\xc3\xa9:1/t" PINS, "join.address" },
    { "pawl://1.2.3:1/t" PINS, "join.address" },
    { "pawl://1.2.3.4.5:1/t" PINS, "join.address" },
    { "pawl://1.2.3.256:1/t" PINS, "join.address" },
    { "pawl://01.2.3.4:1/t" PINS, "join.address" },
    { "pawl://0x7f.1:1/t" PINS, "join.address" },
    { "pawl://127.0x1:1/t" PINS, "join.address" },
    { "pawl://4711:1/t" PINS, "join.address" },
    { "pawl://::1:1/t" PINS, "join.address" },
    { "pawl://[::1:1/t" PINS, "join.address" },
    { "pawl://::1]:1/t" PINS, "join.address" },
    { "pawl://[]:1/t" PINS, "join.address" },
    { "pawl://[::1%eth0]:1/t" PINS, "join.address" },
    { "pawl://[a]:1/t" PINS, "join.address" },
    { "pawl://[1.2.3.4]:1/t" PINS, "join.address" },
    { "pawl://[::1]/t" PINS, "join.address" },
    { "pawl://]:1/t" PINS, "join.address" },
    { "pawl://[:1/t" PINS, "join.address" },
    { "pawl://a:/t" PINS, "join.address.port" },
    { "pawl://a:0/t" PINS, "join.address.port" },
    { "pawl://a:01/t" PINS, "join.address.port" },
    { "pawl://a:65536/t" PINS, "join.address.port" },
    { "pawl://a:+1/t" PINS, "join.address.port" },
    { "pawl://a:1", "join.tenant" },
    { "pawl://a:1" PINS, "join.tenant" },
    { "pawl://a:1/" PINS, "join.tenant" },
    { "pawl://a:1/T" PINS, "join.tenant" },
    { "pawl://a:1/t/" PINS, "join.tenant" },
    { "pawl://a:1/ttttttttttttttttttttttttttttttttt" PINS, "join.tenant" },
    { "pawl://a:1/t", "join.key" },
    { "pawl://a:1/t?tls=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "join.key" },
    { "pawl://a:1/t?key=", "join.key" },
    { "pawl://a:1/t?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", "join.key" },
    { "pawl://a:1/t?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", "join.key" },
    { "pawl://a:1/t?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh+", "join.key" },
    { "pawl://a:1/t?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", "join.key" },
    { "pawl://a:1/t?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "join.tls" },
    { "pawl://a:1/t?key=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8&tls=", "join.tls" },
    { "pawl://a:1/t" PINS "&", "join.end" },
    { "pawl://a:1/t" PINS "&x=1", "join.end" },
    { "pawl://a:1/t" PINS " ", "join.tls" },
    { "pawl://a:1/t" PINS "\n", "join.tls" },
    { "pawl://a:1/t" PINS "&token=", "join.token.id" },
    { "pawl://a:1/t" PINS "&token=QEFCQ0RFRkc", "join.token.secret" },
    { "pawl://a:1/t" PINS "&token=QEFCQ0RFRkc.", "join.token.secret" },
    { "pawl://a:1/t" PINS "&token=QEFCQ0RFRk.gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8",
      "join.token.id" },
    { "pawl://a:1/t" PINS "&token=QEFCQ0RFRkc.gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp",
      "join.token.secret" },
    { "pawl://a:1/t" PINS "&token=QEFCQ0RFRkc.gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydn+8",
      "join.token.secret" },
    { "pawl://a:1/t" PINS TOKEN "&", "join.token.secret" },
};

static void each_part_is_refused_by_name(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        t_poison(&j, sizeof(j));
        if (pawl_is_ok(pawl_join_parse(bad[i].s, &j, &err)))
            fail_msg("taken: %s", bad[i].s);
        if (strcmp(err.where, bad[i].where) != 0)
            fail_msg("%s: %s: %s", bad[i].s, err.where, err.why);
        t_still_poisoned(&j, sizeof(j));
    }
}

static void labels_and_hosts_end_at_63_and_253(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;
    char             label[65], s[1024];

    memset(label, 'a', 64);
    label[64] = 0;
    snprintf(s, sizeof(s), "pawl://%.63s:1/t" PINS, label);
    T_OK(pawl_join_parse(s, &j, &err), &err);
    snprintf(s, sizeof(s), "pawl://%.64s:1/t" PINS, label);
    T_FAILS(pawl_join_parse(s, &j, &err), &err, PAWL_E_FORM);
    snprintf(s, sizeof(s), "pawl://%.63s.%.63s.%.63s.%.61s:1/t" PINS, label, label, label, label);
    T_OK(pawl_join_parse(s, &j, &err), &err);
    snprintf(s, sizeof(s), "pawl://%.63s.%.63s.%.63s.%.62s:1/t" PINS, label, label, label, label);
    T_FAILS(pawl_join_parse(s, &j, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "join.address");
    snprintf(s, sizeof(s), "pawl://%.63s.%.63s.%.63s.%.63s.%.63s:1/t" PINS, label, label, label,
             label, label);
    T_FAILS(pawl_join_parse(s, &j, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "join.address");
}

/* The longest that can be written, and its exact room. */
static void is_written_whole_or_not_at_all(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;
    char             text[512];
    const size_t     n = strlen(good[0]);

    T_OK(pawl_join_parse(good[0], &j, &err), &err);
    T_OK(pawl_join_write(&j, text, n + 1, &err), &err);
    t_poison(text, sizeof(text));
    T_FAILS(pawl_join_write(&j, text, n, &err), &err, PAWL_E_FULL);
    t_still_poisoned(text, sizeof(text));
    snprintf(j.address, sizeof(j.address), "a b:1");
    T_FAILS(pawl_join_write(&j, text, sizeof(text), &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "join.address");
    T_OK(pawl_join_parse(good[0], &j, &err), &err);
    j.token.n = 31;
    T_FAILS(pawl_join_write(&j, text, sizeof(text), &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "join.token.secret");
    T_OK(pawl_join_parse(good[0], &j, &err), &err);
    j.token.n = PAWL_SECRET_MAX;
    memset(j.address, 'a', sizeof(j.address) - 1);
    j.address[sizeof(j.address) - 1] = 0;
    T_FAILS(pawl_join_write(&j, text, sizeof(text), &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "join.address");
    T_OK(pawl_join_parse(good[0], &j, &err), &err);
    j.token.n = PAWL_SECRET_MAX;
    T_FAILS(pawl_join_write(&j, text, sizeof(text), &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "join.token.secret");
    T_OK(pawl_join_parse(good[0], &j, &err), &err);
    j.tenant[0] = 0;
    T_FAILS(pawl_join_write(&j, text, sizeof(text), &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "join.tenant");
    t_still_poisoned(text, sizeof(text));
}

/* No run of eight characters of the input stands in an error. */
static void an_error_never_shows_the_string(void **state)
{
    (void)state;
    struct pawl_err   err;
    struct pawl_join  j;
    static const char secret[] = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8";

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(pawl_is_ok(pawl_join_parse(bad[i].s, &j, &err)));
        for (size_t k = 0; k + 8 < sizeof(secret); k++) {
            char run[9] = { 0 };
            memcpy(run, secret + k, 8);
            assert_null(strstr(err.why, run));
            assert_null(strstr(err.where, run));
        }
    }
}

static void every_truncation_is_refused_but_the_one_without_token(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;
    const size_t     n = strlen(good[0]), without_token = strlen(good[1]);

    for (size_t cut = 0; cut < n; cut++) {
        char *s = strndup(good[0], cut);
        assert_non_null(s);
        assert_int_equal(pawl_is_ok(pawl_join_parse(s, &j, &err)), cut == without_token);
        free(s);
    }
}

static void every_flip_is_refused_or_another_string(void **state)
{
    (void)state;
    struct pawl_err  err;
    struct pawl_join j;
    char             s[512], text[512];
    size_t           taken = 0;

    for (size_t bit = 0; bit < 8 * strlen(good[0]); bit++) {
        snprintf(s, sizeof(s), "%s", good[0]);
        s[bit / 8] = (char)(s[bit / 8] ^ (1 << bit % 8));
        if (!pawl_is_ok(pawl_join_parse(s, &j, &err)))
            continue;
        T_OK(pawl_join_write(&j, text, sizeof(text), &err), &err);
        assert_string_equal(text, s);
        taken++;
    }
    assert_true(taken > 100);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("a join string comes back", a_join_string_comes_back),
        T_CASE("is read part by part", is_read_part_by_part),
        T_CASE("each part is refused by name", each_part_is_refused_by_name),
        T_CASE("labels and hosts end at 63 and 253", labels_and_hosts_end_at_63_and_253),
        T_CASE("is written whole or not at all", is_written_whole_or_not_at_all),
        T_CASE("an error never shows the string", an_error_never_shows_the_string),
        T_CASE("every truncation is refused but the one without token",
               every_truncation_is_refused_but_the_one_without_token),
        T_CASE("every flip is refused or another string", every_flip_is_refused_or_another_string),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
