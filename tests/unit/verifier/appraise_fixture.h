/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device and its verifier, for tests of the appraisal: boots, files and requests of the one, the
 * policy, exceptions and memory of the other, and what the last judgement said.
 */
#ifndef VERIFIER_APPRAISE_FIXTURE_H
#define VERIFIER_APPRAISE_FIXTURE_H

#include "appraise/appraise.h"
#include "soft_ima.h"
#include "soft_quote.h"

enum { NOW = 1790000000 };

struct world {
    /* the device */
    struct soft_eventlog soft;
    struct pawl_view     log;
    struct soft_quote    quoted;
    struct soft_ima      list;
    struct pawl_clock    clock;
    uint8_t              os_boot[PAWL_OS_BOOT];
    /* the verifier */
    struct known_device known;
    struct known_boot   kept;
    struct policy       policy;
    struct exception    exception[2];
    size_t              exception_n;
    int64_t             now_s;
    bool                watch;
    /* one request and its answer */
    bool                 leaves_values_out;
    struct appraise_log  sent_log;
    struct appraise_list sent_list;
    struct verdict       v;
    struct known_boot    next;
    struct appraise_want want;
};

void world_done(struct world *w);

#define WORLD PAWL_CLEANUP(world_done) struct world

/* Files are known by a content that is their path. */
void world_rules(struct world *w, const char *more);
void world_rules_of_boot(struct world *w, const char *more);
void world_quotes_list(struct world *w);
void world_runs(struct world *w, const char *path);
void world_measures_kernel(struct world *w);

/* The firmware and the kernel begin, by the log that w->soft has now. */
void world_powers_on(struct world *w);
void world_resets(struct world *w);
void world_begin(struct world *w);
void world_sends_log(struct world *w);
void world_names_log(struct world *w);
void world_sends_list(struct world *w, size_t from_byte, uint64_t first);

/* What was set up is judged, and kept by the verifier as it would be. */
void world_judge(struct world *w);

/* The first attest after a reset: the log, and no list until it is asked for; then that. */
void   world_attests_anew(struct world *w);
size_t world_findings(const struct world *w, enum reason r);
void   world_is(const struct world *w, enum trust_tier tier);
void   world_covers(const struct world *w, enum cover c, enum reason why);

/* Everything was looked at, and good. */
void world_is_good(const struct world *w);

#endif
