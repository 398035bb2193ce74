/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's port: what the flows need of durable memory. Behind it stands one layer of SQL
 * (sql.h) over an engine: SQLite (sqlite/) or PostgreSQL (postgres/).
 *
 * Rules
 *  1. Reads answer at once, on the calling thread, from the last durable state.
 *  2. A step is committed whole or not at all; `done` is called, on a thread of the store's, only
 *     when it is durable (power may fail the next moment), or with the reason why it is not.
 *  3. A step on a device carries the version that it was planned on; if the row has moved on it
 *     fails with CONFLICT and the flow plans again.
 *  4. The tenant is part of every key.
 */
#ifndef VERIFIER_STORE_STORE_H
#define VERIFIER_STORE_STORE_H

#include <pawl/tpm.h>
#include <pawl/wire.h>

#include "appraise/judging.h"
#include "credential.h"
#include "enroll/ek.h"
#include "store/refusal_row.h"

enum device_state {
    DEVICE_NONE = 0,
    DEVICE_PENDING, /* enrolled, awaits approval */
    DEVICE_ACTIVE,
    DEVICE_REVOKED, /* final */
    DEVICE_COUNT
};

const char *device_state_name(enum device_state s); /* "pending" */

#define DEVICE_WHY_MAX      8192
#define EVENT_LINE_MAX      768 /* with its 0 */
#define DEVICE_COVERAGE_MAX 128
#define EVENTS_KEPT         16               /* of each device */
#define EVENTS_KEPT_S       (90 * 24 * 3600) /* of the tenant's own */

/* What the last verdict claimed: of this a result is made again. */
struct device_claims {
    int8_t identity, configuration, executables, hardware; /* enum ar4si, without what keys say */
    bool   watched;
    char   policy[PAWL_TENANT_MAX + 16]; /* "gateway:3"; empty: none judged */
};

/* The device row: by value. */
struct device {
    char                      tenant[PAWL_TENANT_MAX + 1];
    uint8_t                   id[PAWL_DEVICE_ID];
    uint64_t                  version; /* 0: not stored yet */
    enum device_state         state;
    enum roots                roots;
    struct pawl_name          ek_name, ak_name, td_name, qualified_signer;
    size_t                    ak_public_n;
    uint8_t                   ak_public[PAWL_PUBLIC_MAX]; /* TPMT_PUBLIC */
    uint8_t                   td_point[PAWL_POINT_P256];
    bool                      has_app_point; /* a key of its applications that its AK certified */
    uint8_t                   app_point[PAWL_POINT_P256];
    uint16_t                  suite;
    uint64_t                  enrolments;
    uint64_t                  attempt; /* the last accepted */
    struct pawl_clock         clock;   /* of the last accepted quote */
    uint8_t                   boot_id[PAWL_BOOT_ID], os_boot[PAWL_OS_BOOT];
    char                      manufacturer[16];  /* of the EK certificate: "id:53544D20"; .. */
    char                      firmware_cert[16]; /* .. and its TPMVersion */
    struct pawl_pcr_selection banks;             /* pinned: the allocation seen at enrolment */
    struct pawl_digest        pcr_digest;        /* of the values in its snapshot */
    char                      policy[PAWL_TENANT_MAX + 1]; /* empty: its group's, or the tenant's */
    char                      group[PAWL_TENANT_MAX + 1];  /* empty: none */
    char                      coverage[DEVICE_COVERAGE_MAX]; /* of the last verdict: flow/why.h */
    char                      release[RELEASE_NAME_MAX + 1]; /* that it ran then; or empty */
    char                      status[20];                    /* ear.status of the last verdict .. */
    char                      software_status[20];           /* .. without what the keys say .. */
    char                      keys_status[20]; /* .. and of the keys alone: two lights */
    struct device_claims      claims;
    int64_t                   created_s, seen_s;
    int64_t attested_s; /* when its evidence was last accepted: see flow/overdue.h */
    int64_t due_s;      /* when it is overdue: by the interval that it attested; 0: it named none */
    int64_t told_s; /* when the operator was told that it is overdue; 0: it is not, or not yet */
    int64_t rekey_due_s; /* when its rekey was due, once the operator was told so; 0: it is not */
    /* Of a list alone: a column that holds something else than was stored. Beside tenant, id and
     * times nothing is to be believed. NULL: none. */
    const char *damaged;
    /* Findings of the last verdict; see flow/why.h. Last: most of a device, and nearly empty. */
    char why[DEVICE_WHY_MAX];
};

