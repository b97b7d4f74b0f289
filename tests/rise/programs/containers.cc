/* SPDX-License-Identifier: MIT
 * The standard library's containers with functions of our own around them; what operator new takes is recorded by ours. */
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "operators.h"
/* What stands on one line is the point. */
/* clang-format off */

static NOINLINE void append(std::vector<int> &v, int count) { FRAME; for (int i = 0; i < count; i++) { CALL(v.push_back(i)); } }
static NOINLINE void shrink(std::vector<int> &v) { FRAME; CALL(v.resize(v.size() / 2)); CALL(v.shrink_to_fit()); }

static NOINLINE void vectors(int count)
{
    FRAME;
    std::vector<int> a, b; for (int i = 0; i < count; i++) { CALL(append(a, i)); CALL(append(b, 3)); if (i % 5 == 4) { CALL(shrink(a)); } } CALL(a = std::vector<int>()); CALL(b = std::vector<int>());
}

static NOINLINE void remember(std::map<int, std::string> &m, int key)
{
    FRAME;
    CALL(m[key] = std::string((size_t)(20 + key), 'x'));
    if (key % 3 == 0) { CALL(m.erase(key)); } else { CALL(m[key] += "and forty more characters than there were before"); }
}

static NOINLINE void maps(int count)
{
    FRAME;
    std::map<int, std::string> m; for (int i = 0; i < count; i++) { CALL(remember(m, i)); CALL(m.erase(i - 7)); } CALL(m.clear());
}

static NOINLINE void lists(int count)
{
    FRAME;
    { oracle_at(__LINE__); std::list<int> l; std::deque<int> d; for (int i = 0; i < count; i++) { CALL(l.push_back(i)); CALL(d.push_back(i)); if (i % 3 == 0) { CALL(l.pop_front()); CALL(d.pop_front()); } } CALL(l.clear()); CALL(d.clear()); CALL(d.shrink_to_fit()); }
}

struct Node { long value[10]; };
static NOINLINE void shared(int count)
{
    FRAME;
    std::vector<std::shared_ptr<Node>> all; for (int i = 0; i < count; i++) { CALL(all.push_back(std::make_shared<Node>())); CALL(all.push_back(all.back())); if (i % 4 == 3) { CALL(all.erase(all.begin())); } } CALL(all.clear()); CALL(all.shrink_to_fit());
    std::unordered_map<int, std::unique_ptr<Node>> table; for (int i = 0; i < count; i++) { CALL(table[i % 11] = std::make_unique<Node>()); CALL(table.erase(i % 5)); } CALL(table = decltype(table)());
}

void program(void)
{
    FRAME;
    CALL(vectors(25)); CALL(maps(40));
    CALL(lists(200)); CALL(shared(40)); CALL(vectors(4));
    CALL(maps(3));
}
