/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict: the one rule that turns claims into a status.
 *
 * Not here: who sets which claim (quote.c says what is believed, policy_judge.c and
 * appraise.c judge it through judging.c).
 */
#include "appraise/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void verdict_begin(struct verdict *v)
{
    memset(v, 0, offsetof(struct verdict, finding));
}

void verdict_copy(struct verdict *to, const struct verdict *from)
{
    memcpy(to, from, offsetof(struct verdict, finding));
    memcpy(to->finding, from->finding, from->finding_n * sizeof(from->finding[0]));
}

static const char *const tier_names[TIER_COUNT] = {
    [TIER_NONE] = "none",
    [TIER_AFFIRMING] = "affirming",
    [TIER_WARNING] = "warning",
    [TIER_CONTRAINDICATED] = "contraindicated",
};

const char *tier_name(enum trust_tier t)
{
    return (unsigned)t < TIER_COUNT ? tier_names[t] : tier_names[TIER_NONE];
}

const char *cover_name(enum cover c)
{
    static const char *const names[COVER_COUNT] = { "identity", "boot-log", "runtime" };

    return (unsigned)c < COVER_COUNT ? names[c] : "none";
}

/* Not recognised because nobody approved it yet is a lack of trust and no proof against the device
 * (P-ENROL-9). */
static int judged_identity(const struct verdict *v)
{
    return !v->approved && v->identity == AR4SI_NOT_RECOGNISED ? AR4SI_NONE : v->identity;
}

/* Of everything but the keys. */
static int worst_claim(const struct verdict *v)
{
    const int claims[] = { judged_identity(v), v->configuration, v->executables, v->hardware };
    int       worst = AR4SI_NONE;

    for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
        worst = claims[i] > worst ? claims[i] : worst;
    return worst;
}

enum trust_tier verdict_software(const struct verdict *v)
{
    int worst = worst_claim(v);

    if (worst >= AR4SI_CONTRAINDICATED)
        return TIER_CONTRAINDICATED;
    /* Without a claim about the identity nobody looked: an approval alone is not trust. */
    if (!v->approved || !v->policy[0] || v->identity == AR4SI_NONE)
        return TIER_NONE;
    if (worst >= AR4SI_UNSAFE)
        return TIER_WARNING;
    return v->executables == AR4SI_NONE ? TIER_NONE : TIER_AFFIRMING;
}

enum trust_tier verdict_keys(const struct verdict *v)
{
    if (v->keys >= AR4SI_CONTRAINDICATED)
        return TIER_CONTRAINDICATED;
    return v->approved && v->keys != AR4SI_NONE ? TIER_AFFIRMING : TIER_NONE;
}

/* Keys speak against a device and never for it. */
enum trust_tier verdict_tier(const struct verdict *v)
{
    return verdict_keys(v) == TIER_CONTRAINDICATED ? TIER_CONTRAINDICATED : verdict_software(v);
}

int8_t verdict_identity(const struct verdict *v)
{
    return v->keys > v->identity ? v->keys : v->identity;
}

size_t verdict_text_n(const char *text, size_t max)
{
    enum { CHARACTER_MAX = 4 };
    size_t n = strnlen(text, max);

    for (size_t less = 0; less < CHARACTER_MAX && less <= n; less++)
        if (pawl_is_utf8(pawl_view(text, n - less)))
            return n - less;
    return n;
}

static void copy_text(char *ret, size_t cap, const char *text)
{
    snprintf(ret, cap, "%.*s", (int)verdict_text_n(text, cap - 1), text);
}

void verdict_find_what(struct verdict *v, enum reason r, const char *what, const char *detail)
{
    if (v->finding_n == VERDICT_REASONS_MAX)
        return;
    struct finding *f = &v->finding[v->finding_n++];
    f->reason = r;
    copy_text(f->what, sizeof(f->what), what);
    copy_text(f->detail, sizeof(f->detail), detail);
}

void verdict_find(struct verdict *v, enum reason r, const char *fmt, ...)
{
    char    detail[VERDICT_DETAIL_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    verdict_find_what(v, r, "", detail);
}

void verdict_worsen(int8_t *claim, enum ar4si value)
{
    if (*claim < (int8_t)value)
        *claim = (int8_t)value;
}
