/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text mode as a person meets it: lines in, lines out. */
#include "tests/unit/as_lxtop.h"
#include "tests/unit/terminal.h"
#include "tests/unit/fake_machine.h"
#include "tui/action.h"
#include "tui/text_form.h"

#include <pty.h>

static void assert_session(const char *input, const char *expected, int status)
{
    int got;
    auto_free char *text = run_verb(input, "--text", &got);
    const char *hello = "lxtop in text mode: a test runs.\n";

    assert_linear(text);
    assert_int_equal(strncmp(text, hello, strlen(hello)), 0); /* the first line names the mode */
    assert_string_equal(text + strlen(hello), expected);
    assert_int_equal(got, status);
}

#define PROMPT0 "0 distros, 0 running. Command, or h for help: "
#define PROMPT1 "1 distro, 0 running. Command, or h for help: "
#define PROMPT2 "2 distros, 0 running. Command, or h for help: "
#define LEFT "Left lxtop; running distros go on running.\n"

#define PANIC "{\"state\": \"running\", \"reason\": \"panic\", \"detail\": \"no \\u001b[31minit\\r\\n\\u009b2J\"}"

/* --- sessions --- */

static void test_text__nothing_said(void **state)
{
    (void)state;
    assert_session("", PROMPT0 "\n" LEFT, STATUS_DONE);
    assert_session("quit\nlist\n", PROMPT0 "quit\n" LEFT, STATUS_DONE);
    assert_session("\n  \n\t\n", PROMPT0 "\n" PROMPT0 "  \n" PROMPT0 " \n" PROMPT0 "\n" LEFT, STATUS_DONE);
}

static void test_text__list_is_a_fact_a_line(void **state)
{
    (void)state;
    assert_session("list\n", PROMPT0 "list\nThere are no distros. Command install adds one.\n" PROMPT0 "\n" LEFT, 0);
    assert_session("ls\n", PROMPT0 "ls\nThere are no distros. Command install adds one.\n" PROMPT0 "\n" LEFT, 0);
    make_distro("a", NULL);
    make_distro("b", PANIC);
    assert_session("l\n",
                   PROMPT2 "l\na: stopped.\nb: failed.\nb: the guest's kernel panicked: no init ?2J.\n" PROMPT2 "\n" LEFT,
                   STATUS_DONE);
}

static void test_text__help_has_every_command(void **state)
{
    int status;
    auto_free char *text = run_verb("help\n", "--text", &status);

    (void)state;
    assert_linear(text);
    assert_non_null(strstr(text, "\nremove, or r: remove it and everything in it; asks first, and undo brings it back.\n"));
    assert_non_null(strstr(text, "\ndoctor, or d: "));
    assert_non_null(strstr(text, "\ncp: "));
    assert_null(strstr(text, "task-install"));
    assert_null(strstr(text, "Ctrl-L")); /* what is for the screen only */
}

static void test_text__install_says_start_and_result(void **state)
{
    auto_free char *input = file_path("install %s/tree x\n", folder);
    auto_free char *says = file_path(PROMPT0 "install %s/tree x\nx: installing from %s/tree\n"
                                     "x is installed; it took .\n" PROMPT1 "\n" LEFT, folder, folder);

    (void)state;
    assert_session(input, says, STATUS_DONE);
}

static void test_text__install_asks(void **state)
{
    auto_free char *input = file_path("i\n%s/tree\n\n", folder);
    auto_free char *says = file_path(
        PROMPT0 "i\n1: busybox, the small distro that lxtop brings itself.\n"
        "Install from? Number, or the path of a tar or a folder, empty for none: %s/tree\n"
        "Name, empty for tree: \ntree: installing from %s/tree\ntree is installed; it took .\n"
        PROMPT1 "\n" LEFT, folder, folder);

    (void)state;
    assert_session(input, says, STATUS_DONE);
}

static void test_text__install_that_fails(void **state)
{
    (void)state;
    assert_session("install /nowhere x\n",
                   PROMPT0 "install /nowhere x\nx: installing from /nowhere\nerror: /nowhere: No such file or "
                   "directory; a source is 'busybox', a root file system tar or a folder\n" PROMPT0 "\n" LEFT,
                   STATUS_FAILED);
}

