/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

enum { POISON = 0xa5 };

void t_ok_at(pawl_status s, const struct pawl_err *err, const char *file, int line)
{
    if (pawl_is_ok(s))
        return;
    print_error("%s: %s: %s\n", pawl_code_name(s.code), err->where, err->why);
    _fail(file, line);
}

void t_fails_at(pawl_status s, const struct pawl_err *err, enum pawl_code code, const char *file,
                int line)
{
    if (s.code == code && err->code == code)
        return;
    print_error("expected %s, got %s", pawl_code_name(code), pawl_code_name(s.code));
    if (!pawl_is_ok(s))
        print_error(": %s: %s", err->where, err->why);
    print_error("\n");
    _fail(file, line);
}

/* Every copy is kept in one chain until the end, so that a view may outlive its test's helpers. */
struct copy {
    struct copy *next;
    uint8_t     *bytes;
};
static struct copy *copies;

static void free_copies(void)
{
    while (copies) {
        struct copy *c = copies;
        copies = c->next;
        free(c->bytes);
        free(c);
    }
}

static uint8_t *keep(size_t n)
{
    struct copy *c = malloc(sizeof(*c));

    assert_non_null(c);
    if (!copies)
        atexit(free_copies);
    c->bytes = malloc(n ? n : 1);
    assert_non_null(c->bytes);
    c->next = copies;
    copies = c;
    return c->bytes;
}

struct pawl_view t_copy(struct pawl_view v)
{
    uint8_t *p = keep(v.n);

    if (v.n)
        memcpy(p, v.p, v.n);
    return pawl_view(p, v.n);
}

struct pawl_view t_hex(const char *hex)
{
    struct pawl_err err;
    char           *packed = (char *)keep(strlen(hex) + 1);
    size_t          n = 0;

    for (; *hex; hex++)
        if (*hex != ' ' && *hex != '\n')
            packed[n++] = *hex;
    packed[n] = 0;
    uint8_t *p = keep(n / 2);
    size_t   got = 0;
    T_OK(pawl_hex_parse(packed, "t_hex", p, n / 2, &got, &err), &err);
    return t_copy(pawl_view(p, got));
}

static bool slurp(const char *root, const char *name, struct pawl_view *ret)
{
    char  path[4096];
    FILE *f;
    long  n;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    f = fopen(path, "rb");
    if (!f)
        return false;
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    n = ftell(f);
    assert_true(n >= 0);
    rewind(f);
    uint8_t *p = keep((size_t)n);
    assert_int_equal(fread(p, 1, (size_t)n, f), (size_t)n);
    fclose(f);
    *ret = pawl_view(p, (size_t)n);
    return true;
}

struct pawl_view t_vector(const char *name)
{
    const char      *root = getenv("PAWL_VECTORS");
    struct pawl_view v = { 0 };

    if (!root || !slurp(root, name, &v))
        fail_msg("no vector %s below PAWL_VECTORS", name);
    return v;
}

struct pawl_view t_testdata(const char *name)
{
    const char      *root = getenv("PAWL_TESTDATA");
    struct pawl_view v = { 0 };

    if (!root || !slurp(root, name, &v)) {
        print_message("skipped: no %s below PAWL_TESTDATA\n", name);
        skip();
    }
    return v;
}

void t_each_truncation(struct pawl_view v, void (*must_fail)(struct pawl_view, void *), void *arg)
{
    for (size_t n = 0; n < v.n; n++) {
        uint8_t *p = malloc(n ? n : 1);
        assert_non_null(p);
        memcpy(p, v.p, n);
        must_fail(pawl_view(p, n), arg);
        free(p);
    }
}

void t_each_flip(struct pawl_view v, void (*check)(struct pawl_view, void *), void *arg)
{
    for (size_t bit = 0; bit < 8 * v.n; bit++) {
        uint8_t *p = malloc(v.n);
        assert_non_null(p);
        memcpy(p, v.p, v.n);
        p[bit / 8] ^= (uint8_t)(1u << bit % 8);
        check(pawl_view(p, v.n), arg);
        free(p);
    }
}

void t_poison(void *p, size_t n)
{
    memset(p, POISON, n);
}

void t_still_poisoned(const void *p, size_t n)
{
    const uint8_t *b = p;

    for (size_t i = 0; i < n; i++)
        assert_int_equal(b[i], POISON);
}
