/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verdict: AR4SI trustworthiness claims (draft-ietf-rats-ar4si) and the reasons behind them. All
 * zero is *no trust*. A status (pawl_status) says whether the work was done; only a verdict says
 * whether a device is trusted.
 */
#ifndef VERIFIER_APPRAISE_VERDICT_H
#define VERIFIER_APPRAISE_VERDICT_H

#include <pawl/base.h>

#include "appraise/reason.h"

/* The values of a trustworthiness claim that Pawl gives. */
enum ar4si {
    AR4SI_NONE = 0,
    AR4SI_RECOGNISED = 2, /* instance-identity; also approved configuration, genuine hardware */
    AR4SI_BOOT_ONLY = 3,  /* executables: boot components recognised */
    AR4SI_UNSAFE = 32,
    AR4SI_UNRECOGNISED = 33,    /* executables */
    AR4SI_CONTRAINDICATED = 96, /* instance-identity: known to be compromised */
    AR4SI_NOT_RECOGNISED = 97   /* instance-identity: should be known, and is not */
};

enum trust_tier { TIER_NONE = 0, TIER_AFFIRMING, TIER_WARNING, TIER_CONTRAINDICATED, TIER_COUNT };

/* "contraindicated", as in ear.status; never NULL. */
const char *tier_name(enum trust_tier t);

#define VERDICT_REASONS_MAX 32
#define VERDICT_WHAT_MAX    96 /* with its 0 */
#define VERDICT_DETAIL_MAX  224
#define RELEASE_NAME_MAX    32

/* Which rule, what was found, what was expected. */
struct finding {
    enum reason reason;
    char        what[VERDICT_WHAT_MAX]; /* what an exception names: "sha256:7", a path; or empty */
    char detail[VERDICT_DETAIL_MAX];    /* "sha256:7 is 3fbf.., policy gateway:3 allows 6bad.." */
};

/* What a verdict is about, part by part. */
enum cover { COVER_IDENTITY = 0, COVER_BOOT_LOG, COVER_RUNTIME, COVER_COUNT };

struct covered {
    bool        is;  /* it was looked at, and what was found stands in the claims */
    enum reason why; /* otherwise */
};

/* "identity", "boot-log", "runtime"; never NULL. */
const char *cover_name(enum cover c);

struct verdict {
    int8_t         identity, configuration, executables, hardware; /* enum ar4si; 0: no claim */
    int8_t         keys; /* enum ar4si: what an incident says; joins identity in the tier */
    bool           approved;
    char           policy[PAWL_TENANT_MAX + 16];  /* "gateway:3", empty without one */
    char           release[RELEASE_NAME_MAX + 1]; /* the one that holds whole; empty: none does */
    bool           watched; /* the policy's rules warn and never contraindicate */
    struct covered cover[COVER_COUNT];
    size_t         finding_n;
    struct finding finding[VERDICT_REASONS_MAX];
};

/* No trust, and no finding. Findings are large: those behind finding_n are never looked at, and are
 * neither cleared nor copied. */
void verdict_begin(struct verdict *v);
void verdict_copy(struct verdict *to, const struct verdict *from);

/* The one place where a verdict becomes a status: contraindicated if any claim is 96 or more; else
 * none without approval, policy or a claim about the identity; else warning if any is 32 or more;
 * else affirming if something is claimed about the executables. An identity that is not recognised
 * only because nobody approved it yet is a lack of trust and accuses nobody. */
enum trust_tier verdict_tier(const struct verdict *v);

/* Two lights. Software: measurements and the TPM they come from, as verdict_tier of everything but
 * incidents. Keys: affirming, or contraindicated while an incident is red; none without approval,
 * and where nobody looked. */
enum trust_tier verdict_software(const struct verdict *v);
enum trust_tier verdict_keys(const struct verdict *v);

/* instance-identity as the vector says it: with what the keys say. */
int8_t verdict_identity(const struct verdict *v);

/* Adds a finding about nothing that could be excepted; a full list keeps its first entries. */
void verdict_find(struct verdict *v, enum reason r, const char *fmt, ...) PAWL_PRINTF(3, 4);

/* The same about something: what, as struct finding has it. Texts are cut where they do not fit. */
void verdict_find_what(struct verdict *v, enum reason r, const char *what, const char *detail);

/* The bytes of text, at most max, without a character that is there in part: the words of operators
 * are UTF-8, and have to be where they are cut. */
size_t verdict_text_n(const char *text, size_t max);

/* A claim only ever gets worse: sets *claim to value unless it is already higher. */
void verdict_worsen(int8_t *claim, enum ar4si value);

#endif
