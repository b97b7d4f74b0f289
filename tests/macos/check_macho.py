#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether libmemtrace.dylib is as it must be: check_macho.py DYLIB hooks_darwin.def imports.txt

One tuple for each wrapped function, each of the right function and its wrapper (a linker may leave all of them out and say nothing); no thread-local
variables, whose first use would allocate; nothing from outside but what is known; the system's requirements of such a file."""
import re
import sys

from macho import Macho

SYSTEM = '/usr/lib/libSystem.B.dylib'
NAMES = {0x01000007: 'x86_64', 0x0100000c: 'arm64'}
THREAD_SECTIONS = range(0x11, 0x16)
OLDEST = 11, 0


def hooks(path):
    """Each function of the list: whether a system may lack it."""
    with open(path) as file:
        return {name: bool(maybe) for maybe, name in re.findall(r'^MT_HOOK(_MAYBE)?\((\w+),', file.read(), re.M)}


def on_arm64(name):
    """On x86_64 some names tell which variant is meant, and one is another."""
    return '_bzero' if name == '___bzero' else name.replace('$INODE64', '')


def tuples(macho, wanted):
    sections = [s for s in macho.sections if s.name == '__interpose']
    if len(sections) != 1 or sections[0].segment not in ('__DATA', '__DATA_CONST'):
        yield 'sections __interpose: %s' % [(s.segment, s.name) for s in sections]
        return
    section, binds, rebases, defined, found = sections[0], macho.binds(), macho.rebases(), macho.defined(), []
    if section.size != 16 * len(wanted):
        yield '%s tuples, and %d functions in the list' % (section.size / 16, len(wanted))
    for at in range(section.address, section.address + section.size, 16):
        name, library, weak = binds.get(at + 8, (None, None, None))
        if not name or name[1:] not in wanted:
            yield 'the tuple at %#x is of %s, which is not in the list' % (at, name)
            continue
        found.append(name[1:])
        if library != SYSTEM:
            yield '%s is of %s' % (name, library)
        if weak != wanted[name[1:]]:
            yield '%s must %sbe a weak import' % (name, '' if wanted[name[1:]] else 'not ')
        if at not in rebases:
            yield 'the wrapper of %s is no function of the file' % name
        elif macho.word(at) != defined.get('_mt_hook' + name, 0):
            yield 'the wrapper of %s is not _mt_hook%s' % (name, name)
    if sorted(found) != sorted(wanted):
        yield 'not one tuple each: %s' % sorted(set(found) ^ set(wanted) or {n for n in found if found.count(n) > 1})


def imports(macho, path):
    with open(path) as file:
        listed = set(file.read().split())
    undefined = set(macho.undefined())
    if NAMES[macho.cpu] == 'arm64':  # the list is of x86_64
        listed = {on_arm64(name) for name in listed}
    for name in sorted(undefined - listed):
        yield 'needs %s, which is not in the list' % name
    for name in sorted(listed - undefined):
        yield 'does not need %s, which is in the list' % name


def system(macho):
    """What the system wants."""
    if macho.type != 6:
        yield 'is no dylib, but of type %d' % macho.type
    if not macho.command(0x1b):
        yield 'has no LC_UUID'
    if macho.own_name() != '@rpath/libmemtrace.dylib':
        yield 'its name is %s' % macho.own_name()
    if macho.dylibs() != [SYSTEM]:
        yield 'needs %s' % macho.dylibs()
    if macho.oldest() != (1, OLDEST):
        yield 'is for platform %d, version %s' % macho.oldest()
    wrong = macho.wrong_pages()
    if wrong is None and NAMES[macho.cpu] == 'arm64':
        yield 'has no code signature'
    elif wrong:
        yield 'its signature is wrong in pages %s' % wrong
    for segment in macho.segments:
        if segment.protection & 6 == 6:
            yield 'segment %s is writable and executable' % segment.name
    for section in macho.sections:
        if section.type in THREAD_SECTIONS or section.name.startswith('__thread'):
            yield 'has thread-local variables: %s,%s' % (section.segment, section.name)


def check(dylib, hooks_def, list_of_imports):
    """What is wrong, and how many tuples there should be."""
    macho, wanted = Macho(dylib), hooks(hooks_def)
    if not wanted:
        return ['%s lists no functions' % hooks_def], 0
    return [*tuples(macho, wanted), *imports(macho, list_of_imports), *system(macho)], len(wanted)


if __name__ == '__main__':
    problems, count = check(*sys.argv[1:4])
    print('\n'.join(problems) or '%s: %d tuples, all right' % (sys.argv[1], count))
    sys.exit(bool(problems))
