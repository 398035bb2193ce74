/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message: parse -> ceiling -> root by kid -> key of its generation -> open -> detect -> what
 * it says.
 *
 * Invariants
 *  1. Only a message that opened changes anything: the chain is advanced on a scratch copy first.
 *  2. A finding is in the step before the message has any effect (V4).
 *  3. What is dropped is not acknowledged: an honest device sends it again in another slot.
 *
 * Not here: which messages are handed on, and with what mark (uplink_feed.c).
 */

#include "flow/event.h"
#include "flow/uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/incident.h"
#include "flow/memory.h"
#include "ratchet/plan.h"

/* Of one epoch. A device rekeys at 160; who runs on with a stolen key fills no store. */
#define GENERATIONS_MAX 4096

void uplink_done(struct uplink *u)
{
    if (u->room)
        pawl_wipe(u->room, u->room_n);
    free(u->room);
    u->room = NULL;
}

/* A message on its way in. */
struct arrival {
    struct pawl_msg         m;
    struct epoch_root      *root;
    struct held_generation *g;     /* NULL: no row yet */
    const struct pawl_use  *use;   /* its key: that of g, or .. */
    struct pawl_use         ahead; /* .. that of a generation which nobody opened yet */
    bool                    said;  /* it says what one may say: uplink.content */
    uint8_t                 leaf[PAWL_LEAF];
};

static void arrival_wipe(struct arrival *a)
{
    pawl_use_wipe(&a->ahead);
}

/* ---- the key -------------------------------------------------------------------------------- */

static struct epoch_root *root_of(struct ratchet *r, const uint8_t kid[PAWL_KID])
{
    struct epoch_root *const roots[] = { &r->current, &r->pending, &r->old };

    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
        if (roots[i]->present && memcmp(roots[i]->kid, kid, PAWL_KID) == 0)
            return roots[i];
    return NULL;
}

/* The row of a generation; NULL if there is none. */
static pawl_status find_generation(struct held *h, uint64_t epoch, uint32_t gen,
                                   struct held_generation **ret, struct pawl_err *err)
{
    pawl_status s = held_generation(h, PAWL_UP, epoch, gen, false, ret, err);

    if (s.code != PAWL_E_ABSENT)
        return s;
    *ret = NULL;
    return pawl_ok();
}

/* inv. 1, P-VMSG-3: a generation that was not opened yet, from a copy of the chain. */
static pawl_status key_ahead(const struct uplink *u, struct arrival *a, bool *ret_there,
                             struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_chain_wipe) struct pawl_chain scratch = a->root->up;

    *ret_there = scratch.gk.n && a->m.gen - scratch.gen <= PAWL_GEN_SKIP_MAX - u->skipped;
    if (!*ret_there)
        return pawl_ok();
    PAWL_TRY(pawl_chain_skip(&scratch, a->m.gen, err));
    pawl_status s = pawl_chain_open(&scratch, a->root->suite, a->root->kid, &a->ahead, err);
    a->use = &a->ahead;
    *ret_there = s.code != PAWL_E_RANGE; /* the last number of an epoch is never opened */
    return *ret_there ? s : pawl_ok();
}

/* *ret_there false: unknown, or given up. */
static pawl_status find_key(struct uplink *u, struct arrival *a, bool *ret_there,
                            struct pawl_err *err)
{
    *ret_there = false;
    a->root = root_of(&u->h->r, a->m.kid);
    if (!a->root)
        return pawl_ok();
    PAWL_TRY(find_generation(u->h, a->root->epoch, a->m.gen, &a->g, err));
    if (a->m.gen >= a->root->up.gen)
        return key_ahead(u, a, ret_there, err);
    *ret_there = a->g && a->g->g.use.uk.n;
    if (!*ret_there)
        return pawl_ok();
    if (!a->g->g.use.prk.n)
        PAWL_TRY(pawl_use_ready(&a->g->g.use, err));
    a->use = &a->g->g.use;
    return pawl_ok();
}

static struct pawl_msg_scope scope_of(const struct uplink *u, const struct epoch_root *root)
{
    return (struct pawl_msg_scope){ .tenant = pawl_view_str(u->h->tenant),
                                    .device_id = PAWL_VIEW_OF(u->h->device_id),
                                    .verifier_id = PAWL_VIEW_OF(root->verifier_id) };
}

