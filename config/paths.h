/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where lxtop keeps its files (XDG base directories; no file outside of them).
 *
 *   data     $XDG_DATA_HOME/lxtop      distros/NAME/{distro.conf,root.img,layers/}   must last
 *   state    $XDG_STATE_HOME/lxtop     machines/NAME/{lock,run.json,console.log,vmm.log}
 *   cache    $XDG_CACHE_HOME/lxtop     kernels, initramfs: can be made again
 *   config   $XDG_CONFIG_HOME/lxtop    lxtop.conf, the person's own, never written
 *   runtime  $XDG_RUNTIME_DIR/lxtop    NAME/ctl.sock; may vanish at any logout, so only sockets;
 *            without XDG_RUNTIME_DIR /tmp/lxtop-UID, refused unless it is ours and private
 *
 * The lock is under state and not, as the sockets, under runtime: a logout that empties the runtime
 * folder must not make a running machine look stopped.
 */
#ifndef CONFIG_PATHS_H
#define CONFIG_PATHS_H

#include <stdbool.h>

struct err;

struct paths {
    char *data, *state, *cache, *config, *runtime; /* absolute, without a slash at the end */
};

/* Only works the names out; nothing is created but /tmp/lxtop-UID.  HOME must be set. */
int paths_init(struct paths *p, struct err *e);
bool paths_copy(struct paths *to, const struct paths *from); /* false: no memory; to be released all the same */
void paths_release(struct paths *p);
/* What a shell makes of "~" and "~/x", for those who do not type it in one; the caller frees. NULL: of no other word. */
char *paths_in_home(const char *word);

#endif
