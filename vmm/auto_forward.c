/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/auto_forward.h"

#include <string.h>

#include "core/base/err.h"
#include "vmm/net_link.h"

static struct forward forward_of(uint16_t port)
{
    return (struct forward){.host = {127, 0, 0, 1}, .host_port = port, .guest_port = port};
}

static struct auto_port *find(struct auto_forward *a, uint16_t port)
{
    for (unsigned i = 0; i < a->n; i++)
        if (a->known[i].port == port)
            return &a->known[i];
    return NULL;
}

/* Does some forward lead to that port of the guest? */
static bool is_reached(const struct auto_forward *a, uint16_t port)
{
    for (unsigned i = 0; i < a->link->forwards; i++)
        if (!a->link->forward[i].udp && a->link->forward[i].guest_port == port)
            return true;
    return false;
}

static void add(struct auto_forward *a, uint16_t port)
{
    struct auto_port *p = &a->known[a->n];
    const struct forward f = forward_of(port);

    if (port < AUTO_PORT_MIN || find(a, port) || a->n == AUTO_PORTS_MAX ||
        !log_allowed(&a->rate, AUTO_BURST))
        return;
    a->n++;
    *p = (struct auto_port){.port = port};
    if (is_reached(a, port))
        return;
    p->made = a->mode == SPEC_AUTO_ON && net_link_add(a->link, &f, NULL) == 0;
    a->changed(a->ctx, port, p->made ? "automatic" : "offered");
}

static void drop(struct auto_forward *a, uint16_t port)
{
    struct auto_port *p = find(a, port);
    const struct forward f = forward_of(port);

    if (!p)
        return;
    if (p->made)
        net_link_remove(a->link, &f, NULL);
    *p = a->known[--a->n];
    a->changed(a->ctx, port, "gone");
}

void auto_forward_listen(struct auto_forward *a, uint16_t port, bool on)
{
    if (a->mode != SPEC_AUTO_OFF)
        (on ? add : drop)(a, port);
}

bool auto_forward_yield(struct auto_forward *a, const struct forward *f)
{
    struct auto_port *p = find(a, f->host_port);
    const struct forward ours = forward_of(f->host_port);

    if (!p || !p->made || !forward_same(f, &ours))
        return false;
    p->made = false;
    net_link_remove(a->link, &ours, NULL);
    return true;
}

static json_t *texts(const struct auto_forward *a, bool made)
{
    json_t *list = json_array();

    for (unsigned i = 0; i < a->n; i++) {
        const struct auto_port *p = &a->known[i];
        const struct forward f = forward_of(p->port);
        char text[FORWARD_TEXT_MAX];

        if (made ? !p->made : is_reached(a, p->port))
            continue;
        forward_format(&f, text);
        json_array_append_new(list, json_string(text));
    }
    return list;
}

json_t *auto_forward_made(const struct auto_forward *a)
{
    return texts(a, true);
}

json_t *auto_forward_offered(const struct auto_forward *a)
{
    return texts(a, false);
}