/* Of why the text alone. */
void device_copy(struct device *to, const struct device *from);

struct snapshot { /* the last believed PCR values */
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
};

struct token {
    char     tenant[PAWL_TENANT_MAX + 1];
    uint8_t  id[PAWL_TOKEN_ID];
    size_t   wrapped_n;
    uint8_t  wrapped[PAWL_TOKEN_SECRET + PAWL_AEAD_TAG];
    uint64_t uses_left;
    int64_t  expires_s; /* 0: never */
    bool     has_device;
    uint8_t  device_id[PAWL_DEVICE_ID];
    int64_t  created_s;
};

struct policy_row {
    char     tenant[PAWL_TENANT_MAX + 1];
    char     name[PAWL_TENANT_MAX + 1];
    uint64_t version;
    int64_t  created_s;
    char    *json; /* owned; release with policy_row_done */
};

void policy_row_done(struct policy_row *p);

/* What operators call a device: NAME, or NAME=VALUE. A device has each name once. */
#define LABEL_PART_MAX    32
#define DEVICE_LABELS_MAX 16

struct label {
    char name[LABEL_PART_MAX + 1];
    char value[LABEL_PART_MAX + 1]; /* empty: none */
};

/* Along which index a list of devices goes; none of them: all devices. Only one may be set. */
struct device_filter {
    enum device_state   state; /* other than active, which most devices are */
    const char         *group; /* NULL or a name */
    const struct label *label; /* NULL or this very one */
};

/* Devices that have this in common. */
struct device_count {
    enum device_state state;
    char              status[20];
    char              group[PAWL_TENANT_MAX + 1];
    uint64_t          n;
};

struct event_row {
    int64_t time_s;
    char    line[EVENT_LINE_MAX];
};

/* ---- rows of the ratchet -------------------------------------------------------------------- */

/* Owned bytes; release with blob_done. */
struct blob {
    size_t   n;
    uint8_t *p;
};

void blob_done(struct blob *b);
/* A copy. MEMORY. */
PAWL_MUST_USE pawl_status blob_from(struct pawl_view v, struct blob *ret, struct pawl_err *err);

/* What ratchet/row.h writes: opaque here, secrets wrapped. */
struct generation_row {
    unsigned    dir;
    uint64_t    epoch;
    uint32_t    gen;
    bool        gone; /* in a step: deleted */
    struct blob bytes;
};

/* The feed: what consumers learn, in the order in which it became durable. number is the cursor
 * that they read by: it grows, and no row with a lower one appears later. flow/inbox.h writes heads
 * and bytes. */
enum segment_kind {
    SEGMENT_MESSAGES = 0, /* a batch of application messages as they arrived */
    SEGMENT_MARKS,        /* what became of earlier ones */
    SEGMENT_NOTICE        /* an incident, alert or revocation: one */
};

struct segment_row {
    uint64_t          number; /* given by the store */
    enum segment_kind kind;
    uint8_t           device[PAWL_DEVICE_ID];
    int64_t           time_ms;
    uint32_t          n;            /* entries in it */
    uint64_t          id_lo, id_hi; /* messages: the least and the greatest id in it; else 0 */
    struct blob       heads;        /* in the clear: who and where, what a mark needs */
    struct blob       bytes;        /* wrapped bodies; empty for marks */
};

/* One message for a device, kept until it acknowledges it. */
struct downlink_row {
    uint8_t     device[PAWL_DEVICE_ID];
    uint64_t    id; /* grows for each device; by the flow */
    int64_t     created_ms;
    uint64_t    seq;     /* slot that it was last put into; 0: none yet */
    int64_t     sent_ms; /* when; 0 */
    struct blob body;    /* wrapped */
};

/* A row whose secrets were wrapped anew: the same otherwise. Which it is, is said by those of the
 * members that are its table's key. */
enum rewrapped {
    REWRAPPED_NONE = 0,
    REWRAPPED_TOKEN,
    REWRAPPED_RATCHET,
    REWRAPPED_GENERATION,
    REWRAPPED_DOWNLINK,
    REWRAPPED_SEGMENT,
    REWRAPPED_COUNT
};

