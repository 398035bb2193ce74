/* SPDX-License-Identifier: Apache-2.0 */
/* Runs rows of the benchmark and prints them: name, value, unit, floor, ratio. See bench.h. */

#include "bench.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(struct bench_result *ret);
} rows[] = {
    { "quote_verify", bench_quote_verify },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* Microseconds with two decimals, without a floating point. */
#define US        "%" PRIu64 ".%02" PRIu64
#define US_OF(ns) (ns) / 1000, (ns) % 1000 / 10

static void print_text(const char *name, const struct bench_result *r)
{
    char value[32], floor[32];

    snprintf(value, sizeof(value), US, US_OF(r->value_ns));
    snprintf(floor, sizeof(floor), US, US_OF(r->floor_ns));
    printf("%-20s %10s %-6s %10s %6u.%03u\n", name, value, "us", floor, r->ratio_milli / 1000,
           r->ratio_milli % 1000);
}

static void print_json(const char *name, const struct bench_result *r, bool first)
{
    printf("%s\n  {\"name\": \"%s\", \"value\": " US ", \"unit\": \"us\", \"floor\": " US
           ", \"ratio\": %u.%03u}",
           first ? "" : ",", name, US_OF(r->value_ns), US_OF(r->floor_ns), r->ratio_milli / 1000,
           r->ratio_milli % 1000);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    bool any = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            continue;
        any = true;
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return !any;
}

static bool is_known(const char *arg)
{
    if (strcmp(arg, "--json") == 0)
        return true;
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(arg, rows[i].name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    bool json = false, first = true;

    for (int i = 1; i < argc; i++) {
        if (!is_known(argv[i])) {
            fprintf(stderr, "bench: %s is no row\nusage: bench [NAME...] [--json]\n", argv[i]);
            return 2;
        }
        json = json || strcmp(argv[i], "--json") == 0;
    }
    if (json)
        printf("[");
    else
        printf("%-20s %10s %-6s %10s %10s\n", "name", "value", "unit", "floor", "ratio");
    for (size_t i = 0; i < ROWS; i++) {
        struct bench_result r = { 0 };
        if (!is_wanted(rows[i].name, argc, argv))
            continue;
        rows[i].run(&r);
        if (json)
            print_json(rows[i].name, &r, first);
        else
            print_text(rows[i].name, &r);
        first = false;
        fflush(stdout);
    }
    if (json)
        printf("\n]\n");
    return 0;
}
