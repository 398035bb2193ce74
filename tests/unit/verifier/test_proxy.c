/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a PROXY header of version 1 or 2 says where it ends and whose the connection is, any
 * other is refused with its field; whose limits count for whom; and a network holds its addresses
 * and no others. */
#include "t.h"

#include <stdio.h>
#include <string.h>

#include "http/proxy.h"
#include "network.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR      "\xc0\x00\x02\x01\xc6\x33\x64\x02\x9c\x40\x20\xfb" /* 192.0.2.1, 198.51.100.2 */
#define SIX                                                                                        \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x9c\x40\x20" \
    "\xfb"
#define BYTES(literal) pawl_view((literal), sizeof(literal) - 1)

struct header {
    size_t  n;
    uint8_t b[PROXY_HEADER_MAX + 64];
};

/* Version 2, with the true length of its block. */
static struct header binary(uint8_t ver_cmd, uint8_t fam, struct pawl_view block)
{
    struct header h = { .n = 16 + block.n };

    memcpy(h.b, SIGNATURE, 12);
    h.b[12] = ver_cmd;
    h.b[13] = fam;
    h.b[14] = (uint8_t)(block.n >> 8);
    h.b[15] = (uint8_t)block.n;
    memcpy(h.b + 16, block.p, block.n);
    return h;
}

static struct pawl_view view(const struct header *h)
{
    return pawl_view(h->b, h->n);
}

static void check_size(struct pawl_view in, size_t expected)
{
    size_t          n = 77;
    struct pawl_err err;

    T_OK(proxy_size(in, &n, &err), &err);
    assert_int_equal(n, expected);
}

/* source NULL: there is none. No beginning of it is taken; where it ends is known in time, and
 * bytes behind it change nothing. */
static void check_good(struct pawl_view in, const char *source)
{
    struct proxy_header h;
    struct pawl_err     err;
    uint8_t             longer[PROXY_HEADER_MAX + 64];

    t_poison(&h, sizeof(h));
    T_OK(proxy_parse(t_copy(in), &h, &err), &err);
    assert_int_equal(h.has_source, source != NULL);
    assert_string_equal(h.source.text, source ? source : "");
    for (size_t n = 0; n < in.n; n++) {
        size_t           size = 77;
        struct pawl_view part = t_copy(pawl_view(in.p, n));
        T_OK(proxy_size(part, &size, &err), &err);
        assert_true(size == 0 || size == in.n);
        T_FAILS(proxy_parse(part, &h, &err), &err, PAWL_E_SHORT);
    }
    memcpy(longer, in.p, in.n);
    longer[in.n] = 0x16;
    check_size(pawl_view(longer, in.n + 1), in.n);
    T_FAILS(proxy_parse(pawl_view(longer, in.n + 1), &h, &err), &err, PAWL_E_TRAILING);
}

