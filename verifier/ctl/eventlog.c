/* SPDX-License-Identifier: Apache-2.0 */
/* eventlog: what a firmware event log says, and what of it a quote can confirm. */
#include <stdio.h>

#include "appraise/eventlog.h"
#include "appraise/eventlog_replay.h"
#include "ctl/ctl.h"
#include "ctl/tpm2_tools.h"

enum { PCRS_TEXT_MAX = 64 * 1024 };

static pawl_status no_memory(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_MEMORY, "answer", "no memory");
}

/* ---- events --------------------------------------------------------------------------------- */

static bool add_type(cJSON *o, uint32_t type)
{
    const char *name = eventlog_type_name(type);
    char        number[16];

    snprintf(number, sizeof(number), "0x%08x", (unsigned)type);
    return cJSON_AddStringToObject(o, "type", name ? name : number);
}

static bool add_digests(cJSON *o, const struct eventlog *log, const struct eventlog_event *e)
{
    cJSON *digests = cJSON_AddObjectToObject(o, "digests");

    for (size_t b = 0; b < log->bank_n; b++) {
        struct pawl_view d = eventlog_digest(log, e, b);
        if (d.n && !json_add_hex(digests, pawl_hash_name(log->bank[b]), d))
            return false;
    }
    return digests != NULL;
}

static bool add_event(cJSON *events, const struct eventlog *log, size_t number)
{
    const struct eventlog_event *e = &log->event[number];
    cJSON                       *o = cJSON_CreateObject();

    return cJSON_AddItemToArray(events, o) &&
           cJSON_AddNumberToObject(o, "number", (double)number) &&
           cJSON_AddNumberToObject(o, "pcr", e->pcr) && add_type(o, e->type) &&
           add_digests(o, log, e) && cJSON_AddNumberToObject(o, "size", (double)e->data.n) != NULL;
}

static bool add_events(cJSON *answer, const struct eventlog *log)
{
    cJSON *events = cJSON_AddArrayToObject(answer, "events");

    for (size_t i = 0; i < log->event_n; i++)
        if (!add_event(events, log, i))
            return false;
    return events != NULL;
}

/* ---- PCRs and what is wrong with them ------------------------------------------------------- */

static bool add_pcrs(cJSON *answer, const struct eventlog_pcrs *p)
{
    cJSON *pcrs = cJSON_AddObjectToObject(answer, "pcrs");

    for (size_t b = 0; b < p->bank_n; b++) {
        const struct eventlog_bank *bank = &p->bank[b];
        cJSON                      *o = cJSON_AddObjectToObject(pcrs, pawl_hash_name(bank->hash));
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            char number[4];
            snprintf(number, sizeof(number), "%u", pcr);
            if (bank->extended >> pcr & 1 &&
                !json_add_hex(o, number, pawl_digest_view(&bank->pcr[pcr])))
                return false;
        }
    }
    return pcrs != NULL;
}

static bool add_failures(cJSON *answer, const struct failures *f)
{
    cJSON *list = cJSON_AddArrayToObject(answer, "failures");

    for (size_t i = 0; i < f->n; i++) {
        const struct failure *one = &f->list[i];
        cJSON                *o = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, o) || !cJSON_AddStringToObject(o, "row", one->row) ||
            !cJSON_AddBoolToObject(o, "warning", one->warning) ||
            !cJSON_AddStringToObject(o, "expected", one->expected) ||
            !cJSON_AddStringToObject(o, "found", one->found) ||
            (one->entry != FAILURE_WHOLE &&
             !cJSON_AddNumberToObject(o, "event", (double)one->entry)))
            return false;
    }
    return list != NULL;
}

/* Against the PCRs of a file: "replays" is whether each of them agrees. */
static pawl_status compare(const char *path, const struct eventlog *log,
                           const struct eventlog_pcrs *replayed, struct failures *f, cJSON *answer,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
    struct pawl_pcr_selection             select;
    struct pawl_pcr_values                values;
    struct eventlog_quoted                q = { &select, &values, EVENTLOG_PCRS };
    uint32_t                              agreed;
    size_t                                before = f->n;

    PAWL_TRY(input_read(path, PCRS_TEXT_MAX, &file, err));
    PAWL_TRY(tpm2_pcrs_text_read(bytes_view(&file), &select, &values, err));
    PAWL_TRY(eventlog_compare(log, replayed, &q, f, &agreed, err));
    if (!cJSON_AddBoolToObject(answer, "replays", f->n == before))
        return no_memory(err);
    return pawl_ok();
}

/* ---- the command ---------------------------------------------------------------------------- */

pawl_status eventlog_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes       file = { 0 };
    PAWL_CLEANUP(eventlog_done) struct eventlog log = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *answer = cJSON_CreateObject();
    struct eventlog_pcrs                        pcrs;
    struct failures                             f = { 0 };

    PAWL_TRY(input_read(a->operand, EVENTLOG_MAX, &file, err));
    PAWL_TRY(eventlog_parse(bytes_view(&file), &log, err));
    PAWL_TRY(eventlog_replay(&log, &pcrs, err));
    if (a->option[OPT_PCRS])
        PAWL_TRY(
            pawl_under(err, "pcrs", compare(a->option[OPT_PCRS], &log, &pcrs, &f, answer, err)));
    if (!cJSON_AddBoolToObject(answer, "legacy", log.legacy) || !add_pcrs(answer, &pcrs) ||
        !add_events(answer, &log) || !add_failures(answer, &f))
        return no_memory(err);
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

bool eventlog_is_good(const cJSON *answer)
{
    return !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "replays"));
}
