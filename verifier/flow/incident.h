/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents: what detection found, written down before anything is done about it (V4). A step that
 * finds something carries the incident's row, an entry of the audit chain, the proof, a notice for
 * the feed, and, when it opens a window, the marks of what was delivered; and it demands a rekey.
 *
 * Invariants
 *  1. A step holds one row of an incident, whatever it finds; and none when nothing changed: a
 *     finding is news when its rule, or its slot, was not noted yet.
 *  2. The row says what the ratchet says (struct ratchet.incident): it is written from it.
 *  3. One incident of a device is open at a time. A newer one closes the row of the one before and
 *     waits for what that waited for.
 */
#ifndef VERIFIER_FLOW_INCIDENT_H
#define VERIFIER_FLOW_INCIDENT_H

#include "appraise/verdict.h"
#include "flow/held.h"
#include "flow/inbox.h"
#include "proof/proof.h"

/* What a proof is made of, as far as the finder has it. All zero: nothing but the verifier's word
 * and the last accepted evidence, which is fetched from the store when quote_n is 0 or with_last is
 * set (it then goes before quote[0]); NULL is the same, where messages alone show it. Attested
 * leaves of the findings' generations are added where the ratchet has them. */
struct incident_case {
    size_t             quote_n;
    struct proof_quote quote[PROOF_QUOTES_MAX];
    bool               with_last;
};

/* One finding that is not about messages (E5, E6, RULE_BACK). fmt: a sentence for people. */
PAWL_MUST_USE pawl_status incident_open(struct held *h, const struct device *d, struct step *step,
                                        int64_t now_ms, enum rule rule,
                                        const struct incident_case *c, struct pawl_err *err,
                                        const char *fmt, ...) PAWL_PRINTF(8, 9);

/* What was found about messages; nothing happens without news. *ret_news: an incident was opened by
 * it, or learned a rule or a slot (may be NULL). */
PAWL_MUST_USE pawl_status incident_of(struct held *h, const struct device *d, struct step *step,
                                      int64_t now_ms, const struct findings *found,
                                      const struct incident_case *c, bool *ret_news,
                                      struct pawl_err *err);

/* Messages got their marks (flow/marks.h), or the window ended: the row and the chain count them.
 */
PAWL_MUST_USE pawl_status incident_marked(struct held *h, struct step *step, int64_t now_ms,
                                          const struct inbox_mark *mark, size_t n,
                                          struct pawl_err *err);

/* Behind a promotion, and wherever else it may have been missed: the rekey may have healed it, and
 * a person's leave that made the root closes it. Nothing happens otherwise. */
PAWL_MUST_USE pawl_status incident_healed(struct held *h, const struct tenant_config *t,
                                          struct step *step, int64_t now_ms, struct pawl_err *err);

/* A request under a root that this store granted: server-went-back is over. */
PAWL_MUST_USE pawl_status incident_is_back(struct held *h, struct step *step, int64_t now_ms,
                                           struct pawl_err *err);

/* An operator's word on the device's last incident, with a note. STATE if a person closed it
 * already, ABSENT if there never was one. */
PAWL_MUST_USE pawl_status incident_close_by(struct held *h, struct step *step, int64_t now_ms,
                                            const char *note, struct pawl_err *err);

/* ---- what a row names ------------------------------------------------------------------------ */

#define INCIDENT_SLOTS_MAX          1024
#define INCIDENT_PROOFS_MAX         16
#define INCIDENT_PROOFS_OF_MESSAGES 8 /* of these at most: whoever has the key sends as many */

struct incident_slot {
    enum rule rule;
    uint64_t  epoch;
    uint32_t  gen;
    uint64_t  seq;
};

/* incident_row.slots: CBOR[* [rule, epoch, gen, seq]], in the order in which they were found; no
 * bytes: none. ret: room for INCIDENT_SLOTS_MAX. */
PAWL_MUST_USE pawl_status incident_slots_read(struct pawl_view in, struct incident_slot *ret,
                                              size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status incident_slots_write(const struct incident_slot *slot, size_t n,
                                               struct blob *ret, struct pawl_err *err);
/* What the incident of that epoch names so far, in this step or in the store; nothing where there
 * is none. */
PAWL_MUST_USE pawl_status incident_slots_of(const struct held *h, const struct step *step,
                                            uint64_t epoch, struct incident_slot *ret,
                                            size_t *ret_n, struct pawl_err *err);

/* ---- the light ------------------------------------------------------------------------------- */

/* The second light: what the incident says of the keys goes into the verdict, and joins identity
 * (96 and the reason) when it is red. */
void incident_judge(const struct ratchet *r, struct verdict *v);

/* The same where no verdict is made: the record in the step gets the keys' light that it has now.
 * Nothing is written when that is what it shows already. */
void incident_light(const struct ratchet *r, struct step *step);

#endif
