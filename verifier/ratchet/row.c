/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ratchet and generations as rows. A row is CBOR[clear, sealed]: clear is an array of what is no
 * secret, sealed holds SHA-256(clear), its first half, and then the secrets, each with its length.
 * There is a row for every device, so it says nothing twice: roots that the verifier of the current
 * one made do not name it again, and a pending root stands for its five keys. Rows of a ratchet are
 * filled up with zeros inside of sealed, so that most keep their size and are written where they
 * stood: what grows splits a page of the database, and leaves two that are half empty.
 *
 * Forms 1 and 2 are read and not written. In both a pending root is gone and its keys stand there,
 * and nothing is filled up; in form 1 all roots name their verifier, and the hash is whole.
 *
 * Invariants
 *  1. P-VMSG-13. A row is whole or refused: nobody without the master key changes a position or a
 * leaf.
 *  2. Which secrets follow is said by clear, and by a pending root that is there in place of its
 *     keys; none is left over.
 *
 * prk of a use key is not kept: pawl_use_ready makes it where a message is opened.
 */

#include "ratchet/row.h"

#include <string.h>

#include <pawl/cbor.h>

enum { ROW_FORM_1 = 1, ROW_FORM_2, ROW_FORM };

enum { KEY_N = 32 };

/* What a ratchet has that was rekeyed and sent nothing yet, and as many as a page takes nine of;
 * longer ones go in steps. */
enum { FILL_MIN = 432, FILL_STEP = 16 };

enum { SEALED_MAX = 32 + 15 * (1 + KEY_N) + FILL_MIN };

static size_t digest_n(unsigned form)
{
    return form == ROW_FORM_1 ? 32 : 16;
}

/* What is sealed, on its way in or out. */
struct sealed {
    size_t  n;
    uint8_t b[SEALED_MAX + PAWL_AEAD_TAG];
};

static void sealed_wipe(struct sealed *s)
{
    pawl_wipe(s, sizeof(*s));
}

#define SEALED PAWL_CLEANUP(sealed_wipe) struct sealed

/* Whose row it is. */
struct owner {
    const struct keys *keys;
    struct pawl_view   tenant;
    struct pawl_view   device_id;
    const char        *field;
    uint64_t           epoch;
};

/* ---- both: clear part and sealed part ------------------------------------------------------- */

static pawl_status row_begin(struct pawl_view clear, struct sealed *room, struct pawl_wr *ret,
                             struct pawl_err *err)
{
    uint8_t digest[32];

    PAWL_TRY(pawl_sha256(clear, digest, err));
    *ret = pawl_wr_to(room->b, SEALED_MAX);
    pawl_wr_bytes(ret, pawl_view(digest, digest_n(ROW_FORM)));
    return pawl_ok();
}

static pawl_status row_join(const char *field, struct pawl_view clear, struct pawl_view sealed,
                            uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct pawl_wr   w = pawl_wr_to(ret, cap);
    struct pawl_view row;

    pawl_cbor_wr_array(&w, 2);
    pawl_wr_bytes(&w, clear);
    pawl_cbor_wr_bytes(&w, sealed);
    PAWL_TRY(pawl_wr_end(&w, field, &row, err));
    *ret_n = row.n;
    return pawl_ok();
}

static pawl_status row_end(const struct owner *o, struct pawl_view clear, const struct pawl_wr *in,
                           uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    SEALED           out = { 0 };
    struct pawl_view plain;

    PAWL_TRY(pawl_wr_end(in, o->field, &plain, err));
    PAWL_TRY(keys_seal(o->keys, o->tenant, o->device_id, o->field, o->epoch, plain, out.b,
                       sizeof(out.b), &out.n, err));
    return row_join(o->field, clear, pawl_view(out.b, out.n), ret, cap, ret_n, err);
}

/* clear stays as it is, and with it the hash that is sealed. */
static pawl_status row_rewrap(const struct owner *o, struct pawl_view clear,
                              struct pawl_view sealed, uint8_t *ret, size_t cap, size_t *ret_n,
                              struct pawl_err *err)
{
    SEALED out = { 0 };

