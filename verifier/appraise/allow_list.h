/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allow list under way: which digests a path may have, gathered from wherever, and written as
 * the "files" of a policy's "ima".
 */
#ifndef VERIFIER_APPRAISE_ALLOW_LIST_H
#define VERIFIER_APPRAISE_ALLOW_LIST_H

#include <cjson/cJSON.h>

#include <pawl/crypto.h>

struct allow_entry {
    char              *path; /* owned */
    bool               verity;
    enum pawl_hash     alg;
    struct pawl_digest digest;
};

/* Zero is a list without entries. Release with allow_list_done. */
struct allow_list {
    size_t              n, cap;
    struct allow_entry *entry; /* owned */
};

void allow_list_done(struct allow_list *l);

/* A path gets underscores for its spaces, as the kernel writes it into its list. RANGE for a path
 * that is empty or too long, FORM for one that a policy cannot hold (it is no UTF-8); RANGE for
 * more than POLICY_FILES_MAX, UNSUPPORTED for a digest that is of no hash's length. */
PAWL_MUST_USE pawl_status allow_list_add(struct allow_list *l, struct pawl_view path,
                                         enum pawl_hash alg, bool verity, struct pawl_view digest,
                                         struct pawl_err *err);

/* {"/usr/bin/bash": ["sha256:hex", ..], ..}: by path, each digest once. */
PAWL_MUST_USE pawl_status allow_list_json(struct allow_list *l, cJSON **ret, struct pawl_err *err);

#endif
