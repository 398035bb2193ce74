/* SPDX-License-Identifier: Apache-2.0 */
#include "thief.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void give_up(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fputs("thief: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    exit(2);
}

void must(pawl_status s, const struct pawl_err *err)
{
    if (!pawl_is_ok(s))
        give_up("%s: %s", err->where, err->why);
}

static void from_hex(const char *text, const char *what, uint8_t *ret, size_t n)
{
    struct pawl_err err;

    must(pawl_hex_parse_exact(text, what, ret, n, &err), &err);
}

/* ---- whose ---------------------------------------------------------------------------------- */

/* The text behind "name":" in the record's JSON. */
static void member(const char *json, const char *name, char *ret, size_t cap)
{
    char   key[32];
    size_t n = 0;

    snprintf(key, sizeof(key), "\"%s\"", name);
    const char *at = strstr(json, key);
    at = at ? strchr(at + strlen(key), '"') : NULL;
    if (at)
        n = strcspn(at + 1, "\"");
    if (!at || n >= cap)
        give_up("the device's record has no %s", name);
    memcpy(ret, at + 1, n);
    ret[n] = 0;
}

void loot_scope(struct loot *l, const char *state)
{
    char path[512], json[8192] = "", hex[2 * PAWL_DEVICE_ID + 1];

    snprintf(path, sizeof(path), "%s/agent.json", state);
    FILE *f = fopen(path, "r");
    if (!f || fread(json, 1, sizeof(json) - 1, f) == 0)
        give_up("cannot read %s", path);
    fclose(f);
    member(json, "tenant", l->tenant, sizeof(l->tenant));
    member(json, "device_id", hex, sizeof(hex));
    from_hex(hex, "device_id", l->device_id, sizeof(l->device_id));
    member(json, "verifier_id", hex, sizeof(hex));
    from_hex(hex, "verifier_id", l->verifier_id, sizeof(l->verifier_id));
}

/* ---- what ----------------------------------------------------------------------------------- */

void loot_add_use(struct loot *l, const struct pawl_use *u)
{
    for (size_t i = 0; i < l->use_n; i++)
        if (pawl_secret_equal(&l->use[i].uk, &u->uk))
            return;
    if (l->use_n < LOOT_MAX)
        l->use[l->use_n++] = *u;
}

void loot_add_chain(struct loot *l, const struct loot_chain *c)
{
    for (size_t i = 0; i < l->chain_n; i++)
        if (pawl_secret_equal(&l->chain[i].chain.gk, &c->chain.gk))
            return;
    if (l->chain_n < LOOT_MAX)
        l->chain[l->chain_n++] = *c;
}

uint64_t loot_epoch(const struct loot *l)
{
    uint64_t newest = 0;

    for (size_t i = 0; i < l->use_n; i++)
        newest = l->use[i].epoch > newest ? l->use[i].epoch : newest;
    for (size_t i = 0; i < l->chain_n; i++)
        newest = l->chain[i].chain.epoch > newest ? l->chain[i].chain.epoch : newest;
    return newest;
}

uint32_t loot_gen(const struct loot *l, enum pawl_dir dir, uint64_t epoch)
{
    uint32_t newest = 0;
    bool     any = false;

    for (size_t i = 0; i < l->use_n; i++)
        if (l->use[i].dir == dir && l->use[i].epoch == epoch && l->use[i].gen >= newest) {
            newest = l->use[i].gen;
            any = true;
        }
    for (size_t i = 0; !any && i < l->chain_n; i++)
        if (l->chain[i].chain.dir == dir && l->chain[i].chain.epoch == epoch &&
            l->chain[i].chain.gen > newest)
            newest = l->chain[i].chain.gen;
    return newest;
}

static bool turn(const struct loot_chain *from, uint32_t gen, struct pawl_use *ret)
{
    struct loot_chain c = *from;
    struct pawl_err   err;

    while (gen - c.chain.gen > PAWL_GEN_SKIP_MAX)
        if (!pawl_is_ok(pawl_chain_skip(&c.chain, c.chain.gen + PAWL_GEN_SKIP_MAX, &err)))
            return false;
    return pawl_is_ok(pawl_chain_skip(&c.chain, gen, &err)) &&
           pawl_is_ok(pawl_chain_open(&c.chain, c.suite, c.kid, ret, &err));
}

bool loot_key(const struct loot *l, enum pawl_dir dir, uint64_t epoch, uint32_t gen,
              struct pawl_use *ret)
{
    for (size_t i = 0; i < l->use_n; i++)
        if (l->use[i].dir == dir && l->use[i].epoch == epoch && l->use[i].gen == gen) {
            struct pawl_err err;
            *ret = l->use[i];
            must(pawl_use_ready(ret, &err), &err);
            return true;
        }
    for (size_t i = 0; i < l->chain_n; i++) {
        const struct pawl_chain *c = &l->chain[i].chain;
        if (c->dir == dir && c->epoch == epoch && c->gen <= gen)
            return turn(&l->chain[i], gen, ret);
    }
    return false;
}

