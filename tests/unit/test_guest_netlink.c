/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel itself judges the messages where a network namespace of one's own can be had. */
#include "vmm/guest/netlink.c"

#include "tests/unit/fixture.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <sched.h>

static struct netlink_address address(const char *text)
{
    struct netlink_address a = {.v6 = strchr(text, ':') != NULL};

    assert_int_equal(inet_pton(a.v6 ? AF_INET6 : AF_INET, text, a.bytes), 1);
    return a;
}

/* The attribute of this type, or NULL; every attribute lies within the message. */
static const void *find(const struct netlink_message *m, size_t len, size_t fixed, uint16_t type, size_t size)
{
    size_t at = NLMSG_SPACE(fixed);

    while (at + sizeof(struct rtattr) <= len) {
        const struct rtattr *a = (const void *)(m->bytes + at);

        assert_true(a->rta_len >= sizeof(*a) && at + a->rta_len <= len);
        if (a->rta_type == type) {
            assert_int_equal(a->rta_len, RTA_LENGTH(size));
            return RTA_DATA(a);
        }
        at += RTA_ALIGN(a->rta_len);
    }
    return NULL;
}

static const struct nlmsghdr *head(const struct netlink_message *m, size_t len, uint16_t type)
{
    const struct nlmsghdr *h = (const void *)m->bytes;

    assert_int_equal(h->nlmsg_len, len);
    assert_true(len <= sizeof(m->bytes));
    assert_int_equal(h->nlmsg_type, type);
    assert_int_equal(h->nlmsg_flags & (NLM_F_REQUEST | NLM_F_ACK), NLM_F_REQUEST | NLM_F_ACK);
    return h;
}

static void test_link_up__changes_the_one_flag(void **state)
{
    struct netlink_message m;
    const struct nlmsghdr *h = head(&m, netlink_link_up(&m, 7), RTM_NEWLINK);
    const struct ifinfomsg *link = NLMSG_DATA(h);

    (void)state;
    assert_int_equal(link->ifi_index, 7);
    assert_int_equal(link->ifi_flags, IFF_UP);
    assert_int_equal(link->ifi_change, IFF_UP);
}

static void test_address__both_families(void **state)
{
    static const struct {
        const char *text;
        int family;
        unsigned prefix;
    } rows[] = {{"10.187.83.15", AF_INET, 24}, {"fd6c:7874:6f70::15", AF_INET6, 64}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct netlink_address a = address(rows[i].text);
        size_t size = a.v6 ? 16 : 4, len;
        struct netlink_message m;
        const struct ifaddrmsg *msg;

        len = netlink_add_address(&m, 3, &a, rows[i].prefix);
        msg = NLMSG_DATA(head(&m, len, RTM_NEWADDR));
        assert_int_equal(msg->ifa_family, rows[i].family);
        assert_int_equal(msg->ifa_prefixlen, rows[i].prefix);
        assert_int_equal(msg->ifa_index, 3);
        assert_memory_equal(find(&m, len, sizeof(*msg), IFA_LOCAL, size), a.bytes, size);
        assert_memory_equal(find(&m, len, sizeof(*msg), IFA_ADDRESS, size), a.bytes, size);
    }
}

static void test_route__has_no_destination(void **state)
{
    struct netlink_address gateway = address("10.187.83.2");
    struct netlink_message m;
    size_t len = netlink_add_default_route(&m, 5, &gateway);
    const struct rtmsg *r = NLMSG_DATA(head(&m, len, RTM_NEWROUTE));

    (void)state;
    assert_int_equal(r->rtm_dst_len, 0);
    assert_null(find(&m, len, sizeof(*r), RTA_DST, 4));
    assert_memory_equal(find(&m, len, sizeof(*r), RTA_GATEWAY, 4), gateway.bytes, 4);
    assert_int_equal(*(const int *)find(&m, len, sizeof(*r), RTA_OIF, 4), 5);
}

static int tell(int fd, const struct netlink_message *m, size_t len)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
        char more[256];
    } reply = {0};

    assert_int_equal(send(fd, m->bytes, len, 0), len);
    assert_true(recv(fd, &reply, sizeof(reply), 0) > 0);
    assert_int_equal(reply.head.nlmsg_type, NLMSG_ERROR);
    return reply.error.error;
}

static void test_kernel__takes_them_all(void **state)
{
    static const char *const texts[][2] = {{"10.187.83.15", "10.187.83.2"},
                                           {"fd6c:7874:6f70::15", "fd6c:7874:6f70::2"}};
    struct netlink_message m;
    int fd;

    (void)state;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 && unshare(CLONE_NEWNET) < 0)
        skip();
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    assert_int_equal(tell(fd, &m, netlink_link_up(&m, 1)), 0); /* lo, the only one there is */
    for (size_t i = 0; i < 2; i++) {
        struct netlink_address a = address(texts[i][0]), gateway = address(texts[i][1]);

        if (a.v6 && access("/proc/net/if_inet6", F_OK) < 0)
            continue;
        for (int again = 0; again < 2; again++)
            assert_int_equal(tell(fd, &m, netlink_add_address(&m, 1, &a, a.v6 ? 64 : 24)), 0);
        if (!a.v6) /* IPv6 has none over lo */
            assert_int_equal(tell(fd, &m, netlink_add_default_route(&m, 1, &gateway)), 0);
    }
    assert_int_not_equal(tell(fd, &m, netlink_link_up(&m, 12345)), 0);
    assert_int_equal(shell("grep -q '00000000.0253BB0A' /proc/net/route"), 0);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link_up__changes_the_one_flag),
        cmocka_unit_test(test_address__both_families),
        cmocka_unit_test(test_route__has_no_destination),
        cmocka_unit_test(test_kernel__takes_them_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
