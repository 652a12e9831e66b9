/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lxtop in terminals of every kind: what it shows, what it writes, and how it leaves them. */
#include "tests/unit/screen.h"

#include <ctype.h>

#include "tests/unit/golden.h"

#define NOTHING "No distros yet"

static const char *const types[] = {"TERM=xterm-256color", "TERM=xterm", "TERM=tmux-256color", "TERM=screen-256color",
                                    "TERM=linux", "TERM=vt100", "TERM=vt220", "TERM=rxvt-unicode-256color",
                                    "TERM=rxvt"};

static void begin(struct seen *s, const char *term, const char *more)
{
    const char *const env[] = {term, more, NULL};

    seen_begin(s, env, 24, 80);
}

/* --- what is seen --- */

/* Row for row the same, whatever the terminal; the row of the host's meters is left out. */
static char *settled(struct seen *s)
{
    char *text = strdup(seen_shown(s)), *meters = strstr(text, "\n"), *end = meters ? strchr(meters + 1, '\n') : NULL;

    assert_non_null(end);
    assert_non_null(memmem(meters, (size_t)(end - meters), "Mem ", 4));
    memmove(meters, end, strlen(end) + 1);
    return text;
}

static void test_terminals__all_show_the_same(void **state)
{
    auto_free char *first = NULL;

    (void)state;
    make_distro("alpine", NULL);
    make_distro("debian", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        auto_free char *text = NULL;
        struct seen s;

        begin(&s, types[i], NULL);
        seen_wait(&s, "> alpine");
        seen_wait(&s, "Quit");
        seen_type(&s, "j");
        seen_wait(&s, "> debian");
        text = settled(&s);
        if (!first)
            first = steal_ptr(&text);
        else if (strcmp(first, text) != 0)
            fail_msg("%s:\n%s\nand not as the first:\n%s", types[i], text, first);
        seen_type(&s, "q");
        seen_rest(&s);
        seen_end(&s, STATUS_DONE);
    }
}

/* Its description is not to be trusted with the last column, which stays empty. */
static void test_terminals__ansi_has_a_column_less(void **state)
{
    static const char *const env[][2] = {{"TERM=xterm", NULL}, {"TERM=ansi", NULL}};
    char *text[2];

    (void)state;
    make_distro("alpine", NULL);
    make_distro("debian", NULL);
    for (int i = 0; i < 2; i++) {
        struct seen s;

        seen_begin(&s, env[i], 24, 80 + i);
        seen_wait(&s, "Quit");
        seen_type(&s, "j");
        seen_wait(&s, "> debian");
        text[i] = settled(&s);
        seen_type(&s, "q");
        seen_rest(&s);
        seen_end(&s, STATUS_DONE);
    }
    assert_string_equal(text[1], text[0]);
    free(text[0]);
    free(text[1]);
}

static void test_terminals__dumb_means_text(void **state)
{
    static const struct {
        const char *env, *says;
    } cases[] = {
        {"TERM=dumb", "lxtop in text mode: the terminal is of type dumb, and its cursor cannot be"},
        {"TERM=no-such-thing", "lxtop in text mode: the terminal is of type no-such-thing, and this host's"},
        {"TERM=", "lxtop in text mode: TERM is not set."},
        {"LXTOP_TEXT=1", "lxtop in text mode: asked for by LXTOP_TEXT in the environment."},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct seen s;

        setenv("TERM", "xterm", 1);
        begin(&s, cases[i].env, NULL);
        seen_wait(&s, cases[i].says);
        seen_wait(&s, "Command, or h for help:");
        seen_type(&s, "quit\n");
        seen_wait(&s, "Left lxtop");
        assert_null(strchr(s.t.text, 0x1b));
        seen_end(&s, STATUS_DONE);
        unsetenv("LXTOP_TEXT");
    }
}

/* --- colours, characters --- */

/* The largest number of an SGR that sets a colour, by kind: 0 none, 8, 16 or 256. */
static int colours_written(const char *bytes)
{
    int most = 0;

    for (const char *p = bytes; (p = strstr(p, "\x1b[")); p += 2) {
        const char *end = p + 2 + strspn(p + 2, "0123456789;");

        if (*end != 'm')
            continue;
        for (const char *a = p + 2; a < end; a += strcspn(a, ";m") + 1) {
            long n = strtol(a, NULL, 10);
            int kind = n == 38 || n == 48 ? 256 : n >= 90 && n <= 107 ? 16 : n >= 30 && n <= 47 && n != 39 ? 8 : 0;

            most = kind > most ? kind : most;
        }
    }
    return most;
}

