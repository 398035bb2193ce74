/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves how the agent reads the two logs of a boot: the event log whole or not at all, the
 * measurement list in whole entries from the one that is asked for, on files that grow while they
 * are read, come in small reads, are cut, are huge, or are no logs; and that a place once found
 * spares the way from the list's begin where the file can be entered there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pawl/crypto.h>

#include "evidence/eventlog.h"
#include "evidence/ima.h"
#include "scratch.h"
#include "t.h"

static struct pawl_err err;

/* ---- the file, and how the kernel hands it out ---------------------------------------------- */

static struct {
    size_t chunk; /* a read brings so much at most; 0: all */
    size_t bytes; /* that were read since reset */
    bool   no_seek, fails;
    void (*at_end)(void); /* once, when a read is about to find the end */
} file;

ssize_t __real_read(int fd, void *b, size_t n);
ssize_t __wrap_read(int fd, void *b, size_t n);
off_t   __real_lseek64(int fd, off_t at, int whence);
off_t   __wrap_lseek64(int fd, off_t at, int whence);

ssize_t __wrap_read(int fd, void *b, size_t n)
{
    if (file.fails) {
        errno = EIO;
        return -1;
    }
    ssize_t got = __real_read(fd, b, file.chunk && n > file.chunk ? file.chunk : n);
    if (!got && file.at_end) {
        void (*f)(void) = file.at_end;
        file.at_end = NULL;
        f();
        got = __real_read(fd, b, n);
    }
    file.bytes += got > 0 ? (size_t)got : 0;
    return got;
}

off_t __wrap_lseek64(int fd, off_t at, int whence)
{
    if (file.no_seek) {
        errno = ESPIPE;
        return -1;
    }
    return __real_lseek64(fd, at, whence);
}

static const char *path(void)
{
    return scratch_path("log");
}

static void put(int flags, struct pawl_view v)
{
    int fd = open(path(), O_WRONLY | O_CREAT | flags, 0600);

    assert_int_equal(write(fd, v.p, v.n), v.n);
    close(fd);
}

static int fresh(void **state)
{
    memset(&file, 0, sizeof(file));
    return scratch_empty(state);
}

/* ---- the event log -------------------------------------------------------------------------- */

static uint8_t big[EVENTLOG_MAX + 1];

static void reads_as(size_t n)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog l = { 0 };
    uint8_t                                     hash[32];

    for (size_t i = 0; i < n; i++)
        big[i] = (uint8_t)(i * 7 + i / 251);
    put(O_TRUNC, pawl_view(big, n));
    T_OK(eventlog_read(path(), &l, &err), &err);
    assert_int_equal(l.n, n);
    assert_memory_equal(l.bytes, big, n);
    T_OK(pawl_sha256(pawl_view(big, n), hash, &err), &err);
    assert_memory_equal(l.sha256, hash, 32);
}

static void an_event_log_is_read_whole(void **state)
{
    static const size_t sizes[] = {
        1, 65535, 65536, 65537, 131072, 300000, EVENTLOG_MAX - 1, EVENTLOG_MAX
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        reads_as(sizes[i]);
    file.chunk = 4096; /* as securityfs does */
    reads_as(300001);
}

static void without_log(const char *name, enum pawl_code code)
{
    struct eventlog l;

    t_poison(&l, sizeof(l));
    T_FAILS(eventlog_read(name, &l, &err), &err, code);
    T_WHERE(&err, "event_log");
    t_still_poisoned(&l, sizeof(l));
}

static void a_log_that_is_none_is_named(void **state)
{
    (void)state;
    without_log(path(), PAWL_E_ABSENT);
    put(O_TRUNC, pawl_view(NULL, 0));
    without_log(path(), PAWL_E_ABSENT);
    put(O_TRUNC, pawl_view(big, sizeof(big)));
    without_log(path(), PAWL_E_RANGE);
    without_log(scratch(), PAWL_E_FORM);
    without_log("/proc/self/mem/x", PAWL_E_ABSENT);
    put(O_TRUNC, pawl_view(big, 9));
    file.fails = true;
    without_log(path(), PAWL_E_IO);
    assert_non_null(strstr(err.why, "Input/output error"));
}

static void a_pipe_is_not_waited_for(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(path(), 0600), 0);
    without_log(path(), PAWL_E_FORM);
}