    PAWL_TRY(keys_rewrap(o->keys, o->tenant, o->device_id, o->field, o->epoch, sealed, out.b,
                         sizeof(out.b), &out.n, err));
    *ret_n = 0;
    return out.n ? row_join(o->field, clear, pawl_view(out.b, out.n), ret, cap, ret_n, err)
                 : pawl_ok();
}

/* Both parts; nothing is believed yet. */
static pawl_status row_split(const char *field, struct pawl_view in, struct pawl_view *ret_clear,
                             struct pawl_view *ret_sealed, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_array_of(&r, field, 2);
    struct pawl_view clear = pawl_cbor_rd_raw(&r, field);
    struct pawl_view sealed = pawl_cbor_rd_bytes(&r, field, PAWL_AEAD_TAG + digest_n(ROW_FORM),
                                                 SEALED_MAX + PAWL_AEAD_TAG);
    pawl_cbor_rd_leave(&r, field);
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    *ret_clear = clear;
    *ret_sealed = sealed;
    return pawl_ok();
}

/* inv. 1 */
static pawl_status row_open(const struct owner *o, unsigned form, struct pawl_view clear,
                            struct pawl_view sealed, struct sealed *ret, struct pawl_rd *ret_rd,
                            struct pawl_err *err)
{
    size_t  n = digest_n(form);
    uint8_t digest[32];

    PAWL_TRY(keys_open(o->keys, o->tenant, o->device_id, o->field, o->epoch, sealed, ret->b,
                       sizeof(ret->b), &ret->n, err));
    PAWL_TRY(pawl_sha256(clear, digest, err));
    *ret_rd = pawl_rd_from(pawl_view(ret->b, ret->n));
    if (!pawl_mac_equal(pawl_rd_bytes(ret_rd, "digest", n), pawl_view(digest, n)))
        return pawl_fail(err, PAWL_E_FORGED, o->field, "is not what was written");
    return pawl_ok();
}

static void put_key(struct pawl_wr *w, const struct pawl_secret *s)
{
    if (s->n != 0 && s->n != KEY_N)
        w->full = true;
    pawl_wr_u8(w, (uint8_t)s->n);
    pawl_wr_bytes(w, pawl_secret_view(s));
}

static void get_key(struct pawl_rd *r, const char *field, struct pawl_secret *ret)
{
    size_t n = pawl_rd_u8(r, field);

    if (n != 0 && n != KEY_N)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    struct pawl_view v = pawl_rd_bytes(r, field, r->bad ? 0 : n);
    ret->n = v.n;
    if (v.n)
        memcpy(ret->b, v.p, v.n);
}

/* A use key that is named is there. */
static void get_use_key(struct pawl_rd *r, const char *field, struct pawl_secret *ret)
{
    get_key(r, field, ret);
    if (ret->n == 0)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
}

static void get_exact(struct pawl_cbor_rd *r, const char *field, uint8_t *ret, size_t n)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, field, n, n);

    if (v.n == n)
        memcpy(ret, v.p, n);
}

static void put_ms(struct pawl_wr *w, int64_t ms)
{
    pawl_cbor_wr_uint(w, (uint64_t)ms);
}

static int64_t get_ms(struct pawl_cbor_rd *r, const char *field)
{
    return (int64_t)pawl_cbor_rd_uint(r, field, INT64_MAX);
}

static uint64_t get_u64(struct pawl_cbor_rd *r, const char *field)
{
    return pawl_cbor_rd_uint(r, field, UINT64_MAX);
}

static unsigned get_form(struct pawl_cbor_rd *r)
{
    unsigned form = (unsigned)pawl_cbor_rd_uint(r, "form", UINT8_MAX);

    if (form < ROW_FORM_1 || form > ROW_FORM)
        pawl_cbor_rd_fail(r, PAWL_E_UNSUPPORTED, "form");
    return form;
}

