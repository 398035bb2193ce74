/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verdict on what a device runs: its boot and its measurement list are brought up to the quote,
 * and a policy judges them.
 *
 * Invariants
 *  1. Bytes that are not those that A1 names are not looked at (L19).
 *  2. Whatever a device sent, there is a verdict: broken evidence is a finding, and no status.
 *  3. Of a boot nothing is believed that was known of another: resetCount and os_boot say which one
 *     it is. Of a list nothing is believed that was judged by other rules.
 *
 * Not here: the list (appraise_list.c).
 */
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_parts.h"

/* ---- which boot this is --------------------------------------------------------------------- */

static void set_os_boot(struct work *w)
{
    struct pawl_view v = w->s->q->os_boot;

    memset(w->next->os_boot, 0, sizeof(w->next->os_boot));
    if (v.n == sizeof(w->next->os_boot))
        memcpy(w->next->os_boot, v.p, v.n);
}

static void begin_boot(struct work *w)
{
    w->next->present = true;
    w->next->restarts = w->s->q->b.clock.restarts;
    w->next->has_boot = w->next->has_ima = false;
    set_os_boot(w);
}

/* What is not there is not copied: both parts are large. */
static void go_on_from(struct work *w, const struct known_boot *known)
{
    struct known_boot *next = w->next;

    next->present = known->present;
    next->restarts = w->s->q->b.clock.restarts;
    memcpy(next->os_boot, known->os_boot, sizeof(next->os_boot));
    next->has_boot = known->has_boot;
    if (known->has_boot)
        next->boot = known->boot;
    next->has_ima = known->has_ima;
    if (known->has_ima)
        next->ima = known->ima;
}

static bool is_same_system(const struct work *w)
{
    return pawl_view_equal(w->s->q->os_boot, PAWL_VIEW_OF(w->s->known->os_boot));
}

/* ---- the firmware's log --------------------------------------------------------------------- */

/* L19. What is wrong with it is found, and it is as if no log had come. */
static pawl_status check_log(struct work *w, bool *ret_good, struct pawl_err *err)
{
    const struct appraise_log *log = &w->s->log;
    uint8_t                    digest[32];

    *ret_good = false;
    if (!log->came)
        return pawl_ok();
    PAWL_TRY(pawl_sha256(log->bytes, digest, err));
    *ret_good = log->said && log->length == log->bytes.n &&
                pawl_view_equal(log->sha256, PAWL_VIEW_OF(digest));
    if (!*ret_good)
        judging_fault(w->j, &w->j->v->executables, AR4SI_UNRECOGNISED, REASON_EVENT_LOG_DIFFERS,
                      "event_log", "a log of %zu bytes came, and the quote is about %s",
                      log->bytes.n, log->said ? "another one" : "none");
    return pawl_ok();
}

/* A log that leads to PCR 0 begins where the TPM does. */
static bool begins_here(const struct boot *b)
{
    return b->agree & 1u;
}

/* The log is read once: what comes later in the same boot could only explain what somebody measured
 * meanwhile. One that led to none of the firmware's PCRs may be another one now. */
static bool is_known_well(const struct known_boot *k)
{
    enum { FIRMWARE_PCRS = 0xff };

    return k->present && k->has_boot && k->boot.agree & FIRMWARE_PCRS;
}

/* PCRs that nobody quoted when the log came, and that are quoted now, are of no known boot, unless
 * one that was quoted tells already that it changed. */
static bool is_outgrown(const struct boot *b, const struct given_quote *q)
{
    return !boot_is_compared(b, &q->b.pcrs) && !boot_changed(b, &q->b.pcrs, &q->values);
}

/* os_boot says that it is the same boot, and may lie. */
static void forget(struct work *w)
{
    const struct given_quote *q = w->s->q;
    struct boot              *b = &w->next->boot;

    boot_forget(b, &q->b.pcrs, w->not_reset ? 0 : boot_changed(b, &q->b.pcrs, &q->values));
}

static void free_boot(struct boot **b)
{
    free(*b);
}

/* *ret: what a good log tells, or NULL. */
static pawl_status read_log(struct work *w, struct boot **ret, struct pawl_err *err)
{
    const struct given_quote *q = w->s->q;
    bool                      good;

    PAWL_TRY(check_log(w, &good, err));
    if (!good)
        return pawl_ok();
    *ret = malloc(sizeof(**ret));
    if (!*ret)
        return pawl_fail(err, PAWL_E_MEMORY, "boot", "out of memory");
    return boot_read(w->s->log.bytes, &q->b.pcrs, &q->values, *ret, err);
}

