/* SPDX-License-Identifier: MIT
 *
 * Stands before the system calls of a test's build of the library (linked with --wrap=mt_os_raw): the
 * environment names one that is to fail.
 *
 *   FAULTY_CALL=mmap    FAULTY_AT=7    FAULTY_ERROR=12    FAULTY_LAST=9 (to this one; 0: for ever)
 *   FAULTY_COUNT=PATH: how often each was called is written there at exit
 *   FAULTY_DIE=7: the process is killed instead of its seventh call of any kind
 *
 * mapfile: an mmap of a file; mmap: any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

long __real_mt_os_raw(long number, ...);
long __wrap_mt_os_raw(long number, ...);

static const struct {
    const char *name;
    long number;
} calls[] = {
    {"mmap", SYS_mmap},           {"mapfile", SYS_mmap},          {"openat", SYS_openat},
    {"fallocate", SYS_fallocate}, {"madvise", SYS_madvise},       {"munmap", SYS_munmap},
    {"fcntl", SYS_fcntl},         {"ftruncate", SYS_ftruncate},   {"prlimit64", SYS_prlimit64},
    {"read", SYS_read},           {"readlinkat", SYS_readlinkat}, {"getcwd", SYS_getcwd},
    {"mprotect", SYS_mprotect},   {"pwrite64", SYS_pwrite64},     {"unlinkat", SYS_unlinkat},
    {"close", SYS_close},         {"write", SYS_write},           {"linkat", SYS_linkat},
};
#define CALLS (sizeof calls / sizeof calls[0])

static uint32_t called[CALLS];
static struct {
    bool read;
    char call[16], count[512];
    uint32_t at, last, die;
    int error;
} wish;
static uint32_t all_calls;

/* getenv is not yet to be had when the first call comes. */
static void read_wish(void)
{
    static char all[65536];
    long fd = __real_mt_os_raw(SYS_openat, AT_FDCWD, "/proc/self/environ", O_RDONLY | O_CLOEXEC, 0);
    long n = fd < 0 ? 0 : __real_mt_os_raw(SYS_read, fd, all, sizeof all - 1);
    wish.read = true;
    if (fd >= 0)
        __real_mt_os_raw(SYS_close, fd);
    for (char *e = all; e < all + n; e += strlen(e) + 1) {
        if (!strncmp(e, "FAULTY_CALL=", 12))
            strncpy(wish.call, e + 12, sizeof wish.call - 1);
        else if (!strncmp(e, "FAULTY_COUNT=", 13))
            strncpy(wish.count, e + 13, sizeof wish.count - 1);
        else if (!strncmp(e, "FAULTY_AT=", 10))
            wish.at = (uint32_t)strtoul(e + 10, NULL, 10);
        else if (!strncmp(e, "FAULTY_LAST=", 12))
            wish.last = (uint32_t)strtoul(e + 12, NULL, 10);
        else if (!strncmp(e, "FAULTY_DIE=", 11))
            wish.die = (uint32_t)strtoul(e + 11, NULL, 10);
        else if (!strncmp(e, "FAULTY_ERROR=", 13))
            wish.error = (int)strtoul(e + 13, NULL, 10);
    }
}

static void number_text(char *to, uint32_t n)
{
    char digits[12];
    int used = 0;
    do
        digits[used++] = (char)('0' + n % 10);
    while (n /= 10);
    while (used)
        *to++ = digits[--used];
    *to = 0;
}

__attribute__((destructor)) static void tell(void)
{
    if (!wish.count[0])
        return;
    long fd = __real_mt_os_raw(SYS_openat, AT_FDCWD, wish.count,
                               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    for (size_t i = 0; i < CALLS; i++) {
        char line[64];
        strcpy(line, calls[i].name);
        strcat(line, " ");
        number_text(line + strlen(line), called[i]);
        strcat(line, "\n");
        __real_mt_os_raw(SYS_write, fd, line, strlen(line));
    }
    __real_mt_os_raw(SYS_close, fd);
}

long __wrap_mt_os_raw(long number, ...)
{
    long a[6];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(list, long);
    va_end(list);
    if (!wish.read)
        read_wish();
    if (wish.die && __atomic_add_fetch(&all_calls, 1, __ATOMIC_RELAXED) == wish.die)
        __real_mt_os_raw(SYS_kill, __real_mt_os_raw(SYS_getpid), SIGKILL);
    for (size_t i = 0; i < CALLS; i++) {
        if (calls[i].number != number)
            continue;
        if (number == SYS_mmap && (calls[i].name[1] == 'a') != !(a[3] & MAP_ANONYMOUS))
            continue;
        uint32_t n = __atomic_add_fetch(&called[i], 1, __ATOMIC_RELAXED);
        if (wish.error && !strcmp(wish.call, calls[i].name) && n >= wish.at &&
            (!wish.last || n <= wish.last)) {
            errno = wish.error;
            return -1;
        }
    }
    return __real_mt_os_raw(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
