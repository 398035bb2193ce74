/* SPDX-License-Identifier: Apache-2.0 */
#include "state/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/file.h"
#include "state/json.h"
#include "state/point.h"

static const char *const members[] = {
    "version",        "enrolled",       "waits",      "server",     "tenant",   "verifier_id",
    "verifier_key",   "device_id",      "ek",         "ak",         "ek_name",  "ak_name",
    "td_name",        "resets",         "epoch",      "rekeyed",    "result",   "why",
    "failure",        "failing_since",  "software",   "keys",       "incident", "incident_by",
    "incident_since", "incident_epoch", "told",       "told_since", "os_boot",  "coverage",
    "release",        "watched",        "wants_list",
};

static bool has(const cJSON *j, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(j, name) != NULL;
}

/* Exactly n bytes of hex where the member is there; *ret_has says whether it was. */
static pawl_status read_bytes(const cJSON *j, const char *name, uint8_t *ret, size_t n,
                              bool *ret_has, struct pawl_err *err)
{
    size_t got = 0;

    *ret_has = has(j, name);
    if (!*ret_has)
        return pawl_ok();
    PAWL_TRY(json_hex(j, name, ret, n, &got, err));
    if (got != n)
        return pawl_fail(err, PAWL_E_RANGE, name, "%zu bytes, %zu are wanted", got, n);
    return pawl_ok();
}

static pawl_status read_name(const cJSON *j, const char *name, struct pawl_name *ret,
                             struct pawl_err *err)
{
    if (!has(j, name))
        return pawl_ok();
    PAWL_TRY(json_hex(j, name, ret->b, sizeof(ret->b), &ret->n, err));
    if (ret->n != 34 && ret->n != 50)
        return pawl_fail(err, PAWL_E_RANGE, name, "%zu bytes, a Name has 34 or 50", ret->n);
    return pawl_ok();
}

static pawl_status read_verifier(const cJSON *j, struct record *r, struct pawl_err *err)
{
    bool has_key;

    PAWL_TRY(read_bytes(j, "verifier_id", r->verifier_id, sizeof(r->verifier_id), &r->has_verifier,
                        err));
    PAWL_TRY(
        read_bytes(j, "verifier_key", r->verifier_point, sizeof(r->verifier_point), &has_key, err));
    if (r->has_verifier != has_key)
        return pawl_fail(err, PAWL_E_FORM, "verifier_key", "it and verifier_id go together");
    PAWL_TRY(json_copy(j, "server", r->server, sizeof(r->server), err));
    return json_copy(j, "tenant", r->tenant, sizeof(r->tenant), err);
}

static pawl_status read_device(const cJSON *j, struct record *r, struct pawl_err *err)
{
    int64_t resets;

    PAWL_TRY(read_bytes(j, "device_id", r->device_id, sizeof(r->device_id), &r->has_device, err));
    PAWL_TRY(json_copy(j, "ek", r->ek, sizeof(r->ek), err));
    PAWL_TRY(json_copy(j, "ak", r->ak, sizeof(r->ak), err));
    PAWL_TRY(read_name(j, "ek_name", &r->ek_name, err));
    PAWL_TRY(read_name(j, "ak_name", &r->ak_name, err));
    PAWL_TRY(read_name(j, "td_name", &r->td_name, err));
    r->has_resets = has(j, "resets");
    if (r->has_resets) {
        PAWL_TRY(json_int(j, "resets", 0, UINT32_MAX, &resets, err));
        r->resets = (uint32_t)resets;
    }
    return read_bytes(j, "os_boot", r->os_boot, sizeof(r->os_boot), &r->has_os_boot, err);
}

static pawl_status read_epoch(const cJSON *j, struct record *r, struct pawl_err *err)
{
    if (has(j, "epoch") != has(j, "rekeyed"))
        return pawl_fail(err, PAWL_E_FORM, "rekeyed", "it and epoch go together");
    if (!has(j, "epoch"))
        return pawl_ok();
    PAWL_TRY(json_u64(j, "epoch", &r->epoch, err));
    if (!r->epoch)
        return pawl_fail(err, PAWL_E_RANGE, "epoch", "epochs begin at 1");
    return json_int(j, "rekeyed", 0, 1ll << 40, &r->rekeyed_s, err);
}

static pawl_status read_kind(const cJSON *j, const char *name, enum incident_kind *ret,
                             struct pawl_err *err)
{
    const char *text;

    if (!has(j, name))
        return pawl_ok();
    PAWL_TRY(json_text(j, name, 32, &text, err));
    *ret = incident_from(text);
    return *ret ? pawl_ok() : pawl_fail(err, PAWL_E_FORM, name, "no such kind");
}

