/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells a receiver that a post is ours, how old it is, and that it had it before; as the
 * Standard Webhooks specification has it:
 *
 *   Webhook-Id: ID                  of this body: the same whenever it comes
 *   Webhook-Timestamp: UNIX         of this try
 *   Webhook-Signature: v1,BASE64    HMAC-SHA-256(key, ID || "." || UNIX || "." || body); while
 * there is an old key, a space and the same by it
 */
#ifndef VERIFIER_HOOK_SIGNATURE_H
#define VERIFIER_HOOK_SIGNATURE_H

#include <pawl/crypto.h>

#define HOOK_KEY_MIN 32
#define HOOK_ID      16 /* bytes */

struct hook_keys {
    struct pawl_secret key;
    struct pawl_secret old; /* n == 0: there is none */
};

#define HOOK_KEYS PAWL_CLEANUP(hook_keys_done) struct hook_keys

/* The bytes of the file, and of that with ".old" behind its name if it is there; where they are
 * text, the end of its line does not count. *ret is zero or was read before. DENIED if others may
 * read one, RANGE below HOOK_KEY_MIN and above PAWL_SECRET_MAX bytes. */
PAWL_MUST_USE pawl_status hook_keys_read(const char *path, struct hook_keys *ret,
                                         struct pawl_err *err);
void                      hook_keys_done(struct hook_keys *k);

/* Values of the headers. */
struct hook_headers {
    char id[2 * HOOK_ID + 1];
    char timestamp[24];
    char signature[2 * 48 + 1];
};

PAWL_MUST_USE pawl_status hook_sign(const struct hook_keys *keys, int64_t now_s,
                                    struct pawl_view body, struct hook_headers *ret,
                                    struct pawl_err *err);

#endif
