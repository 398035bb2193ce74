/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a configuration means what it says, and every mistake is refused with its line and key;
 * a log line stays one line whatever stands in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "log.h"
#include "t.h"

static char dir[] = "/tmp/pawl-config-XXXXXX";

static void write_ini(const char *text)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/verifier.ini", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* The text is refused with this code at this place, and the output is left alone. */
static void refuses(const char *text, enum pawl_code code, const char *where)
{
    struct pawl_err        err;
    struct verifier_config c;

    write_ini(text);
    t_poison(&c, sizeof(c));
    T_FAILS(config_load(dir, &c, &err), &err, code);
    T_WHERE(&err, where);
    assert_true(err.why[0] != 0);
    t_still_poisoned(&c, sizeof(c));
}

#define START "[verifier]\naddress = v.example:8443\n"
#define END   "[tenant lab]\n"

static void takes_the_least_and_fills_in_defaults(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct verifier_config c;
    char                   pcrs[128], socket_path[128];

    write_ini(START END);
    T_OK(config_load(dir, &c, &err), &err);
    assert_string_equal(c.address, "v.example:8443");
    assert_string_equal(c.listen, "*:8443");
    snprintf(socket_path, sizeof(socket_path), "%s/operator.sock", dir);
    assert_string_equal(c.operator_socket, socket_path);
    assert_string_equal(c.operator_listen, "");
    assert_false(c.log_json);
    assert_string_equal(c.operator_clients, "");
    assert_false(c.on_postgres);
    assert_string_equal(c.postgres, "");
    assert_true(c.workers >= 1 && c.workers <= CONFIG_WORKERS_MAX);
    assert_int_equal(c.request_timeout_s, 30);
    assert_int_equal(c.idle_timeout_s, 60);
    assert_int_equal(c.connections_max, 4096);
    assert_int_equal(c.address_rate, 500);
    assert_int_equal(c.address_connections, 1024);
    assert_int_equal(c.proxy_n, 0);
    assert_int_equal(c.tenant_n, 1);
    assert_string_equal(c.tenant[0].name, "lab");
    assert_int_equal(c.tenant[0].admission, ADMISSION_APPROVE);
    assert_false(c.tenant[0].reenrol_auto);
    assert_string_equal(c.tenant[0].roots, "");
    assert_string_equal(c.tenant[0].lab_roots, "");
    T_OK(pawl_pcr_selection_to_text(&c.tenant[0].pcrs, pcrs, sizeof(pcrs), &err), &err);
    assert_string_equal(pcrs, "sha256:0,1,2,3,4,5,6,7,8,9,10,11,12,13,14");
    assert_int_equal(c.tenant[0].suites.n, 4);
    assert_int_equal(c.tenant[0].ear_ttl_s, 3600);
    assert_true(c.tenant[0].resync_auto);
    assert_true(c.tenant[0].messages);
    assert_int_equal(c.tenant[0].message_keep_days, 30);
    assert_int_equal(c.tenant[0].late_window_s, 3600);
    assert_int_equal(c.tenant[0].downlink_max, 1000);
    assert_false(c.tenant[0].hold_messages);
    assert_false(c.tenant[0].heal_by_operator);
    assert_int_equal(c.tenant[0].enrolments_per_minute, 6000);
    assert_int_equal(c.tenant[0].attests_per_minute, 60);
    assert_int_equal(c.tenant[0].overdue_after, 3);
    assert_int_equal(c.tenant[0].rekey_overdue_s, 129600);
    assert_false(c.tenant[0].keep_evidence);
    assert_string_equal(c.tenant[0].webhook, "");
    assert_string_equal(c.tenant[0].webhook_key, "");
}

