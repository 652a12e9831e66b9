/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/agent_link.h"

#include "tests/unit/fixture.h"

struct world {
    struct agent_link link;
    char heard[8192]; /* "word[argument]" for each event */
};

static void hear(void *ctx, const char *word, const char *argument)
{
    struct world *w = ctx;
    size_t len = strlen(w->heard);

    snprintf(w->heard + len, sizeof(w->heard) - len, "%s[%s]", word, argument);
}

static void on_phase(void *ctx, enum ctl_phase phase)
{
    hear(ctx, "phase", phase == PHASE_ROOT ? "root" : "?");
}
static void on_init(void *ctx, const char *name)
{
    hear(ctx, "init", name);
}
static void on_ready(void *ctx, const char *word)
{
    hear(ctx, "ready", word);
}
static void on_note(void *ctx, const char *text)
{
    hear(ctx, "note", text);
}
static void on_conf(void *ctx, const char *text)
{
    hear(ctx, "conf", text);
}
static void on_export(void *ctx, bool on)
{
    hear(ctx, "export", on ? "on" : "off");
}
static void on_listen(void *ctx, uint16_t port, bool on)
{
    char text[32];

    snprintf(text, sizeof(text), "%u %s", port, on ? "on" : "off");
    hear(ctx, "listen", text);
}
static void on_frozen(void *ctx, bool yes)
{
    hear(ctx, "frozen", yes ? "yes" : "no");
}
static void on_down(void *ctx)
{
    hear(ctx, "down", "");
}
static void on_fail(void *ctx, const char *text)
{
    hear(ctx, "fail", text);
}

static const struct agent_link_events events = {on_phase, on_init, on_ready, on_export,
                                                on_note,  on_listen, on_frozen, on_conf, on_down, on_fail};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->link.events = &events;
    w->link.ctx = w;
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void say(struct world *w, const char *text)
{
    agent_link_output(&w->link, text, strlen(text));
}

static void test_output__ports_are_numbers_in_their_range(void **state)
{
    struct world *w = *state;

    say(w, "listen 1\nlisten 65535\nunlisten 8080\n");
    assert_string_equal(w->heard, "listen[1 on]listen[65535 on]listen[8080 off]");
    assert_int_equal(w->link.dropped, 0);
    say(w, "listen\nlisten 0\nlisten 65536\nlisten -1\nlisten 80x\nlisten  80\nlisten +80\n"
           "unlisten 99999999999999999999999\nlisten 080\n");
    assert_string_equal(w->heard, "listen[1 on]listen[65535 on]listen[8080 off]");
    assert_int_equal(w->link.dropped, 9);
}

static void test_output__every_word_is_an_event(void **state)
{
    struct world *w = *state;

    say(w, "phase root\ninit systemd\nready degraded\nexport on\nnote the journal was recovered\n"
           "conf 0 user.default=eve\nexport off\ndown\nfail no init\n");
    assert_string_equal(w->heard, "phase[root]init[systemd]ready[degraded]export[on]"
                                  "note[the journal was recovered]conf[0 user.default=eve]export[off]down[]fail[no init]");
    assert_int_equal(w->link.dropped, 0);
}

static void test_output__lines_may_come_in_any_pieces(void **state)
{
    struct world *w = *state;
    const char *text = "note a b\nfrozen yes\nfrozen maybe\nready running\n";

    for (; *text; text++)
        agent_link_output(&w->link, text, 1);
    assert_string_equal(w->heard, "note[a b]frozen[yes]frozen[no]ready[running]");
}

static void test_output__other_words_are_dropped_and_counted(void **state)
{
    struct world *w = *state;

    say(w, "\nREADY x\nreadyx y\nread\n ready\nphase kernel\nphase\n");
    assert_string_equal(w->heard, "");
    assert_int_equal(w->link.dropped, 5); /* an unknown phase is a known word */
    say(w, "ready\n");
    assert_string_equal(w->heard, "ready[]");
}

static void test_output__arguments_are_printable(void **state)
{
    struct world *w = *state;
    static const char hostile[] = "note \033[2J\a\r\0\x7f\xff\xc3\xa4!\n";

    agent_link_output(&w->link, hostile, sizeof(hostile) - 1);
    assert_string_equal(w->heard, "note[?[2J???????" /* no trigraph */ "!]");
}

static void test_output__longest_line_is_taken_a_longer_is_not(void **state)
{
    struct world *w = *state;
    char line[AGENT_LINE_MAX + 1];

    memset(line, 'x', sizeof(line));
    memcpy(line, "note ", 5);
    line[AGENT_LINE_MAX - 1] = '\n'; /* AGENT_LINE_MAX bytes with it */
    agent_link_output(&w->link, line, AGENT_LINE_MAX);
    assert_int_equal(strlen(w->heard), strlen("note[]") + AGENT_LINE_MAX - 1 - 5);
    w->heard[0] = '\0';
    line[AGENT_LINE_MAX - 1] = 'x';
    line[AGENT_LINE_MAX] = '\n';
    agent_link_output(&w->link, line, AGENT_LINE_MAX + 1);
    assert_string_equal(w->heard, "");
    assert_int_equal(w->link.dropped, 1);
    for (int i = 0; i < 100; i++) /* one line, however long */
        agent_link_output(&w->link, line, AGENT_LINE_MAX);
    say(w, "\nready running\n");
    assert_int_equal(w->link.dropped, 2);
    assert_string_equal(w->heard, "ready[running]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_output__ports_are_numbers_in_their_range),
        TEST(test_output__every_word_is_an_event),
        TEST(test_output__lines_may_come_in_any_pieces),
        TEST(test_output__other_words_are_dropped_and_counted),
        TEST(test_output__arguments_are_printable),
        TEST(test_output__longest_line_is_taken_a_longer_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