static void what_may_not_be_read_is_said(void **state)
{
    (void)state;
    put(O_TRUNC, pawl_view(big, 9));
    chmod(path(), 0);
    if (!geteuid())
        skip(); /* root may read everything */
    without_log(path(), PAWL_E_IO);
    assert_non_null(strstr(err.why, "Permission denied"));
}

/* ---- lists ---------------------------------------------------------------------------------- */

enum { LIST_MAX = 512 * 1024 };

static uint8_t list[LIST_MAX];
static size_t  list_n;
static size_t  starts[4096]; /* of each entry, and the end */
static size_t  entries;

static void put32(uint32_t v)
{
    for (int i = 0; i < 4; i++)
        list[list_n++] = (uint8_t)(v >> 8 * i);
}

static void add_entry(const char *name, size_t data_n)
{
    put32(10);
    memset(list + list_n, (int)entries + 1, 20);
    list_n += 20;
    put32((uint32_t)strlen(name));
    memcpy(list + list_n, name, strlen(name));
    list_n += strlen(name);
    if (!strcmp(name, "ima")) {
        memset(list + list_n, 0x11, 20);
        list_n += 20;
    }
    put32((uint32_t)data_n);
    memset(list + list_n, (int)entries, data_n);
    list_n += data_n;
    starts[++entries] = list_n;
}

static void new_list(size_t n)
{
    list_n = entries = 0;
    for (size_t i = 0; i < n; i++)
        add_entry(i % 5 == 3 ? "ima" : i % 2 ? "ima-ng" : "ima-sig", 40 + i * 31 % 200);
    put(O_TRUNC, pawl_view(list, list_n));
}

static uint8_t piece[256 * 1024];

/* From `first` on, in a room of cap bytes, come the entries up to `end`. */
static void brings(struct ima_places *p, size_t first, size_t cap, size_t end)
{
    size_t n = SIZE_MAX;

    T_OK(ima_read(path(), p, first, piece, cap, &n, &err), &err);
    assert_int_equal(n, starts[end] - starts[first]);
    assert_memory_equal(piece, list + starts[first], n);
    assert_int_equal(p->from.entry, first);
    assert_int_equal(p->from.offset, starts[first]);
    assert_int_equal(p->end.entry, end);
    assert_int_equal(p->end.offset, starts[end]);
}

static size_t fitting(size_t first, size_t cap)
{
    size_t end = first;

    while (end < entries && starts[end + 1] - starts[first] <= cap)
        end++;
    return end;
}

static void a_piece_is_whole_entries(void **state)
{
    static const size_t chunks[] = { 0, 1, 180, 4096 };

    (void)state;
    new_list(60);
    for (size_t c = 0; c < 4; c++)
        for (size_t first = 0; first <= entries; first++)
            for (size_t cap = 300; cap < 4000; cap += 411) {
                struct ima_places p = { 0 };
                file.chunk = chunks[c];
                brings(&p, first, cap, fitting(first, cap));
            }
}

static void every_place_of_the_cut_leaves_whole_entries(void **state)
{
    (void)state;
    new_list(6);
    for (size_t cut = 0; cut <= list_n; cut++) {
        struct ima_places p = { 0 };
        size_t            end = 0;
        while (end < entries && starts[end + 1] <= cut)
            end++;
        put(O_TRUNC, pawl_view(list, cut));
        brings(&p, 0, sizeof(piece), end);
    }
}

static void append(void)
{
    put(O_APPEND, pawl_view(list + starts[20], list_n - starts[20]));
}

