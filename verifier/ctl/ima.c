/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ima: what a measurement list says, the PCR 10 that it leads to, and how much of it a quoted PCR
 * 10 covers. The list that devices send is the binary one; of a text the answer says that it was
 * one, for that may be read in more than one way.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appraise/ima_ascii.h"
#include "appraise/ima_replay.h"
#include "ctl/ctl.h"

/* One for each bank and way to extend it. */
static const struct {
    enum pawl_hash   bank;
    enum ima_extends extends;
} ways[] = {
    { PAWL_SHA1, IMA_EXTENDS_OWN },      { PAWL_SHA256, IMA_EXTENDS_OWN },
    { PAWL_SHA384, IMA_EXTENDS_OWN },    { PAWL_SHA512, IMA_EXTENDS_OWN },
    { PAWL_SHA256, IMA_EXTENDS_PADDED }, { PAWL_SHA384, IMA_EXTENDS_PADDED },
    { PAWL_SHA512, IMA_EXTENDS_PADDED },
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* ---- entries -------------------------------------------------------------------------------- */

/* Bytes of a device's choice as text: UTF-8 as it is, and "\x1b" for what is none or is a control
 * character; a backslash is doubled. */
static bool add_text(cJSON *o, const char *name, struct pawl_view v)
{
    enum { ESCAPE_MAX = 4 };
    char  *text = malloc(ESCAPE_MAX * v.n + 1);
    size_t n = 0;
    bool   plain = pawl_is_utf8(v);

    for (size_t i = 0; text && i < v.n; i++) {
        uint8_t c = v.p[i];
        bool    escaped = c < ' ' || c == 0x7f || (c > '~' && !plain);
        n += (size_t)snprintf(text + n, ESCAPE_MAX + 1, escaped ? "\\x%02x" : "%c", c);
        if (c == '\\')
            text[n++] = '\\';
    }
    if (text)
        text[n] = 0;
    bool good = text && cJSON_AddStringToObject(o, name, text);
    free(text);
    return good;
}

static bool add_digest(cJSON *o, const struct ima_digest *d)
{
    return (!d->verity || cJSON_AddTrueToObject(o, "verity")) && add_text(o, "hash", d->alg_name) &&
           json_add_hex(o, "file", d->bytes);
}

/* Bytes that only a program understands; empty fields are left out. */
static bool add_bytes(cJSON *o, const struct ima_fields *f)
{
    static const struct {
        enum ima_field field;
        const char    *name;
    } shown[] = { { IMA_SIG, "signature" },
                  { IMA_BUF, "buffer" },
                  { IMA_MODSIG, "module_signature" },
                  { IMA_EVMSIG, "evm_signature" } };

    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
        if (f->field[shown[i].field].n && !json_add_hex(o, shown[i].name, f->field[shown[i].field]))
            return false;
    return true;
}

static bool add_fields(cJSON *o, const struct ima_entry *e)
{
    struct ima_fields f;
    struct pawl_err   why;
    char              text[sizeof(why.where) + sizeof(why.why) + 2];

    if (!pawl_is_ok(ima_fields_parse(e, &f, &why))) {
        snprintf(text, sizeof(text), "%s: %s", why.where, why.why);
        return cJSON_AddStringToObject(o, "unreadable", text);
    }
    return add_digest(o, &f.file) && add_text(o, "path", f.path) && add_bytes(o, &f);
}

static bool add_entry(cJSON *entries, const struct ima_entry *e, uint64_t number)
{
    cJSON *o = cJSON_CreateObject();

    return cJSON_AddItemToArray(entries, o) &&
           cJSON_AddNumberToObject(o, "number", (double)number) &&
           cJSON_AddNumberToObject(o, "pcr", e->pcr) && add_text(o, "template", e->name) &&
           json_add_hex(o, "digest", e->digest) &&
           (!e->violation || cJSON_AddTrueToObject(o, "violation")) && add_fields(o, e);
}

/* Every entry into the answer and into all places. */
static pawl_status walk(struct pawl_view bytes, struct ima_place place[WAYS], cJSON *answer,
                        struct pawl_err *err)
{
    cJSON           *entries = cJSON_AddArrayToObject(answer, "entries");
    struct ima_list  l = ima_list_from(bytes, 0);
    struct ima_entry e;

    while (ima_more(&l)) {
        PAWL_TRY(ima_next(&l, &e, err));
        for (size_t i = 0; i < WAYS; i++)
            PAWL_TRY(ima_extend(&place[i], &e, err));
        if (!add_entry(entries, &e, l.index - 1))
            return json_no_memory(err);
    }
    return entries ? pawl_ok() : json_no_memory(err);
}

/* ---- PCR 10 --------------------------------------------------------------------------------- */

static bool add_pcrs(cJSON *answer, const char *name, enum ima_extends extends,
                     const struct ima_place place[WAYS])
{
    cJSON *pcrs = cJSON_AddObjectToObject(answer, name);

    for (size_t i = 0; i < WAYS; i++) {
        if (ways[i].extends != extends)
            continue;
        cJSON *bank = cJSON_AddObjectToObject(pcrs, pawl_hash_name(ways[i].bank));
        if (!json_add_hex(bank, "10", pawl_digest_view(&place[i].value)))
            return false;
    }
    return pcrs != NULL;
}

static enum pawl_hash bank_of(size_t n)
{
    for (int h = PAWL_HASH_NONE + 1; h < PAWL_HASH_COUNT; h++)
        if (pawl_hash_n((enum pawl_hash)h) == n)
            return (enum pawl_hash)h;
    return PAWL_HASH_NONE;
}

/* "quoted" says how much of the list leads to the value; false if nothing does. */
static pawl_status add_quoted(cJSON *answer, const char *hex, struct pawl_view bytes,
                              struct pawl_err *err)
{
    struct pawl_digest quoted;
    struct ima_covered c;

    PAWL_TRY(pawl_hex_parse(hex, "pcr10", quoted.b, sizeof(quoted.b), &quoted.n, err));
    enum pawl_hash bank = bank_of(quoted.n);
    if (bank == PAWL_HASH_NONE)
        return pawl_fail(err, PAWL_E_RANGE, "pcr10", "no bank has values of %zu bytes", quoted.n);
    struct ima_place start = ima_start(0, IMA_PCR, bank);
    pawl_status      s = ima_replay(&start, bytes, 0, 0, &quoted, &c, err);
    if (s.code == PAWL_E_FORGED)
        return cJSON_AddFalseToObject(answer, "quoted") ? pawl_ok() : json_no_memory(err);
    PAWL_TRY(s);
    cJSON *o = cJSON_AddObjectToObject(answer, "quoted");
    if (!cJSON_AddStringToObject(o, "bank", pawl_hash_name(bank)) ||
        !cJSON_AddStringToObject(o, "extends", ima_extends_name(c.at.extends)) ||
        !cJSON_AddNumberToObject(o, "entries", (double)c.at.entries) ||
        !cJSON_AddNumberToObject(o, "pending", (double)c.pending))
        return json_no_memory(err);
    return pawl_ok();
}

/* ---- the command ---------------------------------------------------------------------------- */

static void free_bytes(uint8_t **p)
{
    free(*p);
}

static pawl_status add_list(struct pawl_view bytes, const char *pcr10, cJSON *answer,
                            struct pawl_err *err)
{
    struct ima_place place[WAYS];

    for (size_t i = 0; i < WAYS; i++) {
        place[i] = ima_start(0, IMA_PCR, ways[i].bank);
        place[i].extends = ways[i].extends;
    }
    PAWL_TRY(walk(bytes, place, answer, err));
    if (!cJSON_AddNumberToObject(answer, "violations", (double)place[0].violations) ||
        !cJSON_AddNumberToObject(answer, "others", (double)place[0].others) ||
        !add_pcrs(answer, "pcrs", IMA_EXTENDS_OWN, place) ||
        !add_pcrs(answer, "pcrs_padded", IMA_EXTENDS_PADDED, place))
        return json_no_memory(err);
    return pcr10 ? add_quoted(answer, pcr10, bytes, err) : pawl_ok();
}

pawl_status ima_show(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };
    PAWL_CLEANUP(free_bytes) uint8_t     *room = NULL;
    PAWL_CLEANUP(json_free) cJSON        *answer = cJSON_CreateObject();

    PAWL_TRY(input_read(a->operand, IMA_LIST_MAX, &file, err));
    struct pawl_view bytes = bytes_view(&file);
    bool             ascii = ima_is_ascii(bytes);
    if (ascii) {
        struct pawl_wr w = { .cap = 2 * bytes.n };
        w.p = room = malloc(w.cap);
        if (!room)
            return json_no_memory(err);
        PAWL_TRY(ima_ascii_to_binary(bytes, &w, err));
        bytes = pawl_view(w.p, w.n);
    }
    if (!cJSON_AddStringToObject(answer, "list", ascii ? "ascii" : "binary"))
        return json_no_memory(err);
    PAWL_TRY(add_list(bytes, a->option[OPT_PCR10], answer, err));
    *ret = answer;
    answer = NULL;
    return pawl_ok();
}

bool ima_is_good(const cJSON *answer)
{
    return !cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(answer, "quoted"));
}
