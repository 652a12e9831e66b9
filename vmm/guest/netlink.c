/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/netlink.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

/* The message's head and the fixed part of its kind; the length stands in the head, ever growing. */
static struct nlmsghdr *begin(struct netlink_message *m, uint16_t type, uint16_t flags,
                              const void *fixed, size_t len)
{
    struct nlmsghdr *h = (struct nlmsghdr *)m->bytes;

    memset(m, 0, sizeof(*m));
    *h = (struct nlmsghdr){.nlmsg_len = (uint32_t)NLMSG_LENGTH(len),
                           .nlmsg_type = type,
                           .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)};
    memcpy(NLMSG_DATA(h), fixed, len);
    return h;
}

static void attribute(struct nlmsghdr *h, uint16_t type, const void *value, size_t len)
{
    struct rtattr *a = (struct rtattr *)((uint8_t *)h + NLMSG_ALIGN(h->nlmsg_len));

    *a = (struct rtattr){.rta_len = (uint16_t)RTA_LENGTH(len), .rta_type = type};
    memcpy(RTA_DATA(a), value, len);
    h->nlmsg_len = (uint32_t)(NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len));
}

static uint8_t family(const struct netlink_address *a)
{
    return a->v6 ? AF_INET6 : AF_INET;
}

static size_t size(const struct netlink_address *a)
{
    return a->v6 ? 16 : 4;
}

size_t netlink_link_up(struct netlink_message *m, int index)
{
    const struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    return begin(m, RTM_NEWLINK, 0, &link, sizeof(link))->nlmsg_len;
}

/* Nobody else is on this network: no search for a double (RFC 4862), which would take a second. */
size_t netlink_add_address(struct netlink_message *m, int index, const struct netlink_address *a,
                           unsigned prefix)
{
    const struct ifaddrmsg address = {.ifa_family = family(a),
                                      .ifa_prefixlen = (uint8_t)prefix,
                                      .ifa_flags = a->v6 ? IFA_F_NODAD : 0,
                                      .ifa_index = (unsigned)index};
    struct nlmsghdr *h = begin(m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &address, sizeof(address));

    attribute(h, IFA_LOCAL, a->bytes, size(a));
    attribute(h, IFA_ADDRESS, a->bytes, size(a));
    return h->nlmsg_len;
}

size_t netlink_add_default_route(struct netlink_message *m, int index,
                                 const struct netlink_address *gateway)
{
    const struct rtmsg route = {.rtm_family = family(gateway),
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_BOOT,
                                .rtm_scope = RT_SCOPE_UNIVERSE,
                                .rtm_type = RTN_UNICAST};
    struct nlmsghdr *h = begin(m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &route, sizeof(route));

    attribute(h, RTA_GATEWAY, gateway->bytes, size(gateway));
    attribute(h, RTA_OIF, &index, sizeof(index));
    return h->nlmsg_len;
}
