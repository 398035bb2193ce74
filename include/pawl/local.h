/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's application socket: frames, and a small client. The client is the only part of
 * libpawl that does I/O; nothing else of it depends on it. docs/application-socket.md has the
 * format for other languages.
 *
 * Unix, SOCK_SEQPACKET: one packet is one frame, one deterministic CBOR array. The agent admits
 * peers by SO_PEERCRED (configuration: socket_users, socket_groups; root and the agent's own user
 * always).
 *
 *   request                          answer, in the order of the requests
 *   ["send", bytes]                  ["queued", id] when it is durable in the queue
 *   ["send", bytes, true]            the same, and only if the send before it was queued
 *   ["sent"]                         ["acknowledged", id] as far as the verifier has acknowledged
 *   ["receive", after, wait_ms]      ["message", id, bytes] | ["none"]; id stays in the inbox ..
 *   ["taken", id]                    ["ok"]               .. until it is taken
 *   ["follow"]                       ["ok"], then ["message", id, bytes] as they come
 *   ["watch"]                        ["ok"], then ["event", kind, begin, text] as they come; at
 *                                    once the incident that is open
 *   ["key", label, context, n, epoch]["key", epoch, bytes]; epoch 0: the current one
 *   ["status"]                       ["status", {..}]
 *   anything                         ["error", code, text]: "full", "denied", "state", "form", ..
 */
#ifndef PAWL_LOCAL_H
#define PAWL_LOCAL_H

#include <pawl/cbor.h>

#define PAWL_LOCAL_SOCKET      "/run/pawl-agent/app.sock"
#define PAWL_LOCAL_PATH_MAX    107 /* characters of a socket's path */
#define PAWL_LOCAL_FRAME_MAX   (PAWL_BODY_MAX + 256)
#define PAWL_LOCAL_LABEL_MAX   64
#define PAWL_LOCAL_CONTEXT_MAX 255
#define PAWL_LOCAL_TEXT_MAX    200
#define PAWL_LOCAL_KIND_MAX    32
#define PAWL_LOCAL_WAIT_MAX_MS 60000

/* ---- frames --------------------------------------------------------------------------------- */

enum pawl_local_ask {
    PAWL_LOCAL_ASK_NONE = 0,
    PAWL_LOCAL_SEND,
    PAWL_LOCAL_SENT,
    PAWL_LOCAL_RECEIVE,
    PAWL_LOCAL_TAKEN,
    PAWL_LOCAL_FOLLOW,
    PAWL_LOCAL_WATCH,
    PAWL_LOCAL_KEY,
    PAWL_LOCAL_STATUS,
    PAWL_LOCAL_ASK_COUNT
};

struct pawl_local_req {
    enum pawl_local_ask ask;
    struct pawl_view    body;    /* SEND: of any length, the queue says which it takes */
    bool                chained; /* SEND: only behind one that was queued */
    uint64_t            id;      /* RECEIVE: after; TAKEN */
    uint64_t            wait_ms; /* RECEIVE */
    struct pawl_view    label;   /* KEY .. */
    struct pawl_view    context;
    uint64_t            n, epoch;
};

enum pawl_local_say {
    PAWL_LOCAL_SAY_NONE = 0, /* never on the wire */
    PAWL_LOCAL_QUEUED,
    PAWL_LOCAL_ACKNOWLEDGED,
    PAWL_LOCAL_MESSAGE,
    PAWL_LOCAL_NOTHING, /* "none" */
    PAWL_LOCAL_DONE,    /* "ok" */
    PAWL_LOCAL_A_KEY,
    PAWL_LOCAL_FACTS, /* "status" */
    PAWL_LOCAL_EVENT,
    PAWL_LOCAL_ERROR,
    PAWL_LOCAL_SAY_COUNT
};

/* Of ["status", {..}]: a map with the members' names as keys. */
struct pawl_local_facts {
    uint64_t epoch;                         /* 0: there is none */
    uint64_t queue, queue_bytes, queue_max; /* messages, bytes of them, how many bytes there may be
                                             */
    uint64_t inbox, inbox_bytes, inbox_max;
};

struct pawl_local_ans {
    enum pawl_local_say     say;
    uint64_t                id;    /* QUEUED, ACKNOWLEDGED, MESSAGE */
    uint64_t                epoch; /* A_KEY */
    struct pawl_view        body;  /* MESSAGE, A_KEY */
    struct pawl_local_facts facts;
    struct pawl_view        kind;  /* EVENT: "key-used-elsewhere" .. */
    bool                    begin; /* .. and whether it begins, or is over */
    enum pawl_code          code;  /* ERROR */
    struct pawl_view        text;  /* ERROR, EVENT */
};

