/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: rules about a boot log and about the TPM's firmware are read as they are written, and a
 * mistake in one is named. */
#include <stdlib.h>

#include "read_policy.h"

/* ---- secure_boot ---------------------------------------------------------------------------- */

static void reads_what_secure_boot_must_be(void **state)
{
    (void)state;
    struct policy p = good_policy(
        WITH("\"secure_boot\":{\"on\":true,\"pk\":[\"" H32A "\"],\"kek\":[\"" H32A "\",\"" H32B
             "\"],\"dbx\":[],\"sbat\":\"2023012900\",\"authorities\":[\"" H32B "\"],\"mok\":[\"" H48
             "\"]}"));
    const struct policy_rules *r = &p.all;

    assert_int_equal(r->secure_boot, FACT_YES);
    assert_int_equal(r->list[KEY_LIST_PK].n, 1);
    assert_int_equal(r->list[KEY_LIST_PK].digest[0].b[0], 0xaa);
    assert_int_equal(r->list[KEY_LIST_KEK].n, 2);
    assert_int_equal(r->list[KEY_LIST_KEK].digest[1].b[31], 0xbb);
    assert_false(r->list[KEY_LIST_DB].present);
    assert_true(r->list[KEY_LIST_DBX].present);
    assert_int_equal(r->list[KEY_LIST_DBX].n, 0);
    assert_string_equal(r->sbat, "2023012900");
    assert_int_equal(r->authorities.n, 1);
    assert_int_equal(r->mok.digest[0].n, 48);
    assert_false(r->images.present);
    policy_done(&p);
}

static void what_is_not_said_is_no_rule(void **state)
{
    (void)state;
    struct policy p = good_policy(WITH("\"secure_boot\":{\"on\":false}"));

    assert_int_equal(p.all.secure_boot, FACT_NO);
    assert_string_equal(p.all.sbat, "");
    assert_false(p.all.mok.present || p.all.authorities.present || p.log.needed || p.ima.present);
    policy_done(&p);
    p = good_policy(WITH("\"secure_boot\":{\"db\":[]}"));
    assert_int_equal(p.all.secure_boot, FACT_UNKNOWN);
    assert_true(p.all.list[KEY_LIST_DB].present);
    policy_done(&p);
}

static void refuses_what_secure_boot_cannot_be(void **state)
{
    (void)state;
    refuses_policy(WITH("\"secure_boot\":{}"), PAWL_E_FORM, "secure_boot");
    refuses_policy(WITH("\"secure_boot\":true"), PAWL_E_FORM, "secure_boot");
    refuses_policy(WITH("\"secure_boot\":{\"on\":1}"), PAWL_E_FORM, "secure_boot.on");
    refuses_policy(WITH("\"secure_boot\":{\"off\":true}"), PAWL_E_FORM, "secure_boot.off");
    refuses_policy(WITH("\"secure_boot\":{\"pk\":\"" H32A "\"}"), PAWL_E_RANGE, "secure_boot.pk");
    refuses_policy(WITH("\"secure_boot\":{\"db\":[\"" H48 "\"]}"), PAWL_E_RANGE,
                   "secure_boot.db[0]");
    refuses_policy(WITH("\"secure_boot\":{\"mok\":[\"" H32A "\",\"aa\"]}"), PAWL_E_RANGE,
                   "secure_boot.mok[1]");
    refuses_policy(WITH("\"secure_boot\":{\"sbat\":\"202301290\"}"), PAWL_E_RANGE,
                   "secure_boot.sbat");
    refuses_policy(WITH("\"secure_boot\":{\"sbat\":\"2023-01-29\"}"), PAWL_E_FORM,
                   "secure_boot.sbat");
}

/* ---- boot ----------------------------------------------------------------------------------- */

static void reads_images_and_lines(void **state)
{
    (void)state;
    struct policy p = good_policy(WITH("\"boot\":{\"images\":[\"" H32A "\",\"" H20 "\"],"
                                       "\"command_lines\":[\"a \\\"b\\\"\",\"\\u00fc\"]}"));

    assert_int_equal(p.all.images.n, 2);
    assert_int_equal(p.all.images.digest[1].n, 20);
    assert_int_equal(p.all.lines.n, 2);
    assert_int_equal(p.all.lines.line[0].n, 5);
    assert_memory_equal(p.all.lines.line[0].p, "a \"b\"", 5);
    assert_memory_equal(p.all.lines.line[1].p, "\xc3\xbc", 2);
    policy_done(&p);
}

static void refuses_images_and_lines_that_are_none(void **state)
{
    (void)state;
    refuses_policy(WITH("\"boot\":{}"), PAWL_E_FORM, "boot");
    refuses_policy(WITH("\"boot\":{\"images\":[7]}"), PAWL_E_FORM, "boot.images[0]");
    refuses_policy(WITH("\"boot\":{\"command_lines\":[\"a\",\"\"]}"), PAWL_E_RANGE,
                   "boot.command_lines[1]");
    refuses_policy(WITH("\"boot\":{\"command_lines\":{}}"), PAWL_E_RANGE, "boot.command_lines");
    refuses_policy(WITH("\"boot\":{\"lines\":[]}"), PAWL_E_FORM, "boot.lines");
}

static void a_line_has_4096_bytes_at_most(void **state)
{
    (void)state;
    char text[5000], line[POLICY_LINE_MAX + 2];

    memset(line, 'x', sizeof(line));
    line[POLICY_LINE_MAX] = 0;
    snprintf(text, sizeof(text), WITH("\"boot\":{\"command_lines\":[\"%s\"]}"), line);
    struct policy p = good_policy(text);
    assert_int_equal(p.all.lines.line[0].n, POLICY_LINE_MAX);
    policy_done(&p);
    line[POLICY_LINE_MAX] = 'x';
    line[POLICY_LINE_MAX + 1] = 0;
    snprintf(text, sizeof(text), WITH("\"boot\":{\"command_lines\":[\"%s\"]}"), line);
    refuses_policy(text, PAWL_E_RANGE, "boot.command_lines[0]");
}

