/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads and writes libconfig files: lxtop.conf (the person's, only read) and a distro's distro.conf.
 */
#ifndef CONFIG_CONF_H
#define CONFIG_CONF_H

#include "config/option.h"

struct err;

/*
 * Lays the settings of a file's group over `o`.  `group` NULL: the top level; a file or group that is
 * not there changes nothing.  A bad row is told by `warn` (text with file and line) and skipped, so
 * lxtop starts all the same; a file with a syntax error is told and skipped whole.
 */
typedef void conf_warn(void *ctx, const char *text);
/* One row of a group; an error is told with file and line. */
typedef int conf_row(void *ctx, const char *name, const char *text, struct err *e);
/* The same for rows of any kind: texts, numbers, true and false, each as its text, lists of texts with
 * blanks between them. `ctx` is for both. */
void conf_read_rows(const char *path, const char *group, conf_row *row, conf_warn *warn, void *ctx);
void conf_read_options(const char *path, const char *group, enum option_origin from,
                       struct options *o, conf_warn *warn, void *ctx);

/* Can the file be read as libconfig?  -EINVAL with file, line and what is wrong. */
int conf_check(const char *path, struct err *e);
/* And has each option at the top level a value that can be taken?  `except` (NULL: none) may have another. */
int conf_check_options(const char *path, const char *except, struct err *e);

/* A string at the top level of a file; NULL when there is none. The caller frees. */
char *conf_read_string(const char *path, const char *name);
/* Several, with one look at the file: values[i] of names[i]. */
void conf_read_strings(const char *path, const char *const *names, char **values, unsigned n);

/*
 * Changes one text in a group of a file that is lxtop's own, atomically; NULL takes the row away.  What else is
 * in the file stays; one that cannot be read is begun anew.
 */
int conf_set(const char *path, const char *group, const char *name, const char *text, struct err *e);

/* Extra strings beside the options, for conf_write. */
struct conf_string {
    const char *name, *value;
};
/* Writes atomically the strings and those options whose origin is `from` or later. */
int conf_write(const char *path, const struct conf_string *strings, unsigned n,
               const struct options *o, enum option_origin from, struct err *e);

#endif
