/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy held against the firmware's event log: the log itself, and the facts that it tells.
 *
 * Invariants
 *  1. A fact is believed only if the PCR that it was measured into agreed with the log in a quote
 * of this boot, and no quote shows another value since: otherwise it is as if there were no log for
 * it, and its rules do not hold.
 *  2. What is not there satisfies no rule but one that accepts nothing.
 *  3. Paths and names decide nothing: images are digests (L12), lines are compared whole (L17).
 */
#include "appraise/policy_judge_parts.h"

#include <stdio.h>
#include <string.h>

#include "appraise/eventlog_replay.h"

enum { IMAGES_PCR = 4, SECURE_BOOT_PCR = 7, MOK_PCR = 14 };

/* ---- the log -------------------------------------------------------------------------------- */

/* L1 and L2 are told by PCR (look_at_agreement), so that one may be left out (L16); SHA-1 alone
 * (L14) is the policy's to take (look_at_log). L13 is how much good firmware writes its log. */
static bool is_left_out(const struct look *x, const struct failure *f)
{
    return strcmp(f->row, "L1") == 0 || strcmp(f->row, "L2") == 0 ||
           (f->warning && strcmp(f->row, "L13") == 0) ||
           (x->s->boot->legacy && strcmp(f->row, "L14") == 0);
}

static void look_at_failures(struct look *x)
{
    const struct failures *all = &x->s->boot->failures;

    for (size_t i = 0; i < all->n; i++) {
        const struct failure *f = &all->list[i];
        char                  what[32];

        snprintf(what, sizeof(what), "event_log.%s", f->row);
        if (is_left_out(x, f))
            continue;
        if (f->warning)
            judging_note(x->j, REASON_EVENT_LOG_BROKEN, what, "%s: expected %s, found %s", f->row,
                         f->expected, f->found);
        else
            look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN,
                       what, "%s: expected %s, found %s", f->row, f->expected, f->found);
    }
    if (all->dropped)
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN,
                   "event_log", "%zu more rules are broken, and not told one by one", all->dropped);
}

/* L1, L2, L16: each quoted PCR of the log's writers, unless the policy ignores it. */
static void look_at_agreement(struct look *x)
{
    uint32_t needed = EVENTLOG_PCRS & ~x->p->log.ignored & look_quoted(x);
    uint32_t differ = needed & ~x->agree;

    if (!x->agree && !needed && x->p->log.needed)
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_PCR_MISSING, "event_log",
                   "%s needs the log, and no PCR that it explains was quoted", x->who);
    if (needed && differ == needed) {
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS,
                   "event_log", "the log leads to none of the quoted values");
        return;
    }
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
        bool before = x->s->boot->agree >> pcr & 1;
        char what[24];
        if (!(differ >> pcr & 1))
            continue;
        snprintf(what, sizeof(what), "event_log.%u", pcr);
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_EVENT_LOG_DIFFERS, what,
                   before ? "PCR %u agreed with the log, and has another value now"
                          : "PCR %u has another value than the log leads to",
                   pcr);
    }
}

static enum reason why_no_log(const struct look *x)
{
    return x->s->no_boot ? x->s->no_boot : REASON_NO_EVENT_LOG;
}

void look_at_log(struct look *x)
{
    const struct boot *b = x->s->boot;
    enum reason        why = why_no_log(x);
    struct covered    *cover = &x->j->v->cover[COVER_BOOT_LOG];

    if (!b) {
        *cover = (struct covered){ .why = why };
        if (x->p->log.needed)
            look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, why, "event_log",
                       "%s needs the log of this boot", x->who);
        return;
    }
    x->agree = b->agree & ~boot_changed(b, x->s->select, x->s->values);
    *cover = (struct covered){ .is = x->agree != 0,
                               .why = x->agree ? REASON_NONE : REASON_EVENT_LOG_DIFFERS };
    if (b->legacy && !x->p->log.legacy)
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_EVENT_LOG_BROKEN,
                   "event_log.legacy", "the log has SHA-1 digests only, and %s does not take it",
                   x->who);
    look_at_failures(x);
    look_at_agreement(x);
}

