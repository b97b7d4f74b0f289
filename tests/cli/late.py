#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is read long after the run: sources and programs that are not what they were, and files that are elsewhere by then.

usage: late.py MEMTRACE CC [unittest arguments]
"""
import json
import os
import platform
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from common import Case, commands, line_of, main
from second_reader.log import Log, source_hash

SCRIPT = 'def f():\n    a = bytearray(4000000)\n    return a\nx = f()\n'
PYTHON = '/usr/bin/python3'  # a shim of pyenv would be traced in its place
SAYS = 'has changed since the run'


class Late(Case):
    def setUp(self):
        self.folder = self.path(self.id().rpartition('.')[2])
        os.mkdir(self.folder)

    def at(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        with open(self.at(name), 'w') as f:
            f.write(text)
        return self.at(name)

    def traced(self, *command, folder=None):
        """The log of a run in the test's folder."""
        log = self.at('log.mt')
        library = os.path.join(os.path.dirname(commands.memtrace), 'libmemtrace.so')
        env = {**os.environ, 'MEMTRACE_QUIET': '1', 'MEMTRACE_OUTPUT': log, 'LD_PRELOAD': library}
        subprocess.run(command, env=env, cwd=folder or self.folder, check=True)
        return log

    def view(self, *args, status=0, **env):
        p = self.memtrace(*args, MEMTRACE_CACHE='0', **env)
        self.assertEqual(p.returncode, status, p)
        return p

    def report(self, log, *args, **env):
        return json.loads(self.view('report', '--json', *args, log, **env).stdout)

    def build(self, name, text, *flags):
        self.write(name + '.c', text)
        self.cc('-g', '-O0', *flags, self.at(name + '.c'), '-o', self.at(name))
        return self.at(name)

    @staticmethod
    def function(report, name):
        return next(f for f in report['functions'] if f['function'] == name)

    @staticmethod
    def files(report):
        return {os.path.basename(line['file']) for line in report['lines'] if line['file']}


