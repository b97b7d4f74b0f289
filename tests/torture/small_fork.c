/* SPDX-License-Identifier: MIT
 *
 * Forks on the smallest stack that a thread can have (16 KiB on x86_64) while other threads have their first events. What is left of the stack to the child's own first
 * event is 4 KiB, as the tracker takes less of it than that. A child that runs it on the program's stack, because the tracker's
 * stacks seem to be taken by threads that it does not have, ends by SIGSEGV. Each round is a process of its own: only as long as
 * it has few of the tracker's stacks can all of them be taken.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "torture.h"

#define ROUNDS  8
#define THREADS 8
#define STARTS  6 /* threads that each of these starts */
#define FORKS   12
#define LEFT    4096

static int go;
static char *low; /* of the small stack */

static void *first_event(void *unused)
{
    give(take(100));
    return unused;
}

static void *starter(void *unused)
{
    pthread_t threads[STARTS];
    while (!__atomic_load_n(&go, __ATOMIC_RELAXED))
        ;
    for (int i = 0; i < STARTS; i++) {
        give(take(300 + (size_t)i));
        CHECK(pthread_create(&threads[i], NULL, first_event, NULL) == 0);
    }
    for (int i = 0; i < STARTS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    return unused;
}

NOINLINE static void deep(void)
{
    size_t room = (size_t)((char *)__builtin_frame_address(0) - low);
    CHECK(room > LEFT);
    volatile char *taken = __builtin_alloca(room - LEFT);
    taken[0] = 1;
    give(take(77));
    taken[1] = 2;
}

static void *forker(void *unused)
{
    __atomic_store_n(&go, 1, __ATOMIC_RELAXED);
    for (int i = 0; i < FORKS; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid) {
            torture_child();
            deep();
            _exit(0);
        }
        CHECK(reap(pid) == 0);
    }
    return unused;
}

/* A page below it may not be touched. */
static void make_stack(pthread_attr_t *how)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), least = (size_t)sysconf(_SC_THREAD_STACK_MIN);
    size_t bytes = (least + page - 1) / page * page;
    char *memory =
        mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED);
    CHECK(mprotect(memory, page, PROT_NONE) == 0);
    low = memory + page;
    CHECK(pthread_attr_init(how) == 0);
    CHECK(pthread_attr_setstack(how, low, bytes) == 0);
}

static __attribute__((noreturn)) void round_of(void)
{
    pthread_t threads[THREADS], small;
    pthread_attr_t how;
    torture_child();
    make_stack(&how);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, starter, NULL) == 0);
    CHECK(pthread_create(&small, &how, forker, NULL) == 0);
    CHECK(pthread_join(small, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    torture_tell();
    _exit(0);
}

int main(void)
{
    give(take(10));
    for (int i = 0; i < ROUNDS; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (!pid)
            round_of();
        CHECK(reap(pid) == 0);
    }
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
