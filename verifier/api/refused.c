/* SPDX-License-Identifier: Apache-2.0 */
#include "api/refused.h"

#include <stdio.h>
#include <string.h>

#include "metrics.h"

static const struct flow *unread_to;

void refused_unread_to(const struct flow *f)
{
    unread_to = f;
}

/* Whom nobody of ours is named by, the operator of the first tenant may ask for. */
static void add(const struct flow *f, struct refusal_row *r, enum refused is)
{
    if (!r->tenant[0])
        snprintf(r->tenant, sizeof(r->tenant), "%s", f->config->tenant[0].name);
    if (!r->subject[0])
        snprintf(r->subject, sizeof(r->subject), "address %s", r->address);
    snprintf(r->code, sizeof(r->code), "%s", refused_code(is));
    r->count = 1;
    r->first_s = r->last_s = f->now_ms(f->now_arg) / 1000;
    gather_add(f->refusals, r);
    metric_add(METRIC_REFUSALS, is, 1);
}

void refused_note(const struct http_request *r, const struct refused_request *what)
{
    const struct api  *api = http_context(r);
    struct refusal_row row = { .status = (uint64_t)what->status };

    if (!api->flow.refusals)
        return;
    snprintf(row.address, sizeof(row.address), "%s", http_peer(r));
    row.net = http_net(r);
    snprintf(row.requests, sizeof(row.requests), "%s", http_id(r));
    if (what->a) {
        memcpy(row.tenant, what->a->tenant, sizeof(row.tenant));
        memcpy(row.serial, what->a->serial, sizeof(row.serial));
        if (what->a->device[0])
            snprintf(row.subject, sizeof(row.subject), "device %s", what->a->device);
    }
    if (what->err)
        snprintf(row.detail, sizeof(row.detail), "%s: %s", what->err->where, what->err->why);
    else
        snprintf(row.detail, sizeof(row.detail), "%s", what->why);
    add(&api->flow, &row, what->is);
}

void refused_unread(const char *request, int status, const char *why)
{
    struct refusal_row row = { .status = (uint64_t)status };

    if (!unread_to || !unread_to->refusals || !*request)
        return;
    snprintf(row.requests, sizeof(row.requests), "%s", request);
    snprintf(row.detail, sizeof(row.detail), "%s", why);
    add(unread_to, &row, refused_by_http(status));
}
