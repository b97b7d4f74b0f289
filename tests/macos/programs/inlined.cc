// SPDX-License-Identifier: MIT
//
// Functions of several kinds, for a look at their names and lines: inlined ones, methods, templates, one of no debug information.
extern "C" int outside(int);

namespace room
{
template <typename T> struct box {
    T value;
    __attribute__((noinline)) T twice() const
    {
        return value + value;
    }
};

static inline __attribute__((always_inline)) int inner(int n)
{
    return outside(n) + 1;
}

static inline __attribute__((always_inline)) int middle(int n)
{
    int m = inner(n * 3);
    return m + outside(m);
}

__attribute__((noinline)) int outer(int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++)
        sum += middle(i);
    return sum;
}
} // namespace room

__attribute__((noinline)) static double halves(const room::box<double> &b)
{
    return b.twice() / 4;
}

int main(int argc, char **)
{
    room::box<double> b = {argc * 1.5};
    room::box<int> c = {argc};
    return room::outer(argc) + static_cast<int>(halves(b)) + c.twice();
}
