/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the screen console costs: `console LXTOP` runs it in a terminal of its own, in a folder of its own,
 * beside machines that only say that they run, and prints rows as tests/bench/inside does (no peer: "-").
 *
 * Processor time is what the kernel charged to the process, so it holds on a busy host too; times of the
 * clock (first_frame_ms, key_ms) hold on an idle one.  How long a key waits while everything is busy is
 * measured beside a program that does nothing but send back each key: what that takes is the kernel's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/file.h"

#define IDLE_S 10
#define KEYS 200
#define KEYS_BUSY 600
#define KEY_EACH_US 20000
#define HOGS_A_CPU 2
#define INSTALL_MIB 500
#define PATIENCE_MS 60000
#define FRAME_US 16667 /* what a screen of 60 Hz shows together */

static char home[] = "/tmp/lxtop-bench-XXXXXX";
static pid_t machine[64];
static unsigned machines;

static void __attribute__((noreturn)) die(const char *what)
{
    fprintf(stderr, "console: %s: %s\n", what, strerror(errno));
    for (unsigned i = 0; i < machines; i++)
        kill(-machine[i], SIGKILL);
    _exit(1);
}

static void write_file(const char *text, const char *folder, const char *name)
{
    auto_free char *path = file_path("%s/%s", folder, name);

    if (file_mkdirs(folder, 0700, NULL) < 0 || file_write_atomic(path, text, strlen(text), 0600, NULL) < 0)
        die(path);
}

static void make_distro(unsigned i)
{
    auto_free char *folder = file_path("%s/lxtop/distros/d%03u", home, i);

    write_file("source = \"busybox\";\ninstalled = \"2026-01-01T00:00:00Z\";\ndisk_format = \"raw\";\n", folder, "distro.conf");
    write_file("", folder, "root.img");
}

/* Of a child: a group of its own, and its end is that of this program, however that ends. */
static void leave(void)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* --- a machine that only says so, with figures that move --- */

static void answer(int fd)
{
    FILE *in = fdopen(fd, "r+");
    char line[4096];

    for (unsigned long n = 1; in && fgets(line, sizeof(line), in); n++) {
        if (strstr(line, "\"stats\""))
            dprintf(fd, "{\"ok\":true,\"now_us\":%lu,\"uptime_us\":%lu,\"vcpu_us\":%lu,\"cpus\":[{},{}],\"memory\":{\"size\":"
                    "536870912,\"resident\":%lu,\"overhead\":1500000},\"devices\":[{\"name\":\"root\",\"class\":\"blk\",\"requests\":"
                    "%lu,\"read_bytes\":%lu,\"write_bytes\":0,\"errors\":0}],\"exits\":{\"io\":%lu}}\n", n * 1000000, n * 1000000,
                    n * 20000 + n % 5 * 4000, 33000000 + n * 65536, n, n * 4096, n);
        else
            dprintf(fd, "{\"ok\":true}\n");
    }
    _exit(0);
}

static void serve(const char *path, int ready)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
    if (bind(s, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s, 8) < 0 || write(ready, "r", 1) != 1)
        _exit(1);
    signal(SIGCHLD, SIG_IGN);
    while ((fd = accept(s, NULL, NULL)) >= 0) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            answer(fd);
        }
        close(fd);
    }
    _exit(1);
}

static void start_machine(unsigned i)
{
    auto_free char *state = file_path("%s/lxtop/machines/d%03u", home, i), *runtime = file_path("%s/lxtop/d%03u", home, i);
    auto_free char *lock = file_path("%s/lock", state), *path = file_path("%s/ctl.sock", runtime);
    int ready[2];
    char c;

    write_file("{\"state\":\"running\",\"reason\":\"none\",\"started\":1,\"notes\":[],\"phases\":{\"ready\":142000}}", state, "run.json");
    if (file_mkdirs(runtime, 0700, NULL) < 0 || pipe(ready) < 0)
        die("machine");
    machine[machines] = fork();
    if (machine[machines] == 0) {
        leave();
        if (file_lock(lock, NULL) < 0)
            _exit(1);
        serve(path, ready[1]);
    }
    machines++;
    close(ready[1]);
    if (read(ready[0], &c, 1) != 1)
        die("machine");
    close(ready[0]);
}

