/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a real screen reader says of lxtop: Fenrir, as Debian ships it, over the list, an install and text mode.
 * What it said is compared with tests/screens/fenrir-NAME.txt.
 *
 * The next key is typed when what it must say about the last has been said, and then for a second nothing more.  How
 * much of a frame Fenrir has read when it speaks is by its own clock, and on a busy machine it leaves out a row now and
 * then: a story that goes wrong is told again, not more than four times, and that is said.
 */
#include "tests/unit/as_lxtop.h"
#include "tests/unit/terminal.h"

#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#define HANGS 60        /* seconds: a test that hangs, not a slow machine */
#define LEFT_OUT 15     /* seconds of silence after the words that were waited for: what is missing will not come */
#define SILENT_MS 1000  /* it has no more to say: all that it says about a key comes at once */
#define TRIES 5

struct fenrir {
    struct terminal t;
    char *file;           /* what it says */
    size_t heard;         /* of that file */
    char *golden;         /* what it should say */
    unsigned sections;    /* of that, begun */
    char story[16384], last[1024];
    char before[1 << 14]; /* said before the story */
    char wrong[1 << 14];  /* what is wrong with the story; then no more of it is told */
};

static void fenrir_begin(struct fenrir *f, const char *surface, const char *name)
{
    static const struct winsize size = {.ws_row = 24, .ws_col = 80};
    auto_free char *path = file_path("%s/tests/screens/fenrir-%s.txt", getenv("TEST_ROOT"), name);
    struct err e = {0};
    auto_free char *script = file_path("%s/tests/unit/fenrir.py", getenv("TEST_ROOT"));

    *f = (struct fenrir){.file = file_path("%s/spoken", folder)};
    assert_ok(file_read(path, 1 << 20, &f->golden, NULL, &e), e);
    assert_int_equal(openpty(&f->t.master, &f->t.slave, NULL, NULL, &size), 0);
    f->t.pid = fork();
    assert_true(f->t.pid >= 0);
    if (f->t.pid == 0) {
        close(f->t.master);
        login_tty(f->t.slave);
        unsetenv("LD_PRELOAD");
        execl(script, "fenrir", f->file, getenv("TEST_SELF"), surface, NULL);
        _exit(99);
    }
}

static void __attribute__((format(printf, 2, 3))) goes_wrong(struct fenrir *f, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(f->wrong, sizeof(f->wrong), format, args);
    va_end(args);
}

static void tell_missing(struct fenrir *f, const char *text)
{
    auto_free char *all = NULL;

    file_read(f->file, 1 << 20, &all, NULL, NULL);
    goes_wrong(f, "Fenrir, which `make deps` gets, did not say \"%s\" but: %s", text, all && strlen(all) >= f->heard ? all + f->heard : "");
}

/* Reads what is drawn, so that nothing waits for room; nothing new is said for a while, or false: it says something. */
static bool quiet(struct fenrir *f, int ms)
{
    struct stat before, now;
    char bytes[4096];

    if (stat(f->file, &before) < 0)
        return false;
    for (; ms > 0; ms -= 10) {
        struct pollfd p = {.fd = f->t.master, .events = POLLIN};

        if (poll(&p, 1, 10) == 1 && read(f->t.master, bytes, sizeof(bytes)) <= 0)
            return true;
        if (stat(f->file, &now) < 0 || now.st_size != before.st_size)
            return false;
    }
    return true;
}

/* What it said since it was last asked, when that has `text` and it has fallen silent; the caller frees. */
static char *said(struct fenrir *f, const char *text)
{
    for (time_t begun = time(NULL); time(NULL) - begun < HANGS;) {
        bool silent = quiet(f, SILENT_MS);
        auto_free char *all = NULL;
        char *words;

        if (!silent || file_read(f->file, 1 << 20, &all, NULL, NULL) < 0 || strlen(all) < f->heard || !strstr(all + f->heard, text))
            continue;
        words = strdup(all + f->heard);
        f->heard = strlen(all);
        return words;
    }
    tell_missing(f, text);
    return NULL;
}

/*
 * Appends what was said, a line of the screen each: how many updates a frame comes in is the terminal's affair, and a
 * row read out when half of it was there is no other row.  Of the cell under the cursor it says that it has
 * a colour, or which character it is, or not, by the order in which cursor and text arrive.
 */
