/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Figures in words, and reports in words: one fact a line, what it is about first, nothing that is drawn. */
#include "tests/unit/fixture.h"

#include <jansson.h>

#include "core/base/auto.h"
#include "core/base/forward.h"
#include "core/forwards.h"
#include "core/model.h"
#include "core/report.h"
#include "core/snapshots_diff.h"
#include "core/snapshots_report.h"
#include "core/words.h"

#define KB 1024LL
#define MB (KB * 1024)
#define GB (MB * 1024)

static const struct {
    int64_t bytes;
    const char *words;
} sizes[] = {
    {0, "0 bytes"},       {1, "1 byte"},       {999, "999 bytes"},        {1000, "1 kilobyte"},
    {KB + 512, "1.5 kilobytes"}, {10178, "9.9 kilobytes"}, {10189, "10 kilobytes"}, {999 * KB, "999 kilobytes"},
    {1023487, "999 kilobytes"}, {1023488, "1 megabyte"}, {31 * MB, "31 megabytes"}, {512 * MB, "512 megabytes"},
    {1536 * MB, "1.5 gigabytes"}, {2048 * GB, "2 terabytes"}, {5LL << 50, "5 petabytes"}, {INT64_MAX, "8 exabytes"},
    {-1, "not known"}, {INT64_MIN, "not known"},
};

static const struct {
    int64_t us;
    const char *words;
} times[] = {
    {0, "0 milliseconds"}, {1000, "1 millisecond"}, {142000, "142 milliseconds"}, {999999, "999 milliseconds"},
    {1000000, "1.00 seconds"}, {99999999, "99.99 seconds"}, {100000000, "1 minute 40 seconds"},
    {121000000, "2 minutes 1 second"}, {3599000000, "59 minutes 59 seconds"}, {7199000000, "119 minutes 59 seconds"},
    {7260000000, "2 hours 1 minute"}, {172800000000, "2 days"}, {-1, "not known"}, {INT64_MIN, "not known"},
};

static void test_words__units(void **state)
{
    char text[WORDS_TEXT];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
        assert_string_equal(words_size(text, sizes[i].bytes), sizes[i].words);
    for (size_t i = 0; i < ARRAY_SIZE(times); i++)
        assert_string_equal(words_time(text, times[i].us), times[i].words);
    assert_in_range(strlen(words_time(text, INT64_MAX)), 1, WORDS_TEXT - 1);
    assert_string_equal(words_count(text, 0, "request"), "no requests");
    assert_string_equal(words_count(text, 1, "request"), "1 request");
    assert_string_equal(words_count(text, 2, "request"), "2 requests");
}

/* Each line begins with `name` and a colon and ends in a full stop; no two blanks, no byte below a blank. */
static void assert_facts(const char *text, const char *name)
{
    size_t len = strlen(name);

    assert_true(*text);
    for (const char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        if (strncmp(line, name, len) != 0 || line[len] != ':' || end[-1] != '.')
            fail_msg("no fact of %s: %.*s", name, (int)(end - line), line);
        for (const char *p = line; p < end; p++)
            assert_true((unsigned char)*p >= ' ' && (p[0] != ' ' || p[1] != ' '));
    }
}

static struct model_distro running(void)
{
    struct model_distro d = {.name = "deb", .state = MACHINE_RUNNING, .resident = 31 * MB, .memory_size = 512 * MB,
                             .cpu_percent = 3, .emulated = true, .note = "evil\033[2J note"};

    for (int i = 0; i < PHASES; i++)
        d.phase_us[i] = 1000 * (i + 1);
    return d;
}

/* A column is as wide as what stands in it. */
static void test_report_list__long_names_push_all_columns(void **state)
{
    struct model_distro d[2] = {{.name = "a", .state = MACHINE_STOPPED}, {.state = MACHINE_STOPPED}};
    struct model m = {.distros = d, .count = 2};
    auto_free char *text = NULL;

    (void)state;
    memset(d[1].name, 'b', NAME_MAX_LEN);
    text = report_list(&m, REPORT_TABLE);
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        assert_int_equal(strcspn(line, " ") <= NAME_MAX_LEN ? strspn(line + NAME_MAX_LEN, " ") : 0, 1);
}

