/* SPDX-License-Identifier: Apache-2.0 */
/* Our structs as columns: put and get side by side, in the order of the column lists of
 * statement.c. What get finds outside of its range fails naming the column. */

#include <stdlib.h>
#include <string.h>

#include "store/sql.h"

static void put_name(struct query *q, const struct pawl_name *n)
{
    query_bytes(q, pawl_name_view(n));
}

static void get_name(struct query *q, const char *column, struct pawl_name *ret)
{
    ret->n = get_bytes(q, column, ret->b, sizeof(ret->b));
}

void put_words(struct query *q, const char *text, char *b, size_t cap)
{
    if (!words_write(text, b, cap))
        q->bad = "text";
    else
        query_text(q, b);
}

void get_words(struct query *q, const char *column, char *ret, size_t cap)
{
    const char *stored = get_text_view(q, column);

    if (stored && !words_read(stored, ret, cap))
        q->bad = column;
}

/* Where of each bank all PCRs are selected, or none, a byte for each says its hash and which. What
 * TPMs write begins with 0. */
enum { ALL_OF_BANK = 0x80, ALL_PCRS = 0xffffff };

_Static_assert(PAWL_SHA1 == 1 && PAWL_SHA512 == 4, "stand in rows as numbers");

static bool write_banks(const struct pawl_pcr_selection *s, struct pawl_wr *w)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->bank[i].bits != 0 && s->bank[i].bits != ALL_PCRS)
            return false;
        pawl_wr_u8(w, (uint8_t)(s->bank[i].hash | (s->bank[i].bits ? ALL_OF_BANK : 0)));
    }
    return s->n > 0;
}

static bool read_banks(struct pawl_view in, struct pawl_pcr_selection *ret)
{
    *ret = (struct pawl_pcr_selection){ .n = in.n };
    for (size_t i = 0; i < in.n && i < PAWL_PCR_BANKS_MAX; i++) {
        unsigned hash = in.p[i] & ~(unsigned)ALL_OF_BANK;

        if (hash == PAWL_HASH_NONE || hash >= PAWL_HASH_COUNT)
            return false;
        ret->bank[i].hash = (enum pawl_hash)hash;
        ret->bank[i].bits = in.p[i] & ALL_OF_BANK ? ALL_PCRS : 0;
    }
    return in.n <= PAWL_PCR_BANKS_MAX;
}

static void put_banks(struct query *q, const struct pawl_pcr_selection *s)
{
    uint8_t        b[PAWL_PCR_SELECT_MAX], few[PAWL_PCR_BANKS_MAX];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b)), short_w = pawl_wr_to(few, sizeof(few));

    pawl_pcr_selection_write(s, &w);
    if (w.full)
        q->bad = "banks";
    else if (write_banks(s, &short_w))
        query_bytes_copy(q, pawl_view(few, short_w.n));
    else
        query_bytes_copy(q, pawl_view(b, w.n));
}

static void get_banks(struct query *q, struct pawl_pcr_selection *ret)
{
    uint8_t          b[PAWL_PCR_SELECT_MAX];
    struct pawl_view v = pawl_view(b, get_bytes(q, "banks", b, sizeof(b)));
    struct pawl_err  err;

    if (q->bad)
        return;
    if (v.n && b[0] ? !read_banks(v, ret) : !pawl_is_ok(pawl_pcr_selection_parse(v, ret, &err)))
        q->bad = "banks";
}

/* ---- what follows ---------------------------------------------------------------------------- */

/* What follows from other columns is not stored: one byte stands for a Name that does, a point for
 * a public area in our template. Whether it follows is tried, so there is nothing to keep in step.
 */

static const struct pawl_view follows = { (const uint8_t *)"", 1 };
static const struct pawl_view none = { NULL, 0 };

static struct pawl_view area_of(enum pawl_template t, struct pawl_view point, struct pawl_wr *w)
{
    struct pawl_public key = { .kind = PAWL_KEY_P256, .n = point.n };
    struct pawl_err    err;

    if (point.n != PAWL_POINT_P256)
        return none;
    memcpy(key.b, point.p, point.n);
    return pawl_is_ok(pawl_template_write(t, &key, w, &err)) ? pawl_view(w->p, w->n) : none;
}