/* --- lxtop in a terminal --- */

struct terminal {
    int master;
    pid_t pid;
    size_t bytes, cells; /* that it wrote so far; cells without what moves and colours */
    bool escape;
    char seen[1 << 20];
    size_t len;
};

static void start(struct terminal *t, const char *lxtop)
{
    struct winsize w = {.ws_row = 24, .ws_col = 80};

    memset(t, 0, sizeof(*t));
    t->pid = forkpty(&t->master, NULL, NULL, &w);
    if (t->pid < 0)
        die("forkpty");
    if (t->pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        execl(lxtop, "lxtop", NULL);
        _exit(127);
    }
}

/* Bytes outside of escape sequences (ECMA-48: ESC, then up to a letter) are cells. */
static void take(struct terminal *t, const char *bytes, size_t n)
{
    t->bytes += n;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (t->escape)
            t->escape = !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
        else if (c == 27)
            t->escape = true;
        else
            t->cells += c >= ' ' && (c & 0xc0) != 0x80;
    }
    if (t->len + n < sizeof(t->seen)) {
        memcpy(t->seen + t->len, bytes, n);
        t->len += n;
        t->seen[t->len] = '\0';
    }
}

/* Whether anything came within `ms`. */
static bool read_some(struct terminal *t, int64_t ms)
{
    struct pollfd p = {.fd = t->master, .events = POLLIN};
    char bytes[65536];
    ssize_t n = poll(&p, 1, (int)ms) > 0 ? read(t->master, bytes, sizeof(bytes)) : 0;

    if (n > 0)
        take(t, bytes, (size_t)n);
    return n > 0;
}

/* Reads what comes in `ms`, or until `text` (may be NULL) has come; whether it has. */
static bool read_for(struct terminal *t, int64_t ms, const char *text)
{
    int64_t end = clock_ms() + ms;

    while (!text || !strstr(t->seen, text)) {
        int64_t left = end - clock_ms();

        if (left <= 0)
            return false;
        read_some(t, left);
    }
    return true;
}

static void await(struct terminal *t, const char *text)
{
    if (!read_for(t, PATIENCE_MS, text))
        die(text);
}

/* proc(5): fields 14 and 15 of stat are the process's time in ticks. */
static double cpu_ms(pid_t pid)
{
    auto_free char *path = file_path("/proc/%d/stat", (int)pid), *text = NULL;
    unsigned long user = 0, system = 0;
    char *rest;

    if (file_read(path, 4096, &text, NULL, NULL) < 0 || !(rest = strrchr(text, ')')))
        die("stat");
    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) * 1000 / (double)sysconf(_SC_CLK_TCK);
}

static long private_kib(pid_t pid)
{
    auto_free char *path = file_path("/proc/%d/smaps_rollup", (int)pid), *text = NULL;
    long sum = 0, kib;

    if (file_read(path, 65536, &text, NULL, NULL) < 0)
        die("smaps_rollup");
    for (char *p = text; (p = strstr(p, "Private_")); p++)
        if (sscanf(p, "Private_%*[^:]: %ld", &kib) == 1)
            sum += kib;
    return sum;
}

static void row(const char *name, const char *unit, double value)
{
    printf("%s %s %.1f - lower -\n", name, unit, value);
    fflush(stdout);
}

static void stop(struct terminal *t)
{
    char all[4096];

    if (write(t->master, "\003", 1) != 1) /* in whatever view that is */
        die("quit");
    while (read(t->master, all, sizeof(all)) > 0)
        ;
    waitpid(t->pid, NULL, 0);
    close(t->master);
}

static void row_of(const char *what, unsigned distros, const char *unit, double value)
{
    char name[64];

    snprintf(name, sizeof(name), "console_%u_%s", distros, what);
    row(name, unit, value);
}

