/* SPDX-License-Identifier: Apache-2.0 */
/* A ratchet as a row. */

#include "ratchet/row_parts.h"

static void put_history(struct pawl_wr *w, const struct ratchet *r)
{
    pawl_cbor_wr_array(w, r->tombstone_n);
    for (size_t i = 0; i < r->tombstone_n; i++) {
        pawl_cbor_wr_array(w, 2);
        pawl_cbor_wr_uint(w, r->tombstone[i].epoch);
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->tombstone[i].kid));
    }
    pawl_cbor_wr_array(w, r->boot_id_n);
    for (size_t i = 0; i < r->boot_id_n; i++)
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->boot_id[i]));
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->last_th1));
    pawl_cbor_wr_uint(w, r->last_base_epoch);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->last_base_kid));
    row_put_ms(w, r->accepted_ms);
}

static void get_history(struct pawl_cbor_rd *r, struct ratchet *ret)
{
    ret->tombstone_n = pawl_cbor_rd_array(r, "tombstones", PAWL_TOMBSTONES_MAX);
    for (size_t i = 0; i < ret->tombstone_n; i++) {
        pawl_cbor_rd_array_of(r, "tombstone", 2);
        ret->tombstone[i].epoch = row_get_u64(r, "tombstone.epoch");
        pawl_cbor_rd_bytes_to(r, "tombstone.kid", ret->tombstone[i].kid, PAWL_KID);
        pawl_cbor_rd_leave(r, "tombstone");
    }
    pawl_cbor_rd_leave(r, "tombstones");
    ret->boot_id_n = pawl_cbor_rd_array(r, "boot_ids", PAWL_BOOT_IDS_MAX);
    for (size_t i = 0; i < ret->boot_id_n; i++)
        pawl_cbor_rd_bytes_to(r, "boot_id", ret->boot_id[i], PAWL_BOOT_ID);
    pawl_cbor_rd_leave(r, "boot_ids");
    pawl_cbor_rd_bytes_to(r, "last_th1", ret->last_th1, sizeof(ret->last_th1));
    ret->last_base_epoch = row_get_u64(r, "last_base_epoch");
    pawl_cbor_rd_bytes_to(r, "last_base_kid", ret->last_base_kid, sizeof(ret->last_base_kid));
    ret->accepted_ms = row_get_ms(r, "accepted_ms");
}

static void put_uplink(struct pawl_wr *w, const struct ratchet *r)
{
    pawl_cbor_wr_uint(w, r->attested_hi);
    pawl_cbor_wr_uint(w, r->received_hi);
    pawl_cbor_wr_uint(w, r->unattested_hi);
    pawl_cbor_wr_array(w, r->unknown_n);
    for (size_t i = 0; i < r->unknown_n; i++) {
        pawl_cbor_wr_array(w, 2);
        pawl_cbor_wr_uint(w, r->unknown[i].lo);
        pawl_cbor_wr_uint(w, r->unknown[i].hi);
    }
    pawl_cbor_wr_array(w, r->receipt_n);
    for (size_t i = 0; i < r->receipt_n; i++)
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->receipt[i]));
    pawl_cbor_wr_array(w, r->queue_n);
    for (size_t i = 0; i < r->queue_n; i++) {
        pawl_cbor_wr_array(w, 3);
        pawl_cbor_wr_uint(w, r->queue[i].incarnation);
        pawl_cbor_wr_uint(w, r->queue[i].hi);
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->queue[i].below));
    }
}

