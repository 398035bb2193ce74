/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that wrap what is at rest, K_wrap = X(master,"wrap",tenant,64), each derived and made ready
 * once: nearly all that a request reads and writes is under the same one.
 *
 * Invariants
 *  1. A key is found by the master key and the tenant that it is derived from, by value: another
 *     master key in the same place never meets what was derived from the one before.
 *  2. There are as many as tenants and master keys can be in one verifier, and they go, wiped, with
 *     the keys that they were made of.
 *
 * Several threads may use them. Called by keys.c alone.
 */
#ifndef VERIFIER_WRAP_H
#define VERIFIER_WRAP_H

#include <pawl/crypto.h>

struct wraps;

PAWL_MUST_USE pawl_status wraps_make(struct wraps **ret, struct pawl_err *err);
void                      wraps_free(struct wraps **w);

/* A key in use. Release with wrap_key_done, before the wraps go. */
struct wrap_key {
    const struct pawl_siv_key *key;
    struct pawl_siv_key       *own; /* the same, where it is not kept */
};

/* Where w is NULL or has no room, it is derived each time. */
PAWL_MUST_USE pawl_status wraps_key(struct wraps *w, const struct pawl_secret *master,
                                    struct pawl_view tenant, struct wrap_key *ret,
                                    struct pawl_err *err);
void                      wrap_key_done(struct wrap_key *k);

#endif
