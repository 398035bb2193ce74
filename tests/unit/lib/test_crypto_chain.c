/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: an EK certificate is believed only under a trusted self-signed root, through CAs that may
 * issue it, in time where time is judged; rows C1 to C3, C5 to C7, C10 to C12 of the appraisal's
 * table. Real vendors' certificates are read from PAWL_TESTDATA. */
#include <pawl/crypto.h>

#include "crypto_ca.h"

#define EK_EXT CA_LEAF CA_EKU CA_SAN "[tpm]\n0.2.23.133.2.1=id:53544D20\n"

/* root -> middle -> ek, all good. */
struct chain {
    struct ca          root, middle, ek;
    struct pawl_certs *roots, *middles;
};

static struct pawl_certs *bag_of(const struct ca *ca)
{
    struct pawl_certs *bag = NULL;
    struct pawl_err    err;
    size_t             n = 0;

    T_OK(pawl_certs_add(&bag, ca_der(ca), &n, &err), &err);
    assert_int_equal(n, 1);
    return bag;
}

static struct chain chain_make(struct ca_spec root, struct ca_spec middle, struct ca_spec ek)
{
    struct chain c = { 0 };

    c.root = ca_make(root);
    middle.issuer = &c.root;
    c.middle = ca_make(middle);
    ek.issuer = &c.middle;
    c.ek = ca_make(ek);
    c.roots = bag_of(&c.root);
    c.middles = bag_of(&c.middle);
    return c;
}

static void chain_free(struct chain *c)
{
    ca_free(&c->root);
    ca_free(&c->middle);
    ca_free(&c->ek);
    pawl_certs_free(&c->roots);
    pawl_certs_free(&c->middles);
}

static const struct ca_spec good_root = { .subject = "Root", .ext = CA_EXT };
static const struct ca_spec good_middle = { .subject = "Middle", .ext = CA_EXT };
static const struct ca_spec good_ek = { .ext = EK_EXT };

/* Of a certificate as it comes. */
static pawl_status chain_check(const struct pawl_certs *roots, const struct pawl_certs *middles,
                               const struct pawl_view *extra, size_t extra_n, struct pawl_view leaf,
                               int64_t now_s, uint8_t root[32], struct pawl_err *err)
{
    PAWL_CLEANUP(pawl_ek_free) struct pawl_ek *ek = NULL;

    PAWL_TRY(pawl_ek_read(leaf, &ek, err));
    return pawl_ek_chain_check(roots, middles, extra, extra_n, ek, now_s, root, err);
}

static pawl_status check_at(const struct chain *c, int64_t now_s, struct pawl_err *err)
{
    uint8_t root[32], sum[32];

    t_poison(root, sizeof(root));
    pawl_status s = chain_check(c->roots, c->middles, NULL, 0, ca_der(&c->ek), now_s, root, err);
    if (!pawl_is_ok(s)) {
        t_still_poisoned(root, sizeof(root));
        return s;
    }
    T_OK(pawl_sha256(ca_der(&c->root), sum, err), err);
    assert_memory_equal(root, sum, 32);
    return s;
}

/* The chain of these three is refused with this code. */
static void refused(struct ca_spec root, struct ca_spec middle, struct ca_spec ek, int64_t now_s,
                    enum pawl_code code, const char *where)
{
    struct pawl_err err;
    struct chain    c = chain_make(root, middle, ek);

    T_FAILS(check_at(&c, now_s, &err), &err, code);
    T_WHERE(&err, where);
    chain_free(&c);
}

static void believed(struct ca_spec root, struct ca_spec middle, struct ca_spec ek, int64_t now_s)
{
    struct pawl_err err;
    struct chain    c = chain_make(root, middle, ek);

    T_OK(check_at(&c, now_s, &err), &err);
    chain_free(&c);
}

/* C1: critical subject alternative name, empty subject; C6: no authority key identifier. */
static void a_good_chain_is_believed(void **state)
{
    (void)state;
    struct ca_spec root = good_root, middle = good_middle, ek = good_ek;

    believed(root, middle, ek, 0);
    believed(root, middle, ek, CA_NOW);
    root.curve = "P-521";
    root.md = EVP_sha512();
    middle.curve = "RSA:2048";
    ek.curve = "P-384";
    believed(root, middle, ek, CA_NOW);
}

