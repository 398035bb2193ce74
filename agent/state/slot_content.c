/* SPDX-License-Identifier: Apache-2.0 */
#include "state/slot_content.h"

#include <string.h>

enum { ITEMS = 15, OLD_ITEMS = 6, KEY = 32, SPOOL_KEY = 64 };

void slot_content_wipe(struct slot_content *c)
{
    pawl_wipe(c, sizeof(*c));
}

/* ---- writing -------------------------------------------------------------------------------- */

static void wr_chain(struct pawl_wr *w, const struct pawl_chain *c)
{
    pawl_cbor_wr_array(w, 2);
    pawl_cbor_wr_uint(w, c->gen);
    pawl_cbor_wr_bytes(w, pawl_secret_view(&c->gk));
}

static void wr_use(struct pawl_wr *w, const struct pawl_use *u)
{
    if (!u->uk.n) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, 2);
    pawl_cbor_wr_uint(w, u->gen);
    pawl_cbor_wr_bytes(w, pawl_secret_view(&u->uk));
}

static void wr_old(struct pawl_wr *w, const struct slot *s)
{
    if (!s->has_old) {
        pawl_cbor_wr_null(w);
        return;
    }
    pawl_cbor_wr_array(w, OLD_ITEMS);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(s->old_verifier_id));
    pawl_cbor_wr_uint(w, s->old_suite);
    pawl_cbor_wr_uint(w, s->old_down.epoch);
    pawl_cbor_wr_bytes(w, PAWL_VIEW_OF(s->old_kid));
    wr_chain(w, &s->old_down);
    wr_use(w, &s->old_down_use);
}

static pawl_status check_parts(const struct slot *s, struct pawl_err *err)
{
    if (s->up.epoch != s->epoch || s->down.epoch != s->epoch ||
        (s->down_use.uk.n && s->down_use.epoch != s->epoch) ||
        (s->has_old && s->old_down_use.uk.n && s->old_down_use.epoch != s->old_down.epoch))
        return pawl_fail(err, PAWL_E_BUG, "slot.epoch", "its keys are of several epochs");
    return pawl_ok();
}

pawl_status slot_content_write(const struct slot *s, struct slot_content *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(slot_content_wipe) struct slot_content c = { 0 };
    PAWL_CLEANUP(slot_wipe) struct slot                 back = { 0 };
    struct pawl_wr                                      w = pawl_wr_to(c.b, sizeof(c.b));
    struct pawl_view                                    bytes;

    PAWL_TRY(check_parts(s, err));
    pawl_cbor_wr_array(&w, ITEMS);
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(s->verifier_id));
    pawl_cbor_wr_uint(&w, s->suite);
    pawl_cbor_wr_uint(&w, s->epoch);
    pawl_cbor_wr_bytes(&w, PAWL_VIEW_OF(s->kid));
    pawl_cbor_wr_bytes(&w, pawl_secret_view(&s->rk));
    pawl_cbor_wr_bytes(&w, pawl_secret_view(&s->k_auth));
    pawl_cbor_wr_bytes(&w, pawl_secret_view(&s->exporter));
    wr_chain(&w, &s->up);
    wr_chain(&w, &s->down);
    wr_use(&w, &s->down_use);
    wr_old(&w, s);
    pawl_cbor_wr_bytes(&w, pawl_secret_view(&s->spool_key));
    pawl_cbor_wr_uint(&w, s->age_ms);
    pawl_cbor_wr_uint(&w, s->slots);
    pawl_cbor_wr_uint(&w, s->starts);
    PAWL_TRY(pawl_wr_end(&w, "slot", &bytes, err));
    c.n = bytes.n;
    PAWL_TRY(slot_content_parse(bytes, &back, err)); /* never seal what we could not read */
    *ret = c;
    return pawl_ok();
}

/* ---- parsing -------------------------------------------------------------------------------- */

static void rd_secret(struct pawl_cbor_rd *r, const char *field, struct pawl_secret *ret, size_t n)
{
    pawl_cbor_rd_bytes_to(r, field, ret->b, n);
    ret->n = n;
}

static uint16_t rd_suite(struct pawl_cbor_rd *r, const char *field)
{
    uint64_t suite = pawl_cbor_rd_uint(r, field, UINT16_MAX);

    if (!pawl_suite_known(suite))
        pawl_cbor_rd_fail(r, PAWL_E_UNSUPPORTED, field);
    return (uint16_t)suite;
}

