/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server where things get large: names, folders, files.
 */
#include "tests/unit/p9_fixture.h"

/* --- Names --------------------------------------------------------------------------------------- */


/* Made, walked to, listed, renamed and removed by exactly these bytes. */
static void assert_name_works(struct client *c, const char *name)
{
    struct p9_qid listed;

    assert_int_equal(c_create(c, ROOT, 1, name, P9_O_RDWR, 0644), 0);
    assert_int_equal(c_clunk(c, 1), 0);
    /* By hand, as the name may have whatever c_walk takes for more than one. */
    assert_int_equal(RPC(c, .type = P9_TWALK, .twalk = {ROOT, 2, 1, {p9_str_of(name)}}), 0);
    assert_int_equal(c->reply.rwalk.n, 1);
    listed = c->reply.rwalk.qid[0];
    assert_int_equal(c_open_path(c, 3, "", P9_O_DIRECTORY), 0);
    assert_int_equal(c_listed(c, 3, name).path, listed.path);
    assert_int_equal(c_clunk(c, 3) + c_clunk(c, 2), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAMEAT, .trenameat = {ROOT, p9_str_of(name), ROOT, NAME("plain")}), 0);
    assert_int_equal(RPC(c, .type = P9_TRENAMEAT, .trenameat = {ROOT, NAME("plain"), ROOT, p9_str_of(name)}), 0);
    assert_int_equal(RPC(c, .type = P9_TUNLINKAT, .tunlinkat = {ROOT, p9_str_of(name), 0}), 0);
    assert_int_equal(in_share(c, "test -z \"$(ls -A)\""), 0);
}

static void test_names__are_any_bytes(void **state)
{
    static const char *const names[] = {
        "\xc3\xa4\xe6\xbc\xa2\xf0\x9f\x90\xa7", /* UTF-8 of two, three and four bytes */
        "\xff\xfe\x80", "new\nline", "\n", "a\tb\r\x1b[31m", " ", "...", "-rf", "*", "\\", "..a", "con:",
    };
    struct client *c = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_name_works(c, names[i]);
}

static void test_names__end_at_255_bytes(void **state)
{
    struct client *c = *state;
    char name[257];

    memset(name, 'n', 256);
    name[255] = name[256] = '\0';
    assert_name_works(c, name);
    name[255] = 'n';
    assert_int_equal(c_create(c, ROOT, 1, name, P9_O_RDWR, 0644), -ENAMETOOLONG);
    assert_int_equal(c_mkdir(c, ROOT, name, 0755), -ENAMETOOLONG);
}

/* Deeper than a path can be long: each folder is found from the one above. */
static void test_names__paths_have_no_end(void **state)
{
    struct client *c = *state;
    char name[251];
    const uint32_t dir = 1;

    memset(name, 'd', 250);
    name[250] = '\0';
    assert_int_equal(c_walk(c, ROOT, dir, ""), 0);
    for (int depth = 0; depth < 40; depth++) { /* 10,040 bytes */
        assert_int_equal(c_mkdir(c, dir, name, 0755), 0);
        assert_int_equal(c_walk(c, dir, dir, name), 0);
    }
    assert_int_equal(c_create(c, dir, 2, "deep", P9_O_RDWR, 0644), 0);
    assert_int_equal(c_write(c, 2, 0, "x", 1), 1);
    assert_int_equal(RPC(c, .type = P9_TLINK, .tlink = {ROOT, 2, NAME("above")}), 0);
    assert_int_equal(in_share(c, "test \"$(cat above)\" = x"), 0);
    assert_int_equal(in_share(c, "rm -r ddd*"), 0);
}

/* --- 50,000 files -------------------------------------------------------------------------------- */

#define MANY 50000u