/* Into the room that is left. *ret_n 0: it did not open. */
static pawl_status open_it(struct uplink *u, struct arrival *a, size_t *ret_n, struct pawl_err *err)
{
    const struct pawl_msg_scope scope = scope_of(u, a->root);
    size_t                      n = 0;
    pawl_status s = pawl_msg_open(a->use, &scope, &a->m, u->room + u->used, u->room_n - u->used, &n,
                                  a->leaf, err);

    *ret_n = pawl_is_ok(s) ? n : 0;
    if (s.code == PAWL_E_FORGED || s.code == PAWL_E_DENIED)
        return pawl_ok();
    return s;
}

/* ---- may it still come? --------------------------------------------------------------------- */

/* Where a generation or epoch that ended is measured from, and since when. */
struct ended {
    uint64_t seq; /* 0: not known */
    int64_t  since_ms;
};

static bool is_past(const struct uplink *u, const struct ended *e, uint64_t seq)
{
    if (u->now_ms - e->since_ms > (int64_t)u->tenant->late_window_s * 1000)
        return true;
    return e->seq > seq && e->seq - seq > PAWL_SLOT_WINDOW;
}

/* A later generation of its epoch was opened. */
static bool has_newer(const struct arrival *a)
{
    return a->root->up.gen && a->m.gen < a->root->up.gen - 1;
}

/* P-VMSG-5: what is newest is never late, however far somebody else once ran ahead. */
static pawl_status is_late(struct uplink *u, const struct arrival *a, bool *ret,
                           struct pawl_err *err)
{
    const struct ratchet   *r = &u->h->r;
    struct held_generation *newest;

    *ret = false;
    if (a->root == &r->old) {
        *ret = is_past(u, &(struct ended){ r->current.epoch_start_seq, r->promoted_ms },
                       a->m.at.seq);
        return pawl_ok();
    }
    if (!a->g || !has_newer(a))
        return pawl_ok();
    PAWL_TRY(find_generation(u->h, a->root->epoch, a->root->up.gen - 1, &newest, err));
    *ret = is_past(u, &(struct ended){ newest ? newest->g.first_seq : 0, a->g->g.seen_ms },
                   a->m.at.seq);
    return pawl_ok();
}

/* P-VMSG-7. Of the epoch before nothing is counted any more: what is late decides. */
static bool is_past_hard_limit(const struct uplink *u, const struct arrival *a)
{
    if (!a->said || u->content.type != PAWL_CONTENT_APP || a->root == &u->h->r.old)
        return false;
    return ratchet_is_over(a->root, u->now_ms);
}

/* ---- detection ------------------------------------------------------------------------------ */

/* Of a generation of which nothing came yet. */
static void detect_first(struct uplink *u, const struct arrival *a, bool *ret_new)
{
    const struct generation none = { .epoch = a->root->epoch, .gen = a->m.gen };

    detect_message(&u->h->r, &none, NULL, a->m.at.seq, a->leaf, &u->found, ret_new);
}

static pawl_status detect(struct uplink *u, const struct arrival *a, bool *ret_new,
                          struct pawl_err *err)
{
    struct held_generation *newer = NULL;

    u->found.n = 0;
    if (!a->g) {
        detect_first(u, a, ret_new);
        return pawl_ok();
    }
    if (has_newer(a))
        PAWL_TRY(find_generation(u->h, a->root->epoch, a->m.gen + 1, &newer, err));
    detect_message(&u->h->r, &a->g->g, newer ? &newer->g : NULL, a->m.at.seq, a->leaf, &u->found,
                   ret_new);
    return pawl_ok();
}

/* Whether its slot is one of the generation's 64, and not attested as another message's. */
static bool may_note(const struct arrival *a)
{
    uint64_t first = a->g && a->g->g.first_seq ? a->g->g.first_seq : a->m.at.gen_start_seq;
    uint64_t i = a->m.at.seq - first;

    if (a->m.at.seq < first || i >= PAWL_GEN_MESSAGES)
        return false;
    return !a->g || !(a->g->g.known >> i & 1) || memcmp(a->g->g.leaf[i], a->leaf, PAWL_LEAF) == 0;
}

/* ---- taking it ------------------------------------------------------------------------------ */

/* The newest generation so far is only waited for from now on. */
static pawl_status supersede(struct uplink *u, const struct epoch_root *root, struct pawl_err *err)
{
    struct held_generation *g = NULL;

    if (root->up.gen)
        PAWL_TRY(find_generation(u->h, root->epoch, root->up.gen - 1, &g, err));
    if (g) {
        g->g.seen_ms = u->now_ms;
        g->changed = true;
    }
    return pawl_ok();
}

/* Opens all generations up to this one; those that were skipped keep their key for what is late. */
static pawl_status advance(struct uplink *u, struct epoch_root *root, uint32_t gen,
                           struct pawl_err *err)
{
    struct held_generation *one;

