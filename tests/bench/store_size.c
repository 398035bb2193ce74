/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device costs on disk: a fleet in software enrols with the real flows into a real store,
 * each device attests, rekeys and attests again, and the file is counted table by table, free space
 * of its pages included. Devices differ in their keys and in PCR 10, and boot alike.
 *
 *   store_size [DEVICES]
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "flow_fixture.h"

enum { DEVICES = 2000, SHARED = 8192 };

static struct world w;

/* Every device measures files of its own. */
static void measure(struct soft_device *d, unsigned number, unsigned round)
{
    const unsigned      said[] = { number, round };
    struct pawl_digest *ima = &d->sha256[10];
    struct pawl_err     err;

    ima->n = 32;
    if (!pawl_is_ok(pawl_sha256(pawl_view((const uint8_t *)said, sizeof(said)), ima->b, &err)))
        exit(1);
    d->pcr[10] = (uint8_t)(1 + number % 250);
}

/* The same devices, but not one after the other: 7919 is prime. */
static unsigned shuffled(unsigned i, unsigned n)
{
    return (unsigned)((uint64_t)i * 7919 % n);
}

static void live(struct soft_device *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        world_device(&w, &w.vendor, &d[i]);
        measure(&d[i], i, 0);
        world_enrol(&w, &d[i]);
        if (i == 0)
            world_learn(&w, &d[i]);
        world_attest_all(&w, &d[i]);
    }
    w.now_ms += PAWL_REKEY_MIN_MS;
    for (unsigned i = 0; i < n; i++)
        world_rekey(&w, &d[shuffled(i, n)]);
    for (unsigned i = 0; i < n; i++) {
        measure(&d[shuffled(i, n)], shuffled(i, n), 1);
        world_attest_all(&w, &d[shuffled(i, n)]);
    }
}

/* ---- the file ------------------------------------------------------------------------------- */

static void print_table(sqlite3 *sql, unsigned n)
{
    sqlite3_stmt *s;
    int64_t       all = 0;

    /* What a handful of pages holds whatever the size of the fleet is no device's. */
    if (sqlite3_prepare_v2(sql,
                           "SELECT name, sum(pgsize), sum(ncell), sum(payload), sum(unused)"
                           " FROM dbstat GROUP BY name ORDER BY 2 DESC",
                           -1, &s, NULL) != SQLITE_OK) {
        fprintf(stderr, "store_size: %s\n", sqlite3_errmsg(sql));
        exit(1);
    }
    printf("%-32s %8s %8s %8s\n", "bytes for each device", "file", "payload", "unused");
    while (sqlite3_step(s) == SQLITE_ROW) {
        int64_t bytes = sqlite3_column_int64(s, 1);

        all += bytes;
        if (bytes > SHARED)
            printf("%-32s %8" PRId64 " %8" PRId64 " %8" PRId64 "\n",
                   (const char *)sqlite3_column_text(s, 0), bytes / n,
                   (int64_t)sqlite3_column_int64(s, 3) / n,
                   (int64_t)sqlite3_column_int64(s, 4) / n);
    }
    sqlite3_finalize(s);
    printf("%-32s %8" PRId64 "\n", "all", all / n);
}

int main(int argc, char **argv)
{
    unsigned            n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : DEVICES;
    struct soft_device *d = calloc(n ? n : 1, sizeof(*d));
    sqlite3            *sql;
    char                file[128];

    if (!d || !n || n % 7919 == 0)
        return 2;
    world_make(&w);
    live(d, n);
    w.store.store.close(w.store.store.self);
    w.store.open = false;
    snprintf(file, sizeof(file), "%s/pawl.db", w.store.dir);
    if (sqlite3_open(file, &sql) != SQLITE_OK)
        return 1;
    print_table(sql, n);
    sqlite3_close(sql);
    for (unsigned i = 0; i < n; i++)
        soft_device_done(&d[i]);
    free(d);
    if (getenv("PAWL_STORE_SIZE_KEEP"))
        printf("%s\n", file);
    else
        world_done(&w);
    return 0;
}
