/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What others make of our protocol: tshark's dissector of a recorded conversation, diod's client of our
 * server.
 */
#include "tests/unit/p9_fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/un.h>

#include "p9/client.h"
#include "tests/unit/wire.h"

/* It is in DEPS, so that without it nothing is proven. */
static void need(const char *program)
{
    if (shell("PATH=$PATH:/usr/sbin command -v %s > /dev/null", program) != 0)
        fail_msg("%s is missing: run `make deps`", program);
}

/* --- tshark -------------------------------------------------------------------------------------- */

/* The client speaks through the relay from now on. */
static void record(struct client *c, struct wire *w)
{
    char *path = file_path("%s/record", c->folder);

    client_disconnect(c);
    client_connect(c);
    c->fd = wire_start(w, c->fd, path);
    free(path);
}

static void make_files(struct client *c)
{
    assert_int_equal(c_create(c, ROOT, 1, "file", P9_O_RDWR, 0644), 0);
    assert_int_equal(c_write(c, 1, 0, "0123456789", 10), 10);
    assert_int_equal(c_read(c, 1, 2, 100), 8);
    assert_int_equal(RPC(c, .type = P9_TFSYNC, .tfsync = {1, 1}), 0);
    assert_int_equal(c_lock(c, 1, P9_LOCK_WRITE, 0, 5, 7, 0), P9_LOCK_OK);
    assert_int_equal(RPC(c, .type = P9_TGETLOCK, .tlock = {1, P9_LOCK_READ, 0, 0, 0, 8, NAME("other")}), 0);
    assert_int_equal(c_mkdir(c, ROOT, "dir", 0755), 0);
    assert_int_equal(RPC(c, .type = P9_TMKNOD, .tmknod = {ROOT, NAME("fifo"), S_IFIFO | 0600, 0, 0, 0}), 0);
    assert_int_equal(RPC(c, .type = P9_TSYMLINK, .tsymlink = {ROOT, NAME("link"), NAME("to/where"), 0}), 0);
    assert_int_equal(RPC(c, .type = P9_TLINK, .tlink = {ROOT, 1, NAME("hard")}), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAMEAT, .trenameat = {ROOT, NAME("hard"), ROOT, NAME("moved")}), 0);
    assert_int_equal(c_clunk(c, 1), 0);
}

static void ask_about_files(struct client *c)
{
    struct p9_attr a;

    assert_int_equal(c_walk(c, ROOT, 2, "link"), 0);
    assert_int_equal(RPC(c, .type = P9_TREADLINK, .fid = 2), 0);
    assert_int_equal(c_walk(c, ROOT, 3, "moved"), 0);
    assert_int_equal(c_getattr(c, 3, &a), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 3, .valid = P9_SET_MODE | P9_SET_SIZE, .mode = 0600, .size = 3}), 0);
    assert_int_equal(RPC(c, .type = P9_TSTATFS, .fid = 3), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAME, .trename = {3, ROOT, NAME("again")}), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRWALK, .txattrwalk = {3, 4, NAME("")}), 0);
    assert_int_equal(RPC(c, .type = P9_TXATTRCREATE, .txattrcreate = {3, NAME("user.a"), 1, 0}), 0);
    assert_int_equal(c_write(c, 3, 0, "v", 1), 1);
    c_clunk(c, 3); /* not every file system has attributes */
    assert_int_equal(c_open_path(c, 5, "", P9_O_DIRECTORY), 0);
    assert_true(c_readdir(c, 5, 0, 8000) > 0);
}

static void end_files(struct client *c)
{
    assert_int_equal(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {ROOT, NAME("dir"), P9_UNLINK_DIR}), 0);
    assert_int_equal(c_walk(c, ROOT, 6, "fifo"), 0);
    assert_int_equal(RPC(c, .type = P9_TREMOVE, .fid = 6), 0);
    assert_int_equal(RPC(c, .type = P9_TFLUSH, .tflush = {99}), 0);
    assert_true(RPC(c, .type = P9_TAUTH, .tauth = {9, NAME("me"), NAME(""), 0}) < 0);
}

/* What it is told of the 9P messages in the record, one a line. */
static char *dissect(const char *folder, const char *filter_and_fields)
{
    assert_int_equal(shell("cd %s && text2pcap -q -D -T 564,40000 -4 10.0.0.1,10.0.0.2 record pcap > text2pcap 2>&1 || "
                           "{ cat text2pcap; exit 1; }", folder), 0);
    return shell_line("cd %s && tshark -r pcap -d tcp.port==40000,9p %s 2> /dev/null | sort -n | uniq | tr '\\n' ' '",
                      folder, filter_and_fields);
}

/*
 * All but Tgetlock and Rgetlock, in which tshark 4.0 looks for Tlock's flags: Linux ("dbqqds" and
 * "bqqds" in net/9p/client.c) and diod have none there.
 */
#define MALFORMED "-Y '(_ws.malformed || _ws.expert.severity == error) && !(9p.msgtype in {54, 55})'"

static void assert_dissected(const char *folder, const char *what, const char *want)
{
    char *got = dissect(folder, what);

    assert_string_equal(got, want);
    free(got);
}

static void test_tshark__understands_every_message(void **state)
{
    struct client *c = *state;
    struct wire w;

    need("tshark");
    need("text2pcap");
    record(c, &w);
    assert_int_equal(c_version(c), 0);
    assert_int_equal(c_attach(c, ROOT, 1000, ""), 0);
    make_files(c);
    ask_about_files(c);
    end_files(c);
    client_disconnect(c);
    wire_end(&w);
    client_connect(c);
    assert_dissected(c->folder, MALFORMED, "");
    assert_dissected(c->folder, "-Y 9p -T fields -e 9p.msgtype",
                     "7 8 9 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 30 31 32 33 40 41 50 51 52 53 54 55 "
                     "70 71 72 73 74 75 76 77 100 101 102 104 105 108 109 110 111 116 117 118 119 120 121 122 123 ");
}

