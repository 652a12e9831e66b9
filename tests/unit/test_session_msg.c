/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/session_msg.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

static void give(struct session_reader *r, const void *p, size_t len)
{
    const uint8_t *at = p;

    while (len > 0) {
        size_t room, n;
        uint8_t *to = session_reader_space(r, &room);

        assert_non_null(to);
        n = len < room ? len : room;
        memcpy(to, at, n);
        session_reader_filled(r, n);
        at += n;
        len -= n;
    }
}

/* What a reader of `side` says of a frame of this type and this length, all of it there. */
static int judge(enum session_side side, uint32_t type, uint32_t len, uint32_t given)
{
    struct session_reader r = {.side = side};
    auto_free uint8_t *bytes = calloc(1, SESSION_HEADER + given);
    struct session_frame f;
    int rc;

    session_header(bytes, (enum session_type)type, len);
    give(&r, bytes, SESSION_HEADER + given);
    rc = session_reader_next(&r, &f);
    session_reader_release(&r);
    return rc;
}

static void test_session_reader__judges_type_side_and_length(void **state)
{
    static const struct {
        enum session_side side;
        enum session_type type;
        uint32_t min, max;
    } rows[] = {
        {SESSION_GUEST, SESSION_START, 22, SESSION_START_MAX}, {SESSION_GUEST, SESSION_STDIN, 0, SESSION_DATA_MAX},
        {SESSION_GUEST, SESSION_RESIZE, 4, 4},                 {SESSION_GUEST, SESSION_SIGNAL, 4, 4},
        {SESSION_HOST, SESSION_STDOUT, 1, SESSION_DATA_MAX},   {SESSION_HOST, SESSION_STDERR, 1, SESSION_DATA_MAX},
        {SESSION_HOST, SESSION_ROOM, 4, 4},                    {SESSION_HOST, SESSION_EXIT, 8, 8},
        {SESSION_HOST, SESSION_FAIL, 0, ERR_MSG_SIZE},
    };

    (void)state;
    assert_int_equal(ARRAY_SIZE(rows), SESSION_TYPES - 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_int_equal(judge(rows[i].side, rows[i].type, rows[i].min, rows[i].min), 1);
        assert_int_equal(judge(rows[i].side, rows[i].type, rows[i].max, rows[i].max), 1);
        assert_int_equal(judge(rows[i].side, rows[i].type, rows[i].max + 1, 0), -EPROTO);
        if (rows[i].min > 0) {
            assert_int_equal(judge(rows[i].side, rows[i].type, rows[i].min - 1, rows[i].min - 1), -EPROTO);
            assert_int_equal(judge(rows[i].side, rows[i].type, rows[i].min, rows[i].min - 1), 0);
        }
        assert_int_equal(judge(rows[i].side == SESSION_HOST ? SESSION_GUEST : SESSION_HOST, rows[i].type,
                               rows[i].min, rows[i].min), -EPROTO);
    }
    assert_int_equal(judge(SESSION_GUEST, 0, 0, 0), -EPROTO);
    assert_int_equal(judge(SESSION_GUEST, SESSION_TYPES, 0, 0), -EPROTO);
    assert_int_equal(judge(SESSION_GUEST, UINT32_MAX, UINT32_MAX, 0), -EPROTO);
}

static struct session_start sample(char **env, char **argv)
{
    return (struct session_start){.flags = SESSION_TTY | SESSION_CWD_MUST, .rows = 24, .cols = 300,
                                  .user = "eve", .cwd = "/a b", .env = env, .argv = argv};
}

static void test_session_start__comes_through_whole_and_byte_by_byte(void **state)
{
    char *env[] = {"A=1", "B=", NULL}, *argv[] = {"ls", "", "-l\n", NULL};
    struct session_start s = sample(env, argv), got;
    struct session_reader r = {.side = SESSION_GUEST};
    struct session_frame f;
    struct err e = {0};
    size_t len;
    auto_free uint8_t *frame = session_put_start(&s, &len, &e);

    (void)state;
    for (size_t i = 0; i + 1 < len; i++) {
        give(&r, frame + i, 1);
        assert_int_equal(session_reader_next(&r, &f), 0);
    }
    give(&r, frame + len - 1, 1);
    assert_int_equal(session_reader_next(&r, &f), 1);
    assert_ok(session_get_start(&f, &got, &e), e);
    assert_int_equal(got.flags, s.flags);
    assert_int_equal(got.rows, 24);
    assert_int_equal(got.cols, 300);
    assert_string_equal(got.user, "eve");
    assert_string_equal(got.cwd, "/a b");
    for (int i = 0; i < 2; i++)
        assert_string_equal(got.env[i], env[i]);
    assert_null(got.env[2]);
    for (int i = 0; i < 3; i++)
        assert_string_equal(got.argv[i], argv[i]);
    assert_null(got.argv[3]);
    session_start_release(&got);
    session_reader_release(&r);
}

