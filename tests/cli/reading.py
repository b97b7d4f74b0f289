# SPDX-License-Identifier: MIT
"""How views read: on a terminal of 80 columns, with long names, wide characters and long lines; sizes and nouns."""
import json
import os
import re
import unicodedata

from common import Case, commands, line_of

LONG = 'x' * 10000
PROGRAM = r'''
#include <cstdlib>
#include <map>
#include <string>
#include <vector>
#include <unistd.h>
#include <sys/wait.h>
void *volatile kept[8];
namespace company { namespace product { namespace storage {
template <class Key, class Value> struct Table {
    __attribute__((noinline)) void insert_row(const Key &, const Value &, std::map<Key, Value> *, int at)
    {
        kept[at] = malloc(3 << 20); /* ROW */
    }
};
} } }
__attribute__((noinline)) void 分配内存的函数名称相当长(int 大小)
{
    kept[2] = malloc(大小); /* 内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存内存 WIDE */
}
__attribute__((noinline)) void long_line()
{
    kept[3] = malloc(2000000); /* LONG */ /* ''' + LONG + r''' */
}
int main()
{
    using Rows = std::map<std::pair<int, std::string>, std::vector<std::pair<long, std::string>>>;
    company::product::storage::Table<Rows, std::vector<Rows>> table;
    table.insert_row({}, {}, nullptr, 0); /* CALL */
    分配内存的函数名称相当长(1000000);
    long_line();
    if (!fork())
        _exit(0);
    wait(nullptr);
    return kept[0] == nullptr;
}
'''


def columns_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in text)