static void an_intermediate_may_come_with_the_leaf(void **state)
{
    (void)state;
    struct pawl_err  err;
    uint8_t          root[32];
    struct chain     c = chain_make(good_root, good_middle, good_ek);
    struct pawl_view extra[] = { ca_der(&c.root), ca_der(&c.middle) };

    T_FAILS(chain_check(c.roots, NULL, NULL, 0, ca_der(&c.ek), 0, root, &err), &err, PAWL_E_DENIED);
    T_OK(chain_check(c.roots, NULL, extra + 1, 1, ca_der(&c.ek), 0, root, &err), &err);
    T_OK(chain_check(c.roots, NULL, extra, 2, ca_der(&c.ek), 0, root, &err), &err);
    /* What comes with the leaf is never a root. */
    T_FAILS(chain_check(c.middles, NULL, extra, 2, ca_der(&c.ek), 0, root, &err), &err,
            PAWL_E_DENIED);
    chain_free(&c);
}

static void what_comes_with_the_leaf_is_bounded_and_read(void **state)
{
    (void)state;
    struct pawl_err  err;
    uint8_t          root[32];
    struct chain     c = chain_make(good_root, good_middle, good_ek);
    struct pawl_view extra[PAWL_CERTS_MAX + 1];

    for (size_t i = 0; i < PAWL_CERTS_MAX + 1; i++)
        extra[i] = ca_der(&c.middle);
    T_OK(chain_check(c.roots, NULL, extra, PAWL_CERTS_MAX, ca_der(&c.ek), 0, root, &err), &err);
    T_FAILS(chain_check(c.roots, NULL, extra, PAWL_CERTS_MAX + 1, ca_der(&c.ek), 0, root, &err),
            &err, PAWL_E_RANGE);
    extra[0] = pawl_view_str("garbage");
    T_FAILS(chain_check(c.roots, c.middles, extra, 1, ca_der(&c.ek), 0, root, &err), &err,
            PAWL_E_FORM);
    chain_free(&c);
}

static void another_root_is_no_root(void **state)
{
    (void)state;
    struct pawl_err err;
    struct chain    c = chain_make(good_root, good_middle, good_ek);
    struct ca_spec  spec = good_root;

    spec.subject = "Another";
    struct ca          another = ca_make(spec);
    struct pawl_certs *others = bag_of(&another);
    uint8_t            root[32];
    T_FAILS(chain_check(others, c.middles, NULL, 0, ca_der(&c.ek), 0, root, &err), &err,
            PAWL_E_DENIED);
    T_WHERE(&err, "chain");
    pawl_certs_free(&others);
    ca_free(&another);
    chain_free(&c);
}

/* The attacker makes a root of the same name. */
static void a_root_of_the_same_name_is_no_root(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct chain       c = chain_make(good_root, good_middle, good_ek);
    struct ca          twin = ca_make(good_root);
    struct pawl_certs *twins = bag_of(&twin);
    uint8_t            root[32];

    T_FAILS(chain_check(twins, c.middles, NULL, 0, ca_der(&c.ek), 0, root, &err), &err,
            PAWL_E_FORGED);
    pawl_certs_free(&twins);
    ca_free(&twin);
    chain_free(&c);
}

static void a_trusted_intermediate_is_no_root(void **state)
{
    (void)state;
    struct pawl_err err;
    struct chain    c = chain_make(good_root, good_middle, good_ek);
    uint8_t         root[32];

    T_FAILS(chain_check(c.middles, c.middles, NULL, 0, ca_der(&c.ek), 0, root, &err), &err,
            PAWL_E_DENIED);
    chain_free(&c);
}

static void a_leaf_that_signed_itself_is_denied(void **state)
{
    (void)state;
    struct pawl_err err;
    struct chain    c = chain_make(good_root, good_middle, good_ek);
    struct ca       self = ca_make(good_ek);
    uint8_t         root[32];

    T_FAILS(chain_check(c.roots, c.middles, NULL, 0, ca_der(&self), 0, root, &err), &err,
            PAWL_E_DENIED);
    ca_free(&self);
    chain_free(&c);
}