/* True if an array comes: what is absent is null. */
static bool get_present(struct pawl_cbor_rd *r, const char *field, size_t n)
{
    if (pawl_cbor_rd_peek(r) == PAWL_CBOR_NULL) {
        pawl_cbor_rd_null(r, field);
        return false;
    }
    pawl_cbor_rd_array_of(r, field, n);
    return !r->bad;
}

/* ---- a root --------------------------------------------------------------------------------- */

enum { ROOT_N = 12, TRIPWIRE_N = 5 };

/* As it is in the row of its device's current root: null. */
static void put_verifier(struct pawl_wr *w, const struct epoch_root *e,
                         const struct epoch_root *current)
{
    if (current && current->present &&
        memcmp(e->verifier_id, current->verifier_id, sizeof(e->verifier_id)) == 0)
        pawl_cbor_wr_null(w);
    else
        pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(e->verifier_id));
}

static void get_verifier(struct pawl_cbor_rd *r, struct epoch_root *ret,
                         const struct epoch_root *current)
{
    if (current && current->present && pawl_cbor_rd_peek(r) == PAWL_CBOR_NULL) {
        pawl_cbor_rd_null(r, "verifier_id");
        memcpy(ret->verifier_id, current->verifier_id, sizeof(ret->verifier_id));
    } else {
        get_exact(r, "verifier_id", ret->verifier_id, sizeof(ret->verifier_id));
    }
}

static void put_root(struct pawl_wr *w, const struct epoch_root *e,
                     const struct epoch_root *current)
{
    if (!e->present) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, ROOT_N);
    pawl_cbor_wr_uint(w, e->epoch);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(e->kid));
    pawl_cbor_wr_uint(w, e->suite);
    put_verifier(w, e, current);
    pawl_cbor_wr_uint(w, e->up.gen);
    pawl_cbor_wr_uint(w, e->down.gen);
    pawl_cbor_wr_uint(w, e->attempt);
    put_ms(w, e->made_ms);
    pawl_cbor_wr_bool(w, e->resync);
    pawl_cbor_wr_bool(w, e->by_auto);
    pawl_cbor_wr_uint(w, e->epoch_start_seq);
    pawl_cbor_wr_uint(w, e->slots);
}

/* What every root has, the tripwire too. */
static void get_names(struct pawl_cbor_rd *r, struct epoch_root *ret,
                      const struct epoch_root *current)
{
    ret->present = true;
    ret->epoch = get_u64(r, "epoch");
    get_exact(r, "kid", ret->kid, sizeof(ret->kid));
    ret->suite = (uint16_t)pawl_cbor_rd_uint(r, "suite", UINT16_MAX);
    get_verifier(r, ret, current);
    ret->up = (struct pawl_chain){ .dir = PAWL_UP, .epoch = ret->epoch };
    ret->up.gen = (uint32_t)pawl_cbor_rd_uint(r, "up.gen", UINT32_MAX);
}

static void get_root(struct pawl_cbor_rd *r, const char *field, struct epoch_root *ret,
                     const struct epoch_root *current)
{
    if (!get_present(r, field, ROOT_N))
        return;
    get_names(r, ret, current);
    ret->down = (struct pawl_chain){ .dir = PAWL_DOWN, .epoch = ret->epoch };
    ret->down.gen = (uint32_t)pawl_cbor_rd_uint(r, "down.gen", UINT32_MAX);
    ret->attempt = get_u64(r, "attempt");
    ret->made_ms = get_ms(r, "made_ms");
    ret->resync = pawl_cbor_rd_bool(r, "resync");
    ret->by_auto = pawl_cbor_rd_bool(r, "by_auto");
    ret->epoch_start_seq = get_u64(r, "epoch_start_seq");
    ret->slots = get_u64(r, "slots");
    pawl_cbor_rd_leave(r, field);
}

