/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl stream, and message list --follow: the feed as it comes, for as long as somebody reads
 * it. A connection that is cut is made again behind the last event that was printed, so nothing is
 * missed and nothing comes twice.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/sse.h"
#include "ctl/transfer.h"

/* The verifier sends something every 15 s. */
enum { SILENCE_S = 60, AGAIN_S = 1, WAIT_MS = 1000, REFUSAL_MAX = 4096 };

struct stream {
    struct remote      remote;
    struct api_path    url;
    char               last[SSE_ID_MAX]; /* the id of the newest event */
    bool               was_there;        /* a connection was good once .. */
    bool               is_away;          /* .. and is cut: that was said */
    CURLM             *multi;
    CURL              *curl; /* NULL: not connected */
    struct curl_slist *headers;
    struct sse         sse;
    struct bytes       refusal;
    bool               is_over; /* the transfer, by .. */
    CURLcode           code;
    cJSON             *entries; /* that are not printed yet */
    pawl_status        status;  /* of what came */
    struct pawl_err    err;
    char               why[CURL_ERROR_SIZE];
};

/* ---- what comes ----------------------------------------------------------------------------- */

static pawl_status take_event(const char *id, const char *data, void *arg, struct pawl_err *err)
{
    struct stream *s = arg;
    cJSON         *entry = cJSON_Parse(data);

    if (!cJSON_IsObject(entry)) {
        cJSON_Delete(entry);
        return pawl_fail(err, PAWL_E_IO, "verifier", "an event is no JSON");
    }
    if (!s->entries)
        s->entries = cJSON_CreateArray();
    if (!cJSON_AddItemToArray(s->entries, entry)) {
        cJSON_Delete(entry);
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "no memory");
    }
    snprintf(s->last, sizeof(s->last), "%s", id);
    return pawl_ok();
}

static size_t receive(char *p, size_t size, size_t n, void *arg)
{
    struct stream *s = arg;
    long           status = 0;

    n *= size;
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) {
        s->was_there = true;
        s->is_away = false;
        s->status = sse_take(&s->sse, pawl_view(p, n), take_event, s, &s->err);
        return pawl_is_ok(s->status) ? n : 0;
    }
    size_t room = REFUSAL_MAX - s->refusal.n, taken = n < room ? n : room;
    memcpy(s->refusal.p + s->refusal.n, p, taken);
    s->refusal.n += taken;
    return n;
}

/* ---- one connection -------------------------------------------------------------------------- */

static void disconnect(struct stream *s)
{
    curl_multi_remove_handle(s->multi, s->curl);
    curl_easy_cleanup(s->curl);
    s->curl = NULL;
    api_headers_done(&s->headers);
    s->headers = NULL;
    sse_done(&s->sse); /* half an event comes again */
}

static pawl_status add_resume(struct stream *s, struct pawl_err *err)
{
    char header[SSE_ID_MAX + 16];

    if (!s->last[0])
        return pawl_ok();
    snprintf(header, sizeof(header), "Last-Event-ID: %s", s->last);
    struct curl_slist *longer = curl_slist_append(s->headers, header);
    if (!longer)
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "no memory");
    s->headers = longer;
    return pawl_ok();
}

static pawl_status connect_to(struct stream *s, struct pawl_err *err)
{
    s->refusal.n = 0;
    s->is_over = false;
    s->curl = curl_easy_init();
    if (!s->curl)
        return pawl_fail(err, PAWL_E_MEMORY, "stream", "no memory");
    PAWL_TRY(api_prepare(s->curl, &s->remote, s->url.p, s->why, &s->headers, err));
    PAWL_TRY(add_resume(s, err));
    curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(s->curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S);
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    return curl_multi_add_handle(s->multi, s->curl) == CURLM_OK
               ? pawl_ok()
               : pawl_fail(err, PAWL_E_MEMORY, "stream", "no memory");
}