static void write_conf(const char *text)
{
    auto_free char *path = file_path("%s/lxtop/lxtop.conf", folder), *dir = file_path("%s/lxtop", folder);

    assert_int_equal(file_mkdirs(dir, 0700, NULL), 0);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, NULL), 0);
}

static const struct {
    const char *term, *more, *colors;
    int least, most;
} coloured[] = {
    {"TERM=xterm-256color", NULL, "terminal", 8, 8},
    {"TERM=xterm-256color", NULL, "soft", 256, 256},
    {"TERM=xterm-256color", NULL, "contrast", 16, 256},
    {"TERM=xterm-256color", NULL, "none", 0, 0},
    {"TERM=xterm-256color", "NO_COLOR=1", "soft", 0, 0},
    {"TERM=xterm-256color", "NO_COLOR=", "terminal", 8, 8}, /* empty is no wish */
    {"TERM=linux", NULL, "soft", 8, 8},
    {"TERM=linux", NULL, "contrast", 8, 8},
    {"TERM=linux", "NO_COLOR=1", "contrast", 0, 0},
    {"TERM=vt100", NULL, "contrast", 0, 0},
    {"TERM=vt220", NULL, "soft", 0, 0},
};

static void test_terminals__no_more_colours_than_there_are(void **state)
{
    (void)state;
    make_distro("alpine", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(coloured); i++) {
        auto_free char *conf = file_path("console: { colors = \"%s\"; };", coloured[i].colors);
        struct seen s;
        int written;

        write_conf(conf);
        begin(&s, coloured[i].term, coloured[i].more);
        seen_wait(&s, "> alpine");
        seen_wait(&s, "Quit");
        seen_type(&s, "q");
        seen_rest(&s);
        written = colours_written(s.t.text);
        if (written < coloured[i].least || written > coloured[i].most)
            fail_msg("%s %s, scheme %s: %d colours", coloured[i].term, coloured[i].more ? coloured[i].more : "",
                     coloured[i].colors, written);
        assert_non_null(strstr(s.t.text, "\x1b[")); /* attributes, at least */
        seen_end(&s, STATUS_DONE);
    }
}

/* The cells of a real screen have the looks that the golden screens name. */
static void test_terminals__cells_look_as_golden_screens_say(void **state)
{
    static const struct {
        const char *more, *title, *headings, *selected;
    } cases[] = {{NULL, "  0: 0-5 reverse cyan, 6-16 bold cyan, 17-79 reverse cyan\n", "  2: 0-79 bold underline\n", "  3: 0-79 reverse\n"},
                 {"NO_COLOR=1", "  0: 0-5 reverse, 6-16 bold, 17-79 reverse\n", "  2: 0-79 bold underline\n", "  3: 0-79 reverse\n"}};

    (void)state;
    make_distro("alpine", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        auto_free char *looks = NULL;
        struct seen s;
        size_t len;
        FILE *f = open_memstream(&looks, &len);

        begin(&s, "TERM=xterm-256color", cases[i].more);
        seen_wait(&s, "> alpine");
        seen_wait(&s, "Quit");
        golden_looks(&s.grid, "", 256, f);
        fclose(f);
        assert_non_null(strstr(looks, cases[i].title));
        assert_non_null(strstr(looks, cases[i].headings));
        assert_non_null(strstr(looks, cases[i].selected));
        seen_type(&s, "q");
        seen_rest(&s);
        seen_end(&s, STATUS_DONE);
    }
}

/* What the person has in names and paths can be anything; a terminal of single bytes gets ASCII alone. */
static void test_terminals__ascii_where_the_locale_is_not_utf8(void **state)
{
    struct seen s;

    (void)state;
    begin(&s, "TERM=xterm", "LC_ALL=C");
    seen_wait(&s, NOTHING);
    seen_type(&s, "\xc3\xa4");
    seen_wait(&s, "? does nothing here");
    seen_type(&s, "q");
    seen_rest(&s);
    for (const char *p = s.t.text; *p; p++)
        assert_true((unsigned char)*p < 0x80);
    seen_end(&s, STATUS_DONE);
}

static void test_terminals__resized(void **state)
{
    static const int sizes[][2] = {{12, 40}, {50, 200}, {5, 20}, {24, 80}};
    struct seen s;

    (void)state;
    make_distro("alpine", NULL);
    begin(&s, "TERM=xterm", NULL);
    seen_wait(&s, "> alpine");
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        const struct winsize w = {.ws_row = (unsigned short)sizes[i][0], .ws_col = (unsigned short)sizes[i][1]};

        pane_resize(s.pane, sizes[i][0], sizes[i][1]);
        grid_resize(&s.grid, sizes[i][0], sizes[i][1]);
        pane_feed(s.pane, "\x1b[2J", 4);
        assert_int_equal(ioctl(s.t.master, TIOCSWINSZ, &w), 0);
        seen_wait(&s, "> alpine");
    }
    seen_type(&s, "q");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

