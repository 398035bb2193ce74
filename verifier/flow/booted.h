/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot that a device is in (P-LOG-2): what the store knows of it, and what it is to know.
 *
 * Invariant: nothing of a measurement list stands in the store before a quoted value was met
 * (P-LOG-3). What is on its way to one rides in a ticket.
 */
#ifndef VERIFIER_FLOW_BOOTED_H
#define VERIFIER_FLOW_BOOTED_H

#include "appraise/appraise.h"
#include "store/store.h"

struct booted {
    bool              has_row; /* of whatever boot */
    struct boot_row   row;
    struct known_boot known; /* .present: the row is of the boot that was asked for */
};

/* Nothing is known. Facts and list are not cleared: they are large, and known says whether they are
 * there. */
void booted_begin(struct booted *b);

/* *ret was begun. resets: of the quote. A row that this program cannot read any more is as good as
 * none: the log comes again. Release with booted_done. */
PAWL_MUST_USE pawl_status booted_read(const struct store *s, const struct device *d,
                                      uint32_t resets, struct booted *ret, struct pawl_err *err);
/* As booted_read, of what came with the device: *past is emptied of it. */
void booted_take(struct device_past *past, const struct device *d, uint32_t resets,
                 struct booted *ret);
void booted_done(struct booted *b);

/* Puts into the step what is known now, unless the row says it already. */
PAWL_MUST_USE pawl_status booted_plan(const struct booted *was, uint32_t resets,
                                      const struct known_boot *now, struct step *step,
                                      struct pawl_err *err);

#endif
