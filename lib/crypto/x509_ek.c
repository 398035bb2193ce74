/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EK certificates as they stand in NV: what they say, not whether it is true (x509_chain.c).
 *
 * Vendors wrap the certificate in a TCG header or pad the index behind it, so the DER's own length
 * decides what it is. Nothing is encoded again: the signature is over the bytes as they are.
 * Profile: TCG EK Credential Profile for TPM Family 2.0, version 2.6.
 */

#include <stdlib.h>
#include <string.h>

#include "crypto/x509.h"

/* ---- the DER inside NV ----------------------------------------------------------------------- */

/* TCG PC Client Implementation for TPM 1.2, 7.3.2: TCG_PCCLIENT_STORED_CERT around TCG_FULL_CERT.
 */
enum {
    STORED_CERT = 0x1001,
    FULL_CERT = 0x1002,
    STORED_FULL = 0,
    STORED_HEADER_N = 7,
};

static pawl_status cut_header(struct pawl_view *nv, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(*nv);

    if (nv->n < 2 || pawl_rd_u16(&r, "tag") != STORED_CERT)
        return pawl_ok();
    uint8_t type = pawl_rd_u8(&r, "certType");
    pawl_rd_u16(&r, "certSize");
    uint16_t         inner = pawl_rd_u16(&r, "cert.tag");
    struct pawl_view rest = pawl_rd_bytes(&r, "cert", r.left);
    PAWL_TRY(pawl_rd_end(&r, err));
    if (type != STORED_FULL || inner != FULL_CERT)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "certType",
                         "a partial certificate (type %u, tag 0x%04x)", type, inner);
    *nv = rest;
    return pawl_ok();
}

/* Reads the tag and the length of a SEQUENCE (X.690 8.1.3), in one to three length bytes. */
static size_t sequence_n(struct pawl_rd *r)
{
    if (pawl_rd_u8(r, "der.tag") != 0x30)
        pawl_rd_fail(r, PAWL_E_FORM, "der.tag");
    uint8_t first = pawl_rd_u8(r, "der.length");
    if (first < 0x80)
        return first;
    if (first == 0x81)
        return pawl_rd_u8(r, "der.length");
    if (first != 0x82)
        pawl_rd_fail(r, PAWL_E_FORM, "der.length");
    return pawl_rd_u16(r, "der.length");
}

pawl_status pawl_ek_cert_der(struct pawl_view nv, struct pawl_view *ret, struct pawl_err *err)
{
    PAWL_TRY(cut_header(&nv, err));
    struct pawl_rd r = pawl_rd_from(nv);
    size_t         n = sequence_n(&r);
    if (n > PAWL_CERT_MAX)
        pawl_rd_fail(&r, PAWL_E_RANGE, "der.length");
    pawl_rd_bytes(&r, "der", n);
    size_t der_n = r.at;
    pawl_rd_bytes(&r, "padding", r.left);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = pawl_view(nv.p, der_n);
    return pawl_ok();
}

/* ---- the key's algorithm ----------------------------------------------------------------------
 */

static void release_encoded(unsigned char **p)
{
    OPENSSL_free(*p);
}

/* Older Endorsement Keys are marked rsaesOaep, for the one use that they have. It is an RSA key
 * like any other, and OpenSSL 3 neither reads it nor builds a chain above it (C3): so the key alone
 * is read anew as rsaEncryption. tbsCertificate stays as it came, and with it what is signed. */
