/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy held against a device.
 *
 * Invariants
 *  1. Every rule is looked at, and each that does not hold is a fault: there is no rule that is
 *     skipped because something is missing (S5).
 *  2. Executables are affirmed here only, at the end, and only without a fault.
 *  3. Of releases one holds whole. What a single release does not take, two of them together do not
 *     take either: that has a name of its own (mixed-image).
 */
#include "appraise/policy_judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "appraise/firmware.h"
#include "appraise/policy_judge_parts.h"

enum { FIRMWARE_PCRS = 8 }; /* 0 to 7 */

/* ---- what the parts share ------------------------------------------------------------------- */

void look_fault(struct look *x, int8_t *claim, enum ar4si value, enum reason r, const char *what,
                const char *fmt, ...)
{
    char    detail[VERDICT_DETAIL_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(detail, sizeof(detail), fmt, ap);
    va_end(ap);
    if (!judging_fault(x->j, claim, value, r, what, "%s", detail))
        x->faults++;
}

void look_digest(struct pawl_view digest, char ret[LOOK_DIGEST])
{
    enum { SHOWN = 8 }; /* bytes: enough to tell two apart */
    size_t n = 0;

    for (; n < SHOWN && n < digest.n; n++)
        snprintf(ret + 2 * n, 3, "%02x", digest.p[n]);
    memcpy(ret + 2 * n, "..", 3);
}

uint32_t look_quoted(const struct look *x)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < x->s->select->n; i++)
        bits |= x->s->select->bank[i].bits;
    return bits;
}

/* ---- PCR rules ------------------------------------------------------------------------------ */

bool policy_is_unmeasured(unsigned pcr, const struct pawl_digest *value)
{
    bool zeros = true, ones = pcr >= 17 && pcr <= 22;

    for (size_t i = 0; i < value->n; i++) {
        zeros = zeros && value->b[i] == 0x00;
        ones = ones && value->b[i] == 0xff;
    }
    return zeros || ones;
}

static const struct policy_rule *find_rule(const struct policy_rules *r, enum pawl_hash hash,
                                           unsigned pcr)
{
    for (size_t i = 0; i < r->rule_n; i++)
        if (r->rule[i].hash == hash && r->rule[i].pcr == pcr)
            return &r->rule[i];
    return NULL;
}

static bool accepts(const struct policy_rule *rule, const struct pawl_digest *value)
{
    for (size_t i = 0; i < rule->value_n; i++)
        if (pawl_view_equal(pawl_digest_view(&rule->value[i]), pawl_digest_view(value)))
            return true;
    return rule->unmeasured && policy_is_unmeasured(rule->pcr, value);
}

/* "6bad.. or 2 more" */
static void write_allowed(const struct policy_rule *rule, char ret[48])
{
    char first[LOOK_DIGEST];

    if (rule->unmeasured) {
        snprintf(ret, 48, "nothing measured");
        return;
    }
    look_digest(pawl_digest_view(&rule->value[0]), first);
    if (rule->value_n > 1)
        snprintf(ret, 48, "%s or %zu more", first, rule->value_n - 1);
    else
        snprintf(ret, 48, "%s", first);
}

/* Whatever the set has for the PCR of this rule will do. */
static bool set_accepts(const struct rule_set *set, const struct policy_rule *rule,
                        const struct pawl_digest *value)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct policy_rule *other = find_rule(set->one[i], rule->hash, rule->pcr);
        if (other && accepts(other, value))
            return true;
    }
    return false;
}

static void look_at_pcr(struct look *x, const struct rule_set *set, const struct policy_rule *rule)
{
    const struct pawl_digest *value = pawl_pcr_value(x->s->select, x->s->values, rule->hash,
                                                     rule->pcr);
    bool                      not_reset = x->s->no_boot == REASON_TPM_NOT_RESET;
    char                      what[16], is[LOOK_DIGEST], allowed[48];

    x->asked++;
    if (value && set_accepts(set, rule, value))
        return;
    snprintf(what, sizeof(what), "%s:%u", pawl_hash_name(rule->hash), rule->pcr);
    if (!value) {
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_PCR_MISSING, what,
                   "%s was not quoted, %s has a rule for it", what, x->who);
        return;
    }
    look_digest(pawl_digest_view(value), is);
    write_allowed(rule, allowed);
    /* Without a reset PCRs hold two boots, and no value of either is right. */
    look_fault(x, &x->j->v->executables, not_reset ? AR4SI_UNRECOGNISED : AR4SI_CONTRAINDICATED,
               REASON_PCR_DIFFERS, what, "%s is %s, %s allows %s", what, is, x->who, allowed);
}

