/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/virtq.h"

#include "tests/unit/fixture.h"

#include <errno.h>
#include <pthread.h>

#include "tests/unit/driver.h"

#define SIZE 8
#define TABLE_AT (DRIVER_DATA_AT + 0x10000) /* indirect tables */
#define DATA(n) (DRIVER_DATA_AT + 0x100ULL * (n))

struct world {
    struct mem mem;
    struct virtq q;
    struct driver d;
    struct vreq r;
    const char *why;
};

static int set_up_with(void **state, uint64_t memory)
{
    struct world *w = calloc(1, sizeof(*w));

    assert_int_equal(mem_init(&w->mem, memory, NULL), 0);
    w->q = (struct virtq){.mem = &w->mem, .size_max = VIRTQ_SIZE_MAX, .indirect = true};
    driver_init(&w->d, &w->mem, &w->q, 0, SIZE);
    assert_int_equal(virtq_enable(&w->q), 0);
    *state = w;
    return 0;
}

static int set_up(void **state)
{
    return set_up_with(state, DRIVER_MEM);
}

static int set_up_with_hole(void **state)
{
    return set_up_with(state, MEM_HOLE_START + (2 << 20));
}

static int tear_down(void **state)
{
    struct world *w = *state;

    mem_release(&w->mem);
    free(w);
    return 0;
}

static int pop(struct world *w)
{
    w->why = NULL;
    return virtq_pop(&w->q, &w->r, &w->why);
}

static void assert_refused_for(struct world *w, const char *reason)
{
    assert_int_equal(pop(w), -EBADMSG);
    assert_non_null(strstr(w->why, reason));
    assert_int_equal(driver_used_index(&w->d), 0);
}

/* --- good chains --- */

static void test_pop__splits_a_chain_in_its_order(void **state)
{
    struct world *w = *state;

    driver_chain(&w->d, 2,
                 (struct desc_entry[]){{DATA(0), 16, 0, 0},
                                       {DATA(1), 3, 0, 0},
                                       {DATA(2), 512, WRITE, 0},
                                       {DATA(3), 1, WRITE, 0}},
                 4);
    assert_int_equal(pop(w), 1);
    assert_int_equal(w->r.head, 2);
    assert_int_equal(w->r.nread, 2);
    assert_int_equal(w->r.nwrite, 2);
    assert_int_equal(w->r.read_len, 19);
    assert_int_equal(w->r.write_len, 513);
    for (int i = 0; i < 4; i++)
        assert_ptr_equal(w->r.iov[i].iov_base, mem_at(&w->mem, GPA(DATA(i)), 1));
    assert_int_equal(w->r.iov[1].iov_len, 3);
    assert_int_equal(pop(w), 0);
}

static void test_pop__pieces_that_follow_each_other_are_one(void **state)
{
    struct world *w = *state;

    driver_chain(&w->d, 0,
                 (struct desc_entry[]){{DATA(0), 16, 0, 0},
                                       {DATA(0) + 16, 8, 0, 0},
                                       {DATA(0) + 24, 4, WRITE, 0},
                                       {DATA(0) + 28, 4, WRITE, 0},
                                       {DATA(0) + 33, 1, WRITE, 0}},
                 5);
    assert_int_equal(pop(w), 1);
    assert_int_equal(w->r.nread, 1);
    assert_int_equal(w->r.nwrite, 2);
    assert_int_equal(w->r.iov[0].iov_len, 24);
    assert_int_equal(w->r.iov[1].iov_len, 8);
    assert_ptr_equal(w->r.iov[1].iov_base, mem_at(&w->mem, GPA(DATA(0) + 24), 1));
    assert_int_equal(w->r.read_len, 24);
    assert_int_equal(w->r.write_len, 9);
}

static void test_pop__takes_nothing_from_a_queue_not_ready(void **state)
{
    struct world *w = *state;

    driver_chain(&w->d, 0, (struct desc_entry[]){{DATA(0), 16, 0, 0}}, 1);
    w->q.ready = false;
    assert_int_equal(pop(w), 0);
}

