/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: the key schedule agrees with an independent program, token by token; each term counts in
 * each key; terms of another length are refused by name and leave nothing behind. */
#include <string.h>

#include <pawl/ratchet.h>

#include "crypto_vector.h"

static struct pawl_view vector(const char *name)
{
    return crypto_vector("ratchet/schedule.txt", name);
}

static struct pawl_view vector_of(const char *root, const char *field)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.%s", root, field);
    return vector(name);
}

static bool holds(const struct pawl_secret *s, struct pawl_view want)
{
    return pawl_view_equal(pawl_secret_view(s), want);
}

/* The terms of the vectors, in memory of their own. */
struct terms {
    struct pawl_secret      rk, z_ee, z_se, h;
    struct pawl_rekey_terms t;
};

static void terms_make(struct terms *m)
{
    m->rk = crypto_secret(crypto_count(32, 1));
    m->z_ee = crypto_secret(crypto_count(32, 0x20));
    m->z_se = crypto_secret(crypto_count(32, 0x40));
    m->h = crypto_secret(crypto_count(32, 0x80));
    m->t = (struct pawl_rekey_terms){
        .rk = &m->rk, .z_ee = &m->z_ee, .z_se = &m->z_se, .epoch = 8
    };
    memcpy(m->t.th2, crypto_count(32, 0x60).p, 32);
}

static void root_agrees(const struct pawl_rekey_terms *t, const char *name)
{
    struct pawl_root r;
    uint8_t          conf_v[32];
    struct pawl_err  err;

    T_OK(pawl_root_make(t, &r, conf_v, &err), &err);
    assert_true(pawl_view_equal(PAWL_VIEW_OF(conf_v), vector_of(name, "conf_v")));
    assert_true(pawl_view_equal(PAWL_VIEW_OF(r.kid), vector_of(name, "kid")));
    assert_true(holds(&r.rk, vector_of(name, "rk")));
    assert_true(holds(&r.k_auth, vector_of(name, "k_auth")));
    assert_true(holds(&r.exporter, vector_of(name, "exporter")));
    assert_true(holds(&r.up.gk, vector_of(name, "up.gk")));
    assert_true(holds(&r.down.gk, vector_of(name, "down.gk")));
    assert_true(r.epoch == t->epoch && r.up.epoch == t->epoch && r.down.epoch == t->epoch);
    assert_true(r.up.gen == 0 && r.down.gen == 0);
    assert_true(r.up.dir == PAWL_UP && r.down.dir == PAWL_DOWN);
}

static void a_root_agrees_with_the_page(void **state) /* P-KS-2, P-KS-3, P-KS-4 */
{
    (void)state;
    struct terms m;

    terms_make(&m);
    root_agrees(&m.t, "plain");
    m.t.h = &m.h;
    root_agrees(&m.t, "hedged");
}

static void no_third_term_is_32_zero_bytes(void **state) /* P-KS-2 */
{
    (void)state;
    struct terms       m;
    struct pawl_secret zeros = { .n = 32 };

    terms_make(&m);
    m.t.h = &zeros;
    root_agrees(&m.t, "plain");
}

static void enrolment_and_resync_begin_without_a_base(void **state) /* P-KS-5, P-KS-6 */
{
    (void)state;
    struct terms       m;
    struct pawl_secret secret = crypto_secret(crypto_count(32, 0xa0)), auth, h;
    struct pawl_err    err;

    terms_make(&m);
    T_OK(pawl_enrol_auth(&secret, &auth, &err), &err);
    assert_true(holds(&auth, vector("enrol.auth")));
    T_OK(pawl_enrol_term(&secret, &h, &err), &err);
    assert_true(holds(&h, vector("enrol.term")));
    T_OK(pawl_rk_enrol(&m.rk, &err), &err);
    assert_true(holds(&m.rk, vector("rk.enrol")));
    m.t.h = &h;
    m.t.epoch = 1;
    root_agrees(&m.t, "enrolled");

    T_OK(pawl_rk_resync(crypto_count(32, 0x10).p, &m.rk, &err), &err);
    assert_true(holds(&m.rk, vector("rk.resync")));
    m.t.h = NULL;
    m.t.epoch = (UINT64_C(1) << 40) + 5;
    root_agrees(&m.t, "resynced");
}

static void nothing_is_equal(const struct pawl_root *a, const struct pawl_root *b)
{
    assert_memory_not_equal(a->kid, b->kid, PAWL_KID);
    assert_false(pawl_secret_equal(&a->rk, &b->rk));
    assert_false(pawl_secret_equal(&a->k_auth, &b->k_auth));
    assert_false(pawl_secret_equal(&a->exporter, &b->exporter));
    assert_false(pawl_secret_equal(&a->up.gk, &b->up.gk));
    assert_false(pawl_secret_equal(&a->down.gk, &b->down.gk));
}

