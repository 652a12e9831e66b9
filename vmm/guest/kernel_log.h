/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own log (Documentation/ABI/testing/dev-kmsg), for a distro that has no dmesg, too. */
#ifndef VMM_GUEST_KERNEL_LOG_H
#define VMM_GUEST_KERNEL_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* One record as a line for people, "[SECONDS] TEXT\n": its length; 0: it is no record. */
size_t kernel_log_line(char *to, size_t size, const char *record);
/* All of it to standard output, with `follow` until nobody reads any more; then the process ends. */
_Noreturn void kernel_log_run(bool follow);

#endif
