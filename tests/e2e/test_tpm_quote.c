/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activation and quotes of the agent's TPM, on a software TPM that is fresh for each test.
 *
 * Proves: only the credential for our EK and AK opens; a quote comes with the values it signs, over
 * the banks that the TPM has; another program's verifier agrees.
 */

#include <stdio.h>
#include <string.h>

#include "steps.h"

/* ---- credential activation ---------------------------------------------------------------------
 */

static void refuses_a_credential_for_another_name(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys = opened(t, &cfg);
    PAWL_SECRET            secret = { 0 };
    struct pawl_secret     got;
    struct pawl_credential cred = credential_for(&keys, &keys.td.name, &secret);
    struct pawl_err        err;

    t_poison(&got, sizeof(got));
    T_FAILS(tpm_activate(t, pawl_view(cred.id_object, cred.id_object_n),
                         pawl_view(cred.enc_secret, cred.enc_secret_n), &got, &err),
            &err, PAWL_E_FORGED);
    t_still_poisoned(&got, sizeof(got));
    leaves_nothing(t);
    tpm_close(&t);
}

static void refuses_every_damaged_credential(void **state)
{
    static const size_t    too_long = PAWL_ID_OBJECT_MAX * 8;
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys = opened(t, &cfg);
    PAWL_SECRET            secret = { 0 };
    PAWL_SECRET            got = { 0 };
    struct pawl_credential cred = credential_for(&keys, &keys.ak.name, &secret);
    struct pawl_view       id = pawl_view(cred.id_object, cred.id_object_n);
    struct pawl_view       enc = pawl_view(cred.enc_secret, cred.enc_secret_n);
    uint8_t                big[PAWL_ID_OBJECT_MAX * 8] = { 0 };
    struct pawl_err        err;

    for (size_t n = 1; n < id.n; n += 7)
        T_FAILS(tpm_activate(t, t_copy(pawl_view(id.p, n)), enc, &got, &err), &err, PAWL_E_FORGED);
    for (size_t n = 1; n < enc.n; n += 7)
        T_FAILS(tpm_activate(t, id, t_copy(pawl_view(enc.p, n)), &got, &err), &err, PAWL_E_FORGED);
    cred.id_object[cred.id_object_n - 1] ^= 1;
    T_FAILS(tpm_activate(t, id, enc, &got, &err), &err, PAWL_E_FORGED);
    T_FAILS(tpm_activate(t, pawl_view(big, 0), enc, &got, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "id_object");
    T_FAILS(tpm_activate(t, id, pawl_view(big, 0), &got, &err), &err, PAWL_E_SHORT);
    T_WHERE(&err, "encrypted_secret");
    T_FAILS(tpm_activate(t, pawl_view(big, too_long), enc, &got, &err), &err, PAWL_E_RANGE);
    T_FAILS(tpm_activate(t, id, pawl_view(big, too_long), &got, &err), &err, PAWL_E_RANGE);
    leaves_nothing(t);
    tpm_close(&t);
}

static void needs_its_keys_first(void **state)
{
    struct tpm       *t = open_tpm(*state);
    PAWL_SECRET       got = { 0 };
    struct tpm_quote  q;
    struct tpm_signed s;
    struct pawl_err   err;

    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_certify_td(t, PAWL_VIEW_OF(nonce), &s, &err), &err, PAWL_E_STATE);
    T_FAILS(tpm_activate(t, PAWL_VIEW_OF(nonce), PAWL_VIEW_OF(nonce), &got, &err), &err,
            PAWL_E_STATE);
    tpm_close(&t);
}

/* ---- quotes ------------------------------------------------------------------------------------
 */

/* Q22: the signed selection shows which banks are allocated. */
static void shows_the_allocated_banks(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(*state);
    struct tpm_keys        keys = opened(t, &cfg);
    struct tpm_quote       q = quotes_all(t, &keys);

    assert_int_equal(q.dropped, 0);
    assert_int_equal(q.pcrs.n, 4);
    assert_int_equal(q.pcrs.bank[0].hash, PAWL_SHA1);
    assert_int_equal(q.pcrs.bank[0].bits, 0xffffff);
    assert_int_equal(q.pcrs.bank[1].bits, 0xffffff);
    assert_int_equal(q.pcrs.bank[2].bits, 0);
    assert_int_equal(q.pcrs.bank[3].bits, 0);
    assert_int_equal(q.values.n, 48);
    tpm_close(&t);
}

static void quotes_what_was_extended(void **state)
{
    static const uint8_t      one[32] = { [31] = 1 };
    struct tpm_keys_config    cfg = tpm_keys_config_default();
    struct pawl_pcr_selection some = { .n = 1, .bank = { { PAWL_SHA256, 1u << 7 | 1u << 16 } } };
    struct pawl_view          parts[] = { pawl_view((uint8_t[32]){ 0 }, 32), PAWL_VIEW_OF(one) };
    struct tpm_quote          q;
    struct pawl_digest        expected;
    struct pawl_err           err;

    device_run(*state, "tpm2_pcrextend 7:sha256=$(printf %064d 1)");
    struct tpm     *t = open_tpm(*state);
    struct tpm_keys keys = opened(t, &cfg);
    T_OK(tpm_quote(t, &some, nonce, &q, &err), &err);
    verifies(&keys.ak, &q.sign);
    assert_int_equal(q.values.n, 2);
    T_OK(pawl_hash(PAWL_SHA256, parts, 2, &expected, &err), &err);
    assert_memory_equal(pawl_pcr_value(&q.pcrs, &q.values, PAWL_SHA256, 7)->b, expected.b, 32);
    tpm_close(&t);
}

