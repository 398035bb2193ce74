/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aims at tokens and key sets as pawlctl reads them: a token that passes without our signature,
 * that has passed its time or has another status than was required. The input is a token (jws.h),
 * and behind a NUL byte, if there is one, a JWKS in place of ours.
 */

#include <sys/mman.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "jws.h"

#define KID "fuzz"

struct file {
    int  fd;
    char path[32];
};

/* A file in memory that pawlctl may open by name. */
static void fill(struct file *f, struct pawl_view v)
{
    if (!f->path[0]) {
        f->fd = memfd_create("ear", 0);
        FUZZ_HOLDS(f->fd >= 0);
        snprintf(f->path, sizeof(f->path), "@/proc/self/fd/%d", f->fd);
    }
    FUZZ_HOLDS(ftruncate(f->fd, 0) == 0 && pwrite(f->fd, v.p, v.n, 0) == (ssize_t)v.n);
}

static struct pawl_view own_jwks(void)
{
    static char text[512];
    char        x[64], y[64];

    if (!text[0]) {
        const struct pawl_public *k = pawl_private_public(jws_key());
        struct pawl_err           err;
        FUZZ_HOLDS(pawl_is_ok(pawl_b64url_write(pawl_view(k->b + 1, 32), x, sizeof(x), &err)));
        FUZZ_HOLDS(pawl_is_ok(pawl_b64url_write(pawl_view(k->b + 33, 32), y, sizeof(y), &err)));
        snprintf(text, sizeof(text),
                 "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"" KID
                 "\",\"x\":\"%s\",\"y\":\"%s\"}]}",
                 x, y);
    }
    return pawl_view_str(text);
}

static void is_as_required(const cJSON *claims)
{
    const cJSON *m;

    FUZZ_HOLDS(json_number(claims, "exp", 0) > json_number(claims, "iat", -1));
    cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(claims, "submods"))
        FUZZ_HOLDS(!strcmp(json_text(m, "ear.status"), "affirming"));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static char        text[JWS_MAX];
    static struct file token, jwks;
    const uint8_t     *nul = n ? memchr(p, 0, n) : NULL;
    size_t             token_n = nul ? (size_t)(nul - p) : n;
    bool               is_signed;
    struct pawl_err    err = { 0 };
    cJSON             *claims;

    fill(&token, pawl_view(text, jws_from(pawl_view(p, token_n), text, &is_signed)));
    fill(&jwks, nul ? pawl_view(nul + 1, n - token_n - 1) : own_jwks());
    const struct args a = { .operand = token.path,
                            .option[OPT_JWKS] = jwks.path + 1, /* behind the '@' */
                            .option[OPT_REQUIRE] = "affirming" };

    FUZZ_POISON(&claims);
    pawl_status s = ear_verify(&a, &claims, &err);
    if (!pawl_is_ok(s)) {
        FUZZ_REFUSED(s, &err, &claims);
        return 0;
    }
    FUZZ_HOLDS(is_signed && !nul);
    is_as_required(claims);
    cJSON_Delete(claims);
    return 0;
}
