/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of the application socket, parse and write side by side. No I/O here. */
#include <pawl/local.h>

static const char *const ask_name[PAWL_LOCAL_ASK_COUNT] = {
    [PAWL_LOCAL_SEND] = "send",       [PAWL_LOCAL_SENT] = "sent",
    [PAWL_LOCAL_RECEIVE] = "receive", [PAWL_LOCAL_TAKEN] = "taken",
    [PAWL_LOCAL_FOLLOW] = "follow",   [PAWL_LOCAL_KEY] = "key",
    [PAWL_LOCAL_STATUS] = "status",   [PAWL_LOCAL_WATCH] = "watch",
};

static const char *const say_name[PAWL_LOCAL_SAY_COUNT] = {
    [PAWL_LOCAL_QUEUED] = "queued",   [PAWL_LOCAL_ACKNOWLEDGED] = "acknowledged",
    [PAWL_LOCAL_MESSAGE] = "message", [PAWL_LOCAL_NOTHING] = "none",
    [PAWL_LOCAL_DONE] = "ok",         [PAWL_LOCAL_A_KEY] = "key",
    [PAWL_LOCAL_FACTS] = "status",    [PAWL_LOCAL_ERROR] = "error",
    [PAWL_LOCAL_EVENT] = "event",
};

/* Longest frame there is: a key asked for has all its members at their longest. */
enum { ITEMS_MAX = 5, WORD_MAX = 16 };

/* The first item of a frame, as a place in names; 0 after a failure. */
static unsigned rd_word(struct pawl_cbor_rd *r, const char *const *names, unsigned n)
{
    struct pawl_view word = pawl_cbor_rd_text(r, "word", WORD_MAX);

    for (unsigned i = 1; i < n; i++)
        if (pawl_view_equal(word, pawl_view_str(names[i])))
            return i;
    pawl_cbor_rd_fail(r, PAWL_E_FORM, "word");
    return 0;
}

/* Nothing is written unless all of it fits. */
static pawl_status commit(const struct pawl_wr *out, struct pawl_wr *w, struct pawl_err *err)
{
    struct pawl_view ignored;

    PAWL_TRY(pawl_wr_end(out, "frame", &ignored, err));
    *w = *out;
    return pawl_ok();
}

/* ---- requests ------------------------------------------------------------------------------- */

static void rd_send(struct pawl_cbor_rd *r, size_t items, struct pawl_local_req *m)
{
    m->body = pawl_cbor_rd_bytes(r, "body", 0, PAWL_LOCAL_FRAME_MAX);
    m->chained = items > 2 && pawl_cbor_rd_bool(r, "chained");
    if (items > 2 && !m->chained) /* there and true, or absent */
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "chained");
}

static void rd_key(struct pawl_cbor_rd *r, struct pawl_local_req *m)
{
    m->label = pawl_cbor_rd_text(r, "label", PAWL_LOCAL_LABEL_MAX);
    m->context = pawl_cbor_rd_bytes(r, "context", 0, PAWL_LOCAL_CONTEXT_MAX);
    m->n = pawl_cbor_rd_uint(r, "n", PAWL_SECRET_MAX);
    m->epoch = pawl_cbor_rd_uint(r, "epoch", UINT64_MAX);
}

static void rd_request(struct pawl_cbor_rd *r, size_t items, struct pawl_local_req *m)
{
    switch (m->ask) {
    case PAWL_LOCAL_SEND:
        rd_send(r, items, m);
        return;
    case PAWL_LOCAL_RECEIVE:
        m->id = pawl_cbor_rd_uint(r, "after", UINT64_MAX);
        m->wait_ms = pawl_cbor_rd_uint(r, "wait_ms", PAWL_LOCAL_WAIT_MAX_MS);
        return;
    case PAWL_LOCAL_TAKEN:
        m->id = pawl_cbor_rd_uint(r, "id", UINT64_MAX);
        return;
    case PAWL_LOCAL_KEY:
        rd_key(r, m);
        return;
    default: /* a word alone */
        return;
    }
}

pawl_status pawl_local_req_parse(struct pawl_view in, struct pawl_local_req *ret,
                                 struct pawl_err *err)
{
    struct pawl_cbor_rd   r = pawl_cbor_rd_from(in);
    struct pawl_local_req m = { 0 };

