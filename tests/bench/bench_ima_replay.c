/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ima_replay: 1,000 entries of a measurement list of 100,000 (ima-ng, SHA-256), from bytes to the
 * quoted PCR 10 of a bank of SHA-256; each piece goes on at another place of the list. Before that
 * the whole list is replayed once, and must not make the process grow.
 *
 * Floor: the same template data hashed and extended by one EVP_MD_CTX that was made before, the
 * data found before.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <openssl/evp.h>

#include "appraise/ima_replay.h"
#include "bench.h"

enum {
    ENTRIES = 100000,
    PIECE = 1000,
    PLACES = ENTRIES / PIECE,
    ENTRY_MAX = 160,
    GROWTH_MAX_KIB = 64,
};

struct bench {
    struct pawl_view   list;
    struct pawl_view   data[ENTRIES];
    struct ima_place   place[PLACES + 1];
    struct pawl_view   bytes[PLACES];
    struct pawl_digest value; /* the floor's */
    EVP_MD_CTX        *ctx;
};

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "ima_replay: %s: %s: %s\n", pawl_code_name(s.code), err->where, err->why);
    exit(1);
}

/* ---- the two ways --------------------------------------------------------------------------- */

static void replay_ours(void *arg, size_t i)
{
    struct bench      *b = arg;
    size_t             at = i % PLACES;
    struct ima_place  *from = &b->place[at];
    struct ima_covered c;
    struct pawl_err    err;

    must(ima_replay(from, b->bytes[at], from->entries, from->resets, &b->place[at + 1].value, &c,
                    &err),
         &err);
}

static void extend_raw(struct bench *b, struct pawl_view data)
{
    uint8_t both[64];

    memcpy(both, b->value.b, 32);
    if (EVP_DigestUpdate(b->ctx, data.p, data.n) == 1 &&
        EVP_DigestFinal_ex(b->ctx, both + 32, NULL) == 1 &&
        EVP_DigestInit_ex2(b->ctx, NULL, NULL) == 1 &&
        EVP_DigestUpdate(b->ctx, both, sizeof(both)) == 1 &&
        EVP_DigestFinal_ex(b->ctx, b->value.b, NULL) == 1 &&
        EVP_DigestInit_ex2(b->ctx, NULL, NULL) == 1)
        return;
    fprintf(stderr, "ima_replay: the floor does not hash\n");
    exit(1);
}

static void replay_raw(void *arg, size_t i)
{
    struct bench *b = arg;
    size_t        at = i % PLACES;

    b->value = b->place[at].value;
    for (size_t k = 0; k < PIECE; k++)
        extend_raw(b, b->data[at * PIECE + k]);
    if (!pawl_view_equal(pawl_digest_view(&b->value), pawl_digest_view(&b->place[at + 1].value))) {
        fprintf(stderr, "ima_replay: the floor has another value\n");
        exit(1);
    }
}

/* ---- a list --------------------------------------------------------------------------------- */

static void put(struct pawl_wr *w, const void *p, size_t n)
{
    pawl_wr_bytes(w, pawl_view(p, n));
}

static void put_u32(struct pawl_wr *w, size_t v)
{
    for (size_t i = 0; i < 4; i++)
        pawl_wr_u8(w, (uint8_t)(v >> 8 * i));
}

/* What a package manager measures on a machine that is up for long. */
static void put_entry(struct pawl_wr *w, size_t number)
{
    char   path[64];
    size_t path_n = 1 + (size_t)snprintf(path, sizeof(path), "/usr/lib/python3/m%06zu.py", number);
    const uint8_t zeros[24] = { 0 };

    put_u32(w, IMA_PCR);
    put_u32(w, number + 1); /* a digest that is no violation's; nothing else looks at it */
    put(w, zeros, IMA_DIGEST - 4);
    put_u32(w, strlen("ima-ng"));
    put(w, "ima-ng", strlen("ima-ng"));
    put_u32(w, 4 + 40 + 4 + path_n);
    put_u32(w, 40);
    put(w, "sha256:", 8);
    put_u32(w, number);
    put_u32(w, number);
    put(w, zeros, 24);
    put_u32(w, path_n);
    put(w, path, path_n);
}

static void make_list(struct bench *b)
{
    struct pawl_wr w = { .cap = (size_t)ENTRIES * ENTRY_MAX };

    w.p = malloc(w.cap);
    if (!w.p)
        exit(1);
    for (size_t number = 0; number < ENTRIES; number++)
        put_entry(&w, number);
    if (w.full)
        exit(1);
    b->list = pawl_view(w.p, w.n);
}

/* The places between pieces, and where each entry's data lies. */
static void find_places(struct bench *b)
{
    struct ima_list  l = ima_list_from(b->list, 0);
    struct ima_place p = ima_start(1, IMA_PCR, PAWL_SHA256);
    struct ima_entry e;
    struct pawl_err  err;
    const uint8_t   *begin = b->list.p;

    p.extends = IMA_EXTENDS_OWN;
    for (size_t i = 0; i < ENTRIES; i++) {
        if (i % PIECE == 0)
            b->place[i / PIECE] = p;
        must(ima_next(&l, &e, &err), &err);
        must(ima_extend(&p, &e, &err), &err);
        b->data[i] = e.data;
        if (i % PIECE == PIECE - 1) {
            b->bytes[i / PIECE] = pawl_view(begin, (size_t)(l.rd.p - begin));
            begin = l.rd.p;
        }
    }
    b->place[PLACES] = p;
}

/* ---- memory --------------------------------------------------------------------------------- */

static long peak_kib(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static void stays_flat(struct bench *b)
{
    long               before = peak_kib();
    struct ima_covered c;
    struct pawl_err    err;

    must(ima_replay(&b->place[0], b->list, 0, 1, &b->place[PLACES].value, &c, &err), &err);
    if (c.at.entries == ENTRIES && peak_kib() - before <= GROWTH_MAX_KIB)
        return;
    fprintf(stderr, "ima_replay: the replay took %ld KiB\n", peak_kib() - before);
    exit(1);
}

void bench_ima_replay(struct bench_result *ret)
{
    static struct bench b;

    b.ctx = EVP_MD_CTX_new();
    if (!b.ctx || EVP_DigestInit_ex2(b.ctx, EVP_sha256(), NULL) != 1)
        exit(1);
    make_list(&b);
    find_places(&b);
    stays_flat(&b);
    bench_pair(replay_ours, replay_raw, &b, ret);
    EVP_MD_CTX_free(b.ctx);
    free((void *)b.list.p);
}
