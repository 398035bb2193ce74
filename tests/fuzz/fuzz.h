/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzz target is made of (S6 of docs/appraisal.md). A target is one function that gets any
 * bytes and must return 0; it says that a property is broken by FUZZ_HOLDS, and the sanitizers say
 * the rest.
 */
#ifndef PAWL_FUZZ_H
#define PAWL_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/base.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define FUZZ_HOLDS(property)                                                                       \
    do {                                                                                           \
        if (!(property)) {                                                                         \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* Around a parser: poison its output first; if it then refused the input, the error says where and
 * why, and the output is as it was. */
#define FUZZ_POISON(out) memset((out), 0x5a, sizeof(*(out)))
#define FUZZ_REFUSED(status, err, out)                                                             \
    FUZZ_HOLDS((err)->code == (status).code && (err)->where[0] && (err)->why[0] &&                 \
               fuzz_is_poison((out), sizeof(*(out))))

static inline bool fuzz_is_poison(const void *p, size_t n)
{
    for (const uint8_t *b = p; n; n--)
        if (*b++ != 0x5a)
            return false;
    return true;
}

/* The target of a message: whatever `parse` takes, `write` gives back byte for byte. So each
 * message has one encoding, and the writer refuses nothing that the parser takes. */
#define FUZZ_ONE_ENCODING(type, parse, write)                                                      \
    int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)                                         \
    {                                                                                              \
        static type     m;                                                                         \
        struct pawl_err err;                                                                       \
                                                                                                   \
        if (!pawl_is_ok(parse(pawl_view(p, n), &m, &err)))                                         \
            return 0;                                                                              \
        uint8_t       *b = malloc(n ? n : 1);                                                      \
        struct pawl_wr w = pawl_wr_to(b, b ? n : 0);                                               \
        FUZZ_HOLDS(pawl_is_ok(write(&m, &w, &err)));                                               \
        FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), pawl_view(p, n)));                         \
        free(b);                                                                                   \
        return 0;                                                                                  \
    }

#endif
