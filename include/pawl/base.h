/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ground that all of libpawl stands on: status and error record, views, the reading and the
 * writing cursor, secrets, and strict text encodings.
 *
 * True of every call in libpawl
 *  - No I/O, no clock, no logging. The caller owns all memory. No globals but what OpenSSL lent:
 *    algorithms, and for each thread two contexts that hold nothing between calls.
 *  - Pointers are never NULL unless the comment says so. A view of no bytes may have p == NULL.
 *  - On failure outputs are left as they were and *err says where and why; on success *err is
 *    not touched.
 *  - Two threads may call anything at once as long as they share no argument.
 */
#ifndef PAWL_BASE_H
#define PAWL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <pawl/limits.h>

#define PAWL_MUST_USE     __attribute__((warn_unused_result))
#define PAWL_CLEANUP(f)   __attribute__((cleanup(f)))
#define PAWL_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ---- status and error record ---------------------------------------------------------------- */

enum pawl_code {
    PAWL_E_NONE = 0, /* nobody answered: not a success */
    PAWL_OK,
    PAWL_E_SHORT,       /* the input ends inside a field */
    PAWL_E_TRAILING,    /* bytes are left over after the last field */
    PAWL_E_RANGE,       /* a value or a length is outside what the field may hold */
    PAWL_E_FORM,        /* not the one allowed encoding: type, canonical form, syntax */
    PAWL_E_FORGED,      /* a signature, MAC or structure is not from whom it claims to be */
    PAWL_E_UNSUPPORTED, /* well-formed, but an algorithm or option that is not taken */
    PAWL_E_STATE,       /* refused in the present state */
    PAWL_E_FULL,        /* the output does not fit */
    PAWL_E_ABSENT,      /* no such record, file or object */
    PAWL_E_DENIED,      /* known, and not allowed */
    PAWL_E_CONFLICT,    /* somebody else was first: a lost compare-and-set, a taken name */
    PAWL_E_EXPIRED,     /* was good once: nonce, cookie, token, certificate */
    PAWL_E_IO,          /* the operating system or the network refused */
    PAWL_E_TPM,         /* the TPM refused */
    PAWL_E_MEMORY,
    PAWL_E_CRYPTO, /* the crypto library failed on good input */
    PAWL_E_BUG,    /* a caller broke a rule */
    PAWL_CODE_COUNT
};

/* Says whether the work was done. It never says whether a device is trusted: that is a verdict. */
typedef struct {
    enum pawl_code code;
} pawl_status; /* a struct, so nothing converts to it */

/* Owned by the caller, filled only on failure. Holds no secret and no raw input. */
struct pawl_err {
    enum pawl_code code;
    char           where[64]; /* the field, in the words of its standard: "quote.pcrSelect" */
    char           why[128];  /* for the operator */
};

/* The only macro in the tree that hides a jump. */
#define PAWL_TRY(call)                                                                             \
    do {                                                                                           \
        pawl_status try_ = (call);                                                                 \
        if (try_.code != PAWL_OK)                                                                  \
            return try_;                                                                           \
    } while (0)

static inline pawl_status pawl_ok(void)
{
    return (pawl_status){ PAWL_OK };
}

static inline bool pawl_is_ok(pawl_status s)
{
    return s.code == PAWL_OK;
}

/* Fills *err and returns the code as a status. fmt must not carry secrets or raw input;
 * control characters become '?'. */
pawl_status pawl_fail(struct pawl_err *err, enum pawl_code code, const char *where, const char *fmt,
                      ...) PAWL_PRINTF(4, 5);

/* Passes s through; on failure puts "prefix." before err->where. */
pawl_status pawl_under(struct pawl_err *err, const char *prefix, pawl_status s);

/* A short lower-case word for the code ("short", "forged"), for logs and tests. Never NULL. */
const char *pawl_code_name(enum pawl_code code);

/* ---- views ---------------------------------------------------------------------------------- */

/* Borrowed bytes. */
struct pawl_view {
    const uint8_t *p;
    size_t         n;
};