bool loot_key_of(const struct loot *l, enum pawl_dir dir, const struct pawl_msg *m,
                 struct pawl_use *ret)
{
    for (size_t i = 0; i < l->use_n; i++)
        if (!memcmp(l->use[i].kid, m->kid, PAWL_KID))
            return loot_key(l, dir, l->use[i].epoch, m->gen, ret);
    for (size_t i = 0; i < l->chain_n; i++)
        if (!memcmp(l->chain[i].kid, m->kid, PAWL_KID))
            return loot_key(l, dir, l->chain[i].chain.epoch, m->gen, ret);
    return false;
}

/* ---- the file ------------------------------------------------------------------------------- */

static const char *const dir_name[] = { "up", "down" };

static void put_hex(FILE *f, struct pawl_view v)
{
    fputc(' ', f);
    for (size_t i = 0; i < v.n; i++)
        fprintf(f, "%02x", v.p[i]);
}

static void put_line(FILE *f, const char *what, const uint8_t *v, size_t n)
{
    fputs(what, f);
    put_hex(f, pawl_view(v, n));
    fputc('\n', f);
}

static void put_key(FILE *f, const char *what, const struct loot_chain *c)
{
    fprintf(f, "%s %s %" PRIu64 " %" PRIu32 " %u", what, dir_name[c->chain.dir], c->chain.epoch,
            c->chain.gen, c->suite);
    put_hex(f, PAWL_VIEW_OF(c->kid));
    put_hex(f, pawl_secret_view(&c->chain.gk));
    fputc('\n', f);
}

static struct loot_chain as_chain(const struct pawl_use *u)
{
    struct loot_chain c = { .chain = { u->dir, u->epoch, u->gen, u->uk }, .suite = u->suite };

    memcpy(c.kid, u->kid, sizeof(c.kid));
    return c;
}

void loot_write(const char *path, const struct loot *l)
{
    umask(077);
    FILE *f = strcmp(path, "-") ? fopen(path, "w") : stdout;

    if (!f)
        give_up("cannot write %s", path);
    fprintf(f, "tenant %s\n", l->tenant);
    put_line(f, "device", l->device_id, sizeof(l->device_id));
    put_line(f, "verifier", l->verifier_id, sizeof(l->verifier_id));
    for (size_t i = 0; i < l->use_n; i++) {
        struct loot_chain c = as_chain(&l->use[i]);
        put_key(f, "use", &c);
    }
    for (size_t i = 0; i < l->chain_n; i++)
        put_key(f, "chain", &l->chain[i]);
    if (fflush(f) != 0)
        give_up("cannot write %s", path);
    if (f != stdout)
        fclose(f);
}

static void take_key(const char *line, struct loot *ret)
{
    char              what[8], dir[8], kid[2 * PAWL_KID + 1], key[65];
    struct loot_chain c = { 0 };
    unsigned          suite;

    if (sscanf(line, "%7s %7s %" SCNu64 " %" SCNu32 " %u %16s %64s", what, dir, &c.chain.epoch,
               &c.chain.gen, &suite, kid, key) != 7)
        give_up("no line of a key file: %.40s", line);
    c.chain.dir = strcmp(dir, "up") ? PAWL_DOWN : PAWL_UP;
    c.suite = (uint16_t)suite;
    from_hex(kid, "kid", c.kid, sizeof(c.kid));
    c.chain.gk.n = 32;
    from_hex(key, what, c.chain.gk.b, 32);
    if (!strcmp(what, "chain")) {
        loot_add_chain(ret, &c);
        return;
    }
    struct pawl_use u = { c.chain.dir, c.chain.epoch, c.chain.gen, c.suite, { 0 }, c.chain.gk };
    memcpy(u.kid, c.kid, sizeof(u.kid));
    loot_add_use(ret, &u);
}

void loot_read(const char *path, struct loot *ret)
{
    char  line[512], value[128];
    FILE *f = fopen(path, "r");

    if (!f)
        give_up("cannot read %s", path);
    memset(ret, 0, sizeof(*ret));
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "tenant %32s", ret->tenant) == 1)
            continue;
        if (sscanf(line, "device %127s", value) == 1)
            from_hex(value, "device", ret->device_id, sizeof(ret->device_id));
        else if (sscanf(line, "verifier %127s", value) == 1)
            from_hex(value, "verifier", ret->verifier_id, sizeof(ret->verifier_id));
        else
            take_key(line, ret);
    }
    fclose(f);
}
