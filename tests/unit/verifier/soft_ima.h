/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel that measures: makes lists as security/integrity/ima writes them, and extends a PCR of
 * SHA-256 as kernels do since 5.8 (own) and did before (padded). */
#ifndef SOFT_IMA_H
#define SOFT_IMA_H

#include <pawl/crypto.h>

struct soft_ima {
    size_t             n, entries;
    uint8_t            b[64 * 1024];
    struct pawl_digest own, padded; /* PCR 10 */
};

/* Zero is a list without entries; begin with this. */
void soft_ima_boot(struct soft_ima *l);

/* An entry of any template but "ima", for any PCR. */
void soft_ima_entry(struct soft_ima *l, uint32_t pcr, const char *name,
                    const struct pawl_view *fields, size_t fields_n);

/* The template "ima". */
void soft_ima_legacy(struct soft_ima *l, const char *path);

/* An entry of ima-ng; its file's digest is SHA-256 of the content. */
void soft_ima_file(struct soft_ima *l, const char *path, const char *content);

/* The same for a file that could not be measured. */
void soft_ima_violation(struct soft_ima *l, const char *path);

/* Fields: "sha256:", NUL, the digest; a text and its NUL. */
struct pawl_view soft_ima_named(const char *prefix, struct pawl_view digest);
struct pawl_view soft_ima_text(const char *text);

/* The list from this byte on, where an entry begins; an exact copy. */
struct pawl_view soft_ima_list(const struct soft_ima *l, size_t from_byte);

#endif
