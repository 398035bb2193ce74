/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves: the certificate of an EK and those between it and a root are what they have to be, of
 * their day, and not revoked; directories of certificates are read whole or named. One test for
 * each row of docs/appraisal.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "enroll/ek.h"
#include "identity_fixture.h"
#include "soft_pki.h"
#include "soft_tpm.h"
#include "t.h"

/* ---- certificates --------------------------------------------------------------------------- */

static void c2_usage(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = ek_spec(e.ek);

    c.usage = "critical,digitalSignature";
    enrolment_certificate(&e, &c);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.keyUsage");
}

static void c4_prefix_and_padding(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct identity  id;
    uint8_t          nv[2048];
    struct pawl_view der = e.req.cert[0];
    struct pawl_wr   w = pawl_wr_to(nv, sizeof(nv));

    pawl_wr_bytes(&w, t_hex("10 01 00"));
    pawl_wr_u16(&w, (uint16_t)(der.n + 2));
    pawl_wr_bytes(&w, t_hex("10 02"));
    pawl_wr_bytes(&w, der);
    pawl_wr_bytes(&w, t_hex("ffffffffffffffff"));
    e.req.cert[0] = t_copy(pawl_view(nv, w.n));
    enrolment_taken_as(&e, ROOTS_VENDOR, &id);
    assert_int_equal(id.cert.der_n, der.n);
}

static void c7_missing_intermediate(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    pawl_certs_free(&e.trust.intermediates);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void c13_a_revoked_ek(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    e.trust.revoked = certs_of(e.req.cert[0]);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.revoked");
}

/* The same key below another name, by another issuer: what is revoked is the key. */
static void c13_a_revoked_intermediate(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    pawl_certs_free(&e.trust.intermediates);
    e.req.cert[e.req.cert_n++] = vendor_sub;
    e.trust.revoked = certs_of(make_ca("Another", sub_key(), "Another", sub_key()));
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.revoked");
}

static void c13_what_is_not_revoked_is_taken(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct identity  id;

    e.trust.revoked = certs_of(lab_root);
    enrolment_taken_as(&e, ROOTS_VENDOR, &id);
}

static void c10_dates(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = ek_spec(e.ek);
    struct identity  id;

    c.not_after_s = NOW - 1000;
    enrolment_certificate(&e, &c);
    enrolment_taken_as(&e, ROOTS_VENDOR, &id); /* policy: dates are not judged */
    e.trust = production();
    e.now_s = NOW;
    enrolment_refused(&e, PAWL_E_EXPIRED, "ek_cert.chain");
}

static void c11_ca_as_leaf(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert c = ek_spec(e.ek);

    c.is_ca = true;
    c.usage = "critical,keyAgreement,keyCertSign";
    enrolment_certificate(&e, &c);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.basicConstraints");
}

static void c11_leaf_as_ca(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();
    struct soft_cert between = ek_spec(soft_key(PAWL_KEY_P256, 5)), c = ek_spec(e.ek);

    between.subject = c.issuer = "A device";
    c.by = between.key;
    enrolment_certificate(&e, &c);
    e.req.cert[e.req.cert_n++] = soft_cert_make(&between);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

static void c12_an_intermediate_is_no_root(void **state)
{
    (void)state;
    struct enrolment e = enrolment_good();

    pawl_certs_free(&e.trust.vendor);
    e.trust.vendor = certs_of(vendor_sub);
    enrolment_refused(&e, PAWL_E_DENIED, "ek_cert.chain");
}

/* ---- directories ---------------------------------------------------------------------------- */

static char dir[sizeof("/tmp/pawl-roots-XXXXXX")];

static void make_dir(void)
{
    snprintf(dir, sizeof(dir), "/tmp/pawl-roots-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

static void put(const char *name, struct pawl_view bytes)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p, 1, bytes.n, f), bytes.n);
    fclose(f);
}

static void drop(const char *name)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

static void c13_stores_lose_revoked_keys(void **state)
{
    (void)state;
    struct ek_trust t;
    struct pawl_err err;

    make_dir();
    put("vendor.pem", soft_cert_pem(vendor_root));
    put("lab.DER", lab_root);
    T_OK(ek_trust_load(dir, dir, dir, dir, &t, &err), &err);
    assert_int_equal(pawl_certs_count(t.vendor), 0);
    assert_int_equal(pawl_certs_count(t.lab), 0);
    assert_int_equal(pawl_certs_count(t.intermediates), 0);
    assert_int_equal(pawl_certs_count(t.revoked), 2);
    ek_trust_done(&t);
    drop("vendor.pem");
    drop("lab.DER");
    assert_int_equal(rmdir(dir), 0);
}

static void loads_directories(void **state)
{
    (void)state;
    struct ek_trust t;
    struct pawl_err err;

    make_dir();
    T_OK(ek_trust_load(dir, "", NULL, "", &t, &err), &err);
    assert_null(t.vendor); /* an empty directory trusts nobody */

    put("vendor.pem", soft_cert_pem(vendor_root));
    put("lab.DER", lab_root);
    put("notes.txt", pawl_view_str("no certificate"));
    put(".hidden.pem", pawl_view_str("no certificate"));
    T_OK(ek_trust_load(dir, NULL, dir, NULL, &t, &err), &err);
    assert_int_equal(pawl_certs_count(t.vendor), 2);
    assert_int_equal(pawl_certs_count(t.intermediates), 2);
    assert_null(t.lab);
    ek_trust_done(&t);

    put("bad.crt", pawl_view_str("no certificate"));
    t_poison(&t, sizeof(t));
    T_FAILS(ek_trust_load(dir, NULL, NULL, NULL, &t, &err), &err, PAWL_E_FORM);
    assert_int_equal(strncmp(err.where, "roots.bad.crt", 13), 0);
    t_still_poisoned(&t, sizeof(t));
    T_FAILS(ek_trust_load("/nonexistent/roots", NULL, NULL, NULL, &t, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "roots.roots");

    drop("vendor.pem");
    drop("lab.DER");
    drop("notes.txt");
    drop(".hidden.pem");
    drop("bad.crt");
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("C2: a key that may only sign is no EK", c2_usage),
        T_CASE("C4: NV prefix and padding are cut off", c4_prefix_and_padding),
        T_CASE("C7: a missing intermediate is no chain", c7_missing_intermediate),
        T_CASE("C10: dates are judged only where a time is given", c10_dates),
        T_CASE("C11: a CA is no EK", c11_ca_as_leaf),
        T_CASE("C11: an EK is no CA", c11_leaf_as_ca),
        T_CASE("C12: an intermediate is no root", c12_an_intermediate_is_no_root),
        T_CASE("C13: an EK whose key is revoked is refused", c13_a_revoked_ek),
        T_CASE("C13: an intermediate whose key is revoked is refused, whoever signed it",
               c13_a_revoked_intermediate),
        T_CASE("C13: no store holds a revoked key", c13_stores_lose_revoked_keys),
        T_CASE("C13: what is not revoked is taken", c13_what_is_not_revoked_is_taken),
        T_CASE("loads directories, naming the file that is bad", loads_directories),
    };
    return cmocka_run_group_tests(cases, make_authorities, NULL);
}
