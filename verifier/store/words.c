/* SPDX-License-Identifier: Apache-2.0 */
/* The table is a part of what is stored: a word keeps its place for ever, and new ones come behind.
 */

#include "store/words.h"

#include <string.h>

enum { FIRST = 0x0e, ESCAPE = 0x1f };

/* Of two that fit at one place the first is taken. */
static const char *const words[] = {
    "affirming",
    "warning",
    "contraindicated",
    "identity",
    ",boot-log",
    ",runtime",
    "=no-event-log",
    "=no-ima-list",
    "enrolled (",
    "), active, roots ",
    "attempt ",
    "vendor",
    "covers ",
    "release ",
    "lab-tpm: the EK's certificate ends at the lab's roots",
    "no-policy: policy: none is assigned",
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

_Static_assert(FIRST + WORDS <= ESCAPE, "control characters");

struct out {
    char  *p;
    size_t left; /* with the zero */
};

static bool add(struct out *o, const char *s, size_t n)
{
    if (n >= o->left)
        return false;
    memcpy(o->p, s, n);
    o->p += n;
    o->left -= n;
    *o->p = 0;
    return true;
}

static bool is_ours(char c)
{
    return (unsigned char)c >= FIRST && (unsigned char)c <= ESCAPE;
}

/* Which word text begins with; WORDS: none. */
static size_t find(const char *text)
{
    size_t i = 0;

    while (i < WORDS && strncmp(text, words[i], strlen(words[i])) != 0)
        i++;
    return i;
}

bool words_write(const char *text, char *ret, size_t cap)
{
    static const char escape = ESCAPE;
    struct out        o = { ret, cap };

    if (!add(&o, "", 0))
        return false;
    while (*text) {
        size_t     word = find(text);
        const char code = (char)(FIRST + word);

        if (is_ours(*text) && !add(&o, &escape, 1))
            return false;
        if (!(word < WORDS ? add(&o, &code, 1) : add(&o, text, 1)))
            return false;
        text += word < WORDS ? strlen(words[word]) : 1;
    }
    return true;
}

bool words_read(const char *stored, char *ret, size_t cap)
{
    struct out o = { ret, cap };

    if (!add(&o, "", 0))
        return false;
    for (; *stored; stored++) {
        size_t word = (unsigned char)*stored - (size_t)FIRST;

        if (*stored == ESCAPE && stored[1])
            stored++;
        else if (word < WORDS) {
            if (!add(&o, words[word], strlen(words[word])))
                return false;
            continue;
        }
        if (!add(&o, stored, 1))
            return false;
    }
    return true;
}
