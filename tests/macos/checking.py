# SPDX-License-Identifier: MIT
"""libmemtrace.dylib as a file, for each architecture; and that the check sees what may be wrong with it."""
import os
import struct

from check_macho import check
from macho import Macho
from support.running import Failed
from zig import HERE

HOOKS = os.path.join(os.path.dirname(os.path.dirname(HERE)), 'interpose', 'hooks_darwin.def')
IMPORTS = os.path.join(HERE, 'imports.txt')


def changed(test, dylib, said, change, **lists):
    """With this change of its bytes, or of the lists, the check must say that."""
    path = os.path.join(test.folder, 'changed.dylib')
    with open(dylib, 'rb') as file:
        data = bytearray(file.read())
    change(data)
    with open(path, 'wb') as file:
        file.write(data)
    problems = check(path, lists.get('hooks', HOOKS), lists.get('imports', IMPORTS))[0]
    if not any(said in problem for problem in problems):
        raise Failed('the check does not say "%s", but %s' % (said, problems))


def without(test, path, line):
    """A list that lacks a line."""
    other = os.path.join(test.folder, 'list')
    with open(path) as file, open(other, 'w') as out:
        out.writelines(text for text in file if not text.startswith(line))
    return other


def faults(test, dylib):
    macho = Macho(dylib)
    section = next(s for s in macho.sections if s.name == '__interpose')
    segment = next(s for s in macho.segments if section in s.sections)
    headers = {kind: at for kind, at, _ in macho.commands}
    of_section = macho.data.index(b'__interpose\0\0\0\0\0__DATA')
    place = segment.offset + section.address - segment.address
    nothing = lambda data: None  # noqa: E731

    def put(at, form, *values):
        return lambda data: struct.pack_into(form, data, at, *values)
    changed(test, dylib, 'tuples, and', put(of_section + 40, '<Q', section.size - 16))
    changed(test, dylib, 'is not _mt_hook_', put(place, '<Q', macho.word(section.address + 16)))
    changed(test, dylib, 'sections __interpose: []', put(of_section, '<16s', b'__interpost'))
    changed(test, dylib, 'has thread-local variables', put(of_section + 64, '<I', 0x13))
    changed(test, dylib, 'has no LC_UUID', put(headers[0x1b], '<I', 0x26))
    changed(test, dylib, 'is for platform 1, version (12, 0)', put(headers[0x32] + 12, '<I', 12 << 16))
    changed(test, dylib, 'which is not in the list', nothing, hooks=without(test, HOOKS, 'MT_HOOK(malloc,'))
    changed(test, dylib, 'needs _mmap, which is not in the list', nothing, imports=without(test, IMPORTS, '_mmap'))
    if 0x1d in headers:
        changed(test, dylib, 'its signature is wrong in pages [', put(20004, '<I', 1))
        changed(test, dylib, 'has no code signature', put(headers[0x1d], '<I', 0x26))


def checked(architecture):
    def test_of(test):
        dylib = test.dylib(architecture)
        problems, count = check(dylib, HOOKS, IMPORTS)
        if problems:
            raise Failed('\n'.join(problems))
        print('%d tuples' % count)
        faults(test, dylib)
    return test_of
