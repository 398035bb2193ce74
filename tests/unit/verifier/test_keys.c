/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: keys are made once, for their owner alone, and come back; what the next and the old keys
 * made is taken, and nothing is made with them; a credential goes before a file; what is wrapped
 * opens for its own tenant, owner, field and epoch only; no error repeats a key. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "t.h"

#include "keys.h"
#include "wrap.h"

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/pawl-keys-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static const char *path(const char *name)
{
    static char p[128];

    snprintf(p, sizeof(p), "%s/%s", dir, name);
    return p;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const names[] = { "signing.key", "signing.next.key", "signing.old.key",
                                         "master.key",  "master.next.key",  "master.old.key" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlink(path(names[i]));
    return rmdir(dir);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void makes_keys_that_load(void **state)
{
    (void)state;
    struct pawl_err err;
    struct keys     a, b;
    struct stat     st;
    uint8_t         pin[32];

    T_OK(keys_make(dir, &err), &err);
    assert_int_equal(stat(path("signing.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(path("master.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 65);
    T_OK(keys_load(dir, &a, &err), &err);
    T_OK(keys_load(dir, &b, &err), &err);
    assert_true(pawl_secret_equal(&a.master, &b.master));
    assert_int_equal(a.nonce.n, 32);
    assert_int_equal(a.cookie.n, 64);
    assert_false(memcmp(a.nonce.b, a.cookie.b, 32) == 0);
    T_OK(pawl_spki_pin(pawl_private_public(a.signing), pin, &err), &err);
    assert_memory_equal(pin, a.verifier_id, 32);
    assert_memory_equal(pin, b.verifier_id, 32);
    keys_done(&a);
    keys_done(&b);
    assert_int_equal(a.master.n, 0);
}

static void never_overwrites_a_key(void **state)
{
    (void)state;
    struct pawl_err err;
    struct stat     st;

    write_file("master.key", "mine", 0600);
    T_FAILS(keys_make(dir, &err), &err, PAWL_E_CONFLICT);
    T_WHERE(&err, "master.key");
    assert_int_equal(stat(path("master.key"), &st), 0);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(stat(path("signing.key"), &st), -1);
}

static void refuses_keys_that_others_can_read(void **state)
{
    (void)state;
    static const char *const name[] = { "signing.key", "master.key" };
    struct pawl_err          err;
    struct keys              k;

    T_OK(keys_make(dir, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(chmod(path(name[i]), 0640), 0);
        t_poison(&k, sizeof(k));
        T_FAILS(keys_load(dir, &k, &err), &err, PAWL_E_DENIED);
        T_WHERE(&err, name[i]);
        t_still_poisoned(&k, sizeof(k));
        assert_int_equal(chmod(path(name[i]), 0600), 0);
    }
}

static void names_what_is_wrong_with_a_file_and_never_what_is_in_it(void **state)
{
    (void)state;
    static const struct {
        const char    *name, *text;
        enum pawl_code code;
    } bad[] = {
        { "master.key", "", PAWL_E_RANGE },
        { "master.key", "c0ffee", PAWL_E_RANGE },
        { "master.key", "c0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0ffeec0fx",
          PAWL_E_FORM },
        { "signing.key", "", PAWL_E_FORM },
        { "signing.key", "-----BEGIN PRIVATE KEY-----\nc0ffee==\n-----END PRIVATE KEY-----\n",
          PAWL_E_FORM },
    };
    struct pawl_err err;
    struct keys     k;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        T_OK(keys_make(dir, &err), &err);
        write_file(bad[i].name, bad[i].text, 0600);
        T_FAILS(keys_load(dir, &k, &err), &err, bad[i].code);
        assert_int_equal(strncmp(err.where, bad[i].name, strlen(bad[i].name)), 0);
        assert_null(strstr(err.why, "c0ffee"));
        unlink(path("signing.key"));
        unlink(path("master.key"));
    }
    T_FAILS(keys_load(dir, &k, &err), &err, PAWL_E_ABSENT);
}

static void a_signing_key_of_another_kind_is_refused(void **state)
{
    (void)state;
    struct pawl_err      err;
    struct keys          k;
    struct pawl_private *other = NULL;
    char                 pem[2048];
    size_t               n;

    T_OK(keys_make(dir, &err), &err);
    T_OK(pawl_private_make(PAWL_KEY_P384, &other, &err), &err);
    T_OK(pawl_private_to_pem(other, (uint8_t *)pem, sizeof(pem) - 1, &n, &err), &err);
    pem[n] = 0;
    pawl_private_free(&other);
    write_file("signing.key", pem, 0600);
    T_FAILS(keys_load(dir, &k, &err), &err, PAWL_E_UNSUPPORTED);
    T_WHERE(&err, "signing.key");
}

/* ---- keys that change ----------------------------------------------------------------------- */

static void moves(const char *from, const char *to)
{
    char p[128];

    snprintf(p, sizeof(p), "%s", path(from));
    assert_int_equal(rename(p, path(to)), 0);
}

static void keys_others_load_as(const char *signing, const char *master, struct keys *ret_was,
                                struct keys *ret_is)
{
    struct pawl_err err;

    T_OK(keys_make(dir, &err), &err);
    T_OK(keys_load(dir, ret_was, &err), &err);
    moves("signing.key", signing);
    moves("master.key", master);
    T_OK(keys_make(dir, &err), &err);
    T_OK(keys_load(dir, ret_is, &err), &err);
}

static void what_another_key_made_is_taken(const char *signing, const char *master)
{
    const struct pawl_view   here = pawl_view("acme", 4), id = pawl_view("12345678", 8);
    const struct pawl_view   none = pawl_view(NULL, 0);
    const struct pawl_secret in = { .n = 32, .b = "a token's secret" };
    struct keys              was, is;
    struct signer            all[1 + KEYS_OTHERS], by;
    struct pawl_secret       out;
    struct pawl_err          err;
    uint8_t                  wrapped[48], cookie[48], plain[32];
    size_t                   n;

    keys_others_load_as(signing, master, &was, &is);
    assert_int_equal(keys_signers(&is, all), 2);
    assert_memory_equal(all[0].id, is.verifier_id, 32);
    T_OK(keys_signer(&is, PAWL_VIEW_OF(was.verifier_id), &by, &err), &err);
    assert_memory_equal(by.id, was.verifier_id, 32);
    assert_ptr_not_equal(by.key, is.signing);
    T_FAILS(keys_signer(&was, PAWL_VIEW_OF(is.verifier_id), &by, &err), &err, PAWL_E_DENIED);

    T_OK(keys_wrap(&was, here, id, "token", 0, &in, wrapped, sizeof(wrapped), &n, &err), &err);
    T_OK(keys_unwrap(&is, here, id, "token", 0, pawl_view(wrapped, n), &out, &err), &err);
    assert_true(pawl_secret_equal(&in, &out));
    T_OK(pawl_aead_seal(PAWL_AES_256_SIV, &was.cookie, none, none, pawl_secret_view(&in), cookie,
                        sizeof(cookie), &n, &err),
         &err);
    T_OK(keys_open_cookie(&is, pawl_view(cookie, n), plain, sizeof(plain), &n, &err), &err);
    assert_memory_equal(plain, in.b, 32);
    assert_true(pawl_secret_equal(keys_nonce(&is, 0), &is.nonce));
    assert_true(pawl_secret_equal(keys_nonce(&is, 1), &was.nonce));
    assert_null(keys_nonce(&is, 2));

    T_OK(keys_wrap(&is, here, id, "token", 0, &in, wrapped, sizeof(wrapped), &n, &err), &err);
    T_FAILS(keys_unwrap(&was, here, id, "token", 0, pawl_view(wrapped, n), &out, &err), &err,
            PAWL_E_FORGED);
    keys_done(&was);
    keys_done(&is);
}

static void what_an_old_key_made_is_taken(void **state)
{
    (void)state;
    what_another_key_made_is_taken("signing.old.key", "master.old.key");
}

static void what_a_next_key_made_is_taken(void **state)
{
    (void)state;
    what_another_key_made_is_taken("signing.next.key", "master.next.key");
}

static void a_bad_old_key_is_told(void **state)
{
    (void)state;
    struct pawl_err err;
    struct keys     k;

    T_OK(keys_make(dir, &err), &err);
    write_file("master.old.key", "c0ffee", 0600);
    T_FAILS(keys_load(dir, &k, &err), &err, PAWL_E_RANGE);
    T_WHERE(&err, "master.old.key");
    write_file("master.old.key", "c0ffee", 0644);
    T_FAILS(keys_load(dir, &k, &err), &err, PAWL_E_DENIED);
}

static void a_credential_goes_before_the_file(void **state)
{
    (void)state;
    char            credentials[] = "/tmp/pawl-credentials-XXXXXX", file[128];
    struct pawl_err err;
    struct keys     of_files, k;

    assert_non_null(mkdtemp(credentials));
    T_OK(keys_make(dir, &err), &err);
    T_OK(keys_load(dir, &of_files, &err), &err);
    T_OK(keys_make(credentials, &err), &err);
    snprintf(file, sizeof(file), "%s/signing.key", credentials);
    unlink(file); /* this one stays a file */
    snprintf(file, sizeof(file), "%s/master.key", credentials);
    assert_int_equal(chmod(file, 0440), 0);
    setenv("CREDENTIALS_DIRECTORY", credentials, 1);
    T_OK(keys_load(dir, &k, &err), &err);
    assert_memory_equal(k.verifier_id, of_files.verifier_id, 32);
    assert_false(pawl_secret_equal(&k.master, &of_files.master));
    keys_done(&k);
    assert_int_equal(chmod(file, 0444), 0);
    T_FAILS(keys_load(dir, &k, &err), &err, PAWL_E_DENIED);
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(file);
    rmdir(credentials);
    keys_done(&of_files);
}

/* ---- secrets at rest ------------------------------------------------------------------------ */

static const struct pawl_view tenant = { (const uint8_t *)"acme", 4 };
static const struct pawl_view owner = { (const uint8_t *)"12345678", 8 };

static struct keys some_keys(void)
{
    struct pawl_err err;
    struct keys     k = { 0 };

    T_OK(pawl_secret_random(32, &k.master, &err), &err);
    return k;
}

static void what_is_wrapped_opens_again(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct keys        k = some_keys();
    struct pawl_secret in = { .n = 32, .b = "a token's secret" }, out;
    uint8_t            wrapped[48];
    size_t             n;

    T_OK(keys_wrap(&k, tenant, owner, "token", 0, &in, wrapped, sizeof(wrapped), &n, &err), &err);
    assert_int_equal(n, 48);
    T_OK(keys_unwrap(&k, tenant, owner, "token", 0, pawl_view(wrapped, n), &out, &err), &err);
    assert_true(pawl_secret_equal(&in, &out));
    T_FAILS(keys_wrap(&k, tenant, owner, "token", 0, &in, wrapped, 47, &n, &err), &err,
            PAWL_E_FULL);
}

static void it_opens_for_nobody_else(void **state) /* S2 */
{
    (void)state;
    struct pawl_err    err;
    struct keys        k = some_keys(), others = some_keys();
    struct pawl_secret in = { .n = 32 }, out;
    uint8_t            wrapped[48];
    size_t             n;

    T_OK(keys_wrap(&k, tenant, owner, "token", 3, &in, wrapped, sizeof(wrapped), &n, &err), &err);
    struct pawl_view w = pawl_view(wrapped, n);
    t_poison(&out, sizeof(out));
    T_FAILS(keys_unwrap(&k, pawl_view("acm", 3), owner, "token", 3, w, &out, &err), &err,
            PAWL_E_FORGED);
    T_FAILS(keys_unwrap(&k, tenant, pawl_view("12345679", 8), "token", 3, w, &out, &err), &err,
            PAWL_E_FORGED);
    T_FAILS(keys_unwrap(&k, tenant, owner, "root", 3, w, &out, &err), &err, PAWL_E_FORGED);
    T_FAILS(keys_unwrap(&k, tenant, owner, "token", 2, w, &out, &err), &err, PAWL_E_FORGED);
    T_FAILS(keys_unwrap(&others, tenant, owner, "token", 3, w, &out, &err), &err, PAWL_E_FORGED);
    t_still_poisoned(&out, sizeof(out));
}

/* Found by value: a key that took the place of another one, and the same key in another place. */
static void a_key_that_was_replaced_opens_and_seals_no_more(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct keys        k = some_keys(), others = some_keys();
    struct pawl_secret in = { .n = 32, .b = "a token's secret" }, out;
    uint8_t            first[48], second[48];
    size_t             n;

    T_OK(wraps_make(&k.wraps, &err), &err);
    T_OK(keys_wrap(&k, tenant, owner, "token", 0, &in, first, sizeof(first), &n, &err), &err);
    T_OK(keys_unwrap(&k, tenant, owner, "token", 0, PAWL_VIEW_OF(first), &out, &err), &err);
    struct pawl_secret was = k.master;
    k.master = others.master;
    T_FAILS(keys_unwrap(&k, tenant, owner, "token", 0, PAWL_VIEW_OF(first), &out, &err), &err,
            PAWL_E_FORGED);
    T_OK(keys_wrap(&k, tenant, owner, "token", 0, &in, second, sizeof(second), &n, &err), &err);
    assert_memory_not_equal(first, second, sizeof(first));
    T_OK(keys_unwrap(&others, tenant, owner, "token", 0, PAWL_VIEW_OF(second), &out, &err), &err);
    k.other_master[KEYS_OLD].master = was;
    T_OK(keys_unwrap(&k, tenant, owner, "token", 0, PAWL_VIEW_OF(first), &out, &err), &err);
    assert_true(pawl_secret_equal(&in, &out));
    keys_done(&k);
}

/* More tenants than are kept: each has a key of its own, and what is not kept is derived. */
static void tenants_beyond_what_is_kept_have_keys_of_their_own(void **state)
{
    (void)state;
    enum { TENANTS = 100 };
    struct pawl_err    err;
    struct keys        k = some_keys();
    struct pawl_secret in = { .n = 32 }, out;
    uint8_t            wrapped[TENANTS][48];
    char               name[TENANTS][8];
    size_t             n;

    T_OK(wraps_make(&k.wraps, &err), &err);
    for (size_t i = 0; i < TENANTS; i++) {
        snprintf(name[i], sizeof(name[i]), "t%zu", i);
        T_OK(keys_wrap(&k, pawl_view_str(name[i]), owner, "token", 0, &in, wrapped[i],
                       sizeof(wrapped[i]), &n, &err),
             &err);
    }
    for (size_t i = 0; i < TENANTS; i++) {
        struct pawl_view next = pawl_view_str(name[(i + 1) % TENANTS]);
        T_OK(keys_unwrap(&k, pawl_view_str(name[i]), owner, "token", 0, PAWL_VIEW_OF(wrapped[i]),
                         &out, &err),
             &err);
        T_FAILS(keys_unwrap(&k, next, owner, "token", 0, PAWL_VIEW_OF(wrapped[i]), &out, &err),
                &err, PAWL_E_FORGED);
    }
    keys_done(&k);
}

static void must_not_open(struct pawl_view wrapped, void *arg)
{
    struct pawl_err    err;
    struct pawl_secret out;

    assert_false(pawl_is_ok(keys_unwrap(arg, tenant, owner, "token", 0, wrapped, &out, &err)));
}

static void no_flip_and_no_truncation_opens(void **state)
{
    (void)state;
    struct pawl_err    err;
    struct keys        k = some_keys();
    struct pawl_secret in = { .n = 32 };
    uint8_t            wrapped[48];
    size_t             n;

    T_OK(keys_wrap(&k, tenant, owner, "token", 0, &in, wrapped, sizeof(wrapped), &n, &err), &err);
    t_each_flip(PAWL_VIEW_OF(wrapped), must_not_open, &k);
    t_each_truncation(PAWL_VIEW_OF(wrapped), must_not_open, &k);
}

#define IN_A_DIRECTORY(sentence, function)                                                         \
    {                                                                                              \
        (sentence), (function), make_dir, remove_dir, NULL                                         \
    }

int main(void)
{
    const struct CMUnitTest cases[] = {
        IN_A_DIRECTORY("makes keys that load", makes_keys_that_load),
        IN_A_DIRECTORY("never overwrites a key", never_overwrites_a_key),
        IN_A_DIRECTORY("refuses keys that others can read", refuses_keys_that_others_can_read),
        IN_A_DIRECTORY("names what is wrong with a file and never what is in it",
                       names_what_is_wrong_with_a_file_and_never_what_is_in_it),
        IN_A_DIRECTORY("a signing key of another kind is refused",
                       a_signing_key_of_another_kind_is_refused),
        IN_A_DIRECTORY("what an old key made is taken", what_an_old_key_made_is_taken),
        IN_A_DIRECTORY("what a next key made is taken", what_a_next_key_made_is_taken),
        IN_A_DIRECTORY("a bad old key is told", a_bad_old_key_is_told),
        IN_A_DIRECTORY("a credential goes before the file", a_credential_goes_before_the_file),
        T_CASE("what is wrapped opens again", what_is_wrapped_opens_again),
        T_CASE("S2 it opens for nobody else", it_opens_for_nobody_else),
        T_CASE("a key that was replaced opens and seals no more",
               a_key_that_was_replaced_opens_and_seals_no_more),
        T_CASE("tenants beyond what is kept have keys of their own",
               tenants_beyond_what_is_kept_have_keys_of_their_own),
        T_CASE("no flip and no truncation opens", no_flip_and_no_truncation_opens),
    };

    return cmocka_run_group_tests(cases, NULL, NULL);
}
