/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the file while another process writes to it: one read transaction, so all of the copy
 * is of one moment, and the writer goes on beside it (WAL). */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/sqlite/sqlite.h"

static pawl_status path_to(const char *dir, char ret[PATH_MAX], struct pawl_err *err)
{
    if (snprintf(ret, PATH_MAX, "%s/" STORE_FILE, dir) >= PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "store.open", "the path is too long");
    return pawl_ok();
}

static pawl_status make_empty(const char *file, struct pawl_err *err)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return pawl_fail(err, PAWL_E_IO, "backup", STORE_FILE ": %s", strerror(errno));
    close(fd);
    return pawl_ok();
}

static pawl_status copy_pages(struct sqlite_connection *from, struct sqlite_connection *to,
                              struct pawl_err *err)
{
    sqlite3_backup *b = sqlite3_backup_init(to->sql, "main", from->sql, "main");

    if (!b)
        return connection_fail(to, sqlite3_errcode(to->sql), "backup", err);
    int rc = sqlite3_backup_step(b, -1);
    int end = sqlite3_backup_finish(b);
    if (rc != SQLITE_DONE)
        return connection_fail(to, end != SQLITE_OK ? end : rc, "backup", err);
    return pawl_ok();
}

pawl_status sqlite_store_backup(const char *path, const char *to, struct pawl_err *err)
{
    PAWL_CLEANUP(connection_close) struct sqlite_connection source = { 0 }, target = { 0 };
    char                                                    file[PATH_MAX], copy[PATH_MAX];

    PAWL_TRY(path_to(path, file, err));
    PAWL_TRY(path_to(to, copy, err));
    PAWL_TRY(connection_open(file, &source, err));
    PAWL_TRY(make_empty(copy, err));
    PAWL_TRY(connection_open(copy, &target, err));
    PAWL_TRY(copy_pages(&source, &target, err));
    /* All of it into the one file, which is what is copied on. */
    return connection_exec(&target, "PRAGMA journal_mode = DELETE", "backup", err);
}

pawl_status sqlite_store_check(const char *path, struct pawl_err *err)
{
    PAWL_CLEANUP(connection_close) struct sqlite_connection c = { 0 };
    char                                                    file[PATH_MAX];
    int64_t                                                 wrong;

    PAWL_TRY(path_to(path, file, err));
    PAWL_TRY(connection_open(file, &c, err));
    PAWL_TRY(connection_number(&c,
                               "SELECT count(*) FROM pragma_integrity_check(1)"
                               " WHERE integrity_check != 'ok'",
                               "backup", &wrong, err));
    if (wrong)
        return pawl_fail(err, PAWL_E_FORM, "backup", STORE_FILE " is damaged");
    return pawl_ok();
}