static void test_session_start__every_cut_and_every_byte_too_many_is_refused(void **state)
{
    char *env[] = {"A=1", NULL}, *argv[] = {"ls", NULL};
    struct session_start s = sample(env, argv), got;
    struct err e = {0};
    size_t len;
    auto_free uint8_t *frame = session_put_start(&s, &len, &e);
    auto_free uint8_t *longer = calloc(1, len + 1);
    struct session_frame f = {SESSION_START, frame + SESSION_HEADER, 0};

    (void)state;
    for (; f.len < len - SESSION_HEADER; f.len++)
        assert_int_equal(session_get_start(&f, &got, &e), -EPROTO);
    assert_int_equal(session_get_start(&f, &got, &e), 0);
    session_start_release(&got);
    memcpy(longer, frame, len);
    f = (struct session_frame){SESSION_START, longer + SESSION_HEADER, len + 1 - SESSION_HEADER};
    assert_int_equal(session_get_start(&f, &got, &e), -EPROTO);
    frame[SESSION_HEADER]++; /* the version */
    f = (struct session_frame){SESSION_START, frame + SESSION_HEADER, len - SESSION_HEADER};
    assert_int_equal(session_get_start(&f, &got, &e), -EPROTO);
    assert_says(e, "another version");
}

/* Counts that no frame has room for must not be believed. */
static void test_session_start__counts_are_bounded(void **state)
{
    static const uint32_t counts[] = {SESSION_STRINGS_MAX + 1, 0x7fffffff, UINT32_MAX};
    uint8_t bytes[22] = {SESSION_VERSION};
    struct session_frame f = {SESSION_START, bytes, sizeof(bytes)};
    struct session_start got;

    (void)state;
    assert_int_equal(session_get_start(&f, &got, NULL), 0);
    session_start_release(&got);
    for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
        for (int at = 12; at <= 16; at += 4) {
            memset(bytes + 12, 0, 8);
            memcpy(bytes + at, &counts[i], 4);
            assert_int_equal(session_get_start(&f, &got, NULL), -EPROTO);
        }
}

static void test_session_put_start__what_is_too_long(void **state)
{
    auto_free char *text = malloc(SESSION_START_MAX);
    auto_free char **many = calloc(SESSION_STRINGS_MAX + 2, sizeof(*many));
    char *none[] = {NULL}, *argv[] = {text, NULL};
    struct session_start s = {.user = "", .cwd = "", .env = none, .argv = argv};
    struct err e = {0};
    uint8_t *frame;
    size_t len;

    (void)state;
    memset(text, 'x', SESSION_START_MAX);
    text[SESSION_START_MAX - 23] = '\0'; /* 20 fixed, two empty texts, and its own NUL: just fits */
    frame = session_put_start(&s, &len, &e);
    assert_non_null(frame);
    assert_int_equal(len, SESSION_HEADER + SESSION_START_MAX);
    free(frame);
    text[SESSION_START_MAX - 23] = 'x';
    text[SESSION_START_MAX - 22] = '\0';
    assert_null(session_put_start(&s, &len, &e));
    assert_int_equal(e.code, E2BIG);
    for (unsigned i = 0; i < SESSION_STRINGS_MAX; i++)
        many[i] = "";
    s.argv = many;
    frame = session_put_start(&s, &len, &e);
    assert_non_null(frame);
    free(frame);
    many[SESSION_STRINGS_MAX] = "";
    assert_null(session_put_start(&s, &len, &e));
}

static void test_session_frames__small_ones(void **state)
{
    struct session_reader r = {.side = SESSION_GUEST};
    uint8_t frame[SESSION_SMALL];
    struct session_frame f;
    uint16_t rows, cols;
    uint32_t value;
    bool killed;

    (void)state;
    give(&r, frame, session_put_resize(frame, 0x1234, 0xfedc));
    give(&r, frame, session_put_number(frame, SESSION_SIGNAL, 0x89abcdef));
    assert_int_equal(session_reader_next(&r, &f), 1);
    session_get_resize(&f, &rows, &cols);
    assert_int_equal(rows, 0x1234);
    assert_int_equal(cols, 0xfedc);
    assert_int_equal(session_reader_next(&r, &f), 1);
    assert_true(session_get_number(&f) == 0x89abcdef);
    assert_int_equal(session_reader_next(&r, &f), 0);
    session_reader_release(&r);
    r.side = SESSION_HOST;
    give(&r, frame, session_put_exit(frame, true, 9));
    assert_int_equal(session_reader_next(&r, &f), 1);
    session_get_exit(&f, &killed, &value);
    assert_true(killed);
    assert_int_equal(value, 9);
    session_reader_release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_reader__judges_type_side_and_length),
        cmocka_unit_test(test_session_start__comes_through_whole_and_byte_by_byte),
        cmocka_unit_test(test_session_start__every_cut_and_every_byte_too_many_is_refused),
        cmocka_unit_test(test_session_start__counts_are_bounded),
        cmocka_unit_test(test_session_put_start__what_is_too_long),
        cmocka_unit_test(test_session_frames__small_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
