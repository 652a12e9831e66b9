/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a settings file: every option keeps a value of its own range, and what was read is
 * what is read again after it was written.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/conf.h"
#include "core/base/auto.h"
#include "core/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 loses the text of a string that never ends; a settings file is read but a few times. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libconfig.so";
}

static void keep_line(void *ctx, const char *text)
{
    (void)ctx;
    if (!*text)
        abort();
}

static void check(const struct options *o)
{
    for (int i = 0; i < OPTIONS; i++) {
        const struct option_info *r = &option_table[i];
        int64_t n = options_number(o, (enum option_id)i);

        if ((r->type == OPTION_INT || r->type == OPTION_SIZE) && (n < r->min || n > r->max))
            abort();
    }
}

static void read_back(const char *path, const struct options *o, const char *source)
{
    const struct conf_string s = {"source", source};
    auto_free char *again = NULL;
    struct options copy;

    if (conf_write(path, &s, 1, o, ORIGIN_DEFAULT, NULL) < 0)
        abort();
    options_init(&copy);
    conf_read_options(path, NULL, ORIGIN_DEFAULT, &copy, keep_line, NULL);
    for (int i = 0; i < OPTIONS; i++) {
        auto_free char *a = options_format(o, (enum option_id)i), *b = options_format(&copy, (enum option_id)i);

        if (strcmp(a, b) != 0)
            abort();
    }
    again = conf_read_string(path, "source");
    if (!again || strcmp(again, source) != 0)
        abort();
    options_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    auto_free char *path = file_path("/dev/shm/lxtop-fuzz-conf-%d", (int)getpid());
    auto_free char *source = NULL;
    static const char *const groups[] = {NULL, "defaults"};
    FILE *f;

    if (memmem(data, size, "@include", 8)) /* would read this host's files */
        return 0;
    if (!(f = fopen(path, "we")) || fwrite(data, 1, size, f) != size || fclose(f) != 0)
        abort();
    source = conf_read_string(path, "source");
    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        struct options o;

        options_init(&o);
        conf_read_options(path, groups[i], ORIGIN_CONF, &o, keep_line, NULL);
        check(&o);
        if (i == 1)
            read_back(path, &o, source ? source : "");
        options_release(&o);
    }
    unlink(path);
    return 0;
}
