/* SPDX-License-Identifier: MIT
 *
 * For run_resident.py: each line of main makes the resident set grow in another way, and prints by how much, as the kernel says it:
 *
 *   LINE GROWN
 *
 * Untraced, that is the program's own growth, and the truth for the column Resident.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static char *keep[400000];
static size_t kept;
static long before;

static long resident(void)
{
    char text[128];
    long size, pages;
    int fd = open("/proc/self/statm", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    if (sscanf(text, "%ld %ld", &size, &pages) != 2)
        abort();
    return pages * sysconf(_SC_PAGESIZE);
}

static void say(int line)
{
    char text[64];
    long now = resident();
    if (write(1, text, (size_t)snprintf(text, sizeof text, "%d %ld\n", line, now - before)) < 0)
        abort();
    before = resident();
}

/* Many blocks: each is touched after it was allocated. */
static __attribute__((noinline)) void blocks(size_t count, size_t bytes)
{
    for (size_t i = 0; i < count; i++) {
        keep[kept] = malloc(bytes);
        memset(keep[kept++], 1, bytes);
    }
}

static __attribute__((noinline)) void mapping(size_t bytes)
{
    char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(p, bytes, MADV_NOHUGEPAGE);
    memset(p, 1, bytes);
    keep[kept++] = p;
}

/* Allocated and not touched: no growth. */
static __attribute__((noinline)) void untouched(size_t bytes)
{
    keep[kept++] = malloc(bytes);
}

static void *thread(void *arg)
{
    blocks((size_t)arg, 200);
    return NULL;
}

static __attribute__((noinline)) void in_thread(size_t count)
{
    pthread_t t;
    if (pthread_create(&t, NULL, thread, (void *)count) == 0) /* NOLINT: a number */
        pthread_join(t, NULL);
}

#define STEP(what) (what, say(__LINE__))

int main(void)
{
    before = resident();
    STEP(blocks(100000, 120));
    STEP(mapping(40 << 20));
    STEP(untouched(60 << 20));
    STEP(blocks(60, 500000));
    STEP(blocks(150000, 24));
    STEP(in_thread(50000));
    STEP(blocks(8000, 3000));
    /* Nothing of the program's comes after this one. */
    char *last = malloc(30 << 20);
    memset(last, 1, 30 << 20);
    say(__LINE__);
    return last[5] != 1;
}
