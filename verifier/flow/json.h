/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON of the operator's side, over cJSON.
 *
 * Writing is sticky: after one member did not fit into memory the document is lost, and json_end
 * says so. Reading is strict: one object, known members, each once.
 */
#ifndef VERIFIER_FLOW_JSON_H
#define VERIFIER_FLOW_JSON_H

#include <cjson/cJSON.h>

#include <pawl/base.h>

struct json {
    cJSON *root;
    bool   lost;
};

void json_done(struct json *j);
#define JSON PAWL_CLEANUP(json_done) struct json

/* ---- writing: to is an object of the document, or an array with name NULL ------------------- */

struct json json_begin(void);
cJSON      *json_object(struct json *j, cJSON *to, const char *name);
cJSON      *json_array(struct json *j, cJSON *to, const char *name);
void        json_text(struct json *j, cJSON *to, const char *name, const char *s);
void        json_text_n(struct json *j, cJSON *to, const char *name, struct pawl_view s);
void        json_hex(struct json *j, cJSON *to, const char *name, struct pawl_view v);
/* base64 with padding (RFC 4648 section 4). */
void json_b64(struct json *j, cJSON *to, const char *name, struct pawl_view v);
void json_null(struct json *j, cJSON *to, const char *name);
void json_bool(struct json *j, cJSON *to, const char *name, bool v);
/* All 64 bits, unlike cJSON's own numbers. */
void json_u64(struct json *j, cJSON *to, const char *name, uint64_t v);
void json_i64(struct json *j, cJSON *to, const char *name, int64_t v);
/* All 64 bits as text, for readers that keep 53 bits of a number: what is compared. */
void json_id(struct json *j, cJSON *to, const char *name, uint64_t v);
/* Bytes of an application: "body_b64", and "text" where a terminal shows it and does not obey. */
void json_body(struct json *j, cJSON *to, struct pawl_view body);
/* The members of a document that was written before become members. FORM if it is no object. */
PAWL_MUST_USE pawl_status json_members(struct json *j, cJSON *to, struct pawl_view text,
                                       struct pawl_err *err);
/* A document that was written before: it becomes a member. FORM if it is none. */
PAWL_MUST_USE pawl_status json_embed(struct json *j, cJSON *to, const char *name, const char *text,
                                     struct pawl_err *err);

/* *ret: the text, owned by the caller (free). */
PAWL_MUST_USE pawl_status json_end(const struct json *j, char **ret, struct pawl_err *err);

/* ---- reading -------------------------------------------------------------------------------- */

/* known: the names of the members that may be there, NULL at the end. */
PAWL_MUST_USE pawl_status json_parse(struct pawl_view text, const char *const *known,
                                     struct json *ret, struct pawl_err *err);
/* *ret stays as it was if the member is absent and not needed. The text is the document's. */
PAWL_MUST_USE pawl_status json_get_text(const struct json *j, const char *name, bool needed,
                                        const char **ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status json_get_u64(const struct json *j, const char *name, uint64_t max,
                                       uint64_t *ret, struct pawl_err *err);
PAWL_MUST_USE pawl_status json_get_bool(const struct json *j, const char *name, bool *ret,
                                        struct pawl_err *err);

#endif
