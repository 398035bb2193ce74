/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include <string.h>
#include <strings.h>

static const char *const method_name[HTTP_METHOD_COUNT] = {
    [HTTP_NONE] = "",
    [HTTP_GET] = "GET",
    [HTTP_POST] = "POST",
};

/* Characters that need no decoding: a path is compared as it stands. */
static size_t segment_n(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
}

static bool path_is(const char *pattern, const char *path, char segment[HTTP_SEGMENT_MAX + 1])
{
    const char *star = strchr(pattern, '*');

    if (!star)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    size_t n = segment_n(path + before);
    if (n == 0 || n > HTTP_SEGMENT_MAX || strcmp(star + 1, path + before + n) != 0)
        return false;
    memcpy(segment, path + before, n);
    segment[n] = 0;
    return true;
}

struct route_match route_find(const struct http_route *table, enum http_method method,
                              const char *path)
{
    struct route_match m = { .status = 404 };

    for (const struct http_route *r = table; r->path; r++) {
        if (!path_is(r->path, path, m.segment))
            continue;
        if (r->method == method) {
            m.status = 0;
            m.route = r;
            return m;
        }
        m.status = 405;
        m.allow = method_name[r->method];
    }
    return m;
}

bool route_type_is(const char *header, const char *type)
{
    if (!header || strncasecmp(header, type, strlen(type)) != 0)
        return false;
    header += strlen(type);
    header += strspn(header, " \t");
    return *header == 0 || *header == ';';
}
