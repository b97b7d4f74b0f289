/* SPDX-License-Identifier: MIT */
#include "early.h"
#include "own.h"

__attribute__((noinline)) void early_event(size_t bytes)
{
    void *kept[100];
    for (int i = 0; i < 100; i++)
        kept[i] = took(malloc(bytes), bytes);
    for (int i = 0; i < 50; i++)
        free(gone(kept[i]));
}

static __attribute__((constructor(101))) void begin(void)
{
    early_event(201);
}

static __attribute__((destructor(101))) void end(void)
{
    early_event(202);
    tell();
}
