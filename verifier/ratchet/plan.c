/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next ratchet. Every rule is one function on a value; nothing here reads a clock, a key or the
 * store.
 */

#include "ratchet/plan.h"

#include <endian.h>
#include <string.h>

/* Grants on one base that follow each other at once: answers get lost, and nobody loses more. */
#define REKEY_REPEATS 4

/* How far one snapshot may move a position: whoever once commanded the TPM must leave slots to
 * those who come after. */
#define SLOT_SKIP_MAX (UINT64_C(1) << 32)

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* a + b, or the end of the numbers. */
static uint64_t plus(uint64_t a, uint64_t b)
{
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

static bool is_kid(const uint8_t kid[PAWL_KID], struct pawl_view v)
{
    return pawl_view_equal(pawl_view(kid, PAWL_KID), v);
}

/* ---- bases ---------------------------------------------------------------------------------- */

static bool is_root(const struct epoch_root *root, uint64_t epoch, struct pawl_view kid)
{
    return root->present && root->epoch == epoch && is_kid(root->kid, kid);
}

static bool has_tombstone(const struct ratchet *r, struct pawl_view kid)
{
    for (size_t i = 0; i < r->tombstone_n; i++)
        if (is_kid(r->tombstone[i].kid, kid))
            return true;
    return false;
}

enum base_kind ratchet_base(const struct ratchet *r, uint64_t epoch, struct pawl_view kid)
{
    if (epoch == 0)
        return BASE_NONE;
    if (is_root(&r->current, epoch, kid))
        return BASE_CURRENT;
    if (is_root(&r->pending, epoch, kid))
        return BASE_PENDING;
    if ((r->current.present && epoch < r->current.epoch) || has_tombstone(r, kid))
        return BASE_USED;
    return BASE_UNKNOWN;
}

const struct epoch_root *ratchet_root(const struct ratchet *r, enum base_kind k)
{
    if (k == BASE_CURRENT)
        return &r->current;
    return k == BASE_PENDING ? &r->pending : NULL;
}

/* ---- roots ---------------------------------------------------------------------------------- */

static void root_wipe(struct epoch_root *root)
{
    pawl_wipe(root, sizeof(*root));
}

/* Of the epoch that ends only the tripwire is left: the next generation of its uplink. */
static void keep_tripwire(struct ratchet *r)
{
    const struct epoch_root *c = &r->current;

    root_wipe(&r->old);
    r->old.present = c->present;
    r->old.epoch = c->epoch;
    memcpy(r->old.kid, c->kid, sizeof(r->old.kid));
    r->old.suite = c->suite;
    memcpy(r->old.verifier_id, c->verifier_id, sizeof(r->old.verifier_id));
    r->old.up = c->up;
}

/* The new epoch has sent nothing yet. */
static void begin_downlink(struct ratchet *r)
{
    r->down_gen_start = 0;
    r->down_epoch_start = 0;
    r->down_gen_sent = 0;
    r->down_gen_ms = 0;
    pawl_use_wipe(&r->down_use);
}

/* What let the device come back is used up. */
static void spend_leave(struct ratchet *r, int64_t now_ms)
{
    if (r->current.by_auto)
        r->resync_auto_ms = now_ms;
    else
        r->may_resync = false;
}

/* The keys that an incident is about are in use. */
static bool has_stolen_keys(const struct ratchet *r)
{
    return r->incident.state == INCIDENT_OPEN && incident_is_red(&r->incident) &&
           r->incident.epoch >= r->current.epoch;
}

void ratchet_promote(struct ratchet *r, int64_t now_ms)
{
    if (!r->pending.present)
        return;
    keep_tripwire(r);
    root_wipe(&r->current);
    r->current = r->pending;
    pawl_secret_wipe(&r->current.root); /* its keys go ways of their own (P-KS-4) */
    root_wipe(&r->pending);
    begin_downlink(r);
    r->promoted_ms = now_ms;
    r->rekey_demanded = has_stolen_keys(r);
    if (r->current.resync)
        spend_leave(r, now_ms);
}

void ratchet_discard_pending(struct ratchet *r)
{
    if (!r->pending.present)
        return;
    memmove(r->tombstone + 1, r->tombstone, sizeof(r->tombstone) - sizeof(r->tombstone[0]));
    r->tombstone[0].epoch = r->pending.epoch;
    memcpy(r->tombstone[0].kid, r->pending.kid, PAWL_KID);
    if (r->tombstone_n < PAWL_TOMBSTONES_MAX)
        r->tombstone_n++;
    root_wipe(&r->pending);
}

bool ratchet_is_over(const struct epoch_root *r, int64_t now_ms)
{
    return r->present &&
           (now_ms - r->made_ms > PAWL_EPOCH_HARD_MS || r->slots >= PAWL_EPOCH_HARD_SLOTS);
}

void ratchet_drop_pending(struct ratchet *r)
{
    root_wipe(&r->pending);
}

void ratchet_grant(struct ratchet *r, const struct pawl_root *root, uint16_t suite,
                   const uint8_t verifier_id[PAWL_VERIFIER_ID], uint64_t attempt, int64_t now_ms,
                   bool resync, bool by_auto)
{
    struct epoch_root *p = &r->pending;

    ratchet_discard_pending(r);
    p->present = true;
    p->epoch = root->epoch;
    memcpy(p->kid, root->kid, sizeof(p->kid));
    p->suite = suite;
    memcpy(p->verifier_id, verifier_id, sizeof(p->verifier_id));
    p->attempt = attempt;
    p->made_ms = now_ms;
    p->resync = resync;
    p->by_auto = by_auto;
    p->root = root->root;
    p->rk = root->rk;
    p->k_auth = root->k_auth;
    p->exporter = root->exporter;
    p->up = root->up;
    p->down = root->down;
    r->down_next = larger(r->down_next, 1);
}

/* ---- requests ------------------------------------------------------------------------------- */

bool ratchet_is_fork(const struct ratchet *r, uint64_t attempt, uint64_t last_attempt,
                     uint64_t base_epoch, struct pawl_view base_kid, const uint8_t th1[32])
{
    return base_epoch != 0 && r->accepted_ms != 0 && attempt == last_attempt &&
           base_epoch == r->last_base_epoch && is_kid(r->last_base_kid, base_kid) &&
           memcmp(th1, r->last_th1, sizeof(r->last_th1)) != 0;
}

/* Where it stands in the list of the last ones; boot_id_n if it does not. */
static size_t find_boot(const struct ratchet *r, struct pawl_view boot_id)
{
    for (size_t i = 0; i < r->boot_id_n; i++)
        if (pawl_view_equal(PAWL_VIEW_OF(r->boot_id[i]), boot_id))
            return i;
    return r->boot_id_n;
}

bool ratchet_boot_returns(const struct ratchet *r, struct pawl_view boot_id)
{
    size_t at = find_boot(r, boot_id);

    return at > 0 && at < r->boot_id_n;
}

/* The present one comes first, each stands once. */
static void note_boot(struct ratchet *r, struct pawl_view boot_id)
{
    size_t at = find_boot(r, boot_id);

    if (at == r->boot_id_n && r->boot_id_n < PAWL_BOOT_IDS_MAX)
        r->boot_id_n++;
    if (at == PAWL_BOOT_IDS_MAX)
        at--;
    memmove(r->boot_id + 1, r->boot_id, at * sizeof(r->boot_id[0]));
    memcpy(r->boot_id[0], boot_id.p, PAWL_BOOT_ID);
}

void ratchet_accept(struct ratchet *r, enum base_kind base, const struct pawl_a1 *a1,
                    const uint8_t th1[32], int64_t now_ms)
{
    if (base == BASE_PENDING)
        ratchet_promote(r, now_ms);
    else if (base == BASE_CURRENT)
        ratchet_discard_pending(r);
    note_boot(r, a1->boot_id);
    memcpy(r->last_th1, th1, sizeof(r->last_th1));
    r->last_base_epoch = a1->base_epoch;
    memcpy(r->last_base_kid, a1->base_kid.p, sizeof(r->last_base_kid));
    r->accepted_ms = now_ms;
}

/* ---- positions ------------------------------------------------------------------------------ */

static bool knows_receipt(const struct ratchet *r, struct pawl_view hash)
{
    for (size_t i = 0; i < r->receipt_n; i++)
        if (pawl_view_equal(PAWL_VIEW_OF(r->receipt[i]), hash))
            return true;
    return hash.n == 0;
}

/* A range that no longer fits ends a time that nobody judges: never the other way round. */
static void note_unknown(struct ratchet *r, struct pawl_range range)
{
    const size_t max = sizeof(r->unknown) / sizeof(r->unknown[0]);

    if (range.lo > r->attested_hi)
        return;
    range.hi = smaller(range.hi, r->attested_hi);
    for (size_t i = 0; i < r->unknown_n; i++)
        if (r->unknown[i].lo == range.lo && r->unknown[i].hi == range.hi)
            return;
    if (r->unknown_n == max) {
        r->unattested_hi = larger(r->unattested_hi, r->unknown[0].hi);
        memmove(r->unknown, r->unknown + 1, (max - 1) * sizeof(r->unknown[0]));
        r->unknown_n--;
    }
    r->unknown[r->unknown_n++] = range;
}

/* Up to which slot no log speaks. An enrolment, or a resync without a log: all that was attested;
 * once the epoch that they made is in use, up to its first slot. When the device leaves out
 * generations under a receipt that we do not know, our store went back: up to the first one that it
 * lists. */
static uint64_t unattested(const struct ratchet *r, const struct pawl_a1 *a1)
{
    const struct pawl_snd *snd = &a1->snd;
    bool                   enrols = a1->label == PAWL_LABEL_ENROL;
    bool                   anew = enrols || a1->label == PAWL_LABEL_RESYNC;
    uint64_t               hi = 0;

    if (enrols || (anew && snd->gen_n == 0))
        hi = larger(snd->seq_hi, r->attested_hi);
    if (!anew && r->current.resync && snd->epoch == r->current.epoch)
        hi = snd->epoch_start_seq ? snd->epoch_start_seq - 1 : snd->seq_hi;
    if (!knows_receipt(r, a1->receipt.receipt))
        hi = larger(hi, snd->gen_n && snd->gens[0].first_seq ? snd->gens[0].first_seq - 1
                                                             : snd->seq_hi);
    return hi;
}

/* E2 needs no message of the new epoch: a device that holds it sends nothing more under the old
 * one. What is attested wins over what a message said: that may have been anybody's. */
static void note_epoch_start(struct epoch_root *current, const struct pawl_snd *snd)
{
    if (!current->present || snd->epoch != current->epoch)
        return;
    if (snd->epoch_start_seq)
        current->epoch_start_seq = snd->epoch_start_seq;
    else
        current->epoch_start_seq = larger(current->epoch_start_seq, plus(snd->seq_hi, 1));
}

bool ratchet_attested(struct ratchet *r, const struct pawl_a1 *a1)
{
    uint64_t down = a1->rcv.seq_hi;
    bool     ahead = down >= larger(r->down_next, 1);

    if (a1->snd.seq_hi > r->attested_hi)
        r->attested_hi += smaller(a1->snd.seq_hi - r->attested_hi, SLOT_SKIP_MAX);
    /* A snapshot speaks of slots up to its own: it excuses none that is still to come. */
    r->unattested_hi = larger(r->unattested_hi, smaller(unattested(r, a1), r->attested_hi));
    for (size_t i = 0; i < a1->snd.unknown_n; i++)
        note_unknown(r, a1->snd.unknown[i]);
    note_epoch_start(&r->current, &a1->snd);
    if (ahead)
        r->down_next = down - r->down_next >= SLOT_SKIP_MAX ? plus(r->down_next, SLOT_SKIP_MAX)
                                                            : plus(down, 1);
    r->down_attested = larger(r->down_attested, down);
    return ahead;
}

void ratchet_forgot(struct ratchet *r, const struct pawl_a1 *a1)
{
    if (!knows_receipt(r, a1->receipt.receipt))
        r->unattested_hi = larger(r->unattested_hi, smaller(a1->snd.seq_hi, r->attested_hi));
}

uint64_t ratchet_ceiling(const struct ratchet *r)
{
    return plus(r->attested_hi, PAWL_SLOT_CEILING);
}

uint64_t ratchet_floor_up(const struct ratchet *r)
{
    return plus(ratchet_ceiling(r), 1);
}

uint64_t ratchet_floor_down(const struct ratchet *r)
{
    return larger(r->down_next, 1);
}

/* ---- epochs --------------------------------------------------------------------------------- */

uint64_t ratchet_known_epoch(const struct ratchet *r)
{
    return larger(r->current.epoch, r->pending.epoch);
}

bool ratchet_takes_epoch(const struct ratchet *r, uint64_t epoch)
{
    uint64_t known = ratchet_known_epoch(r);

    return epoch > known && epoch - larger(known, 1) <= PAWL_EPOCH_SKIP_MAX;
}

/* Roots that were granted on the current one and discarded. */
static unsigned repeats(const struct ratchet *r)
{
    unsigned n = 0;

    for (size_t i = 0; i < r->tombstone_n; i++)
        n += r->tombstone[i].epoch == r->current.epoch + 1;
    return n;
}

int64_t ratchet_rekey_wait(const struct ratchet *r, enum base_kind base, int64_t now_ms)
{
    const struct epoch_root *last = ratchet_root(r, base);

    if (!last)
        return 0;
    if (base == BASE_CURRENT && r->pending.present) {
        if (repeats(r) < REKEY_REPEATS)
            return 0;
        last = &r->pending;
    } else if (r->rekey_demanded) {
        return 0;
    }
    int64_t age = now_ms - last->made_ms;
    return age >= 0 && age < PAWL_REKEY_MIN_MS ? PAWL_REKEY_MIN_MS - age : 0;
}

/* ---- resync --------------------------------------------------------------------------------- */

enum resync_leave ratchet_resync(const struct ratchet *r, enum base_kind base, uint64_t base_epoch,
                                 bool appraised_well, bool allow_auto, int64_t now_ms)
{
    if (base == BASE_CURRENT || base == BASE_PENDING)
        return RESYNC_DENIED;
    if (r->may_resync)
        return RESYNC_BY_OPERATOR;
    if (base == BASE_USED || !allow_auto || incident_is_red(&r->incident))
        return RESYNC_DENIED;
    if (r->resync_auto_ms && now_ms - r->resync_auto_ms < PAWL_RESYNC_AUTO_MS)
        return RESYNC_DENIED;
    if (base == BASE_NONE)
        return appraised_well ? RESYNC_BY_RULE : RESYNC_DENIED;
    return base_epoch > r->current.epoch ? RESYNC_BY_RULE : RESYNC_DENIED;
}

/* ---- incidents ------------------------------------------------------------------------------ */

uint64_t ratchet_epoch_of(const struct ratchet *r, uint64_t epoch)
{
    if (epoch && epoch <= ratchet_known_epoch(r))
        return epoch;
    return r->current.present ? r->current.epoch : r->pending.epoch;
}

static struct incident_at place_of(const struct ratchet *r, uint64_t epoch, int64_t now_ms)
{
    return (struct incident_at){ .epoch = ratchet_epoch_of(r, epoch),
                                 .current = r->current.epoch,
                                 .clean_hi = r->clean_hi,
                                 .clean_ms = r->clean_ms,
                                 .now_ms = now_ms };
}

bool ratchet_incident(struct ratchet *r, enum rule rule, uint64_t epoch, int64_t now_ms)
{
    const struct incident_at at = place_of(r, epoch, now_ms);
    const bool               again = r->incident.by_person && r->incident.epoch == at.epoch;

    if (rule != RULE_BACK && at.epoch >= r->current.epoch)
        r->rekey_demanded = true;
    bool opens = incident_add(&r->incident, rule, &at);
    /* Whoever gave it knew nothing of this one, and the root that it makes would close it. */
    if (opens && !again && rule != RULE_BACK)
        r->may_resync = false;
    return opens;
}

bool ratchet_opens(const struct ratchet *r, enum rule rule, uint64_t epoch)
{
    const struct incident_at at = place_of(r, epoch, 0);
    struct incident          copy = r->incident;

    return incident_add(&copy, rule, &at);
}

void ratchet_clean(struct ratchet *r, uint64_t highest, int64_t now_ms)
{
    r->clean_hi = r->attested_hi;
    if (highest <= r->attested_hi) /* else some of what is not clean came before */
        r->clean_ms = now_ms;
}

/* ---- the device's queue --------------------------------------------------------------------- */

static struct queue_seen *find_queue(struct ratchet *r, uint32_t incarnation)
{
    for (size_t i = 0; i < r->queue_n; i++)
        if (r->queue[i].incarnation == incarnation)
            return &r->queue[i];
    return NULL;
}

static void add_queue(struct ratchet *r, uint32_t incarnation, uint32_t count)
{
    memmove(r->queue + 1, r->queue, sizeof(r->queue) - sizeof(r->queue[0]));
    r->queue[0] = (struct queue_seen){ .incarnation = incarnation, .hi = count };
    if (r->queue_n < RATCHET_QUEUES)
        r->queue_n++;
}

static bool queue_bit(const struct queue_seen *q, uint32_t i)
{
    return q->below[i / 8] >> i % 8 & 1;
}

/* Bits 64 * i and on. */
static uint64_t word_of(const struct queue_seen *q, uint32_t i)
{
    uint64_t w;

    memcpy(&w, q->below + 8 * i, sizeof(w));
    return le64toh(w);
}

/* A new highest count: what is behind moves down, and the old highest is the first of it. Every
 * message does that, so it goes by words. */
static void raise_queue(struct queue_seen *q, uint32_t count)
{
    struct queue_seen next = { .incarnation = q->incarnation, .hi = count };
    uint32_t          by = count - q->hi, words = by / 64, bits = by % 64;

    for (uint32_t i = words; i < RATCHET_IDS / 64; i++) {
        uint64_t w = word_of(q, i - words) << bits;
        if (bits && i > words)
            w |= word_of(q, i - words - 1) >> (64 - bits);
        w = htole64(w);
        memcpy(next.below + 8 * i, &w, sizeof(w));
    }
    if (by <= RATCHET_IDS)
        next.below[(by - 1) / 8] |= (uint8_t)(1u << (by - 1) % 8);
    *q = next;
}

bool ratchet_id_seen(struct ratchet *r, uint64_t id)
{
    uint32_t           count = (uint32_t)id;
    struct queue_seen *q = find_queue(r, (uint32_t)(id >> 32));

    if (!q) {
        add_queue(r, (uint32_t)(id >> 32), count);
        return false;
    }
    if (count > q->hi) {
        raise_queue(q, count);
        return false;
    }
    if (count == q->hi)
        return true;
    /* Far behind what an honest device repeats: somebody ran ahead in its name. Rather twice than
     * never. */
    if (q->hi - 1 - count >= RATCHET_IDS) {
        *q = (struct queue_seen){ .incarnation = q->incarnation, .hi = count };
        return false;
    }
    if (queue_bit(q, q->hi - 1 - count))
        return true;
    uint32_t i = q->hi - 1 - count;
    q->below[i / 8] |= (uint8_t)(1u << i % 8);
    return false;
}

/* The next lower one that came takes the place of the highest; without one the queue is new. */
static void lower_queue(struct ratchet *r, struct queue_seen *q)
{
    struct queue_seen next = { .incarnation = q->incarnation };
    uint32_t          by = 0;

    while (by < RATCHET_IDS && !queue_bit(q, by))
        by++;
    if (by == RATCHET_IDS) {
        memmove(q, q + 1, (size_t)(&r->queue[--r->queue_n] - q) * sizeof(*q));
        return;
    }
    next.hi = q->hi - 1 - by;
    for (uint32_t i = by + 1; i < RATCHET_IDS; i++)
        if (queue_bit(q, i))
            next.below[(i - by - 1) / 8] |= (uint8_t)(1u << (i - by - 1) % 8);
    *q = next;
}

void ratchet_id_forget(struct ratchet *r, uint64_t id)
{
    uint32_t           count = (uint32_t)id;
    struct queue_seen *q = find_queue(r, (uint32_t)(id >> 32));

    if (!q || count > q->hi || q->hi - count > RATCHET_IDS)
        return;
    if (count < q->hi)
        q->below[(q->hi - 1 - count) / 8] &= (uint8_t) ~(1u << (q->hi - 1 - count) % 8);
    else
        lower_queue(r, q);
}
