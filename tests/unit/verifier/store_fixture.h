/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, on a real file system, and a look at all of its rows. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "t.h"

#include "store/store.h"

struct store_fixture {
    char         dir[64];
    struct store store;
    bool         open;
};

void store_fixture_make(struct store_fixture *f);
void store_fixture_reopen(struct store_fixture *f);
void store_fixture_done(struct store_fixture *f);

#define STORE_FIXTURE PAWL_CLEANUP(store_fixture_done) struct store_fixture

/* Every row of every table as text; the caller frees it. */
char *store_dump(const struct store_fixture *f);

/* The number that a query answers; the test's own SQL, on a connection of its own. */
int64_t store_number(const struct store_fixture *f, const char *sql);
void    store_exec(const struct store_fixture *f, const char *sql);

/* A device row with something in every column; number tells them apart. */
struct device store_device(const char *tenant, unsigned number);

#endif
