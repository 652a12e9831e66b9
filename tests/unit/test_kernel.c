/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/kernel.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/auto.h"

struct world {
    char *folder;
    struct paths paths;
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->folder = fixture_enter();
    assert_non_null(w->paths.cache = file_path("%s/ca[c]he", w->folder)); /* no pattern, a name */
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    paths_release(&w->paths);
    fixture_leave(w->folder);
    free(w);
    return 0;
}

static void make_stock(const char *version)
{
    assert_int_equal(shell("d='ca[c]he/kernels/stock-%s'; mkdir -p $d/boot $d/lib/modules/%s && "
                           "touch $d/boot/vmlinuz-%s", version, version, version), 0);
}

static void make_tuned(void)
{
    assert_int_equal(shell("mkdir -p 'ca[c]he/kernels/tuned' && touch 'ca[c]he/kernels/tuned/vmlinux'"), 0);
}

/* Ends of the paths, "" for NULL. */
static void assert_found(struct world *w, const char *wanted, const char *image, const char *modules)
{
    auto_free char *full_image = file_path("%s/%s", w->folder, image);
    auto_free char *full_modules = file_path("%s/%s", w->folder, modules);
    struct kernel k;
    struct err e = {0};

    assert_ok(kernel_find(&w->paths, wanted, &k, &e), e);
    assert_string_equal(k.image, full_image);
    assert_string_equal(k.modules ? k.modules : "", *modules ? full_modules : "");
    assert_int_equal(k.tuned, strstr(image, "/tuned/") != NULL);
    kernel_release(&k);
}

static void assert_none(struct world *w, const char *wanted, const char *says)
{
    struct kernel k;
    struct err e = {0};

    assert_int_equal(kernel_find(&w->paths, wanted, &k, &e), -ENOENT);
    assert_says(e, says);
    assert_null(k.image);
    assert_null(k.modules);
}

#define TUNED "ca[c]he/kernels/tuned/vmlinux"
#define STOCK(v) "ca[c]he/kernels/stock-" v "/boot/vmlinuz-" v, "ca[c]he/kernels/stock-" v "/lib/modules/" v

static void test_kernel_find__auto_prefers_the_tuned_one(void **state)
{
    assert_none(*state, "auto", "`make kernel` builds the tuned one, `make stock-kernel` gets Debian's");
    make_stock("6.1.0-9-amd64");
    assert_found(*state, "auto", STOCK("6.1.0-9-amd64"));
    make_tuned();
    assert_found(*state, "auto", TUNED, "");
    assert_found(*state, "tuned", TUNED, "");
    assert_found(*state, "stock", STOCK("6.1.0-9-amd64"));
}

static void test_kernel_find__only_what_was_asked_for(void **state)
{
    make_tuned();
    assert_none(*state, "stock", "no kernel (stock)");
    assert_int_equal(shell("rm -r 'ca[c]he/kernels/tuned'"), 0);
    make_stock("6.1.0-9-amd64");
    assert_none(*state, "tuned", "no kernel (tuned)");
    assert_none(*state, "fast", "no kernel (fast)");
}

static void test_kernel_find__the_newest_by_version_order(void **state)
{
    make_stock("6.1.0-9-amd64");
    make_stock("6.1.0-30-amd64");
    make_stock("5.10.0-40-amd64");
    assert_found(*state, "stock", STOCK("6.1.0-30-amd64"));
}

/* An image with another version's modules would not find its root. */
static void test_kernel_find__image_and_modules_belong_together(void **state)
{
    make_stock("6.1.0-9-amd64");
    make_stock("6.1.0-30-amd64");
    assert_int_equal(shell("rm -r 'ca[c]he'/kernels/stock-6.1.0-30-amd64/lib"), 0);
    assert_found(*state, "stock", STOCK("6.1.0-9-amd64"));
    assert_int_equal(shell("rm -r 'ca[c]he'/kernels/stock-6.1.0-9-amd64/lib"), 0);
    assert_none(*state, "stock", "make stock-kernel");
}

static void test_kernel_find__by_path_with_the_modules_beside_boot(void **state)
{
    struct world *w = *state;
    auto_free char *boot = file_path("%s/r/boot/vmlinuz-6.9", w->folder);
    auto_free char *plain = file_path("%s/vmlinux", w->folder);
    auto_free char *none = file_path("%s/none", w->folder);

    assert_int_equal(shell("mkdir -p r/boot r/lib/modules/6.9 && touch r/boot/vmlinuz-6.9 vmlinux"), 0);
    assert_found(w, boot, "r/boot/vmlinuz-6.9", "r/lib/modules/6.9");
    assert_int_equal(shell("rmdir r/lib/modules/6.9"), 0);
    assert_found(w, boot, "r/boot/vmlinuz-6.9", "");
    assert_found(w, plain, "vmlinux", "");
    assert_none(w, none, "cannot be read; `lxtop set NAME kernel --remove` takes the default again");
}

/* --- modules.dep --- */

