/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A FUSE mount of a folder by way of our own client and server, used by programs as they are.  Few
 * fids, so that files are walked again all the time.
 */
#include "tests/unit/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "p9/client.h"
#include "p9/fuse.h"
#include "tests/unit/fake_export.h"

struct mounted {
    char *folder; /* holds "guest", which is served, and "mnt" */
    pid_t server, mount;
};

/* `everyone`: as root mounts for all, from a server that may give files away. */
static void be_mount(int fd, const char *root, bool everyone)
{
    auto_free char *mnt = file_path("%s/mnt", root);
    struct p9_client_config config = {.uid = 0};
    struct err e = {0};
    struct p9_client *c = p9_client_new(fd, &config, &e);
    struct p9_mount_config mount = {.client = c, .source = "lxtop:test", .fids_max = 16,
                                    .everyone = everyone};
    struct p9_mount *m = c ? p9_mount_new(&mount, mnt, &e) : NULL;
    int rc = m ? p9_mount_run(m) : -e.code;

    p9_mount_free(m);
    p9_client_free(c);
    _exit(rc == 0 ? 0 : 1);
}

static int set_up_for(void **state, bool everyone)
{
    struct mounted *m = calloc(1, sizeof(*m));
    int pair[2];

    m->folder = fixture_folder();
    *state = m;
    assert_int_equal(shell("mkdir %s/guest %s/mnt", m->folder, m->folder), 0);
    if (access("/dev/fuse", R_OK | W_OK) < 0)
        return 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    if ((m->server = fork()) == 0) {
        auto_free char *guest = file_path("%s/guest", m->folder);

        close(pair[0]);
        export_serve_as(pair[1], guest, everyone ? P9_OWNER_PASS : P9_OWNER_SQUASH);
        _exit(0);
    }
    close(pair[1]);
    if ((m->mount = fork()) == 0)
        be_mount(pair[0], m->folder, everyone);
    close(pair[0]);
    assert_int_equal(shell("for i in $(seq 200); do grep -q ' %s/mnt fuse.lxtop ' /proc/self/mounts && exit 0; sleep 0.05; "
                           "done; exit 1", m->folder), 0);
    return 0;
}

static int set_up(void **state)
{
    return set_up_for(state, false);
}

static int set_up_everyone(void **state)
{
    return set_up_for(state, geteuid() == 0);
}

static int tear_down(void **state)
{
    struct mounted *m = *state;
    int status = 0;

    if (m->mount > 0) {
        if (shell("fusermount3 -u %s/mnt", m->folder) != 0) { /* a test that failed left a file open */
            shell("fusermount3 -u -z %s/mnt", m->folder);
            kill(m->mount, SIGTERM);
        }
        waitpid(m->mount, &status, 0);
        kill(m->server, SIGKILL);
        waitpid(m->server, NULL, 0);
    }
    fixture_remove(m->folder);
    free(m);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1; /* asan's word about the mount, too */
}

#define in_mount(m, command) shell("cd %s/mnt && " command, (m)->folder)
#define need_fuse(m)                                                                               \
    do {                                                                                           \
        if ((m)->mount == 0)                                                                       \
            skip();                                                                                \
    } while (0)

static void test_fuse__git_and_sqlite_work(void **state)
{
    struct mounted *m = *state;

    need_fuse(m);
    assert_int_equal(in_mount(m, "git init -q g && cd g && seq 40 | xargs -n1 sh -c 'mkdir -p d$(($0 %% 5)) && echo $0 > d$(($0 %% 5))/f$0' && "
                                 "git add -A && git -c user.name=a -c user.email=a@b commit -qm x && "
                                 "[ -z \"$(git status --porcelain)\" ] && git fsck >/dev/null 2>&1 && git clone -q . ../h"), 0);
    assert_int_equal(in_mount(m, "sqlite3 s.db 'create table t(a); insert into t values(1),(2);' && "
                                 "[ $(sqlite3 s.db 'pragma journal_mode=wal; insert into t values(3); select count(*) from t' | tail -1) = 3 ]"), 0);
}

static void test_fuse__names_of_every_kind(void **state)
{
    struct mounted *m = *state;

    need_fuse(m);
    assert_int_equal(in_mount(m, "n=$(printf 'x%%.0s' $(seq 255)) && echo a > $n && cat $n >/dev/null && ls | grep -q $n && "
                                 "! touch ${n}y 2>/dev/null && rm $n"), 0);
    assert_int_equal(in_mount(m, "touch \"$(printf 'new\\nline')\" \"$(printf '\\377\\376')\" && [ $(ls -b | wc -l) = 2 ] && rm ./* && "
                                 "ln -s /no/where l && [ $(readlink l) = /no/where ] && mkfifo p && [ -p p ] && "
                                 "echo 1 > h1 && ln h1 h2 && [ h1 -ef h2 ] && [ $(stat -c %%h h2) = 2 ]"), 0);
}

