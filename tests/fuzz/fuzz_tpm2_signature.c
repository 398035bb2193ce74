/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at public areas and signatures as tpm2-tools and others write them: a structure that is read
 * as longer than its file, a plain signature that becomes a TPMT_SIGNATURE of another scheme than
 * its key's. The input is a u16 length, that many bytes of key, and the signature.
 */

#include "ctl/tpm2_tools.h"
#include "fuzz.h"

/* Gives whether the file held a key, in *ret as TPMT_PUBLIC. */
static bool key(struct pawl_view file, struct tpm_bytes *ret, struct pawl_tpm_public *ret_key)
{
    bool            is_pem = false;
    struct pawl_err err = { 0 };
    pawl_status     s = tpm2_public_read(file, ret, &is_pem, &err);

    if (!pawl_is_ok(s)) {
        FUZZ_HOLDS(err.code == s.code && err.where[0] && err.why[0]);
        return false;
    }
    FUZZ_HOLDS(ret->n <= sizeof(ret->b) && (is_pem || ret->n <= file.n));
    bool good = pawl_is_ok(pawl_tpm_public_parse(tpm_bytes_view(ret), ret_key, &err));
    FUZZ_HOLDS(good || !is_pem); /* the template of a good key is good */
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct pawl_rd            r = pawl_rd_from(pawl_view(p, n));
    struct pawl_view          file = pawl_rd_tpm2b(&r, "key", UINT16_MAX);
    struct pawl_view          sig_file = pawl_view(r.p, r.left);
    struct tpm_bytes          area, sig;
    struct pawl_tpm_public    ak;
    struct pawl_tpm_signature parsed;
    struct pawl_err           err = { 0 };

    if (r.bad || !key(file, &area, &ak))
        return 0;
    struct pawl_view attest = tpm2_attest_read(sig_file);
    FUZZ_HOLDS(attest.n == sig_file.n || attest.n + 2 == sig_file.n);

    pawl_status s = tpm2_signature_read(sig_file, tpm_bytes_view(&area), &sig, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_HOLDS(err.code == s.code && err.where[0] && err.why[0]);
        return 0;
    }
    bool built = sig.n != sig_file.n || memcmp(sig.b, sig_file.p, sig.n) != 0;
    if (!built || !ak.scheme_hash)
        return 0;
    if (ak.key.kind == PAWL_KEY_RSA ? ak.scheme == PAWL_TPM_ALG_ECDSA
                                    : ak.scheme != PAWL_TPM_ALG_ECDSA)
        return 0; /* a key whose scheme is not its own: refused when it verifies */
    FUZZ_HOLDS(pawl_is_ok(pawl_tpm_signature_parse(tpm_bytes_view(&sig), &parsed, &err)));
    FUZZ_HOLDS(parsed.hash == ak.scheme_hash);
    return 0;
}
