/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a nonce is good for its tenant, device and label, for 60 s and 2 s ahead, and nobody else
 * makes one (P-NONCE-1, P-NONCE-2); a cookie opens for its tenant only and no flip of it opens. */
#include <string.h>

#include "flow/cookie.h"
#include "t.h"

enum { NOW_S = 1790000000 };
static const int64_t now_ms = NOW_S * 1000ll;

static struct keys some_keys(void)
{
    struct pawl_err err;
    struct keys     k = { 0 };

    T_OK(pawl_secret_random(32, &k.nonce, &err), &err);
    T_OK(pawl_secret_random(64, &k.cookie, &err), &err);
    return k;
}

static const uint8_t device[PAWL_DEVICE_ID] = "device";

static struct nonce_scope scope_of(const char *tenant, enum pawl_label label)
{
    return (struct nonce_scope){ pawl_view_str(tenant), PAWL_VIEW_OF(device), label };
}

static void make(const struct keys *k, uint8_t nonce[PAWL_NONCE])
{
    struct pawl_err          err;
    const struct nonce_scope s = scope_of("acme", PAWL_LABEL_ATTEST);

    T_OK(nonce_make(k, &s, now_ms, nonce, &err), &err);
}

static void a_nonce_has_the_form_of_the_protocol(void **state) /* P-NONCE-1 */
{
    (void)state;
    struct keys        k = some_keys();
    uint8_t            nonce[PAWL_NONCE], said[128];
    struct pawl_wr     w = pawl_wr_to(said, sizeof(said));
    struct pawl_digest mac;
    struct pawl_err    err;

    make(&k, nonce);
    pawl_wr_bytes(&w, t_hex("86 6c")); /* an array of 6, a text of 12 */
    pawl_wr_bytes(&w, pawl_view_str("pawl/1 nonce"));
    pawl_wr_bytes(&w, t_hex("64"));
    pawl_wr_bytes(&w, pawl_view_str("acme"));
    pawl_wr_bytes(&w, t_hex("5820"));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(device));
    pawl_wr_bytes(&w, t_hex("6d"));
    pawl_wr_bytes(&w, pawl_view_str("pawl/1 attest"));
    pawl_wr_u8(&w, 0x1b);
    pawl_wr_u64(&w, (uint64_t)now_ms);
    pawl_wr_u8(&w, 0x4a);
    pawl_wr_bytes(&w, pawl_view(nonce + 6, 10));
    const struct pawl_view part = pawl_view(said, w.n);
    T_OK(pawl_hmac(PAWL_SHA256, &k.nonce, &part, 1, &mac, &err), &err);
    assert_memory_equal(nonce + 16, mac.b, 16);
    uint64_t ms = 0;
    for (unsigned i = 0; i < 6; i++)
        ms = ms << 8 | nonce[i];
    assert_true(ms == (uint64_t)now_ms);
}

static void a_nonce_is_good_for_a_minute(void **state) /* P-NONCE-2 */
{
    (void)state;
    static const struct {
        int64_t        at;
        enum pawl_code code;
    } age[] = { { -2001, PAWL_E_EXPIRED },
                { -2000, PAWL_OK },
                { 0, PAWL_OK },
                { 60000, PAWL_OK },
                { 60001, PAWL_E_EXPIRED } };
    struct keys              k = some_keys();
    uint8_t                  nonce[PAWL_NONCE];
    const struct nonce_scope s = scope_of("acme", PAWL_LABEL_ATTEST);
    struct pawl_err          err;

    make(&k, nonce);
    for (size_t i = 0; i < sizeof(age) / sizeof(age[0]); i++)
        assert_int_equal(nonce_check(&k, &s, now_ms + age[i].at, PAWL_VIEW_OF(nonce), &err).code,
                         age[i].code);
}

