/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own words in texts that each device has, one byte each: verdicts, what they cover, lines of
 * events. Such a byte is a control character, so texts without one are read as they are; a text
 * that has one of its own gets it behind an escape.
 */
#ifndef VERIFIER_STORE_WORDS_H
#define VERIFIER_STORE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* False, and ret is of no use, if cap bytes with the zero at the end are too few. */
#define WORDS_MAX(cap) (2 * (cap)) /* that stored text of at most cap bytes takes */

bool words_write(const char *text, char *ret, size_t cap);
bool words_read(const char *stored, char *ret, size_t cap);

#endif
