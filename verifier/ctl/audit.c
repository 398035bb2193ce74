/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pawlctl audit: the chain of what was said about incidents, and of what operators did.
 *
 * verify makes the whole chain again from its entries, and trusts nothing but hashes: those that
 * stand in the chain for its form, and the head in an EAR, which left the verifier when it was
 * given out, for its content. Who rewrites all hashes is caught by the latter alone.
 */
#include "audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/api.h"

/* All members of an entry count, so that what no hash covers is not read as part of it. */
enum { EXPORT_MAX = 64 * 1024 * 1024, ENTRY_MEMBERS = 5 };

#define ZERO "\\u0000"

/* ---- fetching ------------------------------------------------------------------------------- */

static pawl_status get_page(const struct args *a, const char *after, cJSON **ret,
                            struct pawl_err *err)
{
    PAWL_CLEANUP(api_path_done) struct api_path path = { 0 };

    PAWL_TRY(api_path(&path, err, "/audit?limit=1000&after=%s", after));
    return api_call(a, path.p, NULL, ret, err);
}

static const cJSON *member(const cJSON *o, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(o, name);
}

/* Entries of one page go behind those that came before; false when memory ran out. */
static bool append(cJSON *all, const cJSON *page)
{
    cJSON *from = cJSON_GetObjectItemCaseSensitive(page, "entries"),
          *to = cJSON_GetObjectItemCaseSensitive(all, "entries");

    while (cJSON_GetArraySize(from))
        if (!cJSON_AddItemToArray(to, cJSON_DetachItemFromArray(from, 0)))
            return false;
    return true;
}

/* *all takes over what the page has; the head is always the newest. */
static pawl_status take_page(cJSON **all, cJSON **page, struct pawl_err *err)
{
    if (!cJSON_IsArray(member(*page, "entries")) || !cJSON_IsObject(member(*page, "head")))
        return pawl_fail(err, PAWL_E_IO, "verifier", "a page of the chain without entries or head");
    if (!*all) {
        *all = *page;
        *page = NULL;
        return pawl_ok();
    }
    cJSON *head = cJSON_DetachItemFromObjectCaseSensitive(*page, "head");
    if (!append(*all, *page) || !cJSON_ReplaceItemInObjectCaseSensitive(*all, "head", head)) {
        cJSON_Delete(head);
        return pawl_fail(err, PAWL_E_MEMORY, "audit", "no memory");
    }
    return pawl_ok();
}

