# SPDX-License-Identifier: MIT
"""%memit: what one statement takes at its peak, in a fresh process or in this one.

A fresh process is a fork where that is safe: no thread but Python's own idle ones, and this process is traced. Else it is a
new interpreter to which the names that the statement uses are carried: a library's threads (BLAS, OpenMP) do not survive a
fork, and what they would have done crashes the child.
"""

import ctypes
import gc
import json
import os
import pickle
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

from . import _carry, _child, _native, _period, _tables, _text

#: threads that only wait while a statement runs
_IDLE_THREADS = ("IPythonHistorySavingThread",)


class MemitResult:
    """memory_profiler's, with what memtrace knows beyond: `held`, [(bytes, line)] of the highest run. MiB."""

    def __init__(self, mem_usage, baseline, repeat, timeout, interval, include_children):
        self.mem_usage = mem_usage
        self.baseline = baseline
        self.repeat = repeat
        self.timeout = timeout
        self.interval = interval
        self.include_children = include_children
        self.held = []
        self.statement = ""
        self.note = ""  # what the figures lack

    def places(self):
        """[(bytes, text)] of the lines that held the peak."""
        return held_places(self.held, (max(self.mem_usage) - self.baseline) * _tables.MIB, self.statement)

    def __str__(self):
        highest = max(self.mem_usage)
        return "peak memory: %.02f MiB, increment: %.02f MiB" % (highest, highest - self.baseline)

    def _repr_pretty_(self, printer, cycle):
        printer.text("<MemitResult : %s>" % self)

    def _repr_html_(self):
        from . import _notebook
        return _notebook.memit_html(self)


class Run:
    """One run of the statement. Bytes."""

    def __init__(self):
        self.peak = self.begin = self.children = self.released = 0
        self.period = 0
        self.log = ""
        self.error = None  # a traceback
        self.signal = 0
        self.status = 0
        self.timed_out = False
        self.crash = ""  # faulthandler's words
        self.held = []
        self.exited = None

    @property
    def done(self):
        return self.error is None and not self.signal and not self.status and not self.timed_out and self.period > 0


# ---- which way

def fork_is_safe():
    """No thread is in the way of a fork."""
    if not hasattr(os, "fork") or not _native.traced():
        return False
    known = {thread.ident for thread in threading.enumerate()
             if thread is threading.current_thread() or type(thread).__name__ in _IDLE_THREADS or
             type(thread).__name__ == "HistorySavingThread"}
    try:
        tasks = len(os.listdir("/proc/self/task"))
    except OSError:
        return False
    return tasks <= len(known) and threading.active_count() <= len(known)


# ---- a process and its end

def _pipes():
    read, write = os.pipe()
    crash = tempfile.TemporaryFile()
    return read, write, crash


def _collect(run, read, crash, wait, kill, timeout):
    """What the child says, and how it ended."""
    end = time.monotonic() + timeout if timeout else None
    said = b""
    with os.fdopen(read, "rb", 0) as pipe:
        while True:
            left = None if end is None else max(0, end - time.monotonic())
            if not select.select([pipe], [], [], left)[0]:
                run.timed_out = True
                kill()
                break
            piece = pipe.read(65536)
            if not piece:
                break
            said += piece
    code = wait()
    if code < 0 and not run.timed_out:
        run.signal = -code
    try:
        told = json.loads(said.decode())
    except ValueError:
        told = {}
    run.error = told.get("error")
    if code > 0 and run.error is None:
        run.status = code
    run.peak, run.begin = told.get("peak", 0), told.get("begin", 0)
    run.released = told.get("released", 0)
    run.period, run.log, run.exited = told.get("period", 0), told.get("log", ""), told.get("exited")
    crash.seek(0)
    run.crash = crash.read().decode("utf-8", "replace")
    crash.close()
    return run


