/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: messages of all suites, both forms and both directions agree byte for byte with an
 * independent program (tests/vectors/ratchet/make_messages.py) and open; what is no message names
 * its field; no flipped bit opens, nothing opens in another place, and what does not open has no
 * leaf. */
#include <stdlib.h>
#include <string.h>

#include <pawl/ratchet.h>

#include "crypto_vector.h"

/* The inputs of the vectors. */
enum { EPOCH = 5, GEN = 2, SEQ = 1000, GEN_START = 990, EPOCH_START = 700 };

static const char *const forms[] = { [PAWL_MSG_FULL] = "full", [PAWL_MSG_COMPACT] = "compact" };
static const char *const words[] = { [PAWL_UP] = "up", [PAWL_DOWN] = "down" };

static struct pawl_view vector(const char *name)
{
    return crypto_vector("ratchet/messages.txt", name);
}

static struct pawl_view vector_of(const char *what, unsigned suite, int form, int dir)
{
    char name[64];

    snprintf(name, sizeof(name), "%s.%u.%s.%s", what, suite, forms[form], words[dir]);
    return vector(name);
}

static struct pawl_view plain_text(void)
{
    struct pawl_content c = { .id = 7,
                              .body = pawl_view_str("a pawl lets a ratchet turn one way only") };
    uint8_t             b[64];
    struct pawl_wr      w = pawl_wr_to(b, sizeof(b));
    struct pawl_err     err;

    T_OK(pawl_content_write(&c, &w, &err), &err);
    return t_copy(pawl_view(b, w.n));
}

static struct pawl_use use_of(unsigned suite, unsigned uk_first, enum pawl_dir dir)
{
    struct pawl_use u = { .dir = dir, .epoch = EPOCH, .gen = GEN, .suite = (uint16_t)suite };
    struct pawl_err err;

    u.uk = crypto_secret(crypto_count(32, uk_first));
    memcpy(u.kid, crypto_count(PAWL_KID, 0x80).p, PAWL_KID);
    T_OK(pawl_use_ready(&u, &err), &err);
    return u;
}

static struct pawl_msg_scope scope_of(void)
{
    return (struct pawl_msg_scope){ .tenant = pawl_view_str("default"),
                                    .device_id = crypto_count(32, 0x10),
                                    .verifier_id = crypto_count(32, 0x30) };
}

static struct pawl_msg_place place_of(void)
{
    struct pawl_msg_place at = { .seq = SEQ,
                                 .gen_start_seq = GEN_START,
                                 .epoch_start_seq = EPOCH_START };

    memcpy(at.boot_id, crypto_count(PAWL_BOOT_ID, 0xb0).p, PAWL_BOOT_ID);
    return at;
}

/* ---- accepts -------------------------------------------------------------------------------- */

static void opens_to(const struct pawl_use *u, struct pawl_view in, struct pawl_view plain,
                     struct pawl_view leaf)
{
    struct pawl_msg_scope s = scope_of();
    struct pawl_msg       m;
    struct pawl_err       err;
    uint8_t              *out = malloc(plain.n), got[PAWL_LEAF];
    size_t                n;

    T_OK(pawl_msg_parse(in, &m, &err), &err);
    assert_true(m.ciphertext.p > in.p && m.ciphertext.p + m.ciphertext.n <= in.p + in.n);
    T_OK(pawl_msg_open(u, &s, &m, out, plain.n, &n, got, &err), &err);
    assert_true(pawl_view_equal(pawl_view(out, n), plain));
    assert_true(pawl_view_equal(PAWL_VIEW_OF(got), leaf));
    free(out);
}

static void seals_to(const struct pawl_use *u, const struct pawl_msg_place *at,
                     enum pawl_msg_form form, struct pawl_view plain, struct pawl_view want,
                     struct pawl_view leaf)
{
    struct pawl_msg_scope s = scope_of();
    struct pawl_err       err;
    uint8_t              *out = malloc(1 + want.n), got[PAWL_LEAF];
    struct pawl_wr        w = pawl_wr_to(out, 1 + want.n);

