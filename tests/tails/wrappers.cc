// SPDX-License-Identifier: MIT
// wrappers.c says what stands behind the lines of main.
#include <cstdlib>
#include <new>

#define APART __attribute__((noinline))
void *volatile kept;

APART void *fresh(std::size_t n)
{
    return ::operator new(n + 1); // jump fresh
}

template <class T> APART void *several(std::size_t n)
{
    return ::operator new[](n * sizeof(T)); // jump several
}

namespace pool
{
struct Pool {
    APART void *take(std::size_t n);
    static APART void *zeroed(std::size_t n);
};

void *Pool::take(std::size_t n)
{
    return std::malloc(n + 2); // jump take
}

void *Pool::zeroed(std::size_t n)
{
    return std::calloc(1, n + 3); // jump zeroed
}
} // namespace pool

int main()
{
    pool::Pool pool;
    kept = fresh(100);              // stack main fresh
    kept = several<int>(200);       // stack main several
    kept = pool.take(300);          // stack main take
    kept = pool::Pool::zeroed(400); // stack main zeroed
    return 0;
}
