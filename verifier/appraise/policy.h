/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR policies: which values of which PCRs are good. JSON, versioned, immutable once stored.
 *
 *   { "name": "gateway", "version": 3, "note": "text",
 *     "pcrs": { "sha256": { "0": ["<hex>", ..], "7": ["<hex>"] } } }
 */
#ifndef VERIFIER_APPRAISE_POLICY_H
#define VERIFIER_APPRAISE_POLICY_H

#include <pawl/tpm.h>

#include "appraise/verdict.h"

#define POLICY_JSON_MAX    (256 * 1024)
#define POLICY_NOTE_MAX    512
#define POLICY_VERSION_MAX 999999999
#define POLICY_VALUES_MAX  64 /* accepted values of one PCR */
#define POLICY_RULES_MAX   PAWL_PCR_VALUES_MAX

struct policy_rule {
    enum pawl_hash      hash;
    unsigned            pcr;
    size_t              value_n; /* at least 1 */
    struct pawl_digest *value;   /* owned */
};

struct policy {
    char               name[PAWL_TENANT_MAX + 1];
    uint64_t           version;
    size_t             rule_n;
    struct policy_rule rule[POLICY_RULES_MAX]; /* by bank, then by PCR */
};

/* Strict: unknown or repeated keys, wrong types, hex of another length than the bank's digest, no
 * PCR at all, a SHA-1 rule for a PCR that no other bank has a rule for: refused, naming the field
 * by its path ("pcrs.sha256.7[1]"), or the line where the text is no JSON. Release with
 * policy_done, which may be called on zeros. */
PAWL_MUST_USE pawl_status policy_parse(struct pawl_view json, struct policy *ret,
                                       struct pawl_err *err);
void                      policy_done(struct policy *p);

/* Writes the JSON of a policy that accepts exactly these values: learned from a golden device. The
 * SHA-1 bank is left out, which could decide nothing beside the others. RANGE if nothing was
 * measured into any of the PCRs (all zero, or all ones as 17 to 22 are after a reset). */
PAWL_MUST_USE pawl_status policy_learn(const char *name, uint64_t version,
                                       const struct pawl_pcr_selection *select,
                                       const struct pawl_pcr_values *values, char *ret, size_t cap,
                                       struct pawl_err *err);

/* Judges verified values: sets executables and configuration and adds findings. */
void policy_judge(const struct policy *p, const struct pawl_pcr_selection *select,
                  const struct pawl_pcr_values *values, struct verdict *v);

#endif
