/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device whose log is kept beside it, the thief of its keys, and what became of both: lights, the
 * incident's row, the audit chain, the feed and the proofs.
 */
#ifndef VERIFIER_INCIDENT_FIXTURE_H
#define VERIFIER_INCIDENT_FIXTURE_H

#include "flow/incident.h"
#include "proof/proof.h"
#include "soft_log.h"

/* A message of the thief: the same keys, another text. */
struct pawl_view thief_forges(const struct soft_log *log, uint64_t seq);
void             log_sends(struct world *w, const struct soft_device *d, const struct soft_log *log,
                           struct pawl_view cose);

/* Three messages, then one of the thief's in the slot that is next, and the device's own there. */
void two_in_one_slot(struct world *w, struct soft_device *d, struct soft_log *log);
void log_attests(struct world *w, struct soft_device *d, struct soft_log *log);

/* Rekeys, and its messages are under the new epoch from here on; nothing of it was seen yet. */
void             log_rekeys(struct world *w, struct soft_device *d, struct soft_log *log);
struct pawl_view log_supply(struct world *w, const struct soft_log *log, size_t i);
void             lights_are(struct world *w, const char *software, const char *keys);
void             incident_is(struct world *w, const struct soft_device *d, uint64_t epoch,
                             enum incident_kind kind, enum severity severity, enum incident_state state);

/* The slots that the row of this epoch names, as "E3 1/0/4 ". */
const char *incident_names(struct world *w, const struct soft_device *d, uint64_t epoch);

/* What the chain says happened, in order. */
const char *chain_says(struct world *w);

/* What the feed told. */
const char *feed_told(struct world *w, const struct soft_device *d);

struct checking {
    struct world       *w;
    size_t              n;
    enum rule           rule[INCIDENT_PROOFS_MAX];
    enum proof_strength strength[INCIDENT_PROOFS_MAX];
};

/* Every proof of it checks, offline. */
struct checking incident_proofs(struct world *w, const struct soft_device *d, uint64_t epoch);

#endif