    pawl_wr_u8(&w, 0x77); /* it is written behind what is there */
    T_OK(pawl_msg_seal(u, &s, at, form, plain, &w, got, &err), &err);
    assert_true(out[0] == 0x77 && pawl_view_equal(pawl_view(out + 1, w.n - 1), want));
    assert_true(pawl_view_equal(PAWL_VIEW_OF(got), leaf));
    free(out);
}

static void messages_agree_with_an_independent_program(void **state) /* P-MSG-1, -3 to -6, -8 */
{
    (void)state;
    struct pawl_msg_place at = place_of();

    for (unsigned suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++)
        for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++)
            for (int dir = PAWL_UP; dir <= PAWL_DOWN; dir++) {
                struct pawl_use  u = use_of(suite, suite, (enum pawl_dir)dir);
                struct pawl_view msg = vector_of("msg", suite, form, dir);
                struct pawl_view leaf = vector_of("leaf", suite, form, dir);
                opens_to(&u, msg, plain_text(), leaf);
                seals_to(&u, &at, (enum pawl_msg_form)form, plain_text(), msg, leaf);
                u.suite |= PAWL_SUITE_HMAC_KEY; /* which changes nothing in a message */
                opens_to(&u, msg, plain_text(), leaf);
            }
}

static void the_longest_numbers_fit(void **state)
{
    (void)state;
    struct pawl_use       u = use_of(PAWL_SUITE_CCM, 9, PAWL_UP);
    struct pawl_msg_place at = place_of();
    const uint8_t         plain[] = { 0 };

    u.epoch = UINT64_MAX;
    u.gen = UINT32_MAX;
    at.seq = UINT64_MAX;
    at.gen_start_seq = UINT64_MAX - 63;
    at.epoch_start_seq = 1;
    opens_to(&u, vector("msg.longest"), PAWL_VIEW_OF(plain), vector("leaf.longest"));
    seals_to(&u, &at, PAWL_MSG_FULL, PAWL_VIEW_OF(plain), vector("msg.longest"),
             vector("leaf.longest"));
}

static void parse_tells_what_is_on_the_outside(void **state)
{
    (void)state;
    struct pawl_msg_place at = place_of();
    struct pawl_msg       m;
    struct pawl_err       err;

    for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++) {
        T_OK(pawl_msg_parse(vector_of("msg", PAWL_SUITE_SIV, form, PAWL_UP), &m, &err), &err);
        assert_true(m.form == (enum pawl_msg_form)form && m.alg == PAWL_AES_256_SIV);
        assert_true(pawl_view_equal(PAWL_VIEW_OF(m.kid), crypto_count(PAWL_KID, 0x80)));
        assert_int_equal(m.gen, GEN);
        assert_true(m.at.seq == at.seq && m.at.gen_start_seq == at.gen_start_seq &&
                    m.at.epoch_start_seq == at.epoch_start_seq);
        assert_memory_equal(m.at.boot_id, at.boot_id, PAWL_BOOT_ID);
        assert_int_equal(m.ciphertext.n, plain_text().n + PAWL_AEAD_TAG);
        assert_int_equal(m.recipient.n, form == PAWL_MSG_FULL ? 3 : 0);
    }
}

/* ---- rejects, naming the field -------------------------------------------------------------- */

/* The pieces of a good message, for one that has another in the place of one. */
#define PROTECTED  "50a201181e3a00011170821903de1902bc"
#define OPEN       "a1054db0b1b2b3b4b5b6b70000000000"
#define CIPHERTEXT "510000000000000000000000000000000000"
#define KEY_ID     "044c808182838485868700000002"
#define RECIPIENT  "818343a10129a2" KEY_ID "351903e840"
#define COMPACT    "a3" KEY_ID "054db0b1b2b3b4b5b6b700000000003a000111721903e8"

