/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What our unit tests add to cmocka: exact-size heap copies (so that AddressSanitizer sees one byte
 * too far), every truncation, every flipped bit, vectors from files, and checks of the error
 * record.
 */
#ifndef PAWL_T_H
#define PAWL_T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pawl/base.h>

/* cmocka's table of tests, with a sentence for each. */
#define T_CASE(sentence, function)                                                                 \
    {                                                                                              \
        (sentence), (function), NULL, NULL, NULL                                                   \
    }

/* The call succeeds; otherwise the test fails and prints err. */
#define T_OK(call, err) t_ok_at((call), (err), __FILE__, __LINE__)

/* The call fails with this code. */
#define T_FAILS(call, err, code) t_fails_at((call), (err), (code), __FILE__, __LINE__)

/* The error names this field (whole path). */
#define T_WHERE(err, field) assert_string_equal((err)->where, (field))

void t_ok_at(pawl_status s, const struct pawl_err *err, const char *file, int line);
void t_fails_at(pawl_status s, const struct pawl_err *err, enum pawl_code code, const char *file,
                int line);

/* A copy on the heap of exactly v.n bytes; all are freed when the program ends. */
struct pawl_view t_copy(struct pawl_view v);

/* The bytes of a hex text, spaces allowed, as a heap copy. */
struct pawl_view t_hex(const char *hex);

/* A file below PAWL_VECTORS, whole; the test fails without it. */
struct pawl_view t_vector(const char *name);

/* A file below PAWL_TESTDATA; says so and skips the test where the data is absent. */
struct pawl_view t_testdata(const char *name);

/* Calls must_fail with every proper prefix of v, from none to all but one byte. */
void t_each_truncation(struct pawl_view v, void (*must_fail)(struct pawl_view, void *), void *arg);

/* Calls check with v after each flip of one bit, and only with that. */
void t_each_flip(struct pawl_view v, void (*check)(struct pawl_view, void *), void *arg);

/* Fills memory with a pattern, to see that a failing call leaves its outputs alone. */
void t_poison(void *p, size_t n);
void t_still_poisoned(const void *p, size_t n);

#endif
