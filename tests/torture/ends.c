/* SPDX-License-Identifier: MIT
 *
 * How a process may end. What it did before is in its log, whatever the end.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include "torture.h"

static void late(void)
{
    give(take(91));
    torture_tell_as("exit 4");
}

static void in_quick_exit(void)
{
    give(take(92));
    torture_tell();
}

static void *leaves(void *how)
{
    take(333);
    if (how) {
        atexit(late);
        exit(4);
    }
    torture_tell();
    syscall(SYS_exit_group, 6);
    return NULL;
}

static NOINLINE int deep(int n)
{
    volatile char room[4096];
    room[0] = (char)n;
    give(take(8));
    torture.gives--, torture.takes--, torture.given -= 8,
        torture.taken -= 8; /* only how far it gets is not known */
    return n < 0 ? 0 : n + deep(n + 1) + room[0];
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "return";
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    void *kept = take(1234);
    for (int i = 0; i < 100; i++)
        give(take((size_t)i + 8));
    puts(how);
    fflush(stdout);
    if (!strcmp(how, "return")) {
        give(kept);
        torture_tell_as("exit 3");
        return 3;
    }
    if (!strcmp(how, "atexit")) {
        atexit(late);
        exit(4);
    }
    if (!strcmp(how, "thread-exit") || !strcmp(how, "thread-exit-group")) {
        pthread_t thread;
        pthread_create(&thread, NULL, leaves, strcmp(how, "thread-exit") ? NULL : &kept);
        pthread_join(thread, NULL);
        pause();
    }
    if (!strcmp(how, "main-pthread-exit")) {
        torture_tell_as("exit 0");
        pthread_exit(NULL);
    }
    if (!strcmp(how, "quick_exit")) {
        at_quick_exit(in_quick_exit);
        quick_exit(8);
    }
    if (!strcmp(how, "overflow"))
        return deep(0);
    torture_unknown = !strcmp(how, "double-free"); /* the second */
    torture_tell();
    if (!strcmp(how, "_exit"))
        _exit(2);
    if (!strcmp(how, "_Exit"))
        _Exit(300);
    if (!strcmp(how, "abort"))
        abort();
    if (!strcmp(how, "segv"))
        *(volatile int *)(uintptr_t)argc = 1;
    if (!strcmp(how, "ill"))
        __builtin_trap();
    if (!strcmp(how, "double-free")) {
        void *volatile block = kept;
        free(block);
        free(block);
    }
    kill(getpid(), atoi(how)); /* a signal's number */
    pause();
    return 1;
}
