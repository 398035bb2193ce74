/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the agent's record of itself: a file that is read and cannot be written and read again as
 * the same, a text without its end. The file stands in memory: this target is its own state/file.c.
 */

#include "fuzz.h"
#include "state/file.h"
#include "state/record.h"

static uint8_t file[2 * RECORD_MAX];
static size_t  file_n;

pawl_status file_read(int dir, const char *name, uint8_t *ret, size_t cap, size_t *ret_n,
                      struct pawl_err *err)
{
    (void)dir;
    if (file_n > cap)
        return pawl_fail(err, PAWL_E_RANGE, name, "longer than %zu bytes", cap);
    memcpy(ret, file, file_n);
    *ret_n = file_n;
    return pawl_ok();
}

pawl_status file_replace(int dir, const char *name, struct pawl_view bytes, struct pawl_err *err)
{
    (void)dir;
    (void)name;
    (void)err;
    FUZZ_HOLDS(bytes.n <= sizeof(file));
    memcpy(file, bytes.p, bytes.n);
    file_n = bytes.n;
    return pawl_ok();
}

static bool is_text(const char *s, size_t room)
{
    return memchr(s, 0, room) != NULL;
}

/* What was saved holds nothing that a terminal would act on. */
static bool is_plain(const char *s)
{
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            return false;
    return true;
}

static void same(const struct record *a, const struct record *b)
{
    FUZZ_HOLDS(a->enrolled == b->enrolled && a->waits == b->waits);
    FUZZ_HOLDS(a->has_verifier == b->has_verifier && a->has_device == b->has_device);
    FUZZ_HOLDS(!memcmp(a->verifier_id, b->verifier_id, sizeof(a->verifier_id)));
    FUZZ_HOLDS(!memcmp(a->verifier_point, b->verifier_point, sizeof(a->verifier_point)));
    FUZZ_HOLDS(!memcmp(a->device_id, b->device_id, sizeof(a->device_id)));
    FUZZ_HOLDS(pawl_view_equal(pawl_name_view(&a->ek_name), pawl_name_view(&b->ek_name)));
    FUZZ_HOLDS(pawl_view_equal(pawl_name_view(&a->ak_name), pawl_name_view(&b->ak_name)));
    FUZZ_HOLDS(pawl_view_equal(pawl_name_view(&a->td_name), pawl_name_view(&b->td_name)));
    FUZZ_HOLDS(a->has_resets == b->has_resets && a->resets == b->resets);
    FUZZ_HOLDS(a->has_os_boot == b->has_os_boot && a->watched == b->watched);
    FUZZ_HOLDS(!memcmp(a->os_boot, b->os_boot, sizeof(a->os_boot)));
    FUZZ_HOLDS(a->epoch == b->epoch && a->rekeyed_s == b->rekeyed_s);
    FUZZ_HOLDS(a->failing_since_s == b->failing_since_s);
    FUZZ_HOLDS(a->incident.kind == b->incident.kind && a->incident.since_s == b->incident.since_s);
    FUZZ_HOLDS(a->incident.by_verifier == b->incident.by_verifier &&
               a->incident.epoch == b->incident.epoch);
    FUZZ_HOLDS(a->told == b->told && a->told_since_s == b->told_since_s);
    /* Texts keep their length; what is no printable ASCII is saved as '?'. */
    FUZZ_HOLDS(strlen(a->tenant) == strlen(b->tenant) && strlen(a->why) == strlen(b->why));
    FUZZ_HOLDS(strlen(a->failure) == strlen(b->failure) && strlen(a->server) == strlen(b->server));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct record   r, again;
    struct pawl_err err = { 0 };

    file_n = n < sizeof(file) ? n : sizeof(file);
    if (file_n)
        memcpy(file, p, file_n);
    FUZZ_POISON(&r);
    pawl_status s = record_read(-1, &r, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &r);
        return 0;
    }
    FUZZ_HOLDS(is_text(r.server, sizeof(r.server)) && is_text(r.tenant, sizeof(r.tenant)) &&
               is_text(r.ek, sizeof(r.ek)) && is_text(r.ak, sizeof(r.ak)) &&
               is_text(r.result, sizeof(r.result)) && is_text(r.why, sizeof(r.why)) &&
               is_text(r.software, sizeof(r.software)) && is_text(r.keys, sizeof(r.keys)) &&
               is_text(r.coverage, sizeof(r.coverage)) && is_text(r.release, sizeof(r.release)) &&
               is_text(r.failure, sizeof(r.failure)));
    FUZZ_HOLDS(!r.enrolled || (r.has_verifier && r.has_device && r.tenant[0]));
    s = record_save(-1, &r, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_HOLDS(s.code == PAWL_E_RANGE);
        return 0;
    }
    FUZZ_HOLDS(pawl_is_ok(record_read(-1, &again, &err)));
    same(&r, &again);
    FUZZ_HOLDS(is_plain(again.why) && is_plain(again.failure) && is_plain(again.server) &&
               is_plain(again.result) && is_plain(again.ek) && is_plain(again.ak));
    return 0;
}
