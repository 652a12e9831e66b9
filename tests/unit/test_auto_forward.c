/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With a net_link of its own: one that keeps lists and refuses the ports it is told to. */
#include "vmm/auto_forward.h"

#include "tests/unit/fixture.h"

#include <errno.h>

#include "core/base/err.h"
#include "vmm/net_link.h"

struct world {
    struct net_link link;
    struct auto_forward a;
    char heard[4096];
};

/* The port of the host that somebody has; these two stand in for net_link.c, which is not linked then. */
#define TAKEN 5432

int net_link_add(struct net_link *l, const struct forward *f, struct err *e)
{
    if (f->host_port == TAKEN || l->forwards == FORWARDS_MAX)
        return err_set(e, EADDRINUSE, "taken");
    l->forward[l->forwards++] = *f;
    return 0;
}

int net_link_remove(struct net_link *l, const struct forward *f, struct err *e)
{
    for (unsigned i = 0; i < l->forwards; i++)
        if (forward_same(&l->forward[i], f)) {
            l->forward[i] = l->forward[--l->forwards];
            return 0;
        }
    return err_set(e, ENOENT, "none");
}

static void on_changed(void *ctx, uint16_t port, const char *what)
{
    struct world *w = ctx;
    size_t len = strlen(w->heard);

    snprintf(w->heard + len, sizeof(w->heard) - len, "%u %s;", port, what);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->a = (struct auto_forward){.mode = SPEC_AUTO_ON, .link = &w->link, .changed = on_changed, .ctx = w};
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void assert_list(json_t *list, const char *want)
{
    char *text = json_dumps(list, JSON_COMPACT);

    assert_string_equal(text, want);
    free(text);
    json_decref(list);
}

static struct forward by_hand(const char *text)
{
    struct forward f;

    assert_int_equal(forward_parse(text, &f, NULL), 0);
    return f;
}

static void test_listen__makes_a_forward_and_takes_it_away(void **state)
{
    struct world *w = *state;

    auto_forward_listen(&w->a, 3000, true);
    auto_forward_listen(&w->a, 3000, true);
    assert_list(auto_forward_made(&w->a), "[\"3000:3000\"]");
    assert_list(auto_forward_offered(&w->a), "[]");
    assert_int_equal(w->link.forwards, 1);
    assert_int_equal(w->link.forward[0].host[0], 127);
    auto_forward_listen(&w->a, 3000, false);
    auto_forward_listen(&w->a, 3000, false);
    assert_int_equal(w->link.forwards, 0);
    assert_string_equal(w->heard, "3000 automatic;3000 gone;");
}

static void test_listen__offers_when_it_may_not_or_cannot(void **state)
{
    struct world *w = *state;

    auto_forward_listen(&w->a, TAKEN, true);
    w->a.mode = SPEC_AUTO_OFFER;
    auto_forward_listen(&w->a, 3000, true);
    assert_int_equal(w->link.forwards, 0);
    assert_list(auto_forward_offered(&w->a), "[\"5432:5432\",\"3000:3000\"]");
    w->a.mode = SPEC_AUTO_OFF;
    auto_forward_listen(&w->a, 4000, true);
    assert_string_equal(w->heard, "5432 offered;3000 offered;");
}

static void test_listen__leaves_low_ports_alone(void **state)
{
    struct world *w = *state;

    for (unsigned port = 0; port < AUTO_PORT_MIN; port++)
        auto_forward_listen(&w->a, (uint16_t)port, true);
    assert_string_equal(w->heard, "");
    auto_forward_listen(&w->a, AUTO_PORT_MIN, true);
    assert_string_equal(w->heard, "1024 automatic;");
}

static void test_listen__is_bounded_in_number_and_in_time(void **state)
{
    struct world *w = *state;

    for (unsigned port = 2000; port < 2100; port++)
        auto_forward_listen(&w->a, (uint16_t)port, true);
    assert_int_equal(w->link.forwards, AUTO_PORTS_MAX);
    for (unsigned port = 2000; port < 2100; port++)
        auto_forward_listen(&w->a, (uint16_t)port, false);
    assert_int_equal(w->link.forwards, 0);
    for (int round = 0; round < 1000; round++) { /* as fast as it can: one a second, no more */
        auto_forward_listen(&w->a, 3000, true);
        auto_forward_listen(&w->a, 3000, false);
    }
    *w->heard = '\0';
    auto_forward_listen(&w->a, 3001, true);
    auto_forward_listen(&w->a, 3002, true);
    auto_forward_listen(&w->a, 3003, true);
    assert_in_range(w->a.n, 0, 2);
}

static void test_yield__a_persons_forward_goes_first(void **state)
{
    struct world *w = *state;
    struct forward other = by_hand("8080:3000"), same = by_hand("4000:80"), udp = by_hand("4000:80/udp");

    net_link_add(&w->link, &other, NULL);
    auto_forward_listen(&w->a, 3000, true); /* one leads there already */
    assert_list(auto_forward_offered(&w->a), "[]");
    assert_int_equal(w->link.forwards, 1);
    auto_forward_listen(&w->a, 4000, true);
    assert_false(auto_forward_yield(&w->a, &udp));
    assert_true(auto_forward_yield(&w->a, &same));
    assert_false(auto_forward_yield(&w->a, &same));
    assert_int_equal(w->link.forwards, 1);
    assert_list(auto_forward_offered(&w->a), "[\"4000:4000\"]");
    net_link_add(&w->link, &same, NULL);
    auto_forward_listen(&w->a, 4000, false); /* the person's stays */
    assert_int_equal(w->link.forwards, 2);
    assert_string_equal(w->heard, "4000 automatic;4000 gone;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        T(test_listen__makes_a_forward_and_takes_it_away),
        T(test_listen__offers_when_it_may_not_or_cannot),
        T(test_listen__leaves_low_ports_alone),
        T(test_listen__is_bounded_in_number_and_in_time),
        T(test_yield__a_persons_forward_goes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
