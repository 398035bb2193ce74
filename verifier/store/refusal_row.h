/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the operator may ask of requests that were refused: one row for each (subject, code).
 *
 * A subject is whom the request said it is from, which nobody has proved: "device HEX" where it
 * named one, else "address TEXT". Rows are for people who look for a cause; nothing is decided by
 * them, and the store keeps a bounded number for each tenant, the oldest go: first of a network
 * that has more than its share, so that one that names ever new devices pushes out its own.
 */
#ifndef VERIFIER_STORE_REFUSAL_ROW_H
#define VERIFIER_STORE_REFUSAL_ROW_H

#include <pawl/wire.h>

#define REFUSAL_ROWS_MAX     20000 /* of a tenant, in the store */
#define REFUSAL_SHARE_MAX    2500  /* of them, that one network made */
#define REFUSAL_SUBJECT_MAX  80
#define REFUSAL_CODE_MAX     24
#define REFUSAL_REQUEST      16 /* hex digits of a request's id */
#define REFUSAL_REQUESTS     4  /* ids that a row keeps */
#define REFUSAL_REQUESTS_MAX (REFUSAL_REQUESTS * (REFUSAL_REQUEST + 1))
#define REFUSAL_DETAIL_MAX   200

struct refusal_row {
    char     tenant[PAWL_TENANT_MAX + 1];
    char     subject[REFUSAL_SUBJECT_MAX];
    char     code[REFUSAL_CODE_MAX];
    char     serial[48];  /* of the EK certificate, hex; empty: none came */
    char     address[48]; /* the last one it came from; empty: not known */
    uint64_t net;         /* of the address that made the row (http_net); 0: not known */
    int64_t  first_s, last_s;
    uint64_t count;
    uint64_t status;                         /* of HTTP, the last */
    char     requests[REFUSAL_REQUESTS_MAX]; /* the last ids, the newest first, a space between */
    char     detail[REFUSAL_DETAIL_MAX];     /* field and reason of the last */
};

/* Which rows: each member that is not empty must fit. */
struct refusal_query {
    const char *subject, *serial, *request; /* NULL: any */
};

#endif
