/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: every refusal has a code that is its own, and tells what is so, what it comes from and
 * what to do; what HTTP and our own failures are; that what is gathered for the store is bounded,
 * joined and found again. (What each flow refuses is held against the table by the flows' tests.)
 */
#include <stdio.h>
#include <string.h>

#include "t.h"

#include "refusal/code.h"
#include "refusal/gather.h"

/* ---- the catalogue -------------------------------------------------------------------------- */

static void every_code_is_there_once(void **state)
{
    (void)state;
    for (int r = REFUSED_NONE; r < REFUSED_COUNT; r++) {
        const char *code = refused_code((enum refused)r);

        assert_int_equal(strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(code));
        assert_true(strlen(code) > 3 && strlen(code) < 23); /* the column of pawlctl reasons */
        assert_int_equal(refused_of_code(pawl_view_str(code)), r);
        for (int s = REFUSED_NONE; s < r; s++)
            assert_string_not_equal(code, refused_code((enum refused)s));
        if (r != REFUSED_NONE)
            assert_int_equal(reason_of_code(pawl_view_str(code)), REASON_NONE);
    }
    assert_int_equal(refused_of_code(pawl_view_str("forke")), REFUSED_NONE);
    assert_string_equal(refused_code(REFUSED_COUNT), "none");
}

static void is_sentence(const char *text)
{
    size_t n = strlen(text);

    assert_true(n > 7 && n < 260);
    assert_int_equal(text[n - 1], '.');
    for (size_t i = 0; i < n; i++)
        assert_true(text[i] >= ' ' && text[i] <= '~' && text[i] != '|');
}

static void every_refusal_is_told_in_whole(void **state)
{
    (void)state;
    for (int r = REFUSED_NONE; r < REFUSED_COUNT; r++) {
        const struct reason_entry *e = refused_entry((enum refused)r);

        is_sentence(e->sentence);
        is_sentence(e->cause);
        is_sentence(e->next);
    }
}

/* ---- what is which -------------------------------------------------------------------------- */

static enum refused by(int http, enum pawl_code code, const char *where, const char *why)
{
    struct pawl_err err;

    (void)pawl_fail(&err, code, where, "%s", why);
    return refused_by(http, &err);
}

static void our_own_failures_come_first(void **state)
{
    (void)state;
    assert_int_equal(by(400, PAWL_E_MEMORY, "A1.nonce", ""), REFUSED_NO_MEMORY);
    assert_int_equal(by(403, PAWL_E_IO, "device", ""), REFUSED_STORE_FAILED);
    assert_int_equal(by(403, PAWL_E_CONFLICT, "device", ""), REFUSED_CONTENDED);
    assert_int_equal(by(403, PAWL_E_BUG, "enrol.token", ""), REFUSED_BY_FAULT);
    assert_int_equal(by(400, PAWL_E_SHORT, "enrol.token", ""), REFUSED_NOT_UNDERSTOOD);
    assert_int_equal(by(403, PAWL_E_DENIED, "quote.magic", ""), REFUSED_QUOTE_WRONG);
    assert_int_equal(by(403, PAWL_E_DENIED, "quot", ""), REFUSED_OTHER);
    assert_int_equal(by(403, PAWL_E_FORM, "store.device.safe", ""), REFUSED_STORE_DAMAGED);
    assert_int_equal(by(403, PAWL_E_DENIED, "enrol.token", "no use of it"), REFUSED_TOKEN_USED_UP);
    assert_int_equal(by(403, PAWL_E_DENIED, "enrol.token", "no news"), REFUSED_OTHER);
}

/* No root that anybody adds would help a certificate of another kind of key. */
static void a_certificate_of_no_ek_lacks_no_root(void **state)
{
    static const char *const wrong[] = { "enrol.ek_cert.basicConstraints", "enrol.ek_cert.keyUsage",
                                         "enrol.ek_cert.extKeyUsage" };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(by(403, PAWL_E_DENIED, wrong[i], ""), REFUSED_EK_CERT_BROKEN);
    assert_int_equal(by(403, PAWL_E_UNSUPPORTED, "enrol.ek_cert.chain", ""),
                     REFUSED_EK_CERT_BROKEN);
    assert_int_equal(by(403, PAWL_E_DENIED, "enrol.ek_cert.chain", ""), REFUSED_EK_CERT_NO_ROOT);
    assert_int_equal(by(403, PAWL_E_FORGED, "enrol.ek_cert.chain", ""), REFUSED_EK_CERT_NO_ROOT);
    assert_int_equal(by(403, PAWL_E_EXPIRED, "enrol.ek_cert.chain", ""), REFUSED_EK_CERT_EXPIRED);
    assert_int_equal(by(403, PAWL_E_DENIED, "enrol.ek_cert.revoked", ""), REFUSED_EK_CERT_REVOKED);
    assert_int_equal(by(403, PAWL_E_DENIED, "enrol.ek_cert", "none was sent: nothing vouches"),
                     REFUSED_EK_CERT_MISSING);
}

static void what_http_refuses_has_a_code(void **state)
{
    static const int status[] = { 400, 404, 405, 413, 415, 429, 431, 501, 503 };

    (void)state;
    for (size_t i = 0; i < sizeof(status) / sizeof(status[0]); i++)
        assert_int_not_equal(refused_by_http(status[i]), REFUSED_OTHER);
    assert_int_equal(refused_by_http(418), REFUSED_OTHER);
    for (int c = PAWL_REFUSAL_NONE + 1; c < PAWL_REFUSAL_COUNT; c++)
        assert_true(refused_by_name((enum pawl_refusal_code)c) > REFUSED_NONE &&
                    refused_by_name((enum pawl_refusal_code)c) < REFUSED_OTHER);
    assert_int_equal(refused_by_name(PAWL_REFUSAL_NONE), REFUSED_NONE);
}

/* ---- gathering ------------------------------------------------------------------------------ */

static struct refusal_row row(const char *tenant, unsigned subject, unsigned request)
{
    struct refusal_row r = { .count = 1, .first_s = 100 + request, .last_s = 100 + request };

    snprintf(r.tenant, sizeof(r.tenant), "%s", tenant);
    snprintf(r.subject, sizeof(r.subject), "device %u", subject);
    snprintf(r.code, sizeof(r.code), "forked");
    snprintf(r.serial, sizeof(r.serial), "aa%u", subject);
    snprintf(r.requests, sizeof(r.requests), "%016x", request);
    return r;
}

static struct gather *made(void)
{
    struct gather  *g;
    struct pawl_err err;

    T_OK(gather_make(&g, &err), &err);
    return g;
}

#define GATHER PAWL_CLEANUP(gather_free) struct gather

static void one_subject_is_one_row(void **state)
{
    (void)state;
    GATHER            *g = made();
    struct refusal_row got[4], one;

    for (unsigned i = 1; i <= 6; i++) {
        one = row("acme", 1, i);
        gather_add(g, &one);
    }
    one = row("other", 1, 7);
    gather_add(g, &one);
    assert_int_equal(gather_take(g, "acme", got, 4), 1);
    assert_int_equal(got[0].count, 6);
    assert_int_equal(got[0].first_s, 101);
    assert_int_equal(got[0].last_s, 106);
    assert_string_equal(got[0].requests, "0000000000000006 0000000000000005 0000000000000004 "
                                         "0000000000000003");
    assert_int_equal(gather_take(g, "acme", got, 4), 0);
    assert_int_equal(gather_take(g, "other", got, 4), 1);
    assert_string_equal(got[0].requests, "0000000000000007");
}

static void rows_come_in_one_order(void **state)
{
    (void)state;
    static const unsigned came[] = { 3, 1, 2 };
    GATHER               *g = made();
    struct refusal_row    got[4], one;

    for (unsigned i = 0; i < 3; i++) {
        one = row("acme", came[i], i);
        gather_add(g, &one);
    }
    snprintf(one.code, sizeof(one.code), "aged");
    gather_add(g, &one);
    assert_int_equal(gather_take(g, "acme", got, 4), 4);
    assert_string_equal(got[0].subject, "device 1");
    assert_string_equal(got[1].code, "aged");
    assert_string_equal(got[1].subject, "device 2");
    assert_string_equal(got[2].subject, "device 2");
    assert_string_equal(got[3].subject, "device 3");
}

static pawl_status count(const struct refusal_row *r, void *arg, struct pawl_err *err)
{
    (void)r;
    (void)err;
    ++*(unsigned *)arg;
    return pawl_ok();
}

static unsigned found(struct gather *g, const char *tenant, const struct refusal_query *q)
{
    struct pawl_err err;
    unsigned        n = 0;

    T_OK(gather_find(g, tenant, q, count, &n, &err), &err);
    return n;
}

static void what_is_gathered_is_found(void **state)
{
    (void)state;
    GATHER            *g = made();
    struct refusal_row one = row("acme", 1, 1), two = row("acme", 2, 2), got;

    gather_add(g, &one);
    gather_add(g, &two);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ .subject = "device 1" }), 1);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ .serial = "aa2" }), 1);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ .request = "0000000000000002" }), 1);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ .request = "2" }), 0);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ 0 }), 2);
    assert_int_equal(found(g, "other", &(struct refusal_query){ 0 }), 0);
    assert_int_equal(gather_take(g, "acme", &got, 1), 1);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ 0 }), 1);
    assert_true(
        gather_request(g, "acme", "0000000000000001", &got)); /* after it was written, too */
    assert_string_equal(got.subject, "device 1");
    assert_false(gather_request(g, "other", "0000000000000001", &got));
    assert_false(gather_request(g, "acme", "", &got));
}

