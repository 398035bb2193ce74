/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: a list that comes in pieces is judged as one that comes whole, and is evidence only where
 * a quote met it; what a piece did wrong stays; both ways in which kernels extend are followed
 * until a quote tells which; the form for store and ticket gives the same state back and takes
 * nothing else.
 */
#include <string.h>

#include "appraise/ima_state.h"
#include "soft_ima.h"
#include "t.h"

enum { RESETS = 7 };

static struct pawl_err err;

/* ---- a device ------------------------------------------------------------------------------- */

struct device {
    struct soft_ima           l;
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    struct ima_known          files[2];
    struct ima_rules          rules;
    struct ima_state          s;
    size_t                    sent; /* bytes */
    uint64_t                  pending;
};

static struct pawl_view sha256(struct pawl_view v)
{
    uint8_t d[32];

    T_OK(pawl_sha256(v, d, &err), &err);
    return t_copy(PAWL_VIEW_OF(d));
}

static void measure_boot(struct device *d)
{
    uint8_t          all[10 * 32];
    struct pawl_view fields[2] = { { 0 }, soft_ima_text("boot_aggregate") };

    for (unsigned i = 0; i < 10; i++)
        memcpy(all + 32 * i, d->values.value[i].b, 32);
    fields[0] = soft_ima_named("sha256:", sha256(PAWL_VIEW_OF(all)));
    soft_ima_entry(&d->l, 10, "ima-ng", fields, 2);
}

static void boot(struct device *d)
{
    static const uint8_t id[IMA_RULES_ID] = "rules id";

    memset(d, 0, sizeof(*d));
    d->select = (struct pawl_pcr_selection){ 1, { { PAWL_SHA256, 0x3ff } } };
    d->values.n = 10;
    for (size_t i = 0; i < 10; i++) {
        d->values.value[i].n = 32;
        memset(d->values.value[i].b, (int)i + 1, 32);
    }
    static const char *const paths[] = { "/bin/sh", "/usr/bin/tool" };
    for (size_t i = 0; i < 2; i++)
        d->files[i] = (struct ima_known){ .path = pawl_view_str(paths[i]),
                                          .alg = PAWL_SHA256,
                                          .digest = sha256(pawl_view_str(paths[i])) };
    d->rules = (struct ima_rules){ .files = d->files, .files_n = 2 };
    d->s = ima_state_start(RESETS, PAWL_SHA256, id);
    soft_ima_boot(&d->l);
    measure_boot(d);
}

static void run(struct device *d, const char *path)
{
    soft_ima_file(&d->l, path, path);
}

static pawl_status go_on(struct device *d, struct pawl_view list, uint64_t first,
                         const struct pawl_digest *quoted, struct ima_state *ret)
{
    const struct ima_piece piece = { list, first, RESETS, quoted, &d->select, &d->values };

    return ima_state_go_on(&d->s, &d->rules, &piece, ret, &d->pending, &err);
}

/* The entries from what was sent to the byte `to` come, under this quote. */
static void comes(struct device *d, size_t to, const struct pawl_digest *quoted)
{
    struct pawl_view list = soft_ima_list(&d->l, d->sent);

    list.n = to - d->sent;
    T_OK(go_on(d, t_copy(list), d->s.at.entries, quoted, &d->s), &err);
    d->sent = to;
}

static size_t rows(const struct ima_state *s, const char *row)
{
    size_t n = 0;

    for (size_t i = 0; i < s->failures.n; i++)
        n += strcmp(s->failures.list[i].row, row) == 0;
    return n;
}

/* Rules that name no policy are a warning of their own. */
static void is_good(const struct device *d, uint64_t entries)
{
    assert_true(d->s.attested);
    assert_int_equal(d->s.at.entries, entries);
    assert_false(failures_are_bad(&d->s.failures));
    assert_int_equal(rows(&d->s, "I9"), d->s.failures.n);
    assert_int_equal(d->s.judged.bad, 0);
}

/* ---- pieces --------------------------------------------------------------------------------- */

static void a_whole_list_is_attested(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    run(&d, "/bin/sh");
    comes(&d, d.l.n, &d.l.own);
    is_good(&d, 2);
    assert_int_equal(d.s.at.extends, IMA_EXTENDS_OWN);
    assert_int_equal(d.s.judged.known, 1);
    assert_memory_equal(d.s.rules, "rules id", IMA_RULES_ID);
}

