/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What IMA may measure: the member "ima" of a policy, as tables in the order that ima_judge needs.
 *
 * An allow list has as many as POLICY_FILES_MAX digests: a row of the table, the digest as bytes,
 * and each path once.
 */
#include "appraise/policy_read.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

#define KEY_TEXT_MAX (2 * PAWL_CERT_MAX) /* base64, and lines of PEM around it */

/* ---- digests -------------------------------------------------------------------------------- */

struct table {
    struct ima_known *row;
    size_t            n;
};

/* "sha256:HEX", "verity:sha256:HEX". */
static pawl_status read_known(struct policy_reader *r, const cJSON *j, struct ima_known *ret,
                              struct pawl_err *err)
{
    static const char verity[] = "verity:";
    uint8_t           bytes[PAWL_HASH_MAX];
    char              alg[8] = "";

    if (!cJSON_IsString(j))
        return policy_wrong(r, j, PAWL_E_FORM, err, "is not a text");
    const char *text = j->valuestring;
    ret->verity = strncmp(text, verity, sizeof(verity) - 1) == 0;
    text += ret->verity ? sizeof(verity) - 1 : 0;
    size_t n = strcspn(text, ":");
    if (text[n] && n < sizeof(alg))
        memcpy(alg, text, n);
    ret->alg = pawl_hash_by_name(alg);
    if (ret->alg == PAWL_HASH_NONE)
        return policy_wrong(r, j, PAWL_E_FORM, err, "is no digest, as \"sha256:\" and hex");
    n = pawl_hash_n(ret->alg);
    r->at = j;
    PAWL_TRY(pawl_hex_parse_exact(strchr(text, ':') + 1, "policy", bytes, n, err));
    return policy_keep(r, pawl_view(bytes, n), &ret->digest, err);
}

static pawl_status read_digests(struct policy_reader *r, const cJSON *list, struct pawl_view path,
                                struct table *t, struct pawl_err *err)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        struct ima_known *k = &t->row[t->n];
        PAWL_TRY(read_known(r, item, k, err));
        k->path = path;
        t->n++;
    }
    return pawl_ok();
}

/* A path as IMA writes it: spaces are underscores. */
static pawl_status keep_path(struct policy_reader *r, const cJSON *at, const char *path,
                             struct pawl_view *ret, struct pawl_err *err)
{
    size_t n = strlen(path);
    void  *p = NULL;

    if (n == 0 || n > POLICY_PATH_MAX)
        return policy_wrong(r, at, PAWL_E_RANGE, err, "is a path of %zu bytes, 1 to %d are taken",
                            n, POLICY_PATH_MAX);
    PAWL_TRY(policy_memory_take(r, n, 1, &p, err));
    for (size_t i = 0; i < n; i++)
        ((char *)p)[i] = path[i] == ' ' ? '_' : path[i];
    *ret = pawl_view(p, n);
    return pawl_ok();
}

/* How many digests the lists of an object have together. */
static pawl_status count_digests(struct policy_reader *r, const cJSON *j, size_t *ret,
                                 struct pawl_err *err)
{
    const cJSON *m;
    size_t       n;

    *ret = 0;
    cJSON_ArrayForEach(m, j)
    {
        PAWL_TRY(policy_read_list(r, m, 1, POLICY_FILES_MAX - *ret, &n, err));
        *ret += n;
    }
    return pawl_ok();
}

/* {"/usr/bin/bash": ["sha256:..", ..], ..} */
static pawl_status read_table(struct policy_reader *r, const cJSON *j, struct table *ret,
                              struct pawl_err *err)
{
    struct pawl_view path;
    void            *p = NULL;
    size_t           n;
    const cJSON     *m;

    if (!j)
        return pawl_ok();
    if (!cJSON_IsObject(j))
        return policy_wrong(r, j, PAWL_E_FORM, err, "is not an object of lists of digests");
    PAWL_TRY(policy_read_unique(r, j, err));
    PAWL_TRY(count_digests(r, j, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(ret->row[0]), &p, err));
    ret->row = p;
    cJSON_ArrayForEach(m, j)
    {
        PAWL_TRY(keep_path(r, m, m->string, &path, err));
        PAWL_TRY(read_digests(r, m, path, ret, err));
    }
    qsort(ret->row, ret->n, sizeof(ret->row[0]), ima_known_compare);
    return pawl_ok();
}

/* A list of digests of the usual file; or, as files, an object of others. */
static pawl_status read_policies(struct policy_reader *r, const cJSON *j, struct table *ret,
                                 struct pawl_err *err)
{
    void  *p = NULL;
    size_t n;

    if (!cJSON_IsArray(j))
        return read_table(r, j, ret, err);
    PAWL_TRY(policy_read_list(r, j, 0, POLICY_VALUES_MAX, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(ret->row[0]), &p, err));
    ret->row = p;
    return read_digests(r, j, pawl_view_str(POLICY_IMA_POLICY), ret, err);
}

/* SHA-1 holds only where the policy says so (I3), whatever list it stands in. */
static pawl_status refuse_sha1(struct policy_reader *r, const cJSON *j, const struct table *t,
                               struct pawl_err *err)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->row[i].alg == PAWL_SHA1)
            return policy_wrong(r, j, PAWL_E_DENIED, err,
                                "has a digest of SHA-1: taken with ima.sha1 only");
    return pawl_ok();
}

/* ---- exclude -------------------------------------------------------------------------------- */

