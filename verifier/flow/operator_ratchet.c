/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator may ask of a device's ratchet: a rekey, keys for services, the hedge key. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flow/held.h"
#include "flow/json.h"
#include "flow/operator.h"
#include "flow/operator_find.h"

enum { KEY_N = 32, KEY_CONTEXT_MAX = 255, HEDGE_N = 32 };

static void secret_in_hex(struct json *j, const char *name, const struct pawl_secret *s)
{
    char            text[2 * PAWL_SECRET_MAX + 1];
    struct pawl_err ignored;

    if (pawl_is_ok(pawl_hex_write(pawl_secret_view(s), text, sizeof(text), &ignored)))
        json_text(j, j->root, name, text);
    else
        j->lost = true;
    pawl_wipe(text, sizeof(text));
}

/* The device with its ratchet: release with held_done. */
static pawl_status open_device(struct flow *f, const struct tenant_config *tenant, const char *id,
                               struct device *ret, struct held *ret_h, struct pawl_err *err)
{
    PAWL_TRY(operator_find_device(f, tenant, id, ret, err));
    if (ret->state == DEVICE_REVOKED)
        return pawl_fail(err, PAWL_E_STATE, "device", "is revoked");
    return held_open(f, ret, ret_h, err);
}

static pawl_status plan(const struct held *h, const struct device *d, struct step *step,
                        struct pawl_err *err)
{
    memcpy(step->tenant, d->tenant, sizeof(step->tenant));
    step->touches_device = true;
    step->device = *d;
    return held_plan(h, step, err);
}

/* ---- rekey ---------------------------------------------------------------------------------- */

pawl_status operator_device_rekey(struct flow *f, const struct tenant_config *tenant,
                                  const char *id, char **ret, struct step *step,
                                  struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;
    JSON                                j = json_begin();

    PAWL_TRY(open_device(f, tenant, id, &d, &h, err));
    if (!h.r.current.present)
        return pawl_fail(err, PAWL_E_STATE, "device", "no root of it is in use yet");
    if (!h.r.rekey_demanded) {
        h.r.rekey_demanded = true;
        snprintf(step->event, sizeof(step->event), "rekey of epoch %" PRIu64 " by %s",
                 h.r.current.epoch, asker_name(f->asker));
        PAWL_TRY(plan(&h, &d, step, err));
    }
    json_u64(&j, j.root, "epoch", h.r.current.epoch);
    return json_end(&j, ret, err);
}

/* ---- keys for services ---------------------------------------------------------------------- */

struct key_request {
    const char *label;
    size_t      context_n;
    uint8_t     context[KEY_CONTEXT_MAX];
    uint64_t    n;
    uint64_t    epoch; /* 0: the current one */
};

/* The label is j's. */
static pawl_status read_key_request(const struct json *j, struct key_request *ret,
                                    struct pawl_err *err)
{
    struct key_request q = { .n = KEY_N };
    const char        *context = "";

    PAWL_TRY(json_get_text(j, "label", true, &q.label, err));
    PAWL_TRY(json_get_text(j, "context_b64", false, &context, err));
    PAWL_TRY(pawl_b64_parse(pawl_view_str(context), "context_b64", q.context, sizeof(q.context),
                            &q.context_n, err));
    PAWL_TRY(json_get_u64(j, "n", PAWL_SECRET_MAX, &q.n, err));
    PAWL_TRY(json_get_u64(j, "epoch", UINT64_C(1) << 53, &q.epoch, err));
    *ret = q;
    return pawl_ok();
}

/* A service gets keys of its own labels alone. */
static pawl_status check_label(const struct flow *f, const char *label, struct pawl_err *err)
{
    if (f->asker && f->asker->role == ROLE_SERVICE && !credential_has_label(f->asker, label))
        return pawl_fail(err, PAWL_E_DENIED, "label", "the credential does not name this label");
    return pawl_ok();
}

static pawl_status find_root(const struct ratchet *r, uint64_t epoch, const struct epoch_root **ret,
                             struct pawl_err *err)
{
    if (r->current.present && (epoch == 0 || epoch == r->current.epoch))
        *ret = &r->current;
    else if (r->pending.present && epoch == r->pending.epoch)
        *ret = &r->pending;
    else
        return pawl_fail(err, PAWL_E_ABSENT, "epoch",
                         "has no keys: only the current and a pending epoch do");
    return pawl_ok();
}

pawl_status operator_device_key(struct flow *f, const struct tenant_config *tenant, const char *id,
                                struct pawl_view body, char **ret, struct pawl_err *err)
{
    static const char *const            known[] = { "label", "context_b64", "n", "epoch", NULL };
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    PAWL_SECRET                         key = { 0 };
    JSON                                in = { 0 }, j = json_begin();
    struct device                       d;
    struct key_request                  q;
    const struct epoch_root            *root;

    PAWL_TRY(open_device(f, tenant, id, &d, &h, err));
    PAWL_TRY(json_parse(body, known, &in, err));
    PAWL_TRY(read_key_request(&in, &q, err));
    PAWL_TRY(check_label(f, q.label, err));
    PAWL_TRY(find_root(&h.r, q.epoch, &root, err));
    PAWL_TRY(pawl_app_key(&root->exporter, pawl_view_str(q.label),
                          pawl_view(q.context, q.context_n), q.n, &key, err));
    json_u64(&j, j.root, "epoch", root->epoch);
    secret_in_hex(&j, "key", &key);
    return json_end(&j, ret, err);
}

/* ---- the hedge key -------------------------------------------------------------------------- */

pawl_status operator_device_hedge(struct flow *f, const struct tenant_config *tenant,
                                  const char *id, char **ret, struct step *step,
                                  struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    struct device                       d;
    JSON                                j = json_begin();

    PAWL_TRY(open_device(f, tenant, id, &d, &h, err));
    snprintf(step->event, sizeof(step->event), "hedge key %s by %s",
             h.r.hedge.n ? "replaced" : "made", asker_name(f->asker));
    PAWL_TRY(pawl_secret_random(HEDGE_N, &h.r.hedge, err));
    PAWL_TRY(plan(&h, &d, step, err));
    secret_in_hex(&j, "hedge", &h.r.hedge);
    return json_end(&j, ret, err);
}