static void i7_new_entries_go_on_where_the_last_quote_was(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    comes(&d, d.l.n, &d.l.own);
    run(&d, "/bin/sh");
    comes(&d, d.l.n, &d.l.own);
    comes(&d, d.l.n, &d.l.own); /* nothing new */
    is_good(&d, 2);
    run(&d, "/usr/bin/tool");
    comes(&d, d.l.n, &d.l.own);
    is_good(&d, 3);
    assert_int_equal(d.s.judged.known, 2);
    assert_int_equal(d.s.failures.n, 1); /* what is asked of the whole is not told twice */
}

static void i8_pieces_are_evidence_when_the_quote_is_met(void **state)
{
    (void)state;
    struct device d;
    size_t        ends[3];

    boot(&d);
    ends[0] = d.l.n;
    run(&d, "/bin/sh");
    ends[1] = d.l.n;
    run(&d, "/usr/bin/tool");
    ends[2] = d.l.n;
    for (int i = 0; i < 2; i++) {
        comes(&d, ends[i], &d.l.own);
        assert_false(d.s.attested);
        assert_int_equal(d.s.at.entries, i + 1);
    }
    comes(&d, ends[2], &d.l.own);
    is_good(&d, 3);
    assert_int_equal(d.s.judged.known, 2);
    assert_int_equal(d.s.judged.boots, 1);
}

static void i8_what_is_behind_the_quote_is_pending(void **state)
{
    (void)state;
    struct device      d;
    struct pawl_digest quoted;

    boot(&d);
    quoted = d.l.own;
    size_t end = d.l.n;
    soft_ima_file(&d.l, "/bin/evil", "evil");
    comes(&d, d.l.n, &quoted);
    is_good(&d, 1);
    assert_int_equal(d.pending, 1);
    d.sent = end;
    comes(&d, d.l.n, &d.l.own);
    assert_true(d.s.attested);
    assert_int_equal(rows(&d.s, "I0"), 1);
}

static void no_entries_attest_nothing(void **state)
{
    (void)state;
    struct device            d;
    const struct pawl_digest zero = { .n = 32 };

    boot(&d);
    comes(&d, 0, &zero);
    assert_false(d.s.attested);
    comes(&d, d.l.n, &zero);
    assert_false(d.s.attested);
}

static void i8_a_quote_that_is_never_met_attests_nothing(void **state)
{
    (void)state;
    struct device            d;
    const struct pawl_digest other = { .n = 32, .b = { 1 } };

    boot(&d);
    comes(&d, d.l.n, &other);
    assert_false(d.s.attested);
    assert_int_equal(d.s.at.entries, 1);
}

static void i4_both_ways_to_extend_are_followed(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    d.rules.may_be_sha1 = true;
    size_t first = d.l.n;
    run(&d, "/bin/sh");
    size_t second = d.l.n;
    run(&d, "/usr/bin/tool");
    comes(&d, first, &d.l.padded);
    comes(&d, second, &d.l.padded);
    assert_int_equal(d.s.at.extends, IMA_EXTENDS_NONE);
    assert_int_equal(d.s.padded.n, 32);
    comes(&d, d.l.n, &d.l.padded);
    is_good(&d, 3);
    assert_int_equal(d.s.at.extends, IMA_EXTENDS_PADDED);
    assert_int_equal(d.s.padded.n, 0);
    run(&d, "/bin/sh");
    comes(&d, d.l.n, &d.l.own); /* and it stays the one that it was */
    assert_false(d.s.attested);
}

static void i2_a_false_digest_is_no_padded_list(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    size_t first = d.l.n;
    run(&d, "/bin/sh");
    d.l.b[4] ^= 1; /* the digest that the first entry claims */
    comes(&d, first, &d.l.own);
    assert_int_equal(d.s.padded.n, 0);
    comes(&d, d.l.n, &d.l.own); /* where the claim does not count it is not looked at */
    is_good(&d, 2);
}

/* ---- what was wrong ------------------------------------------------------------------------- */

