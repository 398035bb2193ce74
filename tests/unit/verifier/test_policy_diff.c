/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: whatever two policies judge otherwise is named by a line, in words; policies that judge
 * alike have none, whatever their names, versions, notes and order of writing. Each member of a
 * policy is changed in turn, in both directions; the schema says which there are.
 */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "appraise/policy_learn.h"
#include "read_policy.h"

/* ---- lines ---------------------------------------------------------------------------------- */

struct lines {
    size_t n;
    char   text[64][256];
};

static pawl_status keep(const char *line, void *arg, struct pawl_err *err)
{
    struct lines *l = arg;

    (void)err;
    assert_true(l->n < 64 && line[0]);
    snprintf(l->text[l->n++], sizeof(l->text[0]), "%s", line);
    return pawl_ok();
}

static struct lines diff(const char *from, const char *to)
{
    struct policy   a = good_policy(from), b = good_policy(to);
    struct lines    l = { 0 };
    struct pawl_err err;

    T_OK(policy_diff(&a, &b, keep, &l, &err), &err);
    policy_done(&a);
    policy_done(&b);
    return l;
}

static bool has(const struct lines *l, const char *line)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->text[i], line) == 0)
            return true;
    return false;
}

/* These lines and no other. */
static void says(const char *from, const char *to, const char *const *lines)
{
    struct lines l = diff(from, to);
    size_t       n = 0;

    for (; lines[n]; n++)
        if (!has(&l, lines[n]))
            fail_msg("no line says: %s", lines[n]);
    for (size_t i = n; l.n != n && i < l.n; i++)
        print_message("%s\n", l.text[i]);
    assert_int_equal(l.n, n);
}
#define SAYS(from, to, ...) says((from), (to), (const char *const[]){ __VA_ARGS__, NULL })

/* ---- every member --------------------------------------------------------------------------- */

#define RULE       "\"pcrs\":{\"sha256\":{\"0\":[\"" H32A "\"]}}"
#define RELEASE(m) "\"releases\":[{\"name\":\"55\"," RULE "," m "}]"
#define BARE       "\"releases\":[{\"name\":\"55\"," RULE "}]"
#define IMA(m)     "\"ima\":{\"sha1\":true,\"files\":{\"/a\":[\"sha256:" H32A "\"]}" m "}"
#define SHA_A      "\"sha256:" H32A "\""
#define SHA_B      "\"sha256:" H32B "\""

