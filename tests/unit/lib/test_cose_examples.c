/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: the COSE working group's examples of COSE_Encrypt0 and of COSE_Encrypt to one recipient
 * that has the key (direct) or a secret (direct+HKDF-SHA-256) open or are refused as each says,
 * with every content algorithm that they use; and the table below names each file that is there,
 * with the reason where it is not for us. Skipped where the examples are absent.
 *
 * Many of them were written by an encoder that keeps map keys in the order of insertion. Our reader
 * is strict and refuses them; nothing protects the order of an open header, so the test sorts it
 * and they open.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <pawl/cbor.h>
#include <pawl/cose.h>

#include "t.h"

#define HKDF    "hkdf-hmac-sha-examples/hmac-sha-"
#define MAC     "COSE_Mac is not ours"
#define SHA_512 "direct+HKDF-SHA-512 is not ours"

static const struct example {
    const char    *file;
    const char    *not_ours; /* why the rest of the row does not apply */
    bool           unsorted; /* the recipient's map keys are out of order */
    enum pawl_code code;     /* of an example that must fail, and the field that it names */
    const char    *where;
} examples[] = {
    { "RFC8152/Appendix_C_3_2", .unsorted = true },
    { "RFC8152/Appendix_C_4_1" },
    { "RFC8152/Appendix_C_4_2" },
    { "aes-ccm-examples/aes-ccm-01" },
    { "aes-ccm-examples/aes-ccm-02" },
    { "aes-ccm-examples/aes-ccm-03" },
    { "aes-ccm-examples/aes-ccm-04" },
    { "aes-ccm-examples/aes-ccm-05" },
    { "aes-ccm-examples/aes-ccm-06" },
    { "aes-ccm-examples/aes-ccm-07" },
    { "aes-ccm-examples/aes-ccm-08" },
    { "aes-ccm-examples/aes-ccm-enc-01" },
    { "aes-ccm-examples/aes-ccm-enc-02" },
    { "aes-ccm-examples/aes-ccm-enc-03" },
    { "aes-ccm-examples/aes-ccm-enc-04" },
    { "aes-ccm-examples/aes-ccm-enc-05" },
    { "aes-ccm-examples/aes-ccm-enc-06" },
    { "aes-ccm-examples/aes-ccm-enc-07" },
    { "aes-ccm-examples/aes-ccm-enc-08" },
    { "aes-gcm-examples/aes-gcm-01" },
    { "aes-gcm-examples/aes-gcm-02" },
    { "aes-gcm-examples/aes-gcm-03" },
    { "aes-gcm-examples/aes-gcm-04", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "aes-gcm-examples/aes-gcm-05" },
    { "aes-gcm-examples/aes-gcm-enc-01" },
    { "aes-gcm-examples/aes-gcm-enc-02" },
    { "aes-gcm-examples/aes-gcm-enc-03" },
    { "aes-gcm-examples/aes-gcm-enc-04", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "chacha-poly-examples/chacha-poly-01" },
    { "chacha-poly-examples/chacha-poly-enc-01" },
    { "encrypted-tests/aes-gcm-01" },
    { "encrypted-tests/enc-fail-01", .code = PAWL_E_FORM, .where = "COSE_Encrypt.tag" },
    { "encrypted-tests/enc-fail-02", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "encrypted-tests/enc-fail-03", .code = PAWL_E_UNSUPPORTED, .where = "COSE_Encrypt.alg" },
    { "encrypted-tests/enc-fail-04", .code = PAWL_E_FORM, .where = "COSE_Encrypt.protected.alg" },
    { "encrypted-tests/enc-fail-06", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "encrypted-tests/enc-fail-07", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "encrypted-tests/enc-pass-01" },
    { "encrypted-tests/enc-pass-02" },
    { "encrypted-tests/enc-pass-03", "it has no tag, which tells the form: refused" },
    { "enveloped-tests/aes-gcm-01" },
    { "enveloped-tests/env-fail-01", .code = PAWL_E_FORM, .where = "COSE_Encrypt.tag" },
    { "enveloped-tests/env-fail-02", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "enveloped-tests/env-fail-03", .code = PAWL_E_UNSUPPORTED, .where = "COSE_Encrypt.alg" },
    { "enveloped-tests/env-fail-04", .code = PAWL_E_FORM, .where = "COSE_Encrypt.protected.alg" },
    { "enveloped-tests/env-fail-06", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "enveloped-tests/env-fail-07", .code = PAWL_E_FORGED, .where = "COSE_Encrypt.aead" },
    { "enveloped-tests/env-pass-01" },
    { "enveloped-tests/env-pass-02" },
    { "enveloped-tests/env-pass-03", "it has no tag, which tells the form: refused" },
    { HKDF "256-01", .unsorted = true },
    { HKDF "256-02", .unsorted = true },
    { HKDF "256-03", MAC },
    { HKDF "256-04", MAC },
    { HKDF "256-05", .unsorted = true },
    { HKDF "256-06", .unsorted = true },
    { HKDF "256-07", .unsorted = true },
    { HKDF "256-08", .unsorted = true },
    { HKDF "256-09", .unsorted = true },
    { HKDF "256-10", .unsorted = true },
    { HKDF "256-11", .unsorted = true },
    { HKDF "256-12", .unsorted = true },
    { HKDF "256-13", .unsorted = true },
    { HKDF "256-14" },
    { HKDF "512-01", SHA_512 },
    { HKDF "512-02", SHA_512 },
    { HKDF "512-03", MAC },
    { HKDF "512-04", MAC },
    { HKDF "512-05", SHA_512 },
    { HKDF "512-06", SHA_512 },
    { HKDF "512-07", SHA_512 },
    { HKDF "512-08", SHA_512 },
    { HKDF "512-09", SHA_512 },
    { HKDF "512-10", SHA_512 },
    { HKDF "512-11", SHA_512 },
    { HKDF "512-12", SHA_512 },
    { HKDF "512-13", SHA_512 },
    { HKDF "512-14", SHA_512 },
};
enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]), DIRECT = -6 };

