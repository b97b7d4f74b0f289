# SPDX-License-Identifier: MIT
"""python -m memtrace with every option of the interpreter, in every way to name a program."""

from case_start import OPTIONS, Start, every, programs
from common import folder_with


def check(build):
    for python in build.interpreters:
        with folder_with("start_program.py") as folder:
            it = Start(build, python, folder)
            ways = programs(folder)
            every(it, ways, OPTIONS, 4)
            for program in ways["folder"], ways["package"], ways["attached"]:
                it.both([], program)
    return "%d interpreters" % len(build.interpreters)
