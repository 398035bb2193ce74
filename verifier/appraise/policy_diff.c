/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two policies judge otherwise, in words.
 *
 * Invariant: whatever differs in judging is named by one line at least. Names, versions and notes
 * differ in nothing.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "appraise/firmware.h"
#include "appraise/policy_diff_parts.h"

enum { LINE_MAX_N = 1024, DAY_S = 86400 };

/* ---- lines ---------------------------------------------------------------------------------- */

pawl_status change(const struct changes *c, struct pawl_err *err, const char *fmt, ...)
{
    char    line[LINE_MAX_N];
    size_t  n = (size_t)snprintf(line, sizeof(line), "%s", c->of);
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(line + n, sizeof(line) - n, fmt, ap);
    va_end(ap);
    return c->each(line, c->arg, err);
}

pawl_status change_flag(const struct changes *c, bool from, bool to, const char *when_true,
                        const char *when_false, struct pawl_err *err)
{
    return from == to ? pawl_ok() : change(c, err, "%s", to ? when_true : when_false);
}

pawl_status change_count(const struct changes *c, const char *what, const char *unit, size_t more,
                         size_t less, struct pawl_err *err)
{
    if (more && less)
        return change(c, err, "%s: %zu %s%s more, %zu less", what, more, unit, more == 1 ? "" : "s",
                      less);
    if (more || less)
        return change(c, err, "%s: %zu %s%s %s", what, more + less, unit,
                      more + less == 1 ? "" : "s", more ? "more" : "less");
    return pawl_ok();
}

/* ---- digests -------------------------------------------------------------------------------- */

static bool has_digest(const struct pawl_digest *list, size_t n, const struct pawl_digest *d)
{
    for (size_t i = 0; i < n; i++)
        if (pawl_view_equal(pawl_digest_view(&list[i]), pawl_digest_view(d)))
            return true;
    return false;
}

/* How many of a list the other one lacks. */
static size_t lacks(const struct pawl_digest *other, size_t other_n, const struct pawl_digest *list,
                    size_t n)
{
    size_t missing = 0;

    for (size_t i = 0; i < n; i++)
        missing += !has_digest(other, other_n, &list[i]);
    return missing;
}

static pawl_status change_digests(const struct changes *c, const char *what, const char *unit,
                                  const struct policy_digests *from,
                                  const struct policy_digests *to, struct pawl_err *err)
{
    if (from->present && to->present)
        return change_count(c, what, unit, lacks(from->digest, from->n, to->digest, to->n),
                            lacks(to->digest, to->n, from->digest, from->n), err);
    if (to->present)
        return change(c, err, "%s: a rule, with %zu %s%s", what, to->n, unit,
                      to->n == 1 ? "" : "s");
    return from->present ? change(c, err, "%s: no rule any more", what) : pawl_ok();
}

/* ---- PCRs ----------------------------------------------------------------------------------- */

static const struct policy_rule *find_rule(const struct policy_rules *r,
                                           const struct policy_rule  *like)
{
    for (size_t i = 0; i < r->rule_n; i++)
        if (r->rule[i].hash == like->hash && r->rule[i].pcr == like->pcr)
            return &r->rule[i];
    return NULL;
}

/* Either may be NULL: it has no rule. */
static pawl_status change_pcr(const struct changes *c, const struct policy_rule *from,
                              const struct policy_rule *to, struct pawl_err *err)
{
    const struct policy_rule *either = to ? to : from;
    char                      what[32];

    snprintf(what, sizeof(what), "PCR %u (%s)", either->pcr, pawl_hash_name(either->hash));
    if (!to)
        return change(c, err, "%s: no rule any more", what);
    if (!from && !to->unmeasured)
        return change(c, err, "%s: a rule, with %zu value%s", what, to->value_n,
                      to->value_n == 1 ? "" : "s");
    if (to->unmeasured && !(from && from->unmeasured))
        return change(c, err, "%s: nothing may be measured into it", what);
    if (from->unmeasured && !to->unmeasured)
        PAWL_TRY(change(c, err, "%s: something must be measured into it", what));
    return change_count(c, what, "value", lacks(from->value, from->value_n, to->value, to->value_n),
                        lacks(to->value, to->value_n, from->value, from->value_n), err);
}

static pawl_status change_pcrs(const struct changes *c, const struct policy_rules *from,
                               const struct policy_rules *to, struct pawl_err *err)
{
    for (size_t i = 0; i < to->rule_n; i++)
        PAWL_TRY(change_pcr(c, find_rule(from, &to->rule[i]), &to->rule[i], err));
    for (size_t i = 0; i < from->rule_n; i++)
        if (!find_rule(to, &from->rule[i]))
            PAWL_TRY(change_pcr(c, &from->rule[i], NULL, err));
    return pawl_ok();
}

/* ---- facts ---------------------------------------------------------------------------------- */

