/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of verifier.ini, section by section, and the reading of it that their values go into. */
#ifndef VERIFIER_CONFIG_KEY_H
#define VERIFIER_CONFIG_KEY_H

#include <stdio.h>

#include "config.h"

struct config_parse {
    struct verifier_config   c;
    FILE                    *file;
    size_t                   line;
    const struct config_key *keys;   /* of the present section; NULL before the first */
    struct tenant_config    *tenant; /* the present one */
    size_t                   webhook_line[CONFIG_TENANTS_MAX]; /* 0: the tenant has none */
    size_t                   store_line;                       /* 0: nothing is said of the store */
    bool                     had_verifier;
    uint32_t                 seen; /* bit i: keys[i] stood in this section */
    pawl_status              status;
    struct pawl_err         *err;
};

struct config_key {
    const char *name;
    pawl_status (*set)(struct config_parse *p, const char *value, struct pawl_err *err);
};

/* Both end with a name of NULL. A set function names no field: the line and the key are known. */
extern const struct config_key config_verifier_keys[];
extern const struct config_key config_tenant_keys[];

/* One more tenant, p->tenant, with what stands where nothing is said; there is room for it. */
PAWL_MUST_USE pawl_status config_tenant_begin(struct config_parse *p, const char *name,
                                              struct pawl_err *err);

#endif