static void rd_chain(struct pawl_cbor_rd *r, const char *field, enum pawl_dir dir, uint64_t epoch,
                     struct pawl_chain *ret)
{
    pawl_cbor_rd_array_of(r, field, 2);
    *ret = (struct pawl_chain){ .dir = dir, .epoch = epoch };
    ret->gen = (uint32_t)pawl_cbor_rd_uint(r, field, UINT32_MAX);
    rd_secret(r, field, &ret->gk, KEY);
    pawl_cbor_rd_leave(r, field);
}

/* null leaves *ret as it is: no generation is under way. */
static void rd_use(struct pawl_cbor_rd *r, const char *field, uint64_t epoch, uint16_t suite,
                   const uint8_t kid[PAWL_KID], struct pawl_use *ret)
{
    if (pawl_cbor_rd_peek(r) == PAWL_CBOR_NULL) {
        pawl_cbor_rd_null(r, field);
        return;
    }
    pawl_cbor_rd_array_of(r, field, 2);
    *ret = (struct pawl_use){ .dir = PAWL_DOWN, .epoch = epoch, .suite = suite };
    memcpy(ret->kid, kid, PAWL_KID);
    ret->gen = (uint32_t)pawl_cbor_rd_uint(r, field, UINT32_MAX);
    rd_secret(r, field, &ret->uk, KEY);
    pawl_cbor_rd_leave(r, field);
}

static void rd_old(struct pawl_cbor_rd *r, struct slot *s)
{
    s->has_old = pawl_cbor_rd_peek(r) != PAWL_CBOR_NULL;
    if (!s->has_old) {
        pawl_cbor_rd_null(r, "slot.old");
        return;
    }
    pawl_cbor_rd_array_of(r, "slot.old", OLD_ITEMS);
    pawl_cbor_rd_bytes_to(r, "slot.old.verifier_id", s->old_verifier_id,
                          sizeof(s->old_verifier_id));
    s->old_suite = rd_suite(r, "slot.old.suite");
    uint64_t epoch = pawl_cbor_rd_uint(r, "slot.old.epoch", UINT64_MAX);
    pawl_cbor_rd_bytes_to(r, "slot.old.kid", s->old_kid, sizeof(s->old_kid));
    rd_chain(r, "slot.old.down", PAWL_DOWN, epoch, &s->old_down);
    rd_use(r, "slot.old.down_use", epoch, s->old_suite, s->old_kid, &s->old_down_use);
    pawl_cbor_rd_leave(r, "slot.old");
}

pawl_status slot_content_parse(struct pawl_view in, struct slot *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(slot_wipe) struct slot s = { 0 };
    struct pawl_cbor_rd                 r = pawl_cbor_rd_from(in);

    pawl_cbor_rd_array_of(&r, "slot", ITEMS);
    pawl_cbor_rd_bytes_to(&r, "slot.verifier_id", s.verifier_id, sizeof(s.verifier_id));
    s.suite = rd_suite(&r, "slot.suite");
    s.epoch = pawl_cbor_rd_uint(&r, "slot.epoch", UINT64_MAX);
    if (!s.epoch)
        pawl_cbor_rd_fail(&r, PAWL_E_RANGE, "slot.epoch");
    pawl_cbor_rd_bytes_to(&r, "slot.kid", s.kid, sizeof(s.kid));
    rd_secret(&r, "slot.rk", &s.rk, KEY);
    rd_secret(&r, "slot.k_auth", &s.k_auth, KEY);
    rd_secret(&r, "slot.exporter", &s.exporter, KEY);
    rd_chain(&r, "slot.up", PAWL_UP, s.epoch, &s.up);
    rd_chain(&r, "slot.down", PAWL_DOWN, s.epoch, &s.down);
    rd_use(&r, "slot.down_use", s.epoch, s.suite, s.kid, &s.down_use);
    rd_old(&r, &s);
    rd_secret(&r, "slot.spool_key", &s.spool_key, SPOOL_KEY);
    s.age_ms = pawl_cbor_rd_uint(&r, "slot.age_ms", UINT64_MAX);
    s.slots = pawl_cbor_rd_uint(&r, "slot.slots", UINT64_MAX);
    s.starts = (unsigned)pawl_cbor_rd_uint(&r, "slot.starts", UINT32_MAX);
    pawl_cbor_rd_leave(&r, "slot");
    PAWL_TRY(pawl_cbor_rd_end(&r, err));
    *ret = s;
    return pawl_ok();
}
