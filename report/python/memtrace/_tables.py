# SPDX-License-Identifier: MIT
"""What a log says of one stretch of time, asked of the command `memtrace`, and line tables in memory_profiler's manner."""

import inspect
import json
import linecache
import os
import subprocess
import sys
import sysconfig
import tokenize
import types

from . import _native, _text

MIB = 1024.0 * 1024.0


class ToolError(Exception):
    """The command `memtrace` is missing, or could not read the log."""


def ask(verb, *arguments):
    """The JSON of a view."""
    tool = _native.tool()
    if not tool:
        raise ToolError("the command memtrace is neither beside libmemtrace.so nor in PATH")
    done = subprocess.run([tool, verb, "--json"] + list(arguments), env=_native.plain_environment(),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        return json.loads(done.stdout.decode("utf-8", "replace"))
    except ValueError:
        raise ToolError(done.stderr.decode("utf-8", "replace").strip() or
                        "%s %s: exit status %d" % (tool, verb, done.returncode)) from None


# ---- whose line it is

_package = os.path.dirname(os.path.abspath(__file__)) + os.sep
_libraries = tuple({os.path.join(path, "") for key, path in sysconfig.get_paths().items()
                    if key in ("stdlib", "platstdlib", "purelib", "platlib") and path})


def is_users(line):
    """A Python line of the user's own code: no library's, not ours."""
    file = line["file"]
    if line["language"] != "Python" or not file or not line["line"] or file.startswith(("<frozen ", "<__array")):
        return False
    return not (file.startswith(_libraries) or file.startswith(_package) or
                "/site-packages/" in file or "/dist-packages/" in file)


_SOURCE_COLUMNS = 100  # of a line that stands beside other things


def source_of(file, number, texts=None):
    """The text of a line; `texts`: of code that is in no file."""
    if texts and file in texts:
        lines = _lines_of(texts[file])
        text = lines[number - 1] if 0 < number <= len(lines) else ""
    else:
        text = linecache.getline(file, number)
    return _text.fit(_text.plain(text.strip()), _SOURCE_COLUMNS)


def _lines_of(text):
    """As Python counts them: a form feed, for one, ends none."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def file_name(file):
    """A file as a person knows it: a cell of IPython or a notebook by its number."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if hasattr(ipython, "get_ipython") else None
    number = getattr(getattr(shell, "compile", None), "_filename_map", {}).get(file)
    return file if number is None else "In[%s]" % number


def place_text(line, texts=None):
    """mem_test.py:6 in make_a_large_array: return np.ones((1000, 1000))"""
    file, number = line["file"], line["line"]
    name = line.get("function") or "?"
    text = source_of(file, number, texts)
    where = "" if texts and file in texts else "%s:%d" % (os.path.basename(file_name(file)), number)
    if where and name != "<module>":
        where += " in %s" % name
    return where + (": " if where and text else "") + text


def stack_of(view, site):
    """The frames of a call site, innermost first. `view`: the JSON of `memtrace sites` that the site is in."""
    node = site["node"]
    while node is not None:
        node, frame = view["tree"][node]
        yield view["frames"][frame]


def held_lines(log, *periods):
    """What was live at the peak, by the innermost of the user's lines on each stack, most first: [(bytes, line)]."""
    sums, lines = {}, {}
    view = ask("sites", "-n", "500", *periods, log)
    for site in view["sites"]:
        if site["at_peak_bytes"] <= 0 or site["class"] not in ("heap", "anonymous", "shared"):
            continue
        for frame in stack_of(view, site):
            if is_users(frame):
                key = (frame["file"], frame["line"])
                lines.setdefault(key, frame)
                sums[key] = sums.get(key, 0) + site["at_peak_bytes"]
                break
    return sorted(((held, lines[key]) for key, held in sums.items()), key=lambda pair: -pair[0])


# ---- a function's table

def code_of(thing):
    """The code object that a function, method or decorated function stands for; None: there is none."""
    seen = set()
    while id(thing) not in seen:
        seen.add(id(thing))
        if isinstance(thing, types.CodeType):
            return thing
        thing = getattr(thing, "__wrapped__", None) or getattr(thing, "__func__", None) or \
            getattr(thing, "fget", None) or getattr(thing, "func", None) or getattr(thing, "__code__", None) or \
            (getattr(thing, "__init__", None) if isinstance(thing, type) else None) or thing
    return None


def _nested(code):
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)


def codes_of(code):
    """A function's code object and those of the functions inside it."""
    return [code, *_nested(code)]


def _source_lines(code):
    """The function's lines, with their numbers."""
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename)
    first = code.co_firstlineno
    if not 0 < first <= len(lines):
        return []
    try:
        block = inspect.getblock(lines[first - 1:])
    except (SyntaxError, tokenize.TokenError):  # no function, now: the file has changed
        return []
    return list(enumerate(block, first))


