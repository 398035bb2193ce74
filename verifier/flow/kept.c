/* SPDX-License-Identifier: Apache-2.0 */
/* What the last verdict on a device was made of. */

#include "flow/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/bundle.h"

enum { ROWS_MAX = 3 }; /* head, log, one piece of a list */

/* ---- what is there already ------------------------------------------------------------------ */

struct there {
    struct blob head, log;
};

static void there_done(struct there *t)
{
    blob_done(&t->head);
    blob_done(&t->log);
}

static pawl_status look_at(const struct kept_row *k, void *arg, struct pawl_err *err)
{
    struct there    *t = arg;
    struct pawl_view v = pawl_view(k->bytes.p, k->bytes.n);

    if (k->kind == KEPT_LIST) /* behind what is looked for */
        return pawl_fail(err, PAWL_E_ABSENT, "kept", "no more");
    return blob_from(v, k->kind == KEPT_HEAD ? &t->head : &t->log, err);
}

static pawl_status look(const struct store *s, const struct device *d, struct there *ret,
                        struct pawl_err *err)
{
    pawl_status looked = s->kept(s->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), look_at,
                                 ret, err);

    return looked.code == PAWL_E_ABSENT ? pawl_ok() : looked;
}

/* ---- rows ----------------------------------------------------------------------------------- */

static pawl_status add(struct step *step, enum kept_kind kind, uint64_t first,
                       struct pawl_view bytes, struct pawl_err *err)
{
    struct kept_row *k = &step->kept[step->kept_n];

    *k = (struct kept_row){ .kind = kind, .first = first };
    PAWL_TRY(blob_from(bytes, &k->bytes, err));
    step->kept_n++;
    return pawl_ok();
}

/* anew: nothing that is there stays. A list that begins again takes the place of the old one, and
 * the log stays beside it. */
static pawl_status plan_rows(const struct there *there, bool anew, struct pawl_view head,
                             const struct appraise_log *log, const struct appraise_list *list,
                             struct step *step, struct pawl_err *err)
{
    bool restarts = list->came && list->first == 0;

    step->kept = calloc(ROWS_MAX, sizeof(*step->kept));
    if (!step->kept)
        return pawl_fail(err, PAWL_E_MEMORY, "kept", "out of memory");
    step->forgets_kept = anew || restarts;
    PAWL_TRY(add(step, KEPT_HEAD, 0, head, err));
    if (log->came)
        PAWL_TRY(add(step, KEPT_LOG, 0, log->bytes, err));
    else if (restarts && !anew && there->log.n)
        PAWL_TRY(add(step, KEPT_LOG, 0, pawl_view(there->log.p, there->log.n), err));
    return list->came ? add(step, KEPT_LIST, list->first, list->bytes, err) : pawl_ok();
}

/* ---- heads ---------------------------------------------------------------------------------- */

static void say_judged(struct bundle_head *h, const struct judgement *j, const struct device *d,
                       int64_t now_ms)
{
    h->time_ms = now_ms;
    h->watch = j->rules.watch;
    snprintf(h->policy, sizeof(h->policy), "%s", j->v.policy);
    snprintf(h->status, sizeof(h->status), "%s", d->software_status);
    h->exception_n = j->rules.exception_n;
    memcpy(h->exception, j->rules.exception, h->exception_n * sizeof(h->exception[0]));
}

_Static_assert(BUNDLE_EXCEPTIONS_MAX >= RULES_EXCEPTIONS_MAX, "all that counted are in a head");

static void make_head(const struct kept_case *k, const struct device *d, struct bundle_head *ret)
{
    const struct evidence *ev = k->ev;

    *ret = (struct bundle_head){ .tenant = pawl_view_str(d->tenant),
                                 .device_id = PAWL_VIEW_OF(d->id),
                                 .known = k->j->known,
                                 .ak_public = pawl_view(d->ak_public, d->ak_public_n),
                                 .qualified_signer = pawl_name_view(&d->qualified_signer),
                                 .a1 = ev->m.a1,
                                 .attest = ev->m.attest,
                                 .signature = ev->m.signature,
                                 .has_values = k->q->has_values,
                                 .values = k->q->values };
    memcpy(ret->first_os_boot, k->j->boot.os_boot, sizeof(ret->first_os_boot));
    say_judged(ret, k->j, d, ev->now_ms);
}

/* room: BUNDLE_HEAD_MAX bytes. An empty view: it does not fit. */
static pawl_status write_head(const struct bundle_head *h, uint8_t *room, struct pawl_view *ret,
                              struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(room, BUNDLE_HEAD_MAX);
    pawl_status    s = bundle_head_write(h, &w, err);

    *ret = pawl_view(room, pawl_is_ok(s) ? w.n : 0);
    return s.code == PAWL_E_FULL ? pawl_ok() : s;
}

struct writing {
    struct bundle_head head;
    uint8_t            room[BUNDLE_HEAD_MAX];
};

static void writing_free(struct writing **w)
{
    free(*w);
    *w = NULL;
}

static pawl_status writing_make(struct writing **ret, struct pawl_err *err)
{
    *ret = malloc(sizeof(**ret));
    if (!*ret)
        return pawl_fail(err, PAWL_E_MEMORY, "kept", "out of memory");
    return pawl_ok();
}

/* ---- planning ------------------------------------------------------------------------------- */

pawl_status kept_plan(const struct store *s, const struct kept_case *k, struct step *step,
                      struct pawl_err *err)
{
    PAWL_CLEANUP(there_done) struct there      there = { 0 };
    PAWL_CLEANUP(writing_free) struct writing *w = NULL;
    const struct evidence                     *ev = k->ev;
    const struct appraise_log                  log = evidence_log(&ev->a1, ev->m.log, ev->m.log_n);
    const struct appraise_list                 list = evidence_list(ev->m.ima_first, ev->m.ima);
    struct pawl_view                           head;

    if (!ev->tenant->keep_evidence) { /* nor what was kept while it did, from the next boot on */
        step->forgets_kept = step->has_boot;
        return pawl_ok();
    }
    PAWL_TRY(writing_make(&w, err));
    make_head(k, &step->device, &w->head);
    PAWL_TRY(write_head(&w->head, w->room, &head, err));
    if (!head.n)
        return pawl_ok();
    if (list.came && list.first == 0 && !log.came)
        PAWL_TRY(look(s, &step->device, &there, err));
    return plan_rows(&there, k->is_new, head, &log, &list, step, err);
}

pawl_status kept_plan_more(const struct store *s, const struct kept_more *m, struct step *step,
                           struct pawl_err *err)
{
    PAWL_CLEANUP(there_done) struct there      there = { 0 };
    PAWL_CLEANUP(writing_free) struct writing *w = NULL;
    struct pawl_view                           head;

    if (!m->tenant->keep_evidence)
        return pawl_ok();
    PAWL_TRY(look(s, &step->device, &there, err));
    if (!there.head.n)
        return pawl_ok();
    PAWL_TRY(writing_make(&w, err));
    PAWL_TRY(bundle_head_parse(pawl_view(there.head.p, there.head.n), &w->head, err));
    say_judged(&w->head, m->j, &step->device, m->now_ms);
    PAWL_TRY(write_head(&w->head, w->room, &head, err));
    return head.n ? plan_rows(&there, false, head, &m->log, &m->list, step, err) : pawl_ok();
}