static void test_text__removal_wants_the_name(void **state)
{
    static const char question[] = "This removes a; for 7 days it can be brought back. Type a to go on: ";
    static const char *const wrong[] = {"", "y", "yes", "A", "b", "a "};

    (void)state;
    make_distro("a", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        auto_free char *input = file_path("remove a\n%s\n", wrong[i]);
        auto_free char *says = file_path(PROMPT1 "remove a\n%s%s\nNothing was removed.\n" PROMPT1 "\n" LEFT,
                                         question, wrong[i]);

        assert_session(input, says, STATUS_CANCELLED);
    }
    assert_session("remove a\n", PROMPT1 "remove a\nThis removes a; for 7 days it can be brought back. Type a to go "
                   "on: \nNothing was removed.\n" LEFT, STATUS_CANCELLED); /* the end of input is no yes */
    assert_session("remove a\na\n", PROMPT1 "remove a\nThis removes a; for 7 days it can be brought back. Type a to "
                   "go on: a\na: for 7 days `lxtop trash restore a` brings it back, `lxtop trash empty a` frees its disk space\na is removed; it took .\n" PROMPT0 "\n" LEFT, STATUS_DONE);
}

static void test_text__choices_take_numbers_and_names(void **state)
{
    static const char asks[] = "remove\n1: a, stopped.\n2: b, failed.\nWhich distro? Number or name, empty for none: ";
    static const struct {
        const char *answer, *says;
        int status;
    } choices[] = {
        {"2", "This removes b; for 7 days it can be brought back. Type b to go on: \nNothing was removed.\n" PROMPT2 "\n", STATUS_CANCELLED},
        {"a", "This removes a; for 7 days it can be brought back. Type a to go on: \nNothing was removed.\n" PROMPT2 "\n", STATUS_CANCELLED},
        {"", "Nothing was done.\n" PROMPT2 "\n" PROMPT2 "\n", STATUS_CANCELLED},
        {"3", "error: 3 is no choice: a number from 1 to 2, or a name.\n" PROMPT2 "\n" PROMPT2 "\n", STATUS_USAGE},
        {"0", "error: 0 is no choice: a number from 1 to 2, or a name.\n" PROMPT2 "\n" PROMPT2 "\n", STATUS_USAGE},
        {"1x", "error: there is no distro named '1x'; `lxtop list` shows them\n" PROMPT2 "\n" PROMPT2 "\n", STATUS_NO_DISTRO},
        {"c", "error: there is no distro named 'c'; `lxtop list` shows them\n" PROMPT2 "\n" PROMPT2 "\n", STATUS_NO_DISTRO},
    };

    (void)state;
    make_distro("a", NULL);
    make_distro("b", PANIC);
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        auto_free char *input = file_path("remove\n%s\n\n", choices[i].answer);
        auto_free char *says = file_path(PROMPT2 "%s%s\n%s" LEFT, asks, choices[i].answer, choices[i].says);

        assert_session(input, says, choices[i].status == STATUS_CANCELLED ? STATUS_CANCELLED : choices[i].status);
    }
}

/* Each line, the whole of its answer and the status that it leaves; distros: a stopped, b failed. */
static const struct {
    const char *line, *says;
    int status;
} mistakes[] = {
    {"isntall", "error: there is no command isntall; did you mean 'install'? h tells the commands.", STATUS_USAGE},
    {"frobnicate", "error: there is no command frobnicate; h tells the commands.", STATUS_USAGE},
    {"lxtop frobnicate", "error: there is no command frobnicate; h tells the commands.", STATUS_USAGE},
    {"start nobody", "error: there is no distro named 'nobody'; `lxtop list` shows them", STATUS_NO_DISTRO},
    {"remove nobody", "error: there is no distro named 'nobody'; `lxtop list` shows them", STATUS_NO_DISTRO},
    {"stop  \t a", "error: a is stopped already", STATUS_WRONG_STATE},
    {"lxtop stop a", "error: a is stopped already", STATUS_WRONG_STATE},
    {"console a", "error: a is stopped; start it first: lxtop start a", STATUS_WRONG_STATE},
    {"stats b", "error: b has failed; start it first: lxtop start b", STATUS_WRONG_STATE},
    {"stop", "error: there is no distro for which stop works now; command list tells all.", STATUS_WRONG_STATE},
    {"stop a b", "error: one word too many: b; usage: lxtop stop NAME [--force] [--yes]", STATUS_USAGE},
    {"list all", "error: one word too many: all; usage: lxtop list [--json]", STATUS_USAGE},
    {"install a b c", "error: one word too many: b; usage: lxtop install SOURCE [--name N] [--SETTING VALUE]...", STATUS_USAGE},
    {"stop --force", "error: there is no distro for which stop works now; command list tells all.", STATUS_WRONG_STATE},
    {"start a --fast", "error: unknown option --fast; usage: lxtop start NAME", STATUS_USAGE},
    {"rm nobody", "error: there is no distro named 'nobody'; `lxtop list` shows them", STATUS_NO_DISTRO},
    {"task-install a b", "error: there is no command task-install; h tells the commands.", STATUS_USAGE},
    {"quit now", "error: command quit stands alone; h tells the commands.", STATUS_USAGE},
    {"install tree Bad_", "error: 'Bad_' is no name for a distro: use a-z, 0-9 and '-', a letter first, no '-' "
                          "at the end, at most 63 characters", STATUS_USAGE},
};

