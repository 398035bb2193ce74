/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what a post is signed with is the text that an operator wrote into the file, and only
 * when nobody else can read it; the signature is the documented HMAC over time and body. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/signature.h"
#include "t.h"

static char path[] = "/tmp/pawl-hook-XXXXXX";

static const char hex32[] = "0123456789abcdef0123456789abcdef";

static void write_key(const void *bytes, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void reads(const void *bytes, size_t n, const void *key, size_t key_n)
{
    PAWL_SECRET     got = { 0 };
    struct pawl_err err;

    write_key(bytes, n, 0600);
    T_OK(hook_key_read(path, &got, &err), &err);
    assert_int_equal(got.n, key_n);
    assert_memory_equal(got.b, key, key_n);
}

static void refuses(size_t n, mode_t mode, enum pawl_code code)
{
    PAWL_SECRET     got;
    char            text[512];
    struct pawl_err err;

    memset(text, 'x', n);
    write_key(text, n, mode);
    t_poison(&got, sizeof(got));
    T_FAILS(hook_key_read(path, &got, &err), &err, code);
    T_WHERE(&err, "webhook_key");
    t_still_poisoned(&got, sizeof(got));
}

static void a_key_is_what_stands_in_its_line(void **state)
{
    (void)state;
    char    text[80];
    uint8_t bytes[40];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(200 + i);
    reads(hex32, 32, hex32, 32);
    snprintf(text, sizeof(text), "%s\n", hex32);
    reads(text, 33, hex32, 32);
    snprintf(text, sizeof(text), "%s\r\n", hex32);
    reads(text, 34, hex32, 32);
    snprintf(text, sizeof(text), "%s\n\n", hex32);
    reads(text, 34, text, 34);
    memset(text, 'k', 64);
    text[64] = '\n';
    reads(text, 65, text, 64);
    bytes[39] = '\n'; /* and is no line end where there is no text */
    reads(bytes, sizeof(bytes), bytes, sizeof(bytes));
}

static void a_key_that_is_short_long_or_open_is_refused(void **state)
{
    (void)state;
    refuses(0, 0600, PAWL_E_RANGE);
    refuses(31, 0600, PAWL_E_RANGE);
    refuses(65, 0600, PAWL_E_RANGE);
    refuses(32, 0640, PAWL_E_DENIED);
    refuses(32, 0604, PAWL_E_DENIED);

    PAWL_SECRET     got = { 0 };
    struct pawl_err err;
    T_FAILS(hook_key_read("/nonexistent/key", &got, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "webhook_key");
}

static void signs_time_and_body(void **state)
{
    (void)state;
    PAWL_SECRET     key = { 0 };
    char            got[HOOK_SIGNATURE_MAX];
    struct pawl_err err;

    T_OK(pawl_secret_from(pawl_view_str(hex32), "key", &key, &err), &err);
    T_OK(hook_signature(&key, 1700000000, pawl_view_str("{\"messages\": []}"), got, &err), &err);
    /* Python: hmac.new(key, b'1700000000.{"messages": []}', "sha256").hexdigest() */
    assert_string_equal(got, "t=1700000000,v1="
                             "fc432c0fd3e8e3af30a9078c786cbcb81994cde1637c2bfea2fed1d80b987b72");
    T_OK(hook_signature(&key, INT64_MAX, pawl_view(NULL, 0), got, &err), &err);
    assert_true(strlen(got) < HOOK_SIGNATURE_MAX);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);

    return fd < 0 || close(fd) ? -1 : 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("a key is what stands in its line", a_key_is_what_stands_in_its_line),
        T_CASE("a key that is short, long or open is refused",
               a_key_that_is_short_long_or_open_is_refused),
        T_CASE("signs time and body", signs_time_and_body),
    };
    return cmocka_run_group_tests(cases, make_file, remove_file);
}
