/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"

#define RECORD_MAX 8192 /* the kernel's CONSOLE_EXT_LOG_MAX, and no read gives more than one */

/* "PRIORITY,NUMBER,MICROSECONDS,FLAGS[,...];TEXT\n KEY=VALUE\n..." */
size_t kernel_log_line(char *to, size_t size, const char *record)
{
    const char *text = strchr(record, ';');
    long long us;
    int n;

    if (!text || sscanf(record, "%*d,%*d,%lld", &us) != 1)
        return 0;
    n = snprintf(to, size, "[%5lld.%06lld] %.*s\n", us / 1000000, us % 1000000,
                 (int)strcspn(text + 1, "\n"), text + 1);
    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

_Noreturn void kernel_log_run(bool follow)
{
    int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | (follow ? 0 : O_NONBLOCK));
    char record[RECORD_MAX + 1], line[RECORD_MAX + 64];
    ssize_t n;

    /* EPIPE: the oldest were overwritten meanwhile; the next read is the oldest that is left. */
    while (fd >= 0 && ((n = read(fd, record, RECORD_MAX)) > 0 || (n < 0 && (errno == EPIPE || errno == EINTR)))) {
        size_t len;

        record[n > 0 ? n : 0] = '\0';
        len = kernel_log_line(line, sizeof(line), record);
        if (len && file_write_all(STDOUT_FILENO, line, len, NULL) < 0)
            break;
    }
    _exit(fd < 0);
}
