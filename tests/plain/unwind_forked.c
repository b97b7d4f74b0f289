/* SPDX-License-Identifier: MIT
 *
 * The child of a fork runs on the stack of the thread that forked, which is its own, whichever thread that was: its pages are looked at
 * once, not at each event. Prints nothing when all is well.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../interpose/unwind/bounds.h"
#include "../../interpose/unwind/unwind.h"

static uintptr_t main_frame;

static bool own(uintptr_t address)
{
    struct mt_bounds bounds = {0};
    return mt_bounds_own(&bounds, address) && bounds.low <= address && address < bounds.top;
}

/* Whether this thread's stack is its own, and the main thread's is not, unless this is that one. */
static bool right(bool is_main)
{
    return own((uintptr_t)__builtin_frame_address(0)) && own(main_frame) == is_main;
}

static void *in_thread(void *depth);

/* 0 if it is so in a child, in a thread of that, and in their children. */
static int in_child(bool is_main, uintptr_t depth)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        pthread_t thread;
        void *bad = NULL;

        mt_unwind_start();
        if (!right(is_main))
            _exit(1);
        if (depth && in_child(is_main, depth - 1))
            _exit(2);
        if (depth && (pthread_create(&thread, NULL, in_thread, (void *)(depth - 1)) != 0 ||
                      pthread_join(thread, &bad) != 0 || bad))
            _exit(3);
        _exit(0);
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

static void *in_thread(void *depth)
{
    return (void *)(intptr_t)(!right(false) || in_child(false, (uintptr_t)depth));
}

int main(void)
{
    pthread_t thread;
    void *bad = NULL;

    main_frame = (uintptr_t)__builtin_frame_address(0);
    mt_unwind_init();
    int status = right(true) ? in_child(true, 2) : -1;
    if (status)
        printf("a child of the main thread: %#x\n", (unsigned)status);
    if (pthread_create(&thread, NULL, in_thread, (void *)2) != 0 ||
        pthread_join(thread, &bad) != 0 || bad)
        puts("a child of another thread has not its own stack");
    return status || bad;
}
