# SPDX-License-Identifier: MIT
"""run.py BUILD README: types everything that the README shows, in the order given, and compares what is printed.

The folder is fresh, and is /home/me to the README: $HOME, with the source in `memtrace` and what is built in `memtrace/build`.
Each command runs in bash at a terminal without colours, each block in the folder where the one before it ended; a line
`In [N]: ...` is typed into the IPython that a command has started. A command must exit with 0, or as the line above its block
says. blocks.py has the rules for blocks, compare.py those for figures that may differ.

Not run, but looked for: the scripts that build, test or measure memtrace (NOT_RUN), as this test is a part of them.

At last every line, word and figure of the outputs in the README is altered, one at a time: each must be found out.

Exit status: 0 good, 1 not, 77 what the README's commands need is not here.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

import blocks
import compare
import terminal

SKIPPED = 77
WITHOUT_PAGE = "html: this memtrace was built without the page"
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
HOME = "/home/me"  # what the README calls the fresh folder
NOT_RUN = re.compile(r"(?:[A-Z]+=\S+ )*(scripts/(?:test|cross-test|bench|fuzz|format|pictures|analyze)|ctest|cmake -B)\b")
PYTHON = "/usr/bin/python3"  # Debian's, for which scripts/demo and scripts/test install what the README uses
PROMPT = re.compile(r"In \[\d+\]: ?(.*)")
IPYTHON = """\
c.TerminalInteractiveShell.simple_prompt = True
c.TerminalInteractiveShell.colors = "NoColor"
c.TerminalInteractiveShell.confirm_exit = False
c.TerminalIPythonApp.display_banner = False
"""


class Home:
    """The fresh folder."""

    def __init__(self, build):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="memtrace-readme-"))
        clone = os.path.join(self.folder, "memtrace")
        built = os.path.join(clone, "build")
        os.makedirs(built)
        for name in os.listdir(SOURCE):
            if not name.startswith((".", "build")):
                os.symlink(os.path.join(SOURCE, name), os.path.join(clone, name))
        for name in ("memtrace", "libmemtrace.so", "python", "cmake_install.cmake"):
            if os.path.exists(os.path.join(build, name)):
                os.symlink(os.path.join(build, name), os.path.join(built, name))
        self._write(".ipython/profile_default/ipython_config.py", IPYTHON)
        os.mkdir(os.path.join(self.folder, "bin"))
        os.symlink(os.path.realpath(PYTHON), os.path.join(self.folder, "bin", "python3"))
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("MEMTRACE", "PYTHON", "PYENV", "XDG_")) and name not in ("LD_PRELOAD", "COLUMNS")}
        environment.update(HOME=self.folder, MEMTRACE_BUILD=built, NO_COLOR="1", LC_ALL="C.UTF-8",
                           PATH=os.path.join(self.folder, "bin") + ":/usr/local/bin:/usr/bin:/bin")
        self.terminal = terminal.Terminal(clone, environment, os.path.join(self.folder, ".state"))

    def _write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def write_here(self, name, lines):
        self._write(os.path.join(self.terminal.folder, name), "\n".join(lines) + "\n")

    def type(self, command):
        """(output's lines, exit status)"""
        answers = [found.group(1) for found in map(PROMPT.match, command.output or ()) if found]
        lines, status = self.terminal.type(command.text, answers)
        return [line.replace(self.folder, HOME) for line in lines], status


class Reading:
    """One go through a README."""

    def __init__(self, text, home):
        self.home = home
        self.blocks = list(blocks.blocks(text))
        self.problems = []
        self.outputs = []  # (command, the lines that it printed), where they were right
        self.run = self.written = 0
        self.not_run = []

    def wrong(self, number, what):
        self.problems.append("line %d: %s" % (number, what))

    def go(self):
        for block in self.blocks:
            if block.reason is not None:
                self.not_run.append(block.reason)
            elif block.name:
                self.write(block)
            for command in block.commands:
                self.command(command)

    def write(self, block):
        """A file. One that the repository has, too, must be the same, but for the first line."""
        self.written += 1
        ours = os.path.join(SOURCE, "tests", "programs", block.name)
        if os.path.exists(ours):
            with open(ours, encoding="utf-8") as file:
                if file.read().split("\n")[1:-1] != block.lines[1:]:
                    self.wrong(block.number, "%s is not what %s is" % (block.name, ours))
        self.home.write_here(block.name, block.lines)

    def command(self, command):
        script = NOT_RUN.match(command.text)
        if script:
            self.not_run.append(command.text.split("  ")[0])
            name = script.group(1)
            if name.startswith("scripts/") and not os.access(os.path.join(SOURCE, name), os.X_OK):
                self.wrong(command.number, "there is no %s" % name)
            return
        self.run += 1
        print("$ " + command.text, flush=True)
        lines, status = self.home.type(command)
        if status == 2 and any(WITHOUT_PAGE in line for line in lines): # npm could not get its packages here
            self.not_run.append(command.text)
        elif status != command.status:
            self.wrong(command.number, "$ %s\nexit status %d, not %d. It printed:\n%s" %
                       (command.text, status, command.status, "\n".join(lines)))
        elif command.output is not None:
            self.check(command, lines)

    def check(self, command, lines):
        # Blank lines at either end are for the eye.
        wanted = strip(command.output)
        lines = strip(lines)
        where = compare.difference(wanted, lines)
        if where is None:
            self.outputs.append((command, wanted, lines))
            return
        at, found = where
        self.wrong(command.number + 1 + at, "$ %s\nREADME:  %s\nprinted: %s\nAll that was printed:\n%s" %
                   (command.text, wanted[at] if at < len(wanted) else "(nothing more)",
                    lines[found] if found < len(lines) else "(nothing more)", "\n".join(lines)))


def strip(lines):
    first, end = 0, len(lines)
    while end > first and not lines[end - 1].strip():
        end -= 1
    while first < end and not lines[first].strip():
        first += 1
    return lines[first:end]


def altered(line):
    """The line with one figure or word changed, each in turn."""
    for found in re.finditer(r"\d+|[^\W\d]+", line):
        word = found.group()
        last = str((int(word[-1]) + 1) % 10) if word[-1].isdigit() else ("x" if word[-1] != "x" else "y")
        yield line[:found.start()] + word[:-1] + last + line[found.end():]


def alter_all(outputs):
    """(alterations found out, alterations that the masks hide, [those that went unseen])"""
    seen = hidden = 0
    unseen = []
    for command, wanted, lines in outputs:
        for at, line in enumerate(wanted):
            if line == "...":
                continue
            for other in altered(line):
                changed = wanted[:at] + [other] + wanted[at + 1:]
                if compare.masked(changed) == compare.masked(wanted):
                    hidden += 1
                elif compare.difference(changed, lines) is None:
                    unseen.append("line %d: %s" % (command.number + 1 + at, other))
                else:
                    seen += 1
            # A line may be missing only where `...` stands for it, or where its like is beside it.
            less = wanted[:at] + wanted[at + 1:]
            if "..." not in wanted[max(0, at - 1):at + 2] and compare.difference(less, lines) is None:
                unseen.append("line %d is taken away: %s" % (command.number + 1 + at, line))
    return seen, hidden, unseen


def needs():
    """Why the README cannot be typed here; None: it can."""
    modules = "numpy", "IPython", "pytest"
    if subprocess.run([PYTHON, "-c", "import " + ", ".join(modules)], stderr=subprocess.DEVNULL).returncode:
        return "%s lacks one of %s" % (PYTHON, ", ".join(modules))
    return None


def main():
    build, readme = map(os.path.abspath, sys.argv[1:])
    reason = needs() if os.path.exists(PYTHON) else "there is no " + PYTHON
    if reason:
        print("skipped: " + reason)
        return SKIPPED
    home = Home(build)
    try:
        with open(readme, encoding="utf-8") as file:
            reading = Reading(file.read(), home)
        reading.go()
    except blocks.Mistake as mistake:
        print(mistake)
        return 1
    finally:
        shutil.rmtree(home.folder, ignore_errors=True)
    seen, hidden, unseen = alter_all(reading.outputs)
    reading.problems += ["nobody sees this alteration: " + line for line in unseen]
    print("%d commands run, %d outputs compared, %d files written; not run: %s" %
          (reading.run, len(reading.outputs), reading.written, "; ".join(reading.not_run) or "none"))
    print("%d alterations of the outputs were found out; %d are of masked figures" % (seen, hidden))
    print("\n".join(reading.problems))
    return bool(reading.problems)


if __name__ == "__main__":
    sys.exit(main())