static void look_at_pcrs(struct look *x, const struct rule_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < set->one[i]->rule_n; k++)
            look_at_pcr(x, set, &set->one[i]->rule[k]);
}

/* ---- empty banks (Q22) ---------------------------------------------------------------------- */

static bool has_bank(const struct policy_rules *r, enum pawl_hash hash)
{
    for (size_t i = 0; i < r->rule_n; i++)
        if (hash == PAWL_HASH_NONE || r->rule[i].hash == hash)
            return true;
    return false;
}

/* Of any bank, for PAWL_HASH_NONE. */
static bool policy_has_bank(const struct policy *p, enum pawl_hash hash)
{
    bool has = has_bank(&p->all, hash);

    for (size_t i = 0; i < p->release_n; i++)
        has = has || has_bank(&p->release[i].rules, hash);
    return has;
}

/* Whether PCRs 0 to 7 of a bank were quoted, and all of those are as a reset leaves them. */
static bool is_empty(const struct look *x, enum pawl_hash hash)
{
    size_t quoted = 0, empty = 0;

    for (unsigned pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        const struct pawl_digest *value = pawl_pcr_value(x->s->select, x->s->values, hash, pcr);
        quoted += value != NULL;
        empty += value && policy_is_unmeasured(pcr, value);
    }
    return quoted && quoted == empty;
}

/* Firmware that leaves a bank alone leaves it to whoever comes later. A policy without any rule for
 * a PCR trusts in all of them. */
static void look_at_banks(struct look *x)
{
    bool any = policy_has_bank(x->p, PAWL_HASH_NONE);

    for (size_t i = 0; i < x->s->select->n; i++) {
        enum pawl_hash hash = x->s->select->bank[i].hash;
        if (!is_empty(x, hash) || (any && !policy_has_bank(x->p, hash)))
            continue;
        struct covered *log = &x->j->v->cover[COVER_BOOT_LOG];
        *log = (struct covered){ .why = REASON_PCR_BANK_EMPTY };
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_PCR_BANK_EMPTY,
                   pawl_hash_name(hash), "PCRs 0 to 7 of %s are as a reset leaves them",
                   pawl_hash_name(hash));
    }
}

/* ---- releases ------------------------------------------------------------------------------- */

static void look_at_rules(struct look *x, const struct rule_set *set)
{
    look_at_pcrs(x, set);
    look_at_facts(x, set);
}

/* What a set of rules says, on a scratch verdict: the number of its faults. */
static size_t try_rules(const struct look *x, const struct rule_set *set)
{
    struct verdict scratch = { 0 };
    struct judging j = *x->j;
    struct look    y = *x;

    j.v = &scratch;
    y.j = &j;
    y.faults = 0;
    look_at_rules(&y, set);
    return y.faults;
}

static struct rule_set one_release(const struct policy_release *r)
{
    return (struct rule_set){ 1, { &r->rules } };
}

static struct rule_set all_releases(const struct policy *p)
{
    struct rule_set set = { .n = p->release_n };

    for (size_t i = 0; i < p->release_n; i++)
        set.one[i] = &p->release[i].rules;
    return set;
}

static bool is_over(const struct look *x, const struct policy_release *r)
{
    return x->j->now_s >= r->until_s;
}

/* The release with the fewest faults, of equals one whose time is not over. A single one needs no
 * trial. */
static const struct policy_release *closest_release(const struct look *x, size_t *ret_faults)
{
    const struct policy_release *best = NULL;

    if (x->p->release_n == 1)
        return &x->p->release[0];
    for (size_t i = 0; i < x->p->release_n; i++) {
        const struct policy_release *r = &x->p->release[i];
        struct rule_set              set = one_release(r);
        size_t                       faults = try_rules(x, &set);
        if (best && (faults > *ret_faults ||
                     (faults == *ret_faults && (!is_over(x, best) || is_over(x, r)))))
            continue;
        best = r;
        *ret_faults = faults;
    }
    return best;
}

