/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/steps.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "state/file.h"

#define KERNEL_BOOT_ID "/proc/sys/kernel/random/boot_id"

enum { KERNEL_BOOT_ID_N = 36 };

static pawl_status read_os_boot(uint8_t ret[PAWL_OS_BOOT], struct pawl_err *err)
{
    uint8_t text[64];
    int     fd = open(KERNEL_BOOT_ID, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

    file_close(&fd);
    if (n < KERNEL_BOOT_ID_N)
        return pawl_fail(err, PAWL_E_IO, "os_boot", "cannot read " KERNEL_BOOT_ID);
    return pawl_os_boot(pawl_view(text, KERNEL_BOOT_ID_N), ret, err);
}

static bool is_pinned(const struct config *c, const uint8_t id[PAWL_VERIFIER_ID])
{
    for (size_t i = 0; i < c->verifier_n; i++)
        if (pawl_view_equal(PAWL_VIEW_OF(c->verifier[i]), pawl_view(id, PAWL_VERIFIER_ID)))
            return true;
    return false;
}

/* A verifier may move, or sign with its next key; with another tenant or a key that is not pinned
 * it is another verifier, at the same address too. Who we are stays, so that the device keeps its
 * id; what that other verifier knows does not. */
void flow_forget_others(struct record *r, const struct config *c)
{
    if (r->enrolled && (strcmp(r->tenant, c->tenant) || !is_pinned(c, r->verifier_id)))
        *r = (struct record){ .ek_name = r->ek_name };
}

/* A file that a power cut or a bad disk spoilt is as good as lost. A disk that does not answer at
 * all is not: tomorrow it may. */
static pawl_status take_as_lost(struct flow *f, const char *name, pawl_status s,
                                struct pawl_err *err)
{
    if (s.code != PAWL_E_FORM && s.code != PAWL_E_RANGE && s.code != PAWL_E_TRAILING &&
        s.code != PAWL_E_ABSENT)
        return s;
    flow_note_lost(f, err);
    return file_set_aside(f->dir.fd, name, err);
}

/* Without its record the device enrols again, as the same EK. Without its numbers it begins at 1,
 * and the verifier's signed refusal says where to go on (resync.c). */
static pawl_status read_state(struct flow *f, struct pawl_err *err)
{
    f->reserved = (struct reservation){ .attempt_next = 1, .seq_next = 1, .run_first = 1 };
    PAWL_TRY(take_as_lost(f, RECORD_FILE, record_read(f->dir.fd, &f->record, err), err));
    return take_as_lost(f, RESERVATION_FILE, reservation_open(f->dir.fd, &f->reserved, err), err);
}

void flow_note_lost(struct flow *f, const struct pawl_err *why)
{
    if (f->lost_n < FLOW_LOST_MAX)
        f->lost[f->lost_n++] = *why;
}

void flow_lost_said(struct flow *f)
{
    f->lost_n = 0;
}

void flow_note_missing(struct flow *f, const struct pawl_err *why)
{
    struct flow_missing *m = f->missing;

    while (m->why.where[0] && strcmp(m->why.where, why->where))
        if (++m == f->missing + FLOW_MISSING_MAX)
            return;
    if (strcmp(m->why.why, why->why))
        *m = (struct flow_missing){ .why = *why };
}

/* Runs on while the device sleeps, and nobody sets it. */
static int64_t boot_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall_s(void)
{
    return (int64_t)time(NULL);
}

pawl_status flow_open(const struct config *config, struct flow *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(flow_close) struct flow f = { .config = config, .dir = { -1, -1 } };

    PAWL_TRY(config_has_server(config, err));
    PAWL_TRY(state_dir_open(config->state, &f.dir, err));
    PAWL_TRY(pawl_under(err, "state", read_state(&f, err)));
    f.moves = f.record.enrolled;
    flow_forget_others(&f.record, config);
    f.moves = f.moves && !f.record.enrolled;
    PAWL_TRY(pawl_random(f.boot_id, sizeof(f.boot_id), err));
    PAWL_TRY(read_os_boot(f.os_boot, err));
    f.live.boot_ms = boot_ms;
    f.live.wall_s = wall_s;
    PAWL_TRY(net_open(&config->net, &f.net, err));
    *ret = f;
    f = (struct flow){ .dir = { -1, -1 } };
    return pawl_ok();
}

void flow_close(struct flow *f)
{
    live_close(&f->live);
    outbox_free(&f->outbox);
    net_close(&f->net);
    state_dir_close(&f->dir);
}

/* It speaks of this moment, within a minute of new keys, and of nothing that was judged: a verdict
 * stands. */
static bool leaves_verdict(const struct record *r, const struct flow_answer *a)
{
    return r->software[0] && a->kind == FLOW_REFUSED &&
           a->refusal.code == PAWL_REFUSAL_REKEY_TOO_SOON;
}

static void note_answer(struct record *r, const struct flow_answer *a)
{
    if (a->kind == FLOW_RESULT) {
        snprintf(r->result, sizeof(r->result), "%s", ear_status_name(a->ear.status));
        snprintf(r->software, sizeof(r->software), "%s", ear_status_name(a->ear.software));
        snprintf(r->keys, sizeof(r->keys), "%s", ear_status_name(a->ear.keys));
        memcpy(r->why, a->ear.why, sizeof(r->why));
        memcpy(r->coverage, a->ear.coverage, sizeof(r->coverage));
        memcpy(r->release, a->ear.release, sizeof(r->release));
        r->watched = a->ear.watched;
        r->waits = a->ear.waits;
    } else if (!leaves_verdict(r, a)) {
        snprintf(r->result, sizeof(r->result), "refused: %s", pawl_refusal_text(a->refusal.code));
        r->why[0] = r->software[0] = r->keys[0] = r->coverage[0] = r->release[0] = 0;
        r->watched = false;
        r->waits = a->refusal.code == PAWL_REFUSAL_WAIT_FOR_APPROVAL;
    }
    r->failure[0] = 0;
    r->failing_since_s = 0;
}

static void note_failure(struct record *r, int64_t now_s, const struct pawl_err *e)
{
    if (!r->failure[0])
        r->failing_since_s = now_s;
    /* Without what changes from one failure to the next, or each would write the disk anew. */
    const char *id = strstr(e->why, FLOW_REQUEST);
    int         n = id ? (int)(id - e->why) : (int)strlen(e->why);
    snprintf(r->failure, sizeof(r->failure), "%s: %.*s", e->where, n, e->why);
}

static void note_epoch(struct flow *f, int64_t now_s)
{
    struct record *r = &f->record;

    if (!f->live.open || r->epoch == f->live.slot.epoch)
        return;
    r->epoch = f->live.slot.epoch;
    r->rekeyed_s = now_s;
}

void flow_note(struct flow *f, pawl_status s, const struct flow_answer *a, int64_t now_s,
               const struct pawl_err *err)
{
    struct pawl_err ignored;

    /* A mistake in the configuration, set right again, must not cost the enrolment: the old record
     * stays until another verifier has shown its key. */
    if (f->moves && !f->record.has_verifier)
        return;
    /* The same holds for the epoch; from here on it is that other verifier's record. */
    if (f->moves && !f->live.open)
        (void)pawl_is_ok(slot_forget(f->dir.fd, &ignored));
    f->moves = false;
    if (pawl_is_ok(s))
        note_answer(&f->record, a);
    else if (s.code != PAWL_E_STATE) /* what cannot be asked for yet has not failed */
        note_failure(&f->record, now_s, err);
    note_epoch(f, now_s);
    f->ask_jwks = !pawl_is_ok(s);
    if (pawl_is_ok(s) && a->kind == FLOW_RESULT)
        verifier_follow(f, &a->ear);
    (void)pawl_is_ok(record_save(f->dir.fd, &f->record, &ignored));
}
