#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes a C++ program with very much debug information that allocates along very many call paths, and its log.

usage: big_program.py FOLDER [--units N] [--copies N] [--functions N] [--paths N] [--cxx COMPILER] [--flags FLAGS] [--memtrace MEMTRACE]

Each of N units is full of templates over types of its own: containers of containers, variants, functions, sorting. A unit is compiled
once and linked several times, with other names. The functions call each other through a table, each call path is a random one. With
the default numbers: about 500 MB of debug information, which takes about 4 minutes of processor time to compile, and more than
100,000 call paths. With --memtrace it is run and FOLDER/big.mt is its log.
"""
import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

HEAD = r'''
#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>
typedef void step(const unsigned short *path);
extern step *const table[];
extern const unsigned short table_size;
'''

FUNCTION = r'''
namespace unit_@U@ {
struct key_@I@ { int value; bool operator<(const key_@I@ &o) const { return value < o.value; } bool operator==(const key_@I@ &o) const { return value == o.value; } };
struct hash_@I@ { size_t operator()(const key_@I@ &k) const { return size_t(k.value); } };
template <class Key, class Hash> struct holder_@I@ {
    std::map<Key, std::vector<std::pair<Key, std::string>>> map;
    std::unordered_map<Key, std::deque<std::tuple<Key, int, std::string>>, Hash> other;
    std::list<std::variant<Key, std::string, std::vector<Key>>> variants;
    std::function<void(Key)> then;
    void add(Key k, const unsigned short *path)
    {
        map[k].emplace_back(k, std::string(size_t(40 + k.value), 'x'));
        other[k].emplace_back(k, 1, "a text that is too long to be kept in place");
        variants.emplace_back(std::vector<Key>(3, k));
        std::sort(map[k].begin(), map[k].end(), [](const auto &a, const auto &b) { return a.second < b.second; });
        then = [this, path, name = std::string(50, 'y')](Key) { if (*path) table[*path - 1](path + 1); };
        auto last = std::make_shared<std::optional<Key>>(k);
        for (auto &v : variants) std::visit([&](auto &x) { if constexpr (std::is_same_v<std::decay_t<decltype(x)>, std::vector<Key>>) x.push_back(**last); }, v);
        then(k);
    }
};
void step_@I@(const unsigned short *path)
{
    holder_@I@<key_@I@, hash_@I@> holder;
    holder.add(key_@I@{@I@}, path);
}
}
void step_@U@_@I@(const unsigned short *path) { unit_@U@::step_@I@(path); }
'''

MAIN = r'''
#include <stdlib.h>
@DECLARE@
extern step *const table[];
extern const unsigned short table_size;
step *const table[] = {@TABLE@};
const unsigned short table_size = @COUNT@;
int main(int argc, char **argv)
{
    unsigned long paths = argc > 1 ? strtoul(argv[1], nullptr, 10) : 100, state = 1;
    for (unsigned long i = 0; i < paths; i++) {
        unsigned short path[5] = {0};
        for (unsigned k = 0; k < 4; k++) {
            state = state * 6364136223846793005ul + 1442695040888963407ul;
            path[k] = static_cast<unsigned short>((state >> 33) % table_size + 1);
        }
        /* The last call allocates at a dozen places: a dozen call paths. */
        table[path[0] - 1](path + 1);
    }
}
'''


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder')
    parser.add_argument('--units', type=int, default=10)
    parser.add_argument('--copies', type=int, default=5, help='of each unit')
    parser.add_argument('--functions', type=int, default=24, help='in each unit')
    parser.add_argument('--paths', type=int, default=5000)
    parser.add_argument('--cxx', default='g++')
    parser.add_argument('--flags', default='-O1 -g3')
    parser.add_argument('--memtrace')
    options = parser.parse_args()
    os.makedirs(options.folder, exist_ok=True)
    command = [options.cxx, '-std=c++17', *options.flags.split()]
    units = [(u, c) for u in range(options.units) for c in range(options.copies)]
    names = [(u, i, c) for u, c in units for i in range(options.functions)]

    def make(stem, text):
        source, target = (os.path.join(options.folder, stem + end) for end in ('.cc', '.o'))
        with open(source, 'w') as f:
            f.write(text)
        if not os.path.exists(target):
            subprocess.run([*command, '-c', source, '-o', target + '.new'], check=True)
            os.rename(target + '.new', target)
        return target

    def unit(u):
        body = [FUNCTION.replace('@U@', str(u)).replace('@I@', str(i)) for i in range(options.functions)]
        return make('unit%d' % u, HEAD + ''.join(body))

    def copy(unit_object, u, number):
        """The same code and debug information with other symbols: what the linker takes for another unit."""
        target = unit_object[:-2] + '.%d.o' % number
        symbols = subprocess.run(['nm', '--defined-only', '-j', unit_object], check=True, capture_output=True, text=True).stdout
        with open(target + '.map', 'w') as f:
            for symbol in sorted(set(symbols.split())):
                if 'unit_%d' % u in symbol or 'step_%d_' % u in symbol:
                    f.write('%s %s.%d\n' % (symbol, symbol, number))
        subprocess.run(['objcopy', '--redefine-syms', target + '.map', unit_object, target], check=True)
        return target

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(unit, range(options.units)))
    objects = [copy(objects[u], u, c) if c else objects[u] for u, c in units]

    def declare(u, i, c):
        mangled = '_Z%dstep_%d_%dPKt' % (len('step_%d_%d' % (u, i)), u, i)
        return 'void step_%d_%d_%d(const unsigned short *path) asm("%s%s");\n' % (u, i, c, mangled, '.%d' % c if c else '')

    text = 'typedef void step(const unsigned short *path);\n' + MAIN.replace('@DECLARE@', ''.join(declare(*n) for n in names))
    text = text.replace('@COUNT@', str(len(names)))
    objects.append(make('main', text.replace('@TABLE@', ', '.join('step_%d_%d_%d' % n for n in names))))
    program = os.path.join(options.folder, 'big')
    subprocess.run([options.cxx, '-Wl,--build-id', *objects, '-o', program], check=True)
    if options.memtrace:
        log = os.path.join(options.folder, 'big.mt')
        if os.path.exists(log):
            os.unlink(log)
        subprocess.run([options.memtrace, 'run', '-o', log, program, str(options.paths)], check=True)


if __name__ == '__main__':
    sys.exit(main())
