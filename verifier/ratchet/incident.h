/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What findings amount to: one incident for each device and epoch, under a name that people
 * understand. Pure: a value of the ratchet (struct ratchet.incident) and steps on it.
 *
 *     none -> OPEN -> (a rekey that came after it is in use) -> CLOSED, or HEALED until an operator
 *             closes it, where the tenant wants a person's word or the kind needs one
 *
 * Invariants
 *  1. A finding belongs to the epoch of its slot; one without a slot to the epoch under way. It
 *     opens an incident only when that epoch is newer than the last incident's; otherwise it joins
 *     the last one. Leaves that come after the rekey thus name the slots of the old incident. What
 *     a person closed opens again while its epoch is in use: its keys are still the stolen ones.
 *  2. An incident that is not CLOSED makes the keys contraindicated; the software's light is not
 *     touched by it, and a rekey turns the keys' light alone.
 *  3. A second incident, in an epoch that began after the first, is critical, until an operator has
 *     closed the first.
 *  4. One of a device is open at a time: what an older one still waited for, the newer one waits
 *     for, and its window goes on.
 *  5. What our own store lost is no fault of the device's: server-went-back is never red, asks for
 *     nothing, counts as no first one, and gives its place to any other.
 */
#ifndef VERIFIER_RATCHET_INCIDENT_H
#define VERIFIER_RATCHET_INCIDENT_H

#include <pawl/base.h>

enum rule {
    RULE_NONE = 0,
    RULE_E1,
    RULE_E2,
    RULE_E3,
    RULE_E4,
    RULE_E5,
    RULE_E6,
    RULE_E7,
    RULE_BACK, /* our own store went back: no E number */
    RULE_COUNT
};

const char *rule_name(enum rule r); /* "E1"; "S1" for RULE_BACK */

enum incident_kind {
    INCIDENT_NONE = 0,
    INCIDENT_MESSAGE_FORGED,     /* E1, E3, E7 */
    INCIDENT_KEY_USED_ELSEWHERE, /* E2, E4: the early ratchet */
    INCIDENT_DEVICE_CLONED,      /* E5 */
    INCIDENT_TPM_WENT_BACK,      /* E6 */
    INCIDENT_SERVER_WENT_BACK,   /* RULE_BACK: the device knows more of us than we do */
    INCIDENT_KIND_COUNT
};

const char        *incident_kind_name(enum incident_kind k); /* "message-forged"; never NULL */
enum incident_kind incident_kind_of(enum rule r);

enum severity { SEVERITY_NONE = 0, SEVERITY_NOTICE, SEVERITY_HIGH, SEVERITY_CRITICAL };

const char *severity_name(enum severity s); /* "notice", "high", "critical"; never NULL */

enum incident_state { INCIDENT_ABSENT = 0, INCIDENT_OPEN, INCIDENT_HEALED, INCIDENT_CLOSED };

const char *incident_state_name(enum incident_state s); /* "open", "healed", "closed"; never NULL */

/* The last incident of a device. All zero: there never was one. */
struct incident {
    enum incident_state state;
    enum incident_kind  kind; /* of its first finding, or the graver one that came later */
    enum severity       severity;
    uint64_t            epoch;
    unsigned            rules; /* bit r */
    int64_t             opened_ms;
    uint64_t            before;    /* earlier ones that no person closed */
    bool                waits;     /* a person must close it, whatever rekeys come */
    bool                by_person; /* a person closed it */
    unsigned            proofs;    /* files written for it */
    /* The tainted window: slots from lo on whose messages have no final mark yet. */
    bool     tainted;
    uint64_t taint_lo;
    int64_t  taint_ms;                    /* nothing of the window came before this */
    uint64_t forged, genuine, unattested; /* messages marked */
};

/* Whether this finding would add nothing: its rule is noted already, and it names no slot. */
bool incident_has(const struct incident *i, enum rule rule);

/* What a finding is added with. */
struct incident_at {
    uint64_t epoch;    /* that it belongs to */
    uint64_t current;  /* in use */
    uint64_t clean_hi; /* of the last clean snapshot: a window that it opens begins behind it */
    int64_t  clean_ms;
    int64_t  now_ms;
};

/* A finding of this rule. True if it opens an incident. One that joins adds its rule, raises kind
 * and severity, and opens the window again where that had ended. */
bool incident_add(struct incident *i, enum rule rule, const struct incident_at *at);

/* An epoch made by a rekey is in use. needs_person: the tenant's heal = operator. True if the state
 * changed (to HEALED or CLOSED), which takes an epoch that is newer than the incident's. Kinds
 * device-cloned and tpm-went-back always wait for a person: a copy can rekey too. */
bool incident_rekeyed(struct incident *i, uint64_t epoch, bool needs_person);

/* A request under a root that this store granted: server-went-back is over. True if it was. */
bool incident_came_back(struct incident *i);

/* A person's word. True if no person closed it before, though a rekey may have. Also forgets
 * `before`. */
bool incident_close(struct incident *i);

/* There is one that is not closed. */
bool incident_is_open(const struct incident *i);

/* Not closed, and of a kind that makes the keys' light red: all but server-went-back. */
bool incident_is_red(const struct incident *i);

#endif
