/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurement list of Linux' IMA, as the kernel hands it out in binary: a piece of it, from an
 * entry that the verifier named.
 *
 * Invariants
 *  1. A piece is whole entries. The list grows while it is read: what stands half at its end is
 *     left for the next time.
 *  2. Of an entry only its lengths are looked at; what they promise is held against limits before
 *     it is believed.
 *  3. A place from an earlier reading saves the way from the list's begin and nothing else: if
 *     what stands there is no entry, the list is walked anew.
 *
 * Not here: what an entry means. The list proves nothing until the verifier replays it.
 * Spec: the kernel's security/integrity/ima/ima_fs.c.
 */
#ifndef AGENT_EVIDENCE_IMA_H
#define AGENT_EVIDENCE_IMA_H

#include <pawl/base.h>

#define IMA_KEY       "ima_list" /* of the configuration; begins each error */
#define IMA_LIST_MAX  (64 * 1024 * 1024)
#define IMA_PIECE_MIN 256 /* room for the head of any entry */

/* The bytes of the entry at the begin of `in`, from its lengths alone: more than `in` has where it
 * is cut. SHORT if even they are not there, RANGE or UNSUPPORTED (big-endian) for no entry. */
PAWL_MUST_USE pawl_status ima_entry_n(struct pawl_view in, size_t *ret, struct pawl_err *err);

struct ima_place {
    uint64_t entry, offset;
};

/* Where the last piece began and ended; all zero at first. Of one list in one boot. */
struct ima_places {
    struct ima_place from, end;
};

/* The entries from number `first` on, as many as fit cap bytes, at least IMA_PIECE_MIN; none if the
 * list ends there. ABSENT if there is no list, or it ends before; FULL if `first` alone does not
 * fit; RANGE behind IMA_LIST_MAX; RANGE and UNSUPPORTED as above; IO and FORM if it cannot be
 * read. Then the bytes at ret are of no meaning. */
PAWL_MUST_USE pawl_status ima_read(const char *path, struct ima_places *places, uint64_t first,
                                   uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err);

#endif
