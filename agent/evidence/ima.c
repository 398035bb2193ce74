/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An entry: u32 pcr, u8[20] template digest, u32 n, u8[n] template name, u32 n, u8[n] data; little-
 * endian. The template "ima" has no length of its data: a SHA-1 digest, u32 n, u8[n] path.
 */
#include "evidence/ima.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "evidence/source.h"

/* The limits of the verifier's parser: what it refuses is not worth sending. */
enum { DIGEST = 20, NAME_MAX_N = 128, DATA_MAX = 256 * 1024, PATH_MAX_N = 255, PCRS = 24 };

static uint32_t take_count(struct pawl_rd *r, const char *field, uint32_t max)
{
    uint32_t n = pawl_rd_u32_le(r, field);

    if (n > max)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    return n;
}

static pawl_status check_pcr(uint32_t pcr, struct pawl_err *err)
{
    if (pcr >= PCRS && __builtin_bswap32(pcr) < PCRS)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, IMA_KEY,
                         "is big-endian: boot with ima_canonical_fmt");
    if (pcr >= PCRS)
        return pawl_fail(err, PAWL_E_RANGE, IMA_KEY, "an entry for PCR %" PRIu32, pcr);
    return pawl_ok();
}

pawl_status ima_entry_n(struct pawl_view in, size_t *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    uint32_t       data_n;

    PAWL_TRY(check_pcr(pawl_rd_u32_le(&r, "pcr"), err)); /* before any length is believed */
    pawl_rd_bytes(&r, "template_digest", DIGEST);
    struct pawl_view name = pawl_rd_bytes(&r, "template_name",
                                          take_count(&r, "template_name", NAME_MAX_N));
    if (pawl_view_equal(name, pawl_view_str("ima"))) {
        pawl_rd_bytes(&r, "template_data", DIGEST);
        data_n = take_count(&r, "template_data", PATH_MAX_N);
    } else {
        data_n = take_count(&r, "template_data", DATA_MAX);
    }
    if (r.bad)
        return pawl_fail(err, r.code, IMA_KEY, "an entry ends inside %s, or that is too long",
                         r.bad);
    *ret = r.at + data_n;
    return pawl_ok();
}

/* ---- a walk along the list ------------------------------------------------------------------ */

/* b[from..n) was read and not yet walked over. */
struct walk {
    int              fd;
    uint8_t         *b;
    size_t           cap, from, n;
    bool             ended;
    struct ima_place at;
};

static struct pawl_view ahead(const struct walk *w)
{
    return pawl_view(w->b + w->from, w->n - w->from);
}

/* Moves what was not walked over to the begin, and fills the rest. */
static pawl_status refill(struct walk *w, struct pawl_err *err)
{
    size_t got;

    memmove(w->b, w->b + w->from, w->n - w->from);
    w->n -= w->from;
    w->from = 0;
    PAWL_TRY(source_read(w->fd, IMA_KEY, w->b + w->n, w->cap - w->n, &got, err));
    w->ended = got < w->cap - w->n;
    w->n += got;
    return pawl_ok();
}

/* The length of the entry ahead; SHORT only at the list's end. */
static pawl_status look(struct walk *w, size_t *ret, struct pawl_err *err)
{
    pawl_status s = ima_entry_n(ahead(w), ret, err);

    if (s.code != PAWL_E_SHORT || w->ended)
        return s;
    PAWL_TRY(refill(w, err));
    return ima_entry_n(ahead(w), ret, err);
}

/* Past n bytes, which may be more than the buffer holds. */
static pawl_status skip(struct walk *w, size_t n, struct pawl_err *err)
{
    w->at.entry++;
    w->at.offset += n;
    if (w->at.offset > IMA_LIST_MAX)
        return pawl_fail(err, PAWL_E_RANGE, IMA_KEY, "more than %d bytes", IMA_LIST_MAX);
    while (n > w->n - w->from) {
        n -= w->n - w->from;
        w->from = w->n;
        if (w->ended)
            return pawl_fail(err, PAWL_E_SHORT, IMA_KEY, "ends inside an entry");
        PAWL_TRY(refill(w, err));
    }
    w->from += n;
    return pawl_ok();
}

