/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A slot file is CBOR[ "pawl/1 slot", counter, sealed, AES-256-SIV(wrapping key, content) ], with
 * associated data CBOR[ "pawl/1 slot", counter, device_id ]; sealed holds the wrapping key.
 */
#include "state/slot.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <pawl/crypto.h>

#include "state/file.h"
#include "state/point.h"
#include "state/slot_content.h"

#define FORMAT "pawl/1 slot"

enum {
    FILES = 2,
    WRAPPING_KEY = 64,
    BOX_MAX = SLOT_CONTENT_MAX + PAWL_AEAD_TAG,
    FILE_MAX = 32 + SLOT_SEALED_MAX + BOX_MAX,
};

static const char *const file_name[FILES] = { "slot.0", "slot.1" };

void slot_wipe(struct slot *s)
{
    pawl_wipe(s, sizeof(*s));
}

/* ---- one file ------------------------------------------------------------------------------- */

struct slot_file {
    pawl_status      read; /* OK: the rest is set */
    uint64_t         counter;
    struct pawl_view sealed, box; /* point into bytes */
    size_t           n;
    uint8_t          bytes[FILE_MAX];
};

static pawl_status file_parse(struct slot_file *f, struct pawl_err *err)
{
    struct pawl_cbor_rd r = pawl_cbor_rd_from(pawl_view(f->bytes, f->n));

    pawl_cbor_rd_array_of(&r, "slot", 4);
    if (!pawl_view_equal(pawl_cbor_rd_text(&r, "format", 32), pawl_view_str(FORMAT)))
        pawl_cbor_rd_fail(&r, PAWL_E_UNSUPPORTED, "format");
    f->counter = pawl_cbor_rd_uint(&r, "counter", UINT64_MAX);
    f->sealed = pawl_cbor_rd_bytes(&r, "sealed", 1, SLOT_SEALED_MAX);
    f->box = pawl_cbor_rd_bytes(&r, "content", PAWL_AEAD_TAG, BOX_MAX);
    pawl_cbor_rd_leave(&r, "slot");
    return pawl_cbor_rd_end(&r, err);
}

static void file_load(int dir, const char *name, struct slot_file *ret, struct pawl_err *err)
{
    ret->read = file_read(dir, name, ret->bytes, sizeof(ret->bytes), &ret->n, err);
    if (pawl_is_ok(ret->read))
        ret->read = pawl_under(err, name, file_parse(ret, err));
}

static bool claims(const struct slot_file *f, uint64_t counter)
{
    return pawl_is_ok(f->read) && f->counter == counter;
}

/* ---- sealing and opening -------------------------------------------------------------------- */

static pawl_status bind(uint64_t counter, const uint8_t device_id[PAWL_DEVICE_ID], uint8_t *buffer,
                        size_t cap, struct pawl_view *ret, struct pawl_err *err)
{
    struct pawl_wr w = pawl_wr_to(buffer, cap);

    pawl_cbor_wr_array(&w, 3);
    pawl_cbor_wr_text(&w, FORMAT);
    pawl_cbor_wr_uint(&w, counter);
    pawl_cbor_wr_bytes(&w, pawl_view(device_id, PAWL_DEVICE_ID));
    return pawl_wr_end(&w, "slot.aad", ret, err);
}

/* The bytes of the file that becomes valid when the counter reaches `counter`. */
static pawl_status seal(const struct slot_vault *v, const struct slot *s, uint64_t counter,
                        uint8_t *buffer, size_t cap, struct pawl_view *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(slot_content_wipe) struct slot_content content = { 0 };
    PAWL_SECRET                                         key = { 0 };
    struct slot_sealed                                  sealed = { 0 };
    struct pawl_wr                                      w = pawl_wr_to(buffer, cap);
    struct pawl_view                                    aad;
    uint8_t                                             aad_bytes[64], box[BOX_MAX];
    size_t                                              box_n = 0;

    PAWL_TRY(slot_content_write(s, &content, err));
    PAWL_TRY(pawl_secret_random(WRAPPING_KEY, &key, err));
    PAWL_TRY(v->seal(v->self, counter, &key, &sealed, err));
    PAWL_TRY(bind(counter, s->device_id, aad_bytes, sizeof(aad_bytes), &aad, err));
    PAWL_TRY(pawl_aead_seal(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), aad,
                            pawl_view(content.b, content.n), box, sizeof(box), &box_n, err));
    pawl_cbor_wr_array(&w, 4);
    pawl_cbor_wr_text(&w, FORMAT);
    pawl_cbor_wr_uint(&w, counter);
    pawl_cbor_wr_bytes(&w, pawl_view(sealed.b, sealed.n));
    pawl_cbor_wr_bytes(&w, pawl_view(box, box_n));
    return pawl_wr_end(&w, "slot", ret, err);
}