/* Views point into in. FORM, SHORT, RANGE or TRAILING for anything that is not one such frame. */
PAWL_MUST_USE pawl_status pawl_local_req_parse(struct pawl_view in, struct pawl_local_req *ret,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_local_req_write(const struct pawl_local_req *m, struct pawl_wr *w,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_local_ans_parse(struct pawl_view in, struct pawl_local_ans *ret,
                                               struct pawl_err *err);
PAWL_MUST_USE pawl_status pawl_local_ans_write(const struct pawl_local_ans *m, struct pawl_wr *w,
                                               struct pawl_err *err);

/* ---- client --------------------------------------------------------------------------------- */

struct pawl_local; /* a connection; one thread at a time */

/* path NULL: PAWL_LOCAL_SOCKET. ABSENT if no agent listens there, DENIED if it does not admit us.
 * Every call fails with IO when the agent goes away or is silent for half a minute; then the
 * connection is of no more use, and every later call fails so too. What the agent refuses fails
 * with its code and words. */
PAWL_MUST_USE pawl_status pawl_local_open(const char *path, struct pawl_local **ret,
                                          struct pawl_err *err);
void                      pawl_local_close(struct pawl_local **c); /* also of NULL */

/* Durable when it returns. FULL: the queue is; try again later. RANGE: no bytes, or more than
 * PAWL_BODY_MAX. */
PAWL_MUST_USE pawl_status pawl_local_send(struct pawl_local *c, struct pawl_view body,
                                          uint64_t *ret_id, struct pawl_err *err);

/* Up to 64 at once, so that they share one fsync. *ret_n: how many are durable, from the front,
 * after a failure too; those behind are not in the queue, but for a connection that broke: then
 * nobody knows. *ret_id: of the last one that is durable. */
PAWL_MUST_USE pawl_status pawl_local_send_all(struct pawl_local *c, const struct pawl_view *body,
                                              size_t n, size_t *ret_n, uint64_t *ret_id,
                                              struct pawl_err *err);

/* The verifier has acknowledged all messages up to this id. Ids of one queue differ in their lower
 * half alone; an id of another upper half is of a queue that was lost. */
PAWL_MUST_USE pawl_status pawl_local_acknowledged(struct pawl_local *c, uint64_t *ret_id,
                                                  struct pawl_err *err);

/* The oldest message behind `after` (0: the first). Waits at most wait_ms (negative: for ever);
 * ABSENT if none came. ret: PAWL_BODY_MAX bytes. It comes again until it was taken. */
PAWL_MUST_USE pawl_status pawl_local_receive(struct pawl_local *c, uint64_t after, int wait_ms,
                                             uint64_t *ret_id, uint8_t *ret, size_t cap,
                                             size_t *ret_n, struct pawl_err *err);
/* Durable when it returns. */
PAWL_MUST_USE pawl_status pawl_local_taken(struct pawl_local *c, uint64_t id, struct pawl_err *err);

/* An incident: somebody else has this device's keys, or a copy of it is about. */
struct pawl_local_event {
    char kind[PAWL_LOCAL_KIND_MAX + 1]; /* "message-forged", "key-used-elsewhere", .. */
    bool begin;                         /* false: it is over */
    char text[PAWL_LOCAL_TEXT_MAX + 1]; /* for people */
};

/* From here on the connection is for events alone: any other call fails with IO. */
PAWL_MUST_USE pawl_status pawl_local_watch(struct pawl_local *c, struct pawl_err *err);
/* The next event; the first one, at once, is the incident that is open. Waits at most wait_ms
 * (negative: for ever); ABSENT if none came. */
PAWL_MUST_USE pawl_status pawl_local_next_event(struct pawl_local *c, int wait_ms,
                                                struct pawl_local_event *ret, struct pawl_err *err);

/* app_key by label (docs/protocol.md, "Key schedule"): the same key that the verifier exports for
 * this device and epoch. *epoch 0 asks for the current one and gets its number. ABSENT for an epoch
 * that is neither current nor pending. */
PAWL_MUST_USE pawl_status pawl_local_key(struct pawl_local *c, const char *label,
                                         struct pawl_view context, size_t n, uint64_t *epoch,
                                         struct pawl_secret *ret, struct pawl_err *err);

PAWL_MUST_USE pawl_status pawl_local_status(struct pawl_local *c, struct pawl_local_facts *ret,
                                            struct pawl_err *err);

#endif
