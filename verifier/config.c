/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads STATE/verifier.ini. libinih splits lines into sections, keys and values; what is ours is
 * the two tables below, and strictness: a misspelt key that is silently ignored would be a setting
 * that somebody believes to be in force.
 *
 * Invariants
 *  1. Every error names the file's line and, where there is one, the key.
 *  2. A section or a key that stands twice is refused: neither wins in silence.
 *
 * Not here: whether the files that it points to are good (state.c and hook/ read them).
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#define FILE_NAME "verifier.ini"

struct parse {
    struct verifier_config c;
    FILE                  *file;
    size_t                 line;
    const struct key      *keys;   /* of the present section; NULL before the first */
    struct tenant_config  *tenant; /* the present one */
    size_t                 webhook_line[CONFIG_TENANTS_MAX]; /* 0: the tenant has none */
    size_t                 store_line;                       /* 0: nothing is said of the store */
    bool                   had_verifier;
    uint32_t               seen; /* bit i: keys[i] stood in this section */
    pawl_status            status;
    struct pawl_err       *err;
};

struct key {
    const char *name;
    pawl_status (*set)(struct parse *p, const char *value, struct pawl_err *err);
};

/* ---- values --------------------------------------------------------------------------------- */

static pawl_status copy(const char *value, char *ret, size_t cap, struct pawl_err *err)
{
    if (!*value)
        return pawl_fail(err, PAWL_E_FORM, "", "is empty");
    if (strlen(value) >= cap)
        return pawl_fail(err, PAWL_E_RANGE, "", "has %zu characters, at most %zu are taken",
                         strlen(value), cap - 1);
    memcpy(ret, value, strlen(value) + 1);
    return pawl_ok();
}

/* Relative to the state directory. Empty stays empty. */
static pawl_status path_value(const struct parse *p, const char *value, char ret[CONFIG_PATH_MAX],
                              struct pawl_err *err)
{
    int n;

    if (!*value || value[0] == '/')
        n = snprintf(ret, CONFIG_PATH_MAX, "%s", value);
    else
        n = snprintf(ret, CONFIG_PATH_MAX, "%s/%s", p->c.state, value);
    if (n < 0 || n >= CONFIG_PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "", "the path is longer than %d bytes",
                         CONFIG_PATH_MAX - 1);
    return pawl_ok();
}

static pawl_status number(const char *value, uint64_t min, uint64_t max, uint64_t *ret,
                          struct pawl_err *err)
{
    uint64_t n;

    PAWL_TRY(pawl_u64_parse(value, "", max, &n, err));
    if (n < min)
        return pawl_fail(err, PAWL_E_RANGE, "", "less than %llu", (unsigned long long)min);
    *ret = n;
    return pawl_ok();
}

/* HOST:PORT, the host not empty, the port a number. */
static pawl_status host_port(const char *value, uint64_t port_min, struct pawl_err *err)
{
    const char *colon = strrchr(value, ':');
    uint64_t    port;

    if (!colon || colon == value)
        return pawl_fail(err, PAWL_E_FORM, "", "is not HOST:PORT");
    if (value[0] == '[' ? colon[-1] != ']' : memchr(value, ':', (size_t)(colon - value)) != NULL)
        return pawl_fail(err, PAWL_E_FORM, "", "an IPv6 address stands in brackets");
    return number(colon + 1, port_min, 65535, &port, err);
}

/* ---- [verifier] ----------------------------------------------------------------------------- */

static pawl_status set_listen(struct parse *p, const char *value, struct pawl_err *err)
{
    PAWL_TRY(host_port(value, 0, err));
    return copy(value, p->c.listen, sizeof(p->c.listen), err);
}

static pawl_status set_address(struct parse *p, const char *value, struct pawl_err *err)
{
    PAWL_TRY(host_port(value, 1, err));
    return copy(value, p->c.address, sizeof(p->c.address), err);
}

static pawl_status set_operator_socket(struct parse *p, const char *value, struct pawl_err *err)
{
    if (!*value)
        return pawl_fail(err, PAWL_E_FORM, "", "is empty");
    return path_value(p, value, p->c.operator_socket, err);
}

static pawl_status set_operator_listen(struct parse *p, const char *value, struct pawl_err *err)
{
    PAWL_TRY(host_port(value, 0, err));
    return copy(value, p->c.operator_listen, sizeof(p->c.operator_listen), err);
}

static pawl_status set_operator_clients(struct parse *p, const char *value, struct pawl_err *err)
{
    return path_value(p, value, p->c.operator_clients, err);
}

