/* SPDX-License-Identifier: Apache-2.0 */
#include "api/stream.h"

#include <stdlib.h>
#include <string.h>

#include "api/access.h"
#include "api/waits.h"
#include "log.h"

/* How often a stream looks for what became durable; a look without news reads an index. */
#define LOOK_MS 200
/* How often a reader hears that the stream is alive, and a proxy that it is in use. */
#define BEAT_MS 15000
#define LIFE_MS 600000
/* How often it is asked whether the reader's credential still counts. */
#define ASK_MS 1000
/* Bodies of one page: with all that is around them well below HTTP_STREAM_BACKLOG. */
#define PAGE_BYTES (64u * 1024)

struct stream {
    struct flow                *flow;
    const struct tenant_config *tenant;
    struct credential           asker;
    struct message_query        q;
    struct wait                 wait;
    char                       *page; /* that is to go out; NULL: none */
    bool                        more; /* there may be another page at once */
    int64_t                     began_ms, sent_ms, asked_ms;
};

static int64_t now_ms(const struct stream *s)
{
    return s->flow->now_ms(s->flow->now_arg);
}

static pawl_status read_page(struct stream *s, struct pawl_err *err)
{
    return operator_events(s->flow, s->tenant, &s->q, &s->page, &s->more, err);
}

pawl_status stream_open(struct flow *f, const struct tenant_config *tenant,
                        const struct credential *asker, const struct message_query *q,
                        struct stream **ret, struct pawl_err *err)
{
    struct stream *s = calloc(1, sizeof(*s));

    if (!s)
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "out of memory");
    *s = (struct stream){ .flow = f, .tenant = tenant, .asker = *asker, .q = *q };
    s->q.bytes = PAGE_BYTES;
    pawl_status opened = wait_hold(&s->wait, asker, err);
    if (pawl_is_ok(opened))
        opened = read_page(s, err);
    if (pawl_is_ok(opened))
        *ret = s;
    else
        stream_free(&s);
    return opened;
}

void stream_free(struct stream **s)
{
    if (!*s)
        return;
    wait_leave(&(*s)->wait);
    free((*s)->page);
    free(*s);
    *s = NULL;
}

static void end(struct http_request *r, struct stream *s)
{
    http_stream_end(r);
    stream_free(&s);
}

/* What was read, or a comment when there was nothing for long. */
static void send_page(struct http_request *r, struct stream *s)
{
    bool any = s->page && s->page[0];

    if (any || now_ms(s) - s->sent_ms >= BEAT_MS) {
        http_stream_send(r, pawl_view_str(any ? s->page : ":\n\n"));
        s->sent_ms = now_ms(s);
    }
    free(s->page); /* an empty one too: what comes next is read, and not waited for */
    s->page = NULL;
}

static bool read_more(struct stream *s)
{
    struct pawl_err err;

    free(s->page);
    s->page = NULL;
    if (pawl_is_ok(read_page(s, &err)))
        return true;
    log_failure("stream", &err);
    return false;
}

/* Inv. 3. A store that does not answer ends it as well. */
static bool may_read(struct stream *s)
{
    int64_t         since_ms = now_ms(s) - s->asked_ms;
    struct pawl_err ignored;

    if (since_ms >= 0 && since_ms < ASK_MS) /* below: the clock was set */
        return true;
    s->asked_ms = now_ms(s);
    return pawl_is_ok(access_holds(s->flow, &s->asker, &ignored));
}

static void look(struct http_request *r, void *arg)
{
    struct stream *s = arg;

    if (http_is_gone(r) || now_ms(s) - s->began_ms > LIFE_MS || !may_read(s)) {
        end(r, s);
        return;
    }
    if (!http_stream_waits(r)) {
        if (!s->page && !read_more(s)) {
            end(r, s);
            return;
        }
        send_page(r, s);
    }
    if (!http_after(r, s->more && !http_stream_waits(r) ? 0 : LOOK_MS, look, s))
        end(r, s);
}

void stream_run(struct stream *s, struct http_request *r)
{
    http_stream_begin(r, "text/event-stream");
    http_stream_send(r, pawl_view_str(":\n\n")); /* there is nothing to wait for */
    s->began_ms = s->sent_ms = s->asked_ms = now_ms(s);
    look(r, s);
}