static void i7_what_was_wrong_once_stays(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    soft_ima_file(&d.l, "/bin/evil", "evil");
    comes(&d, d.l.n, &d.l.own);
    for (int i = 0; i < 3; i++) {
        run(&d, "/bin/sh");
        comes(&d, d.l.n, &d.l.own);
        assert_true(d.s.attested);
        assert_int_equal(rows(&d.s, "I0"), 1);
        assert_int_equal(rows(&d.s, "I7"), 0); /* it would be the same once more */
        assert_int_equal(d.s.failures.n, 2);
        assert_int_equal(d.s.judged.bad, 1);
    }
}

static void the_first_failures_are_kept_and_all_are_counted(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    for (int i = 0; i < 3; i++)
        soft_ima_file(&d.l, "/bin/evil", "evil");
    comes(&d, d.l.n, &d.l.own);
    for (int i = 0; i < 3; i++)
        soft_ima_file(&d.l, "/bin/worse", "worse");
    comes(&d, d.l.n, &d.l.own);
    assert_int_equal(d.s.failures.n, IMA_STATE_FAILURES);
    assert_int_equal(d.s.failures.list[3].entry, 4);
    assert_int_equal(d.s.failures.dropped, 2);
    assert_int_equal(d.s.judged.bad, 6);
}

/* The policy is measured late, in another piece than the first: nothing was wrong. */
static void i9_what_is_asked_of_the_whole_is_asked_at_its_end(void **state)
{
    (void)state;
    struct device    d;
    struct ima_known policy = { .path = pawl_view_str("/etc/ima/ima-policy"),
                                .alg = PAWL_SHA256,
                                .digest = sha256(pawl_view_str("/etc/ima/ima-policy")) };

    boot(&d);
    d.rules.policies = &policy;
    d.rules.policies_n = 1;
    comes(&d, d.l.n, &d.l.own);
    assert_int_equal(rows(&d.s, "I9"), 1);
    assert_true(failures_are_bad(&d.s.failures));
    run(&d, "/etc/ima/ima-policy");
    comes(&d, d.l.n, &d.l.own);
    is_good(&d, 2);
    assert_int_equal(d.s.failures.n, 0);
}

static void i11_a_kexec_shows(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    comes(&d, d.l.n, &d.l.own);
    measure_boot(&d);
    comes(&d, d.l.n, &d.l.own);
    assert_int_equal(rows(&d.s, "I11"), 1);
    assert_int_equal(d.s.judged.boots, 2);
}

/* ---- what does not go on -------------------------------------------------------------------- */

static void fails(struct device *d, struct pawl_view list, uint64_t first, enum pawl_code code,
                  const char *where)
{
    struct ima_state next;

    t_poison(&next, sizeof(next));
    T_FAILS(go_on(d, list, first, &d->l.own, &next), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&next, sizeof(next));
}

static void i7_another_place_or_boot_does_not_go_on(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    comes(&d, d.l.n, &d.l.own);
    run(&d, "/bin/sh");
    struct pawl_view more = soft_ima_list(&d.l, d.sent);
    fails(&d, more, 0, PAWL_E_STATE, "first");
    fails(&d, more, 2, PAWL_E_STATE, "first");
    d.s.at.resets++;
    fails(&d, more, 1, PAWL_E_STATE, "resetCount");
}

static void bytes_that_are_no_list_are_refused(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    struct pawl_view list = soft_ima_list(&d.l, 0);
    fails(&d, t_copy(pawl_view(list.p, list.n - 1)), 0, PAWL_E_SHORT, "template_data");
    d.l.b[0] = 99;
    fails(&d, soft_ima_list(&d.l, 0), 0, PAWL_E_RANGE, "pcr");
}

/* ---- the form ------------------------------------------------------------------------------- */

static struct pawl_view written(const struct ima_state *s)
{
    uint8_t        room[IMA_STATE_MAX];
    struct pawl_wr w = pawl_wr_to(room, sizeof(room));

    T_OK(ima_state_write(s, &w, &err), &err);
    return t_copy(pawl_view(room, w.n));
}

static void goes_round(const struct ima_state *s)
{
    struct ima_state again;

    t_poison(&again, sizeof(again));
    T_OK(ima_state_parse(written(s), &again, &err), &err);
    assert_memory_equal(s, &again, sizeof(again));
}

