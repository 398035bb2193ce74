/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at a spool's file: records that overlap their frame, come twice or are taken before they
 * came, and a spool that cannot be used any more. What comes out was sealed under the key: of the
 * seeds all say "pawl".
 */

#include "state/spool_book.h"
#include "state_file.h"

static const struct pawl_secret key = { .n = 64, .b = { 1 } };

static struct spool *open_spool(void)
{
    const struct spool_config c = { .name = SPOOL_QUEUE, .cap_n = 1 << 20 };
    struct spool             *s = NULL;
    bool                      lost;
    struct pawl_err           err;

    FUZZ_HOLDS(pawl_is_ok(spool_open(state_dir, &c, &key, &s, &lost, &err)));
    return s;
}

static uint64_t drain(struct spool *s)
{
    uint8_t         b[PAWL_BODY_MAX];
    uint64_t        id, n = 0;
    size_t          got;
    struct pawl_err err;

    while (pawl_is_ok(spool_next(s, 0, &id, b, sizeof(b), &got, &err))) {
        FUZZ_HOLDS(pawl_view_equal(pawl_view(b, got), pawl_view_str("pawl")));
        FUZZ_HOLDS(pawl_is_ok(spool_take(s, id, &err)));
        n++;
    }
    FUZZ_HOLDS(err.code == PAWL_E_ABSENT && spool_facts(s).n == 0 && spool_facts(s).body_n == 0);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    uint64_t        id = 0, count;
    struct pawl_err err;

    state_put_input(SPOOL_QUEUE ".spool", SPOOL_BODY_MAX, p, n);
    struct spool *s = open_spool();
    count = spool_facts(s).n;
    FUZZ_HOLDS(pawl_is_ok(spool_put(s, 0, pawl_view_str("pawl"), &id, &err)) && id);
    FUZZ_HOLDS(pawl_is_ok(spool_sync(s, &err)));
    spool_close(&s);

    s = open_spool();
    FUZZ_HOLDS(spool_facts(s).n == count + 1);
    FUZZ_HOLDS(drain(s) == count + 1);
    spool_close(&s);

    s = open_spool();
    FUZZ_HOLDS(drain(s) == 0);
    spool_close(&s);
    return 0;
}
