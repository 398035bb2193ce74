/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl incident, of a running verifier: what was found, its end, and its proofs as files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/api.h"
#include "proof/proof.h"

pawl_status incident_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/incidents?limit=1000"));
    if (a->option[OPT_OPEN])
        PAWL_TRY(api_path(&path, err, "&open=1"));
    if (a->option[OPT_DEVICE])
        PAWL_TRY(api_path(&path, err, "&device=%s", a->option[OPT_DEVICE]));
    return api_list(a, path.p, "incidents", 0, ret, err);
}

pawl_status incident_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/incidents/%s", a->operand));
    return api_call(a, path.p, NULL, ret, err);
}

pawl_status incident_end(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *body = cJSON_CreateObject();
    const char                                 *note = a->option[OPT_NOTE];

    PAWL_TRY(api_path(&path, err, "/incidents/%s/close", a->operand));
    if (!body || (note && !cJSON_AddStringToObject(body, "note", note)))
        return pawl_fail(err, PAWL_E_MEMORY, "request", "no memory");
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, path.p, handed_over, ret, err);
}

/* ---- export --------------------------------------------------------------------------------- */

static pawl_status decode(const cJSON *proof, struct bytes *ret, struct pawl_err *err)
{
    const char *text = json_text(proof, "b64");

    if (!text)
        return pawl_fail(err, PAWL_E_IO, "verifier", "a proof without its bytes");
    ret->p = malloc(PROOF_MAX);
    if (!ret->p)
        return pawl_fail(err, PAWL_E_MEMORY, "proof", "no memory");
    return pawl_b64_parse(pawl_view_str(text), "proof", ret->p, PROOF_MAX, &ret->n, err);
}

/* What a proof is worth to somebody who wants to know why the incident is called as it is. */
struct worth {
    enum proof_strength
         strength; /* NOTHING for one that fails its own check: it is shown as well */
    bool named;    /* its rule is one of those that give the incident its name */
};

static struct worth worth_of(struct pawl_view file, const char *kind)
{
    struct proof      p;
    struct proof_said said;
    struct pawl_err   ignored;

    if (!pawl_is_ok(proof_parse(file, &p, &ignored)) ||
        !pawl_is_ok(proof_check(&p, &said, &ignored)))
        return (struct worth){ 0 };
    return (struct worth){
        .strength = said.strength,
        .named = kind && strcmp(incident_kind_name(incident_kind_of(p.rule)), kind) == 0,
    };
}

static bool is_less(struct worth a, struct worth b)
{
    return a.strength != b.strength ? a.strength < b.strength : a.named < b.named;
}

static pawl_status export_one(const cJSON *proof, const char *path, cJSON *files,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
    cJSON                                *o = cJSON_CreateObject();

    if (!o || !cJSON_AddItemToArray(files, o)) {
        cJSON_Delete(o);
        return pawl_fail(err, PAWL_E_MEMORY, "export", "no memory");
    }
    PAWL_TRY(decode(proof, &file, err));
    PAWL_TRY(output_new(path, bytes_view(&file), err));
    if (!cJSON_AddStringToObject(o, "file", path) ||
        !json_add_u64(o, "number", (uint64_t)json_number(proof, "number", 0)) ||
        !cJSON_AddStringToObject(o, "strength",
                                 proof_strength_name(worth_of(bytes_view(&file), NULL).strength)))
        return pawl_fail(err, PAWL_E_MEMORY, "export", "no memory");
    return pawl_ok();
}

/* The strongest; of those one about what the incident is called; of those the last: it knows most.
 */
static pawl_status find_best(const cJSON *incident, const cJSON **ret, struct pawl_err *err)
{
    const char  *kind = json_text(incident, "kind");
    const cJSON *p, *best = NULL;
    struct worth most = { 0 };

    cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(incident, "proofs"))
    {
        PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
        PAWL_TRY(decode(p, &file, err));
        struct worth w = worth_of(bytes_view(&file), kind);
        if (best && is_less(w, most))
            continue;
        best = p;
        most = w;
    }
    if (!best)
        return pawl_fail(err, PAWL_E_DENIED, "incident", "has no proof");
    *ret = best;
    return pawl_ok();
}

static pawl_status export_all(const cJSON *proofs, const char *path, cJSON *files,
                              struct pawl_err *err)
{
    const cJSON *p;

    cJSON_ArrayForEach(p, proofs)
    {
        char numbered[4096];
        snprintf(numbered, sizeof(numbered), "%s.%d", path, (int)json_number(p, "number", 0));
        PAWL_TRY(export_one(p, numbered, files, err));
    }
    return pawl_ok();
}

/* d1abb4ea12345678.7.proof; what an answer says must not lead into another directory. */
static void name_file(const cJSON *incident, char ret[64])
{
    const char *device = json_text(incident, "device");
    bool        is_id = device && strspn(device, "0123456789abcdef") == 2 * PAWL_DEVICE_ID;

    snprintf(ret, 64, "%.16s.%lld.proof", is_id ? device : "incident",
             (long long)json_number(incident, "epoch", 0));
}

pawl_status incident_export(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *incident = NULL, *answer = cJSON_CreateObject();
    const cJSON                   *best;
    char                           own_name[64];

    PAWL_TRY(incident_show(a, &incident, err));
    name_file(incident, own_name);
    const char  *path = a->option[OPT_OUT] ? a->option[OPT_OUT] : own_name;
    const cJSON *proofs = cJSON_GetObjectItemCaseSensitive(incident, "proofs");
    cJSON       *files = cJSON_AddArrayToObject(answer, "files");
    if (!files)
        return pawl_fail(err, PAWL_E_MEMORY, "export", "no memory");
    PAWL_TRY(find_best(incident, &best, err));
    if (a->option[OPT_ALL])
        PAWL_TRY(export_all(proofs, path, files, err));
    else
        PAWL_TRY(export_one(best, path, files, err));
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}