/* ---- reading an example --------------------------------------------------------------------- */

static cJSON *load(const char *file)
{
    char name[128];

    snprintf(name, sizeof(name), "cose/%s.json", file);
    struct pawl_view text = t_testdata(name);
    cJSON           *json = cJSON_ParseWithLength((const char *)text.p, text.n);
    assert_non_null(json);
    return json;
}

static const cJSON *in(const cJSON *json, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(json, key);
}

static const char *string_in(const cJSON *json, const char *key)
{
    return cJSON_GetStringValue(in(json, key));
}

/* Absent: a view without bytes, p NULL. */
static struct pawl_view text_in(const cJSON *json, const char *key)
{
    const char *text = string_in(json, key);

    return text ? t_copy(pawl_view_str(text)) : pawl_view(NULL, 0);
}

static struct pawl_view hex_in(const cJSON *json, const char *key)
{
    const char *hex = string_in(json, key);

    return hex ? t_hex(hex) : pawl_view(NULL, 0);
}

static const cJSON *message_of(const cJSON *json)
{
    const cJSON *input = in(json, "input"), *m = in(input, "enveloped");

    return m ? m : in(input, "encrypted");
}

static const cJSON *recipient_of(const cJSON *json)
{
    return cJSON_GetArrayItem(in(message_of(json), "recipients"), 0);
}

/* base64url as two of the examples write it: with spare bits set, which our own parser refuses. */
static struct pawl_secret secret_of(const cJSON *json)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    struct pawl_secret s = { 0 };
    uint32_t           bits = 0, have = 0;

    for (const char *k = string_in(in(recipient_of(json), "key"), "k"); *k; k++) {
        bits = bits << 6 | (uint32_t)(strchr(digits, *k) - digits);
        have += 6;
        if (have >= 8 && s.n < PAWL_SECRET_MAX) {
            have -= 8;
            s.b[s.n++] = (uint8_t)(bits >> have);
        }
    }
    return s;
}

/* ---- sorting a map -------------------------------------------------------------------------- */

struct pair {
    struct pawl_view key, value;
};

