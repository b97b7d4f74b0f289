# SPDX-License-Identifier: MIT
"""The tables at the end of a program that `python -m memtrace` started.

They are read and printed by another process, this file as a program, which is not traced: what that takes is not in the figures of
the program.
"""

import marshal
import os
import sys


def _packed(code):
    """A code object as bytes; a constant that only a running program can have is left out."""
    try:
        return marshal.dumps(code)
    except ValueError:
        constants = tuple(it for it in code.co_consts if isinstance(it, type(code)))
        return marshal.dumps(code.replace(co_consts=constants))


def _text_of(code):
    """The source lines of code that is in no file, if they are known."""
    cache = getattr(sys.modules.get("linecache"), "cache", {}).get(code.co_filename, ())
    return cache[2] if len(cache) > 2 and not os.path.exists(code.co_filename) else None


def _stdout():
    """The descriptor of standard output, and how text is written there."""
    for stream in (sys.stdout, sys.__stdout__):
        try:
            stream.flush()
            return stream.fileno(), stream.encoding or "utf-8", stream.errors or "strict"
        except (AttributeError, OSError, ValueError):
            continue
    return None


def _give(descriptor, data):
    try:
        with open(descriptor, "wb") as pipe:
            pipe.write(data)
    except BrokenPipeError:
        pass


def print_tables(collected, precision, rise, folder):
    """`collected`: {code object: Profile}; `folder`: to which file names are relative."""
    from . import _native
    out = _stdout()
    if not out or not sys.executable:
        return
    # Lists and bytes: what marshal knows in every version.
    job = [_native.log_path(), folder, out[1], out[2],
           [[_packed(code), precision if it.precision is None else it.precision, rise if it.rise is None else it.rise, _text_of(code)]
            for code, it in collected.items()]]
    environment = _native.plain_environment()
    environment["MEMTRACE_LIBRARY"] = _native.find_library() or ""
    reader, writer = os.pipe()
    # Standard output first: the pipe may have its number.
    moves = [(os.POSIX_SPAWN_DUP2, out[0], 1)] if reader != 1 else []
    moves.append((os.POSIX_SPAWN_DUP2, reader, 0))
    child = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", __file__], environment, file_actions=moves)
    os.close(reader)
    _give(writer, marshal.dumps(job))
    try:
        os.waitpid(child, 0)
    except ChildProcessError:  # a handler of the program's has waited for it
        pass


def main():
    log, folder, encoding, errors, wanted = marshal.load(sys.stdin.buffer)
    sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    import linecache
    from memtrace import _tables, _text
    try:
        os.chdir(folder)
    except OSError:
        pass
    report = _tables.ask("report", log)
    with open(1, "w", encoding=encoding, errors=errors, closefd=False) as out:
        for code, precision, rise, lines in wanted:
            code = marshal.loads(code)
            if lines:
                linecache.cache[code.co_filename] = (sum(map(len, lines)), None, lines, code.co_filename)
            _text.write(out, _tables.format_function(report, code, precision, rise))


if __name__ == "__main__":
    main()
