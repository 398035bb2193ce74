/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: measurement lists of every template are read whole or refused with the field's name, and
 * replay to the PCRs that an independent program computed; a replay stops where a quote is, goes on
 * where it stopped, and finds every change of what was measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/ima_ascii.h"
#include "appraise/ima_replay.h"
#include "soft_ima.h"
#include "t.h"

enum { RESETS = 7 };

static const char *const lists[] = { "templates", "violation", "legacy", "other_pcr" };
enum { LISTS = sizeof(lists) / sizeof(lists[0]) };

static struct pawl_view list_file(const char *name, const char *suffix)
{
    char path[64];

    snprintf(path, sizeof(path), "ima/%s.%s", name, suffix);
    return t_vector(path);
}

static pawl_status replay(struct pawl_view list, const struct pawl_digest *quoted,
                          struct ima_covered *ret, struct pawl_err *err)
{
    struct ima_place start = ima_start(RESETS, IMA_PCR, PAWL_SHA256);

    return ima_replay(&start, list, 0, RESETS, quoted, ret, err);
}

static struct ima_entry entry_of(struct pawl_view list, size_t number)
{
    struct ima_list  l = ima_list_from(list, 0);
    struct ima_entry e = { 0 };
    struct pawl_err  err;

    for (size_t i = 0; i <= number; i++)
        T_OK(ima_next(&l, &e, &err), &err);
    return e;
}

/* ---- what an independent program says ------------------------------------------------------- */

static void holds_answer(const char *name, const char *bank, const char *extends, const char *hex)
{
    struct pawl_digest quoted;
    struct ima_covered c;
    struct ima_place   start = ima_start(RESETS, IMA_PCR, pawl_hash_by_name(bank));
    struct pawl_err    err;

    T_OK(pawl_hex_parse(hex, "pcr10", quoted.b, sizeof(quoted.b), &quoted.n, &err), &err);
    T_OK(ima_replay(&start, list_file(name, "bin"), 0, RESETS, &quoted, &c, &err), &err);
    assert_string_equal(ima_extends_name(c.at.extends), extends);
    assert_int_equal(c.pending, 0);
}

static void replays_to_the_pcrs_that_others_compute(void **state)
{
    (void)state;
    struct pawl_view text = t_vector("ima/pcr10.txt");
    char             name[32], bank[16], extends[16], hex[2 * PAWL_HASH_MAX + 1];
    int              n = 0, rows = 0;

    for (size_t at = 0; at < text.n; at += (size_t)n, rows++) {
        char   line[256] = { 0 };
        size_t left = text.n - at;
        memcpy(line, text.p + at, left < sizeof(line) - 1 ? left : sizeof(line) - 1);
        assert_int_equal(sscanf(line, "%31s %15s %15s %128s%n", name, bank, extends, hex, &n), 4);
        n++; /* the line's end */
        holds_answer(name, bank, extends, hex);
    }
    assert_int_equal(rows, LISTS * 7);
}

static void reads_every_field_of_every_template(void **state)
{
    (void)state;
    struct ima_list   l = ima_list_from(list_file("templates", "bin"), 0);
    struct ima_entry  e;
    struct ima_fields f;
    struct pawl_err   err;
    unsigned          seen = 0;

    for (; ima_more(&l); seen |= f.has) {
        T_OK(ima_next(&l, &e, &err), &err);
        T_OK(ima_fields_parse(&e, &f, &err), &err);
        assert_true(f.path.n > 3 && f.file.bytes.n == pawl_hash_n(f.file.alg));
    }
    assert_int_equal(l.index, 12);
    assert_int_equal(seen, (1u << IMA_FIELD_COUNT) - 1 - (1u << IMA_FIELD_NONE));
}

