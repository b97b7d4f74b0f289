# SPDX-License-Identifier: MIT
"""What memtrace reads of Mach-O files, against LLVM's reader: names, lines and inlined calls of both architectures; which slice, which .dSYM; damaged ones."""
import os
import random
import re
import shutil
import struct

from loading import PROGRAMS, same
from support.running import Failed, Skip, run
from zig import ARCHITECTURES

LLVM = 'dsymutil', 'llvm-nm', 'llvm-lipo', 'llvm-symbolizer'


def llvm():
    """LLVM's tools by name, all of one version."""
    for version in range(21, 13, -1):
        found = {name: shutil.which('%s-%d' % (name, version)) for name in LLVM}
        if all(found.values()):
            return found
    raise Skip('%s are not here: apt-get install llvm' % ', '.join(LLVM))


def tool(*command):
    done = run(command)
    if done.status:
        raise Failed('%s: %s' % (' '.join(command), done.err[-2000:]))
    return done.out


class Linked:
    """A program of both languages, in a folder of its own, with a .dSYM."""
    def __init__(self, test, architecture):
        self.folder = os.path.join(test.folder, architecture)
        os.mkdir(self.folder)
        self.path, self.tools = os.path.join(self.folder, 'program'), llvm()
        objects = []
        for name, language, options in ('inlined.cc', 'c++', ['-g', '-O2']), ('outside.c', 'cc', ['-O1']):
            objects.append(os.path.join(self.folder, name + '.o'))
            test.zig.cc(objects[-1], '-c', *options, os.path.join(PROGRAMS, name), architecture=architecture, language=language)
        test.zig.cc(self.path, *objects, architecture=architecture)
        tool(self.tools['dsymutil'], self.path)
        self.dsym = os.path.join(self.path + '.dSYM', 'Contents', 'Resources', 'DWARF', 'program')
        self.id = uuid(self.path)
        self.functions = {name: int(address, 16) for address, name in
                          re.findall(r'^(\w+) [tT] (\S+)$', tool(self.tools['llvm-nm'], self.path), re.M) if name != '__mh_execute_header'}

    def addresses(self):
        """Of every fourth byte of all functions: instructions begin there, or not."""
        first, last = min(self.functions.values()), max(self.functions.values())
        return ['%x' % address for address in range(first, last + 16, 4)]


def uuid(path):
    """The id of a file of one architecture."""
    with open(path, 'rb') as file:
        data = file.read()
    at = 32
    for _ in range(struct.unpack_from('<I', data, 16)[0]):
        kind, size = struct.unpack_from('<II', data, at)
        if kind == 0x1b:
            return data[at + 8:at + 24].hex()
        at += size
    raise Failed('%s: no LC_UUID' % path)


def lookup(test, path, addresses, *options):
    """For each address its frames, innermost first: (function, file, line)."""
    done = run([test.build.path('macos_lookup'), path, *options, *addresses])
    if done.status not in (0, 1):
        raise Failed('lookup %s: status %d: %s' % (path, done.status, done.err))
    frames = [[]]
    for line in done.out.splitlines():
        if line:
            function, file, number = re.fullmatch(r'(.*) (\S+):(\d+)', line).groups()
            frames[-1].append((function, os.path.basename(file), int(number)))
        else:
            frames.append([])
    return frames[:-1], done.err.strip()


def by_llvm(linked, addresses):
    text = tool(linked.tools['llvm-symbolizer'], '--obj=' + linked.path, *['0x' + a for a in addresses])
    result = []
    for part in text.strip().split('\n\n'):
        lines = part.splitlines()
        result.append([(f, os.path.basename(at.rsplit(':', 2)[0]), int(at.rsplit(':', 2)[1])) for f, at in zip(lines[::2], lines[1::2])])
    return result


def bare(function):
    """Without parameters and templates' arguments, which the two spell differently."""
    return re.sub(r'<.*>|\(.*', '', function).split('::')[-1].split(' ')[-1]


def differences(ours, theirs, addresses):
    for mine, other, address in zip(ours, theirs, addresses):
        other = [frame for frame in other if frame[0] != '??']
        if [bare(f[0]) for f in mine] != [bare(f[0]) for f in other]:
            yield '%s: functions %s, LLVM says %s' % (address, mine, other)
        elif any(o[2] and m[1:] != o[1:] for m, o in zip(mine, other)):
            yield '%s: lines %s, LLVM says %s' % (address, mine, other)


