/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials: who may use the operator API from afar, and for what. Times are Unix seconds.
 *
 * Invariants
 *  1. Who is bound to a tenant sees, makes and drops credentials of this tenant alone.
 *  2. A secret is in the answer that tells it, once, and nowhere else: the store has its hash.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/crypto.h>

#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"
#include "flow/tell.h"

#define SECRET_N 32
/* What people and scanners of logs know a secret by. */
#define SECRET_PREFIX "pawl-secret-"

static int64_t now_s(const struct flow *f)
{
    return f->now_ms(f->now_arg) / 1000;
}

/* ---- showing -------------------------------------------------------------------------------- */

struct list {
    const struct flow *f;
    const char        *tenant;
    struct json       *j;
    cJSON             *list;
};

static void name_or_null(struct json *j, cJSON *o, const char *member, const char *name)
{
    if (name[0])
        json_text(j, o, member, name);
    else
        json_null(j, o, member);
}

static void show_rights(struct json *j, cJSON *o, const struct credential *c)
{
    cJSON *labels;

    name_or_null(j, o, "name", c->name);
    json_text(j, o, "role", role_name(c->role));
    name_or_null(j, o, "tenant", c->tenant);
    labels = json_array(j, o, "labels");
    for (const char *at = c->labels; *at;) {
        size_t n = strcspn(at, "\n");
        json_text_n(j, labels, NULL, pawl_view(at, n));
        at += n + (at[n] == '\n');
    }
}

static void show(struct json *j, cJSON *o, const struct credential *c)
{
    show_rights(j, o, c);
    json_text(j, o, "kind", credential_kind_name(c->kind));
    name_or_null(j, o, "author", c->author);
    json_i64(j, o, "created", c->created_s);
    if (c->expires_s)
        json_i64(j, o, "expires", c->expires_s);
    else
        json_null(j, o, "expires");
}

/* Inv. 1. */
static bool is_seen(const struct flow *f, const char *tenant, const struct credential *c)
{
    bool of_all = !f->asker || !f->asker->tenant[0];

    return strcmp(c->tenant, tenant) == 0 || (of_all && !c->tenant[0]);
}

static pawl_status add_row(const struct credential *c, void *arg, struct pawl_err *err)
{
    struct list *l = arg;

    (void)err;
    if (is_seen(l->f, l->tenant, c))
        show(l->j, json_object(l->j, l->list, NULL), c);
    return pawl_ok();
}

pawl_status operator_credentials(struct flow *f, const struct tenant_config *tenant, char **ret,
                                 struct pawl_err *err)
{
    JSON        j = json_begin();
    struct list l = {
        .f = f, .tenant = tenant->name, .j = &j, .list = json_array(&j, j.root, "credentials")
    };

    PAWL_TRY(f->store->credentials(f->store->self, add_row, &l, err));
    return json_end(&j, ret, err);
}

pawl_status operator_whoami(struct flow *f, char **ret, struct pawl_err *err)
{
    JSON j = json_begin();

    if (!f->asker)
        return pawl_fail(err, PAWL_E_BUG, "asker", "nobody asks");
    show_rights(&j, j.root, f->asker);
    return json_end(&j, ret, err);
}

/* ---- making --------------------------------------------------------------------------------- */

static pawl_status add_label(const cJSON *label, struct credential *c, struct pawl_err *err)
{
    size_t n = strlen(c->labels);

    if (!cJSON_IsString(label) || !label->valuestring[0])
        return pawl_fail(err, PAWL_E_FORM, "labels", "a label is a text that is not empty");
    PAWL_TRY(operator_check_text(label->valuestring, "labels", sizeof(c->labels), err));
    if (strlen(label->valuestring) + 2 > sizeof(c->labels) - n)
        return pawl_fail(err, PAWL_E_RANGE, "labels", "have more than %zu bytes",
                         sizeof(c->labels) - 1);
    snprintf(c->labels + n, sizeof(c->labels) - n, "%s%s", n ? "\n" : "", label->valuestring);
    return pawl_ok();
}