static pawl_status walk_to(struct walk *w, uint64_t first, struct pawl_err *err)
{
    while (w->at.entry < first) {
        uint64_t    number = w->at.entry;
        size_t      n = 0;
        pawl_status s = look(w, &n, err);
        if (pawl_is_ok(s))
            s = skip(w, n, err);
        if (s.code == PAWL_E_SHORT)
            return pawl_fail(err, PAWL_E_ABSENT, IMA_KEY,
                             "has %" PRIu64 " entries, number %" PRIu64 " is wanted", number,
                             first);
        PAWL_TRY(s);
    }
    return pawl_ok();
}

/* ---- a piece -------------------------------------------------------------------------------- */

/* Whole entries at the begin of the buffer. One that is none ends the piece; it is said when it
 * stands first. */
static pawl_status gather(struct walk *w, size_t *ret_n, struct pawl_err *err)
{
    size_t      used = 0, n = 0;
    pawl_status s = pawl_ok();

    PAWL_TRY(refill(w, err));
    while (used < w->n) {
        s = ima_entry_n(pawl_view(w->b + used, w->n - used), &n, err);
        if (!pawl_is_ok(s) || n > w->n - used)
            break;
        used += n;
        w->at.entry++;
    }
    if (!used && !pawl_is_ok(s) && s.code != PAWL_E_SHORT)
        return s;
    if (!used && w->n && !w->ended)
        return pawl_fail(err, PAWL_E_FULL, IMA_KEY, "entry %" PRIu64 " does not fit", w->at.entry);
    if (used > IMA_LIST_MAX - w->at.offset)
        return pawl_fail(err, PAWL_E_RANGE, IMA_KEY, "more than %d bytes", IMA_LIST_MAX);
    w->at.offset += used;
    *ret_n = used;
    return pawl_ok();
}

static pawl_status read_from(const char *path, uint64_t first, struct walk *w, size_t *ret_n,
                             struct pawl_err *err)
{
    PAWL_CLEANUP(source_close) int fd = -1;

    PAWL_TRY(source_open(path, IMA_KEY, &fd, err));
    if (w->at.offset && lseek(fd, (off_t)w->at.offset, SEEK_SET) != (off_t)w->at.offset)
        w->at = (struct ima_place){ 0 };
    w->fd = fd;
    PAWL_TRY(walk_to(w, first, err));
    return gather(w, ret_n, err);
}

/* The last known place that is not behind `first`. */
static struct ima_place nearest(const struct ima_places *known, uint64_t first)
{
    if (known->end.entry <= first)
        return known->end;
    return known->from.entry <= first ? known->from : (struct ima_place){ 0 };
}

pawl_status ima_read(const char *path, struct ima_places *places, uint64_t first, uint8_t *ret,
                     size_t cap, size_t *ret_n, struct pawl_err *err)
{
    struct ima_place start = nearest(places, first);
    struct walk      w = { .b = ret, .cap = cap, .at = start };
    size_t           n = 0;

    if (cap < IMA_PIECE_MIN)
        return pawl_fail(err, PAWL_E_FULL, IMA_KEY, "no room for entry %" PRIu64, first);
    pawl_status s = read_from(path, first, &w, &n, err);
    if (!pawl_is_ok(s) && s.code != PAWL_E_FULL && start.offset) { /* inv. 3 */
        w = (struct walk){ .b = ret, .cap = cap };
        s = read_from(path, first, &w, &n, err);
    }
    PAWL_TRY(s);
    *places = (struct ima_places){ { first, w.at.offset - n }, w.at };
    *ret_n = n;
    return pawl_ok();
}
