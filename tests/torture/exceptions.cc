/* SPDX-License-Identifier: MIT
 *
 * C++ exceptions through frames that allocate, out of operator new, in threads, rethrown, and cancelled threads' unwinding.
 */
#include <new>
#include <pthread.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "torture.h"

namespace
{

struct Block {
    void *block;
    explicit Block(size_t bytes) : block(take(bytes))
    {
    }
    Block(const Block &) = delete;
    ~Block()
    {
        give(block);
    }
};

NOINLINE void dive(int depth)
{
    Block held(40 + static_cast<size_t>(depth));
    if (depth == 0)
        throw std::runtime_error(std::string(100, 'x'));
    dive(depth - 1);
    __asm__ volatile("" ::: "memory");
}

NOINLINE void again(int depth)
{
    try {
        dive(depth);
    } catch (const std::runtime_error &) {
        Block held(70);
        throw;
    }
}

volatile size_t huge = SIZE_MAX / 2;

NOINLINE int no_memory()
{
    Block held(60);
    try {
        std::vector<char> v;
        void *p = operator new(huge);
        operator delete(p);
    } catch (const std::bad_alloc &) {
        give(take(61));
        return 1;
    }
    return 0;
}

void *work(void *)
{
    for (int i = 0; i < 300; i++) {
        try {
            again(i % 30);
        } catch (const std::exception &e) {
            CHECK(std::string(e.what()).size() == 100);
        }
        CHECK(no_memory() == 1);
        give(take(12));
    }
    return nullptr;
}

void *cancelled(void *ready)
{
    Block held(90);
    __atomic_store_n(static_cast<int *>(ready), 1, __ATOMIC_RELEASE);
    for (;;) {
        Block inner(91);
        pthread_testcancel();
    }
    return nullptr;
}

} // namespace

int main()
{
    work(nullptr);
    pthread_t threads[4];
    for (auto &t : threads)
        CHECK(pthread_create(&t, nullptr, work, nullptr) == 0);
    for (auto &t : threads)
        CHECK(pthread_join(t, nullptr) == 0);
    for (int i = 0; i < 100; i++) {
        pthread_t t;
        int ready = 0;
        CHECK(pthread_create(&t, nullptr, cancelled, &ready) == 0);
        while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
            ;
        CHECK(pthread_cancel(t) == 0);
        void *result;
        CHECK(pthread_join(t, &result) == 0);
        CHECK(result == PTHREAD_CANCELED);
    }
    CHECK(torture.taken == torture.given && torture.takes == torture.gives);
    torture_tell_as("exit 0");
    puts("done");
    return 0;
}