static void test_text__mistakes_are_answered(void **state)
{
    (void)state;
    make_distro("a", NULL);
    make_distro("b", PANIC);
    for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
        auto_free char *input = file_path("%s\n", mistakes[i].line);
        auto_free char *shown = strdup(mistakes[i].line), *says = NULL;

        for (char *tab; (tab = strchr(shown, '\t'));)
            *tab = ' ';
        says = file_path(PROMPT2 "%s\n%s\n" PROMPT2 "\n" LEFT, shown, mistakes[i].says);
        assert_session(input, says, mistakes[i].status);
    }
}

/* Every action of the console and every verb of the command line has its form here, told by help. */
static void test_text__all_that_lxtop_can_do(void **state)
{
    int status;
    auto_free char *text = run_verb("help\n", "--text", &status);

    (void)state;
    for (int i = 0; i < ACTIONS; i++) {
        auto_free char *line = file_path("\n%s, or %s: %s.\n", action_table[i].word, action_table[i].letter, action_table[i].help);

        if (action_table[i].op >= 0)
            assert_non_null(action_table[i].word);
        if (action_table[i].word && strcmp(action_table[i].word, "help") != 0)
            assert_non_null(strstr(text, line));
    }
    for (int i = 0; i < OPS; i++) {
        auto_free char *says = file_path("help %s\n", op_table[i].verb), *usage = op_usage((enum op_id)i), *one = NULL;

        if (op_table[i].hidden)
            continue;
        one = run_verb(says, "--text", &status);
        assert_int_equal(status, STATUS_DONE);
        assert_non_null(strstr(one, usage));
        assert_linear(one);
    }
}

/* Each action of the screen is a word here, or a command that there is, or it is said why it is nothing. */
static void test_text__every_action_has_its_form(void **state)
{
    int status;
    auto_free char *text = run_verb("help screen\n", "--text", &status);

    (void)state;
    assert_linear(text);
    for (int i = 0; i < ACTIONS; i++) {
        const struct text_form *form = &text_form_table[i];
        auto_free char *said = strdup(form->command ? form->command : form->why_not ? form->why_not : "");
        char *argv[16], *rest = said;
        int argc = 0, used;

        if (!!action_table[i].word + !!form->command + !!form->why_not != 1)
            fail_msg("\"%s\" has no form in text mode, or more than one", action_table[i].help);
        if (!action_table[i].word && !strstr(text, said))
            fail_msg("help screen does not tell \"%s\"", said);
        while (form->command && (argv[argc] = strsep(&rest, " ")))
            argc++;
        if (form->command && op_find_words(argc, argv, &used) < 0)
            fail_msg("there is no command %s", form->command);
    }
}

/* What takes something away for good wants the name, however it is said; what cannot work is not asked about. */
static void test_text__losses_want_the_name(void **state)
{
    static const struct {
        const char *line, *says;
    } lines[] = {
        {"force a", "This ends a as if its power failed; what it has not written to its disk is lost. Type a to go on: y"},
        {"f a", "This ends a as if its power failed; what it has not written to its disk is lost. Type a to go on: y"},
        {"stop a --force", "This ends a as if its power failed; what it has not written to its disk is lost. Type a to go on: y"},
        {"lxtop stop --force a", "This ends a as if its power failed; what it has not written to its disk is lost. Type a to go on: y"},
        {"rm b --purge", "This removes b and everything in it, for good. Type b to go on: y"},
        {"rm b", "This removes b; for 7 days it can be brought back. Type b to go on: y"},
    };
    struct fake_machine machine;

    (void)state;
    make_distro("a", NULL);
    make_distro("b", NULL);
    fake_start(&machine, folder, "a");
    for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
        auto_free char *input = file_path("%s\ny\n", lines[i].line);
        int status;
        auto_free char *text = run_verb(input, "--text", &status);

        if (!strstr(text, lines[i].says) || !strstr(text, "\nNothing was "))
            fail_msg("%s: %s", lines[i].line, text);
        assert_int_equal(status, STATUS_CANCELLED);
    }
    free(fake_end(&machine));
}

