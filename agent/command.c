/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define COMMAND_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* All that the child needs: between fork and execve it may call nothing that takes a lock, since
 * another thread may have held it. */
struct start {
    char        line[256];
    char       *word[COMMAND_WORDS_MAX + 1];
    const char *env[COMMAND_ENV_MAX + 2];
    int         fd_max;
};

static pawl_status split(const char *line, struct start *s, struct pawl_err *err)
{
    size_t n = 0;
    char  *rest = NULL;

    if (strlen(line) >= sizeof(s->line))
        return pawl_fail(err, PAWL_E_RANGE, "on_incident", "longer than %zu characters",
                         sizeof(s->line) - 1);
    memcpy(s->line, line, strlen(line) + 1);
    for (char *w = strtok_r(s->line, " \t", &rest); w; w = strtok_r(NULL, " \t", &rest)) {
        if (n == COMMAND_WORDS_MAX)
            return pawl_fail(err, PAWL_E_RANGE, "on_incident", "more than %d words",
                             COMMAND_WORDS_MAX);
        s->word[n++] = w;
    }
    return n ? pawl_ok() : pawl_fail(err, PAWL_E_ABSENT, "on_incident", "no command");
}

pawl_status command_check(const char *line, struct pawl_err *err)
{
    struct start s = { 0 };

    PAWL_TRY(split(line, &s, err));
    if (!access(s.word[0], X_OK))
        return pawl_ok();
    return pawl_fail(err, errno == ENOENT ? PAWL_E_ABSENT : PAWL_E_DENIED, "on_incident",
                     "cannot run %.60s: %s", s.word[0], strerror(errno));
}

static pawl_status prepare(const char *line, const char *const *env, struct start *s,
                           struct pawl_err *err)
{
    size_t n = 0;
    long   fds = sysconf(_SC_OPEN_MAX);

    PAWL_TRY(split(line, s, err));
    s->env[n++] = COMMAND_PATH;
    for (size_t i = 0; env[i]; i++) {
        if (i == COMMAND_ENV_MAX)
            return pawl_fail(err, PAWL_E_BUG, "on_incident", "more than %d variables",
                             COMMAND_ENV_MAX);
        s->env[n++] = env[i];
    }
    s->fd_max = fds > 0 && fds < 65536 ? (int)fds : 65536;
    return pawl_ok();
}

/* ---- the child ------------------------------------------------------------------------------ */

static void close_all(int first, int max)
{
#ifdef SYS_close_range
    if (!syscall(SYS_close_range, (unsigned)first, ~0u, 0u))
        return;
#endif
    for (int fd = first; fd < max; fd++)
        close(fd);
}

static void fresh_signals(void)
{
    sigset_t none;

    for (int n = 1; n < NSIG; n++)
        (void)signal(n, SIG_DFL); /* which fails for two of them, as it should */
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void complain(const char *path, int e)
{
    const char *why = e == ENOENT   ? ": on_incident: is not there\n"
                      : e == EACCES ? ": on_incident: may not be run\n"
                                    : ": on_incident: cannot be run\n";

    (void)!write(STDERR_FILENO, path, strlen(path));
    (void)!write(STDERR_FILENO, why, strlen(why));
}

_Noreturn static void become(const struct start *s)
{
    int null = open("/dev/null", O_RDWR);

    fresh_signals();
    (void)setsid();
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
        chdir("/"))
        _exit(127);
    close_all(STDERR_FILENO + 1, s->fd_max);
    (void)execve(s->word[0], s->word, (char *const *)(uintptr_t)s->env);
    complain(s->word[0], errno);
    _exit(127);
}

/* ---- the agent ------------------------------------------------------------------------------ */

pawl_status command_start(struct command *c, const char *line, const char *const *env,
                          int64_t now_ms, struct pawl_err *err)
{
    struct start s = { 0 };
    sigset_t     all, before;

    PAWL_TRY(prepare(line, env, &s, err));
    /* No handler of ours runs in the child. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = fork();
    if (!pid)
        become(&s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return pawl_fail(err, PAWL_E_IO, "on_incident", "%s", strerror(errno));
    *c = (struct command){ .pid = pid, .until_ms = now_ms + COMMAND_MAX_MS };
    return pawl_ok();
}

/* Its session too. The child itself: perhaps it has not made one yet. */
static void kill_all(const struct command *c)
{
    (void)kill(-c->pid, SIGKILL);
    (void)kill(c->pid, SIGKILL);
}

enum command_state command_look(struct command *c, int64_t now_ms)
{
    if (!c->pid)
        return COMMAND_NONE;
    if (now_ms >= c->until_ms)
        kill_all(c);
    if (!waitpid(c->pid, NULL, WNOHANG))
        return COMMAND_RUNS;
    *c = (struct command){ 0 };
    return COMMAND_ENDED;
}

void command_stop(struct command *c)
{
    if (!c->pid)
        return;
    kill_all(c);
    (void)waitpid(c->pid, NULL, 0);
    *c = (struct command){ 0 };
}