/* ---- rules about facts ---------------------------------------------------------------------- */

typedef const struct policy_digests *digests_of(const struct policy_rules *r, size_t which);

static const struct policy_digests *of_list(const struct policy_rules *r, size_t which)
{
    return &r->list[which];
}

static const struct policy_digests *of_authorities(const struct policy_rules *r, size_t which)
{
    (void)which;
    return &r->authorities;
}

static const struct policy_digests *of_images(const struct policy_rules *r, size_t which)
{
    (void)which;
    return &r->images;
}

static const struct policy_digests *of_mok(const struct policy_rules *r, size_t which)
{
    (void)which;
    return &r->mok;
}

/* Digests that a set accepts for one fact. */
struct wanted {
    const struct rule_set *set;
    digests_of            *of;
    size_t                 which;
};

static bool is_asked(const struct wanted *w)
{
    bool asked = false;

    for (size_t i = 0; i < w->set->n; i++)
        asked = asked || w->of(w->set->one[i], w->which)->present;
    return asked;
}

static size_t wanted_n(const struct wanted *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->set->n; i++)
        n += w->of(w->set->one[i], w->which)->n;
    return n;
}

static bool is_wanted(const struct wanted *w, struct pawl_view digest)
{
    for (size_t i = 0; i < w->set->n; i++) {
        const struct policy_digests *d = w->of(w->set->one[i], w->which);
        for (size_t k = 0; k < d->n; k++)
            if (pawl_view_equal(pawl_digest_view(&d->digest[k]), digest))
                return true;
    }
    return false;
}

/* inv. 1. False, and a fault, where a fact's PCR is not explained. */
static bool is_believed(struct look *x, unsigned pcr, const char *what)
{
    enum reason why = REASON_EVENT_LOG_DIFFERS;

    x->asked++;
    if (x->agree >> pcr & 1)
        return true;
    if (!x->s->boot)
        why = why_no_log(x);
    else if (!(look_quoted(x) >> pcr & 1))
        why = REASON_PCR_MISSING;
    look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, why, what,
               "%s has a rule for it, and no log explains PCR %u", x->who, pcr);
    return false;
}

/* ---- secure boot: PCR 7 --------------------------------------------------------------------- */

static void look_at_state(struct look *x, const struct rule_set *set)
{
    bool asked = false;

    for (size_t i = 0; i < set->n; i++) /* that it is off is no wish */
        asked = asked || set->one[i]->secure_boot == FACT_YES;
    if (!asked || !is_believed(x, SECURE_BOOT_PCR, "secure_boot.on"))
        return;
    if (x->s->boot->secure_boot == FACT_NO)
        look_fault(x, &x->j->v->configuration, AR4SI_CONTRAINDICATED, REASON_SECURE_BOOT_OFF,
                   "secure_boot.on", "it was off, %s wants it on", x->who);
    else if (x->s->boot->secure_boot == FACT_UNKNOWN)
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_SECURE_BOOT_OFF,
                   "secure_boot.on", "the log does not say, %s wants it on", x->who);
}

static void look_at_list(struct look *x, const struct rule_set *set, enum key_list l)
{
    static const char *const names[KEY_LIST_COUNT] = { "secure_boot.pk", "secure_boot.kek",
                                                       "secure_boot.db", "secure_boot.dbx" };
    const struct wanted      w = { set, of_list, l };
    char                     is[LOOK_DIGEST];

    if (!is_asked(&w) || !is_believed(x, SECURE_BOOT_PCR, names[l]))
        return;
    const struct boot_list *list = &x->s->boot->list[l];
    if (list->present && is_wanted(&w, PAWL_VIEW_OF(list->sha256)))
        return;
    look_digest(PAWL_VIEW_OF(list->sha256), is);
    if (list->present)
        look_fault(x, &x->j->v->configuration, AR4SI_CONTRAINDICATED, REASON_SECURE_BOOT_KEYS,
                   names[l], "%s is %s with %u signatures, %s allows %zu others", key_list_name(l),
                   is, (unsigned)list->n, x->who, wanted_n(&w));
    else
        look_fault(x, &x->j->v->configuration, AR4SI_CONTRAINDICATED, REASON_SECURE_BOOT_KEYS,
                   names[l], "%s was not measured, %s has a rule for it", key_list_name(l), x->who);
}

