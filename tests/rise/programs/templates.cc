/* SPDX-License-Identifier: MIT
 * Templates (instances share their lines), virtual functions, constructors and destructors, overloads of an inherited one. */
#include "shapes_round.h"
/* What stands on one line is the point. */
/* clang-format off */

template <typename T> struct Name;
template <> struct Name<char> { static constexpr const char *take = "take<char>", *both = "both<char>"; };
template <> struct Name<long> { static constexpr const char *take = "take<long>", *both = "both<long>"; };
template <> struct Name<double> { static constexpr const char *take = "take<double>", *both = "both<double>"; };

template <typename T> NOINLINE void take(int slot, int count)
{
    FRAME_AS(Name<T>::take);
    TAKE(slot, count * (int)sizeof(T)); TAKE(slot + 1, 1);
    FREE(slot + 1);
}

template <typename T> void both(int slot)
{
    FRAME_AS(Name<T>::both);
    CALL(take<T>(slot, 10)); CALL(take<T>(slot + 3, 20)); FREE(slot);
}

NOINLINE void Shape::draw(int n)
{
    FRAME;
    TAKE(200 + n, 100); FREE(201 + n);
}

static NOINLINE void instances(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { CALL(both<char>(i)); CALL(both<long>(i + 50)); CALL(take<double>(i + 100, 3)); }
    CALL(both<double>(7)); CALL(take<char>(3, 1000)); CALL(take<long>(3, 10));
}

struct Holder {
    char *start; int bytes;
    NOINLINE explicit Holder(int n) : start(nullptr), bytes(n) { FRAME; start = (char *)malloc(n); GOT(start, n); void *p = malloc(8); GOT(p, 8); free(p); GAVE(8); }
    Holder(const Holder &) = delete;
    NOINLINE ~Holder() { FRAME; free(start); GAVE(bytes); }
};

static NOINLINE void holders(int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { oracle_at(__LINE__); Holder a(100); oracle_at(__LINE__); Holder b(20 + i); TAKE(i, 5); if (i % 2) { FREE(i - 1); } ORACLE_MARK; }
}

static NOINLINE void shapes(Shape **all, int count)
{
    FRAME;
    for (int i = 0; i < count; i++) { CALL(all[i % 2]->draw(i % 20)); CALL(all[i % 3 ? 1 : 0]->draw(3)); CALL(all[1]->Shape::draw(i % 9)); }
}

void program(void)
{
    FRAME;
    static Shape shape; static Round round; Shape *all[] = {&shape, &round};
    CALL(instances(20)); CALL(holders(20));
    CALL(shapes(all, 60)); CALL(holders(2)); CALL(instances(1));
}