/* A verb of the command line that is no action of the screen asks, too, for what is left out: by number or name. */
static void test_text__snapshots_by_number_and_name(void **state)
{
    static const char input[] = "snapshot create a one --note 'the first'\nsnapshot create\na\n"
                                "snapshot restore\n1\n1\nsnapshot restore a\none\nsnapshot undo\n1\nsnapshot delete a none\n"
                                "snapshot delete a\n9\nsnapshot delete a one\na\nsnapshot delete a one\none\n"
                                "snapshot list a\nsnapshot\n";
    static const char *const says[] = {
        "a is kept in a snapshot; it took .\n",
        "snapshot create\n1: a, stopped.\nWhich distro? Number or name, empty for none: a\n",
        "Which distro? Number or name, empty for none: 1\n1: one, taken at ",
        ", the first.\n2: ",
        "Which snapshot? Number or name, empty for none: 1\na is restored; it took .\n", /* nothing is lost, nothing asked */
        "empty for none: one\na is restored; it took .\n",
        "Which distro? Number or name, empty for none: 1\nerror: a has not gone back to a snapshot, or what it held before is "
        "deleted: there is nothing to undo\n",
        "snapshot delete a none\nerror: a has no snapshot 'none'", /* not asked for first */
        "error: 9 is no choice: a number from 1 to 2, or a name.\n",
        "This deletes the snapshot one of a; what stands on it stays. Type one to go on: a\nNothing was changed.\n",
        "Type one to go on: one\n",
        "The disk as it is now: stands on ",
        "error: snapshot goes on with one of these words: create, list, restore, undo, delete, clone, diff\n",
    };
    const char *at;
    int status;
    auto_free char *text = NULL;

    (void)state;
    make_distro("a", NULL);
    assert_int_equal(shell("truncate -s 4M '%s/lxtop/distros/a/root.img'", folder), 0);
    at = text = run_verb(input, "--text", &status);
    assert_linear(text);
    for (size_t i = 0; i < ARRAY_SIZE(says); i++) {
        const char *found = strstr(at, says[i]);

        if (!found)
            fail_msg("not said: %s\nbut: %s", says[i], at);
        at = found + strlen(says[i]) - 1;
    }
}

/* What a setting is now is asked for by its number or name, and said: a prompt alone says nothing. */
static void test_text__settings_by_number_and_name(void **state)
{
    (void)state;
    make_distro("a", NULL);
    assert_session("set a memory 1G\n", PROMPT1 "set a memory 1G\na: memory is now 1G\n" PROMPT1 "\n" LEFT, STATUS_DONE);
    assert_session("set a memory\n640M\n", PROMPT1 "set a memory\nmemory is 1G. New value, empty for none: 640M\n"
                   "a: memory is now 640M\n" PROMPT1 "\n" LEFT, STATUS_DONE);
    assert_session("set a cpus\n\n", PROMPT1 "set a cpus\ncpus is 2. New value, empty for none: \nNothing was done.\n"
                   PROMPT1 "\n" LEFT, STATUS_CANCELLED);
    assert_session("set a memory --remove\n", PROMPT1 "set a memory --remove\na: memory is now the default\n" PROMPT1 "\n" LEFT,
                   STATUS_DONE);
    for (int by = 0; by < 2; by++) {
        int status;
        auto_free char *text = run_verb(by ? "set\na\ncpus\n3\n" : "set\n1\n2\n3\n", "--text", &status);

        assert_int_equal(status, STATUS_DONE);
        assert_non_null(strstr(text, "\n1: memory, memory of the machine.\n2: cpus, virtual CPUs of the machine.\n"));
        assert_non_null(strstr(text, by ? "cpus is 3. New value" : "cpus is 2. New value"));
        assert_non_null(strstr(text, "a: cpus is now 3\n"));
        assert_linear(text);
    }
}

