/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR policies: strict JSON in, rules out; values judged; a policy learned from a golden device.
 *
 * Invariants
 *  1. What is not said is not allowed: an unknown key is a spelling mistake and is refused, since a
 *     rule that is silently dropped would be a hole.
 *  2. A rule without a quoted value is a finding, never a pass.
 *
 * Not here: where policies are kept, and which one judges a device (the store, the flows).
 */
#include "appraise/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

/* ---- parse ---------------------------------------------------------------------------------- */

static void json_free(cJSON **j)
{
    cJSON_Delete(*j);
}

static size_t line_of(struct pawl_view text, const char *at)
{
    size_t line = 1;

    for (const uint8_t *p = text.p; p < (const uint8_t *)at; p++)
        line += *p == '\n';
    return line;
}

/* cJSON ends a string at an escaped NUL, so that "a\u0000b" would read as "a". */
static bool has_escaped_nul(struct pawl_view text)
{
    return memmem(text.p, text.n, "\\u0000", 6) != NULL;
}

static pawl_status read_json(struct pawl_view text, cJSON **ret, struct pawl_err *err)
{
    const char *end = NULL;

    if (text.n == 0 || text.n > POLICY_JSON_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "policy", "has %zu bytes, 1 to %d are taken", text.n,
                         POLICY_JSON_MAX);
    if (!pawl_is_utf8(text) || has_escaped_nul(text))
        return pawl_fail(err, PAWL_E_FORM, "policy", "is not UTF-8 text without NUL");
    cJSON *j = cJSON_ParseWithLengthOpts((const char *)text.p, text.n, &end, false);
    if (!j)
        return pawl_fail(err, PAWL_E_FORM, "policy", "is no JSON in line %zu", line_of(text, end));
    for (; end < (const char *)text.p + text.n; end++)
        if (!strchr(" \t\r\n", *end)) {
            cJSON_Delete(j);
            return pawl_fail(err, PAWL_E_TRAILING, "policy", "goes on after its end in line %zu",
                             line_of(text, end));
        }
    *ret = j;
    return pawl_ok();
}

/* The member of this name, once or not at all. */
static pawl_status take_member(const cJSON *object, const char *name, const cJSON **ret,
                               struct pawl_err *err)
{
    const cJSON *m, *found = NULL;

    cJSON_ArrayForEach(m, object)
    {
        if (strcmp(m->string, name) != 0)
            continue;
        if (found)
            return pawl_fail(err, PAWL_E_FORM, name, "is given twice");
        found = m;
    }
    *ret = found;
    return pawl_ok();
}

static pawl_status refuse_unknown_members(const cJSON *object, struct pawl_err *err)
{
    static const char *const known[] = { "name", "version", "note", "pcrs" };
    const cJSON             *m;

    cJSON_ArrayForEach(m, object)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            is_known = is_known || strcmp(m->string, known[i]) == 0;
        if (!is_known)
            return pawl_fail(err, PAWL_E_FORM, "policy",
                             "has a member that is none of name, version, note, pcrs");
    }
    return pawl_ok();
}

static pawl_status read_name(const cJSON *j, struct policy *p, struct pawl_err *err)
{
    if (!cJSON_IsString(j) || !pawl_is_name(pawl_view_str(j->valuestring)))
        return pawl_fail(
            err, PAWL_E_FORM, "name",
            "is not 1 to %d of a-z, 0-9, '-', '_', '.', beginning with one of a-z, 0-9",
            PAWL_TENANT_MAX);
    snprintf(p->name, sizeof(p->name), "%s", j->valuestring);
    return pawl_ok();
}

static pawl_status read_version(const cJSON *j, struct policy *p, struct pawl_err *err)
{
    if (!cJSON_IsNumber(j) || !(j->valuedouble >= 1) || !(j->valuedouble <= POLICY_VERSION_MAX) ||
        j->valuedouble != (double)(uint64_t)j->valuedouble)
        return pawl_fail(err, PAWL_E_RANGE, "version", "is not a whole number from 1 to %d",
                         POLICY_VERSION_MAX);
    p->version = (uint64_t)j->valuedouble;
    return pawl_ok();
}