static void test_pop__zero_length_piece_is_left_out(void **state)
{
    struct world *w = *state;

    driver_chain(&w->d, 0, (struct desc_entry[]){{UINT64_MAX, 0, 0, 0}, {DATA(1), 8, 0, 0},
                                                 {0, 0, WRITE, 0}}, 3);
    assert_int_equal(pop(w), 1);
    assert_int_equal(w->r.nread, 1);
    assert_int_equal(w->r.nwrite, 0);
    assert_int_equal(w->r.iov[0].iov_len, 8);
}

static void test_pop__chain_of_the_whole_queue_is_taken(void **state)
{
    struct world *w = *state;
    struct desc_entry all[SIZE];

    for (int i = 0; i < SIZE; i++)
        all[i] = (struct desc_entry){DATA(i), 4, 0, 0};
    driver_chain(&w->d, 0, all, SIZE);
    assert_int_equal(pop(w), 1);
    assert_int_equal(w->r.nread, SIZE);
}

static void test_pop__indirect_table_may_be_longer_than_the_queue(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < VREQ_PIECES; i++)
        driver_desc_at(&w->d, TABLE_AT, i, (struct desc_entry){
            DATA(0), 1, i + 1 < VREQ_PIECES ? NEXT : 0, (uint16_t)(i + 1)});
    driver_chain(&w->d, 0, (struct desc_entry[]){{TABLE_AT, 16 * VREQ_PIECES, INDIRECT, 0}}, 1);
    assert_int_equal(pop(w), 1);
    assert_int_equal(w->r.nread, VREQ_PIECES);
}

/* virtio 1.2, 2.7.5.3.2: WRITE of the descriptor that names the table is ignored; pieces may
 * precede. */
static void test_pop__indirect_after_a_piece_and_with_write(void **state)
{
    struct world *w = *state;

    driver_desc_at(&w->d, TABLE_AT, 0, (struct desc_entry){DATA(1), 5, 0, 0});
    driver_chain(&w->d, 0, (struct desc_entry[]){{DATA(0), 16, 0, 0},
                                                 {TABLE_AT, 16, INDIRECT | WRITE, 0}}, 2);
    assert_int_equal(pop(w), 1);
    assert_int_equal(w->r.nread, 2);
    assert_int_equal(w->r.read_len, 21);
}

static void test_pop__goes_on_over_the_index_wrap_at_65535(void **state)
{
    struct world *w = *state;

    driver_desc(&w->d, 3, (struct desc_entry){DATA(0), 4, 0, 0});
    for (unsigned i = 0; i < 65536 + 2 * SIZE; i++) {
        driver_offer(&w->d, 3);
        assert_int_equal(pop(w), 1);
        virtq_push(&w->q, w->r.head, i);
        assert_int_equal(driver_used_index(&w->d), (uint16_t)(i + 1));
        assert_int_equal(driver_used(&w->d, (uint16_t)i).id, 3);
        assert_int_equal(driver_used(&w->d, (uint16_t)i).len, i);
    }
    assert_int_equal(pop(w), 0);
}

/* --- hostile chains --- */

