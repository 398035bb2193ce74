/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a policy is read whole, comments and all, or refused with the path and the line of its
 * mistake: its text, who it is, rules for PCRs, releases. */
#include <inttypes.h>
#include <stdlib.h>

#include "read_policy.h"

/* ---- text ----------------------------------------------------------------------------------- */

static void takes_comments(void **state)
{
    (void)state;
    static const char text[] = "/* one * / \"\n */{ // two \"\n\"name\"/**/: \"gateway\","
                               "\"version\":3,/***/\n\"note\": \"// no /* comment\","
                               "\"secure_boot\": {\"on\": true}}\n// the end";
    struct policy     p = good_policy(text);

    assert_string_equal(p.name, "gateway");
    assert_int_equal(p.all.secure_boot, FACT_YES);
    policy_done(&p);
}

static void is_known_by_the_hash_of_its_text(void **state)
{
    (void)state;
    static const char text[] = WITH("\"secure_boot\":{\"on\":true}") " /* mine */";
    struct policy     p = good_policy(text);
    struct pawl_err   err;
    uint8_t           want[32];

    T_OK(pawl_sha256(pawl_view_str(text), want, &err), &err);
    assert_memory_equal(p.sha256, want, sizeof(want));
    policy_done(&p);
}

static void names_the_line_that_is_no_json(void **state)
{
    (void)state;
    static const char *const third_lines[] = {
        "\"version\": ,\n}",       "\"version\": 01}",    "\"version\": 1.}",
        "\"version\": -}",         "\"version\": +1}",    "\"version\": 1e}",
        "\"version\": yes}",       "\"version\": True}",  "\"version\": 1 /* }",
        "\"version\": 1 / 2 }",    "\"note\": \"a\nb\"}", "\"note\": \"a\tb\"}",
        "\"note\": \"a\\u0000\"}", "\"note\": \"a\\x\"}", "\"note\": \"a }",

        "\"version\": 1]",

    };
    char text[128];

    for (size_t i = 0; i < sizeof(third_lines) / sizeof(third_lines[0]); i++) {
        snprintf(text, sizeof(text), "{\n\"name\": \"x\",\n%s", third_lines[i]);
        refuses_policy_in(text, PAWL_E_FORM, "policy", 3);
    }
    refuses_policy_in(WITH("\"secure_boot\":{\"on\":true}") "\n/*\n*/ {}", PAWL_E_TRAILING,
                      "policy", 3);
}

#define GOOD WITH("\"secure_boot\":{\"on\":true}")

/* They would reach the terminal of whoever looks at the policy. */
static void refuses_control_characters_anywhere(void **state)
{
    (void)state;
    struct policy p = good_policy(GOOD "\n\t\r// \xc3\x9b");

    policy_done(&p);
    refuses_policy_in(GOOD "\n// \x1b", PAWL_E_FORM, "policy", 2);
    refuses_policy_in(GOOD "/*\n\n\x7f */", PAWL_E_FORM, "policy", 3);
    refuses_policy_in(GOOD "// \xc2\x9b", PAWL_E_FORM, "policy", 1);
    refuses_policy(WITH("\"note\":\"\x1b\",\"secure_boot\":{\"on\":true}"), PAWL_E_FORM, "policy");
}

