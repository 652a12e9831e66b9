/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/spec.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

/* A command line, cut at blanks (as a parser may, in place); valid until the next call. */
struct line {
    char text[1024];
    char *argv[64];
    int argc;
};

static int parse(struct line *l, struct spec *s, const char *text, struct err *e)
{
    char *rest = l->text;

    snprintf(l->text, sizeof(l->text), "lxtop-vmm %s", text);
    l->argc = 0;
    while (rest)
        l->argv[l->argc++] = strsep(&rest, " ");
    if (!*text)
        l->argc = 1;
    *e = (struct err){0};
    return spec_parse(s, l->argc, l->argv, e);
}

static void test_parse__defaults(void **state)
{
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    assert_int_equal(parse(&l, &s, "--kernel vmlinux", &e), SPEC_RUN);
    assert_string_equal(s.kernel, "vmlinux");
    assert_true(s.memory == 256ULL << 20);
    assert_int_equal(s.cpus, 1);
    assert_int_equal(s.disks, 0);
    assert_int_equal(s.ready_fd, -1);
    assert_int_equal(s.console, SPEC_CONSOLE_NONE);
    assert_int_equal(s.acpi, SPEC_ACPI_AUTO);
    assert_string_equal(s.append, "");
    assert_false(s.serial || s.agent || s.verbose || s.timing);
}

static void test_parse__every_option(void **state)
{
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    assert_int_equal(
        parse(
            &l, &s,
            "--kernel k --initrd i --append a=b --memory 2G --cpus 8 --disk "
            "d.img,format=raw,ro,id=root "
            "--disk e.img,format=raw --console serial --serial --acpi off --name n --ctl c --log l "
            "--lock k2 --run-file r --cache ca --agent --idle 300,7 --ready-fd 5 --timing --verbose",
            &e),
        SPEC_RUN);
    assert_true(s.memory == 2ULL << 30);
    assert_int_equal(s.cpus, 8);
    assert_int_equal(s.idle_ms, 300000);
    assert_int_equal(s.idle_stop_ms, 7000);
    assert_int_equal(s.disks, 2);
    assert_string_equal(s.disk[0].path, "d.img");
    assert_string_equal(s.disk[0].format, "raw");
    assert_string_equal(s.disk[0].id, "root");
    assert_true(s.disk[0].read_only);
    assert_false(s.disk[1].read_only);
    assert_null(s.disk[1].id);
    assert_int_equal(s.console, SPEC_CONSOLE_SERIAL);
    assert_int_equal(s.acpi, SPEC_ACPI_OFF);
    assert_int_equal(s.ready_fd, 5);
    assert_true(s.serial && s.agent && s.verbose && s.timing);
    assert_string_equal(s.initrd, "i");
    assert_string_equal(s.append, "a=b");
    assert_string_equal(s.name, "n");
    assert_string_equal(s.ctl, "c");
    assert_string_equal(s.log, "l");
    assert_string_equal(s.lock, "k2");
    assert_string_equal(s.run_file, "r");
    assert_string_equal(s.cache, "ca");
}

static void test_parse__one_that_is_prepared_needs_a_place(void **state)
{
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    assert_int_equal(parse(&l, &s, "--kernel k --agent --suspend d --prepare", &e), SPEC_RUN);
    assert_true(s.prepare);
    assert_string_equal(s.suspend, "d");
    assert_int_equal(parse(&l, &s, "--kernel k --agent --prepare", &e), -EINVAL);
    assert_int_equal(parse(&l, &s, "--kernel k --suspend d --prepare", &e), -EINVAL);
    assert_says(e, "--prepare needs --suspend and --agent");
}

static void test_parse__what_a_disk_stands_on(void **state)
{
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    assert_int_equal(parse(&l, &s, "--kernel k --disk a,format=qcow2,backing=b:c:qcow2,backing=base.img:raw,id=r", &e),
                     SPEC_RUN);
    assert_int_equal(s.disk[0].backings, 2);
    assert_string_equal(s.disk[0].backing[0].path, "b:c"); /* the last colon counts */
    assert_string_equal(s.disk[0].backing[0].format, "qcow2");
    assert_string_equal(s.disk[0].backing[1].path, "base.img");
    assert_string_equal(s.disk[0].backing[1].format, "raw");
    assert_string_equal(s.disk[0].id, "r");
}

static void test_parse__shares(void **state)
{
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    assert_int_equal(parse(&l, &s, "--kernel k --share /a,tag=t --share /b,tag=x,c,tag=u,ro,cached,map=xattr:5:6 "
                                   "--share /c,tag=v,map=trust --share /d,tag=w,map=fixed:7:8", &e), SPEC_RUN);
    assert_int_equal(s.shares, 4);
    assert_string_equal(s.share[0].path, "/a");
    assert_string_equal(s.share[0].tag, "t");
    assert_false(s.share[0].read_only || s.share[0].cached);
    assert_int_equal(s.share[0].map, SPEC_MAP_SQUASH);
    assert_int_equal(s.share[0].uid, getuid());
    assert_string_equal(s.share[1].path, "/b,tag=x,c"); /* the last counts: a path may hold anything */
    assert_string_equal(s.share[1].tag, "u");
    assert_true(s.share[1].read_only && s.share[1].cached);
    assert_int_equal(s.share[1].map, SPEC_MAP_XATTR);
    assert_int_equal(s.share[1].uid, 5);
    assert_int_equal(s.share[1].gid, 6);
    assert_int_equal(s.share[2].map, SPEC_MAP_TRUST);
    assert_int_equal(s.share[3].map, SPEC_MAP_FIXED);
    assert_int_equal(s.share[3].uid, 7);
}

