/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's application socket: frames, and a small client. This is the only part of libpawl that
 * does I/O; nothing else of it depends on it. docs/application-socket.md has the format for other
 * languages.
 *
 * Unix, SOCK_SEQPACKET: one packet is one frame, one deterministic CBOR array. The agent admits
 * peers by SO_PEERCRED (configuration: socket_users, socket_groups; root and the agent's own user
 * always).
 *
 *   request                          answer
 *   ["send", bytes]                  ["queued", id] when it is durable in the queue
 *   ["sent"]                         ["acknowledged", id] as far as the verifier has acknowledged
 *   ["receive", after]               ["message", id, bytes] | ["none"]; id stays in the inbox ..
 *   ["taken", id]                    ["ok"]               .. until it is taken
 *   ["follow"]                       ["ok"], then ["message", id, bytes] as they come
 *   ["key", label, context, n, epoch]["key", epoch, bytes]; epoch 0: the current one
 *   ["status"]                       ["status", {..}]
 *   anything                         ["error", code, text]: "full", "denied", "state", "form", ..
 */
#ifndef PAWL_LOCAL_H
#define PAWL_LOCAL_H

#include <pawl/cbor.h>

#define PAWL_LOCAL_SOCKET    "/run/pawl-agent/app.sock"
#define PAWL_LOCAL_FRAME_MAX (PAWL_BODY_MAX + 256)

struct pawl_local; /* a connection; one thread at a time */

/* path NULL: PAWL_LOCAL_SOCKET. ABSENT if no agent listens there, DENIED if it does not admit us.
 */
PAWL_MUST_USE pawl_status pawl_local_open(const char *path, struct pawl_local **ret,
                                          struct pawl_err *err);
void                      pawl_local_close(struct pawl_local **c);

/* Durable when it returns. FULL: the queue is; try again later. Several may be under way: see
 * pawl_local_send_all. */
PAWL_MUST_USE pawl_status pawl_local_send(struct pawl_local *c, struct pawl_view body,
                                          uint64_t *ret_id, struct pawl_err *err);

/* Up to 64 at once, so that they share one fsync. *ret_n: how many are durable, from the front,
 * after a failure too. */
PAWL_MUST_USE pawl_status pawl_local_send_all(struct pawl_local *c, const struct pawl_view *body,
                                              size_t n, size_t *ret_n, struct pawl_err *err);

/* The oldest message behind `after` (0: the first). Waits at most wait_ms; ABSENT if none came.
 * ret: PAWL_BODY_MAX bytes. It comes again until it was taken. */
PAWL_MUST_USE pawl_status pawl_local_receive(struct pawl_local *c, uint64_t after, int wait_ms,
                                             uint64_t *ret_id, uint8_t *ret, size_t cap,
                                             size_t *ret_n, struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_local_taken(struct pawl_local *c, uint64_t id, struct pawl_err *err);

/* app_key by label (docs/protocol.md, "Key schedule"): the same key that the verifier exports for
 * this device and epoch. *epoch 0 asks for the current one and gets its number. ABSENT for an epoch
 * that is neither current nor pending. */
PAWL_MUST_USE pawl_status pawl_local_key(struct pawl_local *c, const char *label,
                                         struct pawl_view context, size_t n, uint64_t *epoch,
                                         struct pawl_secret *ret, struct pawl_err *err);

#endif
