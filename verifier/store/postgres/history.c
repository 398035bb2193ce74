/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the database that we are connected to is an older copy of the one that we knew: a standby
 * that was behind when it took over, or a copy that was put back. What was promised to devices
 * since then is forgotten there, so it is not served.
 *
 * Each verifier has a name (pawl.verifier in its state directory, made once), and a row for each of
 * its writers that counts the groups which it committed. postgres.count in the directory follows.
 *
 * Invariants
 *  1. The file is written after a commit returned, and read before the database is: what it and
 *     this process know is never ahead of the database that it belongs to.
 *  2. A database that is behind what we know is neither read nor written, until the operator says
 * of it that it is the one (restored_ms grows), or another one is there that is not.
 *  3. Every group ends with a transaction that holds the count against what we know.
 *
 * The file is not synced. After a power cut it may be behind, and then says nothing about the few
 * seconds that it lacks. Only transactions of this verifier are known to it: one that committed
 * nothing for a while is served by what others notice.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pawl/crypto.h>

#include "store/postgres/postgres.h"

#define ID_FILE    "pawl.verifier"
#define COUNT_FILE "postgres.count"
#define LINE_N     21 /* 20 digits and a newline: within one sector, so it is old or new */

#define AHEAD_MAX_MS INT64_C(86400000)

/* ---- files ----------------------------------------------------------------------------------- */

static pawl_status open_file(const char *path, const char *name, int *ret, struct pawl_err *err)
{
    char file[PATH_MAX];

    if (snprintf(file, sizeof(file), "%s/%s", path, name) >= (int)sizeof(file))
        return pawl_fail(err, PAWL_E_RANGE, "store.open", "the path is too long");
    *ret = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *ret >= 0 ? pawl_ok()
                     : pawl_fail(err, PAWL_E_IO, "store.open", "%s: %s", name, strerror(errno));
}

/* Lines: one for each writer, then restored_ms. Anything but a number as we write it says nothing:
 * 0. */
static int64_t read_line(int fd, unsigned line)
{
    char            text[LINE_N + 1] = { 0 };
    uint64_t        n = 0;
    struct pawl_err ignored;

    if (pread(fd, text, LINE_N, (off_t)line * LINE_N) != LINE_N || text[LINE_N - 1] != '\n')
        return 0;
    size_t zeros = strspn(text, "0");
    text[LINE_N - 1] = 0;
    if (zeros == LINE_N - 1 ||
        !pawl_is_ok(pawl_u64_parse(text + zeros, "", INT64_MAX - 1, &n, &ignored)))
        return 0;
    return (int64_t)n;
}

static void write_line(int fd, unsigned line, int64_t n)
{
    char text[LINE_N + 1];

    snprintf(text, sizeof(text), "%020" PRId64 "\n", n);
    /* A file that stays behind hides nothing of the database and raises no alarm. */
    if (pwrite(fd, text, LINE_N, (off_t)line * LINE_N) != LINE_N)
        return;
}

static pawl_status make_id(int fd, char ret[33], struct pawl_err *err)
{
    uint8_t id[16];

    PAWL_TRY(pawl_random(id, sizeof(id), err));
    PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(id), ret, 33, err));
    if (pwrite(fd, ret, 32, 0) != 32 || fsync(fd) != 0)
        return pawl_fail(err, PAWL_E_IO, "store.open", ID_FILE ": %s", strerror(errno));
    return pawl_ok();
}

static pawl_status read_id(int fd, char ret[33], struct pawl_err *err)
{
    char    text[34] = { 0 };
    ssize_t n = pread(fd, text, 33, 0);

    if (n == 0)
        return make_id(fd, ret, err);
    if (n != 32 || strspn(text, "0123456789abcdef") != 32)
        return pawl_fail(err, PAWL_E_FORM, "store.open", ID_FILE " is not 32 digits of hex");
    memcpy(ret, text, 33);
    return pawl_ok();
}

pawl_status pg_history_open(const char *path, struct pg_history *ret, struct pawl_err *err)
{
    int id = -1;

    ret->file = -1;
    PAWL_TRY(open_file(path, ID_FILE, &id, err));
    pawl_status s = read_id(id, ret->id, err);
    close(id);
    PAWL_TRY(s);
    PAWL_TRY(open_file(path, COUNT_FILE, &ret->file, err));
    for (unsigned i = 0; i < PG_WRITERS; i++)
        atomic_init(&ret->commits[i], read_line(ret->file, i));
    atomic_init(&ret->restored_ms, read_line(ret->file, PG_WRITERS));
    return pawl_ok();
}

void pg_history_close(struct pg_history *h)
{
    if (h->file >= 0)
        close(h->file);
    h->file = -1;
}

/* ---- the database ---------------------------------------------------------------------------- */

static void raise_to(atomic_llong *v, int64_t to)
{
    long long was = atomic_load(v);

    while (was < to && !atomic_compare_exchange_weak(v, &was, to))
        ;
}

/* 0: there is no row. */
static pawl_status read_counts(const struct pg_history *h, struct pg_connection *c,
                               int64_t ret[PG_WRITERS], struct pawl_err *err)
{
    QUERY q = query_on(&c->base, OWN_COMMITS, "verifier");

    memset(ret, 0, PG_WRITERS * sizeof(*ret));
    query_text(&q, h->id);
    while (query_row(&q)) {
        uint64_t slot = get_u64(&q);
        int64_t  n = (int64_t)get_max(&q, "commits", INT64_MAX);
        if (slot < PG_WRITERS)
            ret[slot] = n;
    }
    return query_end(&q, err);
}

