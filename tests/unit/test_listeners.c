/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vmm/guest/listeners.h"

#include "tests/unit/fixture.h"

#include <arpa/inet.h>

struct heard {
    char text[2048];
};

static void on_say(void *ctx, const char *word, unsigned port)
{
    struct heard *h = ctx;
    size_t len = strlen(h->text);

    snprintf(h->text + len, sizeof(h->text) - len, "%s %u;", word, port);
}

static void read_text(struct listeners *l, const char *text)
{
    FILE *f = fmemopen((void *)text, strlen(text), "r");

    listeners_read(l, f, inet_addr("10.187.83.15"));
    fclose(f);
}

#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
#define LINE(n, local, state)                                                                      \
    "   " #n ": " local " 00000000:0000 " state " 00000000:00000000 00:00000000 00000000     0        0 1\n"
#define LINE6(n, local, state)                                                                     \
    "   " #n ": " local " 00000000000000000000000000000000:0000 " state " 00000000:00000000 00:0 0 0 1\n"

/* As /proc/net/tcp and tcp6 of a Debian with Docker had it. */
static const char tcp[] = HEAD LINE(0, "0F53BB0A:0051", "0A")  /* 10.187.83.15 */
    LINE(1, "0100007F:0035", "0A")                             /* 127.0.0.1 */
    LINE(1, "3500007F:0036", "0A")                             /* 127.0.0.53 */
    LINE(2, "010011AC:1F40", "0A")                             /* 172.17.0.1 */
    LINE(3, "00000000:1F90", "0A") LINE(4, "00000000:0BB8", "01") LINE(5, "00000000:0050", "0A");
static const char tcp6[] = HEAD LINE6(0, "00000000000000000000000000000000:1F91", "0A")
    LINE6(1, "00000000000000000000000001000000:0277", "0A") /* ::1 */
    LINE6(1, "0000000000000000FFFF00000100007F:1F92", "0A") /* ::ffff:127.0.0.1, as Java has it */
    LINE6(1, "0000000000000000FFFF0000010011AC:1F93", "0A") "garbage\n" LINE6(2, "00000000000000000000000000000000:FFFF", "0A");

static void test_read__takes_what_a_forward_reaches(void **state)
{
    struct listeners now = {0}, told = {0};
    struct heard h = {""};

    (void)state;
    read_text(&now, tcp);
    read_text(&now, tcp6);
    listeners_tell(&told, &now, on_say, &h);
    /* and nothing behind the first socket that does not listen */
    assert_string_equal(h.text, "listen 53;listen 81;listen 8080;listen 8081;listen 8082;listen 65535;");
}

static void test_tell__says_what_has_changed_and_once(void **state)
{
    struct listeners now = {0}, told = {0};
    struct heard h = {""};

    (void)state;
    read_text(&now, HEAD LINE(0, "00000000:0BB8", "0A") LINE(1, "00000000:1388", "0A"));
    listeners_tell(&told, &now, on_say, &h);
    listeners_tell(&told, &now, on_say, &h);
    now = (struct listeners){0};
    read_text(&now, HEAD LINE(0, "00000000:1388", "0A") LINE(1, "00000000:1770", "0A"));
    listeners_tell(&told, &now, on_say, &h);
    assert_string_equal(h.text, "listen 3000;listen 5000;unlisten 3000;listen 6000;");
}

static void test_read__of_nothing(void **state)
{
    struct listeners now = {0}, none = {0};

    (void)state;
    read_text(&now, "\n");
    read_text(&now, HEAD);
    assert_memory_equal(&now, &none, sizeof(now));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read__takes_what_a_forward_reaches),
        cmocka_unit_test(test_tell__says_what_has_changed_and_once),
        cmocka_unit_test(test_read__of_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
