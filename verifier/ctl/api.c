/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/transfer.h"

enum { ANSWER_MAX = 96 * 1024 * 1024 /* saved evidence in base64 */, CONNECT_S = 5, TOTAL_S = 30 };

/* ---- paths ---------------------------------------------------------------------------------- */

void api_path_done(struct api_path *p)
{
    free(p->p);
}

/* Appends n bytes of text. */
static bool append(struct api_path *path, const char *text, size_t n)
{
    size_t have = path->p ? strlen(path->p) : 0;
    char  *p = realloc(path->p, have + n + 1);

    if (!p)
        return false;
    memcpy(p + have, text, n);
    p[have + n] = 0;
    path->p = p;
    return true;
}

static bool append_escaped(struct api_path *path, const char *text)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    bool  good = escaped && append(path, escaped, strlen(escaped));

    curl_free(escaped);
    return good;
}

pawl_status api_path(struct api_path *ret, struct pawl_err *err, const char *fmt, ...)
{
    va_list ap;
    bool    good = true;

    va_start(ap, fmt);
    for (const char *next; *fmt && good; fmt = next) {
        const char *hole = strstr(fmt, "%s");
        next = hole ? hole + 2 : fmt + strlen(fmt);
        good = append(ret, fmt, hole ? (size_t)(hole - fmt) : strlen(fmt)) &&
               (!hole || append_escaped(ret, va_arg(ap, const char *)));
    }
    va_end(ap);
    return good ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
}

pawl_status api_join(struct api_path *ret, const char *path, struct pawl_err *err)
{
    return append(ret, path, strlen(path)) ? pawl_ok()
                                           : pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
}

/* ---- one request ---------------------------------------------------------------------------- */

struct exchange {
    struct remote      remote;
    CURL              *curl;
    struct curl_slist *headers;
    struct bytes       answer;
    char               why[CURL_ERROR_SIZE];
};

void api_headers_done(struct curl_slist **list)
{
    for (struct curl_slist *l = *list; l; l = l->next)
        pawl_wipe(l->data, strlen(l->data)); /* one may be a token */
    curl_slist_free_all(*list);
}

static void exchange_done(struct exchange *x)
{
    curl_easy_cleanup(x->curl);
    api_headers_done(&x->headers);
    bytes_done(&x->answer);
}

static size_t receive(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;

    n *= size;
    if (n > ANSWER_MAX - x->answer.n)
        return 0; /* which curl takes for a failure */
    uint8_t *more = realloc(x->answer.p, x->answer.n + n + 1);
    if (!more)
        return 0;
    x->answer.p = more;
    memcpy(x->answer.p + x->answer.n, p, n);
    x->answer.n += n;
    x->answer.p[x->answer.n] = 0;
    return n;
}

static pawl_status add_header(struct curl_slist **list, const char *header, struct pawl_err *err)
{
    struct curl_slist *longer = curl_slist_append(*list, header);

    if (!longer)
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    *list = longer;
    return pawl_ok();
}

/* TLS 1.3 with whom the operator says, as whom he says. */
static pawl_status prepare_tls(CURL *c, const struct remote *r, struct curl_slist **headers,
                               struct pawl_err *err)
{
    char header[REMOTE_HEADER_MAX], pin[REMOTE_PIN_MAX];

    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    if (r->ca) {
        curl_easy_setopt(c, CURLOPT_CAINFO, r->ca);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
    }
    if (r->pin) { /* the key itself: no chain, no name, no dates */
        PAWL_TRY(remote_pin(r, pin, err));
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
        curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
        if (curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, pin) != CURLE_OK)
            return pawl_fail(err, PAWL_E_MEMORY, "pin", "cannot be set");
    }
    if (r->cert) {
        PAWL_TRY(remote_secret_file(r->key, err));
        curl_easy_setopt(c, CURLOPT_SSLCERT, r->cert);
        curl_easy_setopt(c, CURLOPT_SSLKEY, r->key);
    }
    if (!r->token_file)
        return pawl_ok();
    PAWL_TRY(remote_header(r, header, err));
    pawl_status s = add_header(headers, header, err);
    pawl_wipe(header, sizeof(header));
    return s;
}

pawl_status api_prepare(CURL *c, const struct remote *r, const char *url, char *why,
                        struct curl_slist **headers, struct pawl_err *err)
{
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
    if (r->url)
        return prepare_tls(c, r, headers, err);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, r->socket);
    return pawl_ok();
}

