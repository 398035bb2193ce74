/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket of a supply: write and read side by side. */

#include "flow/ticket.h"

#include <inttypes.h>
#include <string.h>

#include <pawl/cbor.h>

#define TICKET_LABEL "pawl/1 ticket"
enum { FIELDS = 11, VERDICT_FIELDS = 7 };

/* ---- sealing -------------------------------------------------------------------------------- */

static void write_verdict(struct pawl_wr *w, const struct verdict *v)
{
    pawl_cbor_wr_array(w, VERDICT_FIELDS);
    pawl_cbor_wr_int(w, v->identity);
    pawl_cbor_wr_int(w, v->configuration);
    pawl_cbor_wr_int(w, v->executables);
    pawl_cbor_wr_int(w, v->hardware);
    pawl_cbor_wr_bool(w, v->approved);
    pawl_cbor_wr_text(w, v->policy);
    pawl_cbor_wr_array(w, v->finding_n);
    for (size_t i = 0; i < v->finding_n; i++)
        pawl_cbor_wr_uint(w, v->finding[i].reason);
}

pawl_status ticket_seal(const struct keys *keys, const struct evidence *ev, const struct verdict *v,
                        uint8_t ret[PAWL_TICKET_MAX], size_t *ret_n, struct pawl_err *err)
{
    const struct pawl_a1 *a1 = &ev->a1;
    uint8_t               b[PAWL_TICKET_MAX - PAWL_AEAD_TAG];
    struct pawl_wr        w = pawl_wr_to(b, sizeof(b));
    struct pawl_view      plain;

    pawl_cbor_wr_array(&w, FIELDS);
    pawl_cbor_wr_text(&w, TICKET_LABEL);
    pawl_cbor_wr_uint(&w, (uint64_t)ev->now_ms + PAWL_TICKET_TTL_MS);
    pawl_cbor_wr_bytes(&w, a1->tenant);
    pawl_cbor_wr_bytes(&w, a1->device_id);
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(ev->th1));
    pawl_cbor_wr_uint(&w, a1->label);
    pawl_cbor_wr_uint(&w, a1->attempt);
    pawl_cbor_wr_uint(&w, a1->base_epoch);
    pawl_cbor_wr_uint(&w, a1->new_epoch);
    pawl_cbor_wr_uint(&w, a1->reason);
    write_verdict(&w, v);
    PAWL_TRY(pawl_wr_end(&w, "ticket", &plain, err));
    return pawl_aead_seal(PAWL_AES_256_SIV, &keys->cookie, pawl_view(NULL, 0), pawl_view(NULL, 0),
                          plain, ret, PAWL_TICKET_MAX, ret_n, err);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void take(struct pawl_cbor_rd *r, const char *field, uint8_t *ret, size_t n)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, n, n);

    if (v.n == n)
        memcpy(ret, v.p, n);
}

static void read_verdict(struct pawl_cbor_rd *r, struct verdict *v)
{
    pawl_cbor_rd_array_of(r, "verdict", VERDICT_FIELDS);
    v->identity = (int8_t)pawl_cbor_rd_int(r, "identity");
    v->configuration = (int8_t)pawl_cbor_rd_int(r, "configuration");
    v->executables = (int8_t)pawl_cbor_rd_int(r, "executables");
    v->hardware = (int8_t)pawl_cbor_rd_int(r, "hardware");
    v->approved = pawl_cbor_rd_bool(r, "approved");
    struct pawl_view policy = pawl_cbor_rd_text(r, "policy", sizeof(v->policy) - 1);
    if (policy.n)
        memcpy(v->policy, policy.p, policy.n);
    v->finding_n = pawl_cbor_rd_array(r, "findings", VERDICT_REASONS_MAX);
    for (size_t i = 0; i < v->finding_n; i++)
        v->finding[i].reason = (enum reason)pawl_cbor_rd_uint(r, "reason", REASON_COUNT - 1);
    pawl_cbor_rd_leave(r, "findings");
    pawl_cbor_rd_leave(r, "verdict");
}

static pawl_status read_ticket(struct pawl_view in, uint64_t *expires_ms, struct pawl_view *tenant,
                               struct ticket *t, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_array_of(&r, "ticket", FIELDS);
    if (!pawl_view_equal(pawl_cbor_rd_text(&r, "label", PAWL_TENANT_MAX),
                         pawl_view_str(TICKET_LABEL)))
        pawl_cbor_rd_fail(&r, PAWL_E_FORM, "label");
    *expires_ms = pawl_cbor_rd_uint(&r, "expiry", INT64_MAX);
    *tenant = pawl_cbor_rd_bytes(&r, "tenant", 1, PAWL_TENANT_MAX);
    take(&r, "device_id", t->device_id, sizeof(t->device_id));
    take(&r, "TH1", t->th1, sizeof(t->th1));
    t->label = (enum pawl_label)pawl_cbor_rd_uint(&r, "label", PAWL_LABEL_COUNT - 1);
    t->attempt = pawl_cbor_rd_uint(&r, "attempt", UINT64_MAX);
    t->base_epoch = pawl_cbor_rd_uint(&r, "base_epoch", UINT64_MAX);
    t->new_epoch = pawl_cbor_rd_uint(&r, "new_epoch", UINT64_MAX);
    t->reason = (enum pawl_reason)pawl_cbor_rd_uint(&r, "reason", PAWL_REASON_COUNT - 1);
    read_verdict(&r, &t->v);
    pawl_cbor_rd_leave(&r, "ticket");
    return pawl_cbor_rd_end(&r, err);
}

pawl_status ticket_open(const struct keys *keys, int64_t now_ms, struct pawl_view in,
                        uint8_t room[PAWL_TICKET_MAX], struct pawl_view *ret_tenant,
                        struct ticket *ret, struct pawl_err *err)
{
    struct ticket    t = { 0 };
    struct pawl_view tenant;
    uint64_t         expires_ms;
    struct pawl_err  inner;
    size_t           n;

    pawl_status s = pawl_aead_open(PAWL_AES_256_SIV, &keys->cookie, pawl_view(NULL, 0),
                                   pawl_view(NULL, 0), in, room, PAWL_TICKET_MAX, &n, &inner);
    if (pawl_is_ok(s))
        s = read_ticket(pawl_view(room, n), &expires_ms, &tenant, &t, &inner);
    if (!pawl_is_ok(s))
        return pawl_fail(err, PAWL_E_FORGED, "supply.ticket", "is none of ours");
    if (now_ms > (int64_t)expires_ms)
        return pawl_fail(err, PAWL_E_EXPIRED, "supply.ticket", "expired %" PRId64 " ms ago",
                         now_ms - (int64_t)expires_ms);
    *ret_tenant = tenant;
    *ret = t;
    return pawl_ok();
}