class Changed(Late):
    def python(self):
        if not os.path.exists(PYTHON):
            self.skipTest('no ' + PYTHON)
        script = self.write('edited.py', SCRIPT)
        return script, self.traced(PYTHON, script)

    def expect_text(self, log, shown):
        lines = self.view('lines', '-f', 'f', log)
        self.assertEqual('bytearray(4000000)' in lines.stdout, shown, lines)
        self.assertEqual(SAYS in lines.stderr, not shown, lines)
        self.assertEqual('(changed since the run' in lines.stdout, not shown, lines)
        report = self.report(log)
        self.assertEqual(self.function(report, 'f')['source_changed'], not shown)
        self.assertEqual(any('changed since the run began' in note for note in report['notes']), not shown)
        line = next(line for line in report['lines'] if line['function'] == 'f' and line['line'] == 2)
        self.assertEqual(line['source'], '    a = bytearray(4000000)' if shown else None)
        self.assertGreaterEqual(line['rise_bytes'], 4000000)  # the figures are true all the same
        self.assertEqual(SAYS in self.view('sites', log).stderr, not shown)

    def test_python_source_that_was_edited(self):
        script, log = self.python()
        self.expect_text(log, True)
        with open(script, 'w') as f:
            f.write('# a licence\n' + SCRIPT)
        self.expect_text(log, False)
        mprun = self.view('lines', '--mprun', '-f', 'f', log)
        self.assertNotIn('bytearray', mprun.stdout)
        self.assertIn(SAYS, mprun.stderr)

    def test_what_the_log_has_of_files(self):
        """By interpose/FORMAT.md, and of more than one piece that is read at a time."""
        text = SCRIPT + ''.join('# %d\n' % i for i in range(9999))
        script = self.write('long.py', text)
        log = Log(self.traced(PYTHON, script))
        info = os.stat(script)
        self.assertIn((len(text), info.st_mtime_ns, source_hash(text.encode()), 0),
                      [file[2:] for file in log.files if log.strings.get(file[1], b'').endswith(b'/long.py')])
        modules = {log.modules[module]['path'].decode(): (size, modified, digest)
                   for module, _, size, modified, digest, _ in log.files if module}
        self.assertGreater(len(modules), 1)
        for path, known in modules.items():
            self.assertEqual(known, (os.stat(path).st_size, os.stat(path).st_mtime_ns, 0))

    def test_python_source_that_changes_while_the_program_runs(self):
        """As with reload in an interactive session: the text is that of the last code that was met."""
        again = ('import importlib, os, sys, module\nx = module.f()\n'
                 'with open("module.py", "w") as f: f.write(%r)\n'
                 'os.utime("module.py", (1, 1))\nimportlib.reload(module)\ny = module.f()\n')
        self.write('module.py', 'def f():\n    # before\n    return bytearray(1000000)\n')
        after = 'def f():\n    return bytearray(2000000)\n'
        script = self.write('again.py', again % after)
        log = self.traced(PYTHON, '-B', script)
        p = self.view('lines', '-f', 'f', log)
        self.assertIn('return bytearray(2000000)', p.stdout)
        self.assertIn('module.py changed while the program ran', p.stderr)
        self.assertNotIn(SAYS, p.stderr)
        self.assertEqual([file[5] for file in Log(log).files if file[5]], [1])
        self.write('module.py', after + '# more\n')
        p = self.view('lines', '-f', 'f', log)
        self.assertNotIn('return bytearray(2000000)', p.stdout)
        self.assertIn(SAYS, p.stderr)

    def test_python_source_of_the_same_size_and_time(self):
        script, log = self.python()
        was = os.stat(script)
        with open(script, 'w') as f:
            f.write(SCRIPT.replace('return a', 'return b'))
        os.utime(script, ns=(was.st_atime_ns, was.st_mtime_ns))
        self.expect_text(log, False)

    def test_python_source_that_was_only_touched(self):
        script, log = self.python()
        os.utime(script, (1, 1))
        self.expect_text(log, True)

    def test_program_without_build_id_that_was_built_again(self):
        text = '#include <stdlib.h>\nint main(void) { char *p = malloc(5000000);\n    return p == 0; }\n'
        program = self.build('again', text, '-Wl,--build-id=none')
        log = self.traced(program)
        self.assertIn('again.c', self.files(self.report(log)))
        was = os.stat(program)
        os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns + 1))
        p = self.view('sites', log)
        self.assertIn(SAYS, p.stderr)
        self.assertNotIn('again.c', p.stdout)
        self.assertNotIn('again.c', self.files(self.report(log)))
        os.utime(program, ns=(was.st_atime_ns, was.st_mtime_ns))
        self.assertIn('again.c', self.view('sites', log).stdout)

    def test_source_that_is_newer_than_the_program(self):
        program = self.build('newer', '#include <stdlib.h>\nint main(void)\n{\n    return !malloc(5000000);\n}\n')
        log = self.traced(program)
        report = self.report(log)
        self.assertFalse(self.function(report, 'main')['source_changed'])
        self.assertIn('malloc(5000000)', self.view('report', log).stdout)
        built = os.stat(program).st_mtime_ns
        os.utime(self.at('newer.c'), ns=(built, built + 1))
        p = self.view('report', log)
        self.assertNotIn('malloc(5000000)', p.stdout)
        self.assertIn(SAYS, p.stderr)
        self.assertTrue(self.function(self.report(log), 'main')['source_changed'])


IMAGE = '''#include <stdlib.h>
void *load_image(size_t bytes)
{
    return malloc(bytes); /* LOAD */
}
'''
APP = '''#include <stddef.h>
void *load_image(size_t bytes);
int main(void)
{
    return load_image(3000000) == 0;
}
'''

STRIPPED = '''#include <string>
static std::string *kept;
static char text[3000000];
static void load(const char *from, const char *to)
{
    kept->assign(std::string(from, to));
}
int main()
{
    static std::string there;
    kept = new std::string();
    load(text, text + sizeof text);
    return kept->empty();
}
'''


class Server:
    """Of debug information, or of nothing at all: it takes every request and never answers."""

    def __init__(self, files):
        self.files, self.asked, self.open = files, [], []
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.url = 'http://127.0.0.1:%d' % self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.answer, args=[connection], daemon=True).start()

    def answer(self, connection):
        words = connection.recv(65536).decode().split()
        if len(words) < 2:
            return
        self.asked.append(words[1])
        if self.files is None:
            return
        data = self.files.get(words[1])
        connection.sendall(b'HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' % (
            b'404 Not Found' if data is None else b'200 OK', len(data or b'')) + (data or b''))
        connection.close()

    def close(self):
        self.socket.close()
        for connection in self.open:
            connection.close()