    size_t items = pawl_cbor_rd_array(&r, "frame", ITEMS_MAX);
    m.ask = (enum pawl_local_ask)rd_word(&r, ask_name, PAWL_LOCAL_ASK_COUNT);
    rd_request(&r, items, &m);
    pawl_cbor_rd_leave(&r, "frame");
    PAWL_TRY(pawl_under(err, "request", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

static void wr_request(struct pawl_wr *w, const struct pawl_local_req *m)
{
    static const uint8_t items[PAWL_LOCAL_ASK_COUNT] = {
        [PAWL_LOCAL_SEND] = 2,   [PAWL_LOCAL_SENT] = 1,  [PAWL_LOCAL_RECEIVE] = 3,
        [PAWL_LOCAL_TAKEN] = 2,  [PAWL_LOCAL_KEY] = 5,   [PAWL_LOCAL_FOLLOW] = 1,
        [PAWL_LOCAL_STATUS] = 1, [PAWL_LOCAL_WATCH] = 1,
    };

    pawl_cbor_wr_array(w, items[m->ask] + (size_t)m->chained);
    pawl_cbor_wr_text(w, ask_name[m->ask]);
    switch (m->ask) {
    case PAWL_LOCAL_SEND:
        pawl_cbor_wr_bytes(w, m->body);
        if (m->chained)
            pawl_cbor_wr_bool(w, true);
        return;
    case PAWL_LOCAL_RECEIVE:
        pawl_cbor_wr_uint(w, m->id);
        pawl_cbor_wr_uint(w, m->wait_ms);
        return;
    case PAWL_LOCAL_TAKEN:
        pawl_cbor_wr_uint(w, m->id);
        return;
    case PAWL_LOCAL_KEY:
        pawl_cbor_wr_text_n(w, m->label);
        pawl_cbor_wr_bytes(w, m->context);
        pawl_cbor_wr_uint(w, m->n);
        pawl_cbor_wr_uint(w, m->epoch);
        return;
    default:
        return;
    }
}

pawl_status pawl_local_req_write(const struct pawl_local_req *m, struct pawl_wr *w,
                                 struct pawl_err *err)
{
    struct pawl_wr out = *w;

    if (!m->ask || (unsigned)m->ask >= PAWL_LOCAL_ASK_COUNT ||
        (m->chained && m->ask != PAWL_LOCAL_SEND))
        return pawl_fail(err, PAWL_E_BUG, "request.word", "%d", (int)m->ask);
    wr_request(&out, m);
    return commit(&out, w, err);
}

/* ---- answers -------------------------------------------------------------------------------- */

/* In the order of deterministic CBOR. */
static const struct {
    const char *name;
    size_t      at;
} facts[] = {
    { "epoch", offsetof(struct pawl_local_facts, epoch) },
    { "inbox", offsetof(struct pawl_local_facts, inbox) },
    { "queue", offsetof(struct pawl_local_facts, queue) },
    { "inbox_max", offsetof(struct pawl_local_facts, inbox_max) },
    { "queue_max", offsetof(struct pawl_local_facts, queue_max) },
    { "inbox_bytes", offsetof(struct pawl_local_facts, inbox_bytes) },
    { "queue_bytes", offsetof(struct pawl_local_facts, queue_bytes) },
};

enum { FACTS = sizeof(facts) / sizeof(*facts) };

static void rd_facts(struct pawl_cbor_rd *r, struct pawl_local_facts *ret)
{
    if (pawl_cbor_rd_map(r, "status", FACTS) != FACTS)
        pawl_cbor_rd_fail(r, PAWL_E_FORM, "status");
    for (size_t i = 0; i < FACTS; i++) {
        struct pawl_view name = pawl_cbor_rd_text(r, "status", WORD_MAX);
        if (!pawl_view_equal(name, pawl_view_str(facts[i].name)))
            pawl_cbor_rd_fail(r, PAWL_E_FORM, facts[i].name);
        uint64_t v = pawl_cbor_rd_uint(r, facts[i].name, UINT64_MAX);
        memcpy((uint8_t *)ret + facts[i].at, &v, sizeof(v));
    }
    pawl_cbor_rd_leave(r, "status");
}

static void wr_facts(struct pawl_wr *w, const struct pawl_local_facts *m)
{
    uint64_t v;

    pawl_cbor_wr_map(w, FACTS);
    for (size_t i = 0; i < FACTS; i++) {
        memcpy(&v, (const uint8_t *)m + facts[i].at, sizeof(v));
        pawl_cbor_wr_text(w, facts[i].name);
        pawl_cbor_wr_uint(w, v);
    }
}

/* The word of a code. */
static enum pawl_code rd_code(struct pawl_cbor_rd *r)
{
    struct pawl_view word = pawl_cbor_rd_text(r, "code", WORD_MAX);

    for (unsigned c = PAWL_OK + 1; c < PAWL_CODE_COUNT; c++)
        if (pawl_view_equal(word, pawl_view_str(pawl_code_name((enum pawl_code)c))))
            return (enum pawl_code)c;
    pawl_cbor_rd_fail(r, PAWL_E_FORM, "code");
    return PAWL_E_NONE;
}

static void rd_answer(struct pawl_cbor_rd *r, struct pawl_local_ans *m)
{
    switch (m->say) {
    case PAWL_LOCAL_QUEUED:
    case PAWL_LOCAL_ACKNOWLEDGED:
        m->id = pawl_cbor_rd_uint(r, "id", UINT64_MAX);
        return;
    case PAWL_LOCAL_MESSAGE:
        m->id = pawl_cbor_rd_uint(r, "id", UINT64_MAX);
        m->body = pawl_cbor_rd_bytes(r, "body", 1, PAWL_BODY_MAX);
        return;
    case PAWL_LOCAL_A_KEY:
        m->epoch = pawl_cbor_rd_uint(r, "epoch", UINT64_MAX);
        m->body = pawl_cbor_rd_bytes(r, "key", 1, PAWL_SECRET_MAX);
        return;
    case PAWL_LOCAL_FACTS:
        rd_facts(r, &m->facts);
        return;
    case PAWL_LOCAL_EVENT:
        m->kind = pawl_cbor_rd_text(r, "kind", PAWL_LOCAL_KIND_MAX);
        m->begin = pawl_cbor_rd_bool(r, "begin");
        m->text = pawl_cbor_rd_text(r, "text", PAWL_LOCAL_TEXT_MAX);
        return;
    case PAWL_LOCAL_ERROR:
        m->code = rd_code(r);
        m->text = pawl_cbor_rd_text(r, "text", PAWL_LOCAL_TEXT_MAX);
        return;
    default:
        return;
    }
}

pawl_status pawl_local_ans_parse(struct pawl_view in, struct pawl_local_ans *ret,
                                 struct pawl_err *err)
{
    struct pawl_cbor_rd   r = pawl_cbor_rd_from(in);
    struct pawl_local_ans m = { 0 };

    pawl_cbor_rd_array(&r, "frame", ITEMS_MAX);
    m.say = (enum pawl_local_say)rd_word(&r, say_name, PAWL_LOCAL_SAY_COUNT);
    rd_answer(&r, &m);
    pawl_cbor_rd_leave(&r, "frame");
    PAWL_TRY(pawl_under(err, "answer", pawl_cbor_rd_end(&r, err)));
    *ret = m;
    return pawl_ok();
}

static void wr_answer(struct pawl_wr *w, const struct pawl_local_ans *m)
{
    static const uint8_t items[PAWL_LOCAL_SAY_COUNT] = {
        [PAWL_LOCAL_QUEUED] = 2,  [PAWL_LOCAL_ACKNOWLEDGED] = 2, [PAWL_LOCAL_MESSAGE] = 3,
        [PAWL_LOCAL_NOTHING] = 1, [PAWL_LOCAL_DONE] = 1,         [PAWL_LOCAL_A_KEY] = 3,
        [PAWL_LOCAL_FACTS] = 2,   [PAWL_LOCAL_ERROR] = 3,        [PAWL_LOCAL_EVENT] = 4,
    };

    pawl_cbor_wr_array(w, items[m->say]);
    pawl_cbor_wr_text(w, say_name[m->say]);
    switch (m->say) {
    case PAWL_LOCAL_QUEUED:
    case PAWL_LOCAL_ACKNOWLEDGED:
        pawl_cbor_wr_uint(w, m->id);
        return;
    case PAWL_LOCAL_MESSAGE:
        pawl_cbor_wr_uint(w, m->id);
        pawl_cbor_wr_bytes(w, m->body);
        return;
    case PAWL_LOCAL_A_KEY:
        pawl_cbor_wr_uint(w, m->epoch);
        pawl_cbor_wr_bytes(w, m->body);
        return;
    case PAWL_LOCAL_FACTS:
        wr_facts(w, &m->facts);
        return;
    case PAWL_LOCAL_EVENT:
        pawl_cbor_wr_text_n(w, m->kind);
        pawl_cbor_wr_bool(w, m->begin);
        pawl_cbor_wr_text_n(w, m->text);
        return;
    case PAWL_LOCAL_ERROR:
        pawl_cbor_wr_text(w, pawl_code_name(m->code));
        pawl_cbor_wr_text_n(w, m->text);
        return;
    default:
        return;
    }
}

pawl_status pawl_local_ans_write(const struct pawl_local_ans *m, struct pawl_wr *w,
                                 struct pawl_err *err)
{
    struct pawl_wr out = *w;

    if (!m->say || (unsigned)m->say >= PAWL_LOCAL_SAY_COUNT)
        return pawl_fail(err, PAWL_E_BUG, "answer.word", "%d", (int)m->say);
    wr_answer(&out, m);
    return commit(&out, w, err);
}
