/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_pki.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "t.h"

static void add_name(X509_NAME *name, const char *oid, const char *text)
{
    ASN1_OBJECT *o = OBJ_txt2obj(oid, 1);

    if (text)
        assert_int_equal(X509_NAME_add_entry_by_OBJ(name, o, MBSTRING_UTF8,
                                                    (const unsigned char *)text, -1, -1, 0),
                         1);
    ASN1_OBJECT_free(o);
}

static void add_extension(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* The TPM's manufacturer, model and version, where EK certificates have them. */
static void add_tpm(X509 *x, const struct soft_cert *c)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME  *name = GENERAL_NAME_new();

    name->type = GEN_DIRNAME;
    name->d.directoryName = X509_NAME_new();
    add_name(name->d.directoryName, "2.23.133.2.1", c->manufacturer);
    add_name(name->d.directoryName, "2.23.133.2.2", c->model);
    add_name(name->d.directoryName, "2.23.133.2.3", c->version);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
    assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 1, 0), 1);
    GENERAL_NAMES_free(names);
}

struct pawl_view soft_cert_make(const struct soft_cert *c)
{
    static long serial = 1;
    X509       *x = X509_new();
    uint8_t    *der = NULL;

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    ASN1_TIME_set(X509_getm_notBefore(x), c->not_before_s);
    ASN1_TIME_set(X509_getm_notAfter(x), c->not_after_s);
    add_name(X509_get_subject_name(x), "2.5.4.3", c->subject);
    add_name(X509_get_issuer_name(x), "2.5.4.3", c->issuer);
    X509_set_pubkey(x, c->key);
    add_extension(x, NID_basic_constraints, c->is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (c->usage)
        add_extension(x, NID_key_usage, c->usage);
    if (c->manufacturer)
        add_tpm(x, c);
    assert_true(X509_sign(x, c->by, EVP_sha256()) > 0);
    int n = i2d_X509(x, &der);
    assert_true(n > 0);
    struct pawl_view v = t_copy(pawl_view(der, (size_t)n));
    OPENSSL_free(der);
    X509_free(x);
    return v;
}

struct pawl_view soft_cert_pem(struct pawl_view der)
{
    const uint8_t *at = der.p;
    X509          *x = d2i_X509(NULL, &at, (long)der.n);
    BIO           *bio = BIO_new(BIO_s_mem());
    char          *p;

    assert_int_equal(PEM_write_bio_X509(bio, x), 1);
    long             n = BIO_get_mem_data(bio, &p);
    struct pawl_view v = t_copy(pawl_view(p, (size_t)n));
    BIO_free(bio);
    X509_free(x);
    return v;
}