static void get_uplink(struct pawl_cbor_rd *r, struct ratchet *ret)
{
    ret->attested_hi = row_get_u64(r, "attested_hi");
    ret->received_hi = row_get_u64(r, "received_hi");
    ret->unattested_hi = row_get_u64(r, "unattested_hi");
    ret->unknown_n = pawl_cbor_rd_array(r, "unknown",
                                        sizeof(ret->unknown) / sizeof(ret->unknown[0]));
    for (size_t i = 0; i < ret->unknown_n; i++) {
        pawl_cbor_rd_array_of(r, "unknown", 2);
        ret->unknown[i].lo = row_get_u64(r, "unknown.lo");
        ret->unknown[i].hi = row_get_u64(r, "unknown.hi");
        pawl_cbor_rd_leave(r, "unknown");
    }
    pawl_cbor_rd_leave(r, "unknown");
    ret->receipt_n = pawl_cbor_rd_array(r, "receipts", RATCHET_RECEIPTS);
    for (size_t i = 0; i < ret->receipt_n; i++)
        pawl_cbor_rd_bytes_to(r, "receipt", ret->receipt[i], sizeof(ret->receipt[i]));
    pawl_cbor_rd_leave(r, "receipts");
    ret->queue_n = pawl_cbor_rd_array(r, "queues", RATCHET_QUEUES);
    for (size_t i = 0; i < ret->queue_n; i++) {
        struct queue_seen *q = &ret->queue[i];

        pawl_cbor_rd_array_of(r, "queue", 3);
        q->incarnation = (uint32_t)pawl_cbor_rd_uint(r, "queue.incarnation", UINT32_MAX);
        q->hi = (uint32_t)pawl_cbor_rd_uint(r, "queue.hi", UINT32_MAX);
        pawl_cbor_rd_bytes_to(r, "queue.below", q->below, sizeof(q->below));
        pawl_cbor_rd_leave(r, "queue");
    }
    pawl_cbor_rd_leave(r, "queues");
}

enum { DOWN_USE_N = 4 };

static void put_downlink(struct pawl_wr *w, const struct ratchet *r)
{
    pawl_cbor_wr_uint(w, r->down_next);
    pawl_cbor_wr_uint(w, r->down_attested);
    pawl_cbor_wr_uint(w, r->down_gen_start);
    pawl_cbor_wr_uint(w, r->down_epoch_start);
    pawl_cbor_wr_uint(w, r->down_gen_sent);
    row_put_ms(w, r->down_gen_ms);
    if (!r->down_use.uk.n) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, DOWN_USE_N);
    pawl_cbor_wr_uint(w, r->down_use.epoch);
    pawl_cbor_wr_uint(w, r->down_use.gen);
    pawl_cbor_wr_uint(w, r->down_use.suite);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(r->down_use.kid));
}

static void get_downlink(struct pawl_cbor_rd *r, struct ratchet *ret, bool *ret_use)
{
    struct pawl_use *u = &ret->down_use;

    ret->down_next = row_get_u64(r, "down_next");
    ret->down_attested = row_get_u64(r, "down_attested");
    ret->down_gen_start = row_get_u64(r, "down_gen_start");
    ret->down_epoch_start = row_get_u64(r, "down_epoch_start");
    ret->down_gen_sent = (unsigned)pawl_cbor_rd_uint(r, "down_gen_sent", PAWL_GEN_MESSAGES);
    ret->down_gen_ms = row_get_ms(r, "down_gen_ms");
    *ret_use = row_get_present(r, "down_use", DOWN_USE_N);
    if (!*ret_use)
        return;
    u->dir = PAWL_DOWN;
    u->epoch = row_get_u64(r, "down_use.epoch");
    u->gen = (uint32_t)pawl_cbor_rd_uint(r, "down_use.gen", UINT32_MAX);
    u->suite = (uint16_t)pawl_cbor_rd_uint(r, "down_use.suite", UINT16_MAX);
    pawl_cbor_rd_bytes_to(r, "down_use.kid", u->kid, sizeof(u->kid));
    pawl_cbor_rd_leave(r, "down_use");
}

enum { INCIDENT_N = 16 };

static void put_incident(struct pawl_wr *w, const struct incident *i)
{
    if (i->state == INCIDENT_ABSENT) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, INCIDENT_N);
    pawl_cbor_wr_uint(w, i->state);
    pawl_cbor_wr_uint(w, i->kind);
    pawl_cbor_wr_uint(w, i->severity);
    pawl_cbor_wr_uint(w, i->epoch);
    pawl_cbor_wr_uint(w, i->rules);
    row_put_ms(w, i->opened_ms);
    pawl_cbor_wr_uint(w, i->before);
    pawl_cbor_wr_bool(w, i->waits);
    pawl_cbor_wr_bool(w, i->by_person);
    pawl_cbor_wr_uint(w, i->proofs);
    pawl_cbor_wr_bool(w, i->tainted);
    pawl_cbor_wr_uint(w, i->taint_lo);
    row_put_ms(w, i->taint_ms);
    pawl_cbor_wr_uint(w, i->forged);
    pawl_cbor_wr_uint(w, i->genuine);
    pawl_cbor_wr_uint(w, i->unattested);
}

