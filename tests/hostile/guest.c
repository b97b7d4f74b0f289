/* SPDX-License-Identifier: MIT
 *
 * guest locks: a thread stands still within each real function in turn, and all others get on.
 * guest face: all that a process shows of its threads, signals, descriptors and limits, at several points of its life.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "parking.h"

void *operator_new(size_t) __asm__("_Znwm") __attribute__((weak));
void operator_delete(void *) __asm__("_ZdlPv") __attribute__((weak));

static void *volatile sink;

/* ---- locks ---- */

static void *map(size_t bytes)
{
    return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

enum {
    MALLOC,
    CALLOC,
    REALLOC,
    ALIGNED,
    POSIX,
    FREE,
    NEW,
    DELETE,
    MAP,
    UNMAP,
    REMAP,
    EXEC,
    DLCLOSE,
    OPS
};
static const char *const names[OPS] = {
    "malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "free",   "new",
    "delete", "mmap",   "munmap",  "mremap",        "execve",         "dlclose"};

struct parked {
    int op, state, done;
};

static void *in_parked(void *context)
{
    struct parked *p = context;
    void *block = p->op == UNMAP || p->op == REMAP ? map(8192)
                  : p->op == DLCLOSE               ? dlopen("libm.so.6", RTLD_NOW)
                                                   : malloc(100);
    char name[] = "none", *none[] = {name, NULL};
    park_here(&p->state);
    switch (p->op) {
    case MALLOC:
        sink = malloc(50);
        break;
    case CALLOC:
        sink = calloc(5, 50);
        break;
    case REALLOC:
        sink = realloc(block, 5000);
        break;
    case ALIGNED:
        sink = aligned_alloc(64, 640);
        break;
    case POSIX:
        CHECK(posix_memalign(&block, 64, 100) == 0);
        break;
    case FREE:
        free(block);
        break;
    case NEW:
        sink = operator_new(77);
        break;
    case DELETE:
        operator_delete(block);
        break;
    case MAP:
        CHECK(map(4096) != MAP_FAILED);
        break;
    case UNMAP:
        CHECK(munmap(block, 8192) == 0);
        break;
    case REMAP:
        CHECK(mremap(block, 8192, 65536, MREMAP_MAYMOVE) != MAP_FAILED);
        break;
    case EXEC:
        CHECK(execve("/nonexistent", none, none) == -1 && errno == ENOENT);
        break;
    case DLCLOSE:
        CHECK(dlclose(block) == 0);
        break;
    }
    __atomic_store_n(&p->done, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&p->state, p->state == 2 ? 2 : 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, &p->state, FUTEX_WAKE, 1, NULL);
    return NULL;
}

static __attribute__((noinline)) void deeper(unsigned depth, size_t bytes)
{
    if (depth) {
        deeper(depth - 1, bytes + depth % 3);
        sink = NULL; /* no tail call */
    }
    void *p = malloc(bytes);
    CHECK((p = realloc(p, 2 * bytes)));
    if (depth % 2)
        free(p);
}

static void *in_other(void *context)
{
    deeper(40, 100 + *(int *)context % 50);
    return NULL;
}

static void busy(int op)
{
    void *block;
    pthread_t other;
    deeper(100, 16 + (size_t)op);
    CHECK(posix_memalign(&block, 128, 1000) == 0);
    free(block);
    block = map(1 << 20);
    CHECK(munmap((char *)block + 8192, 4096) == 0);
    CHECK(mremap(block, 8192, 1 << 20, MREMAP_MAYMOVE) != MAP_FAILED);
    CHECK(pthread_create(&other, NULL, in_other, &op) == 0);
    CHECK(pthread_join(other, NULL) == 0);
    void *library = dlopen("libm.so.6", RTLD_NOW);
    CHECK(library && dlclose(library) == 0);
    pid_t child = fork();
    if (!child) {
        deeper(100, 16);
        _exit(failures ? 1 : 7);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static int locks(void)
{
    alarm(2400); /* who waits for the parked one waits for ever */
    for (int op = 0; op < OPS; op++) {
        struct parked p = {.op = op};
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, in_parked, &p) == 0);
        while (__atomic_load_n(&p.state, __ATOMIC_ACQUIRE) != 1)
            syscall(SYS_futex, &p.state, FUTEX_WAIT, 0, NULL);
        CHECK(!__atomic_load_n(&p.done, __ATOMIC_ACQUIRE));
        busy(op);
        __atomic_store_n(&p.state, 2, __ATOMIC_RELEASE);
        syscall(SYS_futex, &p.state, FUTEX_WAKE, 1, NULL);
        CHECK(pthread_join(thread, NULL) == 0);
        dprintf(1, "stood still: %s\n", names[op]);
    }
    return failures ? 1 : 42;
}

/* ---- face: only system calls, and what they wrote is printed at once ---- */

static void show_status(void)
{
    static const char *const wanted[] = {
        "Name:",    "Umask:",  "Threads:", "SigBlk:",       "SigIgn:", "SigCgt:", "NoNewPrivs:",
        "Seccomp:", "CapEff:", "Groups:",  "Cpus_allowed:", "ShdPnd:", "SigPnd:"};
    static char text[16384];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n"));)
        for (unsigned i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
            if (!strncmp(line, wanted[i], strlen(wanted[i])))
                dprintf(1, "%s\n", line);
}

static void show(const char *when)
{
    dprintf(1, "-- %s\n", when);
    show_status();
    for (int fd = 0; fd < 100; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            dprintf(1, "descriptor %d: %d\n", fd, fcntl(fd, F_GETFD));
    for (int number = 1; number < 65; number++) {
        struct {
            void (*handler)(int);
            unsigned long flags, restorer, mask;
        } action = {0};
        syscall(SYS_rt_sigaction, number, NULL, &action, 8);
        if (action.handler || action.flags || action.mask)
            dprintf(1, "signal %d: %lx\n", number, action.flags);
    }
    for (int which = 0; which < RLIM_NLIMITS; which++) {
        struct rlimit limit;
        getrlimit((__rlimit_resource_t)which, &limit);
        dprintf(1, "limit %d: %lx %lx\n", which, (unsigned long)limit.rlim_cur,
                (unsigned long)limit.rlim_max);
    }
    for (int which = 0; which < 3; which++) {
        struct itimerval timer;
        syscall(SYS_getitimer, which, &timer);
        dprintf(1, "timer %d: %s, every %ld s\n", which,
                timer.it_value.tv_sec || timer.it_value.tv_usec ? "runs" : "stands still",
                (long)timer.it_interval.tv_sec);
    }
    stack_t stack;
    sigaltstack(NULL, &stack);
    dprintf(1, "alternate stack %d, dumpable %d, subreaper %d, umask %o, priority %d, errno %d\n",
            stack.ss_flags, prctl(PR_GET_DUMPABLE), 0, umask(umask(0)),
            getpriority(PRIO_PROCESS, 0), errno);
}

static __attribute__((constructor)) void early(void)
{
    show("constructor");
}

static void late(void)
{
    show("at exit");
}

static __attribute__((destructor)) void last(void)
{
    show("destructor");
}

static void *in_face(void *unused)
{
    for (int i = 0; i < 1000; i++)
        deeper(20, 10 + (size_t)i % 100);
    return unused;
}

static int face(void)
{
    pthread_t threads[4];
    sigset_t set;
    atexit(late);
    show("main");
    in_face(NULL);
    show("after events");
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, in_face, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    show("after threads");
    fflush(stdout);
    pid_t child = fork();
    if (!child) {
        in_face(NULL);
        show("child");
        _exit(9);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 9);
    CHECK(waitpid(-1, &status, 0) == -1 && errno == ECHILD); /* no child but its own */
    errno = 0;
    return failures ? 1 : 42;
}

int main(int argc, char **argv)
{
    return argc > 1 && !strcmp(argv[1], "locks") ? locks() : face();
}
