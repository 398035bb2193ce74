/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/live.h"

#include <string.h>

#include "flow/inbox.h"
#include "flow/shared.h"
#include "flow/steps.h"
#include "tpm/vault.h"

/* More generations than this in one epoch come from restarts: it ends before a receiver, who goes
 * PAWL_GEN_SKIP_MAX at once, can lose it. */
#define GENS_SOFT (PAWL_GEN_SKIP_MAX / 2)

static pawl_status write_slot(struct flow *f, const struct device *d, struct slot *s,
                              struct pawl_err *err)
{
    struct slot_vault v;

    tpm_vault(d->tpm, f->config->nv_counter, &v);
    return slot_write(f->dir.fd, &v, s, err);
}

/* ---- closing -------------------------------------------------------------------------------- */

/* Everything but how this process goes on after a loss. */
void live_close(struct live *l)
{
    shared_take_back(l->shared);
    if (l->sent)
        sentlog_close(&l->sent);
    if (l->received)
        rcvlog_close(&l->received);
    if (l->queue)
        spool_close(&l->queue);
    if (l->inbox)
        spool_close(&l->inbox);
    slot_wipe(&l->slot);
    pawl_chain_wipe(&l->up);
    pawl_use_wipe(&l->up_use);
    pawl_chain_wipe(&l->down);
    pawl_use_wipe(&l->down_use);
    live_confirmed(l);
    l->open = l->confirmed = false;
}

/* D5: memory now, the disk with the next slot (P-DEV-12). */
void live_confirmed(struct live *l)
{
    pawl_chain_wipe(&l->old_down);
    pawl_use_wipe(&l->old_down_use);
    l->slot.has_old = false;
    l->confirmed = true;
}

pawl_status live_lose(struct flow *f, struct pawl_err *err)
{
    live_close(&f->live);
    f->live.lost = true;
    f->live.leapt = false;
    f->live.verdict = (struct pawl_receipt_verdict){ 0 };
    return slot_forget(f->dir.fd, err);
}

/* ---- logs and spools ------------------------------------------------------------------------ */

/* Their names are in *err; no message was lost that somebody was told to be safe elsewhere. */
static void note_lost(struct flow *f, const char *where, const char *why)
{
    struct pawl_err e;

    (void)pawl_fail(&e, PAWL_E_FORM, where, "%s", why);
    flow_note_lost(f, &e);
}

static pawl_status open_spool(struct flow *f, const char *name, uint64_t cap_n,
                              const struct pawl_secret *key, struct spool **ret,
                              struct pawl_err *err)
{
    struct spool_config c = { .name = name, .cap_n = cap_n };
    bool                lost = false;

    PAWL_TRY(spool_open(f->dir.fd, &c, key, ret, &lost, err));
    if (lost)
        note_lost(f, name, "its key is gone, and what was in it");
    return pawl_ok();
}

static pawl_status open_spools(struct flow *f, const struct pawl_secret *key, struct pawl_err *err)
{
    const struct config *c = f->config;

    PAWL_TRY(open_spool(f, SPOOL_QUEUE, c->queue_max, key, &f->live.queue, err));
    return open_spool(f, SPOOL_INBOX, c->inbox_max, key, &f->live.inbox, err);
}

/* *ret_lost: one of them is gone, and with it the proof of what was sent or taken. */
static pawl_status open_logs(struct flow *f, bool *ret_lost, struct pawl_err *err)
{
    struct reservation *r = &f->reserved;
    bool                sent = false, received = false;

    PAWL_TRY(sentlog_open(f->dir.fd, r->before_first, r->before_hi, &f->live.sent, &sent, err));
    PAWL_TRY(rcvlog_open(f->dir.fd, &f->live.received, &received, err));
    *ret_lost = sent || received;
    live_recall(&f->live);
    return pawl_ok();
}

/* An epoch that does not go on from one of ours: nothing that an older one left counts. Before the
 * slot is written, so that a crash in between leaves no log of another life beside it. */
static pawl_status begin_anew(struct flow *f, const struct pawl_secret *key, struct pawl_err *err)
{
    struct live *l = &f->live;
    bool         ignored;

    live_close(l); /* what a failed try before this one opened */
    if (!f->config->messages)
        return pawl_ok();
    PAWL_TRY(open_logs(f, &ignored, err));
    PAWL_TRY(sentlog_forget(l->sent, live_seq_hi(f), err));
    PAWL_TRY(rcvlog_forget(l->received, l->floor_down, err));
    return open_spools(f, key, err);
}

/* ---- D0: a start (P-DEV-10) ------------------------------------------------------------------ */

/* The run before did not say how long it lasted. The clock on the wall does, where it makes sense;
 * a wrong one costs a rekey at most. */