/* --- storm --- */

static unsigned long seed = 20261127;

static unsigned dice(unsigned n)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (unsigned)(seed >> 33) % n;
}

static void seen_resize(struct seen *s, int rows, int cols)
{
    const struct winsize w = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

    pane_resize(s->pane, rows, cols);
    grid_resize(&s->grid, rows, cols);
    assert_int_equal(ioctl(s->t.master, TIOCSWINSZ, &w), 0);
}

/* However much it is: what lxtop writes meanwhile is read. */
static void type_all(struct seen *s, const char *bytes, size_t len)
{
    while (len > 0) {
        struct pollfd p = {.fd = s->t.master, .events = POLLIN | POLLOUT};
        ssize_t n = 0;

        assert_int_equal(poll(&p, 1, SEEN_HANGS_MS), 1);
        if (p.revents & POLLIN)
            assert_true(seen_read(s));
        else
            n = write(s->t.master, bytes, len < 512 ? len : 512);
        assert_true(n >= 0);
        bytes += n;
        len -= (size_t)n;
    }
}

/* What no keyboard sends, and what of it is a key moves only. */
static void type_garbage(struct seen *s)
{
    static const char *const garbage[] = {"\xff\xfe\x80", "\x1b[999;99999999999999~", "\x1b[<0;1;2M", "\x1b[<64;300;1M", "\x1b[M", "\x1b[200;",
                                          "\x1b[A\x1b[B\x1b[6~", "\x1bO", "\xf4\x8f", "\x1b]52;c;", "\x1bP1", "jjkkG", "\t\t", "?\x1b", "/al\x1b"};
    const char *text = garbage[dice(ARRAY_SIZE(garbage))];

    type_all(s, text, strlen(text));
}

/* Another lxtop installs and removes. */
static void any_event(void)
{
    char name[16];

    snprintf(name, sizeof(name), "z%u", dice(8));
    if (dice(2))
        make_distro(name, NULL);
    else
        shell("rm -rf %s/lxtop/distros/%s", folder, name);
}

static void test_terminals__storm(void **state)
{
    static const char lines[] = "d\ny\nq\nx\n:quit\n", mark[] = "\x1b[200~";
    size_t len = (1 << 20) + 2 * strlen(mark);
    auto_free char *paste = malloc(len + 1);
    struct seen s;

    (void)state;
    make_distro("alpine", NULL);
    begin(&s, "TERM=xterm-256color", NULL);
    seen_wait(&s, "> alpine");
    for (int i = 0; i < 400; i++) {
        if (i % 4 == 0)
            seen_resize(&s, 1 + (int)dice(100), 1 + (int)dice(300));
        if (i % 8 == 1)
            any_event();
        type_garbage(&s);
    }
    for (size_t i = 0; i < len; i++)
        paste[i] = lines[i % (sizeof(lines) - 1)];
    memcpy(paste, mark, strlen(mark));
    memcpy(paste + len - strlen(mark), "\x1b[201~", strlen(mark) + 1);
    seen_resize(&s, 24, 80);
    type_all(&s, "\x1b\x1b\x1b", 3);
    type_all(&s, paste, len);
    seen_wait(&s, "is left out here");
    seen_type(&s, "1g");
    seen_wait(&s, "> alpine"); /* nothing of it was a command */
    seen_type(&s, "q");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

/* --- how it is left --- */

static void assert_left(struct seen *s, const char *bytes)
{
    struct termios after;

    assert_int_equal(fcntl(s->t.slave, F_GETFL) & O_NONBLOCK, 0); /* who has it now reads as ever */
    assert_non_null(strstr(bytes, "\x1b[?1049l"));
    assert_non_null(strstr(bytes, "\x1b[?2004l"));
    assert_int_equal(tcgetattr(s->t.slave, &after), 0);
    assert_int_equal(after.c_lflag, s->t.before.c_lflag);
    assert_int_equal(after.c_iflag, s->t.before.c_iflag);
    assert_int_equal(after.c_oflag, s->t.before.c_oflag);
}

static void test_terminals__a_crash_gives_it_back(void **state)
{
    static const int crashes[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) {
        struct seen s;
        int status;

        begin(&s, "TERM=xterm", "ASAN_OPTIONS=handle_segv=0:handle_sigbus=0:handle_sigfpe=0");
        seen_wait(&s, NOTHING);
        kill(s.t.pid, crashes[i]);
        seen_rest(&s);
        assert_int_equal(waitpid(s.t.pid, &status, 0), s.t.pid);
        assert_true(WIFSIGNALED(status)); /* it is still seen as what it was */
        assert_int_equal(WTERMSIG(status), crashes[i]);
        assert_left(&s, s.t.text);
        assert_non_null(strstr(s.t.text, "lxtop has crashed"));
        close(s.t.master);
        close(s.t.slave);
        seen_free(&s);
    }
}

static void test_terminals__signals_give_it_back(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGINT};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        struct seen s;

        begin(&s, "TERM=xterm", NULL);
        seen_wait(&s, NOTHING);
        kill(s.t.pid, signals[i]);
        terminal_end(&s.t, STATUS_DONE);
        seen_free(&s);
    }
}

