/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/state_file.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/digest.h"
#include "core/base/err.h"
#include "core/base/state.h"

#define MAGIC "LXTOPSNP"
#define MAGIC_SIZE 8
#define MACHINE_SIZE 16
#define HEAD_SIZE (MAGIC_SIZE + 4 + 4 + MACHINE_SIZE)

_Static_assert(HEAD_SIZE + DIGEST_SIZE == STATE_FILE_OVERHEAD, "as the header says");

uint8_t *state_file_wrap(struct state *s, size_t *len, struct err *e)
{
    uint32_t version = htole32(STATE_FILE_VERSION), body = htole32((uint32_t)s->len);
    uint8_t *all;

    if (state_finish(s, e) < 0)
        return NULL;
    *len = HEAD_SIZE + s->len + DIGEST_SIZE;
    all = calloc(1, *len);
    if (!all) {
        err_sys(e, ENOMEM, "the machine's state");
        return NULL;
    }
    memcpy(all, MAGIC, MAGIC_SIZE);
    memcpy(all + MAGIC_SIZE, &version, 4);
    memcpy(all + MAGIC_SIZE + 4, &body, 4);
    memcpy(all + MAGIC_SIZE + 8, STATE_FILE_MACHINE, sizeof(STATE_FILE_MACHINE)); /* zeros to the end */
    if (s->len)
        memcpy(all + HEAD_SIZE, s->out, s->len);
    digest_of(all, HEAD_SIZE + s->len, all + HEAD_SIZE + s->len);
    return all;
}

static int check_head(struct cursor *c, size_t len, struct err *e)
{
    char machine[MACHINE_SIZE + 1] = "";
    const uint8_t *magic = cursor_bytes(c, MAGIC_SIZE);
    uint32_t version = cursor_le32(c), body = cursor_le32(c);
    const uint8_t *type = cursor_bytes(c, MACHINE_SIZE);

    if (!type || memcmp(magic, MAGIC, MAGIC_SIZE) != 0)
        return err_set(e, EINVAL, "this is no machine's state");
    memcpy(machine, type, MACHINE_SIZE);
    if (version != STATE_FILE_VERSION)
        return err_set(e, EINVAL, "its version is %u, this lxtop-vmm reads %u", version, STATE_FILE_VERSION);
    if (strcmp(machine, STATE_FILE_MACHINE) != 0)
        return err_set(e, EINVAL, "it is of another type of machine, this lxtop-vmm makes " STATE_FILE_MACHINE);
    if (len != HEAD_SIZE + (size_t)body + DIGEST_SIZE)
        return err_set(e, EINVAL, "its length is wrong: it was cut or damaged");
    return 0;
}

int state_file_open(struct state *s, const void *bytes, size_t len, struct err *e)
{
    struct cursor c = cursor_over(bytes, len);
    uint8_t digest[DIGEST_SIZE];
    int r = check_head(&c, len, e);

    if (r < 0)
        return r;
    digest_of(bytes, len - DIGEST_SIZE, digest);
    if (memcmp(digest, (const uint8_t *)bytes + len - DIGEST_SIZE, DIGEST_SIZE) != 0)
        return err_set(e, EINVAL, "its digest is wrong: it was damaged");
    state_load(s, (const uint8_t *)bytes + HEAD_SIZE, len - HEAD_SIZE - DIGEST_SIZE);
    return 0;
}
