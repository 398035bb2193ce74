/* SPDX-License-Identifier: Apache-2.0 */
#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state/json.h"

/* One EK as text, the same for both forms; empty where there is nothing to say. */
struct row {
    char index[16];
    const char *template;
    const char *state;
    const char *certificate;
    char        ek_name[2 * PAWL_NAME_MAX + 1];
    char        device_id[2 * PAWL_DEVICE_ID + 1];
    char        cert_sha256[2 * 32 + 1];
    const char *manufacturer, *model, *version, *serial;
    const char *key_matches;
    char        problem[224];
};

static const struct {
    const char *name;
    size_t      at;
    bool        inside; /* the text itself, not a pointer to it */
    bool        flag;   /* "true" or "false" */
} columns[] = {
    { "index", offsetof(struct row, index), true },
    { "template", offsetof(struct row, template), false },
    { "state", offsetof(struct row, state), false },
    { "certificate", offsetof(struct row, certificate), .flag = true },
    { "ek_name", offsetof(struct row, ek_name), true },
    { "device_id", offsetof(struct row, device_id), true },
    { "cert_sha256", offsetof(struct row, cert_sha256), true },
    { "manufacturer", offsetof(struct row, manufacturer), false },
    { "model", offsetof(struct row, model), false },
    { "version", offsetof(struct row, version), false },
    { "serial", offsetof(struct row, serial), false },
    { "key_matches", offsetof(struct row, key_matches), .flag = true },
    { "problem", offsetof(struct row, problem), true },
};

enum { COLUMNS = sizeof(columns) / sizeof(*columns) };

static const char *cell(const struct row *r, size_t column)
{
    const char *at = (const char *)r + columns[column].at;

    return columns[column].inside ? at : *(const char *const *)(const void *)at;
}

static pawl_status make_row(const struct tpm_ek *ek, struct row *r, struct pawl_err *err)
{
    uint8_t hash[32];

    *r = (struct row){ .template = ek->template ? pawl_template_name(ek->template) : "",
                       .state = tpm_ek_state_name(ek->state),
                       .certificate = ek->cert_n ? "true" : "false",
                       .manufacturer = ek->facts.manufacturer,
                       .model = ek->facts.model,
                       .version = ek->facts.version,
                       .serial = ek->facts.serial,
                       .key_matches = ek->state == TPM_EK_MATCHES ? "true" : "false" };
    snprintf(r->index, sizeof(r->index), "0x%08" PRIX32, ek->index);
    if (ek->problem.code != PAWL_E_NONE)
        snprintf(r->problem, sizeof(r->problem), "%s: %s", ek->problem.where, ek->problem.why);
    if (ek->public_n) {
        PAWL_TRY(pawl_hex_write(pawl_name_view(&ek->name), r->ek_name, sizeof(r->ek_name), err));
        PAWL_TRY(
            pawl_hex_write(PAWL_VIEW_OF(ek->device_id), r->device_id, sizeof(r->device_id), err));
    }
    if (!ek->cert_n)
        return pawl_ok();
    PAWL_TRY(pawl_sha256(pawl_view(ek->cert, ek->cert_n), hash, err));
    return pawl_hex_write(PAWL_VIEW_OF(hash), r->cert_sha256, sizeof(r->cert_sha256), err);
}

/* RFC 4180. A cell that a spreadsheet would take for a formula is text like any other here. */
static void print_csv_cell(const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_csv(const struct row *rows, size_t n)
{
    for (size_t c = 0; c < COLUMNS; c++)
        printf("%s%s", c ? "," : "", columns[c].name);
    putchar('\n');
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            if (c)
                putchar(',');
            print_csv_cell(cell(&rows[i], c));
        }
        putchar('\n');
    }
}

static void print_json(const struct row *rows, size_t n)
{
    PAWL_CLEANUP(json_done) cJSON *list = cJSON_CreateArray();

    for (size_t i = 0; i < n; i++) {
        cJSON *one = cJSON_CreateObject();
        for (size_t c = 0; c < COLUMNS; c++) {
            const char *text = cell(&rows[i], c);
            if (columns[c].flag)
                cJSON_AddBoolToObject(one, columns[c].name, *text == 't');
            else
                cJSON_AddStringToObject(one, columns[c].name, text);
        }
        cJSON_AddItemToArray(list, one);
    }
    json_print(list);
}

static void tpm_done(struct tpm **t)
{
    if (*t)
        tpm_close(t);
}

pawl_status identity_print(const struct config *c, bool csv, struct pawl_err *err)
{
    PAWL_CLEANUP(tpm_done) struct tpm *t = NULL;
    struct tpm_identity                id = { 0 };
    struct row                         rows[TPM_EKS_MAX];

    PAWL_TRY(tpm_open(c->tcti, &t, err));
    PAWL_TRY(tpm_identity(t, true, &id, err));
    for (size_t i = 0; i < id.n; i++)
        PAWL_TRY(make_row(&id.ek[i], &rows[i], err));
    if (csv)
        print_csv(rows, id.n);
    else
        print_json(rows, id.n);
    return pawl_ok();
}
