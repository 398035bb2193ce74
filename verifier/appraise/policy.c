/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy as a whole: who it is, the rules at its top, its releases. The members' own rules are
 * read by policy_pcrs.c, policy_facts.c and policy_ima.c.
 */
#include "appraise/policy.h"

#include <stdio.h>
#include <string.h>

#include "appraise/judging.h"
#include "appraise/policy_read.h"

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

/* ---- who it is ------------------------------------------------------------------------------ */

static pawl_status read_name(struct policy_reader *r, const cJSON *j, struct policy *p,
                             struct pawl_err *err)
{
    if (!cJSON_IsString(j) || !pawl_is_name(pawl_view_str(j->valuestring)))
        return policy_wrong(
            r, j, PAWL_E_FORM, err,
            "is not 1 to %d of a-z, 0-9, '-', '_', '.', beginning with one of a-z, 0-9",
            PAWL_TENANT_MAX);
    snprintf(p->name, sizeof(p->name), "%s", j->valuestring);
    return pawl_ok();
}

static pawl_status read_version(struct policy_reader *r, const cJSON *j, struct policy *p,
                                struct pawl_err *err)
{
    if (!cJSON_IsNumber(j) || !(j->valuedouble >= 1) || !(j->valuedouble <= POLICY_VERSION_MAX) ||
        j->valuedouble != (double)(uint64_t)j->valuedouble)
        return policy_wrong(r, j, PAWL_E_RANGE, err, "is not a whole number from 1 to %d",
                            POLICY_VERSION_MAX);
    p->version = (uint64_t)j->valuedouble;
    return pawl_ok();
}

static pawl_status check_note(struct policy_reader *r, const cJSON *j, struct pawl_err *err)
{
    const char *ignored;

    return j ? policy_read_words(r, j, 0, POLICY_NOTE_MAX, &ignored, err) : pawl_ok();
}

static pawl_status read_not_reset(struct policy_reader *r, const cJSON *j, struct policy *p,
                                  struct pawl_err *err)
{
    if (!j)
        return pawl_ok();
    p->may_not_reset = cJSON_IsString(j) && strcmp(j->valuestring, "accept") == 0;
    if (!p->may_not_reset && !(cJSON_IsString(j) && strcmp(j->valuestring, "warn") == 0))
        return policy_wrong(r, j, PAWL_E_FORM, err, "is neither \"warn\" nor \"accept\"");
    return pawl_ok();
}

static pawl_status read_answer(struct policy_reader *r, const cJSON *j, struct policy *p,
                               struct pawl_err *err)
{
    if (!j)
        return pawl_ok();
    if (!cJSON_IsNumber(j) || !(j->valuedouble >= 1) || !(j->valuedouble <= PAWL_NONCE_TTL_MS) ||
        j->valuedouble != (double)(uint64_t)j->valuedouble)
        return policy_wrong(r, j, PAWL_E_RANGE, err, "is not a whole number from 1 to %d",
                            PAWL_NONCE_TTL_MS);
    p->answer_within_ms = (uint64_t)j->valuedouble;
    return pawl_ok();
}

/* A member that must be there. */
static pawl_status need(struct policy_reader *r, const cJSON *object, const cJSON *m,
                        const char *name, struct pawl_err *err)
{
    if (m)
        return pawl_ok();
    r->member = name;
    return policy_wrong(r, object, PAWL_E_FORM, err, "is needed");
}

/* ---- rules ---------------------------------------------------------------------------------- */

/* "pcrs", "secure_boot" and "boot", in this order. */
static pawl_status read_rules(struct policy_reader *r, const cJSON *const m[3],
                              struct policy_rules *ret, struct pawl_err *err)
{
    PAWL_TRY(policy_read_pcrs(r, m[0], ret, err));
    PAWL_TRY(policy_read_secure_boot(r, m[1], ret, err));
    return policy_read_boot(r, m[2], ret, err);
}

/* Names of releases are often those of kernels. */
static bool is_release_name(const char *name)
{
    static const char others[] = "+-._~:";
    size_t            n = 0;

    for (; name[n]; n++) {
        bool plain = (name[n] >= '0' && name[n] <= '9') || (name[n] >= 'A' && name[n] <= 'Z') ||
                     (name[n] >= 'a' && name[n] <= 'z');
        if (!plain && (n == 0 || !strchr(others, name[n])))
            return false;
    }
    return n > 0 && n <= RELEASE_NAME_MAX;
}

static pawl_status read_release_name(struct policy_reader *r, const cJSON *j,
                                     const struct policy *p, struct policy_release *ret,
                                     struct pawl_err *err)
{
    if (!cJSON_IsString(j) || !is_release_name(j->valuestring))
        return policy_wrong(r, j, PAWL_E_FORM, err,
                            "is not 1 to %d of A-Z, a-z, 0-9, \"+-._~:\", beginning with a letter "
                            "or digit",
                            RELEASE_NAME_MAX);
    for (size_t i = 0; i < p->release_n; i++)
        if (strcmp(p->release[i].name, j->valuestring) == 0)
            return policy_wrong(r, j, PAWL_E_FORM, err, "is the name of two releases");
    snprintf(ret->name, sizeof(ret->name), "%s", j->valuestring);
    return pawl_ok();
}

