# SPDX-License-Identifier: MIT
"""Programs made at random that call each other last, through pointers, in circles, over files and libraries.

A program is its sources and how they are compiled. Its main calls functions, each call on a line of its own; every function calls on until
one allocates. How it is compiled changes which frames the stacks lose, not which calls are made: so the same sources, compiled without
optimisation, tell the truth about it."""
import random

HEAD = '''#include <stdlib.h>
#ifdef __cplusplus
#include <new>
extern "C++" {
#endif
typedef void *step(int k, size_t n);
extern step *volatile table[4];
extern void *volatile kept;
'''
ALLOCATES = ('malloc(n + %d)', 'calloc(1, n + %d)', 'realloc(0, n + %d)')


class Program:
    """`sources`: name -> text; `command`: compiler and options; `libraries`: names that each go into a shared library."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        pick = self.random.choice
        self.cxx = self.random.random() < 0.4
        self.compiler = pick(('g++', 'clang++') if self.cxx else ('gcc', 'clang'))
        self.options = [pick(('-O1', '-O2', '-O2', '-O3', '-Os')), pick(('-gdwarf-4', '-gdwarf-5')), *(['-fno-plt'] if pick((0, 0, 0, 1)) else [])]
        self.options += ['-foptimize-sibling-calls'] if self.options[0] in ('-O1', '-Os') and self.compiler.startswith('g') else []
        # Functions that are the same to the letter are one to GCC, with one name.
        self.options += ['-fno-ipa-icf'] if self.compiler.startswith('g') else []
        self.files = self.random.randint(1, 3)
        self.libraries = ['f%d' % i for i in range(1, self.files) if self.random.random() < 0.5]
        self.count = self.random.randint(4, 14)
        self.file_of = [self.random.randrange(self.files) for _ in range(self.count)]
        self.static = [self.random.random() < 0.3 for _ in range(self.count)]
        self.serial = 0
        bodies = [self.body(i) for i in range(self.count)]
        ending = 'cc' if self.cxx else 'c'
        self.sources = {'f%d.%s' % (f, ending): self.source(f, bodies) for f in range(self.files)}

    def callees(self, index):
        """What function `index` may call: those behind it, which are not static in another file."""
        return [j for j in range(index + 1, self.count) if not self.static[j] or self.file_of[j] == self.file_of[index]]

    def allocate(self):
        self.serial += 1
        if self.cxx and self.random.random() < 0.5:
            return '::operator new(n + %d)' % self.serial
        return self.random.choice(ALLOCATES) % self.serial

    def call(self, index):
        """An expression: a call of another function, or an allocation."""
        callees = self.callees(index)
        if not callees or self.random.random() < 0.2:
            return self.allocate()
        return 's%d(k / 2, n)' % self.random.choice(callees)

    def body(self, index):
        kind = self.random.choices(('last', 'plain', 'either', 'twice', 'pointer', 'circle', 'release', 'first'), (6, 3, 2, 1, 1, 1, 2, 1))[0]
        call = self.call(index)
        if kind == 'last':
            return ['return %s;' % call]
        if kind == 'plain':
            return ['void *p = %s;' % call, 'kept = p;', 'return p;']
        if kind == 'either':
            return ['if (k & 1)', '    return %s;' % call, 'return %s;' % self.call(index)]
        if kind == 'twice':
            return ['if (k & 1)', '    return %s;' % call, 'kept = 0;', 'return %s;' % call]
        if kind == 'pointer':
            return ['if (k < 2 || k & 1)', '    return %s;' % call, 'return table[k & 3](k / 2, n);']
        if kind == 'circle':
            back = [j for j in range(index + 1) if not self.static[j] or self.file_of[j] == self.file_of[index]]
            return ['if (k > 1)', '    return s%d(k / 3, n);' % self.random.choice(back or [index]), 'return %s;' % call]
        if kind == 'release':
            return ['free(kept);', 'kept = 0;', 'return %s;' % call]
        return ['kept = %s;' % self.allocate(), 'return %s;' % call]

    def source(self, file, bodies):
        lines = HEAD.splitlines()
        for i in range(self.count):
            if not self.static[i]:
                lines.append('void *s%d(int k, size_t n);' % i)
            elif self.file_of[i] == file:
                lines.append('static void *s%d(int k, size_t n);' % i)
        if file == 0:
            free = [i for i in range(self.count) if not self.static[i]] or [None]
            names = [self.random.choice(free) for _ in range(4)]
            lines += ['void *volatile kept;',
                      'static void *end(int k, size_t n)', '{', '    (void)k;', '    return malloc(n + 1000);', '}',
                      'step *volatile table[4] = {%s};' % ', '.join('end' if n is None else 's%d' % n for n in names)]
        for i in self.random.sample(range(self.count), self.count):
            if self.file_of[i] != file:
                continue
            note = '__attribute__((noinline)) ' if self.random.random() < 0.7 else ''
            lines += ['%s%svoid *s%d(int k, size_t n)' % (note, 'static ' if self.static[i] else '', i), '{', '    (void)k;',
                      *('    ' + line for line in bodies[i]), '}']
        if file == 0:
            lines += ['int main(int argc, char **argv)', '{', '    (void)argv;']
            callable_here = [i for i in range(self.count) if not self.static[i] or self.file_of[i] == 0]
            for line in range(self.random.randint(3, 10)):
                first = self.random.choice(callable_here) if callable_here else None
                call = 'end' if first is None else 's%d' % first
                lines.append('    kept = %s(%d * argc, %d);' % (call, self.random.randint(0, 15), 10000 * (line + 1)))
            lines += ['    return 0;', '}']
        if self.cxx:
            lines.append('}')
        # A static function that nobody calls is a warning only.
        text = '\n'.join(lines) + '\n'
        return text.replace('extern "C++" {\n#endif', 'extern "C++" {\n#endif') if self.cxx else text
