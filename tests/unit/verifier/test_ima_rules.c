/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: what a quote covers is good only if a rule says so, entry by entry, and each row that is
 * broken is told with the entry that breaks it; what is pending is not judged; what was wrong once
 * stays wrong for the boot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/ima_rules.h"
#include "soft_ima.h"
#include "t.h"

enum { RESETS = 7 };

/* ---- a device ------------------------------------------------------------------------------- */

/* Its list, PCRs 0 to 9 of SHA-256 as quoted, and rules under which all of it is good. */
struct device {
    struct soft_ima           l;
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
    struct ima_known          files[4], policies[1], buffers[1];
    struct pawl_view          excluded[4];
    struct ima_key            key;
    struct ima_rules          rules;
    struct ima_place          place;
    size_t                    sent; /* bytes */
    struct ima_judged         judged;
    struct failures           failures;
};

static struct pawl_view digest_of(enum pawl_hash alg, struct pawl_view v)
{
    struct pawl_digest d;
    struct pawl_err    err;

    T_OK(pawl_hash(alg, &v, 1, &d, &err), &err);
    return t_copy(pawl_digest_view(&d));
}

static struct ima_known known(const char *path, const char *content)
{
    return (struct ima_known){ .path = pawl_view_str(path),
                               .alg = PAWL_SHA256,
                               .digest = digest_of(PAWL_SHA256, pawl_view_str(content)) };
}

static void aggregate(struct device *d, unsigned pcrs)
{
    uint8_t          all[10 * 32];
    struct pawl_view fields[2] = { { 0 }, soft_ima_text("boot_aggregate") };

    for (unsigned i = 0; i < pcrs; i++)
        memcpy(all + 32 * i, d->values.value[i].b, 32);
    fields[0] = soft_ima_named("sha256:", digest_of(PAWL_SHA256, pawl_view(all, 32 * pcrs)));
    soft_ima_entry(&d->l, 10, "ima-ng", fields, 2);
}