def whole(test, linked):
    addresses = linked.addresses()
    theirs = by_llvm(linked, addresses)
    if max(map(len, theirs)) < 3 or len(addresses) < 30:
        raise Failed('a poor program: %d addresses, at most %d frames' % (len(addresses), max(map(len, theirs))))
    for path, options in (linked.path, []), (linked.path, ['-i', linked.id]), (linked.dsym, ['-i', linked.id]):
        ours, problem = lookup(test, path, addresses, *options)
        same((len(ours), problem), (len(theirs), ''), path)
        same(list(differences(ours, theirs, addresses)), [], path)
    kinds = {(len(frames), frames[0][0].split('(')[0]) for frames in ours if frames}
    if not {(3, 'room::inner'), (1, 'outside')} <= kinds:
        raise Failed('what was looked up: %s' % kinds)


def without_dsym(test, linked):
    """Names are known all the same; and it is said what is missing. Another program's .dSYM does not count."""
    os.rename(linked.path + '.dSYM', linked.path + '.away')
    address = '%x' % linked.functions['_main']
    for _ in range(2):
        ours, problem = lookup(test, linked.path, [address])
        same(ours, [[('main', '?', 0)]], 'without a .dSYM')
        if 'has no .dSYM beside it' not in problem:
            raise Failed('without a .dSYM: %r' % problem)
        other = shutil.copytree(linked.path + '.away', linked.path + '.dSYM', dirs_exist_ok=True)
        inside = os.path.join(other, 'Contents', 'Resources', 'DWARF', 'program')
        with open(inside, 'rb') as file:
            data = file.read().replace(bytes.fromhex(linked.id), bytes(16))
        with open(inside, 'wb') as file:
            file.write(data)
    shutil.rmtree(linked.path + '.dSYM')
    os.rename(linked.path + '.away', linked.path + '.dSYM')


def bundle(test, linked):
    """A program in an application: the .dSYM stands beside that."""
    inside = os.path.join(test.folder, 'An.app', 'Contents', 'MacOS')
    os.makedirs(inside)
    shutil.copy(linked.path, inside)
    shutil.copytree(linked.path + '.dSYM', os.path.join(test.folder, 'An.app.dSYM'))
    ours, problem = lookup(test, os.path.join(inside, 'program'), ['%x' % linked.functions['_main']])
    same((ours[0][0][1], problem), ('inlined.cc', ''), 'a program in a bundle')


def universal(test, both):
    """One file of both: the slice is chosen by the id, in the program and in its .dSYM."""
    path = os.path.join(test.folder, 'both')
    dsym = os.path.join(path + '.dSYM', 'Contents', 'Resources', 'DWARF')
    os.makedirs(dsym)
    for of, output in (lambda one: one.path, path), (lambda one: one.dsym, os.path.join(dsym, 'both')):
        tool(both[0].tools['llvm-lipo'], '-create', *map(of, both), '-output', output)
    for linked in both:
        addresses = linked.addresses()
        ours, problem = lookup(test, path, addresses, '-i', linked.id)
        same(problem, '', 'a universal file')
        same(list(differences(ours, by_llvm(linked, addresses), addresses)), [], 'a universal file')
    same(lookup(test, path, ['1'], '-i', '00' * 16)[1], 'is not the file that ran (its build-id differs)', 'an id of neither')


def damaged(test, linked):
    """Any bytes: a message, or what can still be read; never a crash."""
    choice = random.Random(18)
    path = os.path.join(test.folder, 'damaged')
    with open(linked.path, 'rb') as file:
        good = file.read()
    commands = 32 + struct.unpack_from('<I', good, 20)[0]
    addresses, said = linked.addresses()[:8], set()
    for i in range(300):
        data = bytearray(good)
        if i % 3 == 0:
            del data[choice.randrange(8, len(good)):]
        for _ in range(choice.choice((0, 1, 4)) if i % 3 == 0 else 2):
            at = choice.randrange(8, min(commands, len(data))) & ~3
            data[at:at + 4] = choice.choice((b'\xff' * 4, bytes(4), struct.pack('<I', choice.randrange(1 << 20)), choice.randbytes(4)))
        with open(path, 'wb') as file:
            file.write(data)
        said.add(lookup(test, path, addresses)[1])
    if not {'is a damaged Mach-O file: what it names lies beyond its end'} <= said:
        raise Failed('what was said of damaged files: %s' % said)


def symbols(test):
    both = [Linked(test, architecture) for architecture in ARCHITECTURES]
    for linked in both:
        whole(test, linked)
        without_dsym(test, linked)
    bundle(test, both[0])
    universal(test, both)
    damaged(test, both[0])