class Gone(Late):
    """A program that unpacks itself into a folder, runs from there and removes it."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.at('kept'))
        image, app = self.write('image.c', IMAGE), self.write('app.c', APP)
        self.cc('-g', '-O0', '-fPIC', '-shared', '-Wl,--build-id', image, '-o', self.at('kept', 'libimage.so'))
        self.cc('-g', '-O0', '-Wl,--build-id', app, '-L' + self.at('kept'), '-limage', '-Wl,-rpath,$ORIGIN',
                '-o', self.at('kept', 'app'))
        shutil.copytree(self.at('kept'), self.at('unpacked'))
        os.mkdir(self.at('elsewhere'))

    def run_and_remove(self, folder):
        log = self.traced(self.at('unpacked', 'app'), folder=folder)
        shutil.rmtree(self.at('unpacked'))
        return log

    def places(self, log, *args, **env):
        """Which of the two files' lines are named."""
        p = self.view('sites', *args, log, **env)
        names = {name for name in ('image.c:%d ' % line_of('LOAD', IMAGE), 'app.c:5 ') if name in p.stdout}
        self.assertEqual('is not there' in p.stderr, len(names) < 2, p)
        return {name.partition(':')[0] for name in names}

    def build_id(self, *names):
        notes = subprocess.run(['readelf', '-n', self.at(*names)], capture_output=True, text=True).stdout
        return re.search('Build ID: ([0-9a-f]+)', notes).group(1)

    def test_in_the_folder_of_the_process(self):
        moved = self.at('elsewhere', 'moved.mt')
        os.rename(self.run_and_remove(self.folder), moved)
        self.assertEqual(self.places(moved), {'image.c', 'app.c'})

    def test_in_the_folder_of_the_log(self):
        log = self.at('moved.mt')
        os.rename(self.run_and_remove('/'), log)
        self.assertEqual(self.places(log), {'image.c', 'app.c'})

    def test_another_file_of_the_name_is_not_taken(self):
        log = self.run_and_remove(self.folder)
        self.cc('-g', '-O0', '-fPIC', '-shared', '-Wl,--build-id', '-DOTHER', '-O2', self.at('image.c'), '-o',
                self.at('kept', 'libimage.so'))
        self.assertEqual(self.places(log), {'app.c'})

    def test_search(self):
        shutil.move(self.run_and_remove(self.at('elsewhere')), log := self.at('elsewhere', 'log.mt'))
        deep = self.path('deep-' + os.path.basename(self.folder))
        os.makedirs(os.path.join(deep, 'a', '.b'))
        self.addCleanup(shutil.rmtree, deep)
        os.rename(self.at('kept', 'libimage.so'), os.path.join(deep, 'a', '.b', 'renamed'))
        os.rename(self.at('kept', 'app'), os.path.join(deep, 'application'))
        self.assertEqual(self.places(log), set())
        self.assertEqual(self.places(log, '--search', deep), {'image.c', 'app.c'})
        lines = self.view('lines', '-f', 'load_image', '--search', deep, log)
        self.assertIn('return malloc(bytes); /* LOAD */', lines.stdout)
        self.assertIn('image.c', self.files(self.report(log, '--search', deep)))
        p = self.memtrace('sites', '--search', deep + '/none', log)
        self.fails(p, 2, '--search', 'No such file')
        self.fails(self.memtrace('report', '--search', log, log), 2, '--search', 'Not a directory')

    def test_debug_information_elsewhere(self):
        """The program is there, but stripped."""
        os.mkdir(self.at('symbols'))
        for name in ('app', 'libimage.so'):
            here, there = self.at('unpacked', name), self.at('symbols', self.build_id('unpacked', name))
            subprocess.run(['objcopy', '--only-keep-debug', here, there], check=True)
            subprocess.run(['strip', here], check=True)
        shutil.rmtree(self.at('kept'))
        log = self.traced(self.at('unpacked', 'app'), folder=self.at('elsewhere'))
        p = self.view('sites', log)
        self.assertNotIn('app.c', p.stdout)
        p = self.view('sites', '--search', self.at('symbols'), log)
        self.assertIn('image.c:4 ', p.stdout)
        self.assertIn('app.c:5 ', p.stdout)

    def test_what_the_cache_knows_is_known_without_the_file(self):
        cache = self.at('cache')
        log = self.traced(self.at('unpacked', 'app'), folder=self.at('elsewhere'))
        library, debug = self.at('unpacked', 'libimage.so'), self.at('unpacked', 'image.debug')
        subprocess.run(['objcopy', '--only-keep-debug', library, debug], check=True)
        subprocess.run(['objcopy', '--strip-all', '--add-gnu-debuglink=' + debug, library], check=True)
        self.assertIn('image.c:4 ', self.memtrace('sites', log, XDG_CACHE_HOME=cache).stdout)
        shutil.rmtree(self.at('unpacked'))
        shutil.rmtree(self.at('kept'))
        p = self.memtrace('sites', log, XDG_CACHE_HOME=cache)
        self.assertIn('image.c:4 ', p.stdout)
        self.assertEqual(p.stderr, '')
        self.assertEqual(self.places(log), set())

    def debuginfod(self, files):
        server = Server(files)
        self.addCleanup(server.close)
        return server, {'DEBUGINFOD_URLS': server.url, 'DEBUGINFOD_CACHE_PATH': self.at('debuginfod'),
                        'DEBUGINFOD_TIMEOUT': '90'}

    def asked(self, server):
        """What was asked for, of the program's own files."""
        ids = {self.build_id('unpacked', 'app'), self.build_id('unpacked', 'libimage.so')}
        return [path for path in server.asked if path.split('/')[2] in ids]

    def test_debuginfod(self):
        files = {}
        for name in ('app', 'libimage.so'):
            with open(self.at('kept', name), 'rb') as f:
                files['/buildid/%s/debuginfo' % self.build_id('kept', name)] = f.read()
        log = self.traced(self.at('unpacked', 'app'), folder=self.at('elsewhere'))
        shutil.rmtree(self.at('kept'))
        server, env = self.debuginfod(files)
        self.view('sites', log, **env)
        self.assertEqual(self.asked(server), [])  # they are there
        wanted = set(files)
        shutil.rmtree(self.at('unpacked'))
        p = self.view('sites', log, **env)
        if 'libdebuginfod.so.1' in p.stderr:
            self.skipTest('no libdebuginfod.so.1')
        self.assertIn('image.c:4 ', p.stdout)
        self.assertIn('app.c:5 ', p.stdout)
        self.assertLessEqual(wanted, set(server.asked))

    def test_debuginfod_that_hangs_is_asked_once(self):
        log = self.run_and_remove(self.at('elsewhere'))
        shutil.rmtree(self.at('kept'))
        server, env = self.debuginfod(None)
        p = self.view('sites', log, **env)
        if 'libdebuginfod.so.1' in p.stderr:
            self.skipTest('no libdebuginfod.so.1')
        self.assertIn('no answer from ' + server.url, p.stderr)
        self.assertEqual(len(server.asked), 1, server.asked)
        self.assertEqual(p.stderr.count('no answer'), 1)
        self.assertIn('libimage.so+0x', p.stdout)


