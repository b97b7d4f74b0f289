# SPDX-License-Identifier: MIT
"""Compare mt_python_line with this interpreter's own view of its line tables.

Usage: decoder_check.py DECODER.so [CODE_OBJECTS]; run by run.py under each interpreter.
"""
import ctypes
import dis
import os
import random
import sys
import sysconfig
import types
import warnings

LNOTAB, RANGES, LOCATIONS = 0, 1, 2


def sources(root):
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in ("site-packages", "dist-packages"))
        for name in sorted(files):
            if name.endswith(".py"):
                yield os.path.join(folder, name)


def nested(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            for inner in nested(const):
                yield inner


def code_objects(root):
    warnings.simplefilter("ignore")
    for path in sources(root):
        try:
            with open(path, "rb") as f:
                code = compile(f.read(), path, "exec")
        except (SyntaxError, ValueError, OSError, RecursionError):
            continue
        for inner in nested(code):
            yield inner


def expected_lines(code):
    """offset -> line or -1, for every offset of an instruction."""
    lines = {}
    if hasattr(code, "co_lines"):
        for start, end, line in code.co_lines():
            for offset in range(start, end, 2):
                lines[offset] = -1 if line is None else line
        return lines
    starts = dict(dis.findlinestarts(code))
    line = code.co_firstlineno
    for offset in range(0, len(code.co_code), 2):
        line = starts.get(offset, line)
        lines[offset] = line
    return lines


class Mark(ctypes.Structure):
    _fields_ = [("at", ctypes.c_size_t), ("end", ctypes.c_int64), ("line", ctypes.c_int)]


def main():
    decoder = ctypes.CDLL(sys.argv[1]).mt_python_line
    decoder.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int64,
                        ctypes.POINTER(Mark)]
    random.seed(1)
    wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    form = LNOTAB if sys.version_info < (3, 10) else RANGES if sys.version_info < (3, 11) else LOCATIONS
    codes = offsets = wrong = lineless = 0
    for code in code_objects(sysconfig.get_paths()["stdlib"]):
        table = code.co_lnotab if form == LNOTAB else code.co_linetable
        first = code.co_firstlineno
        expected = expected_lines(code)
        expected[-2] = first  # a frame that has not begun
        mark, search = Mark(), sorted(expected.items())
        for _ in range(len(search) // 8):  # mostly forward, as code runs
            i, j = random.randrange(len(search)), random.randrange(len(search))
            search[i], search[j] = search[j], search[i]
        for offset, line in search:
            got = decoder(form, table, len(table), first, offset, None)
            if got == line:
                got = decoder(form, table, len(table), first, offset, mark)
            offsets += 1
            lineless += line == -1
            if got != line:
                wrong += 1
                if wrong <= 5:
                    print("%s:%s offset %d: %d instead of %d"
                          % (code.co_filename, code.co_name, offset, got, line))
        codes += 1
        if codes >= wanted:
            break
    print("%d code objects, %d offsets (%d without a line), %d wrong" % (codes, offsets, lineless, wrong))
    if codes < 500:
        print("too few code objects to mean anything")
        return 1
    return 1 if wrong else 0


sys.exit(main())
