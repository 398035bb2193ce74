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
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise.h"

/* One appraisal under way. */
struct work {
    const struct software  *s;
    struct judging         *j;
    struct known_boot       next; /* what is to be kept */
    struct appraise_want    want;
    bool                    not_reset; /* the system booted, and the TPM goes on from before */
    enum reason             no_ima;    /* why next.ima is no evidence */
    const struct ima_state *before;    /* of this boot, attested earlier by the same rules */
};

/* ---- which boot this is --------------------------------------------------------------------- */

static void set_os_boot(struct work *w)
{
    struct pawl_view v = w->s->q->os_boot;

    memset(w->next.os_boot, 0, sizeof(w->next.os_boot));
    if (v.n == sizeof(w->next.os_boot))
        memcpy(w->next.os_boot, v.p, v.n);
}

static void begin_boot(struct work *w)
{
    w->next = (struct known_boot){ .present = true, .restarts = w->s->q->b.clock.restarts };
    set_os_boot(w);
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
    struct boot              *b = &w->next.boot;

    boot_forget(b, &q->b.pcrs, w->not_reset ? 0 : boot_changed(b, &q->b.pcrs, &q->values));
}

static pawl_status bring_boot(struct work *w, struct pawl_err *err)
{
    const struct software    *s = w->s;
    const struct given_quote *q = s->q;
    bool                      same = s->known->present && is_same_system(w);
    bool        restarted = s->known->present && s->known->restarts != q->b.clock.restarts;
    bool        good;
    struct boot b;

    PAWL_TRY(check_log(w, &good, err));
    w->next = *s->known;
    w->next.restarts = q->b.clock.restarts;
    if (good)
        PAWL_TRY(boot_read(s->log.bytes, &q->b.pcrs, &q->values, &b, err));
    bool begins = !s->known->present ||
                  (!same && restarted && (good ? begins_here(&b) : !s->log.said));
    if (begins)
        begin_boot(w);
    w->not_reset = !begins && !same;
    if (w->next.has_boot && restarted)
        forget(w);
    if (w->next.has_boot && !w->not_reset && is_outgrown(&w->next.boot, q))
        w->next.has_boot = false;
    if (good && !w->not_reset && !is_known_well(&w->next)) {
        w->next.has_boot = true;
        w->next.boot = b;
    }
    return pawl_ok();
}

/* A system that booted without a reset has a log that explains nothing; but a TPM that was only
 * restarted can be told by it. */
static bool wants_log(const struct work *w)
{
    const struct software *s = w->s;

    if (!s->log.said || s->log.came)
        return s->log.said && !w->next.has_boot && !w->not_reset;
    if (w->not_reset)
        return s->known->restarts != s->q->b.clock.restarts;
    if (!w->next.has_boot)
        return true;
    return boot_changed(&w->next.boot, &s->q->b.pcrs, &s->q->values) ||
           (!is_known_well(&w->next) &&
            !pawl_view_equal(s->log.sha256, PAWL_VIEW_OF(w->next.boot.log_sha256)));
}

/* ---- IMA's list ----------------------------------------------------------------------------- */

/* SHA-256 where it is quoted, as it is in every quote by default, so that a boot does not change
 * its bank between a quote of all banks and the next one; otherwise the strongest. */
static enum pawl_hash ima_bank(const struct given_quote *q)
{
    static const enum pawl_hash order[] = { PAWL_SHA256, PAWL_SHA512, PAWL_SHA384, PAWL_SHA1 };

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (pawl_pcr_value(&q->b.pcrs, &q->values, order[i], IMA_PCR))
            return order[i];
    return PAWL_HASH_NONE;
}

static bool is_zero(struct pawl_view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i])
            return false;
    return true;
}

/* A kernel without a TPM says so in the first entry: its boot_aggregate is of nothing. Nobody
 * attests that; it only tells why there is nothing to judge. */
static bool says_without_tpm(const struct appraise_list *list)
{
    struct ima_list   l = ima_list_from(list->bytes, list->first);
    struct ima_entry  e;
    struct ima_fields f;
    struct pawl_err   ignored;

    return list->came && list->first == 0 && ima_more(&l) &&
           pawl_is_ok(ima_next(&l, &e, &ignored)) &&
           pawl_is_ok(ima_fields_parse(&e, &f, &ignored)) && ima_is_boot_aggregate(&f) &&
           is_zero(f.file.bytes);
}