static void a_flood_is_counted_and_dropped(void **state)
{
    (void)state;
    GATHER            *g = made();
    struct refusal_row one;
    unsigned           n = 3 * GATHER_LAST;

    for (unsigned i = 0; i < n; i++) {
        one = row("acme", i, i);
        gather_add(g, &one);
    }
    assert_int_equal(found(g, "acme", &(struct refusal_query){ 0 }), GATHER_ROWS);
    assert_int_equal(gather_dropped(g), n - GATHER_ROWS);
    snprintf(one.requests, sizeof(one.requests), "%016x", n - GATHER_LAST - 1);
    assert_false(gather_request(g, "acme", one.requests, &one));
    assert_true(gather_request(g, "acme", row("", 0, n - GATHER_LAST).requests, &one));
    /* What has a row still counts. */
    one = row("acme", 1, 1);
    gather_add(g, &one);
    assert_int_equal(gather_dropped(g), n - GATHER_ROWS);
}

/* Somebody who names a new device each time. */
static void one_network_takes_its_share_and_no_more(void **state)
{
    (void)state;
    GATHER            *g = made();
    struct refusal_row one;

    for (unsigned i = 0; i < 2 * GATHER_ROWS; i++) {
        one = row("acme", i, i);
        one.net = 7;
        gather_add(g, &one);
    }
    assert_int_equal(found(g, "acme", &(struct refusal_query){ 0 }), GATHER_SHARE);
    assert_int_equal(gather_dropped(g), 2 * GATHER_ROWS - GATHER_SHARE);
    one = row("acme", 5000, 1);
    one.net = 8;
    gather_add(g, &one);
    assert_int_equal(found(g, "acme", &(struct refusal_query){ .subject = "device 5000" }), 1);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("every code is there once", every_code_is_there_once),
        T_CASE("every refusal is told in whole", every_refusal_is_told_in_whole),
        T_CASE("our own failures come first", our_own_failures_come_first),
        T_CASE("a certificate of no EK lacks no root", a_certificate_of_no_ek_lacks_no_root),
        T_CASE("what HTTP refuses has a code", what_http_refuses_has_a_code),
        T_CASE("one subject is one row", one_subject_is_one_row),
        T_CASE("rows come in one order", rows_come_in_one_order),
        T_CASE("what is gathered is found", what_is_gathered_is_found),
        T_CASE("a flood is counted and dropped", a_flood_is_counted_and_dropped),
        T_CASE("one network takes its share and no more", one_network_takes_its_share_and_no_more),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