static void takes_every_key(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct verifier_config c;
    char                   roots[128];

    write_ini("; a comment\n# another\n\n"
              "[tenant a]\nadmission = token\nreenrol = auto\nroots = roots\n"
              "lab_roots = /srv/lab\nintermediates = more ; behind a value\nrevoked = /srv/no\n"
              "pcrs = sha1:0+sha256:0,7\nsuites = siv, ccm\near_ttl_s = 60\n"
              "resync = approve\nmessages = off\nmessage_keep_days = 3650\n"
              "late_window_s = 86400\ndownlink_max = 5\n"
              "enrolments_per_minute = 0\nattests_per_minute = 1000000\n"
              "on_incident = hold-messages\nheal = operator\noverdue_after = 100\n"
              "rekey_overdue_s = 172800\n"
              "keep_evidence = last\n"
              "webhook_key = hook.key\nwebhook = https://[2001:db8::1]:8443/in?a=b@c\n"
              "[verifier]\n  listen = [::1]:0\n\taddress = [2001:db8::1]:443\n"
              "operator_socket = /run/pawl.sock\noperator_listen = *:9443\n"
              "operator_clients = ca.pem\nstore = postgres\n"
              "postgres = host=/run/db dbname=pawl\nworkers = 3\nrequest_timeout_s = 5\n"
              "idle_timeout_s = 6\nconnections_max = 7\n"
              "address_rate = 0\naddress_connections = 8\nlog = json\n"
              "proxy_protocol = 192.0.2.8  10.0.0.0/8\t2001:db8::/64\n"
              "[tenant b.2]\nadmission = open\nreenrol = approve\nresync = auto\n"
              "messages = on\non_incident = notify\nheal = rekey\noverdue_after = "
              "1\nrekey_overdue_s = 0\n"
              "keep_evidence = none\n"
              "webhook = http://127.0.0.1\nwebhook_key = /etc/hook.key\n"
              "[tenant c]\nwebhook =\n");
    T_OK(config_load(dir, &c, &err), &err);
    assert_string_equal(c.listen, "[::1]:0");
    assert_string_equal(c.address, "[2001:db8::1]:443");
    assert_string_equal(c.operator_socket, "/run/pawl.sock");
    assert_string_equal(c.operator_listen, "*:9443");
    assert_true(c.log_json);
    assert_string_equal(strrchr(c.operator_clients, '/'), "/ca.pem");
    assert_true(c.on_postgres);
    assert_string_equal(c.postgres, "host=/run/db dbname=pawl");
    assert_int_equal(c.operator_clients[0], '/');
    assert_int_equal(c.workers, 3);
    assert_int_equal(c.request_timeout_s, 5);
    assert_int_equal(c.idle_timeout_s, 6);
    assert_int_equal(c.connections_max, 7);
    assert_int_equal(c.address_rate, 0);
    assert_int_equal(c.address_connections, 8);
    assert_int_equal(c.proxy_n, 3);
    assert_int_equal(c.proxy[0].bits, 128);
    assert_int_equal(c.proxy[1].bits, 104);
    assert_int_equal(c.proxy[2].bits, 64);
    assert_memory_equal(c.proxy[2].address, "\x20\x01\x0d\xb8\0\0\0", 8);
    assert_int_equal(c.tenant_n, 3);
    const struct tenant_config *a = config_tenant(&c, pawl_view_str("a"));
    assert_ptr_equal(a, &c.tenant[0]);
    assert_int_equal(a->admission, ADMISSION_TOKEN);
    assert_true(a->reenrol_auto);
    snprintf(roots, sizeof(roots), "%s/roots", dir);
    assert_string_equal(a->roots, roots);
    assert_string_equal(a->lab_roots, "/srv/lab");
    assert_string_equal(a->revoked, "/srv/no");
    snprintf(roots, sizeof(roots), "%s/more", dir);
    assert_string_equal(a->intermediates, roots);
    assert_int_equal(a->pcrs.n, 2);
    assert_int_equal(a->suites.n, 2);
    assert_int_equal(a->suites.suite[0], PAWL_SUITE_SIV);
    assert_int_equal(a->suites.suite[1], PAWL_SUITE_CCM);
    assert_int_equal(a->ear_ttl_s, 60);
    assert_false(a->resync_auto);
    assert_false(a->messages);
    assert_int_equal(a->message_keep_days, 3650);
    assert_int_equal(a->late_window_s, 86400);
    assert_int_equal(a->downlink_max, 5);
    assert_true(a->hold_messages);
    assert_true(a->heal_by_operator);
    assert_int_equal(a->enrolments_per_minute, 0);
    assert_int_equal(a->attests_per_minute, 1000000);
    assert_int_equal(a->overdue_after, 100);
    assert_int_equal(a->rekey_overdue_s, 172800);
    assert_true(a->keep_evidence);
    assert_string_equal(a->webhook, "https://[2001:db8::1]:8443/in?a=b@c");
    snprintf(roots, sizeof(roots), "%s/hook.key", dir);
    assert_string_equal(a->webhook_key, roots);
    assert_ptr_equal(config_tenant(&c, pawl_view_str("b.2")), &c.tenant[1]);
    assert_int_equal(c.tenant[1].admission, ADMISSION_OPEN);
    assert_true(c.tenant[1].resync_auto);
    assert_true(c.tenant[1].messages);
    assert_false(c.tenant[1].hold_messages);
    assert_false(c.tenant[1].heal_by_operator);
    assert_int_equal(c.tenant[1].overdue_after, 1);
    assert_int_equal(c.tenant[1].rekey_overdue_s, 0);
    assert_string_equal(c.tenant[1].webhook, "http://127.0.0.1");
    assert_string_equal(c.tenant[1].webhook_key, "/etc/hook.key");
    assert_string_equal(c.tenant[2].webhook, "");
    assert_null(config_tenant(&c, pawl_view_str("b")));
    assert_null(config_tenant(&c, pawl_view_str("")));
}

