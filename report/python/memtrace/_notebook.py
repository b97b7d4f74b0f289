# SPDX-License-Identifier: MIT
"""What a notebook shows: HTML without scripts, the page of `memtrace html` in a frame, and the same as text for other front ends."""

import html
import os
import subprocess
import sys
import unicodedata

from . import _native, _tables, _text

_DATA = 150  #: kB of the page's data: the notebook is saved with it, and the viewer adds as much again
_CELL = "padding:1px 8px;border:0;text-align:%s;white-space:pre;font-family:monospace"
_SANDBOX = "allow-scripts allow-downloads"


def is_here(shell):
    """The shell's front end may show HTML: it is a kernel's."""
    return getattr(shell, "kernel", None) is not None


def _visible(character):
    """Control characters, direction marks and what UTF-8 lacks are shown as escapes."""
    category = unicodedata.category(character)
    if category not in ("Cc", "Cf", "Cs") or character in "\n\t\u200c\u200d":
        return character
    return "\\u%04x" % ord(character) if ord(character) < 0x10000 else "\\U%08x" % ord(character)


def escaped(text):
    """Any text as HTML: nothing in it is markup."""
    return html.escape("".join(map(_visible, str(text))))


def display(text, markup):
    """Show `markup`, or the text where the front end shows no HTML."""
    from IPython.display import display as show
    show({"text/plain": _text.sayable(text, sys.stdout), "text/html": markup}, raw=True)


def _table(titles, rows, left):
    """`left`: the columns of text; the others are figures."""
    aligned = [_CELL % ("left" if i in left else "right") for i in range(len(titles))]
    head = "".join('<th scope="col" style="%s">%s</th>' % (style, escaped(title)) for style, title in zip(aligned, titles))
    body = "".join("<tr>%s</tr>" % "".join('<td style="%s">%s</td>' % (style, escaped(cell)) for style, cell in zip(aligned, row)) for row in rows)
    return "<table><thead><tr>%s</tr></thead><tbody>%s</tbody></table>" % (head, body)


def function_html(report, code, precision=1, rise=True):
    """The line table of one function."""
    name = getattr(code, "co_qualname", code.co_name)
    rows = _tables.function_rows(report, code, precision, rise)
    if not rows:
        return "<p><code>%s</code> was not executed.</p>" % escaped(name)
    shown = [i for i in range(len(_tables.COLUMNS)) if rise or _tables.COLUMNS[i] != "Rise"]
    cells = [[str(row[i]).rstrip("\n") if i == len(row) - 1 else str(row[i]).strip() for i in shown] for row in rows]
    return "<p><code>%s</code> in %s</p>%s" % (escaped(name), escaped(_tables.file_name(code.co_filename)),
                                               _table([_tables.COLUMNS[i] for i in shown], cells, {len(shown) - 1}))


def memit_html(result):
    """What %memit found: a MemitResult."""
    sentences = [str(result)] + (["the highest of %d runs" % len(result.mem_usage)] if len(result.mem_usage) > 1 else [])
    places = result.places()
    if not places:
        sentences.append("no line of yours holds a twentieth of it")
    rows = [(_text.size(count), line) for count, line in places]
    return "<p>%s</p>%s%s" % (escaped("; ".join(sentences)), _table(("Held at the peak", "Line"), rows, {1}) if rows else "",
                              "<p>%s</p>" % escaped(result.note) if result.note else "")


def top_html(result, count=10):
    """The lines that rose most in a stretch."""
    rows = [_tables.top_cells(line) for line in _tables.top_lines(result.report, count)]
    return _table(("Rise", "Increment", "Line"), rows, {2}) if rows else ""


def page(result, metric=None):
    """The page of `memtrace html` for a stretch. ToolError: it cannot be made.

    A page of a log that other threads wrote to while it was copied may end with status 2; it says what it lacks."""
    tool = _native.tool()
    if not tool:
        raise _tables.ToolError("the command memtrace is neither beside libmemtrace.so nor in PATH")
    command = [tool, "html", "-o", "-", "--budget", str(_DATA), *(["--metric", metric] if metric else []), *result.selection(), result.log]
    done = subprocess.run(command, env=_native.plain_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = done.stdout.decode("utf-8", "replace")
    if not text.rstrip().endswith("</html>"):
        raise _tables.ToolError(done.stderr.decode("utf-8", "replace").strip() or "%s html: exit status %d" % (tool, done.returncode))
    return text


def frame(text, height):
    """A page in a frame that can reach neither the notebook nor the network. Files in frames are not shown by all front ends."""
    return '<iframe title="memtrace" sandbox="%s" style="width:100%%;height:%dpx;border:1px solid #8888" srcdoc="%s"></iframe>' % (
        _SANDBOX, height, html.escape(text))


def show_stretch(result, metric=None, height=720):
    """What %%memtrace shows: curve, graph of stacks and tables in a frame, and a table for those who show no frames, or no HTML."""
    try:
        framed = frame(page(result, metric), height)
    except _tables.ToolError as problem:
        framed = "<p>%s</p>" % escaped(problem)
    table = "<details><summary>%s</summary>%s</details>" % (escaped(result), top_html(result))
    display("%s\n\n%s" % (result, _tables.format_top(result.report)), table + framed)