/* Far more files than fids: each is found again, and a listing is complete while it is emptied. */
static void test_fuse__a_folder_of_many(void **state)
{
    struct mounted *m = *state;

    need_fuse(m);
    assert_int_equal(in_mount(m, "mkdir -p a/b/many && cd a/b/many && seq 2000 | xargs touch && [ $(ls | wc -l) = 2000 ] && "
                                 "[ $(ls -l | wc -l) = 2001 ] && [ $(find . -type f -size 0 | wc -l) = 2000 ] && "
                                 "cd ../../.. && mv a c && [ -e c/b/many/77 ] && rm -r c && [ ! -e c ]"), 0);
}

static int open_in(struct mounted *m, const char *name, int flags)
{
    auto_free char *path = file_path("%s/mnt/%s", m->folder, name);
    int fd = open(path, flags | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    return fd;
}

static void test_fuse__an_open_file_lives_on_without_its_name(void **state)
{
    struct mounted *m = *state;
    char bytes[8] = "";
    struct stat st;
    int fd;

    need_fuse(m);
    fd = open_in(m, "f", O_RDWR | O_CREAT);
    assert_int_equal(write(fd, "hello", 5), 5);
    assert_int_equal(in_mount(m, "rm f && seq 40 | xargs touch && ls -l > /dev/null"), 0);
    assert_int_equal(ftruncate(fd, 3), 0);
    assert_int_equal(fchmod(fd, 0600), 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 3);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(pread(fd, bytes, 8, 0), 3);
    assert_string_equal(bytes, "hel");
    close(fd);
}

/* The rest of a part that was asked for before a file grew: its old size would have the next append overwrite. */
static void test_fuse__a_listing_is_as_new_as_what_was_written(void **state)
{
    struct mounted *m = *state;

    need_fuse(m);
    assert_int_equal(in_mount(m, "mkdir d && cd d && seq 1000 1599 | xargs touch && python3 -c '\n"
                                 "import os\n"
                                 "def append(name):\n"
                                 "    with open(name, \"ab\", 0) as f: f.write(b\"x\")\n"
                                 "it = os.scandir(\".\")\n"
                                 "first = [next(it) for i in range(5)]\n"
                                 "names = sorted(os.listdir(\".\"))\n"
                                 "[append(n) for n in names]\n"
                                 "rest = [e.name for e in it]\n"
                                 "[append(n) for n in names]\n"
                                 "assert [os.stat(n).st_size for n in names] == [2] * 600, 1\n"
                                 "it = os.scandir(\".\")\n"
                                 "next(it)\n"
                                 "[os.unlink(n) for n in names]\n"
                                 "rest = [e.name for e in it]\n"
                                 "assert not [n for n in names if os.path.lexists(n)], 2'"), 0);
    assert_int_equal(shell("cd %s/guest && [ -z \"$(ls -A d)\" ]", m->folder), 0);
}

/* Names asked for ahead of their lookup (p9/fuse_ahead.h), of which one is changed by another of its names. */
static void test_fuse__what_is_known_ahead_is_as_new_as_what_was_written(void **state)
{
    struct mounted *m = *state;

    need_fuse(m);
    assert_int_equal(in_mount(m, "mkdir d e && (cd d && seq 20 | xargs touch && ln 20 ../e/other) && sleep 1.1 && python3 -c '\n"
                                 "import os\n"
                                 "for i in range(1, 16): os.stat(f\"d/{i}\")\n"
                                 "with open(\"e/other\", \"ab\", 0) as f: f.write(b\"x\")\n"
                                 "assert os.stat(\"d/20\").st_size == 1\n"
                                 "with open(\"d/20\", \"ab\", 0) as f: f.write(b\"y\")\n"
                                 "for i in range(1, 16): os.stat(f\"d/{i}\")\n"
                                 "os.rename(\"d/16\", \"d/17\")\n"
                                 "assert not os.path.lexists(\"d/16\")\n"
                                 "assert open(\"d/20\").read() == \"xy\"'"), 0);
    assert_int_equal(shell("cd %s/guest && [ $(cat e/other) = xy ]", m->folder), 0);
}

/* Listed only, no fid is theirs: the names they are walked to again must be the new ones. */
static void test_fuse__what_was_listed_is_found_after_a_rename(void **state)
{
    struct mounted *m = *state;

    need_fuse(m);
    assert_int_equal(in_mount(m, "mkdir -p a/sub a/to e && echo 1 > a/sub/f && (cd e && seq 40 | xargs touch) && sleep 1.1 && "
                                 "ls -l a > /dev/null && cd a/sub && "
                                 "mv ../../a/sub ../../a/to/moved && grep -q 1 f && [ $(ls) = f ] && echo 2 >> f && [ $(wc -l < ../moved/f) = 2 ]"), 0);
    assert_int_equal(in_mount(m, "cd a/to/moved && seq 40 | xargs touch && sleep 1.1 && ls -l > /dev/null && mv f g && "
                                 "mv 1 f && [ $(wc -l < g) = 2 ] && [ ! -s f ] && ! cat 1 2> /dev/null"), 0);
}

static void test_fuse__holes_maps_times_and_appends(void **state)
{
    struct mounted *m = *state;
    char *map;
    int fd;

    need_fuse(m);
    fd = open_in(m, "map", O_RDWR | O_CREAT);
    assert_int_equal(ftruncate(fd, 8192), 0);
    map = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    memcpy(map + 4096, "abc", 3);
    assert_int_equal(msync(map, 8192, MS_SYNC), 0);
    munmap(map, 8192);
    close(fd);
    assert_int_equal(shell("cd %s/guest && [ \"$(tail -c +4097 map | head -c 3)\" = abc ]", m->folder), 0);
    assert_int_equal(in_mount(m, "truncate -s 5G s && [ $(stat -c %%s s) = 5368709120 ] && [ $(stat -c %%b s) -lt 100 ] && rm s && "
                                 "touch -d '2001-02-03 04:05:06.123456789' t && stat -c %%y t | grep -q 04:05:06.123456789 && "
                                 "head -c 3000000 /dev/urandom > r && cat r >> all && cat r >> all && cat r r | cmp - all"), 0);
}

static void test_fuse__xattrs(void **state)
{
    struct mounted *m = *state;
    char value[8];
    int fd;

    need_fuse(m);
    fd = open_in(m, "f", O_RDWR | O_CREAT);
    if (fsetxattr(fd, "user.a", "1", 1, 0) < 0)
        skip();
    assert_int_equal(fgetxattr(fd, "user.a", value, sizeof(value)), 1);
    assert_int_equal(flistxattr(fd, value, sizeof(value)), 7);
    assert_int_equal(fremovexattr(fd, "user.a"), 0);
    assert_int_equal(fgetxattr(fd, "user.a", value, sizeof(value)), -1);
    close(fd);
}

/* The lock is the server's: a process that works on its folder sees it; a waiter gets it at the end. */
static void test_fuse__locks_are_seen_behind_the_server(void **state)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET}, seen = whole;
    struct mounted *m = *state;
    auto_free char *path = file_path("%s/guest/f", m->folder);
    int fd, behind, status;
    pid_t pid;

    need_fuse(m);
    fd = open_in(m, "f", O_RDWR | O_CREAT);
    behind = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_SETLK, &whole), 0);
    assert_int_equal(fcntl(behind, F_GETLK, &seen), 0);
    assert_int_equal(seen.l_type, F_WRLCK);
    if ((pid = fork()) == 0) {
        int own = open_in(m, "f", O_RDWR);

        if (fcntl(own, F_SETLK, &whole) == 0 || errno != EAGAIN)
            _exit(1);
        _exit(fcntl(own, F_SETLKW, &whole) == 0 ? 0 : 2);
    }
    usleep(100000); /* most likely it waits by now; it must get the lock either way */
    close(fd);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    close(behind);
}

