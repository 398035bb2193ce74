/* SPDX-License-Identifier: Apache-2.0 */
/* What [tenant NAME] may say. */
#include "config_key.h"

#include <string.h>

#include "config_value.h"

static pawl_status set_admission(struct config_parse *p, const char *value, struct pawl_err *err)
{
    static const char *const name[ADMISSION_COUNT] = {
        [ADMISSION_NONE] = "",
        [ADMISSION_APPROVE] = "approve",
        [ADMISSION_TOKEN] = "token",
        [ADMISSION_OPEN] = "open",
    };

    for (int a = ADMISSION_NONE + 1; a < ADMISSION_COUNT; a++)
        if (strcmp(value, name[a]) == 0) {
            p->tenant->admission = (enum admission)a;
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_FORM, "", "is none of approve, token, open");
}

static pawl_status set_reenrol(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_either(value, "approve", "auto", &p->tenant->reenrol_auto, err);
}

static pawl_status set_resync(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_either(value, "approve", "auto", &p->tenant->resync_auto, err);
}

static pawl_status set_roots(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_path(p->c.state, value, p->tenant->roots, err);
}

static pawl_status set_lab_roots(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_path(p->c.state, value, p->tenant->lab_roots, err);
}

static pawl_status set_intermediates(struct config_parse *p, const char *value,
                                     struct pawl_err *err)
{
    return value_path(p->c.state, value, p->tenant->intermediates, err);
}

static pawl_status set_revoked(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_path(p->c.state, value, p->tenant->revoked, err);
}

static pawl_status set_pcrs(struct config_parse *p, const char *value, struct pawl_err *err)
{
    struct pawl_pcr_selection pcrs;

    PAWL_TRY(pawl_pcr_selection_from_text(value, &pcrs, err));
    if (pawl_pcr_selection_count(&pcrs) == 0)
        return pawl_fail(err, PAWL_E_RANGE, "", "selects no PCR");
    p->tenant->pcrs = pcrs;
    return pawl_ok();
}

static uint16_t suite_by_name(const char *name, size_t n)
{
    static const struct {
        const char *name;
        uint16_t    suite;
    } suites[] = {
        { "ccm", PAWL_SUITE_CCM },
        { "chacha", PAWL_SUITE_CHACHA },
        { "gcm", PAWL_SUITE_GCM },
        { "siv", PAWL_SUITE_SIV },
    };

    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
        if (strlen(suites[i].name) == n && memcmp(suites[i].name, name, n) == 0)
            return suites[i].suite;
    return 0;
}

static pawl_status set_suites(struct config_parse *p, const char *value, struct pawl_err *err)
{
    struct pawl_suites suites = { 0 };

    for (const char *at = value; at;) {
        at += strspn(at, " ");
        const char *comma = strchr(at, ',');
        size_t      n = strcspn(at, " ,");
        uint16_t    suite = suite_by_name(at, n);

        if (!suite || at[n + strspn(at + n, " ")] != (comma ? ',' : 0))
            return pawl_fail(err, PAWL_E_FORM, "", "is no list of ccm, chacha, gcm, siv");
        for (size_t i = 0; i < suites.n; i++)
            if (suites.suite[i] == suite)
                return pawl_fail(err, PAWL_E_FORM, "", "names a suite twice");
        suites.suite[suites.n++] = suite;
        at = comma ? comma + 1 : NULL;
    }
    p->tenant->suites = suites;
    return pawl_ok();
}

static pawl_status set_ear_ttl(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 1, 30 * 86400, &p->tenant->ear_ttl_s, err);
}

static pawl_status set_messages(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_either(value, "off", "on", &p->tenant->messages, err);
}

static pawl_status set_message_keep(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 1, 3650, &p->tenant->message_keep_days, err);
}

static pawl_status set_late_window(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 60, 7 * 86400, &p->tenant->late_window_s, err);
}

static pawl_status set_downlink_max(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 1, 100000, &p->tenant->downlink_max, err);
}

static pawl_status set_on_incident(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_either(value, "notify", "hold-messages", &p->tenant->hold_messages, err);
}