static pawl_status set_store(struct parse *p, const char *value, struct pawl_err *err)
{
    p->store_line = p->line;
    p->c.on_postgres = strcmp(value, "postgres") == 0;
    if (!p->c.on_postgres && strcmp(value, "sqlite") != 0)
        return pawl_fail(err, PAWL_E_FORM, "", "is sqlite or postgres");
    return pawl_ok();
}

/* What libpq makes of it is found out when it connects. */
static pawl_status set_postgres(struct parse *p, const char *value, struct pawl_err *err)
{
    return copy(value, p->c.postgres, sizeof(p->c.postgres), err);
}

static pawl_status set_workers(struct parse *p, const char *value, struct pawl_err *err)
{
    uint64_t n = 0;

    PAWL_TRY(number(value, 0, CONFIG_WORKERS_MAX, &n, err));
    if (n)
        p->c.workers = (unsigned)n;
    return pawl_ok();
}

static pawl_status set_request_timeout(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 3600, &p->c.request_timeout_s, err);
}

static pawl_status set_idle_timeout(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 86400, &p->c.idle_timeout_s, err);
}

static pawl_status set_connections_max(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 1000000, &p->c.connections_max, err);
}

static pawl_status set_address_rate(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 0, 1000000, &p->c.address_rate, err);
}

static pawl_status set_address_connections(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 0, 1000000, &p->c.address_connections, err);
}

static pawl_status set_log(struct parse *p, const char *value, struct pawl_err *err)
{
    p->c.log_json = strcmp(value, "json") == 0;
    return p->c.log_json || strcmp(value, "text") == 0
               ? pawl_ok()
               : pawl_fail(err, PAWL_E_FORM, "log", "is neither text nor json");
}

static const struct key verifier_keys[] = {
    { "listen", set_listen },
    { "address", set_address },
    { "operator_socket", set_operator_socket },
    { "operator_listen", set_operator_listen },
    { "operator_clients", set_operator_clients },
    { "store", set_store },
    { "postgres", set_postgres },
    { "workers", set_workers },
    { "request_timeout_s", set_request_timeout },
    { "idle_timeout_s", set_idle_timeout },
    { "connections_max", set_connections_max },
    { "address_rate", set_address_rate },
    { "address_connections", set_address_connections },
    { "log", set_log },
    { NULL, NULL },
};

/* ---- [tenant NAME] -------------------------------------------------------------------------- */

static pawl_status set_admission(struct parse *p, const char *value, struct pawl_err *err)
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

static pawl_status either(const char *value, const char *no, const char *yes, bool *ret,
                          struct pawl_err *err)
{
    if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
        return pawl_fail(err, PAWL_E_FORM, "", "is none of %s, %s", no, yes);
    *ret = strcmp(value, yes) == 0;
    return pawl_ok();
}

static pawl_status set_reenrol(struct parse *p, const char *value, struct pawl_err *err)
{
    return either(value, "approve", "auto", &p->tenant->reenrol_auto, err);
}

static pawl_status set_resync(struct parse *p, const char *value, struct pawl_err *err)
{
    return either(value, "approve", "auto", &p->tenant->resync_auto, err);
}

static pawl_status set_roots(struct parse *p, const char *value, struct pawl_err *err)
{
    return path_value(p, value, p->tenant->roots, err);
}

static pawl_status set_lab_roots(struct parse *p, const char *value, struct pawl_err *err)
{
    return path_value(p, value, p->tenant->lab_roots, err);
}

static pawl_status set_intermediates(struct parse *p, const char *value, struct pawl_err *err)
{
    return path_value(p, value, p->tenant->intermediates, err);
}

static pawl_status set_revoked(struct parse *p, const char *value, struct pawl_err *err)
{
    return path_value(p, value, p->tenant->revoked, err);
}

static pawl_status set_pcrs(struct parse *p, const char *value, struct pawl_err *err)
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

static pawl_status set_suites(struct parse *p, const char *value, struct pawl_err *err)
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

static pawl_status set_ear_ttl(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 30 * 86400, &p->tenant->ear_ttl_s, err);
}

static pawl_status set_messages(struct parse *p, const char *value, struct pawl_err *err)
{
    return either(value, "off", "on", &p->tenant->messages, err);
}

static pawl_status set_message_keep(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 3650, &p->tenant->message_keep_days, err);
}

static pawl_status set_late_window(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 60, 7 * 86400, &p->tenant->late_window_s, err);
}

static pawl_status set_downlink_max(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 100000, &p->tenant->downlink_max, err);
}

static pawl_status set_on_incident(struct parse *p, const char *value, struct pawl_err *err)
{
    return either(value, "notify", "hold-messages", &p->tenant->hold_messages, err);
}

