/* SPDX-License-Identifier: Apache-2.0 */
/* Proves: Z has 32 bytes however a TPM writes its coordinates, and comes of a point of the curve
 * only. */
#include "tpm_vector.h"

/* The generator of P-256 (SP 800-186, 3.2.1.3). */
#define GX "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
#define GY "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"

static struct pawl_view point_of(struct pawl_view x, struct pawl_view y)
{
    uint8_t        b[128];
    struct pawl_wr w = pawl_wr_to(b, sizeof(b));

    pawl_wr_u16(&w, (uint16_t)(4 + x.n + y.n));
    pawl_wr_tpm2b(&w, x);
    pawl_wr_tpm2b(&w, y);
    return t_copy(pawl_view(b, w.n));
}

static struct pawl_view generator(void)
{
    return point_of(t_hex(GX), t_hex(GY));
}

static void z_is_x(void **state)
{
    (void)state;
    struct pawl_secret z = { 0 };
    struct pawl_err    err;

    T_OK(pawl_tpm_z_parse(generator(), &z, &err), &err);
    assert_true(pawl_view_equal(pawl_secret_view(&z), t_hex(GX)));
}

/* Software finds points whose x, or y, begins with zeros; the TPM may leave those out. */
static void z_is_padded_on_the_left(void **state)
{
    (void)state;
    unsigned short_x = 0, short_y = 0;

    while (short_x < 2 || short_y < 2) {
        struct pawl_private *k = NULL;
        struct pawl_secret   z = { 0 };
        struct pawl_err      err;
        T_OK(pawl_private_make(PAWL_KEY_P256, &k, &err), &err);
        const uint8_t   *b = pawl_private_public(k)->b;
        struct pawl_view x = pawl_view(b + 1, 32), y = pawl_view(b + 33, 32);
        bool             padded = !x.p[0] || !y.p[0];
        short_x += !x.p[0];
        short_y += !y.p[0];
        while (x.n && !x.p[0])
            x = pawl_view(x.p + 1, x.n - 1);
        while (y.n && !y.p[0])
            y = pawl_view(y.p + 1, y.n - 1);
        if (padded) {
            T_OK(pawl_tpm_z_parse(point_of(x, y), &z, &err), &err);
            assert_true(pawl_view_equal(pawl_secret_view(&z), pawl_view(b + 1, 32)));
        }
        pawl_private_free(&k);
    }
}

static void refuse(struct pawl_view in, enum pawl_code code, const char *field)
{
    struct pawl_secret z;
    struct pawl_err    err;

    t_poison(&z, sizeof(z));
    T_FAILS(pawl_tpm_z_parse(in, &z, &err), &err, code);
    T_WHERE(&err, field);
    t_still_poisoned(&z, sizeof(z));
}

static void refuses_what_is_no_point(void **state)
{
    (void)state;
    struct pawl_view x = t_hex(GX), y = t_hex(GY), none = pawl_view(NULL, 0);
    struct pawl_view long_x = t_hex("00" GX);

    refuse(point_of(y, x), PAWL_E_RANGE, "outPoint.public.point");
    refuse(point_of(none, none), PAWL_E_RANGE, "outPoint.public.point");
    refuse(point_of(long_x, none), PAWL_E_RANGE, "outPoint.x");
    refuse(point_of(x, long_x), PAWL_E_RANGE, "outPoint");
    refuse(tpm_splice(generator(), 70, 0, pawl_view("", 1)), PAWL_E_TRAILING, "end");
    refuse(tpm_put_u16(generator(), 36, 31), PAWL_E_TRAILING, "end");
}

static void must_fail(struct pawl_view in, void *arg)
{
    struct pawl_secret z;
    struct pawl_err    err;

    (void)arg;
    T_FAILS(pawl_tpm_z_parse(in, &z, &err), &err, PAWL_E_SHORT);
}

static void names_the_field_where_input_ends(void **state)
{
    (void)state;
    t_each_truncation(generator(), must_fail, NULL);
    refuse(tpm_put_u16(pawl_view(generator().p, 20), 0, 18), PAWL_E_SHORT, "outPoint.x");
}

static void must_not_parse(struct pawl_view in, void *arg)
{
    struct pawl_secret z;
    struct pawl_err    err;

    (void)arg;
    assert_false(pawl_is_ok(pawl_tpm_z_parse(in, &z, &err)));
}

static void no_flipped_bit_leaves_a_point(void **state)
{
    (void)state;
    t_each_flip(generator(), must_not_parse, NULL);
}

int main(void)
{
    static const struct CMUnitTest cases[] = {
        T_CASE("Z is x", z_is_x),
        T_CASE("Z is padded on the left (P-KEY-9)", z_is_padded_on_the_left),
        T_CASE("refuses what is no point", refuses_what_is_no_point),
        T_CASE("names the field where input ends", names_the_field_where_input_ends),
        T_CASE("no flipped bit leaves a point", no_flipped_bit_leaves_a_point),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
