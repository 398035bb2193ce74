/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a policy is read whole or refused with the path of its mistake, judges every rule, and
 * what is learned from a device accepts that device. */
#include "appraise/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "t.h"

#define H20  "0101010101010101010101010101010101010101"
#define H32A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define H32B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define POLICY(pcrs) "{\"name\":\"gateway\",\"version\":3,\"pcrs\":" pcrs "}"

static pawl_status parse(const char *json, struct policy *ret, struct pawl_err *err)
{
    return policy_parse(t_copy(pawl_view_str(json)), ret, err);
}

static void refused(const char *json, enum pawl_code code, const char *where)
{
    struct policy   p;
    struct pawl_err err;

    t_poison(&p, sizeof(p));
    T_FAILS(parse(json, &p, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&p, sizeof(p));
}

/* ---- parse ---------------------------------------------------------------------------------- */

static void reads_rules_by_bank_and_pcr(void **state)
{
    (void)state;
    struct policy   p;
    struct pawl_err err;

    T_OK(parse("{\"pcrs\": {\"sha256\": {\"7\": [\"" H32A "\", \"" H32B "\"], \"0\": [\"" H32B
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

static void names_the_line_that_is_no_json(void **state)
{
    (void)state;
    struct policy   p;
    struct pawl_err err;

    T_FAILS(parse("{\n\"name\": \"x\",\n\"version\": ,\n}", &p, &err), &err, PAWL_E_FORM);
    assert_string_equal(err.why, "is no JSON, in line 3");
    T_FAILS(parse(POLICY("{\"sha256\":{\"0\":[\"" H32A "\"]}}") "\n\n{}", &p, &err), &err,
            PAWL_E_TRAILING);
    assert_string_equal(err.why, "goes on after its end, in line 3");
}

static void refuses_what_is_no_text(void **state)
{
    (void)state;
    struct policy   p;
    struct pawl_err err;

    refused("", PAWL_E_RANGE, "policy");
    refused("[]", PAWL_E_FORM, "policy");
    refused("7", PAWL_E_FORM, "policy");
    T_FAILS(policy_parse(t_hex("7b 00 7d"), &p, &err), &err, PAWL_E_FORM);
    T_FAILS(policy_parse(t_hex("22 ff 22"), &p, &err), &err, PAWL_E_FORM);
    char *big = malloc(POLICY_JSON_MAX + 1);
    assert_non_null(big);
    memset(big, ' ', POLICY_JSON_MAX + 1);
    T_FAILS(policy_parse(pawl_view(big, POLICY_JSON_MAX + 1), &p, &err), &err, PAWL_E_RANGE);
    free(big);
}

static void refuses_an_escaped_nul(void **state)
{
    (void)state;
    refused("{\"name\":\"gateway\\u0000x\",\"version\":3,\"pcrs\":{\"sha256\":{\"0\":[\"" H32A
            "\"]}}}",
            PAWL_E_FORM, "policy");
}

static void refuses_unknown_and_repeated_members(void **state)
{
    (void)state;
    refused("{\"name\":\"a\",\"version\":1,\"pcr\":{},\"pcrs\":{\"sha256\":{\"0\":[\"" H32A
            "\"]}}}",
            PAWL_E_FORM, "pcr");
    refused("{\"name\":\"a\",\"version\":1,\"version\":2,\"pcrs\":{}}", PAWL_E_FORM, "version");
    refused(POLICY("{\"sha256\":{\"0\":[\"" H32A "\"],\"0\":[\"" H32B "\"]}}"), PAWL_E_FORM,
            "pcrs.sha256.0");
    refused(POLICY("{\"sha256\":{\"0\":[\"" H32A "\"]},\"sha256\":{\"1\":[\"" H32A "\"]}}"),
            PAWL_E_FORM, "pcrs.sha256");
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
        refused(json, PAWL_E_FORM, "name");
    }
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        snprintf(json, sizeof(json), "{\"name\":\"a\",\"version\":%s,\"pcrs\":{}}", versions[i]);
        refused(json, PAWL_E_RANGE, "version");
    }
    refused("{\"version\":1,\"pcrs\":{}}", PAWL_E_FORM, "name");
    refused("{\"name\":\"a\",\"pcrs\":{}}", PAWL_E_FORM, "version");
    refused("{\"name\":\"a\",\"version\":1,\"note\":1,\"pcrs\":{}}", PAWL_E_FORM, "note");
}

static void refuses_a_policy_without_a_pcr(void **state)
{
    (void)state;
    refused("{\"name\":\"a\",\"version\":1}", PAWL_E_FORM, "policy");
    refused(POLICY("{}"), PAWL_E_FORM, "pcrs");
    refused(POLICY("[]"), PAWL_E_FORM, "pcrs");
    refused(POLICY("{\"sha256\":{}}"), PAWL_E_FORM, "pcrs.sha256");
    refused(POLICY("{\"sha256\":[]}"), PAWL_E_FORM, "pcrs.sha256");
    refused(POLICY("{\"sha256\":{\"0\":[]}}"), PAWL_E_RANGE, "pcrs.sha256.0");
    refused(POLICY("{\"sha256\":{\"0\":\"" H32A "\"}}"), PAWL_E_RANGE, "pcrs.sha256.0");
}

static void refuses_banks_and_pcrs_that_do_not_exist(void **state)
{
    (void)state;
    refused(POLICY("{\"md5\":{\"0\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.md5");
    refused(POLICY("{\"SHA256\":{\"0\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.SHA256");
    refused(POLICY("{\"sha256\":{\"24\":[\"" H32A "\"]}}"), PAWL_E_RANGE, "pcrs.sha256.24");
    refused(POLICY("{\"sha256\":{\"07\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.sha256.07");
    refused(POLICY("{\"sha256\":{\"-1\":[\"" H32A "\"]}}"), PAWL_E_FORM, "pcrs.sha256.-1");
}

static void names_the_value_that_is_wrong(void **state)
{
    (void)state;
    refused(POLICY("{\"sha256\":{\"7\":[\"" H32A "\",\"" H20 "\"]}}"), PAWL_E_RANGE,
            "pcrs.sha256.7[1]");
    refused(POLICY("{\"sha256\":{\"7\":["
                   "\"0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]}}"),
            PAWL_E_FORM, "pcrs.sha256.7[0]");
    refused(POLICY("{\"sha256\":{\"7\":[7]}}"), PAWL_E_FORM, "pcrs.sha256.7[0]");
    refused(POLICY("{\"sha384\":{\"7\":[\"" H32A "\"]}}"), PAWL_E_RANGE, "pcrs.sha384.7[0]");
}

static void sha1_decides_nothing_alone(void **state)
{
    (void)state;
    refused(POLICY("{\"sha1\":{\"7\":[\"" H20 "\"]}}"), PAWL_E_DENIED, "pcrs.sha1.7");
    refused(POLICY("{\"sha1\":{\"7\":[\"" H20 "\"]},\"sha256\":{\"16\":[\"" H32A "\"]}}"),
            PAWL_E_DENIED, "pcrs.sha1.7");
}

/* A policy in the making. */
static char   text[POLICY_JSON_MAX];
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

    T_OK(parse(policy_of_values(POLICY_VALUES_MAX), &p, &err), &err);
    assert_int_equal(p.all.rule[0].value_n, POLICY_VALUES_MAX);
    policy_done(&p);
    refused(policy_of_values(POLICY_VALUES_MAX + 1), PAWL_E_RANGE, "pcrs.sha256.0");
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
    T_OK(parse(text, &p, &err), &err);
    assert_int_equal(p.all.rule_n, POLICY_RULES_MAX);
    for (size_t i = 1; i < p.all.rule_n; i++)
        assert_true(p.all.rule[i - 1].hash < p.all.rule[i].hash ||
                    p.all.rule[i - 1].pcr < p.all.rule[i].pcr);
    policy_done(&p);
}

static void prefix_fails(struct pawl_view prefix, void *arg)
{
    (void)arg;
    struct policy   p;
    struct pawl_err err;

    assert_false(pawl_is_ok(policy_parse(prefix, &p, &err)));
}

static void no_prefix_is_a_policy(void **state)
{
    (void)state;
    t_each_truncation(pawl_view_str(POLICY("{\"sha256\":{\"7\":[\"" H32A "\",\"" H32B "\"]}}")),
                      prefix_fails, NULL);
}

static void flip_does_not_crash(struct pawl_view flipped, void *arg)
{
    (void)arg;
    struct policy   p;
    struct pawl_err err;

    if (!pawl_is_ok(policy_parse(flipped, &p, &err)))
        return;
    assert_true(p.all.rule_n > 0 && p.all.rule[0].value_n > 0);
    policy_done(&p);
}

static void a_flip_is_refused_or_another_policy(void **state)
{
    (void)state;
    t_each_flip(pawl_view_str(POLICY("{\"sha256\":{\"7\":[\"" H32A "\"]}}")), flip_does_not_crash,
                NULL);
}

/* ---- judge ---------------------------------------------------------------------------------- */

static struct pawl_digest bytes_of(uint8_t byte, size_t n)
{
    struct pawl_digest d = { .n = n };

    memset(d.b, byte, n);
    return d;
}

/* sha256 0 and 7. */
static const struct pawl_pcr_selection two = { .n = 1, .bank = { { PAWL_SHA256, 0x81 } } };

static struct verdict judge(const char *json, uint8_t pcr0, uint8_t pcr7)
{
    struct pawl_pcr_values values = { 2, { bytes_of(pcr0, 32), bytes_of(pcr7, 32) } };
    struct verdict         v = { .identity = AR4SI_RECOGNISED, .approved = true };
    struct policy          p;
    struct pawl_err        err;

    T_OK(parse(json, &p, &err), &err);
    policy_judge(&p, &two, &values, &v);
    policy_done(&p);
    return v;
}

#define BOTH POLICY("{\"sha256\":{\"0\":[\"" H32A "\"],\"7\":[\"" H32A "\",\"" H32B "\"]}}")

static void affirms_allowed_values(void **state)
{
    (void)state;
    struct verdict v = judge(BOTH, 0xaa, 0xbb);

    assert_int_equal(v.executables, AR4SI_BOOT_ONLY);
    assert_int_equal(v.configuration, AR4SI_RECOGNISED);
    assert_int_equal(v.finding_n, 0);
    assert_string_equal(v.policy, "gateway:3");
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
    v = judge(BOTH, 0xaa, 0xaa); /* old and new side by side */
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
}

static void reports_each_value_that_differs(void **state)
{
    (void)state;
    struct verdict v = judge(BOTH, 0xcc, 0xdd);

    assert_int_equal(v.executables, AR4SI_CONTRAINDICATED);
    assert_int_equal(v.configuration, AR4SI_NONE);
    assert_int_equal(v.finding_n, 2);
    assert_int_equal(v.finding[0].reason, REASON_PCR_DIFFERS);
    assert_string_equal(v.finding[0].detail, "sha256:0 is cccccccccccccccc.., policy gateway:3 "
                                             "allows aaaaaaaaaaaaaaaa..");
    assert_string_equal(v.finding[1].detail, "sha256:7 is dddddddddddddddd.., policy gateway:3 "
                                             "allows aaaaaaaaaaaaaaaa.. or 1 others");
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
}

static void one_wrong_value_is_enough(void **state)
{
    (void)state;
    struct verdict v = judge(BOTH, 0xaa, 0xcc);

    assert_int_equal(v.finding_n, 1);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
}

static void a_rule_without_a_quoted_value_never_affirms(void **state)
{
    (void)state;
    struct verdict v = judge(POLICY("{\"sha256\":{\"0\":[\"" H32A "\"],\"4\":[\"" H32A "\"]}}"),
                             0xaa, 0xaa);

    assert_int_equal(v.finding_n, 1);
    assert_int_equal(v.finding[0].reason, REASON_PCR_MISSING);
    assert_int_equal(v.executables, AR4SI_UNRECOGNISED);
    assert_int_equal(v.configuration, AR4SI_NONE);
    assert_int_equal(verdict_tier(&v), TIER_WARNING);
    v = judge(POLICY("{\"sha1\":{\"0\":[\"" H20 "\"]},\"sha256\":{\"0\":[\"" H32A "\"]}}"), 0xaa,
              0xaa);
    assert_int_equal(verdict_tier(&v), TIER_WARNING);
}

static void judging_never_improves_a_claim(void **state)
{
    (void)state;
    struct pawl_pcr_values values = { 2, { bytes_of(0xaa, 32), bytes_of(0xbb, 32) } };
    struct verdict         v = { .configuration = AR4SI_CONTRAINDICATED, .approved = true };
    struct policy          p;
    struct pawl_err        err;

    T_OK(parse(BOTH, &p, &err), &err);
    policy_judge(&p, &two, &values, &v);
    policy_done(&p);
    assert_int_equal(v.configuration, AR4SI_CONTRAINDICATED);
}

/* ---- learn ---------------------------------------------------------------------------------- */

static void learns_what_accepts_the_device(void **state)
{
    (void)state;
    const struct pawl_pcr_selection s = {
        .n = 3, .bank = { { PAWL_SHA1, 0x1 }, { PAWL_SHA256, 0x200083 }, { PAWL_SHA384, 0x1 } }
    };
    struct pawl_pcr_values values = { 6,
                                      { bytes_of(0x11, 20), bytes_of(0x22, 32), bytes_of(0, 32),
                                        bytes_of(0x33, 32), bytes_of(0xff, 32),
                                        bytes_of(0x44, 48) } };
    char                   json[4096];
    struct policy          p;
    struct verdict         v = { .identity = AR4SI_RECOGNISED, .approved = true };
    struct pawl_err        err;

    values.value[1].b[0] = 0x21; /* bytes that differ: measured */
    values.value[3].b[0] = 0x31;
    values.value[5].b[0] = 0x41;
    T_OK(policy_learn("golden", 2, &s, &values, json, sizeof(json), &err), &err);
    T_OK(parse(json, &p, &err), &err);
    assert_string_equal(p.name, "golden");
    assert_true(p.version == 2);
    assert_int_equal(p.all.rule_n, 5); /* sha256 0, 1, 7 and 21, sha384 0 */
    assert_int_equal(p.all.rule[0].hash, PAWL_SHA256);
    assert_int_equal(p.all.rule[1].pcr, 1);
    assert_int_equal(p.all.rule[2].pcr, 7);
    assert_int_equal(p.all.rule[4].hash, PAWL_SHA384);
    policy_judge(&p, &s, &values, &v);
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
    values.value[3].b[9] ^= 1;
    policy_judge(&p, &s, &values, &v);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    policy_done(&p);
}

/* What somebody adds to a boot is measured into PCRs that were empty without it. */
static void a_pcr_that_was_empty_must_stay_empty(void **state)
{
    (void)state;
    struct pawl_pcr_values values = { 2, { bytes_of(0x11, 32), bytes_of(0, 32) } };
    char                   json[1024];
    struct policy          p;
    struct verdict         v = { .identity = AR4SI_RECOGNISED, .approved = true };
    struct pawl_err        err;

    values.value[0].b[3] = 7;
    T_OK(policy_learn("a", 1, &two, &values, json, sizeof(json), &err), &err);
    T_OK(parse(json, &p, &err), &err);
    policy_judge(&p, &two, &values, &v);
    assert_int_equal(verdict_tier(&v), TIER_AFFIRMING);
    values.value[1].b[0] = 1;
    policy_judge(&p, &two, &values, &v);
    assert_int_equal(verdict_tier(&v), TIER_CONTRAINDICATED);
    policy_done(&p);
}

static void learns_nothing_from_an_unmeasured_device(void **state)
{
    (void)state;
    struct pawl_pcr_values values = { 2, { bytes_of(0, 32), bytes_of(0, 32) } };
    char                   json[1024];
    struct pawl_err        err;

    T_FAILS(policy_learn("a", 1, &two, &values, json, sizeof(json), &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "pcrs");
    values.value[0] = bytes_of(0x11, 32);
    values.value[0].b[3] = 7;
    T_FAILS(policy_learn("A", 1, &two, &values, json, sizeof(json), &err), &err, PAWL_E_FORM);
    T_FAILS(policy_learn("a", 0, &two, &values, json, sizeof(json), &err), &err, PAWL_E_RANGE);
    T_FAILS(policy_learn("a", 1, &two, &values, json, 40, &err), &err, PAWL_E_FULL);
    T_OK(policy_learn("a", 1, &two, &values, json, sizeof(json), &err), &err);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads rules by bank and PCR", reads_rules_by_bank_and_pcr),
        T_CASE("names the line that is no JSON", names_the_line_that_is_no_json),
        T_CASE("refuses what is no text", refuses_what_is_no_text),
        T_CASE("refuses an escaped NUL", refuses_an_escaped_nul),
        T_CASE("refuses unknown and repeated members", refuses_unknown_and_repeated_members),
        T_CASE("refuses wrong names and versions", refuses_wrong_names_and_versions),
        T_CASE("refuses a policy without a PCR", refuses_a_policy_without_a_pcr),
        T_CASE("refuses banks and PCRs that do not exist",
               refuses_banks_and_pcrs_that_do_not_exist),
        T_CASE("names the value that is wrong", names_the_value_that_is_wrong),
        T_CASE("Q22: SHA-1 decides nothing alone", sha1_decides_nothing_alone),
        T_CASE("takes 64 values and no more", takes_64_values_and_no_more),
        T_CASE("takes every PCR of every bank", takes_every_pcr_of_every_bank),
        T_CASE("no prefix is a policy", no_prefix_is_a_policy),
        T_CASE("a flip is refused or another policy", a_flip_is_refused_or_another_policy),
        T_CASE("affirms allowed values", affirms_allowed_values),
        T_CASE("reports each value that differs", reports_each_value_that_differs),
        T_CASE("one wrong value is enough", one_wrong_value_is_enough),
        T_CASE("Q18, S5: a rule without a quoted value never affirms",
               a_rule_without_a_quoted_value_never_affirms),
        T_CASE("judging never improves a claim", judging_never_improves_a_claim),
        T_CASE("learns what accepts the device", learns_what_accepts_the_device),
        T_CASE("a PCR that was empty must stay empty", a_pcr_that_was_empty_must_stay_empty),
        T_CASE("learns nothing from an unmeasured device",
               learns_nothing_from_an_unmeasured_device),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
