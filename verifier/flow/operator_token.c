/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment tokens, as an operator makes them. Devices use them in token.c. */

#include <stdio.h>
#include <string.h>

#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"
#include "flow/request.h"
#include "flow/token.h"

/* ---- showing -------------------------------------------------------------------------------- */

static void show_row(struct json *j, cJSON *o, const struct token *t)
{
    json_hex(j, o, "id", PAWL_VIEW_OF(t->id));
    json_u64(j, o, "uses_left", t->uses_left);
    if (t->expires_s)
        json_i64(j, o, "expires", t->expires_s);
    else
        json_null(j, o, "expires");
    if (t->has_device)
        json_hex(j, o, "device", PAWL_VIEW_OF(t->device_id));
    else
        json_null(j, o, "device");
    json_i64(j, o, "created", t->created_s);
}

static pawl_status add_row(const struct token *t, void *arg, struct pawl_err *err)
{
    struct list_page *p = arg;
    char              id[2 * PAWL_TOKEN_ID + 1];

    PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(t->id), id, sizeof(id), err));
    cJSON *o = list_page_row(p, id);
    if (o)
        show_row(p->j, o, t);
    return pawl_ok();
}

pawl_status operator_tokens(struct flow *f, const struct tenant_config *tenant,
                            const struct list_query *q, char **ret, struct pawl_err *err)
{
    JSON             j = json_begin();
    struct list_page p;
    uint8_t          id[PAWL_TOKEN_ID];
    struct pawl_view after = pawl_view(NULL, 0);

    PAWL_TRY(list_page_begin(&j, "tokens", q, &p, err));
    if (q->after[0]) {
        PAWL_TRY(pawl_hex_parse_exact(q->after, "after", id, sizeof(id), err));
        after = PAWL_VIEW_OF(id);
    }
    PAWL_TRY(f->store->tokens(f->store->self, tenant_view(tenant), after, p.limit + 1, add_row, &p,
                              err));
    list_page_end(&p);
    return json_end(&j, ret, err);
}

/* ---- making --------------------------------------------------------------------------------- */

/* A token may be made for a device that was never here: then its whole id is due. */
static pawl_status read_device(struct flow *f, const struct tenant_config *tenant, const char *id,
                               struct token *t, struct pawl_err *err)
{
    struct device d;

    t->has_device = true;
    if (strlen(id) == 2 * PAWL_DEVICE_ID)
        return pawl_hex_parse_exact(id, "device", t->device_id, sizeof(t->device_id), err);
    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    memcpy(t->device_id, d.id, sizeof(t->device_id));
    return pawl_ok();
}

static pawl_status read_wish(struct flow *f, const struct tenant_config *tenant,
                             struct pawl_view body, struct token *t, struct pawl_err *err)
{
    static const char *const known[] = { "uses", "ttl_s", "device", NULL };
    JSON                     j = { 0 };
    const char              *id = NULL;
    uint64_t                 uses = 1, ttl_s = OPERATOR_TOKEN_TTL_DEFAULT_S;

    PAWL_TRY(json_parse(body, known, &j, err));
    PAWL_TRY(json_get_u64(&j, "uses", OPERATOR_TOKEN_USES, &uses, err));
    PAWL_TRY(json_get_u64(&j, "ttl_s", OPERATOR_TOKEN_TTL_S, &ttl_s, err));
    PAWL_TRY(json_get_text(&j, "device", false, &id, err));
    if (uses == 0)
        return pawl_fail(err, PAWL_E_RANGE, "uses", "a token of no use");
    if (id)
        PAWL_TRY(read_device(f, tenant, id, t, err));
    t->uses_left = uses;
    t->created_s = f->now_ms(f->now_arg) / 1000;
    t->expires_s = ttl_s ? t->created_s + (int64_t)ttl_s : 0;
    memcpy(t->tenant, tenant->name, sizeof(t->tenant));
    return pawl_ok();
}

static void join_wipe(struct pawl_join *j)
{
    pawl_wipe(j, sizeof(*j));
}

static pawl_status make_secret(struct flow *f, const struct tenant_config *tenant, struct token *t,
                               struct pawl_join *join, struct pawl_err *err)
{
    PAWL_TRY(pawl_random(t->id, sizeof(t->id), err));
    PAWL_TRY(pawl_secret_random(PAWL_TOKEN_SECRET, &join->token, err));
    PAWL_TRY(keys_wrap(f->keys, tenant_view(tenant), PAWL_VIEW_OF(t->id), TOKEN_FIELD, 0,
                       &join->token, t->wrapped, sizeof(t->wrapped), &t->wrapped_n, err));
    snprintf(join->address, sizeof(join->address), "%s", f->config->address);
    memcpy(join->tenant, tenant->name, sizeof(join->tenant));
    memcpy(join->verifier_key, f->keys->verifier_id, sizeof(join->verifier_key));
    memcpy(join->tls_pin, f->tls_pin, sizeof(join->tls_pin));
    memcpy(join->token_id, t->id, sizeof(join->token_id));
    join->has_token = true;
    return pawl_ok();
}

static pawl_status show(const struct token *t, const struct pawl_join *join, char **ret,
                        struct pawl_err *err)
{
    char text[512];
    JSON j = json_begin();

    PAWL_TRY(pawl_join_write(join, text, sizeof(text), err));
    json_hex(&j, j.root, "id", PAWL_VIEW_OF(t->id));
    json_text(&j, j.root, "join", text);
    pawl_wipe(text, sizeof(text));
    return json_end(&j, ret, err);
}

pawl_status operator_token_make(struct flow *f, const struct tenant_config *tenant,
                                struct pawl_view body, char **ret, struct step *step,
                                struct pawl_err *err)
{
    PAWL_CLEANUP(join_wipe) struct pawl_join join = { 0 };
    struct token                             t = { 0 };

    PAWL_TRY(read_wish(f, tenant, body, &t, err));
    PAWL_TRY(make_secret(f, tenant, &t, &join, err));
    PAWL_TRY(show(&t, &join, ret, err));
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    step->has_token = true;
    step->token = t;
    snprintf(step->event, sizeof(step->event), "token made by %s%s", asker_name(f->asker),
             t.has_device ? " for one device" : "");
    return pawl_ok();
}

/* ---- ending --------------------------------------------------------------------------------- */

pawl_status operator_token_drop(struct flow *f, const struct tenant_config *tenant, const char *id,
                                char **ret, struct step *step, struct pawl_err *err)
{
    struct token t;
    uint8_t      bytes[PAWL_TOKEN_ID];
    JSON         j = json_begin();
    int64_t      now_s = f->now_ms(f->now_arg) / 1000;

    PAWL_TRY(pawl_hex_parse_exact(id, "token", bytes, sizeof(bytes), err));
    pawl_status s = f->store->token(f->store->self, tenant_view(tenant), PAWL_VIEW_OF(bytes), &t,
                                    err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "token", "none has this id");
    PAWL_TRY(s);
    bool had_uses = t.uses_left > 0;
    bool was_over = t.expires_s && t.expires_s <= now_s;
    t.uses_left = 0;
    if (!was_over)
        t.expires_s = now_s;
    show_row(&j, j.root, &t);
    PAWL_TRY(json_end(&j, ret, err));
    if (was_over && !had_uses)
        return pawl_ok(); /* it is so already */
    memcpy(step->tenant, tenant->name, sizeof(step->tenant));
    step->ends_token = true;
    step->token = t;
    snprintf(step->event, sizeof(step->event), "token %s dropped by %s", id, asker_name(f->asker));
    return pawl_ok();
}
