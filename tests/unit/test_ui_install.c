/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Installing from the screen: the source, the form, and what is asked again. */
#include "tests/unit/ui_world.h"

static void test_install__source_then_name(void **state)
{
    struct ui_request r;

    (void)state;
    begin(scene_every_state);
    type("iG\n");
    assert_string_equal(l.ui.prompt.line, "");
    press(0xe4); /* a-umlaut */
    press(0x4f60);
    press(0x1f600);
    press(K_BACKSPACE);
    type("x\n");
    assert_string_equal(l.ui.form.source, "\xc3\xa4\xe4\xbd\xa0x");
    type("gj\nnew\n"); /* its name */
    type("j\n2G\n");    /* its memory */
    r = type("G\n");
    assert_op(r, OP_INSTALL, FLAG_NAME, "new");
    assert_string_equal(r.args.source, "\xc3\xa4\xe4\xbd\xa0x");
    assert_string_equal(r.args.setting[OPT_MEMORY], "2G");
    assert_null(r.args.setting[OPT_CPUS]);
    assert_int_equal(l.ui.view, VIEW_DISTROS);
    model_row(&l.model, "new"); /* its row comes when the install has begun */
    press(K_NONE);
    assert_string_equal(selected(), "new");
}

static char *suggest(void *ctx, const char *source)
{
    (void)ctx;
    return strcmp(source, "busybox") == 0 ? strdup("busybox") : NULL;
}

static void test_install__a_source_in_the_home_folder(void **state)
{
    (void)state;
    setenv("HOME", "/home/somebody", 1);
    begin(scene_every_state);
    type("iG\n~/debian.tar\n");
    assert_string_equal(l.ui.form.source, "/home/somebody/debian.tar");
    press(K_ESC);
    type("G\n~debian/debian.tar\n"); /* nobody else's */
    assert_string_equal(l.ui.form.source, "~debian/debian.tar");
}

/* The quick way: three keys. */
static void test_install__enter_enter(void **state)
{
    (void)state;
    begin(scene_every_state);
    l.ui.suggest = suggest;
    assert_op(type("i\n\n"), OP_INSTALL, FLAG_NAME, "busybox");
}

static void test_install__a_bad_name_is_asked_again(void **state)
{
    (void)state;
    begin(scene_every_state);
    l.ui.suggest = suggest;
    type("i\ngj\n");
    press(K_CTRL('u'));
    type("Bad\n");
    assert_non_null(l.ui.prompt.answer);
    assert_non_null(strstr(l.ui.hint, "no name for a distro"));
    press(K_CTRL('u'));
    type("debian\n");
    assert_non_null(strstr(l.ui.hint, "already"));
    press(K_CTRL('u'));
    type("good\n");
    assert_op(type("G\n"), OP_INSTALL, FLAG_NAME, "good");
}

static void test_install__a_bad_setting_is_asked_again(void **state)
{
    (void)state;
    begin(scene_every_state);
    type("i\ngjj\nmuch\n");
    assert_non_null(l.ui.prompt.answer);
    assert_non_null(strstr(l.ui.hint, "memory"));
    press(K_ESC);
    assert_string_equal(l.ui.form.setting[OPT_MEMORY], "");
}

static void test_install__nothing_or_escape(void **state)
{
    (void)state;
    begin(scene_every_state);
    assert_hint(type("iG\n\n"), "Nothing is installed.");
    press('\n');
    assert_hint(press(K_ESC), "Nothing was changed.");
    assert_null(l.ui.prompt.answer);
    press(K_ESC);
    assert_int_equal(l.ui.view, VIEW_DISTROS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_install__source_then_name),
        cmocka_unit_test(test_install__a_source_in_the_home_folder),
        cmocka_unit_test(test_install__enter_enter),
        cmocka_unit_test(test_install__a_bad_name_is_asked_again),
        cmocka_unit_test(test_install__a_bad_setting_is_asked_again),
        cmocka_unit_test(test_install__nothing_or_escape),
    };

    return ui_run(tests);
}
