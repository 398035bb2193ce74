/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot, out of its event log and the quote that came with it.
 *
 * Invariants
 *  1. Whatever the log is, there is a boot: what is wrong stands in its failures.
 *  2. A digest that stands here is of a bank that was quoted, if log and quote share one: another
 *     bank's are held against nothing.
 *
 * Not here: the form for the store (boot_row.c), what a policy makes of it (policy_judge.h).
 */
#include "appraise/boot.h"

#include <stdio.h>
#include <string.h>

#include "appraise/eventlog_replay.h"

/* ---- the log against the quote -------------------------------------------------------------- */

/* By its index in the log. */
static size_t strongest_bank(const struct eventlog *log, const struct pawl_pcr_selection *quoted)
{
    size_t best = log->bank_n;

    for (size_t i = 0; i < quoted->n; i++)
        for (size_t b = 0; b < log->bank_n; b++)
            if (log->bank[b] == quoted->bank[i].hash && quoted->bank[i].bits &&
                (best == log->bank_n || log->bank[b] > log->bank[best]))
                best = b;
    return best < log->bank_n ? best : 0;
}

static void keep_values(const struct pawl_pcr_selection *select,
                        const struct pawl_pcr_values *values, struct boot *b)
{
    for (size_t i = 0; i < select->n; i++) {
        enum pawl_hash hash = select->bank[i].hash;
        uint32_t       bits = select->bank[i].bits & b->agree;
        if (!bits)
            continue;
        b->select.bank[b->select.n++] = (struct pawl_pcr_bank){ hash, bits };
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++)
            if (bits >> pcr & 1)
                b->values.value[b->values.n++] = *pawl_pcr_value(select, values, hash, pcr);
    }
}

static uint32_t quoted_pcrs(const struct pawl_pcr_selection *select)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < select->n; i++)
        bits |= select->bank[i].bits & EVENTLOG_PCRS;
    return bits;
}

static void keep_phases(const struct eventlog_pcrs *pcrs, const struct pawl_pcr_selection *select,
                        const struct pawl_pcr_values *values, struct boot *b)
{
    enum { PHASES_PCR = 11 };

    for (size_t i = 0; i < pcrs->bank_n; i++) {
        const struct eventlog_bank *bank = &pcrs->bank[i];
        if (bank->extended >> PHASES_PCR & 1 &&
            pawl_pcr_value(select, values, bank->hash, PHASES_PCR))
            b->phases[bank->hash] = bank->pcr[PHASES_PCR];
    }
}

/* SHA-1 alone, of what was quoted. */
struct sha1_quoted {
    struct pawl_pcr_selection select;
    struct pawl_pcr_values    values;
};

static void take_sha1(const struct pawl_pcr_selection *select, const struct pawl_pcr_values *values,
                      struct sha1_quoted *ret)
{
    *ret = (struct sha1_quoted){ .select = { 1, { { PAWL_SHA1, 0 } } } };
    for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
        const struct pawl_digest *value = pawl_pcr_value(select, values, PAWL_SHA1, pcr);
        if (!value)
            continue;
        ret->select.bank[0].bits |= 1u << pcr;
        ret->values.value[ret->values.n++] = *value;
    }
}

/* L14. A log of SHA-1 alone explains that bank and no other. Whether that is enough, the policy
 * says: the log is marked. */
static pawl_status compare(const struct eventlog *log, const struct eventlog_pcrs *pcrs,
                           const struct pawl_pcr_selection *select,
                           const struct pawl_pcr_values *values, struct failures *f,
                           uint32_t *ret_agree, struct pawl_err *err)
{
    struct eventlog_quoted q = { select, values, EVENTLOG_PCRS };
    struct sha1_quoted     sha1;

    if (log->legacy) {
        take_sha1(select, values, &sha1);
        q.select = &sha1.select;
        q.values = &sha1.values;
    }
    return eventlog_compare(log, pcrs, &q, f, ret_agree, err);
}

/* What compare finds comes behind the others, and needs not be counted: agree tells it. */
static void keep_failures(struct boot *b, struct failures *facts, struct failures *compared)
{
    failures_keep(facts, BOOT_FAILURES_MAX);
    failures_keep(compared, BOOT_FAILURES_MAX - facts->n);
    compared->dropped = 0;
    b->failures = *facts;
    failures_join(&b->failures, compared);
}

/* ---- facts ---------------------------------------------------------------------------------- */

