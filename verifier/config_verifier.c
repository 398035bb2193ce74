/* SPDX-License-Identifier: Apache-2.0 */
/* What [verifier] may say. */
#include "config_key.h"

#include <string.h>

#include "config_value.h"

static pawl_status set_listen(struct config_parse *p, const char *value, struct pawl_err *err)
{
    PAWL_TRY(value_host_port(value, 0, err));
    return value_copy(value, p->c.listen, sizeof(p->c.listen), err);
}

static pawl_status set_address(struct config_parse *p, const char *value, struct pawl_err *err)
{
    PAWL_TRY(value_host_port(value, 1, err));
    return value_copy(value, p->c.address, sizeof(p->c.address), err);
}

static pawl_status set_operator_socket(struct config_parse *p, const char *value,
                                       struct pawl_err *err)
{
    if (!*value)
        return pawl_fail(err, PAWL_E_FORM, "", "is empty");
    return value_path(p->c.state, value, p->c.operator_socket, err);
}

static pawl_status set_operator_listen(struct config_parse *p, const char *value,
                                       struct pawl_err *err)
{
    PAWL_TRY(value_host_port(value, 0, err));
    return value_copy(value, p->c.operator_listen, sizeof(p->c.operator_listen), err);
}

static pawl_status set_operator_clients(struct config_parse *p, const char *value,
                                        struct pawl_err *err)
{
    return value_path(p->c.state, value, p->c.operator_clients, err);
}

static pawl_status set_store(struct config_parse *p, const char *value, struct pawl_err *err)
{
    p->store_line = p->line;
    p->c.on_postgres = strcmp(value, "postgres") == 0;
    if (!p->c.on_postgres && strcmp(value, "sqlite") != 0)
        return pawl_fail(err, PAWL_E_FORM, "", "is sqlite or postgres");
    return pawl_ok();
}

/* What libpq makes of it is found out when it connects. */
static pawl_status set_postgres(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_copy(value, p->c.postgres, sizeof(p->c.postgres), err);
}

static pawl_status set_workers(struct config_parse *p, const char *value, struct pawl_err *err)
{
    uint64_t n = 0;

    PAWL_TRY(value_number(value, 0, CONFIG_WORKERS_MAX, &n, err));
    if (n)
        p->c.workers = (unsigned)n;
    return pawl_ok();
}

static pawl_status set_request_timeout(struct config_parse *p, const char *value,
                                       struct pawl_err *err)
{
    return value_number(value, 1, 3600, &p->c.request_timeout_s, err);
}

static pawl_status set_idle_timeout(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 1, 86400, &p->c.idle_timeout_s, err);
}

static pawl_status set_connections_max(struct config_parse *p, const char *value,
                                       struct pawl_err *err)
{
    return value_number(value, 1, 1000000, &p->c.connections_max, err);
}

static pawl_status set_address_rate(struct config_parse *p, const char *value, struct pawl_err *err)
{
    return value_number(value, 0, 1000000, &p->c.address_rate, err);
}

static pawl_status set_address_connections(struct config_parse *p, const char *value,
                                           struct pawl_err *err)
{
    return value_number(value, 0, 1000000, &p->c.address_connections, err);
}

/* Networks, with blanks between them. */
static pawl_status set_proxy_protocol(struct config_parse *p, const char *value,
                                      struct pawl_err *err)
{
    size_t n = 0;

    for (value += strspn(value, " \t"); *value; value += strspn(value, " \t")) {
        struct pawl_view word = pawl_view(value, strcspn(value, " \t"));
        if (n == CONFIG_PROXIES_MAX)
            return pawl_fail(err, PAWL_E_RANGE, "", "more than %d networks", CONFIG_PROXIES_MAX);
        PAWL_TRY(network_parse(word, &p->c.proxy[n++], err));
        value += word.n;
    }
    p->c.proxy_n = n;
    return n ? pawl_ok() : pawl_fail(err, PAWL_E_FORM, "", "is empty");
}

static pawl_status set_log(struct config_parse *p, const char *value, struct pawl_err *err)
{
    p->c.log_json = strcmp(value, "json") == 0;
    return p->c.log_json || strcmp(value, "text") == 0
               ? pawl_ok()
               : pawl_fail(err, PAWL_E_FORM, "log", "is neither text nor json");
}

const struct config_key config_verifier_keys[] = {
    { "listen", set_listen },
    { "address", set_address },
    { "operator_socket", set_operator_socket },
    { "operator_listen", set_operator_listen },
    { "operator_clients", set_operator_clients },
    { "store", set_store },
    { "postgres", set_postgres },
    { "workers", set_workers },
    { "request_timeout_s", set_request_timeout },
    { "idle_timeout_s", set_idle_timeout },
    { "connections_max", set_connections_max },
    { "address_rate", set_address_rate },
    { "address_connections", set_address_connections },
    { "proxy_protocol", set_proxy_protocol },
    { "log", set_log },
    { NULL, NULL },
};
