/* SPDX-License-Identifier: MIT
 *
 * Many events in many orders: functions that call each other and themselves at random, and allocate, grow and release
 * at random in between: known_random [SEED]. Each function calls each other on one line only, so that the compiler
 * cannot make one call of two.
 */
#include <sys/mman.h>

#include "known_pages.h"

#define OUTLINE static __attribute__((noinline))
#define SLOTS   200

static void *slot[SLOTS];
static uint64_t state = 1;

OUTLINE unsigned any(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

OUTLINE size_t size(void)
{
    return any(20) ? 1 + any(5000) : 1 + any(3000000);
}

/* A slot that is used, or one that is not; SLOTS if ten attempts did not find one. */
OUTLINE unsigned find(int used)
{
    for (int i = 0; i < 10; i++) {
        unsigned at = any(SLOTS);
        if (!slot[at] == !used)
            return at;
    }
    return SLOTS;
}

OUTLINE void first(int depth);
OUTLINE void second(int depth);
OUTLINE void third(int depth);

OUTLINE void release(void)
{
    unsigned at = find(1);
    if (at < SLOTS) {
        RELEASE(slot[at], free(slot[at]));
        slot[at] = NULL;
    }
}

OUTLINE void allocate(size_t n)
{
    unsigned at = find(0);
    if (at < SLOTS)
        slot[at] = ALLOC(n, malloc(n));
}

OUTLINE void first(int depth)
{
    for (unsigned n = any(5); n; n--) {
        unsigned what = any(6), at = find(1);
        size_t bytes = size();
        if (what == 0)
            CALL_VOID(allocate(bytes));
        else if (what == 1)
            CALL_VOID(release());
        else if (what == 2 && at < SLOTS)
            slot[at] = MOVE(slot[at], bytes, realloc(slot[at], bytes));
        else if (what == 3 && depth)
            CALL_VOID(second(depth - 1));
        else if (what > 3 && depth)
            CALL_VOID(third(depth - 1));
    }
}

OUTLINE void second(int depth)
{
    void *own = ALLOC(100, malloc(100));
    for (unsigned n = any(4); n; n--) {
        unsigned what = any(4);
        if (what == 0)
            CALL_VOID(release());
        else if (what == 1 && depth)
            CALL_VOID(second(depth - 1)); /* itself */
        else if (depth)
            CALL_VOID(first(depth - 1));
    }
    RELEASE(own, free(own));
}

OUTLINE void third(int depth)
{
    size_t bytes = 4096 * (1 + any(8));
    void *map = MAP(KNOWN_ANON, bytes, 0, mmap(NULL, bytes, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (depth && any(2))
        CALL_VOID(first(depth - 1));
    size_t part = 4096 * (1 + any((unsigned)(bytes / 4096)));
    CHECK(UNMAP(map, part, munmap(map, part)) == 0);
    if (depth && any(3) == 0)
        CALL_VOID(second(depth - 1));
    char *rest = (char *)map + part;
    if (any(4) && part < bytes) /* else it stays */
        CHECK(UNMAP(rest, bytes - part, munmap(rest, bytes - part)) == 0);
}

int main(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 10) * 7919 : 1;
    for (int i = 0; i < 400; i++) {
        CALL_VOID(first(12));
        if (any(10) == 0)
            CALL_VOID(third(6));
        if (any(60) == 0) /* almost all goes */
            for (int k = 0; k < SLOTS; k++)
                CALL_VOID(release());
    }
    return known_end(1);
}
