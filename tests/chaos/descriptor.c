/* SPDX-License-Identifier: MIT
 *
 * Steps with descriptors.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaos.h"

static int most(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur < 30000 ? (int)limit.rlim_cur : 30000;
}

/* From the n-th on; by a loop, by close_range, by closefrom, by what /proc lists. */
void step_closeall(const struct step *step)
{
    int from = (int)(step->n >> 2) & 3;
    if (step->n % 4 == 0)
        for (int fd = from; fd < most(); fd++)
            close(fd);
    else if (step->n % 4 == 1)
        close_range((unsigned)from, ~0u, 0);
    else if (step->n % 4 == 2)
        closefrom(from);
    else {
        DIR *d = opendir("/proc/self/fd");
        struct dirent *e;
        while (d && (e = readdir(d)))
            if (atoi(e->d_name) >= from && atoi(e->d_name) != dirfd(d))
                close(atoi(e->d_name));
        if (d)
            closedir(d);
    }
    work(3);
    tell("closeall: %d", open("/dev/null", O_RDWR));
}

/* One file under every number from 3 on: face tells its size, which must stay 0. */
/* Without background threads: one that has just begun to write its log could be hit between a look at its descriptor and a call with
 * it, as any code that has descriptors of its own. */
void step_dupover(const struct step *step)
{
    if (chaos_background)
        step_join(step);
    int fd = (int)syscall(SYS_memfd_create, "chaos", MFD_CLOEXEC);
    if (fd < 0) {
        tell("dupover: %s", error_name(errno));
        return;
    }
    for (int to = 3; to < most(); to++)
        if (to != fd)
            dup3(fd, to, step->n & 1 ? O_CLOEXEC : 0);
    work(5);
    tell("dupover: %ld", (long)lseek(fd, 0, SEEK_END));
}

/* Pipes in which nobody writes. */
void step_pipes(const struct step *step)
{
    int ends[2], made = 0;
    for (long i = 0; i < step->n; i++)
        made += pipe2(ends, i & 1 ? O_CLOEXEC : O_NONBLOCK) == 0;
    work(3);
    tell("pipes: %d", made);
}

/* The numbers that open gives, until there are n or no more. */
void step_opens(const struct step *step)
{
    int fds[64], n = 0;
    while (n < step->n && n < 64 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        n++;
    tell("opens: %d, the last %d", n, n ? fds[n - 1] : -1);
    while (n)
        close(fds[--n]);
}

void step_closefd(const struct step *step)
{
    tell("closefd: %d", close((int)step->n));
}

/* Standard error, or output, becomes a pipe that nobody reads. */
void step_broken(const struct step *step)
{
    int ends[2];
    if (pipe(ends) == 0) {
        close(ends[0]);
        dup2(ends[1], step->n & 1 ? 1 : 2);
        close(ends[1]);
    }
    tell("broken");
}

void step_say(const struct step *step)
{
    printf("%s says %ld\n", chaos_tag, step->n);
    if (step->n & 1)
        fflush(stdout);
}

void step_complain(const struct step *step)
{
    char text[200];
    int n = snprintf(text, sizeof text, "%s complains of %ld\n", chaos_tag, step->n);
    tell_result("complain", write(2, text, (size_t)n) == n ? 0 : -1);
}