static void boot(struct device *d)
{
    memset(d, 0, sizeof(*d));
    d->select = (struct pawl_pcr_selection){ 1, { { PAWL_SHA256, 0x3ff } } };
    d->values.n = 10;
    for (size_t i = 0; i < 10; i++) {
        d->values.value[i].n = 32;
        memset(d->values.value[i].b, (int)i + 1, 32);
    }
    d->files[0] = known("/bin/sh", "sh");
    d->files[1] = known("/usr/bin/tool", "new");
    d->files[2] = known("/usr/bin/tool", "old");
    d->policies[0] = known("/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    d->buffers[0] = known(".ima", "certificate");
    d->excluded[0] = pawl_view_str("/tmp/");
    d->excluded[1] = pawl_view_str("/var/log/messages");
    d->rules = (struct ima_rules){ .files = d->files,
                                   .files_n = 3,
                                   .buffers = d->buffers,
                                   .buffers_n = 1,
                                   .policies = d->policies,
                                   .policies_n = 1,
                                   .excluded = d->excluded,
                                   .excluded_n = 2 };
    d->place = ima_start(RESETS, IMA_PCR, PAWL_SHA256);
    soft_ima_boot(&d->l);
}

/* With what every kernel here measures first. */
static void boot_well(struct device *d)
{
    boot(d);
    aggregate(d, 10);
    soft_ima_file(&d->l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
}

/* What is new is sent, quoted by `quoted`, and judged. */
static void judge_quoted(struct device *d, const struct pawl_digest *quoted)
{
    struct ima_covered  c;
    struct ima_evidence e = { &c, d->place.entries, &d->select, &d->values };
    struct pawl_err     err;

    T_OK(ima_rules_check(&d->rules, &err), &err);
    T_OK(ima_replay(&d->place, soft_ima_list(&d->l, d->sent), d->place.entries, RESETS, quoted, &c,
                    &err),
         &err);
    memset(&d->failures, 0, sizeof(d->failures));
    T_OK(ima_judge(&d->rules, &e, &d->judged, &d->failures, &err), &err);
    d->place = c.at;
    d->sent += c.bytes.n;
}

static void judge(struct device *d)
{
    judge_quoted(d, &d->l.own);
}

static void is_good(struct device *d)
{
    judge(d);
    if (d->failures.n)
        print_error("%s: %s: %s\n", d->failures.list[0].row, d->failures.list[0].expected,
                    d->failures.list[0].found);
    assert_int_equal(d->failures.n, 0);
    assert_int_equal(d->judged.bad, 0);
}

/* The one failure there is. */
static void is_bad(struct device *d, const char *row, long entry, const char *found)
{
    judge(d);
    assert_int_equal(d->failures.n, 1);
    const struct failure *f = &d->failures.list[0];
    assert_string_equal(f->row, row);
    assert_int_equal(f->entry, entry);
    assert_true(f->expected[0]);
    if (!strstr(f->found, found))
        fail_msg("%s: not in: %s", found, f->found);
    assert_true(failures_are_bad(&d->failures) != f->warning);
}

static void put_named(struct device *d, const char *name, const char *prefix, const char *path,
                      const char *content, struct pawl_view third)
{
    const struct pawl_view fields[] = { soft_ima_named(
                                            prefix, digest_of(PAWL_SHA256, pawl_view_str(content))),
                                        soft_ima_text(path), third };

    soft_ima_entry(&d->l, 10, name, fields, third.p ? 3 : 2);
}

/* ---- good ----------------------------------------------------------------------------------- */

static void what_rules_know_is_good(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    soft_ima_file(&d.l, "/bin/sh", "sh");
    soft_ima_file(&d.l, "/usr/bin/tool", "old");
    soft_ima_file(&d.l, "/usr/bin/tool", "new");
    soft_ima_file(&d.l, "/tmp/any", "any");
    put_named(&d, "ima-buf", "sha256:", ".ima", "certificate", pawl_view_str("certificate"));
    is_good(&d);
    assert_int_equal(d.judged.known, 3);
    assert_int_equal(d.judged.excluded, 1);
    assert_int_equal(d.judged.buffers, 1);
    assert_int_equal(d.judged.boots, 1);
    assert_true(d.judged.policy);
}

static void i0_a_file_that_no_rule_knows_is_bad(void **state)
{
    (void)state;
    static const char *const other[][2] = { { "/bin/sh", "other" }, { "/bin/shh", "sh" },
                                            { "/bin/s", "sh" },     { "/usr/bin/tool", "sh" },
                                            { "/zzz", "sh" },       { "", "sh" } };
    struct device            d;

    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
        boot_well(&d);
        soft_ima_file(&d.l, other[i][0], other[i][1]);
        is_bad(&d, "I0", 2, other[i][0]);
        assert_int_equal(d.judged.bad, 1);
    }
    boot_well(&d);
    d.rules.files_n = 0;
    soft_ima_file(&d.l, "/bin/sh", "sh");
    is_bad(&d, "I0", 2, "/bin/sh: sha256:");
}

/* Of a Merkle tree's root, and of bytes: one cannot stand for the other. */
static void a_digest_of_verity_is_none_of_a_file(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    put_named(&d, "ima-ngv2", "verity:sha256:", "/bin/sh", "sh", pawl_view(NULL, 0));
    is_bad(&d, "I0", 2, "/bin/sh");
    boot_well(&d);
    put_named(&d, "ima-ngv2", "ima:sha256:", "/bin/sh", "sh", pawl_view(NULL, 0));
    is_good(&d);
    boot_well(&d);
    d.files[0].verity = true;
    put_named(&d, "ima-ngv2", "verity:sha256:", "/bin/sh", "sh", pawl_view(NULL, 0));
    is_good(&d);
}

static void a_digest_of_an_unknown_hash_is_none(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    put_named(&d, "ima-ng", "sm3:", "/bin/sh", "sh", pawl_view(NULL, 0));
    is_bad(&d, "I0", 2, "/bin/sh");
}

/* ---- rows ----------------------------------------------------------------------------------- */

static void i1_a_violation_is_bad_unless_rules_take_it(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    soft_ima_violation(&d.l, "/tmp/any"); /* its path is not measured, so nothing excludes it */
    is_bad(&d, "I1", 2, "/tmp/any");
    boot_well(&d);
    d.rules.may_violate = true;
    soft_ima_violation(&d.l, "/tmp/any");
    is_good(&d);
    assert_int_equal(d.place.violations, 1);
}

static void i2_an_entry_of_no_template_that_we_know_is_bad(void **state)
{
    (void)state;
    const struct pawl_view field = t_hex("00");
    struct device          d;

    boot_well(&d);
    soft_ima_entry(&d.l, 10, "ima-ng", &field, 1);
    is_bad(&d, "I2", 2, "n-ng: stopped");
    boot_well(&d);
    soft_ima_entry(&d.l, 10, "ima-other", &field, 1);
    is_bad(&d, "I2", 2, "template_name");
}

static void i2_a_buffer_that_is_not_what_was_measured_is_bad(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    put_named(&d, "ima-buf", "sha256:", ".ima", "certificate", pawl_view_str("another"));
    is_bad(&d, "I2", 2, ".ima");
}

static void i3_digests_of_sha1_are_bad_unless_rules_take_them(void **state)
{
    (void)state;
    uint8_t       sha1[20] = { 1 };
    struct device d;

    for (int may = 0; may <= 1; may++) {
        boot_well(&d);
        d.rules.may_be_sha1 = may;
        soft_ima_legacy(&d.l, "/usr/bin/tool");
        d.files[1].alg = PAWL_SHA1;
        d.files[1].digest = PAWL_VIEW_OF(sha1);
        if (may)
            is_good(&d);
        else
            is_bad(&d, "I3", 2, "sha1:01");
    }
}

static void i4_a_padded_bank_is_bad_unless_rules_take_it(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    d.l.own = d.l.padded;
    is_bad(&d, "I4", FAILURE_WHOLE, "SHA-1");
    boot_well(&d);
    d.rules.may_be_sha1 = true;
    d.l.own = d.l.padded;
    is_good(&d);
}

static void i5_entries_of_other_pcrs_are_told_and_not_judged(void **state)
{
    (void)state;
    const struct pawl_view fields[] = { soft_ima_named("sha256:", t_hex("00")),
                                        soft_ima_text("/x") };
    struct device          d;

    boot_well(&d);
    soft_ima_entry(&d.l, 11, "ima-ng", fields, 2);
    soft_ima_file(&d.l, "/bin/sh", "sh");
    is_bad(&d, "I5", FAILURE_WHOLE, "1 are for others");
    assert_true(d.failures.list[0].warning);
    assert_int_equal(d.judged.known, 1);
}

static void i6_boot_aggregate_is_of_the_quoted_boot(void **state)
{
    (void)state;
    struct device d;

    for (unsigned pcrs = 8; pcrs <= 10; pcrs += 2) {
        boot(&d);
        aggregate(&d, pcrs);
        soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
        is_good(&d);
        for (unsigned i = 0; i < pcrs; i++) {
            boot(&d);
            aggregate(&d, pcrs);
            soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
            d.values.value[i].b[0] ^= 1;
            is_bad(&d, "I6", 0, "boot_aggregate: sha256:");
        }
    }
    boot(&d);
    aggregate(&d, 9); /* of a number of PCRs that no kernel takes */
    soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    is_bad(&d, "I6", 0, "boot_aggregate: sha256:");
}

static void i6_sha1_is_over_pcrs_0_to_7_only(void **state)
{
    (void)state;
    static const enum ima_boot want[] = { [8] = IMA_BOOT_SAME, [10] = IMA_BOOT_DIFFERS };
    struct device              d;
    uint8_t                    all[10 * 20];
    enum ima_boot              got;
    struct pawl_err            err;

    boot(&d);
    d.select.bank[0].hash = PAWL_SHA1;
    for (size_t i = 0; i < 10; i++) {
        d.values.value[i].n = 20;
        memcpy(all + 20 * i, d.values.value[i].b, 20);
    }
    for (size_t pcrs = 8; pcrs <= 10; pcrs += 2) {
        const struct ima_digest a = { .alg = PAWL_SHA1,
                                      .bytes = digest_of(PAWL_SHA1, pawl_view(all, 20 * pcrs)) };
        T_OK(ima_boot_check(&a, &d.select, &d.values, &got, &err), &err);
        assert_int_equal(got, want[pcrs]);
    }
}

static void i6_pcrs_that_were_not_quoted_prove_no_boot(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    d.select.bank[0].bits = 0x3fe;
    d.values.n = 9;
    is_bad(&d, "I6", 0, "not quoted");
    assert_true(d.failures.list[0].warning);
    boot_well(&d);
    d.select.bank[0].bits = 0xff; /* 0 to 7 do not lead to it, and 8 and 9 are not there */
    d.values.n = 8;
    is_bad(&d, "I6", 0, "not quoted");
    boot_well(&d);
    d.select.bank[0].hash = PAWL_SHA384;
    is_bad(&d, "I6", 0, "not quoted");
}

static void i6_a_kernel_without_tpm_is_told(void **state)
{
    (void)state;
    static const uint8_t   zeros[32];
    const struct pawl_view fields[] = { soft_ima_named("sha256:", PAWL_VIEW_OF(zeros)),
                                        soft_ima_text("boot_aggregate") };
    struct device          d;

    boot(&d);
    soft_ima_entry(&d.l, 10, "ima-ng", fields, 2);
    soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    is_bad(&d, "I6", 0, "without a TPM");
}

static void i6_a_list_begins_with_boot_aggregate(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    is_bad(&d, "I6", 0, "stands before it");

    boot(&d); /* what nobody quoted comes first, and changes nothing */
    const struct pawl_view fields[] = { soft_ima_named("sha256:",
                                                       digest_of(PAWL_SHA256, pawl_view_str("x"))),
                                        soft_ima_text("/x") };
    soft_ima_entry(&d.l, 11, "ima-ng", fields, 2);
    soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    judge(&d);
    assert_string_equal(d.failures.list[0].row, "I6");
    assert_int_equal(d.failures.list[0].entry, 1);
    assert_int_equal(d.judged.bad, 1);
}

/* A file outside of all mounts is measured by its name alone. Root calls one boot_aggregate, and
 * chooses a hash for it whose bank nobody quotes. */
static void i6_a_file_is_no_boot_aggregate(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    d.rules.may_kexec = true;
    const struct pawl_view fields[] = { soft_ima_named("sha512:", digest_of(PAWL_SHA512,
                                                                            pawl_view_str("evil"))),
                                        soft_ima_text("boot_aggregate") };
    soft_ima_entry(&d.l, 10, "ima-ng", fields, 2);
    is_bad(&d, "I6", 2, "boot_aggregate: sha512:");
    assert_int_equal(d.judged.bad, 1);
}

static void i6_a_real_machine_booted_as_it_says(void **state)
{
    (void)state;
    struct pawl_view    list = t_testdata("ima/own-debian12-binary.bin");
    struct pawl_view    text = t_testdata("eventlogs/own-ovmf-debian12.pcrs-sha256.txt");
    struct device       d;
    struct pawl_digest  v[12];
    struct ima_covered  c;
    struct ima_evidence e = { &c, 0, &d.select, &d.values };
    struct pawl_err     err;
    unsigned            pcr;
    char                hex[65];

    boot(&d);
    for (size_t i = 0, at = 0; i < 12; i++) {
        int  n = 0;
        char line[128] = { 0 };
        memcpy(line, text.p + at, text.n - at < 127 ? text.n - at : 127);
        assert_int_equal(sscanf(line, "PCR %u %64s%n", &pcr, hex, &n), 2);
        T_OK(pawl_hex_parse_exact(hex, "pcr", v[i].b, 32, &err), &err);
        v[i].n = 32;
        at += (size_t)n + 1;
    }
    memcpy(d.values.value, v, 10 * sizeof(v[0]));
    d.rules.policies_n = 0;
    T_OK(ima_replay(&d.place, list, 0, RESETS, &v[10], &c, &err), &err);
    T_OK(ima_judge(&d.rules, &e, &d.judged, &d.failures, &err), &err);
    assert_int_equal(d.failures.n, 1);
    assert_string_equal(d.failures.list[0].row, "I9");
    assert_true(d.failures.list[0].warning);
}

static void i7_what_was_wrong_once_stays_wrong(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    soft_ima_file(&d.l, "/bin/sh", "evil");
    is_bad(&d, "I0", 2, "/bin/sh");
    soft_ima_file(&d.l, "/bin/sh", "sh");
    is_bad(&d, "I7", FAILURE_WHOLE, "1 entries");
    is_bad(&d, "I7", FAILURE_WHOLE, "1 entries"); /* nothing new */
}

static void i8_what_is_pending_is_not_judged(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    struct pawl_digest quoted = d.l.own;
    soft_ima_file(&d.l, "/bin/sh", "sh");
    soft_ima_file(&d.l, "/bin/sh", "evil");
    judge_quoted(&d, &quoted);
    assert_int_equal(d.failures.n, 0);
    assert_int_equal(d.judged.known, 0);
    is_bad(&d, "I0", 3, "/bin/sh");
    assert_int_equal(d.judged.known, 1);
}

static void i9_a_known_policy_must_have_been_measured(void **state)
{
    (void)state;
    struct device d;

    boot(&d);
    aggregate(&d, 10);
    is_bad(&d, "I9", FAILURE_WHOLE, "none was measured");
    assert_int_equal(d.judged.bad, 0); /* it may still come */
    soft_ima_file(&d.l, "/etc/ima/ima-policy", "measure func=BPRM_CHECK");
    is_good(&d);

    boot_well(&d);
    d.excluded[0] = pawl_view_str("/etc/"); /* excludes no policy */
    soft_ima_file(&d.l, "/etc/ima/ima-policy", "dont_measure");
    is_bad(&d, "I9", 2, "ima-policy: sha256:");

    boot_well(&d);
    d.rules.policies_n = 0;
    d.files[0] = d.policies[0];
    d.rules.files_n = 1;
    is_bad(&d, "I9", FAILURE_WHOLE, "no rule names one");
    assert_true(d.failures.list[0].warning);
}

/* ---- signatures and keys -------------------------------------------------------------------- */

static void make_key(struct device *d, const char *name)
{
    struct pawl_public k;
    struct pawl_err    err;

    T_OK(pawl_public_from_pem(t_vector(name), &k, &err), &err);
    T_OK(ima_key_make(&k, &d->key, &err), &err);
    d->rules.keys = &d->key;
    d->rules.keys_n = 1;
}

static void put_signed(struct device *d, const char *name, const char *path)
{
    struct pawl_view content = t_vector("ima/signed");
    struct pawl_view fields[] = { soft_ima_named("sha256:", digest_of(PAWL_SHA256, content)),
                                  soft_ima_text(path), t_vector("ima/p256.sha256.sig") };

    soft_ima_entry(&d->l, 10, name, fields, 3);
}

static void what_a_key_signed_is_known(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    make_key(&d, "ima/p256.pub");
    put_signed(&d, "ima-sig", "/usr/bin/signed");
    is_good(&d);
    assert_int_equal(d.judged.signed_n, 1);
}

static void i10_a_signature_by_no_known_key_is_none(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    make_key(&d, "ima/p384.pub");
    put_signed(&d, "ima-sig", "/usr/bin/signed");
    is_bad(&d, "I10", 2, "no key has the id");

    boot_well(&d);
    make_key(&d, "ima/rsa2048.pub");
    d.key.id = 0;
    struct pawl_view sig = t_vector("ima/p256.sha256.sig");
    for (size_t i = 3; i < 7; i++)
        d.key.id = d.key.id << 8 | sig.p[i]; /* the other's name */
    put_signed(&d, "ima-sig", "/usr/bin/signed");
    is_bad(&d, "I10", 2, "does not verify");

    boot_well(&d);
    put_signed(&d, "ima-sig", "/usr/bin/signed");
    is_bad(&d, "I0", 2, "/usr/bin/signed"); /* without keys nobody looks at it */
}

static void i10_a_signature_of_another_file_is_none(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    make_key(&d, "ima/p256.pub");
    put_named(&d, "ima-sig", "sha256:", "/usr/bin/signed", "evil", t_vector("ima/p256.sha256.sig"));
    is_bad(&d, "I10", 2, "does not verify");
}

/* The name of a template is not measured: a signature is made to look like a key's bytes. */
static void i10_a_field_cannot_be_passed_off_as_another(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    make_key(&d, "ima/p256.pub");
    put_signed(&d, "ima-buf", "/usr/bin/signed");
    is_bad(&d, "I2", 2, "/usr/bin/signed");
    boot_well(&d);
    put_named(&d, "evmsig|d-ng", "sha256:", "", "x", pawl_view(NULL, 0));
    judge(&d);
    assert_true(failures_are_bad(&d.failures));
}

static void i10_a_key_that_no_rule_knows_is_bad(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    put_named(&d, "ima-buf", "sha256:", ".ima", "other", pawl_view_str("other"));
    is_bad(&d, "I10", 2, ".ima");
    boot_well(&d);
    put_named(&d, "ima-buf", "sha256:", "._ima", "certificate", pawl_view_str("certificate"));
    is_bad(&d, "I10", 2, "._ima");
    boot_well(&d);
    put_named(&d, "ima-buf", "sha256:", "/tmp/x", "other", pawl_view_str("other"));
    is_bad(&d, "I10", 2, "/tmp/x"); /* a buffer is no file: nothing excludes it */
}

/* ---- kexec and excludes --------------------------------------------------------------------- */

static void i11_a_second_kernel_is_told(void **state)
{
    (void)state;
    struct device d;

    boot_well(&d);
    aggregate(&d, 10);
    is_bad(&d, "I11", 2, "kexec");
    boot_well(&d);
    d.rules.may_kexec = true;
    aggregate(&d, 10);
    is_good(&d);
    assert_int_equal(d.judged.boots, 2);
    boot_well(&d);
    d.rules.may_kexec = true;
    d.values.value[0].b[0] ^= 1;
    aggregate(&d, 10);
    d.values.value[0].b[0] ^= 1;
    is_bad(&d, "I6", 2, "boot_aggregate"); /* of another boot */
}

static void i12_excludes_are_anchored_and_seen(void **state)
{
    (void)state;
    static const char *const out[] = { "/tmp/x", "/tmp/a/b", "/var/log/messages", "/tmp/..x" };
    static const char *const in[] = { "/tmp",
                                      "/tmp/",
                                      "/tmpx",
                                      "/x/tmp/y",
                                      "tmp/x",
                                      "/tmp/../bin/x",
                                      "/tmp//x",
                                      "/tmp/./x",
                                      "/tmp/..",
                                      "/tmp/.",
                                      "//tmp/x",
                                      "/var/log/message",
                                      "/var/log/messages.1",
                                      "(unreachable)/tmp/x" };
    struct device            d;

    boot_well(&d);
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        soft_ima_file(&d.l, out[i], "any");
    is_good(&d);
    assert_int_equal(d.judged.excluded, sizeof(out) / sizeof(out[0]));
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        assert_string_equal(d.judged.excluded_path[i], out[i]);
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        boot_well(&d);
        soft_ima_file(&d.l, in[i], "any");
        is_bad(&d, "I0", 2, in[i]);
    }
}