/* C10. */
static void dates_are_judged_only_with_a_time(void **state)
{
    (void)state;
    const int64_t  past = CA_NOW - 2 * CA_DAY, future = CA_NOW + CA_DAY / 2;
    struct ca_spec old = good_ek, early = good_ek, old_middle = good_middle;

    old.from_s = past - CA_DAY;
    old.to_s = past;
    refused(good_root, good_middle, old, CA_NOW, PAWL_E_EXPIRED, "chain");
    believed(good_root, good_middle, old, 0);
    old_middle.from_s = past - CA_DAY;
    old_middle.to_s = past;
    refused(good_root, old_middle, good_ek, CA_NOW, PAWL_E_EXPIRED, "chain");
    believed(good_root, old_middle, good_ek, 0);
    early.from_s = future;
    refused(good_root, good_middle, early, CA_NOW, PAWL_E_EXPIRED, "chain");
    believed(good_root, good_middle, early, 0);
    believed(good_root, good_middle, good_ek, CA_NOW - CA_DAY);
    believed(good_root, good_middle, good_ek, CA_NOW + CA_DAY - 1);
    refused(good_root, good_middle, good_ek, CA_NOW - CA_DAY - 1, PAWL_E_EXPIRED, "chain");
    refused(good_root, good_middle, good_ek, CA_NOW + CA_DAY + 1, PAWL_E_EXPIRED, "chain");
}

/* C11. */
static void a_leaf_is_no_ca(void **state)
{
    (void)state;
    struct ca_spec ek = good_ek;

    ek.subject = "CA";
    ek.ext = CA_EXT;
    refused(good_root, good_middle, ek, 0, PAWL_E_DENIED, "basicConstraints");
    ek.ext = "[e]\nkeyUsage=critical,keyCertSign,keyAgreement\n";
    refused(good_root, good_middle, ek, 0, PAWL_E_DENIED, "basicConstraints");
}

/* C2. */
/* C2, C12: the same root may vouch for keys that lie outside of any TPM. */
static void extended_usage_must_name_the_ek_where_it_is_there(void **state)
{
    (void)state;
    struct ca_spec ek = good_ek;

    ek.ext = CA_LEAF "extendedKeyUsage=2.23.133.8.3\n"; /* an AK's */
    refused(good_root, good_middle, ek, 0, PAWL_E_DENIED, "extKeyUsage");
    ek.ext = CA_LEAF "extendedKeyUsage=critical,serverAuth,clientAuth\n";
    refused(good_root, good_middle, ek, 0, PAWL_E_DENIED, "extKeyUsage");
    ek.ext = CA_LEAF "extendedKeyUsage=clientAuth,2.23.133.8.1\n";
    believed(good_root, good_middle, ek, 0);
    ek.ext = CA_LEAF;
    believed(good_root, good_middle, ek, 0);
}

static void key_usage_must_let_it_encipher_where_it_is_there(void **state)
{
    (void)state;
    struct ca_spec ek = good_ek;

    ek.ext = "[e]\nkeyUsage=critical,digitalSignature\n";
    refused(good_root, good_middle, ek, 0, PAWL_E_DENIED, "keyUsage");
    ek.ext = "[e]\nkeyUsage=digitalSignature,keyEncipherment\n";
    believed(good_root, good_middle, ek, 0);
    ek.ext = "[e]\nbasicConstraints=CA:FALSE\n";
    believed(good_root, good_middle, ek, 0);
    ek.ext = "[e]\nextendedKeyUsage=critical,2.23.133.8.1\n";
    believed(good_root, good_middle, ek, 0);
    ek.ext = NULL;
    believed(good_root, good_middle, ek, 0);
}

/* The key is read as the RSA key it is; what was signed stays what it was. */
static void a_key_marked_rsaesoaep_is_believed(void **state)
{
    (void)state;
    static const uint8_t rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
    struct ca_spec       ek = good_ek;
    struct pawl_err      err;
    struct pawl_ek_cert  cert;
    uint8_t              other[4096], root[32];

    ek.curve = "RSA:2048";
    ek.oaep = true;
    believed(good_root, good_middle, ek, CA_NOW);
    struct chain c = chain_make(good_root, good_middle, ek);
    T_OK(pawl_ek_cert_parse(ca_der(&c.ek), &cert, &err), &err);
    assert_int_equal(cert.key.kind, PAWL_KEY_RSA);
    chain_free(&c);

    /* Another mark than the signed one. */
    ek.oaep = false;
    c = chain_make(good_root, good_middle, ek);
    struct pawl_view der = ca_der(&c.ek);
    memcpy(other, der.p, der.n);
    uint8_t *oid = memmem(other, der.n, rsa, sizeof(rsa));
    assert_non_null(oid);
    oid[8] = 7;
    T_OK(pawl_ek_cert_parse(pawl_view(other, der.n), &cert, &err), &err);
    T_FAILS(chain_check(c.roots, c.middles, NULL, 0, pawl_view(other, der.n), CA_NOW, root, &err),
            &err, PAWL_E_FORGED);
    chain_free(&c);
    ek.oaep = true;
    ek.curve = "RSA:1024";
    refused(good_root, good_middle, ek, 0, PAWL_E_UNSUPPORTED,
            "subjectPublicKeyInfo.public.modulus");
}

