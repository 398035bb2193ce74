/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/eventlog.h"

#include <stdlib.h>

#include <pawl/crypto.h>

#include "evidence/source.h"

enum { FIRST = 64 * 1024 }; /* most logs fit */

void eventlog_done(struct eventlog *l)
{
    free(l->bytes);
    *l = (struct eventlog){ 0 };
}

static pawl_status grow(struct eventlog *l, size_t cap, struct pawl_err *err)
{
    uint8_t *more = realloc(l->bytes, cap);

    if (!more)
        return pawl_fail(err, PAWL_E_MEMORY, EVENTLOG_KEY, "no memory for %zu bytes", cap);
    l->bytes = more;
    return pawl_ok();
}

pawl_status eventlog_read(const char *path, struct eventlog *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(source_close) int              fd = -1;
    PAWL_CLEANUP(eventlog_done) struct eventlog l = { 0 };
    size_t                                      cap = FIRST / 2, got;

    PAWL_TRY(source_open(path, EVENTLOG_KEY, &fd, err));
    do { /* until a read comes short: one byte above the limit tells a log that is too long */
        cap = cap < EVENTLOG_MAX ? cap * 2 : EVENTLOG_MAX + 1;
        PAWL_TRY(grow(&l, cap, err));
        PAWL_TRY(source_read(fd, EVENTLOG_KEY, l.bytes + l.n, cap - l.n, &got, err));
        l.n += got;
    } while (l.n == cap && cap <= EVENTLOG_MAX);
    if (l.n > EVENTLOG_MAX)
        return pawl_fail(err, PAWL_E_RANGE, EVENTLOG_KEY, "more than %d bytes", EVENTLOG_MAX);
    if (!l.n)
        return pawl_fail(err, PAWL_E_ABSENT, EVENTLOG_KEY, "empty");
    PAWL_TRY(pawl_sha256(pawl_view(l.bytes, l.n), l.sha256, err));
    *ret = l;
    l = (struct eventlog){ 0 };
    return pawl_ok();
}
