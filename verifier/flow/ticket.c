/* SPDX-License-Identifier: Apache-2.0 */
/* The ticket of a supply: write and read side by side. */

#include "flow/ticket.h"

#include <inttypes.h>
#include <string.h>

#include <pawl/cbor.h>

#define TICKET_LABEL "pawl/1 ticket"
enum { FIELDS = 10, VERDICT_FIELDS = 7, FINDING_FIELDS = 3, COVERED_FIELDS = 2 };
enum { PLAIN_MAX = PAWL_TICKET_MAX - PAWL_AEAD_TAG, WHAT_CUT = 24 };

struct ticket ticket_of(const struct evidence *ev, const struct known_boot *before,
                        const struct judgement *j)
{
    struct ticket t = { .wants_log = j->want.log,
                        .wants_ima = j->want.ima,
                        .restarts = before->restarts,
                        .v = j->device,
                        .has_ima = j->want.ima && j->boot.has_ima };

    if (t.has_ima)
        t.ima = j->boot.ima;
    memcpy(t.device_id, ev->a1.device_id.p, sizeof(t.device_id));
    memcpy(t.th1, ev->th1, sizeof(t.th1));
    return t;
}

/* ---- sealing -------------------------------------------------------------------------------- */

static void write_cut(struct pawl_wr *w, const char *text, size_t cut)
{
    pawl_cbor_wr_text_n(w, pawl_view(text, verdict_text_n(text, cut)));
}

/* The first half of a verdict: nothing of policies and software. */
static void write_verdict(struct pawl_wr *w, const struct verdict *v, size_t detail_max)
{
    pawl_cbor_wr_array(w, VERDICT_FIELDS);
    pawl_cbor_wr_int(w, v->identity);
    pawl_cbor_wr_int(w, v->configuration);
    pawl_cbor_wr_int(w, v->hardware);
    pawl_cbor_wr_bool(w, v->approved);
    pawl_cbor_wr_bool(w, v->watched);
    pawl_cbor_wr_array(w, COVERED_FIELDS);
    pawl_cbor_wr_bool(w, v->cover[COVER_IDENTITY].is);
    pawl_cbor_wr_uint(w, v->cover[COVER_IDENTITY].why);
    pawl_cbor_wr_array(w, v->finding_n);
    for (size_t i = 0; i < v->finding_n; i++) {
        pawl_cbor_wr_array(w, FINDING_FIELDS);
        pawl_cbor_wr_uint(w, v->finding[i].reason);
        write_cut(w, v->finding[i].what, WHAT_CUT);
        write_cut(w, v->finding[i].detail, detail_max);
    }
}

static pawl_status write_ima(const struct ticket *t, struct pawl_wr *w, struct pawl_err *err)
{
    uint8_t        b[IMA_STATE_MAX];
    struct pawl_wr ima = pawl_wr_to(b, sizeof(b));

    if (t->has_ima)
        PAWL_TRY(ima_state_write(&t->ima, &ima, err));
    pawl_cbor_wr_bytes(w, pawl_view(b, ima.n));
    return pawl_ok();
}

static pawl_status write_ticket(const struct ticket *t, struct pawl_view tenant, int64_t expires_ms,
                                size_t detail_max, struct pawl_wr *w, struct pawl_view *ret,
                                struct pawl_err *err)
{
    pawl_cbor_wr_array(w, FIELDS);
    pawl_cbor_wr_text(w, TICKET_LABEL);
    pawl_cbor_wr_uint(w, (uint64_t)expires_ms);
    pawl_cbor_wr_bytes(w, tenant);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(t->device_id));
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(t->th1));
    pawl_cbor_wr_bool(w, t->wants_log);
    pawl_cbor_wr_bool(w, t->wants_ima);
    pawl_cbor_wr_uint(w, t->restarts);
    write_verdict(w, &t->v, detail_max);
    PAWL_TRY(write_ima(t, w, err));
    return pawl_wr_end(w, "ticket", ret, err);
}

pawl_status ticket_seal(const struct keys *keys, const struct ticket *t, struct pawl_view tenant,
                        int64_t now_ms, uint8_t ret[PAWL_TICKET_MAX], size_t *ret_n,
                        struct pawl_err *err)
{
    uint8_t          b[PLAIN_MAX];
    struct pawl_view plain;
    pawl_status      s = pawl_ok();

    for (size_t detail_max = VERDICT_DETAIL_MAX; detail_max; detail_max /= 2) {
        struct pawl_wr w = pawl_wr_to(b, sizeof(b));
        s = write_ticket(t, tenant, now_ms + PAWL_TICKET_TTL_MS, detail_max, &w, &plain, err);
        if (s.code != PAWL_E_FULL)
            break;
    }
    PAWL_TRY(s);
    return pawl_aead_seal(PAWL_AES_256_SIV, &keys->cookie, pawl_view(NULL, 0), pawl_view(NULL, 0),
                          plain, ret, PAWL_TICKET_MAX, ret_n, err);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void read_finding(struct pawl_cbor_rd *r, struct finding *f)
{
    pawl_cbor_rd_array_of(r, "finding", FINDING_FIELDS);
    f->reason = (enum reason)pawl_cbor_rd_uint(r, "reason", REASON_COUNT - 1);
    pawl_cbor_rd_text_to(r, "what", f->what, sizeof(f->what));
    pawl_cbor_rd_text_to(r, "detail", f->detail, sizeof(f->detail));
    pawl_cbor_rd_leave(r, "finding");
}

static void read_verdict(struct pawl_cbor_rd *r, struct verdict *v)
{
    struct covered *identity = &v->cover[COVER_IDENTITY];

    pawl_cbor_rd_array_of(r, "verdict", VERDICT_FIELDS);
    v->identity = (int8_t)pawl_cbor_rd_int(r, "identity");
    v->configuration = (int8_t)pawl_cbor_rd_int(r, "configuration");
    v->hardware = (int8_t)pawl_cbor_rd_int(r, "hardware");
    v->approved = pawl_cbor_rd_bool(r, "approved");
    v->watched = pawl_cbor_rd_bool(r, "watched");
    pawl_cbor_rd_array_of(r, "covered", COVERED_FIELDS);
    identity->is = pawl_cbor_rd_bool(r, "covered.is");
    identity->why = (enum reason)pawl_cbor_rd_uint(r, "covered.why", REASON_COUNT - 1);
    pawl_cbor_rd_leave(r, "covered");
    v->finding_n = pawl_cbor_rd_array(r, "findings", VERDICT_REASONS_MAX);
    for (size_t i = 0; i < v->finding_n; i++)
        read_finding(r, &v->finding[i]);
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
    pawl_cbor_rd_bytes_to(&r, "device_id", t->device_id, sizeof(t->device_id));
    pawl_cbor_rd_bytes_to(&r, "TH1", t->th1, sizeof(t->th1));
    t->wants_log = pawl_cbor_rd_bool(&r, "wants_log");
    t->wants_ima = pawl_cbor_rd_bool(&r, "wants_ima");
    t->restarts = (uint32_t)pawl_cbor_rd_uint(&r, "restarts", UINT32_MAX);
    read_verdict(&r, &t->v);
    struct pawl_view ima = pawl_cbor_rd_bytes(&r, "ima", 0, IMA_STATE_MAX);
    pawl_cbor_rd_leave(&r, "ticket");
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    t->has_ima = ima.n > 0;
    return t->has_ima ? ima_state_parse(ima, &t->ima, err) : pawl_ok();
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

    pawl_status s = keys_open_cookie(keys, in, room, PAWL_TICKET_MAX, &n, &inner);
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
