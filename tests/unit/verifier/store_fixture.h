/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, on a real file system, and a look at all of its rows. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <pthread.h>

#include "t.h"

#include "store/store.h"

struct store_fixture {
    char         dir[64];
    unsigned     database; /* on PostgreSQL: which one; 0: none */
    char         conninfo[256];
    struct store store;
    bool         open;
};

void store_fixture_make(struct store_fixture *f);
void store_fixture_reopen(struct store_fixture *f);
void store_fixture_done(struct store_fixture *f);

#define STORE_FIXTURE PAWL_CLEANUP(store_fixture_done) struct store_fixture

/* The programs of the store run twice: by themselves on SQLite, and by with_postgres. */
bool store_is_postgres(void);

/* For a case about what only SQLite does, or says in SQL that only it understands. */
#define ONLY_SQLITE()                                                                              \
    do {                                                                                           \
        if (store_is_postgres())                                                                   \
            skip();                                                                                \
    } while (0)

/* Another store on the same rows; on PostgreSQL as another verifier, whose directory dir is. */
pawl_status store_open_in(const struct store_fixture *f, const char *dir, struct store *ret,
                          struct pawl_err *err);

/* Every row of every table as text; the caller frees it. */
char *store_dump(const struct store_fixture *f);

/* The number that a query answers; the test's own SQL, on a connection of its own. There words(x)
 * reads a column that is kept in words of ours (store/words.h), with SQLite. */
int64_t store_number(const struct store_fixture *f, const char *sql);
void    store_exec(const struct store_fixture *f, const char *sql);

/* A step that inserts or changes this device. */
struct step store_step(const struct device *d);

void store_commits(struct store_fixture *f, const struct step *s);
/* It fails so, and every row stays as it was. */
void store_refuses(struct store_fixture *f, const struct step *s, enum pawl_code code,
                   const char *where);

/* Inserts store_device of that number; its version is 1. */
struct device store_put(struct store_fixture *f, const char *tenant, unsigned number);

/* A batch of messages as a flow plans it: the device is touched, its ratchet, two generations and a
 * segment are written. number tells batches apart, in every row. Release with step_done. */
struct step store_batch(const struct device *d, unsigned number);

/* For a commit that nobody waits for on the spot. */
struct store_waiting {
    pthread_mutex_t lock;
    pthread_cond_t  wake;
    bool            over;
    pawl_status     status;
};

#define STORE_WAITING                                                                              \
    {                                                                                              \
        .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER                        \
    }

void store_over(pawl_status status, const struct pawl_err *err, void *arg); /* a store_done_fn */
/* It becomes over, and what it is then. */
enum pawl_code store_end(struct store_waiting *w);
/* .. and is good. */
void store_wait(struct store_waiting *w);

/* Steps that are handed over between these two share one transaction. */
void store_hold(struct store_fixture *f);
void store_go(void);

/* What a list said, as text: appends to said. */
#define STORE_SAID_MAX 512
void store_say(char said[STORE_SAID_MAX], const char *fmt, ...) PAWL_PRINTF(2, 3);

/* Owned bytes that hold this text. */
struct blob store_blob(const char *text);

/* A device row with something in every column but its group; number tells them apart. */
struct device store_device(const char *tenant, unsigned number);

#endif
