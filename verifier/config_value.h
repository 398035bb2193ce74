/* SPDX-License-Identifier: Apache-2.0 */
/* Values of verifier.ini, as text. Errors name no field: the caller knows line and key. */
#ifndef VERIFIER_CONFIG_VALUE_H
#define VERIFIER_CONFIG_VALUE_H

#include "config.h"

PAWL_MUST_USE pawl_status value_copy(const char *value, char *ret, size_t cap,
                                     struct pawl_err *err);
/* Relative to the state directory. Empty stays empty. */
PAWL_MUST_USE pawl_status value_path(const char *state, const char *value,
                                     char ret[CONFIG_PATH_MAX], struct pawl_err *err);
PAWL_MUST_USE pawl_status value_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret,
                                       struct pawl_err *err);
/* HOST:PORT, the host not empty, the port a number. */
PAWL_MUST_USE pawl_status value_host_port(const char *value, uint64_t port_min,
                                          struct pawl_err *err);
/* One of the two words; *ret: it is `yes`. */
PAWL_MUST_USE pawl_status value_either(const char *value, const char *no, const char *yes,
                                       bool *ret, struct pawl_err *err);

#endif