/* How the transfer ended: a refusal is final, so is a verifier that was never there. */
static pawl_status over(struct stream *s, struct pawl_err *err)
{
    long status = 0;

    if (!pawl_is_ok(s->status)) {
        *err = s->err;
        return s->status;
    }
    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (s->code == CURLE_OK && status != 200 && status != 503)
        return api_refusal(status, bytes_view(&s->refusal), err);
    if (!s->was_there && s->code != CURLE_OK)
        return api_no_answer(s->curl, s->code, s->why, &s->remote, err);
    if (!s->was_there)
        return api_refusal(status, bytes_view(&s->refusal), err);
    if (s->code != CURLE_OK && !s->is_away) {
        fprintf(stderr, "pawlctl: the stream was cut; it goes on when the verifier is there\n");
        s->is_away = true;
    }
    disconnect(s);
    sleep(AGAIN_S);
    return pawl_ok();
}

/* A pipe that nobody reads any more ends us at the next write, and that may be long in coming. */
static pawl_status check_reader(struct pawl_err *err)
{
    struct pollfd out = { .fd = STDOUT_FILENO };

    if (poll(&out, 1, 0) <= 0 || !(out.revents & (POLLERR | POLLHUP)))
        return pawl_ok();
    raise(SIGPIPE);
    return pawl_fail(err, PAWL_E_IO, "standard output", "nobody reads it any more");
}

/* Until there is an entry. */
static pawl_status pump(struct stream *s, struct pawl_err *err)
{
    const CURLMsg *m;
    int            running, left;

    while (!s->entries) {
        PAWL_TRY(check_reader(err));
        if (!s->curl)
            PAWL_TRY(connect_to(s, err));
        curl_multi_perform(s->multi, &running);
        while ((m = curl_multi_info_read(s->multi, &left)))
            if (m->msg == CURLMSG_DONE) {
                s->is_over = true;
                s->code = m->data.result;
            }
        if (s->entries)
            break;
        if (s->is_over)
            PAWL_TRY(over(s, err));
        else
            curl_multi_poll(s->multi, NULL, 0, WAIT_MS, NULL);
    }
    return pawl_ok();
}

/* ---- the command ---------------------------------------------------------------------------- */

static pawl_status begin(struct stream *s, const struct args *a, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    static uint8_t                              refusal[REFUSAL_MAX];

    s->refusal.p = refusal;
    s->status = pawl_ok();
    PAWL_TRY(remote_find(a, &s->remote, err));
    PAWL_TRY(
        api_path(&path, err, "/stream?after=%s", a->option[OPT_AFTER] ? a->option[OPT_AFTER] : ""));
    if (a->option[OPT_DEVICE])
        PAWL_TRY(api_path(&path, err, "&device=%s", a->option[OPT_DEVICE]));
    if (a->option[OPT_TYPE])
        PAWL_TRY(api_path(&path, err, "&type=%s", a->option[OPT_TYPE]));
    PAWL_TRY(api_url(a, &s->remote, path.p, &s->url, err));
    s->multi = curl_multi_init();
    return s->multi ? pawl_ok() : pawl_fail(err, PAWL_E_MEMORY, "stream", "no memory");
}

/* What came since the last answer, at least one entry. The stream lives as long as the program. */
pawl_status stream_next(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    static struct stream           s;
    PAWL_CLEANUP(json_free) cJSON *before = NULL, *answer = NULL;

    if (!s.multi)
        PAWL_TRY(begin(&s, a, err));
    PAWL_TRY(pump(&s, err));
    answer = cJSON_CreateObject();
    if (!cJSON_AddItemToObject(answer, "messages", s.entries) ||
        !cJSON_AddStringToObject(answer, "next", s.last))
        return json_no_memory(err);
    s.entries = NULL;
    before = *ret;
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

bool stream_more(const struct args *a, const cJSON *answer)
{
    (void)a;
    (void)answer;
    return true;
}
