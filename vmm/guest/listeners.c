/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/listeners.h"

#include <arpa/inet.h>
#include <string.h>

#include "core/base/auto.h"
#include "vmm/guest/agent_port.h"

#define LISTENING 0x0A /* TCP_LISTEN of the kernel's tcp_states.h */

/* An address as these files have it: each word of 4 bytes as a number of this machine's.  IPv4 may be within IPv6. */
static bool is_reached(const char *hex, uint32_t own)
{
    static const char any6[] = "00000000000000000000000000000000", mapped[] = "0000000000000000FFFF0000";
    char own_hex[9], loopback[9];

    snprintf(own_hex, sizeof(own_hex), "%08X", own);
    snprintf(loopback, sizeof(loopback), "%08X", htonl(INADDR_LOOPBACK));
    if (strcmp(hex, any6) == 0)
        return true;
    if (strncmp(hex, mapped, strlen(mapped)) == 0)
        hex += strlen(mapped);
    return strcmp(hex, "00000000") == 0 || strcmp(hex, own_hex) == 0 || strcmp(hex, loopback) == 0;
}

void listeners_read(struct listeners *l, FILE *f, uint32_t own)
{
    char line[512], address[33];
    unsigned port, state;

    if (!fgets(line, sizeof(line), f)) /* the heading */
        return;
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, " %*u: %32[0-9A-F]:%4X %*[0-9A-F]:%*4X %2X", address, &port, &state) != 3)
            continue;
        if (state != LISTENING)
            break;
        if (is_reached(address, own))
            l->port[port / 64] |= 1ULL << port % 64;
    }
}

void listeners_tell(struct listeners *told, const struct listeners *now,
                    void (*say)(void *ctx, const char *word, unsigned port), void *ctx)
{
    for (unsigned i = 0; i < ARRAY_SIZE(now->port); i++)
        for (uint64_t changed = told->port[i] ^ now->port[i]; changed; changed &= changed - 1) {
            unsigned bit = (unsigned)__builtin_ctzll(changed);

            say(ctx, now->port[i] >> bit & 1 ? "listen" : "unlisten", 64 * i + bit);
        }
    *told = *now;
}

static void say_port(void *ctx, const char *word, unsigned port)
{
    agent_say(*(int *)ctx, "%s %u", word, port);
}

/* "ADDRESS/PREFIX,...": network order, as the kernel prints it. */
static uint32_t own_address(const char *net)
{
    char text[INET_ADDRSTRLEN];
    struct in_addr a = {0};

    snprintf(text, sizeof(text), "%.*s", (int)strcspn(net, "/"), net);
    inet_pton(AF_INET, text, &a);
    return a.s_addr;
}

void listeners_look(struct listeners *told, const char *net, int port)
{
    static const char *const files[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    struct listeners now = {0};

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        FILE *f = fopen(files[i], "re");

        if (!f)
            continue;
        listeners_read(&now, f, own_address(net));
        fclose(f);
    }
    listeners_tell(told, &now, say_port, &port);
}