static pawl_status read_excluded(struct policy_reader *r, const cJSON *j, struct ima_rules *ret,
                                 struct pawl_err *err)
{
    void             *p = NULL;
    struct pawl_view *path;
    size_t            n;
    const cJSON      *item;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_list(r, j, 0, POLICY_EXCLUDES_MAX, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(*path), &p, err));
    ret->excluded = path = p;
    cJSON_ArrayForEach(item, j)
    {
        const char            *text = "";
        const struct ima_rules one = { .excluded = &path[ret->excluded_n], .excluded_n = 1 };

        PAWL_TRY(policy_read_words(r, item, 1, POLICY_PATH_MAX, &text, err));
        PAWL_TRY(keep_path(r, item, text, &path[ret->excluded_n], err));
        if (!pawl_is_ok(ima_rules_check(&one, err)))
            return policy_wrong(r, item, PAWL_E_FORM, err,
                                "is no whole path, or folder with a slash behind");
        ret->excluded_n++;
    }
    return pawl_ok();
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* The kernel knows a key by what its certificate calls it. */
static pawl_status key_of_certificate(struct pawl_view der, struct ima_key *ret,
                                      struct pawl_err *err)
{
    struct pawl_cert_key c;

    PAWL_TRY(pawl_cert_key(der, &c, err));
    PAWL_TRY(ima_key_make(&c.key, ret, err));
    if (c.id_n >= sizeof(ret->id)) {
        struct pawl_rd end = pawl_rd_from(
            pawl_view(c.id + c.id_n - sizeof(ret->id), sizeof(ret->id)));
        ret->id = pawl_rd_u32(&end, "subjectKeyIdentifier");
    }
    return pawl_ok();
}

static pawl_status key_of_der(struct pawl_view der, struct ima_key *ret, struct pawl_err *err)
{
    struct pawl_public key;

    if (pawl_is_ok(pawl_public_from_spki(der, &key, err)))
        return ima_key_make(&key, ret, err);
    return key_of_certificate(der, ret, err);
}

static pawl_status key_of_text(struct pawl_view text, struct ima_key *ret, struct pawl_err *err)
{
    uint8_t            der[KEY_TEXT_MAX];
    struct pawl_public key;
    size_t             n;

    if (pawl_is_ok(pawl_b64_parse(text, "key", der, sizeof(der), &n, err)))
        return key_of_der(pawl_view(der, n), ret, err);
    if (pawl_is_ok(pawl_public_from_pem(text, &key, err)))
        return ima_key_make(&key, ret, err);
    PAWL_TRY(pawl_pem_to_der(text, "CERTIFICATE", der, sizeof(der), &n, err));
    return key_of_certificate(pawl_view(der, n), ret, err);
}

static pawl_status read_keys(struct policy_reader *r, const cJSON *j, struct ima_rules *ret,
                             struct pawl_err *err)
{
    void           *p = NULL;
    struct ima_key *key;
    size_t          n;
    const cJSON    *item;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_list(r, j, 0, POLICY_KEYS_MAX, &n, err));
    PAWL_TRY(policy_memory_take(r, n, sizeof(*key), &p, err));
    ret->keys = key = p;
    cJSON_ArrayForEach(item, j)
    {
        const char *text = "";

        PAWL_TRY(policy_read_words(r, item, 1, KEY_TEXT_MAX, &text, err));
        pawl_status s = key_of_text(pawl_view_str(text), &key[ret->keys_n], err);
        if (s.code == PAWL_E_UNSUPPORTED)
            return policy_wrong(r, item, s.code, err, "is a key of a kind that is not taken");
        if (!pawl_is_ok(s))
            return policy_wrong(r, item, PAWL_E_FORM, err,
                                "is neither PEM nor base64 of a certificate or public key");
        ret->keys_n++;
    }
    return pawl_ok();
}

/* ---- the member ----------------------------------------------------------------------------- */

pawl_status policy_read_ima(struct policy_reader *r, const cJSON *j, struct policy_ima *ret,
                            struct pawl_err *err)
{
    enum { FILES, POLICIES, BUFFERS, TABLES, EXCLUDE = TABLES, KEYS, VIOLATIONS, SHA1, KEXEC };
    static const char *const names[] = { "files", "policies",   "buffers", "exclude",
                                         "keys",  "violations", "sha1",    "kexec" };
    const cJSON             *m[COUNT(names)];
    struct table             t[TABLES] = { 0 };
    struct ima_rules        *rules = &ret->rules;

    if (!j)
        return pawl_ok();
    PAWL_TRY(policy_read_members(r, j, names, COUNT(names), m, err));
    PAWL_TRY(read_table(r, m[FILES], &t[FILES], err));
    PAWL_TRY(read_policies(r, m[POLICIES], &t[POLICIES], err));
    PAWL_TRY(read_table(r, m[BUFFERS], &t[BUFFERS], err));
    PAWL_TRY(read_excluded(r, m[EXCLUDE], rules, err));
    PAWL_TRY(read_keys(r, m[KEYS], rules, err));
    PAWL_TRY(policy_read_flag(r, m[VIOLATIONS], &rules->may_violate, err));
    PAWL_TRY(policy_read_flag(r, m[SHA1], &rules->may_be_sha1, err));
    PAWL_TRY(policy_read_flag(r, m[KEXEC], &rules->may_kexec, err));
    for (size_t i = 0; i < TABLES && !rules->may_be_sha1; i++)
        PAWL_TRY(refuse_sha1(r, m[i], &t[i], err));
    rules->files = t[FILES].row;
    rules->files_n = t[FILES].n;
    rules->policies = t[POLICIES].row;
    rules->policies_n = t[POLICIES].n;
    rules->buffers = t[BUFFERS].row;
    rules->buffers_n = t[BUFFERS].n;
    ret->present = true;
    return ima_rules_check(rules, err);
}
