/* SPDX-License-Identifier: MIT
 *
 * A program that replaces operator delete alone, as it may: the other forms of delete, which are the runtime's, have to come to it. And
 * what operator new gets is malloc's, so that free may release it.
 */
#include <cstddef>
#include <cstdlib>
#include <new>

#include "known.h"

#define OUTLINE static __attribute__((noinline))

static unsigned deleted;

__attribute__((noinline)) void operator delete(void *block) noexcept
{
    deleted += block != nullptr;
    std::free(block);
}

OUTLINE void all_forms()
{
    void *a = ALLOC(100, operator new(100));
    void *b = ALLOC(200, operator new[](200));
    void *c = ALLOC(300, operator new(300, std::nothrow));
    void *d = ALLOC(400, operator new(400));
    RELEASE(a, operator delete(a, size_t(100)));
    CHECK(deleted == 1);
    RELEASE(b, operator delete[](b));
    CHECK(deleted == 2);
    RELEASE(c, operator delete(c, std::nothrow));
    CHECK(deleted == 3);
    RELEASE(d, operator delete(d));
    CHECK(deleted == 4);
}

int main()
{
    CALL_VOID(all_forms());
    return known_end(0);
}