static void measure_idle(struct terminal *t, unsigned distros)
{
    double cpu;
    size_t bytes, cells;

    read_for(t, 3000, NULL);
    cpu = cpu_ms(t->pid);
    bytes = t->bytes;
    cells = t->cells;
    read_for(t, IDLE_S * 1000, NULL);
    row_of("idle_cpu", distros, "permille", (cpu_ms(t->pid) - cpu) / IDLE_S);
    row_of("idle_bytes", distros, "B/s", (double)(t->bytes - bytes) / IDLE_S);
    row_of("idle_cells", distros, "cells/s", (double)(t->cells - cells) / IDLE_S);
    row_of("private", distros, "KiB", (double)private_kib(t->pid));
}

/* Down through 500 distros, a key at a time: each is answered before the next is pressed. */
static void measure_keys(struct terminal *t)
{
    double cpu = cpu_ms(t->pid), longest = 0, sum = 0;

    for (int i = 0; i < KEYS; i++) {
        int64_t at = clock_ns();
        double ms;

        t->len = 0;
        t->seen[0] = '\0';
        if (write(t->master, i % 50 == 24 ? "G" : i % 50 == 25 ? "g" : "j", 1) != 1)
            die("key");
        await(t, "\033[");
        ms = (double)(clock_ns() - at) / 1e6;
        sum += ms;
        longest = ms > longest ? ms : longest;
    }
    row("console_key_500", "ms", sum / KEYS);
    row("console_key_500_longest", "ms", longest);
    row("console_key_500_cpu", "us", (cpu_ms(t->pid) - cpu) * 1000 / KEYS);
}

/* --- keys while everything is busy --- */

static void start_echo(struct terminal *t)
{
    struct termios raw;
    char key;

    memset(t, 0, sizeof(*t));
    t->pid = forkpty(&t->master, NULL, NULL, NULL);
    if (t->pid < 0)
        die("forkpty");
    if (t->pid > 0)
        return;
    tcgetattr(0, &raw);
    cfmakeraw(&raw);
    tcsetattr(0, TCSANOW, &raw);
    if (write(1, "ready", 5) != 5)
        _exit(1);
    while (read(0, &key, 1) == 1 && write(1, &key, 1) == 1)
        ;
    _exit(0);
}

static void start_hogs(void)
{
    for (long i = HOGS_A_CPU * sysconf(_SC_NPROCESSORS_ONLN); i > 0 && machines < sizeof(machine) / sizeof(*machine); i--) {
        machine[machines] = fork();
        if (machine[machines] == 0) {
            leave();
            for (volatile unsigned n = 0;; n++)
                ;
        }
        machines++;
    }
}

/* What installs read, one after the other for as long as keys are pressed. */
static void make_source(const char *folder)
{
    static char bytes[1 << 20];
    auto_free char *sbin = file_path("%s/sbin", folder);

    memset(bytes, 'x', sizeof(bytes));
    write_file("", sbin, "init");
    for (unsigned i = 0; i < INSTALL_MIB; i++) {
        auto_free char *path = file_path("%s/file%u", folder, i);
        FILE *f = fopen(path, "w");

        if (!f || fwrite(bytes, sizeof(bytes), 1, f) != 1 || fclose(f) != 0)
            die(path);
    }
}

static void type(struct terminal *t, const char *keys)
{
    if (write(t->master, keys, strlen(keys)) != (ssize_t)strlen(keys))
        die("key");
}

/* The folder that an install works in (core/store.h). */
static bool is_installing(void)
{
    auto_free char *work = file_path("%s/lxtop/distros/.new-source", home);

    return access(work, F_OK) == 0;
}

static void begin_install(struct terminal *t)
{
    auto_free char *keys = file_path("%s/source\r", home);

    t->len = 0;
    t->seen[0] = '\0';
    type(t, "iG\r");
    await(t, "Install from");
    type(t, keys);
    await(t, "with all that is above");
    type(t, "\r");
    while (!is_installing())
        read_some(t, 10);
}

