/* SPDX-License-Identifier: Apache-2.0 */
#include "config_value.h"

#include <stdio.h>
#include <string.h>

pawl_status value_copy(const char *value, char *ret, size_t cap, struct pawl_err *err)
{
    if (!*value)
        return pawl_fail(err, PAWL_E_FORM, "", "is empty");
    if (strlen(value) >= cap)
        return pawl_fail(err, PAWL_E_RANGE, "", "has %zu characters, at most %zu are taken",
                         strlen(value), cap - 1);
    memcpy(ret, value, strlen(value) + 1);
    return pawl_ok();
}

pawl_status value_path(const char *state, const char *value, char ret[CONFIG_PATH_MAX],
                       struct pawl_err *err)
{
    int n;

    if (!*value || value[0] == '/')
        n = snprintf(ret, CONFIG_PATH_MAX, "%s", value);
    else
        n = snprintf(ret, CONFIG_PATH_MAX, "%s/%s", state, value);
    if (n < 0 || n >= CONFIG_PATH_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "", "the path is longer than %d bytes",
                         CONFIG_PATH_MAX - 1);
    return pawl_ok();
}

pawl_status value_number(const char *value, uint64_t min, uint64_t max, uint64_t *ret,
                         struct pawl_err *err)
{
    uint64_t n;

    PAWL_TRY(pawl_u64_parse(value, "", max, &n, err));
    if (n < min)
        return pawl_fail(err, PAWL_E_RANGE, "", "less than %llu", (unsigned long long)min);
    *ret = n;
    return pawl_ok();
}

pawl_status value_host_port(const char *value, uint64_t port_min, struct pawl_err *err)
{
    const char *colon = strrchr(value, ':');
    uint64_t    port;

    if (!colon || colon == value)
        return pawl_fail(err, PAWL_E_FORM, "", "is not HOST:PORT");
    if (value[0] == '[' ? colon[-1] != ']' : memchr(value, ':', (size_t)(colon - value)) != NULL)
        return pawl_fail(err, PAWL_E_FORM, "", "an IPv6 address stands in brackets");
    return value_number(colon + 1, port_min, 65535, &port, err);
}

pawl_status value_either(const char *value, const char *no, const char *yes, bool *ret,
                         struct pawl_err *err)
{
    if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
        return pawl_fail(err, PAWL_E_FORM, "", "is none of %s, %s", no, yes);
    *ret = strcmp(value, yes) == 0;
    return pawl_ok();
}