static const struct hostile {
    const char *what, *why;
    struct desc_entry chain[3]; /* descriptors 0, 1, 2; head is 0 */
    struct desc_entry table[2]; /* what is at TABLE_AT */
    uint16_t head;
} hostile[] = {
    {"head", "index is out of range", .head = SIZE},
    {"head 65535", "index is out of range", .head = 65535},
    {"next out of range", "index is out of range", .chain = {{DATA(0), 1, NEXT, SIZE}}},
    {"loop of one", "loop", .chain = {{DATA(0), 1, NEXT, 0}}},
    {"loop of two", "loop", .chain = {{DATA(0), 1, NEXT, 1}, {DATA(1), 1, NEXT, 0}}},
    {"loop of nothing", "loop", .chain = {{0, 0, NEXT, 1}, {0, 0, NEXT, 0}}},
    {"address behind memory", "outside of memory", .chain = {{DRIVER_MEM, 1, 0, 0}}},
    {"end behind memory", "outside of memory", .chain = {{DRIVER_MEM - 8, 9, 0, 0}}},
    {"address overflow", "outside of memory", .chain = {{UINT64_MAX - 7, 16, 0, 0}}},
    {"address wraps to RAM", "outside of memory", .chain = {{UINT64_MAX, UINT32_MAX, WRITE, 0}}},
    {"largest length", "outside of memory", .chain = {{DATA(0), UINT32_MAX, 0, 0}}},
    {"read after write", "readable", .chain = {{DATA(0), 1, WRITE | NEXT, 1}, {DATA(1), 1, 0, 0}}},
    {"read after write in a table", "readable",
     .chain = {{DATA(0), 1, WRITE | NEXT, 1}, {TABLE_AT, 16, INDIRECT, 0}},
     .table = {{DATA(1), 1, 0, 0}}},
    {"indirect with next", "where none may be",
     .chain = {{TABLE_AT, 16, INDIRECT | NEXT, 1}, {DATA(0), 1, 0, 0}}},
    {"table of nothing", "wrong length", .chain = {{TABLE_AT, 0, INDIRECT, 0}}},
    {"table of 15 bytes", "wrong length", .chain = {{TABLE_AT, 15, INDIRECT, 0}}},
    {"table of 17 bytes", "wrong length", .chain = {{TABLE_AT, 17, INDIRECT, 0}}},
    {"table too long", "wrong length", .chain = {{TABLE_AT, 16 * (VREQ_PIECES + 1), INDIRECT, 0}}},
    {"table behind memory", "table outside of memory",
     .chain = {{DRIVER_MEM - 8, 16, INDIRECT, 0}}},
    {"table in a table", "inside another", .chain = {{TABLE_AT, 16, INDIRECT, 0}},
     .table = {{TABLE_AT, 16, INDIRECT, 0}}},
    {"loop in a table", "loop", .chain = {{TABLE_AT, 16, INDIRECT, 0}},
     .table = {{DATA(0), 1, NEXT, 0}}},
    {"next out of the table", "index is out of range", .chain = {{TABLE_AT, 32, INDIRECT, 0}},
     .table = {{DATA(0), 1, NEXT, 2}, {DATA(0), 1, 0, 0}}},
};

static void test_pop__refuses_hostile_chains(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        const struct hostile *h = &hostile[i];

        virtq_reset(&w->q);
        w->q.indirect = true;
        driver_init(&w->d, &w->mem, &w->q, 0, SIZE);
        assert_int_equal(virtq_enable(&w->q), 0);
        for (unsigned n = 0; n < 3; n++)
            driver_desc(&w->d, n, h->chain[n]);
        for (unsigned n = 0; n < 2; n++)
            driver_desc_at(&w->d, TABLE_AT, n, h->table[n]);
        driver_offer(&w->d, h->head);
        if (pop(w) != -EBADMSG || !strstr(w->why, h->why))
            fail_msg("%s: %s", h->what, w->why ? w->why : "taken");
    }
}

static void test_pop__indirect_is_refused_when_not_negotiated(void **state)
{
    struct world *w = *state;

    w->q.indirect = false;
    driver_desc_at(&w->d, TABLE_AT, 0, (struct desc_entry){DATA(0), 1, 0, 0});
    driver_chain(&w->d, 0, (struct desc_entry[]){{TABLE_AT, 16, INDIRECT, 0}}, 1);
    assert_refused_for(w, "where none may be");
}

static void test_pop__pieces_before_a_full_table_are_too_many(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < VREQ_PIECES; i++)
        driver_desc_at(&w->d, TABLE_AT, i,
                       (struct desc_entry){DATA(0), 1, NEXT, (uint16_t)(i + 1)});
    driver_chain(&w->d, 0, (struct desc_entry[]){{DATA(0), 1, 0, 0},
                                                 {TABLE_AT, 16 * VREQ_PIECES, INDIRECT, 0}}, 2);
    assert_refused_for(w, "too many pieces");
}

static void test_pop__memory_hole_is_not_memory(void **state)
{
    struct world *w = *state;
    static const struct desc_entry over[] = {
        {MEM_HOLE_START - 16, 32, WRITE, 0}, {MEM_HOLE_START, 1, 0, 0}, {0xd0000000, 4, WRITE, 0},
        {MEM_HOLE_END - 16, 32, 0, 0},       {MEM_HOLE_END + (2 << 20) - 1, 2, 0, 0},
    };

    driver_chain(&w->d, 0, (struct desc_entry[]){{MEM_HOLE_START - 16, 16, 0, 0},
                                                 {MEM_HOLE_END, 16, 0, 0}}, 2);
    assert_int_equal(pop(w), 1);
    for (size_t i = 0; i < sizeof(over) / sizeof(over[0]); i++) {
        driver_set_index(&w->d, 1);
        driver_chain(&w->d, 0, &over[i], 1);
        assert_refused_for(w, "outside of memory");
    }
}