static const struct {
    const char    *hex, *where;
    enum pawl_code code;
} bad[] = {
    { "", "COSE_Encrypt.tag", PAWL_E_SHORT },
    { "8443a10126a10441004100", "COSE_Encrypt.tag", PAWL_E_FORM },
    { "d28443a10126a10441004100", "COSE_Encrypt.tag", PAWL_E_FORM },
    { "d861" PROTECTED OPEN CIPHERTEXT RECIPIENT, "COSE_Encrypt.tag", PAWL_E_FORM },
    { "d86083" PROTECTED OPEN CIPHERTEXT, "COSE_Encrypt.array", PAWL_E_RANGE },
    { "d86084" PROTECTED OPEN CIPHERTEXT "80", "COSE_Encrypt.recipients", PAWL_E_RANGE },
    { "d86084" PROTECTED OPEN "f6" RECIPIENT, "COSE_Encrypt.ciphertext", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2" KEY_ID "351903e84100",
      "COSE_Encrypt.ciphertext", PAWL_E_RANGE },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818443a10129a2" KEY_ID "351903e84080",
      "COSE_Encrypt.recipient", PAWL_E_RANGE },
    /* A protected header that is none, has more, less or other parameters. */
    { "d86084a0" OPEN CIPHERTEXT RECIPIENT, "COSE_Encrypt.protected", PAWL_E_FORM },
    { "d86084419f" OPEN CIPHERTEXT RECIPIENT, "COSE_Encrypt.protected.map", PAWL_E_FORM },
    { "d8608440" OPEN CIPHERTEXT RECIPIENT, "protected", PAWL_E_FORM },
    { "d8608444a101181e" OPEN CIPHERTEXT RECIPIENT, "protected", PAWL_E_FORM },
    { "d8608452a301181e03003a00011170821903de1902bc" OPEN CIPHERTEXT RECIPIENT, "protected",
      PAWL_E_FORM },
    { "d8608447a201181e028101" OPEN CIPHERTEXT RECIPIENT, "COSE_Encrypt.protected.crit",
      PAWL_E_UNSUPPORTED },
    { "d860844aa10167556e6b6e6f776e" OPEN CIPHERTEXT RECIPIENT, "COSE_Encrypt.protected.alg",
      PAWL_E_FORM },
    { "d8608450a2010a3a00011170831903de1902bc0a" OPEN CIPHERTEXT RECIPIENT,
      "COSE_Encrypt.protected.starts", PAWL_E_RANGE },
    { "d860844fa2010a3a00011170821903de1902bc" OPEN CIPHERTEXT RECIPIENT, "alg",
      PAWL_E_UNSUPPORTED }, /* CCM with a tag of 8 bytes */
    { "d860844fa2010f3a00011170821903de1902bc" OPEN CIPHERTEXT RECIPIENT, "alg",
      PAWL_E_UNSUPPORTED },
    /* The open header. */
    { "d86084" PROTECTED "a0" CIPHERTEXT RECIPIENT, "unprotected", PAWL_E_FORM },
    { "d86084" PROTECTED "a2054db0b1b2b3b4b5b6b70000000000061803" CIPHERTEXT RECIPIENT,
      "COSE_Encrypt.Partial IV", PAWL_E_FORM },
    { "d86084" PROTECTED "a2054db0b1b2b3b4b5b6b7000000000006 4103" CIPHERTEXT RECIPIENT,
      "unprotected", PAWL_E_FORM },
    { "d86084" PROTECTED "a201181e054db0b1b2b3b4b5b6b70000000000" CIPHERTEXT RECIPIENT,
      "COSE_Encrypt.unprotected", PAWL_E_FORM },
    { "d86084" PROTECTED "a1054db0b1b2b3b4b5b6b70000000001" CIPHERTEXT RECIPIENT, "IV",
      PAWL_E_FORM },
    { "d86084" PROTECTED "a1054cb0b1b2b3b4b5b6b700000000" CIPHERTEXT RECIPIENT, "IV", PAWL_E_FORM },
    { "d86084" PROTECTED "a10547b0b1b2b3b4b5b6" CIPHERTEXT RECIPIENT, "IV", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN "5000000000000000000000000000000000" RECIPIENT, "ciphertext",
      PAWL_E_RANGE },
    /* The recipient. */
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10125a2" KEY_ID "351903e840",
      "recipient.protected", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818340a2" KEY_ID "351903e840", "recipient.protected",
      PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a1" KEY_ID "40", "recipient.unprotected",
      PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a1351903e840", "recipient.unprotected",
      PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a3" KEY_ID "334101351903e840",
      "recipient.unprotected", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2" KEY_ID "354203e840", "seq", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2" KEY_ID "353903e740", "seq", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2" KEY_ID "35f640",
      "COSE_Encrypt.PartyU nonce", PAWL_E_FORM },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2044b8081828384858687000000351903e840",
      "kid.kid", PAWL_E_SHORT },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2044d80818283848586870000000200351903e840",
      "kid.end", PAWL_E_TRAILING },
    { "d86084" PROTECTED OPEN CIPHERTEXT "818343a10129a2351903e8" KEY_ID "40",
      "COSE_Encrypt.unprotected", PAWL_E_FORM }, /* out of order */
    /* Places that no sender has. */
    { "d860844da201181e3a00011170821903de" OPEN CIPHERTEXT RECIPIENT,
      "COSE_Encrypt.protected.epoch_start_seq", PAWL_E_SHORT },
    { "d860844ea201181e3a00011170821903de00" OPEN CIPHERTEXT RECIPIENT, "epoch_start_seq",
      PAWL_E_RANGE },
    { "d8608450a201181e3a00011170821903de1903df" OPEN CIPHERTEXT RECIPIENT, "epoch_start_seq",
      PAWL_E_RANGE },
    { "d8608450a201181e3a00011170821903e91902bc" OPEN CIPHERTEXT RECIPIENT, "seq", PAWL_E_RANGE },
    { "d8608450a201181e3a00011170821903a81902bc" OPEN CIPHERTEXT RECIPIENT, "seq", PAWL_E_RANGE },
    /* The compact form. */
    { "d084" PROTECTED COMPACT CIPHERTEXT RECIPIENT, "COSE_Encrypt.array", PAWL_E_RANGE },
    { "d083" PROTECTED OPEN CIPHERTEXT, "unprotected", PAWL_E_FORM },
    { "d083" PROTECTED "a2054db0b1b2b3b4b5b6b700000000003a000111721903e8" CIPHERTEXT, "unprotected",
      PAWL_E_FORM },
    { "d083" PROTECTED "a3" KEY_ID "054db0b1b2b3b4b5b6b700000000003a000111721903de" CIPHERTEXT "00",
      "COSE_Encrypt.end", PAWL_E_TRAILING },
    { "d083" PROTECTED "a3" KEY_ID "054db0b1b2b3b4b5b6b700000000003a000111721903dd" CIPHERTEXT,
      "seq", PAWL_E_RANGE },
};