static pawl_status set_heal(struct parse *p, const char *value, struct pawl_err *err)
{
    return either(value, "rekey", "operator", &p->tenant->heal_by_operator, err);
}

static pawl_status set_keep_evidence(struct parse *p, const char *value, struct pawl_err *err)
{
    return either(value, "none", "last", &p->tenant->keep_evidence, err);
}

static pawl_status set_overdue_after(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 1, 100, &p->tenant->overdue_after, err);
}

static pawl_status set_rekey_overdue(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 0, PAWL_EPOCH_HARD_MS / 1000, &p->tenant->rekey_overdue_s, err);
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

static pawl_status set_webhook(struct parse *p, const char *value, struct pawl_err *err)
{
    if (!*value)
        return pawl_ok();
    PAWL_TRY(check_url(value, err));
    p->webhook_line[p->tenant - p->c.tenant] = p->line;
    return copy(value, p->tenant->webhook, sizeof(p->tenant->webhook), err);
}

static pawl_status set_webhook_key(struct parse *p, const char *value, struct pawl_err *err)
{
    return path_value(p, value, p->tenant->webhook_key, err);
}

static pawl_status set_enrolments(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 0, 1000000, &p->tenant->enrolments_per_minute, err);
}

static pawl_status set_attests(struct parse *p, const char *value, struct pawl_err *err)
{
    return number(value, 0, 1000000, &p->tenant->attests_per_minute, err);
}

