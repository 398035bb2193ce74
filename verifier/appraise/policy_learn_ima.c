/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allow list from IMA's list of a good device: each entry by the rule that judges it
 * (ima_rules.c), and the allowances that the list could not do without.
 *
 * Only what the quoted PCR 10 covers is learned.
 */
#include <stdio.h>

#include "appraise/allow_list.h"
#include "appraise/policy_judge.h"
#include "appraise/policy_learn_parts.h"

/* What is gathered. */
struct ima_learned {
    struct allow_list files, buffers, policies;
    size_t            boots;
    bool              violations, sha1;
};

static void ima_learned_done(struct ima_learned *l)
{
    allow_list_done(&l->files);
    allow_list_done(&l->buffers);
    allow_list_done(&l->policies);
}

/* The strongest bank that PCR 10 was quoted in. SHA-1 alone decides nothing. */
static const struct pawl_digest *quoted_pcr(const struct policy_golden *g, enum pawl_hash *ret_bank)
{
    static const enum pawl_hash banks[] = { PAWL_SHA512, PAWL_SHA384, PAWL_SHA256 };

    for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++) {
        const struct pawl_digest *value = pawl_pcr_value(g->select, g->values, banks[i], IMA_PCR);
        if (value && !policy_is_unmeasured(IMA_PCR, value)) {
            *ret_bank = banks[i];
            return value;
        }
    }
    return NULL;
}

static pawl_status learn_fields(struct ima_learned *l, const struct ima_fields *f,
                                struct pawl_err *err)
{
    struct allow_list *into = &l->files;

    if (ima_is_boot_aggregate(f)) {
        l->boots++;
        return pawl_ok();
    }
    if (f->has & 1u << IMA_BUF)
        into = &l->buffers;
    else if (pawl_view_equal(f->path, pawl_view_str(POLICY_IMA_POLICY)))
        into = &l->policies;
    l->sha1 = l->sha1 || (into == &l->files && f->file.alg == PAWL_SHA1);
    return allow_list_add(into, f->path, f->file.alg, f->file.verity, f->file.bytes, err);
}

static pawl_status learn_entries(struct ima_learned *l, const struct ima_covered *c,
                                 struct pawl_err *err)
{
    struct ima_list  list = ima_list_from(c->bytes, 0);
    struct ima_entry e;

    while (ima_more(&list)) {
        char              where[32];
        struct ima_fields f;
        snprintf(where, sizeof(where), "entries[%llu]", (unsigned long long)list.index);
        PAWL_TRY(ima_next(&list, &e, err));
        if (e.pcr != IMA_PCR)
            continue;
        l->violations = l->violations || e.violation;
        if (e.violation)
            continue;
        PAWL_TRY(pawl_under(err, where, ima_fields_parse(&e, &f, err)));
        PAWL_TRY(pawl_under(err, where, learn_fields(l, &f, err)));
    }
    return pawl_ok();
}

/* ---- writing -------------------------------------------------------------------------------- */

static pawl_status add_table(cJSON *ima, const char *name, struct allow_list *from,
                             struct pawl_err *err)
{
    cJSON *table = NULL;

    PAWL_TRY(allow_list_json(from, &table, err));
    return cJSON_AddItemToObject(ima, name, table) ? pawl_ok() : learn_no_memory(err);
}

pawl_status learn_ima(const struct policy_golden *g, cJSON *all, struct pawl_err *err)
{
    PAWL_CLEANUP(ima_learned_done) struct ima_learned l = { 0 };
    enum pawl_hash                                    bank;
    const struct pawl_digest                         *quoted = quoted_pcr(g, &bank);
    struct ima_covered                                covered;

    if (!quoted)
        return pawl_fail(err, PAWL_E_DENIED, "pcrs", "PCR %d was not quoted: nobody vouches for it",
                         IMA_PCR);
    struct ima_place start = ima_start(0, IMA_PCR, bank);
    PAWL_TRY(ima_replay(&start, g->list, 0, 0, quoted, &covered, err));
    PAWL_TRY(learn_entries(&l, &covered, err));
    cJSON *ima = cJSON_AddObjectToObject(all, "ima");
    if (!ima)
        return learn_no_memory(err);
    PAWL_TRY(add_table(ima, "files", &l.files, err));
    if (l.buffers.n)
        PAWL_TRY(add_table(ima, "buffers", &l.buffers, err));
    if (l.policies.n)
        PAWL_TRY(add_table(ima, "policies", &l.policies, err));
    l.sha1 = l.sha1 || covered.at.extends == IMA_EXTENDS_PADDED;
    if ((l.violations && !cJSON_AddTrueToObject(ima, "violations")) ||
        (l.sha1 && !cJSON_AddTrueToObject(ima, "sha1")) ||
        (l.boots > 1 && !cJSON_AddTrueToObject(ima, "kexec")))
        return learn_no_memory(err);
    return pawl_ok();
}
