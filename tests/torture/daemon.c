/* SPDX-License-Identifier: MIT
 *
 * A daemon in the old way: forks twice, closes every descriptor, changes its directory, root and user, and goes on. Its log
 * grows all the time. Descriptors have the numbers that they would have had.
 */
#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "torture.h"

/* New stacks all the time: more than the log's first pieces hold. */
#define BRANCH(name, a, b)                                                                         \
    static NOINLINE void name(int n)                                                               \
    {                                                                                              \
        if (n == 0)                                                                                \
            give(take(40));                                                                        \
        else if (n & 1)                                                                            \
            a(n >> 1);                                                                             \
        else                                                                                       \
            b(n >> 1);                                                                             \
        __asm__ volatile("" ::: "memory");                                                         \
    }
static void left(int n);
static void right(int n);
BRANCH(left, left, right)
BRANCH(right, right, left)

static int from;
static void grow(void)
{
    for (int end = from + 300; from < end; from++)
        left(from + 1024);
}

static int lowest_free(void)
{
    int fd = open("/", O_RDONLY);
    close(fd);
    return fd;
}

/* The starter waits for the daemon's answer. */
static int wait_for_answer(pid_t child, const int report[2])
{
    char text[64] = {0};
    close(report[1]);
    ssize_t got = read(report[0], text, sizeof text - 1);
    CHECK(reap(child) == 0);
    torture_tell_as("exit 0");
    printf("%.*s\n", (int)(got > 0 ? got : 0), text);
    return got > 0 ? 0 : 1;
}

/* All descriptors but `kept`; returns the number that it has now. */
static int close_others(const char *how, int kept)
{
    if (!strcmp(how, "close")) {
        struct rlimit limit;
        getrlimit(RLIMIT_NOFILE, &limit);
        for (int fd = 0; fd < (int)limit.rlim_cur && fd < 65536; fd++)
            if (fd != kept)
                close(fd);
    } else if (!strcmp(how, "close_range")) {
        if (kept > 0)
            CHECK(syscall(SYS_close_range, 0, kept - 1, 0) == 0);
        CHECK(syscall(SYS_close_range, kept + 1, ~0u, 0) == 0);
    } else if (!strcmp(how, "closefrom")) {
        CHECK(dup2(kept, 0) == 0);
        kept = 0;
        closefrom(1);
    } else if (!strcmp(how, "taken")) {
        /* The program's own files come to stand where ours did. */
        closefrom(kept + 1);
        for (int fd = 700; fd < 1020; fd++)
            CHECK(dup2(kept, fd) == fd);
    }
    return kept;
}

static void leave(const char *root)
{
    CHECK(chdir("/") == 0);
    grow();
    torture_tell();
    if (geteuid() == 0 && root) {
        CHECK(chroot(root) == 0 && chdir("/") == 0);
        grow();
        CHECK(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0);
        grow();
    }
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "close";
    int report[2];
    CHECK(pipe(report) == 0);
    grow();
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid)
        return wait_for_answer(pid, report);
    torture_child();
    grow();
    CHECK(setsid() >= 0);
    pid = fork();
    CHECK(pid >= 0);
    if (pid) {
        torture_tell();
        _exit(0);
    }
    torture_child();
    grow();
    umask(077);
    report[1] = close_others(how, report[1]);
    grow();
    int low = lowest_free();
    torture_tell(); /* the rest may be out of the log's reach: it counts what it drops */
    leave(argc > 2 ? argv[2] : NULL);
    /* All that stands in files of the daemon's own is what it wrote. */
    if (!strcmp(how, "taken"))
        for (int fd = 700; fd < 1020; fd++)
            CHECK(close(fd) == 0);
    char text[64];
    int n = snprintf(text, sizeof text, "lowest %d, %llu blocks", low,
                     (unsigned long long)torture.takes);
    CHECK(write(report[1], text, (size_t)n) == n);
    _exit(0);
}
