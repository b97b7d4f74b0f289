/* SPDX-License-Identifier: MIT
 *
 * Preloaded beside the library, it breaks one promise, which CHAOS_FAULT names: so run.py sees whether each of its comparisons can
 * fail at all.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *wait_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void at_end(void)
{
    _exit(66);
}

static void spoil_descriptors(const char *what)
{
    int ends[2];
    if (!strcmp(what, "descriptor"))
        dup2(open("/dev/null", O_RDWR), 9);
    if (!strcmp(what, "descriptor-high"))
        fcntl(0, F_DUPFD, 700);
    if (!strcmp(what, "descriptor-flag"))
        fcntl(2, F_SETFD, FD_CLOEXEC);
    if (!strcmp(what, "pipe") && pipe(ends) == 0 && write(ends[1], "x", 1) != 1)
        abort();
}

static void spoil_signals(const char *what)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    if (!strcmp(what, "mask"))
        pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (!strcmp(what, "disposition"))
        signal(SIGPIPE, SIG_IGN);
    if (!strcmp(what, "kill"))
        raise(SIGKILL);
}

__attribute__((constructor)) static void spoil(void)
{
    const char *what = getenv("CHAOS_FAULT");
    pthread_t thread;
    if (!what)
        return;
    spoil_descriptors(what);
    spoil_signals(what);
    if (!strcmp(what, "output") && write(1, "x\n", 2) != 2)
        abort();
    if (!strcmp(what, "error") && write(2, "x\n", 2) != 2)
        abort();
    if (!strcmp(what, "status"))
        atexit(at_end);
    if (!strcmp(what, "size"))
        mmap(NULL, 80 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!strcmp(what, "locked"))
        mlock(mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
              1 << 20);
    if (!strcmp(what, "thread"))
        pthread_create(&thread, NULL, wait_for_ever, NULL);
    if (!strcmp(what, "umask"))
        umask(0);
    if (!strcmp(what, "environment"))
        setenv("STRANGER", "1", 1);
    if (!strcmp(what, "hang"))
        wait_for_ever(NULL);
}

/* Stands before memtrace's, and sets errno. Not malloc or free, which dlsym itself calls. */
void *memalign(size_t align, size_t bytes)
{
    static void *(*next)(size_t, size_t);
    const char *what = getenv("CHAOS_FAULT");
    if (!next)
        next = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
    void *block = next(align, bytes);
    if (what && !strcmp(what, "errno"))
        errno = EBUSY;
    return block;
}