/* An exception for a file is one more exclude: exactly that path. */
static bool excludes(const struct judging *j, const struct exception *x)
{
    const struct pawl_view path = pawl_view_str(x->what);
    const struct ima_rules one = { .excluded = &path, .excluded_n = 1 };
    struct pawl_err        ignored;

    return x->reason == REASON_FILE_UNKNOWN && j->now_s < x->until_s && path.n &&
           path.p[path.n - 1] != '/' && pawl_is_ok(ima_rules_check(&one, &ignored));
}

static void free_views(struct pawl_view **v)
{
    free(*v);
}

pawl_status appraise_rules_id(const struct policy *p, const struct judging *j,
                              uint8_t ret[IMA_RULES_ID], struct pawl_err *err)
{
    uint8_t id[32];

    PAWL_TRY(pawl_sha256(PAWL_VIEW_OF(p->sha256), id, err));
    for (size_t i = 0; i < j->exception_n; i++)
        if (excludes(j, &j->exception[i]))
            PAWL_TRY(pawl_sha256_of_hashes(pawl_view_str("pawl/1 ima rules"), PAWL_VIEW_OF(id),
                                           pawl_view_str(j->exception[i].what), id, err));
    memcpy(ret, id, IMA_RULES_ID);
    return pawl_ok();
}

/* The policy's rules with what is excepted. *room belongs to the caller. */
static pawl_status rules_of(const struct work *w, struct ima_rules *ret, struct pawl_view **room,
                            struct pawl_err *err)
{
    const struct ima_rules *own = &w->s->policy->ima.rules;
    size_t                  n = own->excluded_n;

    *ret = *own;
    *room = calloc(n + w->j->exception_n + 1, sizeof(**room));
    if (!*room)
        return pawl_fail(err, PAWL_E_MEMORY, "ima", "no memory for the excludes");
    for (size_t i = 0; i < own->excluded_n; i++)
        (*room)[i] = own->excluded[i];
    for (size_t i = 0; i < w->j->exception_n; i++)
        if (excludes(w->j, &w->j->exception[i]))
            (*room)[n++] = pawl_view_str(w->j->exception[i].what);
    ret->excluded = *room;
    ret->excluded_n = n;
    return pawl_ok();
}

/* MEMORY and CRYPTO say nothing about the list. */
static bool is_ours(pawl_status s)
{
    return s.code == PAWL_E_MEMORY || s.code == PAWL_E_CRYPTO || s.code == PAWL_E_BUG;
}

static void begin_list(struct work *w, enum pawl_hash bank, const uint8_t id[IMA_RULES_ID])
{
    w->next.has_ima = true;
    w->next.ima = ima_state_start(w->s->q->b.clock.resets, bank, id);
}

/* A piece that does not continue here changes nothing: what does is asked for again. After any
 * other fault the whole list is. */
static void list_is_broken(struct work *w, pawl_status s, const struct pawl_err *why)
{
    const struct ima_state from = w->next.ima;

    w->no_ima = s.code == PAWL_E_STATE ? REASON_NO_IMA_LIST : REASON_IMA_LIST_BROKEN;
    judging_note(w->j, w->no_ima, "", "the measurement list: %s %s", why->where, why->why);
    if (s.code != PAWL_E_STATE || !from.attested)
        begin_list(w, from.at.bank, from.rules);
}

static void list_goes_on(struct work *w, const struct ima_state *next)
{
    w->next.ima = *next;
    if (next->attested)
        return;
    w->want.ima_more = w->s->list.came;
    w->no_ima = w->s->list.came ? REASON_IMA_LIST_DIFFERS : REASON_NO_IMA_LIST;
}

static pawl_status go_on(struct work *w, const struct pawl_digest *quoted, struct pawl_err *err)
{
    const struct given_quote   *q = w->s->q;
    const struct ima_state     *from = &w->next.ima;
    const struct appraise_list *list = &w->s->list;
    const struct ima_piece      piece = { .list = list->came ? list->bytes : pawl_view(NULL, 0),
                                          .first = list->came ? list->first : from->at.entries,
                                          .resets = q->b.clock.resets,
                                          .quoted = quoted,
                                          .select = &q->b.pcrs,
                                          .values = &q->values };
    PAWL_CLEANUP(free_views) struct pawl_view *room = NULL;
    struct ima_rules                           rules;
    struct ima_state                           next;
    uint64_t                                   pending;

    PAWL_TRY(rules_of(w, &rules, &room, err));
    pawl_status s = ima_state_go_on(from, &rules, &piece, &next, &pending, err);
    if (is_ours(s))
        return s;
    if (pawl_is_ok(s))
        list_goes_on(w, &next);
    else
        list_is_broken(w, s, err);
    if (w->no_ima && w->not_reset)
        w->no_ima = REASON_TPM_NOT_RESET;
    return pawl_ok();
}

