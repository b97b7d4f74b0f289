# SPDX-License-Identifier: MIT
"""Instructions, counted by callgrind: times scatter on a shared machine, instructions do not."""
import os
import shutil
import subprocess
import sys

from support.outcome import SKIPPED


def is_here():
    return shutil.which('valgrind') is not None


def skip_without():
    """Ends the test as skipped where there is no callgrind."""
    if not is_here():
        print('no valgrind here: skipped')
        sys.exit(SKIPPED)


def of_object(path, part):
    """Instructions in a callgrind file: all, and those in the object that has `part` in its path, with all that is inlined there."""
    names, within, call = {}, False, False
    sums = {False: 0, True: 0}
    with open(path) as file:
        for line in file:
            if line.startswith(('ob=', 'cob=')):
                number, _, name = line.rstrip().split('=', 1)[1].partition(' ')
                within_now = names.setdefault(number, part in name)
                within = within_now if line.startswith('ob=') else within
            elif line.startswith('calls='):
                call = True  # the next line is what was called, which stands for itself elsewhere
            elif line[0] in '+-*0123456789':
                if not call:
                    sums[within] += int(line.split()[1])
                call = False
    return sums[False] + sums[True], sums[True]


def counts(command, env, folder):
    """How many instructions a run of the command in `folder` takes, and how many of them inside the library."""
    out = os.path.join(folder, 'callgrind.out')
    subprocess.run(['valgrind', '-q', '--tool=callgrind', '--callgrind-out-file=' + out, *command], env=env, cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    figures = of_object(out, 'libmemtrace.so')
    os.unlink(out)
    return figures


def instructions(command, env, folder):
    """How many a run of the command in `folder` takes inside the library."""
    return counts(command, env, folder)[1]
