/* SPDX-License-Identifier: Apache-2.0 */
/* Writes attestation results as pawl-verifier signs them into a directory, for other people's
 * libraries to read: good.jwt, none.jwt, expired.jwt, future.jwt, and jwks.json with the key that
 * signed them, other.json with another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "appraise/ear.h"

static void must(pawl_status s, const struct pawl_err *err)
{
    if (pawl_is_ok(s))
        return;
    fprintf(stderr, "ear_token: %s: %s\n", err->where, err->why);
    exit(1);
}

static void write_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");

    if (!f || fputs(text, f) < 0 || fclose(f) != 0) {
        perror(name);
        exit(1);
    }
}

static void write_token(const char *name, const struct pawl_private *key, int64_t iat_s,
                        const struct verdict *v)
{
    struct ear_claims c = { .label = PAWL_LABEL_ATTEST,
                            .tenant = pawl_view_str("default"),
                            .attempt = 7,
                            .enrolments = 1,
                            .iat_s = iat_s,
                            .ttl_s = 300 };
    uint8_t           id[32];
    char              token[PAWL_EAR_MAX];
    struct pawl_err   err;

    must(pawl_spki_pin(pawl_private_public(key), id, &err), &err);
    must(ear_write(key, id, &c, v, token, sizeof(token), &err), &err);
    write_file(name, token);
}

static void write_jwks(const char *name, const struct pawl_private *key,
                       const struct pawl_private *named)
{
    uint8_t         id[32];
    char            json[1024];
    struct pawl_err err;

    must(pawl_spki_pin(pawl_private_public(named), id, &err), &err);
    must(
        jwks_write(&(struct jwks_key){ pawl_private_public(key), id }, 1, json, sizeof(json), &err),
        &err);
    write_file(name, json);
}

int main(int argc, char **argv)
{
    PAWL_CLEANUP(pawl_private_free) struct pawl_private *key = NULL, *other = NULL;
    struct verdict                                       good = { .identity = AR4SI_RECOGNISED,
                                                                  .configuration = AR4SI_RECOGNISED,
                                                                  .executables = AR4SI_BOOT_ONLY,
                                                                  .hardware = AR4SI_RECOGNISED,
                                                                  .approved = true,
                                                                  .policy = "gateway:3" };
    struct verdict  none = { .identity = AR4SI_NOT_RECOGNISED };
    int64_t         now = (int64_t)time(NULL);
    struct pawl_err err;

    if (argc != 2 || chdir(argv[1]) != 0) {
        fprintf(stderr, "usage: ear_token DIRECTORY\n");
        return 2;
    }
    verdict_find(&none, REASON_AWAITS_APPROVAL, "pending");
    must(pawl_private_make(PAWL_KEY_P256, &key, &err), &err);
    must(pawl_private_make(PAWL_KEY_P256, &other, &err), &err);
    write_token("good.jwt", key, now, &good);
    write_token("none.jwt", key, now, &none);
    write_token("expired.jwt", key, now - 301, &good);
    write_token("future.jwt", key, now + 600, &good);
    write_jwks("jwks.json", key, key);
    write_jwks("other.json", other, other);
    write_jwks("swapped.json", other, key); /* the right kid, the wrong key */
    return 0;
}
