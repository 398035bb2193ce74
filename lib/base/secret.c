/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets: wiped by their type, compared in constant time, never printed. */

#include <string.h>

#include <pawl/base.h>

void pawl_wipe(void *p, size_t n)
{
    if (n == 0)
        return;
    memset(p, 0, n);
    /* The compiler must assume that somebody reads *p here, so the memset stays. */
    __asm__ __volatile__("" : : "r"(p) : "memory");
}

void pawl_secret_wipe(struct pawl_secret *s)
{
    pawl_wipe(s, sizeof(*s));
}

pawl_status pawl_secret_from(struct pawl_view in, const char *where, struct pawl_secret *ret,
                             struct pawl_err *err)
{
    if (in.n > PAWL_SECRET_MAX)
        return pawl_fail(err, PAWL_E_RANGE, where, "has %zu bytes, at most %d are allowed", in.n,
                         PAWL_SECRET_MAX);
    pawl_secret_wipe(ret);
    if (in.n)
        memcpy(ret->b, in.p, in.n);
    ret->n = in.n;
    return pawl_ok();
}

struct pawl_view pawl_secret_view(const struct pawl_secret *s)
{
    return pawl_view(s->b, s->n);
}

bool pawl_secret_equal(const struct pawl_secret *a, const struct pawl_secret *b)
{
    return a->n != 0 && pawl_mac_equal(pawl_secret_view(a), pawl_secret_view(b));
}
