/* SPDX-License-Identifier: MIT
 *
 * The private allocator under threads and fork: children of a busy process can allocate, whatever the other threads were doing,
 * and whether fork or the bare system call made them; a block of before keeps what it holds; a fork in a signal handler does not hang; nothing from the environment reaches it. Prints nothing when all is well.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../interpose/base/meta.h"
#include "../../interpose/base/own.h"

#define THREADS  4
#define FORKS    100
#define CONFUSED "abort_conf:true,stats_print:true,junk:true,bogus:1"

static atomic_bool done;

/* Random sizes in a working set of blocks, each filled with its slot's number. Returns 0 if all read back as written. */
static int churn(unsigned seed, int rounds)
{
    enum { SLOTS = 64 };
    unsigned char *blocks[SLOTS] = {NULL};
    size_t sizes[SLOTS] = {0};
    for (int i = 0; i < rounds; i++) {
        int slot = rand_r(&seed) % SLOTS;
        for (size_t b = 0; b < sizes[slot]; b++)
            if (blocks[slot][b] != slot + 1)
                return 1;
        mt_meta_free(blocks[slot]);
        sizes[slot] = (size_t)(rand_r(&seed) % (i % 50 ? 500 : 100000));
        blocks[slot] = mt_meta_alloc(sizes[slot]);
        if (!blocks[slot])
            return 1;
        memset(blocks[slot], slot + 1, sizes[slot]);
    }
    for (int i = 0; i < SLOTS; i++)
        mt_meta_free(blocks[i]);
    return 0;
}

static void *work(void *seed)
{
    intptr_t bad = 0;
    for (unsigned i = 0; !atomic_load(&done) && !bad; i++)
        bad = churn((unsigned)(uintptr_t)seed + i * 100, 200);
    return (void *)bad;
}

/* Address space never seen before, 1 GiB each time: the radix tree grows. Nothing of it is touched. */
static void *spread(void *unused)
{
    (void)unused;
    enum { HELD = 400 };
    static void *held[HELD];
    for (int i = 0; i < HELD && !atomic_load(&done); i++) {
        held[i] = mt_meta_alloc((size_t)1 << 30);
        usleep(500);
    }
    for (int i = 0; i < HELD; i++)
        mt_meta_free(held[i]);
    return NULL;
}

/* In a child: the block of before is as it was, and nobody else's. */
static bool lives(const unsigned char *block)
{
    unsigned char *others[100];
    for (int i = 0; i < 100; i++) {
        others[i] = mt_meta_alloc(1000);
        if (!others[i])
            return false;
        memset(others[i], 255, 1000);
    }
    for (int b = 0; b < 1000; b++)
        if (block[b] != (unsigned char)b)
            return false;
    for (int i = 0; i < 100; i++)
        mt_meta_free(others[i]);
    return true;
}

/* 0 if a child made now can allocate; `torn`: it can't trust what it has inherited. */
static int fork_once(int i, bool torn)
{
    unsigned char *block = mt_meta_alloc(1000);
    for (int b = 0; block && b < 1000; b++)
        block[b] = (unsigned char)b;
    pid_t pid = i % 3 ? fork() : (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        alarm(300); /* nothing handles SIGALRM: a deadlock ends as a failure */
        void *space[4];
        mt_meta_child();
        mt_own_forget();
        if (mt_meta_torn != torn || !block || !lives(block))
            _exit(4);
        for (int k = 0; k < 4; k++)
            space[k] = mt_meta_alloc((size_t)1 << 30);
        for (int k = 0; k < 4; k++)
            mt_meta_free(space[k]);
        block = mt_meta_alloc(100);
        if (!block)
            _exit(3);
        mt_meta_free(block);
        _exit(churn((unsigned)i, 100));
    }
    int status = -1;
    mt_meta_free(block);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "child %d: status %#x\n", i, (unsigned)status);
        return 1;
    }
    return 0;
}

static volatile sig_atomic_t ticks, bad_ticks;

/* One tick, after 3 ms of this process's own time. The next one is asked for when a tick has been handled: there is always
 * time for churn between two, however long a handler takes. */
static void ask_for_tick(void)
{
    struct itimerval once = {.it_value = {0, 3000}};
    setitimer(ITIMER_VIRTUAL, &once, NULL);
}

static void on_tick(int signal)
{
    (void)signal;
    int keep = errno;
    ticks++;
    bad_ticks += fork_once(1000 + ticks, true);
    if (ticks < FORKS)
        ask_for_tick();
    errno = keep;
}

/* Forks in a handler, most of them while the allocator is at work in this very thread. */
static int fork_in_handlers(void)
{
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    sigaction(SIGVTALRM, &action, NULL);
    ask_for_tick();
    int bad = 0;
    for (unsigned i = 0; ticks < FORKS && !bad; i++)
        bad = churn(i, 200);
    return bad || bad_ticks;
}

int main(int argc, char **argv)
{
    (void)argc;
    /* jemalloc reads its settings at first use, maybe before main. */
    if (!getenv("MALLOC_CONF")) {
        setenv("MALLOC_CONF", CONFUSED, 1);
        execv("/proc/self/exe", argv);
        return perror("execv"), 2;
    }
    int bad = 0;
    pthread_t threads[THREADS], spreader;
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)))
            return perror("pthread_create"), 2;
    if (pthread_create(&spreader, NULL, spread, NULL))
        return perror("pthread_create"), 2;
    for (int i = 0; i < FORKS && !bad; i++)
        bad = fork_once(i, true);
    atomic_store(&done, true);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        if (result) {
            fprintf(stderr, "thread %d: a block changed\n", i);
            bad = 1;
        }
    }
    pthread_join(spreader, NULL);
    return bad || fork_in_handlers();
}