static void write_down(struct fenrir *f, char *words)
{
    char *rest = words, *part;
    int percent;

    for (char *p; (p = strstr(words, " , "));)
        memcpy(p, " \n ", 3);
    while ((part = strsep(&rest, "\n"))) {
        size_t len;

        part += strspn(part, " ,");
        for (len = strlen(part); len && strchr(" ,", part[len - 1]); len--)
            part[len - 1] = '\0';
        if (sscanf(part, "small install %d", &percent) == 1 || part[strspn(part, "0123456789")] == '\0')
            continue; /* how far it is depends on the clock */
        if (!*part || strcmp(part, ".") == 0 || strcmp(part, "has attribute") == 0 || strcmp(part, "greater") == 0 ||
            strcmp(part, "blank") == 0) /* a row of which nothing had come yet */
            continue;
        if (*f->last && strncmp(part, f->last, strlen(f->last)) == 0)
            f->story[strlen(f->story) - strlen(f->last) - 1] = '\0';
        snprintf(f->last, sizeof(f->last), "%s", part);
        snprintf(f->story + strlen(f->story), sizeof(f->story) - strlen(f->story), "%s\n", part);
    }
}

/* The folder of the test is another each time. */
static void settle_story(char *text)
{
    const char *name = strrchr(folder, '-') + 1;

    for (char *p; (p = strstr(text, name));)
        memcpy(p, "FOLDER", strlen("FOLDER"));
    settle(text);
}

/* Is `len` bytes of `line` a whole line of `text`, from *at on?  Then *at is behind it. */
static bool find_line(const char **at, const char *line, size_t len)
{
    for (const char *p = *at, *end; *p; p = end + 1) {
        end = strchrnul(p, '\n');
        if ((size_t)(end - p) == len && strncmp(p, line, len) == 0) {
            *at = *end ? end + 1 : end;
            return true;
        }
        if (!*end)
            break;
    }
    return false;
}

/* Where the golden file's part about the keys after these begins, or its end. */
static size_t golden_so_far(const struct fenrir *f)
{
    unsigned sections = 0;

    for (const char *line = f->golden; *line; line = strchrnul(line, '\n') + (*strchrnul(line, '\n') != '\0'))
        if (*line == '[' && ++sections > f->sections)
            return (size_t)(line - f->golden);
    return strlen(f->golden);
}

/*
 * What it has not said of that, or not then: a line of the golden file; NULL: all is said.  About a key, lines may come in
 * any order, since which of them are one frame depends on the clock.
 */
static const char *not_said(const struct fenrir *f, const char *said_lines)
{
    const char *at = said_lines, *key = NULL;

    for (const char *line = f->golden, *end; line < f->golden + golden_so_far(f); line = end + (*end != '\0')) {
        if (key)
            at = key;
        end = strchrnul(line, '\n');
        if (*line != '?' && !find_line(&at, line, (size_t)(end - line)))
            return line;
        if (*line == '[')
            key = at;
    }
    return NULL;
}

/* On a machine that is busy there is silence amid a sentence, too: all that must be said is waited for. */
static void hear_all(struct fenrir *f)
{
    const char *missing = NULL;

    for (time_t begun = time(NULL); time(NULL) - begun < LEFT_OUT;) {
        auto_free char *story = strdup(f->story), *words = NULL;

        settle_story(story);
        missing = not_said(f, story);
        if (!missing)
            return;
        words = said(f, "");
        if (!words)
            return;
        write_down(f, words);
    }
    goes_wrong(f, "not said, or not then: %.*s; said:\n%s", (int)strcspn(missing, "\n"), missing, f->story);
}

/* Whatever it says until then is no part of the story. */
static void pass_over(struct fenrir *f, const char *keys, const char *text)
{
    auto_free char *words = NULL;
    size_t len = strlen(f->before);

    if (*f->wrong)
        return;
    assert_int_equal(write(f->t.master, keys, strlen(keys)), (ssize_t)strlen(keys));
    words = said(f, text);
    if (words)
        snprintf(f->before + len, sizeof(f->before) - len, "%s", words);
}

/* Keys, and what it said about them. */
static void story(struct fenrir *f, const char *name, const char *keys, const char *text)
{
    size_t len = strlen(f->story);
    auto_free char *words = NULL;

    if (*f->wrong)
        return;
    if (name) {
        snprintf(f->story + len, sizeof(f->story) - len, "[%s]\n", name);
        strcpy(f->last, "[");
        f->sections++;
    }
    assert_int_equal(write(f->t.master, keys, strlen(keys)), (ssize_t)strlen(keys));
    words = said(f, text);
    if (words)
        write_down(f, words);
    if (name && words)
        hear_all(f);
}

/* The begin of a line of the golden file, and behind it what stood there before: read when half a frame had come. */
static bool is_half(const struct fenrir *f, const char *line)
{
    for (const char *g = f->golden; *g; g = strchrnul(g, '\n') + (*strchrnul(g, '\n') != '\0')) {
        const char *l = line;

        for (const char *c = g; *c && *c != '\n' && *l == *c; c++)
            l++;
        if (l > line && *l && (strstr(f->before, l) || strstr(f->golden, l)))
            return true;
    }
    return false;
}

/*
 * All of the golden file is said, in its order (a "?" before what may be), and nothing else but a line of it again, or
 * a part of one, or half of one: how much of
 * a frame Fenrir has seen when it speaks, and so what it repeats, is by the clock.
 */