static void tells_fields_apart(void **state)
{
    (void)state;
    struct pawl_view  list = list_file("templates", "bin");
    struct ima_entry  e = entry_of(list, 4);
    struct ima_fields f;
    struct pawl_err   err;

    T_OK(ima_fields_parse(&e, &f, &err), &err);
    assert_true(f.file.verity && f.file.alg == PAWL_SHA256);
    assert_true(pawl_view_equal(f.path, pawl_view_str("/usr/bin/a_tool")));
    e = entry_of(list, 6);
    T_OK(ima_fields_parse(&e, &f, &err), &err);
    assert_true(pawl_view_equal(f.field[IMA_BUF], pawl_view_str("cert")) && !f.file.verity);
    e = entry_of(list, 9);
    T_OK(ima_fields_parse(&e, &f, &err), &err);
    assert_int_equal(f.field[IMA_EVMSIG].n, 40);
    assert_int_equal(f.field[IMA_IMODE].n, 2);
    e = entry_of(list_file("legacy", "bin"), 2);
    T_OK(ima_fields_parse(&e, &f, &err), &err);
    assert_true(e.legacy && f.path.n == 255);
}

/* ---- frames --------------------------------------------------------------------------------- */

static void must_not_read(struct pawl_view list, void *arg)
{
    size_t          *reads = arg;
    struct ima_list  l = ima_list_from(list, 0);
    struct ima_entry e;
    struct pawl_err  err;

    while (ima_more(&l)) {
        struct ima_list before = l;
        t_poison(&e, sizeof(e));
        if (!pawl_is_ok(ima_next(&l, &e, &err))) {
            T_FAILS(ima_next(&before, &e, &err), &err, PAWL_E_SHORT);
            t_still_poisoned(&e, sizeof(e));
            assert_int_equal(before.rd.at, l.rd.at);
            return;
        }
    }
    (*reads)++; /* cut between two entries */
}

static void a_list_that_is_cut_inside_an_entry_is_refused(void **state)
{
    (void)state;
    static const size_t entries[LISTS] = { 12, 3, 3, 3 };

    for (size_t i = 0; i < LISTS; i++) {
        size_t reads = 0;
        t_each_truncation(list_file(lists[i], "bin"), must_not_read, &reads);
        assert_int_equal(reads, entries[i]);
    }
}

static void next_fails(const char *hex, enum pawl_code code, const char *where)
{
    struct ima_list  l = ima_list_from(t_hex(hex), 0);
    struct ima_entry e;
    struct pawl_err  err;

    T_FAILS(ima_next(&l, &e, &err), &err, code);
    T_WHERE(&err, where);
}

#define ZERO20 "0000000000000000000000000000000000000000"

static void names_the_field_that_is_bad(void **state)
{
    (void)state;
    next_fails("18000000" ZERO20, PAWL_E_RANGE, "pcr");
    next_fails("0000000a" ZERO20 "00000003", PAWL_E_UNSUPPORTED, "pcr"); /* big-endian */
    next_fails("0a0000", PAWL_E_SHORT, "pcr");
    next_fails("0a000000 0102", PAWL_E_SHORT, "template_digest");
    next_fails("0a000000" ZERO20 "81000000", PAWL_E_RANGE, "template_name");
    next_fails("0a000000" ZERO20 "02000000 61", PAWL_E_SHORT, "template_name");
    next_fails("0a000000" ZERO20 "00000000 00000000", PAWL_E_FORM, "template_name");
    next_fails("0a000000" ZERO20 "02000000 6120 00000000", PAWL_E_FORM, "template_name");
    next_fails("0a000000" ZERO20 "01000000 61 01000400", PAWL_E_RANGE, "template_data");
    next_fails("0a000000" ZERO20 "01000000 61 ffffffff", PAWL_E_RANGE, "template_data");
    next_fails("0a000000" ZERO20 "03000000 696d61" ZERO20 "00010000", PAWL_E_RANGE,
               "template_data");
}

