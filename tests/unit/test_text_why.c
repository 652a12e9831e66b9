/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fixture.h"

#include "core/base/auto.h"
#include "tui/term.h"
#include "tui/text_why.h"

#define SCREEN .in_terminal = true, .out_terminal = true, .term = "xterm"

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
    {{.out_terminal = true, .term = "xterm"}, "standard input is no terminal"},
    {{.term = "xterm", .lxtop_text = "0"}, "standard output is no terminal"}, /* no wish makes a screen of a pipe */
    {{.in_terminal = true, .out_terminal = true}, "TERM is not set"},
    {{.in_terminal = true, .out_terminal = true, .term = ""}, "TERM is not set"},
    {{.in_terminal = true, .out_terminal = true, .term = "dumb", .kind = TERM_WITHOUT_CURSOR},
     "the terminal is of type dumb, and its cursor cannot be placed"},
    {{.in_terminal = true, .out_terminal = true, .term = "x\x1b[2Jy", .kind = TERM_WITHOUT_CURSOR},
     "the terminal is of type xy, and its cursor cannot be placed"},
    {{.in_terminal = true, .out_terminal = true, .term = "xterm-kitty", .kind = TERM_UNKNOWN},
     "the terminal is of type xterm-kitty, and this host's terminfo does not know that"},
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
    enum term_kind kind;
} types[] = {
    {"xterm-256color", TERM_PLACES_CURSOR}, {"xterm", TERM_PLACES_CURSOR},  {"tmux-256color", TERM_PLACES_CURSOR}, {"screen-256color", TERM_PLACES_CURSOR}, {"screen", TERM_PLACES_CURSOR},
    {"linux", TERM_PLACES_CURSOR},          {"vt100", TERM_PLACES_CURSOR},  {"vt220", TERM_PLACES_CURSOR},         {"rxvt", TERM_PLACES_CURSOR},            {"rxvt-unicode-256color", TERM_PLACES_CURSOR},
    {"ansi", TERM_PLACES_CURSOR},           {"dumb", TERM_WITHOUT_CURSOR},  {"unknown", TERM_UNKNOWN},      {"no-such-terminal", TERM_UNKNOWN}, {"", TERM_UNKNOWN},
};

static void test_term__which_can_place_the_cursor(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        setenv("TERM", types[i].term, 1);
        if (term_kind() != types[i].kind)
            fail_msg("TERM=%s", types[i].term);
    }
    unsetenv("TERM");
    assert_int_equal(term_kind(), TERM_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_why__in_its_order),
        cmocka_unit_test(test_term__which_can_place_the_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
