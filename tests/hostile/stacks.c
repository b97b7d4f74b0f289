/* SPDX-License-Identifier: MIT
 *
 * stacks WAY LIBRARY: does something on a stack that was painted before, and prints how many bytes of it were touched. Below the stack nothing
 * is mapped. An exit status of 3: that is not to be had here.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { BYTES = 256 << 10, PAINT = 0xa5 };

unsigned memtrace_period(const char *name) __attribute__((weak));
const char *memtrace_log_path(void) __attribute__((weak));

static unsigned char *low;
static const char *library;
static void *volatile kept[64];
static ucontext_t home, there;

static void heap(void)
{
    for (int i = 0; i < 64; i++)
        kept[i] = malloc(1000 + (size_t)i);
    for (int i = 0; i < 64; i++)
        kept[i] = realloc(kept[i], 3000 + (size_t)i);
    for (int i = 0; i < 64; i++)
        free(kept[i]);
    void *aligned = NULL;
    free(calloc(3, 100));
    free(memalign(64, 100));
    if (posix_memalign(&aligned, 64, 100) == 0)
        free(aligned);
}

static void maps(void)
{
    char *p = mmap(NULL, 16 << 12, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 16; i += 2)
        mprotect(p + (i << 12), 1 << 12, PROT_READ | PROT_WRITE);
    madvise(p, 1 << 12, MADV_DONTNEED);
    char *q = mremap(p, 16 << 12, 32 << 12, MREMAP_MAYMOVE);
    for (int i = 1; i < 32; i += 3)
        munmap(q + (i << 12), 1 << 12);
    munmap(q, 32 << 12);
    sbrk(4096);
    sbrk(-4096);
}

static void deep(int depth)
{
    kept[0] = malloc(100 + (size_t)depth);
    free(kept[0]);
    if (depth)
        deep(depth - 1);
    __asm__ volatile("" ::: "memory");
}

/* Many stacks and sizes: tables and the log grow. */
static void many(void)
{
    for (int i = 0; i < 20000; i++) {
        void *p = malloc((size_t)i % 5000 + 1);
        if (i % 3 == 0)
            kept[i % 64] = p;
        else
            free(p);
        if (i % 1000 == 0)
            deep(60);
    }
}

/* Further in than here nothing was in use when the way began: further out is what libc puts there, data of threads above all. */
static unsigned char **shared; /* who looks may be another process */
#define begin (*shared)

static size_t used(void)
{
    unsigned char *at = low;
    while (at < begin && *at == PAINT)
        at++;
    return (size_t)(begin - at);
}

static void in_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        heap();
        printf("used %zu\n", used());
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void on_signal(int signal)
{
    (void)signal;
    begin = __builtin_frame_address(0);
    heap();
}

static void paint(unsigned char *frame)
{
    memset(low, PAINT, (size_t)(frame - low) - 512);
}

static void call_library(void)
{
    void *handle = dlopen(library, RTLD_NOW);
    void *(*damaged)(int) = NULL;
    if (handle)
        *(void **)&damaged = dlsym(handle, "damaged");
    if (!damaged)
        _exit(3);
    paint(__builtin_frame_address(0)); /* the loader used more */
    free(damaged(5));
    size_t calls = used();
    dlclose(handle);
    paint(__builtin_frame_address(0));
    heap();
    printf("used %zu\n", calls > used() ? calls : used());
    fflush(stdout);
    _exit(0);
}

static void api(void)
{
    heap();
    if (memtrace_period)
        memtrace_period("one");
    if (memtrace_log_path)
        memtrace_log_path();
    heap();
}

static void ends(void)
{
    heap();
    exit(0);
}

static const struct way {
    const char *name;
    void (*function)(void);
} ways[] = {
    {"heap", heap}, {"maps", maps}, {"many", many}, {"child", in_child}, {"library", call_library},
    {"api", api},   {"ends", ends}};

static void (*function)(void);

static void go(void)
{
    begin = __builtin_frame_address(0);
    function();
}

static void *in_thread(void *unused)
{
    go();
    return unused;
}

static void say(void)
{
    printf("used %zu\n", used());
    fflush(stdout);
}

int main(int argc, char **argv)
{
    /* A process that ends is looked at from outside. Who forks wants a stack of its own. */
    int sharing = argc > 2 && !strcmp(argv[2], "ends") ? MAP_SHARED : MAP_PRIVATE;
    char *block = mmap(NULL, BYTES + 8192, PROT_NONE, sharing | MAP_ANONYMOUS, -1, 0);
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc < 4 || mprotect(block + 4096, BYTES, PROT_READ | PROT_WRITE))
        return 1;
    low = (unsigned char *)block + 4096;
    library = argv[3];
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (!strcmp(argv[2], ways[i].name))
            function = ways[i].function;
    if (!function)
        return 1;
    begin = low + BYTES;
    say(); /* what standard output needs it gets here */
    memset(low, PAINT, BYTES);
    if (function == ends) {
        pid_t child = fork();
        if (child) {
            waitpid(child, NULL, 0);
            say();
            return 0;
        }
    }
    if (!strcmp(argv[1], "thread")) {
        pthread_attr_t a;
        pthread_t t;
        pthread_attr_init(&a);
        pthread_attr_setstack(&a, low, BYTES);
        if (pthread_create(&t, &a, in_thread, NULL))
            return 1;
        pthread_join(t, NULL);
    } else if (!strcmp(argv[1], "coroutine")) {
        getcontext(&there);
        there.uc_stack.ss_sp = low;
        there.uc_stack.ss_size = BYTES;
        there.uc_link = &home;
        makecontext(&there, go, 0);
        swapcontext(&home, &there);
    } else {
        stack_t s = {.ss_sp = low, .ss_size = BYTES};
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
        sigaltstack(&s, NULL);
        sigaction(SIGUSR1, &action, NULL);
        raise(SIGUSR1);
    }
    say();
    return 0;
}
