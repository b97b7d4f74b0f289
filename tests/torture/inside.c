/* SPDX-License-Identifier: MIT
 *
 * Signals that arrive in the middle of malloc, realloc and free, each time: the allocator (reentrant.c) sends them itself. What
 * the handlers do: "record": they allocate, and that is seen; "jump": they leave by siglongjmp; "fork": they fork, and both
 * go on; "exit", "thread-exit": they end the process or the thread; "dlerror": nothing to do with it, see there.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "reentrant.h"
#include "torture.h"

static __thread sigjmp_buf back;
static const char *how;
static __thread bool child;

static void handler(int number)
{
    int keep = errno;
    inside_signal = 0;
    void *block = take(80);
    give(take(4000));
    if (!strcmp(how, "jump"))
        siglongjmp(back, 1);
    if (!strcmp(how, "fork")) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid) {
            CHECK(WEXITSTATUS(reap(pid)) == 11);
        } else {
            torture_child();
            child = true;
        }
    }
    if (!strcmp(how, "exit"))
        exit(5);
    if (!strcmp(how, "thread-exit"))
        pthread_exit(NULL);
    if (!child) /* which is not traced yet: its log begins when it is out of its parent's event */
        give(block);
    inside_signal = number;
    errno = keep;
}

/* The block that it was about, to be given back by who likes; it is not counted in a child, whose parent's tracker knows it. */
static NOINLINE void at_malloc(void)
{
    void *block = take(INSIDE_SIZE);
    inside_signal = 0;
    if (child)
        torture.takes--, torture.taken -= INSIDE_SIZE;
    else
        give(block);
}

static NOINLINE void at_realloc(void)
{
    void *volatile block = take(100); /* gone, if realloc is left */
    inside_signal = SIGUSR1;
    void *moved = realloc(block, INSIDE_SIZE);
    inside_signal = 0;
    CHECK(moved != block);
    torture_unknown += child;
    free(moved);
}

static NOINLINE void at_free(void)
{
    inside_signal = 0;
    void *block = take(INSIDE_SIZE);
    inside_signal = SIGUSR1;
    give(block);
    inside_signal = 0;
}

static void at_exit(void)
{
    give(take(91));
    torture_tell_as("exit 5");
}

/* In the child that a handler has made, after the function that it interrupted: all is as usual. */
static void end_child(void)
{
    if (!child)
        return;
    for (int i = 0; i < 30; i++)
        give(take(200 + (size_t)i));
    torture_tell();
    _exit(11);
}

static void rounds(int count)
{
    void (*const functions[])(void) = {at_malloc, at_realloc, at_free};
    for (volatile int i = 0; i < count * 3; i++) {
        if (!sigsetjmp(back, 1)) {
            inside_signal = SIGUSR1;
            functions[i % 3]();
        }
        inside_signal = 0;
        end_child();
        give(take(300));
    }
}

static void *in_thread(void *count)
{
    static __thread char room[65536];
    stack_t alternate = {.ss_sp = room, .ss_size = sizeof room};
    CHECK(sigaltstack(&alternate, NULL) == 0);
    rounds((int)(intptr_t)count);
    alternate.ss_flags = SS_DISABLE;
    sigaltstack(&alternate, NULL);
    return NULL;
}

int main(int argc, char **argv)
{
    how = argc > 1 ? argv[1] : "record";
    if (!strcmp(how, "dlerror")) /* what the tracker looked for and did not find */
        printf("%s\n", dlerror() ? "an error" : "none");
    if (!strcmp(how, "exit"))
        CHECK(atexit(at_exit) == 0);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    int count = !strcmp(how, "fork") ? 20 : 500;
    if (strcmp(how, "thread-exit"))
        rounds(count);
    for (int i = 0; i < (strcmp(how, "thread-exit") ? 1 : 50); i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, in_thread, (void *)(intptr_t)count) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    give(take(301));
    torture_tell_as("exit 0");
    puts(how);
    return 0;
}
