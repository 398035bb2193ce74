/* SPDX-License-Identifier: Apache-2.0 */
#include "ratchet_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "point.h"
#include "store_fixture.h"

void same_blob(const struct blob *b, const char *text)
{
    assert_int_equal(b->n, strlen(text));
    assert_memory_equal(b->p, text, b->n);
}

void ratchet_commit_batch(struct store_fixture *f, struct device *d, unsigned number)
{
    PAWL_CLEANUP(step_done) struct step s = store_batch(d, number);

    store_commits(f, &s);
    d->version++;
    d->seen_s = s.device.seen_s;
}

struct step with_downlink(const char *tenant, const struct device *d, uint64_t id, uint64_t seq,
                          const char *body)
{
    struct step s = { .downlink_n = 1, .downlink = calloc(1, sizeof(*s.downlink)) };

    assert_non_null(s.downlink);
    snprintf(s.tenant, sizeof(s.tenant), "%s", tenant);
    s.downlink[0] = (struct downlink_row){
        .id = id, .created_ms = 1700000000123, .seq = seq, .sent_ms = seq ? 1700000000456 : 0
    };
    memcpy(s.downlink[0].device, d->id, sizeof(d->id));
    s.downlink[0].body = store_blob(body);
    return s;
}

void ratchet_put_downlink(struct store_fixture *f, const struct device *d, uint64_t id,
                          uint64_t seq, const char *body)
{
    PAWL_CLEANUP(step_done) struct step s = with_downlink(d->tenant, d, id, seq, body);

    store_commits(f, &s);
}

pawl_status say_segment(const struct segment_row *s, void *arg, struct pawl_err *err)
{
    (void)err;
    store_say(arg, "%llu:%u:%.*s ", (unsigned long long)s->number, s->device[0], (int)s->bytes.n,
              (const char *)s->bytes.p);
    return pawl_ok();
}

void segments_are(struct store_fixture *f, struct pawl_view tenant, struct pawl_view device,
                  uint64_t after, size_t limit, const char *expected)
{
    struct pawl_err err;
    char            said[STORE_SAID_MAX] = "";

    T_OK(f->store.segments(f->store.self, tenant, device, after, limit, say_segment, said, &err),
         &err);
    assert_string_equal(said, expected);
}

void version_is(struct store_fixture *f, const struct device *d, uint64_t version, int64_t seen_s)
{
    struct pawl_err err;
    struct device   got;

    T_OK(f->store.device(f->store.self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), &got, &err),
         &err);
    assert_true(got.version == version);
    assert_true(got.seen_s == seen_s);
}