static void get_incident(struct pawl_cbor_rd *r, struct incident *ret)
{
    if (!row_get_present(r, "incident", INCIDENT_N))
        return;
    ret->state = (enum incident_state)pawl_cbor_rd_uint(r, "incident.state", INCIDENT_CLOSED);
    if (ret->state == INCIDENT_ABSENT) /* that is null */
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "incident.state");
    ret->kind = (enum incident_kind)pawl_cbor_rd_uint(r, "incident.kind", INCIDENT_KIND_COUNT - 1);
    ret->severity = (enum severity)pawl_cbor_rd_uint(r, "incident.severity", SEVERITY_CRITICAL);
    ret->epoch = row_get_u64(r, "incident.epoch");
    ret->rules = (unsigned)pawl_cbor_rd_uint(r, "incident.rules", (1u << RULE_COUNT) - 1);
    ret->opened_ms = row_get_ms(r, "incident.opened_ms");
    ret->before = row_get_u64(r, "incident.before");
    ret->waits = pawl_cbor_rd_bool(r, "incident.waits");
    ret->by_person = pawl_cbor_rd_bool(r, "incident.by_person");
    ret->proofs = (unsigned)pawl_cbor_rd_uint(r, "incident.proofs", UINT32_MAX);
    ret->tainted = pawl_cbor_rd_bool(r, "incident.tainted");
    ret->taint_lo = row_get_u64(r, "incident.taint_lo");
    ret->taint_ms = row_get_ms(r, "incident.taint_ms");
    ret->forged = row_get_u64(r, "incident.forged");
    ret->genuine = row_get_u64(r, "incident.genuine");
    ret->unattested = row_get_u64(r, "incident.unattested");
    pawl_cbor_rd_leave(r, "incident");
}

enum { RATCHET_N = 31 };

static void put_ratchet(struct pawl_wr *w, const struct ratchet *r)
{
    pawl_cbor_wr_array(w, RATCHET_N);
    pawl_cbor_wr_uint(w, ROW_FORM);
    row_put_root(w, &r->current, NULL);
    row_put_root(w, &r->pending, &r->current);
    row_put_tripwire(w, &r->old, &r->current);
    row_put_ms(w, r->promoted_ms);
    put_history(w, r);
    put_uplink(w, r);
    put_downlink(w, r);
    row_put_ms(w, r->resync_auto_ms);
    pawl_cbor_wr_bool(w, r->may_resync);
    pawl_cbor_wr_bool(w, r->rekey_demanded);
    put_incident(w, &r->incident);
    pawl_cbor_wr_uint(w, r->clean_hi);
    row_put_ms(w, r->clean_ms);
    pawl_cbor_wr_bool(w, r->hedge.n != 0);
}

static pawl_status get_ratchet(struct pawl_view clear, struct ratchet *ret, unsigned *ret_form,
                               bool *ret_use, bool *ret_hedge, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(clear);

    pawl_cbor_rd_array_of(&r, "ratchet", RATCHET_N);
    *ret_form = row_get_form(&r);
    row_get_root(&r, "current", &ret->current, NULL);
    row_get_root(&r, "pending", &ret->pending, &ret->current);
    row_get_tripwire(&r, &ret->old, &ret->current);
    ret->promoted_ms = row_get_ms(&r, "promoted_ms");
    get_history(&r, ret);
    get_uplink(&r, ret);
    get_downlink(&r, ret, ret_use);
    ret->resync_auto_ms = row_get_ms(&r, "resync_auto_ms");
    ret->may_resync = pawl_cbor_rd_bool(&r, "may_resync");
    ret->rekey_demanded = pawl_cbor_rd_bool(&r, "rekey_demanded");
    get_incident(&r, &ret->incident);
    ret->clean_hi = row_get_u64(&r, "clean_hi");
    ret->clean_ms = row_get_ms(&r, "clean_ms");
    *ret_hedge = pawl_cbor_rd_bool(&r, "hedge");
    pawl_cbor_rd_leave(&r, "ratchet");
    return pawl_under(err, "ratchet", pawl_cbor_rd_end(&r, err));
}