SPLIT = '''#include <stdlib.h>
static inline __attribute__((always_inline)) void *inner(size_t bytes) { return malloc(bytes); } /* INNER */
__attribute__((noinline)) void *outer(size_t bytes)
{
    char *volatile block = inner(bytes + 1); /* OUTER */
    block[0] = 1;
    return block;
}
int main(void)
{
    return outer(1000000) == 0; /* MAIN */
}
'''

MAKER = '''#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
/* push %rbp; mov %rsp,%rbp; mov %rdi,%rax; mov %rsi,%rdi; call *%rax; pop %rbp; ret */
static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf8, 0x48, 0x89, 0xf7, 0xff, 0xd0, 0x5d, 0xc3};
static void *take(size_t bytes) { return malloc(bytes); }
int main(int argc, char **argv)
{
    unsigned char *made = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(made, code, sizeof code);
    void *(*call)(void *(*)(size_t), size_t) = (void *(*)(void *(*)(size_t), size_t))(uintptr_t)made;
    printf("%d %p\\n", getpid(), (void *)made);
    fflush(stdout);
    return call(take, 3000000) == 0 || argc > 1 || !argv;
}
'''


SHIMS = '''#include <stdlib.h>
void *xmalloc(size_t bytes)
{
    void *block = malloc(bytes); /* SHIM */
    if (!block)
        abort();
    return block;
}
static void *load(void) { return xmalloc(1000000); } /* LOAD */
static void *pool(void) { return malloc(500000); } /* POOL */
int main(void)
{
    return load() == pool();
}
'''
UTIL = 'void *malloc(unsigned long);\nvoid *%s_util(void)\n{\n    return malloc(100000);\n}\n'


