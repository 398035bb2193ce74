/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists as tables. A row is one line, however narrow the terminal: columns are as wide as what is
 * in them, then those with nothing in them are left out, the least important ones cut, then left
 * out. A pipe or a file has TABLE_ROOM columns; programs that read it want --json.
 */
#ifndef VERIFIER_CTL_TABLE_H
#define VERIFIER_CTL_TABLE_H

#include "ctl/ctl.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_GAP         2
#define TABLE_ROOM        100

struct column {
    const char *title, *member;
    int         width; /* a longer value is cut; 0: it never is, the last column only */
    int         least; /* it may be cut to this; 0: to its title */
    unsigned    rank;  /* 0: cut last */
};

/* Columns of the terminal on standard output; 0: it is none. */
int table_room(void);

/* The width of each of the n columns (at most TABLE_COLUMNS_MAX) so that a row has at most room
 * columns. wanted: the widest value of each. ret[i] 0: it is left out. The column of rank 0 is
 * never left out. */
void table_fit(const struct column *columns, size_t n, const int *wanted, int room, int *ret);

/* The rows in the answer's list of that name. */
void table_show(const cJSON *answer, const char *list, const struct column *columns, size_t n);

#define TABLE_SHOW(answer, list, columns)                                                          \
    table_show((answer), (list), (columns), sizeof(columns) / sizeof((columns)[0]))

#endif
