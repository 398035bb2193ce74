/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON written straight as text, member by member, for what is written with every answer: a tree
 * costs ten times as much. Sticky: after one piece that did not fit, or was no text, nothing is
 * written any more, and json_text_end says so.
 *
 * Strings are UTF-8; what stands in them is escaped. Names of members are ours and need no escape.
 * name NULL: an element of an array.
 */
#ifndef VERIFIER_APPRAISE_JSON_TEXT_H
#define VERIFIER_APPRAISE_JSON_TEXT_H

#include <pawl/base.h>

struct json_text {
    char  *s;
    size_t n, cap;
    bool   full;
};

/* Begins an object. cap: with the final 0. */
struct json_text json_text_to(char *s, size_t cap);
/* Ends it. FULL if it did not fit. */
PAWL_MUST_USE pawl_status json_text_end(struct json_text *t, const char *where,
                                        struct pawl_err *err);

void jt_object(struct json_text *t, const char *name);
void jt_object_end(struct json_text *t);
void jt_array(struct json_text *t, const char *name);
void jt_array_end(struct json_text *t);
void jt_text(struct json_text *t, const char *name, struct pawl_view v);
void jt_string(struct json_text *t, const char *name, const char *s);
void jt_hex(struct json_text *t, const char *name, struct pawl_view v);
void jt_b64url(struct json_text *t, const char *name, struct pawl_view v);
/* All 64 bits. */
void jt_u64(struct json_text *t, const char *name, uint64_t v);
void jt_true(struct json_text *t, const char *name);

#endif
