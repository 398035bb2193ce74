/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads STATE/verifier.ini. libinih splits lines into sections, keys and values; what is ours is
 * the two tables of config_key.h, and strictness: a misspelt key that is silently ignored would be
 * a setting that somebody believes to be in force.
 *
 * Invariants
 *  1. Every error names the file's line and, where there is one, the key.
 *  2. A section or a key that stands twice is refused: neither wins in silence.
 *
 * Not here: whether the files that it points to are good (state.c and hook/ read them).
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ini.h>

#include "config_key.h"
#include "config_value.h"

#define FILE_NAME "verifier.ini"

/* ---- sections and lines --------------------------------------------------------------------- */

/* Keeps the first error; its place is the line and, where known, the key. */
static void fail_at(struct config_parse *p, const char *key, const struct pawl_err *why)
{
    if (!pawl_is_ok(p->status))
        return;
    char where[sizeof(p->err->where)];
    snprintf(where, sizeof(where), FILE_NAME ":%zu%s%.32s", p->line, *key ? ": " : "", key);
    p->status = pawl_fail(p->err, why->code, where, "%s", why->why);
}

static pawl_status begin_tenant(struct config_parse *p, const char *name, struct pawl_err *err)
{
    if (!pawl_is_name(pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_FORM, "", "a tenant's name has 1 to %d of a-z 0-9 - _ .",
                         PAWL_TENANT_MAX);
    if (config_tenant(&p->c, pawl_view_str(name)))
        return pawl_fail(err, PAWL_E_CONFLICT, "", "this tenant stands there already");
    if (p->c.tenant_n == CONFIG_TENANTS_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "", "more than %d tenants", CONFIG_TENANTS_MAX);
    p->keys = config_tenant_keys;
    return config_tenant_begin(p, name, err);
}

static pawl_status begin_section(struct config_parse *p, const char *name, struct pawl_err *err)
{
    p->seen = 0;
    if (strncmp(name, "tenant ", 7) == 0)
        return begin_tenant(p, name + 7 + strspn(name + 7, " "), err);
    if (strcmp(name, "verifier") != 0)
        return pawl_fail(err, PAWL_E_FORM, "", "a section is [verifier] or [tenant NAME]");
    if (p->had_verifier)
        return pawl_fail(err, PAWL_E_CONFLICT, "", "this section stands there already");
    p->had_verifier = true;
    p->keys = config_verifier_keys;
    return pawl_ok();
}

/* libinih reports a section only with its first key, and takes a line that begins with a space as
 * more of the value before; so headings are seen here and leading spaces do not reach it. */
static char *next_line(char *line, int cap, void *arg)
{
    struct config_parse *p = arg;
    struct pawl_err      err;

    if (!pawl_is_ok(p->status) || !fgets(line, cap, p->file))
        return NULL;
    p->line++;
    size_t n = strlen(line);
    if (n + 1 == (size_t)cap && line[n - 1] != '\n' && !feof(p->file)) {
        pawl_fail(&err, PAWL_E_RANGE, "", "the line has more than %d bytes", cap - 2);
        fail_at(p, "", &err);
        return NULL;
    }
    size_t spaces = strspn(line, " \t");
    memmove(line, line + spaces, n - spaces + 1);
    char *end = line[0] == '[' ? strchr(line, ']') : NULL;
    if (end) {
        char name[128];
        snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1), line + 1);
        if (!pawl_is_ok(begin_section(p, name, &err)))
            fail_at(p, "", &err);
    }
    return line;
}

static int on_pair(void *arg, const char *section, const char *name, const char *value)
{
    struct config_parse *p = arg;
    struct pawl_err      err;
    size_t               i = 0;

    (void)section;
    if (!pawl_is_ok(p->status))
        return 1;
    if (!p->keys) {
        pawl_fail(&err, PAWL_E_FORM, "", "stands before the first section");
        fail_at(p, name, &err);
        return 1;
    }
    while (p->keys[i].name && strcmp(p->keys[i].name, name) != 0)
        i++;
    if (!p->keys[i].name) {
        pawl_fail(&err, PAWL_E_FORM, "", "there is no such key in this section");
        fail_at(p, name, &err);
    } else if (p->seen & 1u << i) {
        pawl_fail(&err, PAWL_E_CONFLICT, "", "stands there already");
        fail_at(p, name, &err);
    } else {
        p->seen |= 1u << i;
        if (!pawl_is_ok(p->keys[i].set(p, value, &err)))
            fail_at(p, name, &err);
    }
    return 1;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static unsigned processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > CONFIG_WORKERS_MAX ? CONFIG_WORKERS_MAX : (unsigned)n;
}

