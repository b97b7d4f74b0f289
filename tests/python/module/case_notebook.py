# SPDX-License-Identifier: MIT
"""Notebooks, executed by nbconvert: what %mprun, %memit and %%memtrace leave in them; the kernels of memtrace kernel; memtrace notebook."""

import json
import os

from common import folder_with, holds, matches, same
from support import notebook
from support.pythons import with_modules

CELLS = [
    notebook.TAKE, "%mprun -f take kept = take(8)", "%mprun -m -f take take(8)", "%memit take(8)", "%memit -i take(8)",
    "r = %memit -q -o -r 2 take(4)\nr", "%%memtrace -r cell\nother = take(6)\nlen(other)", "cell", "%%memtrace -s 300 -m allocated\n1/0",
    "%%memtrace\nx = [bytearray(3 << 20) for _ in range(2)];", "%%mprun -f missing\n1", "%%memtrace -s 5\n1", "%mprun -f take 1", "%memit 1/0",
]


def check(build):
    python = with_modules(*notebook.MODULES)
    with folder_with() as folder:
        more = notebook.environment(folder)
        installs(build, python, folder, more)
        executed(build, python, folder, more)
        removes(build, python, folder, more)
        untraced(build, python, folder, more)
        under_memtrace(build, python, folder, more)
    return python


def kernel(build, act, folder, more, *options, status=0):
    out, err = build.run([build.memtrace, "kernel", act, *options], folder, status=status, **more)
    return out + err


def installs(build, python, folder, more):
    prefix = os.path.join(folder, "prefix")
    spec = os.path.join(prefix, "share", "jupyter", "kernels", "traced")
    install = ["--prefix", prefix, "--name", "traced", "--python", python]
    same(kernel(build, "install", folder, more, *install), "kernel traced: %s\n" % spec, "kernel install")
    same(kernel(build, "install", folder, more, *install, "-o", "kernel.%p.mt"), "kernel traced: %s\n" % spec, "kernel install, once more")
    with open(os.path.join(spec, "kernel.json")) as file:
        environment = json.load(file)["env"]
    same(environment, {"LD_PRELOAD": build.tracker, "MEMTRACE_MIN_PEAK": "1M", "MEMTRACE_OUTPUT": os.path.join(folder, "kernel.%p.mt")},
         "the kernel's variables")
    same(os.listdir(spec), ["kernel.json"], "the kernel's folder")
    kernel(build, "install", folder, more, "--python", python)
    same(os.listdir(os.path.join(folder, ".jupyter", "kernels", "memtrace")), ["kernel.json"], "a kernel of the user")
    kernel(build, "remove", folder, more, "--user", "--python", python)
    same(os.listdir(os.path.join(folder, ".jupyter", "kernels")), [], "kernels of the user")
    # What another made stays.
    other = os.path.join(prefix, "share", "jupyter", "kernels", "other")
    os.mkdir(other)
    for content in "{}", '{"metadata": []}', "no JSON":
        with open(os.path.join(other, "kernel.json"), "w") as file:
            file.write(content)
        for act in "install", "remove":
            said = kernel(build, act, folder, more, "--prefix", prefix, "--name", "other", "--python", python, status=1)
            holds(said, "memtrace: kernel: %s: is " % other)
            holds(said, "no kernel of memtrace")
        with open(os.path.join(other, "kernel.json")) as file:
            same(file.read(), content, "another's kernel")
    holds(kernel(build, "remove", folder, more, "--prefix", prefix, "--name", "none", "--python", python, status=1), "none: no such kernel")
    holds(kernel(build, "install", folder, more, "--python", "/nonexistent/python", status=127), "kernel: /nonexistent/python: No such file")
    for options, words in ((["--name", "../x"], "--name takes letters"), (["--user", "--prefix", "x"], "two places"),
                           (["--usr"], "'--user'"), (["more"], "one of install and remove at a time")):
        holds(kernel(build, "install", folder, more, *options, status=2), words, " ".join(options))
    holds(kernel(build, "instal", folder, more, status=2), "did you mean 'install'?")


def removes(build, python, folder, more):
    kernel(build, "remove", folder, more, "--prefix", os.path.join(folder, "prefix"), "--name", "traced", "--python", python)
    same(os.listdir(os.path.join(folder, "prefix", "share", "jupyter", "kernels")), ["other"], "kernels")


def execute(build, python, folder, more, cells, *options):
    path = os.path.join(folder, "book.ipynb")
    notebook.write(path, cells)
    build.run(notebook.convert(python, "--allow-errors", *options, path), folder, **more)
    return dict(zip(cells, notebook.outputs(os.path.join(folder, "book.nbconvert.ipynb"))))


