/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers about the service, for the whole process: counters that only rise, gauges that are set,
 * histograms with fixed buckets. docs/metrics.md names each; metrics_text.c prints them.
 *
 * Adding is one relaxed atomic operation, from any thread. Nothing that a client chooses becomes a
 * label: each has a fixed number of values.
 */
#ifndef VERIFIER_METRICS_H
#define VERIFIER_METRICS_H

#include <stddef.h>
#include <stdint.h>

enum metric {
    METRIC_REQUESTS = 0,   /* by route and class: metric_request */
    METRIC_REFUSALS,       /* by enum refused */
    METRIC_VERDICTS,       /* by enum trust_tier */
    METRIC_INCIDENTS,      /* by enum incident_kind */
    METRIC_ROOTS,          /* new ones */
    METRIC_MESSAGES,       /* from devices */
    METRIC_DELIVERED,      /* to devices */
    METRIC_OVERDUE,        /* told */
    METRIC_REKEY_OVERDUE,  /* told */
    METRIC_CONFLICTS,      /* plans made again */
    METRIC_WEBHOOK_FAILED, /* turns */
    METRIC_WEBHOOK_LOST,   /* devices whose entries were deleted first */
    /* gauges */
    METRIC_COMMITTING,     /* steps on their way through the store */
    METRIC_CONNECTIONS,    /* of devices */
    METRIC_HELD_BYTES,     /* of devices' requests */
    METRIC_DROPPED,        /* refusals that found no room */
    METRIC_TLS_EXPIRES,    /* Unix time */
    METRIC_STARTED,        /* Unix time */
    METRIC_WEBHOOK_LAG,    /* seconds, of all tenants */
    METRIC_WEBHOOK_PARKED, /* devices */
    METRIC_CLOCK_BEHIND,   /* seconds */
    METRIC_COUNT
};

enum { METRIC_VALUES_MAX = 96 }; /* of a label */

enum metric_route {
    ROUTE_NONE = 0,
    ROUTE_ENROL,
    ROUTE_CHALLENGE,
    ROUTE_EVIDENCE,
    ROUTE_SUPPLY,
    ROUTE_MESSAGES,
    ROUTE_JWKS,
    ROUTE_HEALTH,
    ROUTE_READY,
    ROUTE_OPERATOR,
    ROUTE_COUNT
};

enum { METRIC_CLASSES = 4 }; /* 2xx, 3xx, 4xx, 5xx */

enum histogram {
    HISTOGRAM_REQUEST = 0, /* by route, microseconds */
    HISTOGRAM_DURABLE,     /* from handing a step over to its answer, microseconds */
    HISTOGRAM_GROUP,       /* steps of one commit */
    HISTOGRAM_COUNT
};

enum { HISTOGRAM_BUCKETS = 13 }; /* without the one that has no bound */

/* value: of the label, 0 without one. */
void     metric_add(enum metric m, unsigned value, uint64_t n);
void     metric_move(enum metric m, int64_t by); /* a gauge */
void     metric_set(enum metric m, int64_t to);
uint64_t metric_now(enum metric m, unsigned value);

/* The route of a path in the tables of routes; empty: NONE. */
enum metric_route metric_route_of(const char *path);
/* One request that was answered. took_us 0: not known. */
void    metric_request(const char *path, int status, int64_t took_us);
int64_t metric_clock_us(void); /* monotonic */

void metric_observe(enum histogram h, unsigned value, uint64_t what);
/* Observations of a bucket (not of those below it), and the sum of all. */
uint64_t        histogram_now(enum histogram h, unsigned value, unsigned bucket);
uint64_t        histogram_sum(enum histogram h, unsigned value);
const uint64_t *histogram_bounds(enum histogram h); /* HISTOGRAM_BUCKETS of them */

/* ---- metrics_text.c ------------------------------------------------------------------------- */

/* All of them in Prometheus' text format 0.0.4; owned by the caller. NULL: no memory. */
char *metrics_text(void);

#endif
