/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl appraise: saved evidence of a device, judged once more by the verifier's own code; by the
 * policy in a file, or by none, which judges the device and its TPM alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/bundle.h"
#include "appraise/eventlog.h"
#include "ctl/ctl.h"

enum { BUNDLE_MAX = BUNDLE_HEAD_MAX + EVENTLOG_MAX + IMA_LIST_MAX + 64, DAY_TEXT = 10 };

/* ---- the answer ----------------------------------------------------------------------------- */

static bool add_claims(cJSON *answer, const struct verdict *v)
{
    cJSON *o = cJSON_AddObjectToObject(answer, "claims");

    return o && cJSON_AddNumberToObject(o, "instance-identity", verdict_identity(v)) &&
           cJSON_AddNumberToObject(o, "configuration", v->configuration) &&
           cJSON_AddNumberToObject(o, "executables", v->executables) &&
           cJSON_AddNumberToObject(o, "hardware", v->hardware);
}

/* "" for what was looked at, or why it was not. */
static bool add_coverage(cJSON *answer, const struct verdict *v)
{
    cJSON *o = cJSON_AddObjectToObject(answer, "coverage");
    bool   good = o != NULL;

    for (int c = 0; c < COVER_COUNT && good; c++)
        good = cJSON_AddStringToObject(o, cover_name((enum cover)c),
                                       v->cover[c].is ? "" : reason_code(v->cover[c].why));
    return good;
}

static bool add_finding(cJSON *list, const struct finding *f)
{
    const struct reason_entry *e = reason_entry(f->reason);
    cJSON                     *o = cJSON_CreateObject();

    return cJSON_AddItemToArray(list, o) && cJSON_AddStringToObject(o, "reason", e->code) &&
           cJSON_AddStringToObject(o, "sentence", e->sentence) &&
           cJSON_AddStringToObject(o, "what", f->what) &&
           cJSON_AddStringToObject(o, "detail", f->detail) &&
           cJSON_AddStringToObject(o, "next", e->next);
}

static bool add_findings(cJSON *answer, const struct verdict *v)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "findings");
    bool   good = list != NULL;

    for (size_t i = 0; i < v->finding_n && good; i++)
        good = add_finding(list, &v->finding[i]);
    return good;
}

static bool add_verdict(cJSON *answer, const struct verdict *v)
{
    return cJSON_AddStringToObject(answer, "status", tier_name(verdict_tier(v))) &&
           cJSON_AddStringToObject(answer, "policy", v->policy) &&
           cJSON_AddStringToObject(answer, "release", v->release) &&
           cJSON_AddBoolToObject(answer, "watched", v->watched) && add_coverage(answer, v) &&
           add_claims(answer, v) && add_findings(answer, v);
}

/* What the verifier said, by which policy, and whether this says the same. */
static bool add_was(cJSON *answer, const struct bundle_head *h, const struct verdict *v)
{
    cJSON *was = cJSON_AddObjectToObject(answer, "was");

    return was && cJSON_AddStringToObject(was, "status", h->status) &&
           cJSON_AddStringToObject(was, "policy", h->policy) &&
           cJSON_AddBoolToObject(answer, "same",
                                 strcmp(h->status, tier_name(verdict_tier(v))) == 0);
}

static bool add_device(cJSON *answer, const struct bundle_head *h, int64_t now_s)
{
    char tenant[PAWL_TENANT_MAX + 1];

    snprintf(tenant, sizeof(tenant), "%.*s", (int)h->tenant.n, (const char *)h->tenant.p);
    return json_add_hex(answer, "device", h->device_id) &&
           cJSON_AddStringToObject(answer, "tenant", tenant) &&
           cJSON_AddNumberToObject(answer, "seen", (double)(h->time_ms / 1000)) &&
           cJSON_AddNumberToObject(answer, "at", (double)now_s);
}

/* ---- the command ---------------------------------------------------------------------------- */

static pawl_status read_policy(const char *path, struct policy *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };

    PAWL_TRY(input_read(path, POLICY_JSON_MAX, &file, err));
    return pawl_under(err, path, policy_parse(bytes_view(&file), ret, err));
}

/* Of a day: its last second, in which all that ends with it still holds. */
static pawl_status read_time(const char *text, int64_t *ret, struct pawl_err *err)
{
    PAWL_TRY(pawl_under(err, "at", judging_until(pawl_view_str(text), ret, err)));
    *ret -= strlen(text) == DAY_TEXT;
    return pawl_ok();
}

pawl_status appraise_bundle(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes   file = { 0 };
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };
    PAWL_CLEANUP(json_free) cJSON          *answer = cJSON_CreateObject();
    struct bundle                           b;
    struct verdict                          v;

    PAWL_TRY(input_read(a->operand, BUNDLE_MAX, &file, err));
    PAWL_TRY(bundle_parse(bytes_view(&file), &b, err));
    int64_t now_s = b.head.time_ms / 1000;
    if (a->option[OPT_AT])
        PAWL_TRY(read_time(a->option[OPT_AT], &now_s, err));
    if (a->option[OPT_POLICY])
        PAWL_TRY(read_policy(a->option[OPT_POLICY], &p, err));
    PAWL_TRY(bundle_appraise(&b, a->option[OPT_POLICY] ? &p : NULL, now_s, &v, err));
    if (!add_device(answer, &b.head, now_s) || !add_verdict(answer, &v) ||
        !add_was(answer, &b.head, &v))
        return json_no_memory(err);
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

bool appraise_is_good(const cJSON *answer)
{
    return json_says(answer, "status", tier_name(TIER_AFFIRMING));
}