struct rewrapped_row {
    enum rewrapped what;
    uint8_t        token[PAWL_TOKEN_ID];
    uint8_t        device[PAWL_DEVICE_ID];
    unsigned       dir;
    uint64_t       epoch;
    uint32_t       gen;
    uint64_t       number; /* of a segment; a downlink's id */
    struct blob    was, is;
};

/* V4: one incident, by (device, epoch): replaced whole by each step that names it. The enums are
 * those of ratchet/incident.h. */
struct incident_row {
    uint8_t     device[PAWL_DEVICE_ID];
    uint64_t    epoch;
    unsigned    kind, severity, state;
    unsigned    rules; /* bit r: RULE_r found something */
    int64_t     opened_ms, changed_ms;
    uint64_t    slot_lo, slot_hi; /* the tainted window, of the uplink; hi 0: open upwards */
    uint64_t    forged, genuine, unattested; /* messages marked so far */
    char        detail[EVENT_LINE_MAX];      /* the first finding, for people */
    char        note[EVENT_LINE_MAX];        /* of the operator who closed it */
    struct blob slots;                       /* flow/incident.h: the slots that were named */
};

void segment_row_done(struct segment_row *s);
void incident_row_done(struct incident_row *i);

/* Evidence that a third party can check (proof/proof.h): one file of an incident, never changed. */
struct proof_row {
    uint8_t     device[PAWL_DEVICE_ID];
    uint64_t    epoch;  /* of its incident */
    uint64_t    number; /* given by the store: 1, 2 .. within the incident */
    int64_t     time_ms;
    struct blob bytes;
};

/* One entry of the tenant's hash chain (audit.h). */
#define AUDIT_LINE_MAX 1152 /* with its 0 */
struct audit_row {
    uint64_t number; /* given by the store: 1, 2 .. without gaps */
    int64_t  time_ms;
    uint8_t  device[PAWL_DEVICE_ID];
    char     line[AUDIT_LINE_MAX]; /* JSON */
    uint8_t  hash[32];             /* given by the store */
};

struct audit_head {
    uint64_t number; /* 0: the chain is empty, hash is zero */
    uint8_t  hash[32];
};

/* ---- appraisal ------------------------------------------------------------------------------ */

/* What is kept of the boot that a device is in (appraise/appraise.h). */
struct boot_row {
    uint32_t    resets;                /* resetCount */
    uint8_t     os_boot[PAWL_OS_BOOT]; /* of the system that ran first after the reset */
    bool        has_facts;
    uint8_t     facts_sha256[32]; /* of the bytes below: devices that booted alike share them */
    struct blob facts;            /* appraise/boot.h; in a step n == 0: they are in the store */
    struct blob ima;              /* appraise/ima_state.h; n == 0: none */
};

void boot_row_done(struct boot_row *b);

/* What a device's last attestation left behind. */
struct device_past {
    bool            has_snapshot, has_boot;
    struct snapshot snapshot;
    struct boot_row boot; /* release with boot_row_done */
};

struct group_row {
    char    name[PAWL_TENANT_MAX + 1];
    char    policy[PAWL_TENANT_MAX + 1]; /* empty: the tenant's default */
    bool    enforce;                     /* otherwise it watches */
    char    note[EXCEPTION_NOTE_MAX];
    int64_t created_s, changed_s;
};

struct exception_row {
    uint64_t         number;     /* given by the store: 1, 2 .. within the tenant */
    bool             has_device; /* of one device, or of a group, or (neither) of the tenant */
    uint8_t          device[PAWL_DEVICE_ID];
    char             group[PAWL_TENANT_MAX + 1];
    int64_t          created_s;
    struct exception x;
};

/* Evidence that is kept to judge it again (appraise/bundle.h). */
enum kept_kind { KEPT_HEAD = 1, KEPT_LOG, KEPT_LIST };

/* Of a device's list; a piece that comes on top is not kept. What a device sends is its own choice,
 * and a disk is everybody's. */
#define KEPT_PIECES_MAX 4096
#define KEPT_LIST_MAX   (16 * 1024 * 1024)

struct kept_row {
    enum kept_kind kind;
    uint64_t       first; /* of a piece of the list: its first entry; else 0 */
    struct blob    bytes;
};

