/* SPDX-License-Identifier: MIT
 *
 * Signals: other numbers, sets of 32 bits, and a handler's information at other offsets.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>

#include "libsystem.h"

#define SIGNALS 32

/* By macOS's number. SIGEMT and SIGINFO are not there on Linux. */
static const int here[SIGNALS] = {
    0,       SIGHUP,  SIGINT,    SIGQUIT, SIGILL,   SIGTRAP, SIGABRT, 0,
    SIGFPE,  SIGKILL, SIGBUS,    SIGSEGV, SIGSYS,   SIGPIPE, SIGALRM, SIGTERM,
    SIGURG,  SIGSTOP, SIGTSTP,   SIGCONT, SIGCHLD,  SIGTTIN, SIGTTOU, SIGIO,
    SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGWINCH, 0,       SIGUSR1, SIGUSR2,
};

int libsystem_signal_here(int number)
{
    return number > 0 && number < SIGNALS ? here[number] : 0;
}

int libsystem_signal(int linux_number)
{
    for (int i = 1; i < SIGNALS; i++)
        if (here[i] == linux_number)
            return i;
    return 0;
}

static void set_here(uint32_t set, sigset_t *out)
{
    sigemptyset(out);
    for (int i = 1; i <= SIGNALS; i++)
        if (set >> (i - 1) & 1 && libsystem_signal_here(i))
            sigaddset(out, libsystem_signal_here(i));
}

static uint32_t set_there(const sigset_t *set)
{
    uint32_t out = 0;
    for (int i = 1; i < SIGNALS; i++)
        if (here[i] && sigismember(set, here[i]) == 1)
            out |= 1u << (i - 1);
    return out;
}

struct mac_action {
    void *handler;
    uint32_t mask;
    int flags;
};
struct mac_siginfo {
    int number, error, code, pid;
    uint32_t user;
    int status;
    void *address, *value;
    int64_t band;
    uint64_t pad[7];
};

static const struct {
    int there, here;
} flags[] = {
    {0x01, SA_ONSTACK}, {0x02, SA_RESTART},   {0x04, SA_RESETHAND}, {0x08, SA_NOCLDSTOP},
    {0x10, SA_NODEFER}, {0x20, SA_NOCLDWAIT}, {0x40, SA_SIGINFO},
};

static struct mac_action actions[SIGNALS];

static void handle(int number, siginfo_t *information, void *context)
{
    int there = libsystem_signal(number);
    struct mac_siginfo info = {.number = there,
                               .error = information->si_errno,
                               .code = information->si_code,
                               .pid = information->si_pid,
                               .user = information->si_uid,
                               .address = information->si_addr};
    void *handler = __atomic_load_n(&actions[there].handler, __ATOMIC_ACQUIRE);
    if (actions[there].flags & 0x40)
        ((void (*)(int, struct mac_siginfo *, void *))handler)(there, &info, context);
    else
        ((void (*)(int))handler)(there);
}

static int mac_sigaction(int number, const struct mac_action *action, struct mac_action *old)
{
    struct sigaction new = {0};
    int signal = libsystem_signal_here(number);
    if (!signal) {
        errno = EINVAL;
        return -1;
    }
    struct mac_action before = actions[number];
    if (action) {
        set_here(action->mask, &new.sa_mask);
        for (unsigned i = 0; i < sizeof flags / sizeof flags[0]; i++)
            new.sa_flags |= action->flags &flags[i].there ? flags[i].here : 0;
        new.sa_flags |= SA_SIGINFO;
        new.sa_sigaction = handle;
        if ((uintptr_t)action->handler <= 1) { /* SIG_DFL, SIG_IGN */
            new.sa_flags &= ~SA_SIGINFO;
            new.sa_handler = (void (*)(int))action->handler;
        } else {
            actions[number] = *action;
        }
        if (sigaction(signal, &new, NULL) < 0)
            return libsystem_failed();
        actions[number] = *action;
    }
    if (old)
        *old = before;
    return 0;
}

static void *mac_signal(int number, void *handler)
{
    struct mac_action action = {handler, 0, 0x02}, old;
    return mac_sigaction(number, &action, &old) < 0 ? (void *)-1 : old.handler;
}

/* SIG_BLOCK is 1 there, and 0 here. */
static int change_mask(int how, const uint32_t *set, uint32_t *old,
                       int (*change)(int, const sigset_t *, sigset_t *))
{
    sigset_t new, before;
    if (set)
        set_here(*set, &new);
    int result = change(how - 1, set ? &new : NULL, &before);
    if (!result && old)
        *old = set_there(&before);
    return result;
}

static int mac_sigprocmask(int how, const uint32_t *set, uint32_t *old)
{
    return change_mask(how, set, old, sigprocmask) ? libsystem_failed() : 0;
}

static int mac_pthread_sigmask(int how, const uint32_t *set, uint32_t *old)
{
    return libsystem_errno(change_mask(how, set, old, pthread_sigmask));
}

static int mac_raise(int number)
{
    return raise(libsystem_signal_here(number)) ? libsystem_failed() : 0;
}

static int mac_kill(int pid, int number)
{
    return kill(pid, libsystem_signal_here(number)) < 0 ? libsystem_failed() : 0;
}

static int mac_pthread_kill(pthread_t thread, int number)
{
    return libsystem_errno(pthread_kill(thread, libsystem_signal_here(number)));
}

static int mac_sigpending(uint32_t *set)
{
    sigset_t pending;
    if (sigpending(&pending) < 0)
        return libsystem_failed();
    *set = set_there(&pending);
    return 0;
}

static int mac_sigwait(const uint32_t *set, int *number)
{
    sigset_t wanted;
    int got, result;
    set_here(*set, &wanted);
    result = sigwait(&wanted, &got);
    if (!result)
        *number = libsystem_signal(got);
    return libsystem_errno(result);
}

struct mac_stack {
    void *at;
    size_t bytes;
    int flags;
};
enum { STACK_ON = 1, STACK_OFF = 4 };

static int mac_sigaltstack(const struct mac_stack *stack, struct mac_stack *old)
{
    stack_t new = {0}, before;
    if (stack)
        new = (stack_t){.ss_sp = stack->at,
                        .ss_size = stack->bytes,
                        .ss_flags = stack->flags & STACK_OFF ? SS_DISABLE : 0};
    if (sigaltstack(stack ? &new : NULL, &before) < 0)
        return libsystem_failed();
    if (old)
        *old = (struct mac_stack){before.ss_sp, before.ss_size,
                                  (before.ss_flags & SS_ONSTACK ? STACK_ON : 0) |
                                      (before.ss_flags & SS_DISABLE ? STACK_OFF : 0)};
    return 0;
}

const struct adapter libsystem_signals[] = {
    {"_sigaction", mac_sigaction},
    {"_signal", mac_signal},
    {"_sigprocmask", mac_sigprocmask},
    {"_pthread_sigmask", mac_pthread_sigmask},
    {"_sigpending", mac_sigpending},
    {"_sigwait", mac_sigwait},
    {"_sigaltstack", mac_sigaltstack},
    {"_raise", mac_raise},
    {"_kill", mac_kill},
    {"_pthread_kill", mac_pthread_kill},
    {NULL, NULL},
};
