/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rekey asks of the TPM, each step checked against software.
 */
#ifndef E2E_RATCHET_STEPS_H
#define E2E_RATCHET_STEPS_H

#include "steps.h"

/* The TPM with its keys open; they go to ret, unless it is NULL. */
struct tpm *open_keys(const struct device *d, struct tpm_keys *ret);
/* The same after a power cut in between; closes t. */
struct tpm *after_power_cut(const struct device *d, struct tpm *t);

/* The other side of a Diffie-Hellman: a key of the verifier's. */
struct pawl_private *peer_made(void);
/* Z by software, between that key and a point of the device. */
void software_z(const struct pawl_private *peer, const uint8_t point[PAWL_POINT_P256],
                struct pawl_secret *ret);
void point_of(const struct tpm_key *key, uint8_t ret[PAWL_POINT_P256]);

struct tpm_ephemeral ephemeral_made(struct tpm *t);
/* Both shares are what software computes; e_D is gone afterwards. */
void agrees(struct tpm *t, const struct tpm_keys *keys, struct tpm_ephemeral *e);

uint64_t           counter_stands_at(struct tpm *t);
uint64_t           counter_is_made(struct tpm *t);
uint64_t           incremented(struct tpm *t);
struct pawl_secret secret_of(size_t n);
struct tpm_sealed  sealed(struct tpm *t, uint64_t value, const struct pawl_secret *secret);
void               unseals(struct tpm *t, uint64_t value, const struct tpm_sealed *s,
                           const struct pawl_secret *in);
void               does_not_unseal(struct tpm *t, uint64_t value, const struct tpm_sealed *s,
                                   enum pawl_code code);
struct tpm_sealed  imported(struct tpm *t, const struct pawl_secret *key);
/* H by the TPM is H by software. */
void makes_the_mac(struct tpm *t, const struct tpm_sealed *key, const struct pawl_secret *plain);

#endif
