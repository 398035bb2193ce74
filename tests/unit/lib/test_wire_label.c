/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: labels are exactly the four of the protocol; a suite is chosen by the verifier's order,
 * and never an unknown one. */
#include "wire_vectors.h"

static void labels_are_told_by_their_whole_text(void **state)
{
    (void)state;
    static const char *const text[] = { "pawl/1 enrol", "pawl/1 attest", "pawl/1 rekey",
                                        "pawl/1 resync" };

    for (int l = PAWL_LABEL_ENROL; l < PAWL_LABEL_COUNT; l++) {
        assert_string_equal(pawl_label_text((enum pawl_label)l), text[l - 1]);
        assert_int_equal(pawl_label_from(pawl_view_str(text[l - 1])), l);
    }
    static const char *const bad[] = {
        "", "none", "pawl/1 enro", "pawl/1 enrol ", "pawl/2 enrol", "PAWL/1 ENROL", "enrol"
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(pawl_label_from(pawl_view_str(bad[i])), PAWL_LABEL_NONE);
    assert_string_equal(pawl_label_text(PAWL_LABEL_NONE), "none");
    assert_string_equal(pawl_label_text(PAWL_LABEL_COUNT), "none");
}

static void knows_four_suites_with_and_without_the_key(void **state)
{
    (void)state;
    size_t known = 0;

    for (uint64_t s = 0; s <= 0x20000; s++)
        known += pawl_suite_known(s);
    assert_int_equal(known, 8);
    assert_true(pawl_suite_known(PAWL_SUITE_CCM));
    assert_true(pawl_suite_known(PAWL_SUITE_SIV | PAWL_SUITE_HMAC_KEY));
    assert_false(pawl_suite_known(PAWL_SUITE_HMAC_KEY));
    assert_false(pawl_suite_known(0x10000 | PAWL_SUITE_CCM));
}

static void the_verifiers_order_decides(void **state)
{
    (void)state;
    const struct pawl_suites theirs = { 3, { 0x00ff, PAWL_SUITE_GCM, PAWL_SUITE_CCM } };
    struct pawl_suites       ours = { 2, { PAWL_SUITE_CCM, PAWL_SUITE_GCM } };

    assert_int_equal(pawl_suite_choose(&theirs, &ours), PAWL_SUITE_GCM);
    ours.n = 1;
    assert_int_equal(pawl_suite_choose(&theirs, &ours), PAWL_SUITE_CCM);
    ours.suite[0] = 0x00ff; /* on both lists, and unknown to this program */
    assert_int_equal(pawl_suite_choose(&theirs, &ours), 0);
    ours.n = 0;
    assert_int_equal(pawl_suite_choose(&theirs, &ours), 0);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("labels are told by their whole text", labels_are_told_by_their_whole_text),
        T_CASE("knows four suites with and without the key",
               knows_four_suites_with_and_without_the_key),
        T_CASE("the verifier's order decides", the_verifiers_order_decides),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
