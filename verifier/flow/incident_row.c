/* SPDX-License-Identifier: Apache-2.0 */
/* The row of an incident: found, written from the ratchet, and the list of what it names. */

#include <stdlib.h>
#include <string.h>

#include <pawl/cbor.h>

#include "flow/incident_parts.h"

/* A list of 1,024 places with the longest numbers. */
enum { SLOT_BYTES = 1 + 1 + 9 + 5 + 9, SLOTS_BYTES = 3 + INCIDENT_SLOTS_MAX * SLOT_BYTES };

pawl_status incident_row_in(const struct held *h, struct step *step, uint64_t epoch,
                            struct incident_row **ret, struct pawl_err *err)
{
    const struct store *store = h->flow->store;

    for (size_t i = 0; i < step->incident_n; i++)
        if (step->incident[i].epoch == epoch) {
            *ret = &step->incident[i];
            return pawl_ok();
        }
    struct incident_row *rows = realloc(step->incident, (step->incident_n + 1) * sizeof(*rows));
    if (!rows)
        return pawl_fail(err, PAWL_E_MEMORY, "incident", "out of memory");
    step->incident = rows;
    struct incident_row *row = &rows[step->incident_n];
    *row = (struct incident_row){ 0 };
    pawl_status s = store->incident(store->self, pawl_view_str(h->tenant),
                                    PAWL_VIEW_OF(h->device_id), epoch, row, err);
    if (s.code == PAWL_E_ABSENT) {
        *row = (struct incident_row){ .epoch = epoch };
        memcpy(row->device, h->device_id, sizeof(row->device));
    } else {
        PAWL_TRY(s);
    }
    step->incident_n++;
    *ret = row;
    return pawl_ok();
}

pawl_status incident_slots_of(const struct held *h, const struct step *step, uint64_t epoch,
                              struct incident_slot *ret, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(incident_row_done) struct incident_row stored = { 0 };
    const struct store                                 *store = h->flow->store;

    for (size_t i = 0; i < step->incident_n; i++)
        if (step->incident[i].epoch == epoch) {
            const struct blob *b = &step->incident[i].slots;
            return incident_slots_read(pawl_view(b->p, b->n), ret, ret_n, err);
        }
    *ret_n = 0;
    pawl_status s = store->incident(store->self, pawl_view_str(h->tenant),
                                    PAWL_VIEW_OF(h->device_id), epoch, &stored, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(s);
    return incident_slots_read(pawl_view(stored.slots.p, stored.slots.n), ret, ret_n, err);
}

void incident_row_follow(const struct held *h, int64_t now_ms, struct incident_row *row)
{
    const struct incident *i = &h->r.incident;

    row->kind = i->kind;
    row->severity = i->severity;
    row->state = i->state;
    row->rules = i->rules;
    row->opened_ms = i->opened_ms;
    row->changed_ms = now_ms;
    /* As it was when it opened: the ratchet's own end of it moves with the snapshots. */
    if (i->tainted && (!row->slot_lo || i->taint_lo < row->slot_lo))
        row->slot_lo = i->taint_lo;
    row->slot_hi = i->tainted || !row->slot_lo ? 0 : h->r.attested_hi;
    row->forged = i->forged;
    row->genuine = i->genuine;
    row->unattested = i->unattested;
}

/* ---- what it names --------------------------------------------------------------------------- */

pawl_status incident_slots_read(struct pawl_view in, struct incident_slot *ret, size_t *ret_n,
                                struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    *ret_n = 0;
    if (in.n == 0)
        return pawl_ok();
    size_t n = pawl_cbor_rd_array(&r, "slots", INCIDENT_SLOTS_MAX);
    for (size_t i = 0; i < n; i++) {
        pawl_cbor_rd_array_of(&r, "slot", 4);
        ret[i].rule = (enum rule)pawl_cbor_rd_uint(&r, "slot.rule", RULE_COUNT - 1);
        ret[i].epoch = pawl_cbor_rd_uint(&r, "slot.epoch", UINT64_MAX);
        ret[i].gen = (uint32_t)pawl_cbor_rd_uint(&r, "slot.gen", UINT32_MAX);
        ret[i].seq = pawl_cbor_rd_uint(&r, "slot.seq", UINT64_MAX);
        pawl_cbor_rd_leave(&r, "slot");
    }
    pawl_cbor_rd_leave(&r, "slots");
    PAWL_TRY(pawl_under(err, "incident", pawl_cbor_rd_end(&r, err)));
    *ret_n = n;
    return pawl_ok();
}

pawl_status incident_slots_write(const struct incident_slot *slot, size_t n, struct blob *ret,
                                 struct pawl_err *err)
{
    uint8_t          b[SLOTS_BYTES];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view v;

    pawl_cbor_wr_array(&w, n);
    for (size_t i = 0; i < n; i++) {
        pawl_cbor_wr_array(&w, 4);
        pawl_cbor_wr_uint(&w, slot[i].rule);
        pawl_cbor_wr_uint(&w, slot[i].epoch);
        pawl_cbor_wr_uint(&w, slot[i].gen);
        pawl_cbor_wr_uint(&w, slot[i].seq);
    }
    PAWL_TRY(pawl_wr_end(&w, "incident.slots", &v, err));
    return blob_from(v, ret, err);
}
