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

pawl_status papers_manufacturer(const struct store *s, const struct device *d,
                                char ret[PAPERS_MANUFACTURER], struct pawl_err *err)
{
    JSON  j = { 0 };
    char *text = NULL;

    ret[0] = 0;
    pawl_status found = s->papers(s->self, pawl_view_str(d->tenant), PAWL_VIEW_OF(d->id), &text,
                                  err);
    if (found.code == PAWL_E_ABSENT)
        return pawl_ok();
    PAWL_TRY(found);
    j.root = cJSON_Parse(text);
    free(text);
    if (!j.root)
        return pawl_fail(err, PAWL_E_FORM, "papers", "the store's are no JSON");
    const cJSON *ek = cJSON_GetObjectItemCaseSensitive(j.root, "ek");
    const char  *maker = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(ek, "manufacturer"));
    snprintf(ret, PAPERS_MANUFACTURER, "%s", maker ? maker : "");
    return pawl_ok();
}
