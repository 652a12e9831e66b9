/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux's own 9P client on our server, where this kernel has one and we may mount.
 *
 * The mount's other end is a socket of this process (trans=fd).  Programs do the work, so that the
 * kernel asks what it asks in daily use.
 */
#include "p9/transport_stream.h"

#include "tests/unit/p9_fixture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>

static bool kernel_has_9p(void)
{
    return geteuid() == 0 && (shell("grep -qw 9p /proc/filesystems") == 0 ||
                              shell("modprobe -q 9p 2>/dev/null && modprobe -q 9pnet_fd 2>/dev/null") == 0);
}

/* The share is mounted on "mnt" beside it. */
static void mount_share(struct client *c, const char *cache)
{
    char options[128];
    char *target = file_path("%s/mnt", c->folder);
    int rc;

    assert_int_equal(mkdir(target, 0755), 0);
    client_disconnect(c);
    c->export.limits.msize = 512000;
    client_connect(c);
    snprintf(options, sizeof(options),
             "trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,msize=512000,access=client,cache=%s", c->fd,
             c->fd, cache);
    rc = mount("share", target, "9p", 0, options);
    if (rc < 0)
        fail_msg("mount %s: %s", options, strerror(errno));
    free(target);
}

static int set_up(void **state)
{
    *state = client_new((struct p9_localfs_config){.owners = {.kind = P9_OWNER_PASS}});
    return 0;
}

static int tear_down(void **state)
{
    struct client *c = *state;

    shell("umount -l %s/mnt 2>/dev/null", c->folder);
    shell("rmdir %s/mnt 2>/dev/null", c->folder);
    client_free(c);
    return 0;
}

#define in_mount(c, command) shell("cd %s/mnt && set -e && " command, (c)->folder)

/* On an emulated processor, which others use too, a file takes up to 40 ms: 3,000 looked like a hang. */
static unsigned many(void)
{
    return getenv("LXTOP_LAB") ? 200 : 3000;
}

static void use_mount(struct client *c)
{
    assert_int_equal(in_mount(c, "mkdir -p a/b/c && echo one > a/b/f && cat a/b/f | grep -qx one"), 0);
    assert_int_equal(in_mount(c, "ln -s f a/b/l && cat a/b/l | grep -qx one && ln a/b/f a/h"), 0);
    assert_int_equal(in_mount(c, "mkfifo p && test -p p && mv a/h a/i && test $(stat -c %%h a/i) = 2"), 0);
    assert_int_equal(shell("cd %s/mnt && touch $(seq %u) && test $(ls | wc -l) = %u && rm -f [0-9]*",
                           c->folder, many(), many() + 2), 0);
    assert_int_equal(in_mount(c, "chmod 4750 a/i && test $(stat -c %%a a/i) = 4750"), 0);
    assert_int_equal(in_mount(c, "chown 7:8 a/i && test $(stat -c %%u:%%g a/i) = 7:8"), 0);
    assert_int_equal(in_mount(c, "touch -d @1000 a/i && test $(stat -c %%Y a/i) = 1000"), 0);
    assert_int_equal(in_mount(c, "head -c 3000000 /dev/urandom > big && cp big big2 && cmp big big2"), 0);
    assert_int_equal(in_mount(c, "truncate -s 10 big && test $(wc -c < big) = 10"), 0);
    assert_int_equal(in_mount(c, "find . | tar cf /dev/null -T - && df . > /dev/null && sync -f ."), 0);
    assert_int_equal(in_mount(c, "exec 3<> big; rm big; echo x >&3; truncate -s 1 /proc/self/fd/3"), 0);
    assert_int_equal(in_mount(c, "(flock -n 9 && ! flock -n big2 true) 9> big2"), 0);
    assert_int_equal(in_mount(c, "rm -rf a p big2 && test -z \"$(ls -A)\""), 0);
}

static void mount_or_skip(struct client *c, const char *cache)
{
    if (!kernel_has_9p())
        skip();
    mount_share(c, cache);
}

static void test_mount__serves_programs(void **state)
{
    mount_or_skip(*state, "none");
    use_mount(*state);
}

static void test_mount__serves_programs_cached(void **state)
{
    mount_or_skip(*state, "mmap");
    use_mount(*state);
}

/*
 * Writes through a mapping.  In a process of its own: the kernel may ask the server while it holds the
 * lock of the address space, which the server's threads need when they are in the same one.
 */
static int write_mapped(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    char *map;

    if (fd < 0 || ftruncate(fd, 4096) < 0)
        return 1;
    map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return 2;
    memcpy(map, "mapped", 6);
    if (msync(map, 4096, MS_SYNC) < 0 || munmap(map, 4096) < 0)
        return 3;
    return close(fd) < 0 ? 4 : 0;
}

/* Seen through the host's own file. */
static void test_mount__maps_files(void **state)
{
    struct client *c = *state;
    char *path;
    int status = -1;
    pid_t pid;

    mount_or_skip(c, "mmap");
    path = file_path("%s/mnt/f", c->folder);
    if ((pid = fork()) == 0)
        _exit(write_mapped(path));
    free(path);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(in_share(c, "test $(head -c 6 f) = mapped"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_mount__serves_programs),
        T(test_mount__serves_programs_cached),
        T(test_mount__maps_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