static pawl_status bring_boot(struct work *w, struct pawl_err *err)
{
    PAWL_CLEANUP(free_boot) struct boot *good = NULL;
    const struct software               *s = w->s;
    const struct given_quote            *q = s->q;
    bool                                 same = s->known->present && is_same_system(w);
    bool restarted = s->known->present && s->known->restarts != q->b.clock.restarts;

    PAWL_TRY(read_log(w, &good, err));
    go_on_from(w, s->known);
    bool begins = !s->known->present ||
                  (!same && restarted && (good ? begins_here(good) : !s->log.said));
    if (begins)
        begin_boot(w);
    w->not_reset = !begins && !same;
    if (w->next->has_boot && restarted)
        forget(w);
    if (w->next->has_boot && !w->not_reset && is_outgrown(&w->next->boot, q))
        w->next->has_boot = false;
    if (good && !w->not_reset && !is_known_well(w->next)) {
        w->next->has_boot = true;
        w->next->boot = *good;
    }
    return pawl_ok();
}

/* A system that booted without a reset has a log that explains nothing; but a TPM that was only
 * restarted can be told by it. */
static bool wants_log(const struct work *w)
{
    const struct software *s = w->s;

    if (!s->log.said || s->log.came)
        return s->log.said && !w->next->has_boot && !w->not_reset;
    if (w->not_reset)
        return s->known->restarts != s->q->b.clock.restarts;
    if (!w->next->has_boot)
        return true;
    return boot_changed(&w->next->boot, &s->q->b.pcrs, &s->q->values) ||
           (!is_known_well(w->next) &&
            !pawl_view_equal(s->log.sha256, PAWL_VIEW_OF(w->next->boot.log_sha256)));
}

/* ---- the verdict ---------------------------------------------------------------------------- */

static void judge_without_policy(struct work *w)
{
    struct verdict *v = w->j->v;

    if (w->not_reset)
        judging_fault(w->j, &v->configuration, AR4SI_UNSAFE, REASON_TPM_NOT_RESET, "",
                      "the system booted and the TPM was not reset");
    v->cover[COVER_BOOT_LOG] = (struct covered){ .why = REASON_NO_POLICY };
    v->cover[COVER_RUNTIME] = (struct covered){ .why = REASON_NO_POLICY };
    verdict_find(v, REASON_NO_POLICY, "%s", w->s->why);
}

/* Of a system that came without a reset the boot tells the beginning, if the policy takes that and
 * nothing was measured on top (kexec). */
static bool believes_boot(const struct work *w)
{
    const struct given_quote *q = w->s->q;

    if (!w->next->has_boot || !w->not_reset)
        return w->next->has_boot;
    return w->s->policy->may_not_reset && !boot_changed(&w->next->boot, &q->b.pcrs, &q->values);
}

static void judge_by_policy(struct work *w)
{
    const struct software *s = w->s;
    bool                   has_boot = believes_boot(w);
    bool                   has_ima = w->next->has_ima && w->next->ima.attested && !w->no_ima;
    struct policy_subject  subject = { .select = &s->q->b.pcrs,
                                       .values = &s->q->values,
                                       .boot = has_boot ? &w->next->boot : NULL,
                                       .no_boot = w->not_reset ? REASON_TPM_NOT_RESET
                                                  : has_boot   ? REASON_NONE
                                                               : REASON_NO_EVENT_LOG,
                                       .ima = has_ima ? &w->next->ima : NULL,
                                       .no_ima = w->no_ima,
                                       .ima_before = w->before,
                                       .manufacturer = s->manufacturer,
                                       .firmware = s->q->b.clock.firmware,
                                       .took_ms = s->q->took_ms };

    policy_appraise(s->policy, &subject, w->j);
}

/* Without values nothing is judged, and what is known changes by a restart of the TPM alone. */
static void without_values(struct work *w)
{
    const struct pawl_pcr_selection none = { 0 };
    struct verdict                 *v = w->j->v;

    go_on_from(w, w->s->known);
    if (w->next->has_boot && w->next->restarts != w->s->known->restarts)
        boot_forget(&w->next->boot, &none, 0);
    v->cover[COVER_BOOT_LOG] = (struct covered){ .why = REASON_PCR_MISSING };
    v->cover[COVER_RUNTIME] = (struct covered){ .why = REASON_PCR_MISSING };
    verdict_find(v, REASON_PCR_MISSING, "the values were left out, and their digest is new");
    w->want.ima = w->s->policy && w->s->policy->ima.present;
    w->want.first = w->next->has_ima ? w->next->ima.at.entries : 0;
}

pawl_status appraise_software(const struct software *s, struct judging *j, struct known_boot *ret,
                              struct appraise_want *want, struct pawl_err *err)
{
    struct work w = { .s = s, .j = j, .next = ret };

    j->watch = s->watch;
    if (!s->q->has_values) {
        without_values(&w);
    } else {
        PAWL_TRY(bring_boot(&w, err));
        w.want.log = wants_log(&w);
        PAWL_TRY(appraise_bring_list(&w, err));
        if (s->policy)
            judge_by_policy(&w);
        else
            judge_without_policy(&w);
    }
    *want = w.want;
    return pawl_ok();
}