static int by_key(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    return memcmp(x->key.p, y->key.p, x->key.n < y->key.n ? x->key.n : y->key.n);
}

/* The same COSE_Encrypt with the keys of the recipient's open header in order. */
static struct pawl_view sorted(struct pawl_view m)
{
    uint8_t        b[1024];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));
    struct pair    pairs[16];
    /* d8 60, 84, three items, 81, 83, one item; then the map, whose items are read as if they stood
     * by themselves, for there the order of keys is no matter. */
    size_t              at = 3;
    struct pawl_cbor_rd r = pawl_cbor_rd_from(pawl_view(m.p + at, m.n - at));

    for (int i = 0; i < 3; i++)
        pawl_cbor_rd_raw(&r, "body");
    at += r.at + 2;
    r = pawl_cbor_rd_from(pawl_view(m.p + at, m.n - at));
    pawl_cbor_rd_raw(&r, "protected");
    at += r.at;
    assert_true(at < m.n && (m.p[at] & 0xe0) == 0xa0);
    size_t n = m.p[at] & 0x1f;
    pawl_wr_bytes(&w, pawl_view(m.p, ++at));
    r = pawl_cbor_rd_from(pawl_view(m.p + at, m.n - at));
    assert_true(n <= 16);
    for (size_t i = 0; i < n; i++) {
        pairs[i].key = pawl_cbor_rd_raw(&r, "key");
        pairs[i].value = pawl_cbor_rd_raw(&r, "value");
    }
    assert_null(r.bad);
    qsort(pairs, n, sizeof(pairs[0]), by_key);
    for (size_t i = 0; i < n; i++) {
        pawl_wr_bytes(&w, pairs[i].key);
        pawl_wr_bytes(&w, pairs[i].value);
    }
    pawl_wr_bytes(&w, pawl_view(r.in.p + r.at, r.in.n - r.at));
    assert_true(!w.full && w.n == m.n);
    return t_copy(pawl_view(b, w.n));
}

/* ---- opening one ---------------------------------------------------------------------------- */

/* A value that travelled, or one that both sides are to know. */
static struct pawl_view either(struct pawl_view sent, const cJSON *unsent, const char *key)
{
    return sent.p ? sent : text_in(unsent, key);
}

static pawl_status content_key(const cJSON *json, const struct pawl_cose_encrypt *m,
                               struct pawl_secret *ret, struct pawl_err *err)
{
    const struct pawl_cose_params *h = &m->recipient.param;
    const cJSON                   *unsent = in(recipient_of(json), "unsent");
    struct pawl_secret             secret = secret_of(json), prk;
    struct pawl_cose_context ctx = { h->u, h->v, m->recipient.bytes, text_in(unsent, "pub_other"),
                                     text_in(unsent, "priv_other") };

    if (m->form == PAWL_COSE_ENCRYPT0 || h->alg == DIRECT) {
        *ret = secret;
        return pawl_ok();
    }
    assert_int_equal(m->recipient.param.alg, PAWL_COSE_DIRECT_HKDF_SHA_256);
    ctx.u.identity = either(h->u.identity, unsent, "apu_id");
    ctx.v.identity = either(h->v.identity, unsent, "apv_id");
    PAWL_TRY(pawl_hkdf_extract(h->salt, &secret, &prk, err));
    return pawl_cose_content_key(&prk, pawl_cose_aead(m->body.param.alg), &ctx, ret, err);
}

static pawl_status open_one(const cJSON *json, struct pawl_view cbor, uint8_t ret[64],
                            size_t *ret_n, struct pawl_err *err)
{
    struct pawl_cose_encrypt m;
    struct pawl_secret       key;
    struct pawl_view         iv = hex_in(in(message_of(json), "unsent"), "IV_hex");

    PAWL_TRY(pawl_cose_encrypt_parse(cbor, &m, err));
    PAWL_TRY(content_key(json, &m, &key, err));
    struct pawl_view cek = hex_in(in(json, "intermediates"), "CEK_hex");
    assert_true(pawl_view_equal(pawl_secret_view(&key), cek));
    if (m.body.open & PAWL_COSE_PARTIAL_IV) {
        struct pawl_view part = m.body.param.partial_iv;
        assert_true(iv.n > part.n && memcmp(iv.p + iv.n - part.n, part.p, part.n) == 0);
        m.body.param.iv = iv;
    }
    return pawl_cose_encrypt_open(&m, &key, hex_in(message_of(json), "external"), ret, 64, ret_n,
                                  err);
}