static void is_nested_16_deep_at_most(void **state)
{
    (void)state;
    refuses_policy(WITH("\"boot\":[],\"note\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]"), PAWL_E_FORM,
                   "note");
    refuses_policy(WITH("\"boot\":[],\"note\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), PAWL_E_FORM,
                   "policy");
}

static void takes_an_escaped_backslash_before_u0000(void **state)
{
    (void)state;
    struct policy p = good_policy(WITH("\"note\":\"\\\\u0000\",\"secure_boot\":{\"on\":true}"));

    policy_done(&p);
}

static void refuses_what_is_no_text(void **state)
{
    (void)state;
    struct policy   p;
    struct pawl_err err;

    T_FAILS(policy_parse(pawl_view(NULL, 0), &p, &err), &err, PAWL_E_RANGE);
    T_FAILS(policy_parse(t_hex("7b 00 7d"), &p, &err), &err, PAWL_E_FORM);
    T_FAILS(policy_parse(t_hex("22 ff 22"), &p, &err), &err, PAWL_E_FORM);
    char *big = malloc(POLICY_JSON_MAX + 1);
    assert_non_null(big);
    memset(big, ' ', POLICY_JSON_MAX + 1);
    T_FAILS(policy_parse(pawl_view(big, POLICY_JSON_MAX + 1), &p, &err), &err, PAWL_E_RANGE);
    T_FAILS(policy_parse(pawl_view(big, POLICY_JSON_MAX), &p, &err), &err, PAWL_E_FORM);
    free(big);
    refuses_policy("[]", PAWL_E_FORM, "policy");
    refuses_policy("7", PAWL_E_FORM, "policy");
    refuses_policy("{}", PAWL_E_FORM, "policy");
}

static void prefix_fails(struct pawl_view prefix, void *arg)
{
    (void)arg;
    struct policy   p;
    struct pawl_err err;

    assert_false(pawl_is_ok(policy_parse(prefix, &p, &err)));
}

#define TWO_KINDS                                                                                  \
    WITH("\"pcrs\":{\"sha256\":{\"7\":[\"" H32A "\"]}},/* \"*/\"ima\":{\"files\":{\"/a\":["        \
         "\"sha256:" H32B "\"]}}")

static void no_prefix_is_a_policy(void **state)
{
    (void)state;
    t_each_truncation(pawl_view_str(TWO_KINDS), prefix_fails, NULL);
}

static void flip_does_not_crash(struct pawl_view flipped, void *arg)
{
    (void)arg;
    struct policy   p;
    struct pawl_err err;

    if (!pawl_is_ok(policy_parse(flipped, &p, &err)))
        return;
    assert_true(p.all.rule_n == 1 && p.all.rule[0].value_n == 1);
    policy_done(&p);
}

static void a_flip_is_refused_or_another_policy(void **state)
{
    (void)state;
    t_each_flip(pawl_view_str(TWO_KINDS), flip_does_not_crash, NULL);
}

/* ---- who it is ------------------------------------------------------------------------------ */

static void names_the_member_and_its_line(void **state)
{
    (void)state;
    refuses_policy_in("{\"name\":\"a\",\"version\":1,\n\"pcr\":{},\n\"boot\":{}}", PAWL_E_FORM,
                      "pcr", 2);
    refuses_policy_in("{\"name\":\"a\",\n\"version\":1,\n \"version\"\n:\n2}", PAWL_E_FORM,
                      "version", 5);
    refuses_policy("{\"name\":\"a\",\"version\":1,\"\xc3\xbc\\u001b\":1}", PAWL_E_FORM, "???");
    refuses_policy_in("{\"name\":\"a\",\"version\":1,\n\"releases\":[{\"name\":\"x\","
                      "\"boot\":{\n\"images\":[\"" H32A "\",/*\n\n*/\"7\"]}}]}",
                      PAWL_E_RANGE, "releases[0].boot.images[1]", 5);
}

/* A path that is cut off says where to look first, and the line is still there. */
static void a_long_path_is_cut_and_the_line_is_not(void **state)
{
    (void)state;
    char            text[512], path[201];
    struct policy   p;
    struct pawl_err err;

    memset(path, 'p', 200);
    path[200] = 0;
    snprintf(text, sizeof(text), WITH("\n\"ima\":{\"files\":{\"/%s\":[\"sha256:00\"]}}"), path);
    T_FAILS(read_policy(text, &p, &err), &err, PAWL_E_RANGE);
    assert_int_equal(strlen(err.where), sizeof(err.where) - 1);
    assert_memory_equal(err.where, "ima.files./ppp", 14);
    assert_string_equal(err.why, "2 hex digits where 64 are due, in line 2");
}

static void refuses_wrong_names_and_versions(void **state)
{
    (void)state;
    static const char *const names[] = { "7", "\"\"", "\"../a\"", "\"A\"", "null" };
    static const char *const versions[] = {
        "0", "-1", "1.5", "1000000000", "\"3\"", "null", "1e300"
    };
    char json[256];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(json, sizeof(json), "{\"name\":%s,\"version\":1,\"pcrs\":{}}", names[i]);
        refuses_policy(json, PAWL_E_FORM, "name");
    }
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        snprintf(json, sizeof(json), "{\"name\":\"a\",\"version\":%s,\"pcrs\":{}}", versions[i]);
        refuses_policy(json, PAWL_E_RANGE, "version");
    }
    refuses_policy_in("\n{\"version\":1,\"pcrs\":{}}", PAWL_E_FORM, "name", 2);
    refuses_policy("{\"name\":\"a\",\"pcrs\":{}}", PAWL_E_FORM, "version");
    refuses_policy(WITH("\"note\":1,\"boot\":{\"images\":[]}"), PAWL_E_FORM, "note");
}

