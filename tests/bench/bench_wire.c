/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire_bytes: what the protocol puts on the wire, without HTTP and TLS. A message: sealed with a
 * body of 16, 64 and 256 bytes in either form, in the middle of an epoch of some age; its floor is
 * the body and a tag.
 */

#include <stdio.h>
#include <stdlib.h>

#include <pawl/ratchet.h>

#include "bench.h"

static size_t message_bytes(size_t body_n, enum pawl_msg_form form)
{
    static const uint8_t        body[256], id[32] = { 1 };
    const struct pawl_msg_scope s = { pawl_view_str("default"), PAWL_VIEW_OF(id),
                                      PAWL_VIEW_OF(id) };
    const struct pawl_msg_place at = { .seq = 100030,
                                       .gen_start_seq = 100000,
                                       .epoch_start_seq = 99000 };
    struct pawl_content         c = { .id = (uint64_t)1 << 32, .body = pawl_view(body, body_n) };
    struct pawl_use             use = { .epoch = 300, .gen = 20, .suite = PAWL_SUITE_CCM };
    uint8_t                     plain[512], out[1024], leaf[PAWL_LEAF];
    struct pawl_wr              p = pawl_wr_to(plain, sizeof(plain));
    struct pawl_wr              w = pawl_wr_to(out, sizeof(out));
    struct pawl_err             err;

    use.uk.n = 32;
    if (pawl_is_ok(pawl_use_ready(&use, &err)) && pawl_is_ok(pawl_content_write(&c, &p, &err)) &&
        pawl_is_ok(pawl_msg_seal(&use, &s, &at, form, pawl_view(plain, p.n), &w, leaf, &err)))
        return w.n;
    fprintf(stderr, "wire_bytes: %s: %s\n", err.where, err.why);
    exit(1);
}

void bench_wire_bytes(bench_say *say)
{
    static const size_t      bodies[] = { 16, 64, 256 };
    static const char *const names[] = { [PAWL_MSG_FULL] = "full", [PAWL_MSG_COMPACT] = "compact" };
    char                     name[64];

    for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++)
        for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
            snprintf(name, sizeof(name), "wire_bytes.message.%s.%zu", names[form], bodies[i]);
            say(name, message_bytes(bodies[i], (enum pawl_msg_form)form),
                bodies[i] + PAWL_AEAD_TAG);
        }
}