static inline struct pawl_view pawl_view(const void *p, size_t n)
{
    return (struct pawl_view){ (const uint8_t *)p, n };
}

/* The bytes of a C string without its final NUL. */
struct pawl_view pawl_view_str(const char *s);

/* For public bytes; secrets are compared by pawl_secret_equal or pawl_mac_equal. */
bool pawl_view_equal(struct pawl_view a, struct pawl_view b);

/* Same, in time that depends on the length alone. */
bool pawl_mac_equal(struct pawl_view a, struct pawl_view b);

#define PAWL_VIEW_OF(array) pawl_view((array), sizeof(array))

/* ---- reading cursor ------------------------------------------------------------------------- */

/* Reads borrowed bytes, big-endian unless the name says otherwise. After a failure every read
 * yields zero, so a parser may read on and must ask pawl_rd_end before it acts on any value. */
struct pawl_rd {
    const uint8_t *p;
    size_t         left;
    size_t         at;  /* offset of p, for the report */
    const char    *bad; /* first field that failed; NULL while good */
    enum pawl_code code;
};

struct pawl_rd pawl_rd_from(struct pawl_view in);

uint8_t  pawl_rd_u8(struct pawl_rd *r, const char *field);
uint16_t pawl_rd_u16(struct pawl_rd *r, const char *field);
uint32_t pawl_rd_u32(struct pawl_rd *r, const char *field);
uint64_t pawl_rd_u64(struct pawl_rd *r, const char *field);

/* Little-endian, as firmware and kernels write their logs. */
uint16_t pawl_rd_u16_le(struct pawl_rd *r, const char *field);
uint32_t pawl_rd_u32_le(struct pawl_rd *r, const char *field);
uint64_t pawl_rd_u64_le(struct pawl_rd *r, const char *field);

/* A TPMI_YES_NO: any other value than 0 and 1 is RANGE. */
bool pawl_rd_bool(struct pawl_rd *r, const char *field);

/* Exactly n bytes. */
struct pawl_view pawl_rd_bytes(struct pawl_rd *r, const char *field, size_t n);

/* A u16 length and that many bytes, at most max. */
struct pawl_view pawl_rd_tpm2b(struct pawl_rd *r, const char *field, size_t max);

/* A u32 count that drives a loop: 0 after a failure; above max it is RANGE. */
uint32_t pawl_rd_count(struct pawl_rd *r, const char *field, uint32_t max);

/* Marks the reader as failed at field, unless it already is. */
void pawl_rd_fail(struct pawl_rd *r, enum pawl_code code, const char *field);

/* Good only if every read was and no byte is left. Fails with the reader's code, or TRAILING. */
PAWL_MUST_USE pawl_status pawl_rd_end(const struct pawl_rd *r, struct pawl_err *err);

/* ---- writing cursor ------------------------------------------------------------------------- */

/* Writes big-endian into the caller's array. When something does not fit, full is set and every
 * later write is a no-op. */
struct pawl_wr {
    uint8_t *p;
    size_t   cap;
    size_t   n; /* bytes written */
    bool     full;
};

struct pawl_wr pawl_wr_to(uint8_t *p, size_t cap);

void pawl_wr_u8(struct pawl_wr *w, uint8_t v);
void pawl_wr_u16(struct pawl_wr *w, uint16_t v);
void pawl_wr_u32(struct pawl_wr *w, uint32_t v);
void pawl_wr_u64(struct pawl_wr *w, uint64_t v);

static inline void pawl_wr_bytes(struct pawl_wr *w, struct pawl_view v)
{
    if (w->full || v.n > w->cap - w->n) {
        w->full = true;
        return;
    }
    if (v.n)
        memcpy(w->p + w->n, v.p, v.n);
    w->n += v.n;
}

/* A u16 length and the bytes; sets full if v has more than 65535 bytes. */
void pawl_wr_tpm2b(struct pawl_wr *w, struct pawl_view v);

/* *ret gets what was written, as a view into the caller's array. Fails with FULL. */
PAWL_MUST_USE pawl_status pawl_wr_end(const struct pawl_wr *w, const char *what,
                                      struct pawl_view *ret, struct pawl_err *err);

