# SPDX-License-Identifier: MIT
"""Instructions of libmemtrace.so, counted by callgrind: times scatter on a shared machine, instructions do not."""
import os
import re
import shutil
import subprocess
import sys

from support.outcome import SKIPPED


def skip_without():
    """Ends the test as skipped where there is no callgrind."""
    if not shutil.which('valgrind') or not shutil.which('callgrind_annotate'):
        print('no valgrind here: skipped')
        sys.exit(SKIPPED)


def instructions(command, env, folder):
    """How many a run of the command takes inside the library. `folder`: for callgrind's file."""
    out = os.path.join(folder, 'callgrind.out')
    subprocess.run(['valgrind', '-q', '--tool=callgrind', '--callgrind-out-file=' + out, *command], env=env, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = subprocess.check_output(['callgrind_annotate', '--threshold=100', out], text=True)
    os.unlink(out)
    return sum(int(m.group(1).replace(',', '')) for m in re.finditer(r'^\s*([\d,]+) .*\[[^\]]*libmemtrace\.so\]', text, re.M))