static void test_fuse__flock_is_seen_behind_the_server(void **state)
{
    struct mounted *m = *state;
    auto_free char *path = file_path("%s/guest/f", m->folder);
    int fd, again, behind;

    need_fuse(m);
    fd = open_in(m, "f", O_RDWR | O_CREAT);
    again = open_in(m, "f", O_RDWR);
    behind = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(flock(behind, LOCK_SH | LOCK_NB), -1);
    assert_int_equal(flock(again, LOCK_SH | LOCK_NB), -1); /* of the same process, and opened apart */
    assert_int_equal(flock(fd, LOCK_UN), 0);
    assert_int_equal(flock(behind, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(flock(again, LOCK_SH | LOCK_NB), -1);
    assert_int_equal(flock(behind, LOCK_UN), 0);
    assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
    assert_int_equal(flock(again, LOCK_SH | LOCK_NB), 0);
    close(again); /* and with it its lock, soon: FUSE's release, and our clunk, are not waited for */
    assert_int_equal(flock(fd, LOCK_EX), 0);
    close(fd);
    assert_int_equal(flock(behind, LOCK_EX), 0);
    close(behind);
}

/* The kernel keeps pages and sizes for a second; who locks is about to read what another has written. */
static void test_fuse__a_lock_shows_what_was_written_before(void **state)
{
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
    struct mounted *m = *state;
    auto_free char *path = file_path("%s/guest/f", m->folder);
    char text[8] = "";
    struct stat st;
    int fd, behind;

    need_fuse(m);
    behind = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(pwrite(behind, "one", 3, 0), 3);
    fd = open_in(m, "f", O_RDWR);
    assert_int_equal(pread(fd, text, sizeof(text), 0), 3);
    assert_int_equal(pwrite(behind, "three", 5, 0), 5);
    assert_int_equal(fcntl(fd, F_SETLK, &first), 0);
    assert_int_equal(pread(fd, text, sizeof(text), 0), 5);
    assert_string_equal(text, "three");
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, 5);
    close(fd);
    close(behind);
}

static void test_fuse__flags_that_9p_has_not_are_refused(void **state)
{
    struct mounted *m = *state;
    auto_free char *a = file_path("%s/mnt/a", m->folder), *b = file_path("%s/mnt/b", m->folder);

    need_fuse(m);
    assert_int_equal(in_mount(m, "touch a b"), 0);
    assert_int_equal(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), -1);
    assert_int_equal(errno, EINVAL);
    assert_int_equal(in_mount(m, "mv a b && [ ! -e a ]"), 0);
}

