/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what is counted, moved and observed stands in the text, in Prometheus' format: each
 * metric has its help and type once, each series once, buckets only rise and end with the count. */
#include "metrics.h"

#include <pawl/wire.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "refusal/code.h"
#include "t.h"

static char *text(void)
{
    char *s = metrics_text();

    assert_non_null(s);
    return s;
}

static void has(const char *s, const char *line)
{
    char whole[200];

    snprintf(whole, sizeof(whole), "\n%s\n", line);
    if (!strstr(s, whole))
        fail_msg("lacks: %s", line);
}

static void what_is_counted_is_shown(void **state)
{
    (void)state;
    metric_request(PAWL_ROUTE_EVIDENCE, 200, 1500);
    metric_request(PAWL_ROUTE_EVIDENCE, 403, 0);
    metric_request(PAWL_ROUTE_EVIDENCE, 403, 0);
    metric_request("/v1/devices", 200, 0);
    metric_request("", 404, 0);
    metric_request("", 0, 0); /* was cut, got no answer */
    metric_add(METRIC_REFUSALS, REFUSED_FORKED, 3);
    metric_move(METRIC_COMMITTING, 2);
    metric_move(METRIC_COMMITTING, -3);
    metric_set(METRIC_STARTED, 1795326164);
    char *s = text();
    has(s, "pawl_requests_total{route=\"evidence\",class=\"2xx\"} 1");
    has(s, "pawl_requests_total{route=\"evidence\",class=\"4xx\"} 2");
    has(s, "pawl_requests_total{route=\"operator\",class=\"2xx\"} 1");
    has(s, "pawl_requests_total{route=\"none\",class=\"4xx\"} 1");
    has(s, "pawl_requests_total{route=\"none\",class=\"5xx\"} 0");
    has(s, "pawl_refusals_total{code=\"forked\"} 3");
    has(s, "pawl_refusals_total{code=\"other\"} 0");
    has(s, "pawl_committing_steps -1");
    has(s, "pawl_start_time_seconds 1795326164");
    has(s, "pawl_verdicts_total{status=\"affirming\"} 0");
    has(s, "# TYPE pawl_request_duration_seconds histogram");
    has(s, "pawl_request_duration_seconds_bucket{route=\"evidence\",le=\"0.001000\"} 0");
    has(s, "pawl_request_duration_seconds_bucket{route=\"evidence\",le=\"0.002500\"} 1");
    has(s, "pawl_request_duration_seconds_sum{route=\"evidence\"} 0.001500");
    has(s, "pawl_request_duration_seconds_count{route=\"evidence\"} 1");
    free(s);
}

static void buckets_have_their_bounds(void **state)
{
    (void)state;
    metric_observe(HISTOGRAM_GROUP, 0, 1);
    metric_observe(HISTOGRAM_GROUP, 0, 2);
    metric_observe(HISTOGRAM_GROUP, 0, 3);
    metric_observe(HISTOGRAM_GROUP, 0, 4097);
    char *s = text();
    has(s, "pawl_commit_steps_bucket{le=\"1\"} 1");
    has(s, "pawl_commit_steps_bucket{le=\"2\"} 2");
    has(s, "pawl_commit_steps_bucket{le=\"4\"} 3");
    has(s, "pawl_commit_steps_bucket{le=\"4096\"} 3");
    has(s, "pawl_commit_steps_bucket{le=\"+Inf\"} 4");
    has(s, "pawl_commit_steps_sum 4103");
    has(s, "pawl_commit_steps_count 4");
    free(s);
}

/* "name{labels} number" or "# HELP|TYPE name text". */
static void check_line(const char *line, size_t n)
{
    const char *space = memchr(line, ' ', n), *end = line + n;
    const char *last = end;

    assert_non_null(space);
    assert_memory_equal(line[0] == '#' ? line + 2 : line, line[0] == '#' ? line + 2 : "pawl_",
                        line[0] == '#' ? 1 : 5);
    if (line[0] == '#') {
        assert_true(memcmp(line, "# HELP pawl_", 12) == 0 || memcmp(line, "# TYPE pawl_", 12) == 0);
        return;
    }
    while (last[-1] != ' ')
        last--;
    assert_true(last < end);
    assert_int_equal(strspn(last, "-0123456789."), (size_t)(end - last));
    const char *brace = memchr(line, '{', n);
    if (brace)
        assert_int_equal(last[-2], '}');
}

static void every_line_is_of_the_format_and_no_series_is_twice(void **state)
{
    (void)state;
    char  *s = text();
    size_t lines = 0;

    assert_int_equal(s[strlen(s) - 1], '\n');
    for (const char *at = s; *at; lines++) {
        size_t n = strcspn(at, "\n");
        check_line(at, n);
        size_t series = n;
        while (at[0] != '#' && at[series - 1] != ' ')
            series--;
        for (const char *other = at + n + 1; *other; other += strcspn(other, "\n") + 1)
            assert_false(strncmp(at, other, series) == 0);
        at += n + 1;
    }
    assert_true(lines > 200);
    free(s);
}

static void what_is_out_of_range_counts_elsewhere(void **state)
{
    (void)state;
    metric_add(METRIC_REFUSALS, METRIC_VALUES_MAX + 5, 1);
    assert_int_equal(metric_now(METRIC_REFUSALS, 0), 1);
    metric_observe(HISTOGRAM_REQUEST, ROUTE_COUNT, 1);
    assert_int_equal(histogram_now(HISTOGRAM_REQUEST, 0, 0), 1);
    assert_int_equal(metric_route_of("/pawl/1/enrolx"), ROUTE_NONE);
    assert_int_equal(metric_route_of("/ready"), ROUTE_READY);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("what is counted is shown", what_is_counted_is_shown),
        T_CASE("buckets have their bounds", buckets_have_their_bounds),
        T_CASE("every line is of the format and no series is twice",
               every_line_is_of_the_format_and_no_series_is_twice),
        T_CASE("what is out of range counts elsewhere", what_is_out_of_range_counts_elsewhere),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
