/* SPDX-License-Identifier: MIT
 *
 * What the torture programs have in common: `take` and `give` alone allocate and release blocks, which count what
 * they do. run.py compares the counts with what the log has for these two functions. A process tells its counts to the file
 * named by TORTURE_ACCOUNT, as a line; without that variable it is silent, so that its output is the same with and without
 * the tracker.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline, noclone))

/* Of this process, by all its threads and signal handlers. */
static struct {
    uint64_t takes, taken, gives, given;
} torture;

/* The size stands in the block's first word. */
NOINLINE __attribute__((unused)) static void *take(size_t bytes)
{
    size_t *block = (size_t *)malloc(bytes < sizeof *block ? sizeof *block : bytes);
    if (!block)
        return NULL;
    *block = bytes < sizeof *block ? sizeof *block : bytes;
    __atomic_fetch_add(&torture.takes, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&torture.taken, *block, __ATOMIC_RELAXED);
    return block;
}

NOINLINE __attribute__((unused)) static void give(void *block)
{
    if (!block)
        return;
    __atomic_fetch_add(&torture.gives, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&torture.given, *(size_t *)block, __ATOMIC_RELAXED);
    free(block);
    __asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */
}

static uint64_t
    torture_unknown; /* releases of blocks that this process has not taken: a fork child's, of its parent's */

/* In a fork child, first: it counts its own. */
__attribute__((unused)) static void torture_child(void)
{
    memset(&torture, 0, sizeof torture);
    torture_unknown = 0;
}

/* Give back what the parent took. */
__attribute__((unused)) static void give_unknown(void *block)
{
    torture_unknown++;
    free(block);
}

/* The line: pid, the counts, and how the log has to say that it ended: "exit STATUS", "exec", "none" (of no interest: "any").
 * Async-signal-safe: no allocation, no stdio. */
__attribute__((unused)) static void torture_tell_as(const char *end)
{
    static char name[4096];
    char line[512], *at = line;
    const char *known = name[0] ? name : getenv("TORTURE_ACCOUNT");
    if (!known)
        return;
    if (!name[0])
        strcpy(name, known);
    uint64_t fields[] = {(uint64_t)syscall(SYS_getpid),
                         torture.takes,
                         torture.taken,
                         torture.gives,
                         torture.given,
                         torture_unknown};
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        char digits[24], *d = digits + sizeof digits;
        uint64_t n = fields[i];
        do
            *--d = (char)('0' + n % 10);
        while (n /= 10);
        memcpy(at, d, (size_t)(digits + sizeof digits - d));
        at += digits + sizeof digits - d;
        *at++ = ' ';
    }
    memcpy(at, end, strlen(end));
    at += strlen(end);
    *at++ = '\n';
    int fd =
        (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, line, (size_t)(at - line)) != at - line)
        _exit(99);
    close(fd);
}

__attribute__((unused)) static void torture_tell(void)
{
    torture_tell_as("any");
}

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            static const char failed_text[] = __FILE__ ": " #condition "\n";                       \
            if (write(2, failed_text, sizeof failed_text - 1) < 0)                                 \
                _exit(98);                                                                         \
            _exit(97);                                                                             \
        }                                                                                          \
    } while (0)

/* Wait for this child; its wait status. */
__attribute__((unused)) static int reap(pid_t child)
{
    int status;
    pid_t got;
    do
        got = waitpid(child, &status, 0);
    while (got < 0 && errno == EINTR);
    CHECK(got == child);
    return status;
}

#endif