static const struct key tenant_keys[] = {
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

/* ---- sections and lines --------------------------------------------------------------------- */

/* Keeps the first error; its place is the line and, where known, the key. */
static void fail_at(struct parse *p, const char *key, const struct pawl_err *why)
{
    if (!pawl_is_ok(p->status))
        return;
    char where[sizeof(p->err->where)];
    snprintf(where, sizeof(where), FILE_NAME ":%zu%s%.32s", p->line, *key ? ": " : "", key);
    p->status = pawl_fail(p->err, why->code, where, "%s", why->why);
}

static pawl_status begin_tenant(struct parse *p, const char *name, struct pawl_err *err)
{
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "", "a tenant's name has 1 to %d of a-z 0-9 - _ .",
                         PAWL_TENANT_MAX);
    if (config_tenant(&p->c, pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_CONFLICT, "", "this tenant stands there already");
    if (p->c.tenant_n == CONFIG_TENANTS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "", "more than %d tenants", CONFIG_TENANTS_MAX);
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
    p->keys = tenant_keys;
    /* Every PCR of the boot and IMA's; not 15 (the system's own) and those that anybody resets. */
    PAWL_TRY(set_pcrs(p, "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14", err));
    return set_suites(p, "ccm,chacha,gcm,siv", err);
}

static pawl_status begin_section(struct parse *p, const char *name, struct pawl_err *err)
{
    p->seen = 0;
    if (strncmp(name, "tenant ", 7) == 0)
        return begin_tenant(p, name + 7 + strspn(name + 7, " "), err);
    if (strcmp(name, "verifier") != 0)
        return pawl_fail(err, PAWL_E_FORM, "", "a section is [verifier] or [tenant NAME]");
    if (p->had_verifier)
        return pawl_fail(err, PAWL_E_CONFLICT, "", "this section stands there already");
    p->had_verifier = true;
    p->keys = verifier_keys;
    return pawl_ok();
}

/* libinih reports a section only with its first key, and takes a line that begins with a space as
 * more of the value before; so headings are seen here and leading spaces do not reach it. */
static char *next_line(char *line, int cap, void *arg)
{
    struct parse   *p = arg;
    struct pawl_err err;

    if (!pawl_is_ok(p->status) || !fgets(line, cap, p->file))
        return NULL;
    p->line++;
    size_t n = strlen(line);
    if (n + 1 == (size_t)cap && line[n - 1] != '\n' && !feof(p->file)) {
        pawl_fail(&err, PAWL_E_RANGE, "", "the line has more than %d bytes", cap - 2);
        fail_at(p, "", &err);
        return NULL;
    }
    size_t spaces = strspn(line, " \t");
    memmove(line, line + spaces, n - spaces + 1);
    char *end = line[0] == '[' ? strchr(line, ']') : NULL;
    if (end) {
        char name[128];
        snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
        if (!pawl_is_ok(begin_section(p, name, &err)))
            fail_at(p, "", &err);
    }
    return line;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
    struct parse   *p = arg;
    struct pawl_err err;
    size_t          i = 0;

    (void)section;
    if (!pawl_is_ok(p->status))
        return 1;
    if (!p->keys) {
        pawl_fail(&err, PAWL_E_FORM, "", "stands before the first section");
        fail_at(p, name, &err);
        return 1;
    }
    while (p->keys[i].name && strcmp(p->keys[i].name, name) != 0)
        i++;
    if (!p->keys[i].name) {
        pawl_fail(&err, PAWL_E_FORM, "", "there is no such key in this section");
        fail_at(p, name, &err);
    } else if (p->seen & 1u << i) {
        pawl_fail(&err, PAWL_E_CONFLICT, "", "stands there already");
        fail_at(p, name, &err);
    } else {
        p->seen |= 1u << i;
        if (!pawl_is_ok(p->keys[i].set(p, value, &err)))
            fail_at(p, name, &err);
    }
    return 1;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > CONFIG_WORKERS_MAX ? CONFIG_WORKERS_MAX : (unsigned)n;
}

static void set_defaults(struct verifier_config *c)
{
    memcpy(c->listen, "*:8443", 7);
    c->workers = processors();
    c->request_timeout_s = 30;
    c->idle_timeout_s = 60;
    c->connections_max = 4096;
    c->address_rate = 500;
    c->address_connections = 1024;
}

/* What two keys are together. */
static void check_tenants(struct parse *p)
{
    struct pawl_err why;

    for (size_t i = 0; i < p->c.tenant_n; i++)
        if (p->c.tenant[i].webhook[0] && !p->c.tenant[i].webhook_key[0]) {
            p->line = p->webhook_line[i];
            pawl_fail(&why, PAWL_E_ABSENT, "", "needs webhook_key, a file with 32 to 64 bytes");
            fail_at(p, "webhook", &why);
        }
}

static void check_store(struct parse *p)
{
    struct pawl_err why;

    if (!p->c.on_postgres || p->c.postgres[0])
        return;
    p->line = p->store_line;
    pawl_fail(&why, PAWL_E_ABSENT, "", "needs the key postgres, libpq's connection string");
    fail_at(p, "store", &why);
}

static pawl_status read_file(struct parse *p, struct pawl_err *err)
{
    int bad = ini_parse_stream(next_line, p, on_pair, p);

    PAWL_TRY(p->status);
    if (bad > 0) {
        struct pawl_err why;
        p->line = (size_t)bad;
        pawl_fail(&why, PAWL_E_FORM, "", "is neither [SECTION] nor KEY = VALUE");
        fail_at(p, "", &why);
    } else if (bad < 0 || ferror(p->file)) {
        return pawl_fail(err, PAWL_E_IO, FILE_NAME, "cannot be read");
    }
    check_tenants(p);
    check_store(p);
    PAWL_TRY(p->status);
    if (!p->c.address[0])
        return pawl_fail(err, PAWL_E_ABSENT, FILE_NAME, "[verifier] has no address");
    if (p->c.tenant_n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, FILE_NAME, "no section [tenant NAME]");
    return pawl_ok();
}

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static pawl_status find_state(const char *state, char ret[CONFIG_PATH_MAX], struct pawl_err *err)
{
    char real[PATH_MAX];

    if (!realpath(state, real))
        return pawl_fail(err, PAWL_E_ABSENT, "state", "%s: %s", state, strerror(errno));
    if (strlen(real) >= CONFIG_PATH_MAX / 2)
        return pawl_fail(err, PAWL_E_RANGE, "state", "the path is longer than %d bytes",
                         CONFIG_PATH_MAX / 2 - 1);
    memcpy(ret, real, strlen(real) + 1);
    return pawl_ok();
}

pawl_status config_load(const char *state, struct verifier_config *ret, struct pawl_err *err)
{
    struct parse p = { .status = pawl_ok(), .err = err };
    char         path[CONFIG_PATH_MAX + sizeof(FILE_NAME) + 1];

    PAWL_TRY(find_state(state, p.c.state, err));
    set_defaults(&p.c);
    PAWL_TRY(path_value(&p, "operator.sock", p.c.operator_socket, err));
    snprintf(path, sizeof(path), "%s/" FILE_NAME, p.c.state);

    PAWL_CLEANUP(close_file) FILE *file = fopen(path, "re");
    if (!file)
        return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, FILE_NAME, "%s: %s",
                         p.c.state, strerror(errno));
    p.file = file;
    PAWL_TRY(read_file(&p, err));
    *ret = p.c;
    return pawl_ok();
}

const struct tenant_config *config_tenant(const struct verifier_config *c, struct pawl_view name)
{
    for (size_t i = 0; i < c->tenant_n; i++)
        if (pawl_view_equal(name, pawl_view_str(c->tenant[i].name)))
            return &c->tenant[i];
    return NULL;
}
