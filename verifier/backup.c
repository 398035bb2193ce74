/* SPDX-License-Identifier: Apache-2.0 */
#include "backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <pawl/crypto.h>

#include "staged.h"
#include "state.h"

#define MANIFEST     "backup.json"
#define MANIFEST_MAX 4096
#define FORM         1
#define DATABASE     "pawl.db"
#define MADE_S_MAX   253402300799 /* the last second of the year 9999 */
#define DEPTH_MAX    4            /* of directories of certificates */

/* ---- files ---------------------------------------------------------------------------------- */

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define FD PAWL_CLEANUP(fd_close) int

static pawl_status io_fail(const char *name, struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_IO, "backup", "%.40s: %s", name, strerror(errno));
}

static bool ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n >= m && strcmp(name + n - m, end) == 0;
}

/* The database has its own way; what SQLite and a running verifier keep beside it means nothing
 * elsewhere: a verifier that has the name and the count of another one would be held for it. */
static bool is_left_out(const char *name, const struct verifier_config *keyless)
{
    static const char *const own[] = { MANIFEST, "pawl.count", "pawl.verifier", "postgres.count" };

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (strcmp(name, own[i]) == 0)
            return true;
    return strncmp(name, DATABASE, strlen(DATABASE)) == 0 || (keyless && ends_with(name, ".key"));
}

static bool is_the_file(const char *path, const struct stat *file)
{
    struct stat s;

    return stat(path, &s) == 0 && s.st_dev == file->st_dev && s.st_ino == file->st_ino;
}

/* Those have any name, and an old one beside them (hook/signature.h). */
static bool is_webhook_key(const struct stat *file, const struct verifier_config *c)
{
    for (size_t i = 0; i < c->tenant_n; i++) {
        const char *key = c->tenant[i].webhook_key;
        char        old[KEY_PATH_MAX + sizeof(".old")];
        snprintf(old, sizeof(old), "%s.old", key);
        if (key[0] && (is_the_file(key, file) || is_the_file(old, file)))
            return true;
    }
    return false;
}

static pawl_status copy_bytes(int from, int to, const char *name, struct pawl_err *err)
{
    char    b[65536];
    ssize_t n;

    while ((n = read(from, b, sizeof(b))) != 0) {
        if (n < 0)
            return io_fail(name, err);
        for (ssize_t done = 0; done < n;) {
            ssize_t put = write(to, b + done, (size_t)(n - done));
            if (put < 0)
                return io_fail(name, err);
            done += put;
        }
    }
    pawl_wipe(b, sizeof(b)); /* it may have been a key */
    return fsync(to) == 0 ? pawl_ok() : io_fail(name, err);
}

static pawl_status copy_file(int from_dir, int to_dir, const char *name, struct pawl_err *err)
{
    FD from = openat(from_dir, name, O_RDONLY | O_CLOEXEC);
    FD to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (from < 0 || to < 0)
        return io_fail(name, err);
    return copy_bytes(from, to, name, err);
}

/* keyless: the configuration whose keys are left out; NULL: everything is copied. */
static pawl_status copy_dir(int from, int to, const struct verifier_config *keyless, unsigned depth,
                            struct pawl_err *err);

