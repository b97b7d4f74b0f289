/* SPDX-License-Identifier: MIT
 *
 * C++ as people write it: templates, lambdas, inlined members, growing containers, smart pointers. An allocator that
 * keeps the account stands in for std::allocator where a container decides itself when it allocates.
 */
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "known.h"

#define OUTLINE static __attribute__((noinline))

/* Whose line the container's allocations are for the account; the containers' own lines are theirs. */
template <class T> struct known_allocator {
    using value_type = T;
    known_allocator() = default;
    template <class U> known_allocator(const known_allocator<U> &)
    {
    }
    T *allocate(size_t n)
    {
        return static_cast<T *>(ALLOC(n * sizeof(T), operator new(n * sizeof(T))));
    }
    void deallocate(T *p, size_t n)
    {
        RELEASE(p, operator delete(p, n * sizeof(T)));
    }
    bool operator==(const known_allocator &) const
    {
        return true;
    }
    bool operator!=(const known_allocator &) const
    {
        return false;
    }
};

template <class T> __attribute__((noinline)) T *make(size_t n)
{
    return static_cast<T *>(ALLOC(n * sizeof(T), operator new(n * sizeof(T))));
}

namespace shapes
{
template <class T, int N> struct grid {
    T *cells = nullptr;
    inline __attribute__((always_inline)) void fill()
    {
        cells = static_cast<T *>(ALLOC(N * N * sizeof(T), new T[N * N]));
    }
    __attribute__((noinline)) ~grid()
    {
        RELEASE(cells, delete[] cells);
    }
};
} // namespace shapes

OUTLINE void templates()
{
    char *c = CALL(make<char>(1000));
    double *d = CALL(make<double>(1000));
    RELEASE(c, operator delete(c));
    RELEASE(d, operator delete(d));
    shapes::grid<short, 20> g;
    CALL_VOID(g.fill());
}

/* Of its own: inlined into the loop below, the two calls with which a vector grows would be two call sites of one line that
 * take turns, of which only the highest run each is kept. */
OUTLINE void push(std::vector<int, known_allocator<int>> &v, int i)
{
    v.push_back(i);
}

OUTLINE void vectors()
{
    std::vector<int, known_allocator<int>> v;
    for (int i = 0; i < 1000; i++)
        CALL_VOID(push(v, i));
    CALL_VOID(v.resize(5000));
    CALL_VOID(v.clear());
    CALL_VOID(v.shrink_to_fit());
    std::map<int, int, std::less<int>, known_allocator<std::pair<const int, int>>> m;
    for (int i = 0; i < 100; i++)
        CALL_VOID(m.emplace(i, i));
    CALL_VOID(m.clear());
    using text = std::basic_string<char, std::char_traits<char>, known_allocator<char>>;
    for (size_t i = 100; i < 120; i++) {
        text s = CALL(text(i, 'x'));
        CHECK(s.size() == i);
    }
}

OUTLINE void lambdas()
{
    void *kept = nullptr;
    auto take = [&kept](size_t n) __attribute__((noinline))
    {
        kept = ALLOC(n, malloc(n));
    };
    CALL_VOID(take(640));
    RELEASE(kept, free(kept));
    std::function<void(size_t)> later = [&kept](size_t n) { kept = ALLOC(n, malloc(n)); };
    CALL_VOID(later(641));
    RELEASE(kept, free(kept));
}

static void give_back(void *p)
{
    RELEASE(p, free(p));
}
using owner = std::unique_ptr<void, void (*)(void *)>;

OUTLINE void inner(int i)
{
    owner kept(ALLOC(200, malloc(200)), give_back);
    if (i >= 0)
        throw i;
    known_hide(kept.get());
}

OUTLINE void outer(int i)
{
    owner kept(ALLOC(300, malloc(300)), give_back);
    inner(i);
    known_hide(kept.get());
}

OUTLINE void exceptions()
{
    for (int i = 0; i < 4; i++) {
        try {
            outer(i);
        } catch (int) {
        }
    }
}

int main()
{
    CALL_VOID(templates());
    CALL_VOID(vectors());
    CALL_VOID(lambdas());
    exceptions();
    return known_end(0);
}
