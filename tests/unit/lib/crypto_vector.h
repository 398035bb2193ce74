/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one value of a vector file that has lines of "name hex", "-" for no bytes. */
#ifndef PAWL_TESTS_CRYPTO_VECTOR_H
#define PAWL_TESTS_CRYPTO_VECTOR_H

#include <stdio.h>
#include <string.h>

#include "t.h"

static inline struct pawl_view crypto_vector(const char *file, const char *name)
{
    struct pawl_view all = t_vector(file);
    size_t           name_n = strlen(name);
    char             hex[8192];

    for (size_t at = 0; at < all.n;) {
        const char *line = (const char *)all.p + at;
        const char *end = memchr(line, '\n', all.n - at);
        size_t      n = end ? (size_t)(end - line) : all.n - at;

        if (n > name_n && memcmp(line, name, name_n) == 0 && line[name_n] == ' ') {
            snprintf(hex, sizeof(hex), "%.*s", (int)(n - name_n - 1), line + name_n + 1);
            return t_hex(strcmp(hex, "-") == 0 ? "" : hex);
        }
        at += n + 1;
    }
    fail_msg("no %s in %s", name, file);
    return pawl_view(NULL, 0);
}

/* n bytes first, first + 1, .. as the script beside the vectors makes its inputs. */
static inline struct pawl_view crypto_count(size_t n, unsigned first)
{
    uint8_t b[512];

    assert_true(n <= sizeof(b));
    for (size_t i = 0; i < n; i++)
        b[i] = (uint8_t)(first + i);
    return t_copy(pawl_view(b, n));
}

static inline struct pawl_secret crypto_secret(struct pawl_view v)
{
    struct pawl_secret s = { 0 };
    struct pawl_err    err;

    T_OK(pawl_secret_from(v, "t", &s, &err), &err);
    return s;
}

#endif