/* Levels are dates, of as many digits each: "2023012900". */
static bool is_level(const char *is, const char *wanted)
{
    size_t n = strlen(is), want_n = strlen(wanted);

    return n == want_n ? strcmp(is, wanted) >= 0 : n > want_n;
}

static void look_at_sbat(struct look *x, const struct rule_set *set)
{
    const char *lowest = NULL;

    for (size_t i = 0; i < set->n; i++) {
        const char *sbat = set->one[i]->sbat;
        if (sbat[0] && (!lowest || is_level(lowest, sbat)))
            lowest = sbat;
    }
    if (!lowest || !is_believed(x, SECURE_BOOT_PCR, "secure_boot.sbat"))
        return;
    const char *is = x->s->boot->sbat;
    if (!is_level(is, lowest))
        look_fault(x, &x->j->v->configuration, AR4SI_CONTRAINDICATED, REASON_SBAT_TOO_OLD,
                   "secure_boot.sbat", "SbatLevel is %s, %s wants at least %s",
                   is[0] ? is : "not measured", x->who, lowest);
}

static void look_at_authorities(struct look *x, const struct rule_set *set)
{
    static const char   what[] = "secure_boot.authorities";
    const struct wanted w = { set, of_authorities, 0 };

    if (!is_asked(&w) || !is_believed(x, SECURE_BOOT_PCR, what))
        return;
    const struct boot *b = x->s->boot;
    if (b->authority_n == 0 && wanted_n(&w))
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_BOOT_AUTHORITY_UNKNOWN,
                   what, "nobody vouched for what was booted, %s has a rule for it", x->who);
    for (size_t i = 0; i < b->authority_n; i++) {
        char is[LOOK_DIGEST];
        if (is_wanted(&w, PAWL_VIEW_OF(b->authority[i].sha256)))
            continue;
        look_digest(PAWL_VIEW_OF(b->authority[i].sha256), is);
        look_fault(x, &x->j->v->configuration, AR4SI_CONTRAINDICATED, REASON_BOOT_AUTHORITY_UNKNOWN,
                   what, "%s vouched%s, %s allows %zu others", is,
                   b->authority[i].by_shim ? " by shim" : "", x->who, wanted_n(&w));
    }
}

/* ---- images, owner's keys, lines ------------------------------------------------------------ */

static void look_at_images(struct look *x, const struct rule_set *set)
{
    static const char   what[] = "boot.images";
    const struct wanted w = { set, of_images, 0 };

    if (!is_asked(&w) || !is_believed(x, IMAGES_PCR, what))
        return;
    const struct boot *b = x->s->boot;
    if (b->image_n == 0 && wanted_n(&w))
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_BOOT_IMAGE_UNKNOWN, what,
                   "no image was measured, %s has a rule for them", x->who);
    for (size_t i = 0; i < b->image_n; i++) {
        char is[LOOK_DIGEST];
        if (is_wanted(&w, pawl_digest_view(&b->image[i])))
            continue;
        look_digest(pawl_digest_view(&b->image[i]), is);
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_BOOT_IMAGE_UNKNOWN, what,
                   "image %zu is %s, %s allows %zu others", i + 1, is, x->who, wanted_n(&w));
    }
}