/* ---- who posts the feed ---------------------------------------------------------------------- */

#define FEED_CURSOR_MAX    48 /* with its 0 */
#define STORE_INSTANCE_MAX 36 /* with its 0 */

/* Where a consumer inside of the verifier goes on, and which of several verifiers may move it. */
struct consumer_row {
    char     name[PAWL_TENANT_MAX + 1];
    char     cursor[FEED_CURSOR_MAX];
    uint64_t version;                    /* 0: not stored yet */
    char     holder[STORE_INSTANCE_MAX]; /* the verifier that may; empty: none does .. */
    int64_t  until_s;                    /* .. and how long */
};

/* A device whose entries this consumer refused, and that wait. */
struct parked_row {
    uint8_t  device[PAWL_DEVICE_ID];
    char     cursor[FEED_CURSOR_MAX]; /* behind what was taken of this device */
    char     first[FEED_CURSOR_MAX];  /* the entry that was refused; empty: none since then */
    uint64_t tries;
    int64_t  next_s; /* not again before */
    bool     gone;   /* in a step: deleted */
};

/* ---- steps ---------------------------------------------------------------------------------- */

/* One transaction, planned by a flow. All zero: nothing to commit. Owned members are released by
 * step_done; the store takes no ownership. */
struct step {
    bool has_device; /* insert (version 0) or compare-and-set on device.version; CONFLICT if it
                      * comes into a group that does not exist */
    char *papers; /* owned JSON: EK certificate's facts and the device's claims; NULL: unchanged */
    bool  has_snapshot; /* replaces that of the device */

    bool    takes_token; /* one use, counted once for each device id; CONFLICT if none is left */
    uint8_t token_taken[PAWL_TOKEN_ID];
    bool    has_token; /* insert */
    bool ends_token; /* token.id has no use any more, as of token.expires_s; ABSENT if there is none
                      */
    struct token token;

    bool              has_policy; /* insert; CONFLICT if name and version are taken */
    struct policy_row policy;
    bool              has_default_policy; /* of the tenant; the name may be empty: none */
    char              default_policy[PAWL_TENANT_MAX + 1];

    /* The ratchet of step.device.id at step.device.version: with has_device the row is written too,
     * with touches_device only its version and seen_s move on (compare-and-set as ever), and with
     * revokes_device its state: of a row that is damaged nothing else can be written. */
    bool                   touches_device;
    bool                   revokes_device;
    struct blob            ratchet; /* n == 0: unchanged */
    size_t                 generation_n;
    struct generation_row *generation;  /* owned array */
    size_t                 segment_n;   /* insert, in this order */
    struct segment_row    *segment;     /* owned array */
    size_t                 downlink_n;  /* seq 0: insert, CONFLICT if the id is taken; else ..*/
    struct downlink_row   *downlink;    /* .. replace seq and sent_ms of that id; owned array */
    size_t                 delivered_n; /* delete these ids of the device */
    uint64_t              *delivered;   /* owned array */
    size_t                 incident_n;  /* insert or replace by (device, epoch) */
    struct incident_row   *incident;    /* owned array */
    size_t                 proof_n;     /* insert */
    struct proof_row      *proof;       /* owned array */
    size_t                 audit_n;     /* append to the chain, in this order */
    struct audit_row      *audit;       /* owned array */
    struct blob            evidence;    /* of the device: replaces; n == 0: unchanged, and so are
                                         * names, boots, pcr_digest in device */
    bool             has_boot;          /* of the device: replaces */
    struct boot_row  boot;
    bool             forgets_kept; /* of the device: all that was kept, before what follows */
    size_t           kept_n;       /* insert or replace by (kind, first), within limits */
    struct kept_row *kept;         /* owned array */
    bool             has_group;    /* insert or replace */
    struct group_row group;
    bool             drops_group;    /* group.name, with its exceptions; CONFLICT while a device
                                      * is in it, ABSENT if there is none */
    bool                 has_labels; /* replaces those of the device */
    size_t               label_n;
    struct label         label[DEVICE_LABELS_MAX];
    bool                 has_exception; /* insert; CONFLICT for a group that does not exist */
    struct exception_row exception;
    uint64_t             ends_exception; /* delete this number; ABSENT if there is none; 0: none */
    bool                 has_credential; /* insert; CONFLICT if its name or its hash is taken */
    bool                 drops_credential; /* credential.name; ABSENT if there is none */
    struct credential    credential;
    bool                 has_consumer; /* insert (version 0) or compare-and-set on its version */
    struct consumer_row  consumer;
    bool                 has_parked; /* of step.consumer: insert, replace, or delete */
    struct parked_row    parked;