class Names(Late):
    """Whose code it is, what is no line, and names that tell files apart."""

    def test_shims(self):
        log = self.traced(self.build('shims', SHIMS))
        def lines(*args):
            return {(line['function'], line['line']): line for line in self.report(log, *args)['lines']
                    if line['file'] and line['file'].endswith('shims.c')}
        at, pool, shim = ('load', line_of('LOAD', SHIMS)), ('pool', line_of('POOL', SHIMS)), ('xmalloc', line_of('SHIM', SHIMS))
        without, all_of_them = lines(), lines('--shims')
        self.assertEqual(set(all_of_them) - set(without), {shim})
        self.assertEqual(without[at]['allocated_bytes'], 1000000)
        self.assertEqual(all_of_them[at], without[at])
        self.assertEqual(all_of_them[shim]['rise_bytes'], 1000000)
        self.assertLessEqual({at, pool}, set(without))
        for args in (), ('--all',):
            first = self.view('sites', *args, log).stdout
            self.assertNotIn('xmalloc', first)
            self.assertRegex(first, r'rise [^\n]+\n +shims.c:%d  load' % at[1])
            self.assertIn('shims.c:%d  xmalloc' % shim[1], self.view('sites', '--shims', *args, log).stdout)
        self.fails(self.view('lines', '-f', 'xmalloc', log, status=1), 1, '--shims')
        self.assertIn('void *block = malloc', self.view('lines', '--shims', '-f', 'xmalloc', log).stdout)
        rules = self.view('--rules').stdout
        for word in ('xmalloc', 'operator new*', 'std::allocator<*', 'alloc::alloc::*', 'libc.so*', '_start'):
            self.assertIn(word, rules)

    def test_where_programs_begin_is_no_line(self):
        log = self.traced(self.build('shims', SHIMS))
        for view in ('sites', 'lines', 'report'):
            p = self.view(view, '--all', log)
            self.assertNotRegex(p.stdout, r'(?<!\w)_start(?!\w)')
        stripped = self.build('shims', SHIMS, '-s')
        os.remove(log)
        self.assertNotRegex(self.view('report', self.traced(stripped)).stdout, r'(?<!\w)_start(?!\w)')

    def test_names_before_what_has_none(self):
        """A program without symbols, and a library with some: its functions are shown."""
        image, app = self.write('image.c', IMAGE), self.write('app.c', APP)
        self.cc('-O0', '-fPIC', '-shared', image, '-o', self.at('libimage.so'))
        self.cc('-O0', '-s', app, '-L' + self.folder, '-limage', '-Wl,-rpath,' + self.folder, '-o', self.at('app'))
        log = self.traced(self.at('app'))
        self.assertIn('load_image  in libimage.so', self.view('report', log).stdout)
        self.assertIn('libimage.so: load_image', self.view('lines', log).stdout)
        os.remove(log)
        alone = self.build('alone', '#include <string.h>\nint main(void) { return strdup("text") == 0; }\n', '-s')
        self.assertRegex(self.view('report', self.traced(alone)).stdout, r' alone\+0x[0-9a-f]+\n')

    def test_stripped_program_is_ones_own(self):
        """Nameless code of the program is shown where the program has no names but the standard library's, and never before names."""
        source = self.write('stripped.cc', STRIPPED)
        lines = {}
        for name, flags in ('named', ()), ('stripped', ('-s',)):
            program = self.at(name)
            self.cc('-O0', *flags, '-Wl,--export-dynamic-symbol=_ZN*St*', source, '-lstdc++', '-o', program)
            log = self.traced(program)
            answer = self.report(log)['questions']['never_given_back']
            lines[name] = {line['function'] or hex(line['address']): line['bytes'] for line in answer['lines']}
            shown = self.view('report', log).stdout.split('What jumped')[0]
            os.remove(log)
            self.assertNotIn('std::', shown.split('What holds')[1], name)
            self.assertIn('load(' if name == 'named' else ' stripped+0x', shown)
        self.assertEqual(lines['named'].get('load(char const*, char const*)'), 3000001, lines)
        self.assertIn(3000001, lines['stripped'].values(), lines)
        self.assertTrue(all(name.startswith('0x') for name in lines['stripped']), lines)

    def test_marks_are_no_names(self):
        """ARM's marks in a table of symbols, here as another processor's assembler makes them by hand."""
        program = self.build('marked', '#include <stdlib.h>\n'
                             'static void *load(void) { __asm__("\\"$x\\": \\"$d.1\\":"); return malloc(1000000); }\n'
                             'int main(void) { return load() == 0; }\n', '-g0')
        log = self.traced(program)
        self.assertEqual([line['function'] for line in self.report(log)['lines'] if line['function'] and 'lo' in line['function']], ['load'])
        self.assertNotIn('$', self.view('tree', log).stdout)

    def test_files_of_one_name(self):
        for folder in ('one', 'two', 'two/one'):
            os.makedirs(self.at(folder), exist_ok=True)
            self.write(folder + '/util.c', UTIL % folder.replace('/', '_'))
        self.write('main.c', 'void *one_util(void), *two_util(void), *two_one_util(void);\n'
                   'int main(void) { return one_util() == two_util() || !two_one_util(); }\n')
        self.cc('-g', '-O0', *(self.at(name) for name in ('main.c', 'one/util.c', 'two/util.c', 'two/one/util.c')),
                '-o', self.at('main'))
        shown = self.view('sites', self.traced(self.at('main'))).stdout
        folder = os.path.basename(self.folder)
        for name in (folder + '/one/util.c:4  one_util', ' two/util.c:4  two_util', 'two/one/util.c:4  two_one_util', ' main.c:2  main'):
            self.assertIn(name, shown)


    def test_program_of_less_than_a_page(self):
        """Headers, code and unwind tables in one segment of some 2,000 bytes, as linkers make them for aarch64."""
        program = self.build('small', UTIL % 'small' + 'int main(void) { return !small_util(); }\n', '-O1', '-Wl,-z,noseparate-code')
        shown = self.view('sites', self.traced(program)).stdout
        self.assertIn('small.c:6  main', shown)
        self.assertNotIn('cut', shown)


