/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of messages on disk, encrypted: what applications gave us to send ("queue"), and what
 * came down for them ("inbox").
 *
 * Invariants (P-DUR-8)
 *  1. Every record is AES-256-SIV under the slot's spool key, bound to the spool's name, its id and
 *     its place; no plaintext is on the disk.
 *  2. spool_put is durable when spool_sync returned, not before. One fsync serves all that was put.
 *  3. The oldest comes first. What is taken off stays off after a crash, or comes again; it is
 *     never lost. Consumers see an id once because the receiver remembers ids.
 *  4. id = u32 drawn when the spool was made || u32 count from 1. A spool that was lost and made
 * anew has other ids, so the receiver does not take its messages for old ones.
 *  5. It never holds more than its cap: then spool_put fails with FULL, which names the cap, and
 * what is in it stays. A full disk is IO and leaves it as it was.
 *
 * Thread-safe. Spec: docs/protocol.md, section "Messages".
 */
#ifndef AGENT_STATE_SPOOL_H
#define AGENT_STATE_SPOOL_H

#include <pawl/base.h>

#define SPOOL_QUEUE "queue"
#define SPOOL_INBOX "inbox"

struct spool;

struct spool_config {
    const char *name;  /* SPOOL_QUEUE, SPOOL_INBOX: its file is NAME.spool */
    uint64_t    cap_n; /* bytes of bodies, with a fixed share for each record */
};

/* *ret_lost: a file was there and this key does not open it (it is set aside), so what was in it is
 * gone; or some records in it are spoilt, and the others are there. key: 64 bytes, copied. */
PAWL_MUST_USE pawl_status spool_open(int dir, const struct spool_config *c,
                                     const struct pawl_secret *key, struct spool **ret,
                                     bool *ret_lost, struct pawl_err *err);
void                      spool_close(struct spool **s);

/* *ret_id: its id. RANGE above PAWL_BODY_MAX or for no bytes. With id 0 the spool gives the next
 * one; otherwise this id is kept (the inbox keeps those of the verifier), and nothing is added
 * where a message of this id waits already. */
PAWL_MUST_USE pawl_status spool_put(struct spool *s, uint64_t id, struct pawl_view body,
                                    uint64_t *ret_id, struct pawl_err *err);
/* Everything put and taken before the call is durable. On failure it waits for the next sync. */
PAWL_MUST_USE pawl_status spool_sync(struct spool *s, struct pawl_err *err);

/* The oldest record behind `after` (0: from the front) that is durable. ABSENT if there is none.
 * ret: PAWL_BODY_MAX bytes. Ids compare by the order in which they were put. */
PAWL_MUST_USE pawl_status spool_next(struct spool *s, uint64_t after, uint64_t *ret_id,
                                     uint8_t *ret, size_t cap, size_t *ret_n, struct pawl_err *err);
/* Takes this one off, durably with the next sync; one that is not there is no failure. */
PAWL_MUST_USE pawl_status spool_take(struct spool *s, uint64_t id, struct pawl_err *err);

struct spool_facts {
    uint64_t n, body_n; /* records, bytes of bodies */
    uint64_t cap_n;
    uint64_t done_id; /* of our own: all up to it were taken off */
};

struct spool_facts spool_facts(struct spool *s);

#endif
