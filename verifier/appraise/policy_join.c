/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A release that was learned, added to a policy that is there already. Both are JSON: what nobody
 * touches stays as somebody wrote it, but for comments.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "appraise/allow_list.h"
#include "appraise/policy_judge.h"
#include "appraise/policy_learn_parts.h"
#include "appraise/policy_text.h"

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* ---- values --------------------------------------------------------------------------------- */

static bool has_text(const cJSON *list, const char *text)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (cJSON_IsString(item) && strcasecmp(item->valuestring, text) == 0) /* hex */
            return true;
    }
    return false;
}

/* Two lists of hex, the first of which takes the other's too. Anything else must be the same. */
static pawl_status join_rule(cJSON *has, const cJSON *learned, const char *where,
                             struct pawl_err *err)
{
    const cJSON *item;

    if (!cJSON_IsArray(has) || !cJSON_IsArray(learned)) {
        if (cJSON_Compare(has, learned, true))
            return pawl_ok();
        return pawl_fail(err, PAWL_E_DENIED, where, "wants something else than this device has");
    }
    cJSON_ArrayForEach(item, learned)
    {
        if (!has_text(has, item->valuestring) &&
            !cJSON_AddItemToArray(has, cJSON_CreateString(item->valuestring)))
            return learn_no_memory(err);
    }
    return pawl_ok();
}

static pawl_status join_rules(cJSON *has, const cJSON *learned, const char *where,
                              struct pawl_err *err)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, learned)
    {
        cJSON *own = cJSON_GetObjectItemCaseSensitive(has, m->string);
        char   path[64];
        snprintf(path, sizeof(path), "%.24s.%.24s", where, m->string);
        if (own)
            PAWL_TRY(join_rule(own, m, path, err));
    }
    return pawl_ok();
}

static pawl_status join_pcrs(cJSON *has, const cJSON *learned, struct pawl_err *err)
{
    const cJSON *bank;

    cJSON_ArrayForEach(bank, learned)
    {
        char path[24];
        snprintf(path, sizeof(path), "pcrs.%.8s", bank->string);
        PAWL_TRY(join_rules(cJSON_GetObjectItemCaseSensitive(has, bank->string), bank, path, err));
    }
    return pawl_ok();
}

/* "At least this one": the lower of both. */
static pawl_status join_sbat(cJSON *has, const cJSON *learned, struct pawl_err *err)
{
    cJSON       *own = cJSON_GetObjectItemCaseSensitive(has, "sbat");
    const cJSON *other = member(learned, "sbat");

    if (own && !other)
        return pawl_fail(err, PAWL_E_DENIED, "secure_boot.sbat", "this device says none");
    if (own && strcmp(other->valuestring, own->valuestring) < 0 &&
        !cJSON_SetValuestring(own, other->valuestring))
        return learn_no_memory(err);
    return pawl_ok();
}

static pawl_status join_secure_boot(cJSON *has, cJSON *learned, struct pawl_err *err)
{
    if (!has || !learned)
        return pawl_ok();
    PAWL_TRY(join_sbat(has, learned, err));
    cJSON_DeleteItemFromObjectCaseSensitive(learned, "sbat");
    return join_rules(has, learned, "secure_boot", err);
}

/* ---- releases ------------------------------------------------------------------------------- */

static pawl_status join_releases(cJSON *has, cJSON *learned, struct pawl_err *err)
{
    cJSON *from = cJSON_GetObjectItemCaseSensitive(learned, "releases");
    cJSON *releases = cJSON_GetObjectItemCaseSensitive(has, "releases");
    cJSON *release = cJSON_DetachItemFromArray(from, 0);
    size_t at = 0;

    if (!release)
        return pawl_ok();
    if (!releases)
        releases = cJSON_AddArrayToObject(has, "releases");
    const cJSON *name = member(release, "name"), *r;
    cJSON_ArrayForEach(r, releases)
    {
        const cJSON *its = member(r, "name");
        if (strcmp(its->valuestring, name->valuestring) == 0)
            break;
        at++;
    }
    if (r)
        cJSON_ReplaceItemInArray(releases, (int)at, release);
    else if (!cJSON_AddItemToArray(releases, release))
        return learn_no_memory(err);
    return pawl_ok();
}

/* ---- allow lists ---------------------------------------------------------------------------- */

/* Objects of lists, which may have very many members: by way of a sorted list. */
static pawl_status take_table(struct allow_list *l, const cJSON *table, struct pawl_err *err)
{
    static const char verity[] = "verity:";
    const cJSON      *path, *item;

    cJSON_ArrayForEach(path, table)
    {
        cJSON_ArrayForEach(item, path)
        {
            const char        *text = item->valuestring;
            bool               of_verity = strncmp(text, verity, sizeof(verity) - 1) == 0;
            char               alg[16];
            struct pawl_digest d;
            text += of_verity ? sizeof(verity) - 1 : 0;
            snprintf(alg, sizeof(alg), "%.*s", (int)strcspn(text, ":"), text);
            PAWL_TRY(
                pawl_hex_parse(text + strcspn(text, ":") + 1, "ima", d.b, sizeof(d.b), &d.n, err));
            PAWL_TRY(allow_list_add(l, pawl_view_str(path->string), pawl_hash_by_name(alg),
                                    of_verity, pawl_digest_view(&d), err));
        }
    }
    return pawl_ok();
}

