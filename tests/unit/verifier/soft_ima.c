/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_ima.h"

#include <string.h>

#include "t.h"

void soft_ima_boot(struct soft_ima *l)
{
    memset(l, 0, sizeof(*l));
    l->own.n = l->padded.n = 32;
}

/* ---- writing -------------------------------------------------------------------------------- */

static void put(struct soft_ima *l, struct pawl_view v)
{
    assert_true(v.n <= sizeof(l->b) - l->n);
    if (v.n)
        memcpy(l->b + l->n, v.p, v.n);
    l->n += v.n;
}

static void put_u32(struct soft_ima *l, size_t v)
{
    const uint8_t b[] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    put(l, PAWL_VIEW_OF(b));
}

static void put_counted(struct soft_ima *l, struct pawl_view v)
{
    put_u32(l, v.n);
    put(l, v);
}

/* ---- measuring ------------------------------------------------------------------------------ */

static struct pawl_digest hash(enum pawl_hash alg, struct pawl_view v)
{
    struct pawl_digest d;
    struct pawl_err    err;

    T_OK(pawl_hash(alg, &v, 1, &d, &err), &err);
    return d;
}

static void extend(struct pawl_digest *pcr, struct pawl_digest d)
{
    const struct pawl_view parts[] = { pawl_digest_view(pcr), pawl_view(d.b, 32) };
    struct pawl_err        err;

    T_OK(pawl_hash(PAWL_SHA256, parts, 2, pcr, &err), &err);
}

/* Where the entry's digest stands until its data is known. */
static size_t begin_entry(struct soft_ima *l, uint32_t pcr, const char *name)
{
    static const uint8_t zeros[20];

    put_u32(l, pcr);
    put(l, PAWL_VIEW_OF(zeros));
    size_t at = l->n - sizeof(zeros);
    put_counted(l, pawl_view_str(name));
    return at;
}

/* measured NULL: a violation. */
static void end_entry(struct soft_ima *l, size_t digest_at, uint32_t pcr,
                      const struct pawl_view *measured)
{
    struct pawl_digest own = { .n = 32 }, padded = { .n = 32 };

    if (measured) {
        own = hash(PAWL_SHA256, *measured);
        padded = hash(PAWL_SHA1, *measured);
        memset(padded.b + 20, 0, 12);
        memcpy(l->b + digest_at, padded.b, 20);
    } else {
        memset(own.b, 0xff, 32);
        memset(padded.b, 0xff, 20);
    }
    l->entries++;
    if (pcr != 10)
        return;
    extend(&l->own, own);
    extend(&l->padded, padded);
}

static void put_entry(struct soft_ima *l, uint32_t pcr, const char *name,
                      const struct pawl_view *fields, size_t fields_n, bool violation)
{
    size_t at = begin_entry(l, pcr, name), data_n = 0;

    for (size_t i = 0; i < fields_n; i++)
        data_n += 4 + fields[i].n;
    put_u32(l, data_n);
    const struct pawl_view measured = pawl_view(l->b + l->n, data_n);
    for (size_t i = 0; i < fields_n; i++)
        put_counted(l, fields[i]);
    end_entry(l, at, pcr, violation ? NULL : &measured);
}

void soft_ima_entry(struct soft_ima *l, uint32_t pcr, const char *name,
                    const struct pawl_view *fields, size_t fields_n)
{
    put_entry(l, pcr, name, fields, fields_n, false);
}

void soft_ima_legacy(struct soft_ima *l, const char *path)
{
    uint8_t measured[20 + 256] = { 1 };
    size_t  at = begin_entry(l, 10, "ima");

    assert_true(strlen(path) < 256);
    memcpy(measured + 20, path, strlen(path));
    put(l, pawl_view(measured, 20));
    put_counted(l, pawl_view_str(path));
    const struct pawl_view v = PAWL_VIEW_OF(measured);
    end_entry(l, at, 10, &v);
}

/* ---- ima-ng --------------------------------------------------------------------------------- */

struct pawl_view soft_ima_named(const char *prefix, struct pawl_view digest)
{
    uint8_t b[128];
    size_t  n = strlen(prefix) + 1;

    assert_true(digest.n <= sizeof(b) - n);
    memcpy(b, prefix, n);
    memcpy(b + n, digest.p, digest.n);
    return t_copy(pawl_view(b, n + digest.n));
}

struct pawl_view soft_ima_text(const char *text)
{
    return t_copy(pawl_view(text, strlen(text) + 1));
}

void soft_ima_file(struct soft_ima *l, const char *path, const char *content)
{
    struct pawl_digest     d = hash(PAWL_SHA256, pawl_view_str(content));
    const struct pawl_view fields[] = { soft_ima_named("sha256:", pawl_digest_view(&d)),
                                        soft_ima_text(path) };

    put_entry(l, 10, "ima-ng", fields, 2, false);
}

void soft_ima_violation(struct soft_ima *l, const char *path)
{
    static const uint8_t   zeros[32];
    const struct pawl_view fields[] = { soft_ima_named("sha256:", PAWL_VIEW_OF(zeros)),
                                        soft_ima_text(path) };

    put_entry(l, 10, "ima-ng", fields, 2, true);
}

struct pawl_view soft_ima_list(const struct soft_ima *l, size_t from_byte)
{
    return t_copy(pawl_view(l->b + from_byte, l->n - from_byte));
}
