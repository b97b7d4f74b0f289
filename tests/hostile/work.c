/* SPDX-License-Identifier: MIT
 *
 * work STACKS [ACTION...]: allocates by that many different stacks, a few blocks at each, and does the
 * actions on the way. Says on standard output what it did, so that a log can be checked to the
 * byte whatever was dropped: allocated, and allocations and releases.
 *
 *   limit N       may not write files beyond N bytes
 *   unlink PATH   removes it; link PATH NEW: a second name for it
 *   close         closes every descriptor but the first three
 *   umask
 *   user N        becomes that user, but stays root in effect
 *   write PATH    creates it and writes 100,000 bytes, without looking at the result
 *   errno         checks errno after every wrapped function's success and failure
 *   fork          does the second half in a child, whose account goes out too
 *   thread        in a child of fork, whose first act is a thread
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define KEEP 4096

static uint64_t allocated, allocations, releases, moves, mapped;
static void *kept[KEEP];

static void *took(void *block, size_t bytes)
{
    allocated += bytes;
    allocations++;
    memset(block, 0x5a, bytes);
    return block;
}

static void *volatile sink;

static void leaf(unsigned i)
{
    size_t bytes = 16 + i % 977;
    unsigned char *block = took(malloc(bytes), bytes);
    void *passing = took(calloc(3, bytes), 3 * bytes);
    CHECK(block[bytes - 1] == 0x5a);
    sink = passing;
    free(passing);
    releases++;
    if (i % 3 == 0) {
        block = realloc(block, 2 * bytes);
        releases++;
        moves++;
        took(block, 2 * bytes);
    }
    free(kept[i % KEEP]);
    releases += kept[i % KEEP] != NULL;
    kept[i % KEEP] = block;
}

/* A path for each number: which of two lines calls at each level. */
static __attribute__((noinline)) void descend(unsigned number, unsigned bits)
{
    if (!bits)
        leaf(number);
    else if (number >> (bits - 1) & 1)
        descend(number, bits - 1);
    else
        descend(number, bits - 1);
    __asm__ volatile("" ::: "memory"); /* no tail call */
}

static void work(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        descend(i, 17);
}

static void tell(void)
{
    printf("{\"allocated\": %llu, \"allocations\": %llu, \"releases\": %llu, \"moves\": %llu, "
           "\"failures\": %llu, \"mapped\": %llu, \"pid\": %d}\n",
           (unsigned long long)allocated, (unsigned long long)allocations,
           (unsigned long long)releases, (unsigned long long)moves, (unsigned long long)failures,
           (unsigned long long)mapped, (int)getpid());
    fflush(stdout);
}

static void write_much(const char *path)
{
    char text[1000] = {0};
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    for (int i = 0; fd >= 0 && i < 100; i++)
        if (write(fd, text, sizeof text) < 0)
            break;
    close(fd);
}

/* EBADMSG is what no allocation function sets. */
static void check_errno(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    volatile size_t huge = (size_t)1 << 62; /* volatile: the compiler would complain */
    void *volatile p, *volatile q = NULL, *aligned = NULL;
    errno = EBADMSG;
    p = took(malloc(100), 100);
    CHECK(errno == EBADMSG);
    p = realloc(p, 5000);
    took(p, 5000);
    releases++;
    moves++;
    CHECK(errno == EBADMSG);
    q = realloc(p, huge);
    CHECK(!q && errno == ENOMEM);
    errno = EBADMSG;
    free(p);
    releases++;
    CHECK(errno == EBADMSG);
    p = malloc(huge);
    CHECK(!p && errno == ENOMEM);
    errno = EBADMSG;
    p = calloc(huge, 8);
    CHECK(!p && errno == ENOMEM);
    errno = EBADMSG;
    CHECK(posix_memalign((void **)&aligned, 64, 640) == 0 && errno == EBADMSG);
    took(aligned, 640);
    free(aligned);
    releases++;
    CHECK(errno == EBADMSG);
    CHECK(posix_memalign((void **)&aligned, 3, 640) == EINVAL && errno == EBADMSG);
    p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED && errno == EBADMSG);
    mapped += page;
    p = mremap(p, page, 3 * page, MREMAP_MAYMOVE);
    CHECK(p != MAP_FAILED && errno == EBADMSG);
    CHECK(munmap(p, 3 * page) == 0 && errno == EBADMSG);
    CHECK(munmap((char *)p + 1, page) == -1 && errno == EINVAL);
    errno = EBADMSG;
    CHECK(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED &&
          errno == EINVAL);
    errno = EBADMSG;
    CHECK(sbrk(0) != (void *)-1 && errno == EBADMSG);
    CHECK(sbrk(INTPTR_MAX) == (void *)-1 && errno == ENOMEM);
    errno = 0;
}

static void *in_thread(void *unused)
{
    (void)unused;
    char stack[100000];
    memset(stack, 1, sizeof stack);
    sink = stack;
    work(0, 1000);
    return NULL;
}

/* The thread's stack is mapped by libc, unseen, before the child's first event. */
static void thread_in_child(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 1 << 18);
    pid_t child = fork();
    if (!child) {
        pthread_create(&thread, &attr, in_thread, NULL);
        pthread_join(thread, NULL);
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
}

static void half_in_child(unsigned stacks)
{
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        allocated = allocations = releases = moves = 0;
        memset(kept, 0, sizeof kept); /* the parent's */
        work(0, stacks / 2);
        tell();
        exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
}

int main(int argc, char **argv)
{
    static char out[1 << 16];
    setvbuf(stdout, out, _IOFBF, sizeof out); /* or it would be malloc's */
    unsigned stacks = argc > 1 ? (unsigned)atoi(argv[1]) : 0;
    work(0, stacks / 2);
    for (int i = 2; i < argc; i++) {
        const char *action = argv[i], *operand = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(action, "limit")) {
            struct rlimit limit = {(rlim_t)atoll(operand), (rlim_t)atoll(operand)};
            CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
            i++;
        } else if (!strcmp(action, "unlink")) {
            CHECK(unlink(argv[++i]) == 0);
        } else if (!strcmp(action, "link")) {
            CHECK(link(argv[i + 1], argv[i + 2]) == 0);
            i += 2;
        } else if (!strcmp(action, "write")) {
            write_much(argv[++i]);
        } else if (!strcmp(action, "close")) {
            CHECK(close_range(3, ~0u, 0) == 0);
        } else if (!strcmp(action, "user")) {
            CHECK(setresuid((uid_t)atoi(argv[++i]), 0, 0) == 0);
        } else if (!strcmp(action, "errno")) {
            check_errno();
        } else if (!strcmp(action, "fork")) {
            half_in_child(stacks);
        } else if (!strcmp(action, "thread")) {
            thread_in_child();
        }
    }
    work(stacks / 2, stacks);
    tell();
    return failures ? 1 : 42;
}
