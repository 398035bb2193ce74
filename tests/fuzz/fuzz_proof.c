/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at proofs behind the verifier's signature, where only a lying verifier writes: a check that
 * reads beyond what is there, leaves of other lengths than their list, a proof that is taken and
 * has a second encoding, and one that counts as signed by a key that it does not name.
 *
 * The input is the payload; the key of tests/vectors/cose signs it.
 */
#include <pawl/cose.h>

#include "fuzz.h"
#include "proof/proof.h"

/* tests/vectors/cose/private.pem */
static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZttPwv6wlXvNqZd9\n"
                          "4erlKo0LaN0YlT/F6zlJeKOmfUuhRANCAATkJtna+90bz2KEhxRI2XL9ZscPQfFH\n"
                          "lmfzpDXGT8qYYdA44Cw3O5u4St4KO1bo1qOLahx697m04/sqPUEfngB9\n"
                          "-----END PRIVATE KEY-----\n";

static struct pawl_private *signer;
static uint8_t              signer_id[PAWL_SPKI_PIN];

static void make_signer(void)
{
    struct pawl_err err;

    if (signer)
        return;
    FUZZ_HOLDS(pawl_is_ok(pawl_private_from_pem(pawl_view_str(pem), &signer, &err)));
    FUZZ_HOLDS(pawl_is_ok(pawl_spki_pin(pawl_private_public(signer), signer_id, &err)));
}

static struct pawl_view sign(struct pawl_view payload, uint8_t *room)
{
    struct pawl_wr   w = pawl_wr_to(room, PROOF_MAX);
    struct pawl_view file = pawl_view(NULL, 0);
    struct pawl_err  err;

    if (pawl_is_ok(pawl_cose_sign1_write(signer, PAWL_VIEW_OF(signer_id),
                                         pawl_view_str("pawl/1 proof"), payload, &w, &err)))
        file = pawl_view(room, w.n);
    return file;
}

/* What is taken writes back to the same payload. */
static void has_one_encoding(const struct proof *p, struct pawl_view payload)
{
    static uint8_t         b[PROOF_MAX];
    struct pawl_wr         w = pawl_wr_to(b, sizeof(b));
    struct pawl_cose_sign1 m;
    struct pawl_err        err;

    FUZZ_HOLDS(pawl_is_ok(proof_write(p, signer, signer_id, &w, &err)));
    FUZZ_HOLDS(pawl_is_ok(pawl_cose_sign1_parse(pawl_view(b, w.n), &m, &err)));
    FUZZ_HOLDS(pawl_view_equal(m.payload, payload));
}

/* Each sentence ends inside of its line. */
static void says_something(const struct proof_said *said)
{
    FUZZ_HOLDS(said->n > 0 && said->n <= PROOF_SAY_MAX && said->strength <= PROOF_AK);
    for (size_t i = 0; i < said->n; i++)
        FUZZ_HOLDS(said->line[i][0] && memchr(said->line[i], 0, sizeof(said->line[i])));
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
    static uint8_t           room[PROOF_MAX];
    static struct proof      p, opened;
    static struct proof_said said;
    struct pawl_err          err;

    make_signer();
    struct pawl_view file = sign(pawl_view(in, n), room);
    if (file.n == 0)
        return 0;
    FUZZ_POISON(&p);
    pawl_status s = proof_parse(file, &p, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &p);
        return 0;
    }
    FUZZ_POISON(&opened);
    s = proof_open(file, pawl_private_public(signer), &opened, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &opened);
        FUZZ_HOLDS(!strcmp(err.where, "proof.verifier_key"));
        return 0;
    }
    has_one_encoding(&opened, pawl_view(in, n));
    FUZZ_POISON(&said);
    s = proof_check(&opened, &said, &err);
    if (pawl_is_ok(s))
        says_something(&said);
    else
        FUZZ_REFUSED(s, &err, &said);
    return 0;
}