static void test_parse__bad_shares(void **state)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        {"--share", "--share needs PATH,tag=TAG"},
        {"--share /a", "give a folder and a tag"},
        {"--share ,tag=a", "give a folder before ,tag="},
        {"--share /a,tag=", "give a tag of 1 to 31 bytes"},
        {"--share /a,tag=01234567890123456789012345678901", "give a tag of 1 to 31 bytes"},
        {"--share /a,tag=t,rw", "'rw' is not one of"},
        {"--share /a,tag=t,map=me", "'me' is not known here"},
        {"--share /a,tag=t,map=squash:1", "give both numbers"},
        {"--share /a,tag=t,map=squash:x:1", "'x' is not a number"},
        {"--share /a,tag=t,map=squash:1:2:3", "'2:3' is not a number"},
        {"--share /a,tag=t,map=squash:1:4294967295", "'4294967295' is not a number"},
        {"--share /a,tag=t,map=pass:1:2", "map=pass takes no numbers"},
        {"--share /a,tag=t --share /b,tag=t", "a share with the tag 't' already"},
        {"--share /,tag=1 --share /,tag=2 --share /,tag=3 --share /,tag=4 --share /,tag=5 --share /,tag=6",
         "at most 5 shares"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct spec s;
        struct line l;
        struct err e;

        assert_int_equal(parse(&l, &s, bad[i].text, &e), -EINVAL);
        assert_says(e, bad[i].says);
    }
}

static void test_parse__memory_sizes(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } sizes[] = {
        {"64", 64ULL << 20},  {"64M", 64ULL << 20}, {"65536K", 64ULL << 20}, {"1G", 1ULL << 30},
        {"1T", 1ULL << 40},   {"1024G", 1ULL << 40}, {"65540K", 65540ULL << 10},
        {"63M", 0},           {"0", 0},             {"2T", 0},               {"1025G", 0},
        {"65537K", 0},        {"M", 0},             {"", 0},                 {"-64M", 0},
        {"+64M", 0},          {"64m", 0},           {"64MB", 0},             {"6 4M", 0},
        {"0x100M", 0},        {"1.5G", 0},          {"18446744073709551616", 0},
        {"18446744073709551615T", 0},               {"17592186044416M", 0},  {"16777216T", 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        char size[64];
        char *argv[] = {"lxtop-vmm", "--kernel", "k", "--memory", size};
        struct spec s;
        struct err e = {0};
        int r;

        snprintf(size, sizeof(size), "%s", sizes[i].text);
        r = spec_parse(&s, 5, argv, &e);
        if (r != (sizes[i].bytes ? SPEC_RUN : -EINVAL) ||
            (r == SPEC_RUN && s.memory != sizes[i].bytes))
            fail_msg("'%s': %d, %llu", sizes[i].text, r, (unsigned long long)s.memory);
    }
}

static void test_parse__a_sign_behind_a_blank_is_no_number(void **state)
{
    char number[] = " -18446744073709551615"; /* 1, as strtoull sees it */
    char *argv[] = {"lxtop-vmm", "--kernel", "k", "--cpus", number};
    struct spec s;
    struct err e;

    (void)state;
    assert_int_equal(spec_parse(&s, 5, argv, &e), -EINVAL);
}

static void test_parse__says_what_is_wrong(void **state)
{
    static const struct {
        const char *line, *says;
    } bad[] = {
        {"", "--kernel is required"},
        {"--memory 1G", "--kernel is required"},
        {"--kernel", "--kernel needs FILE"},
        {"--kernel k --wrong", "unknown option '--wrong'"},
        {"--kernel k extra", "unknown option 'extra'"},
        {"--kernel=k", "unknown option"},
        {"--kernel k --cpus 0", "--cpus: give 1 to 8"},
        {"--kernel k --cpus 9", "--cpus: "},
        {"--kernel k --cpus 1x", "--cpus: '1x' is not a number"},
        {"--kernel k --disk d.img", "state the format"},
        {"--kernel k --disk d.img,ro", "state the format"},
        {"--kernel k --disk d.img,format=raw,rw", "'rw' is not one of"},
        {"--kernel k --disk d.img,format=raw,", "'' is not one of"},
        {"--kernel k --disk d.img,format=raw,backing=x", "state path and format"},
        {"--kernel k --disk d.img,format=raw,backing=:raw", "state path and format"},
        {"--kernel k --disk d.img,format=raw,backing=x:", "state path and format"},
        {"--kernel k --disk ,format=raw", "--disk: "},
        {"--kernel k --console tty", "'tty' is not known here"},
        {"--kernel k --net", "--net needs"},
        {"--kernel k --net tap", "give none, or user"},
        {"--kernel k --net none,host", "give none, or user"},
        {"--kernel k --net user,", "'' is not one of"},
        {"--kernel k --net user,forward=80", "--net: '80': a forward is"},
        {"--kernel k --net user,forward=80:1,forward=127.0.0.1:80:2", "already"},
        {"--kernel k --acpi", "--acpi needs"},
        {"--kernel k --ready-fd -1", "--ready-fd: "},
        {"--kernel k --ready-fd 4294967296", "--ready-fd: "},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct spec s;
        struct line l;
        struct err e;

        if (parse(&l, &s, bad[i].line, &e) != -EINVAL || !strstr(e.msg, bad[i].says))
            fail_msg("%s: %s", bad[i].line, e.msg);
    }
}

