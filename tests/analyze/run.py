# SPDX-License-Identifier: MIT
"""Static analysis.

    run.py BUILD tree      scripts/analyze finds nothing
    run.py BUILD planted   each of its tools finds what was planted for it, and says nothing of a file that is well

Exit status 77: a tool is not here."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support.outcome import Outcome  # noqa: E402
from support.running import run  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = 'clang-tidy', 'gcc', 'cppcheck'
WELL = '''int well(int n);
int well(int n)
{
    return n > 3 ? n : 3;
}
'''
PLANTED = {
    'clang-tidy': ('bugprone-branch-clone', '''int planted(int n);
int planted(int n)
{
    if (n > 3)
        return 1;
    else if (n < -3)
        return 2;
    else
        return 2;
}
'''),
    'gcc': ('double-free', '''#include <stdlib.h>
void planted(void *block, int twice);
void planted(void *block, int twice)
{
    free(block);
    if (twice)
        free(block);
}
'''),
    'cppcheck': ('arrayIndexOutOfBounds', '''int planted(void);
int planted(void)
{
    int all[4] = {1, 2, 3, 4}, sum = 0;
    for (int i = 0; i <= 4; i++)
        sum += all[i];
    return sum;
}
'''),
}


def analyze(folder, tool):
    """In a tree of two files: what the tool prints of it, and the exit status."""
    return run([sys.executable, os.path.join(folder, 'scripts', 'analyze.py'), os.path.join(folder, 'build'), '1', tool])


def planted(outcome):
    for tool in TOOLS:
        with tempfile.TemporaryDirectory() as folder:
            for name in 'scripts/analyze.py', 'scripts/analyze.cppcheck', 'scripts/analyze.gcc', '.clang-tidy':
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                shutil.copy(os.path.join(ROOT, name), os.path.join(folder, name))
            os.makedirs(os.path.join(folder, 'interpose'))
            os.makedirs(os.path.join(folder, 'build'))
            what, text = PLANTED[tool]
            database = []
            for name, content in ('well.c', WELL), ('planted.c', WELL):
                path = os.path.join(folder, 'interpose', name)
                with open(path, 'w') as f:
                    f.write(content)
                database.append({'directory': folder, 'file': path, 'command': 'cc -std=gnu11 -O2 -fcallgraph-info=su -c %s' % path})
            with open(os.path.join(folder, 'build', 'compile_commands.json'), 'w') as f:
                json.dump(database, f)
            done = analyze(folder, tool)
            bad = [] if done.status == 0 else ['of files that are well it says: %s%s' % (done.out, done.err)]
            with open(path, 'w') as f:
                f.write(text)
            done = analyze(folder, tool)
            if done.status != 1 or what not in done.out or 'well.c' in done.out or '2 files, of which 1 ' not in done.out:
                bad.append('status %d: %s%s' % (done.status, done.out, done.err))
            outcome.result('%s finds a planted %s' % (tool, what), bad)


def main():
    build, part = sys.argv[1:]
    outcome = Outcome()
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        outcome.skip(part, '%s: not here' % ', '.join(missing))
    elif part == 'planted':
        planted(outcome)
    else:
        sys.exit(subprocess.run([os.path.join(ROOT, 'scripts', 'analyze'), '-b', build]).returncode)
    sys.exit(outcome.status())


main()