static void each_bit_of_each_term_counts_in_each_key(void **state) /* P-KS-2 */
{
    (void)state;
    struct terms     m;
    struct pawl_root good, r;
    uint8_t          conf_v[32], other[32];
    struct pawl_err  err;

    terms_make(&m);
    m.t.h = &m.h;
    T_OK(pawl_root_make(&m.t, &good, conf_v, &err), &err);
    uint8_t *term[] = { m.rk.b, m.z_ee.b, m.z_se.b, m.h.b, m.t.th2 };
    for (size_t i = 0; i < sizeof(term) / sizeof(*term); i++)
        for (size_t bit = 0; bit < 8 * 32; bit++) {
            term[i][bit / 8] ^= (uint8_t)(1u << bit % 8);
            T_OK(pawl_root_make(&m.t, &r, other, &err), &err);
            nothing_is_equal(&r, &good);
            assert_memory_not_equal(other, conf_v, 32);
            term[i][bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
}

static void the_terms_do_not_change_places(void **state)
{
    (void)state;
    struct terms     m;
    struct pawl_root good, r;
    uint8_t          conf_v[32];
    struct pawl_err  err;

    terms_make(&m);
    T_OK(pawl_root_make(&m.t, &good, conf_v, &err), &err);
    m.t.z_ee = &m.z_se;
    m.t.z_se = &m.z_ee;
    T_OK(pawl_root_make(&m.t, &r, conf_v, &err), &err);
    nothing_is_equal(&r, &good);
}

static void must_refuse(const struct terms *m, const char *where)
{
    struct pawl_root r;
    uint8_t          conf_v[32];
    struct pawl_err  err;

    t_poison(&r, sizeof(r));
    t_poison(conf_v, sizeof(conf_v));
    T_FAILS(pawl_root_make(&m->t, &r, conf_v, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, where);
    t_still_poisoned(&r, sizeof(r));
    t_still_poisoned(conf_v, sizeof(conf_v));
}

static void refuses_other_lengths_and_epoch_0(void **state) /* P-KS-1 */
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 31, 33, PAWL_SECRET_MAX };
    struct terms        m;

    terms_make(&m);
    m.t.h = &m.h;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        m.rk.n = lengths[i];
        must_refuse(&m, "rekey.RK");
        m.rk.n = 32;
        m.z_ee.n = lengths[i];
        must_refuse(&m, "rekey.Z_ee");
        m.z_ee.n = 32;
        m.z_se.n = lengths[i];
        must_refuse(&m, "rekey.Z_se");
        m.z_se.n = 32;
        m.h.n = lengths[i];
        must_refuse(&m, "rekey.H");
        m.h.n = 32;
    }
    m.t.epoch = 0;
    must_refuse(&m, "rekey.epoch");
}

static void a_root_may_replace_its_own_base(void **state)
{
    (void)state;
    struct terms     m;
    struct pawl_root r = { 0 };
    uint8_t          conf_v[32];
    struct pawl_err  err;

    terms_make(&m);
    r.rk = m.rk;
    m.t.rk = &r.rk;
    T_OK(pawl_root_make(&m.t, &r, conf_v, &err), &err);
    assert_true(holds(&r.rk, vector("plain.rk")));
    assert_true(holds(&r.down.gk, vector("plain.down.gk")));
}

