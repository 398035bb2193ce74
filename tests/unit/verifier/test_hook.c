/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: what a post is signed with is the text that an operator wrote into the file, and only
 * when nobody else can read it; the signature is the documented HMAC over id, time and body, by two
 * keys while there is an old one, and the id is that of the body. A page goes on without what waits
 * and not beyond where it may go. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hook/page.h"
#include "hook/parking.h"
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
    HOOK_KEYS       got = { 0 };
    struct pawl_err err;

    write_key(bytes, n, 0600);
    T_OK(hook_keys_read(path, &got, &err), &err);
    assert_int_equal(got.key.n, key_n);
    assert_memory_equal(got.key.b, key, key_n);
    assert_int_equal(got.old.n, 0);
}

static void refuses(size_t n, mode_t mode, enum pawl_code code)
{
    struct hook_keys got;
    char             text[512];
    struct pawl_err  err;

    memset(text, 'x', n);
    write_key(text, n, mode);
    t_poison(&got, sizeof(got));
    T_FAILS(hook_keys_read(path, &got, &err), &err, code);
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

    HOOK_KEYS       got = { 0 };
    struct pawl_err err;
    T_FAILS(hook_keys_read("/nonexistent/key", &got, &err), &err, PAWL_E_ABSENT);
    T_WHERE(&err, "webhook_key");
}

static void an_old_key_beside_it_is_read_too(void **state)
{
    (void)state;
    HOOK_KEYS       got = { 0 };
    struct pawl_err err;
    char            old[64];

    write_key(hex32, 32, 0600);
    snprintf(old, sizeof(old), "%s.old", path);
    int fd = open(old, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "fedcba9876543210fedcba9876543210\n", 33), 33);
    T_OK(hook_keys_read(path, &got, &err), &err);
    assert_memory_equal(got.key.b, hex32, 32);
    assert_int_equal(got.old.n, 32);
    assert_memory_equal(got.old.b, "fedcba9876543210fedcba9876543210", 32);

    assert_int_equal(ftruncate(fd, 31), 0); /* what was read stays */
    T_FAILS(hook_keys_read(path, &got, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "old.webhook_key");
    assert_int_equal(got.old.n, 32);
    close(fd);
    assert_int_equal(unlink(old), 0);
    T_OK(hook_keys_read(path, &got, &err), &err);
    assert_int_equal(got.old.n, 0);
}

static void a_credential_goes_before_the_file(void **state)
{
    (void)state;
    static const char other[] = "fedcba9876543210fedcba9876543210";
    char              dir[] = "/tmp/pawl-hook-XXXXXX", file[64];
    HOOK_KEYS         got = { 0 };
    struct pawl_err   err;

    write_key(hex32, 32, 0600);
    assert_non_null(mkdtemp(dir));
    setenv("CREDENTIALS_DIRECTORY", dir, 1);
    T_OK(hook_keys_read(path, &got, &err), &err);
    assert_memory_equal(got.key.b, hex32, 32);
    snprintf(file, sizeof(file), "%s%s", dir, strrchr(path, '/'));
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, other, 32), 32);
    assert_int_equal(fchmod(fd, 0440), 0); /* as systemd's access list shows */
    T_OK(hook_keys_read(path, &got, &err), &err);
    assert_memory_equal(got.key.b, other, 32);
    assert_int_equal(fchmod(fd, 0444), 0);
    T_FAILS(hook_keys_read(path, &got, &err), &err, PAWL_E_DENIED);
    close(fd);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(dir), 0);
}

static void signs_id_time_and_body(void **state)
{
    (void)state;
    HOOK_KEYS           keys = { 0 };
    struct hook_headers got, later;
    struct pawl_err     err;
    struct pawl_view    body = pawl_view_str("{\"messages\": []}");

    T_OK(pawl_secret_from(pawl_view_str(hex32), "key", &keys.key, &err), &err);
    T_OK(hook_sign(&keys, 1700000000, body, &got, &err), &err);
    /* Python: hashlib.sha256(body).hexdigest()[:32], and base64 of
     * hmac.new(key, id + b".1700000000." + body, "sha256").digest() */
    assert_string_equal(got.id, "d10f2d0e3138ea8af8797d6730f03f20");
    assert_string_equal(got.timestamp, "1700000000");
    assert_string_equal(got.signature, "v1,2H2qU2DeA1ZdD3Vt/y4kHkFhguS29goqPxHnshsbC9w=");

    T_OK(
        pawl_secret_from(pawl_view_str("fedcba9876543210fedcba9876543210"), "key", &keys.old, &err),
        &err);
    T_OK(hook_sign(&keys, 1700000000, body, &later, &err), &err);
    assert_string_equal(later.signature, "v1,2H2qU2DeA1ZdD3Vt/y4kHkFhguS29goqPxHnshsbC9w= "
                                         "v1,cQwjrkSbe5PjoW7+YWw07VEEFOD9d7NUu/bhXFbV9GY=");
    T_OK(hook_sign(&keys, INT64_MAX, body, &later, &err), &err);
    assert_string_equal(later.id, got.id); /* as long as it is the same body */
    assert_string_not_equal(later.signature, got.signature);
    T_OK(hook_sign(&keys, 1700000000, pawl_view(NULL, 0), &later, &err), &err);
    assert_string_not_equal(later.id, got.id);
}

/* ---- pages ----------------------------------------------------------------------------------- */

