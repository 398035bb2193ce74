/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the operator's flows read answers with, and how they make a plan durable. */
#ifndef TESTS_OPERATOR_FIXTURE_H
#define TESTS_OPERATOR_FIXTURE_H

#include <cjson/cJSON.h>

#include "flow_fixture.h"

/* An answer, which is released; the caller deletes what it gets. */
cJSON *parsed(char *json);

/* NULL if there is none. */
const cJSON *member(const cJSON *j, const char *name);

/* A text that must be there. */
const char *text_of(const cJSON *j, const char *name);

const struct tenant_config *acme(const struct world *w);

/* acme's chain is whole and has n entries, of which the last is about this device (NULL: none): its
 * line, which the caller deletes. */
cJSON *chain_ends(struct world *w, size_t n, const uint8_t *device);

/* w->step becomes durable, and is empty again. */
void commit(struct world *w);

#endif