static pawl_status join_table(cJSON *has, const cJSON *learned, const char *name,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(allow_list_done) struct allow_list l = { 0 };
    cJSON                                          *both = NULL;

    if (!member(learned, name))
        return pawl_ok();
    PAWL_TRY(take_table(&l, member(has, name), err));
    PAWL_TRY(take_table(&l, member(learned, name), err));
    PAWL_TRY(allow_list_json(&l, &both, err));
    cJSON_DeleteItemFromObjectCaseSensitive(has, name);
    return cJSON_AddItemToObject(has, name, both) ? pawl_ok() : learn_no_memory(err);
}

/* "policies" may be a list, then of the usual path. */
static pawl_status join_policies(cJSON *has, const cJSON *learned, struct pawl_err *err)
{
    cJSON       *own = cJSON_GetObjectItemCaseSensitive(has, "policies");
    const cJSON *more = member(learned, "policies");

    if (cJSON_IsArray(own) && more)
        return join_rule(own, member(more, POLICY_IMA_POLICY), "policies", err);
    return join_table(has, learned, "policies", err);
}

static pawl_status join_ima(cJSON *has, cJSON *learned, struct pawl_err *err)
{
    static const char *const flags[] = { "violations", "sha1", "kexec" };
    cJSON                   *own = cJSON_GetObjectItemCaseSensitive(has, "ima");
    const cJSON             *ima = member(learned, "ima");

    if (!ima)
        return pawl_ok();
    if (!own)
        return cJSON_AddItemToObject(has, "ima", cJSON_DetachItemFromObject(learned, "ima"))
                   ? pawl_ok()
                   : learn_no_memory(err);
    PAWL_TRY(join_table(own, ima, "files", err));
    PAWL_TRY(join_table(own, ima, "buffers", err));
    PAWL_TRY(join_policies(own, ima, err));
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (!cJSON_IsTrue(member(ima, flags[i])))
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(own, flags[i]);
        if (!cJSON_AddTrueToObject(own, flags[i]))
            return learn_no_memory(err);
    }
    return pawl_ok();
}

/* ---- the policy ----------------------------------------------------------------------------- */

static pawl_status take_over(cJSON *has, cJSON *learned, const char *name, struct pawl_err *err)
{
    cJSON *m = cJSON_DetachItemFromObjectCaseSensitive(learned, name);

    return m && cJSON_ReplaceItemInObjectCaseSensitive(has, name, m) ? pawl_ok()
                                                                     : learn_no_memory(err);
}

pawl_status learn_join(struct pawl_view base, cJSON **learned, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_done) struct policy           p = { 0 };
    PAWL_CLEANUP(policy_text_done) struct policy_text text = { 0 };

    PAWL_TRY(policy_parse(base, &p, err)); /* so every member below has its type */
    PAWL_TRY(policy_text_read(base, &text, err));
    cJSON *has = text.root, *from = *learned;
    PAWL_TRY(take_over(has, from, "name", err));
    PAWL_TRY(take_over(has, from, "version", err));
    PAWL_TRY(join_pcrs(cJSON_GetObjectItemCaseSensitive(has, "pcrs"), member(from, "pcrs"), err));
    PAWL_TRY(join_secure_boot(cJSON_GetObjectItemCaseSensitive(has, "secure_boot"),
                              cJSON_GetObjectItemCaseSensitive(from, "secure_boot"), err));
    PAWL_TRY(join_releases(has, from, err));
    PAWL_TRY(join_ima(has, from, err));
    *learned = has;
    text.root = from;
    return pawl_ok();
}

/* ---- does it take the device ---------------------------------------------------------------- */

pawl_status learn_check_taken(const struct policy_golden *g, const struct policy *p,
                              struct pawl_err *err)
{
    struct policy         boot_only = *p;
    struct verdict        v = { 0 };
    struct judging        j = { .v = &v };
    struct policy_subject s = {
        .select = g->select, .values = g->values, .boot = g->boot, .manufacturer = ""
    };

    boot_only.ima.present = false;
    boot_only.firmware_n = 0;
    policy_appraise(&boot_only, &s, &j);
    for (size_t i = 0; i < v.finding_n && v.executables != AR4SI_BOOT_ONLY; i++)
        if (v.finding[i].reason != REASON_EVENT_LOG_BROKEN) /* warnings of the log */
            return pawl_fail(err, PAWL_E_DENIED, v.finding[i].what, "%s", v.finding[i].detail);
    return pawl_ok();
}
