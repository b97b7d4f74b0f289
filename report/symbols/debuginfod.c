/* SPDX-License-Identifier: MIT
 *
 * A process of its own asks (debuginfod_child.h), since elfutils' client can't be relied on to come back: with elfutils 0.192 and curl
 * 8.14 a server that accepts a connection and says nothing holds it for minutes, and it calls nobody meanwhile. A process can be ended.
 */
#include "symbols/debuginfod.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "symbols/debuginfod_child.h"

#define URLS "DEBUGINFOD_URLS"
/* ns without a byte: for one file, and for all together. */
#define SILENT_MAX     2000000000u
#define SILENT_ALL_MAX 20000000000u
/* ms: how often the progress bar is drawn meanwhile. */
#define ROUND 200

static bool looked; /* at the environment */
static char *urls;  /* NULL: nobody is asked, or no more */
static int child_socket = -1;
static pid_t child = -1;
static uint64_t silent_all;

void debuginfod_begin_here(void)
{
    const char *wanted = looked ? NULL : getenv(URLS);
    looked = true;
    if (!wanted)
        return;
    if (*wanted)
        urls = base_copy(wanted, strlen(wanted));
    unsetenv(URLS);
}

/* No server is asked any more. */
static void give_up(void)
{
    if (child_socket >= 0)
        close(child_socket);
    if (child > 0) {
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    child = child_socket = -1;
    free(urls);
    urls = NULL;
}

static bool child_start(void)
{
    int ends[2];
    if (child > 0)
        return true;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return false;
    child = fork();
    if (child == 0) {
        close(ends[0]);
        debuginfod_serve(ends[1], urls);
    }
    close(ends[1]);
    fcntl(ends[0], F_SETFD,
          FD_CLOEXEC); /* a browser that is opened must not keep the child alive */
    child_socket = ends[0];
    return child > 0;
}

/* Whether something has come. `latest` is when the last byte of a server's came. */
static bool wait_for(uint64_t latest, struct progress *progress)
{
    size_t at = progress ? progress->done : 0;
    for (;;) {
        struct pollfd listen = {child_socket, POLLIN, 0};
        if (poll(&listen, 1, ROUND) > 0)
            return true;
        uint64_t silent = base_now() - latest;
        if (silent >= SILENT_MAX || silent_all + silent >= SILENT_ALL_MAX)
            return false;
        if (progress)
            progress_at(progress, at);
    }
}

static bool receive(void *to, size_t bytes)
{
    for (char *at = to; bytes;) {
        ssize_t got = recv(child_socket, at, bytes, MSG_WAITALL);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        bytes -= (size_t)got;
    }
    return true;
}

/* The last answer to a request. False: no server is asked any more; `failed` is set to why. */
static bool last_answer(struct debuginfod_answer *answer, struct progress *progress,
                        const char **failed)
{
    uint64_t latest = base_now();
    do {
        if (!wait_for(latest, progress)) {
            *failed = "no answer from";
            return false;
        }
        silent_all += base_now() - latest;
        latest = base_now();
        if (!receive(answer, sizeof *answer)) {
            *failed = "the process that asks has ended; it asked";
            return false;
        }
    } while (answer->kind == DEBUGINFOD_RECEIVED);
    if (answer->kind == DEBUGINFOD_NO_CLIENT)
        *failed = "its client, libdebuginfod.so.1, can't be loaded, to ask";
    return !*failed;
}

/* NULL: there is none, or else `failed` is set. */
static char *ask(const struct debuginfod_request *request, struct progress *progress,
                 const char **failed)
{
    struct debuginfod_answer answer;
    if (!child_start() ||
        send(child_socket, request, sizeof *request, MSG_NOSIGNAL) != sizeof *request) {
        *failed = "there is no process to ask";
        return NULL;
    }
    if (!last_answer(&answer, progress, failed) || answer.kind != DEBUGINFOD_FOUND)
        return NULL;
    char *path = base_alloc(answer.bytes + 1, 1);
    if (receive(path, answer.bytes))
        return path;
    *failed = "the process that asks has ended; it asked";
    free(path);
    return NULL;
}

char *debuginfod_file(const unsigned char *build_id, size_t bytes, struct progress *progress)
{
    struct debuginfod_request request = {(uint32_t)bytes, {0}};
    const char *failed = NULL;
    debuginfod_begin_here();
    if (!urls || bytes > sizeof request.build_id)
        return NULL;
    memcpy(request.build_id, build_id, bytes);
    char *path = ask(&request, progress, &failed);
    if (failed) {
        base_say("debuginfod: %s %s: no server is asked any more", failed, urls);
        give_up();
    }
    return path;
}