/* No key of the owner is a good thing, whatever the policy knows. */
static void look_at_mok(struct look *x, const struct rule_set *set)
{
    static const char   what[] = "secure_boot.mok";
    const struct wanted w = { set, of_mok, 0 };

    if (!is_asked(&w) || !is_believed(x, MOK_PCR, what))
        return;
    for (size_t i = 0; i < x->s->boot->mok_n; i++) {
        char is[LOOK_DIGEST];
        if (is_wanted(&w, pawl_digest_view(&x->s->boot->mok[i])))
            continue;
        look_digest(pawl_digest_view(&x->s->boot->mok[i]), is);
        look_fault(x, &x->j->v->configuration, AR4SI_CONTRAINDICATED, REASON_MOK_UNKNOWN, what,
                   "%s is enrolled, %s allows %zu others", is, x->who, wanted_n(&w));
    }
}

static bool is_known_line(const struct rule_set *set, const struct boot_line *l)
{
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < set->one[i]->lines.n; k++)
            if (boot_line_is(l, set->one[i]->lines.line[k]))
                return true;
    return false;
}

/* L17: every line counts. Which of them is the kernel's is somebody's word. */
static void look_at_lines(struct look *x, const struct rule_set *set)
{
    static const char  what[] = "boot.command_lines";
    const struct boot *b = x->s->boot;
    bool               asked = false;

    for (size_t i = 0; i < set->n; i++)
        asked = asked || set->one[i]->lines.present;
    if (!asked)
        return;
    x->asked++;
    if (!b)
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, why_no_log(x), what,
                   "%s has a rule for lines, and no log tells them", x->who);
    else if (b->line_n == 0 || b->lines_left_out)
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_COMMAND_LINE_DIFFERS, what,
                   "%s has a rule for lines, and %s", x->who,
                   b->line_n ? "there are more than are kept" : "none was measured");
    for (size_t i = 0; b && i < b->line_n; i++) {
        const struct boot_line *l = &b->line[i];
        if (!is_believed(x, l->pcr, what) || is_known_line(set, l))
            continue;
        look_fault(x, &x->j->v->executables, AR4SI_CONTRAINDICATED, REASON_COMMAND_LINE_DIFFERS,
                   what, "%s does not allow \"%.120s\" in PCR %u", x->who,
                   l->text[0] ? l->text : "..", l->pcr);
    }
}

/* L10a: PCR 7 tells whose signature was taken, and an old image may be signed as well. */
static bool tells_image(const struct policy_rules *r)
{
    bool tells = r->images.present || r->sbat[0] || r->list[KEY_LIST_DBX].present;

    for (size_t i = 0; i < r->rule_n; i++)
        tells = tells || r->rule[i].pcr == IMAGES_PCR;
    return tells;
}

static bool tells_signer(const struct policy_rules *r)
{
    bool tells = r->secure_boot == FACT_YES || r->authorities.present;

    for (size_t i = 0; i < KEY_LIST_COUNT; i++)
        tells = tells || r->list[i].present;
    for (size_t i = 0; i < r->rule_n; i++)
        tells = tells || r->rule[i].pcr == SECURE_BOOT_PCR;
    return tells;
}

void look_at_signers(struct look *x)
{
    const struct policy *p = x->p;
    bool                 signer = tells_signer(&p->all), image = p->release_n > 0;

    for (size_t i = 0; i < p->release_n; i++) {
        signer = signer || tells_signer(&p->release[i].rules);
        image = image && tells_image(&p->release[i].rules);
    }
    if (signer && !image && !tells_image(&p->all))
        look_fault(x, &x->j->v->executables, AR4SI_UNRECOGNISED, REASON_BOOT_IMAGE_UNKNOWN,
                   "boot.images",
                   "%s says who may sign a boot loader (PCR 7) and not which one may start "
                   "(PCR 4, boot.images, sbat or dbx)",
                   x->who);
}

void look_at_facts(struct look *x, const struct rule_set *set)
{
    look_at_state(x, set);
    for (size_t l = 0; l < KEY_LIST_COUNT; l++)
        look_at_list(x, set, (enum key_list)l);
    look_at_sbat(x, set);
    look_at_authorities(x, set);
    look_at_images(x, set);
    look_at_mok(x, set);
    look_at_lines(x, set);
}