/* ---- secrets -------------------------------------------------------------------------------- */

/* A key or other secret of n bytes, at most PAWL_SECRET_MAX. Declare one with PAWL_SECRET, so that
 * it is wiped when it goes out of scope; wipe by hand when it lives in a longer-lived struct. */
struct pawl_secret {
    size_t  n;
    uint8_t b[PAWL_SECRET_MAX];
};

#define PAWL_SECRET PAWL_CLEANUP(pawl_secret_wipe) struct pawl_secret

void pawl_secret_wipe(struct pawl_secret *s);

/* Overwrites memory in a way that the compiler keeps. p may be NULL if n is 0. */
void pawl_wipe(void *p, size_t n);

/* Copies in->n bytes. Fails with RANGE above PAWL_SECRET_MAX; where names the secret. */
PAWL_MUST_USE pawl_status pawl_secret_from(struct pawl_view in, const char *where,
                                           struct pawl_secret *ret, struct pawl_err *err);

/* A view of the secret's bytes, for a call of crypto.h only. */
struct pawl_view pawl_secret_view(const struct pawl_secret *s);

/* In time that depends on the lengths alone; secrets of no bytes are equal to nothing. */
bool pawl_secret_equal(const struct pawl_secret *a, const struct pawl_secret *b);

/* ---- text ----------------------------------------------------------------------------------- */

/* Strict: lower- or upper-case hex of even length; base64url without padding, white space or
 * non-zero spare bits; base64 (RFC 4648 section 4) with padding. Writers use lower case. */

/* ret gets 2 * in.n characters and a NUL; cap counts both. Fails with FULL. */
PAWL_MUST_USE pawl_status pawl_hex_write(struct pawl_view in, char *ret, size_t cap,
                                         struct pawl_err *err);

/* Decodes exactly s; *ret_n gets the number of bytes, at most cap. Fails with FORM or FULL;
 * err->where is field. */
PAWL_MUST_USE pawl_status pawl_hex_parse(const char *s, const char *field, uint8_t *ret, size_t cap,
                                         size_t *ret_n, struct pawl_err *err);

/* The same, and the text must hold exactly n bytes: otherwise RANGE. */
PAWL_MUST_USE pawl_status pawl_hex_parse_exact(const char *s, const char *field, uint8_t *ret,
                                               size_t n, struct pawl_err *err);

/* Characters of the base64url text of n bytes, without a NUL. */
size_t pawl_b64url_n(size_t n);

PAWL_MUST_USE pawl_status pawl_b64url_write(struct pawl_view in, char *ret, size_t cap,
                                            struct pawl_err *err);

/* s holds text of s.n characters, not NUL-terminated. */
PAWL_MUST_USE pawl_status pawl_b64url_parse(struct pawl_view s, const char *field, uint8_t *ret,
                                            size_t cap, size_t *ret_n, struct pawl_err *err);

/* Characters of the base64 text of n bytes, padding and all, without a NUL. */
size_t pawl_b64_n(size_t n);

PAWL_MUST_USE pawl_status pawl_b64_write(struct pawl_view in, char *ret, size_t cap,
                                         struct pawl_err *err);

/* As pawl_b64url_parse. */
PAWL_MUST_USE pawl_status pawl_b64_parse(struct pawl_view s, const char *field, uint8_t *ret,
                                         size_t cap, size_t *ret_n, struct pawl_err *err);

/* A decimal number without sign, white space or leading zero, at most max. FORM or RANGE. */
PAWL_MUST_USE pawl_status pawl_u64_parse(const char *s, const char *field, uint64_t max,
                                         uint64_t *ret, struct pawl_err *err);

/* True if the bytes are UTF-8 (RFC 3629: shortest form, no surrogates) without NUL. */
bool pawl_is_utf8(struct pawl_view in);

/* True for 1 to PAWL_TENANT_MAX characters of a-z, 0-9, '-', '_' and '.', beginning with a letter
 * or digit: a tenant, a policy's name. */
bool pawl_is_name(struct pawl_view in);

#endif