    size_t              refusal_n; /* adds to that of its subject and code */
    struct refusal_row *refusal;   /* owned array */

    /* Compare-and-set on the bytes, no version moves on. CONFLICT for a ratchet that is another
     * now; other rows that are, or are gone, stay as they are. Of a device its ratchet comes first:
     * whoever writes its other rows wrote that before. */
    size_t                rewrapped_n;
    struct rewrapped_row *rewrapped; /* owned array */

    char tenant[PAWL_TENANT_MAX + 1]; /* of everything above */
    char event[EVENT_LINE_MAX];       /* one line for the event log, empty: none */

    bool goes_on; /* whoever hands it over hands over another at once: the store may wait for it */

    /* Large, and not cleared for every request: set where what is above says that they are there,
     * and anything where it does not. */
    struct device   device; /* has_device or touches_device */
    struct snapshot snapshot;
};

/* Nothing is planned. */
void step_begin(struct step *s);

void step_done(struct step *s);
bool step_is_empty(const struct step *s);
bool step_names_device(const struct step *s); /* device.id says whose rows these are */

/* ---- the port ------------------------------------------------------------------------------- */

/* Called once, on a thread of the store's. err is filled unless status is good. */
typedef void store_done_fn(pawl_status status, const struct pawl_err *err, void *arg);

typedef pawl_status store_device_fn(const struct device *d, void *arg, struct pawl_err *err);
typedef pawl_status store_policy_fn(const struct policy_row *p, void *arg, struct pawl_err *err);
typedef pawl_status store_token_fn(const struct token *t, void *arg, struct pawl_err *err);
typedef pawl_status store_event_fn(const struct event_row *e, void *arg, struct pawl_err *err);
typedef pawl_status store_parked_fn(const struct parked_row *p, void *arg, struct pawl_err *err);
typedef pawl_status store_label_fn(const struct label *l, void *arg, struct pawl_err *err);
typedef pawl_status store_count_fn(const struct device_count *c, void *arg, struct pawl_err *err);
typedef pawl_status store_generation_fn(const struct generation_row *g, void *arg,
                                        struct pawl_err *err);
typedef pawl_status store_segment_fn(const struct segment_row *s, void *arg, struct pawl_err *err);
typedef pawl_status store_downlink_fn(const struct downlink_row *d, void *arg,
                                      struct pawl_err *err);
typedef pawl_status store_incident_fn(const struct incident_row *i, void *arg,
                                      struct pawl_err *err);
typedef pawl_status store_proof_fn(const struct proof_row *p, void *arg, struct pawl_err *err);
typedef pawl_status store_group_fn(const struct group_row *g, void *arg, struct pawl_err *err);
typedef pawl_status store_exception_fn(const struct exception_row *x, void *arg,
                                       struct pawl_err *err);
typedef pawl_status store_kept_fn(const struct kept_row *k, void *arg, struct pawl_err *err);
typedef pawl_status store_credential_fn(const struct credential *c, void *arg,
                                        struct pawl_err *err);
typedef pawl_status store_refusal_fn(const struct refusal_row *r, void *arg, struct pawl_err *err);
typedef pawl_status store_audit_fn(const struct audit_row *a, void *arg, struct pawl_err *err);

/* Reads fail with ABSENT when there is no such row. Lists call each for every row, in order of its
 * key, and stop at the first failure. A list of devices goes on behind a damaged row, which comes
 * as such: one device's row is no reason to pass over the others. */
struct store {
    void *self;
    /* A read may see a step of somebody else that is not durable yet: before an answer leaves that
     * was made of reads alone, an empty step is committed. */
    bool reads_ahead;

    /* What the calling thread reads from here to reads_end may come from one state, the last
     * durable one at its first read, and costs less. It waits for no commit between the two. A pair
     * within another one changes nothing. */
    void (*reads_begin)(void *self);
    void (*reads_end)(void *self);