static pawl_status copy_below(int from_dir, int to_dir, const char *name,
                              const struct verifier_config *keyless, unsigned depth,
                              struct pawl_err *err)
{
    if (depth == DEPTH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "backup", "%.40s: directories are too deep", name);
    if (mkdirat(to_dir, name, 0700) != 0)
        return io_fail(name, err);
    FD from = openat(from_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FD to = openat(to_dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (from < 0 || to < 0)
        return io_fail(name, err);
    return copy_dir(from, to, keyless, depth + 1, err);
}

/* Sockets and the like are nobody's to copy. */
static pawl_status copy_entry(int from, int to, const char *name,
                              const struct verifier_config *keyless, unsigned depth,
                              struct pawl_err *err)
{
    struct stat st;

    if (fstatat(from, name, &st, 0) != 0)
        return errno == ENOENT ? pawl_ok() : io_fail(name, err);
    if (S_ISDIR(st.st_mode))
        return copy_below(from, to, name, keyless, depth, err);
    if (keyless && is_webhook_key(&st, keyless))
        return pawl_ok();
    return S_ISREG(st.st_mode) ? copy_file(from, to, name, err) : pawl_ok();
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

static pawl_status copy_dir(int from, int to, const struct verifier_config *keyless, unsigned depth,
                            struct pawl_err *err)
{
    int                          again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    PAWL_CLEANUP(dir_close) DIR *d = again < 0 ? NULL : fdopendir(again);
    struct dirent               *e;

    if (!d)
        return io_fail(".", err);
    while ((e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            !is_left_out(e->d_name, keyless))
            PAWL_TRY(copy_entry(from, to, e->d_name, keyless, depth, err));
    return fsync(to) == 0 ? pawl_ok() : io_fail(".", err);
}

/* Everything of one directory but the database. */
static pawl_status copy_files(const char *from, const char *to,
                              const struct verifier_config *keyless, struct pawl_err *err)
{
    FD a = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FD b = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (a < 0 || b < 0)
        return io_fail(a < 0 ? from : to, err);
    return copy_dir(a, b, keyless, 0, err);
}

/* SHA-256 of the database of a directory, as hex. */
static pawl_status hash_database(const char *dir, char ret[65], struct pawl_err *err)
{
    char        path[PATH_MAX + 16];
    struct stat st;
    uint8_t     digest[32];

    snprintf(path, sizeof(path), "%s/" DATABASE, dir);
    FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return io_fail(DATABASE, err);
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED)
        return io_fail(DATABASE, err);
    pawl_status s = pawl_sha256(pawl_view(p, (size_t)st.st_size), digest, err);
    munmap(p, (size_t)st.st_size);
    PAWL_TRY(s);
    return pawl_hex_write(PAWL_VIEW_OF(digest), ret, 65, err);
}

/* ---- backup.json ---------------------------------------------------------------------------- */

struct manifest {
    bool    database, keys;
    int64_t made_s;
    char    sha256[65]; /* of the database; empty without one */
};

static void json_free(cJSON **j)
{
    cJSON_Delete(*j);
}

static pawl_status write_manifest(const char *dir, const struct manifest *m, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *j = cJSON_CreateObject();
    char                           text[MANIFEST_MAX], path[PATH_MAX + 16];

    if (!cJSON_AddNumberToObject(j, "form", FORM) ||
        !cJSON_AddStringToObject(j, "program", "pawl-verifier " PAWL_VERSION) ||
        !cJSON_AddNumberToObject(j, "made_s", (double)time(NULL)) ||
        !cJSON_AddBoolToObject(j, "keys", m->keys) ||
        !cJSON_AddBoolToObject(j, "database", m->database) ||
        !cJSON_AddStringToObject(j, "sha256", m->sha256) ||
        !cJSON_PrintPreallocated(j, text, sizeof(text), true))
        return pawl_fail(err, PAWL_E_MEMORY, MANIFEST, "no memory");
    snprintf(path, sizeof(path), "%s/" MANIFEST, dir);
    FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || fsync(fd) != 0)
        return io_fail(MANIFEST, err);
    return pawl_ok();
}

static pawl_status parse_manifest(const char *text, struct manifest *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *j = cJSON_Parse(text);
    const cJSON                   *form = cJSON_GetObjectItemCaseSensitive(j, "form");
    const char *sha256 = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "sha256"));

    if (!cJSON_IsNumber(form) || !sha256)
        return pawl_fail(err, PAWL_E_FORM, MANIFEST, "is not that of a backup");
    if (form->valuedouble != FORM)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, MANIFEST, "is of another program version");
    double made_s = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(j, "made_s"));
    ret->made_s = made_s > 0 && made_s <= MADE_S_MAX ? (int64_t)made_s : 0;
    ret->keys = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(j, "keys"));
    ret->database = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(j, "database"));
    snprintf(ret->sha256, sizeof(ret->sha256), "%s", sha256);
    return pawl_ok();
}

/* inv. 2 */
static pawl_status read_manifest(const char *dir, struct manifest *ret, struct pawl_err *err)
{
    char text[MANIFEST_MAX + 1], path[PATH_MAX + 16];

    if (snprintf(path, sizeof(path), "%s/" MANIFEST, dir) >= (int)sizeof(path))
        return pawl_fail(err, PAWL_E_RANGE, MANIFEST, "the path is too long");
    FD      fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
    if (n < 0)
        return pawl_fail(err, PAWL_E_FORM, MANIFEST, "%s: this is no whole backup",
                         strerror(errno));
    if (n > MANIFEST_MAX)
        return pawl_fail(err, PAWL_E_FORM, MANIFEST, "is too long");
    text[n] = 0;
    return parse_manifest(text, ret, err);
}

