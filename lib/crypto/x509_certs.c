/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bags of certificates: trusted roots, or intermediates that nobody trusts yet. Which of the two a
 * bag is decides only the argument that it is passed as.
 */

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>

#include "crypto/x509.h"

void pawl_certs_free(struct pawl_certs **c)
{
    if (!*c)
        return;
    sk_X509_pop_free((*c)->list, X509_free);
    free(*c);
    *c = NULL;
}

size_t pawl_certs_count(const struct pawl_certs *c)
{
    return (size_t)sk_X509_num(c->list);
}

static struct pawl_certs *certs_make(void)
{
    struct pawl_certs *c = calloc(1, sizeof(*c));

    if (c)
        c->list = sk_X509_new_null();
    if (c && c->list)
        return c;
    free(c);
    return NULL;
}

/* Takes cert over if it succeeds. */
static pawl_status put(struct pawl_certs **into, X509 *cert, struct pawl_err *err)
{
    if (!*into)
        *into = certs_make();
    if (!*into)
        return crypto_no_memory(err, "certificates");
    if (pawl_certs_count(*into) >= PAWL_CERT_LIST_MAX)
        return pawl_fail(err, PAWL_E_FULL, "certificates", "more than %d", PAWL_CERT_LIST_MAX);
    return sk_X509_push((*into)->list, cert) > 0 ? pawl_ok()
                                                 : crypto_no_memory(err, "certificates");
}

static pawl_status add_pem(struct pawl_certs **into, struct pawl_view pem, size_t *ret_n,
                           struct pawl_err *err)
{
    size_t n = 0;

    PAWL_CLEANUP(release_bio) BIO *bio = NULL;
    PAWL_TRY(crypto_bio_from(pem, "certificates", &bio, err));
    for (;;) {
        PAWL_CLEANUP(release_x509)
        X509 *cert = PEM_read_bio_X509(bio, NULL, crypto_no_password, NULL);
        int   reason = ERR_GET_REASON(ERR_peek_last_error());

        ERR_clear_error();
        if (!cert && reason == PEM_R_NO_START_LINE)
            break; /* the end */
        if (!cert)
            return pawl_fail(err, PAWL_E_FORM, "certificates", "PEM block %zu is no certificate",
                             n + 1);
        PAWL_TRY(put(into, cert, err));
        cert = NULL;
        n++;
    }
    if (n == 0)
        return pawl_fail(err, PAWL_E_FORM, "certificates", "neither PEM nor DER of a certificate");
    *ret_n = n;
    return pawl_ok();
}

static pawl_status add_der(struct pawl_certs **into, struct pawl_view der, size_t *ret_n,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(release_x509) X509 *cert = NULL;

    PAWL_TRY(crypto_x509_from_der(der, "certificates", &cert, err));
    PAWL_TRY(put(into, cert, err));
    cert = NULL;
    *ret_n = 1;
    return pawl_ok();
}

pawl_status pawl_certs_add(struct pawl_certs **into, struct pawl_view pem_or_der, size_t *ret_n,
                           struct pawl_err *err)
{
    /* A certificate is a SEQUENCE of more than 127 bytes; no text begins with '0' and a byte above
     * ASCII. */
    bool der = pem_or_der.n > 2 && pem_or_der.p[0] == 0x30 && pem_or_der.p[1] > 0x80;

    return der ? add_der(into, pem_or_der, ret_n, err) : add_pem(into, pem_or_der, ret_n, err);
}

/* The bytes of the key are the key: an RSA one that is marked otherwise is still itself. */
static bool holds_key_of(const struct pawl_certs *c, const X509 *cert)
{
    const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(cert);

    for (int i = 0; i < sk_X509_num(c->list); i++)
        if (ASN1_STRING_cmp(X509_get0_pubkey_bitstr(sk_X509_value(c->list, i)), key) == 0)
            return true;
    return false;
}

bool pawl_certs_hold_key(const struct pawl_certs *c, struct pawl_view der)
{
    PAWL_CLEANUP(release_x509) X509 *cert = NULL;
    struct pawl_err                  ignored;

    return pawl_is_ok(crypto_x509_from_der(der, "certificate", &cert, &ignored)) &&
           holds_key_of(c, cert);
}

bool pawl_certs_hold_ek(const struct pawl_certs *c, const struct pawl_ek *ek)
{
    return holds_key_of(c, ek->cert);
}

void pawl_certs_take_out(struct pawl_certs *from, const struct pawl_certs *other)
{
    for (int i = sk_X509_num(from->list) - 1; i >= 0; i--)
        if (holds_key_of(other, sk_X509_value(from->list, i)))
            X509_free(sk_X509_delete(from->list, i));
}

/* ---- one certificate ------------------------------------------------------------------------- */

pawl_status crypto_x509_from_der(struct pawl_view der, const char *where, X509 **ret,
                                 struct pawl_err *err)
{
    const uint8_t *p = der.p;

    if (der.n == 0 || der.n > INT_MAX)
        return pawl_fail(err, PAWL_E_FORM, where, "%zu bytes are no certificate", der.n);
    PAWL_CLEANUP(release_x509) X509 *cert = d2i_X509(NULL, &p, (long)der.n);
    ERR_clear_error(); /* a key that it cannot decode is no error yet, but queued as one */
    if (!cert)
        return pawl_fail(err, PAWL_E_FORM, where, "is no DER certificate");
    if (p != der.p + der.n)
        return pawl_fail(err, PAWL_E_FORM, where, "%zu bytes behind the certificate",
                         (size_t)(der.p + der.n - p));
    *ret = cert;
    cert = NULL;
    return pawl_ok();
}

pawl_status crypto_x509_key(const X509 *cert, struct pawl_public *ret, struct pawl_err *err)
{
    EVP_PKEY *pkey = X509_get0_pubkey(cert);
    if (!pkey) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "subjectPublicKeyInfo",
                         "OpenSSL cannot read the key");
    }
    return pawl_under(err, "subjectPublicKeyInfo", crypto_export(pkey, ret, err));
}

pawl_status pawl_cert_key(struct pawl_view der, struct pawl_cert_key *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(release_x509) X509 *cert = NULL;
    struct pawl_cert_key             k = { 0 };

    PAWL_TRY(crypto_x509_from_der(der, "certificate", &cert, err));
    PAWL_TRY(crypto_x509_key(cert, &k.key, err));
    const ASN1_OCTET_STRING *id = X509_get0_subject_key_id(cert);
    ERR_clear_error();
    if (id && (size_t)ASN1_STRING_length(id) > sizeof(k.id))
        return pawl_fail(err, PAWL_E_RANGE, "subjectKeyIdentifier", "has more than %zu bytes",
                         sizeof(k.id));
    if (id) {
        k.id_n = (size_t)ASN1_STRING_length(id);
        memcpy(k.id, ASN1_STRING_get0_data(id), k.id_n);
    }
    *ret = k;
    return pawl_ok();
}