/* That the test above can fail: a Twalk whose name is longer than the message. */
static void test_tshark__tells_what_is_malformed(void **state)
{
    static const uint8_t version[] = {21, 0, 0, 0, 100, 0xff, 0xff, 0, 0, 1, 0, 8, 0, '9', 'P', '2', '0', '0', '0', '.', 'L'};
    static const uint8_t walk[] = {20, 0, 0, 0, 110, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 9, 0, 'a'};
    struct client *c = *state;
    char *path = file_path("%s/record", c->folder), *told;
    FILE *f = fopen(path, "we");

    free(path);
    assert_non_null(f);
    wire_write(f, 'O', version, sizeof(version));
    wire_write(f, 'O', walk, sizeof(walk));
    fclose(f);
    told = dissect(c->folder, "-Y _ws.malformed");
    assert_non_null(strstr(told, "Malformed"));
    free(told);
}

/* --- Our own client, long enough for tags and fids to come round ----------------------------------- */

static void use_client(struct p9_client *c, unsigned round)
{
    char name[32], bytes[5000] = "";
    struct p9_attr attr;
    uint32_t root = p9_client_root(c), fid;

    snprintf(name, sizeof(name), "file%u", round % 7);
    assert_int_equal(p9_client_create(c, root, name, P9_O_RDWR | P9_O_CREAT, 0644, 0, &fid), 0);
    assert_int_equal(p9_client_write(c, fid, bytes, sizeof(bytes), round % 7), sizeof(bytes));
    assert_int_equal(p9_client_read(c, fid, bytes, sizeof(bytes), 10), sizeof(bytes) - 10 + round % 7);
    assert_int_equal(p9_client_getattr(c, fid, &attr), 0);
    p9_client_clunk(c, fid);
    assert_int_equal(p9_client_lookup(c, root, "missing", &fid, &attr), -ENOENT);
    assert_int_equal(p9_client_mkdir(c, root, "dir", 0755, 0), 0);
    assert_int_equal(p9_client_rename(c, root, "dir", root, "other"), 0);
    assert_int_equal(p9_client_unlink(c, root, "other", true), 0);
    if (round % 7 == 6)
        assert_int_equal(p9_client_unlink(c, root, name, false), 0);
}

static void test_tshark__understands_our_client(void **state)
{
    struct p9_client_config config = {.msize = 32768, .uid = 1000};
    struct client *c = *state;
    struct p9_client *client;
    struct err e = {0};
    struct wire w;
    char *malformed;

    need("tshark");
    need("text2pcap");
    record(c, &w);
    client = p9_client_new(c->fd, &config, &e);
    assert_string_equal(e.msg, "");
    for (unsigned round = 0; round < 60; round++)
        use_client(client, round);
    p9_client_free(client);
    wire_end(&w);
    p9_stream_join(c->server);
    client_connect(c);
    assert_true(w.messages > 1200);
    malformed = dissect(c->folder, MALFORMED);
    assert_string_equal(malformed, "");
    free(malformed);
}

/* --- diod's client --------------------------------------------------------------------------------- */

static pid_t listen_in(struct client *c)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    struct err e = {0};
    pid_t pid;

    snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", c->folder);
    assert_int_equal(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(listen(s, 8), 0);
    if ((pid = fork()) == 0) {
        char *root = file_path("%s/share", c->folder);
        struct p9_export x = {.limits = p9_limits_default()};

        x.fs = p9_localfs_new(&(struct p9_localfs_config){.root = root, .owners = {.uid = 1000}}, &e);
        while ((fd = accept4(s, NULL, NULL, SOCK_CLOEXEC)) >= 0)
            p9_stream_start(fd, &x, 0, &e);
        _exit(1);
    }
    close(s);
    return pid;
}

#define diod(c, command) shell("cd %s && PATH=$PATH:/usr/sbin && " command, (c)->folder)

static void test_diod__reads_lists_and_writes(void **state)
{
    struct client *c = *state;
    pid_t pid;

    need("diodcat");
    assert_int_equal(in_share(c, "mkdir ctl && head -c 3000000 /dev/urandom > big && echo short > ctl/short && "
                                 "head -c 100000 /dev/zero > ctl/zero && : > ctl/null"), 0);
    pid = listen_in(c);
    assert_int_equal(diod(c, "diodcat -s $PWD/socket -a / big | cmp - share/big"), 0);
    assert_int_equal(diod(c, "test \"$(diodcat -s $PWD/socket -a / ctl/short)\" = short"), 0);
    assert_int_equal(diod(c, "! diodcat -s $PWD/socket -a / missing 2> /dev/null"), 0);
    /* It asks for "." and "..", which no other client does and ours refuses; it names the rest. */
    assert_int_equal(diod(c, "test \"$(diodls -s $PWD/socket -a /ctl 2> /dev/null | sort | xargs)\" = 'null short zero'"), 0);
    assert_int_equal(diod(c, "diodls -s $PWD/socket -a / -l 2> /dev/null | grep -q '^-rw.* 3000000 .* big$'"), 0);
    /* It reads "zero" and writes "null" in the folder "ctl", in several threads. */
    assert_int_equal(diod(c, "diodload -s $PWD/socket -n 4 -r 1 2>&1 | grep -q '^diodload: [1-9][0-9]* ops/s'"), 0);
    assert_int_equal(in_share(c, "test $(stat -c %%s ctl/null) -gt 60000"), 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_tshark__understands_every_message),
        T(test_tshark__tells_what_is_malformed),
        T(test_tshark__understands_our_client),
        T(test_diod__reads_lists_and_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
