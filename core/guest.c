/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/guest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "config/paths.h"
#include "core/base/auto.h"
#include "core/base/err.h"
#include "core/base/file.h"
#include "core/base/guest_ports.h"
#include "core/guest_user.h"
#include "p9/client.h"

#define ANSWER_S 15     /* for the line that answers CONNECT: late on a busy host */
#define ANSWER_MAX 64
#define WAIT_MS 5000
#define AGAIN_MS 100

bool guest_path(const char *text, char distro[GUEST_NAME_SIZE], const char **path)
{
    size_t len = strcspn(text, ":/");

    if (len == 0 || text[len] != ':' || len >= GUEST_NAME_SIZE || (text[len + 1] && text[len + 1] != '/'))
        return false;
    memcpy(distro, text, len);
    distro[len] = '\0';
    *path = text[len + 1] ? text + len + 1 : "/";
    return true;
}

static int open_socket(const char *path, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct timeval patience = {.tv_sec = ANSWER_S};
    auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return err_sys(e, errno, "socket");
    if (strlen(path) >= sizeof(at.sun_path))
        return err_set(e, ENAMETOOLONG, "the path of a socket is too long: %s", path);
    strcpy(at.sun_path, path);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
        return err_sys(e, errno, "connect to %s", path);
    return steal_fd(&fd);
}

/* One byte at a time: what follows the line is the guest's and stays in the socket. */
static int read_answer(int fd, struct err *e)
{
    char line[ANSWER_MAX];
    size_t len = 0;

    while (len < sizeof(line) && (len == 0 || line[len - 1] != '\n')) {
        ssize_t n = recv(fd, line + len, 1, 0);

        if (n == 0)
            return err_set(e, ECONNREFUSED, "nobody listens there in the guest");
        if (n < 0 && errno == EAGAIN)
            return err_set(e, ETIMEDOUT, "the guest does not answer; `lxtop log` tells what it said last, and "
                           "`lxtop stop --force` ends it");
        if (n < 0)
            return err_sys(e, errno, "wait for the machine's answer");
        len++;
    }
    if (len < 3 || memcmp(line, "OK", 2) != 0 || (line[2] != ' ' && line[2] != '\n') || line[len - 1] != '\n')
        return err_set(e, EPROTO, "the machine gave no answer that could be understood");
    return 0;
}

static int connect_once(const char *path, unsigned port, struct err *e)
{
    auto_close int fd = open_socket(path, e);
    struct timeval for_ever = {0};
    char line[32];
    int len = snprintf(line, sizeof(line), "CONNECT %u\n", port), rc;

    if (fd < 0)
        return fd;
    if (send(fd, line, (size_t)len, MSG_NOSIGNAL) != len)
        return err_sys(e, errno, "ask the machine for a port");
    if ((rc = read_answer(fd, e)) < 0)
        return rc;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &for_ever, sizeof(for_ever));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &for_ever, sizeof(for_ever));
    return steal_fd(&fd);
}

/* A guest that is still starting: the socket is not there yet, or nobody listens behind it. */
static bool may_come(int rc)
{
    return rc == -ECONNREFUSED || rc == -ENOENT || rc == -ECONNRESET || rc == -EPIPE;
}

int guest_connect(const struct paths *p, const char *distro, unsigned port, int wait_ms,
                  const atomic_bool *cancel, struct err *e)
{
    auto_free char *path = file_path("%s/%s/vsock.sock", p->runtime, distro);
    int rc = path ? connect_once(path, port, e) : err_sys(e, ENOMEM, "connect");

    for (int waited = 0; may_come(rc) && waited < wait_ms && !(cancel && *cancel); waited += AGAIN_MS) {
        usleep(AGAIN_MS * 1000);
        rc = connect_once(path, port, e);
    }
    return rc < 0 ? err_wrap(e, "%s", distro) : rc;
}

static struct p9_client *files_as(const struct paths *p, const char *distro, uint32_t uid,
                                  const atomic_bool *cancel, struct err *e)
{
    struct p9_client_config config = {.uid = uid};
    int fd = guest_connect(p, distro, GUEST_FILES_PORT, WAIT_MS, cancel, e);
    struct p9_client *c;

    if (fd < 0)
        return NULL;
    c = p9_client_new(fd, &config, e);
    if (!c)
        err_wrap(e, "the files of %s", distro);
    return c;
}

/* Who a user is only root's connection can tell for sure; his own is another one. */
struct p9_client *guest_files(const struct paths *p, const char *distro, const char *user,
                              struct guest_user *found, const atomic_bool *cancel, struct err *e)
{
    struct guest_user u = {0};
    struct p9_client *c = files_as(p, distro, 0, cancel, e);

    if (c && (*user ? guest_user_find(c, distro, user, &u, e) : guest_user_default(c, distro, &u, e)) < 0) {
        p9_client_free(c);
        return NULL;
    }
    if (c && u.uid != 0) {
        p9_client_free(c);
        c = files_as(p, distro, u.uid, cancel, e);
    }
    if (found)
        *found = u;
    return c;
}
