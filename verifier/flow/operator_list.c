/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of lists. */

#include <stdio.h>

#include "flow/operator_find.h"

enum { PAGE = 100 };

pawl_status list_page_begin(struct json *j, const char *name, const struct list_query *q,
                            struct list_page *ret, struct pawl_err *err)
{
    if (q->limit > OPERATOR_PAGE_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "limit", "at most %d", OPERATOR_PAGE_MAX);
    *ret = (struct list_page){ .j = j,
                               .list = json_array(j, j->root, name),
                               .limit = q->limit ? q->limit : PAGE };
    return pawl_ok();
}

cJSON *list_page_row(struct list_page *p, const char *key)
{
    if (p->n++ >= p->limit)
        return NULL;
    snprintf(p->last, sizeof(p->last), "%s", key);
    return json_object(p->j, p->list, NULL);
}

void list_page_end(struct list_page *p)
{
    if (p->n > p->limit)
        json_text(p->j, p->j->root, "next", p->last);
    else
        json_null(p->j, p->j->root, "next");
}
