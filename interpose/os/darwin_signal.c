/* SPDX-License-Identifier: MIT
 *
 * macOS: signals, and what is written for people.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "os/call.h"
#include "os/os.h"

/* Who reads what the program prints may have stopped reading, for good or for a while. */
#define PATIENCE_MS 200

void mt_os_hold_signals(uint64_t *mask)
{
    sigset_t all, was = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    *mask = was;
}

void mt_os_release_signals(const uint64_t *mask)
{
    sigset_t was = (sigset_t)*mask;
    pthread_sigmask(SIG_SETMASK, &was, NULL);
}

bool mt_os_on_signal_stack(void)
{
    stack_t now;
    return sigaltstack(NULL, &now) == 0 && (now.ss_flags & SS_ONSTACK);
}

bool mt_os_is_terminal(int fd)
{
    int keep = errno;
    bool yes = isatty(fd);
    errno = keep;
    return yes;
}

static bool takes_more(int fd)
{
    struct pollfd one = {.fd = fd, .events = POLLOUT};
    return poll(&one, 1, PATIENCE_MS) == 1 && (one.revents & POLLOUT) &&
           !(one.revents & (POLLERR | POLLHUP | POLLNVAL));
}

static bool is_pending(void)
{
    sigset_t set = 0;
    return sigpending(&set) == 0 && sigismember(&set, SIGPIPE);
}

bool mt_os_say(int fd, const void *text, size_t bytes)
{
    uint64_t mask;
    if (!takes_more(fd))
        return false;
    mt_os_hold_signals(&mask);
    bool before = is_pending();
    ssize_t written = mt_os_write(fd, text, bytes);
    if (written == -EPIPE && !before && is_pending()) { /* it is ours: take it away */
        sigset_t pipe = 0;
        int got;
        sigaddset(&pipe, SIGPIPE);
        sigwait(&pipe, &got);
    }
    mt_os_release_signals(&mask);
    return written == (ssize_t)bytes;
}

/* ---- A program can't put itself under filters of system calls that would end it: sandboxes refuse ---- */

void mt_os_filter_thread(void)
{
}

bool mt_os_filtered(void)
{
    return false;
}

bool mt_os_start_survives(void)
{
    return true;
}