static size_t row_n(size_t clear_n, size_t sealed_n)
{
    return 1 + clear_n + (sealed_n > UINT8_MAX ? 3 : 2) + sealed_n;
}

static void put_fill(struct pawl_wr *w, size_t clear_n)
{
    size_t n = row_n(clear_n, w->n + PAWL_AEAD_TAG);

    while (!w->full && (n < ROW_FILL_MIN || n % ROW_FILL_STEP)) {
        pawl_wr_u8(w, 0);
        n = row_n(clear_n, w->n + PAWL_AEAD_TAG);
    }
}

static void get_fill(struct pawl_rd *r, unsigned form)
{
    if (form <= ROW_FORM_2)
        return;
    struct pawl_view v = pawl_rd_bytes(r, "fill", r->left);
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i])
            pawl_rd_fail(r, PAWL_E_RANGE, "fill");
}

pawl_status ratchet_write(const struct keys *k, struct pawl_view tenant,
                          const uint8_t device_id[PAWL_DEVICE_ID], const struct ratchet *r,
                          uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    const struct row_owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "ratchet",
                                 r->current.epoch };
    ROW_SEALED             room = { 0 };
    uint8_t                b[RATCHET_ROW_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_view       clear;

    put_ratchet(&w, r);
    PAWL_TRY(pawl_wr_end(&w, o.field, &clear, err));
    PAWL_TRY(row_begin(clear, &room, &w, err));
    row_put_root_keys(&w, &r->current);
    row_put_pending_keys(&w, &r->pending);
    if (r->old.present)
        row_put_key(&w, &r->old.up.gk);
    if (r->down_use.uk.n)
        row_put_key(&w, &r->down_use.uk);
    if (r->hedge.n)
        row_put_key(&w, &r->hedge);
    put_fill(&w, clear.n);
    return row_end(&o, clear, &w, ret, cap, ret_n, err);
}

pawl_status ratchet_read(const struct keys *k, struct pawl_view tenant,
                         const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                         struct ratchet *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(ratchet_wipe) struct ratchet r = { 0 };
    struct row_owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "ratchet", 0 };
    ROW_SEALED       room = { 0 };
    struct pawl_view clear, sealed;
    struct pawl_rd   rd;
    unsigned         form;
    bool             down_use, hedge;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_ratchet(clear, &r, &form, &down_use, &hedge, err));
    o.epoch = r.current.epoch;
    PAWL_TRY(row_open(&o, form, clear, sealed, &room, &rd, err));
    row_get_root_keys(&rd, &r.current);
    PAWL_TRY(pawl_under(err, o.field, row_get_pending_keys(&rd, form, &r.pending, err)));
    if (r.old.present)
        row_get_key(&rd, "old.up.gk", &r.old.up.gk);
    if (down_use)
        row_get_use_key(&rd, "down_use.uk", &r.down_use.uk);
    if (hedge)
        row_get_use_key(&rd, "hedge", &r.hedge);
    get_fill(&rd, form);
    PAWL_TRY(pawl_under(err, o.field, pawl_rd_end(&rd, err)));
    *ret = r;
    return pawl_ok();
}

pawl_status ratchet_rewrap(const struct keys *k, struct pawl_view tenant,
                           const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                           uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(ratchet_wipe) struct ratchet r = { 0 };
    struct row_owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "ratchet", 0 };
    struct pawl_view clear, sealed;
    unsigned         form;
    bool             down_use, hedge;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_ratchet(clear, &r, &form, &down_use, &hedge, err));
    o.epoch = r.current.epoch;
    return row_rewrap(&o, clear, sealed, ret, cap, ret_n, err);
}
