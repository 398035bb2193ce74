/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator may ask: devices, messages, policies, tokens. Like the flows of devices, each
 * function reads and decides, and what it wants to change goes back as a step; the answer holds
 * once the step is durable.
 *
 * *ret is JSON, owned by the caller (free), set only on success. tenant is one of f->config. A body
 * is JSON as bytes, read strictly: unknown members are refused.
 *
 * Failures: ABSENT (there is no such device, policy or token), STATE (the table of lifecycle.h
 * refuses), CONFLICT (somebody was first: plan again, unless the name is taken), FORM, RANGE,
 * UNSUPPORTED (bad input; err->where is the member's path). Anything else is our failure.
 */
#ifndef VERIFIER_FLOW_OPERATOR_H
#define VERIFIER_FLOW_OPERATOR_H

#include "flow/flow.h"
#include "flow/lifecycle.h"
#include "flow/revoked.h"

#define OPERATOR_BODY_MAX            (16 * 1024 * 1024) /* of a policy */
#define OPERATOR_DEVICES_MAX         1000               /* of one page */
#define OPERATOR_ID_PREFIX           4 /* least hex digits that may stand for a device */
#define OPERATOR_TOKEN_USES          1000000
#define OPERATOR_TOKEN_TTL_S         (10ull * 366 * 86400)
#define OPERATOR_TOKEN_TTL_DEFAULT_S 86400

/* ---- lists ---------------------------------------------------------------------------------- */

#define OPERATOR_AFTER_MAX 128 /* with its 0 */

/* Where a page begins and how long it is. A page has "next": what to give as after, null at the
 * end. */
struct list_query {
    char     after[OPERATOR_AFTER_MAX]; /* empty: the first page */
    uint64_t limit;                     /* 0: 100 */
};

/* ---- devices: id is 64 hex digits, or an unambiguous prefix of at least 4 -------------------- */

#define OPERATOR_LABEL_MAX (2 * LABEL_PART_MAX + 2) /* of its text, with its 0 */

/* What a device has to fit; empty: whatever it is. */
struct device_query {
    char              state[16];
    char              group[PAWL_TENANT_MAX + 1];
    char              label[OPERATOR_LABEL_MAX];
    char              status[20]; /* ear.status of the last result */
    char              release[RELEASE_NAME_MAX + 1];
    bool              overdue;                        /* those of which that was told */
    bool              rekey_overdue;                  /* .. and of whose rekey */
    char              begins[2 * PAWL_DEVICE_ID + 1]; /* hex digits that its id begins with */
    struct list_query page;                           /* after: an id */
};

/* {"devices": [..], "next": id | null}. A page looks at so many devices and no more, so it may have
 * few rows, or none, and a next. */
PAWL_MUST_USE pawl_status operator_devices(struct flow *f, const struct tenant_config *tenant,
                                           const struct device_query *q, char **ret,
                                           struct pawl_err *err);
/* {"devices": n, "as_of": time, "state": {state: n}, "status": {..}, "group": {..}}, the one in no
 * group under "". Counting goes on in pieces: *ret NULL says that it is not ready; ask again soon.
 */
PAWL_MUST_USE pawl_status operator_fleet(struct flow *f, const struct tenant_config *tenant,
                                         char **ret, struct pawl_err *err);
/* {["add": [label ..]][, "remove": [label ..]]}: NAME or NAME=VALUE. What is added takes the place
 * of the one with that name; a NAME removes whatever value it has. {"id", "labels": [label ..]} */
PAWL_MUST_USE pawl_status operator_device_labels(struct flow *f, const struct tenant_config *tenant,
                                                 const char *id, struct pawl_view body, char **ret,
                                                 struct step *step, struct pawl_err *err);
/* The device, the reasons of its last verdict, and its last events, the newest first:
 * {.., "reasons": [{"code", "text", "detail", "next"}], "events": [{"time", "line"}]} */
PAWL_MUST_USE pawl_status operator_device(struct flow *f, const struct tenant_config *tenant,
                                          const char *id, char **ret, struct pawl_err *err);
/* DEVICE_EVENT_APPROVE or DEVICE_EVENT_REVOKE. Approving an active device lets it enrol again,
 * once. */
PAWL_MUST_USE pawl_status operator_device_move(struct flow *f, const struct tenant_config *tenant,
                                               const char *id, enum device_event on, char **ret,
                                               struct step *step, struct pawl_err *err);
/* What a kept list of revoked devices finds a device as. */
enum revoked_again {
    REVOKED_BEFORE = 0, /* it is: nothing is planned */
    REVOKED_KNOWN,
    REVOKED_UNKNOWN, /* nothing but its id is known: so much is written down, and it cannot enrol */
    REVOKED_AGAIN_COUNT
};
/* As operator_device_move with DEVICE_EVENT_REVOKE, of one that was revoked already when the list
 * was made. */
PAWL_MUST_USE pawl_status operator_revoke_again(struct flow *f, const struct tenant_config *tenant,
                                                const uint8_t       id[PAWL_DEVICE_ID],
                                                enum revoked_again *ret, struct step *step,
                                                struct pawl_err *err);
/* {"policy": name}; empty: its group's, or the tenant's default. */
PAWL_MUST_USE pawl_status operator_device_policy(struct flow *f, const struct tenant_config *tenant,
                                                 const char *id, struct pawl_view body, char **ret,
                                                 struct step *step, struct pawl_err *err);

/* {"group": name}; empty: none. */
PAWL_MUST_USE pawl_status operator_device_group(struct flow *f, const struct tenant_config *tenant,
                                                const char *id, struct pawl_view body, char **ret,
                                                struct step *step, struct pawl_err *err);

/* {"bundle": base64}: what the last verdict on the device was made of (appraise/bundle.h). ABSENT
 * at "evidence" where none is kept. */
PAWL_MUST_USE pawl_status operator_evidence(struct flow *f, const struct tenant_config *tenant,
                                            const char *id, char **ret, struct pawl_err *err);

/* {"ear"}: the device's last result once more, for those who do not talk to it. STATE for one that
 * is revoked or whose evidence is older than ear_ttl_s. */
PAWL_MUST_USE pawl_status operator_ear(struct flow *f, const struct tenant_config *tenant,
                                       const char *id, char **ret, struct pawl_err *err);
/* {"revoked"}: a JWS of type pawl-revoked+jwt over {"iat", "exp", "aud", "revoked": [id ..]}, all
 * of the tenant; see revoked.h. */
PAWL_MUST_USE pawl_status operator_revoked(struct flow *f, const struct tenant_config *tenant,
                                           char **ret, char ret_tag[REVOKED_TAG_MAX],
                                           struct pawl_err *err);

/* ---- messages ------------------------------------------------------------------------------- */

#define OPERATOR_MESSAGES_MAX 1000 /* of one page */
#define OPERATOR_WAIT_MAX_S   30

struct message_query {
    char     after[48];                      /* a cursor; empty: from the oldest that is kept */
    char     device[2 * PAWL_DEVICE_ID + 1]; /* empty: of all */
    char     type[16];                       /* of entries; empty: all */
    uint64_t limit;                          /* 0: 100 */
    uint64_t bytes;                          /* of bodies, behind which a page ends; 0: 1 MiB */
};

/* The feed: {"messages": [entry ..], "next": cursor[, "more": true]}, where an entry has "type",
 * "cursor", "device" and what its type has (docs/api.md). Behind every cursor comes what became
 * durable later, nothing twice and nothing left out. more: a search that ended early, for it found
 * nothing in many rows. *ret_any: there is an entry, or more. */
PAWL_MUST_USE pawl_status operator_messages(struct flow *f, const struct tenant_config *tenant,
                                            const struct message_query *q, char **ret,
                                            bool *ret_any, struct pawl_err *err);
/* The same entries as events of a stream (text/event-stream), each "id: CURSOR", "event: TYPE" and
 * "data: " with the entry; *ret is empty without one. q->after moves behind what was read.
 * *ret_more: there is, or may be, more at once. */
PAWL_MUST_USE pawl_status operator_events(struct flow *f, const struct tenant_config *tenant,
                                          struct message_query *q, char **ret, bool *ret_more,
                                          struct pawl_err *err);
/* {"text"} or {"body_b64"} -> {"id"}: waits for the device's next contact. STATE for a device that
 * is not active, a tenant without messages, and when downlink_max of them wait. */
PAWL_MUST_USE pawl_status operator_message_send(struct flow *f, const struct tenant_config *tenant,
                                                const char *id, struct pawl_view body, char **ret,
                                                struct step *step, struct pawl_err *err);
/* What the device has not acknowledged: {"messages": [{"id", "created", "state", "slot", "sent",
 * "body_b64"[, "text"]}], "next"} */
PAWL_MUST_USE pawl_status operator_downlink(struct flow *f, const struct tenant_config *tenant,
                                            const char *id, const struct list_query *q, char **ret,
                                            struct pawl_err *err);

/* ---- the ratchet ---------------------------------------------------------------------------- */

/* Demands a rekey at the next contact: {"epoch"}, the one that ends. STATE without a root. */
PAWL_MUST_USE pawl_status operator_device_rekey(struct flow *f, const struct tenant_config *tenant,
                                                const char *id, char **ret, struct step *step,
                                                struct pawl_err *err);
/* {"label"[, "context_b64"][, "n"][, "epoch"]} -> {"epoch", "key"}: a key that the device derives
 * too. n: 32 unless said. Of the current epoch, or the pending one; ABSENT for another. */
PAWL_MUST_USE pawl_status operator_device_key(struct flow *f, const struct tenant_config *tenant,
                                              const char *id, struct pawl_view body, char **ret,
                                              struct pawl_err *err);
/* {"hedge"}: a new key to mix in by suite bit 8; shown this once. Replaces an older one. */
PAWL_MUST_USE pawl_status operator_device_hedge(struct flow *f, const struct tenant_config *tenant,
                                                const char *id, char **ret, struct step *step,
                                                struct pawl_err *err);

/* ---- incidents ------------------------------------------------------------------------------ */

#define OPERATOR_INCIDENTS_MAX 1000 /* of one list */
#define OPERATOR_AUDIT_MAX     1000 /* of one page */
#define OPERATOR_NOTE_MAX      512  /* with its 0 */

/* {"incidents": [{"id", "device", "epoch", "kind", "severity", "state", "opened", "changed",
 * "rules", "window": {"from", "to" | null} | null, "forged", "genuine", "unattested", "detail",
 * "note"}]}, the one that changed last first. device: an id or a prefix; empty: of all. open: those
 * that are not closed. */
PAWL_MUST_USE pawl_status operator_incidents(struct flow *f, const struct tenant_config *tenant,
                                             const char *device, bool open,
                                             const struct list_query *q, char **ret,
                                             struct pawl_err *err);
/* id: DEVICE.EPOCH, the device whole or as a prefix. One, with "slots": [{"rule", "epoch", "gen",
 * "seq"}] and "proofs": [{"number", "time", "b64"}]. */
PAWL_MUST_USE pawl_status operator_incident(struct flow *f, const struct tenant_config *tenant,
                                            const char *id, char **ret, struct pawl_err *err);
/* {["note"]}, or no body. The incident without slots and proofs. STATE if it is closed. */
PAWL_MUST_USE pawl_status operator_incident_close(struct flow                *f,
                                                  const struct tenant_config *tenant,
                                                  const char *id, struct pawl_view body, char **ret,
                                                  struct step *step, struct pawl_err *err);
/* {"entries": [{"number", "time_ms", "device", "line", "hash"}], "head": {"number", "hash"},
 * "next"}: entries behind `after` and none behind head; next: where the page ends. limit 0: 100. */
PAWL_MUST_USE pawl_status operator_audit(struct flow *f, const struct tenant_config *tenant,
                                         uint64_t after, uint64_t limit, char **ret,
                                         struct pawl_err *err);

/* ---- why ------------------------------------------------------------------------------------ */

struct why_query {                       /* one of them is not empty */
    char device[2 * PAWL_DEVICE_ID + 1]; /* an id or a prefix */
    char request[24];                    /* the header Pawl-Request */
    char serial[128];                    /* of the EK certificate, hex */
};

/* {"sentence", "code" | null, "text", "cause", "next", "detail", "refused", "proved", "since",
 * "last", "count", "http", "others", "others_more", "device", "serial", "address", "requests"};
 * null where there is none. code null: nothing is wrong. ABSENT at "request", "serial", "device".
 */
PAWL_MUST_USE pawl_status operator_why(struct flow *f, const struct tenant_config *tenant,
                                       const struct why_query *q, char **ret, struct pawl_err *err);

/* ---- policies ------------------------------------------------------------------------------- */

/* {"policies": [{"name", "version", "created"}], "default": name | null} */
PAWL_MUST_USE pawl_status operator_policies(struct flow *f, const struct tenant_config *tenant,
                                            const struct list_query *q, char **ret,
                                            struct pawl_err *err);
/* The policy's JSON as it was stored. version 0: the newest. */
PAWL_MUST_USE pawl_status operator_policy(struct flow *f, const struct tenant_config *tenant,
                                          const char *name, uint64_t version, char **ret,
                                          struct pawl_err *err);
/* The policy itself, as in appraise/policy.h. */
PAWL_MUST_USE pawl_status operator_policy_add(struct flow *f, const struct tenant_config *tenant,
                                              struct pawl_view body, char **ret, struct step *step,
                                              struct pawl_err *err);
/* {"name", "device"[, "version"][, "release"][, "literal"][, "base"]}: from the device's last
 * believed PCR values, those that an ordinary attest quotes, the facts of its boot, and IMA's list
 * as far as it was attested, where it is kept. Without version: the next one. base: the release is
 * added to that version of the name. STATE for a device whose system started without a reset of the
 * TPM. */
PAWL_MUST_USE pawl_status operator_policy_learn(struct flow *f, const struct tenant_config *tenant,
                                                struct pawl_view body, char **ret,
                                                struct step *step, struct pawl_err *err);
#define OPERATOR_TRIALS_MAX 200 /* devices of one page */

struct trial_query {
    char     group[PAWL_TENANT_MAX + 1];     /* empty: of all groups, and of none */
    char     device[2 * PAWL_DEVICE_ID + 1]; /* an id or a prefix; empty: all */
    char     after[2 * PAWL_DEVICE_ID + 1];  /* an id; empty: the first page */
    uint64_t limit;                          /* devices that are looked at; 0: 100 */
};

/* body: a policy, or {"policy": name[, "version"]}. What would become of each device at its next
 * attest, by what the store has of it; nothing is changed. {"policy": "NAME:VERSION", "devices":
 * [{"id", "group" | null, "now", "then", "passes", "worse", "release" | null, "runtime_tested",
 * "reasons": [{"code", "text", "what", "detail", "next"}]}], "next": id | null}; now and then are
 * statuses of the software. Revoked devices are left out. */
PAWL_MUST_USE pawl_status operator_policy_test(struct flow *f, const struct tenant_config *tenant,
                                               const struct trial_query *q, struct pawl_view body,
                                               char **ret, struct pawl_err *err);
/* {"policy": name}; empty: none. */
PAWL_MUST_USE pawl_status operator_default_policy(struct flow                *f,
                                                  const struct tenant_config *tenant,
                                                  struct pawl_view body, char **ret,
                                                  struct step *step, struct pawl_err *err);

/* ---- groups --------------------------------------------------------------------------------- */

/* {"groups": [{"name", "policy" | null, "mode", "note", "created", "changed"}]} */
PAWL_MUST_USE pawl_status operator_groups(struct flow *f, const struct tenant_config *tenant,
                                          const struct list_query *q, char **ret,
                                          struct pawl_err *err);
PAWL_MUST_USE pawl_status operator_group(struct flow *f, const struct tenant_config *tenant,
                                         const char *name, char **ret, struct pawl_err *err);
/* {"name"[, "policy"], "mode": "watch" | "enforce"[, "note"]}: a new one, or in place of the old.
 */
PAWL_MUST_USE pawl_status operator_group_set(struct flow *f, const struct tenant_config *tenant,
                                             struct pawl_view body, char **ret, struct step *step,
                                             struct pawl_err *err);
/* With its exceptions. CONFLICT, in the end, while a device is in it. */
PAWL_MUST_USE pawl_status operator_group_drop(struct flow *f, const struct tenant_config *tenant,
                                              const char *name, char **ret, struct step *step,
                                              struct pawl_err *err);

/* ---- exceptions ----------------------------------------------------------------------------- */

/* {"exceptions": [{"number", "code", "what" | null, "device" | null, "group" | null, "author",
 * "note", "until", "holds", "created"}]}: those that nobody ended, also when their time is over. */
PAWL_MUST_USE pawl_status operator_exceptions(struct flow *f, const struct tenant_config *tenant,
                                              const struct list_query *q, char **ret,
                                              struct pawl_err *err);
/* {"code"[, "what"][, "device" | "group"], "author", "note", "until"}, until as in judging.h and at
 * most a year ahead. The answer has no number yet. STATE where as many hold as count. */
PAWL_MUST_USE pawl_status operator_exception_add(struct flow *f, const struct tenant_config *tenant,
                                                 struct pawl_view body, char **ret,
                                                 struct step *step, struct pawl_err *err);
PAWL_MUST_USE pawl_status operator_exception_end(struct flow *f, const struct tenant_config *tenant,
                                                 const char *number, char **ret, struct step *step,
                                                 struct pawl_err *err);

/* ---- tokens --------------------------------------------------------------------------------- */

/* {"tokens": [{"id", "uses_left", "expires", "device", "created"}]} */
PAWL_MUST_USE pawl_status operator_tokens(struct flow *f, const struct tenant_config *tenant,
                                          const struct list_query *q, char **ret,
                                          struct pawl_err *err);
/* {["uses"][, "ttl_s"][, "device"]} -> {"id", "join"}. The secret is in the join string, and
 * nowhere else in the clear. ttl_s 0: never expires. */
PAWL_MUST_USE pawl_status operator_token_make(struct flow *f, const struct tenant_config *tenant,
                                              struct pawl_view body, char **ret, struct step *step,
                                              struct pawl_err *err);

/* -> the token as it is now: without a use, and over. */
PAWL_MUST_USE pawl_status operator_token_drop(struct flow *f, const struct tenant_config *tenant,
                                              const char *id, char **ret, struct step *step,
                                              struct pawl_err *err);

/* ---- credentials ---------------------------------------------------------------------------- */

/* {"name" | null, "role", "tenant" | null, "labels": [..]} of who asks; null: whoever has the
 * socket, all tenants. */
PAWL_MUST_USE pawl_status operator_whoami(struct flow *f, char **ret, struct pawl_err *err);
/* {"credentials": [{.., "kind", "author" | null, "created", "expires" | null}]}: of the tenant, and
 * those of all tenants for who is of all. */
PAWL_MUST_USE pawl_status operator_credentials(struct flow *f, const struct tenant_config *tenant,
                                               char **ret, struct pawl_err *err);
/* {"name", "role"[, "labels"][, "expires"][, "all_tenants"][, "spki"]}: spki is the SHA-256 of the
 * key of a client certificate; without it a secret is made: "secret", nowhere else in the clear.
 * expires as an exception's until. CONFLICT for a name or key that is there; DENIED at
 * "all_tenants" for who is of one. */
PAWL_MUST_USE pawl_status operator_credential_add(struct flow                *f,
                                                  const struct tenant_config *tenant,
                                                  struct pawl_view body, char **ret,
                                                  struct step *step, struct pawl_err *err);
PAWL_MUST_USE pawl_status operator_credential_drop(struct flow                *f,
                                                   const struct tenant_config *tenant,
                                                   const char *name, char **ret, struct step *step,
                                                   struct pawl_err *err);

#endif
