/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A shell of a distro in a pane of the console: keys as the program in it gets them, its size, a prefix of one's own. */
#include "tests/unit/screen.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

#include "tests/unit/fake_guest.h"

static void begin(struct seen *s)
{
    static const char *const env[] = {"TERM=xterm-256color", "SHELL=/bin/sh", NULL};

    seen_begin(s, env, 24, 80);
    seen_wait(s, "running");
    seen_type(s, "w");
    seen_wait(s, "lxtop's key");
}

/* The program in the pane keeps what it gets in a file. */
static void keep(struct seen *s)
{
    auto_free char *line = file_path("stty raw -echo; echo rea''dy; cat > %s/got\r", folder);

    seen_type(s, line);
    seen_wait(s, "ready");
}

/* It has got so many bytes; false: it does not get them. */
static bool has_got(struct seen *s, size_t len)
{
    auto_free char *path = file_path("%s/got", folder);
    struct stat st = {0};

    for (int i = 0; i < 3000; i++) {
        struct pollfd p = {.fd = s->t.master, .events = POLLIN};

        if (poll(&p, 1, 10) == 1)
            seen_read(s);
        if (stat(path, &st) == 0 && (size_t)st.st_size >= len)
            return true;
    }
    return false;
}

static void assert_got(struct seen *s, const char *want, size_t len)
{
    auto_free char *path = file_path("%s/got", folder), *got = NULL;
    size_t n = 0;
    struct err e = {0};

    has_got(s, len);
    assert_ok(file_read(path, 1 << 20, &got, &n, &e), e);
    for (size_t i = 0; i < len && i < n; i++)
        if (got[i] != want[i])
            fail_msg("byte %zu is 0x%02x and not 0x%02x", i, (unsigned char)got[i], (unsigned char)want[i]);
    assert_int_equal(n, len);
}

static void leave(struct seen *s, const char *prefix)
{
    seen_type(s, prefix);
    seen_wait(s, "d back, n next");
    seen_type(s, "d");
    seen_wait(s, "> a");
    seen_type(s, "q");
    seen_rest(s);
    seen_end(s, STATUS_DONE);
    free(fake_end(&machine));
}

/* Each byte of ASCII, characters of two, three and four bytes, and a lone Escape. */
static void test_shell_pane__every_byte(void **state)
{
    static const char others[] = "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    char bytes[256], want[256];
    size_t n = 0, m = 0;
    struct seen s;

    (void)state;
    begin(&s);
    keep(&s);
    for (int c = 0; c < 0x80; c++) {
        if (c == 0x1b) /* begins what would be another key */
            continue;
        bytes[n++] = (char)c;
        if (c == 0x1d) /* the prefix twice is the prefix */
            bytes[n++] = (char)c;
        want[m++] = (char)c;
    }
    memcpy(bytes + n, others, strlen(others));
    memcpy(want + m, others, strlen(others));
    n += strlen(others);
    m += strlen(others);
    assert_int_equal(write(s.t.master, bytes, n), (ssize_t)n);
    assert_got(&s, want, m);
    seen_type(&s, "\x1b");
    want[m++] = 0x1b;
    assert_got(&s, want, m);
    leave(&s, "\x1d");
}

/* As xterm sends them while lxtop runs, and as the program gets them: those of a terminal in its first state. */
static const struct {
    const char *sent, *got;
} function_keys[] = {
    {"\x1bOA", "\x1b[A"}, {"\x1bOB", "\x1b[B"}, {"\x1bOC", "\x1b[C"}, {"\x1bOD", "\x1b[D"},
    {"\x1bOH", "\x1b[H"}, {"\x1bOF", "\x1b[F"}, {"\x1b[2~", "\x1b[2~"}, {"\x1b[3~", "\x1b[3~"},
    {"\x1b[5~", "\x1b[5~"}, {"\x1b[6~", "\x1b[6~"}, {"\x1bOP", "\x1bOP"}, {"\x1bOQ", "\x1bOQ"},
    {"\x1bOR", "\x1bOR"}, {"\x1bOS", "\x1bOS"}, {"\x1b[15~", "\x1b[15~"}, {"\x1b[17~", "\x1b[17~"},
    {"\x1b[18~", "\x1b[18~"}, {"\x1b[19~", "\x1b[19~"}, {"\x1b[20~", "\x1b[20~"}, {"\x1b[21~", "\x1b[21~"},
    {"\x1b[23~", "\x1b[23~"}, {"\x1b[24~", "\x1b[24~"}, {"\x1b[Z", "\x1b[Z"}, {"\x1b[1;5A", "\x1b[1;5A"},
    {"\x1b" "b", "\x1b" "b"},
};

