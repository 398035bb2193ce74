/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl quote verify: the verifier's appraisal of one quote, on files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appraise/policy_judge.h"
#include "appraise/quote.h"
#include "ctl/ctl.h"
#include "ctl/tpm2_tools.h"

enum { FILE_BYTES_MAX = 64 * 1024 };

/* All that was read, as the appraisal takes it. */
struct quote_files {
    struct bytes           attest_file;
    struct pawl_view       attest;
    struct tpm_bytes       ak, signature;
    bool                   ak_is_pem;
    uint8_t                nonce[PAWL_EXTRA_DATA_MAX];
    size_t                 nonce_n;
    struct pawl_name       signer; /* n 0: no EK was given */
    struct pawl_pcr_values values;
};

static void quote_files_done(struct quote_files *q)
{
    bytes_done(&q->attest_file);
}

static pawl_status read_public(const char *path, struct tpm_bytes *ret, bool *ret_is_pem,
                               struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };

    PAWL_TRY(input_read(path, FILE_BYTES_MAX, &file, err));
    return tpm2_public_read(bytes_view(&file), ret, ret_is_pem, err);
}

static pawl_status read_signature(const char *path, struct quote_files *q, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };

    PAWL_TRY(input_read(path, FILE_BYTES_MAX, &file, err));
    return tpm2_signature_read(bytes_view(&file), tpm_bytes_view(&q->ak), &q->signature, err);
}

static pawl_status name_of(const struct tpm_bytes *public, struct pawl_name *ret,
                           struct pawl_err *err)
{
    struct pawl_tpm_public p;

    PAWL_TRY(pawl_tpm_public_parse(tpm_bytes_view(public), &p, err));
    return pawl_tpm_name(&p, ret, err);
}

/* Q14: with the EK at hand, the quote itself shows that the AK is below it. */
static pawl_status read_ek(const char *path, struct quote_files *q, struct pawl_err *err)
{
    struct tpm_bytes ek;
    struct pawl_name chain[2];
    bool             is_pem;

    PAWL_TRY(read_public(path, &ek, &is_pem, err));
    if (is_pem || q->ak_is_pem)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "ek",
                         "the Names of EK and AK need their public areas, not PEM");
    PAWL_TRY(name_of(&ek, &chain[0], err));
    PAWL_TRY(name_of(&q->ak, &chain[1], err));
    return pawl_tpm_qualified_name(PAWL_TPM_RH_ENDORSEMENT, chain, 2, &q->signer, err);
}

static pawl_status read_files(const struct args *a, struct quote_files *q, struct pawl_err *err)
{
    PAWL_TRY(pawl_hex_parse(a->option[OPT_NONCE], "nonce", q->nonce, sizeof(q->nonce), &q->nonce_n,
                            err));
    PAWL_TRY(pawl_under(err, "ak", read_public(a->option[OPT_AK], &q->ak, &q->ak_is_pem, err)));
    PAWL_TRY(pawl_under(err, "attest",
                        input_read(a->option[OPT_ATTEST], FILE_BYTES_MAX, &q->attest_file, err)));
    q->attest = tpm2_attest_read(bytes_view(&q->attest_file));
    if (a->option[OPT_EK])
        PAWL_TRY(pawl_under(err, "ek", read_ek(a->option[OPT_EK], q, err)));
    return pawl_under(err, "signature", read_signature(a->option[OPT_SIGNATURE], q, err));
}

/* What should have been quoted: what --select says, else whatever the quote itself selects. */
static pawl_status selection(const struct args *a, const struct quote_files *q,
                             struct pawl_pcr_selection *ret, struct pawl_err *err)
{
    struct pawl_quote quote;

    if (a->option[OPT_SELECT])
        return pawl_under(err, "select",
                          pawl_pcr_selection_from_text(a->option[OPT_SELECT], ret, err));
    PAWL_TRY(pawl_under(err, "quote", pawl_quote_parse(q->attest, &quote, err)));
    *ret = quote.pcrs;
    return pawl_ok();
}

static pawl_status check(const struct args *a, struct quote_files *q, struct believed *ret,
                         struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes pcrs = { 0 };
    struct quote_expect                   want = { .nonce = pawl_view(q->nonce, q->nonce_n),
                                                   .ak_public = tpm_bytes_view(&q->ak),
                                                   .qualified_signer = pawl_name_view(&q->signer),
                                                   .may_lack_banks = true };

    PAWL_TRY(selection(a, q, &want.asked, err));
    PAWL_TRY(quote_check(NULL, &want, q->attest, tpm_bytes_view(&q->signature), ret, err));
    PAWL_TRY(pawl_under(err, "pcrs", input_read(a->option[OPT_PCRS], FILE_BYTES_MAX, &pcrs, err)));
    PAWL_TRY(
        pawl_under(err, "pcrs", tpm2_pcrs_read(bytes_view(&pcrs), &ret->pcrs, &q->values, err)));
    return quote_values_check(ret, &q->values, err);
}

