/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy from a device that is known to be good.
 *
 * What an update of the system leaves alone is learned for all devices: firmware (PCRs 0 and 2),
 * what it was set to (3), secure boot and its keys (7). What an update brings is learned as one
 * release: images, command lines, and the PCRs that they go into.
 *
 * Left out are the PCRs that differ from box to box without anything being wrong: 1 (settings,
 * serial numbers), 5 (partitions), 6; and PCR 10, which is IMA's and told by its list. Who wants
 * them all the same takes PCRs as they are (literal).
 *
 * Invariants
 *  1. Nothing is learned from a log that the quote does not confirm.
 *  2. What a reset leaves is never a value of a rule: anybody can have it.
 *
 * Not here: IMA's list (policy_learn_ima.c), a release for a policy that is there already
 * (policy_join.c).
 */
#include "appraise/policy_learn.h"

#include <stdio.h>
#include <stdlib.h>

#include "appraise/eventlog_replay.h"
#include "appraise/policy_judge.h"
#include "appraise/policy_learn_parts.h"

enum { PCR_IMAGES = 4, PCR_SECURE_BOOT = 7, PCR_PHASES = 11, PCR_MOK = 14, FIRMWARE_PCRS = 8 };

/* Of PCR 11: where the log ends, and behind each word of systemd-pcrphase. */
enum { PHASES = 5 };

/* ---- the parts of JSON ---------------------------------------------------------------------- */

void learn_json_free(cJSON **j)
{
    cJSON_Delete(*j);
}

pawl_status learn_no_memory(struct pawl_err *err)
{
    return pawl_fail(err, PAWL_E_MEMORY, "policy", "no memory");
}

/* The member, made if there is none; NULL when memory ran out. */
static cJSON *object_in(cJSON *in, const char *name)
{
    cJSON *there = cJSON_GetObjectItemCaseSensitive(in, name);

    return there ? there : cJSON_AddObjectToObject(in, name);
}

static bool add_hex(cJSON *list, struct pawl_view v)
{
    char            hex[2 * PAWL_HASH_MAX + 1];
    struct pawl_err ignored;

    return list && pawl_is_ok(pawl_hex_write(v, hex, sizeof(hex), &ignored)) &&
           cJSON_AddItemToArray(list, cJSON_CreateString(hex));
}

/* ---- PCRs ----------------------------------------------------------------------------------- */

enum place { LEFT_OUT, FOR_ALL, OF_RELEASE };

static bool tells_images(const struct boot *b)
{
    return b && b->agree >> PCR_IMAGES & 1 && b->image_n;
}

/* Where the log tells the images, their digests say more than PCR 4, which mixes them with what
 * the firmware did before. */
static enum place place_of(const struct policy_golden *g, unsigned pcr)
{
    static const uint32_t all = 1u << 0 | 1u << 2 | 1u << 3 | 1u << PCR_SECURE_BOOT;
    static const uint32_t release = 1u << 8 | 1u << 9 | 1u << PCR_PHASES | 1u << 12 | 1u << 13 |
                                    1u << PCR_MOK;

    if (pcr == IMA_PCR)
        return LEFT_OUT;
    if (g->literal || all >> pcr & 1)
        return FOR_ALL;
    if (pcr == PCR_IMAGES)
        return tells_images(g->boot) ? LEFT_OUT : OF_RELEASE;
    return release >> pcr & 1 ? OF_RELEASE : LEFT_OUT;
}

static pawl_status extend(enum pawl_hash hash, const char *word, struct pawl_digest *pcr,
                          struct pawl_err *err)
{
    struct pawl_view   text = pawl_view_str(word);
    struct pawl_digest d, next;

    PAWL_TRY(pawl_hash(hash, &text, 1, &d, err));
    struct pawl_view parts[] = { pawl_digest_view(pcr), pawl_digest_view(&d) };
    PAWL_TRY(pawl_hash(hash, parts, 2, &next, err));
    *pcr = next;
    return pawl_ok();
}

/* PCR 11 goes on by a word for each phase of the boot (systemd-pcrphase), so a quote of another
 * moment has another value. All of them are good if the quoted one is among them; *ret_n is 0
 * otherwise, and then the quoted one says all that is known. */
