/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps that the tests of the agent's TPM have in common. Each checks what it does.
 */
#ifndef E2E_STEPS_H
#define E2E_STEPS_H

#include "device.h"
#include "tpm/tpm.h"

/* What is attested in these tests. */
extern const uint8_t nonce[32];

/* Opens the TPM through the watching TCTI; bend says what that is to do, see tcti_bend.c. */
struct tpm *open_bent(const struct device *d, const char *bend);
/* The same with a TCTI that only watches. */
struct tpm     *open_tpm(const struct device *d);
struct tpm_ek   chosen(struct tpm *t);
struct tpm_keys opened(struct tpm *t, const struct tpm_keys_config *cfg);
/* No object, no session, and a lockout counter of 0. */
void                   leaves_nothing(struct tpm *t);
struct pawl_tpm_public public_of(const struct tpm_key *k);
void                   verifies(const struct tpm_key *ak, const struct tpm_signed *s);
struct tpm_quote       quotes_all(struct tpm *t, const struct tpm_keys *keys);
void                   certifies(struct tpm *t, const struct tpm_keys *keys);
/* A credential of our own making, as a verifier makes it, and the secret in it. */
struct pawl_credential credential_for(const struct tpm_keys *keys, const struct pawl_name *name,
                                      struct pawl_secret *secret);
void                   activates(struct tpm *t, const struct tpm_keys *keys);
void                   carries_everything(const struct device *d, const struct tpm_keys_config *cfg,
                                          enum pawl_template ek);

#endif
