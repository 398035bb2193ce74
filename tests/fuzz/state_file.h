/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For targets that read a file of the agent's state: a directory of their own, and the input put
 * there. An input begins with a byte that says how: 0, the rest is the file; otherwise it is u16
 * length and body of each frame of a journal, which gets its checksums here: they let nothing
 * invented through.
 */
#ifndef TESTS_FUZZ_STATE_FILE_H
#define TESTS_FUZZ_STATE_FILE_H

#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "state/file.h"
#include "state/journal.h"

static char state_path[40];
static int  state_dir = -1;

static void state_remove(void)
{
    static const char *const names[] = { "slot.0",           "slot.1",           "sent.log",
                                         "sent.log.bad",     "sent.log.new",     "received.log",
                                         "received.log.bad", "received.log.new", "queue.spool",
                                         "queue.spool.bad",  "queue.spool.new" };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        unlinkat(state_dir, names[i], 0);
    rmdir(state_path);
}

static void state_open(void)
{
    if (state_dir >= 0)
        return;
    snprintf(state_path, sizeof(state_path), "%s/pawl-fuzz-XXXXXX",
             access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    FUZZ_HOLDS(mkdtemp(state_path));
    state_dir = open(state_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_HOLDS(state_dir >= 0);
    atexit(state_remove);
}

static void state_put(const char *name, struct pawl_view bytes)
{
    int fd = openat(state_dir, name, O_WRONLY | O_TRUNC | O_CREAT, 0600);

    FUZZ_HOLDS(fd >= 0 && write(fd, bytes.p, bytes.n) == (ssize_t)bytes.n);
    close(fd);
}

static inline void state_put_frames(const char *name, size_t body_max, struct pawl_view bytes)
{
    struct journal  next, now = { .fd = -1 };
    struct pawl_rd  r = pawl_rd_from(bytes);
    struct pawl_err err;

    FUZZ_HOLDS(pawl_is_ok(journal_begin(state_dir, name, body_max, &next, &err)));
    while (!r.bad && r.left) {
        struct pawl_view body = pawl_rd_tpm2b(&r, "body", body_max);
        if (body.n)
            FUZZ_HOLDS(pawl_is_ok(journal_write(&next, body, &err)));
    }
    FUZZ_HOLDS(pawl_is_ok(journal_install(&next, &now, &err)));
    journal_close(&now);
}

static inline void state_put_input(const char *name, size_t body_max, const uint8_t *p, size_t n)
{
    state_open();
    if (n && p[0])
        state_put_frames(name, body_max, pawl_view(p + 1, n - 1));
    else
        state_put(name, pawl_view(n ? p + 1 : p, n ? n - 1 : 0));
}

#endif