static pawl_status read_oaep_as_rsa(X509 **cert, const char *where, struct pawl_err *err)
{
    X509_PUBKEY                                 *spki = X509_get_X509_PUBKEY(*cert);
    ASN1_OBJECT                                 *alg = NULL;
    PAWL_CLEANUP(release_encoded) unsigned char *der = NULL;

    X509_PUBKEY_get0_param(&alg, NULL, NULL, NULL, spki);
    if (OBJ_obj2nid(alg) != NID_rsaesOaep)
        return pawl_ok();
    if (X509_PUBKEY_set0_param(spki, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL, NULL, 0) !=
        1)
        return crypto_no_memory(err, where);
    int n = i2d_X509_PUBKEY(spki, &der);
    if (n <= 0)
        return crypto_no_memory(err, where);
    const unsigned char *p = der;
    d2i_X509_PUBKEY(&spki, &p, n);
    ERR_clear_error();
    if (spki)
        return pawl_ok();
    *cert = NULL; /* its key was freed below it: better lost than freed twice */
    return crypto_no_memory(err, where);
}

/* ---- texts ----------------------------------------------------------------------------------- */

enum {
    /* UTF-8, with everything that is not printable ASCII escaped. */
    PRINT_STRING = ASN1_STRFLGS_ESC_2253 | ASN1_STRFLGS_ESC_CTRL | ASN1_STRFLGS_ESC_MSB |
                   ASN1_STRFLGS_UTF8_CONVERT,
    PRINT_NAME = PRINT_STRING | XN_FLAG_SEP_COMMA_PLUS | XN_FLAG_DN_REV | XN_FLAG_FN_SN,
};

/* Moves what was printed into ret, cut to fit. */
static void take_text(BIO *bio, char *ret, size_t cap)
{
    int n = BIO_read(bio, ret, (int)cap - 1);

    ret[n > 0 ? n : 0] = 0;
    (void)BIO_reset(bio);
}

static void print_name(BIO *bio, const X509_NAME *name, char *ret, size_t cap)
{
    X509_NAME_print_ex(bio, name, 0, PRINT_NAME);
    take_text(bio, ret, cap);
}

static void print_serial(const X509 *cert, char *ret, size_t cap)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);
    struct pawl_view    v = pawl_view(ASN1_STRING_get0_data(serial),
                                      (size_t)ASN1_STRING_length(serial));
    struct pawl_err     ignored;
    bool                negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
    size_t              at = negative ? 1 : 0;

    if (negative)
        ret[0] = '-'; /* some were made so (RFC 5280 4.1.2.2 asks to read them) */
    if (v.n > (cap - 1 - at) / 2)
        v.n = (cap - 1 - at) / 2;
    if (!pawl_is_ok(pawl_hex_write(v, ret + at, cap - at, &ignored)))
        ret[0] = 0;
}

/* ---- the TPM's attributes in the subject alternative name ------------------------------------ */

static void take_attribute(BIO *bio, X509_NAME *name, const char *oid, char *ret, size_t cap)
{
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
        char                   type[32];

        OBJ_obj2txt(type, sizeof(type), X509_NAME_ENTRY_get_object(e), 1);
        if (strcmp(type, oid) != 0)
            continue;
        ASN1_STRING_print_ex(bio, X509_NAME_ENTRY_get_data(e), PRINT_STRING);
        take_text(bio, ret, cap);
        return;
    }
}

static pawl_status read_attributes(const X509 *cert, BIO *bio, struct pawl_ek_cert *c,
                                   struct pawl_err *err)
{
    int found = 0;

    PAWL_CLEANUP(release_general_names)
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, &found, NULL);
    if (!names && found == -1)
        return pawl_ok(); /* there is none */
    if (!names)
        return pawl_fail(err, PAWL_E_FORM, "subjectAltName", "cannot be read");
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        if (g->type != GEN_DIRNAME)
            continue;
        X509_NAME *dir = g->d.directoryName;
        take_attribute(bio, dir, "2.23.133.2.1", c->manufacturer, sizeof(c->manufacturer));
        take_attribute(bio, dir, "2.23.133.2.2", c->model, sizeof(c->model));
        take_attribute(bio, dir, "2.23.133.2.3", c->version, sizeof(c->version));
    }
    return pawl_ok();
}

/* ---- usage and dates ------------------------------------------------------------------------- */

