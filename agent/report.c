/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "state/file.h"
#include "state/json.h"

enum cli_exit report_answer_exit(const struct flow_answer *a)
{
    bool good = a->kind == FLOW_RESULT &&
                (a->ear.status == EAR_AFFIRMING || a->ear.status == EAR_WARNING);

    return good ? CLI_GOOD : CLI_ATTENTION;
}

enum cli_exit report_failure_exit(enum pawl_code code)
{
    switch (code) {
    case PAWL_E_IO:
    case PAWL_E_TPM:
        return CLI_NO_CONTACT;
    case PAWL_E_STATE:
    case PAWL_E_MEMORY:
    case PAWL_E_CRYPTO:
    case PAWL_E_BUG:
        return CLI_USAGE;
    default: /* what the verifier answered, or what is wrong with the TPM's keys */
        return CLI_ATTENTION;
    }
}

void report_answer_line(const struct flow_answer *a, char *ret, size_t cap)
{
    char epoch[40] = "";

    if (a->rekeyed)
        snprintf(epoch, sizeof(epoch), " (epoch %" PRIu64 ")", a->ear.new_epoch);
    if (a->kind == FLOW_RESULT)
        snprintf(ret, cap, "%s%s%s%s", ear_status_name(a->ear.status), a->ear.why[0] ? ": " : "",
                 a->ear.why, epoch);
    else if (a->refusal.has_retry)
        snprintf(ret, cap, "refused: %s (again in %" PRIu64 " s)",
                 pawl_refusal_text(a->refusal.code), a->refusal.retry_after_s);
    else
        snprintf(ret, cap, "refused: %s", pawl_refusal_text(a->refusal.code));
}

static void report_json(const struct flow_answer *a, const struct record *r)
{
    PAWL_CLEANUP(json_done) cJSON *j = cJSON_CreateObject();
    bool                           result = a->kind == FLOW_RESULT;

    json_add_hex(j, "device", PAWL_VIEW_OF(r->device_id));
    cJSON_AddStringToObject(j, "verdict", result ? ear_status_name(a->ear.status) : "none");
    cJSON_AddStringToObject(j, "why", result ? a->ear.why : "");
    cJSON_AddBoolToObject(j, "waits", r->waits);
    cJSON_AddBoolToObject(j, "rekeyed", a->rekeyed);
    cJSON_AddNumberToObject(j, "epoch", (double)r->epoch);
    if (result)
        cJSON_AddNullToObject(j, "refusal");
    else
        cJSON_AddStringToObject(j, "refusal", pawl_refusal_text(a->refusal.code));
    cJSON_AddStringToObject(j, "request", a->request);
    json_print(j);
}

void report_answer(const struct flow_answer *a, const struct record *r, bool json)
{
    char line[400];

    if (json) {
        report_json(a, r);
        return;
    }
    report_answer_line(a, line, sizeof(line));
    printf("%s\n", line);
}

pawl_status report_token(const struct flow_answer *a, const char *path, struct pawl_err *err)
{
    PAWL_CLEANUP(file_close) int dir = -1;
    const char                  *name;

    if (a->kind != FLOW_RESULT)
        return pawl_ok();
    PAWL_TRY(file_open_parent(path, false, &dir, &name, err));
    return file_replace(dir, name, pawl_view_str(a->token), err);
}

void report_failure(const struct pawl_err *err)
{
    fprintf(stderr, "pawl-agent: %s: %s\n", err->where, err->why);
}

void report_lost(struct flow *f)
{
    for (size_t i = 0; i < f->lost_n; i++)
        fprintf(stderr, "pawl-agent: %s: %s: taken as lost\n", f->lost[i].where, f->lost[i].why);
    flow_lost_said(f);
}

void report_missing(struct flow *f)
{
    for (struct flow_missing *m = f->missing; m < f->missing + FLOW_MISSING_MAX; m++) {
        if (m->why.where[0] && !m->said)
            fprintf(stderr, "pawl-agent: %s: %s; attesting without it\n", m->why.where, m->why.why);
        m->said = true;
    }
}

void report_incident(const struct incident *before, const struct incident *now)
{
    char line[160];

    if (!before->kind == !now->kind)
        return;
    incident_line(now, line, sizeof(line));
    fprintf(stderr, "pawl-agent: %s\n", now->kind ? line : "the incident is over");
}
