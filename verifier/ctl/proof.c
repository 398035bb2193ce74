/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl incident verify: a proof as somebody reads it who was not there.
 *
 * Whose key signed it is decided by the reader: by a JWKS, or by the pin that devices have of the
 * verifier. Without either, what the device's TPM says is checked all the same, and it is said that
 * nobody vouched for the rest.
 */
#include "proof/proof.h"

#include <string.h>

#include "ctl/ctl.h"

/* ---- whose signature ------------------------------------------------------------------------ */

static pawl_status key_inside(const struct proof *p, struct pawl_public *ret, struct pawl_err *err)
{
    struct pawl_public k = { .kind = PAWL_KEY_P256, .n = PAWL_POINT_P256 };

    memcpy(k.b, p->verifier_key.p, PAWL_POINT_P256);
    PAWL_TRY(pawl_under(err, "proof.verifier_key", pawl_public_check(&k, err)));
    *ret = k;
    return pawl_ok();
}

/* The pin as agent.ini has it. */
static pawl_status check_pin(const char *pin, const struct pawl_public *key, struct pawl_err *err)
{
    uint8_t want[PAWL_SPKI_PIN], got[PAWL_SPKI_PIN];
    size_t  n;

    PAWL_TRY(pawl_b64url_parse(pawl_view_str(pin), "key", want, sizeof(want), &n, err));
    PAWL_TRY(pawl_spki_pin(key, got, err));
    if (n != sizeof(want))
        return pawl_fail(err, PAWL_E_RANGE, "key", "has %zu bytes, not %zu", n, sizeof(want));
    if (!pawl_view_equal(PAWL_VIEW_OF(want), PAWL_VIEW_OF(got)))
        return pawl_fail(err, PAWL_E_DENIED, "key", "is not the one that signed this proof");
    return pawl_ok();
}

static pawl_status find_key(const struct args *a, const struct proof *p, struct pawl_public *ret,
                            struct pawl_err *err)
{
    char kid[2 * PAWL_VERIFIER_ID + 1];

    if (a->option[OPT_JWKS]) {
        PAWL_TRY(pawl_hex_write(p->verifier_id, kid, sizeof(kid), err));
        return jwks_key(a->option[OPT_JWKS], kid, "proof.kid", ret, err);
    }
    PAWL_TRY(key_inside(p, ret, err));
    return a->option[OPT_KEY] ? check_pin(a->option[OPT_KEY], ret, err) : pawl_ok();
}

/* ---- the answer ----------------------------------------------------------------------------- */

static bool add_text(cJSON *o, const char *name, struct pawl_view v)
{
    char text[PROOF_DETAIL_MAX + 1];

    if (v.n >= sizeof(text))
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    return cJSON_AddStringToObject(o, name, text) != NULL;
}

static bool add_proof(cJSON *o, const struct proof *p)
{
    return json_add_hex(o, "verifier", p->verifier_id) && add_text(o, "tenant", p->tenant) &&
           json_add_hex(o, "device", p->device_id) && json_add_u64(o, "epoch", p->epoch) &&
           cJSON_AddStringToObject(o, "kind", incident_kind_name(incident_kind_of(p->rule))) &&
           cJSON_AddStringToObject(o, "rule", rule_name(p->rule)) &&
           cJSON_AddNumberToObject(o, "time", (double)(p->time_ms / 1000)) &&
           add_text(o, "detail", p->detail);
}

static bool add_said(cJSON *o, const struct proof_said *said)
{
    cJSON *says = cJSON_AddArrayToObject(o, "says");

    for (size_t i = 0; i < said->n && says; i++) {
        cJSON *line = cJSON_CreateString(said->line[i]);
        if (!line || !cJSON_AddItemToArray(says, line)) {
            cJSON_Delete(line);
            return false;
        }
    }
    return says != NULL;
}

pawl_status incident_verify(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
    PAWL_CLEANUP(json_free) cJSON        *o = cJSON_CreateObject();
    struct proof                          p;
    struct proof_said                     said;
    struct pawl_public                    key;
    bool                                  known = a->option[OPT_JWKS] || a->option[OPT_KEY];

    if (a->option[OPT_JWKS] && a->option[OPT_KEY])
        return pawl_fail(err, PAWL_E_BUG, "key", "give --jwks or --key, not both");
    PAWL_TRY(input_read(a->operand, PROOF_MAX, &file, err));
    PAWL_TRY(proof_parse(bytes_view(&file), &p, err));
    PAWL_TRY(find_key(a, &p, &key, err));
    PAWL_TRY(proof_open(bytes_view(&file), &key, &p, err));
    PAWL_TRY(proof_check(&p, &said, err));
    if (!cJSON_AddBoolToObject(o, "good", known && said.strength != PROOF_NOTHING) ||
        !cJSON_AddStringToObject(o, "strength", proof_strength_name(said.strength)) ||
        !cJSON_AddBoolToObject(o, "verifier_known", known) || !add_proof(o, &p) ||
        !add_said(o, &said))
        return pawl_fail(err, PAWL_E_MEMORY, "proof", "no memory");
    *ret = o;
    o = NULL;
    return pawl_ok();
}

bool incident_is_good(const cJSON *answer)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "good"));
}
