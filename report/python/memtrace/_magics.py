# SPDX-License-Identifier: MIT
"""%mprun, %%mprun, %memit and %%memit, with memory_profiler's options and its words; %%memtrace."""

import ast
import builtins
import contextlib
import re
import sys

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_cell_magic, magics_class
from IPython.core.page import page

from . import _memit, _native, _notebook, _period, _tables, _text


#: what a graph of stacks can show
_METRICS = ("peak", "live", "leaked", "allocated", "allocations", "released")


def _say(text):
    print(_text.sayable(text, sys.stdout))


@contextlib.contextmanager
def _profile_decorator(codes, counted):
    """`@profile` as a builtin while the statement runs: functions that are decorated by it join `codes`, and are
    counted: `counted` has the code within them, too."""

    def profile(function):
        code = _tables.code_of(function)
        if code is not None and code not in codes:
            codes.append(code)
            counted.extend(_tables.codes_of(code))
            _native.count_lines(_tables.codes_of(code), True)
        return function

    had, old = hasattr(builtins, "profile"), getattr(builtins, "profile", None)
    builtins.profile = profile
    try:
        yield
    finally:
        if had:
            builtins.profile = old
        else:
            del builtins.profile


@magics_class
class MemtraceMagics(Magics):
    @line_cell_magic
    def mprun(self, line="", cell=None):
        """Run a statement and show the line tables of the functions asked for.

        Usage, in line mode:
          %mprun -f func1 -f func2 <statement>

        Usage, in cell mode:
          %%mprun -f func1 -f func2 [statement]
          code...

        Options:

        -f <function>: show this function or method: any expression without blanks that gives one. May be given several
        times. Functions of the notebook or session itself are as good as those in files.

        -T <filename>: write the tables to a text file, too.

        -r: return the result (memtrace.Result).

        -m: memory_profiler's columns only, without Rise.

        -c: accepted for memory_profiler's sake: children have logs of their own.

        Increment is what the line took minus what was released while it ran, and Rise the highest it stood above its
        start: an array that a line makes and drops has increment 0 and its size as rise. Increments are exact: they are of
        this run alone, and the same each time.
        """
        options, statement = self.parse_options(line.replace('"', r"\"").replace("'", r"\'"), "rf:T:cm", list_all=True)
        if cell is not None:
            statement += "\n" + cell
        codes = self._functions(options.get("f", []))
        if not _native.traced():
            raise UsageError("%mprun: " + _native.how_to_start())
        result, message = self._run(statement, codes)
        output = "".join(_tables.format_function(result.report, code, 1, "m" not in options) for code in codes).rstrip()
        if _notebook.is_here(self.shell):
            self._display(result.report, codes, output, "m" not in options)
        else:
            page(_text.sayable(output, sys.stdout))
        if message or not _notebook.is_here(self.shell):
            print(message)
        self._to_file(options.get("T", [""])[-1], output, message)
        return result if "r" in options else None

    @staticmethod
    def _display(report, codes, text, rise):
        """The tables in a notebook."""
        tables = "".join(_notebook.function_html(report, code, 1, rise) for code in codes)
        if tables:
            _notebook.display(text or "None of the functions was executed.", tables)

    def _run(self, statement, codes):
        """Run a statement with the lines of `codes` counted: the result, and what to say if it ended early."""
        message, stretch, result = "", None, None
        counted = [each for code in codes for each in _tables.codes_of(code)]
        with _profile_decorator(codes, counted):
            try:
                code = compile(statement, "<mprun>", "exec")
                _native.count_lines(counted, True)
                stretch = _period.Stretch("mprun").start()
                exec(code, self.shell.user_global_ns, self.shell.user_ns)
            except SystemExit:
                message = "*** SystemExit exception caught in code being profiled."
            except KeyboardInterrupt:
                message = "*** KeyboardInterrupt exception caught in code being profiled."
            finally:
                result = stretch.stop() if stretch else None
                _native.count_lines(counted, False)
        return result, message

    def _functions(self, names):
        codes = []
        for name in names:
            try:
                function = eval(name, self.shell.user_global_ns, self.shell.user_ns)
            except Exception as problem:
                raise UsageError("Could not find function %r.\n%s: %s" % (name, type(problem).__name__, problem)) from None
            code = _tables.code_of(function)
            if code is None:
                _say("Could not extract a code object for the object %r" % (function,))
            elif code not in codes:
                codes.append(code)
        return codes

    @staticmethod
    def _to_file(name, output, message):
        if name:
            with open(name, "w", encoding="utf-8") as file:
                file.write(output)
            _say("\n*** Profile printout saved to text file %s. %s" % (name, message))

    @line_cell_magic
    def memit(self, line="", cell=None):
        """Measure what a statement takes at its peak, and which line holds it.

        Usage, in line mode:
          %memit [-r<R> -t<T> -i -c -o -q] statement

        Usage, in cell mode:
          %%memit [-r<R> -t<T> -i -c -o -q] setup_code
          code...

        The statement runs in a fresh process: its figure does not depend on what ran before, and if it crashes the session
        lives on. What it binds stays there, too. In cell mode the first line is set-up code, not measured.

        Options:

        -r<R>: run it R times, each in a process of its own, and take the highest. Default: 1

        -t<T>: give up after T seconds.

        -i: run it here, in the session itself, which must have been started under memtrace. (-i0.1, an interval as in
        memory_profiler, is accepted and means nothing: every allocation is seen.)

        -c: add the peaks of the process's children.

        -o: return the result.

        -q: print nothing.
        """
        line, interval = re.subn(r"(^|\s)-i\s*=?(\d+\.?\d*|\.\d+)(?=\s|$)", r"\1", line, count=1)
        options, statement = self.parse_options(line, "r:t:icoq", posix=False, strict=False)
        setup = "pass"
        if cell is not None:
            setup, statement = statement or "pass", cell
        setup, statement = (self.shell.transform_cell(text) for text in (setup, statement))
        repeat = max(1, int(options.get("r", 1)))
        timeout = float(options.get("t", 0)) or None
        here, children = "i" in options, "c" in options
        runs = []
        for _ in range(repeat):
            made = self._once(statement, setup, timeout, here, children)
            if made is None:
                return None
            if made.done:
                runs.append(made)
            elif "q" not in options:
                _say(_memit.failure(made, statement))
        if not runs:
            print("ERROR: all subprocesses exited unsuccessfully. Try again with the `-i` option.")
            return None
        best = max(runs, key=lambda made: made.peak + made.children - made.begin)
        result = _memit.MemitResult([(made.peak + made.children) / _tables.MIB for made in runs], best.begin / _tables.MIB,
                                    repeat, timeout, 0, children)
        result.held, result.statement, result.note = best.held, statement, _memit.released_text(best)
        if "q" not in options:
            self._say_memit(result, _memit.held_text(best, len(runs), statement))
        return result if "o" in options else None

    def _say_memit(self, result, held):
        if _notebook.is_here(self.shell):
            _notebook.display("%s\n%s" % (result, held), result._repr_html_())
        else:
            print(result)
            _say(held)

    def _once(self, statement, setup, timeout, here, children):
        try:
            return _memit.run(statement, setup, self.shell.user_ns, timeout, here, children)
        except _period.NotTraced as problem:
            raise UsageError("%%memit -i: %s" % problem) from None
        except _memit._carry.CannotCarry as problem:
            print("ERROR: %s. Try again with the `-i` option." % problem)
            return None

    @cell_magic
    def memtrace(self, line="", cell=""):
        """Run the cell and show what it took.

        Usage:
          %%memtrace [-m METRIC] [-s HEIGHT] [-r NAME]
          code...

        A notebook shows the page of `memtrace html` for the time of the cell in a frame: totals, curve, graph of stacks, lines and
        their source. It stays in the notebook when that is saved, or exported as HTML. Elsewhere there is a table of the lines
        that rose most.

        Options:

        -m <METRIC>: what the graph of stacks shows at first: peak (the default), live, allocated, allocations or released.

        -s <HEIGHT>: the frame's height in pixels. Default: 720

        -r <NAME>: bind the result (memtrace.Result) to this name.
        """
        options, rest = self.parse_options(line, "m:s:r:")
        if rest.strip():
            raise UsageError("%%%%memtrace: what is %r? The code stands below this line." % rest.strip())
        height, name = options.get("s", "720"), options.get("r", "")
        if not height.isdigit() or not 100 <= int(height) <= 10000:
            raise UsageError("%%%%memtrace: -s takes a height in pixels, 100 to 10000, not %r" % height)
        if name and not name.isidentifier():
            raise UsageError("%%%%memtrace: -r takes a name, not %r" % name)
        if options.get("m", "peak") not in _METRICS:
            raise UsageError("%%%%memtrace: -m takes %s, not %r" % (", ".join(_METRICS), options["m"]))
        if not _native.traced():
            raise UsageError("%%memtrace: " + _native.how_to_start())
        body, last = self._compiled(cell)
        stretch = _period.Stretch("cell").start()
        try:
            exec(body, self.shell.user_global_ns, self.shell.user_ns)
            return eval(last, self.shell.user_global_ns, self.shell.user_ns) if last else None
        finally:
            result = stretch.stop()
            if name:
                self.shell.user_ns[name] = result
            if _notebook.is_here(self.shell):
                _notebook.show_stretch(result, options.get("m"), int(height))
            else:
                result.print()

    def _compiled(self, cell):
        """The cell's code, and that of the expression at its end, whose value is shown, or None. Its lines have the numbers that the
        notebook shows, and its source is known."""
        compiler = self.shell.compile
        source = self.shell.transform_cell(cell)
        if not cell.startswith("%%"):
            source = "# %%memtrace\n" + source
        name = compiler.cache(source, self.shell.execution_count)
        tree = self.shell.transform_ast(compiler.ast_parse(source, name))
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = compiler(ast.Expression(tree.body.pop().value), name, "eval")
        return compiler(tree, name, "exec"), last
