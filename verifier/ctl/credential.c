/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl credential and whoami: who may use the operator API from afar, and for what. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/api.h"
#include "ctl/show.h"
#include "ctl/table.h"

/* ---- asking --------------------------------------------------------------------------------- */

/* "tunnel,disk" becomes a list. */
static bool add_labels(cJSON *body, const char *labels)
{
    cJSON *list = cJSON_AddArrayToObject(body, "labels");

    while (list && labels) {
        size_t n = strcspn(labels, ",");
        char  *label = strndup(labels, n);
        cJSON *item = label ? cJSON_CreateString(label) : NULL;

        free(label);
        if (!cJSON_AddItemToArray(list, item))
            return false;
        labels = labels[n] ? labels + n + 1 : NULL;
    }
    return list != NULL;
}

/* What the verifier knows a certificate by: its key. */
static pawl_status add_certificate(cJSON *body, const char *path, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes der = { 0 };
    struct pawl_cert_key                  cert;
    uint8_t                               spki[PAWL_SPKI_PIN];

    PAWL_TRY(cert_read(path, &der, err));
    PAWL_TRY(pawl_under(err, "certificate", pawl_cert_key(bytes_view(&der), &cert, err)));
    PAWL_TRY(pawl_spki_pin(&cert.key, spki, err));
    return json_add_hex(body, "spki", PAWL_VIEW_OF(spki)) ? pawl_ok() : json_no_memory(err);
}

pawl_status credential_add(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *body = cJSON_CreateObject();
    const char                    *until = a->option[OPT_UNTIL];

    if (!cJSON_AddStringToObject(body, "name", a->operand) ||
        !cJSON_AddStringToObject(body, "role", a->option[OPT_ROLE]) ||
        (a->option[OPT_LABEL] && !add_labels(body, a->option[OPT_LABEL])) ||
        (until && !cJSON_AddStringToObject(body, "expires", until)) ||
        (a->option[OPT_ALL] && !cJSON_AddTrueToObject(body, "all_tenants")))
        return json_no_memory(err);
    if (a->option[OPT_CERTIFICATE])
        PAWL_TRY(add_certificate(body, a->option[OPT_CERTIFICATE], err));
    cJSON *handed_over = body;
    body = NULL;
    return api_call(a, "/credentials", handed_over, ret, err);
}

pawl_status credential_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_call(a, "/credentials", NULL, ret, err);
}

pawl_status credential_drop(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/credentials/%s/drop", a->operand));
    return api_call(a, path.p, cJSON_CreateObject(), ret, err);
}

pawl_status whoami(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return api_call(a, "/whoami", NULL, ret, err);
}

/* ---- showing -------------------------------------------------------------------------------- */

void show_credentials(const cJSON *answer)
{
    static const struct column columns[] = {
        { "NAME", "name", 16, 8, 0 },        { "ROLE", "role", 8, 0, 1 },
        { "TENANT", "tenant", 12, 6, 3 },    { "KIND", "kind", 11, 0, 4 },
        { "EXPIRES", "expires", 20, 10, 2 }, { "BY", "author", 16, 4, 5 },
    };

    TABLE_SHOW(answer, "credentials", columns);
}

/* The secret alone, so that a file gets it: pawlctl credential add ann --role read >ann.secret */
void show_credential(const cJSON *answer)
{
    const char *secret = json_text(answer, "secret");

    if (!secret) {
        show_members(answer);
        return;
    }
    show_text(secret, 0, INT_MAX);
    putchar('\n');
}

void show_credential_dropped(const cJSON *answer)
{
    printf("credential ");
    show_text(json_text(answer, "name"), 0, INT_MAX);
    puts(" dropped");
}
