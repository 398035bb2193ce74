/* SPDX-License-Identifier: Apache-2.0 */
#include "staged.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pawl_status must_be_free(const char *dir, struct pawl_err *err)
{
    DIR *d = opendir(dir);

    if (!d && errno == ENOENT)
        return pawl_ok();
    if (!d)
        return pawl_fail(err, PAWL_E_IO, "state", "%s: %s", dir, strerror(errno));
    bool           holds_verifier = faccessat(dirfd(d), "verifier.ini", F_OK, 0) == 0;
    size_t         n = 0;
    struct dirent *e;
    while ((e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    if (n == 0)
        return pawl_ok();
    return pawl_fail(err, PAWL_E_CONFLICT, "state", "%s %s", dir,
                     holds_verifier ? "already holds a verifier" : "is not empty");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void remove_tree(const char *dir)
{
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void staged_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static pawl_status make_beside(const char *dir, char ret[PATH_MAX], struct pawl_err *err)
{
    size_t n = strlen(dir);

    while (n > 1 && dir[n - 1] == '/')
        n--;
    if (n == 0 || n + 8 >= PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "state", "a directory's path is due");
    snprintf(ret, PATH_MAX, "%.*s.XXXXXX", (int)n, dir);
    if (!mkdtemp(ret))
        return pawl_fail(err, PAWL_E_IO, "state", "%s: %s", ret, strerror(errno));
    return pawl_ok();
}

pawl_status staged_begin(const char *place, struct staged *ret, struct pawl_err *err)
{
    PAWL_TRY(must_be_free(place, err));
    PAWL_TRY(make_beside(place, ret->dir, err));
    ret->place = place;
    return pawl_ok();
}

pawl_status staged_end(struct staged *s, struct pawl_err *err)
{
    char parent[PATH_MAX + 4];

    staged_sync(s->dir);
    if (rename(s->dir, s->place) != 0)
        return pawl_fail(err, PAWL_E_IO, "state", "%s: %s", s->place, strerror(errno));
    s->dir[0] = 0;
    snprintf(parent, sizeof(parent), "%s/..", s->place);
    staged_sync(parent);
    return pawl_ok();
}

void staged_drop(struct staged *s)
{
    if (s->dir[0])
        remove_tree(s->dir);
    s->dir[0] = 0;
}
