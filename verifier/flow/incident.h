/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents: what detection found, written down before anything is done about it (V4). A step that
 * finds something carries the incident's row, an entry of the audit chain, the proof, a notice for
 * the feed, and, when it opens a window, the marks of what was delivered; and it demands a rekey.
 */
#ifndef VERIFIER_FLOW_INCIDENT_H
#define VERIFIER_FLOW_INCIDENT_H

#include "appraise/verdict.h"
#include "flow/held.h"
#include "flow/inbox.h"
#include "proof/proof.h"

/* What a proof is made of, as far as the finder has it. All zero: nothing but the verifier's word.
 * The last accepted evidence is fetched from the store when quote_n is 0 or `with_last` is set (it
 * then goes before quote[0]). */
struct incident_case {
    size_t              quote_n;
    struct proof_quote  quote[PROOF_QUOTES_MAX];
    bool                with_last;
    size_t              leaves_n; /* what attested digests of the findings are over */
    struct proof_leaves leaves[PROOF_GENS_MAX];
};

/* One finding that is not about messages (E5, E6, RULE_BACK). fmt: a sentence for people. */
PAWL_MUST_USE pawl_status incident_open(struct held *h, const struct device *d, struct step *step,
                                        int64_t now_ms, enum rule rule,
                                        const struct incident_case *c, struct pawl_err *err,
                                        const char *fmt, ...) PAWL_PRINTF(8, 9);

/* What was found about messages; nothing happens without a finding. *ret_opened: an incident was
 * opened by it (may be NULL). */
PAWL_MUST_USE pawl_status incident_of(struct held *h, const struct device *d, struct step *step,
                                      int64_t now_ms, const struct findings *found,
                                      const struct incident_case *c, bool *ret_opened,
                                      struct pawl_err *err);

/* Messages got their marks (flow/marks.h): counts them in the row and the chain. */
PAWL_MUST_USE pawl_status incident_marked(struct held *h, struct step *step, int64_t now_ms,
                                          const struct inbox_mark *mark, size_t n,
                                          struct pawl_err *err);

/* Behind a promotion: the rekey may have healed it. */
PAWL_MUST_USE pawl_status incident_healed(struct held *h, const struct tenant_config *t,
                                          struct step *step, int64_t now_ms, struct pawl_err *err);

/* An operator's word, with a note. STATE if it is closed already. */
PAWL_MUST_USE pawl_status incident_close_by(struct held *h, struct step *step, int64_t now_ms,
                                            const char *note, struct pawl_err *err);

/* The second light: what the incident says of the keys goes into the verdict (identity 96 and the
 * reason) when it is red. */
void incident_judge(const struct ratchet *r, struct verdict *v);

#endif
