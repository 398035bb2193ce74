/* SPDX-License-Identifier: Apache-2.0 */
/* Makes certificates for tests, good ones and bad ones, by OpenSSL's own calls. */
#ifndef PAWL_TESTS_CRYPTO_CA_H
#define PAWL_TESTS_CRYPTO_CA_H

#include <stdlib.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "t.h"

enum { CA_NOW = 1750000000, CA_DAY = 86400 };

/* Extensions as openssl.cnf(5) has them. */
#define CA_EXT  "[e]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
#define CA_LEAF "[e]\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,keyAgreement\n"
#define CA_EKU  "extendedKeyUsage=2.23.133.8.1\n"
#define CA_SAN  "subjectAltName=critical,dirName:tpm\n"
#define CA_ATTRS                                                                                   \
    "[tpm]\n0.2.23.133.2.1=id:53544D20\n1.2.23.133.2.2=%s\n2.2.23.133.2.3=id:00490008\n"

/* A certificate with its key. */
struct ca {
    X509     *cert;
    EVP_PKEY *key;
};

struct ca_spec {
    const char      *subject; /* common name; NULL for an empty subject */
    const char      *curve;   /* NULL for P-256, "RSA:bits" for RSA */
    const char      *ext;
    const struct ca *issuer; /* NULL for self-signed */
    int64_t          from_s, to_s;
    const EVP_MD    *md;     /* NULL for SHA-256 */
    EVP_PKEY        *key;    /* NULL for a fresh one */
    const char      *serial; /* hex */
    bool             oaep;   /* the key is marked rsaesOaep */
};

static inline EVP_PKEY *ca_key(const char *curve)
{
    EVP_PKEY *key;

    if (curve && strncmp(curve, "RSA:", 4) == 0)
        key = EVP_RSA_gen((unsigned)atoi(curve + 4));
    else
        key = EVP_EC_gen(curve ? curve : "P-256");
    assert_non_null(key);
    return key;
}

static inline void ca_extend(X509 *cert, X509 *issuer, const char *ext)
{
    X509V3_CTX ctx;
    CONF      *conf = NCONF_new(NULL);
    BIO       *bio = BIO_new_mem_buf(ext, -1);

    assert_int_equal(NCONF_load_bio(conf, bio, NULL), 1);
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509V3_set_nconf(&ctx, conf);
    assert_int_equal(X509V3_EXT_add_nconf(conf, &ctx, "e", cert), 1);
    BIO_free(bio);
    NCONF_free(conf);
}

static inline struct ca ca_make(struct ca_spec s)
{
    struct ca ca = { X509_new(), s.key ? s.key : ca_key(s.curve) };
    BIGNUM   *serial = NULL;

    assert_true(BN_hex2bn(&serial, s.serial ? s.serial : "1234") > 0);
    BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(ca.cert));
    BN_free(serial);
    X509_set_version(ca.cert, X509_VERSION_3);
    X509_set_pubkey(ca.cert, ca.key);
    if (s.oaep)
        X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(ca.cert), OBJ_nid2obj(NID_rsaesOaep),
                               V_ASN1_UNDEF, NULL, NULL, 0);
    ASN1_TIME_set(X509_getm_notBefore(ca.cert), (time_t)(s.from_s ? s.from_s : CA_NOW - CA_DAY));
    ASN1_TIME_set(X509_getm_notAfter(ca.cert), (time_t)(s.to_s ? s.to_s : CA_NOW + CA_DAY));
    if (s.subject)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(ca.cert), "CN", MBSTRING_UTF8,
                                   (const unsigned char *)s.subject, -1, -1, 0);
    X509 *issuer = s.issuer ? s.issuer->cert : ca.cert;
    X509_set_issuer_name(ca.cert, X509_get_subject_name(issuer));
    if (s.ext)
        ca_extend(ca.cert, issuer, s.ext);
    assert_true(X509_sign(ca.cert, s.issuer ? s.issuer->key : ca.key, s.md ? s.md : EVP_sha256()) >
                0);
    return ca;
}

static inline void ca_free(struct ca *ca)
{
    X509_free(ca->cert);
    EVP_PKEY_free(ca->key);
    *ca = (struct ca){ 0 };
}

static inline struct pawl_view ca_der(const struct ca *ca)
{
    unsigned char *der = NULL;
    int            n = i2d_X509(ca->cert, &der);

    assert_true(n > 0);
    struct pawl_view v = t_copy(pawl_view(der, (size_t)n));
    OPENSSL_free(der);
    return v;
}

static inline struct pawl_view ca_pem(const struct ca *ca)
{
    BIO  *bio = BIO_new(BIO_s_mem());
    char *p;

    assert_int_equal(PEM_write_bio_X509(bio, ca->cert), 1);
    long             n = BIO_get_mem_data(bio, &p);
    struct pawl_view v = t_copy(pawl_view(p, (size_t)n));
    BIO_free(bio);
    return v;
}

#endif
