# SPDX-License-Identifier: MIT
"""The Pythons that this machine has: those of PATH, of pyenv, and what MEMTRACE_TEST_PYTHONS names (by path, separated as in
PATH)."""
import collections
import functools
import glob
import os
import re
import subprocess
import sys

from support.running import Skip

PROBE = ("import sys; print('%d %d %s %s %d %s' % (sys.version_info[0], sys.version_info[1], sys.executable or '-', "
         "getattr(getattr(sys, 'implementation', None), 'name', 'cpython'), 'free-threading' in sys.version, "
         "sys.version.split()[0]))")

# known: memtrace reads its stacks; free: it has no GIL
Interpreter = collections.namedtuple('Interpreter', 'path version name known flags free')


def candidates():
    yield from filter(None, os.environ.get('MEMTRACE_TEST_PYTHONS', '').split(os.pathsep))
    folders = os.environ.get('PATH', '').split(os.pathsep) + ['/usr/bin', '/usr/local/bin']
    for root in filter(None, (os.environ.get('PYENV_ROOT'), os.path.expanduser('~/.pyenv'))):
        # Its shims are shell scripts that lead to what stands in its other folders: all of them took 15 s of a processor, each time.
        folders = [it for it in folders if os.path.realpath(it) != os.path.realpath(os.path.join(root, 'shims'))]
        folders += sorted(glob.glob(os.path.join(root, 'versions', '*', 'bin')))
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(folder, '*'))):
            if re.match(r'(python[0-9.]*[dt]?|pypy[0-9.]*)$', os.path.basename(path)) and os.access(path, os.X_OK):
                yield path


def probe(path):
    try:
        done = subprocess.run([path, '-c', PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                              universal_newlines=True)
    except OSError:
        return None
    words = done.stdout.split()
    if done.returncode or len(words) != 6:
        return None  # a version manager's shim, say
    version = (int(words[0]), int(words[1]))
    known = words[3] == 'cpython' and (version == (3, 13) if words[4] == '1' else (3, 8) <= version <= (3, 15))
    name = '%s %s%s' % (words[3], words[5], ' without GIL' if words[4] == '1' else '')
    return Interpreter(words[2] if words[2] != '-' else path, version, name, known, [], words[4] == '1')


@functools.lru_cache(maxsize=None)
def interpreters():
    """Each once, the oldest first."""
    found, seen = [], set()
    for path in candidates():
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        it = probe(path)
        if it and (os.path.realpath(it.path) == real or os.path.realpath(it.path) not in seen):
            seen.add(os.path.realpath(it.path))
            found.append(it)
    return sorted(found, key=lambda it: (it.version, it.path))


def known():
    return [it for it in interpreters() if it.known]


@functools.lru_cache(maxsize=None)
def system():
    """The one that comes with the system, else the one that runs the tests."""
    for path in '/usr/bin/python3', sys.executable:
        it = probe(path)
        if it and it.known:
            return it
    return known()[0] if known() else None


def add_choice(parser):
    parser.add_argument('--pythons', choices=('system', 'others', 'ends', 'between', 'all'), default='all',
                        help="the system's Python; those here of other versions; the oldest and the newest of these; those between; or all, as by default")
    parser.add_argument('--python', metavar='PATH', help='this one alone')


def chosen(options):
    """The known interpreters that the options ask for."""
    if options.python:
        return [probe(options.python)]
    if options.pythons == 'system':
        return [system()] if system() else []
    if options.pythons == 'all':
        return known()
    others = [it for it in known() if (it.version, it.free) != (system().version, system().free)]
    ends = others[:1] + others[1:][-1:]
    return {'others': others, 'ends': ends, 'between': [it for it in others if it not in ends]}[options.pythons]


def has(path, *modules):
    return subprocess.run([path, '-c', 'import ' + ', '.join(modules)], cwd='/', stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def with_modules(*modules):
    """The path of a CPython with a GIL that has these modules."""
    if system() and has(system().path, *modules):
        return system().path
    for it in known():
        if not it.free and has(it.path, *modules):
            return it.path
    raise Skip('no CPython here has ' + ', '.join(modules))
