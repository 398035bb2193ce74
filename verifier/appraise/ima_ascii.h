/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measurement list as text (ascii_runtime_measurements), for people to look at.
 *
 * Such a text is ambiguous: a path may hold a line's end, and a line is no entry then (I2). So it
 * is never evidence: a verifier takes the binary list only.
 */
#ifndef VERIFIER_APPRAISE_IMA_ASCII_H
#define VERIFIER_APPRAISE_IMA_ASCII_H

#include "appraise/ima.h"

/* A binary list begins with a small number, a text with a digit or a space. */
bool ima_is_ascii(struct pawl_view list);

/* Writes the binary list that such a text would be of. FORM, RANGE, naming the line; UNSUPPORTED
 * for an unknown template; FULL: it may be a little longer than the text. */
PAWL_MUST_USE pawl_status ima_ascii_to_binary(struct pawl_view text, struct pawl_wr *w,
                                              struct pawl_err *err);

#endif
