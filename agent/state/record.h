/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent remembers of itself: who it is, with which verifier it enrolled, and how the last
 * round ended. `status` reads it without TPM and network.
 *
 * Invariants
 *  1. It holds no secret.
 *  2. It is written only when it changed, so that a device in good order writes nothing.
 *  3. A file that is not exactly such a record is refused and never repaired by guessing.
 *  4. Whatever is saved can be read again: no name, path or message in it keeps the agent from its
 *     next start.
 */
#ifndef AGENT_STATE_RECORD_H
#define AGENT_STATE_RECORD_H

#include <pawl/tpm.h>

#include "state/incident.h"

#define RECORD_FILE "agent.json"
#define RECORD_MAX  4096

struct record {
    bool             enrolled; /* the verifier's signed answer to our enrolment is there */
    bool             waits;    /* for the operator's approval */
    char             server[300];
    char             tenant[PAWL_TENANT_MAX + 1];
    uint8_t          verifier_id[PAWL_VERIFIER_ID]; /* pin of verifier_key */
    bool             has_verifier;
    uint8_t          verifier_point[PAWL_POINT_P256]; /* the signing key, as its JWKS gave it */
    bool             has_device;
    uint8_t          device_id[PAWL_DEVICE_ID];
    char             ek[32], ak[32]; /* "EK P-256 (L-2)", as people call them */
    struct pawl_name ek_name, ak_name, td_name;
    bool             has_resets;
    uint32_t         resets; /* resetCount at the last believed quote of all banks */
    bool             has_os_boot;
    uint8_t          os_boot[PAWL_OS_BOOT]; /* of the last believed quote */
    bool             wants_list;            /* the verifier asked for IMA's list then */
    uint64_t         epoch;                 /* of the ratchet; 0: none yet */
    int64_t          rekeyed_s;             /* Unix time at which it began; with epoch only */

    char    result[48];      /* "affirming", "refused: revoked"; empty: none yet */
    char    software[20];    /* its two lights, "affirming"; empty: not told .. */
    char    keys[20];        /* .. with result */
    char    why[256];        /* the verifier's reasons, "pcr-differs" */
    char    coverage[128];   /* what it looked at, "identity,boot-log=no-event-log"; or empty */
    char    release[33];     /* of its policy, that holds whole; empty: none does */
    bool    watched;         /* it only watches: rules that fail warn */
    char    failure[224];    /* what went wrong since result; empty: nothing */
    int64_t failing_since_s; /* Unix time of the first such failure, 0 */

    struct incident incident;
    enum incident_kind
            told;         /* on_incident ran at the begin of this one, and not yet at its end .. */
    int64_t told_since_s; /* .. which is the one since then */
};

/* No file: an empty record. FORM, RANGE, TRAILING or ABSENT with the member's name in err->where.
 */
PAWL_MUST_USE pawl_status record_read(int dir, struct record *ret, struct pawl_err *err);

/* Durable when it returns. Writes nothing when the file already says the same. */
PAWL_MUST_USE pawl_status record_save(int dir, const struct record *r, struct pawl_err *err);

#endif
