/* SPDX-License-Identifier: Apache-2.0 */
#include "thief.h"

#include <curl/curl.h>

struct answer {
    uint8_t *p;
    size_t   n;
};

static size_t take(char *p, size_t one, size_t n, void *arg)
{
    struct answer *a = arg;

    (void)one; /* always 1 */
    if (n > PAWL_MESSAGES_MAX - a->n)
        return 0;
    memcpy(a->p + a->n, p, n);
    a->n += n;
    return n;
}

long post(const char *url, struct pawl_view body, uint8_t *ret, size_t *ret_n)
{
    struct answer      a = { .p = ret };
    long               status = 0;
    CURL              *c = curl_easy_init();
    struct curl_slist *type = curl_slist_append(NULL, "Content-Type: " PAWL_MEDIA_TYPE);

    if (!c || !type)
        give_up("no memory");
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, type);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &a);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 60L);
    CURLcode e = curl_easy_perform(c);
    if (e != CURLE_OK)
        give_up("%s: %s", url, curl_easy_strerror(e));
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(type);
    curl_easy_cleanup(c);
    *ret_n = a.n;
    return status;
}
