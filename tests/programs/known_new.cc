/* SPDX-License-Identifier: MIT
 *
 * Every form of operator new and delete, called as functions so that each is the one that is meant; new expressions;
 * bad_alloc for sizes that nobody has.
 */
#include <cstddef>
#include <new>

#include "known.h"

#define OUTLINE static __attribute__((noinline))

static volatile size_t huge = SIZE_MAX / 2;
static const std::nothrow_t &nt = std::nothrow;

OUTLINE void plain()
{
    void *a = ALLOC(100, operator new(100));
    void *b = ALLOC(200, operator new[](200));
    void *c = ALLOC(300, operator new(300, nt));
    void *d = ALLOC(400, operator new[](400, nt));
    RELEASE(a, operator delete(a));
    RELEASE(b, operator delete[](b));
    RELEASE(c, operator delete(c, nt));
    RELEASE(d, operator delete[](d, nt));
    a = ALLOC(500, operator new(500));
    b = ALLOC(600, operator new[](600));
    RELEASE(a, operator delete(a, size_t(500)));
    RELEASE(b, operator delete[](b, size_t(600)));
    c = ALLOC(0, operator new(0));
    RELEASE(c, operator delete(c));
    operator delete(nullptr);
    operator delete[](nullptr);
}

OUTLINE void aligned()
{
    const std::align_val_t al{128};
    void *a = ALLOC(1000, operator new(1000, al));
    void *b = ALLOC(2000, operator new[](2000, al));
    void *c = ALLOC(3000, operator new(3000, al, nt));
    void *d = ALLOC(4000, operator new[](4000, al, nt));
    CHECK(reinterpret_cast<uintptr_t>(a) % 128 == 0 && reinterpret_cast<uintptr_t>(d) % 128 == 0);
    RELEASE(a, operator delete(a, al));
    RELEASE(b, operator delete[](b, al));
    RELEASE(c, operator delete(c, al, nt));
    RELEASE(d, operator delete[](d, al, nt));
    a = ALLOC(5000, operator new(5000, al));
    b = ALLOC(6000, operator new[](6000, al));
    RELEASE(a, operator delete(a, size_t(5000), al));
    RELEASE(b, operator delete[](b, size_t(6000), al));
}

struct thing {
    char bytes[96];
    thing()
    {
        bytes[0] = 1;
    }
    ~thing()
    {
        bytes[0] = 0;
    }
};
struct alignas(64) wide {
    char bytes[192];
};
struct refuses {
    char bytes[88];
    refuses()
    {
        throw 1;
    } /* the block goes back to operator delete, by the compiler's own call */
};

OUTLINE void expressions()
{
    thing *t = static_cast<thing *>(ALLOC(sizeof(thing), new thing));
    wide *w = static_cast<wide *>(ALLOC(sizeof(wide), new wide));
    int *i = static_cast<int *>(ALLOC(50 * sizeof(int), new int[50]));
    RELEASE(t, delete t);
    RELEASE(w, delete w);
    RELEASE(i, delete[] i);
    /* 8 bytes in front are for their number, so this block begins before the first of them. */
    const size_t with_number = 10 * sizeof(thing) + 8;
    char *block =
        static_cast<char *>(ALLOC(with_number, reinterpret_cast<char *>(new thing[10]) - 8));
    thing *many = reinterpret_cast<thing *>(block + 8);
    RELEASE(block, delete[] many);
}

OUTLINE void failed()
{
    int caught = 0;
    errno = 0;
    try {
        known_hide(operator new(huge));
    } catch (const std::bad_alloc &) {
        caught++;
    }
    try {
        known_hide(operator new[](huge));
    } catch (const std::bad_alloc &) {
        caught++;
    }
    try {
        known_hide(operator new (huge, std::align_val_t{64}));
    } catch (const std::bad_alloc &) {
        caught++;
    }
    CHECK(caught == 3);
    CHECK(!operator new(huge, nt) && !operator new[](huge, nt));
    CHECK(!operator new (huge, std::align_val_t{64}, nt));
    /* And all goes on as before. */
    void *p = ALLOC(123, operator new(123));
    RELEASE(p, operator delete(p));
}

OUTLINE void constructor_throws()
{
    int caught = 0;
    for (int i = 0; i < 3; i++) {
        try {
            known_hide(new refuses);
        } catch (int) {
            caught++;
        }
    }
    CHECK(caught == 3);
}

int main()
{
    CALL_VOID(plain());
    CALL_VOID(aligned());
    CALL_VOID(expressions());
    failed();
    constructor_throws();
    return known_end(0);
}
