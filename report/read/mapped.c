/* SPDX-License-Identifier: MIT */
#include "read/mapped.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"

static void cut_short(int signal)
{
    static const char text[] = "memtrace: a file became shorter while it was being read\n";
    (void)signal;
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)written;
    _exit(STATUS_BAD);
}

/* A page of a mapping that is beyond the file's end is a SIGBUS. */
static void expect_cuts(void)
{
    struct sigaction now;
    if (sigaction(SIGBUS, NULL, &now) || (now.sa_flags & SA_SIGINFO) || now.sa_handler != SIG_DFL)
        return;
    struct sigaction action = {.sa_handler = cut_short};
    sigaction(SIGBUS, &action, NULL);
}

static bool map_parts(int fd, unsigned char *to, const struct mapped_part *parts, size_t count)
{
    for (size_t i = 0; i < count; to += parts[i++].bytes)
        if (mmap(to, parts[i].bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, fd,
                 (off_t)parts[i].offset) == MAP_FAILED)
            return false;
    return true;
}

const unsigned char *mapped_make(int fd, const struct mapped_part *parts, size_t count,
                                 size_t *bytes)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), all = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].offset % page || (i + 1 < count && parts[i].bytes % page))
            return NULL;
        all += parts[i].bytes;
    }
    void *to = all ? mmap(NULL, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                   : MAP_FAILED;
    if (to == MAP_FAILED)
        return NULL;
    expect_cuts();
    if (!map_parts(fd, to, parts, count)) {
        munmap(to, all);
        return NULL;
    }
    *bytes = all;
    return to;
}

void mapped_rest(const unsigned char *data, size_t bytes)
{
    madvise((void *)(uintptr_t)data, bytes, MADV_DONTNEED);
}

void mapped_free(const unsigned char *data, size_t bytes)
{
    munmap((void *)(uintptr_t)data, bytes);
}