class Split(Late):
    """Debug information that is not in the program's own file."""

    def expect(self, program, inlined):
        log = self.traced(program)
        report = self.report(log)
        lines = {(line['function'], line['line']) for line in report['lines'] if (line['file'] or '').endswith('split.c')}
        os.remove(log)
        at = line_of('INNER', SPLIT)
        if inlined:
            self.assertLessEqual({('inner', at), ('outer', line_of('OUTER', SPLIT)), ('main', line_of('MAIN', SPLIT))}, lines)
        else:  # the line table has the innermost line, and nothing of inlined calls
            self.assertLessEqual({('outer', at), ('main', line_of('MAIN', SPLIT))}, lines)

    def test_missing_and_packed(self):
        for version in ('4', '5'):
            program = self.build('split', SPLIT, '-O2', '-gdwarf-' + version, '-gsplit-dwarf')
            self.expect(program, True)
            parts = [name for name in os.listdir(self.folder) if name.endswith('.dwo')]
            self.assertTrue(parts)
            packed = shutil.which('dwp') and subprocess.run(['dwp', '-e', program, '-o', program + '.dwp'],
                                                            capture_output=True).returncode == 0
            for name in parts:
                os.remove(self.at(name))
            self.expect(program, False)
            if packed:
                os.remove(program + '.dwp')
                self.expect(program, False)

    def test_lines_only(self):
        self.expect(self.build('split', SPLIT, '-O2', '-g1', '-gno-variable-location-views'), True)

    def test_compressed(self):
        self.expect(self.build('split', SPLIT, '-O2', '-gz=zlib'), True)

    def test_compressed_by_zstd(self):
        """Older versions of elfutils can't read that: then it is said, each time."""
        program = self.build('split', SPLIT, '-O2')
        if subprocess.run(['objcopy', '--compress-debug-sections=zstd', program], capture_output=True).returncode:
            self.skipTest('no objcopy that can do it')
        log = self.traced(program)
        for _ in range(2):
            p = self.memtrace('sites', log, XDG_CACHE_HOME=self.at('cache'))
            self.assertIn('main', p.stdout)
            self.assertNotEqual('split.c:%d ' % line_of('OUTER', SPLIT) in p.stdout, "elfutils can't read" in p.stderr, p)


