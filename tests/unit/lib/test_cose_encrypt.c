/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what is sealed opens, in both forms and with every algorithm and header parameter; the
 * context of a content key counts in all its parts; malformed messages name their field; nothing
 * protected can be changed. (Other people's messages: test_cose_examples.c.) */
#include <stdlib.h>
#include <string.h>

#include <pawl/cose.h>

#include "crypto_vector.h"

static const char text[] = "a pawl lets a ratchet turn one way only";

static struct pawl_view aad(void)
{
    return pawl_view_str("external");
}

static struct pawl_view plain(void)
{
    return pawl_view_str(text);
}

static struct pawl_secret key_of(enum pawl_aead aead)
{
    return crypto_secret(crypto_count(pawl_aead_key_n(aead), 0x20));
}

/* A recipient with every parameter that there is. */
static struct pawl_cose_encrypt with_all(enum pawl_cose_form form, enum pawl_aead aead)
{
    struct pawl_cose_params all = {
        .alg = PAWL_COSE_DIRECT_HKDF_SHA_256,
        .kid = pawl_view_str("kid"),
        .iv = pawl_view_str("iv"),
        .partial_iv = crypto_count(2, 9),
        .salt = pawl_view_str("salt"),
        .u = { pawl_view_str("u"), t_hex("1903e8"), pawl_view_str("uu") },
        .v = { pawl_view_str("v"), t_hex("43010203"), crypto_count(0, 0) },
        .gen_start_seq = UINT64_MAX,
        .epoch_start_seq = 0,
        .seq = 24,
    };
    struct pawl_cose_encrypt m = { .form = form };

    m.body.protected_ = PAWL_COSE_ALG | PAWL_COSE_STARTS;
    m.body.param.alg = pawl_cose_alg(aead);
    m.body.open = PAWL_COSE_IV;
    m.body.param.iv = crypto_count(aead == PAWL_AES_256_SIV ? 12 : pawl_aead_nonce_n(aead), 0x60);
    if (form == PAWL_COSE_ENCRYPT) {
        m.recipient.open = PAWL_COSE_UNKNOWN - 1;
        m.recipient.param = all;
    }
    return m;
}

static struct pawl_view sealed(struct pawl_cose_encrypt *m, enum pawl_aead aead)
{
    uint8_t            b[512];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_secret key = key_of(aead);
    struct pawl_err    err;

    T_OK(pawl_cose_encrypt_seal(m, &key, aad(), plain(), &w, &err), &err);
    assert_true(m->body.bytes.p > b && m->body.ciphertext.p > m->body.bytes.p);
    assert_true(m->body.ciphertext.p + m->body.ciphertext.n <= b + w.n);
    return t_copy(pawl_view(b, w.n));
}

static void same_params(const struct pawl_cose_params *a, const struct pawl_cose_params *b)
{
    assert_true(a->alg == b->alg && a->seq == b->seq && a->gen_start_seq == b->gen_start_seq &&
                a->epoch_start_seq == b->epoch_start_seq);
    assert_true(pawl_view_equal(a->kid, b->kid) && pawl_view_equal(a->iv, b->iv));
    assert_true(pawl_view_equal(a->partial_iv, b->partial_iv));
    assert_true(pawl_view_equal(a->salt, b->salt));
    assert_true(pawl_view_equal(a->u.identity, b->u.identity));
    assert_true(pawl_view_equal(a->u.nonce, b->u.nonce));
    assert_true(pawl_view_equal(a->u.other, b->u.other));
    assert_true(pawl_view_equal(a->v.identity, b->v.identity));
    assert_true(pawl_view_equal(a->v.nonce, b->v.nonce));
    assert_true(pawl_view_equal(a->v.other, b->v.other));
}

static void same_layer(const struct pawl_cose_layer *a, const struct pawl_cose_layer *b)
{
    assert_int_equal(a->protected_, b->protected_);
    assert_int_equal(a->open, b->open);
    same_params(&a->param, &b->param);
}

static void what_is_sealed_opens(void **state)
{
    (void)state;
    for (int form = PAWL_COSE_ENCRYPT0; form <= PAWL_COSE_ENCRYPT; form++)
        for (int i = 1; i < PAWL_AEAD_COUNT; i++) {
            enum pawl_aead           aead = (enum pawl_aead)i;
            struct pawl_cose_encrypt m = with_all((enum pawl_cose_form)form, aead), back;
            struct pawl_view         in = sealed(&m, aead);
            struct pawl_secret       key = key_of(aead);
            struct pawl_err          err;
            uint8_t                  out[64];
            size_t                   n;

            T_OK(pawl_cose_encrypt_parse(in, &back, &err), &err);
            assert_int_equal(back.form, form);
            same_layer(&back.body, &m.body);
            same_layer(&back.recipient, &m.recipient);
            T_OK(pawl_cose_encrypt_open(&back, &key, aad(), out, plain().n, &n, &err), &err);
            assert_true(pawl_view_equal(pawl_view(out, n), plain()));
        }
}

static void numbers_of_algorithms_go_both_ways(void **state)
{
    (void)state;
    for (int i = 1; i < PAWL_AEAD_COUNT; i++)
        assert_int_equal(pawl_cose_aead(pawl_cose_alg((enum pawl_aead)i)), i);
    assert_int_equal(pawl_cose_alg(PAWL_AES_CCM_16_128_128), 30);
    assert_int_equal(pawl_cose_alg(PAWL_AEAD_NONE), 0);
    assert_int_equal(pawl_cose_alg(PAWL_AEAD_COUNT), 0);
    assert_int_equal(pawl_cose_aead(0), PAWL_AEAD_NONE);
    assert_int_equal(pawl_cose_aead(-10), PAWL_AEAD_NONE);
}

static struct pawl_secret derived(const struct pawl_cose_context *ctx, enum pawl_aead aead)
{
    struct pawl_secret prk = crypto_secret(crypto_count(32, 1)), key = { 0 };
    struct pawl_err    err;

    T_OK(pawl_cose_content_key(&prk, aead, ctx, &key, &err), &err);
    assert_int_equal(key.n, pawl_aead_key_n(aead));
    return key;
}

static void every_part_of_a_context_counts(void **state)
{
    (void)state;
    const struct pawl_cose_context base = { .recipient = t_hex("a10129") };
    struct pawl_cose_context       c[12];
    struct pawl_secret             keys[13];

    for (size_t i = 0; i < 12; i++)
        c[i] = base;
    c[1].u.identity = pawl_view_str("x");
    c[2].u.nonce = t_hex("4178");
    c[3].u.other = pawl_view_str("x");
    c[4].v.identity = pawl_view_str("x");
    c[5].v.nonce = t_hex("4178");
    c[6].v.other = pawl_view_str("x");
    c[7].recipient = t_hex("a1012a");
    c[8].pub_other = pawl_view_str("x");
    c[9].priv_info = pawl_view_str("x");
    c[10].u.identity = crypto_count(0, 0); /* no bytes are not nil */
    c[11].u.nonce = t_hex("1878");
    for (size_t i = 0; i < 12; i++)
        keys[i] = derived(&c[i], PAWL_AES_CCM_16_128_128);
    keys[12] = derived(&base, PAWL_A128GCM);
    for (size_t i = 0; i < 13; i++)
        for (size_t k = 0; k < i; k++)
            assert_false(pawl_secret_equal(&keys[i], &keys[k]));
}

static void a_context_that_is_none_makes_no_key(void **state)
{
    (void)state;
    struct pawl_cose_context ctx = { .pub_other = crypto_count(512, 0) };
    struct pawl_secret       prk = crypto_secret(crypto_count(32, 1)), key;
    struct pawl_err          err;

    t_poison(&key, sizeof(key));
    T_FAILS(pawl_cose_content_key(&prk, PAWL_A128GCM, &ctx, &key, &err), &err, PAWL_E_FULL);
    T_WHERE(&err, "COSE_KDF_Context");
    ctx.pub_other.n = 1;
    T_FAILS(pawl_cose_content_key(&prk, PAWL_AEAD_NONE, &ctx, &key, &err), &err,
            PAWL_E_UNSUPPORTED);
    prk.n = 0;
    T_FAILS(pawl_cose_content_key(&prk, PAWL_A128GCM, &ctx, &key, &err), &err, PAWL_E_RANGE);
    t_still_poisoned(&key, sizeof(key));
}

static void names_the_field_of_what_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char    *hex, *where;
        enum pawl_code code;
    } bad[] = {
        { "", "tag", PAWL_E_SHORT },
        { "83", "tag", PAWL_E_FORM },
        { "d18340a040", "tag", PAWL_E_FORM },
        { "d01083", "array", PAWL_E_FORM },
        { "d08240a0", "array", PAWL_E_RANGE },
        { "d083a0a040", "protected", PAWL_E_FORM },
        { "d0834140a040", "protected.map", PAWL_E_FORM },
        { "d08342a000a040", "protected.end", PAWL_E_TRAILING },
        { "d08343a10160a040", "protected.alg", PAWL_E_FORM },
        { "d08343a10140a040", "protected.alg", PAWL_E_FORM },
        { "d08343a10180a040", "protected.alg", PAWL_E_FORM },
        { "d083408040", "unprotected", PAWL_E_FORM },
        { "d08340bf04 40ff40", "unprotected", PAWL_E_FORM },
        { "d08340a1f64040", "unprotected", PAWL_E_FORM },
        { "d08340a140f640", "unprotected", PAWL_E_FORM }, /* a label of bytes */
        { "d08340a2054004 4040", "unprotected", PAWL_E_FORM },
        { "d08340a10 40040", "kid", PAWL_E_FORM },
        { "d08340a135f640", "PartyU nonce", PAWL_E_FORM },
        { "d08340a1353bffffffffffffffff40", "", PAWL_OK },
        { "d08340a12060 40", "", PAWL_OK },                 /* a parameter that nobody knows */
        { "d08340a161786040", "unprotected", PAWL_E_FORM }, /* a label of text */
        { "d08340a1028101 40", "crit", PAWL_E_UNSUPPORTED },
        { "d08340a13a00011170810140", "starts", PAWL_E_RANGE },
        { "d08340a13a000111702040", "starts", PAWL_E_FORM },
        { "d08340a13a000111722040", "seq", PAWL_E_FORM },
        { "d08343a10103a1010340", "unprotected", PAWL_E_FORM }, /* both say the algorithm */
        { "d08340a060", "ciphertext", PAWL_E_FORM },
        { "d08340a0f6", "ciphertext", PAWL_E_FORM },
        { "d08340a04000", "end", PAWL_E_TRAILING },
        { "d8608440a04080", "recipients", PAWL_E_RANGE },
        { "d8608440a040828340a0408340a040", "recipients", PAWL_E_RANGE },
        { "d8608440a040818440a04080", "recipient", PAWL_E_RANGE },
        { "d8608440a040818340a04100", "ciphertext", PAWL_E_RANGE },
        { "d8608440a040818343a10160a040", "recipient.protected.alg", PAWL_E_FORM },
        { "d8608440a04081834 3a10129a1012940", "recipient.unprotected", PAWL_E_FORM },
    };
    struct pawl_err err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct pawl_cose_encrypt m;
        char                     where[64];
        t_poison(&m, sizeof(m));
        if (bad[i].code == PAWL_OK) {
            T_OK(pawl_cose_encrypt_parse(t_hex(bad[i].hex), &m, &err), &err);
            continue;
        }
        snprintf(where, sizeof(where), "COSE_Encrypt.%s", bad[i].where);
        T_FAILS(pawl_cose_encrypt_parse(t_hex(bad[i].hex), &m, &err), &err, bad[i].code);
        T_WHERE(&err, where);
        t_still_poisoned(&m, sizeof(m));
    }
}

