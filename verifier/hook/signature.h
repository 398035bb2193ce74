/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells a receiver that a post is ours, and how old it is:
 *
 *   Pawl-Signature: t=UNIX,v1=HEX        HEX = HMAC-SHA-256(key, UNIX || "." || body)
 */
#ifndef VERIFIER_HOOK_SIGNATURE_H
#define VERIFIER_HOOK_SIGNATURE_H

#include <pawl/crypto.h>

#define HOOK_KEY_MIN       32
#define HOOK_SIGNATURE_MAX 96 /* with its 0 */

/* The bytes of the file; where they are text, the end of its line does not count. DENIED if others
 * may read it, RANGE below HOOK_KEY_MIN and above PAWL_SECRET_MAX bytes. */
PAWL_MUST_USE pawl_status hook_key_read(const char *path, struct pawl_secret *ret,
                                        struct pawl_err *err);

/* "t=UNIX,v1=HEX" */
PAWL_MUST_USE pawl_status hook_signature(const struct pawl_secret *key, int64_t now_s,
                                         struct pawl_view body, char ret[HOOK_SIGNATURE_MAX],
                                         struct pawl_err *err);

#endif
