/* SPDX-License-Identifier: Apache-2.0 */
#include "certdir.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pawl/crypto.h>

#define FILE_MAX (4 * 1024 * 1024) /* a vendor's bundle of roots, with room */

struct file {
    uint8_t *p;
    size_t   n;
};

static void file_done(struct file *f)
{
    free(f->p);
}

static void stream_done(FILE **f)
{
    if (*f)
        fclose(*f);
}

static pawl_status file_read(const char *path, struct file *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(stream_done) FILE *f = fopen(path, "re");

    if (!f)
        return pawl_fail(err, PAWL_E_IO, "file", "%s: %s", path, strerror(errno));
    ret->p = malloc(FILE_MAX);
    if (!ret->p)
        return pawl_fail(err, PAWL_E_MEMORY, "file", "no memory");
    ret->n = fread(ret->p, 1, FILE_MAX, f);
    if (ferror(f))
        return pawl_fail(err, PAWL_E_IO, "file", "%s cannot be read", path);
    if (ret->n == FILE_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "file", "%s is too long", path);
    return pawl_ok();
}

static pawl_status must_hold_certificates(const char *path, struct pawl_view bytes,
                                          struct pawl_err *err)
{
    struct pawl_certs *certs = NULL;
    size_t             n = 0;
    struct pawl_err    why;

    pawl_status s = pawl_certs_add(&certs, bytes, &n, &why);
    pawl_certs_free(&certs);
    if (!pawl_is_ok(s))
        return pawl_fail(err, s.code, "file", "%s: %s", path, why.why);
    if (n == 0)
        return pawl_fail(err, PAWL_E_FORM, "file", "%s holds no certificate", path);
    return pawl_ok();
}

/* The endings that a directory of trusted certificates is read by. */
static bool has_ending(const char *name)
{
    static const char *const endings[] = { ".pem", ".crt", ".cer", ".der" };
    size_t                   n = strlen(name);

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (n > 4 && strcmp(name + n - 4, endings[i]) == 0)
            return true;
    return false;
}

static pawl_status file_write(const char *path, struct pawl_view bytes, struct pawl_err *err)
{
    FILE *f = fopen(path, "wxe");

    if (!f)
        return pawl_fail(err, errno == EEXIST ? PAWL_E_CONFLICT : PAWL_E_IO, "file", "%s: %s", path,
                         strerror(errno));
    bool written = fwrite(bytes.p, 1, bytes.n, f) == bytes.n;
    if (fclose(f) != 0 || !written)
        return pawl_fail(err, PAWL_E_IO, "file", "%s: %s", path, strerror(errno));
    return pawl_ok();
}

static pawl_status copy_file(const char *path, const char *into, struct pawl_err *err)
{
    PAWL_CLEANUP(file_done) struct file f = { 0 };
    const char                         *slash = strrchr(path, '/');
    const char                         *name = slash ? slash + 1 : path;
    char                                to[PATH_MAX];

    PAWL_TRY(file_read(path, &f, err));
    PAWL_TRY(must_hold_certificates(path, pawl_view(f.p, f.n), err));
    bool        pem = memmem(f.p, f.n, "-----BEGIN", 10) != NULL;
    const char *ending = has_ending(name) ? "" : pem ? ".pem" : ".der";
    if ((size_t)snprintf(to, sizeof(to), "%s/%s%s", into, name, ending) >= sizeof(to))
        return pawl_fail(err, PAWL_E_RANGE, "file", "the path is too long");
    return file_write(to, pawl_view(f.p, f.n), err);
}

static void dir_done(DIR **d)
{
    if (*d)
        closedir(*d);
}

static pawl_status copy_all(const char *dir, const char *into, struct pawl_err *err)
{
    PAWL_CLEANUP(dir_done) DIR *d = opendir(dir);
    struct dirent              *e;
    char                        path[PATH_MAX];

    if (!d)
        return pawl_fail(err, PAWL_E_IO, "file", "%s: %s", dir, strerror(errno));
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.' || !has_ending(e->d_name))
            continue;
        if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) >= sizeof(path))
            return pawl_fail(err, PAWL_E_RANGE, "file", "the path is too long");
        PAWL_TRY(copy_file(path, into, err));
    }
    return pawl_ok();
}

pawl_status cert_dir_copy(const char *path, const char *into, struct pawl_err *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return pawl_fail(err, PAWL_E_ABSENT, "file", "%s: %s", path, strerror(errno));
    return S_ISDIR(st.st_mode) ? copy_all(path, into, err) : copy_file(path, into, err);
}