#define ONE "0101010101010101010101010101010101010101010101010101010101010101"
#define TWO "0202020202020202020202020202020202020202020202020202020202020202"

static const char page_text[] = "{\"messages\":[{\"cursor\":\"5.1\",\"device\":\"" ONE
                                "\",\"time\":7},"
                                "{\"cursor\":\"5\",\"device\":\"" ONE "\",\"time\":8},"
                                "{\"cursor\":\"6\",\"device\":\"" TWO
                                "\",\"time\":9}],\"next\":\"6\"}";

static bool begins_with(const uint8_t device[PAWL_DEVICE_ID], const void *arg)
{
    return device[0] == *(const uint8_t *)arg;
}

static void page_is(const struct page_filter *f, size_t n, const char *first, const char *next,
                    const char *text)
{
    PAWL_CLEANUP(page_done) struct page p = { 0 };
    struct pawl_err                     err;

    T_OK(page_open(strdup(page_text), f, &p, &err), &err);
    assert_int_equal(p.listed, 3);
    assert_int_equal(p.n, n);
    assert_string_equal(p.first, first);
    assert_string_equal(p.next, next);
    if (text)
        assert_string_equal(p.text, text);
}

static void a_page_goes_without_what_waits(void **state)
{
    (void)state;
    const uint8_t one = 1, two = 2;

    page_is(&(struct page_filter){ 0 }, 3, "5.1", "6", page_text);
    page_is(&(struct page_filter){ .waits = begins_with, .arg = &one }, 1, "6", "6",
            "{\"messages\":[{\"cursor\":\"6\",\"device\":\"" TWO "\",\"time\":9}],\"next\":\"6\"}");
    page_is(&(struct page_filter){ .waits = begins_with, .arg = &two }, 2, "5.1", "6", NULL);
}

static void a_page_ends_where_it_may(void **state)
{
    (void)state;

    page_is(&(struct page_filter){ .until = "7" }, 3, "5.1", "6", page_text);
    page_is(&(struct page_filter){ .until = "6" }, 3, "5.1", "6", page_text);
    page_is(&(struct page_filter){ .until = "5" }, 2, "5.1", "5", NULL);
    page_is(&(struct page_filter){ .until = "5.1" }, 1, "5.1", "5.1",
            "{\"messages\":[{\"cursor\":\"5.1\",\"device\":\"" ONE
            "\",\"time\":7}],\"next\":\"5.1\"}");
    page_is(&(struct page_filter){ .until = "4" }, 0, "", "4", NULL);
}

static void what_is_no_page_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "{}", "{\"messages\":[]}", "{\"next\":\"6\"}",
                                       "{\"messages\":[],\"next\":\"" ONE "\"}" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct page     p;
        struct pawl_err err;
        t_poison(&p, sizeof(p));
        T_FAILS(page_open(strdup(bad[i]), &(struct page_filter){ 0 }, &p, &err), &err, PAWL_E_BUG);
        t_still_poisoned(&p, sizeof(p));
    }
}

static void cursors_have_an_order(void **state)
{
    (void)state;
    static const char *const in_order[] = { "", "1.1", "1.2", "1.10", "1", "2.1", "10.1", "10" };

    for (size_t i = 1; i < sizeof(in_order) / sizeof(in_order[0]); i++) {
        assert_true(cursor_compare(in_order[i - 1], in_order[i]) < 0);
        assert_true(cursor_compare(in_order[i], in_order[i - 1]) > 0);
        assert_true(cursor_compare(in_order[i], in_order[i]) == 0);
    }
}

/* ---- what waits ------------------------------------------------------------------------------ */

static void the_one_that_waits_longest_is_due_first(void **state)
{
    (void)state;
    static struct parking k;
    struct parked_row     row = { .device = { 1 }, .next_s = 20 };

    assert_null(parking_due(&k, INT64_MAX));
    parking_follow(&k, &row);
    row = (struct parked_row){ .device = { 2 }, .next_s = 10 };
    parking_follow(&k, &row);
    assert_null(parking_due(&k, 9));
    assert_int_equal(parking_due(&k, 10)->row.device[0], 2);
    assert_int_equal(parking_due(&k, 99)->row.device[0], 2);
    row.next_s = 30;
    parking_follow(&k, &row);
    assert_int_equal(k.n, 2);
    assert_int_equal(parking_due(&k, 99)->row.device[0], 1);
    row.gone = true;
    parking_follow(&k, &row);
    assert_false(parking_has(row.device, &k));
    assert_int_equal(k.n, 1);
    for (unsigned i = 1; i < PARKED_MAX; i++) {
        assert_false(parking_is_full(&k));
        row = (struct parked_row){ .device = { 3, (uint8_t)i } };
        parking_follow(&k, &row);
    }
    assert_true(parking_is_full(&k));
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
        T_CASE("an old key beside it is read too", an_old_key_beside_it_is_read_too),
        T_CASE("a credential goes before the file", a_credential_goes_before_the_file),
        T_CASE("signs id, time and body", signs_id_time_and_body),
        T_CASE("a page goes without what waits", a_page_goes_without_what_waits),
        T_CASE("a page ends where it may", a_page_ends_where_it_may),
        T_CASE("what is no page is refused", what_is_no_page_is_refused),
        T_CASE("cursors have an order", cursors_have_an_order),
        T_CASE("the one that waits longest is due first", the_one_that_waits_longest_is_due_first),
    };
    return cmocka_run_group_tests(cases, make_file, remove_file);
}