static void test_words_list__a_fact_a_line(void **state)
{
    struct model_distro d = running();
    struct model m = {.distros = &d, .count = 1};
    auto_free char *text = report_list(&m, REPORT_WORDS), *none = NULL;

    (void)state;
    assert_facts(text, "deb");
    assert_string_equal(text, "deb: running.\n"
                              "deb: boot took 6 milliseconds, emulated, not hardware time.\n"
                              "deb: memory on the host 31 megabytes.\n"
                              "deb: memory limit 512 megabytes.\n"
                              "deb: processor 3 percent of one.\n"
                              "deb: evil note.\n");
    m.count = 0;
    none = report_list(&m, REPORT_WORDS);
    assert_string_equal(none, "There are no distros. Command install adds one.\n");
}

/* What is nought is not told; a machine's own words are made plain. */
static void test_words_stats__a_fact_a_line(void **state)
{
    struct model_distro d = running();
    json_t *stats = json_loads("{\"uptime_us\": 61000000, \"vcpu_us\": 500000,"
                               " \"memory\": {\"size\": 536870912, \"resident\": 32505856, \"overhead\": 1048576},"
                               " \"devices\": [{\"name\": \"root\", \"requests\": 2, \"read_bytes\": 2048,"
                               " \"written_bytes\": 0, \"errors\": 1, \"latency_us_sum\": 300, \"latency_us_max\": 2000},"
                               " {\"name\": \"rng\\u001b[2J\", \"requests\": 0}, {}, 7],"
                               " \"exits\": {\"mmio\": 12}}", 0, NULL);
    auto_free char *text = report_stats(&d, stats, REPORT_WORDS);

    (void)state;
    assert_facts(text, "deb");
    assert_non_null(strstr(text, "deb: boot, the kernel began after 3 milliseconds.\n"));
    assert_non_null(strstr(text, "deb: boot, it was ready after 6 milliseconds.\n"));
    assert_non_null(strstr(text, "deb: up for 61.00 seconds.\n"));
    assert_non_null(strstr(text, "deb: memory of lxtop-vmm itself 1 megabyte.\n"));
    assert_non_null(strstr(text, "deb: device root, 2 requests.\ndeb: device root, 2 kilobytes read.\n"
                                 "deb: device root, 1 error.\n"
                                 "deb: device root, a request took 150 microseconds on average.\n"
                                 "deb: device root, the slowest took 2 milliseconds.\ndeb: device rng, no requests.\n"
                                 "deb: exits of the processor for mmio, 12.\n"));
    json_decref(stats);
}

static void test_words_forwards__a_fact_a_line(void **state)
{
    auto_free char *text = forwards_words("deb", "8080:80\n[::1]:53:53/udp automatic\nrubbish\n"), *none = NULL;

    (void)state;
    assert_string_equal(text, "deb: port 8080 of 127.0.0.1 leads to its port 80, TCP.\n"
                              "deb: port 53 of ::1 leads to its port 53, UDP, automatic.\n");
    none = forwards_words("deb", "");
    assert_string_equal(none, "deb: no port leads into it.\n");
}

static void test_words_diff__the_path_first(void **state)
{
    auto_free char *text = snapshots_diff_words("+ /a b\n- /c\nM /d\n# and 3 more\n#\n"), *none = NULL;

    (void)state;
    assert_string_equal(text, "/a b: added.\n/c: removed.\n/d: changed.\nNote: and 3 more.\nNote: .\n");
    none = snapshots_diff_words("");
    assert_string_equal(none, "There is no difference.\n");
}

static void test_words_snapshots__a_fact_a_line(void **state)
{
    struct snapshot list[2] = {{.id = "1", .name = "first", .note = "before \033[1mit\033[0m", .layer = "root.img", .created = 1},
                               {.id = "2", .parent = "1", .name = "second", .note = "", .layer = "none", .memory = true}};
    struct snapshots s = {.folder = "/nowhere", .list = list, .count = 2, .active = "a", .base = "2"};
    auto_free char *text = snapshots_report(&s, REPORT_WORDS);

    (void)state;
    assert_non_null(strstr(text, "first: note, before it\nfirst: stands on nothing.\nfirst: takes 0 bytes of its own.\n"));
    assert_non_null(strstr(text, "second: with memory, which takes 0 bytes.\nsecond: stands on first.\n"));
    assert_non_null(strstr(text, "The disk as it is now: stands on second.\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words__units),
        cmocka_unit_test(test_report_list__long_names_push_all_columns),
        cmocka_unit_test(test_words_list__a_fact_a_line),
        cmocka_unit_test(test_words_stats__a_fact_a_line),
        cmocka_unit_test(test_words_forwards__a_fact_a_line),
        cmocka_unit_test(test_words_diff__the_path_first),
        cmocka_unit_test(test_words_snapshots__a_fact_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