def _exit_code(status):
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _run_fork(statement, setup, namespace, timeout):
    run = Run()
    read, write, crash = _pipes()
    logs = os.path.dirname(_native.log_path())
    sys.stdout.flush()
    sys.stderr.flush()
    base = _native.live_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12: forks of processes with threads; fork_is_safe knows them
        pid = os.fork()
    if pid == 0:
        try:
            os.close(read)
            exec(compile(setup, "<memit setup>", "exec"), namespace)
            code = compile(statement, "<memit>", "exec")
        except BaseException:
            import traceback
            _child._tell(write, error=traceback.format_exc(), log="")
            os._exit(1)
        _child.measure(code, namespace, write, crash)
    os.close(write)
    _collect(run, read, crash, lambda: _exit_code(os.waitpid(pid, 0)[1]), lambda: os.kill(pid, signal.SIGKILL), timeout)
    if not run.log:
        run.log = _log_of(logs, pid)
    # The child's log begins with the fork: what was live before is not in it.
    run.peak += base
    run.begin += base
    return run


def _run_spawn(statement, setup, namespace, timeout, folder):
    run = Run()
    codes = [compile(setup, "<memit setup>", "exec"), compile(statement, "<memit>", "exec")]
    job = pickle.dumps({"path": list(sys.path), "argv": list(sys.argv), "names": _carry.pack(codes, namespace),
                        "setup": setup, "statement": statement}, protocol=4)
    environment = _native.traced_environment(os.path.join(folder, "%p.mt"))
    environment["MEMTRACE_QUIET"] = "1"
    environment["PYTHONPATH"] = os.pathsep.join(
        [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))] +
        [path for path in [environment.get("PYTHONPATH")] if path])
    read, write, crash = _pipes()
    sys.stdout.flush()
    sys.stderr.flush()
    source = tempfile.TemporaryFile()
    source.write(job)
    source.seek(0)
    flags = subprocess._args_from_interpreter_flags()
    with source:
        process = subprocess.Popen(
            [sys.executable] + flags + ["-m", "memtrace._child", str(source.fileno()), str(write), str(crash.fileno())],
            env=environment, stdin=subprocess.DEVNULL, pass_fds=(source.fileno(), write, crash.fileno()))
    os.close(write)
    _collect(run, read, crash, process.wait, process.kill, timeout)
    if not run.log:
        path = os.path.join(folder, "%d.mt" % process.pid)
        run.log = path if os.path.exists(path) else ""
    return run


def _run_here(statement, setup, namespace):
    run = Run()
    gc.collect()
    exec(compile(setup, "<memit setup>", "exec"), namespace)
    code = compile(statement, "<memit>", "exec")
    stretch = _period.Stretch("memit").start()
    try:
        exec(code, namespace)
    finally:
        result = stretch.stop()
    run.peak, run.begin, run.period = result.peak_bytes, result.begin_bytes, result.first_period
    run.held = result.held()
    return run


# ---- logs

def _header(path):
    """(pid, parent, peak) of a log; None: it is none."""
    try:
        with open(path, "rb") as file:
            data = file.read(320)
    except OSError:
        return None
    if len(data) < 320 or data[:8] != b"memtrace":
        return None
    pid, parent = struct.unpack_from("=ii", data, 24)
    peak, = struct.unpack_from("=Q", data, 80)
    before, = struct.unpack_from("=Q", data, 304)
    return pid, parent, max(peak, before)


def _logs(folder):
    """{path: header} of the logs in a folder."""
    found = {}
    try:
        names = os.listdir(folder)
    except OSError:
        return found
    for name in names:
        if name.endswith(".mt"):
            header = _header(os.path.join(folder, name))
            if header:
                found[os.path.join(folder, name)] = header
    return found


def _log_of(folder, pid):
    for path, header in _logs(folder).items():
        if header[:2] == (pid, os.getpid()):
            return path
    return ""


def _read_log(run, folder, include_children):
    """What only the log knows; then it goes, with those of the process's children."""
    header = _header(run.log)
    if not header:
        return
    try:
        if run.done or run.signal:
            run.held = _tables.held_lines(run.log, *(["--period", str(run.period)] if run.period else []))
    except _tables.ToolError:
        pass
    parents, more = {header[0]}, True
    logs = _logs(folder)
    while more:
        more = False
        for path, (pid, parent, peak) in list(logs.items()):
            if path != run.log and parent in parents:
                parents.add(pid)
                more = True
                if include_children:
                    run.children += peak
                _unlink(path)
                del logs[path]
    _unlink(run.log)