static void one_rule_is_needed(void **state)
{
    (void)state;
    refuses_policy("{\"name\":\"a\",\"version\":1}", PAWL_E_FORM, "policy");
    refuses_policy(WITH("\"event_log\":{\"needed\":true},\"firmware\":{\"id:00000000\":\"1\"},"
                        "\"tpm_not_reset\":\"warn\""),
                   PAWL_E_FORM, "policy");
}

static void who_holds_the_device_and_how_fast_it_answers(void **state) /* K20, T9 */
{
    (void)state;
    struct policy p = good_policy(
        WITH("\"boot\":{\"images\":[]},\"physical_access\":true,\"answer_within_ms\":60000"));

    assert_true(p.physical_access);
    assert_int_equal(p.answer_within_ms, 60000);
    policy_done(&p);
    p = good_policy(WITH("\"boot\":{\"images\":[]}"));
    assert_true(!p.physical_access && p.answer_within_ms == 0);
    policy_done(&p);
    refuses_policy(WITH("\"boot\":{\"images\":[]},\"answer_within_ms\":0"), PAWL_E_RANGE,
                   "answer_within_ms");
    refuses_policy(WITH("\"boot\":{\"images\":[]},\"answer_within_ms\":60001"), PAWL_E_RANGE,
                   "answer_within_ms");
    refuses_policy(WITH("\"boot\":{\"images\":[]},\"physical_access\":1"), PAWL_E_FORM,
                   "physical_access");
}

static void a_tpm_that_was_not_reset_is_warned_of_or_accepted(void **state)
{
    (void)state;
    struct policy p = good_policy(WITH("\"boot\":{\"images\":[]},\"tpm_not_reset\":\"accept\""));

    assert_true(p.may_not_reset);
    policy_done(&p);
    p = good_policy(WITH("\"boot\":{\"images\":[]},\"tpm_not_reset\":\"warn\""));
    assert_false(p.may_not_reset);
    policy_done(&p);
    refuses_policy(WITH("\"boot\":{\"images\":[]},\"tpm_not_reset\":\"note\""), PAWL_E_FORM,
                   "tpm_not_reset");
}

/* ---- pcrs ----------------------------------------------------------------------------------- */

static void reads_rules_by_bank_and_pcr(void **state)
{
    (void)state;
    struct policy   p;
    struct pawl_err err;

    T_OK(read_policy("{\"pcrs\": {\"sha256\": {\"7\": [\"" H32A "\", \"" H32B "\"], \"0\": [\"" H32B
                     "\"]}, \"sha1\": {\"7\": [\"" H20 "\"]}},\n \"version\": 3, \"note\": \"n\","
                     " \"name\": \"gateway\"}\n",
                     &p, &err),
         &err);
    assert_string_equal(p.name, "gateway");
    assert_true(p.version == 3);
    assert_int_equal(p.all.rule_n, 3);
    assert_int_equal(p.all.rule[0].hash, PAWL_SHA1);
    assert_int_equal(p.all.rule[0].pcr, 7);
    assert_int_equal(p.all.rule[1].hash, PAWL_SHA256);
    assert_int_equal(p.all.rule[1].pcr, 0);
    assert_int_equal(p.all.rule[2].pcr, 7);
    assert_int_equal(p.all.rule[2].value_n, 2);
    assert_int_equal(p.all.rule[2].value[1].n, 32);
    assert_int_equal(p.all.rule[2].value[1].b[31], 0xbb);
    policy_done(&p);
    assert_int_equal(p.all.rule_n, 0);
    policy_done(&p);
}