static void test_shell_pane__function_keys(void **state)
{
    char want[512] = "";
    struct seen s;

    (void)state;
    begin(&s);
    keep(&s);
    for (size_t i = 0; i < ARRAY_SIZE(function_keys); i++) {
        seen_type(&s, function_keys[i].sent);
        strcat(want, function_keys[i].got);
        if (!has_got(&s, strlen(want)))
            fail_msg("of key %zu, ESC %s, not all came", i, function_keys[i].sent + 1);
    }
    assert_got(&s, want, strlen(want));
    leave(&s, "\x1d");
}

/* The size is that of the pane, and follows. */
static void test_shell_pane__resize(void **state)
{
    const struct winsize size = {.ws_row = 40, .ws_col = 132};
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "echo size $(stty size)\r");
    seen_wait(&s, "size 21 80");
    assert_int_equal(ioctl(s.t.master, TIOCSWINSZ, &size), 0);
    pane_resize(s.pane, 40, 132);
    grid_release(&s.grid);
    assert_int_equal(grid_init(&s.grid, 40, 132), 0);
    seen_type(&s, "while [ \"$(stty size)\" != '37 132' ]; do sleep 0.1; done; echo now it is\r");
    seen_wait(&s, "\nnow it is");
    leave(&s, "\x1d");
}

/* What is typed while the shell is still being reached waits for it. */
static void test_shell_pane__typed_ahead(void **state)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    struct seen s;

    (void)state;
    end_guest();
    seen_begin(&s, env, 24, 80);
    seen_wait(&s, "running");
    seen_type(&s, "w");
    seen_wait(&s, "lxtop's key");
    seen_type(&s, "echo ear''ly\r");
    start_guest(folder);
    seen_wait(&s, "early");
    leave(&s, "\x1d");
}

/* Two beside each other; what runs in them goes on while one looks elsewhere. */
static void test_shell_pane__several(void **state)
{
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "echo fir''st\r");
    seen_wait(&s, "first");
    seen_type(&s, "\x1d" "d");
    seen_wait(&s, "> a");
    seen_type(&s, "w");
    seen_wait(&s, "[2 a]");
    seen_type(&s, "echo sec''ond; x=kept\r");
    seen_wait(&s, "second");
    assert_null(strstr(seen_shown(&s), "first"));
    seen_type(&s, "\x1d" "1");
    seen_wait(&s, "first");
    seen_type(&s, "\x1d" "d");
    seen_wait(&s, "> a");
    seen_type(&s, "0\x1dn");
    seen_wait(&s, "second");
    seen_type(&s, "echo is $x\r");
    seen_wait(&s, "is kept");
    seen_type(&s, "\x1d" "x");
    seen_wait(&s, "[1 a]");
    leave(&s, "\x1d");
}

/* A line is taken in copy mode, and typed again. */
static void test_shell_pane__copy(void **state)
{
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "PS1='> '; clear; echo mar''ker\r");
    seen_wait(&s, "\nmarker");
    seen_type(&s, "\x1d" "c");
    seen_wait(&s, "copying");
    seen_type(&s, "k0 $\r");
    seen_wait(&s, "lxtop's key");
    seen_type(&s, "echo got-\x1dv\r");
    seen_wait(&s, "\ngot-marker");
    leave(&s, "\x1d");
}

/* Lines that have left the screen are there in copy mode; what runs goes on meanwhile. */
static void test_shell_pane__scrollback(void **state)
{
    struct seen s;

    (void)state;
    begin(&s);
    seen_type(&s, "seq -f 'line %g.' 1 200\r");
    seen_wait(&s, "line 200.");
    assert_null(strstr(seen_shown(&s), "line 3."));
    seen_type(&s, "\x1d" "c");
    seen_wait(&s, "copying");
    seen_type(&s, "g");
    seen_wait(&s, "line 3.");
    seen_type(&s, "q");
    seen_wait(&s, "line 200.");
    leave(&s, "\x1d");
}

/* A prefix of one's own: Ctrl-] is the program's then, and Ctrl-A lxtop's. */
static void test_shell_pane__a_prefix_of_ones_own(void **state)
{
    auto_free char *conf = file_path("%s/lxtop/lxtop.conf", folder);
    static const char text[] = "console = { prefix = \"Ctrl-A\"; };\n";
    struct err e = {0};
    struct seen s;

    (void)state;
    assert_ok(file_write_atomic(conf, text, strlen(text), 0600, &e), e);
    begin(&s);
    keep(&s);
    seen_type(&s, "\x1d\x01\x01");
    assert_got(&s, "\x1d\x01", 2);
    leave(&s, "\x01");
}

#define test(f) cmocka_unit_test_setup_teardown(f, start_machine, stop_machine)
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        test(test_shell_pane__every_byte),
        test(test_shell_pane__function_keys),
        test(test_shell_pane__resize),
        test(test_shell_pane__typed_ahead),
        test(test_shell_pane__several),
        test(test_shell_pane__copy),
        test(test_shell_pane__scrollback),
        test(test_shell_pane__a_prefix_of_ones_own),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