/* ---- event_log ------------------------------------------------------------------------------ */

#define LOG(log) WITH("\"boot\":{\"images\":[]},\"event_log\":" log)

static void reads_how_a_log_is_taken(void **state)
{
    (void)state;
    struct policy p = good_policy(LOG("{\"needed\":true,\"legacy\":true,\"ignore\":[0,9,23,9]}"));

    assert_true(p.log.needed && p.log.legacy);
    assert_int_equal(p.log.ignored, 1u << 0 | 1u << 9 | 1u << 23);
    policy_done(&p);
    p = good_policy(LOG("{\"ignore\":[]}"));
    assert_false(p.log.needed || p.log.legacy || p.log.ignored);
    policy_done(&p);
}

static void refuses_logs_taken_otherwise(void **state)
{
    (void)state;
    refuses_policy(LOG("{}"), PAWL_E_FORM, "event_log");
    refuses_policy(LOG("{\"needed\":\"yes\"}"), PAWL_E_FORM, "event_log.needed");
    refuses_policy(LOG("{\"ignore\":[24]}"), PAWL_E_RANGE, "event_log.ignore[0]");
    refuses_policy(LOG("{\"ignore\":[0,-1]}"), PAWL_E_RANGE, "event_log.ignore[1]");
    refuses_policy(LOG("{\"ignore\":[1.5]}"), PAWL_E_RANGE, "event_log.ignore[0]");
    refuses_policy(LOG("{\"ignore\":[\"8\"]}"), PAWL_E_RANGE, "event_log.ignore[0]");
    refuses_policy(LOG("{\"ignore\":8}"), PAWL_E_RANGE, "event_log.ignore");
}

/* ---- firmware ------------------------------------------------------------------------------- */

#define FLOORS(floors) WITH("\"boot\":{\"images\":[]},\"firmware\":" floors)

static void reads_floors_of_firmware(void **state)
{
    (void)state;
    struct policy p = good_policy(
        FLOORS("{\"id:53544D20\":\"74.20\",\"id:49465800\":\"7.85.4555.65535\","
               "\"id:00000000\":\"0\"}"));

    assert_int_equal(p.firmware_n, 3);
    assert_string_equal(p.firmware[0].manufacturer, "id:53544D20");
    assert_true(p.firmware[0].floor == 0x004a001400000000ull);
    assert_true(p.firmware[1].floor == 0x0007005511cbffffull);
    assert_true(p.firmware[2].floor == 0);
    policy_done(&p);
}

static void refuses_floors_that_are_none(void **state)
{
    (void)state;
    static const char *const versions[] = {
        "\"\"",   "\"1.\"",          "\".1\"", "\"1.2.3.4.5\"", "\"65536\"",
        "\"01\"", "\"1.123456789\"", "\"v1\"", "74.2",          "null",
    };
    char text[128];

    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        snprintf(text, sizeof(text), FLOORS("{\"id:53544D20\":%s}"), versions[i]);
        refuses_policy(text, PAWL_E_FORM, "firmware.id:53544D20");
    }
    refuses_policy(FLOORS("{}"), PAWL_E_FORM, "firmware");
    refuses_policy(FLOORS("{\"id:53544d20\":\"1\"}"), PAWL_E_FORM, "firmware.id:53544d20");
    refuses_policy(FLOORS("{\"STM\":\"1\"}"), PAWL_E_FORM, "firmware.STM");
    refuses_policy(FLOORS("{\"id:00000000\":\"1\",\"id:00000000\":\"2\"}"), PAWL_E_FORM,
                   "firmware.id:00000000");
}

static void takes_32_floors_and_no_more(void **state)
{
    (void)state;
    char   text[2048];
    size_t n = (size_t)snprintf(
        text, sizeof(text),
        "{\"name\":\"a\",\"version\":1,\"boot\":{\"images\":[]},\"firmware\":{");

    for (int i = 0; i < POLICY_FIRMWARE_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\"id:%08X\":\"1\"", i ? "," : "", i);
    snprintf(text + n, sizeof(text) - n, "}}");
    struct policy p = good_policy(text);
    assert_int_equal(p.firmware_n, POLICY_FIRMWARE_MAX);
    policy_done(&p);
    snprintf(text + n, sizeof(text) - n, ",\"id:FFFFFFFF\":\"1\"}}");
    refuses_policy(text, PAWL_E_RANGE, "firmware.id:FFFFFFFF");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads what Secure Boot must be", reads_what_secure_boot_must_be),
        T_CASE("what is not said is no rule", what_is_not_said_is_no_rule),
        T_CASE("refuses what Secure Boot cannot be", refuses_what_secure_boot_cannot_be),
        T_CASE("reads images and lines", reads_images_and_lines),
        T_CASE("refuses images and lines that are none", refuses_images_and_lines_that_are_none),
        T_CASE("a line has 4096 bytes at most", a_line_has_4096_bytes_at_most),
        T_CASE("L14, L16: reads how a log is taken", reads_how_a_log_is_taken),
        T_CASE("refuses logs taken otherwise", refuses_logs_taken_otherwise),
        T_CASE("K19: reads floors of firmware", reads_floors_of_firmware),
        T_CASE("refuses floors that are none", refuses_floors_that_are_none),
        T_CASE("takes 32 floors and no more", takes_32_floors_and_no_more),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
