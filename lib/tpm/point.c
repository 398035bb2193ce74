/* SPDX-License-Identifier: Apache-2.0 */
/* Points as a TPM writes them, and the shared secret that one is. */

#include <string.h>

#include "tpm/point.h"

enum { FIELD_N = 32 };

void rd_coordinate(struct pawl_rd *r, const char *field, uint8_t *ret, size_t field_n)
{
    struct pawl_view v = pawl_rd_tpm2b(r, field, field_n);

    if (v.n)
        memcpy(ret + field_n - v.n, v.p, v.n);
}

/* Both coordinates are checked to be a point's: a broken TPM is noticed before its secret is used.
 */
pawl_status pawl_tpm_z_parse(struct pawl_view in, struct pawl_secret *ret, struct pawl_err *err)
{
    PAWL_SECRET        z = { .n = FIELD_N };
    struct pawl_public point = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256, .b = { 0x04 } };
    struct pawl_rd     outer = pawl_rd_from(in);
    struct pawl_view   sized = pawl_rd_tpm2b(&outer, "outPoint", 2 * (2 + FIELD_N));

    PAWL_TRY(pawl_rd_end(&outer, err));
    struct pawl_rd r = pawl_rd_from(sized);
    rd_coordinate(&r, "outPoint.x", point.b + 1, FIELD_N);
    rd_coordinate(&r, "outPoint.y", point.b + 1 + FIELD_N, FIELD_N);
    pawl_status s = pawl_rd_end(&r, err);
    if (pawl_is_ok(s))
        s = pawl_under(err, "outPoint", pawl_public_check(&point, err));
    memcpy(z.b, point.b + 1, FIELD_N);
    pawl_wipe(&point, sizeof(point));
    PAWL_TRY(s);
    *ret = z;
    return pawl_ok();
}