/* What one of them writes all others follow, and it never goes back: a machine that came up years
 * ahead would end tokens, exceptions and what is kept for all of them. */
static pawl_status check_clock(int64_t newest_ms, int64_t theirs_ms, struct pawl_err *err)
{
    struct timespec ours;
    int64_t         known_ms = newest_ms > theirs_ms ? newest_ms : theirs_ms;

    clock_gettime(CLOCK_REALTIME, &ours);
    int64_t ahead_ms = (int64_t)ours.tv_sec * 1000 - known_ms;
    if (ahead_ms <= AHEAD_MAX_MS)
        return pawl_ok();
    return pawl_fail(err, PAWL_E_IO, "store.clock",
                     "this machine's clock is %" PRId64 " s ahead of the database's: set it right",
                     ahead_ms / 1000);
}

static pawl_status read_history(struct pg_connection *c, int64_t *ret_restored_ms,
                                int64_t *ret_newest_ms, struct pawl_err *err)
{
    QUERY   q = query_on(&c->base, OWN_HISTORY, "history");
    int64_t oldest, clock_ms;

    if (!query_row(&q))
        return row_absent(&q, err);
    *ret_restored_ms = (int64_t)get_u64(&q);
    *ret_newest_ms = (int64_t)get_u64(&q);
    oldest = (int64_t)get_u64(&q);
    clock_ms = (int64_t)get_u64(&q);
    PAWL_TRY(query_end(&q, err));
    if (oldest > pg_schema_number) /* what we read may have gone */
        return pawl_fail(err, PAWL_E_IO, "store.schema",
                         "the database needs a newer program than this one");
    return check_clock(*ret_newest_ms, clock_ms, err);
}

/* The operator said of this database that it is the one: what it does not know never was. */
static void adopt(struct pg_history *h, int64_t restored_ms, const int64_t counts[PG_WRITERS])
{
    for (unsigned i = 0; i < PG_WRITERS; i++) {
        atomic_store(&h->commits[i], counts[i]);
        write_line(h->file, i, counts[i]);
    }
    atomic_store(&h->restored_ms, restored_ms);
    write_line(h->file, PG_WRITERS, restored_ms);
}

pawl_status pg_history_check(struct pg_history *h, struct pg_connection *c, struct pawl_err *err)
{
    int64_t known[PG_WRITERS], counts[PG_WRITERS], restored_ms = 0, newest_ms = 0;
    bool    behind = false;

    for (unsigned i = 0; i < PG_WRITERS; i++)
        known[i] = atomic_load(&h->commits[i]); /* inv. 1 */
    PAWL_TRY(read_history(c, &restored_ms, &newest_ms, err));
    PAWL_TRY(read_counts(h, c, counts, err));
    for (unsigned i = 0; i < PG_WRITERS; i++)
        behind |= counts[i] < known[i];
    /* Itself older than the operator's last word, too. */
    behind |= restored_ms < atomic_load(&h->restored_ms);
    if (restored_ms > atomic_load(&h->restored_ms)) {
        adopt(h, restored_ms, counts);
        behind = false;
    }
    atomic_store(&h->behind, behind);
    if (behind)
        return pawl_fail(err, PAWL_E_IO, "store.postgres",
                         "the database is an older copy: see pawl-verifier restored");
    raise_to(&h->newest_ms, newest_ms);
    return pawl_ok();
}

pawl_status pg_history_join(struct pg_history *h, struct pg_connection *c, unsigned slot,
                            struct pawl_err *err)
{
    int64_t counts[PG_WRITERS];
    QUERY   q = query_on(&c->base, OWN_JOIN, "verifier");

    query_text(&q, h->id);
    query_u64(&q, slot);
    query_u64(&q, (uint64_t)atomic_load(&h->commits[slot]));
    PAWL_TRY(query_run(&q, err));
    PAWL_TRY(read_counts(h, c, counts, err));
    atomic_store(&h->commits[slot], counts[slot]);
    return pawl_ok();
}

pawl_status pg_history_count(struct pg_history *h, struct pg_connection *c, unsigned slot,
                             int64_t newest_ms, int64_t *ret, struct pawl_err *err)
{
    int64_t was = atomic_load(&h->commits[slot]);

    QUERY durable = query_on(&c->base, OWN_DURABLE, "commit");

    query_text(&durable, c->durable);
    PAWL_TRY(query_run(&durable, err));

    QUERY q = query_on(&c->base, OWN_COUNT_UP, "verifier");

    query_text(&q, h->id);
    query_u64(&q, slot);
    query_u64(&q, (uint64_t)was);
    query_u64(&q, (uint64_t)newest_ms);
    *ret = was + 1;
    return query_run_one(&q, "the database is another one than before", err); /* inv. 3 */
}

/* Set, not counted up: whoever took over what the database says meanwhile may have seen it there.
 */
void pg_history_follow(struct pg_history *h, unsigned slot, int64_t commits, int64_t newest_ms)
{
    atomic_store(&h->commits[slot], commits);
    raise_to(&h->newest_ms, newest_ms);
    write_line(h->file, slot, commits);
}