static pawl_status read_labels(const struct json *j, struct credential *c, struct pawl_err *err)
{
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(j->root, "labels"), *label;

    if (labels && !cJSON_IsArray(labels))
        return pawl_fail(err, PAWL_E_FORM, "labels", "is no list");
    cJSON_ArrayForEach(label, labels) PAWL_TRY(add_label(label, c, err));
    if ((c->role == ROLE_SERVICE) != (c->labels[0] != 0))
        return pawl_fail(err, PAWL_E_FORM, "labels",
                         c->labels[0] ? "only a service has some" : "a service needs some");
    return pawl_ok();
}

static pawl_status read_expires(const struct flow *f, const char *text, struct credential *c,
                                struct pawl_err *err)
{
    struct pawl_err until;

    if (!text)
        return pawl_ok();
    if (!pawl_is_ok(judging_until(pawl_view_str(text), &c->expires_s, &until)))
        return pawl_fail(err, until.code, "expires", "%s", until.why);
    if (c->expires_s <= now_s(f))
        return pawl_fail(err, PAWL_E_RANGE, "expires", "is over already");
    return pawl_ok();
}

static pawl_status read_scope(const struct flow *f, const struct tenant_config *tenant,
                              const struct json *j, struct credential *c, struct pawl_err *err)
{
    bool all = false;

    PAWL_TRY(json_get_bool(j, "all_tenants", &all, err));
    if (all && f->asker && f->asker->tenant[0])
        return pawl_fail(err, PAWL_E_DENIED, "all_tenants",
                         "who is of one tenant makes none for all");
    snprintf(c->tenant, sizeof(c->tenant), "%s", all ? "" : tenant->name);
    return pawl_ok();
}

/* Of a certificate's key; otherwise a secret is due. */
static pawl_status read_spki(const char *spki, struct credential *c, struct pawl_err *err)
{
    c->kind = spki ? CREDENTIAL_CERTIFICATE : CREDENTIAL_BEARER;
    return spki ? pawl_hex_parse_exact(spki, "spki", c->sha256, sizeof(c->sha256), err) : pawl_ok();
}

static pawl_status read_wish(const struct flow *f, const struct tenant_config *tenant,
                             struct pawl_view body, struct credential *c, struct pawl_err *err)
{
    static const char *const known[] = { "name",        "role", "labels", "expires",
                                         "all_tenants", "spki", NULL };
    JSON                     j = { 0 };
    const char              *name, *role, *expires = NULL, *spki = NULL;

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_text(&j, "name", true, &name, err));
    PAWL_TRY(json_get_text(&j, "role", true, &role, err));
    PAWL_TRY(json_get_text(&j, "expires", false, &expires, err));
    PAWL_TRY(json_get_text(&j, "spki", false, &spki, err));
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "name", "has not 1 to %d of a-z 0-9 - _ .",
                         PAWL_TENANT_MAX);
    snprintf(c->name, sizeof(c->name), "%s", name);
    c->role = role_find(role);
    if (c->role == ROLE_NONE)
        return pawl_fail(err, PAWL_E_FORM, "role", "is none of read, operator, admin, service");
    PAWL_TRY(read_labels(&j, c, err));
    PAWL_TRY(read_expires(f, expires, c, err));
    PAWL_TRY(read_scope(f, tenant, &j, c, err));
    PAWL_TRY(read_spki(spki, c, err));
    snprintf(c->author, sizeof(c->author), "%s", f->asker ? f->asker->name : "");
    c->created_s = now_s(f);
    return pawl_ok();
}

struct search {
    const char       *name;
    struct credential found; /* role NONE: none is */
};

static pawl_status look_for(const struct credential *c, void *arg, struct pawl_err *err)
{
    struct search *s = arg;

    (void)err;
    if (strcmp(c->name, s->name) == 0)
        s->found = *c;
    return pawl_ok();
}

/* role NONE in *ret: none has this name. */
static pawl_status find(struct flow *f, const char *name, struct credential *ret,
                        struct pawl_err *err)
{
    struct search s = { .name = name };

