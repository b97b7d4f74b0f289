# SPDX-License-Identifier: MIT
"""The small loader itself: programs that know what should be, fixups of both kinds, what is refused."""
import os
import re

from support.running import Failed, Skip, run
from zig import HERE, lld

PROGRAMS = os.path.join(HERE, 'programs')
REFUSED = 127


def source(name):
    return os.path.join(PROGRAMS, name + '.c')


def same(found, wanted, what):
    if found != wanted:
        raise Failed('%s: found %r, wanted %r' % (what, found, wanted))


class Programs:
    """What is compiled for macOS, in a folder."""
    def __init__(self, zig, folder, linker=()):
        self.zig, self.folder, self.linker = zig, folder, linker

    def path(self, name):
        return os.path.join(self.folder, name)

    def object(self, name):
        return self.zig.cc(self.path(name + '.o'), '-c', '-g', '-O1', source(name))

    def link(self, name, *arguments):
        """By zig's own linker, or by the one that was given."""
        if not self.linker:
            return self.zig.cc(self.path(name), '-g', '-O1', *arguments)
        stub = os.path.join(os.path.dirname(self.zig.program), 'lib', 'libc', 'darwin', 'libSystem.tbd')
        done = run([*self.linker, '-arch', 'x86_64', '-platform_version', 'macos', '13.0', '13.0', '-o', self.path(name), *arguments, stub])
        if done.status:
            raise Failed('%s: %s' % (name, done.err[-3000:]))
        return self.path(name)

    def dylib(self, name, *arguments):
        return self.link(name, '-dylib' if self.linker else '-dynamiclib', '-install_name', '@rpath/' + name, *arguments)

    def guest(self):
        """Linked with a library that has a function more than the one that it runs with."""
        library = self.dylib('libguest.dylib', self.object('gone'))
        program = self.link('guest', self.object('guest'), library)
        self.dylib('libguest.dylib', self.object('guest_library'))
        return program

    def inserted(self):
        return self.dylib('libinserted.dylib', self.object('inserted'))


def loaded(loader, *arguments):
    return run([loader, *arguments])


def guest_runs(loader, program, folder, *options):
    done = loaded(loader, *options, '--', program, folder)
    text = re.sub(r'inserted: .*\n', '', done.err)
    same((done.status, done.out, text), (42, '0 failures, guest_gone not there\natexit\'s ran\nthe destructor ran\n', ''), 'the guest')
    return done.err


def counts(loader, program, inserted, typed):
    """In the program all is interposed, in the inserted library nothing."""
    hide = [] if typed else ['--hide', '_malloc_type_malloc']
    done = loaded(loader, '--insert', inserted, *hide, '--', program, '1000')
    wanted = 'inserted: begins, typed malloc is %sthere\ninserted: 1000 allocated, %d released, %d typed\n' % (
        '' if typed else 'not ', 2000 if typed else 1000, 1000 if typed else 0)
    same((done.status, done.out, done.err), (0, '', wanted), 'counted')


def all_of(loader, programs):
    guest, inserted = programs.guest(), programs.inserted()
    counted = programs.link('counted', programs.object('counted'))
    guest_runs(loader, guest, programs.folder)
    said = guest_runs(loader, guest, programs.folder, '--insert', inserted)
    if not re.search(r'inserted: [1-9]\d* allocated, [1-9]\d* released', said):
        raise Failed('the guest\'s allocations were not counted: %s' % said)
    for typed in True, False:
        counts(loader, counted, inserted, typed)


def refused(loader, said, *arguments):
    done = loaded(loader, *arguments)
    same((done.status, done.out), (REFUSED, ''), 'what must be refused')
    if not re.search(said, done.err):
        raise Failed('refused, but not for %s: %s' % (said, done.err))


def refusals(loader, programs):
    counted = programs.link('counted', programs.object('counted'))
    refused(loader, r'known:\n  _mbr_uid_to_uuid of \S+unknown\n  _newlocale of \S+unknown\n$', programs.link('unknown', programs.object('unknown')))
    locals_ = programs.dylib('liblocals.dylib', programs.object('locals'))
    refused(loader, 'has thread-local variables', '--insert', locals_, '--', counted)
    refused(loader, 'No such file', programs.path('nothing'))
    refused(loader, 'is no Mach-O file', loader)
    arm = programs.zig.cc(programs.path('arm'), source('counted'), architecture='aarch64')
    refused(loader, 'is no Mach-O file for x86_64', arm)
    with open(counted, 'rb') as file:
        whole = file.read()
    for length in 10, 100, 600, len(whole) // 2:
        with open(programs.path('cut'), 'wb') as file:
            file.write(whole[:length])
        refused(loader, 'loader: ', programs.path('cut'))


def loader(test):
    """Fixups as opcodes, which zig's linker makes."""
    programs = Programs(test.zig, test.folder)
    all_of(test.loader, programs)
    refusals(test.loader, programs)


def chains(test):
    """Fixups as chains, and initialisers as offsets, as Apple's linker makes for newer systems."""
    linker = lld()
    if not linker:
        raise Skip('ld64.lld 15 or newer is not here: apt-get install lld-16')
    for name, options in ('opcodes', []), ('chains', ['-fixup_chains']), ('offsets', ['-fixup_chains', '-init_offsets']):
        folder = os.path.join(test.folder, name)
        os.mkdir(folder)
        all_of(test.loader, Programs(test.zig, folder, [linker, *options]))
