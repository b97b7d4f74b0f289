/* SPDX-License-Identifier: MIT
 *
 * What the private jemalloc calls in place of the C library: scripts/private-jemalloc sends it
 * here. Mappings are made by raw system calls, since our own mmap would count them as the
 * program's. Everything else is refused.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <string.h>
#include <unistd.h>

#include "base/meta.h"
#include "base/meta_image.h"
#include "base/own.h"
#include "base/pool.h"
#include "os/call.h"
#include "os/os.h"

void *mt_raw_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset);
int mt_raw_munmap(void *at, size_t bytes);
int mt_raw_mprotect(void *at, size_t bytes, int prot);
int mt_raw_madvise(void *at, size_t bytes, int advice);
void *mt_raw_sbrk(intptr_t bytes);
char *mt_raw_getenv(const char *name);
ssize_t mt_raw_readlink(const char *path, char *to, size_t bytes);
long mt_raw_sysconf(int name);
int mt_raw_pthread_create(void *thread, const void *attr, void *(*start)(void *), void *arg);
void *mt_raw_dlsym(void *handle, const char *name);

/* At its start jemalloc maps a page to try MADV_DONTNEED on, and writes to it even if it got none.
 * So there is always this one, which it may have for as long as it likes. It starts again after a
 * start that failed, and in the child of a fork. Under meta.c's lock. */
static char spare[2 * 65536];
static bool spare_taken;

static void *spare_page(void)
{
    return (void *)(((uintptr_t)spare + mt_os_page() - 1) & ~(uintptr_t)(mt_os_page() - 1));
}

/* What is asked for up to this size is a slab or a table that has just doubled, all of whose pages are written at once: to have
 * them all at once takes the system less than to fault them in one by one. What is larger fills up slowly. */
#define AT_ONCE ((size_t)132 << 10) /* with the page that jemalloc adds */

static void *map(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    if (!at && bytes <= AT_ONCE && (prot & PROT_WRITE))
        flags |= MAP_POPULATE;
    void *got = mt_os_place(at, bytes, prot, flags, fd, (uint64_t)offset);
    return got ? got : MAP_FAILED;
}

void mt_meta_raw_restart(void)
{
    spare_taken = false;
}

void *mt_raw_mmap(void *at, size_t bytes, int prot, int flags, int fd, off_t offset)
{
    void *got = at || !mt_os_locking ? map(at, bytes, prot, flags, fd, offset) : MAP_FAILED;
    if (got == MAP_FAILED && !at && (mt_os_locking || mt_os_filtered())) {
        void *spared = mt_pool_take(bytes);
        if (spared)
            return spared;
        if (mt_os_locking)
            got = map(at, bytes, prot, flags, fd, offset);
    }
    if (got == MAP_FAILED && !at && !spare_taken && bytes <= mt_os_page() &&
        bytes <= sizeof spare / 2) {
        got = memset(spare_page(), 0, bytes);
        spare_taken = true;
    }
    if (got != MAP_FAILED && !(flags & MAP_FIXED))
        mt_own_mapped(got, bytes);
    return got;
}

/* The system may refuse (too many mappings), and jemalloc would say so on the program's standard
 * error. So it is told that the mapping is gone; it stays mapped. */
int mt_raw_munmap(void *at, size_t bytes)
{
    if (at == spare_page()) {
        spare_taken = false;
        mt_own_unmapped(at, bytes);
        return 0;
    }
    bool lent = mt_pool_has(at);
    if (!lent && mt_os_call(SYS_munmap, at, bytes) == 0) {
        mt_own_unmapped(at, bytes);
        mt_os_unplaced(at, bytes);
    } else if (lent || mt_os_filtered())
        mt_pool_put(at, bytes);
    return 0;
}

int mt_raw_mprotect(void *at, size_t bytes, int prot)
{
    return (int)mt_os_call(SYS_mprotect, at, bytes, prot);
}

int mt_raw_madvise(void *at, size_t bytes, int advice)
{
    return (int)mt_os_call(SYS_madvise, at, bytes, advice);
}

/* The program break is the program's. */
void *mt_raw_sbrk(intptr_t bytes)
{
    (void)bytes;
    errno = ENOMEM;
    return (void *)-1;
}

/* MALLOC_CONF is meant for the program's jemalloc, if it has one. */
char *mt_raw_getenv(const char *name)
{
    (void)name;
    return NULL;
}

/* So is /etc/malloc.conf, a link whose target is the text. */
ssize_t mt_raw_readlink(const char *path, char *to, size_t bytes)
{
    (void)path, (void)to, (void)bytes;
    errno = ENOENT;
    return -1;
}

/* The page size, and the number of processors, which with one arena need not be looked up in /sys.
 */
long mt_raw_sysconf(int name)
{
    return name == _SC_PAGESIZE ? (long)mt_os_page() : 1;
}

/* The tracker has no threads. */
int mt_raw_pthread_create(void *thread, const void *attr, void *(*start)(void *), void *arg)
{
    (void)thread, (void)attr, (void)start, (void)arg;
    return EAGAIN;
}

/* It asks for the next pthread_create only. */
void *mt_raw_dlsym(void *handle, const char *name)
{
    (void)handle, (void)name;
    return NULL;
}

/* What only its heap profiler and its threads call, which are off and can't be turned on. */
#define UNUSED(name)                                                                               \
    void mt_raw_no_##name(void);                                                                   \
    void mt_raw_no_##name(void)                                                                    \
    {                                                                                              \
        __builtin_trap();                                                                          \
    }
UNUSED(Unwind_Backtrace)
UNUSED(Unwind_GetIP)
UNUSED(pthread_getname_np)
UNUSED(pthread_setname_np)
UNUSED(exp)
UNUSED(log)
UNUSED(round)
UNUSED(open)
UNUSED(creat)
UNUSED(close)
UNUSED(exit)
