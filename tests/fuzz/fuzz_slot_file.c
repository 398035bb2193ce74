/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the file of a sealed slot, and at what stands sealed in it: a slot that opens and cannot
 * be written again as the same, and a file that is taken though nobody sealed it. The TPM is one
 * that unseals everything to the same key.
 */

#include "state/slot_content.h"
#include "state_file.h"

enum { COUNTER = 5 };

static const uint8_t device_id[PAWL_DEVICE_ID];

static pawl_status counter(void *self, bool make, uint64_t *ret, struct pawl_err *err)
{
    (void)self, (void)make, (void)err;
    *ret = COUNTER;
    return pawl_ok();
}

static pawl_status unseal(void *self, uint64_t value, const struct slot_sealed *in,
                          struct pawl_secret *ret, struct pawl_err *err)
{
    (void)self, (void)err;
    FUZZ_HOLDS(value == COUNTER && in->n && in->n <= SLOT_SEALED_MAX);
    *ret = (struct pawl_secret){ .n = 64, .b = { 1 } };
    return pawl_ok();
}

static void file(struct pawl_view bytes)
{
    const struct slot_vault v = { .counter = counter, .unseal = unseal };
    struct slot             s;
    struct pawl_err         err = { 0 };

    state_open();
    state_put("slot.0", bytes);
    FUZZ_POISON(&s);
    pawl_status got = slot_open(state_dir, &v, device_id, &s, &err);
    if (!pawl_is_ok(got)) {
        FUZZ_REFUSED(got, &err, &s);
        FUZZ_HOLDS(got.code == PAWL_E_STATE || got.code == PAWL_E_ABSENT);
        return;
    }
    FUZZ_HOLDS(s.counter == COUNTER && s.epoch);
}

static void content(struct pawl_view bytes)
{
    struct slot         s;
    struct slot_content back = { 0 };
    struct pawl_err     err = { 0 };

    FUZZ_POISON(&s);
    pawl_status got = slot_content_parse(bytes, &s, &err);
    if (!pawl_is_ok(got)) {
        FUZZ_REFUSED(got, &err, &s);
        return;
    }
    FUZZ_HOLDS(pawl_is_ok(slot_content_write(&s, &back, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(back.b, back.n), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n && p[0])
        content(pawl_view(p + 1, n - 1));
    else
        file(pawl_view(n ? p + 1 : p, n ? n - 1 : 0));
    return 0;
}
