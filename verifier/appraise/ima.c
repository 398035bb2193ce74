/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of a measurement list:
 *
 *   u32 pcr, u8[20] template digest, u32 n, u8[n] template name, u32 n, u8[n] template data
 *
 * little-endian; the legacy template "ima" has no length of its data, which is a SHA-1 digest and a
 * counted path of at most 255 bytes. Nothing is read by a length that was not held against what is
 * left.
 */
#include "appraise/ima.h"

#include <inttypes.h>

enum { LEGACY_NAME_MAX = 255, LEGACY_NAME_PADDED = LEGACY_NAME_MAX + 1 };

struct ima_list ima_list_from(struct pawl_view bytes, uint64_t first)
{
    return (struct ima_list){ .rd = pawl_rd_from(bytes), .index = first };
}

/* ---- the next entry ------------------------------------------------------------------------- */

static struct pawl_view take_counted(struct pawl_rd *r, const char *field, uint32_t max)
{
    uint32_t n = pawl_rd_u32_le(r, field);

    if (n > max)
        pawl_rd_fail(r, PAWL_E_RANGE, field);
    return pawl_rd_bytes(r, field, n);
}

/* Digest, length and path as one piece. */
static struct pawl_view take_legacy_data(struct pawl_rd *r)
{
    const uint8_t *begin = r->p;

    pawl_rd_bytes(r, "template_data", IMA_DIGEST);
    struct pawl_view path = take_counted(r, "template_data", LEGACY_NAME_MAX);
    return r->bad ? pawl_view(NULL, 0) : pawl_view(begin, IMA_DIGEST + 4 + path.n);
}

static bool is_zero(struct pawl_view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i])
            return false;
    return true;
}

static bool is_big_endian(uint32_t pcr)
{
    return pcr >= PAWL_PCRS && __builtin_bswap32(pcr) < PAWL_PCRS;
}

/* Before any length is believed: a list of the other byte order would fail on those, and say so in
 * words that help nobody. */
static pawl_status check_pcr(uint32_t pcr, uint64_t index, struct pawl_err *err)
{
    if (is_big_endian(pcr))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "pcr",
                         "entry %" PRIu64 " is big-endian: boot with ima_canonical_fmt", index);
    if (pcr >= PAWL_PCRS)
        return pawl_fail(err, PAWL_E_RANGE, "pcr", "entry %" PRIu64 " is for PCR %" PRIu32, index,
                         pcr);
    return pawl_ok();
}

static bool is_template_name(struct pawl_view name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] <= ' ' || name.p[i] > '~')
            return false;
    return name.n > 0;
}

pawl_status ima_next(struct ima_list *l, struct ima_entry *ret, struct pawl_err *err)
{
    struct pawl_rd   r = l->rd;
    struct ima_entry e = { 0 };

    if (l->index >= IMA_ENTRIES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "entries", "more than %d", IMA_ENTRIES_MAX);
    e.pcr = pawl_rd_u32_le(&r, "pcr");
    PAWL_TRY(check_pcr(e.pcr, l->index, err));
    e.digest = pawl_rd_bytes(&r, "template_digest", IMA_DIGEST);
    e.name = take_counted(&r, "template_name", IMA_NAME_MAX);
    e.legacy = pawl_view_equal(e.name, pawl_view("ima", 3));
    e.data = e.legacy ? take_legacy_data(&r) : take_counted(&r, "template_data", IMA_DATA_MAX);
    if (r.bad)
        return pawl_fail(err, r.code, r.bad,
                         "entry %" PRIu64 " stops at byte %zu of the list, %zu left", l->index,
                         r.at, r.left);
    if (!is_template_name(e.name))
        return pawl_fail(err, PAWL_E_FORM, "template_name", "entry %" PRIu64 " has no such name",
                         l->index);
    e.violation = is_zero(e.digest);
    l->rd = r;
    l->index++;
    *ret = e;
    return pawl_ok();
}

/* ---- the template digest -------------------------------------------------------------------- */

/* The path is padded with zeros to 256 bytes, and no length is measured. (I3) */
static pawl_status legacy_digest(const struct ima_entry *e, enum pawl_hash alg,
                                 struct pawl_digest *ret, struct pawl_err *err)
{
    static const uint8_t   zeros[LEGACY_NAME_PADDED];
    size_t                 path_n = e->data.n - IMA_DIGEST - 4;
    const struct pawl_view parts[] = {
        pawl_view(e->data.p, IMA_DIGEST),
        pawl_view(e->data.p + IMA_DIGEST + 4, path_n),
        pawl_view(zeros, LEGACY_NAME_PADDED - path_n),
    };

    return pawl_hash(alg, parts, sizeof(parts) / sizeof(parts[0]), ret, err);
}

pawl_status ima_template_digest(const struct ima_entry *e, enum pawl_hash alg,
                                struct pawl_digest *ret, struct pawl_err *err)
{
    if (e->legacy)
        return legacy_digest(e, alg, ret, err);
    return pawl_hash(alg, &e->data, 1, ret, err);
}