/* Of t_D, by its point; n == 0 for a point that is none. */
static struct pawl_name td_name_of(const struct device *d)
{
    uint8_t          b[PAWL_PUBLIC_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view area = area_of(PAWL_TD_P256, PAWL_VIEW_OF(d->td_point), &w);
    struct pawl_name n = { 0 };
    struct pawl_err  err;

    if (area.n && !pawl_is_ok(pawl_name_of(PAWL_SHA256, area, &n, &err)))
        n.n = 0;
    return n;
}

static struct pawl_name signer_of(const struct device *d)
{
    const struct pawl_name chain[] = { d->ek_name, d->ak_name };
    struct pawl_name       n = { 0 };
    struct pawl_err        err;

    if (!pawl_is_ok(pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &n, &err)))
        n.n = 0;
    return n;
}

static void put_following(struct query *q, const struct pawl_name *n, struct pawl_name other)
{
    query_bytes(q, n->n && pawl_name_equal(n, &other) ? follows : pawl_name_view(n));
}

/* The point ends a public area in our template: with the size of y before its second half. */
static void put_ak_public(struct query *q, const struct device *d)
{
    enum { HALF = (PAWL_POINT_P256 - 1) / 2, TAIL = 2 * HALF + 2 };
    uint8_t          point[PAWL_POINT_P256] = { 0x04 }, b[PAWL_PUBLIC_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view whole = pawl_view(d->ak_public, d->ak_public_n);

    if (whole.n < TAIL) {
        query_bytes(q, whole);
        return;
    }
    memcpy(point + 1, whole.p + whole.n - TAIL, HALF);
    memcpy(point + 1 + HALF, whole.p + whole.n - HALF, HALF);
    bool is_ours = pawl_view_equal(area_of(PAWL_AK_P256, PAWL_VIEW_OF(point), &w), whole);
    query_bytes_copy(q, is_ours ? PAWL_VIEW_OF(point) : whole);
}

static void get_ak_public(struct query *q, struct device *ret)
{
    uint8_t          b[PAWL_PUBLIC_MAX];
    struct pawl_wr   w = pawl_wr_to(b, sizeof(b));
    struct pawl_view in = pawl_view(ret->ak_public, ret->ak_public_n);

    in.n = ret->ak_public_n = get_bytes(q, "ak_public", ret->ak_public, sizeof(ret->ak_public));
    if (in.n != PAWL_POINT_P256)
        return;
    struct pawl_view area = area_of(PAWL_AK_P256, in, &w);
    if (area.n > sizeof(ret->ak_public)) {
        q->bad = "ak_public";
        return;
    }
    memcpy(ret->ak_public, b, area.n);
    ret->ak_public_n = area.n;
}

/* ---- device --------------------------------------------------------------------------------- */

static void put_clock(struct query *q, const struct pawl_clock *c)
{
    query_u64(q, c->clock_ms);
    query_u64(q, c->resets);
    query_u64(q, c->restarts);
    query_u64(q, c->safe);
    query_u64(q, c->firmware);
}

static void get_clock(struct query *q, struct pawl_clock *ret)
{
    ret->clock_ms = get_u64(q);
    ret->resets = (uint32_t)get_max(q, "resets", UINT32_MAX);
    ret->restarts = (uint32_t)get_max(q, "restarts", UINT32_MAX);
    ret->safe = get_max(q, "safe", 1);
    ret->firmware = get_u64(q);
}

/* Five bytes: the claims in the order of the struct, and whether the group only watched; none, when
 * no verdict was made since they are kept. */
static void put_claims(struct query *q, const struct device_claims *c)
{
    const uint8_t b[] = { (uint8_t)c->identity, (uint8_t)c->configuration, (uint8_t)c->executables,
                          (uint8_t)c->hardware, c->watched };
    static const uint8_t no_claim[sizeof(b)];

    query_bytes_copy(q, pawl_view(b, memcmp(b, no_claim, sizeof(b)) ? sizeof(b) : 0));
    query_text(q, c->policy);
}

static void get_claims(struct query *q, struct device_claims *ret)
{
    uint8_t b[5];

    if (get_bytes(q, "claims", b, sizeof(b)) == sizeof(b)) {
        ret->identity = (int8_t)b[0];
        ret->configuration = (int8_t)b[1];
        ret->executables = (int8_t)b[2];
        ret->hardware = (int8_t)b[3];
        ret->watched = b[4];
    }
    get_text(q, "judged_by", ret->policy, sizeof(ret->policy));
}

pawl_status device_words_make(const struct device *d, struct device_words *ret,
                              struct pawl_err *err)
{
    ret->why_n = WORDS_MAX(strlen(d->why) + 1);
    ret->why = malloc(ret->why_n);
    return ret->why ? pawl_ok()
                    : pawl_fail(err, PAWL_E_MEMORY, "store.device.why", "out of memory");
}

void device_words_done(struct device_words *w)
{
    free(w->why);
}

/* Without version and seen_s: those stand in its row of ratchet. Without what indexes hold: see
 * put_device_indexed. */
void put_device(struct query *q, const struct device *d, struct device_words *room)
{
    query_text(q, d->tenant);
    query_bytes(q, PAWL_VIEW_OF(d->id));
    query_u64(q, d->state);
    query_u64(q, d->roots);
    put_name(q, &d->ek_name);
    put_following(q, &d->td_name, td_name_of(d));
    put_following(q, &d->qualified_signer, signer_of(d));
    put_ak_public(q, d);
    query_bytes(q, PAWL_VIEW_OF(d->td_point));
    query_u64(q, d->suite);
    query_u64(q, d->enrolments);
    query_u64(q, d->attempt);
    put_clock(q, &d->clock);
    query_bytes(q, PAWL_VIEW_OF(d->boot_id));
    query_bytes(q, PAWL_VIEW_OF(d->os_boot));
    query_text(q, d->firmware_cert);
    put_banks(q, &d->banks);
    query_bytes(q, pawl_digest_view(&d->pcr_digest));
    query_text(q, d->policy);
    put_words(q, d->status, room->status, sizeof(room->status));
    put_words(q, d->why, room->why, room->why_n);
    query_u64(q, (uint64_t)d->created_s);
    put_words(q, d->software_status, room->software_status, sizeof(room->software_status));
    put_words(q, d->keys_status, room->keys_status, sizeof(room->keys_status));
    query_u64(q, (uint64_t)d->due_s);
    query_u64(q, (uint64_t)d->told_s);
    query_u64(q, (uint64_t)d->attested_s);
    put_words(q, d->coverage, room->coverage, sizeof(room->coverage));
    query_text(q, d->release);
    query_bytes(q, pawl_view(d->app_point, d->has_app_point ? sizeof(d->app_point) : 0));
    put_claims(q, &d->claims);
    query_text(q, d->manufacturer);
    query_u64(q, (uint64_t)d->rekey_due_s);
}

void get_device(struct query *q, struct device *ret)
{
    memset(ret, 0, offsetof(struct device, why));
    ret->why[0] = 0;
    get_text(q, "tenant", ret->tenant, sizeof(ret->tenant));
    get_exact(q, "id", ret->id, sizeof(ret->id));
    ret->state = (enum device_state)get_max(q, "state", DEVICE_COUNT - 1);
    ret->roots = (enum roots)get_max(q, "roots", ROOTS_COUNT - 1);
    get_name(q, "ek_name", &ret->ek_name);
    get_name(q, "td_name", &ret->td_name);
    get_name(q, "qualified_signer", &ret->qualified_signer);
    get_ak_public(q, ret);
    get_exact(q, "td_point", ret->td_point, sizeof(ret->td_point));
    ret->suite = (uint16_t)get_max(q, "suite", UINT16_MAX);
    ret->enrolments = get_u64(q);
    ret->attempt = get_u64(q);
    get_clock(q, &ret->clock);
    get_exact(q, "boot_id", ret->boot_id, sizeof(ret->boot_id));
    get_exact(q, "os_boot", ret->os_boot, sizeof(ret->os_boot));
    get_text(q, "firmware_cert", ret->firmware_cert, sizeof(ret->firmware_cert));
    get_banks(q, &ret->banks);
    ret->pcr_digest.n = get_bytes(q, "pcr_digest", ret->pcr_digest.b, sizeof(ret->pcr_digest.b));
    get_text(q, "policy", ret->policy, sizeof(ret->policy));
    get_words(q, "status", ret->status, sizeof(ret->status));
    get_words(q, "why", ret->why, sizeof(ret->why));
    ret->created_s = (int64_t)get_u64(q);
    get_words(q, "software_status", ret->software_status, sizeof(ret->software_status));
    get_words(q, "keys_status", ret->keys_status, sizeof(ret->keys_status));
    ret->due_s = (int64_t)get_u64(q);
    ret->told_s = (int64_t)get_u64(q);
    ret->attested_s = (int64_t)get_u64(q);
    get_words(q, "coverage", ret->coverage, sizeof(ret->coverage));
    get_text(q, "release", ret->release, sizeof(ret->release));
    ret->has_app_point = get_bytes(q, "app_point", ret->app_point, sizeof(ret->app_point)) > 0;
    get_claims(q, &ret->claims);
    get_text(q, "manufacturer", ret->manufacturer, sizeof(ret->manufacturer));
    ret->rekey_due_s = (int64_t)get_u64(q);
    get_name(q, "ak_name", &ret->ak_name);
    get_text(q, "grp", ret->group, sizeof(ret->group));
    ret->version = get_u64(q);
    ret->seen_s = (int64_t)get_u64(q);
    if (!q->bad && ret->td_name.n == follows.n)
        ret->td_name = td_name_of(ret);
    if (!q->bad && ret->qualified_signer.n == follows.n)
        ret->qualified_signer = signer_of(ret);
}

/* ---- token ---------------------------------------------------------------------------------- */

void put_token(struct query *q, const struct token *t)
{
    query_text(q, t->tenant);
    query_bytes(q, PAWL_VIEW_OF(t->id));
    query_bytes(q, pawl_view(t->wrapped, t->wrapped_n));
    query_u64(q, t->uses_left);
    query_u64(q, (uint64_t)t->expires_s);
    if (t->has_device)
        query_bytes(q, PAWL_VIEW_OF(t->device_id));
    else
        query_null(q);
    query_u64(q, (uint64_t)t->created_s);
}

void get_token(struct query *q, struct token *ret)
{
    *ret = (struct token){ 0 };
    get_text(q, "tenant", ret->tenant, sizeof(ret->tenant));
    get_exact(q, "id", ret->id, sizeof(ret->id));
    ret->wrapped_n = get_bytes(q, "wrapped", ret->wrapped, sizeof(ret->wrapped));
    ret->uses_left = get_max(q, "uses_left", INT64_MAX);
    ret->expires_s = (int64_t)get_u64(q);
    ret->has_device = !get_is_null(q);
    if (ret->has_device)
        get_exact(q, "device", ret->device_id, sizeof(ret->device_id));
    else
        get_skip(q);
    ret->created_s = (int64_t)get_u64(q);
}

/* ---- policy --------------------------------------------------------------------------------- */

void put_policy(struct query *q, const struct policy_row *p)
{
    query_text(q, p->tenant);
    query_text(q, p->name);
    query_u64(q, p->version);
    query_u64(q, (uint64_t)p->created_s);
    query_text(q, p->json);
}

void get_policy(struct query *q, struct policy_row *ret)
{
    *ret = (struct policy_row){ 0 };
    get_text(q, "tenant", ret->tenant, sizeof(ret->tenant));
    get_text(q, "name", ret->name, sizeof(ret->name));
    ret->version = get_max(q, "version", INT64_MAX);
    ret->created_s = (int64_t)get_u64(q);
    ret->json = get_text_copy(q, "json");
}

/* ---- event ---------------------------------------------------------------------------------- */

void get_event(struct query *q, struct event_row *ret)
{
    ret->time_s = (int64_t)get_u64(q);
    get_words(q, "line", ret->line, sizeof(ret->line));
}

/* ---- rows of the ratchet -------------------------------------------------------------------- */

void get_generation(struct query *q, struct generation_row *ret)
{
    blob_done(&ret->bytes);
    ret->dir = (unsigned)get_max(q, "dir", UINT32_MAX);
    ret->epoch = get_order(q, "epoch");
    ret->gen = (uint32_t)get_max(q, "gen", UINT32_MAX);
    get_blob(q, "bytes", &ret->bytes);
}

void put_segment(struct query *q, const struct segment_row *s)
{
    query_u64(q, s->kind);
    query_bytes(q, PAWL_VIEW_OF(s->device));
    query_u64(q, (uint64_t)s->time_ms);
    query_u64(q, s->n);
    query_order(q, s->id_lo);
    query_order(q, s->id_hi);
    query_bytes(q, pawl_view(s->heads.p, s->heads.n));
    query_bytes(q, pawl_view(s->bytes.p, s->bytes.n));
}

void get_segment(struct query *q, struct segment_row *ret)
{
    segment_row_done(ret);
    ret->number = get_u64(q);
    ret->kind = (enum segment_kind)get_max(q, "kind", SEGMENT_NOTICE);
    get_exact(q, "device", ret->device, sizeof(ret->device));
    ret->time_ms = (int64_t)get_u64(q);
    ret->n = (uint32_t)get_max(q, "n", UINT32_MAX);
    ret->id_lo = get_order(q, "id_lo");
    ret->id_hi = get_order(q, "id_hi");
    get_blob(q, "heads", &ret->heads);
    get_blob(q, "bytes", &ret->bytes);
}

void get_downlink(struct query *q, struct downlink_row *ret)
{
    blob_done(&ret->body);
    get_exact(q, "device", ret->device, sizeof(ret->device));
    ret->id = get_order(q, "id");
    ret->created_ms = (int64_t)get_u64(q);
    ret->seq = get_u64(q);
    ret->sent_ms = (int64_t)get_u64(q);
    get_blob(q, "body", &ret->body);
}

/* ---- incidents ------------------------------------------------------------------------------ */

void put_incident(struct query *q, const struct incident_row *i)
{
    query_bytes(q, PAWL_VIEW_OF(i->device));
    query_u64(q, i->epoch);
    query_u64(q, i->kind);
    query_u64(q, i->severity);
    query_u64(q, i->state);
    query_u64(q, i->rules);
    query_u64(q, (uint64_t)i->opened_ms);
    query_u64(q, (uint64_t)i->changed_ms);
    query_u64(q, i->slot_lo);
    query_u64(q, i->slot_hi);
    query_u64(q, i->forged);
    query_u64(q, i->genuine);
    query_u64(q, i->unattested);
    query_text(q, i->detail);
    query_text(q, i->note);
    query_bytes(q, pawl_view(i->slots.p, i->slots.n));
}

void get_incident(struct query *q, struct incident_row *ret)
{
    incident_row_done(ret);
    get_exact(q, "device", ret->device, sizeof(ret->device));
    ret->epoch = get_u64(q);
    ret->kind = (unsigned)get_max(q, "kind", UINT32_MAX);
    ret->severity = (unsigned)get_max(q, "severity", UINT32_MAX);
    ret->state = (unsigned)get_max(q, "state", UINT32_MAX);
    ret->rules = (unsigned)get_max(q, "rules", UINT32_MAX);
    ret->opened_ms = (int64_t)get_u64(q);
    ret->changed_ms = (int64_t)get_u64(q);
    ret->slot_lo = get_u64(q);
    ret->slot_hi = get_u64(q);
    ret->forged = get_u64(q);
    ret->genuine = get_u64(q);
    ret->unattested = get_u64(q);
    get_text(q, "detail", ret->detail, sizeof(ret->detail));
    get_text(q, "note", ret->note, sizeof(ret->note));
    get_blob(q, "slots", &ret->slots);
}

void get_proof(struct query *q, struct proof_row *ret)
{
    blob_done(&ret->bytes);
    get_exact(q, "device", ret->device, sizeof(ret->device));
    ret->epoch = get_u64(q);
    ret->number = get_max(q, "number", INT64_MAX);
    ret->time_ms = (int64_t)get_u64(q);
    get_blob(q, "bytes", &ret->bytes);
}

void get_audit(struct query *q, struct audit_row *ret)
{
    ret->number = get_u64(q);
    ret->time_ms = (int64_t)get_u64(q);
    get_exact(q, "device", ret->device, sizeof(ret->device));
    get_text(q, "line", ret->line, sizeof(ret->line));
    get_exact(q, "hash", ret->hash, sizeof(ret->hash));
}
