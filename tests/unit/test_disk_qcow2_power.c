/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest has flushed is there after a loss of power at any moment, and no image is damaged. */
#include "tests/unit/disk_world.h"

#include "tests/unit/power.h"

#define BLOCK 4096
#define BLOCKS_IN_PLACE 64 /* four clusters */
#define BELOW 0xba5e
#define LAYERS 4
#define VALUES 64

static const uint64_t places[] = {0, 512 * MIB - 2 * CLUSTER, 1024 * MIB};
#define BLOCKS (ARRAY_SIZE(places) * BLOCKS_IN_PLACE)

/* Each sector of a block holds one of these: the value that was flushed last, and those written since. */
struct block {
    uint32_t value[VALUES];
    unsigned n;
};
struct guest {
    struct world *w;
    struct block block[BLOCKS];
    unsigned layers; /* files of `power`, the lowest first */
    unsigned judged;
};
static struct guest *now; /* for a sync, which is called from everywhere */

static uint64_t offset_of(size_t i)
{
    return places[i / BLOCKS_IN_PLACE] + i % BLOCKS_IN_PLACE * BLOCK;
}

/* --- the judge --- */

static bool is_possible(const struct block *b, const uint32_t *sector)
{
    for (size_t k = 1; k < SECTOR / 4; k++)
        if (sector[k] != sector[0])
            return false;
    for (unsigned k = 0; k < b->n; k++)
        if (b->value[k] == sector[0])
            return true;
    return false;
}

static void judge_blocks(struct guest *g, struct world *w, const char *when)
{
    uint32_t words[BLOCK / 4];

    for (size_t i = 0; i < BLOCKS; i++) {
        assert_int_equal(do_read(w, offset_of(i), words, BLOCK), 0);
        for (size_t s = 0; s < BLOCK / SECTOR; s++)
            if (!is_possible(&g->block[i], words + s * SECTOR / 4))
                fail_msg("%s: block %zu, sector %zu holds %x, flushed was %x", when, i, s, words[s * SECTOR / 4],
                         g->block[i].value[0]);
    }
}

static void open_lost(struct guest *g, struct world *w, bool read_only)
{
    char chain[256] = "";
    struct err e = {0};

    for (unsigned i = g->layers; i-- > 0;)
        snprintf(chain + strlen(chain), sizeof(chain) - strlen(chain), "lost.%u:qcow2 ", i);
    strcat(chain, "base:raw");
    assert_ok(open_chain(w, chain, read_only, &e), e);
}

static void fail_now(void)
{
    struct guest *g = now;
    struct world lost = {.io = g->w->io, .d.fd = -1, .size = DISK};

    power.off = true;
    for (unsigned i = 0; i < g->layers; i++)
        power_fail(i);
    open_lost(g, &lost, true);
    judge_blocks(g, &lost, "as it was left");
    disk_close(&lost.d);
    open_lost(g, &lost, false);
    judge_blocks(g, &lost, "repaired");
    disk_close(&lost.d);
    if (g->judged++ % 16 == 0)
        assert_int_equal(shell("qemu-img check 'json:{\"driver\": \"qcow2\", \"backing\": null, \"file\": "
                               "{\"driver\": \"file\", \"filename\": \"lost.0\"}}' > check.out 2>&1 || { cat check.out; false; }"), 0);
    power.off = false;
}

/* --- the guest --- */

static void add_value(struct guest *g, size_t i, uint32_t value)
{
    struct block *b = &g->block[i];

    assert_true(b->n < VALUES);
    b->value[b->n++] = value;
}

static void write_blocks(struct guest *g, size_t i, size_t n, uint32_t value)
{
    uint32_t words[16 * BLOCK / 4];

    for (size_t k = 0; k < n * BLOCK / 4; k++)
        words[k] = value;
    for (size_t k = 0; k < n; k++)
        add_value(g, i + k, value);
    assert_int_equal(do_write(g->w, offset_of(i), words, n * BLOCK), 0);
}

static void zero_blocks(struct guest *g, size_t i, size_t n, bool unmap)
{
    for (size_t k = 0; k < n; k++)
        add_value(g, i + k, 0);
    assert_int_equal(do_zero(g->w, offset_of(i), n * BLOCK, unmap), 0);
}

static void flush(struct guest *g)
{
    assert_int_equal(do_flush(g->w), 0);
    for (size_t i = 0; i < BLOCKS; i++) {
        g->block[i].value[0] = g->block[i].value[g->block[i].n - 1];
        g->block[i].n = 1;
    }
}

static void push(struct guest *g)
{
    char from[32], to[32], below[32];
    struct err e = {0};

    snprintf(below, sizeof(below), "%u", g->layers - 1);
    snprintf(from, sizeof(from), "%u.new", g->layers);
    snprintf(to, sizeof(to), "%u", g->layers);
    create(g->w, from, below, "qcow2");
    power_watch(from);
    assert_ok(disk_push(&g->w->d, from, to, &e), e);
    g->layers++;
}

static void do_any(struct guest *g, uint32_t value)
{
    size_t i = any(BLOCKS), n = 1 + any(3), left = BLOCKS_IN_PLACE - i % BLOCKS_IN_PLACE;
    unsigned what = (unsigned)any(40);

    if (what < 4)
        zero_blocks(g, i, n < left ? n : left, what % 2);
    else if (what < 7)
        zero_blocks(g, i / 16 * 16, 16, what % 2); /* a whole cluster */
    else if (what < 13)
        flush(g);
    else if (what < 15)
        assert_int_equal(disk_settle(&g->w->d), 0);
    else if (what == 15 && g->layers < LAYERS)
        push(g);
    else
        write_blocks(g, i, n < left ? n : left, value);
}

static void begin(struct guest *g, struct world *w)
{
    *g = (struct guest){.w = w, .layers = 1};
    power_reset();
    assert_int_equal(shell("rm -f base; truncate -s 1536M base"), 0);
    open_disk(w, "base:raw");
    for (size_t i = 0; i < BLOCKS; i++)
        write_blocks(g, i, 1, BELOW);
    close_disk(w);
    for (unsigned i = 0; i < LAYERS; i++)
        shell("rm -f %u %u.new", i, i);
    create(w, "0", "base", "raw");
    power_watch("0");
    open_disk(w, "0:qcow2 base:raw");
    now = g;
}

static void end(struct guest *g)
{
    close_disk(g->w);
    power_reset();
}

static void test_disk_qcow2__power_lost_at_any_moment(void **state)
{
    struct world *w = *state;
    struct guest g;

    for (unsigned seed = 1; seed <= 4; seed++) {
        srand(seed);
        begin(&g, w);
        power.before_sync = fail_now;
        for (uint32_t i = 1; i < 150; i++) {
            do_any(&g, i);
            if (i % 8 == 0)
                fail_now();
            if (i % 12 == 0)
                flush(&g);
        }
        assert_true(g.judged > 50);
        end(&g);
    }
}

/* Its tables are in the file; what is written in place then is not, before the guest flushes it in another one. */
static void test_disk_push__what_was_written_in_place_is_durable_with_the_next_flush(void **state)
{
    struct world *w = *state;
    struct guest g;

    srand(7);
    begin(&g, w);
    write_blocks(&g, 0, 16, 1);
    assert_int_equal(disk_settle(&w->d), 0);
    write_blocks(&g, 0, 16, 2);
    push(&g);
    flush(&g);
    for (int i = 0; i < 4; i++)
        fail_now();
    end(&g);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(test_disk_qcow2__power_lost_at_any_moment),
        test(test_disk_push__what_was_written_in_place_is_durable_with_the_next_flush),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
