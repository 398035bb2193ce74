/* SPDX-License-Identifier: Apache-2.0 */
/* Runs rows of the benchmark and prints them: name, value, unit, floor, ratio. See bench.h. */

#include "bench.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    void (*run)(struct bench_result *ret); /* a time .. */
    void (*sizes)(bench_say *say);         /* .. or some sizes */
} rows[] = {
    { "quote_verify", bench_quote_verify },       { "message_open", bench_message_open },
    { "message_seal", bench_message_seal },       { "rekey_verifier", bench_rekey_verifier },
    { "rekey_agent", bench_rekey_agent },         { "ima_replay", bench_ima_replay },
    { "eventlog_replay", bench_eventlog_replay }, { "wire_bytes", .sizes = bench_wire_bytes },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool json, first = true;

static void print(const char *name, const char *value, const char *unit, const char *floor,
                  unsigned ratio_milli)
{
    if (json)
        printf("%s\n  {\"name\": \"%s\", \"value\": %s, \"unit\": \"%s\", \"floor\": %s"
               ", \"ratio\": %u.%03u}",
               first ? "" : ",", name, value, unit, floor, ratio_milli / 1000, ratio_milli % 1000);
    else
        printf("%-32s %10s %-6s %10s %6u.%03u\n", name, value, unit, floor, ratio_milli / 1000,
               ratio_milli % 1000);
    first = false;
    fflush(stdout);
}

/* Microseconds with two decimals, without a floating point. */
static const char *us(uint64_t ns, char ret[32])
{
    snprintf(ret, 32, "%" PRIu64 ".%02" PRIu64, ns / 1000, ns % 1000 / 10);
    return ret;
}

static void print_time(const char *name, const struct bench_result *r)
{
    char value[32], floor[32];

    print(name, us(r->value_ns, value), "us", us(r->floor_ns, floor), r->ratio_milli);
}

static void print_size(const char *name, uint64_t bytes, uint64_t floor)
{
    char value[32], least[32];

    snprintf(value, sizeof(value), "%" PRIu64, bytes);
    snprintf(least, sizeof(least), "%" PRIu64, floor);
    print(name, value, "bytes", least, (unsigned)(1000 * floor / bytes));
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
        printf("%-32s %10s %-6s %10s %10s\n", "name", "value", "unit", "floor", "ratio");
    for (size_t i = 0; i < ROWS; i++) {
        struct bench_result r = { 0 };
        if (!is_wanted(rows[i].name, argc, argv))
            continue;
        if (rows[i].sizes) {
            rows[i].sizes(print_size);
            continue;
        }
        rows[i].run(&r);
        print_time(rows[i].name, &r);
    }
    if (json)
        printf("\n]\n");
    return 0;
}