static pawl_status read_kernel(struct policy_reader *r, const cJSON *j, struct policy_release *ret,
                               struct pawl_err *err)
{
    const char *text = "";

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_words(r, j, 1, POLICY_KERNEL_MAX - 1, &text, err));
    for (const char *c = text; *c; c++)
        if (*c < '!' || *c > '~')
            return policy_wrong(r, j, PAWL_E_FORM, err, "has a character that is no kernel's");
    snprintf(ret->kernel, sizeof(ret->kernel), "%s", text);
    return pawl_ok();
}

static pawl_status read_until(struct policy_reader *r, const cJSON *j, int64_t *ret,
                              struct pawl_err *err)
{
    const char *text = "";

    *ret = INT64_MAX;
    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_words(r, j, 1, 32, &text, err));
    r->at = j;
    return judging_until(pawl_view_str(text), ret, err);
}

static pawl_status read_release(struct policy_reader *r, const cJSON *j, struct policy *p,
                                struct pawl_err *err)
{
    enum { RULES, NAME = 3, KERNEL, UNTIL };
    static const char *const names[] = { "pcrs", "secure_boot", "boot", "name", "kernel", "until" };
    const cJSON             *m[COUNT(names)];
    struct policy_release   *release = &p->release[p->release_n];

    PAWL_TRY(policy_read_members(r, j, names, COUNT(names), m, err));
    PAWL_TRY(need(r, j, m[NAME], "name", err));
    PAWL_TRY(read_release_name(r, m[NAME], p, release, err));
    PAWL_TRY(read_kernel(r, m[KERNEL], release, err));
    PAWL_TRY(read_until(r, m[UNTIL], &release->until_s, err));
    if (!m[RULES] && !m[RULES + 1] && !m[RULES + 2])
        return policy_wrong(r, j, PAWL_E_FORM, err,
                            "has no rule: one of pcrs, secure_boot, boot is needed");
    PAWL_TRY(read_rules(r, &m[RULES], &release->rules, err));
    p->release_n++;
    return pawl_ok();
}

static pawl_status read_releases(struct policy_reader *r, const cJSON *j, struct policy *p,
                                 struct pawl_err *err)
{
    void        *memory = NULL;
    size_t       n;
    const cJSON *item;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_list(r, j, 1, POLICY_RELEASES_MAX, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(p->release[0]), &memory, err));
    p->release = memory;
    cJSON_ArrayForEach(item, j)
    {
        PAWL_TRY(read_release(r, item, p, err));
    }
    return pawl_ok();
}

/* ---- the whole ------------------------------------------------------------------------------ */

static pawl_status read_policy(struct policy_reader *r, const cJSON *j, struct policy *p,
                               struct pawl_err *err)
{
    enum {
        RULES,
        RELEASES = 3,
        IMA,
        DEMANDING,
        NAME = DEMANDING,
        VERSION,
        NOTE,
        LOG,
        FIRMWARE,
        NOT_RESET,
        PHYSICAL,
        ANSWER
    };
    static const char *const names[] = { "pcrs",
                                         "secure_boot",
                                         "boot",
                                         "releases",
                                         "ima",
                                         "name",
                                         "version",
                                         "note",
                                         "event_log",
                                         "firmware",
                                         "tpm_not_reset",
                                         "physical_access",
                                         "answer_within_ms" };
    const cJSON             *m[COUNT(names)];
    bool                     demands = false;

    PAWL_TRY(policy_read_members(r, j, names, COUNT(names), m, err));
    PAWL_TRY(need(r, j, m[NAME], "name", err));
    PAWL_TRY(need(r, j, m[VERSION], "version", err));
    for (size_t i = 0; i < DEMANDING; i++)
        demands = demands || m[i];
    if (!demands)
        return policy_wrong(r, j, PAWL_E_FORM, err,
                            "has no rule: one of pcrs, secure_boot, boot, releases, ima is needed");
    PAWL_TRY(read_name(r, m[NAME], p, err));
    PAWL_TRY(read_version(r, m[VERSION], p, err));
    PAWL_TRY(check_note(r, m[NOTE], err));
    PAWL_TRY(read_rules(r, &m[RULES], &p->all, err));
    PAWL_TRY(policy_read_log(r, m[LOG], &p->log, err));
    PAWL_TRY(read_releases(r, m[RELEASES], p, err));
    PAWL_TRY(policy_read_ima(r, m[IMA], &p->ima, err));
    PAWL_TRY(policy_read_firmware(r, m[FIRMWARE], p, err));
    PAWL_TRY(policy_read_flag(r, m[PHYSICAL], &p->physical_access, err));
    PAWL_TRY(read_answer(r, m[ANSWER], p, err));
    return read_not_reset(r, m[NOT_RESET], p, err);
}

pawl_status policy_parse(struct pawl_view json, struct policy *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_text_done) struct policy_text text = { 0 };
    PAWL_CLEANUP(policy_done) struct policy           p = { 0 };

    PAWL_TRY(policy_text_read(json, &text, err));
    PAWL_TRY(pawl_sha256(json, p.sha256, err));
    struct policy_reader r = { .memory = &p.memory, .at = text.root };
    pawl_status          s = read_policy(&r, text.root, &p, err);
    if (!pawl_is_ok(s)) {
        policy_text_blame(&text, r.at, r.member, err);
        return s;
    }
    *ret = p;
    p = (struct policy){ 0 }; /* its memory is the caller's now */
    return pawl_ok();
}

void policy_done(struct policy *p)
{
    policy_memory_free(&p->memory);
    *p = (struct policy){ 0 };
}