static void i12_the_first_excludes_are_shown_and_all_counted(void **state)
{
    (void)state;
    struct device d;
    char          path[128] = "/tmp/\x1b";

    boot_well(&d);
    memset(path + 6, 'n', 100);
    for (size_t i = 0; i < 2 * IMA_EXCLUDED_SHOWN; i++)
        soft_ima_file(&d.l, path, "any");
    is_good(&d);
    assert_int_equal(d.judged.excluded, 2 * IMA_EXCLUDED_SHOWN);
    for (size_t i = 0; i < IMA_EXCLUDED_SHOWN; i++) {
        assert_int_equal(strlen(d.judged.excluded_path[i]), IMA_PATH_SHOWN - 1);
        assert_int_equal(strncmp(d.judged.excluded_path[i], "/tmp/?nn", 8), 0);
    }
}

static void i12_a_rule_that_is_no_whole_path_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",         "/",      "tmp/",  "/tmp//",
                                       "/tmp/../", "/./tmp", "//tmp", "/tmp/." };
    struct device            d;
    struct pawl_err          err;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        boot(&d);
        d.excluded[1] = pawl_view_str(bad[i]);
        T_FAILS(ima_rules_check(&d.rules, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, "excluded");
    }
}

static void rules_out_of_order_are_refused(void **state)
{
    (void)state;
    struct device    d;
    struct ima_known first;
    struct pawl_err  err;

    boot(&d);
    first = d.files[0];
    d.files[0] = d.files[1];
    d.files[1] = first;
    T_FAILS(ima_rules_check(&d.rules, &err), &err, PAWL_E_BUG);
    T_WHERE(&err, "files");
    qsort(d.files, 3, sizeof(d.files[0]), ima_known_compare);
    T_OK(ima_rules_check(&d.rules, &err), &err);
    d.policies[0].digest.n--;
    T_FAILS(ima_rules_check(&d.rules, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "policies");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("what rules know is good", what_rules_know_is_good),
        T_CASE("what a key signed is known", what_a_key_signed_is_known),
        T_CASE("I0: a file that no rule knows is bad", i0_a_file_that_no_rule_knows_is_bad),
        T_CASE("a digest of verity is none of a file", a_digest_of_verity_is_none_of_a_file),
        T_CASE("a digest of an unknown hash is none", a_digest_of_an_unknown_hash_is_none),
        T_CASE("I1: a violation is bad unless rules take it",
               i1_a_violation_is_bad_unless_rules_take_it),
        T_CASE("I2: an entry of no template that we know is bad",
               i2_an_entry_of_no_template_that_we_know_is_bad),
        T_CASE("I2: a buffer that is not what was measured is bad",
               i2_a_buffer_that_is_not_what_was_measured_is_bad),
        T_CASE("I3: digests of SHA-1 are bad unless rules take them",
               i3_digests_of_sha1_are_bad_unless_rules_take_them),
        T_CASE("I4: a padded bank is bad unless rules take it",
               i4_a_padded_bank_is_bad_unless_rules_take_it),
        T_CASE("I5: entries of other PCRs are told and not judged",
               i5_entries_of_other_pcrs_are_told_and_not_judged),
        T_CASE("I6: boot_aggregate is of the quoted boot", i6_boot_aggregate_is_of_the_quoted_boot),
        T_CASE("I6: SHA-1 is over PCRs 0 to 7 only", i6_sha1_is_over_pcrs_0_to_7_only),
        T_CASE("I6: PCRs that were not quoted prove no boot",
               i6_pcrs_that_were_not_quoted_prove_no_boot),
        T_CASE("I6: a kernel without TPM is told", i6_a_kernel_without_tpm_is_told),
        T_CASE("I6: a list begins with boot_aggregate", i6_a_list_begins_with_boot_aggregate),
        T_CASE("I6: a file is no boot_aggregate", i6_a_file_is_no_boot_aggregate),
        T_CASE("I6: a real machine booted as it says", i6_a_real_machine_booted_as_it_says),
        T_CASE("I7: what was wrong once stays wrong", i7_what_was_wrong_once_stays_wrong),
        T_CASE("I8: what is pending is not judged", i8_what_is_pending_is_not_judged),
        T_CASE("I9: a known policy must have been measured",
               i9_a_known_policy_must_have_been_measured),
        T_CASE("I10: a signature by no known key is none", i10_a_signature_by_no_known_key_is_none),
        T_CASE("I10: a signature of another file is none", i10_a_signature_of_another_file_is_none),
        T_CASE("I10: a field cannot be passed off as another",
               i10_a_field_cannot_be_passed_off_as_another),
        T_CASE("I10: a key that no rule knows is bad", i10_a_key_that_no_rule_knows_is_bad),
        T_CASE("I11: a second kernel is told", i11_a_second_kernel_is_told),
        T_CASE("I12: excludes are anchored and seen", i12_excludes_are_anchored_and_seen),
        T_CASE("I12: the first excludes are shown and all counted",
               i12_the_first_excludes_are_shown_and_all_counted),
        T_CASE("I12: a rule that is no whole path is refused",
               i12_a_rule_that_is_no_whole_path_is_refused),
        T_CASE("rules out of order are refused", rules_out_of_order_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
