/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 9P codec: what it decodes it encodes to the same bytes, and it reads nothing behind them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "p9/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1), *again = malloc(size + 8);
    struct p9_msg m;
    int head, len;

    /* The size field is made right: the fuzzer need not find it. */
    memcpy(bytes, data, size);
    if (size >= 4) {
        uint32_t le = (uint32_t)size;

        memcpy(bytes, &le, 4);
    }
    head = p9_msg_decode(&m, bytes, size, size);
    if (head >= 0) {
        len = p9_msg_encode(&m, again, size + 8);
        /* Tfsync without its last field comes back with it. */
        if (len != head && !(m.type == P9_TFSYNC && len == head + 4))
            abort();
        if (len == head && memcmp(bytes, again, (size_t)len) != 0)
            abort();
    }
    free(bytes);
    free(again);
    return 0;
}
