/* SPDX-License-Identifier: Apache-2.0 */
#include "api/problem.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

/* What people read who do not know the codes. */
static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "the request is wrong";
    case 401:
        return "nobody known asks";
    case 403:
        return "not allowed";
    case 404:
        return "there is no such thing";
    case 405:
        return "not by this method";
    case 409:
        return "refused in the present state";
    case 413:
        return "the body is too long";
    case 415:
        return "a body of another type is due";
    case 429:
        return "too many at once";
    case 503:
        return "not now";
    default:
        return status < 500 ? "the request is refused" : "the verifier failed";
    }
}

/* NULL without memory. Owned by the caller. */
static char *write(const struct http_request *r, int status, const struct problem *p)
{
    cJSON *o = cJSON_CreateObject();
    char  *text = NULL, type[64];

    snprintf(type, sizeof(type), "urn:pawl:problem:%s", p->code);
    if (o && cJSON_AddStringToObject(o, "type", type) &&
        cJSON_AddStringToObject(o, "title", title_of(status)) &&
        cJSON_AddNumberToObject(o, "status", status) &&
        cJSON_AddStringToObject(o, "detail", p->detail) &&
        (!p->field || cJSON_AddStringToObject(o, "field", p->field)) &&
        cJSON_AddStringToObject(o, "request", http_id(r)))
        text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}

void problem_answer(struct http_request *r, struct http_answer a, const struct problem *p)
{
    char *text = write(r, a.status, p);

    if (text) {
        a.type = "application/problem+json";
        a.body = pawl_view_str(text);
    }
    http_answer(r, &a);
    free(text);
}
