/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The metrics as text, in the format that Prometheus scrapes (0.0.4). Names, types and meanings
 * stand in two tables here and in docs/metrics.md, which .ci/docs holds against them.
 */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "appraise/verdict.h"
#include "ratchet/incident.h"
#include "refusal/code.h"

static const char *const route_name[ROUTE_COUNT] = {
    [ROUTE_NONE] = "none",         [ROUTE_ENROL] = "enrol",   [ROUTE_CHALLENGE] = "challenge",
    [ROUTE_EVIDENCE] = "evidence", [ROUTE_SUPPLY] = "supply", [ROUTE_MESSAGES] = "messages",
    [ROUTE_JWKS] = "jwks",         [ROUTE_HEALTH] = "health", [ROUTE_READY] = "ready",
    [ROUTE_OPERATOR] = "operator",
};

/* ---- labels --------------------------------------------------------------------------------- */

static void label_request(char *ret, size_t cap, unsigned v)
{
    snprintf(ret, cap, "route=\"%s\",class=\"%uxx\"", route_name[v / METRIC_CLASSES],
             v % METRIC_CLASSES + 2);
}

static void label_route(char *ret, size_t cap, unsigned v)
{
    snprintf(ret, cap, "route=\"%s\"", route_name[v]);
}

static void label_code(char *ret, size_t cap, unsigned v)
{
    snprintf(ret, cap, "code=\"%s\"", refused_code((enum refused)v));
}

static void label_status(char *ret, size_t cap, unsigned v)
{
    snprintf(ret, cap, "status=\"%s\"", tier_name((enum trust_tier)v));
}

static void label_kind(char *ret, size_t cap, unsigned v)
{
    snprintf(ret, cap, "kind=\"%s\"", incident_kind_name((enum incident_kind)v));
}

typedef void label_fn(char *ret, size_t cap, unsigned v);

/* ---- the tables ----------------------------------------------------------------------------- */

struct named {
    const char *name, *type, *help;
    label_fn   *label;      /* NULL: it has none */
    unsigned    first, end; /* values of the label */
};

static const struct named metrics[METRIC_COUNT] = {
    [METRIC_REQUESTS] = { "pawl_requests_total", "counter", "Requests that were answered.",
                          label_request, 0, ROUTE_COUNT *METRIC_CLASSES },
    [METRIC_REFUSALS] = { "pawl_refusals_total", "counter",
                          "Requests of devices that were refused.", label_code, REFUSED_NONE + 1,
                          REFUSED_COUNT },
    [METRIC_VERDICTS] = { "pawl_verdicts_total", "counter", "Verdicts that were given out.",
                          label_status, 0, TIER_COUNT },
    [METRIC_INCIDENTS] = { "pawl_incidents_total", "counter", "Incidents that were opened.",
                           label_kind, INCIDENT_NONE + 1, INCIDENT_KIND_COUNT },
    [METRIC_ROOTS] = { "pawl_roots_total", "counter",
                       "New roots: enrolments, rekeys and resyncs that were accepted.", NULL, 0,
                       1 },
    [METRIC_MESSAGES] = { "pawl_messages_received_total", "counter",
                          "Messages of devices that became durable.", NULL, 0, 1 },
    [METRIC_DELIVERED] = { "pawl_messages_delivered_total", "counter",
                           "Messages to devices that they acknowledged.", NULL, 0, 1 },
    [METRIC_OVERDUE] = { "pawl_overdue_total", "counter", "Devices that were told to be overdue.",
                         NULL, 0, 1 },
    [METRIC_REKEY_OVERDUE] = { "pawl_rekey_overdue_total", "counter",
                               "Devices that were told to attest without a rekey.", NULL, 0, 1 },
    [METRIC_CONFLICTS] = { "pawl_conflicts_total", "counter",
                           "Steps that lost to another request of their device.", NULL, 0, 1 },
    [METRIC_WEBHOOK_FAILED] = { "pawl_webhook_failures_total", "counter",
                                "Tries to hand the feed to a webhook that failed.", NULL, 0, 1 },
    [METRIC_WEBHOOK_LOST] = { "pawl_webhook_lost_total", "counter",
                              "Times that entries were deleted before a webhook took them.", NULL,
                              0, 1 },
    [METRIC_COMMITTING] = { "pawl_committing_steps", "gauge",
                            "Steps on their way through the store.", NULL, 0, 1 },
    [METRIC_CONNECTIONS] = { "pawl_connections", "gauge", "Connections of devices.", NULL, 0, 1 },
    [METRIC_HELD_BYTES] = { "pawl_held_bytes", "gauge", "Bytes of devices' requests in memory.",
                            NULL, 0, 1 },
    [METRIC_DROPPED] = { "pawl_refusals_dropped_total", "counter",
                         "Refusals that found no room in memory and cannot be asked for.", NULL, 0,
                         1 },
    [METRIC_TLS_EXPIRES] = { "pawl_tls_certificate_expiry_seconds", "gauge",
                             "When the TLS certificate of the devices' side ends, Unix time.", NULL,
                             0, 1 },
    [METRIC_STARTED] = { "pawl_start_time_seconds", "gauge", "When it was started, Unix time.",
                         NULL, 0, 1 },
    [METRIC_WEBHOOK_LAG] = { "pawl_webhook_lag_seconds", "gauge",
                             "Age of the oldest entry that a webhook has not taken, as of the last"
                             " try; devices that wait apart.",
                             NULL, 0, 1 },
    [METRIC_WEBHOOK_PARKED] = { "pawl_webhook_parked_devices", "gauge",
                                "Devices whose entries a webhook refused, and that wait.", NULL, 0,
                                1 },
    [METRIC_CLOCK_BEHIND] = { "pawl_clock_behind_seconds", "gauge",
                              "How far this machine's clock is behind the time that the store and"
                              " other verifiers know.",
                              NULL, 0, 1 },
};