/* One member, two ways that differ in judging, and what is said of the second. */
static const struct {
    const char *a, *b, *line;
} members[] = {
    { "\"pcrs\":{\"sha256\":{\"7\":[\"" H32A "\"]}}",
      "\"pcrs\":{\"sha256\":{\"7\":[\"" H32B "\"]}}", "PCR 7 (sha256): 1 value more, 1 less" },
    { "\"pcrs\":{\"sha256\":{\"7\":[\"" H32A "\"]}}",
      "\"pcrs\":{\"sha256\":{\"7\":[\"" H32A "\",\"" H32B "\"]}}", "PCR 7 (sha256): 1 value more" },
    { "\"pcrs\":{\"sha256\":{\"7\":[\"" H32A "\"]}}",
      "\"pcrs\":{\"sha256\":{\"7\":\"unmeasured\"}}",
      "PCR 7 (sha256): nothing may be measured into it" },
    { "\"pcrs\":{\"sha256\":{\"7\":\"unmeasured\"}}",
      "\"pcrs\":{\"sha256\":{\"7\":[\"" H32A "\"]}}",
      "PCR 7 (sha256): something must be measured into it" },
    { RULE, "\"pcrs\":{\"sha256\":{\"0\":[\"" H32A "\"]},\"sha384\":{\"7\":[\"" H48 "\"]}}",
      "PCR 7 (sha384): a rule, with 1 value" },
    { RULE, "\"pcrs\":{\"sha256\":{\"0\":[\"" H32A "\"]},\"sha1\":{\"0\":[\"" H20 "\"]}}",
      "PCR 0 (sha1): a rule, with 1 value" },
    { RULE, "\"pcrs\":{\"sha256\":{\"0\":[\"" H32A "\"],\"12\":\"unmeasured\"}}",
      "PCR 12 (sha256): nothing may be measured into it" },
    { RULE, RULE ",\"secure_boot\":{\"on\":true}", "secure boot must be on" },
    { RULE, RULE ",\"secure_boot\":{\"pk\":[\"" H32A "\"]}",
      "secure boot's PK: a rule, with 1 content" },
    { RULE ",\"secure_boot\":{\"kek\":[\"" H32A "\"]}",
      RULE ",\"secure_boot\":{\"kek\":[\"" H32B "\"]}",
      "secure boot's KEK: 1 content more, 1 less" },
    { RULE, RULE ",\"secure_boot\":{\"db\":[]}", "secure boot's db: a rule, with 0 contents" },
    { RULE, RULE ",\"secure_boot\":{\"dbx\":[\"" H32A "\"]}",
      "secure boot's dbx: a rule, with 1 content" },
    { RULE ",\"secure_boot\":{\"sbat\":\"2023012900\"}",
      RULE ",\"secure_boot\":{\"sbat\":\"2024010100\"}", "SBAT level: at least 2024010100" },
    { RULE, RULE ",\"secure_boot\":{\"authorities\":[\"" H32A "\"]}",
      "who vouches for boot images: a rule, with 1 signer" },
    { RULE ",\"secure_boot\":{\"mok\":[]}", RULE ",\"secure_boot\":{\"mok\":[\"" H32A "\"]}",
      "owner's keys (MOK): 1 digest more" },
    { RULE ",\"boot\":{\"images\":[\"" H32A "\"]}",
      RULE ",\"boot\":{\"images\":[\"" H32A "\",\"" H32B "\"]}", "boot images: 1 image more" },
    { RULE ",\"boot\":{\"command_lines\":[\"quiet\"]}",
      RULE ",\"boot\":{\"command_lines\":[\"quiet\",\"quiet splash\"]}",
      "command line accepted: quiet splash" },
    { RULE, RULE ",\"boot\":{\"command_lines\":[]}", "command lines: none is accepted" },
    { RULE, RULE ",\"event_log\":{\"needed\":true}", "an event log is needed" },
    { RULE, RULE ",\"event_log\":{\"legacy\":true}", "event logs of SHA-1 alone are taken" },
    { RULE, RULE ",\"event_log\":{\"ignore\":[9]}", "the event log need not explain PCR 9" },
    { RULE, BARE "," RULE, "release 55 is accepted" },
    { BARE, RELEASE("\"until\":\"2026-12-31\""), "release 55 ends 2026-12-31" },
    { BARE, RELEASE("\"until\":\"2026-12-31T10:00:00Z\""), "release 55 ends 2026-12-31T09:59:59Z" },
    { RELEASE("\"kernel\":\"6.1.0-55\""), RELEASE("\"kernel\":\"6.1.0-56\""),
      "release 55: kernel 6.1.0-55 to 6.1.0-56" },
    { BARE, RELEASE("\"boot\":{\"images\":[]}"), "release 55: boot images: a rule, with 0 images" },
    { BARE, RELEASE("\"secure_boot\":{\"on\":true}"), "release 55: secure boot must be on" },
    { BARE, "\"releases\":[{\"name\":\"55\",\"pcrs\":{\"sha256\":{\"0\":[\"" H32B "\"]}}}]",
      "release 55: PCR 0 (sha256): 1 value more, 1 less" },
    { RULE, RULE "," IMA(""), "IMA's list is asked for and judged" },
    { IMA(""), "\"ima\":{\"sha1\":true,\"files\":{\"/a\":[" SHA_A "],\"/b\":[" SHA_A "]}}",
      "1 file allowed more: /b" },
    { IMA(""), "\"ima\":{\"sha1\":true,\"files\":{\"/a\":[" SHA_B "]}}",
      "1 file allowed with other digests: /a" },
    { IMA(""), "\"ima\":{\"sha1\":true,\"files\":{\"/a\":[" SHA_A ",\"verity:sha256:" H32A "\"]}}",
      "1 file allowed with other digests: /a" },
    { IMA(""), IMA(",\"exclude\":[\"/var/log/\"]"), "1 path not looked at: /var/log/" },
    { IMA(""), IMA(",\"policies\":[" SHA_A "]"),
      "1 IMA policy file allowed more: /etc/ima/ima-policy" },
    { IMA(""), IMA(",\"buffers\":{\".ima\":[" SHA_A "]}"), "1 buffer allowed more: .ima" },
    { IMA(""), IMA(",\"violations\":true"), "violations are accepted" },
    { IMA(""), "\"ima\":{\"files\":{\"/a\":[" SHA_A "]}}",
      "SHA-1 is accepted in IMA's list no more" },
    { IMA(""), IMA(",\"kexec\":true"), "a kernel may start another by kexec" },
    { RULE ",\"firmware\":{\"id:53544D20\":\"74.20\"}",
      RULE ",\"firmware\":{\"id:53544D20\":\"74.21\"}",
      "TPM firmware of id:53544D20: at least 74.21.0.0" },
    { RULE, RULE ",\"firmware\":{\"id:53544D20\":\"74.20\"}",
      "TPM firmware of id:53544D20: at least 74.20.0.0" },
    { RULE, RULE ",\"physical_access\":true", "strangers may hold the device" },
    { RULE, RULE ",\"answer_within_ms\":900", "an answer may take 900 ms" },
    { RULE ",\"answer_within_ms\":800", RULE ",\"answer_within_ms\":900",
      "an answer may take 900 ms" },
    { RULE, RULE ",\"tpm_not_reset\":\"accept\"", "a boot without a reset of the TPM is accepted" },
};
enum { MEMBERS = sizeof(members) / sizeof(members[0]) };

