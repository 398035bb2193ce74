/* SPDX-License-Identifier: Apache-2.0 */
#include "relist.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow/revoked.h"
#include "state.h"

/* In events, and to whoever learns of them. A credential's name has no blank. */
static const struct credential asker = { .name = "pawl-verifier restore", .role = ROLE_ADMIN };

/* ---- files ----------------------------------------------------------------------------------- */

struct text {
    uint8_t *p;
    size_t   n;
};

static void text_done(struct text *t)
{
    free(t->p);
}

static void file_close(FILE **f)
{
    if (*f)
        fclose(*f);
}

static pawl_status read_file(const char *path, struct text *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(file_close) FILE *f = fopen(path, "rbe");

    ret->p = f ? malloc(RELIST_BYTES_MAX + 1) : NULL;
    if (f && !ret->p)
        return pawl_fail(err, PAWL_E_MEMORY, "file", "out of memory");
    ret->n = f ? fread(ret->p, 1, RELIST_BYTES_MAX + 1, f) : 0;
    if (!f || ferror(f))
        return pawl_fail(err, PAWL_E_IO, "file", "%s", strerror(errno));
    if (ret->n > RELIST_BYTES_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "file", "is larger than %d MiB",
                         RELIST_BYTES_MAX / 1024 / 1024);
    return pawl_ok();
}

/* A list is signed when it changed, and else once in a while: the one that was read behind the
 * copy may be a little older, and hold no less. */
static pawl_status check_age(const struct revocations *r, int64_t made_s, struct pawl_err *err)
{
    if (made_s && r->signed_s < made_s - REVOKED_SIGNED_S)
        return pawl_fail(err, PAWL_E_EXPIRED, "iat",
                         "the list is %" PRId64
                         " s older than the backup, which knows all of it: a "
                         "newer one is due",
                         made_s - r->signed_s);
    return pawl_ok();
}

static pawl_status read_list(const struct state *s, const char *path, int64_t made_s,
                             struct revocations *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(text_done) struct text t = { 0 };
    const struct material              *m = atomic_load(&s->material.now);

    PAWL_TRY(read_file(path, &t, err));
    PAWL_TRY(revocations_read(&s->config, &m->keys, pawl_view(t.p, t.n), ret, err));
    return check_age(ret, made_s, err);
}

/* A path may be longer than an error has room for. */
static pawl_status under_file(struct pawl_err *err, const char *path, pawl_status s)
{
    const char *slash = strrchr(path, '/');
    char        name[32];

    snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
    return pawl_under(err, name, s);
}

/* ---- devices --------------------------------------------------------------------------------- */

static pawl_status revoke_one(struct flow *f, const struct tenant_config *tenant,
                              const uint8_t id[PAWL_DEVICE_ID], struct relisted *r,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(step_done) struct step step = { 0 };
    enum revoked_again                  as;

    PAWL_TRY(operator_revoke_again(f, tenant, id, &as, &step, err));
    if (!step_is_empty(&step))
        PAWL_TRY(store_commit_wait(f->store, &step, err));
    r->was[as]++;
    return pawl_ok();
}

static pawl_status revoke_all(struct flow *f, const struct revocations *list, struct relisted *r,
                              struct pawl_err *err)
{
    memcpy(r->tenant, list->tenant->name, sizeof(r->tenant));
    r->signed_s = list->signed_s;
    for (size_t i = 0; i < list->n; i++)
        PAWL_TRY(revoke_one(f, list->tenant, list->id[i], r, err));
    return pawl_ok();
}

struct lists {
    size_t             n;
    struct revocations of[RELIST_MAX];
};

static void lists_done(struct lists *l)
{
    for (size_t i = 0; i < l->n; i++)
        revocations_done(&l->of[i]);
}

pawl_status relist(const char *dir, int64_t made_s, struct relist *l, struct pawl_err *err)
{
    PAWL_CLEANUP(lists_done) struct lists     lists = { 0 };
    PAWL_CLEANUP(state_close) struct state    s = { 0 };
    PAWL_CLEANUP(state_flow_done) struct flow f = { 0 };

    PAWL_TRY(state_open(dir, &s, err));
    for (lists.n = 0; lists.n < l->n;) {
        const char         *path = l->of[lists.n].path;
        struct revocations *list = &lists.of[lists.n++];
        PAWL_TRY(under_file(err, path, read_list(&s, path, made_s, list, err)));
    }
    PAWL_TRY(state_flow(&s, &f, err));
    f.asker = &asker;
    for (size_t i = 0; i < l->n; i++)
        PAWL_TRY(under_file(err, l->of[i].path, revoke_all(&f, &lists.of[i], &l->of[i], err)));
    return pawl_ok();
}
