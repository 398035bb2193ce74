/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use the operator API from afar, and for what: one row for each person or program. */
#ifndef VERIFIER_CREDENTIAL_H
#define VERIFIER_CREDENTIAL_H

#include <pawl/base.h>
#include <pawl/limits.h>

enum role {
    ROLE_NONE = 0,
    ROLE_SERVICE,  /* exported keys of its labels, and results of devices */
    ROLE_READ,     /* looks, and changes nothing */
    ROLE_OPERATOR, /* devices and what they are judged by */
    ROLE_ADMIN,    /* everything: keys, and who may do what */
    ROLE_COUNT
};

/* Sets of roles, for who may use a route. */
#define ROLES_ADMIN    (1u << ROLE_ADMIN)
#define ROLES_OPERATOR (ROLES_ADMIN | 1u << ROLE_OPERATOR)
#define ROLES_READ     (ROLES_OPERATOR | 1u << ROLE_READ)
#define ROLES_KEYS     (ROLES_ADMIN | 1u << ROLE_SERVICE)
#define ROLES_ALL      (ROLES_READ | 1u << ROLE_SERVICE)

const char *role_name(enum role r); /* "operator" */
/* ROLE_NONE if there is none of this name. */
enum role role_find(const char *name);

enum credential_kind {
    CREDENTIAL_NONE = 0,
    CREDENTIAL_BEARER,      /* a secret in the header Authorization */
    CREDENTIAL_CERTIFICATE, /* the key of a client certificate */
    CREDENTIAL_KIND_COUNT
};

const char *credential_kind_name(enum credential_kind k); /* "bearer" */

#define CREDENTIAL_LABELS_MAX 1024

struct credential {
    char                 name[PAWL_TENANT_MAX + 1];   /* empty: whoever has the socket */
    char                 tenant[PAWL_TENANT_MAX + 1]; /* empty: all */
    enum role            role;
    enum credential_kind kind;
    uint8_t              sha256[32]; /* of the secret, or the key's SPKI: never the secret itself */
    char                 labels[CREDENTIAL_LABELS_MAX]; /* a service's, a line for each */
    char                 author[PAWL_TENANT_MAX + 1];   /* empty: whoever had the socket */
    int64_t              created_s, expires_s;          /* 0: never */
};

/* For events: its name; "an operator" for whoever has the socket, and for NULL. */
const char *asker_name(const struct credential *asker);

/* Whether the label is one of its own. */
bool credential_has_label(const struct credential *c, const char *label);

#endif