static void look_at_releases(struct look *x)
{
    size_t                       faults = 0;
    const struct policy_release *r = closest_release(x, &faults);

    if (!r)
        return;
    struct rule_set own = one_release(r), all = all_releases(x->p);
    if (faults && try_rules(x, &all) == 0) {
        x->asked++;
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_MIXED_IMAGE, "releases",
                   "each part is of some release of %s, and all are of none; %s lacks the least",
                   x->who, r->name);
        return;
    }
    size_t n = strlen(x->who), before = x->faults;
    snprintf(x->who + n, sizeof(x->who) - n, ", release %s", r->name);
    look_at_rules(x, &own);
    x->who[n] = 0;
    if (x->faults > before)
        return;
    snprintf(x->j->v->release, sizeof(x->j->v->release), "%s", r->name);
    if (is_over(x, r))
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_RELEASE_OVER, r->name,
                   "release %s of %s is over, and no other one holds", r->name, x->who);
}

/* ---- firmware floors (K18, K19) ------------------------------------------------------------- */

/* The TPM's firmware is about the hardware, whatever runs above it. */
static void look_at_firmware(struct look *x)
{
    const char *maker = x->s->manufacturer;
    char        is[FIRMWARE_TEXT], floor[FIRMWARE_TEXT];

    if (x->p->firmware_n == 0)
        return;
    firmware_text(x->s->firmware, is);
    for (size_t i = 0; i < x->p->firmware_n; i++) {
        const struct policy_firmware *f = &x->p->firmware[i];
        if (strcasecmp(f->manufacturer, maker) != 0)
            continue;
        firmware_text(f->floor, floor);
        if (x->s->firmware < f->floor)
            judging_fault(x->j, &x->j->v->hardware, AR4SI_CONTRAINDICATED, REASON_FIRMWARE_TOO_OLD,
                          maker, "%s is %s, %s wants at least %s", maker, is, x->who, floor);
        return;
    }
    judging_fault(x->j, &x->j->v->hardware, AR4SI_UNSAFE, REASON_FIRMWARE_TOO_OLD, maker,
                  "%s has no version for %s, which is %s", x->who, *maker ? maker : "this maker",
                  is);
}

/* ---- who may hold it, and from where it answers (K20, T9) ------------------------------------ */

/* Makers of TPMs that are a part of a processor's firmware and give way to its voltage. */
static bool falls_to_who_holds_it(const char *maker)
{
    return strcasecmp(maker, "id:414D4400") == 0; /* AMD's */
}

static void look_at_reach(struct look *x)
{
    const char *maker = x->s->manufacturer;
    uint64_t    within = x->p->answer_within_ms;

    if (x->p->physical_access && falls_to_who_holds_it(maker))
        judging_fault(x->j, &x->j->v->hardware, AR4SI_UNSAFE, REASON_TPM_IN_REACH, maker,
                      "it is of %s, and %s reckons with people who hold the device", maker, x->who);
    if (within && x->s->took_ms > within)
        judging_fault(x->j, &x->j->v->hardware, AR4SI_UNSAFE, REASON_SLOW_ANSWER, "",
                      "it took %" PRIu64 " ms, %s gives %" PRIu64 " ms", x->s->took_ms, x->who,
                      within);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static void look_at_reset(struct look *x)
{
    struct verdict *v = x->j->v;

    if (x->s->no_boot != REASON_TPM_NOT_RESET)
        return;
    if (x->p->may_not_reset)
        judging_note(x->j, REASON_TPM_NOT_RESET, "", "%s takes it", x->who);
    else
        judging_fault(x->j, &v->configuration, AR4SI_UNSAFE, REASON_TPM_NOT_RESET, "",
                      "PCRs hold this boot and the one before");
}

void policy_appraise(const struct policy *p, const struct policy_subject *s, struct judging *j)
{
    struct verdict       *v = j->v;
    struct look           x = { .p = p, .s = s, .j = j };
    const struct rule_set common = { 1, { &p->all } };

    snprintf(v->policy, sizeof(v->policy), "%s:%" PRIu64, p->name, p->version);
    snprintf(x.who, sizeof(x.who), "policy %s", v->policy);
    v->release[0] = 0;
    v->watched = j->watch;
    look_at_reset(&x);
    look_at_log(&x);
    look_at_banks(&x);
    look_at_rules(&x, &common);
    look_at_releases(&x);
    look_at_signers(&x);
    look_at_ima(&x);
    look_at_firmware(&x);
    look_at_reach(&x);
    if (x.asked == 0)
        look_fault(&x, &v->executables, AR4SI_UNRECOGNISED, REASON_NO_POLICY, "",
                   "%s demands nothing", x.who);
    if (x.faults == 0) {
        verdict_worsen(&v->executables,
                       v->cover[COVER_RUNTIME].is ? AR4SI_RECOGNISED : AR4SI_BOOT_ONLY);
        verdict_worsen(&v->configuration, AR4SI_RECOGNISED);
    }
}
