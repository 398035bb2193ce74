/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON read strictly: one object and nothing after it, no unknown and no repeated members where we
 * say which there are, numbers beyond 2^53 as decimal text, bytes as hex or base64url text. Each
 * failure names the member.
 */
#ifndef AGENT_STATE_JSON_H
#define AGENT_STATE_JSON_H

#include <cjson/cJSON.h>

#include <pawl/base.h>

/* For PAWL_CLEANUP. */
void json_done(cJSON **j);

/* Parses exactly one object; what names it in errors. FORM. Free *ret with json_done. */
PAWL_MUST_USE pawl_status json_parse(struct pawl_view in, const char *what, cJSON **ret,
                                     struct pawl_err *err);

/* Refuses members other than these, and any given twice. FORM. */
PAWL_MUST_USE pawl_status json_only(const cJSON *object, const char *const *names, size_t n,
                                    struct pawl_err *err);

/* The member, of that type; ABSENT if it is not there, FORM if it is of another type. */
PAWL_MUST_USE pawl_status json_object(const cJSON *object, const char *name, const cJSON **ret,
                                      struct pawl_err *err);
PAWL_MUST_USE pawl_status json_array(const cJSON *object, const char *name, const cJSON **ret,
                                     struct pawl_err *err);
PAWL_MUST_USE pawl_status json_bool(const cJSON *object, const char *name, bool *ret,
                                    struct pawl_err *err);
/* An integer between lo and hi, both within 2^53. RANGE. */
PAWL_MUST_USE pawl_status json_int(const cJSON *object, const char *name, int64_t lo, int64_t hi,
                                   int64_t *ret, struct pawl_err *err);
/* Borrowed from the object; at most max characters. RANGE. */
PAWL_MUST_USE pawl_status json_text(const cJSON *object, const char *name, size_t max,
                                    const char **ret, struct pawl_err *err);
/* Decimal text. */
PAWL_MUST_USE pawl_status json_u64(const cJSON *object, const char *name, uint64_t *ret,
                                   struct pawl_err *err);
/* Hex text of at most cap bytes. */
PAWL_MUST_USE pawl_status json_hex(const cJSON *object, const char *name, uint8_t *ret, size_t cap,
                                   size_t *ret_n, struct pawl_err *err);

/* Copies text of at most cap - 1 characters: where the member may be missing, *ret stays as it
 * is. */
PAWL_MUST_USE pawl_status json_copy(const cJSON *object, const char *name, char *ret, size_t cap,
                                    struct pawl_err *err);

/* Adds hex text. False without memory. */
bool json_add_hex(cJSON *object, const char *name, struct pawl_view bytes);
bool json_add_u64(cJSON *object, const char *name, uint64_t v);

/* The object as text on stdout, with a line's end. */
void json_print(const cJSON *object);

#endif