static void check_bad(struct pawl_view in, enum pawl_code code, const char *where)
{
    struct proxy_header h;
    struct pawl_err     err;

    t_poison(&h, sizeof(h));
    T_FAILS(proxy_parse(t_copy(in), &h, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&h, sizeof(h));
}

static void check_binary(uint8_t ver_cmd, uint8_t fam, struct pawl_view block, const char *source)
{
    struct header h = binary(ver_cmd, fam, block);

    check_good(view(&h), source);
}

static void check_bad_binary(uint8_t ver_cmd, uint8_t fam, struct pawl_view block,
                             enum pawl_code code, const char *where)
{
    struct header h = binary(ver_cmd, fam, block);

    check_bad(view(&h), code, where);
}

/* ---- version 2 ------------------------------------------------------------------------------- */

static void takes_the_source_of_a_binary_header(void **state)
{
    (void)state;
    check_binary(0x21, 0x11, BYTES(FOUR), "192.0.2.1");
    check_binary(0x21, 0x21, BYTES(SIX), "2001:db8::1");
    check_binary(0x21, 0x21, BYTES("\0\0\0\0\0\0\0\0\0\0\xff\xff" FOUR "\0\0\0\0\0\0\0\0\0\0\0\0"),
                 "192.0.2.1");
}

static void skips_what_follows_behind_the_addresses(void **state)
{
    (void)state;
    check_binary(0x21, 0x11, BYTES(FOUR "\x05\0\3abc"), "192.0.2.1");
    check_binary(0x21, 0x21, BYTES(SIX "\xea\0\0\x04\0\1x"), "2001:db8::1");
}

static void finds_no_source_where_none_is_said(void **state)
{
    (void)state;
    check_binary(0x20, 0x00, BYTES(""), NULL);
    check_binary(0x20, 0x11, BYTES(FOUR), NULL);
    check_binary(0x20, 0xff, BYTES("anything"), NULL);
    check_binary(0x21, 0x00, BYTES(""), NULL);
    check_binary(0x21, 0x00, BYTES("anything"), NULL);
}

static void refuses_a_bad_binary_header_naming_its_field(void **state)
{
    (void)state;
    check_bad_binary(0x11, 0x11, BYTES(FOUR), PAWL_E_FORM, "ver_cmd");
    check_bad_binary(0x31, 0x11, BYTES(FOUR), PAWL_E_FORM, "ver_cmd");
    check_bad_binary(0x22, 0x11, BYTES(FOUR), PAWL_E_FORM, "ver_cmd");
    check_bad_binary(0x2f, 0x00, BYTES(""), PAWL_E_FORM, "ver_cmd");
    for (int fam = 1; fam < 256; fam++)
        if (fam != 0x11 && fam != 0x21)
            check_bad_binary(0x21, (uint8_t)fam, BYTES(SIX), PAWL_E_UNSUPPORTED, "fam");
    check_bad_binary(0x21, 0x11, BYTES(""), PAWL_E_SHORT, "src_addr");
    check_bad_binary(0x21, 0x11, pawl_view(FOUR, 7), PAWL_E_SHORT, "dst_addr");
    check_bad_binary(0x21, 0x11, pawl_view(FOUR, 9), PAWL_E_SHORT, "src_port");
    check_bad_binary(0x21, 0x11, pawl_view(FOUR, 11), PAWL_E_SHORT, "dst_port");
    check_bad_binary(0x21, 0x21, BYTES(FOUR), PAWL_E_SHORT, "src_addr");
    check_bad_binary(0x21, 0x21, pawl_view(SIX, 31), PAWL_E_SHORT, "dst_addr");
    check_bad_binary(0x21, 0x21, pawl_view(SIX, 35), PAWL_E_SHORT, "dst_port");
    check_bad_binary(0x21, 0x11, BYTES(FOUR "\x05"), PAWL_E_SHORT, "tlv.length");
    check_bad_binary(0x21, 0x11, BYTES(FOUR "\x05\0"), PAWL_E_SHORT, "tlv.length");
    check_bad_binary(0x21, 0x11, BYTES(FOUR "\x05\0\4abc"), PAWL_E_SHORT, "tlv.value");
    check_bad_binary(0x21, 0x11, BYTES(FOUR "\x05\xff\xff"), PAWL_E_SHORT, "tlv.value");
}

static void a_binary_header_has_its_largest_size(void **state)
{
    uint8_t         block[PROXY_HEADER_MAX - 16 + 1] = { 0 };
    size_t          n = 77;
    struct pawl_err err;

    (void)state;
    check_binary(0x20, 0, pawl_view(block, sizeof(block) - 1), NULL);
    struct header h = binary(0x20, 0, PAWL_VIEW_OF(block));
    check_bad(view(&h), PAWL_E_RANGE, "len");
    T_FAILS(proxy_size(pawl_view(h.b, 16), &n, &err), &err, PAWL_E_RANGE);
    assert_int_equal(n, 77);
}

/* ---- version 1 ------------------------------------------------------------------------------- */

static void takes_the_source_of_a_line(void **state)
{
    (void)state;
    check_good(BYTES("PROXY TCP4 192.0.2.1 198.51.100.2 40000 8443\r\n"), "192.0.2.1");
    check_good(BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 0 65535\r\n"), "2001:db8::1");
    check_good(BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1");
    check_good(BYTES("PROXY UNKNOWN\r\n"), NULL);
    check_good(BYTES("PROXY UNKNOWN and the rest, whatever it is\r\n"), NULL);
}

static void refuses_a_bad_line_naming_its_field(void **state)
{
    static const struct {
        const char    *line, *where;
        enum pawl_code code;
    } bad[] = {
        { "PROXY \r\n", "line", PAWL_E_FORM },
        { "PROXY TCP4\r\n", "line", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 40000\r\n", "line", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 40000 8443 1\r\n", "line", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 40000 8443 \r\n", "line", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 40000 8443\n", "line", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1\r198.51.100.2 40000 8443\n", "line", PAWL_E_FORM },
        { "PROXY TCP4  192.0.2.1 198.51.100.2 40000\r\n", "src_addr", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2 198.51.100.2 40000 8443\r\n", "src_addr", PAWL_E_FORM },
        { "PROXY TCP4 2001:db8::1 2001:db8::2 40000 8443\r\n", "src_addr", PAWL_E_FORM },
        { "PROXY TCP6 192.0.2.1 198.51.100.2 40000 8443\r\n", "src_addr", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 x 40000 8443\r\n", "dst_addr", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 -1 8443\r\n", "src_port", PAWL_E_FORM },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 40000 65536\r\n", "dst_port", PAWL_E_RANGE },
        { "PROXY TCP4 192.0.2.1 198.51.100.2 40000 8443\r\r\n", "dst_port", PAWL_E_FORM },
        { "PROXY TCP5 192.0.2.1 198.51.100.2 40000 8443\r\n", "fam", PAWL_E_UNSUPPORTED },
        { "PROXY tcp4 192.0.2.1 198.51.100.2 40000 8443\r\n", "fam", PAWL_E_UNSUPPORTED },
        { "PROXY UNKNOWNS 192.0.2.1 198.51.100.2 40000 8443\r\n", "fam", PAWL_E_UNSUPPORTED },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_bad(pawl_view_str(bad[i].line), bad[i].code, bad[i].where);
    check_bad(BYTES("PROXY TCP4 192.0.2.1\0 198.51.100.2 40000 8443\r\n"), PAWL_E_FORM, "line");
}

static void a_line_has_its_largest_size(void **state)
{
    char line[108] = "PROXY UNKNOWN ";

    (void)state;
    memset(line + 14, 'x', sizeof(line) - 14);
    memcpy(line + 105, "\r\n", 2);
    check_good(pawl_view(line, 107), NULL);
    check_size(pawl_view(line, 105), 0);
    memcpy(line + 105, "x\r\n", 3);
    check_size(pawl_view(line, 106), 0);
    check_bad(pawl_view(line, 107), PAWL_E_RANGE, "line");
    check_bad(pawl_view(line, 108), PAWL_E_RANGE, "line");
}

/* ---- neither --------------------------------------------------------------------------------- */

static void what_begins_otherwise_is_refused_at_its_first_wrong_byte(void **state)
{
    const struct pawl_view good[] = { BYTES(SIGNATURE), BYTES("PROXY ") };
    uint8_t                begin[12];
    size_t                 n;
    struct pawl_err        err;

    (void)state;
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; at < good[i].n; at++) {
            memcpy(begin, good[i].p, good[i].n);
            check_size(pawl_view(begin, at + 1), 0);
            begin[at] ^= 0x20;
            n = 77;
            T_FAILS(proxy_size(pawl_view(begin, at + 1), &n, &err), &err, PAWL_E_FORM);
            T_WHERE(&err, "signature");
            assert_int_equal(n, 77);
        }
    check_bad(BYTES("\x16\x03\x01"), PAWL_E_FORM, "signature");
    check_size(BYTES(""), 0);
}

/* ---- whose limits count -----------------------------------------------------------------------
 */

static struct peer source_of(const char *address)
{
    struct proxy_header h;
    struct pawl_err     err;
    char                line[108];
    bool                is_ipv6 = strchr(address, ':') != NULL;

    snprintf(line, sizeof(line), "PROXY TCP%d %s %s 1 2\r\n", is_ipv6 ? 6 : 4, address,
             is_ipv6 ? "::1" : "192.0.2.1");
    T_OK(proxy_parse(pawl_view_str(line), &h, &err), &err);
    return h.source;
}

static bool are_counted_together(const char *a, const char *b)
{
    return source_of(a).net == source_of(b).net;
}

static void an_address_or_a_64_is_counted_by_itself(void **state)
{
    (void)state;
    assert_false(are_counted_together("192.0.2.1", "192.0.2.2"));
    assert_false(are_counted_together("192.0.2.1", "193.0.2.1"));
    assert_true(are_counted_together("192.0.2.1", "::ffff:192.0.2.1"));
    assert_true(are_counted_together("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"));
    assert_false(are_counted_together("2001:db8:0:1::1", "2001:db8:0:2::1"));
    assert_false(are_counted_together("2001:db8:0:1::1", "2001:db8:0:101::1"));
    assert_false(are_counted_together("2001:db8:0:1::1", "3001:db8:0:1::1"));
    /* No network of IPv6 has the number of an IPv4 address. */
    assert_false(are_counted_together("192.0.2.1", "0:0:c000:201::1"));
}

static void a_source_has_its_address(void **state)
{
    (void)state;
    static const uint8_t four[16] = { [10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1 };
    static const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 };
    struct peer          p = source_of("192.0.2.1");

    assert_memory_equal(p.address.s6_addr, four, 16);
    p = source_of("2001:db8::1");
    assert_memory_equal(p.address.s6_addr, six, 16);
}

/* ---- networks -------------------------------------------------------------------------------- */

static bool has(const char *net, const char *address)
{
    struct network  n, one;
    struct pawl_err err;

    T_OK(network_parse(pawl_view_str(net), &n, &err), &err);
    T_OK(network_parse(pawl_view_str(address), &one, &err), &err);
    return network_has(&n, one.address);
}

static void a_network_holds_its_addresses_and_no_others(void **state)
{
    (void)state;
    assert_true(has("192.0.2.1", "192.0.2.1"));
    assert_false(has("192.0.2.1", "192.0.2.0"));
    assert_true(has("192.0.2.0/24", "192.0.2.255"));
    assert_false(has("192.0.2.0/24", "192.0.3.0"));
    assert_true(has("192.0.2.128/25", "192.0.2.128"));
    assert_false(has("192.0.2.128/25", "192.0.2.127"));
    assert_true(has("0.0.0.0/0", "203.0.113.7"));
    assert_false(has("0.0.0.0/0", "2001:db8::1"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(has("2001:db8::1/128", "2001:db8::1"));
    assert_false(has("2001:db8::1", "2001:db8::2"));
    assert_true(has("::/0", "2001:db8::1"));
    assert_false(has("::/0", "192.0.2.1"));
    assert_true(has("::ffff:192.0.2.0/120", "192.0.2.9"));
}

static void refuses_what_is_no_network(void **state)
{
    static const struct {
        const char    *text;
        enum pawl_code code;
    } bad[] = {
        { "", PAWL_E_FORM },
        { "/8", PAWL_E_FORM },
        { "10.0.0.0/", PAWL_E_FORM },
        { "10.0.0.0/33", PAWL_E_RANGE },
        { "10.0.0.0/-1", PAWL_E_FORM },
        { "10.0.0.0/8/8", PAWL_E_FORM },
        { "10.0.0.1/8", PAWL_E_FORM },
        { "10.0/16", PAWL_E_FORM },
        { "010.0.0.0/8", PAWL_E_FORM },
        { "2001:db8::/129", PAWL_E_RANGE },
        { "2001:db8::1/127", PAWL_E_FORM },
        { "balancer.example", PAWL_E_FORM },
        { "[2001:db8::1]", PAWL_E_FORM },
        { "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0001/128", PAWL_E_RANGE },
    };
    struct network  n;
    struct pawl_err err;

    (void)state;
    t_poison(&n, sizeof(n));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_FAILS(network_parse(pawl_view_str(bad[i].text), &n, &err), &err, bad[i].code);
        t_still_poisoned(&n, sizeof(n));
    }
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("takes the source of a binary header", takes_the_source_of_a_binary_header),
        T_CASE("skips what follows behind the addresses", skips_what_follows_behind_the_addresses),
        T_CASE("finds no source where none is said", finds_no_source_where_none_is_said),
        T_CASE("refuses a bad binary header, naming its field",
               refuses_a_bad_binary_header_naming_its_field),
        T_CASE("a binary header has its largest size", a_binary_header_has_its_largest_size),
        T_CASE("takes the source of a line", takes_the_source_of_a_line),
        T_CASE("refuses a bad line, naming its field", refuses_a_bad_line_naming_its_field),
        T_CASE("a line has its largest size", a_line_has_its_largest_size),
        T_CASE("what begins otherwise is refused at its first wrong byte",
               what_begins_otherwise_is_refused_at_its_first_wrong_byte),
        T_CASE("an address, or a /64, is counted by itself",
               an_address_or_a_64_is_counted_by_itself),
        T_CASE("a source has its address", a_source_has_its_address),
        T_CASE("a network holds its addresses and no others",
               a_network_holds_its_addresses_and_no_others),
        T_CASE("refuses what is no network", refuses_what_is_no_network),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
