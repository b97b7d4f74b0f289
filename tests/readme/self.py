# SPDX-License-Identifier: MIT
"""The README's test is itself tested: on small pages of which it is known what is wrong with them."""

import contextlib
import io
import os
import shutil
import sys
import tempfile

import blocks
import compare
import run
import terminal

GOOD = """\
Text, and `inline code`.

```console
$ printf 'one\\ntwo\\nthree\\n'
one
...
three
$ echo 'peak memory: 1.50 MiB, increment: 7.63 MiB'
peak memory: 9.99 MiB, increment: 7.63 MiB
$ echo 'typed.py: peak: 19.8 MiB, 9.76 MiB above the budget of 10.0 MiB'
typed.py: peak: 19.7 MiB, 9.74 MiB above the budget of 10.0 MiB
$ export WORD=kept; mkdir -p inner; cd inner
```

```python
# typed.py
print("In [1]: ", end="", flush=True)
print("you typed " + input())
```

<!-- status 3 -->
```console
$ echo $WORD \\
  $(basename $PWD); exit 3
kept inner
```

```console
$ python3 typed.py
In [1]: something
you typed something
```

```sh
scripts/test --all  # is not run
# a comment
test $WORD = kept
```

<!-- not run: an excerpt -->
```text
anything
```

```console
$ cat table
  Line      Mem usage      Increment           Rise       Resident    Allocs  Source
     9                                                                        def main():
    10     12.095 MiB      0.000 MiB      7.630 MiB      0.812 MiB         6      first()
    12     12.095 MiB      0.000 MiB      7.630 MiB                        6      second()
```
"""
TABLE = """\
  Line      Mem usage      Increment           Rise       Resident    Allocs  Source
     9                                                                        def main():
    10      1.095 MiB      0.000 MiB      7.630 MiB                       16      first()
    12      1.095 MiB      0.000 MiB      7.630 MiB      3.812 MiB        16      second()
"""
# What is altered in the good page, how, and what the test must then say of it.
ALTERED = [
    ("one\n...", "once\n...", "README:  once"),
    ("...\nthree", "...\nfour", "README:  four"),
    ("three\n$ echo", "three\nfour\n$ echo", "README:  four"),
    ("three\n$ echo", "$ echo", None),  # `...` stands for it, too
    ("...\nthree", "three", "printed: two"),
    ("9.99 MiB, increment: 7.63", "1.50 MiB, increment: 7.64", "README:  peak memory: 1.50 MiB, increment: 7.64 MiB"),
    ("9.99 MiB", "123456.78 KiB", None),
    ("peak memory: 9.99", "peak: 9.99", "README:  peak: 9.99"),
    ("9.74 MiB above the budget of 10.0", "9.74 MiB above the budget of 10.5",
     "README:  typed.py: peak: 19.7 MiB, 9.74 MiB above the budget of 10.5"),
    ("kept inner", "kept outer", "README:  kept outer"),
    ("kept inner\n", "", "README:  (nothing more)"),
    ("status 3", "status 4", "exit status 3, not 4"),
    ("<!-- status 3 -->\n", "", "exit status 3, not 0"),
    ("you typed something", "you typed nothing", "README:  you typed nothing"),
    ("In [1]: something", "In [2]: something", "README:  In [2]: something"),
    ("# a comment", "false", "$ false\nexit status 1, not 0"),
    ("scripts/test --all", "scripts/fuzz --all", None),
    ("# typed.py", "# Typed", "does not begin with the name of its file"),
    ("<!-- not run: an excerpt -->\n", "", "a block of kind 'text' is not run"),
    ("not run: an excerpt", "an excerpt", "what does this remark mean?"),
    ("$ cat table", "cat table", "output before the first command"),
    ("```text\nanything\n```", "```text\nanything", None),  # the next fence ends it
    ("second()\n```", "second()", "this block has no end"),
    ("7.630 MiB      0.812", "7.631 MiB      0.812", "README:      10     12.095 MiB"),
    ("0.000 MiB      7.630 MiB      0.812", "0.001 MiB      7.630 MiB      0.812", "README:      10     12.095 MiB"),
    ("    10     12.095 MiB", "    11     12.095 MiB", "README:      11     12.095 MiB"),
    ("    10     12.095 MiB", "    10               ", "README:      10       "),
    ("6      first()", "6      Second()", "Second()"),
    ("6      first()", "7      first()", None),
]


class Home(run.Home):
    """A fresh folder in which nothing is needed but a shell and Python."""

    def __init__(self):
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="memtrace-self-"))
        os.mkdir(os.path.join(self.folder, "inner"))
        self._write("inner/table", TABLE)
        os.symlink(sys.executable, os.path.join(self.folder, "python3"))
        environment = dict(os.environ, HOME=self.folder, PATH=self.folder + ":" + os.environ["PATH"])
        self.terminal = terminal.Terminal(self.folder, environment, os.path.join(self.folder, ".state"))


def read(text):
    """(what is wrong with a page, as one text, or None; the reading)"""
    home = Home()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            reading = run.Reading(text, home)
            reading.go()
    except blocks.Mistake as mistake:
        return str(mistake), None
    finally:
        shutil.rmtree(home.folder)
    return "\n".join(reading.problems) or None, reading


def main():
    said, good = read(GOOD)
    wrong = [] if said is None else ["the good page: " + said]
    if good and (good.run, good.written, len(good.not_run)) != (8, 1, 2):
        wrong.append("the good page: %d commands, %d files, %d not run" % (good.run, good.written, len(good.not_run)))
    seen, hidden, unseen = run.alter_all(good.outputs) if good else (0, 0, [])
    wrong += ["nobody sees this alteration: " + line for line in unseen]
    if not seen or not hidden:
        wrong.append("%d alterations were found out and %d hidden" % (seen, hidden))
    for old, new, must_say in ALTERED:
        if GOOD.count(old) != 1:
            wrong.append("%r stands %d times in the good page" % (old, GOOD.count(old)))
        said, _ = read(GOOD.replace(old, new))
        if (must_say not in (said or "")) if must_say else said:
            wrong.append("%r for %r: it says %s" % (new, old, said))
    # A mask that hides everything would pass all of the above where it is compared with itself.
    if compare.difference(["a", "...", "b", "...", "c"], ["a", "x", "b", "b", "y", "c"]) is not None:
        wrong.append("two `...`")
    if compare.difference(["a", "...", "b"], ["a", "b", "x"]) != (3, 2):
        wrong.append("what follows the last line is not seen")
    print("\n".join(wrong) or "%d altered pages" % len(ALTERED))
    return bool(wrong)


sys.exit(main())
