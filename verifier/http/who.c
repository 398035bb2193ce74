/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: what a request and its connection tell of that. Whether it is believed is not decided
 * here. */
#include <string.h>
#include <strings.h>

#include "http/request.h"
#include "http/tls.h"

const char *http_peer(const struct http_request *r)
{
    return r->peer.text;
}

uint64_t http_net(const struct http_request *r)
{
    return r->peer.net;
}

const char *http_header(const struct http_request *r, const char *name)
{
    return r->conn ? evhttp_find_header(evhttp_request_get_input_headers(r->ev), name) : NULL;
}

/* RFC 6750: b64token. */
static bool is_token(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/");

    return n > 0 && s[n + strspn(s + n, "=")] == 0;
}

struct pawl_view http_bearer(const struct http_request *r)
{
    static const char scheme[] = "Bearer ";
    const char       *value = http_header(r, "Authorization");

    /* Of two, a proxy may have looked at the other one. */
    if (!value || request_header_n(r->ev, "Authorization") != 1 ||
        strncasecmp(value, scheme, sizeof(scheme) - 1) != 0)
        return pawl_view(NULL, 0);
    value += sizeof(scheme) - 1;
    value += strspn(value, " ");
    return is_token(value) ? pawl_view_str(value) : pawl_view(NULL, 0);
}

bool http_client_spki(const struct http_request *r, uint8_t ret[PAWL_SPKI_PIN])
{
    return r->conn && r->conn->ssl && http_tls_client(r->conn->ssl, ret);
}
