/* SPDX-License-Identifier: Apache-2.0 */
/* pawlctl ekcert verify: whether an EK certificate leads to one of these roots. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "appraise/firmware.h"
#include "ctl/ctl.h"
#include "enroll/ek.h"

enum { FILE_BYTES_MAX = 64 * 1024 };

pawl_status cert_read(const char *path, struct bytes *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 }, der = { 0 };
    static const char                     begin[] = "-----BEGIN";

    PAWL_TRY(input_read(path, FILE_BYTES_MAX, &file, err));
    if (!memmem(file.p, file.n, begin, sizeof(begin) - 1)) {
        *ret = file;
        file = (struct bytes){ 0 };
        return pawl_ok();
    }
    der.p = malloc(FILE_BYTES_MAX);
    if (!der.p)
        return pawl_fail(err, PAWL_E_MEMORY, "certificate", "no memory");
    PAWL_TRY(pawl_pem_to_der(bytes_view(&file), "CERTIFICATE", der.p, FILE_BYTES_MAX, &der.n, err));
    *ret = der;
    der = (struct bytes){ 0 };
    return pawl_ok();
}

static pawl_status load(const struct args *a, bool is_swtpm, struct ek_trust *ret,
                        struct pawl_err *err)
{
    /* Whoever names a software TPM's root here means the lab. */
    struct pawl_certs **roots = is_swtpm ? &ret->lab : &ret->vendor;

    PAWL_TRY(pawl_under(err, "roots", ek_certs_load(a->option[OPT_ROOTS], roots, err)));
    if (!*roots)
        return pawl_fail(err, PAWL_E_ABSENT, "roots", "no certificate is there");
    if (!a->option[OPT_INTERMEDIATES])
        return pawl_ok();
    return pawl_under(err, "intermediates",
                      ek_certs_load(a->option[OPT_INTERMEDIATES], &ret->intermediates, err));
}

/* What is known of the firmware that the TPM left the factory with, as far as the certificate says
 * which. It may be another one today: a quote tells. */
static bool add_advisories(cJSON *o, const struct pawl_ek_cert *c)
{
    cJSON                          *list = cJSON_AddArrayToObject(o, "advisories");
    const struct firmware_advisory *a = NULL;
    uint32_t                        upper;

    if (!list || !firmware_of_certificate(c->version, &upper))
        return list;
    uint64_t lowest = (uint64_t)upper << 32;
    while ((a = firmware_advisory_next(a, c->manufacturer, lowest, lowest | UINT32_MAX)))
        if (!cJSON_AddItemToArray(list, cJSON_CreateString(a->number)))
            return false;
    return true;
}

static bool add_facts(cJSON *o, const struct pawl_ek_cert *c, enum roots roots,
                      const uint8_t root[32])
{
    return cJSON_AddBoolToObject(o, "good", true) &&
           cJSON_AddStringToObject(o, "manufacturer", c->manufacturer) &&
           cJSON_AddStringToObject(o, "model", c->model) &&
           cJSON_AddStringToObject(o, "version", c->version) &&
           cJSON_AddStringToObject(o, "key", pawl_public_name(&c->key)) &&
           cJSON_AddStringToObject(o, "issuer", c->issuer) &&
           cJSON_AddStringToObject(o, "serial", c->serial) &&
           cJSON_AddNumberToObject(o, "not_before", (double)c->not_before_s) &&
           cJSON_AddNumberToObject(o, "not_after", (double)c->not_after_s) &&
           /* EK certificates outlive their dates; whether that matters is policy. */
           cJSON_AddBoolToObject(o, "expired", c->not_after_s < (int64_t)time(NULL)) &&
           cJSON_AddBoolToObject(o, "ek_usage", c->has_ek_usage) &&
           cJSON_AddBoolToObject(o, "software_tpm", roots == ROOTS_LAB) &&
           json_add_hex(o, "root", pawl_view(root, 32)) && add_advisories(o, c);
}

pawl_status ekcert_verify(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes       file = { 0 };
    PAWL_CLEANUP(ek_trust_done) struct ek_trust trust = { 0 };
    PAWL_CLEANUP(json_free) cJSON              *o = cJSON_CreateObject();
    PAWL_CLEANUP(pawl_ek_free) struct pawl_ek  *cert = NULL;
    enum roots                                  roots;
    uint8_t                                     root[32];

    PAWL_TRY(cert_read(a->operand, &file, err));
    PAWL_TRY(pawl_under(err, "ek_cert", pawl_ek_read(bytes_view(&file), &cert, err)));
    const struct pawl_ek_cert *says = pawl_ek_says(cert);
    PAWL_TRY(load(a, ek_cert_is_swtpm(says), &trust, err));
    PAWL_TRY(ek_chain_judge(&trust, cert, NULL, 0, 0, &roots, root, err));
    if (!add_facts(o, says, roots, root))
        return pawl_fail(err, PAWL_E_MEMORY, "answer", "no memory");
    *ret = o;
    o = NULL;
    return pawl_ok();
}