def executed(build, python, folder, more):
    said = execute(build, python, folder, more, CELLS, "--ExecutePreprocessor.kernel_name=traced")
    mprun(said)
    memit(said)
    cells(said)
    logs = [name for name in os.listdir(folder) if name.endswith(".mt")]
    same(len(logs), 1, "logs: %r" % logs)
    matches(logs[0], r"^kernel\.\d+\.mt$", "the kernel's log")
    build.check_log(os.path.join(folder, logs[0]))
    damaged(build, python, os.path.join(folder, logs[0]), folder, more)
    os.unlink(os.path.join(folder, logs[0]))


def damaged(build, python, log, folder, more):
    """A page of a log with a wrong place is shown, as one is that was copied while threads wrote to it; of no log there is a message."""
    program = ("import types\nfrom memtrace import _notebook, _tables\n"
               "def page(log):\n    return _notebook.page(types.SimpleNamespace(log=log, selection=lambda: ()))\n"
               "print(page('cut.mt').startswith('<!DOCTYPE html>'))\n"
               "try:\n    page('none.mt')\nexcept _tables.ToolError as problem:\n    print(problem)\n")
    path = os.path.join(folder, "cut.mt")
    with open(log, "rb") as whole, open(path, "wb") as cut:
        cut.write(whole.read()[:os.path.getsize(log) * 9 // 10])
    build.run([build.memtrace, "html", "-o", "cut.html", "cut.mt"], folder, status=2, **more)
    matches(build.run([python, "-c", program], folder, **more)[0], r"\ATrue\nmemtrace: none\.mt: cannot be opened: No such file", "pages of logs")
    os.unlink(path)


def one(said, cell):
    """The output of a cell that has one. Its HTML needs no script."""
    same(len(said[cell]), 1, "outputs of %s: %r" % (cell, said[cell]))
    output = said[cell][0]
    markup = notebook.Markup(output.get("text/html", ""))
    same(markup.tags - {"p", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "iframe"}, set(), "tags of " + cell)
    return output, markup


def mprun(said):
    lines = notebook.TAKE.splitlines()
    output, markup = one(said, "%mprun -f take kept = take(8)")
    table, = markup.tables
    same(table[0], ["Line #", "Mem usage", "Increment", "Rise", "Occurrences", "Line Contents"], "%mprun: columns")
    same([row[:1] + row[2:] for row in table[1:]],
         [["1", "0.0 MiB", "0.0 MiB", "1", lines[0]], ["2", "8.0 MiB", "8.0 MiB", "1", lines[1]], ["3", "4.0 MiB", "4.0 MiB", "1", lines[2]],
          ["4", "-8.0 MiB", "0.0 MiB", "1", lines[3]], ["5", "0.0 MiB", "0.0 MiB", "1", lines[4]]], "%mprun: rows")
    holds(output["text/html"], "<code>take</code> in In[1]", "%mprun: which function")
    matches(output["text/plain"], r"^ +2 +\d+\.\d MiB +8\.0 MiB +8\.0 MiB +1       first = bytearray\(n << 20\)$", "%mprun: text")
    output, markup = one(said, "%mprun -m -f take take(8)")
    same(markup.tables[0][0], ["Line #", "Mem usage", "Increment", "Occurrences", "Line Contents"], "%mprun -m: columns")
    same([row[2] for row in markup.tables[0][1:]], ["0.0 MiB", "8.0 MiB", "4.0 MiB", "-8.0 MiB", "0.0 MiB"], "%mprun -m: rows")
    same("Rise" in output["text/plain"], False, "%mprun -m: text")
    output, markup = one(said, "%mprun -f take 1")
    holds(output["text/html"], "<code>take</code> was not executed", "%mprun of what is not called")
    same(said["%%mprun -f missing\n1"][-1].keys() & {"error", "stderr"} != set(), True, "%mprun: a mistake")


def memit(said):
    for cell in "%memit take(8)", "%memit -i take(8)":
        output, markup = one(said, cell)
        same(markup.tables, [[["Held at the peak", "Line"], ["8.00 MiB", "In[1]:2 in take: first = bytearray(n << 20)"],
                              ["4.00 MiB", "In[1]:3 in take: second = bytearray(n << 19)"]]], cell)
        holds(output["text/html"], ", increment: 12.00 MiB", cell)
        matches(output["text/plain"], r"^peak memory: \d+\.\d\d MiB, increment: 12\.00 MiB\nmaximum of 1: 8\.00 MiB held at In\[1\]:2 in take", cell)
    output, markup = one(said, "r = %memit -q -o -r 2 take(4)\nr")
    holds(output["text/html"], "increment: 6.00 MiB; the highest of 2 runs", "%memit -o")
    same([row[0] for row in markup.tables[0][1:]], ["4.00 MiB", "2.00 MiB"], "%memit -o")
    holds("".join(said["%memit 1/0"][0].values()), "ZeroDivisionError", "%memit of what fails")


def cells(said):
    shown, value = said["%%memtrace -r cell\nother = take(6)\nlen(other)"]
    same(value["text/plain"], str(3 << 20), "the cell's value")
    markup = notebook.Markup(shown["text/html"])
    same(markup.tables[0][:4], [["Rise", "Increment", "Line"], ["9.00 MiB", "3.00 MiB", "In[7]:2: other = take(6)"],
                                ["6.00 MiB", "6.00 MiB", "In[1]:2 in take: first = bytearray(n << 20)"],
                                ["3.00 MiB", "3.00 MiB", "In[1]:3 in take: second = bytearray(n << 19)"]], "%%memtrace: the table")
    frame, = markup.frames
    same(frame["sandbox"], "allow-scripts allow-downloads", "what the frame may do")
    same(frame["srcdoc"].startswith("<!DOCTYPE html>\n<!-- memtrace page "), True, "the frame has the page")
    holds(frame["srcdoc"], "Content-Security-Policy", "the page has its policy")
    matches(shown["text/plain"], r"^cell: peak memory: .*, increment: 9\.00 MiB\n(.*\n)+ +6\.00 MiB +6\.00 MiB   In\[1\]:2 in take", "%%memtrace: text")
    same(len(shown["text/html"]) < 450000, True, "%%memtrace: bytes of the page: " + str(len(shown["text/html"])))
    output, markup = one(said, "cell")
    same((markup.frames, markup.tables[0][1][0]), ([], "9.00 MiB"), "a result")
    shown, error = said["%%memtrace -s 300 -m allocated\n1/0"]
    holds(notebook.Markup(shown["text/html"]).frames[0]["style"], "height:300px", "%%memtrace -s")
    holds(error["error"], "ZeroDivisionError", "a cell that fails")
    output, markup = one(said, "%%memtrace\nx = [bytearray(3 << 20) for _ in range(2)];")
    same(markup.tables[0][1][:2], ["6.00 MiB", "6.00 MiB"], "%%memtrace: a cell of one line")
    holds("".join(said["%%memtrace -s 5\n1"][-1].values()), "-s takes a height in pixels", "%%memtrace: a mistake")


def untraced(build, python, folder, more):
    """The kernel that is not traced says which one is."""
    said = execute(build, python, folder, more, ["%load_ext memtrace", "%%memtrace\n1", "%mprun -f print 1", "%memit bytearray(5 << 20)"])
    for cell in "%%memtrace\n1", "%mprun -f print 1":
        holds("".join(said[cell][-1].values()), "memtrace kernel install", cell)
    holds(said["%memit bytearray(5 << 20)"][0]["text/html"], "increment: 5.00 MiB", "%memit in a kernel that is not traced")


def under_memtrace(build, python, folder, more):
    """memtrace notebook: what it starts is Jupyter by name; here one that executes a notebook and ends."""
    path = os.path.join(folder, "bin")
    os.mkdir(path)
    said = build.run([build.memtrace, "notebook"], folder, status=127, PATH=path, **more)[1]
    holds(said, "neither jupyter-notebook nor jupyter-lab is in PATH")
    with open(os.path.join(path, "jupyter-notebook"), "w") as file:
        file.write("#!%s\nfrom nbconvert.nbconvertapp import main\nmain()\n" % python)
    os.chmod(file.name, 0o755)
    book = os.path.join(folder, "book.ipynb")
    found = ["%load_ext memtrace", "%%memtrace\nx = bytearray(5 << 20)"]
    notebook.write(book, found)
    more = dict(more, PATH=path + os.pathsep + os.environ["PATH"], PYTHONPATH="", MEMTRACE_OUTPUT=os.path.join(folder, "%p.mt"))
    build.run([build.memtrace, "notebook", "--to", "notebook", "--execute", book], folder, **more)
    shown = notebook.outputs(os.path.join(folder, "book.nbconvert.ipynb"))[1][0]
    same(notebook.Markup(shown["text/html"]).tables[0][1], ["5.00 MiB", "5.00 MiB", "In[2]:2: x = bytearray(5 << 20)"], "under memtrace notebook")
    logs = sorted(name for name in os.listdir(folder) if name.endswith(".mt"))
    same(len(logs), 2, "logs of Jupyter and its kernel: %r" % logs)
