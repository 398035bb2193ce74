/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device that speaks and attests what it said: its sent log in software, from the messages
 * themselves. Slots begin at 1 and a generation ends where a test says.
 */
#ifndef VERIFIER_SOFT_LOG_H
#define VERIFIER_SOFT_LOG_H

#include "soft_messages.h"

enum { SOFT_LOG_SLOTS = 512, SOFT_LOG_GENS = 8 };

struct soft_log {
    struct soft_epoch e;
    uint8_t           leaf[SOFT_LOG_SLOTS][PAWL_LEAF]; /* of slot i + 1 */
    size_t            gen_n;
    struct {
        uint64_t epoch;
        uint32_t gen;
        uint64_t first, last;
        uint8_t  digest[32];
    } gen[SOFT_LOG_GENS];
};

/* A settled device that may speak, under the root that it holds. */
void world_speaks(struct world *w, struct soft_device *d, struct soft_log *log);
/* The epoch of the device's newest root, from the next slot on. */
void soft_log_turn(const struct soft_device *d, struct soft_log *log);
/* The next generation of the epoch, from the next slot on. */
void soft_log_open(struct soft_log *log);
/* The next message, in the log and not sent. */
struct pawl_view soft_log_say(struct soft_log *log, const char *text);
/* What was not acknowledged goes again under its id. */
struct pawl_view soft_log_repeat(struct soft_log *log, uint64_t id, const char *text);
/* n messages, sent. */
void world_log_says(struct world *w, const struct soft_device *d, struct soft_log *log, unsigned n);
/* Drops the oldest generations from the list. */
void soft_log_prune(struct soft_log *log, size_t n);
/* SND as the log is now. */
void soft_log_snd(struct soft_log *log, struct pawl_a1 *a1);
/* Leaves of one listed generation. */
struct pawl_view soft_log_leaves(const struct soft_log *log, size_t i);

/* An attest that lists the log, or a rekey; taken. */
void world_log_attests(struct world *w, struct soft_device *d, struct soft_log *log,
                       enum pawl_label label, struct soft_evidence *ret);

#endif