static struct pawl_digest digest_of(const struct eventlog *log, size_t event, size_t bank)
{
    struct pawl_view   v = eventlog_digest(log, &log->event[event], bank);
    struct pawl_digest d = { .n = v.n };

    if (v.n)
        memcpy(d.b, v.p, v.n);
    return d;
}

static pawl_status read_lists(const struct secure_boot_facts *s, struct boot *b,
                              struct pawl_err *err)
{
    for (int l = 0; l < KEY_LIST_COUNT; l++) {
        b->list[l].present = s->list[l].present;
        b->list[l].n = (uint32_t)s->list[l].n;
        if (s->list[l].present)
            PAWL_TRY(pawl_sha256(s->list[l].bytes, b->list[l].sha256, err));
    }
    return pawl_ok();
}

/* An entry of db begins with its owner. shim writes either form, and DER begins with a SEQUENCE. */
static struct pawl_view certificate_of(const struct authority *a)
{
    struct pawl_view v = a->bytes;
    bool             is_der = v.n > 0 && v.p[0] == 0x30;

    if (v.n > EFI_GUID && (!a->by_shim || (!is_der && v.p[EFI_GUID] == 0x30)))
        return pawl_view(v.p + EFI_GUID, v.n - EFI_GUID);
    return v;
}

static pawl_status read_authorities(const struct secure_boot_facts *s, struct boot *b,
                                    struct pawl_err *err)
{
    for (size_t i = 0; i < s->authority_n; i++) {
        b->authority[i].by_shim = s->authority[i].by_shim;
        PAWL_TRY(pawl_sha256(certificate_of(&s->authority[i]), b->authority[i].sha256, err));
    }
    b->authority_n = s->authority_n;
    return pawl_ok();
}

/* "sbat,1,2023012900\n..": the third of the first line. */
static void read_sbat(struct pawl_view level, char ret[BOOT_SBAT_MAX])
{
    static const char head[] = "sbat,1,";
    size_t            at = sizeof(head) - 1, n = 0;

    if (level.n < at || memcmp(level.p, head, at) != 0)
        return;
    for (; at < level.n && n + 1 < BOOT_SBAT_MAX && level.p[at] >= '0' && level.p[at] <= '9'; at++)
        ret[n++] = (char)level.p[at];
}

static bool is_wide(struct pawl_view text)
{
    return text.n >= 2 && text.p[1] == 0;
}

/* GRUB takes a file by its path, by a device in parentheses, or by a list of blocks, and puts it in
 * quotes if it has a space; none of its commands begins like one of these. */
static bool names_file(struct pawl_view text)
{
    static const char image[] = "BOOT_IMAGE=";
    uint8_t           c = text.n ? text.p[0] : 0;

    return c == '/' || c == '(' || c == '+' || c == '"' || (c >= '0' && c <= '9') ||
           (text.n >= sizeof(image) - 1 && memcmp(text.p, image, sizeof(image) - 1) == 0);
}

/* Of GRUB's own commands nothing is kept: there are dozens, and PCR 8 is about them all. */
static bool is_kernel_line(const struct eventlog *log, const struct eventlog_facts *facts,
                           size_t event)
{
    struct pawl_view text = facts->measured[event].bytes;

    if (!eventlog_is_line(log, facts, event))
        return false;
    return log->event[event].pcr != 8 || is_wide(text) || names_file(text);
}

/* EFI_TCG2_TAGGED_EVENT of the kernel: whoever wrote the log says so, and the digest is of what the
 * loader handed over. */
static bool is_load_options(const struct eventlog_event *e)
{
    enum { EV_EVENT_TAG = 6, LINUX_PCR = 9 };
    static const uint8_t id[4] = { 0xed, 0x22, 0x3b, 0x8f };

    return e->type == EV_EVENT_TAG && e->pcr == LINUX_PCR && e->data.n >= sizeof(id) &&
           memcmp(e->data.p, id, sizeof(id)) == 0;
}

static void add_line(const struct eventlog *log, size_t event, size_t bank, struct pawl_view text,
                     struct boot *b)
{
    size_t letters = is_wide(text) ? text.n / 2 : text.n;

    if (b->line_n == BOOT_LINES_MAX) {
        b->lines_left_out++;
        return;
    }
    struct boot_line *l = &b->line[b->line_n++];
    *l = (struct boot_line){ .pcr = log->event[event].pcr, .digest = digest_of(log, event, bank) };
    if (letters < BOOT_LINE_MAX) /* nothing of it is cut */
        eventlog_text(text, l->text, sizeof(l->text));
}

