# SPDX-License-Identifier: MIT
"""python -m memtrace: the program starts as it does without us, with whatever options of the interpreter; `profile`; figures."""

import json
import os
import signal
import subprocess
import zipfile

from common import folder_with, holds, matches, near, same, table_rows

# Interpreter's options, from version, environment; PYTHONPATH None: where memtrace is.
OPTIONS = [
    ([], 8, {}), (["-P"], 11, {}), ([], 11, {"PYTHONSAFEPATH": "1"}), (["-E"], 8, {"PYTHONWARNINGS": "error"}), (["-I"], 8, {}), (["-s", "-S"], 8, {"PYTHONPATH": None}),
    (["-X", "utf8"], 8, {"LC_ALL": "C"}), (["-Xutf8=0"], 8, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}), (["-X", "dev"], 8, {}),
    (["-W", "error"], 8, {}), (["-Wignore::UserWarning"], 8, {}), ([], 8, {"PYTHONWARNINGS": "error::UserWarning"}), (["-u"], 8, {}), (["-bbOO"], 8, {}),
    (["-B", "-q"], 8, {}), (["--check-hash-based-pycs", "never"], 8, {}), (["-x"], 8, {}), ([], 8, {"PYTHONIOENCODING": "latin-1:replace"}),
    ([], 8, {"PYTHONPATH": "lib"}), ([], 8, {"PYTHONHASHSEED": "7", "PYTHONUNBUFFERED": "1"}),
]


def check(build):
    """A few of the options. The case `options` has all."""
    for python in build.interpreters:
        with folder_with("start_program.py") as folder:
            it = Start(build, python, folder)
            ways = programs(folder)
            every(it, ways, OPTIONS[:2] + OPTIONS[4:7:2], 1)
            ends(it)
            session(it, ways["code"])
            figures(it)
    return "%d interpreters" % len(build.interpreters)


def every(it, ways, chosen, count):
    """These options, each with so many of the ways to name a program."""
    kinds = [["app/start_program.py", "a", "-o", "--help"], [ways["zip"]], ["-m", "start_program", "-m", "b"], ["-c", ways["code"], "c"]]
    for turn, (options, version, environment) in enumerate(chosen):
        for program in range(turn, turn + count):
            if it.minor >= version:
                it.both(options, kinds[program % len(kinds)], **environment)


def agree(traced, plain, what):
    """Statuses, outputs and errors, line by line."""
    for mine, without in zip(traced, plain):
        lines, others = str(mine).splitlines(True), str(without).splitlines(True)
        for line, other in zip(lines, others):
            same(line, other, what)
        same(lines, others, what)