/* ---- backup ------------------------------------------------------------------------------ */

/* A backup inside of what is backed up would hold itself. */
static pawl_status must_be_outside(const char *dir, const char *to, struct pawl_err *err)
{
    char parent[PATH_MAX], of_to[PATH_MAX], of_dir[PATH_MAX];

    if (snprintf(parent, sizeof(parent), "%s", to) >= (int)sizeof(parent))
        return pawl_fail(err, PAWL_E_RANGE, "backup", "the path is too long");
    char *slash = strrchr(parent, '/');
    if (slash)
        *(slash == parent ? slash + 1 : slash) = 0;
    if (!realpath(slash ? parent : ".", of_to) || !realpath(dir, of_dir))
        return io_fail(to, err);
    size_t n = strlen(of_dir);
    if (strncmp(of_to, of_dir, n) == 0 && (of_to[n] == '/' || !of_to[n]))
        return pawl_fail(err, PAWL_E_CONFLICT, "backup", "%.60s is inside of the state directory",
                         to);
    return pawl_ok();
}

pawl_status backup_make(const char *dir, const char *to, bool without_keys, bool *ret_database,
                        struct pawl_err *err)
{
    PAWL_CLEANUP(staged_drop) struct staged staged = { 0 };
    struct verifier_config                  c;
    struct manifest                         m = { .keys = !without_keys };

    PAWL_TRY(config_load(dir, &c, err));
    m.database = !c.on_postgres;
    PAWL_TRY(must_be_outside(c.state, to, err));
    PAWL_TRY(staged_begin(to, &staged, err));
    PAWL_TRY(copy_files(c.state, staged.dir, without_keys ? &c : NULL, err));
    if (m.database) {
        PAWL_TRY(sqlite_store_backup(c.state, staged.dir, err));
        PAWL_TRY(hash_database(staged.dir, m.sha256, err));
    }
    PAWL_TRY(write_manifest(staged.dir, &m, err));
    *ret_database = m.database;
    return staged_end(&staged, err);
}

/* ---- restore -----------------------------------------------------------------------------------
 */

static pawl_status restore_database(const char *from, const char *to, const struct manifest *m,
                                    struct pawl_err *err)
{
    char sha256[65];

    FD a = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FD b = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (a < 0 || b < 0)
        return io_fail(DATABASE, err);
    PAWL_TRY(copy_file(a, b, DATABASE, err));
    PAWL_TRY(hash_database(to, sha256, err));
    if (strcmp(sha256, m->sha256) != 0)
        return pawl_fail(err, PAWL_E_FORM, DATABASE, "is not what was backed up");
    PAWL_TRY(sqlite_store_check(to, err));
    return sqlite_store_restored(to, err); /* inv. 3 */
}

/* As serve would: a key that does not fit, or a certificate that cannot be read, is told now. */
static pawl_status try_it(const char *dir, struct pawl_err *err)
{
    PAWL_CLEANUP(state_close) struct state s = { 0 };

    return state_open(dir, &s, err);
}

/* inv. 4. Whose list it is, is said by the keys. */
static pawl_status revoke_again(const char *dir, const struct manifest *m, struct relist *revoked,
                                struct pawl_err *err)
{
    if (revoked->n == 0)
        return pawl_ok();
    if (!m->keys || !m->database)
        return pawl_fail(
            err, PAWL_E_UNSUPPORTED, "--revoked",
            "the backup has no %s: restore without it, put those back, then `restored` "
            "with --revoked",
            m->keys ? "database" : "keys");
    return relist(dir, m->made_s, revoked, err);
}

pawl_status backup_restore(const char *from, const char *dir, struct relist *revoked,
                           struct restored *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(staged_drop) struct staged staged = { 0 };
    struct manifest                         m = { 0 };

    PAWL_TRY(read_manifest(from, &m, err));
    PAWL_TRY(staged_begin(dir, &staged, err));
    PAWL_TRY(copy_files(from, staged.dir, NULL, err));
    if (m.database)
        PAWL_TRY(restore_database(from, staged.dir, &m, err));
    if (m.keys && m.database)
        PAWL_TRY(try_it(staged.dir, err));
    PAWL_TRY(revoke_again(staged.dir, &m, revoked, err));
    *ret = (struct restored){ .keys = m.keys, .database = m.database, .made_s = m.made_s };
    return staged_end(&staged, err);
}