/* A verb tells its facts a line each where text mode is wished for, by flag or environment; else a table. */
static void test_text__verbs_in_words(void **state)
{
    static const struct {
        const char *environment, *verb;
        bool words;
    } ways[] = {{"", "--text list", true}, {"LXTOP_TEXT=1", "list", true}, {"ACCESSIBLE=yes", "list", true},
                {"", "list", false}, {"LXTOP_TEXT=0", "list", false}, {"LXTOP_TEXT=0 ACCESSIBLE=1", "list", false}};
    int status;

    (void)state;
    make_distro("a", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
        auto_free char *out = file_path("%s/out", folder), *text = NULL;

        assert_int_equal(shell("env %s '%s' %s > '%s'", ways[i].environment, getenv("TEST_SELF"), ways[i].verb, out), 0);
        assert_int_equal(file_read(out, 4096, &text, NULL, NULL), 0);
        if (ways[i].words)
            assert_string_equal(text, "a: stopped.\n");
        else
            assert_non_null(strstr(text, "NAME  "));
    }
    free(run_verb("", "--text frobnicate", &status));
    assert_int_equal(status, STATUS_USAGE);
}

/* No shell stands between: ~ is the home here, too, but not in quotes. */
static void test_text__the_home(void **state)
{
    auto_free char *says = file_path("x: installing from %s/none\n", folder);
    int status;
    auto_free char *text = run_verb("install ~/none x\ninstall '~/none' x\n", "--text", &status);

    (void)state;
    assert_non_null(strstr(text, says));
    assert_non_null(strstr(text, "x: installing from ~/none\n"));
}

/* What is told is told to programs too; what is left out gives bytes that are not lxtop's. */
static void test_text__whatever_tells_has_json(void **state)
{
    static const enum op_id tell[] = {OP_LIST, OP_STATS, OP_DOCTOR, OP_FILES, OP_FORWARD};
    int status;
    auto_free char *text = NULL, *doctor = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(tell); i++)
        assert_true(op_table[tell[i]].flags & FLAG_JSON);
    make_distro("a", NULL);
    text = run_verb("list --json\n", "--text", &status);
    assert_non_null(strstr(text, "\"name\": \"a\""));
    doctor = run_verb("", "doctor --json", &status);
    assert_non_null(strstr(doctor, "\"checks\": ["));
    free(steal_ptr(&text));
    text = run_verb("", "forward a --json", &status);
    assert_string_equal(text, "[]\n");
}

static void say(struct terminal *t, const char *line, const char *until)
{
    t->len = 0;
    memset(t->text, 0, sizeof(t->text));
    assert_int_equal(write(t->master, line, strlen(line)), (ssize_t)strlen(line));
    terminal_wait(t, until);
}

/* What happens to others while a command runs is told before the next prompt; the command's own doing is not. */
static void test_text__events_before_the_next_prompt(void **state)
{
    struct terminal t;
    const char *event;

    (void)state;
    make_distro("a", NULL);
    make_distro("b", NULL);
    terminal_run(&t, NULL, (const char *const[]){"lxtop", "--text", NULL});
    terminal_wait(&t, PROMPT2);
    say(&t, "remove a\n", "Type a to go on: ");
    assert_int_equal(shell("rm -r '%s/lxtop/distros/b'", folder), 0);
    say(&t, "a\n", "Command, or h for help: ");
    event = strstr(t.text, "event: b is gone.\r\n0 distros");
    assert_non_null(event);
    assert_true(strstr(t.text, "a is removed") < event);
    assert_null(strstr(t.text, "event: a"));
    make_distro("c", PANIC);
    say(&t, "\n", PROMPT1);
    assert_non_null(strstr(t.text, "event: c has failed.\r\nc: the guest's kernel panicked: "));
    say(&t, "\n", PROMPT1);
    assert_null(strstr(t.text, "event: ")); /* once */
    say(&t, "events\nquit\n", "Left lxtop");
    terminal_end(&t, STATUS_DONE);
}

