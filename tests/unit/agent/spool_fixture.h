/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of messages on a disk in a scratch directory: opened, put into, synced and read; what a
 * message holds follows from its number.
 */
#ifndef AGENT_SPOOL_FIXTURE_H
#define AGENT_SPOOL_FIXTURE_H

#include <sys/stat.h>

#include "scratch.h"
#include "state/spool.h"
#include "t.h"

#define FILE_NAME SPOOL_QUEUE ".spool"

extern const struct pawl_secret key;

int           open_scratch(void);
struct spool *spool_opened_with(int dir, uint64_t cap_n, bool *ret_lost);
struct spool *spool_opened(int dir);

/* A message is its number again and again. */
size_t   spool_body_of(unsigned number, uint8_t ret[PAWL_BODY_MAX]);
uint64_t spool_puts(struct spool *s, unsigned number);
off_t    spool_size(int dir);

/* cmocka's table of tests, each with an empty directory. */
#define CASE(sentence, f)                                                                          \
    {                                                                                              \
        (sentence), (f), scratch_empty, NULL, NULL                                                 \
    }

#endif
