/* SPDX-License-Identifier: Apache-2.0 */
#include "message_fixture.h"

#include "soft_messages.h"

void messages_taken(struct world *w, const struct soft_device *d, const struct soft_epoch *e,
                    const struct pawl_view *cose, size_t n)
{
    struct soft_answer a;

    world_says(w, d, e, cose, n, &a);
    assert_int_equal(a.ack_n, 1);
}

void messages_refused(struct world *w, const struct soft_device *d, const struct pawl_view *cose,
                      size_t n)
{
    world_refuses(w, flow_messages, soft_request(d, cose, n, true), PAWL_E_DENIED, "messages.COSE");
}

size_t incident_count(struct world *w)
{
    return (size_t)store_number(&w->store, "SELECT count(*) FROM incident");
}