/* All pages as one. */
static pawl_status fetch(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *all = NULL;
    char                           after[24] = "0";
    int64_t                        at = -1;

    if (a->option[OPT_AFTER])
        snprintf(after, sizeof(after), "%s", a->option[OPT_AFTER]);
    for (;;) {
        PAWL_CLEANUP(json_free) cJSON *page = NULL;
        PAWL_TRY(get_page(a, after, &page, err));
        int     n = cJSON_GetArraySize(member(page, "entries"));
        int64_t next = json_number(page, "next", -1);
        PAWL_TRY(take_page(&all, &page, err));
        if (n == 0)
            break;
        if (next <= at)
            return pawl_fail(err, PAWL_E_IO, "verifier", "a page does not say where to go on");
        at = next;
        snprintf(after, sizeof(after), "%" PRId64, at);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(all, "next");
    *ret = all;
    all = NULL;
    return pawl_ok();
}

pawl_status audit_list(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    return fetch(a, ret, err);
}

static pawl_status read_export(const char *path, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(bytes_done) struct bytes file = { 0 };

    PAWL_TRY(input_read(path, EXPORT_MAX, &file, err));
    /* cJSON's texts end there, and others' do not. */
    if (memmem(file.p, file.n, ZERO, sizeof(ZERO) - 1))
        return pawl_fail(err, PAWL_E_FORM, path, "holds a character " ZERO);
    PAWL_TRY(json_parse_object(bytes_view(&file), path, ret, err));
    if (!cJSON_IsArray(member(*ret, "entries")))
        return pawl_fail(err, PAWL_E_FORM, path, "is no output of `pawlctl audit list --json`");
    return pawl_ok();
}

/* ---- one entry ------------------------------------------------------------------------------ */

static pawl_status read_hex(const cJSON *o, const char *name, uint8_t ret[32], struct pawl_err *err)
{
    const char *text = json_text(o, name);

    return pawl_hex_parse_exact(text ? text : "", name, ret, 32, err);
}

static pawl_status read_head(const cJSON *o, struct audit_head *ret, struct pawl_err *err)
{
    int64_t number = json_number(o, "number", -1);

    if (number < 0)
        return pawl_fail(err, PAWL_E_FORM, "audit.head", "has no number");
    ret->number = (uint64_t)number;
    return pawl_under(err, "audit.head", read_hex(o, "hash", ret->hash, err));
}

static pawl_status read_entry(const cJSON *o, struct audit_row *ret, struct pawl_err *err)
{
    int64_t     number = json_number(o, "number", -1), time_ms = json_number(o, "time_ms", -1);
    const char *line = json_text(o, "line");

    if (cJSON_GetArraySize(o) != ENTRY_MEMBERS)
        return pawl_fail(err, PAWL_E_FORM, "audit",
                         "an entry without, or with more than, number, "
                         "time_ms, device, line and hash");
    if (number < 1 || time_ms < 0 || !line || strlen(line) >= sizeof(ret->line))
        return pawl_fail(err, PAWL_E_FORM, "audit", "an entry without number, time or line");
    *ret = (struct audit_row){ .number = (uint64_t)number, .time_ms = time_ms };
    memcpy(ret->line, line, strlen(line) + 1);
    PAWL_TRY(read_hex(o, "device", ret->device, err));
    return read_hex(o, "hash", ret->hash, err);
}

/* ---- the chain ------------------------------------------------------------------------------ */

/* What a token says of the chain; number 0: there is none to hold it against. */
struct seen {
    struct audit_head head;
    bool              met; /* the chain has had that entry, with that hash */
};

static pawl_status missing(uint64_t from, uint64_t to, struct pawl_err *err)
{
    if (from == to)
        return pawl_fail(err, PAWL_E_FORGED, "audit", "entry %" PRIu64 " is missing", from);
    return pawl_fail(err, PAWL_E_FORGED, "audit", "entries %" PRIu64 " to %" PRIu64 " are missing",
                     from, to);
}

static pawl_status check_seen(const struct audit_head *at, struct seen *seen, struct pawl_err *err)
{
    if (at->number != seen->head.number)
        return pawl_ok();
    if (memcmp(at->hash, seen->head.hash, sizeof(at->hash)) != 0)
        return pawl_fail(err, PAWL_E_FORGED, "audit",
                         "entry %" PRIu64 " is not the one that the token names: it, or one before "
                         "it, was changed since",
                         at->number);
    seen->met = true;
    return pawl_ok();
}

static pawl_status check_entry(const cJSON *o, struct audit_head *head, struct seen *seen,
                               struct pawl_err *err)
{
    struct audit_row  row;
    struct audit_head next;

    PAWL_TRY(read_entry(o, &row, err));
    if (row.number <= head->number)
        return pawl_fail(err, PAWL_E_FORGED, "audit",
                         "entry %" PRIu64 " stands behind entry %" PRIu64, row.number,
                         head->number);
    if (row.number > head->number + 1)
        return missing(head->number + 1, row.number - 1, err);
    PAWL_TRY(audit_next(head, &row, &next, err));
    if (memcmp(next.hash, row.hash, sizeof(next.hash)) != 0)
        return pawl_fail(err, PAWL_E_FORGED, "audit", "entry %" PRIu64 " was changed", row.number);
    *head = next;
    return check_seen(head, seen, err);
}

static pawl_status check_chain(const cJSON *chain, struct seen *seen, struct audit_head *ret,
                               struct pawl_err *err)
{
    struct audit_head head = { 0 }, told;
    const cJSON      *entry;

    PAWL_TRY(check_seen(&head, seen, err));
    PAWL_TRY(read_head(member(chain, "head"), &told, err));
    cJSON_ArrayForEach(entry, member(chain, "entries"))
        PAWL_TRY(check_entry(entry, &head, seen, err));
    if (told.number > head.number)
        return missing(head.number + 1, told.number, err);
    if (told.number != head.number || memcmp(told.hash, head.hash, sizeof(told.hash)) != 0)
        return pawl_fail(err, PAWL_E_FORGED, "audit.head", "is not that of entry %" PRIu64,
                         head.number);
    if (!seen->met)
        return missing(head.number + 1, seen->head.number, err);
    *ret = head;
    return pawl_ok();
}

/* pawl.audit of an EAR: [number, hash]. Its time may be long past: that is what it is kept for. */
static pawl_status read_seen(const struct args *a, struct seen *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *claims = NULL;
    size_t                         n = 0;

    PAWL_TRY(ear_open(a->option[OPT_EAR], a->option[OPT_JWKS], &claims, err));
    const cJSON *audit = member(member(claims, "pawl"), "audit");
    const cJSON *number = cJSON_GetArrayItem(audit, 0), *hash = cJSON_GetArrayItem(audit, 1);
    if (!cJSON_IsNumber(number) || !cJSON_IsString(hash) || number->valuedouble < 0 ||
        number->valuedouble > 9e15)
        return pawl_fail(err, PAWL_E_FORM, "pawl.audit", "the token names no head of a chain");
    ret->head.number = (uint64_t)number->valuedouble;
    PAWL_TRY(pawl_b64url_parse(pawl_view_str(hash->valuestring), "pawl.audit", ret->head.hash,
                               sizeof(ret->head.hash), &n, err));
    return n == sizeof(ret->head.hash)
               ? pawl_ok()
               : pawl_fail(err, PAWL_E_RANGE, "pawl.audit", "has %zu bytes of hash, not 32", n);
}

pawl_status audit_verify(const struct args *a, cJSON **ret, struct pawl_err *err)
{
    PAWL_CLEANUP(json_free) cJSON *chain = NULL, *o = cJSON_CreateObject();
    struct seen                    seen = { 0 };
    struct audit_head              head;
    const bool                     has_ear = a->option[OPT_EAR] != NULL;

    if (has_ear != (a->option[OPT_JWKS] != NULL))
        return pawl_fail(err, PAWL_E_BUG, "ear", "--ear and --jwks go together");
    if (has_ear)
        PAWL_TRY(read_seen(a, &seen, err));
    if (a->option[OPT_FILE])
        PAWL_TRY(read_export(a->option[OPT_FILE], &chain, err));
    else
        PAWL_TRY(fetch(a, &chain, err));
    PAWL_TRY(check_chain(chain, &seen, &head, err));
    if (!cJSON_AddBoolToObject(o, "good", true) ||
        !cJSON_AddNumberToObject(o, "entries", (double)head.number) ||
        !json_add_hex(o, "hash", PAWL_VIEW_OF(head.hash)) ||
        (has_ear && !cJSON_AddNumberToObject(o, "token_entry", (double)seen.head.number)))
        return pawl_fail(err, PAWL_E_MEMORY, "audit", "no memory");
    *ret = o;
    o = NULL;
    return pawl_ok();
}
