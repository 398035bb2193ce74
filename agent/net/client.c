/* SPDX-License-Identifier: Apache-2.0 */
#include "net/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include <pawl/wire.h>

enum { URL_MAX = 512, PIN_TEXT = 64 };

struct net {
    struct net_config  cfg;
    CURL              *curl;
    struct curl_slist *headers; /* of the request */
    char               pins[NET_PINS_MAX * PIN_TEXT];
    char               why[CURL_ERROR_SIZE];

    /* The answer under way. */
    char    request[40];
    size_t  header_n;
    bool    headers_long, body_long;
    size_t  body_n;
    uint8_t body[PAWL_RESULT_MAX];
};

static size_t take_body(char *p, size_t one, size_t len, void *arg)
{
    struct net *n = arg;

    (void)one; /* always 1 */
    if (len > sizeof(n->body) - n->body_n) {
        n->body_long = true;
        return 0; /* ends the transfer */
    }
    memcpy(n->body + n->body_n, p, len);
    n->body_n += len;
    return len;
}

/* The verifier's random id of this request, for our log: kept if it is a plain word. */
static void take_request_id(struct net *n, const char *p, size_t len)
{
    size_t k = 0;

    while (len && isblank((unsigned char)*p))
        p++, len--;
    while (k < len && k < sizeof(n->request) - 1 && isalnum((unsigned char)p[k]))
        k++;
    memcpy(n->request, p, k);
    n->request[k] = 0;
}

static size_t take_header(char *p, size_t one, size_t len, void *arg)
{
    static const char name[] = PAWL_REQUEST_HEADER ":";
    struct net       *n = arg;

    (void)one;
    if (len > PAWL_HEADERS_MAX - n->header_n) {
        n->headers_long = true;
        return 0;
    }
    n->header_n += len;
    if (len > sizeof(name) - 1 && !strncasecmp(p, name, sizeof(name) - 1))
        take_request_id(n, p + sizeof(name) - 1, len - (sizeof(name) - 1));
    return len;
}

static int progress(void *arg, curl_off_t dt, curl_off_t dn, curl_off_t ut, curl_off_t un)
{
    const struct net *n = arg;

    (void)dt, (void)dn, (void)ut, (void)un;
    return n->cfg.stop && n->cfg.stop();
}

/* curl's list of pins: "sha256//BASE64;sha256//BASE64". Its base64 is not the URL's alphabet. */
static pawl_status write_pins(struct net *n, struct pawl_err *err)
{
    char  *at = n->pins;
    size_t room = sizeof(n->pins);

    for (size_t i = 0; i < n->cfg.pin_n; i++) {
        char text[PIN_TEXT];
        PAWL_TRY(pawl_b64url_write(PAWL_VIEW_OF(n->cfg.pin[i]), text, sizeof(text), err));
        for (char *c = text; *c; c++)
            *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
        int put = snprintf(at, room, "%ssha256//%s=", i ? ";" : "", text);
        if (put < 0 || (size_t)put >= room)
            return pawl_fail(err, PAWL_E_FULL, "tls.pin", "%zu pins", n->cfg.pin_n);
        at += put;
        room -= (size_t)put;
    }
    return pawl_ok();
}

static bool set_tls(struct net *n)
{
    CURL *c = n->curl;
    bool  ok = !curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) &&
              !curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);

    if (n->cfg.tls == NET_TLS_PIN)
        return ok && !curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L) &&
               !curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L) &&
               !curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, n->pins);
    ok = ok && !curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
         !curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    if (n->cfg.tls == NET_TLS_CA)
        ok = ok && !curl_easy_setopt(c, CURLOPT_CAINFO, n->cfg.ca) &&
             !curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    return ok;
}

static bool set_limits(struct net *n)
{
    CURL *c = n->curl;

    return !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https") &&
           !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(c, CURLOPT_PROXY, n->cfg.proxy) &&
           !curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)n->cfg.connect_s) &&
           !curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)n->cfg.total_s) &&
           !curl_easy_setopt(c, CURLOPT_MAXCONNECTS, 1L) &&
           !curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) &&
           !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
}

