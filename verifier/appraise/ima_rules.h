/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be measured, and whether it was: the entries that a quote covers, held against rules.
 *
 * Every file must be known by its path and digest, signed by a key, or excluded; whatever nobody
 * said anything about is wrong. What is pending cannot be judged: it is in no struct ima_covered.
 *
 * An entry says what was read first. A file that IMA's own policy does not measure, or that nobody
 * opened yet, is not in the list: so the rules say which policies the kernel may have loaded (I9).
 */
#ifndef VERIFIER_APPRAISE_IMA_RULES_H
#define VERIFIER_APPRAISE_IMA_RULES_H

#include "appraise/failure.h"
#include "appraise/ima_boot.h"
#include "appraise/ima_replay.h"
#include "appraise/ima_signature.h"

/* A digest that a path may have. As measured: the kernel writes the spaces of a path as
 * underscores. */
struct ima_known {
    struct pawl_view path;
    bool             verity;
    enum pawl_hash   alg;
    struct pawl_view digest;
};

/* Views are the caller's. Tables are in the order of ima_known_compare. */
struct ima_rules {
    const struct ima_known *files;
    size_t                  files_n;
    const struct ima_known *buffers; /* of ima-buf: keys by the keyring's name (".ima"), and more */
    size_t                  buffers_n;
    const struct ima_known *policies; /* one of which a boot must have measured (I9) */
    size_t                  policies_n;
    /* A path, or with a slash behind all that is below a folder. Anchored: no patterns. */
    const struct pawl_view *excluded;
    size_t                  excluded_n;
    const struct ima_key   *keys; /* what they signed is known */
    size_t                  keys_n;
    bool                    may_violate; /* I1 */
    bool may_be_sha1; /* I3, I4: digests of files, and what a padded bank is worth */
    bool may_kexec;   /* I11 */
};

/* By path, then by length; equal paths may follow each other. For qsort. */
int ima_known_compare(const void *a, const void *b);

/* Rules that ima_judge may take: tables in order, FORM for an exclude that is not absolute or not
 * normal (I12), RANGE for a digest that is not of its hash's length. */
PAWL_MUST_USE pawl_status ima_rules_check(const struct ima_rules *r, struct pawl_err *err);

#define IMA_EXCLUDED_SHOWN 8
#define IMA_PATH_SHOWN     96

/* Of all that was judged in one boot: begin with zeros, and keep it beside the place. What was
 * wrong once stays wrong until the next boot. */
struct ima_judged {
    uint64_t known, signed_n, buffers, excluded;
    uint64_t bad;    /* entries */
    uint64_t boots;  /* boot_aggregates: more than one after a kexec */
    bool     policy; /* a known one was measured */
    char     excluded_path[IMA_EXCLUDED_SHOWN][IMA_PATH_SHOWN]; /* the first ones, printable */
};

/* Judges what ima_replay says is covered, first: of which the first entry is number `first`. The
 * quoted PCRs are for boot_aggregate. Adds to *j, which is left alone on failure, and to *f the
 * rows that are broken. Fails only as ima_next does, which a replayed list does not. */
struct ima_evidence {
    const struct ima_covered        *covered;
    uint64_t                         first;
    const struct pawl_pcr_selection *select;
    const struct pawl_pcr_values    *values;
};
PAWL_MUST_USE pawl_status ima_judge(const struct ima_rules *r, const struct ima_evidence *e,
                                    struct ima_judged *j, struct failures *f, struct pawl_err *err);

#endif