static pawl_status prepare(struct exchange *x, const char *url, struct pawl_view body,
                           struct pawl_err *err)
{
    x->curl = curl_easy_init();
    if (!x->curl)
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    PAWL_TRY(api_prepare(x->curl, &x->remote, url, x->why, &x->headers, err));
    curl_easy_setopt(x->curl, CURLOPT_TIMEOUT, (long)TOTAL_S);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
    if (body.p) {
        PAWL_TRY(add_header(&x->headers, "Content-Type: application/json", err));
        curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, body.p);
        curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    }
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
    return pawl_ok();
}

/* A verifier that fails has judged nothing: to who asks it is one that is not there. */
static enum pawl_code code_of(long status)
{
    if (status >= 500)
        return PAWL_E_IO;
    return status == 409 ? PAWL_E_CONFLICT : PAWL_E_DENIED;
}

/* The verifier's own words: application/problem+json. */
pawl_status api_refusal(long status, struct pawl_view answer, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *problem = NULL;

    problem = answer.n ? cJSON_ParseWithLength((const char *)answer.p, answer.n) : NULL;
    const char *field = json_text(problem, "field"), *title = json_text(problem, "title");
    const char *detail = json_text(problem, "detail");

    if (!detail || !*detail)
        detail = title ? title : "refused without a reason";
    return pawl_fail(err, code_of(status), field && *field ? field : "verifier", "%s", detail);
}

/* curl would speak of ports; what helps is what the system said about the socket. */
pawl_status api_no_answer(CURL *c, CURLcode code, const char *why, const struct remote *r,
                          struct pawl_err *err)
{
    long os_error = 0;

    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return pawl_fail(err, PAWL_E_FORGED, "pin", "the verifier's TLS key is not the pinned one");
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return pawl_fail(err, PAWL_E_FORGED, "verifier", "%.60s: %s", why, remote_name(r));
    curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &os_error);
    return pawl_fail(err, PAWL_E_IO, "verifier", "%.60s: %s",
                     os_error ? strerror((int)os_error) : why, remote_name(r));
}

static pawl_status perform(struct exchange *x, struct pawl_err *err)
{
    long     status = 0;
    CURLcode code = curl_easy_perform(x->curl);

    if (code != CURLE_OK)
        return api_no_answer(x->curl, code, x->why, &x->remote, err);
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status <= 299)
        return pawl_ok();
    return api_refusal(status, bytes_view(&x->answer), err);
}

pawl_status api_url(const struct args *a, const struct remote *r, const char *path,
                    struct api_path *ret, struct pawl_err *err)
{
    const char *tenant = a->option[OPT_TENANT], *base = r->url ? r->url : "http://verifier";

    if (!append(ret, base, strlen(base)) || !append(ret, "/v1", 3) ||
        !append(ret, path, strlen(path)))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    if (tenant)
        PAWL_TRY(api_path(ret, err, strchr(path, '?') ? "&tenant=%s" : "?tenant=%s", tenant));
    return pawl_ok();
}

pawl_status api_text(const struct args *a, const char *path, struct pawl_view body,
                     struct bytes *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(exchange_done) struct exchange x = { 0 };
    PAWL_CLEANUP(api_path_done) struct api_path url = { 0 };

    PAWL_TRY(remote_find(a, &x.remote, err));
    PAWL_TRY(api_url(a, &x.remote, path, &url, err));
    PAWL_TRY(prepare(&x, url.p, body, err));
    PAWL_TRY(perform(&x, err));
    *ret = x.answer;
    x.answer = (struct bytes){ 0 };
    return pawl_ok();
}

static void text_free(char **text)
{
    cJSON_free(*text);
}

pawl_status api_call(const struct args *a, const char *path, cJSON *body, cJSON **ret,
                     struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON        *owned = body;
    PAWL_CLEANUP(text_free) char         *text = owned ? cJSON_PrintUnformatted(owned) : NULL;
    PAWL_CLEANUP(bytes_done) struct bytes answer = { 0 };

    if (owned && !text)
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    PAWL_TRY(api_text(a, path, pawl_view(text, text ? strlen(text) : 0), &answer, err));
    cJSON *json = answer.n ? cJSON_ParseWithLength((const char *)answer.p, answer.n) : NULL;
    if (!json)
        return pawl_fail(err, PAWL_E_IO, "verifier", "does not answer in JSON");
    *ret = json;
    return pawl_ok();
}
