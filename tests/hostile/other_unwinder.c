/* SPDX-License-Identifier: MIT
 *
 * A program with a libunwind of its own: walks its stack between allocations.
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "own.h"

static __attribute__((noinline)) int walk(void)
{
    unw_context_t context;
    unw_cursor_t cursor;
    char name[100];
    int frames = 0;
    CHECK(unw_getcontext(&context) == 0 && unw_init_local(&cursor, &context) == 0);
    do {
        unw_word_t offset;
        if (unw_get_proc_name(&cursor, name, sizeof name, &offset) != 0)
            break;
        dprintf(1, "frame %s\n", name);
        frames++;
    } while (strcmp(name, "main") && unw_step(&cursor) > 0);
    return frames;
}

static __attribute__((noinline)) int deep(int depth)
{
    void *volatile block = took(malloc(50), 50);
    int frames = depth ? deep(depth - 1) : walk();
    free(gone(block));
    return frames;
}

int main(void)
{
    for (int i = 0; i < 20; i++)
        CHECK(deep(i) == i + 3);
    return tell();
}
