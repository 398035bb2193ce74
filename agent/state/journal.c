/* SPDX-License-Identifier: Apache-2.0 */
#include "state/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pawl/crypto.h>

#include "state/file.h"

#define MAGIC "pawl/1 j"

enum { MAGIC_N = 8, HEADER = MAGIC_N + JOURNAL_ID + JOURNAL_CHECK, READ_AHEAD = 64 * 1024 };

static pawl_status io(struct pawl_err *err, const char *name, const char *what)
{
    return pawl_fail(err, PAWL_E_IO, name, "cannot %s: %s", what, strerror(errno));
}

static pawl_status temporary(const char *name, char ret[NAME_MAX + 1], struct pawl_err *err)
{
    if ((size_t)snprintf(ret, NAME_MAX + 1, "%s.new", name) > NAME_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "file", "name too long");
    return pawl_ok();
}

void journal_close(struct journal *j)
{
    char            name[NAME_MAX + 1];
    struct pawl_err ignored;

    file_close(&j->fd);
    if (j->begun && pawl_is_ok(temporary(j->name, name, &ignored)))
        unlinkat(j->dir, name, 0);
    j->begun = false;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

static pawl_status read_at(int fd, const char *name, uint64_t at, uint8_t *ret, size_t n,
                           struct pawl_err *err)
{
    while (n) {
        ssize_t got = pread(fd, ret, n, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return io(err, name, "read");
        if (!got)
            return pawl_fail(err, PAWL_E_IO, name, "ends early");
        ret += got;
        n -= (size_t)got;
        at += (uint64_t)got;
    }
    return pawl_ok();
}

pawl_status journal_read(const struct journal *j, uint64_t at, uint8_t *ret, size_t n,
                         struct pawl_err *err)
{
    return read_at(j->fd, j->name, at, ret, n, err);
}

static pawl_status write_at(struct journal *j, uint64_t at, struct pawl_view v,
                            struct pawl_err *err)
{
    while (v.n) {
        ssize_t put = pwrite(j->fd, v.p, v.n, (off_t)at);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return io(err, j->name, "write");
        v.p += put;
        v.n -= (size_t)put;
        at += (uint64_t)put;
    }
    return pawl_ok();
}

static pawl_status check_of(const char *label, const uint8_t id[JOURNAL_ID], uint64_t at,
                            struct pawl_view body, uint8_t ret[JOURNAL_CHECK], struct pawl_err *err)
{
    uint8_t                place[12];
    struct pawl_wr         w = pawl_wr_to(place, sizeof(place));
    const struct pawl_view parts[] = { pawl_view_str(label), pawl_view(id, JOURNAL_ID),
                                       PAWL_VIEW_OF(place), body };
    struct pawl_digest     d;

    pawl_wr_u64(&w, at);
    pawl_wr_u32(&w, (uint32_t)body.n);
    PAWL_TRY(pawl_hash(PAWL_SHA256, parts, 4, &d, err));
    memcpy(ret, d.b, JOURNAL_CHECK);
    return pawl_ok();
}

static pawl_status frame_check(const struct journal *j, uint64_t at, struct pawl_view body,
                               uint8_t ret[JOURNAL_CHECK], struct pawl_err *err)
{
    return check_of("pawl/1 frame", j->id, at, body, ret, err);
}

static pawl_status header_check(const struct journal *j, uint8_t ret[JOURNAL_CHECK],
                                struct pawl_err *err)
{
    return check_of("pawl/1 journal", j->id, 0, pawl_view_str(j->name), ret, err);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* A window on the file, so that looking for a frame byte by byte costs no call for each. */
struct scan {
    const struct journal *j;
    uint64_t              size;
    uint8_t              *b;
    size_t                cap, n;
    uint64_t              from;
};

static void scan_done(struct scan *s)
{
    free(s->b);
}

/* The n bytes at `at`, all of them inside the file and n at most cap. */
static pawl_status look(struct scan *s, uint64_t at, size_t n, const uint8_t **ret,
                        struct pawl_err *err)
{
    if (at < s->from || at - s->from > s->n || n > s->n - (at - s->from)) {
        size_t want = s->size - at < s->cap ? (size_t)(s->size - at) : s->cap;
        s->n = 0;
        PAWL_TRY(read_at(s->j->fd, s->j->name, at, s->b, want, err));
        s->from = at;
        s->n = want;
    }
    *ret = s->b + (at - s->from);
    return pawl_ok();
}

/* *ret_body: of the frame that begins here, or empty if none that is whole does. */
static pawl_status frame_at(struct scan *s, uint64_t at, struct pawl_view *ret_body,
                            struct pawl_err *err)
{
    uint64_t       left = s->size - at;
    const uint8_t *p;
    uint8_t        check[JOURNAL_CHECK];

    *ret_body = pawl_view(NULL, 0);
    if (left <= JOURNAL_FRAME)
        return pawl_ok();
    PAWL_TRY(look(s, at, JOURNAL_HEAD, &p, err));
    struct pawl_rd r = pawl_rd_from(pawl_view(p, JOURNAL_HEAD));
    uint32_t       n = pawl_rd_u32(&r, "n");
    if (!n || n > s->j->body_max || n > left - JOURNAL_FRAME)
        return pawl_ok();
    PAWL_TRY(look(s, at, (size_t)n + JOURNAL_FRAME, &p, err));
    struct pawl_view body = pawl_view(p + JOURNAL_HEAD, n);
    PAWL_TRY(frame_check(s->j, at, body, check, err));
    if (pawl_view_equal(PAWL_VIEW_OF(check), pawl_view(body.p + n, JOURNAL_CHECK)))
        *ret_body = body;
    return pawl_ok();
}

/* *at moves on to the next whole frame, or to the end of the file. */
static pawl_status find_frame(struct scan *s, uint64_t *at, struct pawl_err *err)
{
    struct pawl_view body = { NULL, 0 };

    while (!body.n && *at < s->size) {
        (*at)++;
        PAWL_TRY(frame_at(s, *at, &body, err));
    }
    return pawl_ok();
}

static pawl_status read_frames(struct scan *s, journal_visit *visit, void *arg, struct journal *j,
                               struct pawl_err *err)
{
    struct pawl_view body;
    uint64_t         at = HEADER;

    while (at < s->size) {
        PAWL_TRY(frame_at(s, at, &body, err));
        if (body.n) {
            PAWL_TRY(visit(arg, at + JOURNAL_HEAD, body, err));
            at += body.n + JOURNAL_FRAME;
            continue;
        }
        uint64_t next = at;
        PAWL_TRY(find_frame(s, &next, err));
        if (next == s->size && s->size - at <= j->body_max + JOURNAL_FRAME) {
            j->untidy = true; /* torn: inv. 3 */
            break;
        }
        j->damaged = true;
        at = next;
    }
    j->end = at;
    return pawl_ok();
}

static pawl_status read_header(struct journal *j, struct pawl_err *err)
{
    uint8_t b[HEADER], check[JOURNAL_CHECK];

    PAWL_TRY(read_at(j->fd, j->name, 0, b, HEADER, err));
    memcpy(j->id, b + MAGIC_N, JOURNAL_ID);
    PAWL_TRY(header_check(j, check, err));
    if (memcmp(b, MAGIC, MAGIC_N) || memcmp(b + MAGIC_N + JOURNAL_ID, check, JOURNAL_CHECK))
        return pawl_fail(err, PAWL_E_FORM, j->name, "no header that we wrote");
    return pawl_ok();
}

pawl_status journal_open(int dir, const char *name, size_t body_max, journal_visit *visit,
                         void *arg, struct journal *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(journal_close)
    struct journal j = { .dir = dir, .name = name, .body_max = body_max };
    struct stat    st;

    j.fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (j.fd < 0 && errno == ENOENT)
        return pawl_fail(err, PAWL_E_ABSENT, name, "there is none");
    if (j.fd < 0 && errno != ELOOP && errno != EISDIR)
        return io(err, name, "open");
    if (j.fd >= 0 && fstat(j.fd, &st))
        return io(err, name, "stat");
    if (j.fd < 0 || !S_ISREG(st.st_mode) || st.st_size < HEADER)
        return pawl_fail(err, PAWL_E_FORM, name, "not a file that we wrote");
    PAWL_TRY(read_header(&j, err));

    PAWL_CLEANUP(scan_done)
    struct scan s = { .j = &j, .size = (uint64_t)st.st_size, .cap = body_max + READ_AHEAD };
    s.b = malloc(s.cap);
    if (!s.b)
        return pawl_fail(err, PAWL_E_MEMORY, name, "out of memory");
    PAWL_TRY(read_frames(&s, visit, arg, &j, err));
    *ret = j;
    j.fd = -1;
    return pawl_ok();
}

/* ---- writing -------------------------------------------------------------------------------- */

static pawl_status put_frame(struct journal *j, struct pawl_view body, struct pawl_err *err)
{
    uint8_t        head[JOURNAL_HEAD], check[JOURNAL_CHECK];
    struct pawl_wr w = pawl_wr_to(head, sizeof(head));

    if (!body.n || body.n > j->body_max)
        return pawl_fail(err, PAWL_E_BUG, j->name, "a frame of %zu bytes", body.n);
    pawl_wr_u32(&w, (uint32_t)body.n);
    PAWL_TRY(frame_check(j, j->end, body, check, err));
    PAWL_TRY(write_at(j, j->end, PAWL_VIEW_OF(head), err));
    PAWL_TRY(write_at(j, j->end + JOURNAL_HEAD, body, err));
    return write_at(j, j->end + JOURNAL_HEAD + body.n, PAWL_VIEW_OF(check), err);
}

static pawl_status tidy(struct journal *j, struct pawl_err *err)
{
    if (j->untidy && ftruncate(j->fd, (off_t)j->end))
        return io(err, j->name, "cut off what a failed write left");
    j->untidy = false;
    if (j->unnamed && fsync(j->dir))
        return io(err, j->name, "fsync the directory");
    j->unnamed = false;
    return pawl_ok();
}

pawl_status journal_append(struct journal *j, struct pawl_view body, struct pawl_err *err)
{
    PAWL_TRY(tidy(j, err));
    pawl_status s = put_frame(j, body, err);
    if (pawl_is_ok(s) && fsync(j->fd))
        s = io(err, j->name, "fsync");
    if (!pawl_is_ok(s)) {
        /* Whole or not, it never was; where that cannot be had now, the next append sees to it. */
        j->untidy = ftruncate(j->fd, (off_t)j->end) != 0; /* inv. 2 */
        return s;
    }
    j->end += body.n + JOURNAL_FRAME;
    return pawl_ok();
}

pawl_status journal_begin(int dir, const char *name, size_t body_max, struct journal *ret,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(journal_close)
    struct journal j = { .fd = -1, .dir = dir, .name = name, .body_max = body_max };
    char           beside[NAME_MAX + 1];
    uint8_t        check[JOURNAL_CHECK], b[HEADER];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    PAWL_TRY(temporary(name, beside, err));
    PAWL_TRY(pawl_random(j.id, sizeof(j.id), err));
    PAWL_TRY(header_check(&j, check, err));
    pawl_wr_bytes(&w, pawl_view_str(MAGIC));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(j.id));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(check));

    if (unlinkat(dir, beside, 0) && errno != ENOENT)
        return io(err, name, "remove an old temporary file");
    j.fd = openat(dir, beside, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (j.fd < 0)
        return io(err, name, "make a temporary file");
    j.begun = true;
    PAWL_TRY(write_at(&j, 0, PAWL_VIEW_OF(b), err));
    j.end = HEADER;
    *ret = j;
    j.fd = -1;
    j.begun = false;
    return pawl_ok();
}

pawl_status journal_write(struct journal *j, struct pawl_view body, struct pawl_err *err)
{
    PAWL_TRY(put_frame(j, body, err));
    j->end += body.n + JOURNAL_FRAME;
    return pawl_ok();
}

pawl_status journal_install(struct journal *next, struct journal *j, struct pawl_err *err)
{
    char beside[NAME_MAX + 1];

    PAWL_TRY(temporary(next->name, beside, err));
    if (fsync(next->fd))
        return io(err, next->name, "fsync");
    if (renameat(next->dir, beside, next->dir, next->name))
        return io(err, next->name, "rename");
    next->begun = false;
    next->unnamed = fsync(next->dir) != 0;
    journal_close(j);
    *j = *next;
    next->fd = -1;
    return pawl_ok();
}
