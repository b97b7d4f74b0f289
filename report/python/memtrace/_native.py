# SPDX-License-Identifier: MIT
"""The tracer in this process, by ctypes (memtrace.h), and where the library and the command `memtrace` are."""

import ctypes
import os
import shutil
import stat
import sys
import threading

_names = {
    "memtrace_log_path": ctypes.c_char_p,
    "memtrace_live_bytes": ctypes.c_uint64,
    "memtrace_peak_bytes": ctypes.c_uint64,
    "memtrace_period_bytes": ctypes.c_uint64,
    "memtrace_period": ctypes.c_uint32,
    "memtrace_mark": None,
}


def _find():
    """The functions, or None where the library is not preloaded."""
    process = ctypes.CDLL(None)
    found = {}
    for name, result in _names.items():
        try:
            function = getattr(process, name)
        except AttributeError:
            return None
        function.restype = result
        function.argtypes = [ctypes.c_char_p] if name in ("memtrace_period", "memtrace_mark") else []
        found[name] = function
    return found


_functions = _find()
_lines = None
if _functions:
    _lines = getattr(ctypes.PyDLL(None), "memtrace_lines", None)  # with the GIL
    if _lines:
        _lines.restype = ctypes.c_int
        _lines.argtypes = [ctypes.py_object, ctypes.c_int]


def preloaded():
    return _functions is not None


def log_path():
    """This process's log; '' if there is none."""
    return os.fsdecode(_functions["memtrace_log_path"]()) if _functions else ""


def traced():
    """Allocations of this process are recorded."""
    return bool(_functions) and bool(_functions["memtrace_log_path"]())


def live_bytes():
    return _functions["memtrace_live_bytes"]() if _functions else 0


def peak_bytes():
    return _functions["memtrace_peak_bytes"]() if _functions else 0


def period_bytes():
    return _functions["memtrace_period_bytes"]() if _functions else 0


def period(name=None):
    """Begin the next period; its number."""
    return _functions["memtrace_period"](None if name is None else name.encode("utf-8", "replace"))


_counted = {}  # id of a code object: [how many want it counted, the code object, whether it is]
_counting = threading.Lock()


def count_lines(codes, on):
    """Count every execution of the lines of these code objects, from now on or no longer: as long as somebody wants it. False:
    that cannot be, and executions are not known."""
    good = bool(_lines)
    with _counting:
        for code in codes if _lines else ():
            wanted = _counted.setdefault(id(code), [0, code, False])
            wanted[0] += 1 if on else -1
            if on and not wanted[2]:
                wanted[2] = bool(_lines(code, 1))
            elif wanted[0] <= 0:
                _lines(code, 0)
                del _counted[id(code)]
            good = good and (not on or wanted[2])
    return good


def mark(name):
    if _functions:
        _functions["memtrace_mark"](name.encode("utf-8", "replace"))


# ---- files

_folder = os.path.dirname(os.path.abspath(__file__))
_above = os.path.dirname(os.path.dirname(_folder))  # where the library is installed: .../python/memtrace
_installed = [os.path.join(_above, *up, "memtrace") for up in ((os.pardir,), (os.pardir, os.pardir, "lib"))]  # lib, lib64: .../site-packages


def _loaded_library():
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
            for line in maps:
                path = line.split(None, 5)[5:]
                if path and os.path.basename(path[0]).startswith("libmemtrace"):
                    return path[0].rstrip("\n")
    except OSError:
        pass
    return None


def find_library():
    """libmemtrace.so: the one that is loaded, else the one that belongs to this module. None: it is nowhere."""
    if preloaded():
        path = _loaded_library()
        if path:
            return path
    for path in (os.environ.get("MEMTRACE_LIBRARY"), os.path.join(_above, "libmemtrace.so"),
                 os.path.join(_above, "lib", "libmemtrace.so"), *(os.path.join(place, "libmemtrace.so") for place in _installed)):
        if path and os.path.isfile(path):
            return os.path.abspath(path)
    return None


def tool():
    """The command `memtrace`. None: it is nowhere."""
    at = os.path.dirname(find_library() or _above)
    for path in (os.path.join(at, "memtrace"), os.path.join(at, "..", "bin", "memtrace"),
                 os.path.join(at, "..", "..", "bin", "memtrace")):
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    return shutil.which("memtrace")


def plain_environment():
    """The environment without the preload, for processes of ours that are not to be traced."""
    environment = dict(os.environ, MEMTRACE_UNTRACED="1")  # no message that it is not
    others = [p for p in environment.get("LD_PRELOAD", "").replace(":", " ").split()
              if not os.path.basename(p).startswith("libmemtrace")]
    environment.pop("LD_PRELOAD", None)
    if others:
        environment["LD_PRELOAD"] = ":".join(others)
    return environment


def _own_folder(path):
    """Make a folder that nobody else can write to, or see that it is one."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    info = os.lstat(path)
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o77:
        raise PermissionError("%s: is not a folder of this user alone" % path)
    return path


def _plain_path(library):
    """The library, or a link to it: LD_PRELOAD is split at blanks and colons. The links stay, as children may be started at any time."""
    if " " not in library and ":" not in library:
        return library
    import hashlib  # seldom needed
    name = hashlib.sha256(os.fsencode(library)).hexdigest()[:16]
    try:
        link = os.path.join(_own_folder(os.path.join(_own_folder("/tmp/memtrace-%d" % os.geteuid()), name)), "libmemtrace.so")
        if not os.path.islink(link) or os.readlink(link) != library:
            fresh = "%s.%d" % (link, os.getpid())
            os.symlink(library, fresh)
            os.replace(fresh, link)
    except OSError as error:
        raise OSError("%s: a path with a blank or a colon cannot be preloaded, and a link to it cannot be made: %s" % (library, error))
    return link


def traced_environment(output=None):
    """The environment in which a program is traced."""
    path = find_library()
    if not path:
        raise OSError("libmemtrace.so is not beside this module; MEMTRACE_LIBRARY can name it")
    path = _plain_path(path)
    environment = plain_environment()
    del environment["MEMTRACE_UNTRACED"]
    others = environment.get("LD_PRELOAD")
    environment["LD_PRELOAD"] = path + (":" + others if others else "")
    if output:
        environment["MEMTRACE_OUTPUT"] = output
    return environment


def how_to_start():
    """What to tell a person whose process is not traced."""
    if preloaded():
        return "memtrace is loaded here but could not make its log, so nothing is recorded."
    ipython = "IPython" in sys.modules and hasattr(sys.modules["IPython"], "get_ipython") and \
        sys.modules["IPython"].get_ipython() is not None
    if ipython and getattr(sys.modules["IPython"].get_ipython(), "kernel", None) is not None:
        return ("This kernel was not started under memtrace, which must see every allocation from the start on.\n"
                "Add a kernel that is, and choose it in the notebook:\n"
                "    memtrace kernel install\n"
                "or start Jupyter by\n"
                "    memtrace notebook")
    program = "-m IPython" if ipython else (os.path.basename(sys.argv[0]) if sys.argv and sys.argv[0] else "script.py")
    return ("This process was not started under memtrace, which must see every allocation from the start on.\n"
            "Start it again with one of:\n"
            "    python -m memtrace %s\n"
            "    memtrace run python %s" % (program, program))
