/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what IMA may measure is read into tables that ima_judge takes, whatever the order it is
 * written in and however much it is; keys are read in every form they come in. */
#include <stdlib.h>

#include "read_policy.h"

#define IMA(ima) WITH("\"ima\":" ima)
#define A        "[\"sha256:" H32A "\"]"
#define B        "[\"sha256:" H32B "\"]"

/* ---- tables --------------------------------------------------------------------------------- */

static void is_known(const struct ima_known *k, const char *path, enum pawl_hash alg, bool verity,
                     uint8_t first)
{
    assert_true(pawl_view_equal(k->path, pawl_view_str(path)));
    assert_int_equal(k->alg, alg);
    assert_int_equal(k->verity, verity);
    assert_int_equal(k->digest.n, pawl_hash_n(alg));
    assert_int_equal(k->digest.p[0], first);
}

static void reads_files_in_the_order_of_paths(void **state)
{
    (void)state;
    struct policy p = good_policy(IMA("{\"files\":{\"/b\":[\"sha256:" H32A "\",\"sha384:" H48
                                      "\"],\"/a/b\":[\"verity:sha256:" H32B "\"],\"/a\":" A "}}"));
    const struct ima_rules *r = &p.ima.rules;

    assert_true(p.ima.present);
    assert_int_equal(r->files_n, 4);
    is_known(&r->files[0], "/a", PAWL_SHA256, false, 0xaa);
    is_known(&r->files[1], "/a/b", PAWL_SHA256, true, 0xbb);
    assert_true(pawl_view_equal(r->files[2].path, pawl_view_str("/b")));
    assert_true(pawl_view_equal(r->files[3].path, pawl_view_str("/b")));
    assert_true(r->files[2].alg != r->files[3].alg);
    assert_false(r->may_violate || r->may_be_sha1 || r->may_kexec);
    policy_done(&p);
}

/* As IMA writes them: so a path with a space comes behind one that it stood before. */
static void spaces_of_paths_are_underscores(void **state)
{
    (void)state;
    struct policy p = good_policy(
        IMA("{\"files\":{\"/a b\":" B ",\"/aAb\":" A "},\"exclude\":[\"/c d/\"]}"));
    const struct ima_rules *r = &p.ima.rules;

    is_known(&r->files[0], "/aAb", PAWL_SHA256, false, 0xaa);
    is_known(&r->files[1], "/a_b", PAWL_SHA256, false, 0xbb);
    assert_true(pawl_view_equal(r->excluded[0], pawl_view_str("/c_d/")));
    policy_done(&p);
}

static void reads_policies_buffers_and_what_may_be(void **state)
{
    (void)state;
    struct policy p = good_policy(IMA("{\"policies\":[\"sha256:" H32A "\"],\"buffers\":{\".ima\":" B
                                      ",\".evm\":" A
                                      "},\"violations\":true,\"sha1\":true,\"kexec\":true}"));
    const struct ima_rules *r = &p.ima.rules;

    assert_int_equal(r->policies_n, 1);
    is_known(&r->policies[0], "/etc/ima/ima-policy", PAWL_SHA256, false, 0xaa);
    assert_int_equal(r->buffers_n, 2);
    is_known(&r->buffers[0], ".evm", PAWL_SHA256, false, 0xaa);
    assert_int_equal(r->files_n, 0);
    assert_true(r->may_violate && r->may_be_sha1 && r->may_kexec);
    policy_done(&p);
    p = good_policy(IMA("{\"policies\":{\"/etc/other\":" B "}}"));
    is_known(&p.ima.rules.policies[0], "/etc/other", PAWL_SHA256, false, 0xbb);
    policy_done(&p);
}

static void refuses_digests_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char    *digest;
        enum pawl_code code;
    } bad[] = {
        { "7", PAWL_E_FORM },
        { "\"\"", PAWL_E_FORM },
        { "\"" H32A "\"", PAWL_E_FORM },
        { "\"sha256\"", PAWL_E_FORM },
        { "\"sha256:\"", PAWL_E_RANGE },
        { "\"SHA256:" H32A "\"", PAWL_E_FORM },
        { "\"sha256:" H20 "\"", PAWL_E_RANGE },
        { "\"sha384:" H32A "\"", PAWL_E_RANGE },
        { "\"md5:" H32A "\"", PAWL_E_FORM },
        { "\"verity:" H32A "\"", PAWL_E_FORM },
        { "\"verity:verity:sha256:" H32A "\"", PAWL_E_FORM },
        { "\"sha256:xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"",
          PAWL_E_FORM },
    };
    char text[512];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), IMA("{\"files\":{\"/a.b\":[\"sha256:" H32A "\",%s]}}"),
                 bad[i].digest);
        refuses_policy(text, bad[i].code, "ima.files./a.b[1]");
    }
}