static pawl_status unseal(const struct slot_vault *v, const struct slot_file *f,
                          const uint8_t device_id[PAWL_DEVICE_ID], struct slot *ret,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(slot_content_wipe) struct slot_content content = { 0 };
    PAWL_CLEANUP(slot_wipe) struct slot                 s = { 0 };
    PAWL_SECRET                                         key = { 0 };
    struct slot_sealed                                  sealed = { .n = f->sealed.n };
    struct pawl_view                                    aad;
    uint8_t                                             aad_bytes[64];

    memcpy(sealed.b, f->sealed.p, f->sealed.n);
    pawl_status u = v->unseal(v->self, f->counter, &sealed, &key, err);
    if (u.code == PAWL_E_STATE) /* ours means that the slot is lost */
        return pawl_fail(err, PAWL_E_BUG, "slot.sealed", "the TPM is not ready to unseal");
    PAWL_TRY(u);
    if (key.n != WRAPPING_KEY)
        return pawl_fail(err, PAWL_E_FORGED, "slot.sealed", "holds no wrapping key");
    PAWL_TRY(bind(f->counter, device_id, aad_bytes, sizeof(aad_bytes), &aad, err));
    PAWL_TRY(pawl_under(err, "slot.content",
                        pawl_aead_open(PAWL_AES_256_SIV, &key, pawl_view(NULL, 0), aad, f->box,
                                       content.b, sizeof(content.b), &content.n, err)));
    PAWL_TRY(slot_content_parse(pawl_view(content.b, content.n), &s, err));
    s.counter = f->counter;
    memcpy(s.device_id, device_id, PAWL_DEVICE_ID);
    *ret = s;
    return pawl_ok();
}