    PAWL_TRY(supersede(u, root, err));
    u->skipped += gen - root->up.gen;
    while (root->up.gen <= gen) {
        PAWL_TRY(held_generation(u->h, PAWL_UP, root->epoch, root->up.gen, true, &one, err));
        PAWL_TRY(pawl_chain_open(&root->up, root->suite, root->kid, &one->g.use, err));
        one->g.seen_ms = u->now_ms;
        one->changed = true;
    }
    return pawl_ok();
}

static pawl_status note(struct uplink *u, struct arrival *a, struct pawl_err *err)
{
    struct ratchet *r = &u->h->r;

    if (a->root == &r->pending) { /* V3 */
        ratchet_promote(r, u->now_ms);
        a->root = &r->current;
        PAWL_TRY(incident_healed(u->h, u->tenant, u->step, u->now_ms, err));
    }
    if (!a->root->epoch_start_seq)
        a->root->epoch_start_seq = a->m.at.epoch_start_seq;
    if (a->m.gen >= a->root->up.gen)
        PAWL_TRY(advance(u, a->root, a->m.gen, err));
    PAWL_TRY(held_generation(u->h, PAWL_UP, a->root->epoch, a->m.gen, false, &a->g, err));

    struct generation *g = &a->g->g;
    if (!g->first_seq)
        g->first_seq = a->m.at.gen_start_seq;
    uint64_t i = a->m.at.seq - g->first_seq;
    g->have |= UINT64_C(1) << i;
    memcpy(g->leaf[i], a->leaf, PAWL_LEAF);
    a->g->changed = true;
    a->root->slots++;
    if (a->m.at.seq > r->received_hi)
        r->received_hi = a->m.at.seq;
    return pawl_ok();
}

/* "facts: serial=.., model=..": claims, for people to read. */
static void say_facts(struct uplink *u, const struct pawl_content *c)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(c->facts);
    size_t              facts = pawl_cbor_rd_map(&r, "facts", PAWL_FACTS_MAX);
    size_t              n = (size_t)snprintf(u->facts, sizeof(u->facts), "facts:");

    for (size_t i = 0; i < facts && n < sizeof(u->facts); i++) {
        struct pawl_view key = pawl_cbor_rd_text(&r, "facts", PAWL_FACT_MAX);
        struct pawl_view value = pawl_cbor_rd_text(&r, "facts", PAWL_FACT_MAX);

        n += (size_t)snprintf(u->facts + n, sizeof(u->facts) - n, "%s %.*s=%.*s", i ? "," : "",
                              (int)key.n, (const char *)key.p, (int)value.n, (const char *)value.p);
    }
    for (char *s = u->facts; *s; s++)
        if ((unsigned char)*s < ' ' || *s == 0x7f)
            *s = '?';
    event_end(u->facts);
}

/* P-VMSG-10: an epoch that is over, or a message that is accused, takes nothing off the queue. */
static bool may_acknowledge(const struct uplink *u, const struct arrival *a)
{
    return a->root == &u->h->r.current && u->found.n == 0 && a->m.at.seq >= u->ack_at;
}

static struct inbox_head head_of(const struct uplink *u, const struct arrival *a)
{
    struct inbox_head h = {
        .epoch = a->root->epoch, .gen = a->m.gen, .seq = a->m.at.seq, .id = u->content.id
    };

    memcpy(h.leaf, a->leaf, sizeof(h.leaf));
    return h;
}

static pawl_status heed(struct uplink *u, const struct arrival *a, struct pawl_err *err)
{
    const struct pawl_content *c = &u->content;
    const struct inbox_head    head = head_of(u, a);

    switch (a->said ? c->type : PAWL_CONTENT_COUNT) {
    case PAWL_CONTENT_APP:
        return uplink_hand_on(u, &head, c->body, err);
    case PAWL_CONTENT_CONFIRM: /* that it opened under its root is all it says */
        break;
    case PAWL_CONTENT_ACK:
        if (may_acknowledge(u, a)) {
            u->ack_at = a->m.at.seq;
            u->ack = *c;
        }
        break;
    case PAWL_CONTENT_FACTS:
        say_facts(u, c);
        break;
    case PAWL_CONTENT_DEMAND: /* devices demand nothing */
    default:
        u->count.bad++;
        break;
    }
    return pawl_ok();
}

static void came(struct uplink *u, uint64_t seq)
{
    if (!u->lowest || seq < u->lowest)
        u->lowest = seq;
}

