/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in tests of what reads them. */
#ifndef PAWL_READ_POLICY_H
#define PAWL_READ_POLICY_H

#include <stdio.h>

#include "appraise/policy.h"
#include "t.h"

#define H20  "0101010101010101010101010101010101010101"
#define H32A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define H32B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define H48                                                                                        \
    "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc" \
    "cccc"

/* A policy with one member beside its name and version. */
#define WITH(member) "{\"name\":\"gateway\",\"version\":3," member "}"
#define PCRS(pcrs)   WITH("\"pcrs\":" pcrs)

static inline pawl_status read_policy(const char *json, struct policy *ret, struct pawl_err *err)
{
    return policy_parse(t_copy(pawl_view_str(json)), ret, err);
}

/* A policy that must be good; release it with policy_done. */
static inline struct policy good_policy(const char *json)
{
    struct policy   p;
    struct pawl_err err;

    T_OK(read_policy(json, &p, &err), &err);
    return p;
}

/* It is refused with this code about this member in this line, and nothing comes of it. */
static inline void refuses_policy_in(const char *json, enum pawl_code code, const char *where,
                                     unsigned line)
{
    struct policy   p;
    struct pawl_err err;
    char            end[32];

    t_poison(&p, sizeof(p));
    T_FAILS(read_policy(json, &p, &err), &err, code);
    T_WHERE(&err, where);
    snprintf(end, sizeof(end), ", in line %u", line);
    assert_true(strlen(err.why) > strlen(end));
    assert_string_equal(err.why + strlen(err.why) - strlen(end), end);
    t_still_poisoned(&p, sizeof(p));
}

static inline void refuses_policy(const char *json, enum pawl_code code, const char *where)
{
    refuses_policy_in(json, code, where, 1);
}

#endif
