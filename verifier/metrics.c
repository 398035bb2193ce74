/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include <pawl/wire.h>

static atomic_uint_fast64_t cells[METRIC_COUNT][METRIC_VALUES_MAX];

struct buckets {
    atomic_uint_fast64_t n[HISTOGRAM_BUCKETS + 1], sum;
};

static struct buckets buckets[HISTOGRAM_COUNT][ROUTE_COUNT];

/* 0.1 ms to 10 s; a group holds as many steps as wait. */
static const uint64_t times_us[HISTOGRAM_BUCKETS] = { 100,    250,     500,     1000,  2500,
                                                      5000,   10000,   25000,   50000, 100000,
                                                      500000, 2500000, 10000000 };
static const uint64_t sizes[HISTOGRAM_BUCKETS] = { 1,   2,   4,   8,    16,   32,  64,
                                                   128, 256, 512, 1024, 2048, 4096 };

static atomic_uint_fast64_t *cell(enum metric m, unsigned value)
{
    return &cells[m][value < METRIC_VALUES_MAX ? value : 0];
}

void metric_add(enum metric m, unsigned value, uint64_t n)
{
    atomic_fetch_add_explicit(cell(m, value), n, memory_order_relaxed);
}

void metric_move(enum metric m, int64_t by)
{
    atomic_fetch_add_explicit(cell(m, 0), (uint64_t)by, memory_order_relaxed);
}

void metric_set(enum metric m, int64_t to)
{
    atomic_store_explicit(cell(m, 0), (uint64_t)to, memory_order_relaxed);
}

uint64_t metric_now(enum metric m, unsigned value)
{
    return atomic_load_explicit(cell(m, value), memory_order_relaxed);
}

/* ---- requests ------------------------------------------------------------------------------- */

enum metric_route metric_route_of(const char *path)
{
    static const struct {
        const char       *path;
        enum metric_route is;
    } routes[] = {
        { PAWL_ROUTE_EVIDENCE, ROUTE_EVIDENCE },
        { PAWL_ROUTE_MESSAGES, ROUTE_MESSAGES },
        { PAWL_ROUTE_CHALLENGE, ROUTE_CHALLENGE },
        { PAWL_ROUTE_SUPPLY, ROUTE_SUPPLY },
        { PAWL_ROUTE_ENROL, ROUTE_ENROL },
        { "/.well-known/jwks.json", ROUTE_JWKS },
        { "/health", ROUTE_HEALTH },
        { "/ready", ROUTE_READY },
        { "/metrics", ROUTE_OPERATOR },
    };

    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
        if (strcmp(path, routes[i].path) == 0)
            return routes[i].is;
    return strncmp(path, "/v1/", 4) == 0 ? ROUTE_OPERATOR : ROUTE_NONE;
}

int64_t metric_clock_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void metric_request(const char *path, int status, int64_t took_us)
{
    enum metric_route route = metric_route_of(path);

    if (status < 200 || status >= 200 + 100 * METRIC_CLASSES)
        return; /* a connection that was cut has none */
    metric_add(METRIC_REQUESTS, (unsigned)route * METRIC_CLASSES + (unsigned)status / 100 - 2, 1);
    if (took_us > 0)
        metric_observe(HISTOGRAM_REQUEST, route, (uint64_t)took_us);
}

/* ---- histograms ----------------------------------------------------------------------------- */

const uint64_t *histogram_bounds(enum histogram h)
{
    return h == HISTOGRAM_GROUP ? sizes : times_us;
}

void metric_observe(enum histogram h, unsigned value, uint64_t what)
{
    const uint64_t *bound = histogram_bounds(h);
    struct buckets *b = &buckets[h][value < ROUTE_COUNT ? value : 0];
    unsigned        i = 0;

    while (i < HISTOGRAM_BUCKETS && what > bound[i])
        i++;
    atomic_fetch_add_explicit(&b->n[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&b->sum, what, memory_order_relaxed);
}

uint64_t histogram_now(enum histogram h, unsigned value, unsigned bucket)
{
    return atomic_load_explicit(&buckets[h][value].n[bucket], memory_order_relaxed);
}

uint64_t histogram_sum(enum histogram h, unsigned value)
{
    return atomic_load_explicit(&buckets[h][value].sum, memory_order_relaxed);
}