/* True for failures that say nothing about the slot: later it may open. */
static bool may_pass(pawl_status s)
{
    switch (s.code) {
    case PAWL_E_DENIED: /* sealed for another value of the counter */
    case PAWL_E_FORGED:
    case PAWL_E_FORM:
    case PAWL_E_SHORT:
    case PAWL_E_TRAILING:
    case PAWL_E_RANGE:
    case PAWL_E_UNSUPPORTED:
    case PAWL_E_ABSENT:
        return false;
    default:
        return true;
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

/* The file that may be overwritten: never the one that is valid at this counter. */
static pawl_status choose(int dir, const struct slot_vault *v, uint64_t counter,
                          const uint8_t device_id[PAWL_DEVICE_ID], const char **ret,
                          struct pawl_err *err)
{
    PAWL_CLEANUP(slot_wipe) struct slot opened = { 0 };
    struct slot_file                    f[FILES];

    for (size_t i = 0; i < FILES; i++) {
        file_load(dir, file_name[i], &f[i], err);
        if (!pawl_is_ok(f[i].read) && may_pass(f[i].read))
            return f[i].read; /* it may be the valid one */
    }
    *ret = file_name[0];
    if (!claims(&f[0], counter))
        return pawl_ok();
    *ret = file_name[1];
    if (!claims(&f[1], counter))
        return pawl_ok();
    /* Somebody copied or changed one of them: the one that opens stays. */
    pawl_status s = unseal(v, &f[1], device_id, &opened, err);
    if (pawl_is_ok(s))
        *ret = file_name[0];
    return pawl_is_ok(s) || !may_pass(s) ? pawl_ok() : s;
}

static pawl_status write_and_compare(int dir, const char *name, struct pawl_view bytes,
                                     struct slot_file *ret, struct pawl_err *err)
{
    PAWL_TRY(file_replace(dir, name, bytes, err));
    file_load(dir, name, ret, err);
    PAWL_TRY(ret->read);
    if (!pawl_view_equal(pawl_view(ret->bytes, ret->n), bytes))
        return pawl_fail(err, PAWL_E_IO, name, "reads back differently");
    return pawl_ok();
}

static pawl_status unsettled(struct pawl_err *err)
{
    struct pawl_err why = *err;

    return pawl_fail(err, PAWL_E_CONFLICT, "slot", "which one is valid has to be seen: %s: %.70s",
                     why.where, why.why);
}

/* The commit point. A TPM that failed here may have done it all the same. */
static pawl_status advance(const struct slot_vault *v, uint64_t from, struct pawl_err *err)
{
    struct pawl_err ignored;
    uint64_t        now = 0;

    pawl_status s = v->increment(v->self, &now, err);
    if (!pawl_is_ok(s) && !pawl_is_ok(v->counter(v->self, false, &now, &ignored)))
        return unsettled(err);
    if (!pawl_is_ok(s) && now == from)
        return s;
    if (now != from + 1)
        return pawl_fail(err, PAWL_E_STATE, "slot.counter",
                         "went from %" PRIu64 " to %" PRIu64 ": somebody else uses it", from, now);
    return pawl_ok();
}

/* The content that was written comes back out of the TPM. */
static pawl_status prove(const struct slot_vault *v, const struct slot_file *f,
                         const uint8_t device_id[PAWL_DEVICE_ID], struct pawl_err *err)
{
    PAWL_CLEANUP(slot_wipe) struct slot opened = { 0 };

    pawl_status s = unseal(v, f, device_id, &opened, err);
    if (pawl_is_ok(s))
        return s;
    if (may_pass(s))
        return unsettled(err);
    struct pawl_err why = *err;
    return pawl_fail(err, PAWL_E_STATE, "slot",
                     "the counter moved and the new slot does not open: %s: %.60s", why.where,
                     why.why);
}

pawl_status slot_write(int dir, const struct slot_vault *v, struct slot *s, struct pawl_err *err)
{
    uint8_t          buffer[FILE_MAX];
    struct pawl_view bytes;
    struct slot_file written;
    const char      *name;
    uint64_t         counter = 0;

    PAWL_TRY(v->counter(v->self, true, &counter, err));
    if (counter == UINT64_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "slot.counter", "it has no next value");
    PAWL_TRY(choose(dir, v, counter, s->device_id, &name, err));
    PAWL_TRY(seal(v, s, counter + 1, buffer, sizeof(buffer), &bytes, err)); /* P-DUR-4 */
    PAWL_TRY(write_and_compare(dir, name, bytes, &written, err));
    point("slot.written");
    PAWL_TRY(advance(v, counter, err));
    point("counter.incremented");
    PAWL_TRY(prove(v, &written, s->device_id, err));
    s->counter = counter + 1;
    point("slot.proved");
    return pawl_ok();
}

/* ---- opening -------------------------------------------------------------------------------- */

/* The very first one was cut off before its commit point: nothing is lost. */
static bool never_was(const struct slot_file f[FILES], uint64_t counter)
{
    for (size_t i = 0; i < FILES; i++)
        if (f[i].read.code != PAWL_E_ABSENT &&
            (counter == UINT64_MAX || !claims(&f[i], counter + 1)))
            return false;
    return true;
}

static pawl_status lost(const struct slot_file f[FILES], uint64_t counter, struct pawl_err *err)
{
    bool older = false, newer = false;

    if (never_was(f, counter))
        return pawl_fail(err, PAWL_E_ABSENT, "slot", "none became valid");
    for (size_t i = 0; i < FILES; i++) {
        older = older || (pawl_is_ok(f[i].read) && f[i].counter < counter);
        newer = newer || (pawl_is_ok(f[i].read) && f[i].counter > counter);
    }
    if (older)
        return pawl_fail(err, PAWL_E_STATE, "slot",
                         "an older copy: the TPM's counter is at %" PRIu64, counter);
    if (newer)
        return pawl_fail(err, PAWL_E_STATE, "slot",
                         "of another TPM: its counter is at %" PRIu64 " only", counter);
    return pawl_fail(err, PAWL_E_STATE, "slot", "no file of it can be read as one");
}

static pawl_status open_one(const struct slot_vault *v, const struct slot_file f[FILES],
                            uint64_t counter, const uint8_t device_id[PAWL_DEVICE_ID],
                            struct slot *ret, struct pawl_err *err)
{
    pawl_status s = { PAWL_E_NONE };

    for (size_t i = 0; i < FILES; i++) {
        if (!claims(&f[i], counter))
            continue;
        s = unseal(v, &f[i], device_id, ret, err);
        if (may_pass(s)) /* success, too */
            return s;
    }
    if (s.code == PAWL_E_NONE)
        return lost(f, counter, err);
    struct pawl_err why = *err;
    return pawl_fail(err, PAWL_E_STATE, "slot", "does not open: %s: %.90s", why.where, why.why);
}

pawl_status slot_open(int dir, const struct slot_vault *v, const uint8_t device_id[PAWL_DEVICE_ID],
                      struct slot *ret, struct pawl_err *err)
{
    struct slot_file f[FILES];
    struct pawl_err  read_err[FILES] = { 0 };
    uint64_t         counter = 0;

    for (size_t i = 0; i < FILES; i++)
        file_load(dir, file_name[i], &f[i], &read_err[i]);
    if (f[0].read.code == PAWL_E_ABSENT && f[1].read.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_ABSENT, "slot", "none was written");

    pawl_status s = v->counter(v->self, false, &counter, err);
    if (s.code == PAWL_E_ABSENT)
        return pawl_fail(err, PAWL_E_STATE, "slot", "this TPM has no counter for it");
    PAWL_TRY(s);
    s = open_one(v, f, counter, device_id, ret, err);
    if (s.code != PAWL_E_STATE)
        return s;
    for (size_t i = 0; i < FILES; i++) {
        if (pawl_is_ok(f[i].read) || !may_pass(f[i].read))
            continue;
        *err = read_err[i];
        return f[i].read;
    }
    return s;
}

pawl_status slot_forget(int dir, struct pawl_err *err)
{
    for (size_t i = 0; i < FILES; i++)
        if (unlinkat(dir, file_name[i], 0) && errno != ENOENT)
            return pawl_fail(err, PAWL_E_IO, file_name[i], "cannot remove: %s", strerror(errno));
    if (fsync(dir))
        return pawl_fail(err, PAWL_E_IO, "slot", "cannot fsync the directory: %s", strerror(errno));
    point("slot.forgotten");
    return pawl_ok();
}
