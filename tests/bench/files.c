/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs do with files, each piece of work timed by the clock of where it runs.
 *
 *   files mount TAG OPTIONS [NAME...]   as the guest's first program: mounts the share TAG (OPTIONS: v9fs's,
 *                                       as "cache=none") and never ends
 *   files in FOLDER [NAME...]
 *
 * Prints a line "NAME MICROSECONDS" for each row of the table below that is named (none: each that is in full), and
 * ENDED.  The folder is as tests/bench/input makes it: many/ (1,000 files), repo/ (git's, 5,000 files), empty/, and big
 * beside them, 256 MiB or, for shorter rows, what they read.
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
#define BIG_MIB 256
#define MANY 1000

static _Noreturn void end(int status)
{
    fflush(stdout);
    while (getpid() == 1)
        pause();
    exit(status);
}

static _Noreturn void fail(const char *what)
{
    printf("FAILED %s: %s\n", what, strerror(errno));
    end(1);
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
static void find(unsigned files)
{
    DIR *d = opendir("many");
    struct dirent *e;
    struct stat st;
    unsigned n = 0;

    if (!d)
        fail("many");
    while ((e = readdir(d)))
        n += fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    closedir(d);
    if (n != files + 2)
        fail("find: wrong number of files");
}

static void create(unsigned files)
{
    static char text[200];
    char path[64];

    for (unsigned i = 0; i < files; i++) {
        int fd;

        snprintf(path, sizeof(path), "empty/file%u", i);
        fd = open_or_fail(path, O_WRONLY | O_CREAT | O_EXCL);
        if (write(fd, text, sizeof(text)) != sizeof(text))
            fail(path);
        close(fd);
    }
}

static void git_status(unsigned files)
{
    pid_t pid = fork();
    int status;

    (void)files;
    if (pid == 0) {
        dup2(open_or_fail("/dev/null", O_WRONLY), STDOUT_FILENO);
        setenv("HOME", "/", 1);
        execlp("git", "git", "-c", "safe.directory=*", "-C", "repo", "status", (char *)NULL);
        _exit(127);
    }
    if (waitpid(pid, &status, 0) < 0 || status != 0)
        fail("git status");
}

static char piece[PIECE];

static void read_big(unsigned mib)
{
    int fd = open_or_fail("big", O_RDONLY);
    uint64_t sum = 0;

    for (ssize_t n; (n = read(fd, piece, PIECE)) > 0;)
        sum += (uint64_t)n;
    close(fd);
    if (sum != mib * (uint64_t)PIECE)
        fail("big");
}

static void write_to(const char *path, int flags, unsigned mib)
{
    int fd = open_or_fail(path, O_WRONLY | flags);

    memset(piece, 'x', PIECE);
    for (unsigned i = 0; i < mib; i++)
        if (write(fd, piece, PIECE) != PIECE)
            fail(path);
    close(fd);
}

static void write_big(unsigned mib)
{
    write_to("new", O_CREAT | O_TRUNC, mib);
    unlink("new");
}

/* Into the pages that are there: without what it takes the file system to find new ones. */
static void rewrite_big(unsigned mib)
{
    write_to("big", 0, mib);
}

static void read_randomly(unsigned reads)
{
    int fd = open_or_fail("big", O_RDONLY);
    uint32_t x = 12345, pages;
    struct stat st;

    if (fstat(fd, &st) < 0 || (pages = (uint32_t)(st.st_size / 4096)) == 0)
        fail("big");
    for (unsigned i = 0; i < reads; i++) {
        x = x * 1664525 + 1013904223;
        if (pread(fd, piece, 4096, (off_t)(x % pages) * 4096) != 4096)
            fail("big, at random");
    }
    close(fd);
}

static const struct {
    const char *name;
    void (*work)(unsigned n);
    unsigned n;
    bool shorter; /* for where a piece of work takes long */
} rows[] = {
    {"find_1000", find, MANY, false},
    {"create_1000", create, 1000, false},
    {"create_200", create, 200, true},
    {"git_status_5000", git_status, 5000, false},
    {"random_4k_1000", read_randomly, 1000, false},
    {"random_4k_200", read_randomly, 200, true},
    {"read_256m", read_big, BIG_MIB, false},
    {"read_32m", read_big, 32, true},
    {"write_256m", write_big, BIG_MIB, false},
    {"write_32m", write_big, 32, true},
    {"rewrite_256m", rewrite_big, BIG_MIB, false},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static int64_t time_of(size_t row)
{
    int64_t began = now_us();

    rows[row].work(rows[row].n);
    return now_us() - began;
}

static bool wanted(size_t row, char **names)
{
    bool found = !*names && !rows[row].shorter;

    for (; *names; names++)
        found |= strcmp(*names, rows[row].name) == 0;
    return found;
}

static void run(char **names)
{
    for (size_t i = 0; i < ROWS; i++)
        if (wanted(i, names))
            printf("%s %lld\n", rows[i].name, (long long)time_of(i));
    puts("ENDED");
}

static void mount_share(const char *tag, const char *more)
{
    char options[256];

    mkdir("/dev", 0755);
    mkdir("/mnt", 0755);
    mkdir("/proc", 0755);
    mount("dev", "/dev", "devtmpfs", 0, NULL);
    mount("proc", "/proc", "proc", 0, NULL);
    snprintf(options, sizeof(options), "trans=virtio,version=9p2000.L,msize=512000,%s", more);
    if (mount(tag, "/mnt", "9p", 0, options) < 0 || chdir("/mnt") < 0)
        fail("mount");
}

int main(int argc, char **argv)
{
    bool mounts = argc > 3 && strcmp(argv[1], "mount") == 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (mounts)
        mount_share(argv[2], argv[3]);
    else if (argc < 3 || strcmp(argv[1], "in") != 0 || chdir(argv[2]) < 0)
        fail("files mount TAG OPTIONS, or files in FOLDER");
    run(argv + (mounts ? 4 : 3));
    end(0);
}
