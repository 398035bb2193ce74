/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMA's list brought up to the quote: from where it was attested last, by the rules of the policy
 * and with what is excepted; begun anew whenever that would mix two judgements.
 */
#include <stdlib.h>
#include <string.h>

#include "appraise/appraise_parts.h"

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
    w->next->has_ima = true;
    w->next->ima = ima_state_start(w->s->q->b.clock.resets, bank, id);
}

/* A piece that does not continue here changes nothing: what does is asked for again. After any
 * other fault the whole list is. */
static void list_is_broken(struct work *w, pawl_status s, const struct pawl_err *why)
{
    const struct ima_state from = w->next->ima;

    w->no_ima = s.code == PAWL_E_STATE ? REASON_NO_IMA_LIST : REASON_IMA_LIST_BROKEN;
    judging_note(w->j, w->no_ima, "", "the measurement list: %s %s", why->where, why->why);
    if (s.code != PAWL_E_STATE || !from.attested)
        begin_list(w, from.at.bank, from.rules);
}

static void list_goes_on(struct work *w, const struct ima_state *next)
{
    w->next->ima = *next;
    if (next->attested)
        return;
    w->want.ima_more = w->s->list.came;
    w->no_ima = w->s->list.came ? REASON_IMA_LIST_DIFFERS : REASON_NO_IMA_LIST;
}

static pawl_status go_on(struct work *w, const struct pawl_digest *quoted, struct pawl_err *err)
{
    const struct given_quote   *q = w->s->q;
    const struct ima_state     *from = &w->next->ima;
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
    bool known = (s->attested || s->known->has_ima) && at->attested && w->next->has_ima;

    return known && at->at.resets == s->q->b.clock.resets &&
                   memcmp(at->rules, id, IMA_RULES_ID) == 0
               ? at
               : NULL;
}

/* The list is judged anew by other rules, in another bank, of another boot, or if it begins anew.
 */
pawl_status appraise_bring_list(struct work *w, struct pawl_err *err)
{
    const struct given_quote *q = w->s->q;
    enum pawl_hash            bank = ima_bank(q);
    uint8_t                   id[IMA_RULES_ID];

    if (!w->s->policy || !w->s->policy->ima.present) {
        w->next->has_ima = false;
        return pawl_ok();
    }
    if (bank == PAWL_HASH_NONE) {
        w->no_ima = REASON_PCR_MISSING;
        return pawl_ok();
    }
    PAWL_TRY(appraise_rules_id(w->s->policy, w->j, id, err));
    w->before = attested_before(w, id);
    if (!w->next->has_ima || memcmp(w->next->ima.rules, id, sizeof(id)) != 0 ||
        w->next->ima.at.bank != bank || w->next->ima.at.resets != q->b.clock.resets ||
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
    w->want.first = w->next->ima.at.entries;
    return pawl_ok();
}
