/* SPDX-License-Identifier: Apache-2.0 */
#include "operator_fixture.h"

#include "audit.h"

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

struct chain {
    size_t            n;
    struct audit_head head;
    struct audit_row  last;
};

static pawl_status take_line(const struct audit_row *a, void *arg, struct pawl_err *err)
{
    struct chain *c = arg;

    T_OK(audit_next(&c->head, a, &c->head, err), err);
    assert_memory_equal(c->head.hash, a->hash, sizeof(a->hash));
    c->last = *a;
    c->n++;
    return pawl_ok();
}

cJSON *chain_ends(struct world *w, size_t n, const uint8_t *device)
{
    static const uint8_t none[PAWL_DEVICE_ID];
    const struct store  *s = &w->store.store;
    struct chain         c = { 0 };

    T_OK(s->audit(s->self, pawl_view_str("acme"), 0, 99, take_line, &c, &w->err), &w->err);
    assert_int_equal(c.n, n);
    assert_memory_equal(c.last.device, device ? device : none, PAWL_DEVICE_ID);
    cJSON *line = cJSON_Parse(c.last.line);
    assert_non_null(line);
    return line;
}

void commit(struct world *w)
{
    T_OK(store_commit_wait(&w->store.store, &w->step, &w->err), &w->err);
    step_done(&w->step);
}