static void test_parse__network(void **state)
{
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    assert_int_equal(parse(&l, &s, "--kernel k", &e), SPEC_RUN);
    assert_false(s.net.on);
    assert_int_equal(parse(&l, &s, "--kernel k --net none", &e), SPEC_RUN);
    assert_false(s.net.on);
    assert_int_equal(parse(&l, &s, "--kernel k --net user", &e), SPEC_RUN);
    assert_true(s.net.on);
    assert_false(s.net.host);
    assert_int_equal(parse(&l, &s, "--kernel k --net user,forward=[::1]:80:8080/udp,host,forward=1:2", &e), SPEC_RUN);
    assert_true(s.net.host);
    assert_int_equal(s.net.forwards, 2);
    assert_true(s.net.forward[0].udp && s.net.forward[0].v6);
    assert_int_equal(s.net.forward[1].guest_port, 2);
    assert_int_equal(s.net.auto_forward, SPEC_AUTO_OFF);
    assert_int_equal(parse(&l, &s, "--kernel k --net user,auto=offer", &e), SPEC_RUN);
    assert_int_equal(s.net.auto_forward, SPEC_AUTO_OFFER);
    assert_int_equal(parse(&l, &s, "--kernel k --net user,auto=on", &e), SPEC_RUN);
    assert_int_equal(s.net.auto_forward, SPEC_AUTO_ON);
    assert_int_equal(parse(&l, &s, "--kernel k --net user,auto=always", &e), -EINVAL);
}

static void test_parse__forwards_are_bounded(void **state)
{
    char line[1024] = "--kernel k --net user";
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    for (int i = 1; i <= FORWARDS_MAX; i++)
        sprintf(line + strlen(line), ",forward=%d:1", i);
    assert_int_equal(parse(&l, &s, line, &e), SPEC_RUN);
    assert_int_equal(s.net.forwards, FORWARDS_MAX);
    strcat(line, ",forward=99:1");
    assert_int_equal(parse(&l, &s, line, &e), -EINVAL);
    assert_says(e, "at most 32");
}

static void test_parse__disks_are_bounded(void **state)
{
    char line[1024] = "--kernel k";
    struct spec s;
    struct line l;
    struct err e;

    (void)state;
    for (int i = 0; i < SPEC_DISKS_MAX; i++)
        strcat(line, " --disk d,format=raw");
    assert_int_equal(parse(&l, &s, line, &e), SPEC_RUN);
    assert_int_equal(s.disks, SPEC_DISKS_MAX);
    strcat(line, " --disk d,format=raw");
    assert_int_equal(parse(&l, &s, line, &e), -EINVAL);
    assert_says(e, "at most 8");
}

static void test_help__names_what_is_parsed(void **state)
{
    auto_free char *help = spec_help();
    struct spec s;
    struct line l;
    struct err e;
    int options = 0;

    (void)state;
    assert_non_null(help);
    assert_int_equal(parse(&l, &s, "--wrong --help", &e), -EINVAL);
    assert_int_equal(parse(&l, &s, "--kernel k --help", &e), SPEC_HELP);
    assert_int_equal(parse(&l, &s, "--version", &e), SPEC_VERSION);
    for (char *at = help; (at = strstr(at, "\n  --")); at++) {
        char name[64] = "";

        sscanf(at, " %63[a-z-]", name);
        parse(&l, &s, name, &e); /* whatever it needs: it is known */
        assert_null(strstr(e.msg, "unknown option"));
        options++;
    }
    assert_in_range(options, 19, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse__defaults),
        cmocka_unit_test(test_parse__every_option),
        cmocka_unit_test(test_parse__one_that_is_prepared_needs_a_place),
        cmocka_unit_test(test_parse__what_a_disk_stands_on),
        cmocka_unit_test(test_parse__shares),
        cmocka_unit_test(test_parse__bad_shares),
        cmocka_unit_test(test_parse__memory_sizes),
        cmocka_unit_test(test_parse__a_sign_behind_a_blank_is_no_number),
        cmocka_unit_test(test_parse__says_what_is_wrong),
        cmocka_unit_test(test_parse__network),
        cmocka_unit_test(test_parse__forwards_are_bounded),
        cmocka_unit_test(test_parse__disks_are_bounded),
        cmocka_unit_test(test_help__names_what_is_parsed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
