/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: a text comes back from its words whatever it holds, our own take a byte each, texts that
 * were stored before there were words are read as they are, and nothing is written past its room.
 */
#include "t.h"

#include <string.h>

#include "store/words.h"

enum { ROOM = 256 };

static size_t comes_back(const char *text)
{
    char stored[WORDS_MAX(ROOM)], out[ROOM];

    assert_true(words_write(text, stored, sizeof(stored)));
    assert_true(words_read(stored, out, sizeof(out)));
    assert_string_equal(out, text);
    return strlen(stored);
}

static void what_went_in_comes_out(void **state)
{
    (void)state;
    char all[ROOM];

    for (unsigned i = 0; i < ROOM - 1; i++)
        all[i] = (char)(i + 1);
    all[ROOM - 1] = 0;
    comes_back(all);
    comes_back("");
    comes_back("affirmin");
    comes_back("\x0e\x1f\x1f");
}

static void words_of_ours_take_a_byte_each(void **state)
{
    (void)state;
    assert_int_equal(comes_back("affirming"), 1);
    assert_int_equal(comes_back("warning"), 1);
    assert_int_equal(comes_back("contraindicated"), 1);
    assert_int_equal(comes_back("identity,boot-log=no-event-log,runtime=no-ima-list"), 5);
    assert_int_equal(comes_back("enrolled (1), active, roots vendor, attempt 1: affirming"), 11);
}

/* The table is part of what is stored. */
static void what_stands_in_databases_is_read(void **state)
{
    (void)state;
    char out[ROOM];

    assert_true(words_read("affirming: \x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b"
                           "\x1c\x1d",
                           out, sizeof(out)));
    assert_string_equal(out, "affirming: affirmingwarningcontraindicatedidentity,boot-log,runtime"
                             "=no-event-log=no-ima-listenrolled (), active, roots attempt vendor"
                             "covers release lab-tpm: the EK's certificate ends at the lab's roots"
                             "no-policy: policy: none is assigned");
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    char out[16];

    assert_true(words_write("affirming", out, 2));
    assert_false(words_write("affirming", out, 1));
    assert_false(words_write("\x0e", out, 2));
    assert_false(words_write("", out, 0));
    assert_true(words_read("\x0e", out, 10));
    assert_false(words_read("\x0e", out, 9));
    assert_false(words_read("abc", out, 3));
}

int main(void)
{
    const struct CMUnitTest cases[] = {
        T_CASE("what went in comes out", what_went_in_comes_out),
        T_CASE("words of ours take a byte each", words_of_ours_take_a_byte_each),
        T_CASE("what stands in databases is read", what_stands_in_databases_is_read),
        T_CASE("what does not fit is refused", what_does_not_fit_is_refused),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
