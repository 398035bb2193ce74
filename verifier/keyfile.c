/* SPDX-License-Identifier: Apache-2.0 */
#include "keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void key_text_wipe(struct key_text *t)
{
    pawl_wipe(t, sizeof(*t));
}

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static pawl_status path_of(const char *state, const char *name, char ret[KEY_PATH_MAX],
                           struct pawl_err *err)
{
    int n = snprintf(ret, KEY_PATH_MAX, "%s/%s", state, name);

    if (n < 0 || n >= KEY_PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, name, "the path is too long");
    return pawl_ok();
}

static pawl_status write_all(int fd, const struct key_text *t, const char *name,
                             struct pawl_err *err)
{
    for (size_t done = 0; done < t->n;) {
        ssize_t n = write(fd, t->s + done, t->n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return pawl_fail(err, PAWL_E_IO, name, "%s", strerror(errno));
        done += (size_t)n;
    }
    if (fsync(fd))
        return pawl_fail(err, PAWL_E_IO, name, "%s", strerror(errno));
    return pawl_ok();
}

pawl_status key_file_make(const char *state, const char *name, const struct key_text *t,
                          struct pawl_err *err)
{
    char path[KEY_PATH_MAX];

    PAWL_TRY(path_of(state, name, path, err));
    PAWL_CLEANUP(fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return pawl_fail(err, errno == EEXIST ? PAWL_E_CONFLICT : PAWL_E_IO, name, "%s",
                         strerror(errno));
    pawl_status s = write_all(fd, t, name, err);
    if (!pawl_is_ok(s))
        unlink(path);
    return s;
}

pawl_status key_file_absent(const char *state, const char *name, struct pawl_err *err)
{
    char        path[KEY_PATH_MAX];
    struct stat st;

    PAWL_TRY(path_of(state, name, path, err));
    if (lstat(path, &st) == 0)
        return pawl_fail(err, PAWL_E_CONFLICT, name, "is there already and stays");
    return pawl_ok();
}

static pawl_status read_all(int fd, const char *name, struct key_text *ret, struct pawl_err *err)
{
    while (ret->n < KEY_FILE_MAX) {
        ssize_t n = read(fd, ret->s + ret->n, KEY_FILE_MAX - ret->n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return pawl_fail(err, PAWL_E_IO, name, "%s", strerror(errno));
        if (n == 0)
            return pawl_ok();
        ret->n += (size_t)n;
    }
    return pawl_fail(err, PAWL_E_RANGE, name, "is longer than a key");
}

/* closed_to: the mode's bits that must not be set. */
static pawl_status read_closed(const char *path, const char *name, mode_t closed_to,
                               struct key_text *ret, struct pawl_err *err)
{
    struct stat st;

    PAWL_CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st))
        return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_IO, name, "%s",
                         strerror(errno));
    if (st.st_mode & closed_to)
        return pawl_fail(err, PAWL_E_DENIED, name, "mode %03o opens it to others: chmod 600",
                         (unsigned)st.st_mode & 0777);
    return read_all(fd, name, ret, err);
}

pawl_status key_file_path(const char *state, const char *name, char ret[KEY_PATH_MAX],
                          bool *ret_credential, struct pawl_err *err)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");

    if (credentials) {
        PAWL_TRY(path_of(credentials, name, ret, err));
        if (access(ret, F_OK) == 0) {
            *ret_credential = true;
            return pawl_ok();
        }
    }
    *ret_credential = false;
    return path_of(state, name, ret, err);
}

/* The group's bits of a credential are the mask of its access list, which names the service's user.
 */
static pawl_status read_one(const char *path, const char *name, bool credential,
                            struct key_text *ret, struct pawl_err *err)
{
    return read_closed(path, name, credential ? 007 : 077, ret, err);
}

pawl_status key_file_read(const char *path, const char *name, struct key_text *ret,
                          struct pawl_err *err)
{
    const char *slash = strrchr(path, '/');
    char        at[KEY_PATH_MAX];
    bool        credential;

    PAWL_TRY(key_file_path("", slash ? slash + 1 : path, at, &credential, err));
    return read_one(credential ? at : path, name, credential, ret, err);
}

pawl_status key_file_load(const char *state, const char *name, struct key_text *ret,
                          struct pawl_err *err)
{
    char path[KEY_PATH_MAX];
    bool credential;

    PAWL_TRY(key_file_path(state, name, path, &credential, err));
    return read_one(path, name, credential, ret, err);
}
