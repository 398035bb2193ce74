/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's own keys: the signing key (results, refusals) and what is derived from the master
 * key. Files of the state directory, mode 0600: signing.key (PEM), master.key (32 bytes as hex).
 */
#ifndef VERIFIER_KEYS_H
#define VERIFIER_KEYS_H

#include <pawl/crypto.h>

struct keys {
    struct pawl_private *signing;
    uint8_t              verifier_id[PAWL_VERIFIER_ID]; /* SHA-256 of the signing key's SPKI */
    struct pawl_secret   nonce;                         /* X(master,"nonce","",32) */
    struct pawl_secret   cookie;                        /* X(master,"cookie","",64) */
    struct pawl_secret   master;
};

/* Makes both files in the directory. CONFLICT if one of them is there already: a key is never
 * overwritten. */
PAWL_MUST_USE pawl_status keys_make(const char *state, struct pawl_err *err);

/* DENIED if a file is open to others than its owner. Release with keys_done. */
PAWL_MUST_USE pawl_status keys_load(const char *state, struct keys *ret, struct pawl_err *err);
void                      keys_done(struct keys *k);

/* Secrets at rest: AES-256-SIV under K_wrap = X(master,"wrap",tenant,64) with associated data
 * CBOR["pawl/1 row", owner, field, epoch]. owner is the device id, or a token's id. ret of wrap
 * gets in->n + 16 bytes. unwrap fails with FORGED for another owner, field, epoch or tenant. */
PAWL_MUST_USE pawl_status keys_wrap(const struct keys *k, struct pawl_view tenant,
                                    struct pawl_view owner, const char *field, uint64_t epoch,
                                    const struct pawl_secret *in, uint8_t *ret, size_t cap,
                                    size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status keys_unwrap(const struct keys *k, struct pawl_view tenant,
                                      struct pawl_view owner, const char *field, uint64_t epoch,
                                      struct pawl_view in, struct pawl_secret *ret,
                                      struct pawl_err *err);

/* The same for bytes of any length above 0: rows, the bodies of messages. ret of open gets in.n -
 * 16 bytes and must not overlap in; who holds secrets there wipes it. */
PAWL_MUST_USE pawl_status keys_seal(const struct keys *k, struct pawl_view tenant,
                                    struct pawl_view owner, const char *field, uint64_t epoch,
                                    struct pawl_view in, uint8_t *ret, size_t cap, size_t *ret_n,
                                    struct pawl_err *err);
PAWL_MUST_USE pawl_status keys_open(const struct keys *k, struct pawl_view tenant,
                                    struct pawl_view owner, const char *field, uint64_t epoch,
                                    struct pawl_view in, uint8_t *ret, size_t cap, size_t *ret_n,
                                    struct pawl_err *err);

#endif
