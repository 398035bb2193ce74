/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a policy's members: what policy.c, policy_pcrs.c, policy_facts.c and policy_ima.c share.
 *
 * A reader remembers what it looks at. Whatever fails is about that, so nobody but policy_parse has
 * to say where.
 */
#ifndef VERIFIER_APPRAISE_POLICY_READ_H
#define VERIFIER_APPRAISE_POLICY_READ_H

#include "appraise/policy.h"
#include "appraise/policy_text.h"

struct policy_reader {
    struct policy_memory **memory;
    const cJSON           *at;     /* what a failure is about .. */
    const char            *member; /* .. or what is missing in it; or NULL */
};

/* Fails about this value. */
PAWL_MUST_USE pawl_status policy_wrong(struct policy_reader *r, const cJSON *at,
                                       enum pawl_code code, struct pawl_err *err, const char *fmt,
                                       ...) PAWL_PRINTF(5, 6);

/* Zeroed, for n things of this size, until policy_done. The reader's place is not changed. */
PAWL_MUST_USE pawl_status policy_memory_take(struct policy_reader *r, size_t n, size_t size,
                                             void **ret, struct pawl_err *err);
void                      policy_memory_free(struct policy_memory **m);
/* A copy of bytes. */
PAWL_MUST_USE pawl_status policy_keep(struct policy_reader *r, struct pawl_view bytes,
                                      struct pawl_view *ret, struct pawl_err *err);

/* An object's members by name, in the order of names; NULL where there is none. Others than these n
 * are refused, and any that comes twice. The object must have one member at least. */
PAWL_MUST_USE pawl_status policy_read_members(struct policy_reader *r, const cJSON *object,
                                              const char *const *names, size_t n, const cJSON **ret,
                                              struct pawl_err *err);

/* The names of an object are unique, however many there are. */
PAWL_MUST_USE pawl_status policy_read_unique(struct policy_reader *r, const cJSON *object,
                                             struct pawl_err *err);

/* A list of min to max things. */
PAWL_MUST_USE pawl_status policy_read_list(struct policy_reader *r, const cJSON *j, size_t min,
                                           size_t max, size_t *ret_n, struct pawl_err *err);

/* true or false; left alone if there is no such member. */
PAWL_MUST_USE pawl_status policy_read_flag(struct policy_reader *r, const cJSON *j, bool *ret,
                                           struct pawl_err *err);

/* A text of min to max bytes. It is cJSON's. */
PAWL_MUST_USE pawl_status policy_read_words(struct policy_reader *r, const cJSON *j, size_t min,
                                            size_t max, const char **ret, struct pawl_err *err);

/* A list of min to POLICY_VALUES_MAX digests in hex, of len bytes, or for 0 of any hash's length.
 * Not present if there is no such member. */
PAWL_MUST_USE pawl_status policy_read_digests(struct policy_reader *r, const cJSON *j, size_t min,
                                              size_t len, struct policy_digests *ret,
                                              struct pawl_err *err);

/* ---- members; NULL: there is none, and *ret stays zero ----------------------------------------
 */

PAWL_MUST_USE pawl_status policy_read_pcrs(struct policy_reader *r, const cJSON *j,
                                           struct policy_rules *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status policy_read_secure_boot(struct policy_reader *r, const cJSON *j,
                                                  struct policy_rules *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status policy_read_boot(struct policy_reader *r, const cJSON *j,
                                           struct policy_rules *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status policy_read_log(struct policy_reader *r, const cJSON *j,
                                          struct policy_log *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status policy_read_firmware(struct policy_reader *r, const cJSON *j,
                                               struct policy *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status policy_read_ima(struct policy_reader *r, const cJSON *j,
                                          struct policy_ima *ret, struct pawl_err *err);

#endif
