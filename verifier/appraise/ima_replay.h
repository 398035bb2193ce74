/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measurement list replayed into one PCR of one bank: how much of it a quote covers.
 *
 * A list grows while it is read and quoted, so it may be longer than the quote knows. What stands
 * behind the first place that gives the quoted value is not attested: it is nobody's evidence until
 * a later quote covers it, and must not be looked at before. (I8)
 *
 * The verifier keeps a place (struct ima_place) for each boot of a device, and is sent what is new
 * since. A place says nothing of another boot: who has one of another resetCount begins anew. (I7)
 */
#ifndef VERIFIER_APPRAISE_IMA_REPLAY_H
#define VERIFIER_APPRAISE_IMA_REPLAY_H

#include "appraise/ima.h"

/* What a kernel extends into a bank that is not SHA-1. (I4) */
enum ima_extends {
    IMA_EXTENDS_NONE = 0, /* nobody knows yet */
    IMA_EXTENDS_OWN,      /* the bank's own hash over the template data: since 5.8 */
    IMA_EXTENDS_PADDED,   /* SHA-1's digest and zeros: older; the bank is worth SHA-1 then */
    IMA_EXTENDS_COUNT
};

/* "own", "padded"; "none". */
const char *ima_extends_name(enum ima_extends e);

/* Behind the entries of one boot that quotes covered. */
struct ima_place {
    uint32_t           resets; /* resetCount of that boot */
    uint32_t           pcr;    /* which one; entries for others are passed over (I5) */
    enum pawl_hash     bank;
    enum ima_extends   extends;
    uint64_t           entries; /* passed in the whole list */
    uint64_t           others;  /* of those: for other PCRs, so attested by nothing */
    uint64_t           violations;
    struct pawl_digest value;
};

/* The start of a boot. */
struct ima_place ima_start(uint32_t resets, uint32_t pcr, enum pawl_hash bank);

/* Extends one entry; place->extends must be known. FORGED in a bank of SHA-1 or padded, if the
 * entry's digest is not that of its data: there the digest counts. */
PAWL_MUST_USE pawl_status ima_extend(struct ima_place *place, const struct ima_entry *e,
                                     struct pawl_err *err);

struct ima_covered {
    struct ima_place at;      /* where the quote is */
    struct pawl_view bytes;   /* of the entries from the place before to there */
    uint64_t         pending; /* entries behind it */
};

/* Replays `list`, whose first entry is number `first` of the whole list, from a place until it
 * gives the value that a quote of this resetCount has. STATE if the place is of another boot, or
 * the list does not continue at it; FORGED if no part of it gives the value: from a place other
 * than the start, the verifier asks for the whole list then. Also what ima_next and ima_extend fail
 * with. */
PAWL_MUST_USE pawl_status ima_replay(const struct ima_place *from, struct pawl_view list,
                                     uint64_t first, uint32_t resets,
                                     const struct pawl_digest *quoted, struct ima_covered *ret,
                                     struct pawl_err *err);

#endif