/* Two pieces of 2 GiB and more: each is memory, their sum does not fit 32 bits. */
static void test_pop__lengths_that_sum_to_4_gib_are_refused(void **state)
{
    struct world *w = *state;

    driver_chain(&w->d, 0, (struct desc_entry[]){{0, 0x80000000, 0, 0}, {0, 0x80000000, 0, 0}}, 2);
    assert_refused_for(w, "4 GiB");
    driver_set_index(&w->d, 0);
    driver_chain(&w->d, 0, (struct desc_entry[]){{0, 0x80000000, 0, 0}, {0, 0x80000000, WRITE, 0}},
                 2);
    assert_refused_for(w, "4 GiB");
    driver_set_index(&w->d, 0);
    driver_chain(&w->d, 0, (struct desc_entry[]){{0, 0x80000000, 0, 0}, {0, 0x7fffffff, WRITE, 0}},
                 2);
    assert_int_equal(pop(w), 1);
}

static void test_pop__index_may_run_ahead_by_the_queue_only(void **state)
{
    struct world *w = *state;

    driver_desc(&w->d, 0, (struct desc_entry){DATA(0), 1, 0, 0});
    driver_set_index(&w->d, SIZE + 1);
    assert_refused_for(w, "runs ahead");
    driver_set_index(&w->d, 65535); /* backwards */
    assert_refused_for(w, "runs ahead");
    driver_set_index(&w->d, SIZE);
    assert_int_equal(pop(w), 1);
}

/* A vCPU rewrites a length for as long as the walker looks: what was checked must be what is given.
 */
struct flipper {
    uint32_t *len;
    uint32_t stop; /* [atomic] */
};