static bool has_line(const struct policy_lines *l, struct pawl_view line)
{
    for (size_t i = 0; i < l->n; i++)
        if (pawl_view_equal(l->line[i], line))
            return true;
    return false;
}

static pawl_status change_lines(const struct changes *c, const struct policy_lines *from,
                                const struct policy_lines *to, struct pawl_err *err)
{
    if (from->present && !to->present)
        return change(c, err, "command lines: no rule any more");
    if (to->present && !from->present && to->n == 0)
        return change(c, err, "command lines: none is accepted");
    if (to->present && !from->present)
        PAWL_TRY(change(c, err, "command lines: a rule"));
    for (size_t i = 0; i < to->n; i++)
        if (!has_line(from, to->line[i]))
            PAWL_TRY(change(c, err, "command line accepted: %.*s", (int)to->line[i].n,
                            (const char *)to->line[i].p));
    for (size_t i = 0; i < from->n; i++)
        if (!has_line(to, from->line[i]))
            PAWL_TRY(change(c, err, "command line accepted no more: %.*s", (int)from->line[i].n,
                            (const char *)from->line[i].p));
    return pawl_ok();
}

static pawl_status change_secure_boot(const struct changes *c, const struct policy_rules *from,
                                      const struct policy_rules *to, struct pawl_err *err)
{
    PAWL_TRY(change_flag(c, from->secure_boot == FACT_YES, to->secure_boot == FACT_YES,
                         "secure boot must be on", "secure boot may be off", err));
    for (int l = 0; l < KEY_LIST_COUNT; l++) {
        char what[32];
        snprintf(what, sizeof(what), "secure boot's %s", key_list_name((enum key_list)l));
        PAWL_TRY(change_digests(c, what, "content", &from->list[l], &to->list[l], err));
    }
    if (strcmp(from->sbat, to->sbat) != 0)
        PAWL_TRY(to->sbat[0] ? change(c, err, "SBAT level: at least %s", to->sbat)
                             : change(c, err, "SBAT level: no rule any more"));
    PAWL_TRY(change_digests(c, "who vouches for boot images", "signer", &from->authorities,
                            &to->authorities, err));
    return change_digests(c, "owner's keys (MOK)", "digest", &from->mok, &to->mok, err);
}

static pawl_status change_rules(const struct changes *c, const struct policy_rules *from,
                                const struct policy_rules *to, struct pawl_err *err)
{
    PAWL_TRY(change_pcrs(c, from, to, err));
    PAWL_TRY(change_secure_boot(c, from, to, err));
    PAWL_TRY(change_digests(c, "boot images", "image", &from->images, &to->images, err));
    return change_lines(c, &from->lines, &to->lines, err);
}

/* ---- releases ------------------------------------------------------------------------------- */

static const struct policy_release *find_release(const struct policy *p, const char *name)
{
    for (size_t i = 0; i < p->release_n; i++)
        if (strcmp(p->release[i].name, name) == 0)
            return &p->release[i];
    return NULL;
}

/* The last day, or the second, that it holds in. */
static pawl_status change_end(const struct changes *c, const struct policy_release *r,
                              struct pawl_err *err)
{
    char      day[64] = "";
    time_t    last = (time_t)(r->until_s - 1);
    struct tm tm;

