/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proxy.h"

#include <arpa/inet.h>
#include <string.h>

#define FIXED      16 /* bytes of version 2 in front of its addresses */
#define TEXT_MAX   107
#define TEXT_WORDS 6 /* PROXY TCP4 source destination port port */

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
static const uint8_t text_begin[6] = "PROXY ";

static bool begins(struct pawl_view in, struct pawl_view with)
{
    size_t n = in.n < with.n ? in.n : with.n;

    return pawl_view_equal(pawl_view(in.p, n), pawl_view(with.p, n));
}

/* ---- where it ends --------------------------------------------------------------------------- */

static pawl_status binary_size(struct pawl_view in, size_t *ret, struct pawl_err *err)
{
    if (in.n < FIXED)
        return pawl_ok();
    size_t n = (size_t)in.p[FIXED - 2] << 8 | in.p[FIXED - 1];
    if (n > PROXY_HEADER_MAX - FIXED)
        return pawl_fail(err, PAWL_E_RANGE, "len", "%zu, at most %d are taken", n,
                         PROXY_HEADER_MAX - FIXED);
    *ret = FIXED + n;
    return pawl_ok();
}

static pawl_status text_size(struct pawl_view in, size_t *ret, struct pawl_err *err)
{
    const uint8_t *end = memchr(in.p, '\n', in.n < TEXT_MAX ? in.n : TEXT_MAX);

    if (end)
        *ret = (size_t)(end - in.p) + 1;
    else if (in.n >= TEXT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "line", "has more than %d characters", TEXT_MAX);
    return pawl_ok();
}

pawl_status proxy_size(struct pawl_view in, size_t *ret, struct pawl_err *err)
{
    size_t n = 0;

    if (in.n && begins(in, PAWL_VIEW_OF(signature)))
        PAWL_TRY(binary_size(in, &n, err));
    else if (in.n && begins(in, PAWL_VIEW_OF(text_begin)))
        PAWL_TRY(text_size(in, &n, err));
    else if (in.n)
        return pawl_fail(err, PAWL_E_FORM, "signature", "the connection begins with no header");
    *ret = n;
    return pawl_ok();
}

/* ---- version 2 ------------------------------------------------------------------------------- */

enum { LOCAL = 0, PROXY = 1 };
enum { UNSPEC = 0x00, TCP4 = 0x11, TCP6 = 0x21 };

static struct peer read_ipv4(struct pawl_rd *r, const char *field)
{
    struct in_addr   a = { 0 };
    struct pawl_view b = pawl_rd_bytes(r, field, sizeof(a));

    if (b.n)
        memcpy(&a, b.p, sizeof(a));
    return peer_of_ipv4(&a);
}

static struct peer read_ipv6(struct pawl_rd *r, const char *field)
{
    struct in6_addr  a = { 0 };
    struct pawl_view b = pawl_rd_bytes(r, field, sizeof(a));

    if (b.n)
        memcpy(&a, b.p, sizeof(a));
    return peer_of_ipv6(&a);
}

static void skip_tlvs(struct pawl_rd *r)
{
    while (r->left && !r->bad) {
        (void)pawl_rd_u8(r, "tlv.type");
        size_t n = pawl_rd_u16(r, "tlv.length");
        (void)pawl_rd_bytes(r, "tlv.value", n);
    }
}

static pawl_status parse_addresses(struct pawl_view in, uint8_t fam, struct proxy_header *ret,
                                   struct pawl_err *err)
{
    struct proxy_header h = { .has_source = true };
    struct pawl_rd      r = pawl_rd_from(in);

    if (fam == TCP4) {
        h.source = read_ipv4(&r, "src_addr");
        (void)read_ipv4(&r, "dst_addr");
    } else if (fam == TCP6) {
        h.source = read_ipv6(&r, "src_addr");
        (void)read_ipv6(&r, "dst_addr");
    } else {
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "fam", "0x%02x is not TCP over IPv4 or IPv6",
                         fam);
    }
    (void)pawl_rd_u16(&r, "src_port");
    (void)pawl_rd_u16(&r, "dst_port");
    skip_tlvs(&r);
    PAWL_TRY(pawl_rd_end(&r, err));
    *ret = h;
    return pawl_ok();
}