    PAWL_TRY(f->store->credentials(f->store->self, look_for, &s, err));
    *ret = s.found;
    return pawl_ok();
}

/* A new one must be another's neither by name nor by key. Of two who come at once the second is
 * told so by its next plan. */
static pawl_status check_is_new(struct flow *f, const struct credential *c, struct pawl_err *err)
{
    struct credential other;

    PAWL_TRY(find(f, c->name, &other, err));
    if (other.role != ROLE_NONE)
        return pawl_fail(err, PAWL_E_CONFLICT, "name", "is taken");
    if (c->kind != CREDENTIAL_CERTIFICATE)
        return pawl_ok();
    pawl_status s = f->store->credential(f->store->self, PAWL_VIEW_OF(c->sha256), &other, err);
    if (pawl_is_ok(s))
        return pawl_fail(err, PAWL_E_CONFLICT, "spki", "this key has a credential already");
    return s.code == PAWL_E_ABSENT ? pawl_ok() : s;
}

struct secret_text {
    char text[sizeof(SECRET_PREFIX) + 2 * SECRET_N];
};

static void secret_text_wipe(struct secret_text *s)
{
    pawl_wipe(s, sizeof(*s));
}

/* The hash is of the text as it is sent. */
static pawl_status make_secret(struct credential *c, struct secret_text *ret, struct pawl_err *err)
{
    PAWL_SECRET  secret = { 0 };
    const size_t prefix = sizeof(SECRET_PREFIX) - 1;

    PAWL_TRY(pawl_secret_random(SECRET_N, &secret, err));
    memcpy(ret->text, SECRET_PREFIX, prefix);
    PAWL_TRY(pawl_hex_write(pawl_view(secret.b, secret.n), ret->text + prefix,
                            sizeof(ret->text) - prefix, err));
    return pawl_sha256(pawl_view_str(ret->text), c->sha256, err);
}

static pawl_status plan(const struct flow *f, const struct tenant_config *tenant,
                        const struct credential *c, const char *what, struct step *step,
                        struct pawl_err *err)
{
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    step->credential = *c;
    snprintf(step->event, sizeof(step->event), "credential %s (%s, %s) %s by %s", c->name,
             role_name(c->role), c->tenant[0] ? c->tenant : "all tenants", what,
             asker_name(f->asker));
    return tell_act(f, step, what, "credential", err);
}

pawl_status operator_credential_add(struct flow *f, const struct tenant_config *tenant,
                                    struct pawl_view body, char **ret, struct step *step,
                                    struct pawl_err *err)
{
    PAWL_CLEANUP(secret_text_wipe) struct secret_text secret = { 0 };
    struct credential                                 c = { 0 };
    JSON                                              j = json_begin();

    PAWL_TRY(read_wish(f, tenant, body, &c, err));
    PAWL_TRY(check_is_new(f, &c, err));
    if (c.kind == CREDENTIAL_BEARER)
        PAWL_TRY(make_secret(&c, &secret, err));
    show(&j, j.root, &c);
    if (c.kind == CREDENTIAL_BEARER)
        json_text(&j, j.root, "secret", secret.text);
    PAWL_TRY(json_end(&j, ret, err));
    step->has_credential = true;
    return plan(f, tenant, &c, "made", step, err);
}

pawl_status operator_credential_drop(struct flow *f, const struct tenant_config *tenant,
                                     const char *name, char **ret, struct step *step,
                                     struct pawl_err *err)
{
    struct credential c;
    JSON              j = json_begin();

    PAWL_TRY(find(f, name, &c, err));
    if (c.role == ROLE_NONE || !is_seen(f, tenant->name, &c))
        return pawl_fail(err, PAWL_E_ABSENT, "credential", "none has this name");
    show(&j, j.root, &c);
    PAWL_TRY(json_end(&j, ret, err));
    step->drops_credential = true;
    return plan(f, tenant, &c, "dropped", step, err);
}
