# SPDX-License-Identifier: MIT
"""`python -m memtrace PROGRAM` starts a program as `python PROGRAM` does: same output, same errors, same status."""

import os
import re
import subprocess
import zipfile

from common import folder_with, holds, near, same

SAYS = """\
import sys
first = sys.path[0] if sys.path else None
say = [__name__, globals().get("__file__"), globals().get("__package__"), repr(__spec__ and __spec__.name), sys.argv, first,
       tuple(sys.flags), sys.warnoptions, sorted(sys._xoptions.items()), sys.stdout.encoding, sys.stdout.errors,
       sys.stdin.encoding, sys.getfilesystemencoding(), sorted(globals()), getattr(sys, "orig_argv", [0])[1:],
       sys.dont_write_bytecode, sys.executable, sys.prefix]
print("\\n".join(map(str, say)))
print([name for name in sys.modules if "memtrace" in name])
import warnings
warnings.warn("look here")
if len(sys.argv) > 1 and sys.argv[1] == "raise":
    def fail():
        raise KeyError("mine")
    fail()
if len(sys.argv) > 1 and sys.argv[1] == "atexit":
    import atexit, threading
    atexit.register(print, "at exit", threading.active_count())
if len(sys.argv) > 1 and sys.argv[1] == "kill":
    import os, signal
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGUSR1)
sys.exit(7)
"""

# (options of the interpreter, the program, from Python 3.N on)
WAYS = [
    ([], ["says.py", "a", "-x", "--help", "-o"], 8), ([], ["sub/says.py"], 8), ([], ["./sub/../says.py", "raise"], 8),
    ([], ["says.py", "atexit"], 8), ([], ["says.py", "kill"], 8), ([], ["link.py"], 8), ([], ["missing.py"], 8),
    ([], ["broken.py"], 8), ([], ["app.pyz", "1"], 8), ([], ["folder", "raise"], 8), ([], ["sub"], 8),
    ([], ["-m", "says", "raise"], 8), ([], ["-m", "package", "1"], 8), ([], ["-m", "missing"], 8), ([], ["-m", "package.inner"], 8),
    ([], ["-c", "import sys; print(sys.argv, sys.path[0], __name__, sorted(globals())); 1/0", "-c", "x"], 8),
    ([], ["-c", "def f(:"], 8), ([], ["-"], 8), ([], ["-", "a"], 8),
    (["-E"], ["says.py"], 8), (["-I"], ["says.py"], 8), (["-s", "-B"], ["says.py"], 8), (["-O"], ["says.py"], 8),
    (["-OO", "-u"], ["says.py"], 8), (["-X", "utf8"], ["says.py"], 8), (["-Xdev"], ["says.py"], 8), (["-b"], ["says.py"], 8),
    (["-W", "error"], ["says.py"], 8), (["-Werror::DeprecationWarning", "-Wignore"], ["says.py"], 8), (["-q", "-i"], ["says.py"], 8),
    (["-i"], ["-c", "x = 5"], 8), (["-IB"], ["-m", "says"], 8), (["-v"], ["-V"], 99),
    (["-P"], ["says.py"], 11), (["-P"], ["-m", "says"], 11), (["-P"], ["-c", "import sys; print(sys.path[0])"], 11),
    (["--check-hash-based-pycs", "always"], ["says.py"], 8),
]


def make(folder):
    for name in ("says.py", "sub/says.py", "folder/__main__.py", "package/__main__.py", "package/inner.py"):
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "w") as file:
            file.write(SAYS)
    open(os.path.join(folder, "package/__init__.py"), "w").close()
    os.symlink("sub/says.py", os.path.join(folder, "link.py"))
    with open(os.path.join(folder, "broken.py"), "w") as file:
        file.write("x = 1\nif x\n    pass\n")
    with zipfile.ZipFile(os.path.join(folder, "app.pyz"), "w") as archive:
        archive.writestr("__main__.py", SAYS)


def run(command, folder, environment):
    done = subprocess.run(command, cwd=folder, env=environment, input=b"print('said', x if 'x' in dir() else 0)\n",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # An address, and how long it took
    text = re.sub(rb"0x[0-9a-f]+", b"0x", done.stdout), done.stderr
    return text[0].decode("utf-8", "replace"), text[1].decode("utf-8", "replace"), done.returncode


def own_python(python, folder, module):
    """An environment of this interpreter that has the module among its packages."""
    at = os.path.join(folder, "own")
    done = subprocess.run([python, "-m", "venv", "--without-pip", at], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={"PATH": os.environ["PATH"]})
    if done.returncode:
        return None
    own = os.path.join(at, "bin", "python")
    site = subprocess.check_output([own, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]).decode().strip()
    with open(os.path.join(site, "memtrace.pth"), "w") as file:
        file.write(module + "\n")
    return own


def version_of(python):
    return int(subprocess.check_output([python, "-c", "import sys; print(sys.version_info[1])"]))


def check_one(build, python):
    with folder_with() as folder:
        make(folder)
        own = own_python(python, folder, build.module)
        minor = version_of(python)
        for number, (options, program, since) in enumerate(WAYS):
            if minor < since or (own is None and set("EI") & set("".join(options))):
                continue
            for more in ({}, {"PYTHONPATH": os.path.join(folder, "sub")}, {"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "ignore"},
                         {"PYTHONIOENCODING": "latin-1:replace", "PYTHONHASHSEED": "0"})[:4 if number < 2 else 1]:
                environment = build.environment(**more)
                if "PYTHONPATH" not in more:
                    del environment["PYTHONPATH"]
                if own is None:
                    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [build.module, more.get("PYTHONPATH")]))
                wanted = run([own or python] + options + program, folder, environment)
                found = run([own or python] + options + ["-m", "memtrace", "-o", "log.mt"] + program, folder, environment)
                what = "%s %s %s, status, output or errors" % (python, " ".join(options + program), more)
                same(found, wanted, what)
                if os.path.exists(os.path.join(folder, "log.mt")):
                    os.unlink(os.path.join(folder, "log.mt"))
                elif program[0] != "-V":
                    raise AssertionError("%s: no log" % what)


def peak(build, python):
    """What `python -m memtrace` does before and after the program is not in the program's figures."""
    with folder_with() as folder:
        with open(os.path.join(folder, "taken.py"), "w") as file:
            file.write("def f():\n    return len(bytearray(100000))\nif 'profile' in dir(__builtins__):\n    f = profile(f)\nf()\n")
        build.run([build.memtrace, "run", "-o", "a.mt", python, "taken.py"], folder)
        out = build.run([python, "-m", "memtrace", "-o", "b.mt", "taken.py"], folder)[0]
        plain, ours = (build.report(os.path.join(folder, log)) for log in ("a.mt", "b.mt"))
    holds(out, "    return len(bytearray(100000))", "the table")
    near(ours["peak_bytes"], plain["peak_bytes"], 128 << 10, "%s: the peak with a table at the end" % python)
    same([line["file"] for line in ours["lines"] if "memtrace/_show" in line["file"]], [], "lines of ours")


def check(build):
    for python in build.interpreters:
        check_one(build, python)
        peak(build, python)
    return "%d interpreters" % len(build.interpreters)