static void names_the_field_of_what_is_no_message(void **state) /* P-MSG-2, P-MSG-6 */
{
    (void)state;
    struct pawl_msg m;
    struct pawl_err err;

    /* The pieces themselves are good. */
    T_OK(pawl_msg_parse(t_hex("d86084" PROTECTED OPEN CIPHERTEXT RECIPIENT), &m, &err), &err);
    T_OK(pawl_msg_parse(t_hex("d083" PROTECTED COMPACT CIPHERTEXT), &m, &err), &err);
    t_poison(&m, sizeof(m));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char where[64];
        snprintf(where, sizeof(where), "message.%s", bad[i].where);
        T_FAILS(pawl_msg_parse(t_hex(bad[i].hex), &m, &err), &err, bad[i].code);
        T_WHERE(&err, where);
    }
    t_still_poisoned(&m, sizeof(m));
}

/* Does not open, and leaves nothing behind. */
static void is_refused(const struct pawl_use *u, const struct pawl_msg_scope *s,
                       const struct pawl_msg *m, size_t cap, enum pawl_code code)
{
    struct pawl_err err;
    uint8_t         out[256], leaf[PAWL_LEAF];
    size_t          n = 77;

    assert_true(cap <= sizeof(out));
    t_poison(out, sizeof(out));
    t_poison(leaf, sizeof(leaf));
    T_FAILS(pawl_msg_open(u, s, m, out, cap, &n, leaf, &err), &err, code);
    assert_true(strncmp(err.where, "message.", 8) == 0);
    t_still_poisoned(leaf, sizeof(leaf));
    assert_int_equal(n, 77);
    struct pawl_view plain = plain_text();
    for (size_t i = 0; i < plain.n; i++)
        assert_true(out[i] == 0 || out[i] == 0xa5);
}

static struct pawl_msg parsed(struct pawl_view in)
{
    struct pawl_msg m;
    struct pawl_err err;