/* The kernel judges as on a disk; what a user makes is the user's, also behind the server. */
static void test_fuse__everyone_has_files_of_their_own(void **state)
{
    struct mounted *m = *state;

    if (geteuid() != 0)
        skip();
    need_fuse(m);
    assert_int_equal(shell("chmod 755 %s %s/mnt", m->folder, m->folder), 0);
    assert_int_equal(in_mount(m, "umask 022 && echo secret > roots && chmod 600 roots && mkdir pub && chmod 2777 pub && chgrp 50 pub"), 0);
    assert_int_equal(shell("cd %s/mnt/pub && setpriv --reuid 1000 --regid 1001 --clear-groups sh -c '"
                           "! cat ../roots 2> /dev/null && ! touch ../new 2> /dev/null && mkdir d && touch f && mkfifo p && ln -s f l && "
                           "ln f h && mkdir -m 700 e && touch e/g && chmod 4711 f'", m->folder), 0);
    assert_int_equal(shell("cd %s/guest/pub && for i in d f p l h e/g; do test $(stat -c %%u:%%g $i) = 1000:50 || exit 1; done && "
                           "test $(stat -c %%a f) = 4711 && test $(stat -c %%a d) = 2755", m->folder), 0);
}

static void test_fuse__a_server_that_is_killed(void **state)
{
    struct mounted *m = *state;
    struct stat st;
    int fd;

    need_fuse(m);
    fd = open_in(m, "f", O_RDWR | O_CREAT);
    kill(m->server, SIGKILL);
    assert_int_equal(write(fd, "x", 1), -1);
    assert_int_equal(errno, ENOTCONN);
    assert_int_equal(in_mount(m, "touch new 2>/dev/null") != 0, 1);
    assert_int_equal(fstat(fd, &st), -1);
    close(fd);
}

#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_fuse__git_and_sqlite_work),
        test(test_fuse__names_of_every_kind),
        test(test_fuse__a_folder_of_many),
        test(test_fuse__an_open_file_lives_on_without_its_name),
        test(test_fuse__a_listing_is_as_new_as_what_was_written),
        test(test_fuse__what_is_known_ahead_is_as_new_as_what_was_written),
        test(test_fuse__what_was_listed_is_found_after_a_rename),
        test(test_fuse__holes_maps_times_and_appends),
        test(test_fuse__xattrs),
        test(test_fuse__locks_are_seen_behind_the_server),
        test(test_fuse__flock_is_seen_behind_the_server),
        test(test_fuse__a_lock_shows_what_was_written_before),
        test(test_fuse__flags_that_9p_has_not_are_refused),
        cmocka_unit_test_setup_teardown(test_fuse__everyone_has_files_of_their_own, set_up_everyone, tear_down),
        test(test_fuse__a_server_that_is_killed),
    };

    alarm(300); /* what hangs has failed */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
