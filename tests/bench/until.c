/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * until MARKER COMMAND...: microseconds from the exec of COMMAND until MARKER appears in its output.
 *
 * Prints the number and kills the command.  Status 1 when it ended without the marker; what it said
 * is then on standard error.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (1 << 20)

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static pid_t start(char **command, int *output)
{
    int ends[2];
    pid_t pid;

    if (pipe(ends) < 0 || (pid = fork()) < 0)
        return -1;
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    close(ends[1]);
    *output = ends[0];
    return pid;
}

/* Time at which the marker was read, or -1. */
static int64_t wait_for(const char *marker, int fd)
{
    static char text[OUTPUT_MAX];
    size_t len = 0;
    ssize_t n;

    while (len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, marker))
            return now_us();
    }
    fputs(text, stderr);
    return -1;
}

int main(int argc, char **argv)
{
    int64_t began, ended;
    int output;
    pid_t pid;

    if (argc < 3)
        return 2;
    began = now_us();
    pid = start(argv + 2, &output);
    if (pid < 0)
        return perror("until"), 1;
    ended = wait_for(argv[1], output);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (ended >= 0)
        printf("%lld\n", (long long)(ended - began));
    return ended < 0;
}
