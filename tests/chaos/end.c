/* SPDX-License-Identifier: MIT
 *
 * The ways to end.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "chaos.h"

static void handler(void)
{
    tell("at exit: %llu", (unsigned long long)work(3));
}

static void handler_on(int status, void *argument)
{
    (void)argument;
    tell("on exit %d: %llu", status, (unsigned long long)work(2));
}

void step_atexit(const struct step *step)
{
    long done = step->n % 3 == 0   ? atexit(handler)
                : step->n % 3 == 1 ? on_exit(handler_on, NULL)
                                   : at_quick_exit(handler);
    tell("atexit: %ld", done);
}

static void *exits(void *argument)
{
    (void)argument;
    exit(14);
}

static void exits_in_handler(int number)
{
    (void)number;
    free(malloc(60));
    exit(15);
}

void step_end(const struct step *step)
{
    pthread_t thread;
    switch (step->n) {
    case 0:
        exit(10);
    case 1:
        _exit(11);
    case 2:
        quick_exit(12);
    case 3:
        _Exit(13);
    case 4:
        if (!chaos_thread(&thread, exits, NULL))
            pthread_join(thread, NULL);
        break;
    case 5:
        signal(SIGUSR1, exits_in_handler);
        raise(SIGUSR1);
        break;
    case 6:
        abort();
    case 7:
        kill(getpid(), SIGKILL);
        break;
    case 8:
        raise(SIGTERM);
        break;
    case 9:
        *(volatile char *)8 = 1;
        break;
    case 10:
        syscall(SYS_exit_group, 16);
        break;
    case 11:
        raise(SIGXCPU);
        break;
    default:
        exit((int)step->n);
    }
}