    if (r->until_s == INT64_MAX)
        return change(c, err, "release %s has no end", r->name);
    if (gmtime_r(&last, &tm))
        strftime(day, sizeof(day), r->until_s % DAY_S ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d", &tm);
    return change(c, err, "release %s ends %s", r->name, day);
}

static pawl_status change_kernel(const struct changes *c, const struct policy_release *from,
                                 const struct policy_release *to, struct pawl_err *err)
{
    if (strcmp(from->kernel, to->kernel) == 0)
        return pawl_ok();
    return change(c, err, "kernel %s to %s", from->kernel[0] ? from->kernel : "unnamed",
                  to->kernel[0] ? to->kernel : "unnamed");
}

static pawl_status change_release(const struct changes *all, const struct policy_release *from,
                                  const struct policy_release *to, struct pawl_err *err)
{
    struct changes c = *all;

    snprintf(c.of, sizeof(c.of), "release %s: ", to->name);
    if (from->until_s != to->until_s)
        PAWL_TRY(change_end(all, to, err));
    PAWL_TRY(change_kernel(&c, from, to, err));
    return change_rules(&c, &from->rules, &to->rules, err);
}

static pawl_status new_release(const struct changes *c, const struct policy_release *r,
                               struct pawl_err *err)
{
    PAWL_TRY(change(c, err, "release %s is accepted%s%s", r->name, r->kernel[0] ? ", kernel " : "",
                    r->kernel));
    return r->until_s == INT64_MAX ? pawl_ok() : change_end(c, r, err);
}

/* The one release that another policy lacks; NULL if there is none, or more. */
static const struct policy_release *lone_release(const struct policy *of,
                                                 const struct policy *other)
{
    const struct policy_release *lone = NULL;

    for (size_t i = 0; i < of->release_n; i++) {
        if (find_release(other, of->release[i].name))
            continue;
        if (lone)
            return NULL;
        lone = &of->release[i];
    }
    return lone;
}

/* Of releases that hold equally the first is named in a verdict. */
static pawl_status change_order(const struct changes *c, const struct policy *from,
                                const struct policy *to, struct pawl_err *err)
{
    const struct policy_release *before = NULL;

    for (size_t i = 0; i < to->release_n; i++) {
        const struct policy_release *r = find_release(from, to->release[i].name);
        if (r && before && r < before)
            return change(c, err, "releases stand in another order");
        before = r ? r : before;
    }
    return pawl_ok();
}

static pawl_status change_releases(const struct changes *c, const struct policy *from,
                                   const struct policy *to, struct pawl_err *err)
{
    const struct policy_release *gone = lone_release(from, to), *came = lone_release(to, from);

    if (gone && came)
        PAWL_TRY(change_kernel(c, gone, came, err));
    for (size_t i = 0; i < to->release_n; i++) {
        const struct policy_release *r = find_release(from, to->release[i].name);
        PAWL_TRY(r ? change_release(c, r, &to->release[i], err)
                   : new_release(c, &to->release[i], err));
    }
    for (size_t i = 0; i < from->release_n; i++)
        if (!find_release(to, from->release[i].name))
            PAWL_TRY(change(c, err, "release %s is accepted no more", from->release[i].name));
    return change_order(c, from, to, err);
}

/* ---- the log, the TPM ----------------------------------------------------------------------- */

static pawl_status change_log(const struct changes *c, const struct policy_log *from,
                              const struct policy_log *to, struct pawl_err *err)
{
    PAWL_TRY(change_flag(c, from->needed, to->needed, "an event log is needed",
                         "an event log is needed no more", err));
    PAWL_TRY(change_flag(c, from->legacy, to->legacy, "event logs of SHA-1 alone are taken",
                         "event logs of SHA-1 alone are taken no more", err));
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
        bool was = from->ignored >> pcr & 1, is = to->ignored >> pcr & 1;
        if (was != is)
            PAWL_TRY(
                change(c, err, "the event log %s explain PCR %u", is ? "need not" : "must", pcr));
    }
    return pawl_ok();
}

static const struct policy_firmware *find_firmware(const struct policy *p, const char *maker)
{
    for (size_t i = 0; i < p->firmware_n; i++)
        if (strcasecmp(p->firmware[i].manufacturer, maker) == 0)
            return &p->firmware[i];
    return NULL;
}

static pawl_status change_firmware(const struct changes *c, const struct policy *from,
                                   const struct policy *to, struct pawl_err *err)
{
    for (size_t i = 0; i < to->firmware_n; i++) {
        const struct policy_firmware *is = &to->firmware[i];
        const struct policy_firmware *was = find_firmware(from, is->manufacturer);
        char                          floor[FIRMWARE_TEXT];
        if (was && was->floor == is->floor)
            continue;
        firmware_text(is->floor, floor);
        PAWL_TRY(change(c, err, "TPM firmware of %s: at least %s", is->manufacturer, floor));
    }
    for (size_t i = 0; i < from->firmware_n; i++)
        if (!find_firmware(to, from->firmware[i].manufacturer))
            PAWL_TRY(change(c, err, "TPM firmware of %s: no version is known any more",
                            from->firmware[i].manufacturer));
    return pawl_ok();
}

/* ---- all of it ------------------------------------------------------------------------------ */

pawl_status policy_diff(const struct policy *from, const struct policy *to, policy_change_fn *each,
                        void *arg, struct pawl_err *err)
{
    struct changes c = { .each = each, .arg = arg };

    PAWL_TRY(change_releases(&c, from, to, err));
    PAWL_TRY(change_rules(&c, &from->all, &to->all, err));
    PAWL_TRY(change_log(&c, &from->log, &to->log, err));
    PAWL_TRY(change_ima(&c, &from->ima, &to->ima, err));
    PAWL_TRY(change_flag(&c, from->physical_access, to->physical_access,
                         "strangers may hold the device", "nobody else holds the device", err));
    if (from->answer_within_ms != to->answer_within_ms && to->answer_within_ms)
        PAWL_TRY(change(&c, err, "an answer may take %" PRIu64 " ms", to->answer_within_ms));
    if (from->answer_within_ms != to->answer_within_ms && !to->answer_within_ms)
        PAWL_TRY(change(&c, err, "an answer may take any time"));
    PAWL_TRY(change_flag(&c, from->may_not_reset, to->may_not_reset,
                         "a boot without a reset of the TPM is accepted",
                         "a boot without a reset of the TPM is a warning", err));
    return change_firmware(&c, from, to, err);
}