static void put_root_keys(struct pawl_wr *w, const struct epoch_root *e)
{
    if (!e->present)
        return;
    put_key(w, &e->rk);
    put_key(w, &e->k_auth);
    put_key(w, &e->exporter);
    put_key(w, &e->up.gk);
    put_key(w, &e->down.gk);
}

static void get_root_keys(struct pawl_rd *r, struct epoch_root *e)
{
    if (!e->present)
        return;
    get_key(r, "rk", &e->rk);
    get_key(r, "k_auth", &e->k_auth);
    get_key(r, "exporter", &e->exporter);
    get_key(r, "up.gk", &e->up.gk);
    get_key(r, "down.gk", &e->down.gk);
}

/* Nothing has moved since it was made. */
static bool is_at_start(const struct epoch_root *e)
{
    return e->root.n != 0 && e->up.gen == 0 && e->down.gen == 0;
}

static void put_pending_keys(struct pawl_wr *w, const struct epoch_root *e)
{
    static const struct pawl_secret gone = { .n = 0 };

    if (!e->present)
        return;
    put_key(w, is_at_start(e) ? &e->root : &gone);
    if (!is_at_start(e))
        put_root_keys(w, e);
}

static pawl_status spread_root(struct epoch_root *e, struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_root_wipe) struct pawl_root r = { 0 };

    PAWL_TRY(pawl_root_spread(&e->root, e->epoch, &r, err));
    e->rk = r.rk;
    e->k_auth = r.k_auth;
    e->exporter = r.exporter;
    e->up = r.up;
    e->down = r.down;
    return pawl_ok();
}

static pawl_status get_pending_keys(struct pawl_rd *r, unsigned form, struct epoch_root *e,
                                    struct pawl_err *err)
{
    if (e->present && form > ROW_FORM_2)
        get_key(r, "root", &e->root);
    if (e->root.n)
        return spread_root(e, err);
    get_root_keys(r, e);
    return pawl_ok();
}

/* Of the old root only names and the uplink chain are left. */
static void put_tripwire(struct pawl_wr *w, const struct epoch_root *e,
                         const struct epoch_root *current)
{
    if (!e->present) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, TRIPWIRE_N);
    pawl_cbor_wr_uint(w, e->epoch);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(e->kid));
    pawl_cbor_wr_uint(w, e->suite);
    put_verifier(w, e, current);
    pawl_cbor_wr_uint(w, e->up.gen);
}

static void get_tripwire(struct pawl_cbor_rd *r, struct epoch_root *ret,
                         const struct epoch_root *current)
{
    if (!get_present(r, "old", TRIPWIRE_N))
        return;
    get_names(r, ret, current);
    pawl_cbor_rd_leave(r, "old");
}

/* ---- the ratchet ---------------------------------------------------------------------------- */

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
    put_ms(w, r->accepted_ms);
}

