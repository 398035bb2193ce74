/* SPDX-License-Identifier: Apache-2.0 */
/* A verifier's signing key in a test, and what it signs: results, refusals, its JWKS. */
#ifndef TESTS_AGENT_SIGNER_H
#define TESTS_AGENT_SIGNER_H

#include <pawl/crypto.h>
#include <pawl/wire.h>

struct signer {
    struct pawl_private *key;
    uint8_t              id[PAWL_VERIFIER_ID];
};

/* A fresh key. Ends the test if it cannot be made; free with signer_free. */
struct signer signer_make(void);
void          signer_free(struct signer *s);

/* A compact JWS of these texts, properly signed; kept until the program ends. */
struct pawl_view signer_jws(const struct signer *s, const char *header, const char *claims);

/* base64url("header.claims") with this signature. */
struct pawl_view signer_envelope(const char *header, const char *claims,
                                 struct pawl_view signature);

/* What an EAR says. */
struct signer_ear {
    uint8_t          th1[32];
    const char      *status; /* "affirming" */
    int              identity;
    const char      *why; /* JSON texts, "\"no-policy\"" */
    enum pawl_label  label;
    uint64_t         attempt, base, new_epoch;
    struct pawl_view e_v, rcpt; /* empty: the claim is not there */
    const char      *sw, *keys; /* "affirming"; NULL: the claim is not there */
    const char      *more;      /* of the claim pawl, ",\"rel\":\"1\""; NULL: nothing */
};

/* The verifier's EAR: header and claims as it writes them; and one that answers an attestation. */
struct pawl_view signer_token(const struct signer *s, const struct signer_ear *e);
struct pawl_view signer_ear(const struct signer *s, const uint8_t th1[32], const char *status,
                            int identity, const char *why);

/* The result as bytes; and a signed refusal. */
struct pawl_view signer_result(const struct pawl_result *r);
struct pawl_view signer_refusal(const struct signer *s, const struct pawl_refusal *r);

/* {"keys":[..]} of n signers. */
struct pawl_view signer_jwks(const struct signer *s, size_t n);

#define EAR_HEADER "{\"alg\":\"ES256\",\"typ\":\"eat+jwt\",\"kid\":\"00\"}"

#endif