static pawl_status check_note(const cJSON *j, struct pawl_err *err)
{
    if (!j)
        return pawl_ok();
    if (!cJSON_IsString(j) || strlen(j->valuestring) > POLICY_NOTE_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "note", "is not a text of at most %d bytes",
                         POLICY_NOTE_MAX);
    return pawl_ok();
}

/* The accepted values of one PCR. The rule owns its array from the beginning, so that policy_done
 * releases it whatever happens. */
static pawl_status read_values(const cJSON *j, const char *path, struct policy_rule *rule,
                               struct pawl_err *err)
{
    int          n = cJSON_IsArray(j) ? cJSON_GetArraySize(j) : 0;
    size_t       len = pawl_hash_n(rule->hash);
    const cJSON *item;

    if (n < 1 || n > POLICY_VALUES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, path, "is not a list of 1 to %d values",
                         POLICY_VALUES_MAX);
    rule->value = calloc((size_t)n, sizeof(rule->value[0]));
    if (!rule->value)
        return pawl_fail(err, PAWL_E_MEMORY, path, "no memory for %d values", n);
    cJSON_ArrayForEach(item, j)
    {
        char                at[64];
        struct pawl_digest *value = &rule->value[rule->value_n];

        snprintf(at, sizeof(at), "%s[%zu]", path, rule->value_n);
        if (!cJSON_IsString(item))
            return pawl_fail(err, PAWL_E_FORM, at, "is not a text");
        PAWL_TRY(pawl_hex_parse_exact(item->valuestring, at, value->b, len, err));
        value->n = len;
        rule->value_n++;
    }
    return pawl_ok();
}

static const struct policy_rule *find_rule(const struct policy *p, enum pawl_hash hash,
                                           unsigned pcr)
{
    for (size_t i = 0; i < p->all.rule_n; i++)
        if (p->all.rule[i].hash == hash && p->all.rule[i].pcr == pcr)
            return &p->all.rule[i];
    return NULL;
}

/* One bank: {"0": [..], "7": [..]}. A PCR's number has one spelling, so a repeated key is a
 * repeated rule; there are at most 24 rules to a bank, so they always fit. */
static pawl_status read_bank(const cJSON *j, enum pawl_hash hash, struct policy *p,
                             struct pawl_err *err)
{
    char         path[64];
    const cJSON *m;

    snprintf(path, sizeof(path), "pcrs.%s", pawl_hash_name(hash));
    if (!cJSON_IsObject(j) || !j->child)
        return pawl_fail(err, PAWL_E_FORM, path, "is not an object with at least one PCR");
    cJSON_ArrayForEach(m, j)
    {
        uint64_t pcr = 0;

        PAWL_TRY(pawl_under(err, path, pawl_u64_parse(m->string, "pcr", PAWL_PCRS - 1, &pcr, err)));
        snprintf(path, sizeof(path), "pcrs.%s.%u", pawl_hash_name(hash), (unsigned)pcr);
        if (find_rule(p, hash, (unsigned)pcr))
            return pawl_fail(err, PAWL_E_FORM, path, "is given twice");
        struct policy_rule *rule = &p->all.rule[p->all.rule_n++];
        *rule = (struct policy_rule){ .hash = hash, .pcr = (unsigned)pcr };
        PAWL_TRY(read_values(m, path, rule, err));
        snprintf(path, sizeof(path), "pcrs.%s", pawl_hash_name(hash));
    }
    return pawl_ok();
}

