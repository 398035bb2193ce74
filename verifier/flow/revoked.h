/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of devices that are revoked, signed, as a worker keeps it: whoever asks often costs
 * neither a signature nor a walk over the devices. What is told was read at most REVOKED_READ_MS
 * ago, and is signed anew when the list or the key is another one, or after REVOKED_SIGNED_S.
 *
 * And such a list as somebody kept it, read back: a revocation is final, so it says the same
 * however old it is, and when it expires does not count.
 */
#ifndef VERIFIER_FLOW_REVOKED_H
#define VERIFIER_FLOW_REVOKED_H

#include "flow/flow.h"

#define REVOKED_READ_MS  1000
#define REVOKED_SIGNED_S 60

#define REVOKED_TYPE "pawl-revoked+jwt"

#define REVOKED_TAG_MAX 64

struct revoked;

/* The present one: *ret_token and *ret_tag live until the next call. The tag is another one for
 * another token. *kept begins as NULL. */
PAWL_MUST_USE pawl_status revoked_list(struct revoked **kept, const struct flow *f,
                                       const struct tenant_config *tenant, const char **ret_token,
                                       const char **ret_tag, struct pawl_err *err);
void                      revoked_free(struct revoked **kept);

/* Who was on a list. */
struct revocations {
    const struct tenant_config *tenant;
    int64_t                     signed_s;
    size_t                      n;
    uint8_t (*id)[PAWL_DEVICE_ID]; /* owned */
};

/* text: the token, or {"revoked": token} as the operator API answers; blanks around it do not
 * count. DENIED at "header.kid" for what no key of ours signed, at "header.typ" for another token
 * of ours, at "aud" for that of a tenant that is none of ours; FORGED at "signature". Release with
 * revocations_done. */
PAWL_MUST_USE pawl_status revocations_read(const struct verifier_config *c, const struct keys *k,
                                           struct pawl_view text, struct revocations *ret,
                                           struct pawl_err *err);
void                      revocations_done(struct revocations *r);

#endif