static pawl_status phases_of(const struct policy_golden *g, enum pawl_hash hash,
                             const struct pawl_digest *quoted, struct pawl_digest ret[PHASES],
                             size_t *ret_n, struct pawl_err *err)
{
    static const char *const words[] = { "enter-initrd", "leave-initrd", "sysinit", "ready" };
    bool                     reached = false;

    *ret_n = 0;
    if (g->literal || !g->boot || !g->boot->phases[hash].n)
        return pawl_ok();
    ret[0] = g->boot->phases[hash];
    for (size_t i = 0; i < PHASES; i++) {
        if (i) {
            ret[i] = ret[i - 1];
            PAWL_TRY(extend(hash, words[i - 1], &ret[i], err));
        }
        reached = reached || pawl_view_equal(pawl_digest_view(&ret[i]), pawl_digest_view(quoted));
    }
    *ret_n = reached ? PHASES : 0;
    return pawl_ok();
}

static pawl_status learn_value(const struct policy_golden *g, enum pawl_hash hash, unsigned pcr,
                               const struct pawl_digest *value, cJSON *bank, struct pawl_err *err)
{
    struct pawl_digest phase[PHASES];
    size_t             n = 0;
    char               number[4];

    snprintf(number, sizeof(number), "%u", pcr);
    if (policy_is_unmeasured(pcr, value))
        return cJSON_AddStringToObject(bank, number, "unmeasured") ? pawl_ok()
                                                                   : learn_no_memory(err);
    if (pcr == PCR_PHASES)
        PAWL_TRY(phases_of(g, hash, value, phase, &n, err));
    cJSON *list = cJSON_AddArrayToObject(bank, number);
    bool   good = list && (n || add_hex(list, pawl_digest_view(value)));
    for (size_t i = 0; i < n && good; i++)
        good = policy_is_unmeasured(pcr, &phase[i]) || add_hex(list, pawl_digest_view(&phase[i]));
    return good ? pawl_ok() : learn_no_memory(err);
}

/* Firmware that leaves a bank alone says nothing of a device in it (Q22). */
static bool is_used(const struct policy_golden *g, enum pawl_hash hash)
{
    bool quoted = false;

    for (unsigned pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        const struct pawl_digest *value = pawl_pcr_value(g->select, g->values, hash, pcr);
        if (value && !policy_is_unmeasured(pcr, value))
            return true;
        quoted = quoted || value;
    }
    return !quoted;
}

static pawl_status learn_bank(const struct policy_golden *g, enum pawl_hash hash, cJSON *all,
                              cJSON *release, size_t *measured, struct pawl_err *err)
{
    for (unsigned pcr = 0; pcr < PAWL_PCRS && is_used(g, hash); pcr++) {
        const struct pawl_digest *value = pawl_pcr_value(g->select, g->values, hash, pcr);
        enum place                place = place_of(g, pcr);

        if (!value || place == LEFT_OUT)
            continue;
        cJSON *bank = object_in(object_in(place == FOR_ALL ? all : release, "pcrs"),
                                pawl_hash_name(hash));
        PAWL_TRY(learn_value(g, hash, pcr, value, bank, err));
        *measured += !policy_is_unmeasured(pcr, value);
    }
    return pawl_ok();
}

static pawl_status learn_pcrs(const struct policy_golden *g, cJSON *all, cJSON *release,
                              struct pawl_err *err)
{
    static const enum pawl_hash banks[] = { PAWL_SHA256, PAWL_SHA384, PAWL_SHA512 };
    size_t                      measured = 0;

    for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
        PAWL_TRY(learn_bank(g, banks[i], all, release, &measured, err));
    if (measured == 0)
        return pawl_fail(err, PAWL_E_RANGE, "pcrs", "nothing was measured into any quoted PCR");
    return pawl_ok();
}

/* ---- facts of the log ----------------------------------------------------------------------- */

static uint32_t quoted_pcrs(const struct pawl_pcr_selection *s)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < s->n; i++)
        bits |= s->bank[i].bits;
    return bits;
}