/* SHA-1 alone decides nothing: collisions are cheap (Q22). */
static pawl_status refuse_lone_sha1(const struct policy *p, struct pawl_err *err)
{
    for (size_t i = 0; i < p->all.rule_n; i++) {
        unsigned pcr = p->all.rule[i].pcr;
        char     path[64];

        if (p->all.rule[i].hash != PAWL_SHA1 || find_rule(p, PAWL_SHA256, pcr) ||
            find_rule(p, PAWL_SHA384, pcr) || find_rule(p, PAWL_SHA512, pcr))
            continue;
        snprintf(path, sizeof(path), "pcrs.sha1.%u", pcr);
        return pawl_fail(err, PAWL_E_DENIED, path, "needs a rule for PCR %u in another bank too",
                         pcr);
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

static pawl_status read_pcrs(const cJSON *j, struct policy *p, struct pawl_err *err)
{
    const cJSON *m;
    unsigned     seen = 0;

    if (!cJSON_IsObject(j) || !j->child)
        return pawl_fail(err, PAWL_E_FORM, "pcrs", "is not an object with at least one bank");
    cJSON_ArrayForEach(m, j)
    {
        enum pawl_hash hash = pawl_hash_by_name(m->string);

        if (hash == PAWL_HASH_NONE)
            return pawl_fail(err, PAWL_E_UNSUPPORTED, "pcrs",
                             "has a bank that is none of sha1, sha256, sha384, sha512");
        if (seen & 1u << hash)
            return pawl_fail(err, PAWL_E_FORM, "pcrs", "has %s twice", pawl_hash_name(hash));
        seen |= 1u << hash;
        PAWL_TRY(read_bank(m, hash, p, err));
    }
    qsort(p->all.rule, p->all.rule_n, sizeof(p->all.rule[0]), by_bank_and_pcr);
    return refuse_lone_sha1(p, err);
}

static pawl_status read_policy(const cJSON *j, struct policy *p, struct pawl_err *err)
{
    const cJSON *name = NULL, *version = NULL, *note = NULL, *pcrs = NULL;

    if (!cJSON_IsObject(j))
        return pawl_fail(err, PAWL_E_FORM, "policy", "is not a JSON object");
    PAWL_TRY(refuse_unknown_members(j, err));
    PAWL_TRY(take_member(j, "name", &name, err));
    PAWL_TRY(take_member(j, "version", &version, err));
    PAWL_TRY(take_member(j, "note", &note, err));
    PAWL_TRY(take_member(j, "pcrs", &pcrs, err));
    PAWL_TRY(read_name(name, p, err));
    PAWL_TRY(read_version(version, p, err));
    PAWL_TRY(check_note(note, err));
    return read_pcrs(pcrs, p, err);
}

pawl_status policy_parse(struct pawl_view json, struct policy *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON          *j = NULL;
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };

    PAWL_TRY(read_json(json, &j, err));
    PAWL_TRY(read_policy(j, &p, err));
    *ret = p;
    p = (struct policy){ 0 }; /* the rules' values are the caller's now */
    return pawl_ok();
}

void policy_done(struct policy *p)
{
    for (size_t i = 0; i < p->all.rule_n; i++)
        free(p->all.rule[i].value);
    *p = (struct policy){ 0 };
}

/* ---- learn ---------------------------------------------------------------------------------- */

static bool is_unmeasured(const struct pawl_digest *value)
{
    for (size_t i = 1; i < value->n; i++)
        if (value->b[i] != value->b[0])
            return false;
    return value->n == 0 || value->b[0] == 0x00 || value->b[0] == 0xff;
}

/* False when memory ran out, as cJSON's own calls say it. */
static bool learn_value(cJSON *bank, unsigned pcr, const struct pawl_digest *value)
{
    char            number[4], hex[2 * PAWL_HASH_MAX + 1];
    struct pawl_err ignored;

    snprintf(number, sizeof(number), "%u", pcr);
    if (!pawl_is_ok(pawl_hex_write(pawl_digest_view(value), hex, sizeof(hex), &ignored)))
        return false;
    cJSON *list = cJSON_AddArrayToObject(bank, number);
    return list && cJSON_AddItemToArray(list, cJSON_CreateString(hex));
}

/* A PCR that nothing was measured into is learned too: a kernel's command line that somebody adds,
 * say, is measured into one that was empty on every good boot. */
static bool learn_bank(cJSON *pcrs, const struct pawl_pcr_selection *select,
                       const struct pawl_pcr_values *values, enum pawl_hash hash, size_t *measured)
{
    cJSON *bank = NULL;

    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
        const struct pawl_digest *value = pawl_pcr_value(select, values, hash, pcr);
        if (!value)
            continue;
        if (!bank)
            bank = cJSON_AddObjectToObject(pcrs, pawl_hash_name(hash));
        if (!bank || !learn_value(bank, pcr, value))
            return false;
        *measured += !is_unmeasured(value);
    }
    return true;
}

