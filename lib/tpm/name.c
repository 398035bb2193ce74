/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: nameAlg || digest (Part 1, 16), and Qualified Names (Part 1, 16.3).
 *
 * A Name is always computed from the bytes of a public area, never taken from whoever sent it; what
 * arrives as a Name is only ever compared with a computed one.
 */

#include <string.h>

#include <pawl/tpm.h>

struct pawl_view pawl_name_view(const struct pawl_name *n)
{
    return pawl_view(n->b, n->n);
}

bool pawl_name_equal(const struct pawl_name *a, const struct pawl_name *b)
{
    return pawl_view_equal(pawl_name_view(a), pawl_name_view(b));
}

pawl_status pawl_name_parse(struct pawl_view in, struct pawl_name *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);
    enum pawl_hash alg = pawl_tpm_hash(pawl_rd_u16(&r, "nameAlg"));

    if (!r.bad && (alg == PAWL_HASH_NONE || alg == PAWL_SHA1))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "nameAlg", "a Name of another hash than SHA-2");
    pawl_rd_bytes(&r, "digest", pawl_hash_n(alg));
    PAWL_TRY(pawl_rd_end(&r, err));

    ret->n = in.n;
    memcpy(ret->b, in.p, in.n);
    return pawl_ok();
}

/* nameAlg || H(parts). */
static pawl_status name_over(enum pawl_hash alg, const struct pawl_view *parts, size_t parts_n,
                             struct pawl_name *ret, struct pawl_err *err)
{
    struct pawl_digest digest;
    struct pawl_name   name = { 0 };
    struct pawl_wr     w = pawl_wr_to(name.b, sizeof(name.b));

    PAWL_TRY(pawl_hash(alg, parts, parts_n, &digest, err));
    pawl_wr_u16(&w, pawl_tpm_hash_id(alg));
    pawl_wr_bytes(&w, pawl_digest_view(&digest));
    name.n = w.n;
    *ret = name;
    return pawl_ok();
}

pawl_status pawl_name_of(enum pawl_hash alg, struct pawl_view area, struct pawl_name *ret,
                         struct pawl_err *err)
{
    return name_over(alg, &area, 1, ret, err);
}

pawl_status pawl_tpm_name(const struct pawl_tpm_public *pub, struct pawl_name *ret,
                          struct pawl_err *err)
{
    return pawl_name_of(pub->name_alg, pub->bytes, ret, err);
}

pawl_status pawl_tpm_qualified_name(uint32_t hierarchy, const struct pawl_name *chain, size_t n,
                                    struct pawl_name *ret, struct pawl_err *err)
{
    /* The Qualified Name of a hierarchy is its handle. */
    struct pawl_name qualified = { 0 };
    struct pawl_wr   w = pawl_wr_to(qualified.b, sizeof(qualified.b));

    if (n == 0)
        return pawl_fail(err, PAWL_E_BUG, "chain", "no key below the hierarchy");
    pawl_wr_u32(&w, hierarchy);
    qualified.n = w.n;

    for (size_t i = 0; i < n; i++) {
        struct pawl_name checked;
        PAWL_TRY(
            pawl_under(err, "chain", pawl_name_parse(pawl_name_view(&chain[i]), &checked, err)));
        enum pawl_hash         alg = pawl_tpm_hash((uint16_t)(checked.b[0] << 8 | checked.b[1]));
        const struct pawl_view parts[] = { pawl_name_view(&qualified), pawl_name_view(&checked) };
        PAWL_TRY(name_over(alg, parts, 2, &qualified, err));
    }
    *ret = qualified;
    return pawl_ok();
}