/* inv. 1. A policy would refuse the device for each of these. */
static pawl_status check_log(const struct policy_golden *g, struct pawl_err *err)
{
    const struct boot *b = g->boot;
    uint32_t           agree = b->agree & ~boot_changed(b, g->select, g->values);
    uint32_t           differ = EVENTLOG_PCRS & quoted_pcrs(g->select) & ~agree;

    for (size_t i = 0; i < b->failures.n; i++) {
        const struct failure *f = &b->failures.list[i];
        if (!f->warning)
            return pawl_fail(err, PAWL_E_DENIED, "event_log", "%s: %s: %s", f->row, f->expected,
                             f->found);
    }
    if (b->failures.dropped)
        return pawl_fail(err, PAWL_E_DENIED, "event_log", "it breaks %zu rules",
                         b->failures.dropped);
    if (differ)
        return pawl_fail(err, PAWL_E_DENIED, "event_log", "PCR %d is not what it leads to",
                         __builtin_ctz(differ));
    return pawl_ok();
}

static bool learn_lists(const struct boot *b, cJSON *o)
{
    static const char *const names[KEY_LIST_COUNT] = { "pk", "kek", "db", "dbx" };
    bool                     good = true;

    for (int l = 0; l < KEY_LIST_COUNT && good; l++)
        if (b->list[l].present)
            good = add_hex(cJSON_AddArrayToObject(o, names[l]), PAWL_VIEW_OF(b->list[l].sha256));
    cJSON *authorities = good ? cJSON_AddArrayToObject(o, "authorities") : NULL;
    good = good && authorities;
    for (size_t i = 0; i < b->authority_n && good; i++)
        good = add_hex(authorities, PAWL_VIEW_OF(b->authority[i].sha256));
    return good;
}

/* What PCR 7 says, by its parts: where a value differs, these tell people what it was. */
static bool learn_secure_boot(const struct boot *b, cJSON *all)
{
    bool good = true;

    if (b->agree >> PCR_SECURE_BOOT & 1) {
        cJSON *o = object_in(all, "secure_boot");
        good = o && learn_lists(b, o);
        if (good && b->secure_boot == FACT_YES) /* that it is off is nothing to wish for */
            good = cJSON_AddTrueToObject(o, "on");
        if (good && b->sbat[0])
            good = cJSON_AddStringToObject(o, "sbat", b->sbat);
    }
    if (good && b->agree >> PCR_MOK & 1) {
        cJSON *mok = cJSON_AddArrayToObject(object_in(all, "secure_boot"), "mok");
        good = mok != NULL;
        for (size_t i = 0; i < b->mok_n && good; i++)
            good = add_hex(mok, pawl_digest_view(&b->mok[i]));
    }
    return good;
}

/* The same line is measured more than once, by a loader with its words and by the kernel's EFI stub
 * without. */
static bool is_said(const struct boot *b, const struct boot_line *l)
{
    for (size_t i = 0; i < b->line_n; i++)
        if (b->line[i].text[0] && boot_line_is(l, pawl_view_str(b->line[i].text)))
            return true;
    return false;
}

/* Lines whose words nobody knows cannot be said; the PCRs that they went into hold them. */
static bool all_lines_known(const struct boot *b)
{
    for (size_t i = 0; i < b->line_n; i++)
        if (!is_said(b, &b->line[i]) || !(b->agree >> b->line[i].pcr & 1))
            return false;
    return b->lines_left_out == 0;
}

static bool learn_boot(const struct boot *b, cJSON *release)
{
    bool good = true;

    if (tells_images(b)) {
        cJSON *images = cJSON_AddArrayToObject(object_in(release, "boot"), "images");
        for (size_t i = 0; i < b->image_n && good; i++)
            good = add_hex(images, pawl_digest_view(&b->image[i]));
    }
    if (good && b->line_n && all_lines_known(b)) {
        cJSON *lines = cJSON_AddArrayToObject(object_in(release, "boot"), "command_lines");
        good = lines != NULL;
        for (size_t i = 0; i < b->line_n && good; i++)
            if (b->line[i].text[0])
                good = cJSON_AddItemToArray(lines, cJSON_CreateString(b->line[i].text));
    }
    return good;
}

/* ---- the policy ----------------------------------------------------------------------------- */