static void refuses_tables_that_are_none(void **state)
{
    (void)state;
    refuses_policy(IMA("{}"), PAWL_E_FORM, "ima");
    refuses_policy(IMA("{\"file\":{}}"), PAWL_E_FORM, "ima.file");
    refuses_policy(IMA("{\"files\":[]}"), PAWL_E_FORM, "ima.files");
    refuses_policy(IMA("{\"files\":{\"/a\":[]}}"), PAWL_E_RANGE, "ima.files./a");
    refuses_policy(IMA("{\"files\":{\"/a\":\"sha256:" H32A "\"}}"), PAWL_E_RANGE, "ima.files./a");
    refuses_policy(IMA("{\"files\":{\"\":" A "}}"), PAWL_E_RANGE, "ima.files.");
    refuses_policy(IMA("{\"files\":{\"/b\":" A ",\"/a\":" A ",\"/b\":" B "}}"), PAWL_E_FORM,
                   "ima.files./b");
    refuses_policy(IMA("{\"policies\":7}"), PAWL_E_FORM, "ima.policies");
    refuses_policy(IMA("{\"kexec\":0}"), PAWL_E_FORM, "ima.kexec");
}

static void sha1_is_taken_only_where_it_is_said(void **state)
{
    (void)state;
    refuses_policy(IMA("{\"files\":{\"/a\":[\"sha1:" H20 "\"]}}"), PAWL_E_DENIED, "ima.files");
    refuses_policy(IMA("{\"policies\":[\"sha1:" H20 "\"]}"), PAWL_E_DENIED, "ima.policies");
    refuses_policy(IMA("{\"buffers\":{\"a\":[\"sha1:" H20 "\"]},\"sha1\":false}"), PAWL_E_DENIED,
                   "ima.buffers");
    struct policy p = good_policy(IMA("{\"files\":{\"/a\":[\"sha1:" H20 "\"]},\"sha1\":true}"));
    policy_done(&p);
}

/* ---- exclude -------------------------------------------------------------------------------- */

static void excludes_are_whole_paths(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "/", "var", "/a/../b", "/a/..", "/./a", "/a//b" };
    char                     text[128];
    struct policy            p = good_policy(IMA("{\"exclude\":[\"/var/log/\",\"/a/..b\"]}"));

    assert_int_equal(p.ima.rules.excluded_n, 2);
    assert_true(pawl_view_equal(p.ima.rules.excluded[1], pawl_view_str("/a/..b")));
    policy_done(&p);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), IMA("{\"exclude\":[\"/a\",\"%s\"]}"), bad[i]);
        refuses_policy(text, bad[i][0] ? PAWL_E_FORM : PAWL_E_RANGE, "ima.exclude[1]");
    }
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* One key of P-256, and a certificate over it with a subjectKeyIdentifier that ends in 66778899. */
static const char certificate_pem[] =
    "-----BEGIN CERTIFICATE-----\\n"
    "MIIBaDCCAQ+gAwIBAgIUZsV30D2pCsowT1kY6EmnEi6gIGswCgYIKoZIzj0EAwIw\\n"
    "DjEMMAoGA1UEAwwDaW1hMCAXDTI2MTEyMjEzNDEwN1oYDzIxMjYxMDI5MTM0MTA3\\n"
    "WjAOMQwwCgYDVQQDDANpbWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARHw5/z\\n"
    "eQ7OD+/gBhgl2rw0BEJx7PIIaVPUBZQvAlaKQ9d9pa6TzcJhUU2XNrybKoQT8CPm\\n"
    "OySdID6flDF/Vf32o0kwRzAfBgNVHSMEGDAWgBQ+h1/G6tqvaaQYVEfTuP5qrrRy\\n"
    "kDAPBgNVHRMBAf8EBTADAQH/MBMGA1UdDgQMBAoAESIzRFVmd4iZMAoGCCqGSM49\\n"
    "BAMCA0cAMEQCIEGtZdrJ6XrC5lhJuxi5HdfR47mdTYC6YOHnEkXtfyDhAiBVJMur\\n"
    "2NcGzZSVUr5vAYCPFXipDS6rAJsuE/ZOCpnqqQ==\\n"
    "-----END CERTIFICATE-----\\n";
static const char public_pem[] =
    "-----BEGIN PUBLIC KEY-----\\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAER8Of83kOzg/v4AYYJdq8NARCcezy\\n"
    "CGlT1AWULwJWikPXfaWuk83CYVFNlza8myqEE/Aj5jsknSA+n5Qxf1X99g==\\n"
    "-----END PUBLIC KEY-----\\n";
static const char certificate_der[] =
    "MIIBaDCCAQ+gAwIBAgIUZsV30D2pCsowT1kY6EmnEi6gIGswCgYIKoZIzj0EAwIwDjEMMAoGA1UEAwwD"
    "aW1hMCAXDTI2MTEyMjEzNDEwN1oYDzIxMjYxMDI5MTM0MTA3WjAOMQwwCgYDVQQDDANpbWEwWTATBgcq"
    "hkjOPQIBBggqhkjOPQMBBwNCAARHw5/zeQ7OD+/gBhgl2rw0BEJx7PIIaVPUBZQvAlaKQ9d9pa6TzcJh"
    "UU2XNrybKoQT8CPmOySdID6flDF/Vf32o0kwRzAfBgNVHSMEGDAWgBQ+h1/G6tqvaaQYVEfTuP5qrrRy"
    "kDAPBgNVHRMBAf8EBTADAQH/MBMGA1UdDgQMBAoAESIzRFVmd4iZMAoGCCqGSM49BAMCA0cAMEQCIEGt"
    "ZdrJ6XrC5lhJuxi5HdfR47mdTYC6YOHnEkXtfyDhAiBVJMur2NcGzZSVUr5vAYCPFXipDS6rAJsuE/ZO"
    "CpnqqQ==";
