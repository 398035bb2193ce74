/* SPDX-License-Identifier: Apache-2.0 */
/* An attestation result for people: the status first, then the claims by name with the word for
 * their value. --json has the rest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/show.h"

enum { WIDTH = 16 };

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* AR4SI: a claim's value lies in the range of a tier, on both sides of zero. */
static const char *tier_of(int value)
{
    int size = value < 0 ? -1 - value : value;

    if (size >= 96)
        return "contraindicated";
    if (size >= 32)
        return "warning";
    return value >= 2 || value <= -2 ? "affirming" : "none";
}

static void show_claim(const char *label, const cJSON *claim)
{
    char text[48] = "no claim";

    if (cJSON_IsNumber(claim))
        snprintf(text, sizeof(text), "%d (%s)", claim->valueint, tier_of(claim->valueint));
    show_line(label, WIDTH, text);
}

static void show_claims(const cJSON *vector)
{
    static const char *const ours[][2] = { { "identity", "instance-identity" },
                                           { "configuration", "configuration" },
                                           { "executables", "executables" },
                                           { "hardware", "hardware" } };
    enum { OURS = sizeof(ours) / sizeof(ours[0]) };
    const cJSON *claim;

    for (size_t i = 0; i < OURS; i++)
        show_claim(ours[i][0], member(vector, ours[i][1]));
    cJSON_ArrayForEach(claim, vector)
    {
        size_t i = 0;
        while (i < OURS && strcmp(ours[i][1], json_name(claim)) != 0)
            i++;
        if (i == OURS)
            show_claim(json_name(claim), claim);
    }
}

static void show_submod(const cJSON *m)
{
    const char *status = json_text(m, "ear.status");
    const char *policy = json_text(m, "ear.appraisal-policy-id");

    show_line(json_name(m), WIDTH, status ? status : "-");
    show_claims(member(m, "ear.trustworthiness-vector"));
    show_line("policy", WIDTH, policy ? policy : "none");
}

/* Those of the members that are there. */
static void show_some(const cJSON *o, const char *const (*some)[2], size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (member(o, some[i][1]))
            show_member(some[i][0], WIDTH, member(o, some[i][1]));
}

/* "boot-log   no-event-log": why it was not looked at. */
static void show_coverage(const cJSON *cov)
{
    const cJSON *part;
    char         buffer[SHOW_TEXT_MAX];

    cJSON_ArrayForEach(part, cov)
    {
        const char *why = show_value("", part, buffer);
        show_line(json_name(part), WIDTH, *why ? why : "looked at");
    }
}

/* As it is, for a pipe. */
void show_jws(const cJSON *answer)
{
    const char *ear = json_text(answer, "ear"), *revoked = json_text(answer, "revoked");

    puts(ear ? ear : revoked ? revoked : "");
}

void show_ear(const cJSON *answer)
{
    static const char *const pawl[][2] = { { "software", "sw" },   { "keys", "keys" },
                                           { "why", "why" },       { "release", "rel" },
                                           { "watched", "watch" }, { "roots", "roots" },
                                           { "attempt", "att" },   { "enrolments", "enr" } };
    static const char *const rest[][2] = { { "device id", "sub" },
                                           { "tenant", "aud" },
                                           { "issued", "iat" },
                                           { "expires", "exp" },
                                           { "nonce", "eat_nonce" } };
    const cJSON             *m;

    cJSON_ArrayForEach(m, member(answer, "submods")) show_submod(m);
    show_some(member(answer, "pawl"), pawl, sizeof(pawl) / sizeof(pawl[0]));
    show_coverage(member(member(answer, "pawl"), "cov"));
    show_some(answer, rest, sizeof(rest) / sizeof(rest[0]));
}
