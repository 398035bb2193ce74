/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access.h"

#include <stdio.h>
#include <string.h>

#include <pawl/crypto.h>

#include "api/api.h"
#include "api/exchange.h"
#include "api/problem.h"

#define MINUTE_MS 60000
#define CHALLENGE "Bearer realm=\"pawl\""

/* ---- tries that failed ----------------------------------------------------------------------- */

static size_t place_of(const char *peer, size_t places)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *peer; peer++)
        hash = (hash ^ (uint8_t)*peer) * 16777619u;
    return hash % places;
}

/* How many there were in this minute, with this one. */
static unsigned count_try(struct access_tries *t, const char *peer, int64_t now_ms)
{
    struct access_tried *at = &t->peer[place_of(peer, sizeof(t->peer) / sizeof(t->peer[0]))];

    if (at->minute != now_ms / MINUTE_MS || strcmp(at->peer, peer) != 0) {
        *at = (struct access_tried){ .minute = now_ms / MINUTE_MS };
        snprintf(at->peer, sizeof(at->peer), "%s", peer);
    }
    if (at->n <= ACCESS_TRIES_MAX)
        at->n++;
    return at->n;
}

/* ---- refusing -------------------------------------------------------------------------------- */

static void refuse(struct http_request *r, struct http_answer a, const char *code, const char *why)
{
    api_refused(r, &a, why);
    problem_answer(r, a, &(struct problem){ .code = code, .detail = why });
}

static void refuse_nobody(struct http_request *r, const char *why)
{
    struct api    *api = http_context(r);
    struct flow   *f = &api->flow;
    unsigned       n = count_try(api->tries, http_peer(r), f->now_ms(f->now_arg));
    const char    *many = "too many requests without a good credential came from this address";
    const uint32_t wait_s = MINUTE_MS / 1000;

    if (n <= ACCESS_TRIES_MAX)
        refuse(r, (struct http_answer){ .status = 401, .challenge = CHALLENGE }, "denied", why);
    else
        problem_answer(r, (struct http_answer){ .status = 429, .retry_after_s = wait_s },
                       &(struct problem){ .code = "denied", .detail = many });
}

/* Nobody knows who asks: what failed, such as where the database is, is for the log. */
static void refuse_for_now(struct http_request *r, const struct pawl_err *err)
{
    struct http_answer a = { .status = 503, .retry_after_s = HTTP_RETRY_AFTER_S };

    api_refused(r, &a, err->why);
    problem_answer(r, a,
                   &(struct problem){ .code = pawl_code_name(err->code),
                                      .detail = "credentials cannot be looked up" });
}

/* ---- who asks -------------------------------------------------------------------------------- */

/* What the credential is found by; ABSENT if the request brings none. */
static pawl_status fingerprint(struct http_request *r, uint8_t ret[32], enum credential_kind *kind,
                               struct pawl_err *err)
{
    struct pawl_view secret = http_bearer(r);

    *kind = CREDENTIAL_BEARER;
    if (secret.n)
        return pawl_sha256(secret, ret, err);
    *kind = CREDENTIAL_CERTIFICATE;
    if (!http_client_spki(r, ret))
        return pawl_fail(err, PAWL_E_ABSENT, "Authorization",
                         "neither a bearer token nor a client certificate");
    return pawl_ok();
}

static pawl_status find(const struct flow *f, struct pawl_view sha256, enum credential_kind kind,
                        struct credential *ret, struct pawl_err *err)
{
    pawl_status s = f->store->credential(f->store->self, sha256, ret, err);

    if (s.code == PAWL_E_ABSENT || (pawl_is_ok(s) && ret->kind != kind))
        return pawl_fail(err, PAWL_E_ABSENT, "Authorization", "no credential is this one");
    PAWL_TRY(s);
    if (ret->expires_s && f->now_ms(f->now_arg) / 1000 >= ret->expires_s)
        return pawl_fail(err, PAWL_E_EXPIRED, "Authorization", "the credential is over");
    return pawl_ok();
}

static pawl_status find_asker(struct http_request *r, struct credential *ret, struct pawl_err *err)
{
    const struct api    *api = http_context(r);
    uint8_t              sha256[32];
    enum credential_kind kind;

    PAWL_TRY(fingerprint(r, sha256, &kind, err));
    return find(&api->flow, PAWL_VIEW_OF(sha256), kind, ret, err);
}

pawl_status access_holds(const struct flow *f, const struct credential *who, struct pawl_err *err)
{
    struct credential now;

    if (!who->name[0])
        return pawl_ok();
    pawl_status s = find(f, PAWL_VIEW_OF(who->sha256), who->kind, &now, err);
    if (s.code == PAWL_E_ABSENT || s.code == PAWL_E_EXPIRED ||
        (pawl_is_ok(s) && (now.role != who->role || strcmp(now.tenant, who->tenant) != 0)))
        return pawl_fail(err, PAWL_E_DENIED, "Authorization", "the credential counts no more");
    return s;
}

/* Inv. 4. */
static bool is_of_a_page(const struct http_request *r, const struct credential *c)
{
    return c->kind == CREDENTIAL_CERTIFICATE && http_header(r, "Origin");
}

bool access_allows(struct http_request *r, unsigned roles, struct credential *ret)
{
    const struct api *api = http_context(r);
    struct pawl_err   err;
    char              why[80];

    if (api->owner) {
        *ret = *api->owner;
        return true;
    }
    pawl_status s = find_asker(r, ret, &err);
    if (s.code == PAWL_E_ABSENT || s.code == PAWL_E_EXPIRED) {
        refuse_nobody(r, err.why);
        return false;
    }
    if (!pawl_is_ok(s)) {
        refuse_for_now(r, &err);
        return false;
    }
    if (is_of_a_page(r, ret)) {
        refuse(r, (struct http_answer){ .status = 403 }, "denied",
               "a page of the web asks with its reader's certificate");
        return false;
    }
    if (roles & 1u << ret->role)
        return true;
    snprintf(why, sizeof(why), "the role %s of %s may not do this", role_name(ret->role),
             ret->name);
    refuse(r, (struct http_answer){ .status = 403 }, "denied", why);
    return false;
}
