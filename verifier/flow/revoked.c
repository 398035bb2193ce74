/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/revoked.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pawl/crypto.h>

#include "appraise/jws.h"
#include "flow/json.h"
#include "flow/request.h"

enum { PAGE = 1000 };

struct revoked {
    char   *token; /* NULL: none was signed yet */
    char    tag[REVOKED_TAG_MAX];
    int64_t read_ms, signed_s;
    uint8_t list[32]; /* SHA-256 of the ids */
    uint8_t signer[PAWL_VERIFIER_ID];
};

void revoked_free(struct revoked **kept)
{
    if (!*kept)
        return;
    free((*kept)->token);
    free(*kept);
    *kept = NULL;
}

/* ---- who is revoked -------------------------------------------------------------------------- */

struct listing {
    struct json *j;
    cJSON       *list;
    size_t       n; /* of this page */
    uint8_t      last[PAWL_DEVICE_ID];
};

static pawl_status name_one(const struct device *d, void *arg, struct pawl_err *err)
{
    struct listing *l = arg;

    (void)err;
    json_hex(l->j, l->list, NULL, PAWL_VIEW_OF(d->id));
    memcpy(l->last, d->id, sizeof(l->last));
    l->n++;
    return pawl_ok();
}

/* "revoked": [id ..] */
static pawl_status name_all(const struct flow *f, const struct tenant_config *tenant,
                            struct json *j, struct pawl_err *err)
{
    const struct device_filter along = { .state = DEVICE_REVOKED };
    struct listing             l = { .j = j, .list = json_array(j, j->root, "revoked") };
    struct pawl_view           after = pawl_view(NULL, 0);

    do {
        l.n = 0;
        PAWL_TRY(f->store->devices(f->store->self, tenant_view(tenant), &along, after, PAGE,
                                   name_one, &l, err));
        after = PAWL_VIEW_OF(l.last);
    } while (l.n == PAGE);
    return pawl_ok();
}

/* ---- signing --------------------------------------------------------------------------------- */

static void free_text(char **s)
{
    free(*s);
}

static pawl_status sign(const struct flow *f, const char *claims, char **ret, struct pawl_err *err)
{
    size_t n = strlen(claims), cap = JWS_ROOM(n);
    char  *token = malloc(cap);

    if (!token)
        return pawl_fail(err, PAWL_E_MEMORY, "revoked", "out of memory");
    pawl_status s = jws_write(f->keys->signing, f->keys->verifier_id, REVOKED_TYPE,
                              pawl_view(claims, n), token, cap, err);
    if (!pawl_is_ok(s)) {
        free(token);
        return s;
    }
    *ret = token;
    return pawl_ok();
}

/* Of a time that lies ahead nothing is known but that the clock went back. */
static bool is_within(int64_t then, int64_t now, int64_t span)
{
    return then <= now && now - then < span;
}

/* Half of the time that it is believed for is left at least. */
static bool is_good(const struct revoked *r, const struct flow *f,
                    const struct tenant_config *tenant, const uint8_t list[32], int64_t now_s)
{
    int64_t for_s = (int64_t)tenant->ear_ttl_s / 2;

    if (for_s > REVOKED_SIGNED_S)
        for_s = REVOKED_SIGNED_S;
    return r->token && is_within(r->signed_s, now_s, for_s) &&
           memcmp(r->list, list, sizeof(r->list)) == 0 &&
           memcmp(r->signer, f->keys->verifier_id, sizeof(r->signer)) == 0;
}

/* j: {"revoked": [..]}, to which the other claims are added. */
static pawl_status sign_again(struct revoked *r, const struct flow *f,
                              const struct tenant_config *tenant, struct json *j,
                              const uint8_t list[32], int64_t now_s, struct pawl_err *err)
{
    PAWL_CLEANUP(free_text) char *claims = NULL, *token = NULL;

    json_i64(j, j->root, "iat", now_s);
    json_i64(j, j->root, "exp", now_s + (int64_t)tenant->ear_ttl_s);
    json_text(j, j->root, "aud", tenant->name);
    PAWL_TRY(json_end(j, &claims, err));
    PAWL_TRY(sign(f, claims, &token, err));
    free(r->token);
    r->token = token;
    token = NULL;
    r->signed_s = now_s;
    memcpy(r->list, list, sizeof(r->list));
    memcpy(r->signer, f->keys->verifier_id, sizeof(r->signer));
    return pawl_ok();
}

/* ---- what is told ---------------------------------------------------------------------------- */

/* Of the token: two verifiers, and two workers, sign at other times. */
static pawl_status write_tag(struct revoked *r, struct pawl_err *err)
{
    uint8_t sha256[32];
    char    hex[2 * sizeof(sha256) + 1];

    PAWL_TRY(pawl_sha256(pawl_view_str(r->token), sha256, err));
    PAWL_TRY(pawl_hex_write(PAWL_VIEW_OF(sha256), hex, sizeof(hex), err));
    snprintf(r->tag, sizeof(r->tag), "\"%.32s\"", hex);
    return pawl_ok();
}

static pawl_status look_again(struct revoked *r, const struct flow *f,
                              const struct tenant_config *tenant, int64_t now_ms,
                              struct pawl_err *err)
{
    PAWL_CLEANUP(free_text) char *text = NULL;
    JSON                          j = json_begin();
    uint8_t                       list[32];

    PAWL_TRY(name_all(f, tenant, &j, err));
    PAWL_TRY(json_end(&j, &text, err));
    PAWL_TRY(pawl_sha256(pawl_view_str(text), list, err));
    if (!is_good(r, f, tenant, list, now_ms / 1000))
        PAWL_TRY(sign_again(r, f, tenant, &j, list, now_ms / 1000, err));
    PAWL_TRY(write_tag(r, err));
    r->read_ms = now_ms;
    return pawl_ok();
}

pawl_status revoked_list(struct revoked **kept, const struct flow *f,
                         const struct tenant_config *tenant, const char **ret_token,
                         const char **ret_tag, struct pawl_err *err)
{
    int64_t         now_ms = f->now_ms(f->now_arg);
    struct revoked *r = *kept ? *kept : calloc(1, sizeof(*r));

    if (!r)
        return pawl_fail(err, PAWL_E_MEMORY, "revoked", "out of memory");
    *kept = r;
    if (!r->token || !is_within(r->read_ms, now_ms, REVOKED_READ_MS) ||
        !is_good(r, f, tenant, r->list, now_ms / 1000))
        PAWL_TRY(look_again(r, f, tenant, now_ms, err));
    *ret_token = r->token;
    *ret_tag = r->tag;
    return pawl_ok();
}