static void get_history(struct pawl_cbor_rd *r, struct ratchet *ret)
{
    ret->tombstone_n = pawl_cbor_rd_array(r, "tombstones", PAWL_TOMBSTONES_MAX);
    for (size_t i = 0; i < ret->tombstone_n; i++) {
        pawl_cbor_rd_array_of(r, "tombstone", 2);
        ret->tombstone[i].epoch = get_u64(r, "tombstone.epoch");
        get_exact(r, "tombstone.kid", ret->tombstone[i].kid, PAWL_KID);
        pawl_cbor_rd_leave(r, "tombstone");
    }
    pawl_cbor_rd_leave(r, "tombstones");
    ret->boot_id_n = pawl_cbor_rd_array(r, "boot_ids", PAWL_BOOT_IDS_MAX);
    for (size_t i = 0; i < ret->boot_id_n; i++)
        get_exact(r, "boot_id", ret->boot_id[i], PAWL_BOOT_ID);
    pawl_cbor_rd_leave(r, "boot_ids");
    get_exact(r, "last_th1", ret->last_th1, sizeof(ret->last_th1));
    ret->last_base_epoch = get_u64(r, "last_base_epoch");
    get_exact(r, "last_base_kid", ret->last_base_kid, sizeof(ret->last_base_kid));
    ret->accepted_ms = get_ms(r, "accepted_ms");
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
    ret->attested_hi = get_u64(r, "attested_hi");
    ret->received_hi = get_u64(r, "received_hi");
    ret->unattested_hi = get_u64(r, "unattested_hi");
    ret->unknown_n = pawl_cbor_rd_array(r, "unknown",
                                        sizeof(ret->unknown) / sizeof(ret->unknown[0]));
    for (size_t i = 0; i < ret->unknown_n; i++) {
        pawl_cbor_rd_array_of(r, "unknown", 2);
        ret->unknown[i].lo = get_u64(r, "unknown.lo");
        ret->unknown[i].hi = get_u64(r, "unknown.hi");
        pawl_cbor_rd_leave(r, "unknown");
    }
    pawl_cbor_rd_leave(r, "unknown");
    ret->receipt_n = pawl_cbor_rd_array(r, "receipts", RATCHET_RECEIPTS);
    for (size_t i = 0; i < ret->receipt_n; i++)
        get_exact(r, "receipt", ret->receipt[i], sizeof(ret->receipt[i]));
    pawl_cbor_rd_leave(r, "receipts");
    ret->queue_n = pawl_cbor_rd_array(r, "queues", RATCHET_QUEUES);
    for (size_t i = 0; i < ret->queue_n; i++) {
        struct queue_seen *q = &ret->queue[i];

        pawl_cbor_rd_array_of(r, "queue", 3);
        q->incarnation = (uint32_t)pawl_cbor_rd_uint(r, "queue.incarnation", UINT32_MAX);
        q->hi = (uint32_t)pawl_cbor_rd_uint(r, "queue.hi", UINT32_MAX);
        get_exact(r, "queue.below", q->below, sizeof(q->below));
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
    put_ms(w, r->down_gen_ms);
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

    ret->down_next = get_u64(r, "down_next");
    ret->down_attested = get_u64(r, "down_attested");
    ret->down_gen_start = get_u64(r, "down_gen_start");
    ret->down_epoch_start = get_u64(r, "down_epoch_start");
    ret->down_gen_sent = (unsigned)pawl_cbor_rd_uint(r, "down_gen_sent", PAWL_GEN_MESSAGES);
    ret->down_gen_ms = get_ms(r, "down_gen_ms");
    *ret_use = get_present(r, "down_use", DOWN_USE_N);
    if (!*ret_use)
        return;
    u->dir = PAWL_DOWN;
    u->epoch = get_u64(r, "down_use.epoch");
    u->gen = (uint32_t)pawl_cbor_rd_uint(r, "down_use.gen", UINT32_MAX);
    u->suite = (uint16_t)pawl_cbor_rd_uint(r, "down_use.suite", UINT16_MAX);
    get_exact(r, "down_use.kid", u->kid, sizeof(u->kid));
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
    put_ms(w, i->opened_ms);
    pawl_cbor_wr_uint(w, i->before);
    pawl_cbor_wr_bool(w, i->waits);
    pawl_cbor_wr_bool(w, i->by_person);
    pawl_cbor_wr_uint(w, i->proofs);
    pawl_cbor_wr_bool(w, i->tainted);
    pawl_cbor_wr_uint(w, i->taint_lo);
    put_ms(w, i->taint_ms);
    pawl_cbor_wr_uint(w, i->forged);
    pawl_cbor_wr_uint(w, i->genuine);
    pawl_cbor_wr_uint(w, i->unattested);
}

static void get_incident(struct pawl_cbor_rd *r, struct incident *ret)
{
    if (!get_present(r, "incident", INCIDENT_N))
        return;
    ret->state = (enum incident_state)pawl_cbor_rd_uint(r, "incident.state", INCIDENT_CLOSED);
    if (ret->state == INCIDENT_ABSENT) /* that is null */
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "incident.state");
    ret->kind = (enum incident_kind)pawl_cbor_rd_uint(r, "incident.kind", INCIDENT_KIND_COUNT - 1);
    ret->severity = (enum severity)pawl_cbor_rd_uint(r, "incident.severity", SEVERITY_CRITICAL);
    ret->epoch = get_u64(r, "incident.epoch");
    ret->rules = (unsigned)pawl_cbor_rd_uint(r, "incident.rules", (1u << RULE_COUNT) - 1);
    ret->opened_ms = get_ms(r, "incident.opened_ms");
    ret->before = get_u64(r, "incident.before");
    ret->waits = pawl_cbor_rd_bool(r, "incident.waits");
    ret->by_person = pawl_cbor_rd_bool(r, "incident.by_person");
    ret->proofs = (unsigned)pawl_cbor_rd_uint(r, "incident.proofs", UINT32_MAX);
    ret->tainted = pawl_cbor_rd_bool(r, "incident.tainted");
    ret->taint_lo = get_u64(r, "incident.taint_lo");
    ret->taint_ms = get_ms(r, "incident.taint_ms");
    ret->forged = get_u64(r, "incident.forged");
    ret->genuine = get_u64(r, "incident.genuine");
    ret->unattested = get_u64(r, "incident.unattested");
    pawl_cbor_rd_leave(r, "incident");
}

