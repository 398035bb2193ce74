/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer without an end. It goes out in chunks, as they come; what the reader has not taken yet
 * is bounded, and a reader that stands still is cut off (conn.c).
 */
#include "http/request.h"

void http_stream_begin(struct http_request *r, const char *type)
{
    if (!r->conn)
        return;
    request_headers(r, &(struct http_answer){ .type = type, .close = true });
    conn_stream(r->conn, r->ev);
}

void http_stream_send(struct http_request *r, struct pawl_view bytes)
{
    if (!http_is_gone(r) && bytes.n)
        conn_stream_send(r->conn, r->ev, bytes);
}

bool http_stream_waits(const struct http_request *r)
{
    return r->conn && conn_stream_waits(r->conn) > 0;
}

void http_stream_end(struct http_request *r)
{
    if (r->conn)
        conn_stream_end(r->conn, r->ev);
    else if (r->ev)
        evhttp_request_free(r->ev);
    request_free(r);
}
