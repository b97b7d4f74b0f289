/* SPDX-License-Identifier: MIT
 *
 * The unwinder in C++: destructors and handlers that allocate while an exception goes through, and after it.
 */
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "unwind_check.h"

#define NOINLINE __attribute__((noinline))

namespace
{
struct Guard {
    int depth;
    explicit Guard(int d) : depth(d)
    {
        check_event();
    }
    NOINLINE ~Guard()
    {
        check_event();
        if (depth > 3)
            Guard inner(depth % 4);
        check_event();
    }
};

NOINLINE int thrower(int depth, int kind)
{
    Guard guard(depth);

    check_event();
    if (depth == 0) {
        if (kind % 3 == 0)
            throw std::runtime_error("none");
        if (kind % 3 == 1)
            throw kind;
        throw std::string("text");
    }
    return thrower(depth - 1, kind) + 1;
}

NOINLINE int rethrower(int depth, int kind)
{
    Guard guard(1);

    try {
        return depth > 0 ? rethrower(depth - 1, kind) : thrower(kind % 9, kind);
    } catch (const std::string &) {
        check_event();
        if (depth > 2)
            throw;
        return 1;
    } catch (int) {
        check_event();
        throw std::runtime_error("other");
    }
}

NOINLINE void once(int i)
{
    try {
        rethrower(i % 12, i);
        check_event();
    } catch (const std::exception &) {
        check_event();
        CHECK(check_cut() == 0);
    }
    check_event();
}

template <typename T> NOINLINE T visit(const std::map<int, T> &map, std::function<T(T, T)> join)
{
    T all{};

    for (const auto &pair : map) {
        all = join(all, pair.second);
        check_event();
    }
    return all;
}

void containers()
{
    std::map<int, std::string> map;
    std::vector<std::function<void()>> calls;

    for (int i = 0; i < 30; i++) {
        map[i] = std::to_string(i);
        calls.push_back([i] {
            check_event();
            once(i);
        });
    }
    for (auto &call : calls)
        call();
    CHECK(visit<std::string>(map, [](std::string a, std::string b) {
              check_event();
              return a + b;
          }).size() == 50);
}

struct Local {
    ~Local()
    {
        check_event();
        check_thread_exit();
    }
};
thread_local Local local;
} // namespace

int main()
{
    for (int i = 0; i < 400; i++)
        once(i);
    containers();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++)
        threads.emplace_back([] {
            (void)&local;
            for (int i = 0; i < 100; i++)
                once(i);
            containers();
        });
    for (auto &thread : threads)
        thread.join();
    CHECK(check_events() > 5000);
    CHECK(check_full_captures() == 0);
    return check_done();
}