def _unlink(path):
    try:
        os.unlink(path)
    except OSError:
        pass


# ---- the runs

def run(statement, setup="pass", namespace=None, timeout=None, here=False, include_children=False, method=None):
    """Run a statement once. method: "fork", "spawn", or None: as it is safe."""
    namespace = {} if namespace is None else namespace
    if here:
        if not _native.traced():
            raise _period.NotTraced(_native.how_to_start())
        return _run_here(statement, setup, namespace)
    compile(setup, "<memit setup>", "exec")
    compile(statement, "<memit>", "exec")  # a mistake in it is the user's, not a child's
    method = method or os.environ.get("MEMTRACE_MEMIT") or ("fork" if fork_is_safe() else "spawn")
    if method == "fork":
        made = _run_fork(statement, setup, namespace, timeout)
        _read_log(made, os.path.dirname(made.log), include_children)
        return made
    folder = tempfile.mkdtemp(prefix="memtrace.")
    try:
        made = _run_spawn(statement, setup, namespace, timeout, folder)
        _read_log(made, folder, include_children)
        return made
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _crash_place(made, statement):
    """Where a child was when it died: its innermost line of the user's, by the interpreter's own fault handler."""
    frames = []
    ours = False
    for line in made.crash.splitlines():
        if line.startswith(("Current thread", "Thread ")):
            ours = line.startswith("Current thread")
        parts = line.strip().split('"')
        if ours and line.startswith("  File ") and len(parts) == 3:
            number, _, name = parts[2].partition(" in ")
            digits = "".join(filter(str.isdigit, number))
            if digits:
                frames.append({"file": parts[1], "line": int(digits), "function": name, "language": "Python"})
    for frame in frames:
        if _tables.is_users(frame):
            return _tables.place_text(frame, {"<memit>": statement})
    return ""


def signal_text(number):
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "signal %d" % number
    words = signal.strsignal(number) if hasattr(signal, "strsignal") else None
    return "%s (%s)" % (name, words) if words else name


def failure(made, statement):
    """Why a run has no figures."""
    if made.timed_out:
        return "Subprocess timed out."
    if made.error is not None:
        return made.error.rstrip("\n")
    if made.signal:
        place = _crash_place(made, statement)
        if place:
            return "Subprocess was killed by %s at %s" % (signal_text(made.signal), place)
        if made.held:
            held, line = made.held[0]
            return "Subprocess was killed by %s; %s of its memory were held at %s" % (
                signal_text(made.signal), _text.size(held), _tables.place_text(line, {"<memit>": statement}))
        return "Subprocess was killed by %s" % signal_text(made.signal)
    return "Subprocess exited with code %d." % made.status


def held_places(held, whole, statement):
    """[(bytes, text)] of the lines that hold a twentieth of the whole, three at most."""
    return [(count, _tables.place_text(line, {"<memit>": statement})) for count, line in held[:3] if count >= whole / 20]


def released_text(made):
    """What a level of a forked child lacks; '': nothing."""
    if made.released < 0.005 * _tables.MIB:
        return ""
    return "(%s of the session's blocks were released, which lowers no level of a forked child: the peak is an upper bound)" % (
        _text.size(made.released))


def held_text(made, count, statement):
    """The second line of %memit: how many runs, and which line held the peak."""
    out = "maximum of %d: " % count
    if not made.held:
        return out + "%s above the start, held by no line of yours" % _text.size(made.peak - made.begin)
    indent = " " * len(out)
    lines = ["%s held at %s" % (_text.size(held), place) for held, place in held_places(made.held, made.peak - made.begin, statement)]
    out += ("\n" + indent).join(lines or ["less than a twentieth of it held by any line of yours"])
    return "\n".join(filter(None, (out, released_text(made))))
