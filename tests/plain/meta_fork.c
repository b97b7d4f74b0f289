/* SPDX-License-Identifier: MIT
 *
 * The private allocator under threads and fork: children of a busy process can allocate, and nothing from the environment
 * reaches it. Prints nothing when all is well.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../interpose/meta.h"

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
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(i + 1)))
            return perror("pthread_create"), 2;
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            alarm(60); /* a deadlock ends as a failure */
            _exit(churn((unsigned)i, 200));
        }
        int status = -1;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
            fprintf(stderr, "child %d: status %#x\n", i, (unsigned)status);
            bad = 1;
        }
    }
    atomic_store(&done, true);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        if (result) {
            fprintf(stderr, "thread %d: a block changed\n", i);
            bad = 1;
        }
    }
    return bad;
}
