#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""wheel.py TREE FOLDER: make a wheel (PEP 427, 600) of what `cmake --install` put into TREE.

The Python module is where Python finds it. The command goes to the environment's bin, the library and what else the command looks for
to its lib/memtrace, by the wheel's `data` scheme. The tag is the oldest glibc whose symbols the binaries need.
"""
import base64
import hashlib
import os
import platform
import re
import subprocess
import sys
import time
import zipfile

ALLOWED = re.compile(r'(lib(c|m|pthread|dl|rt)\.so\.\d+|ld-linux-.*\.so\.\d+)$')  # PEP 600's list has more; these are in every glibc


def oldest_glibc(paths):
    newest = (2, 5)
    for path in paths:
        text = subprocess.check_output(['objdump', '-p', path], text=True, env=dict(os.environ, LC_ALL='C'))
        for library in re.findall(r'^ +NEEDED +(\S+)$', text, re.M):
            if not ALLOWED.match(library):
                sys.exit('wheel.py: %s needs %s, which a wheel cannot take for granted' % (path, library))
        # A weak symbol's version is marked as such: the loader does without.
        for flags, version in re.findall(r'0x[0-9a-f]+ (0x[0-9a-f]+) \d+ GLIBC_([0-9.]+)$', text, re.M):
            if not int(flags, 16) & 2:
                newest = max(newest, tuple(map(int, version.split('.'))))
    return newest


def main():
    tree, folder = sys.argv[1:]
    python = os.path.join(tree, 'lib/memtrace/python')
    info = next(name for name in os.listdir(python) if name.endswith('.dist-info'))
    version = info[len('memtrace-'):-len('.dist-info')]
    data = 'memtrace-%s.data' % version
    binaries = [os.path.join(tree, 'bin/memtrace'), os.path.join(tree, 'lib/memtrace/libmemtrace.so')]
    tag = 'py3-none-manylinux_%d_%d_%s' % (*oldest_glibc(binaries)[:2], platform.machine())
    files = {}
    for place, _, names in os.walk(tree):
        for name in names:
            path = os.path.join(place, name)
            inside = os.path.relpath(path, tree)
            if inside.startswith('lib/memtrace/python/'):
                files[os.path.relpath(path, python)] = path
            if inside == 'bin/memtrace':
                files[data + '/scripts/memtrace'] = path
            elif inside.startswith(('lib/memtrace/', 'share/man/', 'share/bash-completion/', 'share/zsh/', 'share/fish/')) and '.dist-info/' not in inside:
                files[data + '/data/' + inside] = path
    files[info + '/LICENSE'] = os.path.join(tree, 'share/doc/memtrace/LICENSE')
    date = time.gmtime(max(int(os.environ.get('SOURCE_DATE_EPOCH', '315532800')), 315532800))[:6]
    target = os.path.join(folder, 'memtrace-%s-%s.whl' % (version, tag))
    record = []
    with zipfile.ZipFile(target, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as wheel:
        def add(name, content, mode):
            entry = zipfile.ZipInfo(name, date)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            wheel.writestr(entry, content, compresslevel=9)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()
            record.append('%s,sha256=%s,%d' % (name, digest, len(content)))
        for name in sorted(files):
            with open(files[name], 'rb') as file:
                add(name, file.read(), 0o755 if os.access(files[name], os.X_OK) else 0o644)
        add(info + '/WHEEL', ('Wheel-Version: 1.0\nGenerator: memtrace\nRoot-Is-Purelib: false\nTag: %s\n' % tag).encode(), 0o644)
        record.append(info + '/RECORD,,')
        entry = zipfile.ZipInfo(info + '/RECORD', date)
        entry.external_attr, entry.compress_type, entry.create_system = 0o100644 << 16, zipfile.ZIP_DEFLATED, 3
        wheel.writestr(entry, '\n'.join(record) + '\n', compresslevel=9)
    print(os.path.basename(target))


main()
