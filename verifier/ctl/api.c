/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/api.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

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

/* ---- one request ---------------------------------------------------------------------------- */

struct exchange {
    CURL              *curl;
    struct curl_slist *headers;
    struct bytes       answer;
    char               why[CURL_ERROR_SIZE];
};

static void exchange_done(struct exchange *x)
{
    curl_easy_cleanup(x->curl);
    curl_slist_free_all(x->headers);
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

static const char *socket_path(const struct args *a)
{
    const char *env = getenv("PAWL_SOCKET");

    if (a->option[OPT_SOCKET])
        return a->option[OPT_SOCKET];
    return env && *env ? env : API_SOCKET;
}

static pawl_status prepare(struct exchange *x, const struct args *a, const char *url,
                           struct pawl_view body, struct pawl_err *err)
{
    x->curl = curl_easy_init();
    if (!x->curl)
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    curl_easy_setopt(x->curl, CURLOPT_URL, url);
    curl_easy_setopt(x->curl, CURLOPT_UNIX_SOCKET_PATH, socket_path(a));
    curl_easy_setopt(x->curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(x->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(x->curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(x->curl, CURLOPT_TIMEOUT, (long)TOTAL_S);
    curl_easy_setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->curl, CURLOPT_ERRORBUFFER, x->why);
    curl_easy_setopt(x->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(x->curl, CURLOPT_WRITEDATA, x);
    if (!body.p)
        return pawl_ok();
    x->headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(x->curl, CURLOPT_HTTPHEADER, x->headers);
    curl_easy_setopt(x->curl, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    return pawl_ok();
}

/* The verifier's own words: application/problem+json. */
static pawl_status refusal(long status, const cJSON *problem, struct pawl_err *err)
{
    const char *field = json_text(problem, "field"), *title = json_text(problem, "title");
    const char *detail = json_text(problem, "detail");

    if (!detail || !*detail)
        detail = title ? title : "refused without a reason";
    return pawl_fail(err, status == 409 ? PAWL_E_CONFLICT : PAWL_E_DENIED,
                     field && *field ? field : "verifier", "%s", detail);
}

/* curl would speak of ports; what helps is what the system said about the socket. */
static pawl_status no_answer(const struct exchange *x, const struct args *a, struct pawl_err *err)
{
    long os_error = 0;

    curl_easy_getinfo(x->curl, CURLINFO_OS_ERRNO, &os_error);
    return pawl_fail(err, PAWL_E_IO, "verifier", "%s: %s",
                     os_error ? strerror((int)os_error) : x->why, socket_path(a));
}

static pawl_status perform(struct exchange *x, const struct args *a, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *problem = NULL;
    long                           status = 0;

    if (curl_easy_perform(x->curl) != CURLE_OK)
        return no_answer(x, a, err);
    curl_easy_getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status <= 299)
        return pawl_ok();
    problem = x->answer.n ? cJSON_ParseWithLength((const char *)x->answer.p, x->answer.n) : NULL;
    return refusal(status, problem, err);
}

pawl_status api_text(const struct args *a, const char *path, struct pawl_view body,
                     struct bytes *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(exchange_done) struct exchange x = { 0 };
    PAWL_CLEANUP(api_path_done) struct api_path url = { 0 };
    const char                                 *tenant = a->option[OPT_TENANT];

    if (!append(&url, "http://verifier/v1", 18) || !append(&url, path, strlen(path)))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    if (tenant)
        PAWL_TRY(api_path(&url, err, strchr(path, '?') ? "&tenant=%s" : "?tenant=%s", tenant));
    PAWL_TRY(prepare(&x, a, url.p, body, err));
    PAWL_TRY(perform(&x, a, err));
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
        return pawl_fail(err, PAWL_E_IO, "verifier", "%s does not answer in JSON", socket_path(a));
    *ret = json;
    return pawl_ok();
}
