/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs' encodings of what Pawl holds otherwise: a DER ECDSA signature, a PEM block. Only
 * for files that people bring; nothing on the wire is encoded so.
 */

#include <string.h>

#include <openssl/pem.h>

#include "crypto/ossl.h"

pawl_status pawl_ecdsa_from_der(enum pawl_key_kind kind, struct pawl_view der, uint8_t *ret,
                                size_t cap, size_t *ret_n, struct pawl_err *err)
{
    const struct crypto_curve *c = crypto_curve(kind);
    const uint8_t             *p = der.p;
    uint8_t                    rs[2 * 48];

    if (!c)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "signature", "a key that makes no ECDSA");
    size_t field = c->n;
    if (cap < 2 * field)
        return pawl_fail(err, PAWL_E_FULL, "signature", "needs %zu bytes", 2 * field);
    if (der.n == 0 || der.n > PAWL_SIGNATURE_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "signature", "%zu bytes of DER", der.n);
    PAWL_CLEANUP(release_ecdsa_sig) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)der.n);
    ERR_clear_error();
    if (!sig || p != der.p + der.n)
        return pawl_fail(err, PAWL_E_FORM, "signature", "is no DER ECDSA signature");
    if (BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, (int)field) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + field, (int)field) < 0) {
        ERR_clear_error();
        return pawl_fail(err, PAWL_E_RANGE, "signature", "r or s does not fit the curve");
    }
    memcpy(ret, rs, 2 * field);
    *ret_n = 2 * field;
    return pawl_ok();
}

struct pem_block {
    char    *name, *header;
    uint8_t *bytes;
};

static void release_block(struct pem_block *b)
{
    OPENSSL_free(b->name);
    OPENSSL_free(b->header);
    OPENSSL_free(b->bytes);
}

pawl_status pawl_pem_to_der(struct pawl_view pem, const char *label, uint8_t *ret, size_t cap,
                            size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(release_bio) BIO *bio = NULL;

    PAWL_TRY(crypto_bio_from(pem, "pem", &bio, err));
    for (;;) {
        PAWL_CLEANUP(release_block) struct pem_block b = { 0 };
        long                                         n = 0;

        if (PEM_read_bio(bio, &b.name, &b.header, &b.bytes, &n) != 1) {
            ERR_clear_error();
            return pawl_fail(err, PAWL_E_FORM, "pem", "has no block %s", label);
        }
        if (strcmp(b.name, label) != 0)
            continue;
        if ((size_t)n > cap)
            return pawl_fail(err, PAWL_E_FULL, "pem", "the block %s has %ld bytes", label, n);
        memcpy(ret, b.bytes, (size_t)n);
        *ret_n = (size_t)n;
        return pawl_ok();
    }
}
