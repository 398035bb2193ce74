/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a policy that looks strict and is not is named for what it leaves open, and one that pins
 * what it relies on is not. */
#include <stdio.h>
#include <string.h>

#include "appraise/policy_doubts.h"
#include "t.h"

#define H      "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""
#define PCR(n) "\"pcrs\":{\"sha256\":{\"" #n "\":[" H "]}}"
#define IMA(more)                                                                                  \
    "\"ima\":{\"files\":{\"/a\":[\"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"                \
    "aaaaaaaaaaaaaaaaaaaaaaaa\"]}" more "}"
#define POLICIES                                                                                   \
    ",\"policies\":[\"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"             \
    "aaaaaaaa\"]"
#define LINES "\"boot\":{\"command_lines\":[\"quiet\"]}"

static pawl_status count(const char *line, void *arg, struct pawl_err *err)
{
    (void)err;
    size_t n = strlen(arg);
    snprintf((char *)arg + n, 4096 - n, "%s\n", line);
    return pawl_ok();
}

static const char *doubts_of(const char *rules)
{
    static char     said[4096];
    char            json[2048];
    struct pawl_err err;
    struct policy   p;

    said[0] = 0;
    snprintf(json, sizeof(json), "{\"name\":\"gateway\",\"version\":1,%s}", rules);
    T_OK(policy_parse(pawl_view_str(json), &p, &err), &err);
    T_OK(policy_doubts(&p, count, said, &err), &err);
    policy_done(&p);
    return said;
}

static void is_doubted(const char *rules, const char *begin)
{
    const char *said = doubts_of(rules);

    if (strncmp(said, begin, strlen(begin)) != 0 || strchr(said, '\n') != said + strlen(said) - 1)
        fail_msg("%s: %s", rules, said);
}

static void each_doubt_is_said_alone(void **state)
{
    (void)state;
    is_doubted(PCR(4) "," LINES, "boot.command_lines without");
    is_doubted("\"releases\":[{\"name\":\"a\"," PCR(
                   9) "},{\"name\":\"b\",\"until\":\"2030-01-01\"," PCR(8) "}]," LINES,
               "boot.command_lines without");
    is_doubted(PCR(8) "," IMA(POLICIES), "ima without a rule for PCR 9");
    is_doubted("\"pcrs\":{\"sha256\":{\"0\":[" H "],\"9\":\"unmeasured\"}}," LINES,
               "boot.command_lines without");
    is_doubted("\"secure_boot\":{\"sbat\":\"2023012900\"}", "secure_boot.sbat without");
    is_doubted(PCR(9) "," IMA(""), "ima.policies names none");
    is_doubted(PCR(9) "," IMA(POLICIES ",\"violations\":true"), "ima.violations");
    is_doubted(PCR(9) "," IMA(POLICIES ",\"sha1\":true"), "SHA-1 is taken");
    is_doubted(PCR(9) ",\"event_log\":{\"legacy\":true}", "SHA-1 is taken");
    is_doubted(PCR(9) "," IMA(POLICIES ",\"kexec\":true"), "a system that another one started");
    is_doubted(PCR(9) ",\"tpm_not_reset\":\"accept\"", "a system that another one started");
    is_doubted("\"releases\":[{\"name\":\"a\"," PCR(9) "},{\"name\":\"b\"," PCR(9) "}]",
               "more than one release");
}

static void what_pins_what_it_relies_on_is_not_doubted(void **state)
{
    (void)state;
    assert_string_equal(
        doubts_of(PCR(9) "," LINES "," IMA(POLICIES ",\"exclude\":[\"/var/log/\"]")), "");
    assert_string_equal(doubts_of(PCR(11) "," LINES), "");
    assert_string_equal(doubts_of("\"releases\":[{\"name\":\"a\"," PCR(
                            9) "},{\"name\":\"b\","
                               "\"until\":\"2030-01-01\"," PCR(9) "}]," LINES),
                        "");
    assert_string_equal(doubts_of(PCR(4) ",\"secure_boot\":{\"sbat\":\"2023012900\"}"), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("each doubt is said alone", each_doubt_is_said_alone),
        T_CASE("what pins what it relies on is not doubted",
               what_pins_what_it_relies_on_is_not_doubted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