enum { RATCHET_N = 31 };

static void put_ratchet(struct pawl_wr *w, const struct ratchet *r)
{
    pawl_cbor_wr_array(w, RATCHET_N);
    pawl_cbor_wr_uint(w, ROW_FORM);
    put_root(w, &r->current, NULL);
    put_root(w, &r->pending, &r->current);
    put_tripwire(w, &r->old, &r->current);
    put_ms(w, r->promoted_ms);
    put_history(w, r);
    put_uplink(w, r);
    put_downlink(w, r);
    put_ms(w, r->resync_auto_ms);
    pawl_cbor_wr_bool(w, r->may_resync);
    pawl_cbor_wr_bool(w, r->rekey_demanded);
    put_incident(w, &r->incident);
    pawl_cbor_wr_uint(w, r->clean_hi);
    put_ms(w, r->clean_ms);
    pawl_cbor_wr_bool(w, r->hedge.n != 0);
}

static pawl_status get_ratchet(struct pawl_view clear, struct ratchet *ret, unsigned *ret_form,
                               bool *ret_use, bool *ret_hedge, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(clear);

    pawl_cbor_rd_array_of(&r, "ratchet", RATCHET_N);
    *ret_form = get_form(&r);
    get_root(&r, "current", &ret->current, NULL);
    get_root(&r, "pending", &ret->pending, &ret->current);
    get_tripwire(&r, &ret->old, &ret->current);
    ret->promoted_ms = get_ms(&r, "promoted_ms");
    get_history(&r, ret);
    get_uplink(&r, ret);
    get_downlink(&r, ret, ret_use);
    ret->resync_auto_ms = get_ms(&r, "resync_auto_ms");
    ret->may_resync = pawl_cbor_rd_bool(&r, "may_resync");
    ret->rekey_demanded = pawl_cbor_rd_bool(&r, "rekey_demanded");
    get_incident(&r, &ret->incident);
    ret->clean_hi = get_u64(&r, "clean_hi");
    ret->clean_ms = get_ms(&r, "clean_ms");
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

    while (!w->full && (n < FILL_MIN || n % FILL_STEP)) {
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
    const struct owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "ratchet",
                             r->current.epoch };
    SEALED             room = { 0 };
    uint8_t            b[RATCHET_ROW_MAX];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_view   clear;

    put_ratchet(&w, r);
    PAWL_TRY(pawl_wr_end(&w, o.field, &clear, err));
    PAWL_TRY(row_begin(clear, &room, &w, err));
    put_root_keys(&w, &r->current);
    put_pending_keys(&w, &r->pending);
    if (r->old.present)
        put_key(&w, &r->old.up.gk);
    if (r->down_use.uk.n)
        put_key(&w, &r->down_use.uk);
    if (r->hedge.n)
        put_key(&w, &r->hedge);
    put_fill(&w, clear.n);
    return row_end(&o, clear, &w, ret, cap, ret_n, err);
}

