/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Below PIPE_BUF, so lines never mix. A longer line of text is cut; escaped as JSON it still fits.
 */
#define LINE_MAX_BYTES 1024
#define JSON_MAX_BYTES 4096

static bool as_json;

static const char *const level_name[LOG_LEVEL_COUNT] = {
    [LOG_NONE] = "none",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

/* Stands between quotes as it is. */
static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

static bool is_bare(const char *s)
{
    for (; *s; s++)
        if (!is_plain(*s) || *s == ' ' || *s == '=')
            return false;
    return true;
}

/* As much as there is room for: a line is cut within a value. */
static void put_plain(struct pawl_wr *w, const char *s, size_t n)
{
    size_t left = w->cap - w->n;

    pawl_wr_bytes(w, pawl_view(s, n < left ? n : left));
}

/* Control characters and bytes above ASCII as the code, of two digits, behind prefix. */
static void put_quoted(struct pawl_wr *w, const char *s, const char *prefix)
{
    pawl_wr_u8(w, '"');
    while (*s) {
        size_t n = 0;
        while (is_plain(s[n]))
            n++;
        put_plain(w, s, n);
        s += n;
        if (!*s)
            break;
        char escaped[8];
        if (*s == '"' || *s == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", *s);
        else
            snprintf(escaped, sizeof(escaped), "%s%02x", prefix, (unsigned)(unsigned char)*s);
        pawl_wr_bytes(w, pawl_view_str(escaped));
        s++;
    }
    pawl_wr_u8(w, '"');
}

/* Quoted unless it is one word. */
static void put_value(struct pawl_wr *w, const char *s)
{
    if (is_bare(s))
        pawl_wr_bytes(w, pawl_view_str(s));
    else
        put_quoted(w, s, "\\x");
}

static void put(struct pawl_wr *w, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    pawl_wr_u8(w, ' ');
    pawl_wr_bytes(w, pawl_view_str(name));
    pawl_wr_u8(w, '=');
    put_value(w, value);
}

/* Numbers of a line as text; empty: none. */
struct numbers {
    char status[12], ms[32];
};

static struct numbers numbers_of(const struct log_line *l)
{
    struct numbers n = { 0 };

    if (l->status)
        snprintf(n.status, sizeof(n.status), "%d", l->status);
    if (l->took_us > 0)
        snprintf(n.ms, sizeof(n.ms), "%" PRId64 ".%03d", l->took_us / 1000,
                 (int)(l->took_us % 1000));
    return n;
}

size_t log_text(const struct log_line *l, char *ret, size_t cap)
{
    struct pawl_wr       w = pawl_wr_to((uint8_t *)ret, cap - 1);
    const struct numbers n = numbers_of(l);

    pawl_wr_bytes(&w, pawl_view_str(level_name[(unsigned)l->level % LOG_LEVEL_COUNT]));
    put(&w, "request", l->request);
    put(&w, "route", l->route);
    put(&w, "status", n.status);
    put(&w, "device", l->device);
    put(&w, "peer", l->peer);
    put(&w, "ms", n.ms);
    put(&w, "outcome", l->outcome);
    put(&w, "where", l->where);
    put(&w, "why", l->why);
    ret[w.n] = 0;
    return w.n;
}

/* ---- as JSON -------------------------------------------------------------------------------- */

static void put_name(struct pawl_wr *w, const char *name)
{
    if (w->n > 1)
        pawl_wr_u8(w, ',');
    pawl_wr_u8(w, '"');
    pawl_wr_bytes(w, pawl_view_str(name));
    pawl_wr_bytes(w, pawl_view_str("\":"));
}

static void put_number(struct pawl_wr *w, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    put_name(w, name);
    pawl_wr_bytes(w, pawl_view_str(value));
}

/* Bytes that are no printable ASCII stand as \u00NN, whatever they were meant to be. */
static void put_string(struct pawl_wr *w, const char *name, const char *s)
{
    if (!s || !*s)
        return;
    put_name(w, name);
    put_quoted(w, s, "\\u00");
}

size_t log_json(const struct log_line *l, const char *time, char *ret, size_t cap)
{
    struct pawl_wr       w = pawl_wr_to((uint8_t *)ret, cap - 1);
    const struct numbers n = numbers_of(l);

    pawl_wr_u8(&w, '{');
    put_string(&w, "time", time);
    put_string(&w, "level", level_name[(unsigned)l->level % LOG_LEVEL_COUNT]);
    put_string(&w, "request", l->request);
    put_string(&w, "route", l->route);
    put_number(&w, "status", n.status);
    put_string(&w, "device", l->device);
    put_string(&w, "peer", l->peer);
    put_number(&w, "ms", n.ms);
    put_string(&w, "outcome", l->outcome);
    put_string(&w, "where", l->where);
    put_string(&w, "why", l->why);
    pawl_wr_u8(&w, '}');
    if (w.full)
        return (size_t)snprintf(ret, cap, "{\"level\":\"error\",\"outcome\":\"a line too long\"}");
    ret[w.n] = 0;
    return w.n;
}

/* ---- both ----------------------------------------------------------------------------------- */

void log_as_json(void)
{
    as_json = true;
}

/* The time now. Its second is made into text once. */
static size_t write_time(char *ret, size_t cap)
{
    static _Thread_local struct {
        time_t s;
        char   text[32];
    } last;
    struct timespec now;
    struct tm       utc;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != last.s) {
        gmtime_r(&now.tv_sec, &utc);
        strftime(last.text, sizeof(last.text), "%Y-%m-%dT%H:%M:%S", &utc);
        last.s = now.tv_sec;
    }
    return (size_t)snprintf(ret, cap, "%s.%03dZ", last.text, (int)(now.tv_nsec / 1000000));
}

void log_line(const struct log_line *l)
{
    char   line[JSON_MAX_BYTES], time[40];
    size_t n;

    if (as_json) {
        write_time(time, sizeof(time));
        n = log_json(l, time, line, sizeof(line) - 1);
    } else {
        n = write_time(line, LINE_MAX_BYTES);
        line[n++] = ' ';
        n += log_text(l, line + n, LINE_MAX_BYTES - n - 1);
    }
    line[n++] = '\n';
    /* There is nowhere to report that the log itself cannot be written. */
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written;
}

void log_info(const char *fmt, ...)
{
    char    text[512];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    log_line(&(struct log_line){ .level = LOG_INFO, .outcome = text });
}

void log_failure(const char *outcome, const struct pawl_err *err)
{
    log_line(&(struct log_line){
        .level = LOG_ERROR, .outcome = outcome, .where = err->where, .why = err->why });
}