static pawl_status read_incident(const cJSON *j, struct record *r, struct pawl_err *err)
{
    struct incident *i = &r->incident;
    const char      *by;

    PAWL_TRY(read_kind(j, "incident", &i->kind, err));
    PAWL_TRY(read_kind(j, "told", &r->told, err));
    if (has(j, "told") != has(j, "told_since"))
        return pawl_fail(err, PAWL_E_FORM, "told_since", "it and told go together");
    if (r->told)
        PAWL_TRY(json_int(j, "told_since", 0, 1ll << 40, &r->told_since_s, err));
    for (size_t n = 0; n < 3; n++) {
        static const char *const rest[] = { "incident_by", "incident_since", "incident_epoch" };
        if (has(j, rest[n]) != has(j, "incident"))
            return pawl_fail(err, PAWL_E_FORM, rest[n], "it and incident go together");
    }
    if (!i->kind)
        return pawl_ok();
    PAWL_TRY(json_text(j, "incident_by", 16, &by, err));
    i->by_verifier = !strcmp(by, "verifier");
    if (!i->by_verifier && strcmp(by, "device"))
        return pawl_fail(err, PAWL_E_FORM, "incident_by", "verifier or device");
    PAWL_TRY(json_int(j, "incident_since", 0, 1ll << 40, &i->since_s, err));
    return json_u64(j, "incident_epoch", &i->epoch, err);
}

static pawl_status read_all(const cJSON *j, struct record *ret, struct pawl_err *err)
{
    struct record r = { 0 };
    int64_t       version;

    PAWL_TRY(json_only(j, members, sizeof(members) / sizeof(*members), err));
    PAWL_TRY(json_int(j, "version", 1, 1, &version, err));
    PAWL_TRY(json_bool(j, "enrolled", &r.enrolled, err));
    PAWL_TRY(json_bool(j, "waits", &r.waits, err));
    PAWL_TRY(read_verifier(j, &r, err));
    PAWL_TRY(read_device(j, &r, err));
    PAWL_TRY(read_epoch(j, &r, err));
    PAWL_TRY(json_copy(j, "result", r.result, sizeof(r.result), err));
    PAWL_TRY(json_copy(j, "software", r.software, sizeof(r.software), err));
    PAWL_TRY(json_copy(j, "keys", r.keys, sizeof(r.keys), err));
    PAWL_TRY(json_copy(j, "why", r.why, sizeof(r.why), err));
    PAWL_TRY(json_copy(j, "coverage", r.coverage, sizeof(r.coverage), err));
    PAWL_TRY(json_copy(j, "release", r.release, sizeof(r.release), err));
    if (has(j, "wants_list"))
        PAWL_TRY(json_bool(j, "wants_list", &r.wants_list, err));
    if (has(j, "watched"))
        PAWL_TRY(json_bool(j, "watched", &r.watched, err));
    PAWL_TRY(json_copy(j, "failure", r.failure, sizeof(r.failure), err));
    if (r.failure[0])
        PAWL_TRY(json_int(j, "failing_since", 0, 1ll << 40, &r.failing_since_s, err));
    PAWL_TRY(read_incident(j, &r, err));
    if (r.enrolled && (!r.has_verifier || !r.has_device || !r.ak_name.n || !r.td_name.n ||
                       !r.ek_name.n || !pawl_is_name(pawl_view_str(r.tenant))))
        return pawl_fail(err, PAWL_E_FORM, "enrolled", "true, but keys or verifier are missing");
    *ret = r;
    return pawl_ok();
}

pawl_status record_read(int dir, struct record *ret, struct pawl_err *err)
{
    uint8_t text[RECORD_MAX];
    size_t  n = 0;

    pawl_status s = file_read(dir, RECORD_FILE, text, sizeof(text), &n, err);
    if (s.code == PAWL_E_ABSENT) {
        *ret = (struct record){ 0 };
        return pawl_ok();
    }
    PAWL_TRY(s);
    PAWL_CLEANUP(json_done) cJSON *j = NULL;
    PAWL_TRY(json_parse(pawl_view(text, n), RECORD_FILE, &j, err));
    return pawl_under(err, RECORD_FILE, read_all(j, ret, err));
}

/* Some texts are other people's words, down to a name in a stranger's certificate, and may be cut
 * inside a character: as printable ASCII they can be read again (inv. 4). */