static void read_lines(const struct eventlog *log, const struct eventlog_facts *facts, size_t bank,
                       struct boot *b)
{
    for (size_t i = 0; i < log->event_n; i++)
        if (is_kernel_line(log, facts, i))
            add_line(log, i, bank, facts->measured[i].bytes, b);
        else if (is_load_options(&log->event[i]) || eventlog_hides_line(log, facts, i))
            add_line(log, i, bank, pawl_view(NULL, 0), b);
}

static pawl_status read_facts(const struct eventlog *log, size_t bank, struct boot *b,
                              struct failures *f, struct pawl_err *err)
{
    PAWL_CLEANUP(eventlog_facts_done) struct eventlog_facts facts = { 0 };

    PAWL_TRY(eventlog_facts(log, &facts, f, err));
    b->bank = log->bank[bank];
    b->secure_boot = facts.secure_boot.on;
    PAWL_TRY(read_lists(&facts.secure_boot, b, err));
    PAWL_TRY(read_authorities(&facts.secure_boot, b, err));
    read_sbat(facts.secure_boot.sbat_level, b->sbat);
    for (size_t i = 0; i < facts.image_n; i++)
        b->image[b->image_n++] = digest_of(log, facts.image[i], bank);
    for (size_t i = 0; i < facts.mok_n; i++)
        b->mok[b->mok_n++] = digest_of(log, facts.mok[i], bank);
    read_lines(log, &facts, bank, b);
    return pawl_ok();
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* MEMORY and CRYPTO say nothing about the log. */
static bool is_ours(pawl_status s)
{
    return s.code == PAWL_E_MEMORY || s.code == PAWL_E_CRYPTO || s.code == PAWL_E_BUG;
}

/* inv. 1 */
static pawl_status broken(pawl_status s, const char *row, const char *expected, struct boot *b,
                          struct pawl_err *err)
{
    if (is_ours(s))
        return s;
    failure_add(&b->failures, row, FAILURE_WHOLE, expected, "%s %s", err->where, err->why);
    return pawl_ok();
}

pawl_status boot_read(struct pawl_view log, const struct pawl_pcr_selection *select,
                      const struct pawl_pcr_values *values, struct boot *ret, struct pawl_err *err)
{
    PAWL_CLEANUP(eventlog_done) struct eventlog parsed = { 0 };
    struct eventlog_pcrs                        pcrs;
    struct boot                                 b = { .bank = PAWL_SHA256 };
    struct failures                             facts = { 0 }, compared = { 0 };

    b.compared = quoted_pcrs(select);
    PAWL_TRY(pawl_sha256(log, b.log_sha256, err));
    pawl_status s = eventlog_parse(log, &parsed, err);
    if (!pawl_is_ok(s)) {
        PAWL_TRY(broken(s, "L8", "a log as the standard has it", &b, err));
        *ret = b;
        return pawl_ok();
    }
    b.legacy = parsed.legacy;
    PAWL_TRY(read_facts(&parsed, strongest_bank(&parsed, select), &b, &facts, err));
    s = eventlog_replay(&parsed, &pcrs, err);
    if (pawl_is_ok(s)) {
        PAWL_TRY(compare(&parsed, &pcrs, select, values, &compared, &b.agree, err));
        keep_phases(&pcrs, select, values, &b);
    }
    keep_values(select, values, &b);
    keep_failures(&b, &facts, &compared);
    if (!pawl_is_ok(s))
        PAWL_TRY(broken(s, "T7", "PCR 0 begins where the TPM was started from", &b, err));
    *ret = b;
    return pawl_ok();
}

bool boot_is_compared(const struct boot *b, const struct pawl_pcr_selection *select)
{
    return !(quoted_pcrs(select) & ~b->compared);
}

uint32_t boot_changed(const struct boot *b, const struct pawl_pcr_selection *select,
                      const struct pawl_pcr_values *values)
{
    uint32_t changed = 0;

    for (size_t i = 0; i < b->select.n; i++)
        for (unsigned pcr = 0; pcr < PAWL_PCRS; pcr++) {
            enum pawl_hash            hash = b->select.bank[i].hash;
            const struct pawl_digest *was = pawl_pcr_value(&b->select, &b->values, hash, pcr);
            const struct pawl_digest *is = pawl_pcr_value(select, values, hash, pcr);
            if (was && is && !pawl_view_equal(pawl_digest_view(was), pawl_digest_view(is)))
                changed |= 1u << pcr;
        }
    return changed;
}

void boot_forget(struct boot *b, const struct pawl_pcr_selection *select, uint32_t changed)
{
    const struct pawl_pcr_selection known = b->select;
    const struct pawl_pcr_values    values = b->values;
    uint32_t                        quoted = quoted_pcrs(select);

    b->compared &= quoted;
    b->agree &= quoted & ~changed;
    b->select = (struct pawl_pcr_selection){ 0 };
    b->values = (struct pawl_pcr_values){ 0 };
    keep_values(&known, &values, b);
}

/* ---- lines ---------------------------------------------------------------------------------- */

static const char image_word[] = "BOOT_IMAGE=";
enum { IMAGE_WORD = sizeof(image_word) - 1 };

/* No two banks have digests of one length. */
static enum pawl_hash hash_of(const struct pawl_digest *d)
{
    for (int h = PAWL_SHA1; h < PAWL_HASH_COUNT; h++)
        if (pawl_hash_n((enum pawl_hash)h) == d->n)
            return (enum pawl_hash)h;
    return PAWL_HASH_NONE;
}

/* With zeros behind, as many as a NUL has; an older systemd-boot hashed one more than it wrote. */
static bool has_digest(const struct boot_line *l, struct pawl_view bytes)
{
    static const uint8_t zeros[3];

    for (size_t n = 0; n <= sizeof(zeros); n++) {
        const struct pawl_view parts[] = { bytes, pawl_view(zeros, n) };
        struct pawl_digest     d;
        struct pawl_err        err;
        if (!pawl_is_ok(pawl_hash(hash_of(&l->digest), parts, 2, &d, &err)))
            return false;
        if (pawl_view_equal(pawl_digest_view(&d), pawl_digest_view(&l->digest)))
            return true;
    }
    return false;
}

/* ASCII, and as UTF-16LE. */
static bool is_words(const struct boot_line *l, struct pawl_view head, struct pawl_view words)
{
    uint8_t plain[IMAGE_WORD + BOOT_WORDS_MAX], wide[2 * sizeof(plain)];
    size_t  n = head.n + words.n;

    if (head.n)
        memcpy(plain, head.p, head.n);
    if (words.n)
        memcpy(plain + head.n, words.p, words.n);
    for (size_t i = 0; i < n; i++) {
        if (plain[i] == 0 || plain[i] > 0x7f)
            return false;
        wide[2 * i] = plain[i];
        wide[2 * i + 1] = 0;
    }
    return has_digest(l, pawl_view(plain, n)) || has_digest(l, pawl_view(wide, 2 * n));
}

bool boot_line_is(const struct boot_line *l, struct pawl_view words)
{
    struct pawl_view head = pawl_view(image_word, IMAGE_WORD);

    if (words.n > BOOT_WORDS_MAX)
        return false;
    if (is_words(l, pawl_view(NULL, 0), words) || is_words(l, head, words))
        return true;
    return words.n > head.n && memcmp(words.p, head.p, head.n) == 0 &&
           is_words(l, pawl_view(NULL, 0), pawl_view(words.p + head.n, words.n - head.n));
}

/* The end of the path that is the first word: "vmlinuz-6.1.0-55-amd64". */
static void put_kernel(const char *text, char ret[64])
{
    static const char *const heads[] = { "vmlinuz-", "vmlinux-", "linux-", "kernel-", "bzImage-" };
    size_t                   n = strcspn(text, " ");
    const char              *name = text + n;

    while (name > text && name[-1] != '/' && name[-1] != '\\' && name[-1] != ')')
        name--;
    n -= (size_t)(name - text);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        size_t head = strlen(heads[i]);
        if (n > head && strncmp(name, heads[i], head) == 0) {
            snprintf(ret, 64, "%.*s", (int)(n - head < 63 ? n - head : 63), name + head);
            return;
        }
    }
}

void boot_kernel(const struct boot *b, char ret[64])
{
    ret[0] = '\0';
    for (size_t i = 0; i < b->line_n && !ret[0]; i++) {
        const char *text = b->line[i].text;
        if (strncmp(text, image_word, IMAGE_WORD) == 0)
            text += IMAGE_WORD;
        put_kernel(text, ret);
    }
}
