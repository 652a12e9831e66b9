/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A port forward, host to guest, and its one text form: [HOST:]PORT:GUESTPORT[/tcp|/udp].
 *
 * HOST is an address to listen at, 127.0.0.1 when it is left out; IPv6 stands in brackets:
 * [::1]:8080:80.  A list of forwards is separated by ";" or blanks.  Settings, verbs, the control
 * socket, lxtop-vmm's command line and lxtop-net all speak this form.
 */
#ifndef CORE_BASE_FORWARD_H
#define CORE_BASE_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

struct err;

#define FORWARD_TEXT_MAX 72 /* with its NUL: the longest address, two ports, protocol */
#define FORWARDS_MAX 32

struct forward {
    bool udp, v6;
    uint8_t host[16]; /* network order; 4 bytes unless v6 */
    uint16_t host_port, guest_port;
};

/* 0 or -EINVAL, saying what is wrong. */
int forward_parse(const char *text, struct forward *f, struct err *e);
/* The shortest text that forward_parse takes back. */
void forward_format(const struct forward *f, char text[FORWARD_TEXT_MAX]);
/* Do both listen at the same port of the host? They cannot both be, whatever the guest's ports. */
bool forward_same(const struct forward *a, const struct forward *b);
/* The one of a list that listens where `f` would, or `n`. */
unsigned forward_find(const struct forward *list, unsigned n, const struct forward *f);
/* May `f` be added where forward_find has found `there`?  1: it is there as it is; -EEXIST: it leads elsewhere. */
int forward_there(const struct forward *there, const struct forward *f, struct err *e);

/* Parses one behind the `n` that are there: 0, or -EINVAL (bad, too many, or one port twice). */
int forwards_add(struct forward list[FORWARDS_MAX], int n, const char *word, struct err *e);
/* How many of at most FORWARDS_MAX, or -EINVAL. */
int forwards_parse(const char *text, struct forward list[FORWARDS_MAX], struct err *e);
/* "; " between them; the caller frees; NULL for lack of memory. */
char *forwards_format(const struct forward *list, unsigned n);

#endif