static uint64_t age_at_start(const struct flow *f, const struct slot *s)
{
    const struct record *r = &f->record;
    int64_t              gone_s = f->live.wall_s() - r->rekeyed_s;

    if (r->epoch != s->epoch || gone_s < 0 || (uint64_t)gone_s < s->age_ms / 1000)
        return s->age_ms;
    return gone_s < PAWL_EPOCH_HARD_MS / 1000 ? 1000 * (uint64_t)gone_s : PAWL_EPOCH_HARD_MS;
}

/* What turns is in *l alone: a copy at an earlier generation would open what is over (P-KS-7). */
static void keep_slot(struct live *l, const struct slot *s)
{
    l->slot = *s;
    pawl_chain_wipe(&l->slot.up);
    pawl_chain_wipe(&l->slot.down);
    pawl_use_wipe(&l->slot.down_use);
    pawl_chain_wipe(&l->slot.old_down);
    pawl_use_wipe(&l->slot.old_down_use);
}

static void take_slot(struct live *l, const struct slot *s)
{
    keep_slot(l, s);
    l->up = s->up;
    l->down = s->down;
    l->down_use = s->down_use;
    l->old_down = s->old_down;
    l->old_down_use = s->old_down_use;
    l->epoch_boot_ms = l->boot_ms() - (int64_t)s->age_ms;
    l->epoch_slots = s->slots;
    l->gen_start_seq = l->epoch_start_seq = 0;
    l->confirmed = false;
}

/* Past every generation that an earlier run may have used. As many slots count as used as they have
 * room for: how many it were is known to nobody now. */
static pawl_status skip_used(struct flow *f, struct pawl_err *err)
{
    struct live *l = &f->live;
    uint32_t     first = reservation_gen_first(&f->reserved, l->slot.epoch);

    while (l->up.gen < first) {
        uint32_t left = first - l->up.gen;
        uint32_t step = left < PAWL_GEN_SKIP_MAX ? left : PAWL_GEN_SKIP_MAX;
        PAWL_TRY(pawl_chain_skip(&l->up, l->up.gen + step, err));
    }
    uint64_t room = (uint64_t)l->up.gen * PAWL_GEN_MESSAGES;
    if (l->epoch_slots < room)
        l->epoch_slots = room;
    return pawl_ok();
}

/* The keys of generations that are over leave the disk. A disk that takes nothing, or a TPM that
 * wants to be left alone, keeps them there a little longer and is no reason to stop. */
static pawl_status write_start(struct flow *f, const struct device *d, struct pawl_err *err)
{
    struct live                        *l = &f->live;
    PAWL_CLEANUP(slot_wipe) struct slot s = l->slot;

    if (s.starts >= LIVE_START_WRITES)
        return pawl_ok();
    s.up = l->up;
    s.down = l->down;
    s.down_use = l->down_use;
    s.old_down = l->old_down;
    s.old_down_use = l->old_down_use;
    s.age_ms = live_age_ms(l);
    s.slots = l->epoch_slots;
    s.starts++;
    pawl_status done = write_slot(f, d, &s, err);
    if (done.code == PAWL_E_STATE || done.code == PAWL_E_CONFLICT)
        return done;
    if (pawl_is_ok(done))
        keep_slot(l, &s);
    return pawl_ok();
}

/* STATE: not all of the state is there. */
static pawl_status start(struct flow *f, const struct device *d, const struct slot *s,
                         struct pawl_err *err)
{
    struct live *l = &f->live;
    bool         lost = false;

    take_slot(l, s);
    l->epoch_boot_ms = l->boot_ms() - (int64_t)age_at_start(f, s);
    if (f->config->messages) {
        PAWL_TRY(open_logs(f, &lost, err));
        if (lost)
            return pawl_fail(err, PAWL_E_STATE, "state", "the log of messages cannot be read");
        PAWL_TRY(skip_used(f, err));
        PAWL_TRY(open_spools(f, &l->slot.spool_key, err));
        PAWL_TRY(inbox_open(l, err));
        PAWL_TRY(write_start(f, d, err));
    }
    l->open = true;
    shared_lend(l->shared, l);
    return pawl_ok();
}

/* err says what is missing; the next exchange says it to the verifier. */
static pawl_status lose(struct flow *f, struct pawl_err *err)
{
    flow_note_lost(f, err);
    return live_lose(f, err);
}

