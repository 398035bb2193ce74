/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the agent's walk along a measurement list: an entry that is counted and is none, a piece
 * that does not end with an entry, or depends on how it was reached. The first byte says from which
 * entry, the second how much room; the rest is the list.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "evidence/ima.h"
#include "fuzz.h"

static char path[32];

static void put(struct pawl_view list)
{
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("list", MFD_CLOEXEC);
        FUZZ_HOLDS(fd >= 0);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    FUZZ_HOLDS(!ftruncate(fd, 0) && pwrite(fd, list.p, list.n, 0) == (ssize_t)list.n);
}

/* The whole entries at the begin of v, up to `most`: how many there are, and their bytes. */
static size_t count(struct pawl_view v, size_t most, size_t *ret_n)
{
    size_t          found = 0, at = 0, n;
    struct pawl_err err;

    while (found < most && at < v.n &&
           pawl_is_ok(ima_entry_n(pawl_view(v.p + at, v.n - at), &n, &err)) && n <= v.n - at) {
        FUZZ_HOLDS(n > 32);
        at += n;
        found++;
    }
    *ret_n = at;
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static uint8_t    piece[IMA_PIECE_MIN + 255 * 16], again[sizeof(piece)];
    struct ima_places places = { 0 };
    size_t            got = 0, more = 0, skipped, all;
    struct pawl_err   err = { 0 };

    if (n < 2)
        return 0;
    struct pawl_view list = pawl_view(p + 2, n - 2);
    size_t           first = p[0] % 8, cap = IMA_PIECE_MIN + p[1] * 16u;
    put(list);
    pawl_status s = ima_read(path, &places, first, piece, cap, &got, &err);
    bool        reached = count(list, first, &skipped) == first;
    if (!pawl_is_ok(s)) {
        FUZZ_HOLDS(err.code == s.code && err.where[0] && err.why[0] && !places.end.entry);
        return 0;
    }
    FUZZ_HOLDS(reached && places.from.offset == skipped && places.end.offset == skipped + got);
    FUZZ_HOLDS(got <= cap && !memcmp(piece, list.p + skipped, got));
    FUZZ_HOLDS(count(pawl_view(piece, got), SIZE_MAX, &all) ==
               places.end.entry - places.from.entry);
    FUZZ_HOLDS(all == got);

    /* From the known place comes the same. */
    FUZZ_HOLDS(pawl_is_ok(ima_read(path, &places, first, again, cap, &more, &err)));
    FUZZ_HOLDS(more == got && !memcmp(piece, again, got));
    return 0;
}