static void a_list_that_grows_loses_nothing(void **state)
{
    struct ima_places p = { 0 };

    (void)state;
    new_list(40);
    put(O_TRUNC, pawl_view(list, starts[20] - 7)); /* the last one is half there */
    brings(&p, 0, sizeof(piece), 19);
    brings(&p, 19, sizeof(piece), 19); /* nothing new */
    put(O_TRUNC, pawl_view(list, starts[20]));
    file.at_end = append; /* while it is read */
    brings(&p, 19, sizeof(piece), 40);
    brings(&p, 40, sizeof(piece), 40);
}

static void a_known_place_spares_the_way(void **state)
{
    struct ima_places p = { 0 };

    (void)state;
    new_list(1000);
    brings(&p, 900, sizeof(piece), 1000);
    assert_int_equal(file.bytes, list_n);
    file.bytes = 0;
    brings(&p, 1000, sizeof(piece), 1000);
    assert_int_equal(file.bytes, 0);
    brings(&p, 1000, sizeof(piece), 1000);
    assert_int_equal(file.bytes, 0);
}

static void an_entry_inside_the_last_piece_is_found_from_its_begin(void **state)
{
    struct ima_places p = { 0 };

    (void)state;
    new_list(1000);
    brings(&p, 900, sizeof(piece), 1000);
    file.bytes = 0;
    brings(&p, 950, sizeof(piece), 1000); /* the quote did not cover the rest */
    assert_int_equal(file.bytes, list_n - starts[900]);
    brings(&p, 10, 1000, fitting(10, 1000)); /* another verifier's wish: from the begin */
}

static void where_seeking_fails_the_list_is_walked(void **state)
{
    struct ima_places p = { 0 };

    (void)state;
    new_list(300);
    brings(&p, 200, 4000, fitting(200, 4000));
    file.no_seek = true;
    brings(&p, 250, 4000, fitting(250, 4000));
}

static void a_place_that_is_no_entrys_is_given_up(void **state)
{
    struct ima_places p = { { 100, 77 }, { 200, 99 } };

    (void)state;
    new_list(300);
    brings(&p, 250, 4000, fitting(250, 4000));
    p = (struct ima_places){ { 100, 1u << 20 }, { 200, 1u << 20 } }; /* behind the end */
    brings(&p, 250, 4000, fitting(250, 4000));
}

/* ---- what is no piece ----------------------------------------------------------------------- */

static void fails(uint64_t first, size_t cap, enum pawl_code code, const char *why)
{
    struct ima_places p = { { 0, 0 }, { 0, 0 } };
    size_t            n;

    t_poison(&n, sizeof(n));
    T_FAILS(ima_read(path(), &p, first, piece, cap, &n, &err), &err, code);
    T_WHERE(&err, "ima_list");
    if (!strstr(err.why, why))
        fail_msg("\"%s\" does not say \"%s\"", err.why, why);
    t_still_poisoned(&n, sizeof(n));
    assert_int_equal(p.end.offset, 0);
}

static void a_list_that_is_none_is_named(void **state)
{
    (void)state;
    fails(0, sizeof(piece), PAWL_E_ABSENT, "No such file");
    new_list(5);
    fails(6, sizeof(piece), PAWL_E_ABSENT, "has 5 entries, number 6 is wanted");
    fails(UINT64_MAX, sizeof(piece), PAWL_E_ABSENT, "has 5 entries");
    put(O_TRUNC, pawl_view(list, starts[5] - 1));
    fails(5, sizeof(piece), PAWL_E_ABSENT, "has 4 entries");
    list[0] = 24;
    put(O_TRUNC, pawl_view(list, list_n));
    fails(0, sizeof(piece), PAWL_E_RANGE, "PCR 24");
    memcpy(list, "\0\0\0\012", 4);
    put(O_TRUNC, pawl_view(list, list_n));
    fails(0, sizeof(piece), PAWL_E_UNSUPPORTED, "ima_canonical_fmt");
    file.fails = true;
    fails(0, sizeof(piece), PAWL_E_IO, "Input/output error");
}

