/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's own keys: the signing key (results, refusals) and what is derived from the master
 * key. Files of the state directory, mode 0600, or credentials of systemd (keyfile.h): signing.key
 * (PEM), master.key (32 bytes as hex). Each may have a next one and an old one beside it
 * (rotate.h): NAME.next.key and NAME.old.key.
 *
 * Invariants
 *  1. What is made, is made with the present key.
 *  2. What comes back is taken under any of the three: whoever has something of ours does not see
 *     that a key changed.
 */
#ifndef VERIFIER_KEYS_H
#define VERIFIER_KEYS_H

#include <pawl/crypto.h>

#include "keyfile.h"

enum { KEYS_NEXT = 0, KEYS_OLD, KEYS_OTHERS }; /* what may stand beside the present key */

struct wraps;

struct signing_key {
    struct pawl_private *key;                  /* NULL: there is none */
    uint8_t              id[PAWL_VERIFIER_ID]; /* SHA-256 of its SPKI */
};

struct master_key {
    struct pawl_secret master; /* n == 0: there is none */
    struct pawl_secret nonce;  /* X(master,"nonce","",32) */
    struct pawl_secret cookie; /* X(master,"cookie","",64) */
};

struct keys {
    /* The present ones .. */
    struct pawl_private *signing;
    uint8_t              verifier_id[PAWL_VERIFIER_ID]; /* SHA-256 of the signing key's SPKI */
    struct pawl_secret   nonce;
    struct pawl_secret   cookie;
    struct pawl_secret   master;
    /* .. and those that are only taken: the next, the old. */
    struct signing_key other_signing[KEYS_OTHERS];
    struct master_key  other_master[KEYS_OTHERS];

    struct wraps *wraps; /* wrap.h; NULL: keys of tenants are derived for each row */
};

/* Makes both files in the directory. CONFLICT if one of them is there already: a key is never
 * overwritten. */
PAWL_MUST_USE pawl_status keys_make(const char *state, struct pawl_err *err);
/* The text of a new key's file. */
PAWL_MUST_USE pawl_status keys_new_signing(struct key_text *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status keys_new_master(struct key_text *ret, struct pawl_err *err);

/* DENIED if a file is open to others than its owner. Release with keys_done. */
PAWL_MUST_USE pawl_status keys_load(const char *state, struct keys *ret, struct pawl_err *err);
void                      keys_done(struct keys *k);

/* What a request that names this id is answered with: a device believes the key that it named. */
struct signer {
    const struct pawl_private *key;
    const uint8_t             *id;
};

/* DENIED if no signing key of ours has this id. */
PAWL_MUST_USE pawl_status keys_signer(const struct keys *k, struct pawl_view id, struct signer *ret,
                                      struct pawl_err *err);
void                      keys_present(const struct keys *k, struct signer *ret);
/* The present one, then the others. n is at most 1 + KEYS_OTHERS. */
size_t keys_signers(const struct keys *k, struct signer ret[1 + KEYS_OTHERS]);

/* Short-lived sealed bytes that come back from devices: cookies, tickets. */
PAWL_MUST_USE pawl_status keys_open_cookie(const struct keys *k, struct pawl_view in, uint8_t *ret,
                                           size_t cap, size_t *ret_n, struct pawl_err *err);
/* Of the present master key (0) and of the others; NULL behind the last. */
const struct pawl_secret *keys_nonce(const struct keys *k, size_t which);

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

/* What the old master key wrapped, under the present one: ret gets in.n bytes. *ret_n is 0 for what
 * the present or the next one wrapped: it stays. FORGED for what none of them opens. */
PAWL_MUST_USE pawl_status keys_rewrap(const struct keys *k, struct pawl_view tenant,
                                      struct pawl_view owner, const char *field, uint64_t epoch,
                                      struct pawl_view in, uint8_t *ret, size_t cap, size_t *ret_n,
                                      struct pawl_err *err);

#endif
