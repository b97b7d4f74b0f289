/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/os.h"

/* Who reads what the program prints may have stopped reading, for good or for a while. */
#define PATIENCE_MS 200

static bool takes_more(int fd)
{
    struct pollfd poll = {.fd = fd, .events = POLLOUT};
    struct __kernel_timespec patience = {.tv_nsec = PATIENCE_MS * 1000000};
    return syscall(SYS_ppoll, &poll, 1, &patience, NULL, 0) == 1 && (poll.revents & POLLOUT) &&
           !(poll.revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* SIGPIPE of this thread is pending, 1, or not, 0; SIGPIPE alone. */
static uint64_t pending(uint64_t pipe)
{
    uint64_t set = 0;
    syscall(SYS_rt_sigpending, &set, sizeof set);
    return set & pipe;
}

bool mt_os_say(int fd, const void *text, size_t bytes)
{
    const uint64_t pipe = (uint64_t)1 << (SIGPIPE - 1);
    uint64_t mask;
    if (!takes_more(fd))
        return false;
    mt_os_hold_signals(&mask);
    uint64_t before = pending(pipe);
    ssize_t written = mt_os_write(fd, text, bytes);
    if (written == -EPIPE && !before && pending(pipe)) { /* it is ours: take it away */
        struct __kernel_timespec now = {0};
        syscall(SYS_rt_sigtimedwait, &pipe, NULL, &now, sizeof pipe);
    }
    mt_os_release_signals(&mask);
    return written == (ssize_t)bytes;
}
