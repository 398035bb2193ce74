/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys' light on the device: somebody else used this device's keys, or a copy of it is about.
 * Pure. It begins by the device's own finding (a receipt of the verifier claims what this device
 * never sent) or by the verifier's word, and ends by the verifier's word alone.
 *
 * Invariants
 *  1. What the device found itself is not over before the verifier's word on a request that carried
 *     the finding, or on one under a later epoch: an answer to an older request knew nothing of it.
 *  2. The verifier's word replaces the device's own about the kind; since when stays.
 *
 * Kinds are the verifier's: docs/protocol.md, section "Incidents". Not here: who is told (tell.h).
 */
#ifndef AGENT_STATE_INCIDENT_H
#define AGENT_STATE_INCIDENT_H

#include <pawl/base.h>

enum incident_kind {
    INCIDENT_NONE = 0,
    INCIDENT_MESSAGE_FORGED,
    INCIDENT_KEY_USED_ELSEWHERE,
    INCIDENT_DEVICE_CLONED,
    INCIDENT_TPM_WENT_BACK,
    INCIDENT_OTHER, /* the verifier gave a reason that this agent does not know */
    INCIDENT_KIND_COUNT
};

/* "message-forged"; never NULL. */
const char *incident_name(enum incident_kind k);
/* NONE if there is no such kind. */
enum incident_kind incident_from(const char *name);
/* "this device's keys were used elsewhere"; never NULL. */
const char *incident_text(enum incident_kind k);

struct incident {
    enum incident_kind kind; /* NONE: none is open, and nothing else of it counts */
    bool               by_verifier;
    int64_t            since_s; /* Unix time */
    uint64_t           epoch;   /* ours when it began */
};

/* What the verifier says of the keys. */
enum incident_word { INCIDENT_NO_WORD = 0, INCIDENT_KEYS_GOOD, INCIDENT_KEYS_RED };

/* The last receipt claims what we never sent. */
void incident_find(struct incident *i, uint64_t epoch, int64_t now_s);

/* A signed answer to a request with this base and this finding. kind: of KEYS_RED. */
void incident_hear(struct incident *i, enum incident_word word, enum incident_kind kind,
                   uint64_t base_epoch, bool carried, int64_t now_s);

/* "INCIDENT since 2026-03-01 10:00:00 UTC: key-used-elsewhere (told by the verifier)" */
void incident_line(const struct incident *i, char *ret, size_t cap);

#endif
