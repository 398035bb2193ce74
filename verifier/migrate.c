/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "staged.h"
#include "state.h"

#define INI_FILE   "verifier.ini"
#define COUNT_FILE "postgres.count"

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static void free_line(char **line)
{
    free(*line);
}

static pawl_status ini_fail(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_IO, INI_FILE, "%s", strerror(errno));
}

/* ---- the new verifier.ini -------------------------------------------------------------------- */

/* In a directory of its own, below the one that it is for. */
struct new_ini {
    char dir[PATH_MAX]; /* empty: there is none */
    char file[PATH_MAX + sizeof(INI_FILE)];
};

static void new_ini_drop(struct new_ini *n)
{
    if (!n->dir[0])
        return;
    unlink(n->file);
    rmdir(n->dir);
}

static bool sets(const char *line, const char *key)
{
    size_t n = strlen(key);

    line += strspn(line, " \t");
    return strncmp(line, key, n) == 0 && strchr("=: \t", line[n]) && line[n];
}

static void write_lines(FILE *to, const char *conninfo)
{
    fprintf(to, "store = postgres\npostgres = %s\n", conninfo);
}

/* Ours stand right below [verifier], instead of those that were anywhere in that section. */
static pawl_status rewrite(FILE *from, FILE *to, const char *conninfo, struct pawl_err *err)
{
    PAWL_CLEANUP(free_line) char *line = NULL;
    size_t                        cap = 0;
    bool                          ours = false;

    while (getline(&line, &cap, from) > 0) {
        const char *text = line + strspn(line, " \t");
        if (*text == '[')
            ours = strncmp(text, "[verifier]", 10) == 0;
        if (ours && (sets(line, "store") || sets(line, "postgres")))
            continue;
        fputs(line, to);
        if (*text == '[' && ours)
            write_lines(to, conninfo);
    }
    if (ferror(from) || fflush(to) != 0 || fsync(fileno(to)) != 0)
        return ini_fail(err);
    return pawl_ok();
}

/* As the old one has it: a group may have been let in. */
static pawl_status keep_mode(FILE *from, FILE *to, struct pawl_err *err)
{
    struct stat st;

    if (fstat(fileno(from), &st) != 0 || fchown(fileno(to), st.st_uid, st.st_gid) != 0 ||
        fchmod(fileno(to), st.st_mode & 0777) != 0)
        return ini_fail(err);
    return pawl_ok();
}

static pawl_status make_dir(const char *state, struct new_ini *ret, struct pawl_err *err)
{
    char dir[PATH_MAX];

    if (snprintf(dir, sizeof(dir), "%s/" INI_FILE ".XXXXXX", state) >= (int)sizeof(dir))
        return pawl_fail(err, PAWL_E_RANGE, "state", "the path is too long");
    if (!mkdtemp(dir))
        return ini_fail(err);
    memcpy(ret->dir, dir, sizeof(dir));
    snprintf(ret->file, sizeof(ret->file), "%s/" INI_FILE, dir);
    return pawl_ok();
}

/* inv. 1: a line of the file cannot hold every text. */
static pawl_status read_back(const struct new_ini *n, const char *conninfo, struct pawl_err *err)
{
    struct verifier_config c;

    PAWL_TRY(config_load(n->dir, &c, err));
    if (!c.on_postgres || strcmp(c.postgres, conninfo) != 0)
        return pawl_fail(err, PAWL_E_FORM, "to", "does not fit into a line of " INI_FILE);
    return pawl_ok();
}

static pawl_status make_ini(const char *state, const char *conninfo, struct new_ini *ret,
                            struct pawl_err *err)
{
    char old[PATH_MAX];

    PAWL_TRY(make_dir(state, ret, err));
    snprintf(old, sizeof(old), "%s/" INI_FILE, state);
    PAWL_CLEANUP(close_file) FILE *from = fopen(old, "re");
    PAWL_CLEANUP(close_file) FILE *to = fopen(ret->file, "wex");
    if (!from || !to)
        return ini_fail(err);
    PAWL_TRY(keep_mode(from, to, err));
    PAWL_TRY(rewrite(from, to, conninfo, err));
    return read_back(ret, conninfo, err);
}

static pawl_status put_ini(const char *state, const struct new_ini *n, struct pawl_err *err)
{
    char place[PATH_MAX];

    snprintf(place, sizeof(place), "%s/" INI_FILE, state);
    if (rename(n->file, place) != 0)
        return ini_fail(err);
    staged_sync(state);
    return pawl_ok();
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* What was counted on another database says nothing about this one. */
static pawl_status forget_counts(const char *state, struct pawl_err *err)
{
    char file[PATH_MAX];

    snprintf(file, sizeof(file), "%s/" COUNT_FILE, state);
    if (unlink(file) != 0 && errno != ENOENT)
        return pawl_fail(err, PAWL_E_IO, "state", COUNT_FILE ": %s", strerror(errno));
    return pawl_ok();
}

pawl_status migrate_to_postgres(const char *dir, const char *conninfo, bool keeps_config,
                                move_say_fn *say, struct pawl_err *err)
{
    PAWL_CLEANUP(close_fd) int                lock = -1;
    PAWL_CLEANUP(new_ini_drop) struct new_ini ini = { 0 };
    struct verifier_config                    c;

    PAWL_TRY(state_lock(dir, &lock, err));
    PAWL_TRY(config_load(dir, &c, err));
    if (c.on_postgres)
        return pawl_fail(err, PAWL_E_CONFLICT, "store", "is postgres already");
    PAWL_TRY(make_ini(c.state, conninfo, &ini, err));
    PAWL_TRY(forget_counts(c.state, err));
    PAWL_TRY(store_move(c.state, conninfo, say, err));
    return keeps_config ? pawl_ok() : put_ini(c.state, &ini, err);
}
