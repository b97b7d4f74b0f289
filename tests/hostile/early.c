/* SPDX-License-Identifier: MIT
 *
 * Allocations before every constructor and after every destructor; early_library.c keeps the account.
 */
#include <dlfcn.h>
#include <locale.h>
#include <stdlib.h>

#include "early.h"

static void preinit(int argc, char **argv, char **environment)
{
    (void)argc, (void)argv, (void)environment;
    /* The first allocation of all: glibc makes it under the lock that dlerror's translation takes for reading. */
    if (newlocale(LC_ALL_MASK, "POSIX", NULL))
        early_event(101);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **,
                                                                            char **) = preinit;

static __attribute__((constructor(101))) void begin(void)
{
    early_event(102);
}

static __attribute__((destructor(101))) void end(void)
{
    early_event(103);
}

static void exiting(void)
{
    early_event(104);
}

static void exiting_with(int status, void *unused)
{
    (void)status, (void)unused;
    early_event(105);
}

int main(void)
{
    early_event(106);
    if (dlerror()) /* nothing of the program's has failed */
        return 1;
    setlocale(LC_ALL, ""); /* would wait for ever if that lock were not as it was */
    atexit(exiting);
    on_exit(exiting_with, NULL);
    return 42;
}
