/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCTI that stands between the agent and its TPM, as a chip on the bus could: it watches what
 * goes by, and on request lies. Loaded by tpm2-tss under its path:
 * "/path/libtcti_bend.so:swtpm:path=..".
 *
 * Always: a password session on a command that uses a key (all but those that a hierarchy
 * authorises), and a session without salt, are answered by TPM_RC_FAILURE, so every test through
 * here proves that there is none.
 *
 * PAWL_BEND, words separated by blanks:
 *   trace=FILE       appends every command and response
 *   lacks=HHHH       TPM2_Quote that names hash 0xHHHH is answered by 0x3C3
 *   other-key        TPM2_ReadPublic of an EK handle shows another P-256 key, Name included
 *   other-area       the same with the true Name
 *   extend=N         extends PCR 16 after each of the first N quotes
 *   refuse=CC,RC     the first command CC after opening is answered by RC (both in hex)
 *   nonce            TPM2_Quote is sent with another qualifyingData
 *   flip=CC,N        byte N of each answer to command CC (hex, decimal) has another last bit
 *   no-hmac          the TPM does not list the command that it is asked for
 *   cut=CC,FILE      kills the process whose number is in FILE once command CC was answered
 *   startup          TPM2_Startup(CLEAR) goes before the next command
 *   session          somebody else starts a session before the next command, and keeps it
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <tss2/tss2_tcti.h>
#include <tss2/tss2_tctildr.h>
#include <tss2/tss2_tpm2_types.h>

#include <pawl/crypto.h>

enum { HEADER = 10, BIG = 4096 };

struct bend {
    TSS2_TCTI_CONTEXT_COMMON_V2 common; /* first: ESAPI sees this */
    TSS2_TCTI_CONTEXT          *inner;
    uint32_t                    command;
    uint32_t                    handle;  /* the first of the command, if it has one */
    uint32_t                    refusal; /* answer this instead of asking the TPM */
    unsigned                    extended;
    bool                        refused; /* refuse= has been done */
    bool                        started; /* startup has been done, .. */
    bool                        taken;   /* .. session has */
};

const TSS2_TCTI_INFO *Tss2_Tcti_Info(void);

/* ---- bytes ---------------------------------------------------------------------------------- */

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint16_t u16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static const char *option(const char *name)
{
    const char *all = getenv("PAWL_BEND");
    const char *at = all ? strstr(all, name) : NULL;

    return at ? at + strlen(name) : NULL;
}

static void trace(const uint8_t *p, size_t n)
{
    const char *name = option("trace=");
    char        path[128];

    if (!name)
        return;
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(name, " "), name);
    FILE *f = fopen(path, "ab");
    if (f) {
        fwrite(p, 1, n, f);
        fclose(f);
    }
}

/* ---- commands ------------------------------------------------------------------------------- */

/* Those that a key or an NV index authorises, and primaries of the NULL hierarchy. */
static bool is_key_command(const struct bend *b)
{
    switch (b->command) {
    case TPM2_CC_Create:
    case TPM2_CC_Load:
    case TPM2_CC_ActivateCredential:
    case TPM2_CC_Quote:
    case TPM2_CC_Certify:
    case TPM2_CC_ECDH_ZGen:
    case TPM2_CC_Unseal:
    case TPM2_CC_Import:
    case TPM2_CC_HMAC:
    case TPM2_CC_NV_Increment:
    case TPM2_CC_PolicyNV:
        return true;
    case TPM2_CC_NV_Read:
        return b->handle >> 24 == TPM2_HT_NV_INDEX;
    case TPM2_CC_CreatePrimary:
        return b->handle == TPM2_RH_NULL;
    default:
        return false;
    }
}

static size_t handles_of(uint32_t cc)
{
    switch (cc) {
    case TPM2_CC_PolicyNV:
        return 3;
    case TPM2_CC_ActivateCredential:
    case TPM2_CC_Certify:
    case TPM2_CC_NV_Increment:
    case TPM2_CC_NV_Read:
        return 2;
    default:
        return 1;
    }
}

/* Whether one of the command's authorisations is a password. */
static bool has_password(const uint8_t *p, size_t n, size_t at)
{
    size_t end = at + 4 + u32(p + at);

    at += 4;
    while (at + 9 <= end && end <= n) {
        if (u32(p + at) == TPM2_RS_PW)
            return true;
        at += 4;
        at += 2 + (size_t)u16(p + at) + 1; /* nonce, attributes */
        at += 2 + (size_t)u16(p + at);     /* HMAC */
    }
    return false;
}