/* A quote alone: no log, no list, and nobody knows whose TPM made it. */
static pawl_status judge(const char *path, const struct believed *b,
                         const struct pawl_pcr_values *values, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes   json = { 0 };
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };
    struct verdict                          v = { 0 };
    struct judging                          j = { .v = &v, .now_s = (int64_t)time(NULL) };
    struct policy_subject                   s = { .select = &b->pcrs, .values = values };

    s.manufacturer = "";
    s.firmware = b->clock.firmware;
    PAWL_TRY(input_read(path, POLICY_JSON_MAX, &json, err));
    PAWL_TRY(policy_parse(bytes_view(&json), &p, err));
    policy_appraise(&p, &s, &j);
    if (v.finding_n)
        return pawl_fail(err, PAWL_E_DENIED, reason_code(v.finding[0].reason), "%s",
                         v.finding[0].detail);
    return pawl_ok();
}

/* ---- the answer ----------------------------------------------------------------------------- */

static bool add_clock(cJSON *o, const struct pawl_clock *c)
{
    cJSON *clock = cJSON_AddObjectToObject(o, "clock");
    char   firmware[20];

    snprintf(firmware, sizeof(firmware), "%016llx", (unsigned long long)c->firmware);
    return clock && json_add_u64(clock, "ms", c->clock_ms) &&
           json_add_u64(clock, "resets", c->resets) &&
           json_add_u64(clock, "restarts", c->restarts) &&
           cJSON_AddBoolToObject(clock, "safe", c->safe) &&
           cJSON_AddStringToObject(o, "firmware", firmware);
}

static bool add_pcrs(cJSON *o, const struct pawl_pcr_selection *s, const struct pawl_pcr_values *v)
{
    cJSON *pcrs = cJSON_AddObjectToObject(o, "pcrs");

    for (size_t i = 0; i < s->n; i++) {
        cJSON *bank = cJSON_AddObjectToObject(pcrs, pawl_hash_name(s->bank[i].hash));
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            const struct pawl_digest *d = pawl_pcr_value(s, v, s->bank[i].hash, pcr);
            char                      number[4];
            snprintf(number, sizeof(number), "%u", pcr);
            if (d && !json_add_hex(bank, number, pawl_digest_view(d)))
                return false;
        }
    }
    return true;
}

static pawl_status answer(const struct args *a, const struct quote_files *q,
                          const struct believed *b, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *o = cJSON_CreateObject();
    struct pawl_tpm_public         ak;
    struct pawl_name               name;

    PAWL_TRY(pawl_tpm_public_parse(tpm_bytes_view(&q->ak), &ak, err));
    PAWL_TRY(pawl_tpm_name(&ak, &name, err));
    bool good = cJSON_AddBoolToObject(o, "good", true) &&
                cJSON_AddStringToObject(o, "key", pawl_public_name(&ak.key)) &&
                (q->ak_is_pem /* a Name covers attributes, which a PEM does not tell */
                     ? cJSON_AddStringToObject(o, "attributes", "taken on trust, the AK is PEM") !=
                           NULL
                     : json_add_hex(o, "name", pawl_name_view(&name))) &&
                cJSON_AddBoolToObject(o, "below_ek", q->signer.n > 0) &&
                json_add_hex(o, "nonce", pawl_view(q->nonce, q->nonce_n)) &&
                add_clock(o, &b->clock) &&
                (!a->option[OPT_POLICY] || cJSON_AddStringToObject(o, "policy", "satisfied")) &&
                add_pcrs(o, &b->pcrs, &q->values);
    if (!good)
        return pawl_fail(err, PAWL_E_MEMORY, "answer", "no memory");
    *ret = o;
    o = NULL;
    return pawl_ok();
}

pawl_status quote_verify(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(quote_files_done) struct quote_files q = { 0 };
    struct believed                                   b;

    PAWL_TRY(read_files(a, &q, err));
    PAWL_TRY(check(a, &q, &b, err));
    if (a->option[OPT_POLICY])
        PAWL_TRY(pawl_under(err, "policy", judge(a->option[OPT_POLICY], &b, &q.values, err)));
    return answer(a, &q, &b, ret, err);
}
