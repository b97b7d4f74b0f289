/* SPDX-License-Identifier: MIT
 *
 * The client is elfutils' own shared library, opened only when it is needed, as elfutils does: it brings libcurl and some thirty more
 * libraries, which take longer to load than most logs to read.
 */
#include "symbols/debuginfod.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

#define URLS "DEBUGINFOD_URLS"
/* The client tells us of its progress once a second at the latest: one second less than what is promised. */
#define SILENT_MAX 1000000000u

typedef struct debuginfod_client client;
static struct {
    client *(*begin)(void);
    int (*find)(client *, const unsigned char *, int, char **);
    void (*set_progress)(client *, int (*)(client *, long, long));
    const char *(*url)(client *);
} api;

static bool looked; /* at the environment */
static char *urls;  /* NULL: nobody is asked, or no more */
static client *the_client;
static struct progress *shown;
static size_t shown_at;
static uint64_t silent, latest; /* ns: without a byte, in all; when that was last looked at */
static long received;

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

/* Not 0: the client gives up. Bytes are counted only when it has chosen a server; before, it counts its own rounds. */
static int on_progress(client *c, long bytes, long total)
{
    uint64_t time = base_now();
    (void)total;
    if (api.url(c) && bytes > received)
        received = bytes;
    else
        silent += time - latest;
    latest = time;
    if (shown)
        progress_at(shown, shown_at);
    return silent >= SILENT_MAX;
}

static bool client_open(void)
{
    if (the_client)
        return true;
    void *library = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library) {
        *(void **)&api.begin = dlsym(library, "debuginfod_begin");
        *(void **)&api.find = dlsym(library, "debuginfod_find_debuginfo");
        *(void **)&api.set_progress = dlsym(library, "debuginfod_set_progressfn");
        *(void **)&api.url = dlsym(library, "debuginfod_get_url");
    }
    if (api.begin && api.find && api.set_progress && api.url)
        the_client = api.begin();
    if (the_client)
        api.set_progress(the_client, on_progress);
    else
        base_say("debuginfod is not asked: its client, libdebuginfod.so.1, can't be loaded");
    return the_client != NULL;
}

char *debuginfod_file(const unsigned char *build_id, size_t bytes, struct progress *progress)
{
    char *found = NULL, *path = NULL;
    debuginfod_begin_here();
    if (!urls || !client_open()) {
        free(urls);
        urls = NULL;
        return NULL;
    }
    shown = progress;
    shown_at = progress ? progress->done : 0;
    received = 0;
    latest = base_now();
    setenv(URLS, urls, 1);
    int fd = api.find(the_client, build_id, (int)bytes, &found);
    unsetenv(URLS);
    if (fd >= 0) {
        close(fd);
        path = base_copy(found, strlen(found));
        free(found);
    }
    if (silent >= SILENT_MAX) {
        base_say("debuginfod: no answer from %s: no server is asked any more", urls);
        free(urls);
        urls = NULL;
    }
    return path;
}