static void policy_with(const char *member, char ret[2048])
{
    snprintf(ret, 2048, "{\"name\":\"gateway\",\"version\":3,%s}", member);
}

static void each_member_that_differs_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < MEMBERS; i++) {
        char a[2048], b[2048];
        policy_with(members[i].a, a);
        policy_with(members[i].b, b);
        struct lines there = diff(a, b), back = diff(b, a);
        if (!has(&there, members[i].line))
            fail_msg("not said: %s, but %s", members[i].line, there.n ? there.text[0] : "nothing");
        assert_true(back.n > 0);
        there = diff(a, a);
        assert_int_equal(there.n, 0);
        there = diff(b, b);
        assert_int_equal(there.n, 0);
    }
}

/* Of the schema: every name that an object may have. */
static void each_name(const cJSON *j, void (*seen)(const char *name))
{
    const cJSON *m, *properties = cJSON_GetObjectItemCaseSensitive(j, "properties");

    cJSON_ArrayForEach(m, properties)
    {
        seen(m->string);
    }
    cJSON_ArrayForEach(m, j)
    {
        each_name(m, seen);
    }
}

/* "keys" are below; the others judge nothing. */
static void is_in_the_table(const char *name)
{
    static const char *const others[] = { "name", "version", "note", "keys", "sha512" };
    char                     quoted[48];
    bool                     found = false;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        found = found || strcmp(others[i], name) == 0;
    snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    for (size_t i = 0; i < MEMBERS; i++)
        found = found || strstr(members[i].a, quoted) || strstr(members[i].b, quoted);
    if (!found)
        fail_msg("no difference in %s is tried", name);
}

static const char *schema_path;

static void no_member_was_forgotten(void **state)
{
    (void)state;
    static char text[256 * 1024];
    FILE       *f = fopen(schema_path, "rb");

    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    cJSON *schema = cJSON_ParseWithLength(text, n);
    assert_non_null(schema);
    each_name(schema, is_in_the_table);
    cJSON_Delete(schema);
}

static void keys_that_sign_files_are_counted(void **state)
{
    (void)state;
    struct policy   a = good_policy(WITH(IMA(""))), b = good_policy(WITH(IMA("")));
    struct ima_key  key = { .id = 1, .key = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 } };
    struct lines    l = { 0 };
    struct pawl_err err;

    b.ima.rules.keys = &key;
    b.ima.rules.keys_n = 1;
    T_OK(policy_diff(&a, &b, keep, &l, &err), &err);
    T_OK(policy_diff(&b, &a, keep, &l, &err), &err);
    assert_int_equal(l.n, 2);
    assert_string_equal(l.text[0], "keys that sign files: 1 key more");
    assert_string_equal(l.text[1], "keys that sign files: 1 key less");
    struct ima_key other = key;
    other.key.b[1] = 1;
    a.ima.rules.keys = &other;
    a.ima.rules.keys_n = 1;
    T_OK(policy_diff(&a, &b, keep, &l, &err), &err);
    assert_int_equal(l.n, 3);
    assert_string_equal(l.text[2], "keys that sign files: 1 key more, 1 less");
    policy_done(&a);
    policy_done(&b);
}

/* ---- people --------------------------------------------------------------------------------- */

