/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a policy: a rule that gets lost, or is another one than it was written. Every text below
 * a member that has digests is one; rules for PCRs are written down again and must read as the
 * same; tables are as ima_judge needs them; and of a device that nothing is known about no policy
 * takes anything for good.
 */

#include <inttypes.h>
#include <stdio.h>

#include "appraise/policy_judge.h"
#include "appraise/policy_text.h"
#include "fuzz.h"

/* ---- nothing is lost ------------------------------------------------------------------------ */

static size_t texts_below(const cJSON *j)
{
    size_t n = 0;

    for (const cJSON *m = j ? j->child : NULL; m; m = m->next)
        n += cJSON_IsString(m) ? 1 : texts_below(m);
    return n;
}

static const cJSON *member(const cJSON *j, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(j, name);
}

static void no_rule_is_lost(const struct policy_rules *r, const cJSON *j)
{
    const cJSON *secure_boot = member(j, "secure_boot"), *boot = member(j, "boot");
    size_t       values = 0, lists = r->authorities.n + r->mok.n;

    for (size_t i = 0; i < r->rule_n; i++) {
        FUZZ_HOLDS(r->rule[i].unmeasured == (r->rule[i].value_n == 0));
        values += r->rule[i].value_n + r->rule[i].unmeasured;
    }
    for (size_t i = 0; i < KEY_LIST_COUNT; i++)
        lists += r->list[i].n;
    FUZZ_HOLDS(values == texts_below(member(j, "pcrs")));
    FUZZ_HOLDS(lists + (r->sbat[0] != 0) == texts_below(secure_boot));
    FUZZ_HOLDS((r->secure_boot != FACT_UNKNOWN) == (member(secure_boot, "on") != NULL));
    FUZZ_HOLDS(r->images.n == texts_below(member(boot, "images")));
    FUZZ_HOLDS(r->lines.n == texts_below(member(boot, "command_lines")));
}

static void nothing_is_lost(const struct policy *p, struct pawl_view text)
{
    struct policy_text t = { 0 };
    struct pawl_err    err;
    size_t             i = 0;

    FUZZ_HOLDS(pawl_is_ok(policy_text_read(text, &t, &err)));
    const cJSON            *ima = member(t.root, "ima"), *m;
    const struct ima_rules *r = &p->ima.rules;
    no_rule_is_lost(&p->all, t.root);
    cJSON_ArrayForEach(m, member(t.root, "releases"))
    {
        FUZZ_HOLDS(i < p->release_n);
        no_rule_is_lost(&p->release[i++].rules, m);
    }
    FUZZ_HOLDS(i == p->release_n && p->ima.present == (ima != NULL));
    FUZZ_HOLDS(r->files_n == texts_below(member(ima, "files")));
    FUZZ_HOLDS(r->policies_n == texts_below(member(ima, "policies")));
    FUZZ_HOLDS(r->buffers_n == texts_below(member(ima, "buffers")));
    FUZZ_HOLDS(r->excluded_n == texts_below(member(ima, "exclude")));
    FUZZ_HOLDS(r->keys_n == texts_below(member(ima, "keys")));
    FUZZ_HOLDS(pawl_is_ok(ima_rules_check(r, &err)));
    FUZZ_HOLDS(p->firmware_n == texts_below(member(t.root, "firmware")));
    policy_text_done(&t);
}

/* ---- what is written reads as the same ------------------------------------------------------ */

/* One PCR: "7":["..",".."]. */
static void write_rule(FILE *f, const struct policy_rule *r)
{
    fprintf(f, "\"%u\":%s", r->pcr, r->unmeasured ? "\"unmeasured\"" : "[");
    for (size_t k = 0; k < r->value_n; k++) {
        char            hex[2 * PAWL_HASH_MAX + 1];
        struct pawl_err err;
        FUZZ_HOLDS(
            pawl_is_ok(pawl_hex_write(pawl_digest_view(&r->value[k]), hex, sizeof(hex), &err)));
        fprintf(f, "%s\"%s\"", k ? "," : "", hex);
    }
    fprintf(f, "%s", r->unmeasured ? "" : "]");
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

/* ---- nothing known -------------------------------------------------------------------------- */

static void not_satisfied_by_nothing(const struct policy *p)
{
    const struct pawl_pcr_selection none = { 0 };
    const struct pawl_pcr_values    no_values = { 0 };
    const struct policy_subject s = { .select = &none, .values = &no_values, .manufacturer = "" };
    struct verdict              v = { .identity = AR4SI_RECOGNISED, .approved = true };
    struct judging              j = { .v = &v };

    policy_appraise(p, &s, &j);
    FUZZ_HOLDS(v.executables >= AR4SI_UNSAFE && v.finding_n);
    FUZZ_HOLDS(verdict_tier(&v) != TIER_AFFIRMING);
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
    FUZZ_HOLDS(pawl_is_name(pawl_view_str(policy.name)));
    nothing_is_lost(&policy, pawl_view(p, n));
    if (policy.all.rule_n) {
        struct policy again = read_again(&policy);
        same(&policy, &again);
        policy_done(&again);
    }
    not_satisfied_by_nothing(&policy);
    policy_done(&policy);
    return 0;
}
