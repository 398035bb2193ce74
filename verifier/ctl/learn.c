/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl policy learn, diff, check: policies made and compared from files, without a verifier. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/eventlog.h"
#include "appraise/ima_ascii.h"
#include "appraise/policy_doubts.h"
#include "ctl/ctl.h"
#include "ctl/tpm2_tools.h"

enum { PCRS_TEXT_MAX = 64 * 1024 };

/* ---- learn ---------------------------------------------------------------------------------- */

/* What a good device left in files. */
struct golden_files {
    struct bytes              pcrs, log, list, base;
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    struct boot               boot;
};

static void golden_files_done(struct golden_files *f)
{
    bytes_done(&f->pcrs);
    bytes_done(&f->log);
    bytes_done(&f->list);
    bytes_done(&f->base);
}

static pawl_status read_golden(const struct args *a, struct golden_files *f, struct pawl_err *err)
{
    PAWL_TRY(input_read(a->option[OPT_PCRS], PCRS_TEXT_MAX, &f->pcrs, err));
    PAWL_TRY(pawl_under(err, "pcrs",
                        tpm2_pcrs_text_read(bytes_view(&f->pcrs), &f->select, &f->values, err)));
    if (a->option[OPT_EVENTLOG]) {
        PAWL_TRY(input_read(a->option[OPT_EVENTLOG], EVENTLOG_MAX, &f->log, err));
        PAWL_TRY(boot_read(bytes_view(&f->log), &f->select, &f->values, &f->boot, err));
    }
    if (a->option[OPT_IMA]) {
        PAWL_TRY(input_read(a->option[OPT_IMA], IMA_LIST_MAX, &f->list, err));
        if (ima_is_ascii(bytes_view(&f->list)))
            return pawl_fail(err, PAWL_E_UNSUPPORTED, "ima",
                             "is the list as text: give binary_runtime_measurements");
    }
    if (a->option[OPT_POLICY])
        PAWL_TRY(input_read(a->option[OPT_POLICY], POLICY_JSON_MAX, &f->base, err));
    return pawl_ok();
}

static pawl_status learn_from_files(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(golden_files_done) struct golden_files f = { 0 };
    const char                                         *version = a->option[OPT_VERSION_NUMBER];
    struct policy_golden                                g = { .name = a->operand, .version = 1 };
    char                                               *text = NULL;

    if (version)
        PAWL_TRY(pawl_u64_parse(version, "version", POLICY_VERSION_MAX, &g.version, err));
    PAWL_TRY(read_golden(a, &f, err));
    g.release = a->option[OPT_RELEASE];
    g.literal = a->option[OPT_LITERAL] != NULL;
    g.select = &f.select;
    g.values = &f.values;
    g.boot = a->option[OPT_EVENTLOG] ? &f.boot : NULL;
    g.list = bytes_view(&f.list);
    g.base = bytes_view(&f.base);
    PAWL_TRY(policy_golden(&g, &text, err));
    *ret = cJSON_CreateRaw(text);
    free(text);
    return *ret ? pawl_ok() : json_no_memory(err);
}

/* Online the verifier stores it; from files it is printed. What belongs to the other way would be
 * lost without a word. */
pawl_status policy_learn_any(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    bool online = a->option[OPT_DEVICE] != NULL, files = a->option[OPT_PCRS] != NULL;
    bool of_files = a->option[OPT_EVENTLOG] || a->option[OPT_IMA] || a->option[OPT_POLICY];
    bool of_online = a->option[OPT_BASE] || a->option[OPT_SOCKET] || a->option[OPT_TENANT];

    if (online == files)
        return pawl_fail(err, PAWL_E_BUG, "usage", "give one of --device ID and --pcrs FILE");
    if (online && of_files)
        return pawl_fail(err, PAWL_E_BUG, "usage",
                         "--eventlog, --ima and --policy go with --pcrs, not with --device");
    if (files && of_online)
        return pawl_fail(err, PAWL_E_BUG, "usage",
                         "--base, --socket and --tenant go with --device, not with --pcrs");
    return online ? policy_make(a, ret, err) : learn_from_files(a, ret, err);
}

void show_learned(const cJSON *answer)
{
    if (cJSON_IsRaw(answer))
        puts(answer->valuestring);
    else
        show_stored(answer);
}

/* ---- diff ----------------------------------------------------------------------------------- */

static pawl_status read_policy(const char *path, struct policy *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };

    PAWL_TRY(input_read(path, POLICY_JSON_MAX, &file, err));
    return pawl_under(err, path, policy_parse(bytes_view(&file), ret, err));
}

static pawl_status add_change(const char *line, void *arg, struct pawl_err *err)
{
    return cJSON_AddItemToArray(arg, cJSON_CreateString(line)) ? pawl_ok() : json_no_memory(err);
}

static bool add_id(cJSON *o, const char *name, const struct policy *p)
{
    char id[sizeof(p->name) + 24];

    snprintf(id, sizeof(id), "%s:%llu", p->name, (unsigned long long)p->version);
    return cJSON_AddStringToObject(o, name, id);
}

pawl_status policy_compare(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_done) struct policy from = { 0 }, to = { 0 };
    PAWL_CLEANUP(json_free) cJSON          *answer = cJSON_CreateObject();

    PAWL_TRY(read_policy(a->operand, &from, err));
    PAWL_TRY(read_policy(a->second, &to, err));
    if (!add_id(answer, "from", &from) || !add_id(answer, "to", &to))
        return json_no_memory(err);
    cJSON *changes = cJSON_AddArrayToObject(answer, "changes");
    PAWL_TRY(changes ? policy_diff(&from, &to, add_change, changes, err) : json_no_memory(err));
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

/* ---- check ---------------------------------------------------------------------------------- */

pawl_status policy_check(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };
    PAWL_CLEANUP(json_free) cJSON          *answer = cJSON_CreateObject();

    PAWL_TRY(read_policy(a->operand, &p, err));
    bool good = cJSON_AddTrueToObject(answer, "good") && add_id(answer, "policy", &p) &&
                json_add_hex(answer, "sha256", PAWL_VIEW_OF(p.sha256)) &&
                json_add_u64(answer, "pcr_rules", p.all.rule_n);
    cJSON *releases = cJSON_AddArrayToObject(answer, "releases");
    for (size_t i = 0; i < p.release_n && good && releases; i++)
        good = cJSON_AddItemToArray(releases, cJSON_CreateString(p.release[i].name));
    if (!good || !releases || !json_add_u64(answer, "files", p.ima.rules.files_n))
        return json_no_memory(err);
    cJSON *doubts = cJSON_AddArrayToObject(answer, "doubts");
    PAWL_TRY(doubts ? policy_doubts(&p, add_change, doubts, err) : json_no_memory(err));
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}
