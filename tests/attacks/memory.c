/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in a process's memory, found by what the public headers say of their shape, as forensic
 * tools find AES keys by their schedule. A use key proves itself: its prk follows from its uk. A
 * chain is believed beside a use key of its epoch, and where it began before that key, if it leads
 * to it.
 */
#include "thief.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    PIECE = 1 << 20,
    OVERLAP = sizeof(struct pawl_use), /* so that none is cut in two */
    SUSPECTS_MAX = 4096,
    KEY_N = 32
};
_Static_assert(offsetof(struct pawl_use, epoch) == 8 && offsetof(struct pawl_chain, epoch) == 8,
               "both begin with direction and epoch");
static const uint64_t mapping_max = UINT64_C(256) << 20; /* a sanitizer's shadow is larger */

/* Chains that only look like it. */
struct suspects {
    size_t            n;
    struct pawl_chain chain[SUSPECTS_MAX];
};

static bool is_place(unsigned dir, uint64_t epoch, uint32_t gen)
{
    return dir <= PAWL_DOWN && epoch && epoch < UINT64_C(1) << 40 && gen < UINT32_C(1) << 24;
}

/* 32 bytes that look drawn, and nothing behind them. */
static bool is_key(const struct pawl_secret *s)
{
    unsigned zeros = 0;

    if (s->n != KEY_N)
        return false;
    for (size_t i = 0; i < sizeof(s->b); i++) {
        if (i >= KEY_N && s->b[i])
            return false;
        zeros += i < KEY_N && !s->b[i];
    }
    return zeros < KEY_N / 4;
}

static void look_for_use(const uint8_t *p, struct loot *l)
{
    struct pawl_use u;
    struct pawl_err err;

    memcpy(&u, p, sizeof(u));
    if (!is_place(u.dir, u.epoch, u.gen) || !is_key(&u.uk) || !is_key(&u.prk))
        return;
    struct pawl_secret prk = u.prk;
    if (pawl_is_ok(pawl_use_ready(&u, &err)) && pawl_secret_equal(&prk, &u.prk))
        loot_add_use(l, &u);
}

static void look_for_chain(const uint8_t *p, struct suspects *s)
{
    struct pawl_chain c;

    memcpy(&c, p, sizeof(c));
    if (is_place(c.dir, c.epoch, c.gen) && is_key(&c.gk) && s->n < SUSPECTS_MAX)
        s->chain[s->n++] = c;
}

static void search(const uint8_t *p, size_t n, struct loot *l, struct suspects *s)
{
    for (size_t at = 0; at + OVERLAP <= n; at += sizeof(uint64_t)) {
        uint64_t head[2]; /* of both: dir, epoch */
        memcpy(head, p + at, sizeof(head));
        if ((uint32_t)head[0] > PAWL_DOWN || !head[1])
            continue;
        look_for_use(p + at, l);
        look_for_chain(p + at, s);
    }
}

static void search_mapping(int mem, uint64_t from, uint64_t to, struct loot *l, struct suspects *s)
{
    static uint8_t piece[PIECE];

    while (from + OVERLAP <= to) {
        size_t  n = to - from < PIECE ? (size_t)(to - from) : PIECE;
        ssize_t got = pread(mem, piece, n, (off_t)from);
        if (got > OVERLAP)
            search(piece, (size_t)got, l, s);
        if (n < PIECE)
            return;
        from += PIECE - OVERLAP;
    }
}

/* Beside this use key, whose kid and suite are the whole epoch's. */
static bool is_chain_beside(const struct pawl_chain *c, const struct pawl_use *u)
{
    struct loot     one = { 0 };
    struct pawl_use key;

    if (c->epoch != u->epoch)
        return false;
    if (c->dir != u->dir || c->gen > u->gen)
        return true;
    one.chain_n = 1;
    one.chain[0] = (struct loot_chain){ .chain = *c, .suite = u->suite };
    return loot_key(&one, c->dir, c->epoch, u->gen, &key) && pawl_secret_equal(&key.uk, &u->uk);
}

static void believe(const struct pawl_chain *c, struct loot *l)
{
    struct loot_chain found = { .chain = *c };
    bool              beside = false;

    for (size_t i = 0; i < l->use_n; i++) {
        const struct pawl_use *u = &l->use[i];
        if (u->epoch == c->epoch && !is_chain_beside(c, u))
            return;
        if (u->epoch == c->epoch) {
            found.suite = u->suite;
            memcpy(found.kid, u->kid, sizeof(found.kid));
            beside = true;
        }
    }
    if (beside)
        loot_add_chain(l, &found);
}

void memory_search(pid_t pid, struct loot *l)
{
    static struct suspects suspects;
    char                   path[64], line[512], mode[8];
    uint64_t               from, to;

    snprintf(path, sizeof(path), "/proc/%ld/mem", (long)pid);
    int mem = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/%ld/maps", (long)pid);
    FILE *maps = fopen(path, "r");
    if (mem < 0 || !maps)
        give_up("cannot read the memory of process %ld", (long)pid);
    while (fgets(line, sizeof(line), maps))
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s", &from, &to, mode) == 3 &&
            !strncmp(mode, "rw", 2) && to - from <= mapping_max)
            search_mapping(mem, from, to, l, &suspects);
    fclose(maps);
    close(mem);
    for (size_t i = 0; i < suspects.n; i++)
        believe(&suspects.chain[i], l);
}
