/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that grows by whole frames: sent log, received log and spools are made of it.
 *
 *     file  = magic(8) || id(16) || check(16) || frame ..
 *     frame = u32 n || body(n) || check(16)
 *     check of a frame = SHA-256("pawl/1 frame" || id || u64 offset || u32 n || body)[0..16)
 *
 * Invariants (P-DUR-9)
 *  1. A file comes into being whole, under another name, and is renamed when it is on the disk.
 *  2. A frame is appended only behind frames that are on the disk, so at most the last one can be
 *     torn. What a failed append left behind is overwritten or cut off before anything follows.
 *  3. A frame that is not whole ends the file, if nothing whole stands behind it; otherwise the
 *     file is damaged, and says so.
 *
 * Not here: what the bodies mean, and whether a damaged file is worth anything.
 */
#ifndef AGENT_STATE_JOURNAL_H
#define AGENT_STATE_JOURNAL_H

#include <pawl/base.h>

#define JOURNAL_ID    16
#define JOURNAL_CHECK 16
#define JOURNAL_HEAD  4                              /* of each frame, in front of its body .. */
#define JOURNAL_FRAME (JOURNAL_HEAD + JOURNAL_CHECK) /* .. and with what stands behind it */

struct journal {
    int         fd, dir; /* fd: -1 when closed */
    const char *name;    /* lives longer than this */
    size_t      body_max;
    uint8_t     id[JOURNAL_ID];
    uint64_t    end;     /* of the frames on the disk */
    bool        begun;   /* under its temporary name */
    bool        untidy;  /* something may stand behind the end */
    bool        unnamed; /* the directory may not be on the disk */
    bool        damaged; /* as found: inv. 3 */
};

/* Gets each whole frame in order; at: where its body begins in the file. */
typedef pawl_status journal_visit(void *arg, uint64_t at, struct pawl_view body,
                                  struct pawl_err *err);

/* Reads the file and hands out its frames. body_max: of a frame; more at the end than one such
 * frame is no torn tail but damage. Changes nothing on the disk. ABSENT without a file, FORM for
 * one that is no journal, IO; what visit fails with is passed on. *ret is open on success only. */
PAWL_MUST_USE pawl_status journal_open(int dir, const char *name, size_t body_max,
                                       journal_visit *visit, void *arg, struct journal *ret,
                                       struct pawl_err *err);

/* Also for PAWL_CLEANUP. */
void journal_close(struct journal *j);

/* One frame more, on the disk when it returns. On failure (IO) the file counts as unchanged, and
 * the next append works if the disk does. body: 1 to body_max bytes; it stands at the old
 * end + JOURNAL_HEAD. */
PAWL_MUST_USE pawl_status journal_append(struct journal *j, struct pawl_view body,
                                         struct pawl_err *err);

/* n bytes of the file. IO if they are not there. */
PAWL_MUST_USE pawl_status journal_read(const struct journal *j, uint64_t at, uint8_t *ret, size_t n,
                                       struct pawl_err *err);

/* A new file in place of the one of this name, if there is one: journal_begin, journal_write for
 * each frame, journal_install. Until the last the old file stands; closed before it, the new one is
 * gone. */
PAWL_MUST_USE pawl_status journal_begin(int dir, const char *name, size_t body_max,
                                        struct journal *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status journal_write(struct journal *j, struct pawl_view body,
                                        struct pawl_err *err);
/* *next takes the name, and the place of *j (open or closed). On failure both are as they were.
 * When the directory alone could not be brought to the disk this is success, and every append fails
 * until it can. */
PAWL_MUST_USE pawl_status journal_install(struct journal *next, struct journal *j,
                                          struct pawl_err *err);

#endif
