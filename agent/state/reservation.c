/* SPDX-License-Identifier: Apache-2.0 */
#include "state/reservation.h"

#include <inttypes.h>
#include <stdio.h>

#include "state/file.h"
#include "state/json.h"
#include "state/point.h"

enum { FILE_MAX = 512 };

/* The file. */
struct kept {
    uint64_t attempts, slots; /* reserved up to and with these */
    uint64_t run_first;       /* of the last run that reserved slots; 0: none has */
    uint64_t epoch;
    uint64_t gens;
};

static const char *const members[] = { "version",   "attempts", "slots",
                                       "run_first", "epoch",    "generations" };

static pawl_status read_all(const cJSON *j, struct kept *ret, struct pawl_err *err)
{
    struct kept k;
    int64_t     version;

    PAWL_TRY(json_only(j, members, sizeof(members) / sizeof(*members), err));
    PAWL_TRY(json_int(j, "version", 1, 1, &version, err));
    PAWL_TRY(json_u64(j, "attempts", &k.attempts, err));
    PAWL_TRY(json_u64(j, "slots", &k.slots, err));
    PAWL_TRY(json_u64(j, "run_first", &k.run_first, err));
    PAWL_TRY(json_u64(j, "epoch", &k.epoch, err));
    PAWL_TRY(json_u64(j, "generations", &k.gens, err));
    if (k.attempts == UINT64_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "attempts", "no number is left above it");
    if (k.slots == UINT64_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "slots", "no number is left above it");
    if (k.run_first > k.slots || !k.run_first != !k.slots)
        return pawl_fail(err, PAWL_E_RANGE, "run_first", "not among the reserved slots");
    if (k.gens > UINT32_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "generations", "more than 32 bits");
    *ret = k;
    return pawl_ok();
}

static pawl_status read_file(int dir, struct kept *ret, struct pawl_err *err)
{
    uint8_t text[FILE_MAX];
    size_t  n = 0;

    pawl_status s = file_read(dir, RESERVATION_FILE, text, sizeof(text), &n, err);
    if (s.code == PAWL_E_ABSENT) {
        *ret = (struct kept){ 0 };
        return pawl_ok();
    }
    PAWL_TRY(s);
    PAWL_CLEANUP(json_done) cJSON *j = NULL;
    PAWL_TRY(json_parse(pawl_view(text, n), RESERVATION_FILE, &j, err));
    return pawl_under(err, RESERVATION_FILE, read_all(j, ret, err));
}

pawl_status reservation_open(int dir, struct reservation *ret, struct pawl_err *err)
{
    struct kept k;

    PAWL_TRY(read_file(dir, &k, err));
    *ret = (struct reservation){ .attempt_next = k.attempts + 1, /* inv. 2 */
                                 .attempt_reserved = k.attempts,
                                 .seq_next = k.slots + 1,
                                 .seq_reserved = k.slots,
                                 .run_first = k.slots + 1,
                                 .epoch = k.epoch,
                                 .gen_reserved = (uint32_t)k.gens,
                                 .before_first = k.run_first,
                                 .before_hi = k.slots };
    return pawl_ok();
}

/* Makes `next` the truth, on the disk first (inv. 1). */
static pawl_status commit(int dir, struct reservation *r, const struct reservation *next,
                          struct pawl_err *err)
{
    char text[FILE_MAX];
    /* A run that reserved no slots leaves the run before it in the file: the sent log may not have
     * asked yet (inv. 3). */
    bool     began = next->seq_reserved >= next->run_first;
    uint64_t first = began ? next->run_first : next->before_first;
    int      n = snprintf(text, sizeof(text),
                          "{\"version\": 1, \"attempts\": \"%" PRIu64 "\", \"slots\": \"%" PRIu64
                          "\", \"run_first\": \"%" PRIu64 "\", \"epoch\": \"%" PRIu64
                          "\", \"generations\": \"%" PRIu32 "\"}\n",
                          next->attempt_reserved, next->seq_reserved, first, next->epoch,
                          next->gen_reserved);

    PAWL_TRY(file_replace(dir, RESERVATION_FILE, pawl_view(text, (size_t)n), err));
    point("reservation.written");
    *r = *next;
    return pawl_ok();
}

pawl_status reservation_attempt(int dir, struct reservation *r, uint64_t *ret, struct pawl_err *err)
{
    struct reservation next = *r;

    if (r->attempt_next > r->attempt_reserved) { /* P-DUR-3 */
        if (r->attempt_next > UINT64_MAX - RESERVATION_ATTEMPTS)
            return pawl_fail(err, PAWL_E_RANGE, "attempt", "no numbers are left");
        next.attempt_reserved = r->attempt_next + RESERVATION_ATTEMPTS - 1;
        PAWL_TRY(commit(dir, r, &next, err));
    }
    *ret = r->attempt_next++;
    return pawl_ok();
}

pawl_status reservation_seq(int dir, struct reservation *r, uint64_t *ret, struct pawl_err *err)
{
    struct reservation next = *r;

    if (r->seq_next > r->seq_reserved) { /* P-DUR-1 */
        if (r->seq_next > UINT64_MAX - RESERVATION_SLOTS)
            return pawl_fail(err, PAWL_E_RANGE, "seq", "no slots are left");
        next.seq_reserved = r->seq_next + RESERVATION_SLOTS - 1;
        PAWL_TRY(commit(dir, r, &next, err));
    }
    *ret = r->seq_next++;
    return pawl_ok();
}

pawl_status reservation_gen(int dir, struct reservation *r, uint64_t epoch, uint32_t gen,
                            struct pawl_err *err)
{
    struct reservation next = *r;

    /* Generation 0 is used once for each root, so a second one is that of another root, which got
     * the same number for its epoch after a loss of state. */
    if (epoch == r->epoch && gen && gen < r->gen_reserved)
        return pawl_ok();
    if (gen > UINT32_MAX - RESERVATION_GENS)
        return pawl_fail(err, PAWL_E_RANGE, "generation", "none are left in epoch %" PRIu64, epoch);
    next.epoch = epoch;
    next.gen_reserved = gen + RESERVATION_GENS;
    return commit(dir, r, &next, err);
}

uint32_t reservation_gen_first(const struct reservation *r, uint64_t epoch)
{
    return epoch == r->epoch ? r->gen_reserved : 0;
}

pawl_status reservation_above(struct reservation *r, uint64_t last, bool *ret_lost,
                              struct pawl_err *err)
{
    bool lost = last > r->attempt_reserved;

    if (last > UINT64_MAX - 2 * RESERVATION_LOST)
        return pawl_fail(err, PAWL_E_RANGE, "last_attempt", "no numbers are left above it");
    if (lost)
        r->attempt_next = last + RESERVATION_LOST;
    else if (last >= r->attempt_next)
        r->attempt_next = last + 1;
    *ret_lost = lost;
    return pawl_ok();
}

pawl_status reservation_floor(int dir, struct reservation *r, uint64_t floor, struct pawl_err *err)
{
    struct reservation next = *r;

    if (floor <= r->seq_next)
        return pawl_ok();
    if (floor > UINT64_MAX - RESERVATION_SLOTS)
        return pawl_fail(err, PAWL_E_RANGE, "seq_floor", "no slots are left above it");
    /* What this run may leave unlogged begins here now, not where it started (inv. 3). */
    next.seq_next = next.run_first = floor;
    if (floor + RESERVATION_SLOTS - 1 > next.seq_reserved)
        next.seq_reserved = floor + RESERVATION_SLOTS - 1;
    return commit(dir, r, &next, err);
}