static pawl_status parse_binary(struct pawl_view in, struct proxy_header *ret, struct pawl_err *err)
{
    struct pawl_rd r = pawl_rd_from(in);

    (void)pawl_rd_bytes(&r, "signature", sizeof(signature)); /* which proxy_size looked at */
    uint8_t          ver_cmd = pawl_rd_u8(&r, "ver_cmd");
    uint8_t          fam = pawl_rd_u8(&r, "fam");
    uint16_t         n = pawl_rd_u16(&r, "len");
    struct pawl_view block = pawl_rd_bytes(&r, "len", n);
    PAWL_TRY(pawl_rd_end(&r, err));
    if (ver_cmd >> 4 != 2)
        return pawl_fail(err, PAWL_E_FORM, "ver_cmd", "version %d", ver_cmd >> 4);
    int command = ver_cmd & 0x0f;
    if (command != LOCAL && command != PROXY)
        return pawl_fail(err, PAWL_E_FORM, "ver_cmd", "command %d", command);
    if (command == PROXY && fam != UNSPEC)
        return parse_addresses(block, fam, ret, err);
    /* Whatever the block holds then says nothing. */
    *ret = (struct proxy_header){ 0 };
    return pawl_ok();
}

/* ---- version 1 ------------------------------------------------------------------------------- */

static pawl_status parse_ports(char *const word[TEXT_WORDS], struct pawl_err *err)
{
    uint64_t port;

    PAWL_TRY(pawl_u64_parse(word[4], "src_port", UINT16_MAX, &port, err));
    return pawl_u64_parse(word[5], "dst_port", UINT16_MAX, &port, err);
}

static pawl_status parse_words(char *const word[TEXT_WORDS], struct proxy_header *ret,
                               struct pawl_err *err)
{
    struct proxy_header h = { .has_source = true };
    struct in_addr      a4[2];
    struct in6_addr     a6[2];
    bool                is_ipv6 = strcmp(word[1], "TCP6") == 0;

    if (!is_ipv6 && strcmp(word[1], "TCP4") != 0)
        return pawl_fail(err, PAWL_E_UNSUPPORTED, "fam", "is none of TCP4, TCP6, UNKNOWN");
    for (int i = 0; i < 2; i++)
        if (is_ipv6 ? inet_pton(AF_INET6, word[2 + i], &a6[i]) != 1
                    : inet_pton(AF_INET, word[2 + i], &a4[i]) != 1)
            return pawl_fail(err, PAWL_E_FORM, i ? "dst_addr" : "src_addr", "is no IPv%d address",
                             is_ipv6 ? 6 : 4);
    PAWL_TRY(parse_ports(word, err));
    h.source = is_ipv6 ? peer_of_ipv6(&a6[0]) : peer_of_ipv4(&a4[0]);
    *ret = h;
    return pawl_ok();
}

static pawl_status parse_text(struct pawl_view in, struct proxy_header *ret, struct pawl_err *err)
{
    char   line[TEXT_MAX + 1] = "";
    char  *word[TEXT_WORDS], *rest = line;
    size_t n = 0;

    if (in.n > TEXT_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "line", "has %zu characters, at most %d are taken",
                         in.n, TEXT_MAX);
    memcpy(line, in.p, in.n);
    char *end = strstr(line, "\r\n"); /* its only LF is its last byte */
    if (!end)
        return pawl_fail(err, PAWL_E_FORM, "line", "does not end with CR and LF");
    *end = 0;
    while (rest && n < TEXT_WORDS)
        word[n++] = strsep(&rest, " ");
    if (n > 1 && strcmp(word[1], "UNKNOWN") == 0) {
        *ret = (struct proxy_header){ 0 };
        return pawl_ok();
    }
    if (n < TEXT_WORDS || rest)
        return pawl_fail(err, PAWL_E_FORM, "line", "has not %d words", TEXT_WORDS);
    return parse_words(word, ret, err);
}

pawl_status proxy_parse(struct pawl_view in, struct proxy_header *ret, struct pawl_err *err)
{
    size_t n = 0;

    PAWL_TRY(proxy_size(in, &n, err));
    if (n == 0 || n > in.n)
        return pawl_fail(err, PAWL_E_SHORT, "header", "ends after %zu bytes", in.n);
    if (n < in.n)
        return pawl_fail(err, PAWL_E_TRAILING, "header", "%zu bytes left over", in.n - n);
    return in.p[0] == signature[0] ? parse_binary(in, ret, err) : parse_text(in, ret, err);
}
