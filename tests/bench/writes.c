/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 4 KiB writes at random places of /dev/vda, past the page cache, in a guest: "disk_random_write_4k US" for
 * the first COUNT, when most meet clusters that a fresh overlay does not have yet, and
 * "disk_random_rewrite_4k US" for as many more.  Each ends with a sync.  Then "ENDED".
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define COUNT 2000
#define DISK (64u << 20)

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int run(int fd, char *block, const char *name, uint32_t *random)
{
    uint64_t begun = now_us();

    for (int i = 0; i < COUNT; i++) {
        *random = *random * 1664525u + 1013904223u;
        memset(block, (int)(*random >> 24) | 1, BLOCK);
        if (pwrite(fd, block, BLOCK, (off_t)(*random % (DISK / BLOCK)) * BLOCK) != BLOCK)
            return -1;
    }
    if (fdatasync(fd) < 0)
        return -1;
    printf("%s %llu\n", name, (unsigned long long)(now_us() - begun));
    return 0;
}

int main(void)
{
    char *block = aligned_alloc(BLOCK, BLOCK);
    uint32_t random = 1;
    int fd;

    mount("dev", "/dev", "devtmpfs", 0, NULL);
    fd = open("/dev/vda", O_RDWR | O_DIRECT);
    if (!block || fd < 0 || run(fd, block, "disk_random_write_4k", &random) < 0 ||
        run(fd, block, "disk_random_rewrite_4k", &random) < 0)
        puts("FAILED");
    puts("ENDED");
    fflush(stdout);
    for (;;)
        pause();
}
