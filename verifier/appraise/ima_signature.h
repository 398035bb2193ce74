/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of files as IMA measures them (fields sig of ima-sig, ima-sigv2 and ima-modsig): what
 * evmctl puts into security.ima.
 *
 * A signature names its key by 32 bits, which anybody can hit with a key of his own: they find a
 * key, and prove nothing (I10). Not here: evmsig and modsig, which sign other things than the
 * measured digest.
 *
 * Spec: the kernel's struct signature_v2_hdr and ima_file_id (security/integrity).
 */
#ifndef VERIFIER_APPRAISE_IMA_SIGNATURE_H
#define VERIFIER_APPRAISE_IMA_SIGNATURE_H

#include "appraise/ima.h"

struct ima_key {
    uint32_t           id;
    struct pawl_public key;
};

/* The key with the id that evmctl and the kernel give it: the end of SHA-1 over the bits of the
 * public key. A certificate may name another (its subjectKeyIdentifier); then id is the caller's to
 * set. */
PAWL_MUST_USE pawl_status ima_key_make(const struct pawl_public *key, struct ima_key *ret,
                                       struct pawl_err *err);

/* The signature is over this digest of a file, by one of the keys. SHORT, TRAILING or FORM for no
 * signature; UNSUPPORTED for another type, version or hash than 2 over a file's digest or 3 over
 * that of fs-verity, each of SHA-256, 384 or 512, and of that hash that was measured; ABSENT if no
 * key has its id; FORGED if none of those verifies it. */
PAWL_MUST_USE pawl_status ima_signature_check(struct pawl_view sig, const struct ima_digest *file,
                                              const struct ima_key *keys, size_t keys_n,
                                              struct pawl_err *err);

#endif