static void an_update_is_told_by_its_kernels(void **state)
{
    (void)state;
    static const char old[] = WITH(
        "\"releases\":[{\"name\":\"55\",\"kernel\":\"6.1.0-55-amd64\"," RULE "}]");
    static const char staged[] = WITH(
        "\"releases\":[{\"name\":\"55\",\"kernel\":\"6.1.0-55-amd64\"," RULE
        ",\"until\":\"2026-12-31\"},{\"name\":\"56\",\"kernel\":\"6.1.0-56-amd64\"," RULE "}]");
    static const char new[] = WITH(
        "\"releases\":[{\"name\":\"56\",\"kernel\":\"6.1.0-56-amd64\"," RULE "}]");

    SAYS(old, staged, "release 55 ends 2026-12-31",
         "release 56 is accepted, kernel 6.1.0-56-amd64");
    SAYS(staged, new, "release 55 is accepted no more");
    SAYS(old, new, "kernel 6.1.0-55-amd64 to 6.1.0-56-amd64",
         "release 56 is accepted, kernel 6.1.0-56-amd64", "release 55 is accepted no more");
}

static void the_first_few_of_many_files_are_named(void **state)
{
    (void)state;
    char many[4096] =
        "{\"name\":\"gateway\",\"version\":3,\"ima\":{\"sha1\":true,\"files\":{\"/a\":[" SHA_A "]";
    size_t n = strlen(many);

    for (char c = 'b'; c <= 'i'; c++)
        n += (size_t)snprintf(many + n, sizeof(many) - n, ",\"/%c\":[" SHA_A "]", c);
    snprintf(many + n, sizeof(many) - n, "}}}");
    SAYS(WITH(IMA("")), many, "8 files allowed more: /b, /c, /d, /e, /f and 3 more");
    SAYS(many, WITH(IMA("")), "8 files allowed no more: /b, /c, /d, /e, /f and 3 more");
}

/* ---- alike ---------------------------------------------------------------------------------- */

static void what_judges_alike_has_no_line(void **state)
{
    (void)state;
    static const char a[] =
        "{\"name\":\"gateway\",\"version\":3,\"pcrs\":{\"sha256\":{\"0\":[\"" H32A "\",\"" H32B
        "\"],\"7\":[\"" H32A "\"]}},\"ima\":{\"files\":{\"/a\":[" SHA_A "," SHA_B "],\"/b\":[" SHA_A
        "]}},\"secure_boot\":{\"on\":false,\"mok\":[]}}";
    static const char b[] =
        "/* again */ "
        "{\"note\":\"n\",\"secure_boot\":{\"mok\":[]},\"ima\":{\"files\":{\"/b\":[" SHA_A
        "],\"/a\":[" SHA_B "," SHA_A "," SHA_B "]}},\"version\":4,\"name\":\"other\",\"pcrs\":"
        "{\"sha256\":{\"7\":[\"" H32A "\"],\"0\":[\"" H32B "\",\"" H32A "\"]}}}";
    struct lines l = diff(a, b);

    if (l.n)
        print_message("%s\n", l.text[0]);
    assert_int_equal(l.n, 0);
}

static void the_order_of_releases_is_told(void **state)
{
    (void)state;
    SAYS(WITH("\"releases\":[{\"name\":\"a\"," RULE "},{\"name\":\"b\"," RULE "}]"),
         WITH("\"releases\":[{\"name\":\"b\"," RULE "},{\"name\":\"a\"," RULE "}]"),
         "releases stand in another order");
}

static pawl_status refuse(const char *line, void *arg, struct pawl_err *err)
{
    (void)line;
    (*(size_t *)arg)++;
    return pawl_fail(err, PAWL_E_FULL, "lines", "enough");
}

static void who_listens_may_stop_it(void **state)
{
    (void)state;
    struct policy   a = good_policy(WITH(RULE)), b = good_policy(WITH(IMA("")));
    struct pawl_err err;
    size_t          told = 0;

    T_FAILS(policy_diff(&a, &b, refuse, &told, &err), &err, PAWL_E_FULL);
    assert_int_equal(told, 1);
    policy_done(&a);
    policy_done(&b);
}

static const struct CMUnitTest cases[] = {
    T_CASE("each member that differs is named", each_member_that_differs_is_named),
    T_CASE("no member was forgotten", no_member_was_forgotten),
    T_CASE("keys that sign files are counted", keys_that_sign_files_are_counted),
    T_CASE("an update is told by its kernels", an_update_is_told_by_its_kernels),
    T_CASE("the first few of many files are named", the_first_few_of_many_files_are_named),
    T_CASE("what judges alike has no line", what_judges_alike_has_no_line),
    T_CASE("the order of releases is told", the_order_of_releases_is_told),
    T_CASE("who listens may stop it", who_listens_may_stop_it),
};

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    schema_path = argv[1];
    return cmocka_run_group_tests(cases, NULL, NULL);
}