static bool set_callbacks(struct net *n)
{
    CURL *c = n->curl;

    return !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) &&
           !curl_easy_setopt(c, CURLOPT_WRITEDATA, n) &&
           !curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_header) &&
           !curl_easy_setopt(c, CURLOPT_HEADERDATA, n) &&
           !curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L) &&
           !curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, progress) &&
           !curl_easy_setopt(c, CURLOPT_XFERINFODATA, n) &&
           !curl_easy_setopt(c, CURLOPT_ERRORBUFFER, n->why) &&
           !curl_easy_setopt(c, CURLOPT_USERAGENT, "pawl-agent/" PAWL_VERSION);
}

static bool make_headers(struct net *n)
{
    /* The verifier judges a request as a whole: no waiting for a "100 Continue". */
    n->headers = curl_slist_append(NULL, "Expect:");
    return n->headers && curl_slist_append(n->headers, "Content-Type: " PAWL_MEDIA_TYPE);
}

pawl_status net_open(const struct net_config *cfg, struct net **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(net_close) struct net *n = calloc(1, sizeof(*n));

    if (!n || curl_global_init(CURL_GLOBAL_DEFAULT) || !(n->curl = curl_easy_init()))
        return pawl_fail(err, PAWL_E_MEMORY, "net", "libcurl does not start");
    n->cfg = *cfg;
    if (cfg->tls == NET_TLS_NONE || (cfg->tls == NET_TLS_PIN && !cfg->pin_n) ||
        cfg->pin_n > NET_PINS_MAX)
        return pawl_fail(err, PAWL_E_BUG, "tls", "mode %d with %zu pins", (int)cfg->tls,
                         cfg->pin_n);
    PAWL_TRY(write_pins(n, err));
    if (!set_tls(n) || !set_limits(n) || !set_callbacks(n) || !make_headers(n))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "net",
                         "libcurl %s lacks an option, or memory is short", LIBCURL_VERSION);
    *ret = n;
    n = NULL;
    return pawl_ok();
}

void net_close(struct net **n)
{
    if (!*n)
        return;
    if ((*n)->curl)
        curl_easy_cleanup((*n)->curl);
    curl_slist_free_all((*n)->headers);
    free(*n);
    *n = NULL;
}

/* Without curl's own words, which hold milliseconds: the same failure again is no news. A proxy is
 * not named: its URL may hold a password. */
static pawl_status no_contact(struct net *n, CURLcode c, struct pawl_err *err)
{
    const char *by = n->cfg.proxy[0] ? ", by the proxy" : "";
    long        e = 0;

    curl_easy_getinfo(n->curl, CURLINFO_OS_ERRNO, &e);
    if (c == CURLE_COULDNT_CONNECT && e && *by)
        return pawl_fail(err, PAWL_E_IO, "proxy", "cannot connect to it: %s", strerror((int)e));
    if (c == CURLE_COULDNT_CONNECT && e)
        return pawl_fail(err, PAWL_E_IO, "server", "cannot connect to %.80s: %s", n->cfg.server,
                         strerror((int)e));
    return pawl_fail(err, PAWL_E_IO, "server", "no answer from %.80s in time%s", n->cfg.server, by);
}