    pawl_status (*device)(void *self, struct pawl_view tenant, struct pawl_view id,
                          struct device *ret, struct pawl_err *err);
    /* A device and its ratchet (blob_done; n == 0: it has none), of one moment and at the price of
     * one read: what its requests begin with. ret_past, unless NULL: as above; large, and filled in
     * place, so after a failure nothing in it counts but its boot, which stays as it was. */
    pawl_status (*device_whole)(void *self, struct pawl_view tenant, struct pawl_view id,
                                struct device *ret, struct blob *ret_ratchet,
                                struct device_past *ret_past, struct pawl_err *err);
    /* The device that uses this AK Name; ABSENT if none does. */
    pawl_status (*device_by_ak)(void *self, struct pawl_view tenant, const struct pawl_name *ak,
                                struct device *ret, struct pawl_err *err);
    pawl_status (*snapshot)(void *self, struct pawl_view tenant, struct pawl_view id,
                            struct snapshot *ret, struct pawl_err *err);
    /* *ret: owned by the caller (free). */
    pawl_status (*papers)(void *self, struct pawl_view tenant, struct pawl_view id, char **ret,
                          struct pawl_err *err);
    pawl_status (*token)(void *self, struct pawl_view tenant, struct pawl_view id,
                         struct token *ret, struct pawl_err *err);
    /* True in *ret if a use by this device was counted already. */
    pawl_status (*token_used_by)(void *self, struct pawl_view tenant, struct pawl_view id,
                                 struct pawl_view device, bool *ret, struct pawl_err *err);
    /* version 0: the newest. */
    pawl_status (*policy)(void *self, struct pawl_view tenant, const char *name, uint64_t version,
                          struct policy_row *ret, struct pawl_err *err);
    /* The newest version of a name, without its text. */
    pawl_status (*policy_version)(void *self, struct pawl_view tenant, const char *name,
                                  uint64_t *ret, struct pawl_err *err);
    /* The tenant's default policy name, empty if none. */
    pawl_status (*default_policy)(void *self, struct pawl_view tenant,
                                  char ret[PAWL_TENANT_MAX + 1], struct pawl_err *err);

    /* By id. after: the id (name) to begin behind, empty for the first page; at most limit rows. */
    pawl_status (*devices)(void *self, struct pawl_view tenant, const struct device_filter *along,
                           struct pawl_view after, size_t limit, store_device_fn *each, void *arg,
                           struct pawl_err *err);
    /* Of those whose id begins with this byte. */
    pawl_status (*device_counts)(void *self, struct pawl_view tenant, uint8_t first,
                                 store_count_fn *each, void *arg, struct pawl_err *err);
    /* By name. */
    pawl_status (*labels)(void *self, struct pawl_view tenant, struct pawl_view device,
                          store_label_fn *each, void *arg, struct pawl_err *err);
    /* As above, without their texts, behind this version of this name. */
    pawl_status (*policies)(void *self, struct pawl_view tenant, const char *after,
                            uint64_t after_version, size_t limit, store_policy_fn *each, void *arg,
                            struct pawl_err *err);
    pawl_status (*tokens)(void *self, struct pawl_view tenant, struct pawl_view after, size_t limit,
                          store_token_fn *each, void *arg, struct pawl_err *err);
    /* Of one device, the newest first. */
    pawl_status (*events)(void *self, struct pawl_view tenant, struct pawl_view device,
                          size_t limit, store_event_fn *each, void *arg, struct pawl_err *err);