static void refuses_banks_and_pcrs_that_do_not_exist(void **state)
{
    (void)state;
    refuses_policy(PCRS("{\"md5\":{\"0\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.md5");
    refuses_policy(PCRS("{\"SHA256\":{\"0\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.SHA256");
    refuses_policy(PCRS("{\"sha256\":{\"24\":[\"" H32A "\"]}}"), PAWL_E_RANGE, "pcrs.sha256.24");
    refuses_policy(PCRS("{\"sha256\":{\"07\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.sha256.07");
    refuses_policy(PCRS("{\"sha256\":{\"-1\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.sha256.-1");
}

static void names_the_value_that_is_wrong(void **state)
{
    (void)state;
    refuses_policy(PCRS("{\"sha256\":{\"7\":[\"" H32A "\",\"" H20 "\"]}}"), PAWL_E_RANGE,
                   "pcrs.sha256.7[1]");
    refuses_policy(PCRS("{\"sha256\":{\"7\":["
                        "\"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]}}"),
                   PAWL_E_FORM, "pcrs.sha256.7[0]");
    refuses_policy(PCRS("{\"sha256\":{\"7\":[7]}}"), PAWL_E_FORM, "pcrs.sha256.7[0]");
    refuses_policy(PCRS("{\"sha384\":{\"7\":[\"" H32A "\"]}}"), PAWL_E_RANGE, "pcrs.sha384.7[0]");
}

static void sha1_decides_nothing_alone(void **state)
{
    (void)state;
    refuses_policy(PCRS("{\"sha1\":{\"7\":[\"" H20 "\"]}}"), PAWL_E_DENIED, "pcrs.sha1.7");
    refuses_policy(PCRS("{\"sha1\":{\"7\":[\"" H20 "\"]},\"sha256\":{\"16\":[\"" H32A "\"]}}"),
                   PAWL_E_DENIED, "pcrs.sha1.7");
}

/* A policy in the making. */
static char   text[64 * 1024];
static size_t text_n;

static void PAWL_PRINTF(1, 2) say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    text_n += (size_t)vsnprintf(text + text_n, sizeof(text) - text_n, fmt, ap);
    va_end(ap);
    assert_true(text_n < sizeof(text));
}

static const char *policy_of_values(int n)
{
    text_n = 0;
    say("{\"name\":\"a\",\"version\":1,\"pcrs\":{\"sha256\":{\"0\":[");
    for (int i = 0; i < n; i++)
        say("%s\"" H32A "\"", i ? "," : "");
    say("]}}}");
    return text;
}

static void takes_64_values_and_no_more(void **state)
{
    (void)state;
    struct policy   p;
    struct pawl_err err;

    T_OK(read_policy(policy_of_values(POLICY_VALUES_MAX), &p, &err), &err);
    assert_int_equal(p.all.rule[0].value_n, POLICY_VALUES_MAX);
    policy_done(&p);
    refuses_policy(policy_of_values(POLICY_VALUES_MAX + 1), PAWL_E_RANGE, "pcrs.sha256.0");
}

static void takes_every_pcr_of_every_bank(void **state)
{
    (void)state;
    static const enum pawl_hash banks[] = { PAWL_SHA512, PAWL_SHA384, PAWL_SHA256, PAWL_SHA1 };
    struct policy               p;
    struct pawl_err             err;

    text_n = 0;
    say("{\"name\":\"a\",\"version\":999999999,\"pcrs\":{");
    for (size_t b = 0; b < 4; b++) {
        say("%s\"%s\":{", b ? "," : "", pawl_hash_name(banks[b]));
        for (int pcr = 0; pcr < PAWL_PCRS; pcr++)
            say("%s\"%d\":[\"%.*s\"]", pcr ? "," : "", pcr, (int)(2 * pawl_hash_n(banks[b])),
                H32A H32A);
        say("}");
    }
    say("}}");
    T_OK(read_policy(text, &p, &err), &err);
    assert_int_equal(p.all.rule_n, POLICY_RULES_MAX);
    for (size_t i = 1; i < p.all.rule_n; i++)
        assert_true(p.all.rule[i - 1].hash < p.all.rule[i].hash ||
                    p.all.rule[i - 1].pcr < p.all.rule[i].pcr);
    policy_done(&p);
}

static void a_pcr_may_have_to_be_unmeasured(void **state)
{
    (void)state;
    struct policy p = good_policy(
        PCRS("{\"sha256\":{\"12\":\"unmeasured\",\"0\":[\"" H32A "\"]}}"));

    assert_int_equal(p.all.rule_n, 2);
    assert_false(p.all.rule[0].unmeasured);
    assert_true(p.all.rule[1].unmeasured);
    assert_int_equal(p.all.rule[1].pcr, 12);
    assert_int_equal(p.all.rule[1].value_n, 0);
    policy_done(&p);
    refuses_policy(PCRS("{\"sha256\":{\"12\":\"measured\"}}"), PAWL_E_RANGE, "pcrs.sha256.12");
    refuses_policy(PCRS("{\"sha1\":{\"12\":\"unmeasured\"}}"), PAWL_E_DENIED, "pcrs.sha1.12");
}

static void refuses_banks_and_pcrs_without_any(void **state)
{
    (void)state;
    refuses_policy(PCRS("{}"), PAWL_E_FORM, "pcrs");
    refuses_policy(PCRS("[]"), PAWL_E_FORM, "pcrs");
    refuses_policy(PCRS("{\"sha256\":{}}"), PAWL_E_FORM, "pcrs.sha256");
    refuses_policy(PCRS("{\"sha256\":[]}"), PAWL_E_FORM, "pcrs.sha256");
    refuses_policy(PCRS("{\"sha256\":{\"0\":[]}}"), PAWL_E_RANGE, "pcrs.sha256.0");
    refuses_policy(PCRS("{\"sha256\":{\"0\":\"" H32A "\"}}"), PAWL_E_RANGE, "pcrs.sha256.0");
    refuses_policy(PCRS("{\"sha256\":{\"0\":[\"" H32A "\"],\"0\":[\"" H32B "\"]}}"), PAWL_E_FORM,
                   "pcrs.sha256.0");
    refuses_policy(PCRS("{\"sha256\":{\"0\":[\"" H32A "\"]},\"sha256\":{\"1\":[\"" H32A "\"]}}"),
                   PAWL_E_FORM, "pcrs.sha256");
}

/* ---- releases ------------------------------------------------------------------------------- */

#define BOOT "\"boot\":{\"images\":[]}"

static void reads_releases_in_their_order(void **state)
{
    (void)state;
    struct policy p = good_policy(
        WITH("\"releases\":[{\"name\":\"6.1.0-55+rt\",\"kernel\":\"6.1.0-55-amd64\",\"until\":"
             "\"1970-01-02\",\"pcrs\":{\"sha256\":{\"4\":[\"" H32A "\"]}}},{\"name\":\"A\"," BOOT
             "}],\"secure_boot\":{\"on\":true}"));

    assert_int_equal(p.release_n, 2);
    assert_string_equal(p.release[0].name, "6.1.0-55+rt");
    assert_string_equal(p.release[0].kernel, "6.1.0-55-amd64");
    assert_true(p.release[0].until_s == 172800); /* the whole of that day */
    assert_int_equal(p.release[0].rules.rule_n, 1);
    assert_int_equal(p.release[0].rules.rule[0].pcr, 4);
    assert_false(p.release[0].rules.images.present);
    assert_true(p.release[1].until_s == INT64_MAX);
    assert_true(p.release[1].rules.images.present);
    assert_int_equal(p.all.rule_n, 0);
    assert_int_equal(p.all.secure_boot, FACT_YES);
    policy_done(&p);
}

static void refuses_releases_that_are_none(void **state)
{
    (void)state;
    refuses_policy(WITH("\"releases\":[]"), PAWL_E_RANGE, "releases");
    refuses_policy(WITH("\"releases\":[7]"), PAWL_E_FORM, "releases[0]");
    refuses_policy(WITH("\"releases\":[{" BOOT "}]"), PAWL_E_FORM, "releases[0].name");
    refuses_policy(WITH("\"releases\":[{\"name\":\"a\"}]"), PAWL_E_FORM, "releases[0]");
    refuses_policy(WITH("\"releases\":[{\"name\":\"a b\"," BOOT "}]"), PAWL_E_FORM,
                   "releases[0].name");
    refuses_policy(WITH("\"releases\":[{\"name\":\"a\"," BOOT "},{\"name\":\"a\"," BOOT "}]"),
                   PAWL_E_FORM, "releases[1].name");
    refuses_policy(WITH("\"releases\":[{\"name\":\"a\",\"until\":\"2026-02-29\"," BOOT "}]"),
                   PAWL_E_RANGE, "releases[0].until");
    refuses_policy(WITH("\"releases\":[{\"name\":\"a\",\"kernel\":\"a b\"," BOOT "}]"), PAWL_E_FORM,
                   "releases[0].kernel");
    refuses_policy(WITH("\"releases\":[{\"name\":\"a\",\"ima\":{}," BOOT "}]"), PAWL_E_FORM,
                   "releases[0].ima");
}

/* SHA-1 in a release needs a better bank beside it, whatever stands at the top. */
static void a_release_stands_for_itself(void **state)
{
    (void)state;
    refuses_policy(WITH("\"pcrs\":{\"sha256\":{\"4\":[\"" H32A
                        "\"]}},\"releases\":[{\"name\":\"a\","
                        "\"pcrs\":{\"sha1\":{\"4\":[\"" H20 "\"]}}}]"),
                   PAWL_E_DENIED, "releases[0].pcrs.sha1.4");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("takes comments", takes_comments),
        T_CASE("is known by the hash of its text", is_known_by_the_hash_of_its_text),
        T_CASE("names the line that is no JSON", names_the_line_that_is_no_json),
        T_CASE("refuses control characters anywhere", refuses_control_characters_anywhere),
        T_CASE("is nested 16 deep at most", is_nested_16_deep_at_most),
        T_CASE("takes an escaped backslash before u0000", takes_an_escaped_backslash_before_u0000),
        T_CASE("refuses what is no text", refuses_what_is_no_text),
        T_CASE("no prefix is a policy", no_prefix_is_a_policy),
        T_CASE("a flip is refused or another policy", a_flip_is_refused_or_another_policy),
        T_CASE("names the member and its line", names_the_member_and_its_line),
        T_CASE("a long path is cut and the line is not", a_long_path_is_cut_and_the_line_is_not),
        T_CASE("refuses wrong names and versions", refuses_wrong_names_and_versions),
        T_CASE("S5: one rule is needed", one_rule_is_needed),
        T_CASE("K20, T9: who holds the device, and how fast it answers",
               who_holds_the_device_and_how_fast_it_answers),
        T_CASE("a TPM that was not reset is warned of or accepted",
               a_tpm_that_was_not_reset_is_warned_of_or_accepted),
        T_CASE("reads rules by bank and PCR", reads_rules_by_bank_and_pcr),
        T_CASE("refuses banks and PCRs that do not exist",
               refuses_banks_and_pcrs_that_do_not_exist),
        T_CASE("refuses banks and PCRs without any", refuses_banks_and_pcrs_without_any),
        T_CASE("names the value that is wrong", names_the_value_that_is_wrong),
        T_CASE("Q22: SHA-1 decides nothing alone", sha1_decides_nothing_alone),
        T_CASE("a PCR may have to be unmeasured", a_pcr_may_have_to_be_unmeasured),
        T_CASE("takes 64 values and no more", takes_64_values_and_no_more),
        T_CASE("takes every PCR of every bank", takes_every_pcr_of_every_bank),
        T_CASE("reads releases in their order", reads_releases_in_their_order),
        T_CASE("refuses releases that are none", refuses_releases_that_are_none),
        T_CASE("a release stands for itself", a_release_stands_for_itself),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