static void set_defaults(struct verifier_config *c)
{
    memcpy(c->listen, "*:8443", 7);
    c->workers = processors();
    c->request_timeout_s = 30;
    c->idle_timeout_s = 60;
    c->connections_max = 4096;
    c->address_rate = 500;
    c->address_connections = 1024;
}

/* What two keys are together. */
static void check_tenants(struct config_parse *p)
{
    struct pawl_err why;

    for (size_t i = 0; i < p->c.tenant_n; i++)
        if (p->c.tenant[i].webhook[0] && !p->c.tenant[i].webhook_key[0]) {
            p->line = p->webhook_line[i];
            pawl_fail(&why, PAWL_E_ABSENT, "", "needs webhook_key, a file with 32 to 64 bytes");
            fail_at(p, "webhook", &why);
        }
}

static void check_store(struct config_parse *p)
{
    struct pawl_err why;

    if (!p->c.on_postgres || p->c.postgres[0])
        return;
    p->line = p->store_line;
    pawl_fail(&why, PAWL_E_ABSENT, "", "needs the key postgres, libpq's connection string");
    fail_at(p, "store", &why);
}

static pawl_status read_file(struct config_parse *p, struct pawl_err *err)
{
    int bad = ini_parse_stream(next_line, p, on_pair, p);

    PAWL_TRY(p->status);
    if (bad > 0) {
        struct pawl_err why;
        p->line = (size_t)bad;
        pawl_fail(&why, PAWL_E_FORM, "", "is neither [SECTION] nor KEY = VALUE");
        fail_at(p, "", &why);
    } else if (bad < 0 || ferror(p->file)) {
        return pawl_fail(err, PAWL_E_IO, FILE_NAME, "cannot be read");
    }
    check_tenants(p);
    check_store(p);
    PAWL_TRY(p->status);
    if (!p->c.address[0])
        return pawl_fail(err, PAWL_E_ABSENT, FILE_NAME, "[verifier] has no address");
    if (p->c.tenant_n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, FILE_NAME, "no section [tenant NAME]");
    return pawl_ok();
}

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static pawl_status find_state(const char *state, char ret[CONFIG_PATH_MAX], struct pawl_err *err)
{
    char real[PATH_MAX];

    if (!realpath(state, real))
        return pawl_fail(err, PAWL_E_ABSENT, "state", "%s: %s", state, strerror(errno));
    if (strlen(real) >= CONFIG_PATH_MAX / 2)
        return pawl_fail(err, PAWL_E_RANGE, "state", "the path is longer than %d bytes",
                         CONFIG_PATH_MAX / 2 - 1);
    memcpy(ret, real, strlen(real) + 1);
    return pawl_ok();
}

pawl_status config_load(const char *state, struct verifier_config *ret, struct pawl_err *err)
{
    struct config_parse p = { .status = pawl_ok(), .err = err };
    char                path[CONFIG_PATH_MAX + sizeof(FILE_NAME) + 1];

    PAWL_TRY(find_state(state, p.c.state, err));
    set_defaults(&p.c);
    PAWL_TRY(value_path(p.c.state, "operator.sock", p.c.operator_socket, err));
    snprintf(path, sizeof(path), "%s/" FILE_NAME, p.c.state);

    PAWL_CLEANUP(close_file) FILE *file = fopen(path, "re");
    if (!file)
        return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, FILE_NAME, "%s: %s",
                         p.c.state, strerror(errno));
    p.file = file;
    PAWL_TRY(read_file(&p, err));
    *ret = p.c;
    return pawl_ok();
}

const struct tenant_config *config_tenant(const struct verifier_config *c, struct pawl_view name)
{
    for (size_t i = 0; i < c->tenant_n; i++)
        if (pawl_view_equal(name, pawl_view_str(c->tenant[i].name)))
            return &c->tenant[i];
    return NULL;
}