    /* ret: owned by the caller (blob_done). */
    pawl_status (*ratchet)(void *self, struct pawl_view tenant, struct pawl_view device,
                           struct blob *ret, struct pawl_err *err);
    pawl_status (*generation)(void *self, struct pawl_view tenant, struct pawl_view device,
                              unsigned dir, uint64_t epoch, uint32_t gen, struct blob *ret,
                              struct pawl_err *err);
    /* Of one direction, by epoch and gen. Those given to each end with the call. */
    pawl_status (*generations)(void *self, struct pawl_view tenant, struct pawl_view device,
                               unsigned dir, store_generation_fn *each, void *arg,
                               struct pawl_err *err);
    /* Segments behind `after`, the oldest first, at most limit; device empty: of all. */
    pawl_status (*segments)(void *self, struct pawl_view tenant, struct pawl_view device,
                            uint64_t after, size_t limit, store_segment_fn *each, void *arg,
                            struct pawl_err *err);
    /* By id, at most limit. */
    pawl_status (*downlinks)(void *self, struct pawl_view tenant, struct pawl_view device,
                             uint64_t after_id, size_t limit, store_downlink_fn *each, void *arg,
                             struct pawl_err *err);
    /* How many wait for this device, and the highest id among them; 0. */
    pawl_status (*downlink_queue)(void *self, struct pawl_view tenant, struct pawl_view device,
                                  uint64_t *ret_n, uint64_t *ret_last, struct pawl_err *err);
    /* Of one device, not older than since_ms, by number, heads without bytes: what a window holds.
     */
    pawl_status (*segment_heads)(void *self, struct pawl_view tenant, struct pawl_view device,
                                 int64_t since_ms, store_segment_fn *each, void *arg,
                                 struct pawl_err *err);
    /* Whole segments of one device that may hold this message id, the newest first, at most limit.
     * Of very many only the newest few thousand are looked at. */
    pawl_status (*segments_with)(void *self, struct pawl_view tenant, struct pawl_view device,
                                 uint64_t id, size_t limit, store_segment_fn *each, void *arg,
                                 struct pawl_err *err);
    /* One segment; ABSENT. */
    pawl_status (*segment)(void *self, struct pawl_view tenant, uint64_t number,
                           store_segment_fn *each, void *arg, struct pawl_err *err);

    /* ret: incident_row_done. */
    pawl_status (*incident)(void *self, struct pawl_view tenant, struct pawl_view device,
                            uint64_t epoch, struct incident_row *ret, struct pawl_err *err);
    /* The one that changed last first; device empty: of all; open: those that are not closed.
     * after: the row to begin behind, by changed_ms, device and epoch; NULL: none. */
    pawl_status (*incidents)(void *self, struct pawl_view tenant, struct pawl_view device,
                             bool open, const struct incident_row *after, size_t limit,
                             store_incident_fn *each, void *arg, struct pawl_err *err);
    pawl_status (*proofs)(void *self, struct pawl_view tenant, struct pawl_view device,
                          uint64_t epoch, store_proof_fn *each, void *arg, struct pawl_err *err);
    /* The last accepted evidence (proof/proof.h): owned by the caller. */
    pawl_status (*evidence)(void *self, struct pawl_view tenant, struct pawl_view device,
                            struct blob *ret, struct pawl_err *err);
    /* Entries behind `after`, at most limit. */
    pawl_status (*audit)(void *self, struct pawl_view tenant, uint64_t after, size_t limit,
                         store_audit_fn *each, void *arg, struct pawl_err *err);
    pawl_status (*audit_head)(void *self, struct pawl_view tenant, struct audit_head *ret,
                              struct pawl_err *err);
    /* Where this consumer goes on; ABSENT: at the beginning. */
    pawl_status (*consumer)(void *self, struct pawl_view tenant, const char *name,
                            struct consumer_row *ret, struct pawl_err *err);
    /* What waits of this consumer, by device. */
    pawl_status (*parked)(void *self, struct pawl_view tenant, const char *consumer,
                          store_parked_fn *each, void *arg, struct pawl_err *err);
    /* Who this verifier is among those on the store; the same after a restart. */
    const char *(*instance)(void *self);
    /* Devices whose attestation is overdue at now_s (0 < due_s < now_s, state active) and of which
     * nobody was told yet (told_s == 0), by due_s and id, behind these two, at most limit. */
    pawl_status (*overdue)(void *self, struct pawl_view tenant, int64_t now_s, int64_t after_s,
                           struct pawl_view after_id, size_t limit, store_device_fn *each,
                           void *arg, struct pawl_err *err);

    /* Of the tenants that devices, tokens or segments are of, configured or not, the first behind
     * this name; ABSENT: there is none. */
    pawl_status (*next_tenant)(void *self, const char *after, char ret[PAWL_TENANT_MAX + 1],
                               struct pawl_err *err);

