/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: every reason has a code that is its own, and tells what is so, what it comes from and
 * what to do, as sentences that a page and a terminal can show. */
#include "appraise/reason.h"

#include <string.h>

#include "t.h"

static void every_code_is_there_once(void **state)
{
    (void)state;
    for (int r = REASON_NONE; r < REASON_COUNT; r++) {
        const char *code = reason_code((enum reason)r);

        assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(code));
        assert_true(strlen(code) > 3 && strlen(code) < 23); /* the column of pawlctl reasons */
        assert_int_equal(reason_of_code(pawl_view_str(code)), r);
        for (int s = REASON_NONE; s < r; s++)
            assert_string_not_equal(code, reason_code((enum reason)s));
    }
    assert_int_equal(reason_of_code(pawl_view_str("pcr-diff")), REASON_NONE);
    assert_int_equal(reason_of_code(pawl_view_str("pcr-differss")), REASON_NONE);
    assert_int_equal(reason_of_code(pawl_view(NULL, 0)), REASON_NONE);
}

/* In a table of Markdown a bar would end the cell. */
static void is_sentence(const char *text)
{
    size_t n = strlen(text);

    assert_true(n > 10 && n < 260);
    assert_int_equal(text[n - 1], '.');
    assert_null(strstr(text, "  "));
    for (size_t i = 0; i < n; i++)
        assert_true(text[i] >= ' ' && text[i] <= '~' && text[i] != '|');
}

static void every_reason_is_told_in_whole(void **state)
{
    (void)state;
    for (int r = REASON_NONE; r < REASON_COUNT; r++) {
        const struct reason_entry *e = reason_entry((enum reason)r);

        is_sentence(e->sentence);
        is_sentence(e->cause);
        is_sentence(e->next);
        assert_ptr_equal(reason_text((enum reason)r), e->sentence);
        for (int s = REASON_NONE; s < r; s++)
            assert_string_not_equal(e->sentence, reason_text((enum reason)s));
    }
}

static void what_is_no_reason_is_none(void **state)
{
    (void)state;
    assert_string_equal(reason_code(REASON_COUNT), "none");
    assert_string_equal(reason_code((enum reason) - 1), "none");
    assert_ptr_equal(reason_entry(REASON_COUNT), reason_entry(REASON_NONE));
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("every code is there once", every_code_is_there_once),
        T_CASE("every reason is told in whole", every_reason_is_told_in_whole),
        T_CASE("what is no reason is none", what_is_no_reason_is_none),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
