/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a PCR policy: a rule that gets lost or is judged otherwise than it was written. What a
 * policy says is written down again from its rules and must read as the same; its own values
 * satisfy it, and no values never do.
 */

#include <inttypes.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "appraise/policy.h"
#include "fuzz.h"

static size_t texts_below(const cJSON *j)
{
    size_t n = 0;

    for (const cJSON *m = j->child; m; m = m->next)
        n += cJSON_IsString(m) ? 1 : texts_below(m);
    return n;
}

static void no_value_is_lost(const struct policy *p, struct pawl_view text)
{
    cJSON *j = cJSON_ParseWithLength((const char *)text.p, text.n);
    size_t n = 0;

    for (size_t i = 0; i < p->all.rule_n; i++)
        n += p->all.rule[i].value_n;
    FUZZ_HOLDS(n == texts_below(cJSON_GetObjectItemCaseSensitive(j, "pcrs")));
    cJSON_Delete(j);
}

/* The values of one PCR: "7":["..",".."]. */
static void write_rule(FILE *f, const struct policy_rule *r)
{
    fprintf(f, "\"%u\":[", r->pcr);
    for (size_t k = 0; k < r->value_n; k++) {
        char            hex[2 * PAWL_HASH_MAX + 1];
        struct pawl_err err;
        FUZZ_HOLDS(
            pawl_is_ok(pawl_hex_write(pawl_digest_view(&r->value[k]), hex, sizeof(hex), &err)));
        fprintf(f, "%s\"%s\"", k ? "," : "", hex);
    }
    fprintf(f, "]");
}

static struct policy read_again(const struct policy *p)
{
    static char     text[POLICY_JSON_MAX + 1];
    FILE           *f = fmemopen(text, sizeof(text), "w");
    struct policy   again;
    struct pawl_err err;

    FUZZ_HOLDS(f);
    fprintf(f, "{\"name\":\"%s\",\"version\":%" PRIu64 ",\"pcrs\":{", p->name, p->version);
    for (size_t i = 0; i < p->all.rule_n; i++) {
        bool same_bank = i && p->all.rule[i].hash == p->all.rule[i - 1].hash;
        if (same_bank)
            fprintf(f, ",");
        else
            fprintf(f, "%s\"%s\":{", i ? "}," : "", pawl_hash_name(p->all.rule[i].hash));
        write_rule(f, &p->all.rule[i]);
    }
    fprintf(f, "}}}");
    long n = ftell(f);
    FUZZ_HOLDS(n > 0 && fclose(f) == 0);
    FUZZ_HOLDS(pawl_is_ok(policy_parse(pawl_view(text, (size_t)n), &again, &err)));
    return again;
}

static void same(const struct policy *a, const struct policy *b)
{
    FUZZ_HOLDS(!strcmp(a->name, b->name) && a->version == b->version &&
               a->all.rule_n == b->all.rule_n);
    for (size_t i = 0; i < a->all.rule_n; i++) {
        const struct policy_rule *x = &a->all.rule[i], *y = &b->all.rule[i];
        FUZZ_HOLDS(x->hash == y->hash && x->pcr == y->pcr && x->value_n == y->value_n);
        for (size_t k = 0; k < x->value_n; k++)
            FUZZ_HOLDS(
                pawl_view_equal(pawl_digest_view(&x->value[k]), pawl_digest_view(&y->value[k])));
    }
}

/* A device that has for each rule the last value that it accepts. */
static void satisfied_by_its_own(const struct policy *p)
{
    struct pawl_pcr_selection select = { 0 };
    struct pawl_pcr_values    values = { 0 };
    struct verdict            v = { 0 };

    for (size_t i = 0; i < p->all.rule_n; i++) {
        const struct policy_rule *r = &p->all.rule[i];
        if (i == 0 || r->hash != r[-1].hash)
            select.bank[select.n++].hash = r->hash;
        FUZZ_HOLDS(select.n <= PAWL_PCR_BANKS_MAX && r->pcr < PAWL_PCRS);
        select.bank[select.n - 1].bits |= 1u << r->pcr;
        values.value[values.n++] = r->value[r->value_n - 1];
    }
    policy_judge(p, &select, &values, &v);
    FUZZ_HOLDS(v.executables == AR4SI_BOOT_ONLY && v.finding_n == 0);

    values.value[values.n - 1].n = 0; /* of no length that a rule has */
    v = (struct verdict){ 0 };
    policy_judge(p, &select, &values, &v);
    FUZZ_HOLDS(v.executables == AR4SI_CONTRAINDICATED && v.configuration == AR4SI_NONE);
}

static void not_satisfied_by_nothing(const struct policy *p)
{
    const struct pawl_pcr_selection none = { 0 };
    const struct pawl_pcr_values    no_values = { 0 };
    struct verdict                  v = { 0 };

    policy_judge(p, &none, &no_values, &v);
    FUZZ_HOLDS(v.executables == AR4SI_UNRECOGNISED && v.configuration == AR4SI_NONE);
    FUZZ_HOLDS(v.finding_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct policy   policy;
    struct pawl_err err = { 0 };

    FUZZ_POISON(&policy);
    pawl_status s = policy_parse(pawl_view(p, n), &policy, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &policy);
        return 0;
    }
    FUZZ_HOLDS(policy.all.rule_n && pawl_is_name(pawl_view_str(policy.name)));
    no_value_is_lost(&policy, pawl_view(p, n));
    struct policy again = read_again(&policy);
    same(&policy, &again);
    policy_done(&again);
    satisfied_by_its_own(&policy);
    not_satisfied_by_nothing(&policy);
    policy_done(&policy);
    return 0;
}