static void an_empty_map_is_authenticated_as_no_bytes(void **state) /* RFC 9052 5.3 */
{
    (void)state;
    struct pawl_cose_encrypt m;
    struct pawl_err          err;

    T_OK(pawl_cose_encrypt_parse(t_hex("d08341a0a040"), &m, &err), &err);
    assert_int_equal(m.body.bytes.n, 0);
    T_OK(pawl_cose_encrypt_parse(t_hex("d08340a040"), &m, &err), &err);
    assert_int_equal(m.body.bytes.n, 0);
}

static void an_unknown_algorithm_neither_seals_nor_opens(void **state)
{
    (void)state;
    struct pawl_cose_encrypt m = with_all(PAWL_COSE_ENCRYPT0, PAWL_A128GCM);
    struct pawl_secret       key = key_of(PAWL_A128GCM);
    struct pawl_err          err;
    uint8_t                  b[512];
    struct pawl_wr           w = pawl_wr_to(b, sizeof(b));
    size_t                   n = 77;

    m.body.param.alg = 99;
    T_FAILS(pawl_cose_encrypt_seal(&m, &key, aad(), plain(), &w, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "COSE_Encrypt.alg");
    m.body.param.alg = 0;
    T_FAILS(pawl_cose_encrypt_open(&m, &key, aad(), b, sizeof(b), &n, &err), &err,
            PAWL_E_UNSUPPORTED);
    assert_true(w.n == 0 && n == 77);
}

static void writes_the_whole_or_nothing(void **state)
{
    (void)state;
    static const uint8_t big[PAWL_PLAINTEXT_MAX + 1];
    struct pawl_secret   key = key_of(PAWL_A128GCM);

    for (int form = PAWL_COSE_ENCRYPT0; form <= PAWL_COSE_ENCRYPT; form++) {
        struct pawl_cose_encrypt m = with_all((enum pawl_cose_form)form, PAWL_A128GCM);
        size_t                   need = sealed(&m, PAWL_A128GCM).n;
        struct pawl_err          err;
        m.body.bytes = m.body.ciphertext = pawl_view(NULL, 0);
        for (size_t cap = 0; cap < need; cap++) {
            uint8_t       *b = malloc(cap ? cap : 1);
            struct pawl_wr w = pawl_wr_to(b, cap);
            T_FAILS(pawl_cose_encrypt_seal(&m, &key, aad(), plain(), &w, &err), &err, PAWL_E_FULL);
            assert_true(w.n == 0 && !w.full && !m.body.bytes.p && !m.body.ciphertext.p);
            free(b);
        }
        static uint8_t room[2 * PAWL_PLAINTEXT_MAX];
        struct pawl_wr w = pawl_wr_to(room, sizeof(room));
        T_FAILS(pawl_cose_encrypt_seal(&m, &key, aad(), PAWL_VIEW_OF(big), &w, &err), &err,
                PAWL_E_RANGE);
        T_WHERE(&err, "COSE_Encrypt.plaintext");
        T_FAILS(pawl_cose_encrypt_seal(&m, &key, pawl_view(big, 512), plain(), &w, &err), &err,
                PAWL_E_FULL);
        T_WHERE(&err, "Enc_structure");
        m.body.param.iv.n--;
        T_FAILS(pawl_cose_encrypt_seal(&m, &key, aad(), plain(), &w, &err), &err, PAWL_E_RANGE);
        T_WHERE(&err, "COSE_Encrypt.aead.nonce");
        assert_int_equal(w.n, 0);
    }
}

static void another_key_or_aad_does_not_open(void **state)
{
    (void)state;
    struct pawl_cose_encrypt m = with_all(PAWL_COSE_ENCRYPT, PAWL_A128GCM);
    struct pawl_view         in = sealed(&m, PAWL_A128GCM);
    struct pawl_secret       key = key_of(PAWL_A128GCM);
    struct pawl_err          err;
    uint8_t                  out[64];
    size_t                   n = 77;

    T_OK(pawl_cose_encrypt_parse(in, &m, &err), &err);
    T_FAILS(pawl_cose_encrypt_open(&m, &key, pawl_view(NULL, 0), out, 64, &n, &err), &err,
            PAWL_E_FORGED);
    T_WHERE(&err, "COSE_Encrypt.aead");
    key.b[0] ^= 1;
    T_FAILS(pawl_cose_encrypt_open(&m, &key, aad(), out, 64, &n, &err), &err, PAWL_E_FORGED);
    key.b[0] ^= 1;
    m.form = PAWL_COSE_ENCRYPT0;
    T_FAILS(pawl_cose_encrypt_open(&m, &key, aad(), out, 64, &n, &err), &err, PAWL_E_FORGED);
    assert_int_equal(n, 77);
}

struct opened {
    struct pawl_secret key;
    size_t             n; /* how many did */
};

static void count_if_it_opens(struct pawl_view in, void *arg)
{
    struct opened           *o = arg;
    struct pawl_cose_encrypt m;
    struct pawl_err          err;
    uint8_t                  out[64];
    size_t                   n;

    if (!pawl_is_ok(pawl_cose_encrypt_parse(in, &m, &err)) ||
        !pawl_is_ok(pawl_cose_encrypt_open(&m, &o->key, aad(), out, sizeof(out), &n, &err)))
        return;
    assert_true(pawl_view_equal(pawl_view(out, n), plain()));
    o->n++;
}

static void nothing_protected_can_be_changed(void **state)
{
    (void)state;
    struct pawl_cose_encrypt m = with_all(PAWL_COSE_ENCRYPT0, PAWL_A128GCM);
    struct opened            o = { key_of(PAWL_A128GCM), 0 };

    /* All that this message has is protected, or the IV, or form. */
    t_each_flip(sealed(&m, PAWL_A128GCM), count_if_it_opens, &o);
    assert_int_equal(o.n, 0);
    m = with_all(PAWL_COSE_ENCRYPT, PAWL_A128GCM);
    t_each_truncation(sealed(&m, PAWL_A128GCM), count_if_it_opens, &o);
    assert_int_equal(o.n, 0);
    /* The recipient's open header is a hint: it may be changed, and then it says something else. */
    t_each_flip(sealed(&m, PAWL_A128GCM), count_if_it_opens, &o);
    assert_true(o.n > 0);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("what is sealed opens", what_is_sealed_opens),
        T_CASE("numbers of algorithms go both ways", numbers_of_algorithms_go_both_ways),
        T_CASE("every part of a context counts", every_part_of_a_context_counts),
        T_CASE("an empty map is authenticated as no bytes",
               an_empty_map_is_authenticated_as_no_bytes),
        T_CASE("a context that is none makes no key", a_context_that_is_none_makes_no_key),
        T_CASE("names the field of what is malformed", names_the_field_of_what_is_malformed),
        T_CASE("an unknown algorithm neither seals nor opens",
               an_unknown_algorithm_neither_seals_nor_opens),
        T_CASE("writes the whole or nothing", writes_the_whole_or_nothing),
        T_CASE("another key or aad does not open", another_key_or_aad_does_not_open),
        T_CASE("nothing protected can be changed", nothing_protected_can_be_changed),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
