/* SPDX-License-Identifier: Apache-2.0 */
/* What the operator's flows share. */
#ifndef VERIFIER_FLOW_OPERATOR_FIND_H
#define VERIFIER_FLOW_OPERATOR_FIND_H

#include "flow/held.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "ratchet/ratchet.h"

/* ---- finding -------------------------------------------------------------------------------- */

/* The ids that begin with so many hex digits. */
struct id_range {
    size_t  digits;
    uint8_t first[PAWL_DEVICE_ID]; /* the digits, then zeros */
};

/* At least `least` digits. RANGE, FORM at where. */
PAWL_MUST_USE pawl_status id_range_parse(const char *digits, size_t least, const char *where,
                                         struct id_range *ret, struct pawl_err *err);
bool                      id_range_has(const struct id_range *r, const uint8_t id[PAWL_DEVICE_ID]);
/* The id before the first one, so that a list begins with it; none before zero. In room. */
struct pawl_view id_range_before(const struct id_range *r, uint8_t room[PAWL_DEVICE_ID]);

/* id: 64 hex digits, or an unambiguous prefix. ABSENT, RANGE, FORM at "device". */
PAWL_MUST_USE pawl_status operator_find_device(struct flow *f, const struct tenant_config *tenant,
                                               const char *id, struct device *ret,
                                               struct pawl_err *err);
/* The same for who shows it: with its ratchet (held_done), and one that is damaged as such; damaged
 * is "ratchet" where that is. */
PAWL_MUST_USE pawl_status operator_find_any_device(struct flow                *f,
                                                   const struct tenant_config *tenant,
                                                   const char *id, struct device *ret,
                                                   struct held *ret_held, struct pawl_err *err);

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

/* ---- lists: page by page --------------------------------------------------------------------- */

#define OPERATOR_PAGE_MAX 1000

/* A page under way: one row more than the limit is asked for, to know whether there is a next. */
struct list_page {
    struct json *j;
    cJSON       *list;
    uint64_t     n, limit;
    char         last[OPERATOR_AFTER_MAX]; /* the key of the newest row of the page */
};

/* RANGE at "limit". */
PAWL_MUST_USE pawl_status list_page_begin(struct json *j, const char *name,
                                          const struct list_query *q, struct list_page *ret,
                                          struct pawl_err *err);
/* The object of the next row; NULL when the page is full. */
cJSON *list_page_row(struct list_page *p, const char *key);
/* Its "next". */
void list_page_end(struct list_page *p);

/* ---- labels ---------------------------------------------------------------------------------- */

/* FORM at where. */
PAWL_MUST_USE pawl_status operator_label_parse(const char *text, const char *where,
                                               struct label *ret, struct pawl_err *err);
/* "labels" of a device: [text ..]. */
PAWL_MUST_USE pawl_status operator_show_labels(struct flow *f, struct pawl_view tenant,
                                               const uint8_t device[PAWL_DEVICE_ID], struct json *j,
                                               cJSON *o, struct pawl_err *err);

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

/* A damaged one: as in a list, and what to do. */
PAWL_MUST_USE pawl_status operator_show_damaged(struct flow *f, const struct device *d,
                                                struct json *j, struct pawl_err *err);

#define OPERATOR_DAMAGE_MAX 96
/* What of it is damaged, in words. */
void operator_damage(const struct device *d, char ret[OPERATOR_DAMAGE_MAX]);

#endif