    T_OK(pawl_msg_parse(in, &m, &err), &err);
    return m;
}

static void the_key_of_another_generation_is_not_tried(void **state) /* P-MSG-7 */
{
    (void)state;
    struct pawl_msg_scope s = scope_of();
    struct pawl_use       u = use_of(PAWL_SUITE_CCM, 1, PAWL_UP), other = u;
    struct pawl_msg       m = parsed(vector_of("msg", 1, PAWL_MSG_FULL, PAWL_UP));

    other.gen++;
    is_refused(&other, &s, &m, 256, PAWL_E_DENIED);
    other = u;
    other.kid[7] ^= 1;
    is_refused(&other, &s, &m, 256, PAWL_E_DENIED);
    other = u;
    other.suite = PAWL_SUITE_GCM;
    is_refused(&other, &s, &m, 256, PAWL_E_DENIED);
    other.suite = 5;
    is_refused(&other, &s, &m, 256, PAWL_E_DENIED);
    m.alg = PAWL_AEAD_NONE;
    is_refused(&other, &s, &m, 256, PAWL_E_DENIED);
}

static void nothing_opens_in_another_place(void **state) /* P-MSG-4, P-MSG-5 */
{
    (void)state;
    for (unsigned suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++)
        for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++) {
            const struct pawl_msg_scope s = scope_of();
            const struct pawl_use       u = use_of(suite, suite, PAWL_UP);
            const struct pawl_msg       m = parsed(vector_of("msg", suite, form, PAWL_UP));
            struct pawl_msg_scope       scope = s;
            struct pawl_use             use = u;
            struct pawl_msg             moved = m;

            scope.tenant = pawl_view_str("defaulu");
            is_refused(&u, &scope, &m, 256, PAWL_E_FORGED);
            scope = s;
            scope.device_id = crypto_count(32, 0x11);
            is_refused(&u, &scope, &m, 256, PAWL_E_FORGED);
            scope = s;
            scope.verifier_id = crypto_count(32, 0x31);
            is_refused(&u, &scope, &m, 256, PAWL_E_FORGED);
            use.dir = PAWL_DOWN;
            is_refused(&use, &s, &m, 256, PAWL_E_FORGED);
            use = u;
            use.epoch++;
            is_refused(&use, &s, &m, 256, PAWL_E_FORGED);
            use = u;
            use.gen++;
            moved.gen++;
            is_refused(&use, &s, &moved, 256, PAWL_E_FORGED);
            use = u;
            use.prk.b[31] ^= 1;
            is_refused(&use, &s, &m, 256, PAWL_E_FORGED);
            moved = m;
            moved.at.seq++;
            is_refused(&u, &s, &moved, 256, PAWL_E_FORGED);
            moved = m;
            moved.at.boot_id[7] ^= 1;
            is_refused(&u, &s, &moved, 256, PAWL_E_FORGED);
            moved = m;
            moved.form = form == PAWL_MSG_FULL ? PAWL_MSG_COMPACT : PAWL_MSG_FULL;
            is_refused(&u, &s, &moved, 256, PAWL_E_FORGED);
        }
}

static void a_key_or_scope_that_nobody_set_opens_nothing(void **state)
{
    (void)state;
    struct pawl_msg_scope s = scope_of();
    struct pawl_use       u = use_of(PAWL_SUITE_CCM, 1, PAWL_UP);
    struct pawl_msg       m = parsed(vector_of("msg", 1, PAWL_MSG_FULL, PAWL_UP));

    is_refused(&u, &s, &m, plain_text().n - 1, PAWL_E_FULL);
    u.prk.n = 0;
    is_refused(&u, &s, &m, 256, PAWL_E_RANGE);
    u = use_of(PAWL_SUITE_CCM, 1, PAWL_UP);
    s.tenant = pawl_view(NULL, 0);
    is_refused(&u, &s, &m, 256, PAWL_E_RANGE);
    s = scope_of();
    s.device_id.n--;
    is_refused(&u, &s, &m, 256, PAWL_E_RANGE);
    s = scope_of();
    s.verifier_id = pawl_view(NULL, 0);
    is_refused(&u, &s, &m, 256, PAWL_E_RANGE);
}