pawl_status policy_learn(const char *name, uint64_t version,
                         const struct pawl_pcr_selection *select,
                         const struct pawl_pcr_values *values, char *ret, size_t cap,
                         struct pawl_err *err)
{
    static const enum pawl_hash    banks[] = { PAWL_SHA256, PAWL_SHA384, PAWL_SHA512 };
    PAWL_CLEANUP(json_free) cJSON *j = cJSON_CreateObject();
    size_t                         measured = 0;

    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "name", "is not a policy's name");
    if (version < 1 || version > POLICY_VERSION_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "version", "is not from 1 to %d", POLICY_VERSION_MAX);

    bool good = cJSON_AddStringToObject(j, "name", name) &&
                cJSON_AddNumberToObject(j, "version", (double)version);
    cJSON *pcrs = cJSON_AddObjectToObject(j, "pcrs");
    for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
        good = good && pcrs && learn_bank(pcrs, select, values, banks[i], &measured);
    if (!good)
        return pawl_fail(err, PAWL_E_MEMORY, "policy", "no memory");
    if (measured == 0)
        return pawl_fail(err, PAWL_E_RANGE, "pcrs", "nothing was measured into any quoted PCR");
    if (cap > INT32_MAX || !cJSON_PrintPreallocated(j, ret, (int)cap, true))
        return pawl_fail(err, PAWL_E_FULL, "policy", "does not fit %zu bytes", cap);
    return pawl_ok();
}

/* ---- judge ---------------------------------------------------------------------------------- */

enum { SHOWN = 8 }; /* bytes of a digest in a finding: enough to tell two apart */

static void show_digest(const struct pawl_digest *d, char ret[2 * SHOWN + 3])
{
    for (size_t i = 0; i < SHOWN; i++)
        snprintf(ret + 2 * i, 3, "%02x", d->b[i]);
    memcpy(ret + 2 * SHOWN, "..", 3);
}

static bool accepts(const struct policy_rule *rule, const struct pawl_digest *value)
{
    for (size_t i = 0; i < rule->value_n; i++)
        if (pawl_view_equal(pawl_digest_view(&rule->value[i]), pawl_digest_view(value)))
            return true;
    return false;
}

static void report_difference(const struct policy_rule *rule, const struct pawl_digest *value,
                              struct verdict *v)
{
    char is[2 * SHOWN + 3], allowed[2 * SHOWN + 3], more[32] = "";

    show_digest(value, is);
    show_digest(&rule->value[0], allowed);
    if (rule->value_n > 1)
        snprintf(more, sizeof(more), " or %zu others", rule->value_n - 1);
    verdict_find(v, REASON_PCR_DIFFERS, "%s:%u is %s, policy %s allows %s%s",
                 pawl_hash_name(rule->hash), rule->pcr, is, v->policy, allowed, more);
}

void policy_judge(const struct policy *p, const struct pawl_pcr_selection *select,
                  const struct pawl_pcr_values *values, struct verdict *v)
{
    bool satisfied = p->all.rule_n > 0;

    snprintf(v->policy, sizeof(v->policy), "%s:%" PRIu64, p->name, p->version);
    for (size_t i = 0; i < p->all.rule_n; i++) {
        const struct policy_rule *rule = &p->all.rule[i];
        const struct pawl_digest *value = pawl_pcr_value(select, values, rule->hash, rule->pcr);

        if (value && accepts(rule, value))
            continue;
        satisfied = false;
        if (value) {
            verdict_worsen(&v->executables, AR4SI_CONTRAINDICATED);
            report_difference(rule, value, v);
        } else {
            verdict_worsen(&v->executables, AR4SI_UNRECOGNISED);
            verdict_find(v, REASON_PCR_MISSING, "%s:%u was not quoted, policy %s has a rule for it",
                         pawl_hash_name(rule->hash), rule->pcr, v->policy);
        }
    }
    if (satisfied) {
        verdict_worsen(&v->executables, AR4SI_BOOT_ONLY);
        verdict_worsen(&v->configuration, AR4SI_RECOGNISED);
    }
}
