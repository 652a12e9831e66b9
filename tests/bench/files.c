/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * files TAG OPTIONS [NAME...]: what a guest does with a share, each piece of work timed by the guest's clock.
 *
 * Runs as the guest's first program.  Mounts the share TAG (OPTIONS: v9fs's, as "cache=none"),
 * prints a line "NAME MICROSECONDS" for each row of the table below (or those named), and ENDED.  The share
 * holds what tests/bench/share put there: many/ (1,000 files), repo/ (git's, 5,000 files), empty/ and big.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1u << 20)
#define BIG (64ull << 20)
#define FILES 1000
#define RANDOM_READS 1000

static void fail(const char *what)
{
    printf("FAILED %s: %s\n", what, strerror(errno));
    fflush(stdout);
    for (;;)
        pause();
}

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int open_or_fail(const char *path, int flags)
{
    int fd = open(path, flags, 0644);

    if (fd < 0)
        fail(path);
    return fd;
}

/* As find(1) does that looks at more than names: every entry of the folder is looked at. */
static void find(void)
{
    DIR *d = opendir("many");
    struct dirent *e;
    struct stat st;
    int n = 0;

    if (!d)
        fail("many");
    while ((e = readdir(d)))
        n += fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    closedir(d);
    if (n != FILES + 2)
        fail("find: wrong number of files");
}

/* A new folder each time. */
static void create(void)
{
    static char folder[] = "empty/A", text[200];
    char path[64];

    if (mkdir(folder, 0755) < 0)
        fail(folder);
    for (int i = 0; i < FILES; i++) {
        int fd;

        snprintf(path, sizeof(path), "%s/file%d", folder, i);
        fd = open_or_fail(path, O_WRONLY | O_CREAT | O_EXCL);
        if (write(fd, text, sizeof(text)) != sizeof(text))
            fail(path);
        close(fd);
    }
    folder[6]++;
}

static void git_status(void)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        dup2(open_or_fail("/dev/null", O_WRONLY), STDOUT_FILENO);
        setenv("HOME", "/", 1);
        execl("/bin/git", "git", "-c", "safe.directory=*", "-C", "repo", "status", (char *)NULL);
        _exit(127);
    }
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        fail("git status");
}

static char piece[PIECE];

static void read_big(void)
{
    int fd = open_or_fail("big", O_RDONLY);
    uint64_t sum = 0;

    for (ssize_t n; (n = read(fd, piece, PIECE)) > 0;)
        sum += (uint64_t)n;
    close(fd);
    if (sum != BIG)
        fail("big");
}

static void write_big(void)
{
    int fd = open_or_fail("new", O_WRONLY | O_CREAT | O_TRUNC);

    memset(piece, 'x', PIECE);
    for (uint64_t at = 0; at < BIG; at += PIECE)
        if (write(fd, piece, PIECE) != PIECE)
            fail("new");
    close(fd);
    unlink("new");
}

static void read_randomly(void)
{
    int fd = open_or_fail("big", O_RDONLY);
    uint32_t x = 12345;

    for (int i = 0; i < RANDOM_READS; i++) {
        x = x * 1664525 + 1013904223;
        if (pread(fd, piece, 4096, (off_t)(x % (BIG / 4096)) * 4096) != 4096)
            fail("big, at random");
    }
    close(fd);
}

/* Best of some.  Each boot does all of it, and each time takes minutes of the emulated host. */
static const struct {
    const char *name;
    void (*work)(void);
    int times;
} rows[] = {
    {"share_find_1000", find, 1},
    {"share_create_1000", create, 1},
    {"share_git_status", git_status, 1},
    {"share_random_4k", read_randomly, 1},
    {"share_read_64m", read_big, 1},
    {"share_write_64m", write_big, 1},
};

static int64_t best(void (*work)(void), int times)
{
    int64_t least = INT64_MAX;

    while (times-- > 0) {
        int64_t began = now_us(), us;

        work();
        us = now_us() - began;
        least = us < least ? us : least;
    }
    return least;
}

static bool wanted(const char *name, char **names)
{
    bool found = !*names;

    for (; *names; names++)
        found |= strcmp(*names, name) == 0;
    return found;
}

int main(int argc, char **argv)
{
    char options[256];

    setvbuf(stdout, NULL, _IOLBF, 0);
    mkdir("/dev", 0755);
    mkdir("/mnt", 0755);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mkdir("/proc", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    if (argc < 3)
        fail("files TAG OPTIONS [NAME...]");
    snprintf(options, sizeof(options), "trans=virtio,version=9p2000.L,msize=512000,%s", argv[2]);
    if (mount(argv[1], "/mnt", "9p", 0, options) < 0 || chdir("/mnt") < 0)
        fail("mount");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (wanted(rows[i].name, argv + 3))
            printf("%s %lld\n", rows[i].name, (long long)best(rows[i].work, rows[i].times));
    puts("ENDED");
    for (;;)
        pause();
}