class Reading(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.long_source = os.path.join(cls.top, 'long.cc')
        with open(cls.long_source, 'w', encoding='utf-8') as f:
            f.write(PROGRAM)
        cls.cc('-x', 'c++', '-g', '-O1', cls.long_source, '-o', 'long', '-lstdc++')
        folder = os.path.join(cls.top, 'logs')
        os.mkdir(folder)
        p = cls.memtrace('run', '-o', 'logs/%p.mt', os.path.join(cls.top, 'long'), 'an argument', LONG)
        assert p.returncode == 0, p
        cls.long_log = max((os.path.join(folder, name) for name in os.listdir(folder)), key=os.path.getsize)

    @classmethod
    def on_a_terminal(cls, *args, columns=80):
        return super().on_a_terminal(*args, columns=columns, TERM='dumb', LC_ALL='C')

    VIEWS = ['report'], ['report', '--all', '-n', '0'], ['report', '--sort', 'rise'], ['report', '--bytes'], ['lines'], ['lines', '--all'], \
        ['sites', '-n', '0'], ['sites', '--all', '--bytes']

    def test_nothing_is_wider_than_the_terminal(self):
        for view in self.VIEWS:
            for columns in 80, 100:
                out = self.on_a_terminal(*view, self.long_log, columns=columns)
                self.assertEqual([line for line in out.split('\n') if columns_of(line) > columns], [], view)
        out = self.on_a_terminal('report', self.long_log, self.log)
        self.assertEqual([line for line in out.split('\n') if columns_of(line) > 80], [])

    def test_the_method_stays(self):
        for view in self.VIEWS:
            out = self.on_a_terminal(*view, self.long_log)
            self.assertRegex(out, r'insert_row\b', view)
            self.assertIn('<…>::insert_row', out, view)
            self.assertIn('分配内存的函数名称相当长', out, view)
        self.assertNotIn('<…>', self.memtrace('report', self.long_log).stdout)

    def test_columns_stay_where_they_are(self):
        """The source stands in its column, whatever it has in it."""
        out = self.on_a_terminal('lines', self.long_log).split('\n')
        seen = 0
        for mark in 'ROW', 'WIDE', 'LONG', 'CALL':
            number = line_of(mark, PROGRAM) if mark != 'WIDE' else next(i for i, l in enumerate(PROGRAM.splitlines(), 1) if 'WIDE' in l)
            text = PROGRAM.splitlines()[number - 1]
            place = next(i for i, line in enumerate(out) if re.match(r' *%d ' % number, line))
            title = next(line for line in reversed(out[:place]) if line.rstrip().endswith('Source'))
            row, at = out[place], title.index('Source')
            self.assertIn(text.strip()[:10], row)
            self.assertEqual(columns_of(row[:row.index(text.strip()[:10])]), at + len(text) - len(text.lstrip()), row)
            seen += 1
        self.assertEqual(seen, 4)

    def test_nothing_is_lost_where_a_program_reads(self):
        line = PROGRAM.splitlines()[line_of('LONG', PROGRAM) - 1]
        self.assertIn('  ' + line + '\n', self.memtrace('lines', '-f', 'long_line', self.long_log).stdout)
        self.assertIn('   ' + line + '\n', self.memtrace('lines', '-f', 'long_line', '--mprun', self.long_log).stdout)
        report = json.loads(self.memtrace('report', '--json', self.long_log).stdout)
        self.assertEqual([l['source'] for l in report['lines'] if l['function'] == 'long_line()'], [line])
        self.assertIn('an argument ' + LONG, self.memtrace('report', self.long_log).stdout)

    def test_the_locale_c_says_nothing_of_the_terminal(self):
        plain = self.memtrace('lines', self.long_log, LC_ALL='C.UTF-8').stdout
        self.assertEqual(self.memtrace('lines', self.long_log, LC_ALL='C').stdout, plain)
        self.assertEqual(self.memtrace('lines', self.long_log, LC_ALL='POSIX', PYTHONIOENCODING='ascii').stdout, plain)

    def test_one_unit_rule(self):
        """Each size has three digits, in the summary three decimals, or is a number of bytes; but memory_profiler's layout is its own."""
        for view in self.VIEWS:
            out = self.memtrace(*view, self.long_log).stdout
            total = re.compile(r'^  (peak|live|leaked|allocated|released|discarded|inherited|given back) |^ +(heap|anonymous|shared|file|reserved) ')
            sizes = [(number, unit, total.match(line)) for line in out.splitlines()
                     for number, unit in re.findall(r'(\S+) ([KMGTPE]iB|B)\b', line)]
            self.assertTrue(sizes, view)
            for number, unit, summed in sizes:
                exact = '--bytes' in view or unit == 'B'
                self.assertEqual(unit == 'B', exact, (view, number, unit))
                rule = r'\d{1,3}(,\d{3})*|\d{4}' if exact else r'\d{1,3}\.\d{3}' if summed else r'\d\.\d\d|\d\d\.\d|\d\d\d'
                self.assertRegex(number, '^-?(%s)$' % rule, view)
        self.assertIn('3.00 MiB', self.memtrace('sites', self.long_log).stdout)
        self.assertIn('3,145,728 B', self.memtrace('sites', '--bytes', self.long_log).stdout)
        self.assertIn('3,145,728 B', self.memtrace('memit', '--bytes', os.path.join(self.top, 'long')).stdout)

    def test_nouns_agree_with_their_number(self):
        seen = 0
        for view in self.VIEWS:
            out = self.memtrace(*view, self.long_log).stdout
            self.assertNotRegex(out, r'(?m)(?<![\d,.])1 (allocations|releases|events|lines|sites|stacks|modules|functions|blocks)\b', view)
            seen += len(re.findall(r'(?<![\d,.])1 (allocation|release)\b', out))
        self.assertGreater(seen, 3)

    def test_numbers_stand_below_each_other(self):
        """In the table of classes, whose last column is a number, too."""
        source = self.write('classes.c', b"""#include <stdlib.h>
#include <sys/mman.h>
int main(void)
{
    for (int i = 0; i < 1000; i++)
        free(malloc(i + 1));
    return munmap(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
}
""")
        self.cc('-g', '-O0', source, '-o', 'classes')
        self.memtrace('run', '-o', 'classes.mt', self.path('classes'))
        table = re.search(r'(?m)^ +class .*\n( +heap .*)\n( +anonymous .*)\n', self.memtrace('report', 'classes.mt').stdout)
        self.assertEqual(len({len(row) for row in table.group().splitlines()}), 1, table.group())

    def test_one_more_problem(self):
        """Of five problems four are said, and that there is one more."""
        with open(self.log, 'rb') as f:
            log = bytearray(f.read())
        seen = set()
        for cut in range(4096, len(log), 4096):
            p = self.memtrace('report', self.write('cut.mt', log[:cut]))
            seen.update(re.findall(r': and (.*)', p.stderr))
        self.assertIn('1 more problem', seen)
        self.assertNotIn('1 more problems', seen)
