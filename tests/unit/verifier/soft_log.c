/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void world_speaks(struct world *w, struct soft_device *d, struct soft_log *log)
{
    struct tenant_config *acme = &w->config.tenant[ACME];

    acme->messages = acme->resync_auto = true;
    acme->late_window_s = 3600;
    acme->downlink_max = 100;
    world_settled(w, d);
    memset(log, 0, sizeof(*log));
    log->e.seq = 1;
    soft_log_turn(d, log);
}

void soft_log_turn(const struct soft_device *d, struct soft_log *log)
{
    log->e = (struct soft_epoch){ .root = d->root,
                                  .suite = PAWL_SUITE_CCM,
                                  .tenant = d->tenant,
                                  .form = PAWL_MSG_FULL,
                                  .boot_id = { 0xb0 },
                                  .seq = log->e.seq };
    memcpy(log->e.verifier_id, d->verifier_id, sizeof(log->e.verifier_id));
    memcpy(log->e.device_id, d->id, sizeof(log->e.device_id));
    soft_generation(&log->e, 0);
}

void soft_log_open(struct soft_log *log)
{
    soft_generation(&log->e, log->e.use.gen + 1);
}

static void note(struct soft_log *log, struct pawl_view cose)
{
    struct pawl_msg m;
    struct pawl_err err;
    size_t          n = log->gen_n;

    T_OK(pawl_msg_parse(cose, &m, &err), &err);
    assert_true(m.at.seq <= SOFT_LOG_SLOTS);
    T_OK(pawl_leaf(m.at.seq, m.protected_, m.ciphertext, log->leaf[m.at.seq - 1], &err), &err);
    if (!n || log->gen[n - 1].gen != m.gen || log->gen[n - 1].epoch != log->e.root.epoch) {
        assert_true(n < SOFT_LOG_GENS);
        log->gen_n++;
        log->gen[n].epoch = log->e.root.epoch;
        log->gen[n].gen = m.gen;
        log->gen[n].first = m.at.seq;
    }
    log->gen[log->gen_n - 1].last = m.at.seq;
}

struct pawl_view soft_log_repeat(struct soft_log *log, uint64_t id, const char *text)
{
    struct pawl_view cose = soft_app(&log->e, id, text);

    note(log, cose);
    return cose;
}

struct pawl_view soft_log_say(struct soft_log *log, const char *text)
{
    return soft_log_repeat(log, UINT64_C(1) << 32 | log->e.seq, text);
}

void world_log_says(struct world *w, const struct soft_device *d, struct soft_log *log, unsigned n)
{
    static struct soft_answer a;

    for (unsigned i = 0; i < n; i++) {
        struct pawl_view cose = soft_log_say(log, "hello");
        world_says(w, d, &log->e, &cose, 1, &a);
    }
}

void soft_log_prune(struct soft_log *log, size_t n)
{
    memmove(log->gen, log->gen + n, sizeof(log->gen) - n * sizeof(log->gen[0]));
    log->gen_n -= n;
}

struct pawl_view soft_log_leaves(const struct soft_log *log, size_t i)
{
    uint64_t first = log->gen[i].first;

    return pawl_view(log->leaf[first - 1], (size_t)(log->gen[i].last - first + 1) * PAWL_LEAF);
}

void soft_log_snd(struct soft_log *log, struct pawl_a1 *a1)
{
    struct pawl_snd *snd = &a1->snd;
    struct pawl_err  err;

    *snd = (struct pawl_snd){ .seq_hi = log->e.seq - 1,
                              .epoch = log->e.root.epoch,
                              .gen = log->e.use.gen,
                              .gen_start_seq = log->e.gen_start,
                              .epoch_start_seq = log->e.epoch_start,
                              .reserved_hi = log->e.seq + 255,
                              .gen_n = log->gen_n };
    for (size_t i = 0; i < log->gen_n; i++) {
        size_t n = soft_log_leaves(log, i).n / PAWL_LEAF;
        T_OK(pawl_leaves_digest((const uint8_t(*)[PAWL_LEAF])soft_log_leaves(log, i).p, n,
                                log->gen[i].digest, &err),
             &err);
        snd->gens[i] = (struct pawl_snd_gen){ .epoch = log->gen[i].epoch,
                                              .gen = log->gen[i].gen,
                                              .first_seq = log->gen[i].first,
                                              .last_seq = log->gen[i].last,
                                              .count = (uint32_t)n,
                                              .digest = PAWL_VIEW_OF(log->gen[i].digest) };
    }
}

void world_log_attests(struct world *w, struct soft_device *d, struct soft_log *log,
                       enum pawl_label label, struct soft_evidence *ret)
{
    world_begin(w, d, label, ret);
    soft_log_snd(log, &ret->a1);
    world_sends(w, ret);
}