/* In TPM2_Quote: qualifyingData, scheme, selection. */
static bool names_hash(const uint8_t *p, size_t at, uint16_t hash)
{
    at += 2 + (size_t)u16(p + at); /* qualifyingData */
    at += 2;                       /* scheme NULL */
    uint32_t count = u32(p + at);
    at += 4;
    for (uint32_t i = 0; i < count; i++, at += 6)
        if (u16(p + at) == hash)
            return true;
    return false;
}

static void refuse_once(struct bend *b)
{
    const char *what = option("refuse=");
    char       *rc = NULL;

    if (!what || b->refused || strtoul(what, &rc, 16) != b->command)
        return;
    b->refusal = (uint32_t)strtoul(rc + 1, NULL, 16);
    b->refused = true;
}

static void look_at(struct bend *b, uint8_t *p, size_t n)
{
    b->command = u32(p + 6);
    b->handle = n >= HEADER + 4 ? u32(p + HEADER) : 0;
    b->refusal = 0;
    if (b->command == TPM2_CC_StartAuthSession && b->handle == TPM2_RH_NULL)
        b->refusal = TPM2_RC_FAILURE;
    refuse_once(b);
    if (!is_key_command(b))
        return;
    size_t at = HEADER + 4 * handles_of(b->command);
    if (has_password(p, n, at))
        b->refusal = TPM2_RC_FAILURE;
    at += 4 + (size_t)u32(p + at);
    const char *lacks = option("lacks=");
    if (b->command == TPM2_CC_Quote && lacks &&
        names_hash(p, at, (uint16_t)strtoul(lacks, NULL, 16)))
        b->refusal = TPM2_RC_HASH | TPM2_RC_P | TPM2_RC_3;
    if (b->command == TPM2_CC_Quote && option("nonce"))
        p[at + 2] ^= 1;
}

/* ---- answers -------------------------------------------------------------------------------- */

/* The generator of P-256: a good key, and not the EK's. */
static const uint8_t other_key[64] = {
    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2,
    0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96,
    0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16,
    0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
};

/* TPM2_ReadPublic of an EK: TPM2B_PUBLIC that ends with x and y, then TPM2B_NAME. */
static void swap_key(uint8_t *p, bool name_too)
{
    uint8_t        *area = p + HEADER + 2;
    size_t          n = u16(p + HEADER);
    struct pawl_err err;

    memcpy(area + n - 66, other_key, 32);
    memcpy(area + n - 32, other_key + 32, 32);
    if (name_too && !pawl_is_ok(pawl_sha256(pawl_view(area, n), area + n + 4, &err)))
        abort();
}

static void ask(struct bend *b, const uint8_t *command, size_t command_n)
{
    uint8_t answer[64];
    size_t  n = sizeof(answer);

    if (Tss2_Tcti_Transmit(b->inner, command_n, command) != TSS2_RC_SUCCESS ||
        Tss2_Tcti_Receive(b->inner, &n, answer, TSS2_TCTI_TIMEOUT_BLOCK) != TSS2_RC_SUCCESS ||
        u32(answer + 6) != 0)
        abort();
}

static void come_between(struct bend *b)
{
    static const uint8_t start[] = { 0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0 };
    static const uint8_t session[43] = {
        0x80, 0x01, 0,           0, 0,    43, 0, 0, 0x01, 0x76, /* StartAuthSession */
        0x40, 0,    0,           7, 0x40, 0,  0, 7,             /* no salt, not bound */
        0,    16,   [40] = 0x10, 0, 0x0b /* nonce; HMAC, no cipher, SHA-256 */
    };

    if (!b->started && option("startup")) {
        b->started = true;
        ask(b, start, sizeof(start));
    }
    if (!b->taken && option("session")) {
        b->taken = true;
        ask(b, session, sizeof(session));
    }
}

static void extend(struct bend *b)
{
    static const uint8_t command[] = {
        0x80, 0x02, 0, 0,  0,    65, 0,       0, 0x01, 0x82,          /* PCR_Extend */
        0,    0,    0, 16,                                            /* PCR 16 */
        0,    0,    0, 9,  0x40, 0,  0,       9, 0,    0,    0, 0, 0, /* no password */
        0,    0,    0, 1,  0,    11, [64] = 1
    }; /* SHA-256 */

    ask(b, command, sizeof(command));
    b->extended++;
}

static void flip(const struct bend *b, uint8_t *p, size_t n)
{
    const char *what = option("flip=");
    char       *at = NULL;

    if (!what || strtoul(what, &at, 16) != b->command)
        return;
    size_t byte = strtoul(at + 1, NULL, 10);
    if (byte >= n)
        abort();
    p[byte] ^= 1;
}