static bool add_text(cJSON *j, const char *name, const char *text)
{
    char plain[sizeof(((struct record *)0)->server)]; /* the longest */

    if (!text[0])
        return true;
    snprintf(plain, sizeof(plain), "%s", text);
    for (char *c = plain; *c; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    return cJSON_AddStringToObject(j, name, plain);
}

static bool add_name(cJSON *j, const char *name, const struct pawl_name *n)
{
    return !n->n || json_add_hex(j, name, pawl_name_view(n));
}

static bool add_incident(cJSON *j, const struct record *r)
{
    const struct incident *i = &r->incident;
    bool                   ok = true;

    if (i->kind)
        ok = cJSON_AddStringToObject(j, "incident", incident_name(i->kind)) &&
             cJSON_AddStringToObject(j, "incident_by", i->by_verifier ? "verifier" : "device") &&
             cJSON_AddNumberToObject(j, "incident_since", (double)i->since_s) &&
             json_add_u64(j, "incident_epoch", i->epoch);
    if (r->told)
        ok = ok && cJSON_AddStringToObject(j, "told", incident_name(r->told)) &&
             cJSON_AddNumberToObject(j, "told_since", (double)r->told_since_s);
    return ok;
}

static bool add_all(cJSON *j, const struct record *r)
{
    bool ok = cJSON_AddNumberToObject(j, "version", 1) &&
              cJSON_AddBoolToObject(j, "enrolled", r->enrolled) &&
              cJSON_AddBoolToObject(j, "waits", r->waits);

    ok = ok && add_text(j, "server", r->server) && add_text(j, "tenant", r->tenant);
    if (r->has_verifier)
        ok = ok && json_add_hex(j, "verifier_id", PAWL_VIEW_OF(r->verifier_id)) &&
             json_add_hex(j, "verifier_key", PAWL_VIEW_OF(r->verifier_point));
    if (r->has_device)
        ok = ok && json_add_hex(j, "device_id", PAWL_VIEW_OF(r->device_id));
    ok = ok && add_text(j, "ek", r->ek) && add_text(j, "ak", r->ak) &&
         add_name(j, "ek_name", &r->ek_name) && add_name(j, "ak_name", &r->ak_name) &&
         add_name(j, "td_name", &r->td_name);
    if (r->has_resets)
        ok = ok && cJSON_AddNumberToObject(j, "resets", r->resets);
    if (r->has_os_boot)
        ok = ok && json_add_hex(j, "os_boot", PAWL_VIEW_OF(r->os_boot));
    if (r->epoch)
        ok = ok && json_add_u64(j, "epoch", r->epoch) &&
             cJSON_AddNumberToObject(j, "rekeyed", (double)r->rekeyed_s);
    ok = ok && add_text(j, "result", r->result) && add_text(j, "software", r->software) &&
         add_text(j, "keys", r->keys) && add_text(j, "why", r->why) &&
         add_text(j, "coverage", r->coverage) && add_text(j, "release", r->release) &&
         add_text(j, "failure", r->failure);
    if (r->wants_list)
        ok = ok && cJSON_AddTrueToObject(j, "wants_list");
    if (r->watched)
        ok = ok && cJSON_AddTrueToObject(j, "watched");
    if (r->failure[0])
        ok = ok && cJSON_AddNumberToObject(j, "failing_since", (double)r->failing_since_s);
    return ok && add_incident(j, r);
}

static void text_done(char **text)
{
    cJSON_free(*text);
}

pawl_status record_save(int dir, const struct record *r, struct pawl_err *err)
{
    uint8_t         old[RECORD_MAX];
    size_t          n = 0;
    struct pawl_err ignored;

    PAWL_CLEANUP(json_done) cJSON *j = cJSON_CreateObject();
    if (!j || !add_all(j, r))
        return pawl_fail(err, PAWL_E_MEMORY, RECORD_FILE, "out of memory");
    PAWL_CLEANUP(text_done) char *text = cJSON_Print(j);
    if (!text)
        return pawl_fail(err, PAWL_E_MEMORY, RECORD_FILE, "out of memory");
    struct pawl_view now = pawl_view_str(text);
    if (now.n > RECORD_MAX)
        return pawl_fail(err, PAWL_E_RANGE, RECORD_FILE, "%zu bytes, at most %d", now.n,
                         RECORD_MAX);
    if (pawl_is_ok(file_read(dir, RECORD_FILE, old, sizeof(old), &n, &ignored)) &&
        pawl_view_equal(pawl_view(old, n), now))
        return pawl_ok(); /* inv. 2 */
    PAWL_TRY(file_replace(dir, RECORD_FILE, now, err));
    point("record.written");
    return pawl_ok();
}