def _same_file(code, file, folder):
    if file == code.co_filename:
        return True
    return bool(file) and os.path.join(folder, file) == os.path.join(folder, code.co_filename)


def function_lines(report, code):
    """{line number: figures} of a function: its own lines, and of the functions inside it those that are not its own."""
    folder = os.getcwd()
    name = getattr(code, "co_qualname", code.co_name)
    inner = {getattr(c, "co_qualname", c.co_name) for c in _nested(code)}
    rows = _source_lines(code)
    last = rows[-1][0] if rows else float("inf")
    own, others = {}, {}
    for line in report["lines"]:
        if line["language"] != "Python" or not line["line"] or not code.co_firstlineno <= line["line"] <= last:
            continue
        if not _same_file(code, line["file"], folder):
            continue
        if line["function"] == name:
            own[line["line"]] = line
        elif line["function"] in inner:
            others.setdefault(line["line"], line)
    for number, line in others.items():
        own.setdefault(number, line)
    return own


def _on_return(report, code):
    """The figures of what is released while the function's frame is taken down; None: nothing is."""
    folder = os.getcwd()
    name = getattr(code, "co_qualname", code.co_name)
    for line in report["lines"]:
        if line.get("on_return") and line["function"] == name and _same_file(code, line["file"], folder) and \
                line.get("first_line") == code.co_firstlineno:
            return line
    return None


def _mib(value, precision):
    return "{0:{1}.{2}f} MiB".format(round(value / MIB, precision) + 0.0, precision + 4, precision)  # + 0.0: no -0.0


def _rise(line, form):
    return ("≥ " if line.get("rise_at_least") else "") + form(line["rise_bytes"])


def _cells(line, precision):
    """Mem usage, increment, rise and executions of a line, as texts."""
    usage, executions = line["mem_usage_bytes"], line.get("executions")
    return ["" if usage is None else _mib(usage, precision), _mib(line["increment_bytes"], precision),
            _rise(line, lambda count: _mib(count, precision)), "" if executions is None else executions]


#: the titles of function_rows
COLUMNS = ("Line #", "Mem usage", "Increment", "Rise", "Occurrences", "Line Contents")


def function_rows(report, code, precision=1, rise=True):
    """The rows of a function's table, as COLUMNS: the line's number, four texts, its source. Empty: nothing is in the log about the
    function. `rise`: with what memory_profiler lacks."""
    figures = function_lines(report, code)
    if not figures:
        return []
    out = []
    for number, text in _source_lines(code) or [(number, "\n") for number in sorted(figures)]:
        cells = _cells(figures[number], precision) if number in figures else [""] * 4
        out.append([number, *cells, _text.plain(text if text.endswith("\n") else text + "\n")])
    line = _on_return(report, code) if rise else None  # memory_profiler knows no such row
    if line and round(line["increment_bytes"] / MIB, precision):
        out.append(["", *_cells(line, precision)[:3], "", "(on return)\n"])
    return out


def format_function(report, code, precision=1, rise=True):
    """The table of one function; '' if nothing is in the log about it. `rise`: with the column that memory_profiler lacks."""
    rows = function_rows(report, code, precision, rise)
    if not rows:
        return ""
    template = "{0:>6} {1:>%d} {2:>%d}  {4:>10}   {5:<}"
    if rise:
        template = "{0:>6} {1:>%d} {2:>%d} {3:>%d}  {4:>10}   {5:<}"
    template = template.replace("%d", str(max(12, precision + 8)))
    header = template.format(*COLUMNS)
    out = ["Filename: " + code.co_filename + "\n\n", header + "\n", "=" * len(header) + "\n"]
    out += [template.format(*row) for row in rows]
    out.append("\n\n")
    return "".join(out)


def _runs_cell(line):
    """The line that IPython makes of %%memtrace: it would only repeat what the cell took."""
    return linecache.getline(line["file"], line["line"]).startswith("get_ipython().run_cell_magic('memtrace',")


def top_lines(report, count):
    """The user's lines that rise most."""
    lines = [line for line in report["lines"] if is_users(line) and not _runs_cell(line)]
    lines.sort(key=lambda line: (-line["rise_bytes"], -line["allocated_bytes"], line["file"], line["line"]))
    return lines[:count]


def top_cells(line):
    """Rise, increment and place of a line, as texts."""
    return _rise(line, _text.size), _text.size(line["increment_bytes"]), place_text(line)


def format_top(report, count=10):
    """The user's lines that rise most, as a table."""
    template = "{0:>12} {1:>12}   {2}\n"
    return "".join([template.format("Rise", "Increment", "Line")] + [template.format(*top_cells(line)) for line in top_lines(report, count)])
