# SPDX-License-Identifier: MIT
"""A program of this folder under the preload, and its logs."""
import glob
import json
import os
import shutil
import subprocess
import tempfile

from stacks import StackLog

HERE = os.path.dirname(os.path.abspath(__file__))


class Run:
    """`program`: a file of this folder, for the interpreter; or a command, if `it` is None. An "@" in an argument is the folder of
    the logs. What is right is in `expected`, where the program writes it there."""

    def __init__(self, build, it, program, *args, report=False, second=True, preload=True, **environment):
        self.build = build
        self.folder = tempfile.mkdtemp(prefix="memtrace-python-")
        try:
            env = build.traced(os.path.join(self.folder, "%p.mt"), PYTHONDONTWRITEBYTECODE="1", MEMTRACE_QUIET="1")
            if not preload:
                del env["LD_PRELOAD"]
            # The objects have a test of their own. Without the GIL nothing is malloc's, so all is theirs.
            env["MEMTRACE_PYTHON_OBJECTS"] = "1" if it and it.free else "0"
            env.update(environment)
            command = [it.path] + it.flags + [os.path.join(HERE, program)] if it else [program]
            started = subprocess.Popen(command + [a.replace("@", self.folder) for a in args], env=env, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, universal_newlines=True)
            self.out, self.err = started.communicate()
            self.status, self.pid = started.returncode, started.pid
            self.files = {os.path.basename(p): p for p in glob.glob(self.folder + "/*")}
            objects = env["MEMTRACE_PYTHON_OBJECTS"] != "0"
            self.logs = {name: StackLog(p, objects) for name, p in sorted(self.files.items()) if name.endswith(".mt")}
            self.log = self.logs.get("%d.mt" % self.pid)
            self.expected = self.read("expected")
            self.report = build.report(self.log.name) if report else None
            self.unsound = [problem for log in self.logs.values() for problem in build.unsound(log)] if second else []
        finally:
            shutil.rmtree(self.folder)

    def read(self, name):
        if name not in self.files:
            return []
        with open(self.files[name]) as f:
            return [json.loads(line) for line in f]

    def wrong(self):
        """What is wrong in any run."""
        if self.status:
            return ["exit status %d: %s" % (self.status, self.err[-2000:])]
        if not self.log:
            return ["no log"]
        return self.unsound + ["note: " + said for said in self.log.warnings()] + (
            ["%d events dropped" % self.log.dropped_events] if self.log.dropped_events else [])