static const struct ima_state *attested_before(const struct work *w, const uint8_t id[IMA_RULES_ID])
{
    const struct software  *s = w->s;
    const struct ima_state *at = s->attested ? s->attested : &s->known->ima;
    bool known = (s->attested || s->known->has_ima) && at->attested && w->next.has_ima;

    return known && at->at.resets == s->q->b.clock.resets &&
                   memcmp(at->rules, id, IMA_RULES_ID) == 0
               ? at
               : NULL;
}

/* The list is judged anew by other rules, in another bank, of another boot, or if it begins anew.
 */
static pawl_status bring_ima(struct work *w, struct pawl_err *err)
{
    const struct given_quote *q = w->s->q;
    enum pawl_hash            bank = ima_bank(q);
    uint8_t                   id[IMA_RULES_ID];

    if (!w->s->policy || !w->s->policy->ima.present) {
        w->next.has_ima = false;
        return pawl_ok();
    }
    if (bank == PAWL_HASH_NONE) {
        w->no_ima = REASON_PCR_MISSING;
        return pawl_ok();
    }
    PAWL_TRY(appraise_rules_id(w->s->policy, w->j, id, err));
    w->before = attested_before(w, id);
    if (!w->next.has_ima || memcmp(w->next.ima.rules, id, sizeof(id)) != 0 ||
        w->next.ima.at.bank != bank || w->next.ima.at.resets != q->b.clock.resets ||
        (w->s->list.came && w->s->list.first == 0))
        begin_list(w, bank, id);
    const struct pawl_digest *quoted = pawl_pcr_value(&q->b.pcrs, &q->values, bank, IMA_PCR);
    if (is_zero(pawl_digest_view(quoted))) {
        w->no_ima = says_without_tpm(&w->s->list) ? REASON_IMA_WITHOUT_TPM : REASON_NO_IMA_LIST;
        begin_list(w, bank, id);
    } else {
        PAWL_TRY(go_on(w, quoted, err));
    }
    w->want.ima = true;
    w->want.first = w->next.ima.at.entries;
    return pawl_ok();
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

    if (!w->next.has_boot || !w->not_reset)
        return w->next.has_boot;
    return w->s->policy->may_not_reset && !boot_changed(&w->next.boot, &q->b.pcrs, &q->values);
}

static void judge_by_policy(struct work *w)
{
    const struct software *s = w->s;
    bool                   has_boot = believes_boot(w);
    bool                   has_ima = w->next.has_ima && w->next.ima.attested && !w->no_ima;
    struct policy_subject  subject = { .select = &s->q->b.pcrs,
                                       .values = &s->q->values,
                                       .boot = has_boot ? &w->next.boot : NULL,
                                       .no_boot = w->not_reset ? REASON_TPM_NOT_RESET
                                                  : has_boot   ? REASON_NONE
                                                               : REASON_NO_EVENT_LOG,
                                       .ima = has_ima ? &w->next.ima : NULL,
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

    w->next = *w->s->known;
    w->next.restarts = w->s->q->b.clock.restarts;
    if (w->next.has_boot && w->next.restarts != w->s->known->restarts)
        boot_forget(&w->next.boot, &none, 0);
    v->cover[COVER_BOOT_LOG] = (struct covered){ .why = REASON_PCR_MISSING };
    v->cover[COVER_RUNTIME] = (struct covered){ .why = REASON_PCR_MISSING };
    verdict_find(v, REASON_PCR_MISSING, "the values were left out, and their digest is new");
    w->want.ima = w->s->policy && w->s->policy->ima.present;
    w->want.first = w->next.has_ima ? w->next.ima.at.entries : 0;
}

pawl_status appraise_software(const struct software *s, struct judging *j, struct known_boot *ret,
                              struct appraise_want *want, struct pawl_err *err)
{
    struct work w = { .s = s, .j = j };

    j->watch = s->watch;
    if (!s->q->has_values) {
        without_values(&w);
    } else {
        PAWL_TRY(bring_boot(&w, err));
        w.want.log = wants_log(&w);
        PAWL_TRY(bring_ima(&w, err));
        if (s->policy)
            judge_by_policy(&w);
        else
            judge_without_policy(&w);
    }
    *ret = w.next;
    *want = w.want;
    return pawl_ok();
}
