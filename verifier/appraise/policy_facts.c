/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about what a boot log tells, and about the TPM's firmware: the members "secure_boot",
 * "boot", "event_log" and "firmware".
 */
#include "appraise/policy_read.h"

#include <stdio.h>
#include <string.h>

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

/* ---- secure_boot ---------------------------------------------------------------------------- */

/* The date and number of shim's SbatLevel; of two the later one is greater as a text too. */
static pawl_status read_sbat(struct policy_reader *r, const cJSON *j, struct policy_rules *ret,
                             struct pawl_err *err)
{
    const char *text = "";

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_words(r, j, POLICY_SBAT_N, POLICY_SBAT_N, &text, err));
    if (strspn(text, "0123456789") != POLICY_SBAT_N)
        return policy_wrong(r, j, PAWL_E_FORM, err, "is no date and number, as \"2023012900\"");
    snprintf(ret->sbat, sizeof(ret->sbat), "%s", text);
    return pawl_ok();
}

pawl_status policy_read_secure_boot(struct policy_reader *r, const cJSON *j,
                                    struct policy_rules *ret, struct pawl_err *err)
{
    enum { ON, SBAT, AUTHORITIES, MOK, LISTS };
    static const char *const names[] = { "on", "sbat", "authorities", "mok",
                                         "pk", "kek",  "db",          "dbx" };
    const cJSON             *m[COUNT(names)];
    bool                     on = false;

    _Static_assert(COUNT(names) == LISTS + KEY_LIST_COUNT, "the lists are those of enum key_list");
    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_members(r, j, names, COUNT(names), m, err));
    PAWL_TRY(policy_read_flag(r, m[ON], &on, err));
    if (m[ON])
        ret->secure_boot = on ? FACT_YES : FACT_NO;
    PAWL_TRY(read_sbat(r, m[SBAT], ret, err));
    PAWL_TRY(policy_read_digests(r, m[AUTHORITIES], 0, 32, &ret->authorities, err));
    PAWL_TRY(policy_read_digests(r, m[MOK], 0, 0, &ret->mok, err));
    for (size_t i = 0; i < KEY_LIST_COUNT; i++)
        PAWL_TRY(policy_read_digests(r, m[LISTS + i], 0, 32, &ret->list[i], err));
    return pawl_ok();
}

/* ---- boot ----------------------------------------------------------------------------------- */

static pawl_status read_lines(struct policy_reader *r, const cJSON *j, struct policy_lines *ret,
                              struct pawl_err *err)
{
    void        *p = NULL;
    size_t       n;
    const cJSON *item;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_list(r, j, 0, POLICY_LINES_MAX, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(ret->line[0]), &p, err));
    *ret = (struct policy_lines){ .present = true, .line = p };
    cJSON_ArrayForEach(item, j)
    {
        const char *text = "";

        PAWL_TRY(policy_read_words(r, item, 1, POLICY_LINE_MAX, &text, err));
        PAWL_TRY(policy_keep(r, pawl_view_str(text), &ret->line[ret->n++], err));
    }
    return pawl_ok();
}

pawl_status policy_read_boot(struct policy_reader *r, const cJSON *j, struct policy_rules *ret,
                             struct pawl_err *err)
{
    enum { IMAGES, LINES };
    static const char *const names[] = { "images", "command_lines" };
    const cJSON             *m[COUNT(names)];

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_members(r, j, names, COUNT(names), m, err));
    PAWL_TRY(policy_read_digests(r, m[IMAGES], 0, 0, &ret->images, err));
    return read_lines(r, m[LINES], &ret->lines, err);
}

/* ---- event_log ------------------------------------------------------------------------------ */

static pawl_status read_ignored(struct policy_reader *r, const cJSON *j, uint32_t *ret,
                                struct pawl_err *err)
{
    size_t       n;
    const cJSON *item;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_list(r, j, 0, PAWL_PCRS, &n, err));
    cJSON_ArrayForEach(item, j)
    {
        double pcr = item->valuedouble;

        if (!cJSON_IsNumber(item) || !(pcr >= 0) || !(pcr < PAWL_PCRS) ||
            pcr != (double)(unsigned)pcr)
            return policy_wrong(r, item, PAWL_E_RANGE, err, "is no PCR from 0 to %d",
                                PAWL_PCRS - 1);
        *ret |= 1u << (unsigned)pcr;
    }
    return pawl_ok();
}

pawl_status policy_read_log(struct policy_reader *r, const cJSON *j, struct policy_log *ret,
                            struct pawl_err *err)
{
    enum { NEEDED, LEGACY, IGNORE };
    static const char *const names[] = { "needed", "legacy", "ignore" };
    const cJSON             *m[COUNT(names)];

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_members(r, j, names, COUNT(names), m, err));
    PAWL_TRY(policy_read_flag(r, m[NEEDED], &ret->needed, err));
    PAWL_TRY(policy_read_flag(r, m[LEGACY], &ret->legacy, err));
    return read_ignored(r, m[IGNORE], &ret->ignored, err);
}

/* ---- firmware ------------------------------------------------------------------------------- */

/* As EK certificates write it: "id:" and eight digits. */
static bool is_manufacturer(const char *name)
{
    return strlen(name) == 11 && strncmp(name, "id:", 3) == 0 &&
           strspn(name + 3, "0123456789ABCDEF") == 8;
}

/* One to four numbers of 16 bits with points between; what is left out is 0. */
static bool read_floor(const char *text, uint64_t *ret)
{
    uint64_t        floor = 0;
    struct pawl_err ignored;

    for (int shift = 48; shift >= 0; shift -= 16) {
        char     part[8];
        size_t   n = strcspn(text, ".");
        uint64_t number = 0;

        if (n >= sizeof(part))
            return false;
        memcpy(part, text, n);
        part[n] = 0;
        if (!pawl_is_ok(pawl_u64_parse(part, "firmware", UINT16_MAX, &number, &ignored)))
            return false;
        floor |= number << shift;
        *ret = floor;
        if (!text[n])
            return true;
        text += n + 1;
    }
    return false;
}

pawl_status policy_read_firmware(struct policy_reader *r, const cJSON *j, struct policy *ret,
                                 struct pawl_err *err)
{
    const cJSON *m;

    if (!j)
        return pawl_ok();
    if (!cJSON_IsObject(j) || !j->child)
        return policy_wrong(r, j, PAWL_E_FORM, err, "is not an object with members");
    PAWL_TRY(policy_read_unique(r, j, err));
    cJSON_ArrayForEach(m, j)
    {
        struct policy_firmware *f = &ret->firmware[ret->firmware_n];

        if (ret->firmware_n == POLICY_FIRMWARE_MAX)
            return policy_wrong(r, m, PAWL_E_RANGE, err, "is one more than the %d that are taken",
                                POLICY_FIRMWARE_MAX);
        if (!is_manufacturer(m->string))
            return policy_wrong(r, m, PAWL_E_FORM, err, "is no manufacturer, as \"id:53544D20\"");
        if (!cJSON_IsString(m) || !read_floor(m->valuestring, &f->floor))
            return policy_wrong(r, m, PAWL_E_FORM, err, "is no firmware version, as \"74.20\"");
        snprintf(f->manufacturer, sizeof(f->manufacturer), "%s", m->string);
        ret->firmware_n++;
    }
    return pawl_ok();
}