/* Under the epoch before, at or behind the first slot of this one, or denied by a snapshot already:
 * the device has no such message (P-VMSG-12). Slots of an epoch that is over are counted no more,
 * so that who still has its key may not fill the store either. */
static bool is_nobodys(const struct uplink *u, const struct arrival *a)
{
    const struct ratchet *r = &u->h->r;
    bool                  denied = false;

    for (size_t i = 0; i < u->found.n; i++)
        denied |= u->found.at[i].rule == RULE_E3;
    return a->root == &r->old &&
           (denied || (r->current.epoch_start_seq && a->m.at.seq >= r->current.epoch_start_seq));
}

/* It opened. What raises an incident is kept from nothing but the inbox (P-VMSG-12). */
static pawl_status judge(struct uplink *u, struct arrival *a, struct pawl_err *err)
{
    bool is_new, late, raised;

    PAWL_TRY(detect(u, a, &is_new, err));
    PAWL_TRY(is_late(u, a, &late, err));
    PAWL_TRY(
        incident_of(u->h, u->d, u->step, u->now_ms, &u->found, NULL, &raised, err)); /* inv. 2 */
    bool nobodys = is_nobodys(u, a);
    bool noted = is_new && !nobodys && may_note(a);
    if (!noted && !raised) {
        u->count.again++;
        if (!u->found.n)
            came(u, a->m.at.seq);
        return pawl_ok();
    }
    if (late && !raised) {
        u->count.late++;
        return pawl_ok();
    }
    if (is_past_hard_limit(u, a) && !raised) {
        u->count.over++;
        return pawl_ok();
    }
    if (nobodys) {
        u->accused = true;
        u->count.late++;
        return pawl_ok();
    }
    u->fresh = true;
    u->form = a->m.form;
    if (noted) {
        PAWL_TRY(note(u, a, err));
        came(u, a->m.at.seq);
    }
    u->count.taken++;
    return heed(u, a, err);
}

static pawl_status take_one(struct uplink *u, struct pawl_view cose, struct pawl_err *err)
{
    PAWL_CLEANUP(arrival_wipe) struct arrival a = { 0 };
    struct pawl_err                           ignored;
    bool                                      there;
    size_t                                    n;

    if (!pawl_is_ok(pawl_msg_parse(cose, &a.m, &ignored))) {
        u->count.bad++;
        return pawl_ok();
    }
    if (a.m.at.seq > ratchet_ceiling(&u->h->r) || a.m.gen >= GENERATIONS_MAX) {
        u->count.over++;
        return pawl_ok();
    }
    PAWL_TRY(find_key(u, &a, &there, err));
    if (!there) {
        u->count.unknown++;
        return pawl_ok();
    }
    PAWL_TRY(open_it(u, &a, &n, err));
    if (!n) {
        u->count.failed++;
        memory_open_failed(u->h->flow->memory, u->h->device_id, u->now_ms);
        return pawl_ok();
    }
    a.said = pawl_is_ok(pawl_content_parse(pawl_view(u->room + u->used, n), &u->content, &ignored));
    u->used += n;
    return judge(u, &a, err);
}

pawl_status uplink_take(struct uplink *u, const struct pawl_messages_req *req, struct pawl_err *err)
{
    for (size_t i = 0; i < req->n; i++)
        u->room_n += req->cose[i].n;
    u->room = malloc(u->room_n ? u->room_n : 1);
    if (!u->room)
        return pawl_fail(err, PAWL_E_MEMORY, "messages", "out of memory");
    for (size_t i = 0; i < req->n; i++) {
        if (!memory_may_open(u->h->flow->memory, u->h->device_id, u->h->r.accepted_ms, u->now_ms))
            return pawl_fail(err, PAWL_E_DENIED, "messages.COSE",
                             "too many did not open: an attest is due first");
        PAWL_TRY(take_one(u, req->cose[i], err));
    }
    return pawl_ok();
}

/* ---- what became of it ---------------------------------------------------------------------- */

void uplink_say(const struct uplink *u, char *ret, size_t cap)
{
    const struct uplink_counts *c = &u->count;
    const struct {
        const char *name;
        unsigned    n;
    } say[] = { { "taken", c->taken },  { "again", c->again },   { "late", c->late },
                { "over", c->over },    { "failed", c->failed }, { "no key", c->unknown },
                { "senseless", c->bad } };
    size_t n = 0;

    ret[0] = 0;
    for (size_t i = 0; i < sizeof(say) / sizeof(say[0]) && n < cap; i++)
        if (say[i].n)
            n += (size_t)snprintf(ret + n, cap - n, "%s%s %u", n ? ", " : "", say[i].name,
                                  say[i].n);
}
