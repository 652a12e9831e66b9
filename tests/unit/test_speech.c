/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a screen reader says of the console: a model of those that follow the hardware cursor, as BRLTTY does by
 * itself: it reads the row that the cursor comes to, and the cursor's row again when its text changes.  Attributes
 * and colours do not exist for it.
 */
#include "tests/unit/screen.h"

struct reader {
    int row;
    char line[256], spoken[8192];
};

/* The row under the cursor, blanks drawn together. */
static void row_text(struct seen *s, char *to, size_t size)
{
    const char *row = seen_shown(s);
    size_t used = 0;

    for (int i = 0; i < s->grid.cursor_row; i++)
        row = strchr(row, '\n') + 1;
    for (; *row && *row != '\n' && used + 1 < size; row++)
        if (*row != ' ' || (used && to[used - 1] != ' '))
            to[used++] = *row;
    to[used] = '\0';
}

static void read_out(struct reader *r, struct seen *s)
{
    char line[256];

    row_text(s, line, sizeof(line));
    if (s->grid.cursor_row == r->row && strcmp(line, r->line) == 0)
        return;
    r->row = s->grid.cursor_row;
    strcpy(r->line, line);
    snprintf(r->spoken + strlen(r->spoken), sizeof(r->spoken) - strlen(r->spoken), "%s\n", line);
}

#define CHANGES_MAX 100 /* of the screen, whose figures go on */

/* Types, and listens once the cursor rests on the name of a row that begins with this. */
static void listen_to(struct reader *r, struct seen *s, const char *keys, const char *until)
{
    char line[256];

    seen_type(s, keys);
    row_text(s, line, sizeof(line));
    for (int i = 0; s->grid.cursor_col != 2 || strncmp(line, until, strlen(until)) != 0; i++) {
        if (i == CHANGES_MAX || !seen_read(s))
            fail_msg("no cursor at \"%s\" but in column %d of \"%s\"", until, s->grid.cursor_col, line);
        row_text(s, line, sizeof(line));
    }
    read_out(r, s);
}

/* Moving says the row one comes to, from its mark on; nothing else is said, the meters of the head neither. */
static void test_speech__the_list(void **state)
{
    static const char *const env[] = {"TERM=xterm-256color", NULL};
    struct reader r = {.row = -1};
    struct seen s;

    (void)state;
    make_distro("alpine", NULL);
    make_distro("debian", NULL);
    make_distro("fedora", NULL);
    seen_begin(&s, env, 24, 80);
    listen_to(&r, &s, "", "> alpine stopped - - 512M - - -");
    listen_to(&r, &s, "j", "> debian");
    for (int i = 0; i < 3; i++) /* the head's figures change meanwhile */
        if (poll(&(struct pollfd){.fd = s.t.master, .events = POLLIN}, 1, 1100) == 1) {
            seen_read(&s);
            listen_to(&r, &s, "", "> debian");
        }
    listen_to(&r, &s, "j", "> fedora");
    listen_to(&r, &s, "k", "> debian");
    assert_string_equal(r.spoken, "> alpine stopped - - 512M - - -\n> debian stopped - - 512M - - -\n"
                                  "> fedora stopped - - 512M - - -\n> debian stopped - - 512M - - -\n");
    seen_type(&s, "q");
    seen_rest(&s);
    seen_end(&s, STATUS_DONE);
}

/* What an install says, line by line as Fenrir reads a terminal that only grows. */
static void test_speech__an_install(void **state)
{
    auto_free char *input = file_path("install %s/tree x\nlist\n", folder), *says = NULL, *text = NULL;
    int status;

    (void)state;
    text = run_verb(input, "--text", &status);
    says = file_path("lxtop in text mode: a test runs.\n"
                     "0 distros, 0 running. Command, or h for help: install %s/tree x\n"
                     "x: installing from %s/tree\nx is installed; it took .\n"
                     "1 distro, 0 running. Command, or h for help: list\nx: stopped.\n"
                     "1 distro, 0 running. Command, or h for help: \nLeft lxtop; running distros go on running.\n",
                     folder, folder);
    assert_string_equal(text, says);
    assert_linear(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_speech__the_list),
        as_lxtop_test(test_speech__an_install),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
