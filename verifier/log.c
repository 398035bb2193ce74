/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024 /* a longer line is cut: below PIPE_BUF, so lines never mix */

static const char *const level_name[LOG_LEVEL_COUNT] = {
    [LOG_NONE] = "none",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

static bool is_bare(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~' || *s == '"' || *s == '\\' || *s == '=')
            return false;
    return true;
}

/* Quoted unless it is one word; control characters and bytes above ASCII as \xNN. */
static void put_value(struct pawl_wr *w, const char *s)
{
    if (is_bare(s)) {
        pawl_wr_bytes(w, pawl_view_str(s));
        return;
    }
    pawl_wr_u8(w, '"');
    for (; *s; s++) {
        char escaped[5] = { *s, 0 };
        if (*s == '"' || *s == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", *s);
        else if (*s < ' ' || *s > '~')
            snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned)(unsigned char)*s);
        pawl_wr_bytes(w, pawl_view_str(escaped));
    }
    pawl_wr_u8(w, '"');
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

size_t log_text(const struct log_line *l, char *ret, size_t cap)
{
    struct pawl_wr w = pawl_wr_to((uint8_t *)ret, cap - 1);
    char           status[12] = "";

    if (l->status)
        snprintf(status, sizeof(status), "%d", l->status);
    pawl_wr_bytes(&w, pawl_view_str(level_name[(unsigned)l->level % LOG_LEVEL_COUNT]));
    put(&w, "request", l->request);
    put(&w, "route", l->route);
    put(&w, "status", status);
    put(&w, "device", l->device);
    put(&w, "outcome", l->outcome);
    put(&w, "where", l->where);
    put(&w, "why", l->why);
    ret[w.n] = 0;
    return w.n;
}

void log_line(const struct log_line *l)
{
    char            line[LINE_MAX_BYTES];
    struct timespec now;
    struct tm       utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ ", now.tv_nsec / 1000000);
    n += log_text(l, line + n, sizeof(line) - n - 1);
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
