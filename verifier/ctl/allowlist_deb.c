/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a Debian package: an ar archive that holds control.tar and data.tar, compressed or
 * not. libarchive reads both; the inner one straight from the outer one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "appraise/policy.h"
#include "ctl/allowlist.h"

enum { BLOCK = 64 * 1024, FILE_MAX_N = 1 << 30 };

static void archive_close(struct archive **a)
{
    archive_read_free(*a);
}

static pawl_status archive_wrong(struct archive *a, const char *where, struct pawl_err *err)
{
    const char *why = archive_error_string(a);

    return pawl_fail(err, PAWL_E_FORM, where, "%s", why ? why : "is not readable");
}

/* ---- one file of data.tar ------------------------------------------------------------------- */

struct reading {
    struct archive *data;
    const char     *where;
    uint8_t         block[BLOCK];
};

static pawl_status read_block(void *arg, struct pawl_view *ret, struct pawl_err *err)
{
    struct reading *r = arg;
    la_ssize_t      n = archive_read_data(r->data, r->block, sizeof(r->block));

    if (n < 0)
        return archive_wrong(r->data, r->where, err);
    *ret = pawl_view(r->block, (size_t)n);
    return pawl_ok();
}

static pawl_status hash_entry(struct archive *data, struct archive_entry *e, const char *where,
                              struct pawl_digest *ret, struct pawl_err *err)
{
    struct reading r = { .data = data, .where = where };
    int64_t        size = archive_entry_size(e);

    if (size < 0 || size > FILE_MAX_N)
        return pawl_fail(err, PAWL_E_RANGE, where, "holds a file of %lld bytes", (long long)size);
    return pawl_hash_blocks(PAWL_SHA256, read_block, &r, ret, err);
}

/* A hard link has no bytes of its own; what it is a link to came before. */
static pawl_status find_digest(const struct allow_list *l, const char *path, const char *where,
                               struct pawl_digest *ret, struct pawl_err *err)
{
    for (size_t i = l->n; i-- > 0;)
        if (strcmp(l->entry[i].path, path) == 0) {
            *ret = l->entry[i].digest;
            return pawl_ok();
        }
    return pawl_fail(err, PAWL_E_FORM, where, "has a hard link to a file that it does not hold");
}

/* Since the merge of /usr, the kernel sees these there. */
static bool moved_to_usr(const char *below)
{
    static const char *const folders[] = { "bin/", "sbin/", "lib/", "lib32/", "lib64/", "libx32/" };

    while (strncmp(below, "./", 2) == 0 || *below == '/')
        below += *below == '/' ? 1 : 2;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        if (strncmp(below, folders[i], strlen(folders[i])) == 0)
            return true;
    return false;
}

static pawl_status add(struct allow_list *l, const char *root, const char *below,
                       const struct pawl_digest *d, struct pawl_err *err)
{
    char path[POLICY_PATH_MAX], usr[POLICY_PATH_MAX];

    PAWL_TRY(allow_path(root, below, path, sizeof(path), err));
    PAWL_TRY(allow_list_add(l, pawl_view_str(path), PAWL_SHA256, false, pawl_digest_view(d), err));
    if (!moved_to_usr(below))
        return pawl_ok();
    PAWL_TRY(allow_path(root, "usr", usr, sizeof(usr), err));
    PAWL_TRY(allow_path(usr, below, path, sizeof(path), err));
    return allow_list_add(l, pawl_view_str(path), PAWL_SHA256, false, pawl_digest_view(d), err);
}

static pawl_status take_entry(struct archive *data, struct archive_entry *e, const char *root,
                              const char *where, struct allow_list *l, struct pawl_err *err)
{
    const char        *name = archive_entry_pathname(e), *link = archive_entry_hardlink(e);
    char               path[POLICY_PATH_MAX];
    struct pawl_digest d;

    if (!name)
        return pawl_fail(err, PAWL_E_FORM, where, "has a file whose name is no text");
    if (link) {
        PAWL_TRY(allow_path(root, link, path, sizeof(path), err));
        for (char *p = path; *p; p++)
            *p = *p == ' ' ? '_' : *p; /* as the list has it */
        PAWL_TRY(find_digest(l, path, where, &d, err));
    } else if (archive_entry_filetype(e) == AE_IFREG) {
        PAWL_TRY(hash_entry(data, e, where, &d, err));
    } else {
        return pawl_ok();
    }
    return add(l, root, name, &d, err);
}

/* ---- data.tar inside the package ------------------------------------------------------------ */

struct inner {
    struct archive *deb;
    uint8_t         block[BLOCK];
};

static la_ssize_t read_inner(struct archive *data, void *arg, const void **ret)
{
    struct inner *in = arg;
    la_ssize_t    n = archive_read_data(in->deb, in->block, sizeof(in->block));
    const char   *why = archive_error_string(in->deb);

    if (n < 0)
        archive_set_error(data, archive_errno(in->deb), "%s", why ? why : "is not readable");
    *ret = in->block;
    return n;
}

/* How dpkg packs. Not all that libarchive knows: for some it runs a program. */
static void support_filters(struct archive *data)
{
    archive_read_support_filter_gzip(data);
    archive_read_support_filter_bzip2(data);
    archive_read_support_filter_xz(data);
    archive_read_support_filter_lzma(data);
    archive_read_support_filter_zstd(data);
}

static pawl_status take_data(struct archive *deb, const char *root, const char *where,
                             struct allow_list *l, struct pawl_err *err)
{
    PAWL_CLEANUP(archive_close) struct archive *data = archive_read_new();
    struct inner                                in = { .deb = deb };
    struct archive_entry                       *e;
    int                                         r;

    if (!data)
        return pawl_fail(err, PAWL_E_MEMORY, where, "no memory");
    support_filters(data);
    archive_read_support_format_tar(data);
    archive_read_support_format_empty(data);
    if (archive_read_open(data, &in, NULL, read_inner, NULL) != ARCHIVE_OK)
        return archive_wrong(data, where, err);
    while ((r = archive_read_next_header(data, &e)) == ARCHIVE_OK)
        PAWL_TRY(take_entry(data, e, root, where, l, err));
    return r == ARCHIVE_EOF ? pawl_ok() : archive_wrong(data, where, err);
}

pawl_status allow_deb(const char *path, const char *root, struct allow_list *l,
                      struct pawl_err *err)
{
    PAWL_CLEANUP(archive_close) struct archive *deb = archive_read_new();
    struct archive_entry                       *e;
    int                                         r;

    if (!deb)
        return pawl_fail(err, PAWL_E_MEMORY, path, "no memory");
    if (access(path, R_OK) != 0)
        return pawl_fail(err, PAWL_E_IO, path, "%s", strerror(errno));
    archive_read_support_format_ar(deb);
    if (archive_read_open_filename(deb, path, BLOCK) != ARCHIVE_OK)
        return archive_wrong(deb, path, err);
    while ((r = archive_read_next_header(deb, &e)) == ARCHIVE_OK) {
        const char *name = archive_entry_pathname(e);
        if (name && strncmp(name, "data.tar", 8) == 0)
            return take_data(deb, root, path, l, err);
    }
    return r == ARCHIVE_EOF ? pawl_fail(err, PAWL_E_FORM, path, "is no package: has no data.tar")
                            : archive_wrong(deb, path, err);
}
