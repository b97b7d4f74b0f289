/* SPDX-License-Identifier: MIT
 *
 * The unwinder when a library is unloaded and another one takes its addresses. Arguments: the two builds of
 * unwind_library.c.
 */
#include <dlfcn.h>
#include <pthread.h>

#include "unwind_check.h"

typedef int library_function(void (*)(void), int);

static library_function *function;
static pthread_barrier_t barrier;
static volatile int which;
static volatile bool over;

/* Both libraries' frames get to the same stack pointer, below what dlopen writes to. */
__attribute__((noinline)) static void call(int library)
{
    char *room = __builtin_alloca((size_t)(library ? 65536 : 65536 + 1024));

    __asm__ volatile("" : : "r"(room) : "memory");
    for (int i = 0; i < 3; i++) {
        function(check_event, i % 2 * 3);
        __asm__ volatile("" : : "r"(room) : "memory");
    }
}

static void *worker(void *argument)
{
    (void)argument;
    for (;;) {
        pthread_barrier_wait(&barrier);
        if (over)
            break;
        call(which);
        pthread_barrier_wait(&barrier);
    }
    check_thread_exit();
    return NULL;
}

int main(int argc, char **argv)
{
    library_function *last = NULL;
    pthread_t thread;
    int reused = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s LIBRARY OTHER-LIBRARY\n", argv[0]);
        return 2;
    }
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK(pthread_create(&thread, NULL, worker, NULL) == 0);
    for (int i = 0; i < 40; i++) {
        void *handle = dlopen(argv[1 + i % 2], RTLD_NOW);

        if (!handle) {
            fprintf(stderr, "%s\n", dlerror());
            return 2;
        }
        *(void **)&function = dlsym(handle, "library_call");
        reused += function == last;
        last = function;
        which = i % 2;
        call(which);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        mt_unwind_flush(); /* as the hook of dlclose does */
        dlclose(handle);
        mt_unwind_flush();
        if (i % 4 == 3)
            check_event();
    }
    over = true;
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    printf("%d times at the same address\n", reused);
    CHECK(reused > 0);
    CHECK(check_full_captures() == 0);
    return check_done();
}
