# SPDX-License-Identifier: MIT
"""Prints the tables of `python -m memtrace`, in a process of its own: _main.py writes to its standard input what to print."""

import io
import marshal
import os
import sys

from . import _tables, _text


def main():
    log, folder, encoding, errors, tables = marshal.load(sys.stdin.buffer)
    os.chdir(folder)
    out = io.TextIOWrapper(sys.stdout.buffer, encoding, errors, newline="\n")
    try:
        report = _tables.ask("report", log)
        for code, precision, rise in tables:
            _text.write(out, _tables.format_function(report, code, precision, rise))
        out.flush()
    except _tables.ToolError as problem:
        sys.exit("memtrace: %s" % problem)
    except BrokenPipeError:
        os._exit(0)
