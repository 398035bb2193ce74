/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at frames of the application socket, where any program on the device that may use it can put
 * any bytes: a frame that has a second encoding, a read beyond it, a map of facts that is not ours.
 */

#include <pawl/local.h>

#include "fuzz.h"

static void request(struct pawl_view in)
{
    struct pawl_local_req m;
    struct pawl_err       err;
    uint8_t              *b = malloc(in.n ? in.n : 1);
    struct pawl_wr        w = pawl_wr_to(b, b ? in.n : 0);

    FUZZ_POISON(&m);
    pawl_status s = pawl_local_req_parse(in, &m, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &m);
    } else {
        FUZZ_HOLDS(pawl_is_ok(pawl_local_req_write(&m, &w, &err)));
        FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), in));
    }
    free(b);
}

static void answer(struct pawl_view in)
{
    struct pawl_local_ans m;
    struct pawl_err       err;
    uint8_t              *b = malloc(in.n ? in.n : 1);
    struct pawl_wr        w = pawl_wr_to(b, b ? in.n : 0);

    FUZZ_POISON(&m);
    pawl_status s = pawl_local_ans_parse(in, &m, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &m);
    } else {
        FUZZ_HOLDS(pawl_is_ok(pawl_local_ans_write(&m, &w, &err)));
        FUZZ_HOLDS(pawl_view_equal(pawl_view(w.p, w.n), in));
    }
    free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    request(pawl_view(p, n));
    answer(pawl_view(p, n));
    return 0;
}
