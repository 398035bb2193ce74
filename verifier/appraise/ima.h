/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurement list of Linux' IMA as the kernel hands it out
 * (/sys/kernel/security/ima/binary_runtime_measurements): entry by entry, without a copy.
 *
 * A list says what somebody wrote down. What it is worth is said by its neighbours: ima_replay.h
 * compares it with a quote, ima_rules.h judges what the quote covers.
 *
 * Spec: the kernel's security/integrity/ima (ima_fs.c, ima_template.c, ima_template_lib.c).
 */
#ifndef VERIFIER_APPRAISE_IMA_H
#define VERIFIER_APPRAISE_IMA_H

#include <pawl/crypto.h>

#define IMA_LIST_MAX    (64 * 1024 * 1024)
#define IMA_ENTRIES_MAX 1000000
#define IMA_NAME_MAX    128          /* of a template */
#define IMA_DATA_MAX    (256 * 1024) /* of an entry */
#define IMA_DIGEST      20           /* a template digest in a list is SHA-1, whatever the banks */
#define IMA_PCR         10           /* unless a kernel was configured otherwise */

/* ---- entries -------------------------------------------------------------------------------- */

/* Views point into the list. */
struct ima_entry {
    uint32_t         pcr;    /* below PAWL_PCRS */
    struct pawl_view digest; /* as the list claims it; IMA_DIGEST bytes */
    struct pawl_view name;   /* of the template */
    struct pawl_view data;   /* of the template, with the lengths of its fields */
    bool             legacy; /* template "ima": data and digest are formed by rules of their own */
    /* The digest is zero: the kernel could not measure (somebody wrote meanwhile) and extended all
     * ones. Nothing else in such an entry is measured. (I1) */
    bool violation;
};

/* A place in a list; zero-cost to copy. */
struct ima_list {
    struct pawl_rd rd;
    uint64_t       index; /* of the next entry */
};

/* At entry `first` of the whole list, which is what `bytes` begin with. */
struct ima_list ima_list_from(struct pawl_view bytes, uint64_t first);

static inline bool ima_more(const struct ima_list *l)
{
    return l->rd.left > 0;
}

/* The next entry: its frame only, which is all that a replay needs. On failure the place stays.
 * err->where is "pcr", "template_digest", "template_name" or "template_data", err->why names the
 * entry. SHORT, RANGE (above IMA_ENTRIES_MAX too: "entries"), FORM; UNSUPPORTED for a big-endian
 * list: such kernels write this one with ima_canonical_fmt. */
PAWL_MUST_USE pawl_status ima_next(struct ima_list *l, struct ima_entry *ret, struct pawl_err *err);

/* The digest over the template data by any hash: what a kernel since 5.8 extends into a bank of
 * it. */
PAWL_MUST_USE pawl_status ima_template_digest(const struct ima_entry *e, enum pawl_hash alg,
                                              struct pawl_digest *ret, struct pawl_err *err);

/* ---- fields --------------------------------------------------------------------------------- */

/* As the kernel calls them. */
enum ima_field {
    IMA_FIELD_NONE = 0,
    IMA_D,
    IMA_N,
    IMA_D_NG,
    IMA_D_NGV2,
    IMA_N_NG,
    IMA_SIG,
    IMA_BUF,
    IMA_D_MODSIG,
    IMA_MODSIG,
    IMA_EVMSIG,
    IMA_IUID,
    IMA_IGID,
    IMA_IMODE,
    IMA_XATTRNAMES,
    IMA_XATTRLENGTHS,
    IMA_XATTRVALUES,
    IMA_FIELD_COUNT
};

/* How a field is written; in a list of text too (ima_ascii.h). */
enum ima_form {
    IMA_FORM_NONE = 0,
    IMA_DIGEST_PLAIN,
    IMA_DIGEST_NAMED, /* "sha256:", a NUL and the digest; "verity:sha256:" in d-ngv2 */
    IMA_STRING,       /* with a NUL behind; spaces came as underscores */
    IMA_BYTES,
    IMA_NUMBER, /* of four bytes; two for imode */
};

/* "sha256:" or "verity:sha256:" and a digest. */
struct ima_digest {
    bool             verity; /* of fs-verity: over a file's Merkle tree, not its bytes */
    enum pawl_hash   alg;    /* PAWL_HASH_NONE: one that we do not know; then nothing equals it */
    struct pawl_view alg_name;
    struct pawl_view bytes;
};

/* Views point into the list. */
struct ima_fields {
    unsigned          has;                    /* bits of enum ima_field */
    struct pawl_view  field[IMA_FIELD_COUNT]; /* as measured, without length */
    struct ima_digest file;                   /* d, d-ng or d-ngv2 */
    struct pawl_view  path;                   /* n or n-ng, without NUL; whatever its bytes */
};

/* The fields that a template has, in their order: of one of the kernel's own, or of a name that is
 * a list of them ("d-ng|n-ng|iuid"). *ret_n gets 0 for an unknown template. */
void ima_template_fields(struct pawl_view name, enum ima_field ret[IMA_FIELD_COUNT], size_t *ret_n);

enum ima_form ima_field_form(enum ima_field f);

/* Exactly the fields of the entry's template. err->where is the field ("d-ng"), UNSUPPORTED for an
 * unknown template; SHORT, TRAILING, FORM, RANGE. Whether they were measured is not looked at. */
PAWL_MUST_USE pawl_status ima_fields_parse(const struct ima_entry *e, struct ima_fields *ret,
                                           struct pawl_err *err);

#endif
