/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include "core/base/auto.h"
#include "tui/term.h"
#include "tui/text_why.h"

#define SCREEN .in_terminal = true, .out_terminal = true, .term = "xterm", .cursor = true

static const struct {
    struct text_facts facts;
    const char *why; /* NULL: the screen */
} cases[] = {
    {{SCREEN}, NULL},
    {{SCREEN, .flag = true}, "asked for by --text"},
    {{SCREEN, .flag = true, .lxtop_text = "0"}, "asked for by --text"},
    {{SCREEN, .lxtop_text = "1"}, "asked for by LXTOP_TEXT in the environment"},
    {{SCREEN, .lxtop_text = "yes", .accessible = "0"}, "asked for by LXTOP_TEXT in the environment"},
    {{SCREEN, .accessible = "1"}, "asked for by ACCESSIBLE in the environment"},
    {{SCREEN, .accessible = "", .lxtop_text = ""}, NULL},
    {{SCREEN, .accessible = "false"}, NULL},
    {{SCREEN, .setting = true}, "asked for by the setting text of the console"},
    {{SCREEN, .setting = true, .lxtop_text = "off"}, NULL},
    {{SCREEN, .setting = true, .accessible = "0"}, NULL},
    {{SCREEN, .accessible = "1", .lxtop_text = "0"}, NULL},
    {{.in_terminal = true, .term = "xterm"}, "standard output is no terminal"},
    {{.out_terminal = true, .term = "xterm", .cursor = true}, "standard input is no terminal"},
    {{.term = "xterm", .lxtop_text = "0"}, "standard output is no terminal"}, /* no wish makes a screen of a pipe */
    {{.in_terminal = true, .out_terminal = true}, "TERM is not set"},
    {{.in_terminal = true, .out_terminal = true, .term = ""}, "TERM is not set"},
    {{.in_terminal = true, .out_terminal = true, .term = "dumb"},
     "the terminal is of type dumb, and its cursor cannot be placed"},
    {{.in_terminal = true, .out_terminal = true, .term = "x\x1b[2Jy"},
     "the terminal is of type xy, and its cursor cannot be placed"},
};

static void test_text_why__in_its_order(void **state)
{
    char why[TEXT_WHY];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        bool text = text_why(&cases[i].facts, why);

        if (text != (cases[i].why != NULL) || strcmp(why, cases[i].why ? cases[i].why : "") != 0)
            fail_msg("case %zu: %d \"%s\"", i, text, why);
    }
}

/* Of the terminal types that people have, only these cannot place their cursor. */
static const struct {
    const char *term;
    bool can;
} types[] = {
    {"xterm-256color", true}, {"xterm", true},  {"tmux-256color", true}, {"screen-256color", true}, {"screen", true},
    {"linux", true},          {"vt100", true},  {"vt220", true},         {"rxvt", true},            {"rxvt-unicode-256color", true},
    {"ansi", true},           {"dumb", false},  {"unknown", false},      {"no-such-terminal", false}, {"", false},
};

static void test_term__which_can_place_the_cursor(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        setenv("TERM", types[i].term, 1);
        if (term_can_place_cursor() != types[i].can)
            fail_msg("TERM=%s", types[i].term);
    }
    unsetenv("TERM");
    assert_false(term_can_place_cursor());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_why__in_its_order),
        cmocka_unit_test(test_term__which_can_place_the_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