pawl_status live_open(struct flow *f, const struct device *d, struct pawl_err *err)
{
    struct live                        *l = &f->live;
    PAWL_CLEANUP(slot_wipe) struct slot s = { 0 };
    struct slot_vault                   v;

    if (l->open || l->lost || f->moves) /* the slot on disk is another verifier's */
        return pawl_ok();
    tpm_vault(d->tpm, f->config->nv_counter, &v);
    pawl_status found = slot_open(f->dir.fd, &v, d->ek.device_id, &s, err);
    if (found.code == PAWL_E_ABSENT && !f->record.enrolled)
        return pawl_ok();
    if (found.code == PAWL_E_ABSENT || found.code == PAWL_E_STATE)
        return lose(f, err);
    PAWL_TRY(found);
    if (!f->reserved.attempt_reserved) {
        (void)pawl_fail(err, PAWL_E_STATE, "state", RESERVATION_FILE " is gone, the slot is not");
        return lose(f, err);
    }
    pawl_status done = start(f, d, &s, err);
    if (done.code == PAWL_E_STATE)
        return lose(f, err);
    if (!pawl_is_ok(done))
        live_close(l);
    return done;
}

/* ---- D4: a new epoch (P-DEV-4) --------------------------------------------------------------- */

static pawl_status compose(const struct flow *f, const struct device *d,
                           const struct pawl_root *root, uint16_t suite,
                           const uint8_t verifier_id[PAWL_VERIFIER_ID], bool base, struct slot *s,
                           struct pawl_err *err)
{
    const struct live *l = &f->live;

    memcpy(s->device_id, d->ek.device_id, sizeof(s->device_id));
    memcpy(s->verifier_id, verifier_id, sizeof(s->verifier_id));
    s->suite = suite;
    s->epoch = root->epoch;
    memcpy(s->kid, root->kid, sizeof(s->kid));
    s->rk = root->rk;
    s->k_auth = root->k_auth;
    s->exporter = root->exporter;
    s->up = root->up;
    s->down = root->down;
    s->has_old = base && l->open;
    if (s->has_old) {
        s->old_suite = l->slot.suite;
        memcpy(s->old_kid, l->slot.kid, sizeof(s->old_kid));
        memcpy(s->old_verifier_id, l->slot.verifier_id, sizeof(s->old_verifier_id));
        s->old_down = l->down;
        s->old_down_use = l->down_use;
    }
    if (!l->open)
        return pawl_secret_random(sizeof(s->spool_key.b), &s->spool_key, err);
    s->spool_key = l->slot.spool_key;
    return pawl_ok();
}

pawl_status live_adopt(struct flow *f, const struct device *d, const struct pawl_root *root,
                       uint16_t suite, const uint8_t verifier_id[PAWL_VERIFIER_ID], bool base,
                       struct pawl_err *err)
{
    struct live                        *l = &f->live;
    PAWL_CLEANUP(slot_wipe) struct slot s = { 0 };

    PAWL_TRY(compose(f, d, root, suite, verifier_id, base, &s, err));
    if (!l->open)
        PAWL_TRY(begin_anew(f, &s.spool_key, err));
    pawl_status done = write_slot(f, d, &s, err);
    if (done.code == PAWL_E_CONFLICT) /* the next live_open sees which epoch holds */
        live_close(l);
    if (done.code == PAWL_E_STATE) {
        struct pawl_err ignored;
        flow_note_lost(f, err);
        (void)pawl_is_ok(live_lose(f, &ignored)); /* nothing opens: forgetting only tidies up */
    }
    PAWL_TRY(done);
    pawl_use_wipe(&l->up_use);
    take_slot(l, &s);
    l->open = true;
    l->lost = false;
    shared_lend(l->shared, l);
    return pawl_ok();
}

/* ---- limits (P-DEV-11) ----------------------------------------------------------------------- */

uint64_t live_age_ms(const struct live *l)
{
    int64_t now = l->boot_ms();

    return now > l->epoch_boot_ms ? (uint64_t)(now - l->epoch_boot_ms) : 0;
}

uint64_t live_seq_hi(const struct flow *f)
{
    return f->reserved.seq_next - 1;
}

enum live_bar live_bar(const struct flow *f)
{
    const struct live *l = &f->live;

    if (!f->config->messages)
        return LIVE_OFF;
    if (!l->open)
        return LIVE_NO_EPOCH;
    if (f->record.waits)
        return LIVE_WAITS;
    if (live_age_ms(l) >= PAWL_EPOCH_HARD_MS || l->epoch_slots >= PAWL_EPOCH_HARD_SLOTS)
        return LIVE_HARD;
    if (f->reserved.seq_next > l->answered_hi + PAWL_SLOT_CEILING)
        return LIVE_CEILING;
    return sentlog_is_full(l->sent) ? LIVE_LOG_FULL : LIVE_FREE;
}

/* Starts count too, since what a start knows of the run before it is a guess: an epoch ends with
 * the last slot write that it may have from them. */
bool live_wants_rekey(const struct flow *f)
{
    const struct live *l = &f->live;

    return l->open && (live_age_ms(l) >= 1000 * f->config->rekey_s ||
                       l->epoch_slots >= f->config->rekey_messages || l->up.gen >= GENS_SOFT ||
                       l->slot.starts >= LIVE_START_WRITES);
}
