/* SPDX-License-Identifier: Apache-2.0 */
#include "operator_fixture.h"

#include <stdlib.h>

cJSON *parsed(char *json)
{
    cJSON *j = cJSON_Parse(json);

    assert_non_null(j);
    free(json);
    return j;
}

const cJSON *member(const cJSON *j, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(j, name);
}

const char *text_of(const cJSON *j, const char *name)
{
    const char *text = cJSON_GetStringValue(member(j, name));

    assert_non_null(text);
    return text;
}

const struct tenant_config *acme(const struct world *w)
{
    return &w->config.tenant[ACME];
}

void commit(struct world *w)
{
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    step_done(&w->step);
}