/* Closed, as a window is: lxtop goes, with or without a SIGHUP. */
static void test_terminals__a_closed_one_ends_it(void **state)
{
    struct seen s;
    int status;

    (void)state;
    begin(&s, "TERM=xterm", NULL);
    seen_wait(&s, NOTHING);
    close(s.t.slave);
    close(s.t.master);
    assert_int_equal(waitpid(s.t.pid, &status, 0), s.t.pid);
    assert_true(WIFEXITED(status));
    seen_free(&s);
}

/* A shell with job control, which stops and continues lxtop; only there SIGTSTP stops anything. */
static void run_job(const struct winsize *size, int report, int go)
{
    int status;
    pid_t job;
    char c;

    signal(SIGTTOU, SIG_IGN);
    job = fork();
    if (job == 0) {
        setpgid(0, 0);
        tcsetpgrp(0, getpid());
        signal(SIGTTOU, SIG_DFL);
        execl(getenv("TEST_SELF"), "lxtop", "--surface", NULL);
        _exit(99);
    }
    (void)size;
    while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
        tcsetpgrp(0, getpgrp());
        if (write(report, "S", 1) != 1 || read(go, &c, 1) != 1)
            _exit(98);
        tcsetpgrp(0, job);
        kill(job, SIGCONT);
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 97);
}

static void test_terminals__suspended_and_back(void **state)
{
    static const struct winsize size = {.ws_row = 24, .ws_col = 80};
    static const struct pane_events ev = {.typed = seen_nothing_typed};
    int report[2], go[2];
    struct seen s = {0};
    char c;

    (void)state;
    setenv("TERM", "xterm", 1);
    assert_int_equal(pipe(report) | pipe(go), 0);
    s.pane = pane_new(24, 80, 0, &ev, NULL);
    assert_int_equal(grid_init(&s.grid, 24, 80), 0);
    assert_int_equal(openpty(&s.t.master, &s.t.slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(s.t.slave, &s.t.before), 0);
    if ((s.t.pid = fork()) == 0) {
        close(s.t.master);
        login_tty(s.t.slave);
        run_job(&size, report[1], go[0]);
    }
    for (int i = 0; i < 2; i++) {
        seen_wait(&s, NOTHING);
        s.t.len = 0;
        if (i == 0)
            seen_type(&s, "\x1a");
        else
            assert_int_equal(shell("pkill -TSTP -P %d", (int)s.t.pid), 0); /* somebody else's */
        assert_int_equal(read(report[0], &c, 1), 1);
        for (struct pollfd p = {.fd = s.t.master, .events = POLLIN}; poll(&p, 1, 0) == 1 && seen_read(&s);)
            ;
        s.t.text[s.t.len] = '\0';
        assert_left(&s, s.t.text);
        pane_feed(s.pane, "\x1b[2J", 4);
        assert_int_equal(write(go[1], "g", 1), 1);
    }
    seen_wait(&s, NOTHING);
    seen_type(&s, "q");
    terminal_end(&s.t, STATUS_DONE);
    seen_free(&s);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_terminals__all_show_the_same),
        as_lxtop_test(test_terminals__ansi_has_a_column_less),
        as_lxtop_test(test_terminals__dumb_means_text),
        as_lxtop_test(test_terminals__no_more_colours_than_there_are),
        as_lxtop_test(test_terminals__cells_look_as_golden_screens_say),
        as_lxtop_test(test_terminals__ascii_where_the_locale_is_not_utf8),
        as_lxtop_test(test_terminals__resized),
        as_lxtop_test(test_terminals__storm),
        as_lxtop_test(test_terminals__a_crash_gives_it_back),
        as_lxtop_test(test_terminals__signals_give_it_back),
        as_lxtop_test(test_terminals__a_closed_one_ends_it),
        as_lxtop_test(test_terminals__suspended_and_back),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
