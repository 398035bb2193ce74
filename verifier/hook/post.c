/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface for one transfer at a time: it is the one that another thread wakes. */

#include "hook/post.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#include <pawl/limits.h>

enum { CONNECT_S = 10, TOTAL_S = 30, ANSWER_MAX = 64 * 1024, HEADER_MAX = 256 };

struct post {
    CURL       *easy;
    CURLM      *multi;
    atomic_bool stopped;
    size_t      answer_n; /* bytes of the answer so far, with its headers */
    char        why[CURL_ERROR_SIZE];
};

/* Counts and forgets; 0 ends the transfer. */
static size_t drop(char *bytes, size_t one, size_t n, void *arg)
{
    struct post *p = arg;

    (void)bytes;
    (void)one; /* always 1 */
    p->answer_n += n < ANSWER_MAX ? n : ANSWER_MAX;
    return p->answer_n > ANSWER_MAX ? 0 : n;
}

static bool set_limits(struct post *p, const char *url)
{
    CURL *c = p->easy;

    /* A resolver that hangs does not hold up the end of the program. */
#if LIBCURL_VERSION_NUM >= 0x075700
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
#endif
    return !curl_easy_setopt(c, CURLOPT_URL, url) &&
           !curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") &&
           !curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) &&
           !curl_easy_setopt(c, CURLOPT_PROXY, "") &&
           !curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           !curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L) &&
           !curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L) &&
           !curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S) &&
           !curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)TOTAL_S) &&
           !curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) &&
           !curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
}

static bool set_callbacks(struct post *p)
{
    CURL *c = p->easy;

    return !curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop) &&
           !curl_easy_setopt(c, CURLOPT_WRITEDATA, p) &&
           !curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, drop) &&
           !curl_easy_setopt(c, CURLOPT_HEADERDATA, p) &&
           !curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->why) &&
           !curl_easy_setopt(c, CURLOPT_USERAGENT, "pawl-verifier/" PAWL_VERSION);
}

static pawl_status check_url(const char *url, struct pawl_err *err)
{
    CURLU    *u = curl_url();
    CURLUcode bad = u ? curl_url_set(u, CURLUPART_URL, url, 0) : CURLUE_OUT_OF_MEMORY;

    curl_url_cleanup(u);
    if (bad)
        return pawl_fail(err, PAWL_E_FORM, "webhook", "%s", curl_url_strerror(bad));
    return pawl_ok();
}

pawl_status post_open(const char *url, struct post **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(post_close) struct post *p = calloc(1, sizeof(*p));

    if (!p || curl_global_init(CURL_GLOBAL_DEFAULT) || !(p->easy = curl_easy_init()) ||
        !(p->multi = curl_multi_init()))
        return pawl_fail(err, PAWL_E_MEMORY, "webhook", "libcurl does not start");
    PAWL_TRY(check_url(url, err));
    if (!set_limits(p, url) || !set_callbacks(p))
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "webhook",
                         "libcurl %s lacks an option, or memory is short", LIBCURL_VERSION);
    *ret = p;
    p = NULL;
    return pawl_ok();
}

void post_close(struct post **p)
{
    if (!*p)
        return;
    curl_easy_cleanup((*p)->easy);
    curl_multi_cleanup((*p)->multi);
    free(*p);
    *p = NULL;
}

/* ---- one transfer --------------------------------------------------------------------------- */

static void list_done(struct curl_slist **l)
{
    curl_slist_free_all(*l);
}

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *l = curl_slist_append(*list, line);

    if (l)
        *list = l;
    return l != NULL;
}

static pawl_status make_headers(const struct post_header *header, size_t n, struct curl_slist **ret,
                                struct pawl_err *err)
{
    char line[HEADER_MAX];
    /* A receiver judges a post as a whole: no waiting for a "100 Continue". */
    bool good = add_line(ret, "Expect:");

    for (size_t i = 0; i < n && good; i++) {
        snprintf(line, sizeof(line), "%s: %s", header[i].name, header[i].value);
        good = add_line(ret, line);
    }
    return good ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "webhook", "out of memory");
}

/* Runs the transfer to its end, or until post_stop. */
static CURLcode perform(struct post *p)
{
    int      running = 1, left;
    CURLcode ret = CURLE_ABORTED_BY_CALLBACK;
    CURLMsg *m;

    if (curl_multi_add_handle(p->multi, p->easy))
        return CURLE_OUT_OF_MEMORY;
    while (running && !p->stopped && !curl_multi_perform(p->multi, &running))
        if (running)
            curl_multi_poll(p->multi, NULL, 0, 1000, NULL);
    while ((m = curl_multi_info_read(p->multi, &left)))
        if (m->msg == CURLMSG_DONE)
            ret = m->data.result;
    curl_multi_remove_handle(p->multi, p->easy);
    return ret;
}

/* All others speak of the address, of rights, of the moment: of the receiver as a whole. */
static bool is_about_what_is_in_it(long status)
{
    return status == 400 || status == 409 || status == 413 || status == 415 || status == 422;
}

static pawl_status judge(struct post *p, CURLcode code, uint64_t *ret_wait_s, struct pawl_err *err)
{
    long       status = 0;
    curl_off_t wait_s = 0;

    curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(p->easy, CURLINFO_RETRY_AFTER, &wait_s);
    *ret_wait_s = wait_s > 0 ? (uint64_t)wait_s : 0;
    if (p->stopped && code)
        return pawl_fail(err, PAWL_E_STATE, "webhook", "given up: the verifier ends");
    /* Who says 2xx and then more than anybody reads has taken it. */
    if (code && !(p->answer_n > ANSWER_MAX && status))
        return pawl_fail(err, PAWL_E_IO, "webhook", "%.90s",
                         p->why[0] ? p->why : curl_easy_strerror(code));
    if (status / 100 != 2)
        return pawl_fail(err, is_about_what_is_in_it(status) ? PAWL_E_FORM : PAWL_E_DENIED,
                         "webhook", "the receiver said %ld", status);
    return pawl_ok();
}

pawl_status post_send(struct post *p, const struct post_header *header, size_t n,
                      struct pawl_view body, uint64_t *ret_wait_s, struct pawl_err *err)
{
    PAWL_CLEANUP(list_done) struct curl_slist *headers = NULL;

    *ret_wait_s = 0;
    PAWL_TRY(make_headers(header, n, &headers, err));
    p->answer_n = 0;
    p->why[0] = 0;
    if (curl_easy_setopt(p->easy, CURLOPT_POST, 1L) ||
        curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, headers) ||
        curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) ||
        curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, body.p))
        return pawl_fail(err, PAWL_E_MEMORY, "webhook", "out of memory");
    CURLcode    code = perform(p);
    pawl_status s = judge(p, code, ret_wait_s, err);
    curl_easy_setopt(p->easy, CURLOPT_HTTPHEADER, NULL); /* the list ends with us */
    return s;
}

/* ---- waiting -------------------------------------------------------------------------------- */

static uint64_t monotonic_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

bool post_wait(struct post *p, uint64_t ms)
{
    uint64_t end = monotonic_ms() + ms;

    for (uint64_t now = monotonic_ms(); now < end && !p->stopped; now = monotonic_ms())
        if (curl_multi_poll(p->multi, NULL, 0, (int)(end - now), NULL))
            break;
    return !p->stopped;
}

void post_stop(struct post *p)
{
    p->stopped = true;
    curl_multi_wakeup(p->multi);
}