static void check_story(struct fenrir *f)
{
    const char *missing = not_said(f, f->story);

    if (missing) {
        goes_wrong(f, "not said, or not then: %.*s; said:\n%s", (int)strcspn(missing, "\n"), missing, f->story);
        return;
    }
    for (const char *line = f->story, *end; *line; line = end + (*end != '\0')) {
        auto_free char *one = NULL;

        end = strchrnul(line, '\n');
        one = strndup(line, (size_t)(end - line));
        if (!strstr(f->golden, one) && !is_half(f, one)) {
            goes_wrong(f, "said, and nobody would want to hear it: %s; said:\n%s", one, f->story);
            return;
        }
    }
}

static void fenrir_end(struct fenrir *f)
{
    int status;

    if (!*f->wrong)
        hear_all(f);
    kill(f->t.pid, SIGTERM);
    close(f->t.slave);
    close(f->t.master);
    waitpid(f->t.pid, &status, 0);
    settle_story(f->story);
    if (!*f->wrong)
        check_story(f);
    free(f->file);
    free(f->golden);
}

/* The screen, of which nothing changes by itself. */
static void begin_held_still(struct fenrir *f, const char *name)
{
    fenrir_begin(f, "--surface", name);
    pass_over(f, "", "alpine stopped");
    pass_over(f, "Z", "Figures are held still");
}

/* With all figures held still, moving says rows, whole and with their state, and nothing else is ever said. */
static void tell_the_list(struct fenrir *f)
{
    make_distro("alpine", NULL);
    make_distro("debian", "{\"state\": \"running\", \"reason\": \"panic\", \"detail\": \"no init\"}");
    make_distro("fedora", NULL);
    begin_held_still(f, "list");
    story(f, "j", "j", "debian failed");
    story(f, "j", "j", "fedora stopped");
    story(f, "k", "k", "debian failed");
    story(f, "x", "x", "stopped already");
    story(f, "d", "d", "Remove debian");
    story(f, "n Enter", "n\r", "not removed"); /* Fenrir keeps Escape for itself */
    story(f, "g", "g", "alpine stopped");
    fenrir_end(f);
}

/* An install on the screen: from the list of sources to the new row. */
static void tell_an_install(struct fenrir *f)
{
    /* so large that the install is seen to run, whatever the machine */
    assert_int_equal(shell("head -c 64M /dev/urandom > '%s/tree/large' && tar -C '%s/tree' -cf '%s/small.tar' .", folder, folder, folder), 0);
    make_distro("alpine", NULL);
    begin_held_still(f, "install");
    story(f, "i", "i", "small.tar");
    story(f, "j", "j", "small.tar");
    story(f, "Enter", "\r", "Install with all");
    story(f, "Enter", "\r", "small stopped");
    fenrir_end(f);
}

/* Text mode: every line in its order, whole, once. */
static void tell_text_mode(struct fenrir *f)
{
    make_distro("alpine", NULL);
    fenrir_begin(f, "--text", "text");
    pass_over(f, "", "Command, or h for help");
    story(f, NULL, "list\r", "alpine: stopped");
    story(f, NULL, "install ~/tree small\r", "small is installed");
    story(f, NULL, "stop\r", "there is no distro");
    story(f, NULL, "remove\r", "Number or name");
    story(f, NULL, "1\r", "Type alpine");
    story(f, NULL, "y\r", "Nothing was removed");
    fenrir_end(f);
}

static void told(void (*tell)(struct fenrir *f))
{
    for (int tries = 1;; tries++) {
        struct fenrir f;

        tell(&f);
        if (!*f.wrong)
            return;
        if (tries == TRIES)
            fail_msg("%s", f.wrong);
        print_message("# told again, since %.*s\n", (int)strcspn(f.wrong, "\n"), f.wrong);
        tear_down(NULL);
        set_up(NULL);
    }
}

static void test_fenrir__the_list(void **state)
{
    (void)state;
    told(tell_the_list);
}

static void test_fenrir__an_install(void **state)
{
    (void)state;
    told(tell_an_install);
}

static void test_fenrir__text_mode(void **state)
{
    (void)state;
    told(tell_text_mode);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_fenrir__the_list),
        as_lxtop_test(test_fenrir__an_install),
        as_lxtop_test(test_fenrir__text_mode),
    };
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    auto_free char *fenrir = cache && *cache ? file_path("%s/lxtop", cache) : file_path("%s/.cache/lxtop", home ? home : "");
    char here[4096];
    int status;

    setenv("TEST_CACHE", fenrir, 0); /* the tests have a HOME of their own */
    if (getcwd(here, sizeof(here)))
        setenv("TEST_ROOT", here, 0);
    status = as_lxtop_main(argc, argv);
    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
