/* SPDX-License-Identifier: MIT
 *
 * containers ROUNDS: a benchmark of the standard library's containers, which allocate node by node.
 */
#include <cstdlib>
#include <deque>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

static std::size_t words(unsigned round)
{
    std::map<std::string, std::vector<unsigned>> where;
    std::unordered_map<std::string, unsigned> count;
    for (unsigned i = 0; i < 20000; i++) {
        std::string word =
            "a word too long for the string itself " + std::to_string(i * 7919u % 5003u);
        where[word].push_back(i + round);
        count[word]++;
    }
    std::size_t sum = 0;
    for (auto &[word, places] : where)
        sum += word.size() * places.size() + count[word];
    return sum;
}

struct tree {
    std::unique_ptr<tree> left, right;
    unsigned value;
};

static std::unique_ptr<tree> grow(unsigned depth, unsigned value)
{
    std::unique_ptr<tree> t(new tree{nullptr, nullptr, value});
    if (depth > 0) {
        t->left = grow(depth - 1, 2 * value);
        t->right = grow(depth - 1, 2 * value + 1);
    }
    return t;
}

static std::size_t sequences(unsigned round)
{
    std::list<unsigned> list;
    std::deque<std::string> queue;
    std::set<unsigned> set;
    for (unsigned i = 0; i < 20000; i++) {
        list.push_back(i * 31u + round);
        set.insert(i * 7919u % 10007u);
        queue.emplace_back(40 + i % 50, 'x');
        if (queue.size() > 100)
            queue.pop_front();
    }
    list.remove_if([](unsigned i) { return i % 3 == 0; });
    return list.size() + set.size() + queue.size();
}

int main(int argc, char **argv)
{
    std::size_t sum = 0;
    for (unsigned round = 0, rounds = argc > 1 ? std::atoi(argv[1]) : 10; round < rounds; round++)
        sum += words(round) + sequences(round) + grow(13, round)->value;
    std::cout << sum << "\n";
}
