/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The folder of a saved machine; the machine itself is the lab's. */
#include "vmm/snapshot.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"
#include "vmm/state_file.h"

static void put_state(const char *folder, bool whole)
{
    auto_free char *path = file_path("%s/state", folder);
    auto_free uint8_t *bytes = NULL;
    struct state s;
    size_t len;

    state_save(&s);
    state_section(&s, "MACH");
    bytes = state_file_wrap(&s, &len, NULL);
    assert_int_equal(file_write_atomic(path, bytes, len - !whole, 0600, NULL), 0);
    state_release(&s);
}

static void test_open__what_is_not_whole_is_refused_and_named(void **state)
{
    char *folder = fixture_folder();
    struct snapshot_source s;
    struct err e = {0};

    (void)state;
    assert_int_equal(snapshot_open(&s, "/none", &e), -ENOENT);
    assert_says(e, "/none/state");
    put_state(folder, false);
    assert_int_equal(snapshot_open(&s, folder, &e), -EINVAL);
    assert_says(e, "/state: its length is wrong");
    put_state(folder, true);
    assert_int_equal(snapshot_open(&s, folder, &e), -ENOENT);
    assert_says(e, "/memory");
    assert_int_equal(shell("touch %s/memory", folder), 0);
    assert_ok(snapshot_open(&s, folder, &e), e);
    snapshot_close(&s);
    snapshot_close(&s);
    fixture_remove(folder);
}

static void test_command_line__all_but_who_it_is_counts(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"quiet", "quiet "},
        {"  a=1  lxtop.hostname=x systemd.hostname=x b ", "a=1 b "},
        {"hostname=x", ""},
        {"a lxtop.machine_id=00 systemd.machine_id=00 b=machine_id", "a b=machine_id "},
        {"hostname lxtop.hostnames=x =hostname", "hostname lxtop.hostnames=x =hostname "},
    };
    char line[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        snapshot_command_line(rows[i][0], line, sizeof(line));
        assert_string_equal(line, rows[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open__what_is_not_whole_is_refused_and_named),
        cmocka_unit_test(test_command_line__all_but_who_it_is_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