static void a_root_alone_gives_the_rest_again(void **state)
{
    (void)state;
    struct terms       m;
    struct pawl_secret secret;
    struct pawl_root   r, again, untouched;
    uint8_t            conf_v[32], same[32];
    struct pawl_err    err;

    terms_make(&m);
    T_OK(pawl_root_make(&m.t, &r, conf_v, &err), &err);
    assert_int_equal(r.root.n, 0); /* P-KS-4 */
    T_OK(pawl_root_secret(&m.t, &secret, same, &err), &err);
    assert_memory_equal(same, conf_v, sizeof(same));
    T_OK(pawl_root_spread(&secret, r.epoch, &again, &err), &err);
    r.root = secret;
    assert_memory_equal(&again, &r, sizeof(r));

    t_poison(&untouched, sizeof(untouched));
    T_FAILS(pawl_root_spread(&secret, 0, &untouched, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "rekey.epoch");
    secret.n = 31;
    T_FAILS(pawl_root_spread(&secret, r.epoch, &untouched, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "root");
    t_still_poisoned(&untouched, sizeof(untouched));
}

static void a_wiped_root_holds_nothing(void **state) /* P-KS-4 */
{
    (void)state;
    static const struct pawl_root zero;
    struct terms                  m;
    struct pawl_root              r;
    uint8_t                       conf_v[32];
    struct pawl_err               err;

    terms_make(&m);
    T_OK(pawl_root_make(&m.t, &r, conf_v, &err), &err);
    pawl_root_wipe(&r);
    assert_memory_equal(&r, &zero, sizeof(r));
}

static void the_activated_secret_has_32_bytes(void **state)
{
    (void)state;
    struct pawl_secret secret = crypto_secret(crypto_count(31, 0)), ret;
    struct pawl_err    err;

    t_poison(&ret, sizeof(ret));
    T_FAILS(pawl_enrol_auth(&secret, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "enrol.secret");
    T_FAILS(pawl_enrol_term(&secret, &ret, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "enrol.secret");
    t_still_poisoned(&ret, sizeof(ret));
}

/* ---- keys of applications ------------------------------------------------------------------- */

static void app_keys_agree_with_the_page(void **state) /* P-KS-9 */
{
    (void)state;
    struct pawl_secret exporter = crypto_secret(vector("plain.exporter")), ret;
    struct pawl_err    err;
    char               longest[64];

    memset(longest, 'l', sizeof(longest));
    T_OK(pawl_app_key(&exporter, pawl_view_str("m"), pawl_view(NULL, 0), 16, &ret, &err), &err);
    assert_true(holds(&ret, vector("app.least")));
    T_OK(pawl_app_key(&exporter, pawl_view_str("mqtt über tls"), pawl_view_str("broker 7"), 32,
                      &ret, &err),
         &err);
    assert_true(holds(&ret, vector("app.mqtt")));
    T_OK(pawl_app_key(&exporter, PAWL_VIEW_OF(longest), crypto_count(255, 0), 64, &ret, &err),
         &err);
    assert_true(holds(&ret, vector("app.most")));
}

static void app_keys_of_other_questions_share_nothing(void **state) /* P-KS-9 */
{
    (void)state;
    static const struct {
        const char *label, *context;
        size_t      len;
    } asked[] = { { "ab", "", 32 }, { "a", "b", 32 }, { "b", "a", 32 }, { "ab", "", 33 } };
    enum { N = sizeof(asked) / sizeof(*asked) };
    struct pawl_secret exporter = crypto_secret(crypto_count(32, 0)), ret[N];
    struct pawl_err    err;

    for (size_t i = 0; i < N; i++) {
        T_OK(pawl_app_key(&exporter, pawl_view_str(asked[i].label), pawl_view_str(asked[i].context),
                          asked[i].len, &ret[i], &err),
             &err);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(ret[i].b, ret[j].b, 32);
    }
}

static void app_keys_refuse_what_the_page_does_not_allow(void **state)
{
    (void)state;
    static const char  utf8[] = "\xc3\x28";
    struct pawl_view   none = pawl_view(NULL, 0), label = pawl_view_str("m");
    struct pawl_secret exporter = crypto_secret(crypto_count(32, 0));
    struct pawl_secret other = crypto_secret(crypto_count(33, 0));
    const struct {
        const struct pawl_secret *exporter;
        struct pawl_view          label, context;
        size_t                    len;
        enum pawl_code            code;
        const char               *where;
    } bad[] = {
        { &other, label, none, 32, PAWL_E_RANGE, "app_key.exporter" },
        { &exporter, none, none, 32, PAWL_E_RANGE, "app_key.label" },
        { &exporter, crypto_count(65, ' '), none, 32, PAWL_E_RANGE, "app_key.label" },
        { &exporter, pawl_view_str(utf8), none, 32, PAWL_E_FORM, "app_key.label" },
        { &exporter, label, crypto_count(256, 0), 32, PAWL_E_RANGE, "app_key.context" },
        { &exporter, label, none, 15, PAWL_E_RANGE, "app_key.len" },
        { &exporter, label, none, 65, PAWL_E_RANGE, "app_key.len" },
        { &exporter, label, none, SIZE_MAX, PAWL_E_RANGE, "app_key.len" },
    };
    struct pawl_secret ret;
    struct pawl_err    err;

    t_poison(&ret, sizeof(ret));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        T_FAILS(pawl_app_key(bad[i].exporter, bad[i].label, bad[i].context, bad[i].len, &ret, &err),
                &err, bad[i].code);
        T_WHERE(&err, bad[i].where);
    }
    t_still_poisoned(&ret, sizeof(ret));
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("a root agrees with the page", a_root_agrees_with_the_page),
        T_CASE("no third term is 32 zero bytes", no_third_term_is_32_zero_bytes),
        T_CASE("enrolment and resync begin without a base",
               enrolment_and_resync_begin_without_a_base),
        T_CASE("each bit of each term counts in each key",
               each_bit_of_each_term_counts_in_each_key),
        T_CASE("the terms do not change places", the_terms_do_not_change_places),
        T_CASE("other lengths and epoch 0 are refused", refuses_other_lengths_and_epoch_0),
        T_CASE("a root may replace its own base", a_root_may_replace_its_own_base),
        T_CASE("a root alone gives the rest again", a_root_alone_gives_the_rest_again),
        T_CASE("a wiped root holds nothing", a_wiped_root_holds_nothing),
        T_CASE("the activated secret has 32 bytes", the_activated_secret_has_32_bytes),
        T_CASE("app keys agree with the page", app_keys_agree_with_the_page),
        T_CASE("app keys of other questions share nothing",
               app_keys_of_other_questions_share_nothing),
        T_CASE("app keys refuse what the page does not allow",
               app_keys_refuse_what_the_page_does_not_allow),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
