/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chain of an EK certificate, by OpenSSL's X509_verify_cert with what real vendors need:
 * no strict profile (some leave out the authority key identifier), no purpose (the EK usage is the
 * TCG's own, and judged here where it is there), dates judged only where the caller gives a time. A
 * critical extension that OpenSSL does not know stays fatal; it knows the critical subject
 * alternative name that EK certificates carry in place of a subject.
 *
 * Invariants
 *  1. A chain ends in a self-signed certificate of roots; a trusted intermediate is no end.
 *  2. Every certificate between leaf and root is a CA by its basic constraints; for a root, OpenSSL
 *     takes the older signs too.
 *  3. Below the root no signature is weaker than SHA-256's, no key weaker than RSA-2048.
 */

#include "crypto/x509.h"

enum { SECURITY_LEVEL_112_BITS = 2 };

CRYPTO_RELEASE(release_store_ctx, X509_STORE_CTX, X509_STORE_CTX_free)

static inline void release_bag(STACK_OF(X509) * *p)
{
    sk_X509_pop_free(*p, X509_free);
}

static pawl_status check_leaf(const struct pawl_ek *leaf, struct pawl_err *err)
{
    const struct pawl_ek_cert *says = &leaf->says;

    if (says->is_ca)
        return pawl_fail(err, PAWL_E_DENIED, "basicConstraints",
                         "the certificate of a CA, not of an Endorsement Key");
    if (says->has_usage && !says->may_encipher)
        return pawl_fail(err, PAWL_E_DENIED, "keyUsage",
                         "neither keyEncipherment nor keyAgreement");
    /* A vendor's root may vouch for other keys too: those of AKs, of platforms. */
    if (crypto_x509_ek_usage(leaf->cert) == CRYPTO_EK_USAGE_OTHER)
        return pawl_fail(err, PAWL_E_DENIED, "extKeyUsage",
                         "for other uses than an Endorsement Key's");
    return pawl_ok();
}

/* All that may stand between leaf and root, ours and what came with the leaf. */
static pawl_status gather(const struct pawl_certs *intermediates, const struct pawl_view *extra,
                          size_t extra_n, STACK_OF(X509) * *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(release_bag)
    STACK_OF(X509) *bag = intermediates ? X509_chain_up_ref(intermediates->list)
                                        : sk_X509_new_null();

    if (!bag)
        return crypto_no_memory(err, "chain");
    if (extra_n > PAWL_CERTS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "chain", "%zu certificates, at most %d", extra_n,
                         PAWL_CERTS_MAX);
    for (size_t i = 0; i < extra_n; i++) {
        PAWL_CLEANUP(release_x509) X509 *cert = NULL;
        PAWL_TRY(crypto_x509_from_der(extra[i], "chain", &cert, err));
        if (sk_X509_push(bag, cert) <= 0)
            return crypto_no_memory(err, "chain");
        cert = NULL;
    }
    *ret = bag;
    bag = NULL;
    return pawl_ok();
}

static enum pawl_code code_of(int x509_error)
{
    switch (x509_error) {
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return PAWL_E_FORGED;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return PAWL_E_EXPIRED;
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
        return PAWL_E_UNSUPPORTED;
    case X509_V_ERR_OUT_OF_MEM:
        return PAWL_E_MEMORY;
    default:
        return PAWL_E_DENIED;
    }
}

static pawl_status verify(X509_STORE_CTX *ctx, int64_t now_s, struct pawl_err *err)
{
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL_112_BITS); /* inv. 3 */
    X509_VERIFY_PARAM_set_depth(param, PAWL_CERTS_MAX);
    if (now_s == 0)
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
    else
        X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    int good = X509_verify_cert(ctx);
    int error = X509_STORE_CTX_get_error(ctx);
    ERR_clear_error();
    if (good == 1 && error == X509_V_OK)
        return pawl_ok();
    return pawl_fail(err, error == X509_V_OK ? PAWL_E_CRYPTO : code_of(error), "chain",
                     "%s (%d above the leaf)", X509_verify_cert_error_string(error),
                     X509_STORE_CTX_get_error_depth(ctx));
}

pawl_status pawl_ek_chain_check(const struct pawl_certs *roots,
                                const struct pawl_certs *intermediates,
                                const struct pawl_view *extra, size_t extra_n,
                                const struct pawl_ek *leaf, int64_t now_s, uint8_t ret_root[32],
                                struct pawl_err *err)
{
    PAWL_CLEANUP(release_bag) STACK_OF(X509) *bag = NULL;

    PAWL_TRY(check_leaf(leaf, err));
    PAWL_TRY(gather(intermediates, extra, extra_n, &bag, err));
    PAWL_CLEANUP(release_store_ctx) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (!ctx || X509_STORE_CTX_init(ctx, NULL, leaf->cert, bag) != 1)
        return crypto_fail(err, "chain", "cannot start");
    X509_STORE_CTX_set0_trusted_stack(ctx, roots->list);
    PAWL_TRY(verify(ctx, now_s, err));
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    const X509 *root = sk_X509_value(chain, sk_X509_num(chain) - 1);
    if (X509_digest(root, crypto_md(PAWL_SHA256), ret_root, NULL) != 1)
        return crypto_fail(err, "chain", "cannot hash the root");
    return pawl_ok();
}