static void a_state_comes_back_from_its_row(void **state)
{
    (void)state;
    const struct pawl_view tmp = pawl_view_str("/tmp/");
    struct device          d;

    boot(&d);
    goes_round(&d.s);
    d.rules.excluded = &tmp;
    d.rules.excluded_n = 1;
    run(&d, "/tmp/a");
    size_t end = d.l.n;
    soft_ima_file(&d.l, "/bin/evil", "evil");
    comes(&d, end, &d.l.own);
    assert_int_equal(d.s.padded.n, 32);
    goes_round(&d.s); /* on its way in a ticket */
    comes(&d, d.l.n, &d.l.own);
    goes_round(&d.s);
    assert_string_equal(d.s.judged.excluded_path[0], "/tmp/a");
}

/* Everything at its longest. */
static void the_longest_state_fits(void **state)
{
    (void)state;
    struct ima_state   s = { .at = { .resets = UINT32_MAX,
                                     .pcr = 10,
                                     .bank = PAWL_SHA512,
                                     .entries = IMA_ENTRIES_MAX,
                                     .others = IMA_ENTRIES_MAX,
                                     .violations = IMA_ENTRIES_MAX,
                                     .value = { .n = 64 } },
                             .padded = { .n = 64 } };
    struct ima_judged *j = &s.judged;

    j->known = j->signed_n = j->buffers = j->excluded = j->bad = j->boots = UINT64_MAX;
    for (int i = 0; i < IMA_EXCLUDED_SHOWN; i++)
        memset(j->excluded_path[i], 'p', IMA_PATH_SHOWN - 1);
    for (int i = 0; i < IMA_STATE_FAILURES; i++) {
        struct failure *f = &s.failures.list[s.failures.n++];
        *f = (struct failure){ .row = "I10", .entry = IMA_ENTRIES_MAX };
        memset(f->expected, 'e', sizeof(f->expected) - 1);
        memset(f->found, 'f', sizeof(f->found) - 1);
    }
    goes_round(&s);
}

static void must_fail(struct pawl_view cut, void *arg)
{
    struct ima_state s;

    (void)arg;
    t_poison(&s, sizeof(s));
    assert_false(pawl_is_ok(ima_state_parse(cut, &s, &err)));
    assert_int_equal(strncmp(err.where, "ima.", 4), 0);
    t_still_poisoned(&s, sizeof(s));
}

static void must_be_canonical(struct pawl_view flipped, void *arg)
{
    struct ima_state s;

    (void)arg;
    if (pawl_is_ok(ima_state_parse(flipped, &s, &err)))
        assert_true(pawl_view_equal(flipped, written(&s)));
}

static void only_whole_rows_are_taken(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    soft_ima_file(&d.l, "/bin/evil", "evil");
    comes(&d, d.l.n, &d.l.own);
    t_each_truncation(written(&d.s), must_fail, NULL);
    t_each_flip(written(&d.s), must_be_canonical, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("a whole list is attested", a_whole_list_is_attested),
        T_CASE("I7 new entries go on where the last quote was",
               i7_new_entries_go_on_where_the_last_quote_was),
        T_CASE("I8 pieces are evidence when the quote is met",
               i8_pieces_are_evidence_when_the_quote_is_met),
        T_CASE("I8 what is behind the quote is pending", i8_what_is_behind_the_quote_is_pending),
        T_CASE("no entries attest nothing", no_entries_attest_nothing),
        T_CASE("I8 a quote that is never met attests nothing",
               i8_a_quote_that_is_never_met_attests_nothing),
        T_CASE("I4 both ways to extend are followed", i4_both_ways_to_extend_are_followed),
        T_CASE("I2 a false digest is no padded list", i2_a_false_digest_is_no_padded_list),
        T_CASE("I7 what was wrong once stays", i7_what_was_wrong_once_stays),
        T_CASE("the first failures are kept and all are counted",
               the_first_failures_are_kept_and_all_are_counted),
        T_CASE("I9 what is asked of the whole is asked at its end",
               i9_what_is_asked_of_the_whole_is_asked_at_its_end),
        T_CASE("I11 a kexec shows", i11_a_kexec_shows),
        T_CASE("I7 another place or boot does not go on", i7_another_place_or_boot_does_not_go_on),
        T_CASE("bytes that are no list are refused", bytes_that_are_no_list_are_refused),
        T_CASE("a state comes back from its row", a_state_comes_back_from_its_row),
        T_CASE("the longest state fits", the_longest_state_fits),
        T_CASE("only whole rows are taken", only_whole_rows_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
