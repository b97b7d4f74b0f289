/* SPDX-License-Identifier: MIT
 *
 * A new handler: code of the program's that runs inside operator new.
 */
#include <new>

#include "known.h"

static volatile size_t huge = SIZE_MAX / 2;
static int handled;
static void *reserve;
static void handler()
{
    handled++;
    std::set_new_handler(nullptr);
    RELEASE(reserve, free(reserve));
}

int main()
{
    reserve = ALLOC(4096, malloc(4096));
    std::set_new_handler(handler);
    try {
        known_hide(operator new(huge));
    } catch (const std::bad_alloc &) {
    }
    CHECK(handled == 1);
    void *after = ALLOC(77, operator new(77));
    RELEASE(after, operator delete(after));
    return known_end(0);
}