static void *flip(void *arg)
{
    struct flipper *f = arg;

    while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED)) {
        __atomic_store_n(f->len, 16, __ATOMIC_RELAXED);
        __atomic_store_n(f->len, UINT32_MAX, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void test_pop__descriptor_is_read_once(void **state)
{
    struct world *w = *state;
    struct flipper f = {.len = driver_at(&w->d, w->q.desc.at + 8, 4)};
    unsigned taken = 0, refused = 0;
    pthread_t thread;

    driver_desc(&w->d, 0, (struct desc_entry){DATA(0), 16, 0, 0});
    assert_int_equal(pthread_create(&thread, NULL, flip, &f), 0);
    while (taken < 20000 || refused < 1) {
        driver_offer(&w->d, 0);
        if (pop(w) == 1) {
            taken++;
            assert_int_equal(w->r.iov[0].iov_len, 16);
            assert_int_equal(w->r.read_len, 16);
        } else {
            refused++;
            driver_set_index(&w->d, w->q.next_avail);
        }
    }
    __atomic_store_n(&f.stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}

/* --- enabling --- */

static void test_enable__refuses_bad_sizes_and_addresses(void **state)
{
    struct world *w = *state;
    static const struct {
        uint16_t size;
        uint64_t desc, avail, used;
    } bad[] = {
        {0, 0x1000, 0x2000, 0x3000},       {3, 0x1000, 0x2000, 0x3000},
        {512, 0x1000, 0x2000, 0x3000},     {0x8000, 0x1000, 0x2000, 0x3000},
        {8, 0x1008, 0x2000, 0x3000},       {8, 0x1000, 0x2001, 0x3000},
        {8, 0x1000, 0x2000, 0x3002},       {8, DRIVER_MEM - 112, 0x2000, 0x3000},
        {8, 0x1000, DRIVER_MEM - 20, 0x3000}, {8, 0x1000, 0x2000, DRIVER_MEM - 68},
        {8, UINT64_MAX - 15, 0x2000, 0x3000}, {8, 0x1000, UINT64_MAX - 1, 0x3000},
    };
    static const struct {
        uint64_t desc, avail, used;
    } good = {DRIVER_MEM - 128, DRIVER_MEM - 22, DRIVER_MEM - 72};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        virtq_reset(&w->q);
        w->q.size = bad[i].size;
        w->q.desc = GPA(bad[i].desc), w->q.avail = GPA(bad[i].avail), w->q.used = GPA(bad[i].used);
        if (virtq_enable(&w->q) != -EINVAL || w->q.ready)
            fail_msg("row %zu is taken", i);
    }
    w->q.size = 8; /* the last bytes of memory are memory */
    w->q.desc = GPA(good.desc), w->q.avail = GPA(good.avail), w->q.used = GPA(good.used);
    assert_int_equal(virtq_enable(&w->q), 0);
}

/* --- notifications --- */

static void push(struct world *w, unsigned n)
{
    while (n--)
        virtq_push(&w->q, 0, 0);
}

static void test_wants_interrupt__obeys_the_flag(void **state)
{
    struct world *w = *state;

    push(w, 1);
    assert_true(virtq_wants_interrupt(&w->q));
    driver_no_interrupt(&w->d, 1);
    push(w, 1);
    assert_false(virtq_wants_interrupt(&w->q));
}

static void test_wants_interrupt__not_when_nothing_was_pushed(void **state)
{
    struct world *w = *state;

    for (int event_idx = 0; event_idx < 2; event_idx++) {
        w->q.event_idx = event_idx;
        assert_false(virtq_wants_interrupt(&w->q));
        push(w, 1);
        driver_set_used_event(&w->d, (uint16_t)(w->q.next_used - 1));
        assert_true(virtq_wants_interrupt(&w->q));
        assert_false(virtq_wants_interrupt(&w->q));
    }
}

static void test_wants_interrupt__when_the_event_index_is_passed(void **state)
{
    struct world *w = *state;

    w->q.event_idx = true;
    driver_set_used_event(&w->d, 2); /* wake me when the third is used */
    push(w, 1);
    assert_false(virtq_wants_interrupt(&w->q));
    push(w, 1);
    assert_false(virtq_wants_interrupt(&w->q));
    push(w, 2);
    assert_true(virtq_wants_interrupt(&w->q));
    push(w, 1);
    assert_false(virtq_wants_interrupt(&w->q));
}

static void test_wants_interrupt__event_index_wraps(void **state)
{
    struct world *w = *state;

    w->q.event_idx = true;
    w->q.next_used = w->q.signalled = 65534;
    driver_set_used_event(&w->d, 0); /* two further on */
    push(w, 2);
    assert_false(virtq_wants_interrupt(&w->q));
    push(w, 1);
    assert_true(virtq_wants_interrupt(&w->q));
}

static void test_pop__asks_for_a_notification_when_it_runs_dry(void **state)
{
    struct world *w = *state;

    w->q.event_idx = true;
    driver_desc(&w->d, 0, (struct desc_entry){DATA(0), 1, 0, 0});
    driver_offer(&w->d, 0);
    driver_offer(&w->d, 0);
    assert_int_equal(pop(w), 1);
    assert_int_equal(driver_avail_event(&w->d), 0); /* busy: no need to be told */
    assert_int_equal(pop(w), 1);
    assert_int_equal(pop(w), 0);
    assert_int_equal(driver_avail_event(&w->d), 2);
}

/* --- what a save over a base must write --- */

static bool noted(const struct world *w, uint64_t at)
{
    return mem_base_is_changed(&w->mem.base, at / MEM_PAGE);
}

/* KVM's log has nothing of what a device writes: the pieces it may write to, and its ring. */
static void test_pop_and_push__note_what_the_device_writes(void **state)
{
    struct world *w = *state;
    FILE *f = tmpfile();
    struct mem_base none;

    assert_int_equal(mem_rebase(&w->mem, fileno(f), &none, NULL), 0);
    driver_chain(&w->d, 0,
                 (struct desc_entry[]){{DRIVER_DATA_AT, 16, 0, 0}, {DRIVER_DATA_AT + 0x3ff8, 16, WRITE, 0}}, 2);
    assert_int_equal(pop(w), 1);
    assert_false(noted(w, DRIVER_DATA_AT));
    assert_true(noted(w, DRIVER_DATA_AT + 0x3000) && noted(w, DRIVER_DATA_AT + 0x4000));
    assert_false(noted(w, DRIVER_DATA_AT + 0x2000) || noted(w, DRIVER_DATA_AT + 0x5000) || noted(w, w->d.used_at));
    virtq_push(&w->q, w->r.head, 16);
    assert_true(noted(w, w->d.used_at));
    assert_false(noted(w, w->d.avail_at) || noted(w, w->d.desc_at));
    fclose(f);
}

static void test_pop__notes_the_event_that_it_asks_for(void **state)
{
    struct world *w = *state;
    FILE *f = tmpfile();
    struct mem_base none;

    w->q.event_idx = true;
    assert_int_equal(mem_rebase(&w->mem, fileno(f), &none, NULL), 0);
    assert_int_equal(pop(w), 0);
    assert_true(noted(w, w->d.used_at));
    fclose(f);
}

/* --- copies --- */

static void test_copies__cross_pieces_and_stop_at_the_end(void **state)
{
    struct world *w = *state;
    char got[16] = "";

    assert_true(mem_write(&w->mem, GPA(DATA(0)), "abc", 3));
    assert_true(mem_write(&w->mem, GPA(DATA(1)), "defgh", 5));
    driver_chain(
        &w->d, 0,
        (struct desc_entry[]){
            {DATA(0), 3, 0, 0}, {DATA(1), 5, 0, 0}, {DATA(2), 2, WRITE, 0}, {DATA(3), 2, WRITE, 0}},
        4);
    assert_int_equal(pop(w), 1);
    assert_int_equal(vreq_read(&w->r, 2, got, 4), 4);
    assert_memory_equal(got, "cdef", 4);
    assert_int_equal(vreq_read(&w->r, 6, got, 16), 2);
    assert_memory_equal(got, "gh", 2);
    assert_int_equal(vreq_read(&w->r, 8, got, 16), 0);
    assert_int_equal(vreq_read(&w->r, SIZE_MAX, got, 16), 0);
    assert_int_equal(vreq_write(&w->r, 1, "XYZ!", 4), 3);
    assert_memory_equal(mem_at(&w->mem, GPA(DATA(2)), 3), "\0X\0", 3);
    assert_memory_equal(mem_at(&w->mem, GPA(DATA(3)), 3), "YZ\0", 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_WITH_HOLE(name) cmocka_unit_test_setup_teardown(name, set_up_with_hole, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pop__splits_a_chain_in_its_order),
        TEST(test_pop__pieces_that_follow_each_other_are_one),
        TEST(test_pop__takes_nothing_from_a_queue_not_ready),
        TEST(test_pop__zero_length_piece_is_left_out),
        TEST(test_pop__chain_of_the_whole_queue_is_taken),
        TEST(test_pop__indirect_table_may_be_longer_than_the_queue),
        TEST(test_pop__indirect_after_a_piece_and_with_write),
        TEST(test_pop__goes_on_over_the_index_wrap_at_65535),
        TEST(test_pop__refuses_hostile_chains),
        TEST(test_pop__indirect_is_refused_when_not_negotiated),
        TEST(test_pop__pieces_before_a_full_table_are_too_many),
        TEST_WITH_HOLE(test_pop__memory_hole_is_not_memory),
        TEST_WITH_HOLE(test_pop__lengths_that_sum_to_4_gib_are_refused),
        TEST(test_pop__index_may_run_ahead_by_the_queue_only),
        TEST(test_pop__descriptor_is_read_once),
        TEST(test_enable__refuses_bad_sizes_and_addresses),
        TEST(test_wants_interrupt__obeys_the_flag),
        TEST(test_wants_interrupt__not_when_nothing_was_pushed),
        TEST(test_wants_interrupt__when_the_event_index_is_passed),
        TEST(test_wants_interrupt__event_index_wraps),
        TEST(test_pop__asks_for_a_notification_when_it_runs_dry),
        TEST(test_pop_and_push__note_what_the_device_writes),
        TEST(test_pop__notes_the_event_that_it_asks_for),
        TEST(test_copies__cross_pieces_and_stop_at_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
