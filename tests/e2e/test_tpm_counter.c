/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NV counter, on a software TPM that is fresh for each test.
 *
 * Proves: it only grows, also where it is removed and made again; a foreign index is neither used
 * nor touched; what the TPM lacks or refuses is named.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ratchet_steps.h"

/* ---- counter -----------------------------------------------------------------------------------
 */

static void counts_by_one_and_forgets_nothing(void **state)
{
    struct tpm *t = open_keys(*state, NULL);
    uint64_t    n = counter_is_made(t);

    assert_int_equal(counter_is_made(t), n); /* found, and not counted */
    for (int i = 0; i < 4; i++) {
        assert_int_equal(incremented(t), ++n);
        t = after_power_cut(*state, t);
        assert_int_equal(counter_stands_at(t), n);
    }
    leaves_nothing(t);
    tpm_close(&t);
    device_run(*state, "tpm2_nvreadpublic 0x01805057 | grep -q 'value: 0x22040014'");
}

static void fails_to_open(const struct device *d, uint32_t index, bool make, enum pawl_code code,
                          const char *where)
{
    struct tpm     *t = open_keys(d, NULL);
    uint64_t        value;
    struct pawl_err err;

    t_poison(&value, sizeof(value));
    T_FAILS(tpm_counter_open(t, index, make, &value, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(&value, sizeof(value));
    leaves_nothing(t);
    tpm_close(&t);
}

static void makes_no_counter_unless_told(void **state)
{
    struct tpm     *t;
    uint64_t        value;
    struct pawl_err err;

    fails_to_open(*state, TPM_NV_COUNTER, false, PAWL_E_ABSENT, "counter");
    t = open_keys(*state, NULL);
    T_FAILS(tpm_counter_increment(t, TPM_NV_COUNTER, &value, &err), &err, PAWL_E_ABSENT);
    tpm_close(&t);
    device_run(*state, "! tpm2_nvreadpublic 0x01805057 2>/dev/null");
}

static void takes_only_a_handle_of_an_nv_index(void **state)
{
    fails_to_open(*state, TPM_HANDLE_TD, true, PAWL_E_RANGE, "counter");
    fails_to_open(*state, 0, true, PAWL_E_RANGE, "counter");
}

#define OURS "authread|authwrite|no_da|nt=counter"

/* A power cut came between defining and the first increment. */
static void takes_up_a_counter_that_never_counted(void **state)
{
    device_run(*state, "tpm2_nvdefine -C o -a '" OURS "' 0x01805057");
    fails_to_open(*state, TPM_NV_COUNTER, false, PAWL_E_ABSENT, "counter");
    struct tpm *t = open_keys(*state, NULL);
    uint64_t    n = counter_is_made(t);
    assert_int_equal(counter_stands_at(t), n);
    tpm_close(&t);
}

/* Whoever has the owner's password can remove it; that costs the state and gives nothing back. */
static void starts_above_its_old_value_when_made_again(void **state)
{
    struct pawl_secret secret = secret_of(32);
    struct tpm        *t = open_keys(*state, NULL);
    uint64_t           n = counter_is_made(t);
    struct tpm_sealed  old = sealed(t, n, &secret);
    struct tpm_sealed  next = sealed(t, n + 1, &secret);

    unseals(t, n, &old, &secret);
    tpm_close(&t);
    device_run(*state, "tpm2_nvundefine -C o 0x01805057");
    t = open_keys(*state, NULL);
    does_not_unseal(t, n, &old, PAWL_E_ABSENT);
    assert_true(counter_is_made(t) > n);
    does_not_unseal(t, n, &old, PAWL_E_DENIED);
    /* Sealed before, for the value that it has now: the same counter to the TPM. */
    assert_int_equal(counter_stands_at(t), n + 1);
    unseals(t, n + 1, &next, &secret);
    leaves_nothing(t);
    tpm_close(&t);
}

static void refuses_and_keeps(const struct device *d, const char *define)
{
    struct pawl_secret secret = secret_of(32);
    struct tpm_sealed  s;
    uint64_t           value;
    struct pawl_err    err;
    char               command[400];

    struct tpm *t = open_keys(d, NULL);
    s = sealed(t, 1, &secret);
    tpm_close(&t);
    snprintf(command, sizeof(command),
             "cd $DEVICE; tpm2_nvdefine -C o %s 0x01805057; tpm2_nvreadpublic 0x01805057 >before",
             define);
    device_run(d, command);
    fails_to_open(d, TPM_NV_COUNTER, true, PAWL_E_CONFLICT, "counter");
    fails_to_open(d, TPM_NV_COUNTER, false, PAWL_E_CONFLICT, "counter");
    t = open_keys(d, NULL);
    T_FAILS(tpm_counter_increment(t, TPM_NV_COUNTER, &value, &err), &err, PAWL_E_CONFLICT);
    does_not_unseal(t, 1, &s, PAWL_E_CONFLICT);
    leaves_nothing(t);
    tpm_close(&t);
    device_run(d, "cd $DEVICE; tpm2_nvreadpublic 0x01805057 >after; cmp before after; "
                  "tpm2_nvundefine -C o 0x01805057");
}

/* P-KEY-10 */
static void refuses_a_foreign_index(void **state)
{
    static const char *const defines[] = {
        "-s 8 -a 'authread|authwrite|no_da'",
        "-a 'authread|authwrite|nt=counter'",
        "-a 'authread|authwrite|no_da|orderly|nt=counter'",
        "-a 'authread|authwrite|no_da|ownerread|nt=counter'",
        "-a 'authread|authwrite|no_da|ownerwrite|nt=counter'",
        "-a '" OURS "' -g sha384",
        "-s 8 -a 'authread|authwrite|no_da|nt=bits'",
    };

    for (size_t i = 0; i < sizeof(defines) / sizeof(defines[0]); i++)
        refuses_and_keeps(*state, defines[i]);
}

static void refuses_an_index_with_a_password(void **state)
{
    device_run(*state, "tpm2_nvdefine -C o -p secret -a '" OURS "' 0x01805057; "
                       "tpm2_nvincrement -P secret 0x01805057");
    fails_to_open(*state, TPM_NV_COUNTER, true, PAWL_E_CONFLICT, "counter");
    device_power_cut(*state);
    fails_to_open(*state, TPM_NV_COUNTER, true, PAWL_E_CONFLICT, "counter");
}

/* The keys come first: they would find no room either. */
static void says_that_there_is_no_room(void **state)
{
    struct tpm *t = open_keys(*state, NULL);

    tpm_close(&t);
    /* A TPM keeps some room for counters when other indices have taken theirs. */
    device_run(*state, "cd $DEVICE; h=25165824; for s in '-s 1024' '-s 64' '-s 1' '-s 8'; do "
                       "a='authread|authwrite'; [ \"$s\" != '-s 8' ] || a=\"$a|nt=counter\"; "
                       "while tpm2_nvdefine -C o $s -a $a $(printf 0x%x $h) 2>log; do "
                       "h=$((h + 1)); done; done; grep -qi space log");
    fails_to_open(*state, TPM_NV_COUNTER, true, PAWL_E_FULL, "TPM2_NV_DefineSpace");
}

static void says_what_the_tpm_says(void **state)
{
    static const struct {
        const char    *bend;
        enum pawl_code code;
        const char    *where;
        const char    *why;
    } rows[] = {
        { "refuse=12a,14b", PAWL_E_FULL, "TPM2_NV_DefineSpace", "room for a counter" },
        { "refuse=12a,14c", PAWL_E_CONFLICT, "counter", "in the meantime" },
        { "refuse=12a,9a2", PAWL_E_DENIED, "TPM2_NV_DefineSpace",
          "owner hierarchy has a password" },
        { "refuse=134,920", PAWL_E_IO, "TPM2_NV_Increment", "wear" },
        { "refuse=14e,923", PAWL_E_IO, "TPM2_NV_Read", "at the moment" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tpm     *t = open_keys(*state, NULL);
        uint64_t        value;
        struct pawl_err err;
        setenv("PAWL_BEND", rows[i].bend, 1);
        T_FAILS(tpm_counter_open(t, TPM_NV_COUNTER, true, &value, &err), &err, rows[i].code);
        T_WHERE(&err, rows[i].where);
        assert_non_null(strstr(err.why, rows[i].why));
        leaves_nothing(t);
        tpm_close(&t);
    }
}

/* TPM2_NV_ReadPublic carries no proof of its own: the Name in the next command's HMAC does. */
static void a_liar_cannot_put_another_index_in_the_counters_place(void **state)
{
    static const struct {
        const char    *bend;
        enum pawl_code code;
    } rows[] = {
        { "flip=169,15", PAWL_E_CONFLICT }, /* nvIndex */
        { "flip=169,21", PAWL_E_CONFLICT }, /* attributes */
        { "flip=169,30", PAWL_E_FORGED },   /* nvName */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tpm     *t = open_keys(*state, NULL);
        uint64_t        n = counter_is_made(t);
        struct pawl_err err;
        setenv("PAWL_BEND", rows[i].bend, 1);
        T_FAILS(tpm_counter_increment(t, TPM_NV_COUNTER, &n, &err), &err, rows[i].code);
        tpm_close(&t);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        T_DEVICE("counts by one and forgets nothing", counts_by_one_and_forgets_nothing,
                 "--ek p256"),
        T_DEVICE("makes no counter unless told", makes_no_counter_unless_told, "--ek p256"),
        T_DEVICE("takes only a handle of an NV index", takes_only_a_handle_of_an_nv_index,
                 "--ek p256"),
        T_DEVICE("takes up a counter that never counted", takes_up_a_counter_that_never_counted,
                 "--ek p256"),
        T_DEVICE("starts above its old value when made again",
                 starts_above_its_old_value_when_made_again, "--ek p256"),
        T_DEVICE("refuses a foreign index", refuses_a_foreign_index, "--ek p256"),
        T_DEVICE("refuses an index with a password", refuses_an_index_with_a_password, "--ek p256"),
        T_DEVICE("says that there is no room", says_that_there_is_no_room, "--ek p256"),
        T_DEVICE("says what the TPM says", says_what_the_tpm_says, "--ek p256"),
        T_DEVICE("a liar cannot put another index in the counter's place",
                 a_liar_cannot_put_another_index_in_the_counters_place, "--ek p256"),
    };

    if (!device_is_possible()) {
        printf("skipped: swtpm, tpm2-tools or openssl is missing\n");
        return 77;
    }
    return cmocka_run_group_tests_name("tpm_counter", tests, NULL, NULL);
}
