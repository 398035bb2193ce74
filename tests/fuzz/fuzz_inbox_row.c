/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at the entries of the feed as they stand in the database, where only a thief of the
 * database, or a fault of ours, writes: heads that are read write back byte for byte, bodies belong
 * to their heads, and what is read stays within what a row may hold.
 *
 * Input: u8 kind (0 heads of messages, 1 heads of marks, 2 a row of messages behind its seal) ||
 * u16 length || bodies (kind 2) || heads.
 */

#include "flow/inbox.h"
#include "fuzz.h"

static const struct keys key = { .master = { .n = 32 } };

static struct pawl_view tenant(void)
{
    return pawl_view("acme", 4);
}

static void same_heads(const struct segment_row *row, const struct inbox_segment *s)
{
    struct segment_row again = { 0 };
    struct pawl_err    err;

    if (s->n == 0)
        return;
    FUZZ_HOLDS(pawl_is_ok(
        inbox_seal(&key, tenant(), row->device, s->status, s->message, s->n, &again, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(again.heads.p, again.heads.n),
                               pawl_view(row->heads.p, row->heads.n)));
    for (size_t i = 0; i < s->n; i++)
        FUZZ_HOLDS(again.id_lo <= s->message[i].head.id && s->message[i].head.id <= again.id_hi);
    segment_row_done(&again);
}

static void try_messages(const struct segment_row *row)
{
    static struct inbox_segment s;
    struct pawl_err             err;

    pawl_status status = inbox_heads(row, &s, &err);
    if (!pawl_is_ok(status)) {
        FUZZ_HOLDS(err.code == status.code && err.where[0] && err.why[0]);
        return;
    }
    FUZZ_HOLDS(s.n <= PAWL_MESSAGES_N_MAX && memchr(s.status, 0, sizeof(s.status)));
    same_heads(row, &s);
    inbox_segment_done(&s);
}

static void try_marks(const struct segment_row *row)
{
    static struct inbox_mark mark[INBOX_MARKS_MAX];
    struct blob              again;
    struct pawl_err          err;
    size_t                   n = SIZE_MAX;

    pawl_status status = inbox_marks_read(row, mark, INBOX_MARKS_MAX, &n, &err);
    if (!pawl_is_ok(status)) {
        FUZZ_HOLDS(err.code == status.code && err.where[0] && err.why[0] && n == SIZE_MAX);
        return;
    }
    FUZZ_HOLDS(n <= INBOX_MARKS_MAX);
    FUZZ_HOLDS(pawl_is_ok(inbox_marks_write(mark, n, &again, &err)));
    FUZZ_HOLDS(pawl_view_equal(pawl_view(again.p, again.n), pawl_view(row->heads.p, row->heads.n)));
    blob_done(&again);
}

/* What we would have sealed: the hash of these heads, and these bodies. */
static void try_sealed(struct segment_row *row, struct pawl_view bodies)
{
    static struct inbox_segment s;
    uint8_t                     plain[512], sealed[sizeof(plain) + PAWL_AEAD_TAG];
    struct pawl_wr              w = pawl_wr_to(plain, sizeof(plain));
    struct pawl_err             err;
    uint8_t                     digest[32];

    FUZZ_HOLDS(pawl_is_ok(pawl_sha256(pawl_view(row->heads.p, row->heads.n), digest, &err)));
    pawl_wr_bytes(&w, PAWL_VIEW_OF(digest));
    pawl_wr_bytes(&w, bodies);
    FUZZ_HOLDS(!w.full);
    FUZZ_HOLDS(
        pawl_is_ok(keys_seal(&key, tenant(), PAWL_VIEW_OF(row->device), "inbox", 0,
                             pawl_view(plain, w.n), sealed, sizeof(sealed), &row->bytes.n, &err)));
    row->bytes.p = sealed;
    if (!pawl_is_ok(inbox_open(&key, tenant(), row, &s, &err)))
        return;
    FUZZ_HOLDS(s.n <= PAWL_MESSAGES_N_MAX);
    for (size_t i = 0; i < s.n; i++) {
        struct pawl_view b = s.message[i].body;
        FUZZ_HOLDS(b.n == 0 || (b.p >= s.plain.p && b.n <= s.plain.n &&
                                (size_t)(b.p - s.plain.p) <= s.plain.n - b.n));
    }
    same_heads(row, &s);
    inbox_segment_done(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_rd     r = pawl_rd_from(pawl_view(p, n));
    struct segment_row row = { 0 };
    unsigned           kind = pawl_rd_u8(&r, "kind");
    struct pawl_view   bodies = pawl_rd_tpm2b(&r, "bodies", 480);
    struct pawl_view   heads = pawl_rd_bytes(&r, "heads", r.left);

    if (r.bad || kind > 2)
        return 0;
    row.heads = (struct blob){ .n = heads.n, .p = (uint8_t *)(uintptr_t)heads.p };
    if (kind == 0)
        try_messages(&row);
    else if (kind == 1)
        try_marks(&row);
    else
        try_sealed(&row, bodies);
    return 0;
}