static void fields_fail(const char *name, const char *data, enum pawl_code code, const char *where)
{
    struct ima_entry  e = { .pcr = 10, .name = pawl_view_str(name), .data = t_hex(data) };
    struct ima_fields f;
    struct pawl_err   err;

    t_poison(&f, sizeof(f));
    T_FAILS(ima_fields_parse(&e, &f, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&f, sizeof(f));
}

#define D_NG "1a000000 736861313a00" ZERO20 /* "sha1:" */
#define N_NG "02000000 2f00"

static void names_the_field_of_the_template_that_is_bad(void **state)
{
    (void)state;
    fields_fail("ima-other", "", PAWL_E_UNSUPPORTED, "template_name");
    fields_fail("d-ng|n-ng|d-ng", "", PAWL_E_UNSUPPORTED, "template_name");
    fields_fail("d-ng|", "", PAWL_E_UNSUPPORTED, "template_name");
    fields_fail("ima-ng", D_NG "0100", PAWL_E_SHORT, "n-ng");
    fields_fail("ima-ng", D_NG "ffffffff 2f00", PAWL_E_SHORT, "n-ng");
    fields_fail("ima-ng", D_NG N_NG "00", PAWL_E_TRAILING, "end");
    fields_fail("ima-ng", "06000000 736861313a00" N_NG, PAWL_E_RANGE, "d-ng");
    fields_fail("ima-ng", "05000000 736861313a" N_NG, PAWL_E_FORM, "d-ng");
    fields_fail("ima-ng", "02000000 3a00" N_NG, PAWL_E_FORM, "d-ng");
    fields_fail("ima-ng", "00000000" N_NG, PAWL_E_FORM, "d-ng");
    fields_fail("ima-ngv2", D_NG N_NG, PAWL_E_FORM, "d-ngv2");
    fields_fail("ima-ng", D_NG "00000000", PAWL_E_FORM, "n-ng");
    fields_fail("ima-ng", D_NG "01000000 2f", PAWL_E_FORM, "n-ng");
    fields_fail("ima-ng", D_NG "03000000 2f0000", PAWL_E_FORM, "n-ng");
    fields_fail("ima-modsig", D_NG N_NG "00000000 01000000 61 00000000", PAWL_E_FORM, "d-modsig");
    fields_fail("d|n", "01000000 00" N_NG, PAWL_E_RANGE, "d");
}

static void a_hash_that_we_do_not_know_is_none(void **state)
{
    (void)state;
    struct ima_entry  e = { .pcr = 10,
                            .name = pawl_view_str("ima-ng"),
                            .data = t_hex("07000000 736d333a00 0102" N_NG) };
    struct ima_fields f;
    struct pawl_err   err;

    T_OK(ima_fields_parse(&e, &f, &err), &err);
    assert_int_equal(f.file.alg, PAWL_HASH_NONE);
    assert_true(pawl_view_equal(f.file.alg_name, pawl_view_str("sm3")));
}

/* ---- replay --------------------------------------------------------------------------------- */

static void i1_a_violation_extends_ones_and_is_counted(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    soft_ima_violation(&l, "/etc/shadow");
    soft_ima_file(&l, "/bin/sh", "sh");
    T_OK(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err);
    assert_int_equal(c.at.violations, 1);
    assert_int_equal(c.at.entries, 3);
    T_OK(replay(soft_ima_list(&l, 0), &l.padded, &c, &err), &err);
    assert_int_equal(c.at.violations, 1);
    assert_int_equal(c.at.extends, IMA_EXTENDS_PADDED);
}

/* A file that was measured is made to look like a violation, and a violation like a file. */
static void i1_a_violation_cannot_be_put_on_or_taken_off(void **state)
{
    (void)state;
    struct soft_ima    l, ok;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_violation(&l, "/bin/sh");
    soft_ima_boot(&ok);
    soft_ima_file(&ok, "/bin/sh", "sh");
    T_FAILS(replay(soft_ima_list(&ok, 0), &l.own, &c, &err), &err, PAWL_E_FORGED);
    T_FAILS(replay(soft_ima_list(&l, 0), &ok.own, &c, &err), &err, PAWL_E_FORGED);
}

static void must_not_cover(struct pawl_view list, const struct pawl_digest *quoted)
{
    struct ima_covered c;
    struct pawl_err    err;

    t_poison(&c, sizeof(c));
    assert_false(pawl_is_ok(replay(list, quoted, &c, &err)));
    t_still_poisoned(&c, sizeof(c));
}

/* Neither the name of a template is measured, nor what a list claims to be the digest; but old
 * kernels extend just that. */
static void must_tell(struct pawl_view list, void *arg)
{
    const struct soft_ima *l = arg;
    struct ima_list        good = ima_list_from(pawl_view(l->b, l->n), 0);
    struct ima_list        bad = ima_list_from(list, 0);
    struct ima_entry       a, b;
    struct pawl_err        err;

    T_OK(ima_next(&good, &a, &err), &err);
    bool reads = pawl_is_ok(ima_next(&bad, &b, &err)) && a.pcr == b.pcr;
    bool same_data = reads && pawl_view_equal(a.data, b.data);
    if (!same_data)
        must_not_cover(list, &l->own);
    if (!same_data || !pawl_view_equal(a.digest, b.digest))
        must_not_cover(list, &l->padded);
}

static void i2_no_flipped_bit_of_what_was_measured_replays(void **state)
{
    (void)state;
    struct soft_ima l;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    t_each_flip(soft_ima_list(&l, 0), must_tell, &l);
}

static void i2_a_claimed_digest_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_digest quoted = { .n = 20, .b = { 1 } };
    struct ima_place   start = ima_start(RESETS, IMA_PCR, PAWL_SHA1);
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    l.b[4] ^= 1;
    T_FAILS(replay(soft_ima_list(&l, 0), &l.padded, &c, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "template_digest");
    T_FAILS(ima_replay(&start, soft_ima_list(&l, 0), 0, RESETS, &quoted, &c, &err), &err,
            PAWL_E_FORGED);
    T_WHERE(&err, "template_digest");
}

static void i3_the_legacy_template_is_measured_with_its_padding(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_legacy(&l, "boot_aggregate");
    soft_ima_legacy(&l, "/bin/sh");
    T_OK(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err);
    assert_int_equal(c.at.entries, 2);
    l.b[l.n - 1] ^= 1;
    T_FAILS(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err, PAWL_E_FORGED);
}

static void i4_says_whether_the_bank_had_a_digest_of_its_own(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    soft_ima_file(&l, "/bin/sh", "sh");
    T_OK(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err);
    assert_int_equal(c.at.extends, IMA_EXTENDS_OWN);
    T_OK(replay(soft_ima_list(&l, 0), &l.padded, &c, &err), &err);
    assert_int_equal(c.at.extends, IMA_EXTENDS_PADDED);
}

static void i4_a_boot_that_pads_goes_on_so(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    T_OK(replay(soft_ima_list(&l, 0), &l.padded, &c, &err), &err);
    size_t before = l.n;
    soft_ima_file(&l, "/bin/sh", "sh");
    T_OK(ima_replay(&c.at, soft_ima_list(&l, before), 1, RESETS, &l.padded, &c, &err), &err);
    assert_int_equal(c.at.extends, IMA_EXTENDS_PADDED);
}

/* A boot is of one kernel: who extended own digests cannot go on with SHA-1 ones. */
static void i4_a_boot_does_not_change_how_it_extends(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    T_OK(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err);
    size_t before = l.n;
    l.padded = l.own;
    soft_ima_file(&l, "/bin/sh", "sh");
    T_FAILS(ima_replay(&c.at, soft_ima_list(&l, before), 1, RESETS, &l.padded, &c, &err), &err,
            PAWL_E_FORGED);
    T_OK(ima_replay(&c.at, soft_ima_list(&l, before), 1, RESETS, &l.own, &c, &err), &err);
}

static void i5_entries_of_another_pcr_are_passed_over_and_counted(void **state)
{
    (void)state;
    const struct pawl_view fields[] = { t_hex("736861313a00" ZERO20), soft_ima_text("/boot/k") };
    struct soft_ima        l;
    struct ima_covered     c;
    struct pawl_err        err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    soft_ima_entry(&l, 11, "ima-ng", fields, 2);
    soft_ima_file(&l, "/bin/sh", "sh");
    T_OK(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err);
    assert_int_equal(c.at.others, 1);
    assert_int_equal(c.at.entries, 3);

    struct ima_place start = ima_start(RESETS, 11, PAWL_SHA256);
    T_FAILS(ima_replay(&start, soft_ima_list(&l, 0), 0, RESETS, &l.own, &c, &err), &err,
            PAWL_E_FORGED);
}

/* ---- boots and quotes ----------------------------------------------------------------------- */

static void i7_goes_on_where_the_last_quote_was(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    T_OK(replay(soft_ima_list(&l, 0), &l.own, &c, &err), &err);
    for (size_t i = 1; i < 4; i++) {
        size_t before = l.n;
        soft_ima_file(&l, "/bin/sh", "sh");
        soft_ima_violation(&l, "/etc/x");
        T_OK(ima_replay(&c.at, soft_ima_list(&l, before), c.at.entries, RESETS, &l.own, &c, &err),
             &err);
        assert_int_equal(c.at.entries, 1 + 2 * i);
        assert_int_equal(c.at.violations, i);
        assert_int_equal(c.bytes.n, l.n - before);
    }
}

static void i7_a_place_of_another_boot_or_entry_is_refused(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c, more;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    soft_ima_file(&l, "/bin/sh", "sh");
    struct pawl_view list = soft_ima_list(&l, 0);
    T_OK(replay(list, &l.own, &c, &err), &err);
    t_poison(&more, sizeof(more));
    T_FAILS(ima_replay(&c.at, list, 2, RESETS + 1, &l.own, &more, &err), &err, PAWL_E_STATE);
    T_WHERE(&err, "resetCount");
    T_FAILS(ima_replay(&c.at, list, 0, RESETS, &l.own, &more, &err), &err, PAWL_E_STATE);
    T_WHERE(&err, "first");
    c.at.value.b[0] ^= 1; /* a state that somebody changed */
    T_FAILS(ima_replay(&c.at, pawl_view(NULL, 0), 2, RESETS, &l.own, &more, &err), &err,
            PAWL_E_FORGED);
    t_still_poisoned(&more, sizeof(more));
}

static void i7_a_list_has_a_most(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;
    struct ima_place   full = ima_start(RESETS, IMA_PCR, PAWL_SHA256);

    soft_ima_boot(&l);
    soft_ima_file(&l, "/bin/sh", "sh");
    full.entries = IMA_ENTRIES_MAX - 1;
    T_OK(ima_replay(&full, soft_ima_list(&l, 0), full.entries, RESETS, &l.own, &c, &err), &err);
    full.entries = IMA_ENTRIES_MAX;
    T_FAILS(ima_replay(&full, soft_ima_list(&l, 0), full.entries, RESETS, &l.own, &c, &err), &err,
            PAWL_E_RANGE);
    T_WHERE(&err, "entries");
}

static void i8_what_is_behind_the_quote_stays_pending(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    struct pawl_digest quoted = l.own;
    size_t             covered = l.n;
    soft_ima_file(&l, "/bin/evil", "evil");
    soft_ima_file(&l, "/bin/sh", "sh");
    T_OK(replay(soft_ima_list(&l, 0), &quoted, &c, &err), &err);
    assert_int_equal(c.at.entries, 1);
    assert_int_equal(c.pending, 2);
    assert_int_equal(c.bytes.n, covered);
    T_OK(ima_replay(&c.at, soft_ima_list(&l, covered), 1, RESETS, &l.own, &c, &err), &err);
    assert_int_equal(c.pending, 0);
}

/* Nothing new since the last quote, and nothing at all. */
static void i8_a_list_may_be_covered_before_its_first_entry(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;

    soft_ima_boot(&l);
    T_OK(replay(pawl_view(NULL, 0), &l.own, &c, &err), &err);
    assert_int_equal(c.at.extends, IMA_EXTENDS_NONE);
    struct pawl_digest quoted = l.own;
    soft_ima_file(&l, "boot_aggregate", "");
    T_OK(replay(soft_ima_list(&l, 0), &quoted, &c, &err), &err);
    assert_int_equal(c.at.entries, 0);
    assert_int_equal(c.pending, 1);
    /* A kernel that pads shows itself only now. */
    T_OK(ima_replay(&c.at, soft_ima_list(&l, 0), 0, RESETS, &l.padded, &c, &err), &err);
}

static void i8_a_list_that_leads_elsewhere_is_refused(void **state)
{
    (void)state;
    struct soft_ima    l;
    struct ima_covered c;
    struct pawl_err    err;
    struct pawl_digest quoted = { .n = 32, .b = { 1 } };

    soft_ima_boot(&l);
    soft_ima_file(&l, "boot_aggregate", "");
    T_FAILS(replay(soft_ima_list(&l, 0), &quoted, &c, &err), &err, PAWL_E_FORGED);
    T_WHERE(&err, "pcr");
    quoted.n = 20;
    T_FAILS(replay(soft_ima_list(&l, 0), &quoted, &c, &err), &err, PAWL_E_RANGE);
}

/* ---- text ----------------------------------------------------------------------------------- */

static pawl_status to_binary(struct pawl_view text, struct pawl_view *ret, struct pawl_err *err)
{
    static uint8_t room[64 * 1024];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    PAWL_TRY(ima_ascii_to_binary(text, &w, err));
    *ret = pawl_view(w.p, w.n);
    return pawl_ok();
}

static void a_text_is_the_binary_list_again(void **state)
{
    (void)state;
    struct pawl_view list;
    struct pawl_err  err;

    for (size_t i = 0; i < LISTS; i++) {
        struct pawl_view text = list_file(lists[i], "ascii"), want = list_file(lists[i], "bin");
        assert_true(ima_is_ascii(text) && !ima_is_ascii(want));
        T_OK(to_binary(text, &list, &err), &err);
        assert_true(pawl_view_equal(list, want));
    }
}

static void text_fails(const char *text, enum pawl_code code, const char *where)
{
    struct pawl_view list;
    struct pawl_err  err;

    T_FAILS(to_binary(t_copy(pawl_view_str(text)), &list, &err), &err, code);
    T_WHERE(&err, where);
}

/* A path with a line's end in it is two lines, and the second one no entry. */
static void i2_a_text_whose_lines_are_no_entries_is_refused(void **state)
{
    (void)state;
    text_fails("10 " ZERO20 " ima-ng sha1:" ZERO20 " /a\nb\n", PAWL_E_FORM, "pcr");
    text_fails("24 " ZERO20 " ima-ng sha1:" ZERO20 " /a\n", PAWL_E_FORM, "pcr");
    text_fails("10 " ZERO20 "00 ima-ng sha1:" ZERO20 " /a\n", PAWL_E_FORM, "template_digest");
    text_fails("10 0g" ZERO20 "\n", PAWL_E_FORM, "template_digest");
    text_fails("10 " ZERO20 " ima-ng\n", PAWL_E_FORM, "template_data");
    text_fails("10 " ZERO20 " ima-ng sha1:" ZERO20 "\n", PAWL_E_FORM, "template_data");
    text_fails("10 " ZERO20 " ima-ng sha1" ZERO20 " /a\n", PAWL_E_FORM, "digest");
    text_fails("10 " ZERO20 " ima-ng sha1:0 /a\n", PAWL_E_FORM, "digest");
    text_fails("10 " ZERO20 " ima 00 /a\n", PAWL_E_FORM, "d");
    text_fails("10 " ZERO20 " other /a\n", PAWL_E_UNSUPPORTED, "template_name");
    text_fails("10 " ZERO20 " ima-sig sha1:" ZERO20 " /a zz\n", PAWL_E_FORM, "bytes");
    text_fails("10 " ZERO20 " n-ng|imode /a 65536\n", PAWL_E_FORM, "number");
}

static void text_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct pawl_view text = list_file("templates", "ascii");
    size_t           need = list_file("templates", "bin").n;
    struct pawl_err  err;

    for (size_t cap = 0; cap < need; cap++) {
        uint8_t       *room = malloc(cap ? cap : 1);
        struct pawl_wr w = pawl_wr_to(room, cap);
        T_FAILS(ima_ascii_to_binary(text, &w, &err), &err, PAWL_E_FULL);
        free(room);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("lists replay to the PCRs that others compute",
               replays_to_the_pcrs_that_others_compute),
        T_CASE("every field of every template is read", reads_every_field_of_every_template),
        T_CASE("fields are told apart", tells_fields_apart),
        T_CASE("a list that is cut inside an entry is refused",
               a_list_that_is_cut_inside_an_entry_is_refused),
        T_CASE("names the field that is bad", names_the_field_that_is_bad),
        T_CASE("names the field of the template that is bad",
               names_the_field_of_the_template_that_is_bad),
        T_CASE("a hash that we do not know is none", a_hash_that_we_do_not_know_is_none),
        T_CASE("I1: a violation extends ones and is counted",
               i1_a_violation_extends_ones_and_is_counted),
        T_CASE("I1: a violation cannot be put on or taken off",
               i1_a_violation_cannot_be_put_on_or_taken_off),
        T_CASE("I2: no flipped bit of what was measured replays",
               i2_no_flipped_bit_of_what_was_measured_replays),
        T_CASE("I2: a claimed digest that does not fit is refused",
               i2_a_claimed_digest_that_does_not_fit_is_refused),
        T_CASE("I2: a text whose lines are no entries is refused",
               i2_a_text_whose_lines_are_no_entries_is_refused),
        T_CASE("I3: the legacy template is measured with its padding",
               i3_the_legacy_template_is_measured_with_its_padding),
        T_CASE("I4: says whether the bank had a digest of its own",
               i4_says_whether_the_bank_had_a_digest_of_its_own),
        T_CASE("I4: a boot that pads goes on so", i4_a_boot_that_pads_goes_on_so),
        T_CASE("I4: a boot does not change how it extends",
               i4_a_boot_does_not_change_how_it_extends),
        T_CASE("I5: entries of another PCR are passed over and counted",
               i5_entries_of_another_pcr_are_passed_over_and_counted),
        T_CASE("I7: goes on where the last quote was", i7_goes_on_where_the_last_quote_was),
        T_CASE("I7: a place of another boot or entry is refused",
               i7_a_place_of_another_boot_or_entry_is_refused),
        T_CASE("I7: a list has a most", i7_a_list_has_a_most),
        T_CASE("I8: what is behind the quote stays pending",
               i8_what_is_behind_the_quote_stays_pending),
        T_CASE("I8: a list may be covered before its first entry",
               i8_a_list_may_be_covered_before_its_first_entry),
        T_CASE("I8: a list that leads elsewhere is refused",
               i8_a_list_that_leads_elsewhere_is_refused),
        T_CASE("a text is the binary list again", a_text_is_the_binary_list_again),
        T_CASE("text that does not fit is refused", text_that_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