static const char public_der[] =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAER8Of83kOzg/v4AYYJdq8NARCcezyCGlT1AWULwJWikPX"
    "faWuk83CYVFNlza8myqEE/Aj5jsknSA+n5Qxf1X99g==";

static void reads_keys_in_every_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t    id;
    } keys[] = {
        { public_pem, 0xaeb47290 },
        { public_der, 0xaeb47290 },
        { certificate_pem, 0x66778899 },
        { certificate_der, 0x66778899 },
    };
    char text[2048];

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        snprintf(text, sizeof(text), IMA("{\"keys\":[\"%s\"]}"), keys[i].text);
        struct policy p = good_policy(text);
        assert_int_equal(p.ima.rules.keys_n, 1);
        assert_int_equal(p.ima.rules.keys[0].id, keys[i].id);
        assert_int_equal(p.ima.rules.keys[0].key.kind, PAWL_KEY_P256);
        assert_int_equal(p.ima.rules.keys[0].key.b[1], 0x47);
        policy_done(&p);
    }
}

static void refuses_keys_that_are_none(void **state)
{
    (void)state;
    char text[2048];

    refuses_policy(IMA("{\"keys\":[\"none\"]}"), PAWL_E_FORM, "ima.keys[0]");
    refuses_policy(IMA("{\"keys\":[\"AAAA\"]}"), PAWL_E_FORM, "ima.keys[0]");
    refuses_policy(IMA("{\"keys\":[\"\"]}"), PAWL_E_RANGE, "ima.keys[0]");
    refuses_policy(IMA("{\"keys\":\"none\"}"), PAWL_E_RANGE, "ima.keys");
    snprintf(text, sizeof(text), IMA("{\"keys\":[\"%s\",\"%s\"]}"), public_der, public_der + 4);
    refuses_policy(text, PAWL_E_FORM, "ima.keys[1]");
}

/* ---- many ----------------------------------------------------------------------------------- */

enum { FILES = 100000 };

/* One digest each, a later path before an earlier one. */
static char *many_files(const char *last)
{
    size_t cap = FILES * 128, n = 0;
    char  *text = malloc(cap);

    assert_non_null(text);
    n += (size_t)snprintf(text, cap, "{\"name\":\"a\",\"version\":1,\"ima\":{\"files\":{\n");
    for (int i = FILES; i > 0; i--)
        n += (size_t)snprintf(text + n, cap - n, "\"/usr/lib/%06d.so\":[\"sha256:%064d\"],\n", i,
                              i);
    snprintf(text + n, cap - n, "\"/z\":[\"sha256:%s\"]}}}", last);
    return text;
}

static void reads_100000_files(void **state)
{
    (void)state;
    char           *text = many_files(H32A);
    struct policy   p;
    struct pawl_err err;

    T_OK(policy_parse(pawl_view_str(text), &p, &err), &err);
    free(text); /* nothing of it is looked at any more */
    assert_int_equal(p.ima.rules.files_n, FILES + 1);
    is_known(&p.ima.rules.files[FILES], "/z", PAWL_SHA256, false, 0xaa);
    for (size_t i = 0; i < FILES; i++) {
        const struct ima_known *k = &p.ima.rules.files[i];
        assert_int_equal(k->path.p[k->path.n - 4], '0' + (i + 1) % 10);
        assert_int_equal(k->digest.p[31] & 15, (i + 1) % 10);
    }
    policy_done(&p);
}

static void names_the_line_behind_100000_files(void **state)
{
    (void)state;
    char           *text = many_files("00");
    struct policy   p;
    struct pawl_err err;

    T_FAILS(policy_parse(pawl_view_str(text), &p, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "ima.files./z[0]");
    assert_string_equal(err.why, "2 hex digits where 64 are due, in line 100002");
    free(text);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("reads files in the order of paths", reads_files_in_the_order_of_paths),
        T_CASE("spaces of paths are underscores", spaces_of_paths_are_underscores),
        T_CASE("reads policies, buffers and what may be", reads_policies_buffers_and_what_may_be),
        T_CASE("refuses digests that are none", refuses_digests_that_are_none),
        T_CASE("refuses tables that are none", refuses_tables_that_are_none),
        T_CASE("I3: SHA-1 is taken only where it is said", sha1_is_taken_only_where_it_is_said),
        T_CASE("I12: excludes are whole paths", excludes_are_whole_paths),
        T_CASE("reads keys in every form", reads_keys_in_every_form),
        T_CASE("refuses keys that are none", refuses_keys_that_are_none),
        T_CASE("reads 100000 files", reads_100000_files),
        T_CASE("names the line behind 100000 files", names_the_line_behind_100000_files),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
