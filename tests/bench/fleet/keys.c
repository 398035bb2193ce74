/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys out of a seed, and the lab's certificates. A certificate is made by putting serial number
 * and key into one that OpenSSL made, and signing it: a million of them take seconds.
 */
#include "fleet.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "soft_pki.h"

#define CA_NAME      "Pawl lab fleet CA"
#define FROM_S       1577836800 /* 2020-01-01 .. */
#define TO_S         2840140800 /* .. 2060-01-01: a fleet outlives a run */
#define SERIAL_FIRST (UINT64_C(0x50) << 56)

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "fleet: %s failed\n", what);
    abort();
}

/* ---- keys ----------------------------------------------------------------------------------- */

static void scalar(const struct fleet *f, enum fleet_role role, size_t index, uint64_t count,
                   uint8_t ret[32])
{
    uint8_t         b[64];
    struct pawl_wr  w = pawl_wr_to(b, sizeof(b));
    struct pawl_err err;

    pawl_wr_bytes(&w, pawl_view_str("pawl fleet key"));
    pawl_wr_u64(&w, f->seed);
    pawl_wr_u8(&w, (uint8_t)role);
    pawl_wr_u64(&w, index);
    pawl_wr_u64(&w, count);
    must(pawl_is_ok(pawl_sha256(pawl_view(b, w.n), ret, &err)), "a hash");
    ret[0] = 0; /* below the order */
}

/* One for all threads, which only read it: OpenSSL sets a curve up anew otherwise. */
static EC_GROUP *p256;

static void make_curve(void)
{
    p256 = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

static const EC_GROUP *curve(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    must(pthread_once(&once, make_curve) == 0 && p256, "the curve");
    return p256;
}

static void public_point(const BIGNUM *d, uint8_t ret[PAWL_POINT_P256])
{
    EC_POINT *p = EC_POINT_new(curve());

    must(p && EC_POINT_mul(curve(), p, d, NULL, NULL, NULL) == 1 &&
             EC_POINT_point2oct(curve(), p, POINT_CONVERSION_UNCOMPRESSED, ret, PAWL_POINT_P256,
                                NULL) == PAWL_POINT_P256,
         "a point");
    EC_POINT_free(p);
}

EVP_PKEY *fleet_key(const struct fleet *f, enum fleet_role role, size_t index, uint64_t count,
                    uint8_t point[PAWL_POINT_P256])
{
    uint8_t       secret[32], native[32];
    EVP_PKEY     *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM    p[4] = {
           OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)"P-256", 0),
           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, sizeof(native)),
           OSSL_PARAM_construct_end(),
           OSSL_PARAM_construct_end(),
    };

    scalar(f, role, index, count, secret);
    BIGNUM *d = BN_bin2bn(secret, sizeof(secret), NULL);
    must(c && d && BN_bn2nativepad(d, native, sizeof(native)) == sizeof(native), "a key");
    if (point) {
        public_point(d, point);
        p[2] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, PAWL_POINT_P256);
    }
    must(EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, p) == 1,
         "a key");
    EVP_PKEY_CTX_free(c);
    BN_free(d);
    return key;
}

static size_t sign_der(EVP_PKEY *key, struct pawl_view in, uint8_t ret[80])
{
    size_t      n = 80;
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    must(md && EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
             EVP_DigestSign(md, ret, &n, in.p, in.n) == 1,
         "a signature");
    EVP_MD_CTX_free(md);
    return n;
}

void fleet_sign(EVP_PKEY *key, struct pawl_view in, uint8_t rs[64])
{
    uint8_t         der[80];
    size_t          n = sign_der(key, in, der);
    struct pawl_err err;

    must(pawl_is_ok(pawl_ecdsa_from_der(PAWL_KEY_P256, pawl_view(der, n), rs, 64, &n, &err)),
         "a signature's form");
}

/* ---- certificates --------------------------------------------------------------------------- */

struct fleet_maker {
    EVP_PKEY        *ca;
    struct pawl_view root;
    size_t           tbs_n, key_at, serial_at;
    uint8_t          tbs[FLEET_CERT_MAX];
};

