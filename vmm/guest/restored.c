/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/restored.h"

#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/auto.h"
#include "core/base/file.h"
#include "core/base/uuid.h"

#define MACHINE_ID "/etc/machine-id"

static bool parse_seed(uint8_t seed[RESTORED_SEED], const char *hex)
{
    if (strlen(hex) != 2 * RESTORED_SEED || strspn(hex, "0123456789abcdef") != 2 * RESTORED_SEED)
        return false;
    for (int i = 0; i < RESTORED_SEED; i++) {
        unsigned byte;

        sscanf(hex + 2 * i, "%2x", &byte);
        seed[i] = (uint8_t)byte;
    }
    return true;
}

static void nothing_for_dash(char *text)
{
    if (strcmp(text, "-") == 0)
        text[0] = '\0';
}

bool restored_parse(struct restored *r, const char *text)
{
    char hex[2 * RESTORED_SEED + 1];
    unsigned long long ns;
    int end = 0;

    *r = (struct restored){0};
    if (sscanf(text, "%llu %64s %63s %32s%n", &ns, hex, r->name, r->id, &end) != 4 || text[end])
        return false;
    r->ns = ns;
    nothing_for_dash(r->name);
    nothing_for_dash(r->id);
    return parse_seed(r->seed, hex) && (!*r->id || strspn(r->id, "0123456789abcdef") == 32);
}

/* Both: what is added counts for nothing until the kernel makes its next key from it. */
static void seed_random(const uint8_t seed[RESTORED_SEED])
{
    struct {
        struct rand_pool_info head;
        uint8_t bytes[RESTORED_SEED];
    } pool = {.head = {.entropy_count = 8 * RESTORED_SEED, .buf_size = RESTORED_SEED}};
    auto_close int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);

    memcpy(pool.head.buf, seed, RESTORED_SEED);
    if (fd < 0 || ioctl(fd, RNDADDENTROPY, &pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0)
        return; /* the entropy device goes on feeding it */
}

/* machine-id(5).  A distro that has none, or makes one at each boot, keeps it so. */
static void set_machine_id(const char *id)
{
    char text[34] = "";
    struct stat st;

    if (lstat(MACHINE_ID, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 32)
        return;
    snprintf(text, sizeof(text), "%s", id);
    if (!*text && !uuid_fresh_text(text))
        return;
    text[32] = '\n';
    file_write_atomic(MACHINE_ID, text, 33, st.st_mode & 07777, NULL);
}

void restored_apply(const struct restored *r)
{
    struct timespec now = {(time_t)(r->ns / 1000000000), (long)(r->ns % 1000000000)};

    clock_settime(CLOCK_REALTIME, &now);
    seed_random(r->seed);
    if (!r->name[0])
        return;
    sethostname(r->name, strlen(r->name));
    set_machine_id(r->id);
}
