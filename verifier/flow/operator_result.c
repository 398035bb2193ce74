/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results for others, who do not talk to the device: its last result once more, and the list of
 * devices that are revoked.
 *
 * Invariants
 *  1. A result that is made again says nothing that its evidence did not: its time is that of the
 *     evidence, and it ends when the first one did.
 *  2. What became of the device since then counts: an incident, a revocation.
 *  3. It judges no better than the record does: where the record tells less than was judged, or an
 *     approval came behind the verdict, the device has to attest.
 */
#include <string.h>

#include "appraise/ear.h"
#include "flow/held.h"
#include "flow/incident.h"
#include "flow/memory.h"
#include "flow/operator_find.h"
#include "flow/request.h"
#include "flow/why.h"

static int64_t now_s(const struct flow *f)
{
    return f->now_ms(f->now_arg) / 1000;
}

/* ---- a device's result ----------------------------------------------------------------------- */

/* The last verdict, as the record has it. */
static void recall(const struct device *d, const struct ratchet *r, struct verdict *ret)
{
    struct why_line line;

    *ret = (struct verdict){ .identity = d->claims.identity,
                             .configuration = d->claims.configuration,
                             .executables = d->claims.executables,
                             .hardware = d->claims.hardware,
                             .watched = d->claims.watched,
                             .approved = d->state == DEVICE_ACTIVE };
    memcpy(ret->policy, d->claims.policy, sizeof(ret->policy));
    memcpy(ret->release, d->release, sizeof(ret->release));
    why_coverage_read(d->coverage, ret);
    for (const char *at = d->why; why_next(&at, &line);)
        verdict_find(ret, line.reason, "%s", "");
    incident_judge(r, ret);
}

static pawl_status check_time(const struct flow *f, const struct tenant_config *tenant,
                              const struct device *d, struct pawl_err *err)
{
    int64_t over_s = d->attested_s + (int64_t)tenant->ear_ttl_s;

    if (d->state == DEVICE_REVOKED)
        return pawl_fail(err, PAWL_E_STATE, "device", "is revoked");
    if (!d->attested_s || over_s <= now_s(f))
        return pawl_fail(err, PAWL_E_STATE, "device",
                         "its last evidence is older than ear_ttl_s: it has to attest");
    return pawl_ok();
}

/* inv. 3 */
static pawl_status check_verdict(const struct device *d, const struct verdict *v,
                                 struct pawl_err *err)
{
    if (strcmp(tier_name(verdict_software(v)), d->software_status) != 0)
        return pawl_fail(err, PAWL_E_STATE, "device",
                         "its last verdict is not kept as it was, or no longer holds: it has to "
                         "attest");
    return pawl_ok();
}

/* Over the last accepted request, whatever its label was. */
static void claim(const struct tenant_config *tenant, const struct device *d,
                  const struct ratchet *r, struct ear_claims *ret)
{
    *ret = (struct ear_claims){ .label = PAWL_LABEL_ATTEST,
                                .tenant = tenant_view(tenant),
                                .attempt = d->attempt,
                                .base_epoch = r->last_base_epoch,
                                .new_epoch = r->last_base_epoch,
                                .enrolments = d->enrolments,
                                .incident = incident_is_red(&r->incident),
                                .app_point = d->has_app_point ? d->app_point : NULL,
                                .lab = d->roots == ROOTS_LAB,
                                .iat_s = d->attested_s,
                                .ttl_s = tenant->ear_ttl_s };
    memcpy(ret->th1, r->last_th1, sizeof(ret->th1));
    memcpy(ret->device_id, d->id, sizeof(ret->device_id));
}

pawl_status operator_ear(struct flow *f, const struct tenant_config *tenant, const char *id,
                         char **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(held_done) struct held h = { 0 };
    JSON                                j = json_begin();
    struct ear_claims                   c;
    struct audit_head                   head;
    struct verdict                      v;
    struct device                       d;
    char                                ear[PAWL_EAR_MAX + 1];

    PAWL_TRY(operator_find_device(f, tenant, id, &d, err));
    PAWL_TRY(check_time(f, tenant, &d, err));
    PAWL_TRY(held_open(f, &d, &h, err));
    recall(&d, &h.r, &v);
    PAWL_TRY(check_verdict(&d, &v, err));
    claim(tenant, &d, &h.r, &c);
    PAWL_TRY(memory_audit(f->memory, f->store, c.tenant, f->now_ms(f->now_arg), &head, err));
    c.audit = head.number;
    memcpy(c.audit_hash, head.hash, sizeof(c.audit_hash));
    PAWL_TRY(ear_write(f->keys->signing, f->keys->verifier_id, &c, &v, ear, sizeof(ear), err));
    json_text(&j, j.root, "ear", ear);
    return json_end(&j, ret, err);
}

/* ---- who is revoked -------------------------------------------------------------------------- */

pawl_status operator_revoked(struct flow *f, const struct tenant_config *tenant, char **ret,
                             char ret_tag[REVOKED_TAG_MAX], struct pawl_err *err)
{
    JSON        j = json_begin();
    const char *token, *tag;

    PAWL_TRY(revoked_list(memory_revoked(f->memory, f, tenant), f, tenant, &token, &tag, err));
    json_text(&j, j.root, "revoked", token);
    PAWL_TRY(json_end(&j, ret, err));
    memcpy(ret_tag, tag, strlen(tag) + 1);
    return pawl_ok();
}