/* ---- sealing -------------------------------------------------------------------------------- */

static void not_sealed(const struct pawl_use *u, const struct pawl_msg_scope *s,
                       const struct pawl_msg_place *at, enum pawl_msg_form form,
                       struct pawl_view plain, enum pawl_code code, const char *where)
{
    static uint8_t  out[PAWL_MESSAGE_MAX];
    struct pawl_err err;
    uint8_t         leaf[PAWL_LEAF];
    struct pawl_wr  w = pawl_wr_to(out, sizeof(out));

    t_poison(leaf, sizeof(leaf));
    T_FAILS(pawl_msg_seal(u, s, at, form, plain, &w, leaf, &err), &err, code);
    T_WHERE(&err, where);
    t_still_poisoned(leaf, sizeof(leaf));
    assert_true(w.n == 0 && !w.full);
}

static void seals_nothing_that_would_not_be_taken(void **state) /* P-MSG-2 */
{
    (void)state;
    static const uint8_t        big[PAWL_PLAINTEXT_MAX + 1];
    const struct pawl_use       u = use_of(PAWL_SUITE_CCM, 1, PAWL_UP);
    const struct pawl_msg_scope s = scope_of();
    const struct pawl_msg_place at = place_of();
    struct pawl_use             use = u;
    struct pawl_msg_scope       scope = s;
    struct pawl_msg_place       place = at;
    struct pawl_view            plain = plain_text();

    not_sealed(&u, &s, &at, PAWL_MSG_NONE, plain, PAWL_E_BUG, "message.form");
    not_sealed(&u, &s, &at, PAWL_MSG_FULL, pawl_view(big, 0), PAWL_E_RANGE, "message.plaintext");
    not_sealed(&u, &s, &at, PAWL_MSG_FULL, PAWL_VIEW_OF(big), PAWL_E_RANGE, "message.plaintext");
    place.epoch_start_seq = 0;
    not_sealed(&u, &s, &place, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.epoch_start_seq");
    place.epoch_start_seq = GEN_START + 1;
    not_sealed(&u, &s, &place, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.epoch_start_seq");
    place = at;
    place.seq = GEN_START - 1;
    not_sealed(&u, &s, &place, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.seq");
    place.seq = GEN_START + PAWL_GEN_MESSAGES;
    not_sealed(&u, &s, &place, PAWL_MSG_COMPACT, plain, PAWL_E_RANGE, "message.seq");
    scope.tenant = pawl_view_str("");
    not_sealed(&u, &scope, &at, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.tenant");
    scope = s;
    scope.device_id.n = 31;
    not_sealed(&u, &scope, &at, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.device_id");
    scope = s;
    scope.verifier_id.n = 31;
    not_sealed(&u, &scope, &at, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.verifier_id");
    use.suite = 0x0201; /* a bit that nobody knows */
    not_sealed(&use, &s, &at, PAWL_MSG_FULL, plain, PAWL_E_UNSUPPORTED,
               "message.COSE_KDF_Context.AlgorithmID");
    use = u;
    use.prk.n = 0;
    not_sealed(&use, &s, &at, PAWL_MSG_FULL, plain, PAWL_E_RANGE, "message.hkdf.prk");
}

static void a_message_needs_all_of_its_room(void **state)
{
    (void)state;
    struct pawl_msg_scope s = scope_of();
    struct pawl_msg_place at = place_of();

    for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++) {
        struct pawl_use u = use_of(PAWL_SUITE_SIV, 4, PAWL_UP);
        size_t          need = vector_of("msg", PAWL_SUITE_SIV, form, PAWL_UP).n;
        for (size_t cap = 0; cap < need; cap++) {
            uint8_t        *out = malloc(cap ? cap : 1), leaf[PAWL_LEAF];
            struct pawl_wr  w = pawl_wr_to(out, cap);
            struct pawl_err err;
            t_poison(leaf, sizeof(leaf));
            T_FAILS(
                pawl_msg_seal(&u, &s, &at, (enum pawl_msg_form)form, plain_text(), &w, leaf, &err),
                &err, PAWL_E_FULL);
            t_still_poisoned(leaf, sizeof(leaf));
            assert_true(w.n == 0 && !w.full);
            free(out);
        }
    }
}

/* ---- boundaries ----------------------------------------------------------------------------- */

static void sizes_go_from_one_byte_to_the_most(void **state)
{
    (void)state;
    static uint8_t        plain[PAWL_PLAINTEXT_MAX], out[PAWL_PLAINTEXT_MAX], msg[PAWL_MESSAGE_MAX];
    const size_t          sizes[] = { 1, 15, 16, 17, 255, 256, 65535 - 32768, PAWL_PLAINTEXT_MAX };
    struct pawl_msg_scope s = scope_of();
    struct pawl_msg_place at = place_of();

    memset(plain, 0x42, sizeof(plain));
    for (unsigned suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++)
        for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++)
            for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                struct pawl_use u = use_of(suite, 1, PAWL_DOWN);
                struct pawl_wr  w = pawl_wr_to(msg, sizeof(msg));
                struct pawl_err err;
                uint8_t         sent[PAWL_LEAF], got[PAWL_LEAF];
                size_t          n;
                T_OK(pawl_msg_seal(&u, &s, &at, (enum pawl_msg_form)form,
                                   pawl_view(plain, sizes[i]), &w, sent, &err),
                     &err);
                struct pawl_msg m = parsed(t_copy(pawl_view(msg, w.n)));
                T_OK(pawl_msg_open(&u, &s, &m, out, sizes[i], &n, got, &err), &err);
                assert_true(pawl_view_equal(pawl_view(out, n), pawl_view(plain, sizes[i])));
                assert_memory_equal(sent, got, PAWL_LEAF);
            }
}

/* ---- mutations ------------------------------------------------------------------------------ */

struct against {
    struct pawl_use u;
};

static void must_not_open(struct pawl_view in, void *arg)
{
    const struct against *a = arg;
    struct pawl_msg_scope s = scope_of();
    struct pawl_msg       m;
    struct pawl_err       err;
    uint8_t               out[256], leaf[PAWL_LEAF];
    size_t                n;

    if (!pawl_is_ok(pawl_msg_parse(in, &m, &err)))
        return;
    assert_false(pawl_is_ok(pawl_msg_open(&a->u, &s, &m, out, sizeof(out), &n, leaf, &err)));
}

static void no_flipped_bit_opens(void **state)
{
    (void)state;
    for (unsigned suite = PAWL_SUITE_CCM; suite <= PAWL_SUITE_SIV; suite++)
        for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++) {
            struct against a = { use_of(suite, suite, PAWL_UP) };
            t_each_flip(vector_of("msg", suite, form, PAWL_UP), must_not_open, &a);
        }
}

static void must_not_parse(struct pawl_view in, void *arg)
{
    (void)arg;
    struct pawl_msg m;
    struct pawl_err err;

    t_poison(&m, sizeof(m));
    assert_false(pawl_is_ok(pawl_msg_parse(in, &m, &err)));
    t_still_poisoned(&m, sizeof(m));
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (int form = PAWL_MSG_FULL; form <= PAWL_MSG_COMPACT; form++)
        t_each_truncation(vector_of("msg", PAWL_SUITE_CCM, form, PAWL_UP), must_not_parse, NULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("messages agree with an independent program",
               messages_agree_with_an_independent_program),
        T_CASE("the longest numbers fit", the_longest_numbers_fit),
        T_CASE("parse tells what is on the outside", parse_tells_what_is_on_the_outside),
        T_CASE("names the field of what is no message", names_the_field_of_what_is_no_message),
        T_CASE("the key of another generation is not tried",
               the_key_of_another_generation_is_not_tried),
        T_CASE("nothing opens in another place", nothing_opens_in_another_place),
        T_CASE("a key or scope that nobody set opens nothing",
               a_key_or_scope_that_nobody_set_opens_nothing),
        T_CASE("seals nothing that would not be taken", seals_nothing_that_would_not_be_taken),
        T_CASE("a message needs all of its room", a_message_needs_all_of_its_room),
        T_CASE("sizes go from one byte to the most", sizes_go_from_one_byte_to_the_most),
        T_CASE("no flipped bit opens", no_flipped_bit_opens),
        T_CASE("every truncation is refused", every_truncation_is_refused),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