static void a_nonce_is_good_for_its_scope_alone(void **state)
{
    (void)state;
    struct keys        k = some_keys(), others = some_keys();
    uint8_t            nonce[PAWL_NONCE], id[PAWL_DEVICE_ID] = "devicf";
    struct nonce_scope s = scope_of("other", PAWL_LABEL_ATTEST);
    struct pawl_err    err;

    make(&k, nonce);
    T_FAILS(nonce_check(&k, &s, now_ms, PAWL_VIEW_OF(nonce), &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "A1.nonce");
    for (int l = PAWL_LABEL_NONE + 1; l < PAWL_LABEL_COUNT; l++) {
        s = scope_of("acme", (enum pawl_label)l);
        assert_int_equal(nonce_check(&k, &s, now_ms, PAWL_VIEW_OF(nonce), &err).code,
                         l == PAWL_LABEL_ATTEST ? PAWL_OK : PAWL_E_FORGED);
    }
    s = scope_of("acme", PAWL_LABEL_ATTEST);
    T_FAILS(nonce_check(&others, &s, now_ms, PAWL_VIEW_OF(nonce), &err), &err, PAWL_E_FORGED);
    s.device_id = PAWL_VIEW_OF(id);
    T_FAILS(nonce_check(&k, &s, now_ms, PAWL_VIEW_OF(nonce), &err), &err, PAWL_E_FORGED);
}

static void a_nonce_of_an_old_key_is_good(void **state)
{
    (void)state;
    struct keys              was = some_keys(), is = some_keys();
    const struct nonce_scope s = scope_of("acme", PAWL_LABEL_ATTEST);
    uint8_t                  nonce[PAWL_NONCE];
    struct pawl_err          err;

    make(&was, nonce);
    T_FAILS(nonce_check(&is, &s, now_ms, PAWL_VIEW_OF(nonce), &err), &err, PAWL_E_FORGED);
    is.other_master[KEYS_OLD] = (struct master_key){ .master = was.nonce, .nonce = was.nonce };
    T_OK(nonce_check(&is, &s, now_ms, PAWL_VIEW_OF(nonce), &err), &err);
    nonce[PAWL_NONCE - 1] ^= 1;
    T_FAILS(nonce_check(&is, &s, now_ms, PAWL_VIEW_OF(nonce), &err), &err, PAWL_E_FORGED);
}

static void no_two_nonces_are_the_same(void **state)
{
    (void)state;
    struct keys k = some_keys();
    uint8_t     a[PAWL_NONCE], b[PAWL_NONCE];

    make(&k, a);
    make(&k, b);
    assert_memory_not_equal(a, b, PAWL_NONCE);
}

static void a_time_that_does_not_fit_makes_no_nonce(void **state)
{
    (void)state;
    struct keys              k = some_keys();
    uint8_t                  nonce[PAWL_NONCE];
    const struct nonce_scope s = scope_of("acme", PAWL_LABEL_ATTEST);
    struct pawl_err          err;

    t_poison(nonce, sizeof(nonce));
    T_FAILS(nonce_make(&k, &s, -1, nonce, &err), &err, PAWL_E_RANGE);
    T_FAILS(nonce_make(&k, &s, 1ll << 48, nonce, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(nonce, sizeof(nonce));
}

static void must_not_pass(struct pawl_view nonce, void *arg)
{
    const struct nonce_scope s = scope_of("acme", PAWL_LABEL_ATTEST);
    struct pawl_err          err;

    assert_false(pawl_is_ok(nonce_check(arg, &s, now_ms, nonce, &err)));
}

static void no_flip_and_no_truncation_of_a_nonce_passes(void **state)
{
    (void)state;
    struct keys k = some_keys();
    uint8_t     nonce[PAWL_NONCE];

    make(&k, nonce);
    t_each_flip(PAWL_VIEW_OF(nonce), must_not_pass, &k);
    t_each_truncation(PAWL_VIEW_OF(nonce), must_not_pass, &k);
}

/* ---- cookies -------------------------------------------------------------------------------- */

/* A P-256 point and the AK template around it, of no use but to be a cookie's. */
static struct pawl_view some_ak(uint8_t room[PAWL_PUBLIC_MAX], struct pawl_public *key)
{
    struct pawl_private *k;
    struct pawl_wr       w = pawl_wr_to(room, PAWL_PUBLIC_MAX);
    struct pawl_err      err;

    T_OK(pawl_private_make(PAWL_KEY_P256, &k, &err), &err);
    *key = *pawl_private_public(k);
    pawl_private_free(&k);
    T_OK(pawl_template_write(PAWL_AK_P256, key, &w, &err), &err);
    return pawl_view(room, w.n);
}

static struct pawl_view seal(const struct keys *k, size_t facts, struct cookie *c)
{
    static uint8_t  ak[PAWL_PUBLIC_MAX], sealed[PAWL_COOKIE_MAX];
    static char     text[PAWL_FACT_MAX];
    size_t          n;
    struct pawl_err err;

    memset(text, 'f', sizeof(text));
    *c = (struct cookie){ .tenant = pawl_view_str("acme"), .suite = 3, .fact_n = facts };
    c->ak_public = some_ak(ak, &c->id.td);
    c->secret.n = 32;
    memset(c->secret.b, 0x5e, 32);
    c->id.ek_name = (struct pawl_name){ .n = 50, .b = { 0, 0x0c, 1, 2, 3 } };
    c->id.roots = ROOTS_LAB;
    strncpy(c->id.cert.version, "id:00490008", sizeof(c->id.cert.version) - 1);
    for (size_t i = 0; i < facts; i++)
        c->fact[i] = (struct pawl_fact){ PAWL_VIEW_OF(text), PAWL_VIEW_OF(text) };
    T_OK(cookie_seal(k, c, now_ms, sealed, sizeof(sealed), &n, &err), &err);
    return t_copy(pawl_view(sealed, n));
}

static void a_cookie_brings_back_what_it_took(void **state) /* P-ENROL-5 */
{
    (void)state;
    struct keys               k = some_keys();
    struct cookie             in, out;
    static struct cookie_room room;
    struct pawl_err           err;
    uint8_t                   id[32];

    struct pawl_view sealed = seal(&k, PAWL_FACTS_MAX, &in);
    T_OK(cookie_open(&k, pawl_view_str("acme"), now_ms, sealed, &room, &out, &err), &err);
    assert_true(pawl_secret_equal(&in.secret, &out.secret));
    assert_true(pawl_view_equal(in.ak_public, out.ak_public));
    assert_true(pawl_name_equal(&in.id.ek_name, &out.id.ek_name));
    T_OK(pawl_sha256(pawl_name_view(&in.id.ek_name), id, &err), &err);
    assert_memory_equal(out.id.device_id, id, 32);
    assert_true(pawl_public_equal(&in.id.td, &out.id.td));
    assert_int_equal(out.id.roots, ROOTS_LAB);
    assert_string_equal(out.id.cert.version, "id:00490008");
    assert_int_equal(out.suite, 3);
    assert_int_equal(out.token_id.n, 0);
    assert_int_equal(out.fact_n, PAWL_FACTS_MAX);
    assert_true(pawl_view_equal(in.fact[31].value, out.fact[31].value));
    assert_int_equal(out.id.ak_name.n, 34);
    assert_int_equal(out.id.qualified_signer.n, 34);
}

static void a_cookie_hides_what_it_holds(void **state)
{
    (void)state;
    struct keys      k = some_keys();
    struct cookie    c;
    struct pawl_view sealed = seal(&k, 0, &c);

    assert_null(memmem(sealed.p, sealed.n, c.secret.b, 8));
    assert_null(memmem(sealed.p, sealed.n, "acme", 4));
}

static void must_not_open(struct pawl_view sealed, void *arg)
{
    static struct cookie_room room;
    struct cookie             c;
    struct pawl_err           err;

    assert_false(
        pawl_is_ok(cookie_open(arg, pawl_view_str("acme"), now_ms, sealed, &room, &c, &err)));
    assert_string_equal(err.where, "evidence.cookie");
}

static void no_flip_and_no_truncation_of_a_cookie_opens(void **state)
{
    (void)state;
    struct keys      k = some_keys(), others = some_keys();
    struct cookie    c;
    struct pawl_view sealed = seal(&k, 0, &c);

    t_each_flip(sealed, must_not_open, &k);
    t_each_truncation(sealed, must_not_open, &k);
    must_not_open(sealed, &others);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a nonce has the form of the protocol", a_nonce_has_the_form_of_the_protocol),
        T_CASE("a nonce is good for a minute", a_nonce_is_good_for_a_minute),
        T_CASE("a nonce is good for its scope alone", a_nonce_is_good_for_its_scope_alone),
        T_CASE("a nonce of an old key is good", a_nonce_of_an_old_key_is_good),
        T_CASE("no two nonces are the same", no_two_nonces_are_the_same),
        T_CASE("a time that does not fit makes no nonce", a_time_that_does_not_fit_makes_no_nonce),
        T_CASE("no flip and no truncation of a nonce passes",
               no_flip_and_no_truncation_of_a_nonce_passes),
        T_CASE("a cookie brings back what it took", a_cookie_brings_back_what_it_took),
        T_CASE("a cookie hides what it holds", a_cookie_hides_what_it_holds),
        T_CASE("no flip and no truncation of a cookie opens",
               no_flip_and_no_truncation_of_a_cookie_opens),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
