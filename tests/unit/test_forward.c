/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/forward.h"

#include "tests/unit/fixture.h"

#include <errno.h>

static void test_parse__takes_what_format_writes(void **state)
{
    static const char *const texts[][2] = {
        {"8080:80", NULL},
        {"1:65535/udp", NULL},
        {"0.0.0.0:22:22", NULL},
        {"[::1]:8080:80", NULL},
        {"[::]:53:5353/udp", NULL},
        {"8080:80/tcp", "8080:80"},
        {"127.0.0.1:8080:80", "8080:80"},
        {"[0:0:0:0:0:0:0:1]:1:2", "[::1]:1:2"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535:65535/udp",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535:65535/udp"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char back[FORWARD_TEXT_MAX];
        struct forward f;
        struct err e = {0};

        assert_ok(forward_parse(texts[i][0], &f, &e), e);
        forward_format(&f, back);
        assert_string_equal(back, texts[i][1] ? texts[i][1] : texts[i][0]);
    }
}

static void test_parse__fields_are_what_they_say(void **state)
{
    struct forward f;

    (void)state;
    assert_int_equal(forward_parse("10.1.2.3:8080:80/udp", &f, NULL), 0);
    assert_true(f.udp);
    assert_false(f.v6);
    assert_memory_equal(f.host, "\x0a\x01\x02\x03", 4);
    assert_int_equal(f.host_port, 8080);
    assert_int_equal(f.guest_port, 80);
}

static void test_parse__refuses_anything_else(void **state)
{
    static const char *const texts[] = {
        "", "80", ":", "80:", ":80", "0:80", "80:0", "65536:80", "80:65536", "+80:80", " 80:80", "80:80 ",
        "80:80/sctp", "80:80/", "host:80:80", "127.0.0.1:80", "::1:80:80", "[::1:80:80", "::1]:80:80",
        "[]:80:80", "[127.0.0.1]:80:80", "1.2.3:80:80", "80:80/udp/udp", "-1:80", "080080:80",
        "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535:65535/udp",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct forward f;
        struct err e = {0};

        if (forward_parse(texts[i], &f, &e) != -EINVAL)
            fail_msg("taken: %s", texts[i]);
        assert_true(strlen(e.msg) > 10);
    }
}

static void test_list__separators_and_its_own_text(void **state)
{
    struct forward list[FORWARDS_MAX];
    char *text;

    (void)state;
    assert_int_equal(forwards_parse("", list, NULL), 0);
    assert_int_equal(forwards_parse(" 1:1;2:2 ;; 3:3/udp; ", list, NULL), 3);
    text = forwards_format(list, 3);
    assert_string_equal(text, "1:1; 2:2; 3:3/udp");
    free(text);
    text = forwards_format(list, 0);
    assert_string_equal(text, "");
    free(text);
}

static void test_list__one_port_of_the_host_once(void **state)
{
    struct forward list[FORWARDS_MAX];
    struct err e = {0};

    (void)state;
    assert_int_equal(forwards_parse("80:1; 127.0.0.1:80:2", list, &e), -EINVAL);
    assert_says(e, "already");
    assert_int_equal(forwards_parse("80:1; 80:1/udp; 127.0.0.2:80:1; [::1]:80:1", list, &e), 4);
}

static void test_list__no_more_than_its_room(void **state)
{
    struct forward list[FORWARDS_MAX];
    char text[4096] = "";
    struct err e = {0};

    (void)state;
    for (int i = 1; i <= FORWARDS_MAX; i++)
        sprintf(text + strlen(text), "%d:1;", i);
    assert_int_equal(forwards_parse(text, list, &e), FORWARDS_MAX);
    strcat(text, "999:1");
    assert_int_equal(forwards_parse(text, list, &e), -EINVAL);
    assert_says(e, "at most");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__takes_what_format_writes),
        cmocka_unit_test(test_parse__fields_are_what_they_say),
        cmocka_unit_test(test_parse__refuses_anything_else),
        cmocka_unit_test(test_list__separators_and_its_own_text),
        cmocka_unit_test(test_list__one_port_of_the_host_once),
        cmocka_unit_test(test_list__no_more_than_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
