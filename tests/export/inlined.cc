// SPDX-License-Identifier: MIT
//
// Templates, lambdas and inlined calls: take<int> and take<double> are inlined into outer(), with the call of the allocator.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

static void *volatile kept[4];

template <typename T>
static inline __attribute__((always_inline)) void take(int i, std::size_t count)
{
    kept[i] = std::malloc(count * sizeof(T)); // INLINED
}

namespace
{
struct Box {
    std::vector<std::string> names;
    template <typename A, typename B> __attribute__((noinline)) void fill(A count, B text)
    {
        for (A i = 0; i < count; i++)
            names.emplace_back(text); // FILLED
    }
};
} // namespace

static __attribute__((noinline)) void outer()
{
    take<int>(0, 100000);    // INT
    take<double>(1, 100000); // DOUBLE
    auto in_lambda = [](std::size_t bytes) __attribute__((noinline))
    {
        kept[2] = std::malloc(bytes);
    };
    in_lambda(300000); // LAMBDA
}

int main()
{
    auto box = std::make_unique<Box>();
    box->fill(100, std::string(1000, 'x').c_str());
    outer();
    return 0;
}
