/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: the form of a boot for the store gives the same boot back and takes nothing else.
 */
#include <string.h>

#include "appraise/boot.h"
#include "boot_fixture.h"
#include "soft_quote.h"

static struct pawl_err err;

/* ---- the form for the store ----------------------------------------------------------------- */

static void a_boot_comes_back_from_its_row(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft.bank_n = 2;
    soft.bank[1] = PAWL_SHA1;
    boot_add(&soft, soft_event_text(11, EV_IPL, ".linux"));
    boot_add(&soft, soft_load_options(soft_wide("ro", 2)));
    struct boot b = boot_read_soft(&soft), again;

    T_OK(boot_parse(written(&b), &again, &err), &err);
    assert_memory_equal(&b, &again, sizeof(b));
    goes_round(&b);
}

/* Everything at its longest. */
static void the_longest_boot_fits(void **state)
{
    (void)state;
    struct boot b = { .agree = EVENTLOG_PCRS,
                      .compared = EVENTLOG_PCRS,
                      .bank = PAWL_SHA512,
                      .secure_boot = FACT_YES };

    for (int h = PAWL_SHA1; h < PAWL_HASH_COUNT; h++) {
        size_t n = pawl_hash_n((enum pawl_hash)h);
        b.select.bank[b.select.n++] = (struct pawl_pcr_bank){ (enum pawl_hash)h, b.agree };
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (b.agree >> pcr & 1)
                b.values.value[b.values.n++].n = n;
        b.phases[h].n = n;
    }
    for (int i = 0; i < BOOT_FAILURES_MAX; i++) {
        struct failure *f = &b.failures.list[b.failures.n++];
        *f = (struct failure){ .row = "L10a", .entry = INT32_MAX };
        memset(f->expected, 'e', sizeof(f->expected) - 1);
        memset(f->found, 'f', sizeof(f->found) - 1);
    }
    for (int l = 0; l < KEY_LIST_COUNT; l++)
        b.list[l] = (struct boot_list){ .present = true, .n = UINT32_MAX };
    memset(b.sbat, '9', sizeof(b.sbat) - 1);
    b.authority_n = FACTS_AUTHORITIES_MAX;
    b.image_n = FACTS_IMAGES_MAX;
    for (size_t i = 0; i < b.image_n; i++)
        b.image[i].n = 64;
    b.mok_n = FACTS_MOK_MAX;
    for (size_t i = 0; i < b.mok_n; i++)
        b.mok[i].n = 64;
    b.line_n = BOOT_LINES_MAX;
    b.lines_left_out = 4000;
    for (size_t i = 0; i < b.line_n; i++) {
        b.line[i].digest.n = 64;
        memset(b.line[i].text, 'l', BOOT_LINE_MAX - 1);
    }
    goes_round(&b);
}

static void must_fail(struct pawl_view cut, void *arg)
{
    struct boot b;

    (void)arg;
    t_poison(&b, sizeof(b));
    assert_false(pawl_is_ok(boot_parse(cut, &b, &err)));
    assert_int_equal(strncmp(err.where, "boot.", 5), 0);
    t_still_poisoned(&b, sizeof(b));
}

/* A row has one form: what is taken is what would be written. */
static void must_be_canonical(struct pawl_view flipped, void *arg)
{
    struct boot b;

    (void)arg;
    if (pawl_is_ok(boot_parse(flipped, &b, &err)))
        assert_true(pawl_view_equal(flipped, written(&b)));
}

static void only_whole_rows_are_taken(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    soft_eventlog_remove(&soft, soft_eventlog_find(&soft, 3, EV_SEPARATOR, 0));
    struct boot b = boot_read_soft(&soft);

    t_each_truncation(written(&b), must_fail, NULL);
    t_each_flip(written(&b), must_be_canonical, NULL);
}

static void a_row_names_what_is_wrong_with_it(void **state)
{
    (void)state;
    struct soft_eventlog soft = soft_eventlog_good(PAWL_SHA256);
    struct boot          good = boot_read_soft(&soft), b = good;

    b.select.bank[0].bits |= 1u << 10; /* which does not agree */
    struct pawl_view row = written(&b);
    T_FAILS(boot_parse(row, &b, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "boot.select");
    b = good;
    b.image[1].n = 20;
    T_FAILS(boot_parse(written(&b), &b, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "boot.images");
    b = good;
    b.line[0].text[0] = '\x1b';
    T_FAILS(boot_parse(written(&b), &b, &err), &err, PAWL_E_FORM);
    T_WHERE(&err, "boot.lines");
    uint8_t        small[64];
    struct pawl_wr w = pawl_wr_to(small, sizeof(small));
    T_FAILS(boot_write(&good, &w, &err), &err, PAWL_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("a boot comes back from its row", a_boot_comes_back_from_its_row),
        T_CASE("the longest boot fits", the_longest_boot_fits),
        T_CASE("only whole rows are taken", only_whole_rows_are_taken),
        T_CASE("a row names what is wrong with it", a_row_names_what_is_wrong_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
