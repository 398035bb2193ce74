/* SPDX-License-Identifier: Apache-2.0 */
/* What the ways to show an answer share. Nothing an answer holds reaches the terminal as a control
 * character, and no label or value is cut, but for columns of a table that say so. */
#ifndef VERIFIER_CTL_SHOW_H
#define VERIFIER_CTL_SHOW_H

#include <stdio.h>

#include "ctl/ctl.h"

enum { SHOW_TEXT_MAX = 32, SHOW_ID_DIGITS = 16 /* every command takes them for the whole */ };

/* At most `most` bytes, then spaces up to `least`. */
void show_text(const char *text, int least, int most);
void show_text_on(FILE *f, const char *text, int least, int most);

/* A member's value as text: the member decides what is a time. Numbers that were sent raw stand as
 * they were; "-" for what is neither text, number nor truth. */
const char *show_value(const char *member, const cJSON *v, char buffer[SHOW_TEXT_MAX]);

/* "label   value\n", the value in the column behind `width`. */
void show_line(const char *label, int width, const char *value);

/* Text in lines of at most 100 columns, or as many as the terminal has, each behind `indent` spaces
 * but for the first, which begins where the cursor is. */
void show_wrapped(const char *text, int indent);

/* The widest label that show_member makes of v. */
int show_width(const char *label, const cJSON *v);

/* v in one line if it is a value or a list of values, otherwise a line for each member, its name
 * behind the label. */
void show_member(const char *label, int width, const cJSON *v);

#endif