/* Or what is begun would go on without the console. */
static void cancel_install(struct terminal *t)
{
    t->len = 0;
    type(t, "6");
    await(t, "TASK");
    type(t, "c");
    while (is_installing())
        read_some(t, 100);
}

/* Microseconds until the answer begins; what came before it is none. */
static double press(struct terminal *t, const char *key)
{
    int64_t at;

    while (read_some(t, 0))
        ;
    t->len = 0;
    at = clock_ns();
    type(t, key);
    while (t->len == 0)
        if (!read_some(t, PATIENCE_MS))
            die("no answer");
    return (double)(clock_ns() - at) / 1e3;
}

/* One that has ended is thrown away and begun again, so that no disk fills. */
static void keep_installing(struct terminal *t)
{
    auto_free char *done = file_path("%s/lxtop/distros/source", home);

    if (is_installing())
        return;
    if (file_remove_tree(done, NULL) < 0)
        die(done);
    read_for(t, 1500, NULL); /* and is seen to be gone */
    begin_install(t);
    press(t, "g"); /* away from the new row, which is the last */
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of a thousand keys, those that are not answered within one frame. */
static double late(const double *us, unsigned n)
{
    unsigned count = 0;

    for (unsigned i = 0; i < n; i++)
        count += us[i] > FRAME_US;
    return 1000.0 * count / n;
}

static void rows_beside(const char *name, double *ours, double *peer, unsigned n)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"median", 0.5}, {"99th", 0.99}, {"longest", 1}};

    qsort(ours, n, sizeof(*ours), compare);
    qsort(peer, n, sizeof(*peer), compare);
    for (unsigned i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
        unsigned at = (unsigned)((n - 1) * parts[i].part);

        printf("%s_%s us %.0f %.0f lower plain-echo\n", name, parts[i].name, ours[at], peer[at]);
    }
    printf("%s_late permille %.1f %.1f lower plain-echo\n", name, late(ours, n), late(peer, n));
    fflush(stdout);
}

/* 500 distros, an install of this console's, more programs that compute than there are processors. */
static void measure_busy(struct terminal *t)
{
    static struct terminal echo;
    static double ours[KEYS_BUSY], peer[KEYS_BUSY];
    auto_free char *source = file_path("%s/source", home);

    start_echo(&echo);
    await(&echo, "ready");
    make_source(source);
    begin_install(t);
    start_hogs();
    press(t, "g");
    for (unsigned i = 0; i < KEYS_BUSY; i++) {
        keep_installing(t);
        usleep(KEY_EACH_US);
        ours[i] = press(t, i % 50 == 24 ? "G" : i % 50 == 25 ? "g" : "j");
        peer[i] = press(&echo, "j");
    }
    rows_beside("console_key_busy", ours, peer, KEYS_BUSY);
    cancel_install(t);
    kill(echo.pid, SIGKILL);
    waitpid(echo.pid, NULL, 0);
}

int main(int argc, char **argv)
{
    static struct terminal t;
    int64_t at;

    if (argc != 2 || !mkdtemp(home))
        die("usage: console LXTOP");
    setenv("HOME", home, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    for (unsigned i = 0; i < 4; i++)
        setenv(((const char *const[]){"XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME"})[i], home, 1);
    for (unsigned i = 0; i < 20; i++) {
        make_distro(i);
        start_machine(i);
    }
    at = clock_ns(); /* 20 that run */
    start(&t, argv[1]);
    await(&t, "Quit");
    row("console_first_frame", "ms", (double)(clock_ns() - at) / 1e6);
    row("console_first_frame_cpu", "ms", cpu_ms(t.pid));
    measure_idle(&t, 20);
    stop(&t);
    for (unsigned i = 20; i < 500; i++)
        make_distro(i);
    start(&t, argv[1]);
    await(&t, "Quit");
    measure_idle(&t, 500);
    measure_keys(&t);
    measure_busy(&t);
    stop(&t);
    for (unsigned i = 0; i < machines; i++)
        kill(-machine[i], SIGKILL);
    return file_remove_tree(home, NULL) < 0;
}
