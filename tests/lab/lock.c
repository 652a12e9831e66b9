/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte-range locks (POSIX) of a file, for the end-to-end cases, in guests and on the host.
 *
 *   lock hold FILE START LENGTH        locks it for writing, says "locked", holds it until its input ends
 *   lock try FILE START LENGTH         0: nobody holds any of it; 1: somebody does, and says what
 *   lock add FILE TIMES                TIMES times: waits for a lock of the number in FILE, adds one
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER 8      /* bytes of it, at the beginning */
#define DWELL_US 5000 /* with the number read and not yet written: without a lock others would read it, too */

static int fail(const char *what)
{
    perror(what);
    return 2;
}

static struct flock range(short type, const char *start, const char *len)
{
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = atoll(start), .l_len = atoll(len)};
}

static int hold(int fd, char **argv)
{
    struct flock l = range(F_WRLCK, argv[3], argv[4]);
    char c;

    if (fcntl(fd, F_SETLK, &l) < 0)
        return fail("lock");
    puts("locked");
    fflush(stdout);
    while (read(0, &c, 1) > 0)
        ;
    return 0;
}

/* Both ways of asking say the same. */
static int try(int fd, char **argv)
{
    struct flock l = range(F_WRLCK, argv[3], argv[4]), set = l;
    int taken;

    if (fcntl(fd, F_GETLK, &l) < 0)
        return fail("ask for the lock");
    taken = fcntl(fd, F_SETLK, &set);
    if (l.l_type == F_UNLCK)
        return taken == 0 ? 0 : fail("nobody holds it, and yet");
    printf("%s lock of %lld at %lld\n", l.l_type == F_WRLCK ? "write" : "read", (long long)l.l_len,
           (long long)l.l_start);
    return taken < 0 ? 1 : 2;
}

static int add_one(int fd)
{
    struct flock l = range(F_WRLCK, "0", "8");
    char text[NUMBER + 1] = "";

    if (fcntl(fd, F_SETLKW, &l) < 0)
        return fail("wait for the lock");
    if (pread(fd, text, NUMBER, 0) < 0)
        return fail("read");
    usleep(DWELL_US);
    snprintf(text, sizeof(text), "%-8d", atoi(text) + 1);
    if (pwrite(fd, text, NUMBER, 0) != NUMBER)
        return fail("write");
    l.l_type = F_UNLCK;
    return fcntl(fd, F_SETLK, &l) < 0 ? fail("unlock") : 0;
}

static int add(int fd, char **argv)
{
    int rc = 0;

    for (int n = atoi(argv[3]); rc == 0 && n > 0; n--)
        rc = add_one(fd);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int argc, (*run)(int fd, char **argv);
    } verbs[] = {{"hold", 5, hold}, {"try", 5, try}, {"add", 4, add}};
    int fd;

    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (argc == verbs[i].argc && strcmp(argv[1], verbs[i].name) == 0) {
            fd = open(argv[2], O_RDWR | O_CLOEXEC);
            return fd < 0 ? fail(argv[2]) : verbs[i].run(fd, argv);
        }
    return 2;
}