class Start:
    """One interpreter in a virtual environment of its own, where memtrace is installed: -I and -E find it."""

    def __init__(self, build, python, folder):
        self.build, self.folder = build, folder
        made = os.path.join(folder, "venv", "bin")
        os.makedirs(made)
        self.python = os.path.join(made, "python")
        os.symlink(os.path.realpath(python), self.python)
        code = "import sys; print(sys.version_info[1], '%d.%d' % sys.version_info[:2], sys.base_prefix)"
        minor, version, prefix = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, check=True).stdout.decode().split()
        self.minor = int(minor)
        with open(os.path.join(folder, "venv", "pyvenv.cfg"), "w") as file:
            file.write("home = %s\ninclude-system-site-packages = false\n" % os.path.dirname(os.path.realpath(python)))
        packages = os.path.join(folder, "venv", "lib", "python" + version, "site-packages")
        os.makedirs(packages)
        with open(os.path.join(packages, "memtrace.pth"), "w") as file:
            file.write(build.module + "\n")

    def both(self, options, program, text="", cwd=None, **environment):
        """What the program does, with us and without."""
        kept = self.build.environment(**environment)
        if "PYTHONPATH" not in environment:
            del kept["PYTHONPATH"]
        elif environment["PYTHONPATH"] is None:
            kept["PYTHONPATH"] = self.build.module

        def does(command):
            done = subprocess.run(command, env=kept, cwd=cwd or self.folder, input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            return done.returncode, done.stdout.decode(), done.stderr.decode()
        plain = does([self.python] + options + program)
        log = os.path.join(self.folder, "log.mt")
        traced = does([self.python] + self.way(options) + ["-o", log] + program)
        agree(traced, plain, "%s with %s %s" % (program, " ".join(options), environment))
        same(os.path.exists(log), True, "a log")
        os.unlink(log)
        return plain

    @staticmethod
    def way(options):
        """The options and ours, in one of the ways to write them."""
        if options and options[-1] in ("-bbOO", "-P", "-I"):
            return options[:-1] + [options[-1] + "m", "memtrace"]
        return options + (["-mmemtrace"] if options and options[-1] in ("-u", "-x", "-q") else ["-m", "memtrace"])


def programs(folder):
    os.mkdir(os.path.join(folder, "app"))
    os.mkdir(os.path.join(folder, "package"))
    with open(os.path.join(folder, "start_program.py")) as file:
        text = file.read()
    for name in "app/start_program.py", "app/__main__.py", "package/__init__.py", "package/__main__.py":
        with open(os.path.join(folder, name), "w") as file:
            file.write("" if "init" in name else text)
    packed = os.path.join(folder, "app.pyz")
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("__main__.py", text)
    code = "import sys; print(sys.argv, sys.path, sorted(globals()), sys.flags, sys.warnoptions); raise KeyError('mine')"
    return {"folder": ["app", "1"], "package": ["-m", "package", "3"], "zip": packed, "code": code,
            "attached": ["-cimport sys; print(sys.argv)", "a"]}


def ends(it):
    """How it ends, and what is said: no frame of ours."""
    program = "app/start_program.py"
    same(it.both([], [program, "5"])[0], 5, "the status")
    holds(it.both([], [program, "fail"])[2], "AssertionError: told to", "an exception")
    holds(it.both([], ["missing.py"])[2], "missing.py", "a missing script")
    holds(it.both([], ["-m", "missing_module"])[2], "missing_module", "a missing module")
    holds(it.both([], ["-c", "x ="])[2], "SyntaxError", "a mistake")
    same(it.both([], ["-c", "raise KeyboardInterrupt"])[0], -signal.SIGINT, "interrupted")
    same(it.both([], ["-c", "import os; os.kill(os.getpid(), 9)"])[0], -signal.SIGKILL, "killed")
    same(it.both([], ["-c", "import atexit, threading; atexit.register(print, 'exit'); threading.Thread(target=print, args=['thread']).start()"])[1],
         "thread\nexit\n", "at exit")
    same(it.both([], ["-c", "import sys; sys.addaudithook(lambda *a: None); sys.audit('cpython.run_file', 1); print(sys.audit('x'))"])[1], "None\n",
         "audit hooks")
    same(it.both([], ["-c", "import sys; sys.stdout.close()"])[0], 0, "standard output is closed")
    where = os.path.join(it.folder, "app")
    os.chmod(os.path.join(where, "__main__.py"), 0o644)
    it.both([], ["./start_program.py"], cwd=where)
    it.both([], ["."], cwd=where)


def session(it, code):
    """Standard input is the program, or what follows it."""
    holds(it.both([], ["-", "a"], "import sys; print(sys.argv, __name__)\n1/0\n")[1], "['-', 'a'] __main__", "-")
    holds(it.both(["-i"], ["app/start_program.py"], "print('in the session', __name__)\n")[1], "in the session __main__", "-i")
    it.both(["-iq"], ["-c", code], "print('after a mistake')\n")
    it.both([], ["-m", "start_program"], "print(1)\n", PYTHONINSPECT="1")


PROFILED = """import os, sys
%s
@profile
def load():
    return bytearray(3000000)


class A:
    @profile
    def grow(self):
        self.kept = [load() for _ in range(2)]


A().grow()
os.chdir('/')
print('last line')
"""


def figures(it):
    """The tables come from a process of its own; `profile` is there without an import, and in descendants."""
    environment = it.build.environment()
    del environment["PYTHONPATH"]

    def run(command):
        done = subprocess.run([it.python] + command, env=environment, cwd=it.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        same((done.returncode, done.stderr.decode()), (0, ""), " ".join(command))
        return done.stdout.decode()

    def peak(log):
        done = subprocess.run([it.build.memtrace, "report", "--json", os.path.join(it.folder, log)], env=environment, stdout=subprocess.PIPE)
        return json.loads(done.stdout)["peak_bytes"]
    for line in "", "from memtrace import profile", "import builtins; assert builtins.profile is profile":
        with open(os.path.join(it.folder, "profiled.py"), "w") as file:
            file.write(PROFILED % line)
        for options in [], ["-I"]:
            out = run(options + ["-m", "memtrace", "-o", "figures.mt", "--precision", "2", "profiled.py"])
            same(out.count("last line\n"), 1, "the program's own")
            same(out.index("last line") < out.index("Filename: "), True, "tables at the end")
            same(table_rows(out, "load")[5][1], "5.72 MiB", "load's line")
            matches(out, r"^    11 +[\d.]+ MiB +5\.72 MiB +5\.72 MiB ", "grow's line")
        child = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, 'profiled.py']))"
        same(run(["-m", "memtrace", "-o", "child.mt", "-c", child]), "last line\n", "a child's")
    with open(os.path.join(it.folder, "small.py"), "w") as file:
        file.write("x = bytearray(100000)\n")
    run(["-m", "memtrace", "-o", "small.mt", "small.py"])
    done = subprocess.run([it.build.memtrace, "run", "-o", "plain.mt", it.python, "small.py"], env=environment, cwd=it.folder)
    same(done.returncode, 0, "memtrace run")
    near(peak("small.mt"), peak("plain.mt"), 256 << 10, "a small program's peak")