    /* With its facts; boot_row_done. */
    pawl_status (*boot)(void *self, struct pawl_view tenant, struct pawl_view device,
                        struct boot_row *ret, struct pawl_err *err);
    /* By kind, then by first. */
    pawl_status (*kept)(void *self, struct pawl_view tenant, struct pawl_view device,
                        store_kept_fn *each, void *arg, struct pawl_err *err);
    pawl_status (*group)(void *self, struct pawl_view tenant, const char *name,
                         struct group_row *ret, struct pawl_err *err);
    pawl_status (*groups)(void *self, struct pawl_view tenant, const char *after, size_t limit,
                          store_group_fn *each, void *arg, struct pawl_err *err);
    /* Of this device, of this group (may be empty) and of the whole tenant, by number; device
     * empty: all of the tenant. */
    pawl_status (*exceptions)(void *self, struct pawl_view tenant, struct pawl_view device,
                              const char *group, store_exception_fn *each, void *arg,
                              struct pawl_err *err);

    /* Whose secret or key has this SHA-256. */
    pawl_status (*credential)(void *self, struct pawl_view sha256, struct credential *ret,
                              struct pawl_err *err);
    /* Of all tenants, by name: there are few. */
    pawl_status (*credentials)(void *self, store_credential_fn *each, void *arg,
                               struct pawl_err *err);
    /* Of a subject, a serial number or a request: one of q's members is set. The newest first. */
    pawl_status (*refusals)(void *self, struct pawl_view tenant, const struct refusal_query *q,
                            size_t limit, store_refusal_fn *each, void *arg, struct pawl_err *err);
    /* Subjects refused with this code since then, counted up to `most`. */
    pawl_status (*refusals_count)(void *self, struct pawl_view tenant, const char *code,
                                  int64_t since_s, uint64_t most, uint64_t *ret,
                                  struct pawl_err *err);

    /* When this store was last put back from an older copy, verifier time; 0: never. */
    int64_t (*restored_ms)(void *self);
    /* Whether it answers nothing because it is an older copy than the one that was known; NULL: it
     * never does. */
    bool (*is_behind)(void *self);
    /* The newest time that any row holds: verifier time never goes below it. */
    int64_t (*newest_ms)(void *self);
    /* Deletes the tenant's segments that are older than this, in bounded pieces between which other
     * steps go; done as in commit, when none is left. */
    void (*forget_segments)(void *self, struct pawl_view tenant, int64_t before_ms,
                            store_done_fn *done, void *arg);

    /* Never blocks. s must live until done was called. */
    void (*commit)(void *self, const struct step *s, store_done_fn *done, void *arg);

    /* Commits what was handed over, then releases everything. */
    void (*close)(void *self);
};

/* The embedded store: path/pawl.db, WAL, synchronous=FULL, one writer thread with group commit,
 * readers of its own for each calling thread. Creates or migrates the schema. */
PAWL_MUST_USE pawl_status sqlite_store_open(const char *path, struct store *ret,
                                            struct pawl_err *err);

/* The operator's word that path/pawl.db is an older copy: for one who put pawl.count back with it,
 * which would have told. */
PAWL_MUST_USE pawl_status sqlite_store_restored(const char *path, struct pawl_err *err);

/* The store of several verifiers, in a database of PostgreSQL that they share. path: this
 * verifier's state directory; conninfo: libpq's. Creates or migrates the schema. A database that
 * lacks what this verifier committed is not served: IO, here and later. */
PAWL_MUST_USE pawl_status postgres_store_open(const char *path, const char *conninfo,
                                              struct store *ret, struct pawl_err *err);
/* The operator's word that the database is the one to go on with, though it is an older copy. */
PAWL_MUST_USE pawl_status postgres_store_restored(const char *path, const char *conninfo,
                                                  struct pawl_err *err);

/* A copy of path/pawl.db as to/pawl.db, of one moment, while another process may write to it. */
PAWL_MUST_USE pawl_status sqlite_store_backup(const char *path, const char *to,
                                              struct pawl_err *err);
/* FORM if path/pawl.db is damaged. */
PAWL_MUST_USE pawl_status sqlite_store_check(const char *path, struct pawl_err *err);

/* commit, and waits for it: for the command line and tests. */
PAWL_MUST_USE pawl_status store_commit_wait(const struct store *store, const struct step *s,
                                            struct pawl_err *err);

#endif
