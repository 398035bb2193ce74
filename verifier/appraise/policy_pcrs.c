/* SPDX-License-Identifier: Apache-2.0 */
/* Rules for PCR values: the member "pcrs" of a policy and of a release. */
#include "appraise/policy_read.h"

#include <stdlib.h>
#include <string.h>

#define UNMEASURED "unmeasured"

static const struct policy_rule *find_rule(const struct policy_rules *rules, enum pawl_hash hash,
                                           unsigned pcr)
{
    for (size_t i = 0; i < rules->rule_n; i++)
        if (rules->rule[i].hash == hash && rules->rule[i].pcr == pcr)
            return &rules->rule[i];
    return NULL;
}

/* "unmeasured", or a list of accepted values. */
static pawl_status read_rule(struct policy_reader *r, const cJSON *j, struct policy_rule *rule,
                             struct pawl_err *err)
{
    struct policy_digests values = { 0 };

    if (cJSON_IsString(j) && strcmp(j->valuestring, UNMEASURED) == 0) {
        rule->unmeasured = true;
        return pawl_ok();
    }
    if (!cJSON_IsArray(j))
        return policy_wrong(r, j, PAWL_E_RANGE, err,
                            "is neither a list of 1 to %d values nor \"" UNMEASURED "\"",
                            POLICY_VALUES_MAX);
    PAWL_TRY(policy_read_digests(r, j, 1, pawl_hash_n(rule->hash), &values, err));
    rule->value_n = values.n;
    rule->value = values.digest;
    return pawl_ok();
}

/* One bank: {"0": [..], "7": [..]}. A PCR's number has one spelling, so a repeated key is a
 * repeated rule; there are at most 24 rules to a bank, so they always fit. */
static pawl_status read_bank(struct policy_reader *r, const cJSON *j, enum pawl_hash hash,
                             struct policy_rules *rules, struct pawl_err *err)
{
    const cJSON *m;

    if (!cJSON_IsObject(j) || !j->child)
        return policy_wrong(r, j, PAWL_E_FORM, err, "is not an object with at least one PCR");
    cJSON_ArrayForEach(m, j)
    {
        uint64_t pcr = 0;

        r->at = m;
        PAWL_TRY(pawl_u64_parse(m->string, "policy", PAWL_PCRS - 1, &pcr, err));
        if (find_rule(rules, hash, (unsigned)pcr))
            return policy_wrong(r, m, PAWL_E_FORM, err, "is given twice");
        struct policy_rule *rule = &rules->rule[rules->rule_n++];
        *rule = (struct policy_rule){ .hash = hash, .pcr = (unsigned)pcr };
        PAWL_TRY(read_rule(r, m, rule, err));
    }
    return pawl_ok();
}

/* SHA-1 alone decides nothing: collisions are cheap (Q22). */
static pawl_status refuse_lone_sha1(struct policy_reader *r, const cJSON *sha1,
                                    const struct policy_rules *rules, struct pawl_err *err)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, sha1)
    {
        unsigned pcr = (unsigned)strtoul(m->string, NULL, 10);

        if (!find_rule(rules, PAWL_SHA256, pcr) && !find_rule(rules, PAWL_SHA384, pcr) &&
            !find_rule(rules, PAWL_SHA512, pcr))
            return policy_wrong(r, m, PAWL_E_DENIED, err, "needs a rule in another bank too");
    }
    return pawl_ok();
}

static int by_bank_and_pcr(const void *a, const void *b)
{
    const struct policy_rule *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->pcr < y->pcr ? -1 : x->pcr > y->pcr;
}

pawl_status policy_read_pcrs(struct policy_reader *r, const cJSON *j, struct policy_rules *ret,
                             struct pawl_err *err)
{
    static const enum pawl_hash hash[] = { PAWL_SHA1, PAWL_SHA256, PAWL_SHA384, PAWL_SHA512 };
    static const char *const    names[] = { "sha1", "sha256", "sha384", "sha512" };
    const cJSON                *bank[sizeof(names) / sizeof(names[0])];

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_members(r, j, names, sizeof(names) / sizeof(names[0]), bank, err));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (bank[i])
            PAWL_TRY(read_bank(r, bank[i], hash[i], ret, err));
    qsort(ret->rule, ret->rule_n, sizeof(ret->rule[0]), by_bank_and_pcr);
    return refuse_lone_sha1(r, bank[0], ret, err);
}
