/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every parser of lib/wire must show, from the files of tests/vectors/wire:
 *  - it takes each NAME_CASE.cbor, and its writer gives back the same bytes;
 *  - it refuses each line of NAME.refused with that code at that field, and touches no output;
 *  - it refuses every truncation, and takes a flipped message only as another one: write(parse(x))
 *    == x for every x that it takes.
 */
#ifndef PAWL_WIRE_VECTORS_H
#define PAWL_WIRE_VECTORS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/wire.h>

#include "t.h"

/* Parses in and writes what was parsed to *w. */
typedef pawl_status (*wire_recode)(struct pawl_view in, struct pawl_wr *w, struct pawl_err *err);

/* Defines a wire_recode for a message. */
#define WIRE_RECODE(recode, type, parse, write)                                                    \
    static pawl_status recode(struct pawl_view in, struct pawl_wr *w, struct pawl_err *err)        \
    {                                                                                              \
        static type m, poison;                                                                     \
                                                                                                   \
        t_poison(&m, sizeof(m));                                                                   \
        t_poison(&poison, sizeof(poison));                                                         \
        pawl_status s = parse(in, &m, err);                                                        \
        if (!pawl_is_ok(s)) {                                                                      \
            assert_memory_equal(&m, &poison, sizeof(m));                                           \
            return s;                                                                              \
        }                                                                                          \
        s = write(&m, w, err);                                                                     \
        assert_true(pawl_is_ok(s));                                                                \
        return s;                                                                                  \
    }

static inline struct pawl_view wire_bytes(size_t n, unsigned first)
{
    uint8_t *b = malloc(n ? n : 1);

    assert_non_null(b);
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(first + i);
    struct pawl_view v = t_copy(pawl_view(b, n));
    free(b);
    return v;
}

/* SHA-256 and SHA-384 Names as the vectors hold them. */
static inline struct pawl_view wire_name(uint8_t alg, size_t n, unsigned first)
{
    uint8_t b[PAWL_NAME_MAX] = { 0, alg };

    for (size_t i = 0; i < n; i++)
        b[2 + i] = (uint8_t)(first + i);
    return t_copy(pawl_view(b, 2 + n));
}

/* What a writer of ours wrote is the vector, byte for byte. */
static inline void wire_assert_vector(const struct pawl_wr *w, const char *file)
{
    assert_true(pawl_view_equal(pawl_view(w->p, w->n), t_vector(file)));
}

static inline void wire_comes_back(wire_recode recode, struct pawl_view in)
{
    struct pawl_err err;
    uint8_t        *b = malloc(in.n);
    struct pawl_wr  w = pawl_wr_to(b, in.n);

    T_OK(recode(in, &w, &err), &err);
    assert_true(pawl_view_equal(pawl_view(w.p, w.n), in));
    free(b);
}

/* One line of a .refused file: code, field, hex or "-". */
static inline void wire_refuses_line(wire_recode recode, char *line)
{
    struct pawl_err err = { 0 };
    struct pawl_wr  w = pawl_wr_to(NULL, 0);
    char           *code = strtok(line, " ");
    char           *where = strtok(NULL, " ");
    char           *hex = strtok(NULL, " ");

    assert_non_null(hex);
    pawl_status s = recode(t_hex(strcmp(hex, "-") == 0 ? "" : hex), &w, &err);
    if (pawl_is_ok(s))
        fail_msg("taken: %s %s %.80s", code, where, hex);
    if (strcmp(pawl_code_name(s.code), code) != 0 || strcmp(err.where, where) != 0)
        fail_msg("expected %s %s, got %s %s (%s): %.80s", code, where, pawl_code_name(s.code),
                 err.where, err.why, hex);
    assert_int_equal(err.code, s.code);
    assert_true(err.why[0] != 0);
}

static inline void wire_refuses_file(wire_recode recode, const char *file)
{
    struct pawl_view all = t_vector(file);
    char            *text = malloc(all.n + 1);
    size_t           lines = 0;

    assert_non_null(text);
    memcpy(text, all.p, all.n);
    text[all.n] = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, lines++) {
        *end = 0;
        wire_refuses_line(recode, line);
    }
    free(text);
    assert_true(lines > 20);
}

/* A body of max bytes is looked at, one of max + 1 is not. */
static inline void wire_ends_at(wire_recode recode, size_t max, const char *size_field)
{
    struct pawl_err err;
    struct pawl_wr  w = pawl_wr_to(NULL, 0);

    assert_false(pawl_is_ok(recode(wire_bytes(max, 0), &w, &err)));
    assert_string_not_equal(err.where, size_field);
    T_FAILS(recode(wire_bytes(max + 1, 0), &w, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, size_field);
}

static inline void wire_must_refuse(struct pawl_view in, void *arg)
{
    struct pawl_err err;
    struct pawl_wr  w = pawl_wr_to(NULL, 0);

    assert_false(pawl_is_ok((*(wire_recode *)arg)(in, &w, &err)));
}

static inline void wire_refuses_truncations(wire_recode recode, const char *file)
{
    t_each_truncation(t_vector(file), wire_must_refuse, &recode);
}

struct wire_flips {
    wire_recode recode;
    size_t      taken, refused;
};

static inline void wire_flip(struct pawl_view in, void *arg)
{
    struct wire_flips *f = arg;
    struct pawl_err    err;
    uint8_t           *b = malloc(in.n);
    struct pawl_wr     w = pawl_wr_to(b, in.n);

    if (pawl_is_ok(f->recode(in, &w, &err))) {
        assert_true(pawl_view_equal(pawl_view(w.p, w.n), in));
        f->taken++;
    } else {
        f->refused++;
    }
    free(b);
}

static inline void wire_holds_under_flips(wire_recode recode, const char *file)
{
    struct wire_flips f = { .recode = recode };

    t_each_flip(t_vector(file), wire_flip, &f);
    assert_true(f.taken > 0 && f.refused > 0);
}

#endif
