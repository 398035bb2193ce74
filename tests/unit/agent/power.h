/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a device's disk, made to happen at each place in turn: a scenario runs in a child
 * process that is killed, loses its power or finds the disk full at the n-th event, for n = 1, 2,
 * .. until it comes through. Events are the calls that change the disk (write, fsync, rename) and
 * the points of the code under test. The calls are replaced at link time: power_link_args of
 * meson.build.
 */
#ifndef TESTS_AGENT_POWER_H
#define TESTS_AGENT_POWER_H

#include <stddef.h>

enum power {
    POWER_KILL, /* what was written stays */
    POWER_CUT,  /* of what was not fsynced half is gone; renames are undone up to the last fsync of
                   their directory */
    POWER_FULL, /* a write takes half of its bytes, then ENOSPC; three more fail; then there is room
                 */
    POWER_EIO,  /* an fsync fails once */
    POWER_EIO_CUT, /* the same, and a few events later the power goes */
    POWER_KINDS
};

struct power_case {
    void  *shared; /* memory that outlives the child */
    size_t shared_n;
    void (*child)(void *shared); /* the scenario; may call power_event */
    void (*after)(void *shared); /* judges what is left, in the parent, after each child */
    void (*before)(void);        /* empties the disk */
    unsigned stride;             /* hits every stride-th event only; 0: each */
};

/* Runs the scenario until nothing is left to hit. The test fails if it has no more events than
 * that. */
void power_everywhere(const struct power_case *c, enum power kind, unsigned at_least);

/* Memory for power_case, zeroed for each child. */
void *power_shared(size_t n);

/* One more event that is none of the calls: a command of the TPM. */
void power_event(void);

/* Ends the child: what the scenario saw is wrong. */
#define POWER_HOLDS(property)                                                                      \
    do {                                                                                           \
        if (!(property))                                                                           \
            power_fail(__FILE__, __LINE__, #property);                                             \
    } while (0)

void power_fail(const char *file, int line, const char *property) __attribute__((noreturn));

#endif