/* curl's reason as ours. */
static pawl_status failed(struct net *n, CURLcode c, struct pawl_err *err)
{
    const char *why = n->why[0] ? n->why : curl_easy_strerror(c);

    if (n->headers_long)
        return pawl_fail(err, PAWL_E_RANGE, "answer.headers", "more than %d bytes",
                         PAWL_HEADERS_MAX);
    if (n->body_long)
        return pawl_fail(err, PAWL_E_RANGE, "answer", "more than %d bytes", PAWL_RESULT_MAX);
    switch (c) {
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return pawl_fail(err, PAWL_E_FORGED, "tls.pin",
                         "the server's TLS key is not the pinned one");
    case CURLE_PEER_FAILED_VERIFICATION:
        return pawl_fail(err, PAWL_E_FORGED, n->cfg.tls == NET_TLS_CA ? "tls.ca" : "tls.system",
                         "%.110s", why);
    case CURLE_SSL_CONNECT_ERROR:
        return pawl_fail(err, PAWL_E_IO, "server", "no TLS 1.3 with it: %.90s", why);
    case CURLE_SSL_CACERT_BADFILE:
        return pawl_fail(err, PAWL_E_ABSENT, "tls.ca", "%.110s", why);
    case CURLE_ABORTED_BY_CALLBACK:
        return pawl_fail(err, PAWL_E_IO, "server", "given up: we were told to stop");
    case CURLE_OUT_OF_MEMORY:
        return pawl_fail(err, PAWL_E_MEMORY, "net", "out of memory");
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
        return no_contact(n, c, err);
    default:
        return pawl_fail(err, PAWL_E_IO, "server", "%.110s", why);
    }
}

/* The media type without parameters. */
static bool is_type(const char *got, const char *want)
{
    size_t n = strlen(want);

    return got && !strncasecmp(got, want, n) && (!got[n] || strchr("; \t", got[n]));
}

static pawl_status perform(struct net *n, const char *path, const char *type,
                           const char *other_type, struct net_answer *ret, struct pawl_err *err)
{
    char        url[URL_MAX];
    long        status = 0;
    curl_off_t  retry = 0;
    const char *got = NULL;

    if ((size_t)snprintf(url, sizeof(url), "https://%s%s", n->cfg.server, path) >= sizeof(url))
        return pawl_fail(err, PAWL_E_RANGE, "server", "address too long");
    n->header_n = n->body_n = 0;
    n->headers_long = n->body_long = false;
    n->request[0] = n->why[0] = 0;
    if (curl_easy_setopt(n->curl, CURLOPT_URL, url))
        return pawl_fail(err, PAWL_E_MEMORY, "net", "out of memory");

    CURLcode c = curl_easy_perform(n->curl);
    if (c)
        return failed(n, c, err);
    curl_easy_getinfo(n->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(n->curl, CURLINFO_RETRY_AFTER, &retry);
    curl_easy_getinfo(n->curl, CURLINFO_CONTENT_TYPE, &got);

    struct net_answer a = { .status = (int)status,
                            .retry_after_s = retry > 0 ? (uint64_t)retry : 0 };
    memcpy(a.request, n->request, sizeof(a.request));
    if (status == 200 || status == 409) {
        if (!is_type(got, type) && !is_type(got, other_type))
            return pawl_fail(err, PAWL_E_FORM, "answer.Content-Type", "not %s", type);
        a.body = pawl_view(n->body, n->body_n);
    }
    *ret = a;
    return pawl_ok();
}

pawl_status net_post(struct net *n, const char *path, struct pawl_view body, struct net_answer *ret,
                     struct pawl_err *err)
{
    if (curl_easy_setopt(n->curl, CURLOPT_POST, 1L) ||
        curl_easy_setopt(n->curl, CURLOPT_HTTPHEADER, n->headers) ||
        curl_easy_setopt(n->curl, CURLOPT_POSTFIELDSIZE, (long)body.n) ||
        curl_easy_setopt(n->curl, CURLOPT_POSTFIELDS, body.n ? (const void *)body.p : ""))
        return pawl_fail(err, PAWL_E_MEMORY, "net", "out of memory");
    return perform(n, path, PAWL_MEDIA_TYPE, PAWL_MEDIA_TYPE, ret, err);
}

pawl_status net_get_json(struct net *n, const char *path, struct net_answer *ret,
                         struct pawl_err *err)
{
    if (curl_easy_setopt(n->curl, CURLOPT_HTTPGET, 1L) ||
        curl_easy_setopt(n->curl, CURLOPT_HTTPHEADER, NULL))
        return pawl_fail(err, PAWL_E_MEMORY, "net", "out of memory");
    return perform(n, path, "application/jwk-set+json", "application/json", ret, err);
}
