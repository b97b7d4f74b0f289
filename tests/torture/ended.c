/* SPDX-License-Identifier: MIT
 *
 * Threads that come and go, one at a time: however many there were, those that have ended take no memory.
 */
#include <pthread.h>

#include "torture.h"

enum { FIRST = 200, MORE = 3000, DEPTH = 20, MOST_KIB = 512 };

static NOINLINE int deep(int n)
{
    if (!n) {
        give(take(100));
        return 0;
    }
    int r = deep(n - 1);
    __asm__ volatile("" ::: "memory");
    return r + 1;
}

static void *work(void *unused)
{
    for (int n = 0; n < DEPTH; n++)
        deep(n);
    return unused;
}

static void threads(int count)
{
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
}

/* Anonymous memory of this process, in KiB, by raw calls: nothing of it is an event. */
static long resident(void)
{
    static char text[8192];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    CHECK(n > 0);
    close(fd);
    text[n] = 0;
    const char *line = strstr(text, "RssAnon:");
    CHECK(line);
    return strtol(line + 8, NULL, 10);
}

int main(void)
{
    threads(FIRST);
    long before = resident();
    threads(MORE);
    long more = resident() - before;
    if (more > MOST_KIB) {
        fprintf(stderr, "%d threads have ended and left %ld KiB\n", MORE, more);
        return 1;
    }
    torture_tell();
    return 0;
}
