/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine without KVM: a process that holds the lock, has written run.json and answers on the
 * control socket.  On its console it greets, sends back what is typed between angle brackets and
 * keeps it in the file `typed`; at "bye" it is gone.
 */
#ifndef TESTS_UNIT_FAKE_MACHINE_H
#define TESTS_UNIT_FAKE_MACHINE_H

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/auto.h"
#include "tests/unit/fixture.h"

#define FAKE_RUN                                                                                   \
    "{\"state\":\"running\",\"reason\":\"none\",\"started\":1,\"notes\":[\"\\u001b[2Jready\\u0007\"],"     \
    "\"phases\":{\"ready\":142000}}"
#define FAKE_STATS                                                                                 \
    "{\"ok\":true,\"now_us\":1,\"uptime_us\":1,\"vcpu_us\":1,\"cpus\":1,\"memory\":{\"size\":536870912,"     \
    "\"resident\":32505856,\"overhead\":1},\"devices\":[],\"exits\":{}}\n"
#define FAKE_GREETING "\x1b[32mguest\x1b[0m$ "

struct fake_machine {
    pid_t pid;
    int alive; /* ends when every connection has been served to its end */
    char *typed;
};

static void fake_console(int fd, const char *typed)
{
    auto_close int log = open(typed, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    static const char bye[] = "bye";
    size_t said = 0; /* of it: it may come in pieces */
    char bytes[4096];
    ssize_t n;

    file_write_all(fd, FAKE_GREETING, strlen(FAKE_GREETING), NULL);
    while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
        file_write_all(log, bytes, (size_t)n, NULL);
        dprintf(fd, "<%.*s>", (int)n, bytes);
        for (ssize_t i = 0; i < n; i++) {
            said = bytes[i] == bye[said] ? said + 1 : bytes[i] == bye[0];
            if (said == strlen(bye))
                kill(0, SIGKILL);
        }
    }
}

/* One connection, in a process of its own.  Bytes that follow a console request belong to it. */
static void fake_serve(int fd, const char *typed)
{
    char line[4096];
    size_t len = 0;

    while (len < sizeof(line) - 1 && read(fd, line + len, 1) == 1) {
        if (line[len++] != '\n')
            continue;
        line[len] = '\0';
        len = 0;
        if (strstr(line, "\"stats\""))
            file_write_all(fd, FAKE_STATS, strlen(FAKE_STATS), NULL);
        else
            file_write_all(fd, "{\"ok\":true}\n", 12, NULL);
        if (strstr(line, "\"console\""))
            fake_console(fd, typed);
    }
    _exit(0);
}

static void fake_listen(const char *path, const char *typed, int ready)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0 || write(ready, "r", 1) != 1)
        _exit(1);
    signal(SIGCHLD, SIG_IGN);
    while ((fd = accept(s, NULL, NULL)) >= 0) {
        if (fork() == 0)
            fake_serve(fd, typed);
        close(fd);
    }
    _exit(1);
}

/* `home`: what all XDG folders are.  The distro of that name has to be there. */
static void fake_start(struct fake_machine *m, const char *home, const char *name)
{
    auto_free char *state = file_path("%s/lxtop/machines/%s", home, name), *run = file_path("%s/run.json", state);
    auto_free char *lock = file_path("%s/lock", state), *runtime = file_path("%s/lxtop/%s", home, name);
    auto_free char *path = file_path("%s/ctl.sock", runtime);
    struct err e = {0};
    int ready[2], alive[2];
    char c;

    m->typed = file_path("%s/typed", home);
    assert_ok(file_mkdirs(state, 0700, &e), e);
    assert_ok(file_mkdirs(runtime, 0700, &e), e);
    assert_ok(file_write_atomic(run, FAKE_RUN, strlen(FAKE_RUN), 0600, &e), e);
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
    m->pid = fork();
    assert_true(m->pid >= 0);
    if (m->pid == 0) {
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is killed leaves nothing */
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) /* of the tests */
            _exit(1);
        if (file_lock(lock, NULL) < 0)
            _exit(1);
        signal(SIGPIPE, SIG_IGN);
        fake_listen(path, m->typed, ready[1]);
    }
    close(alive[1]);
    m->alive = alive[0];
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    close(ready[0]);
}

/* What was typed, all of it; the caller frees.  Every lxtop has ended, or this waits for it. */
static inline char *fake_end(struct fake_machine *m)
{
    char *text = NULL, c;

    kill(m->pid, SIGKILL); /* listens no more */
    waitpid(m->pid, NULL, 0);
    assert_int_equal(read(m->alive, &c, 1), 0);
    close(m->alive);
    m->pid = 0;
    if (file_read(m->typed, 1 << 20, &text, NULL, NULL) < 0)
        text = strdup("");
    free(m->typed);
    return text;
}

/* After a test that failed nothing stays. */
static inline void fake_clean(struct fake_machine *m)
{
    if (m->pid == 0)
        return;
    kill(-m->pid, SIGKILL);
    waitpid(m->pid, NULL, 0);
    close(m->alive);
    free(m->typed);
    m->pid = 0;
}

#endif