static void takes_a_last_line_without_its_end(void **state)
{
    (void)state;
    struct pawl_err        err;
    struct verifier_config c;

    write_ini("[tenant x]\n[verifier]\naddress = v:1");
    T_OK(config_load(dir, &c, &err), &err);
    assert_string_equal(c.address, "v:1");
}

static void refuses_what_it_does_not_know(void **state)
{
    (void)state;
    refuses(START "adress = x\n" END, PAWL_E_FORM, "verifier.ini:3: adress");
    refuses(START "roots = x\n" END, PAWL_E_FORM, "verifier.ini:3: roots");
    refuses(START END "listen = *:1\n", PAWL_E_FORM, "verifier.ini:4: listen");
    refuses(START "[other]\n" END, PAWL_E_FORM, "verifier.ini:3");
    refuses(START "[tenant]\n", PAWL_E_FORM, "verifier.ini:3");
    refuses(START "[Verifier]\n", PAWL_E_FORM, "verifier.ini:3");
    refuses("workers = 1\n" START END, PAWL_E_FORM, "verifier.ini:1: workers");
    refuses(START "\n\nworkers\n" END, PAWL_E_FORM, "verifier.ini:5");
    refuses(START "[tenant x\n", PAWL_E_FORM, "verifier.ini:3");
}

static void refuses_what_stands_twice(void **state)
{
    (void)state;
    refuses(START "address = b:1\n" END, PAWL_E_CONFLICT, "verifier.ini:3: address");
    refuses(START END "ear_ttl_s = 1\near_ttl_s = 2\n", PAWL_E_CONFLICT,
            "verifier.ini:5: ear_ttl_s");
    refuses(START END END, PAWL_E_CONFLICT, "verifier.ini:4");
    refuses(START END START, PAWL_E_CONFLICT, "verifier.ini:4");
}

