/* SPDX-License-Identifier: MIT
 *
 * The client is elfutils' own shared library, opened only when it is needed, as elfutils does: it brings libcurl and some thirty more
 * libraries, which take longer to load than most logs to read.
 */
#include "symbols/debuginfod_child.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct debuginfod_client client;
static struct {
    client *(*begin)(void);
    int (*find)(client *, const unsigned char *, int, char **);
    void (*set_progress)(client *, int (*)(client *, long, long));
    const char *(*url)(client *);
} api;

static int asker = -1;
static uint64_t received;

static void say(uint32_t kind, const char *text)
{
    struct debuginfod_answer answer = {kind, text ? (uint32_t)strlen(text) : 0, received};
    if (send(asker, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer ||
        (text && send(asker, text, answer.bytes, MSG_NOSIGNAL) != (ssize_t)answer.bytes))
        _exit(0); /* nobody listens any more */
}

/* Bytes are counted only when the client has chosen a server; before, it counts its own rounds. */
static int on_progress(client *c, long bytes, long total)
{
    (void)total;
    if (api.url(c) && bytes > 0 && (uint64_t)bytes > received) {
        received = (uint64_t)bytes;
        say(DEBUGINFOD_RECEIVED, NULL);
    }
    return 0;
}

static client *client_open(void)
{
    client *c = NULL;
    void *library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library) {
        *(void **)&api.begin = dlsym(library, "debuginfod_begin");
        *(void **)&api.find = dlsym(library, "debuginfod_find_debuginfo");
        *(void **)&api.set_progress = dlsym(library, "debuginfod_set_progressfn");
        *(void **)&api.url = dlsym(library, "debuginfod_get_url");
    }
    if (api.begin && api.find && api.set_progress && api.url)
        c = api.begin();
    if (c)
        api.set_progress(c, on_progress);
    return c;
}

void debuginfod_serve(int socket, const char *urls)
{
    struct debuginfod_request request;
    asker = socket;
    signal(SIGINT, SIG_DFL);
    setenv("DEBUGINFOD_URLS", urls, 1);
    client *c = client_open();
    while (recv(socket, &request, sizeof request, MSG_WAITALL) == sizeof request &&
           request.bytes <= DEBUGINFOD_ID_MAX) {
        char *path = NULL;
        received = 0;
        int fd = c ? api.find(c, request.build_id, (int)request.bytes, &path) : -1;
        say(!c        ? DEBUGINFOD_NO_CLIENT
            : fd >= 0 ? DEBUGINFOD_FOUND
                      : DEBUGINFOD_NONE,
            fd >= 0 ? path : NULL);
        if (fd >= 0) {
            close(fd);
            free(path);
        }
    }
    _exit(0);
}
