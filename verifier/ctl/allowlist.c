/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl allowlist: the "files" and "exclude" of a policy's "ima". */
#include "ctl/allowlist.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "appraise/policy.h"
#include "ctl/show.h"

pawl_status allow_path(const char *root, const char *below, char *ret, size_t cap,
                       struct pawl_err *err)
{
    size_t n = strlen(root);

    while (n && root[n - 1] == '/')
        n--;
    while (strncmp(below, "./", 2) == 0 || *below == '/')
        below += *below == '/' ? 1 : 2;
    size_t rest = strlen(below);
    if (rest >= cap || n + 1 >= cap - rest)
        return pawl_fail(err, PAWL_E_RANGE, "path", "has %zu bytes", n + 1 + rest);
    memcpy(ret, root, n);
    ret[n] = '/';
    memcpy(ret + n + 1, below, rest + 1);
    return pawl_ok();
}

/* ---- a tree --------------------------------------------------------------------------------- */

static void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

struct reading {
    int         fd;
    const char *path;
    uint8_t     block[64 * 1024];
};

static pawl_status read_block(void *arg, struct pawl_view *ret, struct pawl_err *err)
{
    struct reading *r = arg;
    ssize_t         n;

    do
        n = read(r->fd, r->block, sizeof(r->block));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return pawl_fail(err, PAWL_E_IO, r->path, "%s", strerror(errno));
    *ret = pawl_view(r->block, (size_t)n);
    return pawl_ok();
}

/* It may be another file by now: a pipe is not waited for, and one that is cut is read to its end.
 */
static pawl_status hash_file(const char *path, struct pawl_digest *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(fd_close)
    int            fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct reading r = { .fd = fd, .path = path };
    struct stat    st;

    if (fd < 0 || fstat(fd, &st) != 0)
        return pawl_fail(err, PAWL_E_IO, path, "%s", strerror(errno));
    if (!S_ISREG(st.st_mode))
        return pawl_fail(err, PAWL_E_IO, path, "is no file any more");
    return pawl_hash_blocks(PAWL_SHA256, read_block, &r, ret, err);
}

static void walk_close(FTS **walk)
{
    if (*walk)
        fts_close(*walk);
}

/* Symbolic links are not followed, but for the directory itself: the kernel measures what they end
 * at. */
static pawl_status allow_entry_of(const FTSENT *e, const char *directory, const char *root,
                                  struct allow_list *l, struct pawl_err *err)
{
    struct pawl_digest d;
    char               path[POLICY_PATH_MAX];

    if (e->fts_info == FTS_ERR || e->fts_info == FTS_DNR || e->fts_info == FTS_NS)
        return pawl_fail(err, PAWL_E_IO, e->fts_path, "%s", strerror(e->fts_errno));
    if (e->fts_info != FTS_F || !S_ISREG(e->fts_statp->st_mode))
        return pawl_ok();
    PAWL_TRY(hash_file(e->fts_accpath, &d, err));
    const char *where = pawl_is_utf8(pawl_view_str(e->fts_path)) ? e->fts_path : directory;
    PAWL_TRY(pawl_under(
        err, where, allow_path(root, e->fts_path + strlen(directory), path, sizeof(path), err)));
    return pawl_under(
        err, where,
        allow_list_add(l, pawl_view_str(path), PAWL_SHA256, false, pawl_digest_view(&d), err));
}

pawl_status allow_tree(const char *directory, const char *root, struct allow_list *l,
                       struct pawl_err *err)
{
    char                          path[POLICY_PATH_MAX];
    char *const                   paths[] = { path, NULL };
    PAWL_CLEANUP(walk_close) FTS *walk = NULL;
    struct stat                   st;

    if (stat(directory, &st) != 0 || !S_ISDIR(st.st_mode))
        return pawl_fail(err, PAWL_E_IO, directory, "is no directory");
    snprintf(path, sizeof(path), "%s", directory);
    walk = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (!walk)
        return pawl_fail(err, PAWL_E_IO, directory, "%s", strerror(errno));
    for (const FTSENT *e; (e = fts_read(walk)) != NULL;)
        PAWL_TRY(allow_entry_of(e, directory, root, l, err));
    return errno ? pawl_fail(err, PAWL_E_IO, directory, "%s", strerror(errno)) : pawl_ok();
}

/* ---- the command ---------------------------------------------------------------------------- */

static pawl_status gather(const struct args *a, struct allow_list *l, cJSON *exclude,
                          cJSON *left_out, struct pawl_err *err)
{
    const char *root = a->option[OPT_ROOT] ? a->option[OPT_ROOT] : "/";
    int         given = (a->option[OPT_TREE] != NULL) + (a->option[OPT_DEB] != NULL) +
                (a->option[OPT_KEYLIME] != NULL);

    if (given != 1 || (a->operand_n && !a->option[OPT_DEB]) ||
        (a->option[OPT_KEYLIME] && a->option[OPT_ROOT]))
        return pawl_fail(err, PAWL_E_BUG, "usage",
                         "give one of --tree DIR, --deb FILE.. and --keylime FILE");
    if (root[0] != '/')
        return pawl_fail(err, PAWL_E_BUG, "usage", "--root is no absolute path");
    if (a->option[OPT_TREE])
        return allow_tree(a->option[OPT_TREE], root, l, err);
    if (a->option[OPT_KEYLIME])
        return allow_keylime(a->option[OPT_KEYLIME], l, exclude, left_out, err);
    PAWL_TRY(allow_deb(a->option[OPT_DEB], root, l, err));
    for (int i = 0; i < a->operand_n; i++)
        PAWL_TRY(allow_deb(a->operands[i], root, l, err));
    return pawl_ok();
}

/* What was left out is said on standard error too: the answer goes into a file. */
static void warn(const cJSON *left_out)
{
    const cJSON *e;

    cJSON_ArrayForEach(e, left_out)
    {
        fputs("pawlctl: not taken, for it is no plain path: exclude ", stderr);
        show_text_on(stderr, e->valuestring, 0, INT_MAX);
        fputc('\n', stderr);
    }
}

pawl_status allow_list_make(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(allow_list_done) struct allow_list l = { 0 };
    PAWL_CLEANUP(json_free) cJSON                  *answer = cJSON_CreateObject();
    PAWL_CLEANUP(json_free) cJSON                  *left_out = cJSON_CreateArray();
    PAWL_CLEANUP(json_free) cJSON                  *exclude = cJSON_CreateArray();
    cJSON                                          *files = NULL;

    if (!answer || !left_out || !exclude)
        return json_no_memory(err);
    PAWL_TRY(gather(a, &l, exclude, left_out, err));
    if (l.n == 0)
        return pawl_fail(err, PAWL_E_ABSENT, "files", "there is none");
    PAWL_TRY(allow_list_json(&l, &files, err));
    if (!cJSON_AddItemToObject(answer, "files", files) ||
        !cJSON_AddItemToObject(answer, "exclude", exclude))
        return json_no_memory(err);
    exclude = NULL;
    warn(left_out);
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

/* As --json: it is for a file. */
void show_text_answer(const cJSON *answer)
{
    char *text = cJSON_Print(answer);

    puts(text ? text : "");
    cJSON_free(text);
}
