/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl reasons: the catalogue of docs/reasons.md at the terminal. */
#include <limits.h>
#include <stdio.h>

#include "appraise/reason.h"
#include "ctl/show.h"
#include "refusal/code.h"

enum { CODE = 23, LABEL = 6 };

static bool add_entry(cJSON *list, const struct reason_entry *e)
{
    cJSON *o = cJSON_CreateObject();

    return cJSON_AddItemToArray(list, o) && cJSON_AddStringToObject(o, "code", e->code) &&
           cJSON_AddStringToObject(o, "text", e->sentence) &&
           cJSON_AddStringToObject(o, "cause", e->cause) &&
           cJSON_AddStringToObject(o, "next", e->next);
}

static bool add_all(cJSON *list)
{
    bool good = true;

    for (int r = REASON_NONE + 1; r < REASON_COUNT; r++)
        good = good && add_entry(list, reason_entry((enum reason)r));
    for (int r = REFUSED_NONE + 1; r < REFUSED_COUNT; r++)
        good = good && add_entry(list, refused_entry((enum refused)r));
    return good;
}

/* NULL if neither a verdict nor a refusal has it. */
static const struct reason_entry *find_entry(const char *code)
{
    enum reason  reason = reason_of_code(pawl_view_str(code));
    enum refused refused = refused_of_code(pawl_view_str(code));

    if (reason)
        return reason_entry(reason);
    return refused ? refused_entry(refused) : NULL;
}

pawl_status reasons_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *o = cJSON_CreateObject();
    cJSON                         *list = cJSON_AddArrayToObject(o, "reasons");
    const struct reason_entry     *one = a->operand ? find_entry(a->operand) : NULL;

    if (a->operand && !one)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "code", "is no reason's; see pawlctl reasons");
    if (one ? !add_entry(list, one) : !add_all(list))
        return pawl_fail(err, PAWL_E_MEMORY, "reasons", "no memory");
    *ret = o;
    o = NULL;
    return pawl_ok();
}

static void show_part(const char *label, const char *text)
{
    show_text("", 2, 0);
    show_text(label, LABEL, INT_MAX);
    show_wrapped(text, 2 + LABEL);
}

/* One in whole, all with their sentence. */
void show_catalogue(const cJSON *answer)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(answer, "reasons"), *r;
    bool         is_one = cJSON_GetArraySize(list) == 1;

    cJSON_ArrayForEach(r, list)
    {
        show_text(json_text(r, "code"), CODE, INT_MAX);
        show_wrapped(json_text(r, "text"), CODE);
        if (!is_one)
            continue;
        show_part("cause", json_text(r, "cause"));
        show_part("next", json_text(r, "next"));
    }
}