static void test_text__quotes_hold_a_word_together(void **state)
{
    (void)state;
    assert_session("install '/no where' x\n", PROMPT0 "install '/no where' x\nx: installing from /no where\n"
                   "error: /no where: No such file or directory; a source is 'busybox', a root file system tar "
                   "or a folder\n" PROMPT0 "\n" LEFT, STATUS_FAILED);
    assert_session("stop \"a", PROMPT0 "stop \"a\nerror: there is no distro named 'a'; `lxtop list` shows them\n"
                   PROMPT0 "\n" LEFT, STATUS_NO_DISTRO);
}

/* Arrow keys, a pasted colour, a path with a bell: said back, but plain. */
static void test_text__what_is_typed_comes_back_plain(void **state)
{
    (void)state;
    assert_session("\x1b[Astart\n", PROMPT0 "start\nerror: there is no command start; h tells the commands.\n"
                   PROMPT0 "\n" LEFT, STATUS_USAGE);
    assert_session("remove \x1b]0;t\x07" "a\x9b\n", PROMPT0 "remove a?\nerror: there is no distro named 'a?'; "
                   "`lxtop list` shows them\n" PROMPT0 "\n" LEFT, STATUS_NO_DISTRO);
    assert_session("install /no\x1b[2Jwhere x\n", PROMPT0 "install /nowhere x\nx: installing from /nowhere\n"
                   "error: /nowhere: No such file or directory; a source is 'busybox', a root file system tar "
                   "or a folder\n" PROMPT0 "\n" LEFT, STATUS_FAILED);
}

/* The end of a line that is too long is no command. */
static void test_text__a_long_line_is_one_line(void **state)
{
    char input[3000];

    (void)state;
    make_distro("a", NULL);
    memset(input, 'x', sizeof(input));
    strcpy(input + 1023, "remove a\na\n");
    assert_session(input, PROMPT1 "\nerror: that line is longer than 1022 bytes and was not read.\n\n"
                   PROMPT1 "a\nerror: there is no command a; h tells the commands.\n" PROMPT1 "\n" LEFT,
                   STATUS_USAGE);
}

/* On a terminal too: nothing but lines, whatever keys come. */
static void test_text__on_a_terminal(void **state)
{
    char text[8192];
    size_t len = 0;
    ssize_t n;
    int terminal, status;
    pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

    (void)state;
    assert_true(pid >= 0);
    if (pid == 0) {
        execl(getenv("TEST_SELF"), "lxtop", "--text", NULL);
        _exit(99);
    }
    assert_int_equal(write(terminal, "\x1b[A\nlist\n\x04", 10), 10);
    while (len < sizeof(text) - 1 && (n = read(terminal, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(terminal);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_null(strchr(text, 0x1b));
    for (char *cr = text; (cr = strchr(cr, '\r')); cr++)
        assert_true(cr[1] == '\n' || cr[1] == '\r'); /* of the terminal's own making */
    assert_non_null(strstr(text, "There are no distros. Command install adds one."));
    assert_non_null(strstr(text, "Left lxtop"));
    assert_int_equal(WEXITSTATUS(status), STATUS_DONE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        as_lxtop_test(test_text__nothing_said),
        as_lxtop_test(test_text__list_is_a_fact_a_line),
        as_lxtop_test(test_text__help_has_every_command),
        as_lxtop_test(test_text__install_says_start_and_result),
        as_lxtop_test(test_text__install_asks),
        as_lxtop_test(test_text__install_that_fails),
        as_lxtop_test(test_text__removal_wants_the_name),
        as_lxtop_test(test_text__choices_take_numbers_and_names),
        as_lxtop_test(test_text__mistakes_are_answered),
        as_lxtop_test(test_text__what_is_typed_comes_back_plain),
        as_lxtop_test(test_text__a_long_line_is_one_line),
        as_lxtop_test(test_text__all_that_lxtop_can_do),
        as_lxtop_test(test_text__every_action_has_its_form),
        as_lxtop_test(test_text__settings_by_number_and_name),
        as_lxtop_test(test_text__losses_want_the_name),
        as_lxtop_test(test_text__snapshots_by_number_and_name),
        as_lxtop_test(test_text__verbs_in_words),
        as_lxtop_test(test_text__the_home),
        as_lxtop_test(test_text__whatever_tells_has_json),
        as_lxtop_test(test_text__events_before_the_next_prompt),
        as_lxtop_test(test_text__quotes_hold_a_word_together),
        as_lxtop_test(test_text__on_a_terminal),
    };
    int status = as_lxtop_main(argc, argv);

    return status >= 0 ? status : cmocka_run_group_tests(tests, NULL, NULL);
}
