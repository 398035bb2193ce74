/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: firmware that an advisory names is found by manufacturer and version, from its first bad
 * version to the last one below the first good one, and nothing else is (K17 to K19); half a
 * version, as a certificate has it, accuses only where the other half cannot matter. */
#include <stdio.h>

#include "appraise/firmware.h"

#include "t.h"

#define VERSION(a, b, c, d) ((uint64_t)(a) << 48 | (uint64_t)(b) << 32 | (uint64_t)(c) << 16 | (d))

static const char infineon[] = "id:49465800", nuvoton[] = "id:4E544300", st[] = "id:53544D20";

/* The numbers of all that name this version, separated by blanks. */
static const char *numbers(const char *manufacturer, uint64_t lowest, uint64_t highest)
{
    static char                     text[256];
    const struct firmware_advisory *a = NULL;
    size_t                          n = 0;

    text[0] = 0;
    while ((a = firmware_advisory_next(a, manufacturer, lowest, highest))) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", a->number);
        assert_true(n < sizeof(text));
        assert_true(a->first < a->good);
    }
    return text;
}

static void names(const char *manufacturer, uint64_t version, const char *expected)
{
    assert_string_equal(numbers(manufacturer, version, version), expected);
}

static void k17_infineon(void **state)
{
    (void)state;
    names(infineon, VERSION(5, 0, 0, 0), "CVE-2017-15361");
    names(infineon, VERSION(5, 61, 65535, 65535), "CVE-2017-15361");
    names(infineon, VERSION(5, 62, 0, 0), "");
    names(infineon, VERSION(6, 42, 0, 0), "CVE-2017-15361");
    names(infineon, VERSION(6, 43, 0, 0), "");
    names(infineon, VERSION(7, 61, 0, 0), "CVE-2017-15361");
    names(infineon, VERSION(7, 62, 0, 0), "");
    names(infineon, VERSION(7, 85, 0, 0), "");
    names(infineon, VERSION(133, 32, 0, 0), "CVE-2017-15361");
    names(infineon, VERSION(133, 33, 0, 0), "");
}

static void k18_st(void **state)
{
    (void)state;
    /* The ThinkPad T490 of the real quotes. */
    names(st, 0x0049000844a01587, "CVE-2019-16863");
    names(st, VERSION(70, 65535, 0, 0), "");
    names(st, VERSION(71, 0, 0, 0), "CVE-2019-16863");
    names(st, VERSION(71, 12, 0, 0), "CVE-2019-16863");
    names(st, VERSION(71, 16, 0, 0), "");
    names(st, VERSION(73, 9, 0, 0), "CVE-2019-16863");
    names(st, VERSION(73, 20, 0, 0), "");
    names(st, VERSION(73, 64, 0, 0), "");
    names(st, VERSION(74, 16, 0, 0), "CVE-2019-16863");
    names(st, VERSION(74, 20, 0, 0), "");
}

static void k19_nuvoton(void **state)
{
    (void)state;
    names(nuvoton, VERSION(1, 3, 0, 0), "");
    names(nuvoton, VERSION(1, 3, 0, 1), "CVE-2023-1017");
    names(nuvoton, VERSION(1, 3, 2, 8), "CVE-2023-1017");
    names(nuvoton, VERSION(1, 3, 2, 20), "");
    names(nuvoton, VERSION(7, 2, 1, 0), "CVE-2020-25082 CVE-2025-2884");
    names(nuvoton, VERSION(7, 2, 2, 0), "CVE-2025-2884");
    names(nuvoton, VERSION(7, 2, 4, 0), "CVE-2025-2884");
    names(nuvoton, VERSION(7, 2, 4, 1), "");
    names(nuvoton, VERSION(7, 2, 5, 0), "");
}

static void k19_other_manufacturers(void **state)
{
    (void)state;
    names("id:414D4400", VERSION(5, 0, 0, 0), "");
    names("id:00001014", VERSION(7, 2, 1, 0), "");
    names("", VERSION(5, 0, 0, 0), "");
    names(st, VERSION(5, 0, 0, 0), "");
    names("id:53544d20", VERSION(73, 8, 0, 0), "CVE-2019-16863"); /* as some write it */
}

static void k19_half_a_version(void **state)
{
    (void)state;
    assert_string_equal(numbers(st, VERSION(73, 8, 0, 0), VERSION(73, 8, 65535, 65535)),
                        "CVE-2019-16863");
    assert_string_equal(numbers(nuvoton, VERSION(7, 2, 0, 0), VERSION(7, 2, 65535, 65535)), "");
    assert_string_equal(numbers(nuvoton, VERSION(1, 3, 0, 0), VERSION(1, 3, 2, 8)), "");
}

static void k21_certificates(void **state)
{
    (void)state;
    static const char *const other[] = { "",         "id:",          "id:0581",     "id:0049000",
                                         "00490008", "id:004900088", "id:0049000g", "ID:00490008" };
    uint32_t                 upper = 7;

    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        assert_false(firmware_of_certificate(other[i], &upper));
    assert_int_equal(upper, 7);
    assert_true(firmware_of_certificate("id:00490008", &upper));
    assert_int_equal(upper, 0x490008);
}

static void says_a_version(void **state)
{
    (void)state;
    char text[FIRMWARE_TEXT];

    firmware_text(0x0049000844a01587, text);
    assert_string_equal(text, "73.8.17568.5511");
    firmware_text(UINT64_MAX, text);
    assert_string_equal(text, "65535.65535.65535.65535");
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("K17: Infineon's firmware that made weak RSA keys", k17_infineon),
        T_CASE("K18: ST's firmware whose signatures take a telling time", k18_st),
        T_CASE("K19: Nuvoton's firmware of three advisories", k19_nuvoton),
        T_CASE("K19: of other manufacturers nothing is said", k19_other_manufacturers),
        T_CASE("K19: half a version accuses only if the rest cannot matter", k19_half_a_version),
        T_CASE("K21: a certificate has the upper half, or another form", k21_certificates),
        T_CASE("says a version as people do", says_a_version),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