/* Each name of the listing once. */
static unsigned count_names(struct client *c, uint32_t fid, uint8_t *seen)
{
    uint64_t offset = 0;
    unsigned n = 0;

    while (c_readdir(c, fid, offset, MSIZE - 100) > 0) {
        const uint8_t *p = c->in + c->payload, *end = p + c->reply.rio.count;

        for (; p < end; p += 24 + p[22]) {
            char name[P9_NAME_SIZE] = "";
            unsigned number;

            memcpy(&offset, p + 13, 8);
            memcpy(name, p + 24, p[22]);
            if (*name == '.')
                continue;
            number = (unsigned)strtoul(name, NULL, 10);
            assert_in_range(number, 1, MANY);
            assert_int_equal(seen[number]++, 0);
            n++;
        }
    }
    return n;
}

static void test_readdir__lists_50000_files(void **state)
{
    struct client *c = *state;
    uint8_t *seen = calloc(MANY + 1, 1);

    assert_int_equal(in_share(c, "mkdir many && cd many && seq -f %%.0f 50000 | xargs touch"), 0);
    assert_int_equal(c_open_path(c, 1, "many", P9_O_DIRECTORY), 0);
    assert_int_equal(count_names(c, 1, seen), MANY);
    free(seen);
    assert_int_equal(c_walk(c, ROOT, 2, "many/49999"), 0);
    assert_int_equal(c_walk(c, ROOT, 3, "many/50001"), -ENOENT);
}

/* More folders half read than are kept ready: what comes next is right all the same. */
static void test_readdir__of_very_many_folders_at_once(void **state)
{
    enum { FOLDERS = 600 };
    static uint64_t next[FOLDERS];
    static unsigned names[FOLDERS];
    struct client *c = *state;
    unsigned open = FOLDERS;

    assert_int_equal(in_share(c, "mkdir $(seq -f d%%.0f 0 599) && for i in $(seq 0 599); do : > d$i/a; : > d$i/b; : > d$i/c; done"), 0);
    for (uint32_t i = 0; i < FOLDERS; i++) {
        char path[16];

        snprintf(path, sizeof(path), "d%u", i);
        assert_int_equal(c_open_path(c, 100 + i, path, P9_O_DIRECTORY), 0);
    }
    while (open > 0)
        for (uint32_t i = 0; i < FOLDERS; i++) {
            int n = c_readdir(c, 100 + i, next[i], 30); /* one name */

            assert_true(n >= 0);
            names[i] += n > 0;
            open -= n == 0 && names[i] < 100;
            if (n > 0)
                memcpy(&next[i], c->in + c->payload + 13, 8);
            else
                names[i] |= 100u << 8;
        }
    for (unsigned i = 0; i < FOLDERS; i++)
        assert_int_equal(names[i] & 0xff, 5);
}

/* --- 5 GB ---------------------------------------------------------------------------------------- */

static void test_file__of_5_gigabytes_is_sparse(void **state)
{
    const uint64_t size = 5ull << 30, at = (4ull << 30) + 12345; /* more than 32 bits hold */
    struct client *c = *state;
    struct p9_attr a;

    assert_int_equal(c_create(c, ROOT, 1, "f", P9_O_RDWR, 0644), 0);
    assert_int_equal(c_setattr(c, (struct p9_setattr){.fid = 1, .valid = P9_SET_SIZE, .size = size}), 0);
    assert_int_equal(c_write(c, 1, at, "hello", 5), 5);
    assert_int_equal(c_write(c, 1, size - 2, "end", 3), 3);
    assert_int_equal(c_read(c, 1, at - 1, 7), 7);
    assert_memory_equal(c->in + c->payload, "\0hello\0", 7);
    assert_int_equal(c_read(c, 1, size - 2, 100), 3);
    assert_int_equal(c_read(c, 1, size + 1, 100), 0);
    assert_int_equal(c_getattr(c, 1, &a), 0);
    assert_true(a.size == size + 1);
    assert_in_range(a.blocks, 2, 2048);
    assert_int_equal(in_share(c, "test $(stat -c %%s f) = 5368709121"), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up_plain, tear_down_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_names__are_any_bytes),
        T(test_names__end_at_255_bytes),
        T(test_names__paths_have_no_end),
        T(test_readdir__lists_50000_files),
        T(test_readdir__of_very_many_folders_at_once),
        T(test_file__of_5_gigabytes_is_sparse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