static size_t find(const struct fleet_maker *m, const void *what, size_t n)
{
    const uint8_t *p = memmem(m->tbs, m->tbs_n, what, n);

    must(p != NULL, "a certificate's form");
    return (size_t)(p - m->tbs);
}

static void learn_form(struct fleet_maker *m, struct pawl_view der, const uint8_t *point)
{
    static const uint8_t serial[] = { 0x02, 0x08, 0x50, 0, 0, 0, 0, 0, 0, 0 };
    const uint8_t       *at = der.p;
    uint8_t             *to = m->tbs;
    X509                *x = d2i_X509(NULL, &at, (long)der.n);

    must(x && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), SERIAL_FIRST) == 1,
         "a certificate");
    int n = i2d_re_X509_tbs(x, NULL);
    must(n > 0 && n <= (int)sizeof(m->tbs) && i2d_re_X509_tbs(x, &to) == n, "a certificate's form");
    m->tbs_n = (size_t)n;
    m->serial_at = find(m, serial, sizeof(serial)) + 2;
    m->key_at = find(m, point, PAWL_POINT_P256);
    X509_free(x);
}

struct fleet_maker *fleet_maker_make(const struct fleet *f)
{
    struct fleet_maker *m = calloc(1, sizeof(*m));
    uint8_t             ca_point[PAWL_POINT_P256], point[PAWL_POINT_P256];

    must(m != NULL, "memory");
    m->ca = fleet_key(f, FLEET_CA, 0, 0, ca_point);
    EVP_PKEY *ek = fleet_key(f, FLEET_EK, 0, 0, point);
    m->root = soft_cert_make(&(struct soft_cert){ .subject = CA_NAME,
                                                  .issuer = CA_NAME,
                                                  .key = m->ca,
                                                  .by = m->ca,
                                                  .is_ca = true,
                                                  .usage = "critical,keyCertSign",
                                                  .not_before_s = FROM_S,
                                                  .not_after_s = TO_S });
    learn_form(m,
               soft_cert_make(&(struct soft_cert){ .issuer = CA_NAME,
                                                   .key = ek,
                                                   .by = m->ca,
                                                   .usage = "critical,keyAgreement",
                                                   .manufacturer = "id:00001014",
                                                   .model = "fleet",
                                                   .version = "id:00490040",
                                                   .not_before_s = FROM_S,
                                                   .not_after_s = TO_S }),
               point);
    EVP_PKEY_free(ek);
    return m;
}

void fleet_maker_free(struct fleet_maker **m)
{
    if (!*m)
        return;
    EVP_PKEY_free((*m)->ca);
    free(*m);
    *m = NULL;
}

struct pawl_view fleet_maker_root(const struct fleet_maker *m)
{
    return m->root;
}

size_t fleet_maker_certify(const struct fleet_maker *m, size_t index,
                           const uint8_t point[PAWL_POINT_P256], uint8_t ret[FLEET_CERT_MAX])
{
    static const uint8_t alg[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                   0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };
    uint8_t              tbs[FLEET_CERT_MAX], sig[80];
    struct pawl_wr       serial = pawl_wr_to(tbs + m->serial_at, 8);
    struct pawl_wr       w = pawl_wr_to(ret, FLEET_CERT_MAX);

    memcpy(tbs, m->tbs, m->tbs_n);
    pawl_wr_u64(&serial, SERIAL_FIRST + index);
    memcpy(tbs + m->key_at, point, PAWL_POINT_P256);
    size_t sig_n = sign_der(m->ca, pawl_view(tbs, m->tbs_n), sig);

    pawl_wr_u16(&w, 0x3082); /* SEQUENCE of tbs, algorithm, BIT STRING */
    pawl_wr_u16(&w, (uint16_t)(m->tbs_n + sizeof(alg) + 3 + sig_n));
    pawl_wr_bytes(&w, pawl_view(tbs, m->tbs_n));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(alg));
    pawl_wr_u8(&w, 0x03);
    pawl_wr_u8(&w, (uint8_t)(sig_n + 1));
    pawl_wr_u8(&w, 0);
    pawl_wr_bytes(&w, pawl_view(sig, sig_n));
    must(!w.full, "a certificate");
    return w.n;
}