pawl_status ratchet_read(const struct keys *k, struct pawl_view tenant,
                         const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                         struct ratchet *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(ratchet_wipe) struct ratchet r = { 0 };
    struct owner     o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "ratchet", 0 };
    SEALED           room = { 0 };
    struct pawl_view clear, sealed;
    struct pawl_rd   rd;
    unsigned         form;
    bool             down_use, hedge;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_ratchet(clear, &r, &form, &down_use, &hedge, err));
    o.epoch = r.current.epoch;
    PAWL_TRY(row_open(&o, form, clear, sealed, &room, &rd, err));
    get_root_keys(&rd, &r.current);
    PAWL_TRY(pawl_under(err, o.field, get_pending_keys(&rd, form, &r.pending, err)));
    if (r.old.present)
        get_key(&rd, "old.up.gk", &r.old.up.gk);
    if (down_use)
        get_use_key(&rd, "down_use.uk", &r.down_use.uk);
    if (hedge)
        get_use_key(&rd, "hedge", &r.hedge);
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
    struct owner     o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "ratchet", 0 };
    struct pawl_view clear, sealed;
    unsigned         form;
    bool             down_use, hedge;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_ratchet(clear, &r, &form, &down_use, &hedge, err));
    o.epoch = r.current.epoch;
    return row_rewrap(&o, clear, sealed, ret, cap, ret_n, err);
}

/* ---- a generation --------------------------------------------------------------------------- */

enum { GENERATION_N = 15 };

static void put_leaves(struct pawl_wr *w, const struct generation *g)
{
    uint8_t        b[PAWL_GEN_MESSAGES * PAWL_LEAF];
    struct pawl_wr leaves = pawl_wr_to(b, sizeof(b));

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++)
        if ((g->have | g->known) >> i & 1)
            pawl_wr_bytes(&leaves, PAWL_VIEW_OF(g->leaf[i]));
    pawl_cbor_wr_bytes(w, pawl_view(leaves.p, leaves.n));
}

/* One for each slot that was received or is attested, in order. */
static void get_leaves(struct pawl_cbor_rd *r, struct generation *ret)
{
    struct pawl_view v = pawl_cbor_rd_bytes(r, "leaves", 0, sizeof(ret->leaf));
    struct pawl_rd   leaves = pawl_rd_from(v);

    for (unsigned i = 0; i < PAWL_GEN_MESSAGES; i++) {
        if (!((ret->have | ret->known) >> i & 1))
            continue;
        struct pawl_view leaf = pawl_rd_bytes(&leaves, "leaves", PAWL_LEAF);
        if (leaf.n)
            memcpy(ret->leaf[i], leaf.p, leaf.n);
    }
    if (leaves.bad || leaves.left)
        pawl_cbor_rd_fail(r, PAWL_E_RANGE, "leaves");
}

static void put_generation(struct pawl_wr *w, const struct generation *g)
{
    pawl_cbor_wr_array(w, GENERATION_N);
    pawl_cbor_wr_uint(w, ROW_FORM);
    pawl_cbor_wr_uint(w, g->dir);
    pawl_cbor_wr_uint(w, g->epoch);
    pawl_cbor_wr_uint(w, g->gen);
    pawl_cbor_wr_uint(w, g->first_seq);
    pawl_cbor_wr_uint(w, g->have);
    pawl_cbor_wr_uint(w, g->known);
    pawl_cbor_wr_uint(w, g->named);
    put_leaves(w, g);
    pawl_cbor_wr_bool(w, g->attested);
    pawl_cbor_wr_uint(w, g->last_seq);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(g->digest));
    pawl_cbor_wr_bool(w, g->clean);
    put_ms(w, g->seen_ms);
    if (!g->use.uk.n) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, 2);
    pawl_cbor_wr_uint(w, g->use.suite);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(g->use.kid));
}