static const struct named histograms[HISTOGRAM_COUNT] = {
    [HISTOGRAM_REQUEST] = { "pawl_request_duration_seconds", "histogram",
                            "From a request that is read to its answer.", label_route, 0,
                            ROUTE_COUNT },
    [HISTOGRAM_DURABLE] = { "pawl_durable_duration_seconds", "histogram",
                            "From handing a step to the store until it is durable.", NULL, 0, 1 },
    [HISTOGRAM_GROUP] = { "pawl_commit_steps", "histogram", "Steps that one commit made durable.",
                          NULL, 0, 1 },
};

_Static_assert(ROUTE_COUNT *METRIC_CLASSES <= METRIC_VALUES_MAX, "each route and class");
_Static_assert((int)REFUSED_COUNT <= (int)METRIC_VALUES_MAX, "each code");

/* ---- the text ------------------------------------------------------------------------------- */

enum { LABEL_MAX = 96 };

static void head(FILE *f, const struct named *n)
{
    fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", n->name, n->help, n->name, n->type);
}

static void print_metric(FILE *f, enum metric m)
{
    const struct named *n = &metrics[m];
    char                label[LABEL_MAX];

    head(f, n);
    for (unsigned v = n->first; v < n->end; v++) {
        if (n->label) {
            n->label(label, sizeof(label), v);
            fprintf(f, "%s{%s}", n->name, label);
        } else {
            fputs(n->name, f);
        }
        fprintf(f, " %" PRId64 "\n", (int64_t)metric_now(m, v));
    }
}

/* Microseconds as seconds. */
static void print_amount(FILE *f, enum histogram h, uint64_t what)
{
    if (h == HISTOGRAM_GROUP)
        fprintf(f, "%" PRIu64, what);
    else
        fprintf(f, "%" PRIu64 ".%06" PRIu64, what / 1000000, what % 1000000);
}

/* Buckets count all below their bound; read one after the other, so that the last is the count. */
static void print_series(FILE *f, enum histogram h, unsigned v, const char *label)
{
    const char *name = histograms[h].name, *comma = *label ? "," : "";
    uint64_t    n = 0;

    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        n += histogram_now(h, v, i);
        fprintf(f, "%s_bucket{%s%sle=\"", name, label, comma);
        print_amount(f, h, histogram_bounds(h)[i]);
        fprintf(f, "\"} %" PRIu64 "\n", n);
    }
    n += histogram_now(h, v, HISTOGRAM_BUCKETS);
    fprintf(f, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, label, comma, n);
    fprintf(f, *label ? "%s_sum{%s} " : "%s_sum%s ", name, label);
    print_amount(f, h, histogram_sum(h, v));
    fprintf(f, *label ? "\n%s_count{%s} %" PRIu64 "\n" : "\n%s_count%s %" PRIu64 "\n", name, label,
            n);
}

static void print_histogram(FILE *f, enum histogram h)
{
    const struct named *n = &histograms[h];
    char                label[LABEL_MAX] = "";

    head(f, n);
    for (unsigned v = n->first; v < n->end; v++) {
        if (n->label)
            n->label(label, sizeof(label), v);
        print_series(f, h, v, label);
    }
}

char *metrics_text(void)
{
    char  *text = NULL;
    size_t n;
    FILE  *f = open_memstream(&text, &n);

    if (!f)
        return NULL;
    for (int m = 0; m < METRIC_COUNT; m++)
        print_metric(f, (enum metric)m);
    for (int h = 0; h < HISTOGRAM_COUNT; h++)
        print_histogram(f, (enum histogram)h);
    fputs("# HELP pawl_build_info The version that runs.\n# TYPE pawl_build_info gauge\n"
          "pawl_build_info{version=\"" PAWL_VERSION "\"} 1\n",
          f);
    if (ferror(f) | fclose(f)) {
        free(text);
        return NULL;
    }
    return text;
}
