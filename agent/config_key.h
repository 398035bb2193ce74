/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the configuration and what each may hold. A failure's err->where is "value": who
 * reads the file puts file, line and key there. Called by config.c alone.
 */
#ifndef AGENT_CONFIG_KEY_H
#define AGENT_CONFIG_KEY_H

#include "config.h"

#define CONFIG_KEY_MAX 40

struct config_key {
    const char *name;
    pawl_status (*set)(struct config *c, const char *value, struct pawl_err *err);
};

extern const struct config_key config_keys[];
extern const size_t            config_keys_n; /* at most CONFIG_KEY_MAX */

/* "ID.SECRET" in base64url. Never says what it read. */
PAWL_MUST_USE pawl_status config_set_token(struct config *c, const char *value,
                                           struct pawl_err *err);

/* One line of [facts], in any order. */
PAWL_MUST_USE pawl_status config_add_fact(struct config *c, const char *key, const char *value,
                                          struct pawl_err *err);

#endif