/* The files' names in load order, without the folder. */
static void assert_modules(const char *dep, const char *const *names, const char *expected)
{
    struct kernel k = {.modules = (char *)"m"};
    char text[512] = "", **files;
    struct err e = {0};

    assert_int_equal(shell("mkdir -p m"), 0);
    assert_int_equal(file_write_atomic("m/modules.dep", dep, strlen(dep), 0644, NULL), 0);
    assert_ok(kernel_module_files(&k, names, &files, &e), e);
    for (size_t i = 0; files[i]; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", files[i]);
    kernel_module_files_free(files);
    assert_string_equal(text, expected);
}

#define NAMES(...) (const char *const[]){__VA_ARGS__, NULL}

static void test_kernel_module_files__needs_come_first_and_once(void **state)
{
    static const char dep[] = "k/virtio.ko.xz:\n"
                              "k/virtio_ring.ko.xz: k/virtio.ko.xz\n"
                              "k/virtio_blk.ko.xz: k/virtio_ring.ko.xz k/virtio.ko.xz\n"
                              "k/9pnet_virtio.ko.xz: k/9pnet.ko.xz k/virtio_ring.ko.xz k/virtio.ko.xz\n"
                              "k/9pnet.ko.xz:\n";

    (void)state;
    assert_modules(dep, NAMES("virtio_blk"), "m/k/virtio.ko.xz m/k/virtio_ring.ko.xz m/k/virtio_blk.ko.xz");
    assert_modules(dep, NAMES("virtio_blk", "9pnet_virtio"),
                   "m/k/virtio.ko.xz m/k/virtio_ring.ko.xz m/k/virtio_blk.ko.xz m/k/9pnet.ko.xz "
                   "m/k/9pnet_virtio.ko.xz");
    assert_modules(dep, NAMES("9pnet_virtio", "9pnet"),
                   "m/k/virtio.ko.xz m/k/virtio_ring.ko.xz m/k/9pnet.ko.xz m/k/9pnet_virtio.ko.xz");
}

static void test_kernel_module_files__names_match_whole_and_either_dash(void **state)
{
    static const char dep[] = "k/virtio-blk-more.ko:\nk/a/virtio-blk.ko:\nk/crc32c_generic.ko.zst:\n"
                              "k/ext4.ko:\nvirtio_rng.ko:\n";

    (void)state;
    assert_modules(dep, NAMES("virtio_blk"), "m/k/a/virtio-blk.ko");
    assert_modules(dep, NAMES("crc32c-generic"), "m/k/crc32c_generic.ko.zst");
    assert_modules(dep, NAMES("virtio_rng"), "m/virtio_rng.ko");
    assert_modules(dep, NAMES("virtio", "ext", "ko", "built_in"), "");
}

static void test_kernel_module_files__broken_lines_add_nothing(void **state)
{
    (void)state;
    assert_modules("", NAMES("ext4"), "");
    assert_modules("k/ext4.ko", NAMES("ext4"), "");
    assert_modules("k/ext4.ko\nk/jbd2.ko:\n", NAMES("ext4", "jbd2"), "m/k/jbd2.ko");
    assert_modules(":\n\n:x\nk/ext4.ko:   k/jbd2.ko  ", NAMES("ext4"), "m/k/jbd2.ko m/k/ext4.ko");
}

static void test_kernel_module_files__none_for_a_kernel_that_has_all_built_in(void **state)
{
    char **files;
    struct err e = {0};

    (void)state;
    assert_ok(kernel_module_files(&(struct kernel){0}, NAMES("ext4"), &files, &e), e);
    assert_null(files[0]);
    kernel_module_files_free(files);
    kernel_module_files_free(NULL);
}

static void test_kernel_module_files__errors_name_the_file(void **state)
{
    struct kernel k = {.modules = (char *)"none"};
    char **files;
    struct err e = {0};

    (void)state;
    assert_int_equal(kernel_module_files(&k, NAMES("ext4"), &files, &e), -ENOENT);
    assert_says(e, "none/modules.dep");
    assert_null(files);
    /* More files than any set of modules needs. */
    assert_int_equal(shell("mkdir m && { printf 'k/x.ko:'; seq -f ' k/m%%g.ko' 300 | tr -d '\\n'; echo; } > m/modules.dep"), 0);
    k.modules = (char *)"m";
    assert_int_equal(kernel_module_files(&k, NAMES("x"), &files, &e), -E2BIG);
    assert_null(files);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kernel_find__auto_prefers_the_tuned_one),
        TEST(test_kernel_find__only_what_was_asked_for),
        TEST(test_kernel_find__the_newest_by_version_order),
        TEST(test_kernel_find__image_and_modules_belong_together),
        TEST(test_kernel_find__by_path_with_the_modules_beside_boot),
        TEST(test_kernel_module_files__needs_come_first_and_once),
        TEST(test_kernel_module_files__names_match_whole_and_either_dash),
        TEST(test_kernel_module_files__broken_lines_add_nothing),
        TEST(test_kernel_module_files__none_for_a_kernel_that_has_all_built_in),
        TEST(test_kernel_module_files__errors_name_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