static void cut(const struct bend *b)
{
    const char *what = option("cut=");
    char       *name = NULL, path[128];
    int         pid = 0;

    if (!what || strtoul(what, &name, 16) != b->command)
        return;
    snprintf(path, sizeof(path), "%.*s", (int)strcspn(name + 1, " "), name + 1);
    FILE *f = fopen(path, "r");
    if (!f || fscanf(f, "%d", &pid) != 1 || pid <= 1 || kill(pid, SIGKILL) != 0)
        abort();
    fclose(f);
}

static void bend_answer(struct bend *b, uint8_t *p, size_t n)
{
    const char *times = option("extend=");

    if (u32(p + 6) != 0)
        return;
    flip(b, p, n);
    cut(b);
    if (b->command == TPM2_CC_GetCapability && b->handle == TPM2_CAP_COMMANDS && option("no-hmac"))
        p[HEADER + 12] ^= 1; /* behind moreData, capability and count */
    if (b->command == TPM2_CC_ReadPublic && b->handle >> 8 == 0x810100) {
        if (option("other-key"))
            swap_key(p, true);
        else if (option("other-area"))
            swap_key(p, false);
    }
    if (b->command == TPM2_CC_Quote && times && b->extended < strtoul(times, NULL, 10))
        extend(b);
}

/* ---- the TCTI ------------------------------------------------------------------------------- */

static TSS2_RC transmit(TSS2_TCTI_CONTEXT *ctx, size_t n, const uint8_t *command)
{
    struct bend *b = (struct bend *)ctx;
    uint8_t      copy[BIG];

    if (n < HEADER || n > sizeof(copy))
        return TSS2_TCTI_RC_BAD_VALUE;
    memcpy(copy, command, n);
    trace(copy, n);
    come_between(b);
    look_at(b, copy, n);
    return b->refusal ? TSS2_RC_SUCCESS : Tss2_Tcti_Transmit(b->inner, n, copy);
}

static TSS2_RC receive(TSS2_TCTI_CONTEXT *ctx, size_t *n, uint8_t *response, int32_t timeout)
{
    struct bend *b = (struct bend *)ctx;

    if (!b->refusal) {
        TSS2_RC rc = Tss2_Tcti_Receive(b->inner, n, response, timeout);
        if (rc != TSS2_RC_SUCCESS || !response)
            return rc;
        trace(response, *n);
        bend_answer(b, response, *n);
        return rc;
    }
    const uint8_t refusal[HEADER] = { 0x80,
                                      0x01,
                                      0,
                                      0,
                                      0,
                                      HEADER,
                                      0,
                                      (uint8_t)(b->refusal >> 16),
                                      (uint8_t)(b->refusal >> 8),
                                      (uint8_t)b->refusal };
    *n = HEADER;
    if (response)
        memcpy(response, refusal, HEADER);
    return TSS2_RC_SUCCESS;
}

static void finalize(TSS2_TCTI_CONTEXT *ctx)
{
    Tss2_TctiLdr_Finalize(&((struct bend *)ctx)->inner);
}

static TSS2_RC cancel(TSS2_TCTI_CONTEXT *ctx)
{
    (void)ctx;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC poll_handles(TSS2_TCTI_CONTEXT *ctx, TSS2_TCTI_POLL_HANDLE *handles, size_t *n)
{
    (void)ctx;
    (void)handles;
    (void)n;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC set_locality(TSS2_TCTI_CONTEXT *ctx, uint8_t locality)
{
    (void)ctx;
    (void)locality;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC make_sticky(TSS2_TCTI_CONTEXT *ctx, TPM2_HANDLE *handle, uint8_t sticky)
{
    (void)ctx;
    (void)handle;
    (void)sticky;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC init(TSS2_TCTI_CONTEXT *ctx, size_t *size, const char *conf)
{
    struct bend *b = (struct bend *)ctx;

    if (!ctx) {
        *size = sizeof(*b);
        return TSS2_RC_SUCCESS;
    }
    *b = (struct bend){ .common.v1 = { .magic = 0x70617762656e6400,
                                       .version = 2,
                                       .transmit = transmit,
                                       .receive = receive,
                                       .finalize = finalize,
                                       .cancel = cancel,
                                       .getPollHandles = poll_handles,
                                       .setLocality = set_locality },
                        .common.makeSticky = make_sticky };
    return Tss2_TctiLdr_Initialize(conf, &b->inner);
}

const TSS2_TCTI_INFO *Tss2_Tcti_Info(void)
{
    static const TSS2_TCTI_INFO info = { .version = 2,
                                         .name = "bend",
                                         .description = "a liar on the bus",
                                         .config_help = "another TCTI",
                                         .init = init };
    return &info;
}