static pawl_status set_heal(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_either(value, "rekey", "operator", &p->tenant->heal_by_operator, err);
}

static pawl_status set_keep_evidence(struct config_parse *p, const char *value,
                                     struct pawl_err *err)
{
    return value_either(value, "none", "last", &p->tenant->keep_evidence, err);
}

static pawl_status set_overdue_after(struct config_parse *p, const char *value,
                                     struct pawl_err *err)
{
    return value_number(value, 1, 100, &p->tenant->overdue_after, err);
}

static pawl_status set_rekey_overdue(struct config_parse *p, const char *value,
                                     struct pawl_err *err)
{
    return value_number(value, 0, PAWL_EPOCH_HARD_MS / 1000, &p->tenant->rekey_overdue_s, err);
}

/* What libcurl would take for something else: another protocol, a host that is not there, and a
 * password, which has no place in a URL that logs may name. */
static pawl_status check_url(const char *url, struct pawl_err *err)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    size_t host = strcspn(url + scheme, "/?#");

    if (!scheme || host == 0)
        return pawl_fail(err, PAWL_E_FORM, "", "is neither https://HOST nor http://HOST");
    for (const char *c = url; *c; c++)
        if (*c <= ' ' || *c > '~')
            return pawl_fail(err, PAWL_E_FORM, "", "holds a character that is not of a URL");
    if (memchr(url + scheme, '@', host))
        return pawl_fail(err, PAWL_E_FORM, "", "holds a user: webhook_key says who calls");
    return pawl_ok();
}

static pawl_status set_webhook(struct config_parse *p, const char *value, struct pawl_err *err)
{
    if (!*value)
        return pawl_ok();
    PAWL_TRY(check_url(value, err));
    p->webhook_line[p->tenant - p->c.tenant] = p->line;
    return value_copy(value, p->tenant->webhook, sizeof(p->tenant->webhook), err);
}

static pawl_status set_webhook_key(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_path(p->c.state, value, p->tenant->webhook_key, err);
}

static pawl_status set_enrolments(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 0, 1000000, &p->tenant->enrolments_per_minute, err);
}

static pawl_status set_attests(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 0, 1000000, &p->tenant->attests_per_minute, err);
}

const struct config_key config_tenant_keys[] = {
    { "admission", set_admission },
    { "reenrol", set_reenrol },
    { "roots", set_roots },
    { "lab_roots", set_lab_roots },
    { "intermediates", set_intermediates },
    { "revoked", set_revoked },
    { "pcrs", set_pcrs },
    { "suites", set_suites },
    { "ear_ttl_s", set_ear_ttl },
    { "resync", set_resync },
    { "messages", set_messages },
    { "message_keep_days", set_message_keep },
    { "late_window_s", set_late_window },
    { "downlink_max", set_downlink_max },
    { "on_incident", set_on_incident },
    { "heal", set_heal },
    { "enrolments_per_minute", set_enrolments },
    { "attests_per_minute", set_attests },
    { "overdue_after", set_overdue_after },
    { "rekey_overdue_s", set_rekey_overdue },
    { "keep_evidence", set_keep_evidence },
    { "webhook", set_webhook },
    { "webhook_key", set_webhook_key },
    { NULL, NULL },
};

pawl_status config_tenant_begin(struct config_parse *p, const char *name, struct pawl_err *err)
{
    struct tenant_config t = { .admission = ADMISSION_APPROVE,
                               .ear_ttl_s = 3600,
                               .resync_auto = true,
                               .messages = true,
                               .message_keep_days = 30,
                               .late_window_s = 3600,
                               .downlink_max = 1000,
                               .enrolments_per_minute = 6000,
                               .attests_per_minute = 60,
                               .overdue_after = 3,
                               .rekey_overdue_s = 129600 };

    memcpy(t.name, name, strlen(name) + 1);
    p->tenant = &p->c.tenant[p->c.tenant_n++];
    *p->tenant = t;
    /* Every PCR of the boot and IMA's; not 15 (the system's own) and those that anybody resets. */
    PAWL_TRY(set_pcrs(p, "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14", err));
    return set_suites(p, "ccm,chacha,gcm,siv", err);
}