static pawl_status get_generation(struct pawl_view clear, struct generation *ret,
                                  unsigned *ret_form, bool *ret_use, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(clear);

    pawl_cbor_rd_array_of(&r, "generation", GENERATION_N);
    *ret_form = get_form(&r);
    ret->dir = (enum pawl_dir)pawl_cbor_rd_uint(&r, "dir", PAWL_DOWN);
    ret->epoch = get_u64(&r, "epoch");
    ret->gen = (uint32_t)pawl_cbor_rd_uint(&r, "gen", UINT32_MAX);
    ret->first_seq = get_u64(&r, "first_seq");
    ret->have = get_u64(&r, "have");
    ret->known = get_u64(&r, "known");
    ret->named = get_u64(&r, "named");
    get_leaves(&r, ret);
    ret->attested = pawl_cbor_rd_bool(&r, "attested");
    ret->last_seq = get_u64(&r, "last_seq");
    get_exact(&r, "digest", ret->digest, sizeof(ret->digest));
    ret->clean = pawl_cbor_rd_bool(&r, "clean");
    ret->seen_ms = get_ms(&r, "seen_ms");
    *ret_use = get_present(&r, "use", 2);
    if (*ret_use) {
        ret->use.dir = ret->dir;
        ret->use.epoch = ret->epoch;
        ret->use.gen = ret->gen;
        ret->use.suite = (uint16_t)pawl_cbor_rd_uint(&r, "use.suite", UINT16_MAX);
        get_exact(&r, "use.kid", ret->use.kid, sizeof(ret->use.kid));
        pawl_cbor_rd_leave(&r, "use");
    }
    pawl_cbor_rd_leave(&r, "generation");
    return pawl_under(err, "generation", pawl_cbor_rd_end(&r, err));
}

pawl_status generation_write(const struct keys *k, struct pawl_view tenant,
                             const uint8_t device_id[PAWL_DEVICE_ID], const struct generation *g,
                             uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    const struct owner o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "generation",
                             g->epoch };
    SEALED             room = { 0 };
    uint8_t            b[GENERATION_ROW_MAX];
    struct pawl_wr     w = pawl_wr_to(b, sizeof(b));
    struct pawl_view   clear;

    put_generation(&w, g);
    PAWL_TRY(pawl_wr_end(&w, o.field, &clear, err));
    PAWL_TRY(row_begin(clear, &room, &w, err));
    if (g->use.uk.n)
        put_key(&w, &g->use.uk);
    return row_end(&o, clear, &w, ret, cap, ret_n, err);
}

pawl_status generation_read(const struct keys *k, struct pawl_view tenant,
                            const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                            struct generation *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation g = { 0 };
    struct owner     o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "generation", 0 };
    SEALED           room = { 0 };
    struct pawl_view clear, sealed;
    struct pawl_rd   rd;
    unsigned         form;
    bool             use;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_generation(clear, &g, &form, &use, err));
    o.epoch = g.epoch;
    PAWL_TRY(row_open(&o, form, clear, sealed, &room, &rd, err));
    if (use)
        get_use_key(&rd, "use.uk", &g.use.uk);
    PAWL_TRY(pawl_under(err, o.field, pawl_rd_end(&rd, err)));
    *ret = g;
    return pawl_ok();
}

pawl_status generation_rewrap(const struct keys *k, struct pawl_view tenant,
                              const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_view in,
                              uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err)
{
    PAWL_CLEANUP(generation_wipe) struct generation g = { 0 };
    struct owner     o = { k, tenant, pawl_view(device_id, PAWL_DEVICE_ID), "generation", 0 };
    struct pawl_view clear, sealed;
    unsigned         form;
    bool             use;

    PAWL_TRY(row_split(o.field, in, &clear, &sealed, err));
    PAWL_TRY(get_generation(clear, &g, &form, &use, err));
    o.epoch = g.epoch;
    return row_rewrap(&o, clear, sealed, ret, cap, ret_n, err);
}
