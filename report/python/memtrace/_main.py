# SPDX-License-Identifier: MIT
"""What `python -m memtrace` puts into the program: the name `profile`, and the tables at the end.

libmemtrace.so (hooks/python/main.c) runs this file when the interpreter is about to start the program. What is done here and
at the end does not count as the program's. Nothing is imported that the interpreter does not have anyway, so that the
program finds everything as it would without us. These names are there already:

    _log      the log's path, "" if there is none
    _mark     what __main__.py left
    _lines    count every execution of a code object's lines
    _aside    call a function without arguments; what that allocates does not count
"""

import atexit
import builtins
import marshal
import posix
import sys

_process, _precision, _rise, _file = _mark.split(":", 3)  # noqa: F821
_folder = _file.rpartition("/")[0]
_started_in = None
collecting = {}  # code: (decimals, with rise), None for what was asked for at the start


def _package():
    """The module `memtrace`, which may not be where the program looks for modules."""
    if "memtrace" in sys.modules:
        return sys.modules["memtrace"]
    import importlib.util
    spec = importlib.util.spec_from_file_location("memtrace", _folder + "/__init__.py", submodule_search_locations=[_folder])
    module = importlib.util.module_from_spec(spec)
    sys.modules["memtrace"] = module
    spec.loader.exec_module(module)
    return module


def _count(code):
    _lines(code)  # noqa: F821
    for constant in code.co_consts:
        if type(constant) is type(code):
            _count(constant)


def profile(function=None, *arguments, **named):
    """memtrace.profile: the tables of these functions are printed at the end."""
    if type(function) is not type(_package) or hasattr(function, "__wrapped__") or arguments or named:
        return _aside(_package).profile(function, *arguments, **named)  # noqa: F821
    if function.__code__ not in collecting:
        collecting[function.__code__] = None, None
        _count(function.__code__)
    return function


def _job():
    stream = sys.stdout
    tables = [(code, int(_precision) if precision is None else precision, bool(int(_rise)) if rise is None else rise)
              for code, (precision, rise) in collecting.items()]
    return marshal.dumps((_log, _started_in, getattr(stream, "encoding", None) or "utf-8",  # noqa: F821
                          getattr(stream, "errors", None) or "strict", tables))


def _environment():
    """That of the process that prints: not traced, and not steered by what was meant for the program."""
    environment = {b"MEMTRACE_ASIDE": b"1"}  # what is meant to be untraced is no news
    environment.update((name, value) for name, value in posix.environ.items()
                       if not name.startswith(b"PYTHON") or name == b"PYTHONHOME")
    preload = environment.pop(b"LD_PRELOAD", b"").replace(b":", b" ").split()
    others = [path for path in preload if not path.rpartition(b"/")[2].startswith(b"libmemtrace")]
    if others:
        environment[b"LD_PRELOAD"] = b":".join(others)
    return environment


def _show():
    """Another process reads the log and prints the tables."""
    if not collecting or not _log or posix.getpid() != int(_process):  # noqa: F821
        return
    try:
        sys.stdout.flush()
    except (AttributeError, OSError, ValueError):
        pass
    job = posix.memfd_create("memtrace")
    data = _job()
    while data:
        data = data[posix.write(job, data):]
    posix.lseek(job, 0, 0)
    command = "import sys; sys.path[0] = %r; from memtrace._show import main; main()" % _folder.rpartition("/")[0]
    process = posix.posix_spawn(sys.executable, [sys.executable, "-s", "-S", "-c", command], _environment(),
                                file_actions=[(posix.POSIX_SPAWN_DUP2, job, 0)])
    posix.close(job)
    try:
        posix.waitpid(process, 0)
    except ChildProcessError:  # the program ignores the end of its children
        pass


def _begin():
    global _started_in
    if "os" in sys.modules:
        sys.modules["os"].environ.pop("MEMTRACE_PYTHON_MAIN", None)
    try:
        _started_in = posix.getcwd()
    except OSError:
        _started_in = "/"
    profile.memtrace_collecting = collecting
    builtins.profile = profile
    atexit.register(_aside, _show)  # noqa: F821


_begin()