static void a_negative_serial_is_no_reason(void **state)
{
    (void)state;
    struct ca_spec middle = good_middle, ek = good_ek;

    ek.serial = "-7F";
    believed(good_root, middle, ek, 0);
    middle.serial = "-0102030405060708090a0b0c0d0e0f1011121314";
    believed(good_root, middle, ek, 0);
}

static void only_cas_issue(void **state)
{
    (void)state;
    struct ca_spec middle = good_middle;

    middle.ext = CA_LEAF;
    refused(good_root, middle, good_ek, 0, PAWL_E_DENIED, "chain");
    middle.ext = NULL;
    refused(good_root, middle, good_ek, 0, PAWL_E_DENIED, "chain");
    middle.ext = "[e]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n";
    refused(good_root, middle, good_ek, 0, PAWL_E_DENIED, "chain");
    /* Enough for a root of old, not for what stands below it. */
    middle.ext = "[e]\nkeyUsage=critical,keyCertSign\n";
    refused(good_root, middle, good_ek, 0, PAWL_E_DENIED, "chain");
}

static void path_lengths_are_honoured(void **state)
{
    (void)state;
    struct ca_spec root = good_root, middle = good_middle;

    root.ext = "[e]\nbasicConstraints=critical,CA:TRUE,pathlen:0\n";
    refused(root, good_middle, good_ek, 0, PAWL_E_DENIED, "chain");
    root.ext = "[e]\nbasicConstraints=critical,CA:TRUE,pathlen:1\n";
    middle.ext = "[e]\nbasicConstraints=critical,CA:TRUE,pathlen:0\n";
    believed(root, middle, good_ek, 0);
}

static void weak_hashes_and_keys_are_unsupported(void **state)
{
    (void)state;
    struct ca_spec root = good_root, middle = good_middle, ek = good_ek;

    ek.md = EVP_sha1();
    refused(root, middle, ek, 0, PAWL_E_UNSUPPORTED, "chain");
    ek.md = NULL;
    middle.md = EVP_sha1();
    refused(root, middle, ek, 0, PAWL_E_UNSUPPORTED, "chain");
    middle.md = NULL;
    middle.curve = "RSA:1024";
    refused(root, middle, ek, 0, PAWL_E_UNSUPPORTED, "chain");
    middle.curve = NULL;
    root.md = EVP_sha1(); /* over itself only: it is trusted by its bytes */
    believed(root, middle, ek, 0);
    ek.curve = "RSA:1024";
    refused(good_root, middle, ek, 0, PAWL_E_UNSUPPORTED, "subjectPublicKeyInfo.public.modulus");
    ek.curve = "P-521";
    refused(good_root, middle, ek, 0, PAWL_E_UNSUPPORTED, "subjectPublicKeyInfo.public.kind");
}

static void unknown_critical_extensions_are_unsupported(void **state)
{
    (void)state;
    struct ca_spec ek = good_ek;

    ek.ext = CA_LEAF "1.2.3.4=critical,DER:0500\n";
    refused(good_root, good_middle, ek, 0, PAWL_E_UNSUPPORTED, "chain");
    ek.ext = CA_LEAF "1.2.3.4=DER:0500\n";
    believed(good_root, good_middle, ek, 0);
}

static void flipped_leaf(struct pawl_view leaf, void *arg)
{
    const struct chain *c = arg;
    struct pawl_err     err;
    uint8_t             root[32];

    assert_false(pawl_is_ok(chain_check(c->roots, c->middles, NULL, 0, leaf, CA_NOW, root, &err)));
}

static void flipped_middle(struct pawl_view middle, void *arg)
{
    const struct chain *c = arg;
    struct pawl_err     err;
    uint8_t             root[32];

    assert_false(
        pawl_is_ok(chain_check(c->roots, NULL, &middle, 1, ca_der(&c->ek), CA_NOW, root, &err)));
}

static void no_flipped_bit_is_believed(void **state)
{
    (void)state;
    struct chain c = chain_make(good_root, good_middle, good_ek);

    t_each_flip(ca_der(&c.ek), flipped_leaf, &c);
    t_each_flip(ca_der(&c.middle), flipped_middle, &c);
    t_each_truncation(ca_der(&c.ek), flipped_leaf, &c);
    chain_free(&c);
}

/* ---- real ones ------------------------------------------------------------------------------ */