static void check(const struct example *e, const cJSON *json)
{
    struct pawl_view cbor = hex_in(in(json, "output"), "cbor");
    struct pawl_view plain = text_in(in(json, "input"), "plaintext");
    struct pawl_err  err;
    uint8_t          out[64];
    size_t           n = 0;

    print_message("%s\n", e->file);
    assert_true(cJSON_IsTrue(in(json, "fail")) == (e->code != PAWL_E_NONE));
    if (e->unsorted) {
        T_FAILS(open_one(json, cbor, out, &n, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, "COSE_Encrypt.unprotected");
        cbor = sorted(cbor);
    }
    if (e->code != PAWL_E_NONE) {
        T_FAILS(open_one(json, cbor, out, &n, &err), &err, e->code);
        T_WHERE(&err, e->where);
        return;
    }
    T_OK(open_one(json, cbor, out, &n, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, n), plain));
}

static void the_examples_open_or_are_refused_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        cJSON *json = load(examples[i].file);
        if (!examples[i].not_ours)
            check(&examples[i], json);
        cJSON_Delete(json);
    }
}

static void those_that_are_not_ours_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        const struct example *e = &examples[i];
        if (!e->not_ours)
            continue;
        cJSON                   *json = load(e->file);
        struct pawl_cose_encrypt m;
        struct pawl_err          err;
        struct pawl_view         cbor = hex_in(in(json, "output"), "cbor");
        print_message("%s: %s\n", e->file, e->not_ours);
        /* One out of order is refused for that, and has the other recipient algorithm when sorted.
         */
        if (strcmp(e->not_ours, SHA_512) != 0) {
            T_FAILS(pawl_cose_encrypt_parse(cbor, &m, &err), &err, PAWL_E_FORM);
            T_WHERE(&err, "COSE_Encrypt.tag");
        } else {
            T_OK(pawl_cose_encrypt_parse(sorted(cbor), &m, &err), &err);
            assert_true(m.recipient.param.alg != PAWL_COSE_DIRECT_HKDF_SHA_256);
        }
        cJSON_Delete(json);
    }
}

static bool has_row(const char *folder, const char *file)
{
    char name[384];

    snprintf(name, sizeof(name), "%s/%s", folder, file);
    name[strlen(name) - strlen(".json")] = 0;
    for (size_t i = 0; i < EXAMPLES; i++)
        if (strcmp(examples[i].file, name) == 0)
            return true;
    print_error("%s has no row\n", name);
    return false;
}

static void each_example_has_a_row(void **state)
{
    (void)state;
    static const char *const folders[] = {
        "RFC8152",         "aes-ccm-examples", "aes-gcm-examples",      "chacha-poly-examples",
        "encrypted-tests", "enveloped-tests",  "hkdf-hmac-sha-examples"
    };
    size_t n = 0;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char        path[512];
        const char *root = getenv("PAWL_TESTDATA");
        snprintf(path, sizeof(path), "%s/cose/%s", root ? root : ".", folders[i]);
        DIR *dir = opendir(path);
        if (!dir) {
            print_message("skipped: no %s\n", path);
            skip();
        }
        for (struct dirent *d = readdir(dir); d; d = readdir(dir))
            if (strstr(d->d_name, ".json")) {
                assert_true(has_row(folders[i], d->d_name));
                n++;
            }
        closedir(dir);
    }
    assert_int_equal(n, EXAMPLES);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("the examples open or are refused as they say",
               the_examples_open_or_are_refused_as_they_say),
        T_CASE("those that are not ours are refused", those_that_are_not_ours_are_refused),
        T_CASE("each example has a row", each_example_has_a_row),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
