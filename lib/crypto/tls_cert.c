/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The self-signed TLS certificate that `pawl-verifier init` makes. Devices pin its key; browsers
 * and tools that look further find names, dates and usages as they expect them (RFC 5280, RFC
 * 6125).
 */

#include <string.h>

#include <openssl/pem.h>

#include "crypto/private.h"

enum {
    SERIAL_N = 16,
    CN_MAX = 64, /* ub-common-name */
    DNS_MAX = 253,
    DAYS_MAX = 36500,
};

CRYPTO_RELEASE(release_bits, ASN1_BIT_STRING, ASN1_BIT_STRING_free)
CRYPTO_RELEASE(release_basic, BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free)

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_dns(const char *name)
{
    size_t n = strlen(name);

    return n > 0 && n <= DNS_MAX &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*") == n;
}

static pawl_status add_name(GENERAL_NAMES *names, const char *text, struct pawl_err *err)
{
    int                type = GEN_IPADD;
    ASN1_OCTET_STRING *value = a2i_IPADDRESS(text);

    ERR_clear_error();
    if (!value) {
        if (!is_dns(text))
            return pawl_fail(err, PAWL_E_FORM, "tls.names", "neither a DNS name nor an address");
        type = GEN_DNS;
        value = ASN1_IA5STRING_new();
        if (!value || ASN1_STRING_set(value, text, -1) != 1) {
            ASN1_IA5STRING_free(value);
            return crypto_no_memory(err, "tls.names");
        }
    }
    GENERAL_NAME *g = GENERAL_NAME_new();
    if (!g) {
        ASN1_STRING_free(value);
        return crypto_no_memory(err, "tls.names");
    }
    GENERAL_NAME_set0_value(g, type, value);
    if (sk_GENERAL_NAME_push(names, g) > 0)
        return pawl_ok();
    GENERAL_NAME_free(g);
    return crypto_no_memory(err, "tls.names");
}

static pawl_status set_names(X509 *cert, const char *const *names, size_t names_n,
                             struct pawl_err *err)
{
    PAWL_CLEANUP(release_general_names) GENERAL_NAMES *san = GENERAL_NAMES_new();
    X509_NAME                                         *subject = X509_get_subject_name(cert);
    size_t                                             cn_n = strlen(names[0]);

    if (!san)
        return crypto_no_memory(err, "tls.names");
    for (size_t i = 0; i < names_n; i++)
        PAWL_TRY(add_name(san, names[i], err));
    if (cn_n > CN_MAX)
        cn_n = CN_MAX;
    if (X509_add1_ext_i2d(cert, NID_subject_alt_name, san, 0, X509V3_ADD_DEFAULT) != 1 ||
        X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                   (const unsigned char *)names[0], (int)cn_n, -1, 0) != 1 ||
        X509_set_issuer_name(cert, subject) != 1)
        return crypto_fail(err, "tls.names", "cannot be set");
    return pawl_ok();
}

/* ---- the rest -------------------------------------------------------------------------------- */

static pawl_status set_serial(X509 *cert, struct pawl_err *err)
{
    uint8_t b[SERIAL_N];

    PAWL_TRY(pawl_random(b, sizeof(b), err));
    b[0] = (uint8_t)((b[0] & 0x7f) | 0x40); /* positive, and always of this length */
    PAWL_CLEANUP(release_bn) BIGNUM *n = BN_bin2bn(b, sizeof(b), NULL);
    if (!n || !BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)))
        return crypto_no_memory(err, "tls.serial");
    return pawl_ok();
}

static pawl_status set_dates(X509 *cert, int64_t now_s, unsigned days, struct pawl_err *err)
{
    time_t now = (time_t)now_s;

    /* A day back: clocks of devices that only just started. */
    if (!ASN1_TIME_adj(X509_getm_notBefore(cert), now, -1, 0) ||
        !ASN1_TIME_adj(X509_getm_notAfter(cert), now, (int)days - 1, 0))
        return crypto_fail(err, "tls.days", "no date that can be written");
    return pawl_ok();
}

static pawl_status set_usages(X509 *cert, struct pawl_err *err)
{
    static const uint8_t                                sign_only = KU_DIGITAL_SIGNATURE;
    PAWL_CLEANUP(release_basic) BASIC_CONSTRAINTS      *basic = BASIC_CONSTRAINTS_new();
    PAWL_CLEANUP(release_bits) ASN1_BIT_STRING         *usage = ASN1_BIT_STRING_new();
    PAWL_CLEANUP(release_ext_usage) EXTENDED_KEY_USAGE *ext = EXTENDED_KEY_USAGE_new();

    if (!basic || !usage || !ext || ASN1_STRING_set(usage, &sign_only, 1) != 1 ||
        sk_ASN1_OBJECT_push(ext, OBJ_nid2obj(NID_server_auth)) <= 0)
        return crypto_no_memory(err, "tls.usage");
    if (X509_add1_ext_i2d(cert, NID_basic_constraints, basic, 1, X509V3_ADD_DEFAULT) != 1 ||
        X509_add1_ext_i2d(cert, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) != 1 ||
        X509_add1_ext_i2d(cert, NID_ext_key_usage, ext, 0, X509V3_ADD_DEFAULT) != 1)
        return crypto_fail(err, "tls.usage", "cannot be set");
    return pawl_ok();
}

pawl_status pawl_tls_cert_make(const struct pawl_private *k, const char *const *names,
                               size_t names_n, int64_t now_s, unsigned days, uint8_t *ret,
                               size_t cap, size_t *ret_n, struct pawl_err *err)
{
    if (k->pub.kind != PAWL_KEY_P256)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "tls.key", "%s where P-256 is due",
                         pawl_public_name(&k->pub));
    if (names_n == 0)
        return pawl_fail(err, PAWL_E_RANGE, "tls.names", "none");
    if (days == 0 || days > DAYS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "tls.days", "%u, 1 to %d are possible", days, DAYS_MAX);
    PAWL_CLEANUP(release_x509) X509 *cert = X509_new();
    PAWL_CLEANUP(release_bio) BIO   *bio = BIO_new(BIO_s_mem());
    if (!cert || !bio)
        return crypto_no_memory(err, "tls");
    if (X509_set_version(cert, X509_VERSION_3) != 1 || X509_set_pubkey(cert, k->pkey) != 1)
        return crypto_fail(err, "tls", "cannot set the key");
    PAWL_TRY(set_serial(cert, err));
    PAWL_TRY(set_dates(cert, now_s, days, err));
    PAWL_TRY(set_usages(cert, err));
    PAWL_TRY(set_names(cert, names, names_n, err));
    if (X509_sign(cert, k->pkey, crypto_md(PAWL_SHA256)) <= 0 || PEM_write_bio_X509(bio, cert) != 1)
        return crypto_fail(err, "tls", "cannot sign");
    return crypto_bio_copy(bio, "tls", ret, cap, ret_n, err);
}