static struct pawl_certs *load(const char *file, size_t at_least)
{
    struct pawl_certs *c = NULL;
    struct pawl_err    err;
    size_t             n = 0;
    struct pawl_view   pem = t_testdata(file);

    T_OK(pawl_certs_add(&c, pem, &n, &err), &err);
    assert_true(n >= at_least);
    return c;
}

static void vendors_roots_load(void **state)
{
    (void)state;
    struct pawl_certs *roots = load("roots/tpm-vendor-roots.pem", 26);
    struct pawl_certs *middles = load("roots/tpm-vendor-intermediates.pem", 143);

    assert_int_equal(pawl_certs_count(roots), 26);
    assert_int_equal(pawl_certs_count(middles), 143);
    pawl_certs_free(&roots);
    pawl_certs_free(&middles);
}

/* C3: their issuers are here, and signed them by SHA-1. */
static void real_oaep_certificates_fall_for_their_sha1_alone(void **state)
{
    (void)state;
    static const char *const files[] = { "ekcerts/nuc-1-ek_cert_untouched.cer",
                                         "ekcerts/nuc-1-ek_cert_7_byte_header_removed.cer" };
    struct pawl_certs       *roots = load("roots/tpm-vendor-roots.pem", 26);
    struct pawl_certs       *middles = load("roots/tpm-vendor-intermediates.pem", 143);
    struct pawl_err          err;
    uint8_t                  root[32];

    for (size_t i = 0; i < 2; i++) {
        struct pawl_view der;
        T_OK(pawl_ek_cert_der(t_testdata(files[i]), &der, &err), &err);
        T_FAILS(chain_check(roots, middles, NULL, 0, der, 0, root, &err), &err, PAWL_E_UNSUPPORTED);
        T_WHERE(&err, "chain");
        assert_non_null(strstr(err.why, "digest"));
    }
    pawl_certs_free(&roots);
    pawl_certs_free(&middles);
}

static void the_certificate_of_a_vendors_ca_is_no_ek(void **state)
{
    (void)state;
    struct pawl_certs *roots = load("ekcerts/stMicroCaCerts-gstpmroot.crt", 1);
    struct pawl_err    err;
    uint8_t            root[32];
    struct pawl_view   ca = t_testdata("ekcerts/stMicroCaCerts-stmtpmekint02.crt");

    T_FAILS(chain_check(roots, NULL, NULL, 0, ca, 0, root, &err), &err, PAWL_E_DENIED);
    T_WHERE(&err, "basicConstraints");
    pawl_certs_free(&roots);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("C1, C6: a good chain is believed", a_good_chain_is_believed),
        T_CASE("C7, S7: an intermediate may come with the leaf",
               an_intermediate_may_come_with_the_leaf),
        T_CASE("what comes with the leaf is bounded and read",
               what_comes_with_the_leaf_is_bounded_and_read),
        T_CASE("C12: another root is no root", another_root_is_no_root),
        T_CASE("a root of the same name is no root", a_root_of_the_same_name_is_no_root),
        T_CASE("a trusted intermediate is no root", a_trusted_intermediate_is_no_root),
        T_CASE("a leaf that signed itself is denied", a_leaf_that_signed_itself_is_denied),
        T_CASE("C10: dates are judged only with a time", dates_are_judged_only_with_a_time),
        T_CASE("C11: a leaf is no CA", a_leaf_is_no_ca),
        T_CASE("C2: key usage must let it encipher where it is there",
               key_usage_must_let_it_encipher_where_it_is_there),
        T_CASE("C12: extended usage must name the EK where it is there",
               extended_usage_must_name_the_ek_where_it_is_there),
        T_CASE("C3: a key marked rsaesOaep is believed, where that is what was signed",
               a_key_marked_rsaesoaep_is_believed),
        T_CASE("C5: a negative serial is no reason", a_negative_serial_is_no_reason),
        T_CASE("only CAs issue", only_cas_issue),
        T_CASE("C11: path lengths are honoured", path_lengths_are_honoured),
        T_CASE("weak hashes and keys are unsupported", weak_hashes_and_keys_are_unsupported),
        T_CASE("unknown critical extensions are unsupported",
               unknown_critical_extensions_are_unsupported),
        T_CASE("no flipped bit is believed", no_flipped_bit_is_believed),
        T_CASE("vendors' roots load", vendors_roots_load),
        T_CASE("C3: real certificates marked rsaesOaep fall for their SHA-1 alone",
               real_oaep_certificates_fall_for_their_sha1_alone),
        T_CASE("the certificate of a vendor's CA is no EK",
               the_certificate_of_a_vendors_ca_is_no_ek),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
