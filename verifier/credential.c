/* SPDX-License-Identifier: Apache-2.0 */
#include "credential.h"

#include <string.h>

static const char *const role_names[ROLE_COUNT] = {
    [ROLE_NONE] = "none",         [ROLE_SERVICE] = "service", [ROLE_READ] = "read",
    [ROLE_OPERATOR] = "operator", [ROLE_ADMIN] = "admin",
};

const char *role_name(enum role r)
{
    return (unsigned)r < ROLE_COUNT ? role_names[r] : "?";
}

enum role role_find(const char *name)
{
    for (int r = ROLE_NONE + 1; r < ROLE_COUNT; r++)
        if (strcmp(name, role_names[r]) == 0)
            return (enum role)r;
    return ROLE_NONE;
}

const char *credential_kind_name(enum credential_kind k)
{
    static const char *const name[CREDENTIAL_KIND_COUNT] = {
        [CREDENTIAL_NONE] = "none",
        [CREDENTIAL_BEARER] = "bearer",
        [CREDENTIAL_CERTIFICATE] = "certificate",
    };

    return (unsigned)k < CREDENTIAL_KIND_COUNT ? name[k] : "?";
}

const char *asker_name(const struct credential *asker)
{
    return asker && asker->name[0] ? asker->name : "an operator";
}

bool credential_has_label(const struct credential *c, const char *label)
{
    size_t n = strlen(label);

    for (const char *at = c->labels; *at;) {
        size_t line = strcspn(at, "\n");
        if (line == n && memcmp(at, label, n) == 0)
            return true;
        at += line + (at[line] == '\n');
    }
    return false;
}
