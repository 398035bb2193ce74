/* SPDX-License-Identifier: Apache-2.0 */
/* A device's papers. */

#include "flow/papers.h"

#include <stdio.h>
#include <stdlib.h>

#include "flow/json.h"

pawl_status papers_write(const struct cookie *c, char **ret, struct pawl_err *err)
{
    const struct pawl_ek_cert *cert = &c->id.cert;
    JSON                       j = json_begin();
    cJSON                     *ek = json_object(&j, j.root, "ek");
    cJSON                     *facts = json_object(&j, j.root, "facts");

    json_text(&j, ek, "manufacturer", cert->manufacturer);
    json_text(&j, ek, "model", cert->model);
    json_text(&j, ek, "version", cert->version);
    json_text(&j, ek, "subject", cert->subject);
    json_text(&j, ek, "issuer", cert->issuer);
    json_text(&j, ek, "serial", cert->serial);
    json_i64(&j, ek, "not_before", cert->not_before_s);
    json_i64(&j, ek, "not_after", cert->not_after_s);
    for (size_t i = 0; i < c->fact_n; i++) {
        char key[PAWL_FACT_MAX + 1];
        snprintf(key, sizeof(key), "%.*s", (int)c->fact[i].key.n, (const char *)c->fact[i].key.p);
        json_text_n(&j, facts, key, c->fact[i].value);
    }
    return json_end(&j, ret, err);
}