static void lengths_are_not_believed(void **state)
{
    (void)state;
    new_list(3);
    list[starts[1] + 24 + 3] = 1; /* of the name */
    put(O_TRUNC, pawl_view(list, list_n));
    fails(1, sizeof(piece), PAWL_E_RANGE, "template_name");
    struct ima_places p = { 0 };
    brings(&p, 0, sizeof(piece), 1); /* what stands before is good */
    new_list(3);
    memset(list + starts[1] + 28 + 6, 0xff, 4); /* of the data of "ima-ng" */
    put(O_TRUNC, pawl_view(list, list_n));
    fails(1, sizeof(piece), PAWL_E_RANGE, "template_data");
    fails(2, sizeof(piece), PAWL_E_RANGE, "template_data");
}

static void an_entry_that_does_not_fit_is_said_and_passed(void **state)
{
    struct ima_places p = { 0 };

    (void)state;
    new_list(2);
    add_entry("ima-buf", 200 * 1024);
    add_entry("ima-ng", 50);
    put(O_TRUNC, pawl_view(list, list_n));
    brings(&p, 0, 8192, 2);
    fails(2, 8192, PAWL_E_FULL, "entry 2 does not fit");
    fails(0, IMA_PIECE_MIN - 1, PAWL_E_FULL, "no room");
    brings(&p, 2, sizeof(piece), 4);
    p = (struct ima_places){ 0 };
    file.chunk = 4096;
    brings(&p, 3, 8192, 4); /* walked over in a smaller room */
}

static void a_huge_list_ends(void **state)
{
    enum { DATA = 256 * 1024 };
    size_t head;

    (void)state;
    list_n = entries = 0;
    add_entry("ima-buf", DATA);
    head = list_n - DATA;
    int fd = open(path(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (int i = 0; i < 256; i++) { /* 64 MiB and their heads; sparse */
        assert_int_equal(pwrite(fd, list, head, (off_t)i * (off_t)list_n), head);
    }
    assert_int_equal(ftruncate(fd, 256 * (off_t)list_n), 0);
    close(fd);
    fails(256, sizeof(piece), PAWL_E_RANGE, "more than 67108864 bytes");
}

/* What a real kernel wrote. */
static void a_kernels_list_is_taken_whole(void **state)
{
    struct ima_places p = { 0 };
    struct pawl_view  real = t_testdata("ima/own-debian12-binary.bin");
    size_t            n = 0, sum = 0;

    (void)state;
    put(O_TRUNC, real);
    do {
        T_OK(ima_read(path(), &p, p.end.entry, piece, 4096, &n, &err), &err);
        assert_memory_equal(piece, real.p + sum, n);
        sum += n;
    } while (n);
    assert_int_equal(sum, real.n);
    assert_true(p.end.entry > 0);
}

#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), fresh, NULL, NULL                                                         \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("an event log is read whole", an_event_log_is_read_whole),
        CASE("a log that is none is named", a_log_that_is_none_is_named),
        CASE("a pipe is not waited for", a_pipe_is_not_waited_for),
        CASE("what may not be read is said", what_may_not_be_read_is_said),
        CASE("a piece is whole entries", a_piece_is_whole_entries),
        CASE("every place of the cut leaves whole entries",
             every_place_of_the_cut_leaves_whole_entries),
        CASE("a list that grows loses nothing", a_list_that_grows_loses_nothing),
        CASE("a known place spares the way", a_known_place_spares_the_way),
        CASE("an entry inside the last piece is found from its begin",
             an_entry_inside_the_last_piece_is_found_from_its_begin),
        CASE("where seeking fails the list is walked", where_seeking_fails_the_list_is_walked),
        CASE("a place that is no entry's is given up", a_place_that_is_no_entrys_is_given_up),
        CASE("a list that is none is named", a_list_that_is_none_is_named),
        CASE("lengths are not believed", lengths_are_not_believed),
        CASE("an entry that does not fit is said and passed",
             an_entry_that_does_not_fit_is_said_and_passed),
        CASE("a huge list ends", a_huge_list_ends),
        CASE("a kernel's list is taken whole", a_kernels_list_is_taken_whole),
    };

    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
