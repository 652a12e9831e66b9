/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/agent_port.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "vmm/agent.h"

#define PORTS "/sys/class/virtio-ports"
#define PORT_WAIT_MS 1000

static bool is_our_port(const char *port)
{
    auto_free char *name = NULL;
    char path[300];

    snprintf(path, sizeof(path), PORTS "/%s/name", port);
    return file_read(path, 256, &name, NULL, NULL) == 0 &&
           strncmp(name, AGENT_PORT_NAME "\n", sizeof(AGENT_PORT_NAME)) == 0;
}

static int find_port(void)
{
    auto_closedir DIR *dir = opendir(PORTS);
    struct dirent *d;

    while (dir && (d = readdir(dir))) {
        char path[300];

        if (d->d_name[0] == '.' || !is_our_port(d->d_name))
            continue;
        snprintf(path, sizeof(path), "/dev/%s", d->d_name);
        return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    }
    return -1;
}

int agent_open_port(void)
{
    /* The kernel learns the ports' names in messages that may still be on their way. */
    for (int waited = 0; waited < PORT_WAIT_MS; waited++) {
        int fd = find_port();

        if (fd >= 0 || access(PORTS, F_OK) < 0)
            return fd;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return -1;
}

void agent_say(int fd, const char *fmt, ...)
{
    char line[AGENT_LINE_MAX];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
    va_end(ap);
    if (fd < 0 || n < 0)
        return;
    n = n < (int)sizeof(line) - 1 ? n : (int)sizeof(line) - 2;
    line[n] = '\n';
    file_write_all(fd, line, (size_t)n + 1, NULL);
}