static void refuses_bad_values_naming_the_key(void **state)
{
    (void)state;
    static const struct {
        const char    *line;
        enum pawl_code code;
        const char    *where;
    } in_verifier[] = {
        { "workers = 65\n", PAWL_E_RANGE, "verifier.ini:3: workers" },
        { "workers = two\n", PAWL_E_FORM, "verifier.ini:3: workers" },
        { "workers =\n", PAWL_E_FORM, "verifier.ini:3: workers" },
        { "listen = 8443\n", PAWL_E_FORM, "verifier.ini:3: listen" },
        { "listen = :8443\n", PAWL_E_FORM, "verifier.ini:3: listen" },
        { "listen = ::1:8443\n", PAWL_E_FORM, "verifier.ini:3: listen" },
        { "listen = *:65536\n", PAWL_E_RANGE, "verifier.ini:3: listen" },
        { "operator_socket =\n", PAWL_E_FORM, "verifier.ini:3: operator_socket" },
        { "log = xml\n", PAWL_E_FORM, "verifier.ini:3: log" },
        { "operator_listen = 9443\n", PAWL_E_FORM, "verifier.ini:3: operator_listen" },
        { "operator_listen =\n", PAWL_E_FORM, "verifier.ini:3: operator_listen" },
        { "request_timeout_s = 0\n", PAWL_E_RANGE, "verifier.ini:3: request_timeout_s" },
        { "request_timeout_s = 3601\n", PAWL_E_RANGE, "verifier.ini:3: request_timeout_s" },
        { "idle_timeout_s = -1\n", PAWL_E_FORM, "verifier.ini:3: idle_timeout_s" },
        { "connections_max = 0\n", PAWL_E_RANGE, "verifier.ini:3: connections_max" },
        { "address_rate = 1000001\n", PAWL_E_RANGE, "verifier.ini:3: address_rate" },
        { "address_connections = x\n", PAWL_E_FORM, "verifier.ini:3: address_connections" },
        { "proxy_protocol =\n", PAWL_E_FORM, "verifier.ini:3: proxy_protocol" },
        { "proxy_protocol = on\n", PAWL_E_FORM, "verifier.ini:3: proxy_protocol" },
        { "proxy_protocol = 10.0.0.0/8, 192.0.2.8\n", PAWL_E_FORM,
          "verifier.ini:3: proxy_protocol" },
        { "proxy_protocol = 10.0.0.0/33\n", PAWL_E_RANGE, "verifier.ini:3: proxy_protocol" },
        { "proxy_protocol = ::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9 ::a ::b ::c ::d ::e ::f ::10 ::11\n",
          PAWL_E_RANGE, "verifier.ini:3: proxy_protocol" },
    }, in_tenant[] = {
        { "admission = yes\n", PAWL_E_FORM, "verifier.ini:4: admission" },
        { "admission =\n", PAWL_E_FORM, "verifier.ini:4: admission" },
        { "reenrol = never\n", PAWL_E_FORM, "verifier.ini:4: reenrol" },
        { "pcrs = sha256:24\n", PAWL_E_RANGE, "verifier.ini:4: pcrs" },
        { "pcrs = sha256:none\n", PAWL_E_RANGE, "verifier.ini:4: pcrs" },
        { "suites = ccm, aes\n", PAWL_E_FORM, "verifier.ini:4: suites" },
        { "suites = ccm,\n", PAWL_E_FORM, "verifier.ini:4: suites" },
        { "suites = ccm gcm\n", PAWL_E_FORM, "verifier.ini:4: suites" },
        { "suites = ccm, gcm, ccm\n", PAWL_E_FORM, "verifier.ini:4: suites" },
        { "ear_ttl_s = 0\n", PAWL_E_RANGE, "verifier.ini:4: ear_ttl_s" },
        { "resync = never\n", PAWL_E_FORM, "verifier.ini:4: resync" },
        { "messages = yes\n", PAWL_E_FORM, "verifier.ini:4: messages" },
        { "message_keep_days = 0\n", PAWL_E_RANGE, "verifier.ini:4: message_keep_days" },
        { "message_keep_days = 3651\n", PAWL_E_RANGE, "verifier.ini:4: message_keep_days" },
        { "late_window_s = 59\n", PAWL_E_RANGE, "verifier.ini:4: late_window_s" },
        { "late_window_s = 604801\n", PAWL_E_RANGE, "verifier.ini:4: late_window_s" },
        { "downlink_max = 0\n", PAWL_E_RANGE, "verifier.ini:4: downlink_max" },
        { "downlink_max = 100001\n", PAWL_E_RANGE, "verifier.ini:4: downlink_max" },
        { "on_incident = hold\n", PAWL_E_FORM, "verifier.ini:4: on_incident" },
        { "heal = auto\n", PAWL_E_FORM, "verifier.ini:4: heal" },
        { "enrolments_per_minute = -1\n", PAWL_E_FORM, "verifier.ini:4: enrolments_per_minute" },
        { "attests_per_minute = 1000001\n", PAWL_E_RANGE, "verifier.ini:4: attests_per_minute" },
        { "overdue_after = 0\n", PAWL_E_RANGE, "verifier.ini:4: overdue_after" },
        { "overdue_after = 101\n", PAWL_E_RANGE, "verifier.ini:4: overdue_after" },
        { "rekey_overdue_s = 172801\n", PAWL_E_RANGE, "verifier.ini:4: rekey_overdue_s" },
        { "webhook = ftp://h/\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
        { "webhook = example.org\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
        { "webhook = https:///in\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
        { "webhook = http://\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
        { "webhook = http://u:p@h/\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
        { "webhook = http://a b/\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
        { "webhook = http://h/\x7f\n", PAWL_E_FORM, "verifier.ini:4: webhook" },
    };
    char text[512];

    for (size_t i = 0; i < sizeof(in_verifier) / sizeof(in_verifier[0]); i++) {
        snprintf(text, sizeof(text), START "%s" END, in_verifier[i].line);
        refuses(text, in_verifier[i].code, in_verifier[i].where);
    }
    for (size_t i = 0; i < sizeof(in_tenant) / sizeof(in_tenant[0]); i++) {
        snprintf(text, sizeof(text), START END "%s", in_tenant[i].line);
        refuses(text, in_tenant[i].code, in_tenant[i].where);
    }
    refuses("[verifier]\naddress = v.example\n" END, PAWL_E_FORM, "verifier.ini:2: address");
    refuses("[verifier]\naddress = v.example:0\n" END, PAWL_E_RANGE, "verifier.ini:2: address");
    refuses(START "[tenant Lab]\n", PAWL_E_FORM, "verifier.ini:3");
    refuses(START "[tenant a23456789012345678901234567890123]\n", PAWL_E_FORM, "verifier.ini:3");
}

static void refuses_what_is_missing(void **state)
{
    (void)state;
    refuses("[verifier]\n" END, PAWL_E_ABSENT, "verifier.ini");
    refuses(START, PAWL_E_ABSENT, "verifier.ini");
    refuses("", PAWL_E_ABSENT, "verifier.ini");
    refuses("[tenant a]\nwebhook = http://a/\nwebhook_key =\n" START END, PAWL_E_ABSENT,
            "verifier.ini:2: webhook");
    refuses(START "[tenant a]\nwebhook_key = k\n[tenant b]\nwebhook = http://b/\n", PAWL_E_ABSENT,
            "verifier.ini:6: webhook");
    struct pawl_err        err;
    struct verifier_config c;
    T_FAILS(config_load("/nonexistent", &c, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "state");
}

static void refuses_a_line_that_is_too_long(void **state)
{
    (void)state;
    char text[512] = START;
    char x[301];

    memset(x, 'x', 300);
    x[300] = 0;
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "; %s\n" END, x);
    refuses(text, PAWL_E_RANGE, "verifier.ini:3");
}

static void refuses_more_tenants_than_fit(void **state)
{
    (void)state;
    char   text[1024] = START;
    size_t n = strlen(text);

    for (int i = 0; i < CONFIG_TENANTS_MAX + 1; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "[tenant t%d]\n", i);
    refuses(text, PAWL_E_RANGE, "verifier.ini:19");
}

/* Nothing that a damaged file holds may crash the reader. */
static void survive(struct pawl_view text, void *arg)
{
    struct pawl_err        err;
    struct verifier_config c;
    char                   path[128];

    (void)arg;
    snprintf(path, sizeof(path), "%s/verifier.ini", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text.p, 1, text.n, f), text.n);
    assert_int_equal(fclose(f), 0);
    pawl_status s = config_load(dir, &c, &err);
    (void)s;
}

static void survives_every_truncation_and_flip(void **state)
{
    (void)state;
    struct pawl_view text = pawl_view_str(START "workers = 2\n" END "pcrs = sha256:0,7\n"
                                                "suites = ccm, gcm\n");

    t_each_truncation(text, survive, NULL);
    t_each_flip(text, survive, NULL);
}

static void a_log_line_stays_one_line(void **state)
{
    (void)state;
    char line[256];

    log_text(&(struct log_line){ .level = LOG_WARN,
                                 .request = "0123456789abcdef",
                                 .route = "/pawl/1/enrol",
                                 .status = 403,
                                 .device = "",
                                 .where = "ek_cert.chain",
                                 .why = "a \"b\\\n\x1b[31m\x80=" },
             line, sizeof(line));
    assert_string_equal(line, "warn request=0123456789abcdef route=/pawl/1/enrol status=403 "
                              "where=ek_cert.chain why=\"a \\\"b\\\\\\x0a\\x1b[31m\\x80=\"");
}

static void a_log_line_is_an_object_if_that_is_wanted(void **state)
{
    (void)state;
    char line[512];

    size_t n = log_json(&(struct log_line){ .level = LOG_WARN,
                                            .request = "0123456789abcdef",
                                            .status = 403,
                                            .device = "",
                                            .peer = "192.0.2.1",
                                            .took_us = 1204,
                                            .why = "a \"b\\\n\x80" },
                        "2026-11-22T17:04:14.710Z", line, sizeof(line));
    assert_string_equal(line, "{\"time\":\"2026-11-22T17:04:14.710Z\",\"level\":\"warn\","
                              "\"request\":\"0123456789abcdef\",\"status\":403,"
                              "\"peer\":\"192.0.2.1\",\"ms\":1.204,"
                              "\"why\":\"a \\\"b\\\\\\u000a\\u0080\"}");
    assert_int_equal(n, strlen(line));
    n = log_json(&(struct log_line){ .level = LOG_WARN, .why = line }, "", line + 400, 100);
    assert_string_equal(line + 400, "{\"level\":\"error\",\"outcome\":\"a line too long\"}");
    assert_int_equal(n, strlen(line + 400));
}

static void a_log_line_is_cut_to_its_room(void **state)
{
    (void)state;
    char line[16];

    t_poison(line, sizeof(line));
    size_t n = log_text(&(struct log_line){ .level = LOG_INFO, .outcome = "abcdefghijklmnopq" },
                        line, sizeof(line));
    assert_true(n < sizeof(line));
    assert_int_equal(strlen(line), n);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    char path[128];

    snprintf(path, sizeof(path), "%s/verifier.ini", dir);
    unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("takes the least and fills in defaults", takes_the_least_and_fills_in_defaults),
        T_CASE("takes every key", takes_every_key),
        T_CASE("takes a last line without its end", takes_a_last_line_without_its_end),
        T_CASE("refuses what it does not know", refuses_what_it_does_not_know),
        T_CASE("refuses what stands twice", refuses_what_stands_twice),
        T_CASE("refuses bad values naming the key", refuses_bad_values_naming_the_key),
        T_CASE("refuses what is missing", refuses_what_is_missing),
        T_CASE("refuses a line that is too long", refuses_a_line_that_is_too_long),
        T_CASE("refuses more tenants than fit", refuses_more_tenants_than_fit),
        T_CASE("survives every truncation and flip", survives_every_truncation_and_flip),
        T_CASE("a log line stays one line", a_log_line_stays_one_line),
        T_CASE("a log line is an object if that is wanted",
               a_log_line_is_an_object_if_that_is_wanted),
        T_CASE("a log line is cut to its room", a_log_line_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(cases, make_dir, remove_dir);
}