/* After its kernel, which is what people call it by. */
static void name_of_kernel(const char *kernel, char ret[RELEASE_NAME_MAX + 1])
{
    static const char alphanumeric[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

    snprintf(ret, RELEASE_NAME_MAX + 1, "%.*s", RELEASE_NAME_MAX, kernel);
    for (char *c = ret; *c; c++)
        if (!strchr(alphanumeric, *c) && !strchr("+-._~:", *c))
            *c = '-';
    if (!strchr(alphanumeric, ret[0]) || !ret[0])
        snprintf(ret, RELEASE_NAME_MAX + 1, "learned");
}

static bool name_release(const struct policy_golden *g, cJSON *release)
{
    char kernel[POLICY_KERNEL_MAX] = "", name[RELEASE_NAME_MAX + 1];

    if (g->boot && !g->literal)
        boot_kernel(g->boot, kernel);
    name_of_kernel(kernel, name);
    return cJSON_AddStringToObject(release, "name", g->release ? g->release : name) &&
           (!kernel[0] || cJSON_AddStringToObject(release, "kernel", kernel));
}

static pawl_status learn(const struct policy_golden *g, cJSON *all, cJSON *release,
                         struct pawl_err *err)
{
    if (!pawl_is_name(pawl_view_str(g->name)))
        return pawl_fail(err, PAWL_E_FORM, "name", "is not a policy's name");
    if (g->version < 1 || g->version > POLICY_VERSION_MAX)
        return pawl_fail(err, PAWL_E_RANGE, "version", "is not from 1 to %d", POLICY_VERSION_MAX);
    if (g->release && (!g->release[0] || strlen(g->release) > RELEASE_NAME_MAX))
        return pawl_fail(err, PAWL_E_RANGE, "release", "is not a name of 1 to %d bytes",
                         RELEASE_NAME_MAX);
    if (!cJSON_AddStringToObject(all, "name", g->name) ||
        !cJSON_AddNumberToObject(all, "version", (double)g->version) || !name_release(g, release))
        return learn_no_memory(err);
    PAWL_TRY(learn_pcrs(g, all, release, err));
    if (!g->boot || g->literal)
        return pawl_ok();
    PAWL_TRY(check_log(g, err));
    return learn_secure_boot(g->boot, all) && learn_boot(g->boot, release) ? pawl_ok()
                                                                           : learn_no_memory(err);
}

/* A release of no rule would hold for everything. */
static pawl_status add_release(cJSON *all, cJSON **release, struct pawl_err *err)
{
    if (!cJSON_HasObjectItem(*release, "pcrs") && !cJSON_HasObjectItem(*release, "boot"))
        return pawl_ok();
    if (!cJSON_AddItemToArray(cJSON_AddArrayToObject(all, "releases"), *release))
        return learn_no_memory(err);
    *release = NULL;
    return pawl_ok();
}

static void text_free(char **text)
{
    free(*text);
}

/* Whatever was learned is a policy; and joined to another one, it still takes the device. */
static pawl_status print(const struct policy_golden *g, const cJSON *j, char **ret,
                         struct pawl_err *err)
{
    PAWL_CLEANUP(text_free) char           *text = cJSON_Print(j);
    PAWL_CLEANUP(policy_done) struct policy p = { 0 };

    if (!text)
        return learn_no_memory(err);
    PAWL_TRY(policy_parse(pawl_view_str(text), &p, err));
    if (g->base.n)
        PAWL_TRY(pawl_under(err, "base", learn_check_taken(g, &p, err)));
    *ret = text;
    text = NULL;
    return pawl_ok();
}

pawl_status policy_golden(const struct policy_golden *g, char **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(learn_json_free) cJSON *all = cJSON_CreateObject();
    PAWL_CLEANUP(learn_json_free) cJSON *release = cJSON_CreateObject();

    PAWL_TRY(learn(g, all, release, err));
    PAWL_TRY(add_release(all, &release, err));
    if (g->list.n)
        PAWL_TRY(pawl_under(err, "ima", learn_ima(g, all, err)));
    if (g->base.n)
        PAWL_TRY(pawl_under(err, "base", learn_join(g->base, &all, err)));
    return print(g, all, ret, err);
}
