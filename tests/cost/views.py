#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What views cost grows with the log, and no faster: views.py BUILD CC KIND [--save]

Two logs of one program, the second with four times the call paths. Of each view: the instructions of the larger one less those of the smaller
one, for each node more; of some also the memory, by valgrind's count of what is allocated at the most. Instructions that grow
faster than the nodes are a failure, and so is more than a fifth above what is recorded in views.json for builds of this KIND
(compiler and machine). One thread, and no cache of symbols. --save records what is measured. Exit status 77: no valgrind here.
"""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from second_reader.log import Log  # noqa: E402
from support.build import Build  # noqa: E402
from support.callgrind import skip_without  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
RECORDED = os.path.join(HERE, 'views.json')
PROGRAM = os.path.join(HERE, '..', 'programs', 'many_paths.c')
DEPTHS = 10, 12  # 2^10 and 2^12 call paths
PAGE = 'html --source none -o OUT --force'
VIEWS = 'report', 'report --by function', 'tree', 'sites', 'leaks', 'why', PAGE, 'export --format collapsed -o OUT'
WEIGHED = 'report', PAGE
ABOVE = 1.2
GROWTH = 4.6  # of four times the nodes: sorts take a little more


class Costs:
    def __init__(self, build, folder, log):
        self.build, self.folder, self.log = build, folder, log
        self.nodes = len(Log(log).nodes)

    def run(self, view, tool, *options):
        out = os.path.join(self.folder, 'out')
        command = ['valgrind', '--tool=' + tool, *options, self.build.memtrace, *view.replace('OUT', out).split(), self.log]
        env = dict(os.environ, MEMTRACE_THREADS='1', MEMTRACE_CACHE='0', HOME=self.folder)
        done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors='replace')
        if os.path.exists(out):
            os.unlink(out)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def instructions(self, view):
        return int(re.search(r'Collected : (\d+)', self.run(view, 'callgrind', '--callgrind-out-file=/dev/null')).group(1))

    def bytes(self, view):
        """The most that was allocated at once."""
        file = os.path.join(self.folder, 'massif')
        self.run(view, 'massif', '--peak-inaccuracy=0.0', '--massif-out-file=' + file)
        with open(file) as lines:
            return max(int(line.split('=')[1]) for line in lines if line.startswith('mem_heap_B='))


def wrong_with(small, large, view, known, measured):
    few, many = small.instructions(view), large.instructions(view)
    more = large.nodes - small.nodes
    of_view = measured[view] = {'instructions': round((many - few) / more)}
    if view in WEIGHED:
        of_view['bytes'] = round((large.bytes(view) - small.bytes(view)) / more)
    print('%-36s a node: %s; recorded: %s' % (view, of_view, known and known.get(view)), flush=True)
    wrong = ['%s: %d %s a node, recorded are %s' % (view, figure, what, known[view][what])
             for what, figure in of_view.items() if known and figure > ABOVE * known[view][what]]
    if many > GROWTH * few:
        wrong.append('%s: %.1f times the instructions for four times the nodes' % (view, many / few))
    return wrong


def main():
    skip_without()
    build, compiler, kind, save = Build(sys.argv[1]), sys.argv[2], sys.argv[3], '--save' in sys.argv
    recorded, measured, wrong = {}, {}, []
    if os.path.exists(RECORDED):
        with open(RECORDED) as file:
            recorded = json.load(file)
    with tempfile.TemporaryDirectory(prefix='memtrace-views-') as folder:
        program = os.path.join(folder, 'many_paths')
        subprocess.check_call([compiler, '-O1', '-g', PROGRAM, '-o', program])
        costs = []
        for depth in DEPTHS:
            log = os.path.join(folder, '%d.mt' % depth)
            subprocess.check_call([build.memtrace, 'run', '-o', log, program, str(depth)], stderr=subprocess.DEVNULL)
            costs.append(Costs(build, folder, log))
        for view in VIEWS:
            wrong += wrong_with(*costs, view, None if save else recorded.get(kind), measured)
    if save:
        with open(RECORDED, 'w') as file:
            json.dump({**recorded, kind: measured}, file, indent=1)
            file.write('\n')
    if wrong:
        sys.exit('\n'.join(wrong))


main()
