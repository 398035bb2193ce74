/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the agent's configuration is read as written or refused with file, line and key, that
 * no error repeats a token, and that facts come out in the order that deterministic CBOR wants.
 */
#include <stdio.h>
#include <string.h>

#include "config.h"
#include "t.h"

#define PIN   "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define PIN2  "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA"
#define TOKEN "AAECAwQFBgc.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

/* 108 characters: with a slash in front more than a socket's path may have. */
#define LONG                                                                                       \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"                                 \
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static struct config config;

static void parses(const char *text)
{
    struct pawl_err err;

    T_OK(config_parse("agent.ini", t_copy(pawl_view_str(text)), &config, &err), &err);
}

static void refuses(const char *text, enum pawl_code code, const char *where)
{
    struct pawl_err err = { 0 };

    t_poison(&config, sizeof(config));
    T_FAILS(config_parse("agent.ini", t_copy(pawl_view_str(text)), &config, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&config, sizeof(config));
}

static void takes_a_whole_file(void **state)
{
    (void)state;
    parses("# a comment\n"
           "; another\n"
           "server = gw.example:8443\n"
           "tenant=plant-7 ; said behind the value\n"
           "   verifier_key = " PIN "," PIN2 "\n"
           "tls = pin:" PIN ", pin:" PIN2 "\n"
           "token = " TOKEN "\n"
           "tcti = swtpm:path=/run/x\n"
           "ak = rsa2048\n"
           "state = /tmp/x\n"
           "interval_s = 60\n"
           "jitter_s = 0\n"
           "timeout_s = 5\n"
           "enroll = manual\n"
           "suites = gcm, ccm\n"
           "ak_handle = 0x81015058\n"
           "\n"
           "[facts]\n"
           "serial = S-1\n"
           "model = M = 2\n");
    assert_string_equal(config.net.server, "gw.example:8443");
    assert_string_equal(config.tenant, "plant-7");
    assert_int_equal(config.verifier_n, 2);
    assert_int_equal(config.verifier[1][0], 0x1f);
    assert_int_equal(config.net.tls, NET_TLS_PIN);
    assert_int_equal(config.net.pin_n, 2);
    assert_true(config.has_token);
    assert_int_equal(config.token_id[7], 7);
    assert_int_equal(config.token.n, PAWL_TOKEN_SECRET);
    assert_int_equal(config.token.b[31], 0x1f);
    assert_int_equal(config.keys.ak, PAWL_AK_RSA2048);
    assert_int_equal(config.keys.ak_handle, 0x81015058u);
    assert_int_equal(config.keys.td_handle, TPM_HANDLE_TD);
    assert_int_equal(config.interval_s, 60);
    assert_int_equal(config.jitter_s, 0);
    assert_int_equal(config.net.total_s, 5);
    assert_int_equal(config.net.connect_s, 5);
    assert_false(config.enroll);
    assert_int_equal(config.suites.n, 2);
    assert_int_equal(config.suites.suite[0], PAWL_SUITE_GCM);
    assert_int_equal(config.fact_n, 2);
    assert_string_equal(config.fact[0].key, "model");
    assert_string_equal(config.fact[0].value, "M = 2");
    config_done(&config);
}

static void an_empty_file_means_the_defaults(void **state)
{
    struct pawl_err err;

    (void)state;
    parses("");
    assert_string_equal(config.tcti, "device:/dev/tpmrm0");
    assert_string_equal(config.state, "/var/lib/pawl-agent");
    assert_int_equal(config.interval_s, 300);
    assert_int_equal(config.jitter_s, 30);
    assert_int_equal(config.keys.ak, PAWL_AK_P256);
    assert_int_equal(config.net.tls, NET_TLS_SYSTEM);
    assert_int_equal(config.suites.suite[0], PAWL_SUITE_CCM);
    assert_true(config.enroll);
    T_FAILS(config_has_server(&config, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "server");
}

static void takes_all_about_messages(void **state)
{
    (void)state;
    parses("");
    assert_true(config.messages && config.message_form == PAWL_MSG_FULL && !config.on_incident[0]);
    assert_string_equal(config.socket, "/run/pawl-agent/app.sock");
    assert_true(!config.socket_users[0] && !config.socket_groups[0]);
    assert_true(config.poll_s == 60 && config.batch_ms == 200);
    assert_true(config.queue_max == 16777216 && config.inbox_max == 16777216);
    assert_true(config.rekey_s == 21600 && config.rekey_messages == 4096);
    parses("messages = off\nrekey_s = 60\nrekey_messages = 16384\nsocket = off\n"
           "socket_users = app, 1000\nsocket_groups = dialout\npoll_s = 0\nbatch_ms = 0\n"
           "queue_max = 65536\ninbox_max = 1073741824\nmessage_form = compact\n"
           "nv_counter = 0x01805058\non_incident = /usr/bin/alarm --loud\tnow\n");
    assert_string_equal(config.on_incident, "/usr/bin/alarm --loud\tnow");
    assert_true(!config.messages && config.message_form == PAWL_MSG_COMPACT);
    assert_string_equal(config.socket, "");
    assert_string_equal(config.socket_users, "app, 1000");
    assert_string_equal(config.socket_groups, "dialout");
    assert_true(config.poll_s == 0 && config.batch_ms == 0);
    assert_true(config.queue_max == 65536 && config.inbox_max == 1073741824);
    assert_true(config.rekey_s == 60 && config.rekey_messages == 16384);
    assert_int_equal(config.nv_counter, 0x01805058);
    parses("on_incident = /a 1 2 3 4 5 6 7 8 9 10 11  12 13 14 15\n");
    parses("socket = /tmp/a.sock\nmessage_form = full\n");
    assert_string_equal(config.socket, "/tmp/a.sock");
}

static void takes_where_the_logs_are(void **state)
{
    (void)state;
    parses("");
    assert_string_equal(config.event_log, "/sys/kernel/security/tpm0/binary_bios_measurements");
    assert_string_equal(config.ima_list, "/sys/kernel/security/ima/binary_runtime_measurements");
    parses("event_log = off\nima_list = off\n");
    assert_true(!config.event_log[0] && !config.ima_list[0]);
    parses("event_log = /a\nima_list = /b\n");
    assert_string_equal(config.event_log, "/a");
    assert_string_equal(config.ima_list, "/b");
}

static void jitter_follows_a_short_interval(void **state)
{
    (void)state;
    parses("interval_s = 10\n");
    assert_int_equal(config.jitter_s, 1);
    parses("interval_s = 1\n");
    assert_int_equal(config.jitter_s, 0);
}

static void the_other_ways_of_tls_are_taken(void **state)
{
    (void)state;
    parses("tls = ca:/etc/ssl/pawl.pem\nserver = [2001:db8::1]:443");
    assert_int_equal(config.net.tls, NET_TLS_CA);
    assert_string_equal(config.net.ca, "/etc/ssl/pawl.pem");
    assert_string_equal(config.net.server, "[2001:db8::1]:443");
    parses("tls = system");
    assert_int_equal(config.net.tls, NET_TLS_SYSTEM);
}

static void facts_are_sorted_as_cbor_sorts_them(void **state)
{
    static const char *const want[] = { "a", "z", "aa", "ab", "serial" };

    (void)state;
    parses("[facts]\nserial=1\nab=2\nz=3\naa=4\na=5\n");
    assert_int_equal(config.fact_n, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(config.fact[i].key, want[i]);
}

static void names_file_line_and_key(void **state)
{
    (void)state;
    refuses("server = a:1\ncolour = red\n", PAWL_E_UNSUPPORTED, "agent.ini:2: colour");
    refuses("\n\ntenant = a\n\ntenant = a\n", PAWL_E_FORM, "agent.ini:5: tenant");
    refuses("[fact]\nx = 1\n", PAWL_E_UNSUPPORTED, "agent.ini:2: x");
    refuses("server = a:1\njust words\n", PAWL_E_FORM, "agent.ini:2");
    refuses("[facts\nx = 1\n", PAWL_E_FORM, "agent.ini:1");
    refuses("[facts]\nx = 1\nx = 2\n", PAWL_E_FORM, "agent.ini:3: x");
}

static void refuses_bad_values(void **state)
{
    static const struct {
        const char    *line;
        enum pawl_code code;
        const char    *where;
    } bad[] = {
        { "server = gw.example", PAWL_E_FORM, "agent.ini:1: server" },
        { "server = :443", PAWL_E_FORM, "agent.ini:1: server" },
        { "server = a:0", PAWL_E_FORM, "agent.ini:1: server" },
        { "server = a:65536", PAWL_E_FORM, "agent.ini:1: server" },
        { "server = user@a:1", PAWL_E_FORM, "agent.ini:1: server" },
        { "server = a/b:1", PAWL_E_FORM, "agent.ini:1: server" },
        { "server = 2001:db8::1:443", PAWL_E_FORM, "agent.ini:1: server" },
        { "tenant = Plant", PAWL_E_FORM, "agent.ini:1: tenant" },
        { "verifier_key = AAAA", PAWL_E_RANGE, "agent.ini:1: verifier_key" },
        { "verifier_key = " PIN ",", PAWL_E_RANGE, "agent.ini:1: verifier_key" },
        { "verifier_key = " PIN "=", PAWL_E_FORM, "agent.ini:1: verifier_key" },
        { "tls = none", PAWL_E_FORM, "agent.ini:1: tls" },
        { "tls = pin:", PAWL_E_RANGE, "agent.ini:1: tls" },
        { "tls = ca:", PAWL_E_FORM, "agent.ini:1: tls" },
        { "ak = p384", PAWL_E_FORM, "agent.ini:1: ak" },
        { "state = here", PAWL_E_FORM, "agent.ini:1: state" },
        { "interval_s = 0", PAWL_E_RANGE, "agent.ini:1: interval_s" },
        { "interval_s = -1", PAWL_E_FORM, "agent.ini:1: interval_s" },
        { "interval_s = 5m", PAWL_E_FORM, "agent.ini:1: interval_s" },
        { "interval_s = 604801", PAWL_E_RANGE, "agent.ini:1: interval_s" },
        { "interval_s = 10\njitter_s = 10", PAWL_E_RANGE, "jitter_s" },
        { "timeout_s = 0", PAWL_E_RANGE, "agent.ini:1: timeout_s" },
        { "enroll = yes", PAWL_E_FORM, "agent.ini:1: enroll" },
        { "suites = aes", PAWL_E_FORM, "agent.ini:1: suites" },
        { "suites = ccm,ccm", PAWL_E_FORM, "agent.ini:1: suites" },
        { "ak_handle = 0x80000001", PAWL_E_FORM, "agent.ini:1: ak_handle" },
        { "ak_handle = 81015057", PAWL_E_FORM, "agent.ini:1: ak_handle" },
        { "messages = maybe", PAWL_E_FORM, "agent.ini:1: messages" },
        { "rekey_s = 59", PAWL_E_RANGE, "agent.ini:1: rekey_s" },
        { "rekey_s = 172801", PAWL_E_RANGE, "agent.ini:1: rekey_s" },
        { "rekey_messages = 0", PAWL_E_RANGE, "agent.ini:1: rekey_messages" },
        { "rekey_messages = 16385", PAWL_E_RANGE, "agent.ini:1: rekey_messages" },
        { "nv_counter = 0x81805057", PAWL_E_FORM, "agent.ini:1: nv_counter" },
        { "socket = app.sock", PAWL_E_FORM, "agent.ini:1: socket" },
        { "socket =", PAWL_E_FORM, "agent.ini:1: socket" },
        { "socket = /" LONG, PAWL_E_RANGE, "agent.ini:1: socket" },
        { "socket_users =", PAWL_E_FORM, "agent.ini:1: socket_users" },
        { "poll_s = 604801", PAWL_E_RANGE, "agent.ini:1: poll_s" },
        { "batch_ms = 60001", PAWL_E_RANGE, "agent.ini:1: batch_ms" },
        { "queue_max = 65535", PAWL_E_RANGE, "agent.ini:1: queue_max" },
        { "queue_max = 1073741825", PAWL_E_RANGE, "agent.ini:1: queue_max" },
        { "inbox_max = 0", PAWL_E_RANGE, "agent.ini:1: inbox_max" },
        { "message_form = short", PAWL_E_FORM, "agent.ini:1: message_form" },
        { "on_incident = alarm", PAWL_E_FORM, "agent.ini:1: on_incident" },
        { "on_incident = /a 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\t16", PAWL_E_RANGE,
          "agent.ini:1: on_incident" },
        { "on_incident =", PAWL_E_FORM, "agent.ini:1: on_incident" },
        { "event_log = log", PAWL_E_FORM, "agent.ini:1: event_log" },
        { "event_log = /a\nevent_log = /a", PAWL_E_FORM, "agent.ini:2: event_log" },
        { "ima_list =", PAWL_E_FORM, "agent.ini:1: ima_list" },
        { "td_handle = 0x81015057", PAWL_E_CONFLICT, "td_handle" },
        { "srk_handle = 0x81005057", PAWL_E_CONFLICT, "srk_handle" },
        { "app_key = 0x81000002\nak_handle = 0x81000002", PAWL_E_CONFLICT, "app_key" },
        { "tcti =", PAWL_E_FORM, "agent.ini:1: tcti" },
        { "token = " TOKEN "\ntoken_file = /x", PAWL_E_FORM, "token_file" },
        { "[facts]\nname = \xff", PAWL_E_FORM, "agent.ini:2: name" },
        { "[facts]\nmodel = a\ninterval_s = 60", PAWL_E_FORM, "agent.ini:3: interval_s" },
        { "[facts]\ntoken = " TOKEN, PAWL_E_FORM, "agent.ini:2: token" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        refuses(bad[i].line, bad[i].code, bad[i].where);
}

static void an_error_never_repeats_a_token(void **state)
{
    static const char *const tokens[] = { "AAECAwQFBgc.sesame", "sesame", "AAECAwQFBgc.",
                                          TOKEN "sesame", ".sesame" };
    struct pawl_err          err;
    char                     line[200];

    (void)state;
    for (size_t i = 0; i < sizeof(tokens) / sizeof(*tokens); i++) {
        snprintf(line, sizeof(line), "token = %s\n", tokens[i]);
        T_FAILS(config_parse("agent.ini", pawl_view_str(line), &config, &err), &err, PAWL_E_FORM);
        T_WHERE(&err, "agent.ini:1: token");
        assert_null(strstr(err.why, "sesame"));
    }
}

static void a_long_line_is_refused_and_not_cut(void **state)
{
    char text[300];

    (void)state;
    memset(text, 'a', sizeof(text));
    memcpy(text, "tcti = ", 7);
    text[CONFIG_LINE_MAX] = 0;
    parses(text);
    assert_int_equal(strlen(config.tcti), CONFIG_LINE_MAX - 7);
    text[CONFIG_LINE_MAX] = 'a';
    text[CONFIG_LINE_MAX + 1] = 0;
    refuses(text, PAWL_E_RANGE, "agent.ini:1");
}

static void too_many_facts_are_refused(void **state)
{
    char   text[2000] = "[facts]\n";
    size_t n = strlen(text);

    (void)state;
    for (int i = 0; i < PAWL_FACTS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "f%d = 1\n", i);
    parses(text);
    assert_int_equal(config.fact_n, PAWL_FACTS_MAX);
    snprintf(text + n, sizeof(text) - n, "more = 1\n");
    refuses(text, PAWL_E_RANGE, "agent.ini:34: more");
}

static void a_nul_byte_is_refused(void **state)
{
    static const char text[] = "tenant = a\0b\n";
    struct pawl_err   err;

    (void)state;
    T_FAILS(config_parse("agent.ini", pawl_view(text, sizeof(text) - 1), &config, &err), &err,
            PAWL_E_FORM);
    T_WHERE(&err, "file");
}

static void survives(struct pawl_view v, void *arg)
{
    struct pawl_err err;

    (void)arg;
    if (pawl_is_ok(config_parse("agent.ini", v, &config, &err)))
        config_done(&config);
    else
        assert_true(err.where[0] && err.why[0]);
}

static void any_bytes_are_taken_or_refused(void **state)
{
    static const char text[] = "server = a:1\ntenant=x\ntls = pin:" PIN "\ntoken = " TOKEN
                               "\n[facts]\nserial = 1\n";

    (void)state;
    t_each_truncation(pawl_view_str(text), survives, NULL);
    t_each_flip(pawl_view_str(text), survives, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T_CASE("takes a whole file", takes_a_whole_file),
        T_CASE("an empty file means the defaults", an_empty_file_means_the_defaults),
        T_CASE("takes all about messages", takes_all_about_messages),
        T_CASE("takes where the logs are", takes_where_the_logs_are),
        T_CASE("jitter follows a short interval", jitter_follows_a_short_interval),
        T_CASE("the other ways of TLS are taken", the_other_ways_of_tls_are_taken),
        T_CASE("facts are sorted as CBOR sorts them", facts_are_sorted_as_cbor_sorts_them),
        T_CASE("names file, line and key", names_file_line_and_key),
        T_CASE("refuses bad values", refuses_bad_values),
        T_CASE("an error never repeats a token", an_error_never_repeats_a_token),
        T_CASE("a long line is refused and not cut", a_long_line_is_refused_and_not_cut),
        T_CASE("too many facts are refused", too_many_facts_are_refused),
        T_CASE("a NUL byte is refused", a_nul_byte_is_refused),
        T_CASE("any bytes are taken or refused", any_bytes_are_taken_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