static void refuses_a_quote_over_no_allocated_bank(void **state)
{
    struct tpm_keys_config    cfg = tpm_keys_config_default();
    struct pawl_pcr_selection sha1 = { .n = 1, .bank = { { PAWL_SHA1, 0xff } } };
    struct pawl_pcr_values    values;
    struct tpm_quote          q;
    struct pawl_err           err;
    struct tpm               *t = open_tpm(*state);

    opened(t, &cfg);
    T_FAILS(tpm_quote(t, &sha1, nonce, &q, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "TPM2_Quote.pcrSelect");
    T_FAILS(tpm_pcr_read(t, &sha1, &values, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "TPM2_PCR_Read.pcrSelectionIn");
    leaves_nothing(t);
    tpm_close(&t);
}

static void drops_banks_that_the_tpm_does_not_know(void **state)
{
    static const struct {
        const char *lacks;
        unsigned    dropped;
    } tpms[] = { { "lacks=000d", 1 }, { "lacks=000c", 2 }, { "lacks=0004", 3 } };
    struct tpm_keys_config cfg = tpm_keys_config_default();

    for (size_t i = 0; i < 3; i++) {
        struct tpm               *t = open_bent(*state, tpms[i].lacks);
        struct tpm_keys           keys = opened(t, &cfg);
        struct tpm_quote          q = quotes_all(t, &keys);
        struct pawl_pcr_selection all = pawl_pcr_selection_all(tpms[i].dropped);
        assert_int_equal(q.dropped, tpms[i].dropped);
        assert_int_equal(q.pcrs.n, all.n);
        tpm_close(&t);
    }
}

static void never_drops_sha256(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_bent(*state, "lacks=000b");
    struct tpm_quote       q;
    struct pawl_err        err;

    opened(t, &cfg);
    t_poison(&q, sizeof(q));
    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "TPM2_Quote.PCRselect");
    t_still_poisoned(&q, sizeof(q));
    tpm_close(&t);
}

/* Q23: values that do not belong to the quote are never returned. */
static void quotes_again_when_a_pcr_changed_in_between(void **state)
{
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_bent(*state, "extend=2");
    struct tpm_keys        keys = opened(t, &cfg);
    struct tpm_quote       q;
    struct pawl_err        err;

    quotes_all(t, &keys);
    tpm_close(&t);
    t = open_bent(*state, "extend=99");
    opened(t, &cfg);
    T_FAILS(tpm_quote_all(t, nonce, &q, &err), &err, PAWL_E_STATE);
    leaves_nothing(t);
    tpm_close(&t);
}

static void put_file(const struct device *d, const char *name, struct pawl_view v)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", d->dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(v.p, 1, v.n, f), v.n);
    assert_int_equal(fclose(f), 0);
}

/* Somebody else's verifier agrees, and refuses another nonce. */
static void tpm2_checkquote_takes_our_quotes(void **state)
{
    const struct device   *d = *state;
    struct tpm_keys_config cfg = tpm_keys_config_default();
    struct tpm            *t = open_tpm(d);
    struct tpm_keys        keys = opened(t, &cfg);
    struct tpm_quote       q = quotes_all(t, &keys);
    char                   hex[65], command[600];
    struct pawl_err        err;

    tpm_close(&t);
    T_OK(pawl_hex_write(PAWL_VIEW_OF(nonce), hex, sizeof(hex), &err), &err);
    put_file(d, "attest", pawl_view(q.sign.attest, q.sign.attest_n));
    put_file(d, "sig", pawl_view(q.sign.sig, q.sign.sig_n));
    snprintf(command, sizeof(command),
             "cd $DEVICE; tpm2_readpublic -c 0x81015057 -f pem -o ak.pem; "
             "tpm2_checkquote -u ak.pem -m attest -s sig -g sha256 -q %s; "
             "! tpm2_checkquote -u ak.pem -m attest -s sig -g sha256 -q %.62sff 2>/dev/null",
             hex, hex);
    device_run(d, command);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("refuses a credential for another Name", refuses_a_credential_for_another_name,
                 "--ek p256"),
        T_DEVICE("refuses every damaged credential", refuses_every_damaged_credential,
                 "--ek rsa2048"),
        T_DEVICE("needs its keys first", needs_its_keys_first, "--ek none"),
        T_DEVICE("shows the allocated banks", shows_the_allocated_banks,
                 "--ek p256 --banks sha1,sha256"),
        T_DEVICE("quotes what was extended", quotes_what_was_extended, "--ek p256"),
        T_DEVICE("refuses a quote over no allocated bank", refuses_a_quote_over_no_allocated_bank,
                 "--ek p256"),
        T_DEVICE("drops banks that the TPM does not know", drops_banks_that_the_tpm_does_not_know,
                 "--ek p256 --banks sha1,sha256,sha384,sha512"),
        T_DEVICE("never drops SHA-256", never_drops_sha256, "--ek p256"),
        T_DEVICE("quotes again when a PCR changed in between",
                 quotes_again_when_a_pcr_changed_in_between, "--ek p256"),
        T_DEVICE("tpm2_checkquote takes our quotes", tpm2_checkquote_takes_our_quotes, "--ek p256"),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_quote", tests, NULL, NULL);
}