enum crypto_ek_usage crypto_x509_ek_usage(const X509 *cert)
{
    int found = 0;
    PAWL_CLEANUP(release_ext_usage)
    EXTENDED_KEY_USAGE *usages = X509_get_ext_d2i(cert, NID_ext_key_usage, &found, NULL);

    if (!usages && found == -1)
        return CRYPTO_EK_USAGE_ABSENT;
    for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages); i++) {
        char oid[32];
        OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(usages, i), 1);
        if (strcmp(oid, "2.23.133.8.1") == 0) /* tcg-kp-EKCertificate */
            return CRYPTO_EK_USAGE_EK;
    }
    return CRYPTO_EK_USAGE_OTHER;
}

/* Seconds since 1970, counted by OpenSSL: timegm is short on devices of 32 bits. */
static pawl_status read_date(const ASN1_TIME *t, const char *where, int64_t *ret,
                             struct pawl_err *err)
{
    int        days = 0;
    int        seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);

    if (!epoch)
        return crypto_no_memory(err, where);
    int good = ASN1_TIME_diff(&days, &seconds, epoch, t);
    ASN1_TIME_free(epoch);
    if (good != 1) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_FORM, where, "is no date");
    }
    *ret = (int64_t)days * 86400 + seconds;
    return pawl_ok();
}

static pawl_status read_facts(X509 *cert, struct pawl_ek_cert *c, struct pawl_err *err)
{
    uint32_t usage = X509_get_key_usage(cert);

    PAWL_TRY(crypto_x509_key(cert, &c->key, err));
    PAWL_CLEANUP(release_bio) BIO *bio = BIO_new(BIO_s_mem());
    if (!bio)
        return crypto_no_memory(err, "certificate");
    PAWL_TRY(read_attributes(cert, bio, c, err));
    PAWL_TRY(read_date(X509_get0_notBefore(cert), "notBefore", &c->not_before_s, err));
    PAWL_TRY(read_date(X509_get0_notAfter(cert), "notAfter", &c->not_after_s, err));
    print_name(bio, X509_get_subject_name(cert), c->subject, sizeof(c->subject));
    print_name(bio, X509_get_issuer_name(cert), c->issuer, sizeof(c->issuer));
    print_serial(cert, c->serial, sizeof(c->serial));
    c->is_ca = X509_check_ca(cert) != 0;
    c->has_ek_usage = crypto_x509_ek_usage(cert) == CRYPTO_EK_USAGE_EK;
    c->has_usage = usage != UINT32_MAX;
    c->may_encipher = c->has_usage && (usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT));
    ERR_clear_error();
    return pawl_ok();
}

/* ---- the port -------------------------------------------------------------------------------- */

void pawl_ek_free(struct pawl_ek **ek)
{
    if (*ek)
        X509_free((*ek)->cert);
    free(*ek);
    *ek = NULL;
}

const struct pawl_ek_cert *pawl_ek_says(const struct pawl_ek *ek)
{
    return &ek->says;
}

pawl_status pawl_ek_read(struct pawl_view nv, struct pawl_ek **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_ek_free) struct pawl_ek *ek = NULL;
    struct pawl_view                           der;

    PAWL_TRY(pawl_ek_cert_der(nv, &der, err));
    ek = calloc(1, sizeof(*ek));
    if (!ek)
        return crypto_no_memory(err, "certificate");
    PAWL_TRY(crypto_x509_from_der(der, "certificate", &ek->cert, err));
    PAWL_TRY(read_oaep_as_rsa(&ek->cert, "certificate", err));
    PAWL_TRY(read_facts(ek->cert, &ek->says, err));
    ek->says.der_n = der.n;
    *ret = ek;
    ek = NULL;
    return pawl_ok();
}

pawl_status pawl_ek_cert_parse(struct pawl_view nv, struct pawl_ek_cert *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_ek_free) struct pawl_ek *ek = NULL;

    PAWL_TRY(pawl_ek_read(nv, &ek, err));
    *ret = ek->says;
    return pawl_ok();
}
