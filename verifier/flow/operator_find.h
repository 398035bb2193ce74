/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's flows share. */
#ifndef VERIFIER_FLOW_OPERATOR_FIND_H
#define VERIFIER_FLOW_OPERATOR_FIND_H

#include "flow/json.h"
#include "flow/operator.h"
#include "ratchet/ratchet.h"

/* ---- finding -------------------------------------------------------------------------------- */

/* id: 64 hex digits, or an unambiguous prefix. ABSENT, RANGE, FORM at "device". */
PAWL_MUST_USE pawl_status operator_find_device(struct flow *f, const struct tenant_config *tenant,
                                               const char *id, struct device *ret,
                                               struct pawl_err *err);

/* ABSENT, FORM at "group". */
PAWL_MUST_USE pawl_status operator_find_group(struct flow *f, const struct tenant_config *tenant,
                                              const char *name, struct group_row *ret,
                                              struct pawl_err *err);

/* The last believed values of those PCRs that an ordinary attest quotes: what a device will be
 * judged by from now on. ABSENT at "device" if none were ever believed. */
PAWL_MUST_USE pawl_status operator_find_values(struct flow *f, const struct tenant_config *tenant,
                                               const struct device *d, struct snapshot *ret,
                                               struct pawl_err *err);

/* IMA's list as far as it is kept, from its first entry; empty: none is. blob_done. */
PAWL_MUST_USE pawl_status operator_find_list(struct flow *f, const struct device *d,
                                             struct blob *ret, struct pawl_err *err);

/* ---- reading -------------------------------------------------------------------------------- */

/* The name of a policy that is stored, or empty. ABSENT, FORM at "policy". */
PAWL_MUST_USE pawl_status operator_check_policy_name(struct flow                *f,
                                                     const struct tenant_config *tenant,
                                                     const char *name, struct pawl_err *err);

/* {"policy": name}: empty, or the name of a policy that is stored (otherwise ABSENT). */
PAWL_MUST_USE pawl_status operator_read_policy_name(struct flow                *f,
                                                    const struct tenant_config *tenant,
                                                    struct pawl_view            body,
                                                    char             ret[PAWL_TENANT_MAX + 1],
                                                    struct pawl_err *err);

/* A text of people that fits into cap bytes with its 0, without control characters. RANGE, FORM at
 * where. */
PAWL_MUST_USE pawl_status operator_check_text(const char *text, const char *where, size_t cap,
                                              struct pawl_err *err);

/* ---- policies ------------------------------------------------------------------------------- */

/* A policy goes into the step as a new version. how: for the event, "added". */
PAWL_MUST_USE pawl_status operator_plan_policy(struct flow *f, const struct tenant_config *tenant,
                                               struct pawl_view json, const char *how, char **ret,
                                               struct step *step, struct pawl_err *err);

/* ---- showing -------------------------------------------------------------------------------- */

/* "enforce", "watch" */
const char *operator_mode_name(bool enforce);

/* A device in a list .. */
void operator_show_summary(struct json *j, cJSON *o, const struct device *d);

/* .. and all that is known of it, into the document itself. */
PAWL_MUST_USE pawl_status operator_show_device(struct flow *f, const struct device *d,
                                               const struct ratchet *r, struct json *j,
                                               struct pawl_err *err);

#endif
