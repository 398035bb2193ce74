/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the ratchet in a store: how they are put there, and what lists of them say, as text.
 */
#ifndef VERIFIER_RATCHET_FIXTURE_H
#define VERIFIER_RATCHET_FIXTURE_H

#include "point.h"
#include "store_fixture.h"

void        same_blob(const struct blob *b, const char *text);
void        ratchet_commit_batch(struct store_fixture *f, struct device *d, unsigned number);
struct step with_downlink(const char *tenant, const struct device *d, uint64_t id, uint64_t seq,
                          const char *body);
void        ratchet_put_downlink(struct store_fixture *f, const struct device *d, uint64_t id,
                                 uint64_t seq, const char *body);
pawl_status say_segment(const struct segment_row *s, void *arg, struct pawl_err *err);
void        segments_are(struct store_fixture *f, struct pawl_view tenant, struct pawl_view device,
                         uint64_t after, size_t limit, const char *expected);
void version_is(struct store_fixture *f, const struct device *d, uint64_t version, int64_t seen_s);

#endif