class Made(Late):
    """Code of a JIT compiler, with the names that it wrote down for perf."""

    def setUp(self):
        super().setUp()
        if platform.machine() != 'x86_64':
            self.skipTest('the code is for x86_64')
        program = self.build('maker', MAKER)
        library = os.path.join(os.path.dirname(commands.memtrace), 'libmemtrace.so')
        self.log = self.at('log.mt')
        env = {**os.environ, 'MEMTRACE_QUIET': '1', 'MEMTRACE_OUTPUT': self.log, 'LD_PRELOAD': library}
        p = subprocess.run([program], env=env, cwd=self.folder, check=True, capture_output=True, text=True)
        self.pid, address = p.stdout.split()
        self.address = int(address, 16)

    def place(self):
        view = json.loads(self.view('sites', '--json', self.log).stdout)
        frames, node = [], view['sites'][0]['node']
        while node is not None:
            node, frame = view['tree'][node]
            frames.append(view['frames'][frame])
        names = [frame['function'] for frame in frames]
        self.assertEqual((names[0], names[2]), ('take', 'main'))
        return frames[1]['function'], frames[1]['file'], frames[1]['line']

    def test_map(self):
        self.assertEqual(self.place(), ('[unknown code]', None, None))
        path = self.write('perf-%s.map' % self.pid, '0 10 zero\nnonsense\n%x 800 JS:*earlier here.js:1:2\n%x e JS:*fast in.js:3\n%x' % (
            self.address, self.address, self.address))
        self.assertEqual(self.place(), ('JS:*fast in.js:3', None, None))
        self.assertIn('JS:*fast in.js:3', self.view('report', '--all', self.log).stdout)
        os.utime(path, (1, 1))  # another process of this number's
        self.assertEqual(self.place(), ('[unknown code]', None, None))

    def dump(self, *records):
        data = struct.pack('<6I2Q', 0x4a695444, 1, 40, 62, 0, int(self.pid), 0, 0)
        for kind, body in records:
            data += struct.pack('<IIQ', kind, 16 + len(body), 0) + body
        with open(self.at('jit-%s.dump' % self.pid), 'wb') as f:
            f.write(data)

    def load(self, address, size, name):
        return 0, struct.pack('<2I4Q', 1, 1, address, address, size, 1) + name + b'\0' + b'\x90' * size

    def test_dump(self):
        lines = struct.pack('<2Q', self.address, 3)
        lines += struct.pack('<Q2I', self.address, 7, 0) + b'/src/made.js\0'
        lines += struct.pack('<Q2I', self.address + 6, 8, 0) + b'\xff\0'
        lines += struct.pack('<Q2I', self.address + 12, 9, 0) + b'\xff\0'
        self.dump(self.load(self.address, 14, b'older'), (2, lines), self.load(self.address, 14, b'newer'))
        self.assertEqual(self.place(), ('newer', '/src/made.js', 8))
        self.dump(self.load(self.address, 14, b'a' * 20000))
        self.assertEqual(self.place(), ('a' * 20000, None, None))
        move = struct.pack('<2I5Q', 1, 1, self.address, 4096, self.address, 14, 1)
        self.dump(self.load(4096, 14, b'moved'), (1, move), (3, b''), (77, b'x' * 8))
        self.assertEqual(self.place(), ('moved', None, None))
        with open(self.at('jit-%s.dump' % self.pid), 'r+b') as f:
            f.truncate(50)
        self.assertEqual(self.place(), ('[unknown code]', None, None))


if __name__ == '__main__':
    main()
